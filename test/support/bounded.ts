/**
 * `interpret` with a bound on the error that 32-bit arithmetic may make: each node carries its value and how far an
 * emitter's may lie from it, carried on by evaluating at the ends. Where that cannot be told (a comparison of numbers
 * that are as good as equal, infinities in arithmetic, an i64 beyond 32 bits) the answer is null, and a test leaves
 * the point out.
 */
import type { Expr } from "../../kernels/ir/expr.ts";
import { evalBinary, evalUnary, interpretAll, type Point } from "../../kernels/ir/interpret.ts";
import { toDType } from "../../kernels/ir/number.ts";
import { type BinaryOp, type DType, isComparison, isFloat, type UnaryOp } from "../../kernels/ir/ops.ts";
import { postorder } from "../../kernels/ir/walk.ts";

export interface Bounded {
  readonly value: number;
  readonly error: number;
}

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

/** Value and error bound of `e` at `p`; null where 32-bit arithmetic may give anything. */
export function interpretBounded(e: Expr, p: Point): Bounded | null {
  const values = interpretAll([e], p);
  const errors = new Map<Expr, number | null>();
  for (const node of postorder([e])) errors.set(node, errorOf(node, values, errors));
  const error = errors.get(e) ?? null;
  return error === null ? null : { value: values.get(e) ?? Number.NaN, error };
}

function errorOf(e: Expr, values: ReadonlyMap<Expr, number>, errors: ReadonlyMap<Expr, number | null>): number | null {
  const value = values.get(e) ?? Number.NaN;
  const of = (x: Expr): readonly [number, number | null] => [values.get(x) ?? Number.NaN, errors.get(x) ?? null];
  if (!isFloat(e.dtype) && Math.abs(value) >= 2 ** 31) return null;
  switch (e.kind) {
    case "const":
    case "var":
      return fromMemory(value);
    case "load":
      return e.indices.every((i) => errors.get(i) === 0) ? fromMemory(value) : null;
    case "unary": {
      const [a, da] = of(e.a);
      return da === null
        ? null
        : spread(
            e.op,
            e.a.dtype,
            e.dtype,
            value,
            ends(a, da).map((x) => evalUnary(e.op, x, e.a.dtype)),
            [a],
          );
    }
    case "cast": {
      const [a, da] = of(e.a);
      // What a float beyond the ints converts to is the hardware's business, in PyTorch too.
      if (isFloat(e.a.dtype) && !isFloat(e.dtype) && e.dtype !== "bool" && !(Math.abs(a) < 2 ** 31)) return null;
      return da === null
        ? null
        : spread(
            "cast",
            e.a.dtype,
            e.dtype,
            value,
            ends(a, da).map((x) => toDType(x, e.dtype)),
            [a],
          );
    }
    case "binary": {
      const [[a, da], [b, db]] = [of(e.a), of(e.b)];
      if (da === null || db === null) return null;
      // Between the ends these jump: a comparison where the operands meet, a remainder at each multiple.
      if (isComparison(e.op) && da + db > 0 && Math.abs(a - b) <= da + db) return null;
      if ((e.op === "fmod" || e.op === "floormod") && da + db > 0 && da + Math.abs(a / b) * db > 0.1 * Math.abs(b)) return null;
      const corners = ends(a, da).flatMap((x) => ends(b, db).map((y) => evalBinary(e.op, x, y, e.a.dtype)));
      return spread(e.op, e.a.dtype, e.dtype, value, corners, [a, b]);
    }
    case "where": {
      const [cond, dc] = of(e.cond);
      return dc === 0 ? (of(cond !== 0 ? e.a : e.b)[1] ?? null) : null;
    }
  }
}

const fromMemory = (value: number): number | null =>
  Number.isFinite(value) && Math.abs(value) > FAR ? null : Number.isFinite(value) ? Math.abs(Math.fround(value) - value) : 0;

const ends = (x: number, error: number): number[] => (error === 0 ? [x] : [x - error, x, x + error]);

function spread(
  op: UnaryOp | BinaryOp | "cast",
  from: DType,
  to: DType,
  value: number,
  corners: readonly number[],
  operands: readonly number[],
): number | null {
  if (isFloat(from) && operands.some((x) => !Number.isFinite(x) || Math.abs(x) > FAR)) return null;
  if (!isFloat(to)) return corners.every((x) => x === value) ? 0 : null;
  if (Number.isNaN(value)) return corners.every(Number.isNaN) ? 0 : null;
  if (!Number.isFinite(value) || Math.abs(value) > FAR) return null;
  const widest = Math.max(...corners.map((x) => Math.abs(x - value)));
  return Number.isFinite(widest) ? 2 * widest + rounding(op, value, to) : null;
}
