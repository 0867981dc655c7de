/**
 * The value of an expression at one point: the definition of meaning. Slow and plain on purpose; everything that is
 * fast (emitted JavaScript, WGSL) is tested against it.
 */
import type { Expr } from "./expr.ts";
import { roundHalfEven, toDType } from "./number.ts";
import { type BinaryOp, type DType, isFloat, type UnaryOp } from "./ops.ts";
import { postorder } from "./walk.ts";
import { convert, type Exact, exactly, wideBinary, wideUnary } from "./wide.ts";

/** Where in the attention matrix, and the score there (ignored by mask mods). */
export interface Point {
  readonly b: number;
  readonly h: number;
  readonly q_idx: number;
  readonly kv_idx: number;
  readonly score?: number;
}

/** Value of `e` at `p`, as a JavaScript number (bool: 0 or 1; an i64 beyond 2^53 as near as a number comes). */
export function interpret(e: Expr, p: Point): number {
  return Number(evaluateAll([e], p).get(e) ?? Number.NaN);
}

/** Values of every node below `roots` at `p`: what the cell trace shows. */
export function interpretAll(roots: readonly Expr[], p: Point): Map<Expr, number> {
  const values = new Map<Expr, number>();
  for (const [e, v] of evaluateAll(roots, p)) values.set(e, Number(v));
  return values;
}

/** As `interpretAll`, with i64 beyond 2^53 exact. */
export function evaluateAll(roots: readonly Expr[], p: Point): Map<Expr, Exact> {
  const values = new Map<Expr, Exact>();
  const get = (e: Expr): Exact => values.get(e) ?? Number.NaN;
  for (const e of postorder(roots)) {
    switch (e.kind) {
      case "const":
        values.set(e, e.value);
        break;
      case "var":
        values.set(e, e.name === "score" ? toDType(p.score ?? 0, e.dtype) : p[e.name]);
        break;
      case "load": {
        let at = 0;
        e.indices.forEach((index, d) => {
          at = at * (e.capture.shape[d] ?? 0) + wrapIndex(Number(get(index)), e.capture.shape[d] ?? 0);
        });
        values.set(e, e.dtype === "i64" ? exactly(e.capture.data[at] ?? 0) : (e.capture.data[at] ?? 0));
        break;
      }
      case "unary":
        values.set(e, applyUnary(e.op, get(e.a), e.a.dtype));
        break;
      case "binary":
        values.set(e, applyBinary(e.op, get(e.a), get(e.b), e.a.dtype));
        break;
      case "where":
        values.set(e, get(e.cond) !== 0 ? get(e.a) : get(e.b));
        break;
      case "cast":
        values.set(e, convert(get(e.a), e.a.dtype, e.dtype));
        break;
    }
  }
  return values;
}

/** PyTorch's negative index, then clamped into [0, size - 1]. */
export function wrapIndex(i: number, size: number): number {
  const j = i < 0 ? i + size : i;
  return Math.max(0, Math.min(size - 1, j));
}

/** `op` on a value of `dtype`. */
export function applyUnary(op: UnaryOp, x: Exact, dtype: DType): Exact {
  if (typeof x === "bigint") return wideUnary(op, x);
  return evalUnary(op, x, dtype);
}

/** `op` on a value of `dtype`, as a number. */
export function evalUnary(op: UnaryOp, x: number, dtype: DType): number {
  const float = isFloat(dtype);
  switch (op) {
    case "not":
      return dtype === "bool" ? 1 - x : toDType(-x - 1, dtype);
    case "isnan":
      return Number.isNaN(x) ? 1 : 0;
    case "isinf":
      return Math.abs(x) === Number.POSITIVE_INFINITY ? 1 : 0;
    case "floor":
    case "ceil":
    case "trunc":
      return float ? Math[op](x) : x;
    case "round":
      return float ? roundHalfEven(x) : x;
    default:
      return toDType(UNARY[op](x), dtype);
  }
}

const UNARY: Readonly<Record<Exclude<UnaryOp, "not" | "isnan" | "isinf" | "floor" | "ceil" | "trunc" | "round">, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  // Of nan it is 0.
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
};

/** `op` on two values of `dtype`. */
export function applyBinary(op: BinaryOp, x: Exact, y: Exact, dtype: DType): Exact {
  switch (op) {
    case "eq":
      return x === y ? 1 : 0;
    case "ne":
      return x !== y ? 1 : 0;
    case "lt":
      return x < y ? 1 : 0;
    case "le":
      return x <= y ? 1 : 0;
    case "gt":
      return x > y ? 1 : 0;
    case "ge":
      return x >= y ? 1 : 0;
    default:
      if (typeof x === "bigint" || typeof y === "bigint") return wideBinary(op, BigInt(x), BigInt(y));
      return isFloat(dtype) ? floatBinary(op, x, y, dtype) : integerBinary(op, x, y, dtype);
  }
}

/** `op` on two values of `dtype`, as a number: an i64 beyond 2^53 as near as a number comes. */
export function evalBinary(op: BinaryOp, x: number, y: number, dtype: DType): number {
  return Number(applyBinary(op, x, y, dtype));
}

function floatBinary(op: BinaryOp, x: number, y: number, dtype: DType): number {
  switch (op) {
    case "add":
      return toDType(x + y, dtype);
    case "sub":
      return toDType(x - y, dtype);
    case "mul":
      return toDType(x * y, dtype);
    case "div":
      return toDType(x / y, dtype);
    case "floordiv":
      return toDType(floorDivide(x, y, dtype === "f64" ? "f64" : "f32"), dtype);
    case "floormod":
      return toDType(floorMod(x, y), dtype);
    case "truncdiv":
      return toDType(Math.trunc(x / y), dtype);
    case "fmod":
      return toDType(x % y, dtype);
    case "pow":
      return toDType(power(x, y), dtype);
    case "atan2":
      return toDType(Math.atan2(x, y), dtype);
    case "hypot":
      return toDType(Math.hypot(x, y), dtype);
    case "min":
      return Math.min(x, y);
    case "max":
      return Math.max(x, y);
    case "fmin":
      return Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.min(x, y);
    case "fmax":
      return Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.max(x, y);
    default:
      throw new Error(`${op} of floats`);
  }
}

/** C's pow, where JavaScript's differs: 1 to any power, and -1 to an infinite one, is 1. */
function power(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
}

/** c10's div_floor_floating: the quotient from the remainder, rounded where that rounds. */
function floorDivide(x: number, y: number, inner: "f32" | "f64"): number {
  if (y === 0) return x / y;
  const round = (v: number): number => toDType(v, inner);
  const r = x % y;
  const q = round(round(x - r) / y) - (r !== 0 && y < 0 !== r < 0 ? 1 : 0);
  if (q === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
  const floor = Math.floor(round(q));
  return round(q) - floor > 0.5 ? floor + 1 : floor;
}

/** Python's `%`: the sign of the divisor. */
function floorMod(x: number, y: number): number {
  const r = x % y;
  return r !== 0 && r < 0 !== y < 0 ? r + y : r;
}

const isInt32 = (x: number): boolean => x === (x | 0);

/** An integer or bool operation on safe operands. */
function integerBinary(op: BinaryOp, x: number, y: number, dtype: DType): Exact {
  const wide = (): Exact => convert(wideBinary(op, BigInt(x), BigInt(y)), "i64", dtype);
  const wrapped = (exact: number): Exact => (Math.abs(exact) <= Number.MAX_SAFE_INTEGER ? toDType(exact + 0, dtype) : wide());
  switch (op) {
    case "add":
      return dtype === "bool" ? x | y : wrapped(x + y);
    case "sub":
      return wrapped(x - y);
    case "mul":
      return wrapped(x * y);
    case "floordiv": {
      // `x - r` divides without a rest, so that nothing is rounded.
      const r = x % y;
      return y === 0 ? 0 : wrapped((x - r) / y - (r !== 0 && r < 0 !== y < 0 ? 1 : 0));
    }
    case "floormod":
      return y === 0 ? 0 : floorMod(x, y) + 0;
    case "truncdiv":
      return y === 0 ? 0 : wrapped((x - (x % y)) / y);
    case "fmod":
      return y === 0 ? 0 : (x % y) + 0;
    case "min":
    case "fmin":
      return Math.min(x, y);
    case "max":
    case "fmax":
      return Math.max(x, y);
    case "and":
      return isInt32(x) && isInt32(y) ? x & y : wide();
    case "or":
      return isInt32(x) && isInt32(y) ? x | y : wide();
    case "xor":
      return isInt32(x) && isInt32(y) ? x ^ y : wide();
    case "shl":
      return y < 0 || y >= BITS[dtype] ? 0 : wide();
    case "shr":
      return y < 0 || y >= BITS[dtype] ? (x < 0 ? -1 : 0) : Math.floor(x / 2 ** y);
    case "pow":
      return wide();
    default:
      throw new Error(`${op} of integers`);
  }
}

const BITS: Readonly<Record<DType, number>> = { bool: 1, u8: 8, i8: 8, i16: 16, i32: 32, i64: 64, f16: 0, bf16: 0, f32: 0, f64: 0 };

/** Error function, absolute error below 1e-15: series near 0, continued fraction of erfc beyond. Abramowitz and Stegun 7.1.5, 7.1.14. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let f = a;
  for (let n = 60; n > 0; n--) f = a + n / 2 / f;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * f));
}
