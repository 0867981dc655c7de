/**
 * What the front end hands to everything behind it: mods, captures, variants. Plain read-only data.
 */
import type { Expr } from "./expr.ts";
import type { DType } from "./ops.ts";

/** A half-open range of UTF-16 offsets in the text of the source `file` (a key the caller chose). */
export interface Span {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

export type TypedArray = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/**
 * A tensor that a mod reads. `data` is row-major in the narrowest JavaScript array that holds every value
 * exactly: bool and u8 Uint8Array, f16/bf16/f32 Float32Array (f16 and bf16 as the f32 they stand for),
 * f64 and i64 Float64Array. Compared by identity: two loads of one capture share the object.
 */
export interface Capture {
  readonly name: string;
  readonly dtype: DType;
  /** `[]` for a 0-d tensor. */
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** A named intermediate of a mod, for the cell trace. */
export interface Local {
  readonly name: string;
  readonly span: Span;
  readonly value: Expr;
}

/** A value that a name got while the mod was traced, for `traceMod` (trace.ts): more than `Local`, and not for emitters. */
export interface Step {
  readonly name: string;
  readonly span: Span;
  /** The function that binds it, where that is one that the mod calls; null in the mod itself. */
  readonly within: string | null;
  /** A tensor's dtype, or Python's own `int`, `float` or `bool`. */
  readonly type: DType | "int" | "float";
  /** `[]` for one number. */
  readonly shape: readonly number[];
  /** Row-major; null where there are more than 64. */
  readonly elements: readonly Expr[] | null;
  /** True for what the function `within` gave back, under the function's name: no name of the text was bound to it. */
  readonly isResult?: true;
}

export interface Mod {
  readonly kind: "score_mod" | "mask_mod";
  readonly name: string;
  /** The whole `def` or lambda. */
  readonly span: Span;
  /** A mask_mod's body has dtype bool; a score_mod's any dtype, cast to the score's by whoever uses it. */
  readonly body: Expr;
  /** In source order. */
  readonly locals: readonly Local[];
  /** In the order of evaluation; of several rounds of a loop the last. Absent where nothing was traced. */
  readonly steps?: readonly Step[];
  /**
   * Where an expression was first written, and a capture first indexed; in other files too, where the mod calls into
   * them. Absent for a mod that no text stands behind.
   */
  readonly places?: ReadonlyMap<Expr | Capture, Span>;
}

/** One thing that can be shown and run: a mask_mod, a score_mod, or a pair. At least one is not null. */
export interface Variant {
  readonly name: string;
  readonly scoreMod: Mod | null;
  readonly maskMod: Mod | null;
  /** Every capture that the two bodies load, each once, in order of first load (score_mod first). */
  readonly captures: readonly Capture[];
}

/**
 * What the user's text says of the problem (directives, call sites); what it does not say is left out, and the
 * reader fills it (`fillProblem` in flash/problem.ts).
 */
export interface ProblemHints {
  readonly batch?: number;
  readonly qHeads?: number;
  readonly kvHeads?: number;
  readonly qLen?: number;
  readonly kvLen?: number;
  readonly qkHeadDim?: number;
  readonly vHeadDim?: number;
  readonly scale?: number;
  /** What q, k, v and out are stored as. */
  readonly storage?: "f32" | "f16";
  /** q, k and v are rounded to bfloat16, to see what that costs in precision. */
  readonly rounding?: "bf16";
  /** The order of dimensions of q, k, v and out. */
  readonly layout?: "BHSD" | "BSHD";
  readonly blockSize?: readonly [q: number, kv: number];
  /** False: PyTorch keeps full blocks among the partial ones. */
  readonly separateFullBlocks?: boolean;
  /** `dq_kv_order` where a write order is asked for. */
  readonly dqKvOrder?: boolean;
  /** The kernel families that a directive or the user allows. */
  readonly kernel?: readonly KernelName[];
  /** `kernel_options` of a directive or the user: of the kernels here. */
  readonly kernelOptions?: Readonly<Record<string, OptionValue>>;
  /** `kernel_options` of the `flex_attention` call in the text: of PyTorch's kernels. */
  readonly callKernelOptions?: Readonly<Record<string, OptionValue>>;
}

/** What directives, presets and the form call the sizes, and what `ProblemHints` does. */
export const SIZE_KEYS = {
  B: "batch",
  H: "qHeads",
  HKV: "kvHeads",
  Q_LEN: "qLen",
  KV_LEN: "kvLen",
  D: "qkHeadDim",
  DV: "vHeadDim",
} as const satisfies Readonly<Record<string, keyof ProblemHints>>;

/** The kernel families, as text names them (flash/plan.ts says what they are). */
export const KERNELS = ["row", "quad", "tile", "matrix", "decode", "small", "materialized"] as const;
export type KernelName = (typeof KERNELS)[number];

/** A value of `kernel_options`. */
export type OptionValue = number | boolean | string;

/** An array of the right kind for `dtype`, zeroed. */
export function arrayFor(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case "bool":
    case "u8":
      return new Uint8Array(length);
    case "i8":
      return new Int8Array(length);
    case "i16":
      return new Int16Array(length);
    case "i32":
      return new Int32Array(length);
    case "f16":
    case "bf16":
    case "f32":
      return new Float32Array(length);
    case "i64":
    case "f64":
      return new Float64Array(length);
  }
}
