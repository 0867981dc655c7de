/**
 * The value of an expression at one point: the definition of meaning. Slow and plain on purpose; everything that is
 * fast (emitted JavaScript, WGSL) is tested against it.
 */
import type { Expr } from "./expr.ts";
import { roundHalfEven, toDType } from "./number.ts";
import { type BinaryOp, type DType, isFloat, type UnaryOp } from "./ops.ts";
import { postorder } from "./walk.ts";

/** Where in the attention matrix, and the score there (ignored by mask mods). */
export interface Point {
  readonly b: number;
  readonly h: number;
  readonly q_idx: number;
  readonly kv_idx: number;
  readonly score?: number;
}

/** Value of `e` at `p`, as a JavaScript number (bool: 0 or 1). */
export function interpret(e: Expr, p: Point): number {
  return interpretAll([e], p).get(e) ?? Number.NaN;
}

/** Values of every node below `roots` at `p`: what the cell trace shows. */
export function interpretAll(roots: readonly Expr[], p: Point): Map<Expr, number> {
  const values = new Map<Expr, number>();
  const get = (e: Expr): number => values.get(e) ?? Number.NaN;
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
          at = at * (e.capture.shape[d] ?? 0) + wrapIndex(get(index), e.capture.shape[d] ?? 0);
        });
        values.set(e, e.capture.data[at] ?? 0);
        break;
      }
      case "unary":
        values.set(e, evalUnary(e.op, get(e.a), e.a.dtype));
        break;
      case "binary":
        values.set(e, evalBinary(e.op, get(e.a), get(e.b), e.a.dtype));
        break;
      case "where":
        values.set(e, get(e.cond) !== 0 ? get(e.a) : get(e.b));
        break;
      case "cast":
        values.set(e, toDType(get(e.a), e.dtype));
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
  sign: (x) => (Number.isNaN(x) ? x : x > 0 ? 1 : x < 0 ? -1 : 0),
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
export function evalBinary(op: BinaryOp, x: number, y: number, dtype: DType): number {
  const float = isFloat(dtype);
  const bool = dtype === "bool";
  switch (op) {
    case "add":
      return bool ? x | y : toDType(x + y, dtype);
    case "sub":
      return toDType(x - y, dtype);
    case "mul":
      return float || Math.abs(x * y) <= Number.MAX_SAFE_INTEGER ? toDType(x * y, dtype) : wrapBig(BigInt(x) * BigInt(y), dtype);
    case "div":
      return toDType(x / y, dtype);
    case "floordiv":
      if (float)
        return toDType(Number.isFinite(x / y) ? Math.floor((x - floorMod(x, y)) / y + 0.5) : y === 0 ? x / y : Math.floor(x / y), dtype);
      return y === 0 ? 0 : toDType(Math.floor(x / y), dtype);
    case "floormod":
      if (float) return toDType(floorMod(x, y), dtype);
      return y === 0 ? 0 : floorMod(x, y);
    case "truncdiv":
      return !float && y === 0 ? 0 : toDType(Math.trunc(x / y), dtype);
    case "fmod":
      return !float && y === 0 ? 0 : toDType(x % y, dtype) + 0;
    case "pow":
      return float ? toDType(x ** y, dtype) : intPow(x, y, dtype);
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
    case "and":
      return bitwise(
        x,
        y,
        dtype,
        (a, c) => a & c,
        (a, c) => a & c,
      );
    case "or":
      return bitwise(
        x,
        y,
        dtype,
        (a, c) => a | c,
        (a, c) => a | c,
      );
    case "xor":
      return bitwise(
        x,
        y,
        dtype,
        (a, c) => a ^ c,
        (a, c) => a ^ c,
      );
    case "shl":
      return y < 0 || y >= BITS[dtype] ? 0 : wrapBig(BigInt(x) << BigInt(y), dtype);
    case "shr":
      return y < 0 || y >= BITS[dtype] ? (x < 0 ? -1 : 0) : Math.floor(x / 2 ** y);
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
  }
}

const BITS: Readonly<Record<DType, number>> = { bool: 1, u8: 8, i8: 8, i16: 16, i32: 32, i64: 64, f16: 0, bf16: 0, f32: 0, f64: 0 };

/** Python's `%`: the sign of the divisor; `+ 0` makes an integer's -0 a 0. */
function floorMod(x: number, y: number): number {
  const r = x % y;
  return r !== 0 && r < 0 !== y < 0 ? r + y : r + 0;
}

function wrapBig(x: bigint, dtype: DType): number {
  const n = BITS[dtype];
  return Number(dtype === "u8" ? BigInt.asUintN(n, x) : BigInt.asIntN(n, x));
}

function bitwise(
  x: number,
  y: number,
  dtype: DType,
  small: (a: number, b: number) => number,
  big: (a: bigint, b: bigint) => bigint,
): number {
  return x === (x | 0) && y === (y | 0) ? small(x, y) : wrapBig(big(BigInt(x), BigInt(y)), dtype);
}

/** Integer power by squaring, wrapping; a negative exponent gives 0 (1 and -1 excepted), as PyTorch's kernel does. */
function intPow(x: number, y: number, dtype: DType): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
  let result = 1n;
  let base = BigInt(x);
  for (let n = y; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = BigInt.asIntN(64, result * base);
    base = BigInt.asIntN(64, base * base);
  }
  return wrapBig(result, dtype);
}

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
