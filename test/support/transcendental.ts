/** Functions whose last places two libraries do not share, and how closely values that hold such are compared. */
import type { Expr } from "../../kernels/ir/expr.ts";
import type { BinaryOp, DType, UnaryOp } from "../../kernels/ir/ops.ts";
import { postorder } from "../../kernels/ir/walk.ts";

const TRANSCENDENTAL: ReadonlySet<UnaryOp | BinaryOp> = new Set<UnaryOp | BinaryOp>([
  ...(["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "rsqrt", "sin", "cos", "tan", "asin", "acos", "atan"] as const),
  ...(["sinh", "cosh", "tanh", "sigmoid", "erf", "pow", "atan2", "hypot"] as const),
]);

export const isTranscendental = (op: UnaryOp | BinaryOp): boolean => TRANSCENDENTAL.has(op);

/** Whether `e` computes such a function, in one of `dtypes` where they are given. */
export function hasTranscendental(e: Expr, dtypes?: readonly DType[]): boolean {
  return postorder([e]).some(
    (node) =>
      (node.kind === "unary" || node.kind === "binary") &&
      isTranscendental(node.op) &&
      (dtypes === undefined || dtypes.includes(node.dtype)),
  );
}

/** The place of the last bit of a float32 near `x`. */
export function ulp32(x: number): number {
  const a = Math.abs(x);
  return a < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(a)) - 23);
}

/** How far a score may lie from PyTorch's `want`: a unit in the last place of float32, or with such functions 2e-6 · max(1, |want|). */
export const scoreBound = (e: Expr, want: number): number => (hasTranscendental(e) ? 2e-6 * Math.max(1, Math.abs(want)) : ulp32(want));
