/** When a value from the GPU counts as the interpreter's: exactly for ints and booleans, within stated bounds for floats. */
import { INFINITY } from "../../kernels/emit/wgslPiece.ts";
import { type DType, isFloat } from "../../kernels/ir/ops.ts";

/** Significant bits, of which the last one may differ where a function is rounded twice. */
const HALF_STEP: Partial<Record<DType, number>> = { f16: 2 ** -10, bf16: 2 ** -7 };

/**
 * null if `got` (GPU) agrees with `want` (interpreter), else what is wrong. Floats: |got − want| ≤ 2e-6 · max(1, |want|),
 * for f16 and bf16 one unit in the last place; infinities are anything from 2^126 up, nan is nan.
 */
export function disagreement(got: number, want: number, dtype: DType): string | null {
  const text = `got ${got}, want ${want} (${dtype})`;
  if (!isFloat(dtype)) {
    return got === want ? null : text;
  }
  if (Number.isNaN(want)) return Number.isNaN(got) ? null : text;
  if (Math.abs(want) >= INFINITY) return Math.abs(got) >= INFINITY && Math.sign(got) === Math.sign(want) ? null : text;
  const bound = HALF_STEP[dtype] === undefined ? 2e-6 * Math.max(1, Math.abs(want)) : (HALF_STEP[dtype] ?? 0) * Math.abs(want) + 2 ** -24;
  return Math.abs(got - want) <= bound ? null : text;
}
