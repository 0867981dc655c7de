/**
 * The data files that a file's mods and the values given for them name: read beside the file that names them, else in
 * the current folder, until lowering asks for no more.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { MAX_DATA_BYTES, mebibytes } from "../data/value.ts";
import { lowerModule } from "../frontend/lower.ts";
import type { DataFile, DataNeed, LowerOptions, Source } from "../frontend/module.ts";

/** Rounds of looking: a file may name the next one. */
const ROUNDS = 8;

/** What names a data file contains one of these words; without them there is nothing to look for. */
const READS = /load|genfromtxt|\bopen\b/;

/** `options` with the files that lowering `sources` by them asks for. */
export function withDataFiles(sources: readonly Source[], options: LowerOptions): LowerOptions {
  const texts = [...sources.map((source) => source.text), ...Object.values(options.bindings ?? {})];
  if (!texts.some((text) => typeof text === "string" && READS.test(text))) return options;
  const files: DataFile[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { dataNeeds } = lowerModule(sources, { ...options, files });
    if (dataNeeds.length === 0) break;
    files.push(...dataNeeds.map(readDataFile));
  }
  return { ...options, files };
}

function readDataFile({ path, from }: DataNeed): DataFile {
  const places = [...new Set([resolve(dirname(from), path), resolve(path)])];
  let fault: string | null = null;
  for (const place of places) {
    const read = readBytes(place);
    if (typeof read !== "string") return { path, from, bytes: read, fault: null };
    fault ??= read;
  }
  return { path, from, bytes: null, fault: fault ?? "there is no such file" };
}

/** The bytes, or why there are none. */
function readBytes(place: string): Uint8Array | string {
  try {
    const status = statSync(place);
    if (!status.isFile()) return "it is no file";
    if (status.size > MAX_DATA_BYTES) {
      return `it has ${mebibytes(status.size)} MB, and ${mebibytes(MAX_DATA_BYTES)} MB are the limit; save the tensors that the mod reads alone`;
    }
    return new Uint8Array(readFileSync(place));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    return code === "ENOENT" || code === "ENOTDIR"
      ? `there is no such file; it is looked for as ${place}`
      : error instanceof Error
        ? error.message
        : String(error);
  }
}
