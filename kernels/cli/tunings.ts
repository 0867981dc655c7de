/**
 * The autotuner's winners on disk: `tunings.json` in the folder that FLEXLENS_CACHE names, else in `flexlens` in the
 * user's cache folder (XDG_CACHE_HOME or ~/.cache, ~/Library/Caches, %LOCALAPPDATA%). An empty FLEXLENS_CACHE: nothing is
 * read or kept. A file that is missing, or that something else wrote, is no tuning; one that cannot be written is told.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { NO_TUNINGS, readTunings, type Tuned, type Tunings, withTuned } from "../flash/tuned.ts";

/** Where they are kept; null: nowhere. */
export function tuningsPath(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
  home: () => string = homedir,
): string | null {
  const own = env["FLEXLENS_CACHE"];
  if (own === "") return null;
  if (own !== undefined) return join(own, "tunings.json");
  const caches = cacheFolder(env, platform, home);
  return caches === null ? null : join(caches, "flexlens", "tunings.json");
}

/** The user's cache folder; null for a user without a home (`home` throws there), as in some containers. */
function cacheFolder(env: Readonly<Record<string, string | undefined>>, platform: string, home: () => string): string | null {
  // A variable that is set and empty counts as none, as the XDG specification has it.
  const named = platform === "darwin" ? "" : env[platform === "win32" ? "LOCALAPPDATA" : "XDG_CACHE_HOME"];
  if (named !== undefined && named !== "") return named;
  try {
    if (platform === "darwin") return join(home(), "Library", "Caches");
    return platform === "win32" ? join(home(), "AppData", "Local") : join(home(), ".cache");
  } catch {
    return null;
  }
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
  if (path === null) return "not kept: FLEXLENS_CACHE is empty, or there is no cache folder; FLEXLENS_CACHE names one";
  const unfinished = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Whole or not at all: two runs at once leave one of both.
    writeFileSync(unfinished, JSON.stringify(withTuned(readTuningsFile(path), winner), null, 1));
    renameSync(unfinished, path);
    return `kept in ${path}`;
  } catch (error) {
    try {
      rmSync(unfinished, { force: true });
    } catch {
      // The folder is no folder: nothing was left there.
    }
    return `not kept: ${error instanceof Error ? error.message : String(error)}; FLEXLENS_CACHE names another folder`;
  }
}
