/**
 * `interpret` with a bound on the error that 32-bit arithmetic may make: how far an emitter's value may lie from the
 * interpreter's. Null where that cannot be told: infinities in arithmetic, an i64 beyond 32 bits, a comparison of numbers
 * that are as good as equal.
 */
import type { Expr } from "../../kernels/ir/expr.ts";
import type { Point } from "../../kernels/ir/interpret.ts";
import { type BinaryOp, type DType, isFloat, type UnaryOp } from "../../kernels/ir/ops.ts";
import { type Bounded, interpretOn, type Machine } from "./errorWalk.ts";

const EXACT: ReadonlySet<UnaryOp | BinaryOp> = new Set<UnaryOp | BinaryOp>([
  "neg",
  "abs",
  "sign",
  "floor",
  "ceil",
  "round",
  "trunc",
  "add",
  "sub",
  "mul",
  "div",
  "sqrt",
  "min",
  "max",
  "fmin",
  "fmax",
]);

/** What one operation may add to the error of a result of `dtype`. */
function rounding(op: UnaryOp | BinaryOp | "cast", value: number, dtype: DType): number {
  const size = Math.abs(value);
  const own = op === "cast" || EXACT.has(op) ? 2 ** -22 * size : 2e-6 * Math.max(1, size);
  // The least number that is not flushed to zero.
  const least = 2 ** -126;
  return dtype === "f16" ? 2 ** -10 * size + 2 ** -24 + own : dtype === "bf16" ? 2 ** -7 * size + own : own + least;
}

const FAR = 2 ** 100;
const isFar = (x: number): boolean => !Number.isFinite(x) || Math.abs(x) > FAR;

const THIRTY_TWO_BITS: Machine = {
  unsaid: (value, dtype) => !isFloat(dtype) && Math.abs(value) >= 2 ** 31,
  memory: (value) => (Number.isFinite(value) ? (isFar(value) ? null : Math.abs(Math.fround(value) - value)) : 0),
  operands: (node, operands) => {
    // What a float beyond the ints converts to is the hardware's business, in PyTorch too.
    const converts = node.kind === "cast" && isFloat(node.a.dtype) && !isFloat(node.dtype) && node.dtype !== "bool";
    return converts && !operands.every(([a]) => Math.abs(a) < 2 ** 31) ? null : operands;
  },
  result: ({ op, from, to, value, operands, corners }) => {
    if (isFloat(from) && operands.some(([x]) => isFar(x))) return null;
    const ends = corners();
    if (!isFloat(to)) return ends.every((x) => x === value) ? 0 : null;
    if (Number.isNaN(value)) return ends.every(Number.isNaN) ? 0 : null;
    if (isFar(value)) return null;
    const widest = Math.max(...ends.map((x) => Math.abs(x - value)));
    return Number.isFinite(widest) ? 2 * widest + rounding(op, value, to) : null;
  },
};

/** Value and error bound of `e` at `p`; null where 32-bit arithmetic may give anything. */
export const interpretBounded = (e: Expr, p: Point): Bounded | null => interpretOn(THIRTY_TWO_BITS, e, p);
