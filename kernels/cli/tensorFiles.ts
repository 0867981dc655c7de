/**
 * `flexlens run`: q, k and v out of a file, out and lse into one, by the endings of their names. In go tensors in the
 * layout [B, H, LEN, D] of any floating dtype, which become float32; out comes `out` in the storage type of the run, and
 * lse in float32.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseJson } from "../data/json.ts";
import { readNpz } from "../data/npz.ts";
import { readSafetensors } from "../data/safetensors.ts";
import { DataFault, type DataTable } from "../data/value.ts";
import { TABLE_ENDINGS, writerFor } from "../data/write.ts";
import type { Inputs } from "../flash/inputs.ts";
import type { ProblemHints } from "../ir/mod.ts";
import { isFloat, TORCH_NAMES } from "../ir/ops.ts";
import { tensorIn } from "./bindFile.ts";
import { UsageError } from "./options.ts";

/** The sizes that the shapes of q, k and v say. */
export type Sizes = Required<Pick<ProblemHints, "batch" | "qHeads" | "kvHeads" | "qLen" | "kvLen" | "qkHeadDim" | "vHeadDim">>;

/** The tensors and what their shapes say. */
export interface TensorFile {
  readonly inputs: Inputs;
  readonly sizes: Sizes;
}

interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What each tensor may be called. */
const NAMES = { q: ["q", "query"], k: ["k", "key"], v: ["v", "value"] } as const;

/** @throws UsageError where the file, a tensor's dtype or the shapes are none that attention takes */
export function readTensors(file: string): TensorFile {
  const table = tableIn(file);
  const [q, k, v] = (["q", "k", "v"] as const).map((name) => tensorOf(table, name, file));
  if (q === undefined || k === undefined || v === undefined) throw new Error("three names give three tensors");
  return { inputs: { q: q.data, k: k.data, v: v.data }, sizes: sizesOf(q.shape, k.shape, v.shape, file) };
}

/** Refuses a name that says no format, before anything is computed. @throws UsageError */
export function checkOutputName(file: string): void {
  if (writerFor(file) === null) throw new UsageError(`\`${file}\` says no format to write in; end its name in ${TABLE_ENDINGS}`);
}

/** Writes out [B, HQ, Q_LEN, DV] and lse [B, HQ, Q_LEN]. @throws UsageError where it cannot */
export function writeTensors(
  file: string,
  output: { readonly out: Float32Array; readonly lse: Float32Array },
  s: Sizes,
  dtype: "f32" | "f16",
): void {
  checkOutputName(file);
  const rows = [s.batch, s.qHeads, s.qLen];
  try {
    const bytes = writerFor(file)?.({
      out: { dtype, shape: [...rows, s.vHeadDim], data: output.out },
      lse: { dtype: "f32", shape: rows, data: output.lse },
    });
    writeFileSync(file, bytes ?? "");
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The file's tensors by name; read by its ending, each when it is asked for. */
function tableIn(file: string): DataTable {
  const bytes = bytesOf(file);
  return reading(file, () => {
    const ending = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase();
    if (ending === "safetensors") return readSafetensors(bytes);
    if (ending === "npz") return readNpz(bytes);
    if (ending === "json") return tableOfJson(bytes, file);
    throw new UsageError(`\`${file}\` says no format to read q, k and v in; end its name in ${TABLE_ENDINGS}`);
  });
}

function tableOfJson(bytes: Uint8Array, file: string): DataTable {
  const json = parseJson(new TextDecoder().decode(bytes).replace(/^\uFEFF/, ""));
  if (!(json instanceof Map)) throw new UsageError(`${file} must hold one object, {q, k, v: {dtype, shape, data}}`);
  return {
    kind: "table",
    names: [...json.keys()],
    get(name) {
      const value = json.get(name);
      if (value === undefined) return null;
      if (!(value instanceof Map)) throw new UsageError(`\`${name}\` in ${file} must be {dtype, shape, data | b64}`);
      const { dtype, shape, data } = tensorIn(name, value, file);
      return { kind: "array", dtype, shape, data, widenedFrom: null };
    },
  };
}

function bytesOf(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DataFault) throw new UsageError(`${what} cannot be read: ${error.message}`);
    throw error;
  }
}

function tensorOf(table: DataTable, name: keyof typeof NAMES, file: string): Tensor {
  const found = NAMES[name].find((each) => table.names.includes(each));
  if (found === undefined) {
    const there = table.names.length === 0 ? "nothing" : table.names.map((each) => `\`${each}\``).join(", ");
    throw new UsageError(`${file} holds no \`${name}\`, but ${there}`);
  }
  const value = reading(`\`${found}\` in ${file}`, () => table.get(found));
  if (value?.kind !== "array") throw new UsageError(`\`${found}\` in ${file} is no tensor`);
  if (!isFloat(value.dtype)) {
    throw new UsageError(`\`${found}\` in ${file} is ${TORCH_NAMES[value.dtype]}; it must be float32, float16, bfloat16 or float64`);
  }
  return { shape: value.shape, data: value.data instanceof Float32Array ? value.data : Float32Array.from(value.data) };
}

function sizesOf(q: readonly number[], k: readonly number[], v: readonly number[], file: string): Sizes {
  const told = `${file} has q [${q.join(", ")}], k [${k.join(", ")}] and v [${v.join(", ")}]`;
  const wrong = (why: string): never => {
    throw new UsageError(`${told}: ${why}`);
  };
  const [batch = 0, qHeads = 0, qLen = 0, qkHeadDim = 0] = q;
  const [kBatch, kvHeads = 0, kvLen = 0, kDim] = k;
  const [vBatch, vHeads, vLen, vHeadDim = 0] = v;
  if ([q, k, v].some((shape) => shape.length !== 4)) wrong("each needs four dimensions, [B, H, LEN, D]");
  if ([...q, ...k, ...v].some((n) => n < 1)) wrong("a size of 0 leaves nothing to compute");
  if (batch !== kBatch || batch !== vBatch) wrong("B, the first size, must be the same in all three");
  if (qkHeadDim !== kDim) wrong("D, the last size, must be the same in q and k");
  if (kvHeads !== vHeads || kvLen !== vLen) wrong("k and v must have the same heads and length");
  if (qHeads % kvHeads !== 0) wrong(`the ${qHeads} heads of q are no multiple of the ${kvHeads} of k and v`);
  return { batch, qHeads, kvHeads, qLen, kvLen, qkHeadDim, vHeadDim };
}
