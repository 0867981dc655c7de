/**
 * A data file's bytes → what it holds, by the ending of its name. Kept for the bytes, so that reading the same file
 * again on every keystroke costs nothing, and gives the same arrays.
 */
import { readCsv } from "./csv.ts";
import { parseJson, plain, readJson } from "./json.ts";
import { readNpy } from "./npy.ts";
import { readNpz } from "./npz.ts";
import { readSafetensors } from "./safetensors.ts";
import { type DataValue, fail, MAX_DATA_BYTES, mebibytes, tableOf } from "./value.ts";

/** `as json`: lists stay lists, as Python's `json.load` has them. */
export type Reading = "data" | "json";

const ENDINGS: Readonly<Record<string, (bytes: Uint8Array) => DataValue>> = {
  npy: readNpy,
  npz: readNpz,
  csv: tableText,
  tsv: tableText,
  txt: tableText,
  json: readJson,
  safetensors: readSafetensors,
};

/** The kinds of file that are read, for messages. */
export const DATA_ENDINGS = ".npy, .npz, .csv, .json or .safetensors";

const HINTS: Readonly<Record<string, string>> = {
  pt: "is a pickle, which only Python can read",
  pth: "is a pickle, which only Python can read",
  bin: "has no ending that says what it holds",
  pkl: "is a pickle, which only Python can read",
};

const known = new WeakMap<Uint8Array, Map<Reading, DataValue>>();

/** @throws DataFault */
export function readData(path: string, bytes: Uint8Array, as: Reading = "data"): DataValue {
  const before = known.get(bytes)?.get(as);
  if (before !== undefined) return before;
  if (bytes.byteLength > MAX_DATA_BYTES)
    fail(`it has ${mebibytes(bytes.byteLength)} MB, and ${mebibytes(MAX_DATA_BYTES)} MB are the limit`);
  const value = as === "json" ? plain(parseJson(new TextDecoder().decode(bytes))) : readerOf(path)(bytes);
  const kept = known.get(bytes) ?? new Map<Reading, DataValue>();
  known.set(bytes, kept.set(as, value));
  return value;
}

/** Why a file of that name is not even looked for; null where its kind can be read. */
export function refusedEnding(path: string): string | null {
  const ending = endingOf(path);
  if (Object.hasOwn(ENDINGS, ending)) return null;
  const hint = HINTS[ending] ?? (ending === "" ? "has no ending that says what it holds" : `is of a kind (.${ending}) that is not read`);
  return `it ${hint}; save the tensor as ${DATA_ENDINGS}`;
}

function readerOf(path: string): (bytes: Uint8Array) => DataValue {
  const ending = endingOf(path);
  return (Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined) ?? fail(refusedEnding(path) ?? "");
}

/** The ending of a file's name without its dot, in lower case; empty where there is none. */
export const endingOf = (path: string): string => /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";

/** Columns with names are a table of them; one column is itself. */
function tableText(bytes: Uint8Array): DataValue {
  const { array, names, column } = readCsv(bytes);
  if (names.length < 2) return array;
  return tableOf(names, (name) => column(name) ?? array);
}
