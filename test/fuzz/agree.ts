/**
 * One expression held against every evaluator and analysis there is: the interpreter defines what it means; the emitted
 * JavaScript must give its bits, simplification keep them, intervals hold them, the block mask be that of its cells, and
 * the emitted WGSL come as near as 32 bits allow.
 */
import { boxOf, intervalOf } from "../../kernels/analysis/interval.ts";
import { int32Overflow } from "../../kernels/analysis/overflow.ts";
import { simplify } from "../../kernels/analysis/simplify.ts";
import { compileCells } from "../../kernels/emit/js.ts";
import { INFINITY } from "../../kernels/emit/wgslPiece.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import { interpret, type Point } from "../../kernels/ir/interpret.ts";
import { printExpr } from "../../kernels/ir/print.ts";
import { freeVars } from "../../kernels/ir/walk.ts";
import { blockState } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { interpretBounded } from "../support/bounded.ts";
import { denseStates } from "../support/denseMask.ts";
import { pick, type Random, whole } from "../support/random.ts";

/** Lengths of the masks that are built cell by cell. */
export const SIZES = { batch: 2, heads: 2, qLen: 13, kvLen: 17 } as const;
/** Cells of one batch and head. */
export const CELLS = SIZES.qLen * SIZES.kvLen;

/** Scores at the cells, the same for all: what float32 holds exactly, zeros, infinities and nan. */
const SPECIAL = [0, -0, Number.NaN, Infinity, -Infinity, 1, -1];
export const SCORES = Float64Array.from({ length: CELLS }, (_, i) => SPECIAL[i] ?? (((i * 2654435761) % 4093) - 2046) / 256);

/** Cell `i` of the mask, row-major. */
export const pointAt = (i: number, b: number, h: number): Point => ({
  b,
  h,
  q_idx: Math.floor(i / SIZES.kvLen),
  kv_idx: i % SIZES.kvLen,
  score: SCORES[i] ?? 0,
});

/** The expression and the point, for a failure. */
export const told = (e: Expr, p: Point): string => `${printExpr(e)} (${e.dtype}) at ${JSON.stringify(p)}`;

/** What disagrees with the interpreter, or null. */
export function disagreementOf(e: Expr): string | null {
  const box = boxOf(SIZES.batch, SIZES.heads, SIZES.qLen, SIZES.kvLen);
  const simple = simplify(e);
  const range = intervalOf(e, box);
  for (const [b, h] of [
    [0, 0],
    [1, 1],
  ] as const) {
    const out = new Float64Array(CELLS);
    compileCells(e, box)(out, { b, h, q0: 0, q1: SIZES.qLen, k0: 0, k1: SIZES.kvLen }, SCORES);
    for (let i = 0; i < CELLS; i++) {
      const p = pointAt(i, b, h);
      const want = interpret(e, p);
      if (!Object.is(out[i], want)) return `JavaScript gives ${out[i]}, not ${want}: ${told(e, p)}`;
      const kept = interpret(simple, p);
      if (!Object.is(kept, want)) return `simplified to ${printExpr(simple)} it gives ${kept}, not ${want}: ${told(e, p)}`;
      const isIn = Number.isNaN(range.min) || Number.isNaN(range.max) || (want >= range.min && want <= range.max);
      if (!isIn) return `${want} lies outside of [${range.min}, ${range.max}]: ${told(e, p)}`;
    }
  }
  return e.dtype === "bool" && !freeVars(e).has("score") ? maskDisagreement(e) : null;
}

/** The block mask at a few block sizes against all cells. */
function maskDisagreement(e: Expr): string | null {
  const { batch, heads, qLen, kvLen } = SIZES;
  const bits = new Uint8Array(batch * heads * CELLS);
  for (let plane = 0; plane < batch * heads; plane++) {
    for (let i = 0; i < CELLS; i++) bits[plane * CELLS + i] = interpret(e, pointAt(i, Math.floor(plane / heads), plane % heads));
  }
  for (const blockSize of [
    [4, 4],
    [5, 16],
    [128, 3],
  ] as const) {
    const mask = buildBlockMask(e, SIZES, blockSize);
    const states = denseStates(bits, SIZES, blockSize);
    const [rows, columns] = [Math.ceil(qLen / blockSize[0]), Math.ceil(kvLen / blockSize[1])];
    for (const [i, state] of states.entries()) {
      const [plane, row, column] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
      const got = blockState(mask, Math.floor(plane / heads), plane % heads, row, column);
      const want = (["empty", "partial", "full"] as const)[state];
      if (got !== want) return `block ${row}, ${column} of ${blockSize.join(" × ")} is ${want}, not ${got}: ${printExpr(e)}`;
    }
  }
  return null;
}

/** Points for the GPU: cells of the mask with its scores, and a few far out. */
export function gpuPoints(random: Random, count: number): Point[] {
  return Array.from({ length: count }, () => {
    const far = random() < 0.1;
    return {
      b: whole(random, 0, SIZES.batch - 1),
      h: whole(random, 0, SIZES.heads - 1),
      q_idx: whole(random, 0, far ? 30_000 : SIZES.qLen - 1),
      kv_idx: whole(random, 0, far ? 30_000 : SIZES.kvLen - 1),
      score: pick(random, [0, 1, -0.5, Math.fround((random() - 0.5) * 8), Math.fround((random() - 0.5) * 200)]),
    };
  });
}

/** What the GPU's values differ in from the interpreter's, or null; and how many points could be compared. */
export function gpuDisagreement(
  e: Expr,
  points: readonly Point[],
  values: readonly number[],
): { readonly why: string | null; readonly compared: number } {
  let compared = 0;
  for (const [i, p] of points.entries()) {
    const want = interpretBounded(e, p);
    if (want === null) continue;
    compared++;
    const got = values[i] ?? Number.NaN;
    const agrees = Number.isNaN(want.value)
      ? Number.isNaN(got)
      : Number.isFinite(want.value)
        ? Math.abs(got - want.value) <= want.error
        : Math.sign(got) === Math.sign(want.value) && Math.abs(got) >= INFINITY;
    if (!agrees) return { why: `WGSL gives ${got}, not ${want.value} ± ${want.error}: ${told(e, p)}`, compared };
  }
  return { why: null, compared };
}

/** True where all of `e` fits the 32-bit integers of a GPU at every point of `gpuPoints`. */
export const fitsGpu = (e: Expr): boolean => int32Overflow([simplify(e)], boxOf(SIZES.batch, SIZES.heads, 30_001, 30_001)).length === 0;
