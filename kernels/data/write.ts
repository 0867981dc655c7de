/** Arrays by name → a data file's bytes, by the ending of its name: what read.ts reads back. */
import { writeJson } from "./jsonWrite.ts";
import type { ArrayToWrite } from "./npyWrite.ts";
import { writeNpz } from "./npz.ts";
import { endingOf } from "./read.ts";
import { writeSafetensors } from "./safetensorsWrite.ts";

type Writer = (arrays: Readonly<Record<string, ArrayToWrite>>) => Uint8Array<ArrayBuffer>;

const WRITERS: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  ["safetensors", writeSafetensors],
  ["npz", writeNpz],
  ["json", writeJson],
]);

/** The kinds of file that hold several arrays, for messages. */
export const TABLE_ENDINGS = ".safetensors, .npz or .json";

/** What writes a file of that name; null where its ending names no kind that holds several arrays. */
export const writerFor = (path: string): Writer | null => WRITERS.get(endingOf(path)) ?? null;
