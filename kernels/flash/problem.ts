/**
 * The problem a kernel solves and the ways to cut it: sizes, tiles, counts of work.
 * Tensors are row-major, [batch, heads, length, head dim] (BHSD, PyTorch's) or [batch, length, heads, head dim] (BSHD).
 */
import type { ProblemHints } from "../ir/mod.ts";

export interface Problem {
  readonly batch: number;
  readonly qHeads: number;
  /** Divides qHeads; key head of query head h is floor(h / (qHeads / kvHeads)). */
  readonly kvHeads: number;
  readonly qLen: number;
  readonly kvLen: number;
  readonly qkHeadDim: number;
  readonly vHeadDim: number;
  /** Multiplies q·k before score_mod. */
  readonly scale: number;
  readonly storage: "f32" | "f16";
  /**
   * q, k and v are rounded to bfloat16, which WebGPU does not have: for the study of its error (errorStudy.ts); kernels
   * refuse it. Absent: they are as `storage` says.
   */
  readonly rounding?: "bf16";
  /** The order of dimensions of q, k, v and out; lse is [batch, heads, length] in both. */
  readonly layout: Layout;
  /** BLOCK_SIZE of the block mask. */
  readonly blockSize: readonly [q: number, kv: number];
}

/** Order of a tensor's dimensions: batch, heads, sequence, head dim; or heads after the sequence, as projections give them. */
export type Layout = "BHSD" | "BSHD";

/** Every layout. */
export const LAYOUTS: readonly Layout[] = ["BHSD", "BSHD"];

/** How far apart the rows of a tensor lie, in whatever `rowSize` counts. */
export interface Strides {
  readonly row: number;
  readonly head: number;
  readonly batch: number;
}

/** Strides of a tensor of `heads` heads and `length` rows, each of `rowSize`. */
export function stridesOf(layout: Layout, heads: number, length: number, rowSize: number): Strides {
  const batch = heads * length * rowSize;
  return layout === "BHSD" ? { row: rowSize, head: length * rowSize, batch } : { row: heads * rowSize, head: rowSize, batch };
}

/** PyTorch's default BLOCK_SIZE. */
export const DEFAULT_BLOCK_SIZE: readonly [number, number] = [128, 128];

/** Q_LEN and KV_LEN where nobody says any. */
export const DEFAULT_LENGTH = 1024;

/** Fills what the hints leave open: B = 1, H = `heads` (default 8), lengths 1,024, D = 64, scale 1/sqrt(D), f32, BHSD. */
export function fillProblem(hints: ProblemHints, heads = 8): Problem {
  const qHeads = hints.qHeads ?? heads;
  const qLen = hints.qLen ?? hints.kvLen ?? DEFAULT_LENGTH;
  const qkHeadDim = hints.qkHeadDim ?? 64;
  return {
    batch: hints.batch ?? 1,
    qHeads,
    kvHeads: hints.kvHeads ?? qHeads,
    qLen,
    kvLen: hints.kvLen ?? qLen,
    qkHeadDim,
    vHeadDim: hints.vHeadDim ?? qkHeadDim,
    scale: hints.scale ?? 1 / Math.sqrt(qkHeadDim),
    storage: hints.storage ?? "f32",
    ...(hints.rounding === undefined ? {} : { rounding: hints.rounding }),
    layout: hints.layout ?? "BHSD",
    blockSize: hints.blockSize ?? DEFAULT_BLOCK_SIZE,
  };
}

/**
 * `hints` over `defaults` (the user's settings). A length in `hints` stands for both, so no default length joins it:
 * the text `KV_LEN=4096` alone means 4,096 × 4,096, whatever length the settings give.
 */
export function withDefaults(hints: ProblemHints, defaults: ProblemHints = {}): ProblemHints {
  const { qLen, kvLen, ...rest } = defaults;
  if (hints.qLen !== undefined || hints.kvLen !== undefined) return { ...rest, ...hints };
  return { ...defaults, ...hints };
}

/** `B 1, H 8, HKV 8, Q_LEN 1024, KV_LEN 1024, D 64, DV 64, f32`, and the layout where it is not PyTorch's. */
export function problemText(p: Problem): string {
  const sizes = `B ${p.batch}, H ${p.qHeads}, HKV ${p.kvHeads}, Q_LEN ${p.qLen}, KV_LEN ${p.kvLen}, D ${p.qkHeadDim}, DV ${p.vHeadDim}`;
  return `${sizes}, ${p.rounding === undefined ? p.storage : `${p.storage} rounded to ${p.rounding}`}${p.layout === "BHSD" ? "" : `, ${p.layout}`}`;
}

/** Multiply-adds count two: q·k and p·v over every element of the matrix. */
export function denseFlops(p: Problem): number {
  return 2 * p.batch * p.qHeads * p.qLen * p.kvLen * (p.qkHeadDim + p.vHeadDim);
}
