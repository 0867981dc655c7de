/**
 * `interpret`, and how far PyTorch's value may lie from it. Arithmetic, square roots, comparisons, conversions are exact
 * in both, so that their error is 0; exp, sin and their kin differ in the last places, and what is computed from them
 * carries that on, by evaluating at the ends. Where the error decides a jump (a comparison, a floor) the answer is null.
 */
import type { Expr } from "../../kernels/ir/expr.ts";
import { evalBinary, evalUnary, interpretAll, type Point } from "../../kernels/ir/interpret.ts";
import { toDType } from "../../kernels/ir/number.ts";
import { type BinaryOp, type DType, isComparison, isFloat, type UnaryOp } from "../../kernels/ir/ops.ts";
import { postorder } from "../../kernels/ir/walk.ts";
import { isTranscendental } from "../support/transcendental.ts";

export interface Within {
  readonly value: number;
  /** 0: exactly this. */
  readonly error: number;
}

const REMAINDERS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["fmod", "floormod", "floordiv"]);

/** Distance of neighbours of `x` in each float dtype, or a little more. */
const EPSILON: Readonly<Partial<Record<DType, number>>> = { f16: 2 ** -10, bf16: 2 ** -7, f32: 2 ** -23, f64: 2 ** -52 };
const LEAST: Readonly<Partial<Record<DType, number>>> = { f16: 2 ** -24, bf16: 2 ** -133, f32: 2 ** -149, f64: 2 ** -1074 };

const step = (x: number, dtype: DType): number => Math.abs(x) * (EPSILON[dtype] ?? 0) + (LEAST[dtype] ?? 0);

/** Value and error of `e` at `p`; null where an inexact function's last places decide. */
export function interpretWithin(e: Expr, p: Point): Within | null {
  const values = interpretAll([e], p);
  const errors = new Map<Expr, number | null>();
  for (const node of postorder([e])) errors.set(node, errorOf(node, values, errors));
  const error = errors.get(e) ?? null;
  return error === null ? null : { value: values.get(e) ?? Number.NaN, error };
}

function errorOf(e: Expr, values: ReadonlyMap<Expr, number>, errors: ReadonlyMap<Expr, number | null>): number | null {
  const value = values.get(e) ?? Number.NaN;
  const of = (x: Expr): readonly [number, number | null] => [values.get(x) ?? Number.NaN, errors.get(x) ?? null];
  switch (e.kind) {
    case "const":
    case "var":
      return 0;
    case "load":
      return e.indices.every((i) => errors.get(i) === 0) ? 0 : null;
    case "unary": {
      const [a, da] = of(e.a);
      return spread(e.op, e.dtype, value, [[a, da]], ([x = 0]) => evalUnary(e.op, x, e.a.dtype));
    }
    case "cast": {
      const [a, da] = of(e.a);
      return spread("cast", e.dtype, value, [[a, da]], ([x = 0]) => toDType(x, e.dtype));
    }
    case "binary": {
      const [[a, da], [b, db]] = [of(e.a), of(e.b)];
      if (da === null || db === null) return null;
      const error = da + db;
      if (error > 0 && isComparison(e.op) && Math.abs(a - b) <= error) return null;
      // So do these where the divisor may be 0.
      if (db > 0 && Math.abs(b) <= db && (REMAINDERS.has(e.op) || e.op === "div")) return null;
      // A vector library gives up on quotients that large.
      if (isFloat(e.dtype) && REMAINDERS.has(e.op) && Number.isFinite(a) && Math.abs(a / b) > 2 ** 40) return null;
      // Between the ends these jump at each multiple of the divisor.
      if (error > 0 && REMAINDERS.has(e.op) && da + Math.abs(a / b) * db > 0.1 * Math.abs(b)) return null;
      const pair: readonly (readonly [number, number])[] = [
        [a, da],
        [b, db],
      ];
      return spread(e.op, e.dtype, value, pair, ([x = 0, y = 0]) => evalBinary(e.op, x, y, e.a.dtype));
    }
    case "where": {
      const [cond, dc] = of(e.cond);
      return dc === 0 ? (of(cond !== 0 ? e.a : e.b)[1] ?? null) : null;
    }
  }
}

/** The error of a result, from its operands and theirs. */
function spread(
  op: UnaryOp | BinaryOp | "cast",
  dtype: DType,
  value: number,
  operands: readonly (readonly [number, number | null])[],
  at: (operands: readonly number[]) => number,
): number | null {
  let corners: number[][] = [[]];
  let sure = true;
  for (const [x, error] of operands) {
    if (error === null) return null;
    sure &&= error === 0;
    const ends = error === 0 ? [x] : [x - error, x, x + error];
    corners = corners.flatMap((c) => ends.map((end) => [...c, end]));
  }
  const inexact = op !== "cast" && (op === "sqrt" || isTranscendental(op));
  // Of half precision it is taken in float32 or step by step, as the operands lie in memory.
  if (sure && op === "floordiv" && (dtype === "f16" || dtype === "bf16")) return Number.isFinite(value) ? 2 * step(value, dtype) : 0;
  if (sure && !inexact) return 0;
  const results = sure ? [value] : corners.map(at);
  if (!isFloat(dtype)) return results.every((x) => x === value) ? 0 : null;
  if (Number.isNaN(value)) return results.every(Number.isNaN) ? 0 : null;
  if (!Number.isFinite(value)) return results.every((x) => x === value) && sure ? 0 : null;
  const widest = Math.max(...results.map((x) => Math.abs(x - value)));
  if (!Number.isFinite(widest)) return null;
  // Of an inexact function: the last places; in float32 as far as the stated bound.
  // Square roots come from a vector library that is one place off now and then.
  const own =
    op === "sqrt"
      ? 1.01 * step(value, dtype)
      : inexact
        ? dtype === "f32"
          ? 2e-6 * Math.max(Math.abs(value), 2 ** -20)
          : 4 * step(value, dtype)
        : 0;
  return 1.5 * widest + own + (sure ? 0 : step(value, dtype));
}
