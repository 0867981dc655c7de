/**
 * `flexlens run`: q, k and v out of a file, out and lse into one, by the endings of their names. In go tensors in the
 * layout [B, H, LEN, D] or [B, LEN, H, D] of any floating dtype, which become float32; out comes `out` in the storage
 * type of the run, and lse in float32.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseJson } from "../data/json.ts";
import { readNpz } from "../data/npz.ts";
import { readSafetensors } from "../data/safetensors.ts";
import { DataFault, type DataTable } from "../data/value.ts";
import { TABLE_ENDINGS, writerFor } from "../data/write.ts";
import type { Inputs } from "../flash/inputs.ts";
import type { Layout, Problem } from "../flash/problem.ts";
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

/**
 * A batch of one in k and v serves all of q's, as in PyTorch.
 * @throws UsageError where the file, a tensor's dtype or the shapes are none that attention takes
 */
export function readTensors(file: string, layout: Layout = "BHSD"): TensorFile {
  const table = tableIn(file);
  const [q, k, v] = (["q", "k", "v"] as const).map((name) => tensorOf(table, name, file));
  if (q === undefined || k === undefined || v === undefined) throw new Error("three names give three tensors");
  const sizes = sizesOf(q.shape, k.shape, v.shape, file, layout);
  const times = k.shape[0] === 1 ? sizes.batch : 1;
  return { inputs: { q: q.data, k: repeated(k.data, times), v: repeated(v.data, times) }, sizes };
}

/** Refuses a name that says no format, before anything is computed. @throws UsageError */
export function checkOutputName(file: string): void {
  if (writerFor(file) === null) throw new UsageError(`\`${file}\` says no format to write in; end its name in ${TABLE_ENDINGS}`);
}

/** What is written: `maxScores` is left out where it was not asked for. */
export interface Output {
  readonly out: Float32Array;
  readonly lse: Float32Array;
  readonly maxScores: Float32Array | null;
}

/** Writes out in the problem's layout and dtype, lse and max_scores as [B, HQ, Q_LEN]. @throws UsageError where it cannot */
export function writeTensors(file: string, output: Output, s: Problem): void {
  checkOutputName(file);
  const rows = [s.batch, s.qHeads, s.qLen];
  try {
    const bytes = writerFor(file)?.({
      out: { dtype: s.storage, shape: shapeIn(s.layout, s.batch, s.qHeads, s.qLen, s.vHeadDim), data: output.out },
      lse: { dtype: "f32", shape: rows, data: output.lse },
      ...(output.maxScores === null ? {} : { max_scores: { dtype: "f32" as const, shape: rows, data: output.maxScores } }),
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

/** A shape with its heads where the layout has them; read the other way, [B, H, LEN, D] of a shape in that layout. */
function shapeIn(layout: Layout, batch: number, heads: number, length: number, headDim: number): [number, number, number, number] {
  return layout === "BHSD" ? [batch, heads, length, headDim] : [batch, length, heads, headDim];
}

function repeated(x: Float32Array, times: number): Float32Array {
  if (times === 1) return x;
  const all = new Float32Array(times * x.length);
  for (let i = 0; i < times; i++) all.set(x, i * x.length);
  return all;
}

function sizesOf(q: readonly number[], k: readonly number[], v: readonly number[], file: string, layout: Layout): Sizes {
  const told = `${file} has q [${q.join(", ")}], k [${k.join(", ")}] and v [${v.join(", ")}]`;
  const names = layout === "BHSD" ? "[B, H, LEN, D]" : "[B, LEN, H, D]";
  const wrong = (why: string): never => {
    throw new UsageError(`${told}: ${why}`);
  };
  const of = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]) => shapeIn(layout, a, b, c, d);
  const [batch, qHeads, qLen, qkHeadDim] = of(q);
  const [kBatch, kvHeads, kvLen, kDim] = of(k);
  const [vBatch, vHeads, vLen, vHeadDim] = of(v);
  if ([q, k, v].some((shape) => shape.length !== 4)) wrong(`each needs four dimensions, ${names}`);
  if ([...q, ...k, ...v].some((n) => n < 1)) wrong("a size of 0 leaves nothing to compute");
  if (kBatch !== vBatch || (kBatch !== batch && kBatch !== 1)) wrong("B, the first size, must be the same in all three, or 1 in k and v");
  if (qkHeadDim !== kDim) wrong("D, the last size, must be the same in q and k");
  if (kvHeads !== vHeads || kvLen !== vLen) wrong("k and v must have the same heads and length");
  if (qHeads % kvHeads !== 0)
    wrong(`the ${qHeads} heads of q are no multiple of the ${kvHeads} of k and v in ${names}; --layout names another order`);
  return { batch, qHeads, kvHeads, qLen, kvLen, qkHeadDim, vHeadDim };
}
