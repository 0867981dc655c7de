/**
 * The autotuner's winners on disk: `tunings.json` in the folder that FLEXLENS_CACHE names, else in `flexlens` in the
 * user's cache folder (XDG_CACHE_HOME or ~/.cache, ~/Library/Caches, %LOCALAPPDATA%). An empty FLEXLENS_CACHE: nothing is
 * read or kept. A file that is missing, or that something else wrote, is no tuning; one that cannot be written is told.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { NO_TUNINGS, readTunings, type Tuned, type Tunings, withTuned } from "../flash/tuned.ts";

/** Where they are kept; null: nowhere. */
export function tuningsPath(env: Readonly<Record<string, string | undefined>> = process.env, platform = process.platform): string | null {
  const own = env["FLEXLENS_CACHE"];
  if (own === "") return null;
  return join(own ?? join(cacheFolder(env, platform), "flexlens"), "tunings.json");
}

function cacheFolder(env: Readonly<Record<string, string | undefined>>, platform: string): string {
  if (platform === "darwin") return join(homedir(), "Library", "Caches");
  if (platform === "win32") return env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local");
  return env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
}

/** All that is remembered; nothing where there is no file, or another one. */
export function readTuningsFile(path: string | null = tuningsPath()): Tunings {
  if (path === null) return NO_TUNINGS;
  try {
    return readTunings(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return NO_TUNINGS;
  }
}

/** Keeps a winner. Gives what is to be said of it: where it is, or why it could not be kept. */
export function keepTuned(winner: Tuned, path: string | null = tuningsPath()): string {
  if (path === null) return "not kept: FLEXLENS_CACHE is empty";
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Whole or not at all: two runs at once leave one of both.
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(withTuned(readTuningsFile(path), winner), null, 1));
    renameSync(`${path}.${process.pid}`, path);
    return `kept in ${path}`;
  } catch (error) {
    return `not kept: ${error instanceof Error ? error.message : String(error)}; FLEXLENS_CACHE names another folder`;
  }
}
