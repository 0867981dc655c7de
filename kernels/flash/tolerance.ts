/**
 * How far a kernel's output may lie from the float64 reference: |a − b| ≤ tolerance · (|b| + rms(b)), b the reference.
 * The rms term is there because an output is a mean of values of either sign: where they cancel, its error is that of
 * the values, not of the small sum that is left.
 *
 * f32: a dot product of D ≤ 256 terms, exp2 of an argument up to a few hundred (its rounding, 2^-24 · 2^8, is a
 *   relative error of p) and a sum over ≤ 2^20 keys in f32 with random rounding come to some 2e-6; the elementary
 *   functions of a score_mod (emit/wgslMath.ts) may add 2e-6 · |score|. 1e-5 leaves a factor of two.
 * f16: the reference reads the rounded inputs, and arithmetic is f32, so the output's own rounding, 2^-11, decides;
 *   1e-3 is twice that. A kernel whose weights are halves too (matrix) errs by up to 2^-11 · |v| in each term, which over
 *   the keys grows as the output does: twice as much again.
 */
import type { Engine } from "./plan.ts";
import type { Problem } from "./problem.ts";

export const TOLERANCE: Readonly<Record<Problem["storage"], number>> = { f32: 1e-5, f16: 1e-3 };

/** The tolerance for what `engine` computes. */
export const toleranceOf = (p: Pick<Problem, "storage">, engine: Engine): number =>
  engine === "matrix" ? 2 * TOLERANCE[p.storage] : TOLERANCE[p.storage];
