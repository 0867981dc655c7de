/**
 * The storage type of q, k, v and out: what a template's text says of it, and how tensors are packed into buffers of it.
 * With f16 only memory is narrow: a kernel widens the four halves that it reads to vec4f, computes in f32 as with f32,
 * and rounds once more when it writes out; lse is f32 in both. Four halves are a vec2u to WGSL, unpacked by its built-in
 * functions: these are on every device, where the type f16 needs the feature `shader-f16` (and drivers compile them faster).
 *
 * PyTorch's flex_attention on half q, k, v: scores are f32 from unrounded products, score_mod sees f32, lse is f32, out
 * is half. It rounds the weights to half before the product with v as well; kernels here do so only where the matrix
 * unit wants it (forward/matrix.ts), as it costs precision and saves nothing else.
 *
 * A template writes `${s.vec4}` for the element of a tensor's array, `${s.load("K[i]")}` to read and
 * `OUT[i] = ${s.store("x")}` to write; a module has `${s.functions}` before its `main`.
 */
import { fromHalves, toHalves } from "../ir/half.ts";
import { roundF16 } from "../ir/number.ts";
import type { Inputs } from "./inputs.ts";
import { packRows, unpackRows } from "./plan.ts";
import type { Problem } from "./problem.ts";

/** A storage type, as WGSL. */
export interface Storage {
  readonly type: Problem["storage"];
  /** Element of a tensor's array: four numbers of a row. */
  readonly vec4: "vec4f" | "vec2u";
  /** That element for people. */
  readonly elementName: string;
  /** What `load` and `store` call; may be empty. */
  readonly functions: string;
  /** `place`, an element of a tensor's array, as vec4f. */
  readonly load: (place: string) => string;
  /** The vec4f `value` as an element of a tensor's array. */
  readonly store: (value: string) => string;
}

const STORAGES: Readonly<Record<Problem["storage"], Storage>> = {
  f32: { type: "f32", vec4: "vec4f", elementName: "vec4f", functions: "", load: (place) => place, store: (value) => value },
  f16: {
    type: "f16",
    vec4: "vec2u",
    elementName: "vec2u (four float16)",
    functions: `// Four float16 as numbers, and back.
fn from_halves(x: vec2u) -> vec4f {
  return vec4f(unpack2x16float(x.x), unpack2x16float(x.y));
}

fn to_halves(x: vec4f) -> vec2u {
  return vec2u(pack2x16float(x.xy), pack2x16float(x.zw));
}`,
    load: (place) => `from_halves(${place})`,
    store: (value) => `to_halves(${value})`,
  },
};

/** The problem's storage type. */
export const storageOf = (p: Pick<Problem, "storage">): Storage => STORAGES[p.storage];

/** Rows of `headDim` numbers as kernels read them: padded with zeros to a multiple of four, in the storage type. */
export function packTensor(
  data: ArrayLike<number>,
  headDim: number,
  storage: Problem["storage"],
): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  const rows = packRows(data, headDim);
  return storage === "f16" ? toHalves(rows) : rows;
}

/** The inverse of packTensor, from a buffer's bytes. */
export function unpackTensor(bytes: ArrayBuffer, headDim: number, storage: Problem["storage"]): Float32Array<ArrayBuffer> {
  return unpackRows(storage === "f16" ? fromHalves(new Uint16Array(bytes)) : new Float32Array(bytes), headDim);
}

/** The numbers that kernels read of `inputs` in the problem's storage type: what a reference must be computed from. */
export function storedInputs(inputs: Inputs, p: Pick<Problem, "storage">): Inputs {
  if (p.storage === "f32") return inputs;
  return { q: inputs.q.map(roundF16), k: inputs.k.map(roundF16), v: inputs.v.map(roundF16) };
}
