/**
 * What an operator does to ranges of values: for each operator, the least interval we know to hold every result.
 * Bounds are computed by the very functions that define the operators (interpret.ts) and rounded as they round:
 * rounding is monotone, so that is sound; transcendental functions are widened a little, since they are not exactly
 * monotone. An interval whose ends are nan says "anything, nan too": every comparison with it stays undecided.
 */
import { evalBinary, evalUnary } from "../ir/interpret.ts";
import { toDType } from "../ir/number.ts";
import { type BinaryOp, type DType, isFloat, type UnaryOp } from "../ir/ops.ts";

/** All values v with min <= v <= max, ends included; both ends nan: any value, nan too. Booleans are 0 and 1. */
export interface Interval {
  readonly min: number;
  readonly max: number;
}

/** The accumulator of the functions here: results are written, not allocated. */
export interface MutableInterval {
  min: number;
  max: number;
}

const SAFE = Number.MAX_SAFE_INTEGER;

/** Least and greatest value of each integer type. For i64 JavaScript numbers are exact only up to 2^53. */
const RANGE: Readonly<Record<DType, Interval>> = {
  bool: { min: 0, max: 1 },
  u8: { min: 0, max: 255 },
  i8: { min: -128, max: 127 },
  i16: { min: -(2 ** 15), max: 2 ** 15 - 1 },
  i32: { min: -(2 ** 31), max: 2 ** 31 - 1 },
  i64: { min: -(2 ** 63), max: 2 ** 63 },
  f16: { min: Number.NaN, max: Number.NaN },
  bf16: { min: Number.NaN, max: Number.NaN },
  f32: { min: Number.NaN, max: Number.NaN },
  f64: { min: Number.NaN, max: Number.NaN },
};

/** Every value of `dtype`. */
export const rangeOf = (dtype: DType): Interval => RANGE[dtype];

/** True where exact integer results in [min, max] need no wrapping in `dtype`. */
export function fitsInt(min: number, max: number, dtype: DType): boolean {
  const range = RANGE[dtype];
  return dtype === "i64" ? min >= -SAFE && max <= SAFE : min >= range.min && max <= range.max;
}

const set = (out: MutableInterval, min: number, max: number): Interval => {
  out.min = min;
  out.max = max;
  return out;
};

const setAny = (out: MutableInterval, dtype: DType): Interval => set(out, RANGE[dtype].min, RANGE[dtype].max);

/** Writes exact real bounds as bounds of the rounded or wrapped value. */
export function settle(dtype: DType, min: number, max: number, out: MutableInterval): Interval {
  if (isFloat(dtype)) {
    return Number.isNaN(min) || Number.isNaN(max) ? setAny(out, dtype) : set(out, toDType(min, dtype), toDType(max, dtype));
  }
  return fitsInt(min, max, dtype) ? set(out, min + 0, max + 0) : setAny(out, dtype);
}

/** As `settle`, for functions that are monotone only up to their last bits. */
function settleWide(dtype: DType, min: number, max: number, out: MutableInterval, floor: number): Interval {
  return settle(dtype, Math.max(floor, min - Math.abs(min) * 1e-14 - 1e-15), max + Math.abs(max) * 1e-14 + 1e-15, out);
}

const isAny = (a: Interval): boolean => Number.isNaN(a.min) || Number.isNaN(a.max);
const hasZero = (a: Interval): boolean => a.min <= 0 && a.max >= 0;
const hasInfinity = (a: Interval): boolean => a.min === Number.NEGATIVE_INFINITY || a.max === Number.POSITIVE_INFINITY;

/** Where the function rises (or falls) on all of its domain, and the domain below which it gives nan. */
const MONOTONE: Readonly<
  Partial<Record<UnaryOp, { readonly falling?: true; readonly from: number; readonly to: number; readonly floor: number }>>
> = {
  exp: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, floor: 0 },
  exp2: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, floor: 0 },
  expm1: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, floor: -1 },
  log: { from: 0, to: Number.POSITIVE_INFINITY, floor: Number.NEGATIVE_INFINITY },
  log2: { from: 0, to: Number.POSITIVE_INFINITY, floor: Number.NEGATIVE_INFINITY },
  log10: { from: 0, to: Number.POSITIVE_INFINITY, floor: Number.NEGATIVE_INFINITY },
  log1p: { from: -1, to: Number.POSITIVE_INFINITY, floor: Number.NEGATIVE_INFINITY },
  sqrt: { from: 0, to: Number.POSITIVE_INFINITY, floor: 0 },
  // From the least positive number: of -0 it is -inf.
  rsqrt: { falling: true, from: Number.MIN_VALUE, to: Number.POSITIVE_INFINITY, floor: 0 },
  asin: { from: -1, to: 1, floor: -2 },
  acos: { falling: true, from: -1, to: 1, floor: 0 },
  atan: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, floor: -2 },
  sinh: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, floor: Number.NEGATIVE_INFINITY },
  tanh: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, floor: -1 },
  sigmoid: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, floor: 0 },
  erf: { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, floor: -1 },
};

/** Range of `op` on values of `dtype` in `a`. */
export function boundUnary(op: UnaryOp, dtype: DType, a: Interval, out: MutableInterval): Interval {
  const any = isAny(a);
  switch (op) {
    case "isnan":
      return set(out, 0, any ? 1 : 0);
    case "isinf":
      if (any || (hasInfinity(a) && a.min !== a.max)) return set(out, 0, 1);
      return set(out, hasInfinity(a) ? 1 : 0, hasInfinity(a) ? 1 : 0);
    default:
  }
  if (any) return setAny(out, dtype);
  switch (op) {
    case "not":
      return dtype === "bool" ? set(out, 1 - a.max, 1 - a.min) : settle(dtype, -a.max - 1, -a.min - 1, out);
    case "neg":
      return settle(dtype, -a.max, -a.min, out);
    case "abs":
      if (a.min >= 0) return set(out, a.min, a.max);
      return settle(dtype, a.max < 0 ? -a.max : 0, Math.max(-a.min, a.max), out);
    case "sign":
    case "floor":
    case "ceil":
    case "round":
    case "trunc":
      return set(out, evalUnary(op, a.min, dtype), evalUnary(op, a.max, dtype));
    case "sin":
    case "cos":
      return hasInfinity(a) ? setAny(out, dtype) : set(out, -1, 1);
    case "tan":
      return setAny(out, dtype);
    case "cosh": {
      const lo = Math.cosh(a.min);
      const hi = Math.cosh(a.max);
      return settleWide(dtype, hasZero(a) ? 1 : Math.min(lo, hi), Math.max(lo, hi), out, 0);
    }
    default: {
      const rule = MONOTONE[op];
      if (rule === undefined || a.min < rule.from || a.max > rule.to) return setAny(out, dtype);
      const lo = evalUnary(op, rule.falling ? a.max : a.min, "f64");
      const hi = evalUnary(op, rule.falling ? a.min : a.max, "f64");
      return settleWide(dtype, lo, hi, out, rule.floor);
    }
  }
}

/** Range of `op` on values of `dtype` in `a` and `b`, taken as independent. */
export function boundBinary(op: BinaryOp, dtype: DType, a: Interval, b: Interval, out: MutableInterval): Interval {
  switch (op) {
    case "eq":
      if (a.max < b.min || a.min > b.max) return set(out, 0, 0);
      return a.min === a.max && b.min === b.max && a.min === b.min ? set(out, 1, 1) : set(out, 0, 1);
    case "ne":
      if (a.max < b.min || a.min > b.max) return set(out, 1, 1);
      return a.min === a.max && b.min === b.max && a.min === b.min ? set(out, 0, 0) : set(out, 0, 1);
    case "lt":
      return set(out, a.max < b.min ? 1 : 0, a.min >= b.max ? 0 : 1);
    case "le":
      return set(out, a.max <= b.min ? 1 : 0, a.min > b.max ? 0 : 1);
    case "gt":
      return set(out, a.min > b.max ? 1 : 0, a.max <= b.min ? 0 : 1);
    case "ge":
      return set(out, a.min >= b.max ? 1 : 0, a.max < b.min ? 0 : 1);
    default:
  }
  if (isAny(a) || isAny(b)) return setAny(out, dtype);
  if (dtype === "bool") return boundBool(op, a, b, out);
  if (op === "min" || op === "fmin") return set(out, Math.min(a.min, b.min), Math.min(a.max, b.max));
  if (op === "max" || op === "fmax") return set(out, Math.max(a.min, b.min), Math.max(a.max, b.max));
  return isFloat(dtype) ? boundFloat(op, dtype, a, b, out) : boundInt(op, dtype, a, b, out);
}

function boundBool(op: BinaryOp, a: Interval, b: Interval, out: MutableInterval): Interval {
  switch (op) {
    case "and":
    case "mul":
    case "min":
    case "fmin":
      return set(out, Math.min(a.min, b.min), Math.min(a.max, b.max));
    case "or":
    case "add":
    case "max":
    case "fmax":
      return set(out, Math.max(a.min, b.min), Math.max(a.max, b.max));
    default:
      // Each has few points: the definition itself says what comes out.
      out.min = 1;
      out.max = 0;
      for (let x = a.min; x <= a.max; x++) {
        for (let y = b.min; y <= b.max; y++) {
          const value = evalBinary(op, x, y, "bool");
          out.min = Math.min(out.min, value);
          out.max = Math.max(out.max, value);
        }
      }
      return out;
  }
}

/** Hull of `op` at the four corners: exact where `op` is monotone in each operand. */
function corners(f: (x: number, y: number) => number, a: Interval, b: Interval, out: MutableInterval): Interval {
  const p = f(a.min, b.min);
  const q = f(a.min, b.max);
  const r = f(a.max, b.min);
  const s = f(a.max, b.max);
  return set(out, Math.min(p, q, r, s), Math.max(p, q, r, s));
}

const times = (x: number, y: number): number => x * y;
const quotient = (x: number, y: number): number => x / y;
const floorQuotient = (x: number, y: number): number => Math.floor(x / y);
const truncQuotient = (x: number, y: number): number => Math.trunc(x / y);
const power = (x: number, y: number): number => x ** y;

function boundFloat(op: BinaryOp, dtype: DType, a: Interval, b: Interval, out: MutableInterval): Interval {
  const infinite = hasInfinity(a) || hasInfinity(b);
  switch (op) {
    case "add":
      // inf + -inf is nan.
      if (Number.isNaN(a.max + b.min) || Number.isNaN(a.min + b.max)) return setAny(out, dtype);
      return settle(dtype, a.min + b.min, a.max + b.max, out);
    case "sub":
      if (Number.isNaN(a.max - b.max) || Number.isNaN(a.min - b.min)) return setAny(out, dtype);
      return settle(dtype, a.min - b.max, a.max - b.min, out);
    case "mul":
      if (infinite && ((hasZero(a) && hasInfinity(b)) || (hasZero(b) && hasInfinity(a)))) return setAny(out, dtype);
      corners(times, a, b, out);
      return settle(dtype, out.min, out.max, out);
    case "div":
      if (hasZero(b) || (hasInfinity(a) && hasInfinity(b))) return setAny(out, dtype);
      corners(quotient, a, b, out);
      return settle(dtype, out.min, out.max, out);
    case "floordiv":
    case "truncdiv": {
      if (hasZero(b) || infinite) return setAny(out, dtype);
      corners(op === "floordiv" ? floorQuotient : truncQuotient, a, b, out);
      // The quotient is computed with roundings of its own: one step of slack.
      return settle(dtype, out.min - 1 - Math.abs(out.min) * 1e-15, out.max + 1 + Math.abs(out.max) * 1e-15, out);
    }
    case "floormod":
      if (hasZero(b) || infinite) return setAny(out, dtype);
      return settle(dtype, Math.min(0, b.min), Math.max(0, b.max), out);
    case "fmod": {
      if (hasZero(b) || infinite) return setAny(out, dtype);
      const m = Math.max(Math.abs(b.min), Math.abs(b.max));
      return settle(dtype, a.min < 0 ? -m : 0, a.max > 0 ? m : 0, out);
    }
    case "pow":
      if (a.min <= 0 || infinite) return setAny(out, dtype);
      corners(power, a, b, out);
      return settleWide(dtype, out.min, out.max, out, 0);
    case "atan2":
      return settleWide(dtype, -Math.PI, Math.PI, out, -4);
    case "hypot": {
      const least = Math.hypot(nearest(a), nearest(b));
      return settleWide(dtype, least, Math.hypot(Math.max(-a.min, a.max), Math.max(-b.min, b.max)), out, 0);
    }
    default:
      return setAny(out, dtype);
  }
}

/** The least absolute value. */
const nearest = (a: Interval): number => (hasZero(a) ? 0 : Math.min(Math.abs(a.min), Math.abs(a.max)));

function boundInt(op: BinaryOp, dtype: DType, a: Interval, b: Interval, out: MutableInterval): Interval {
  switch (op) {
    case "add":
      return settle(dtype, a.min + b.min, a.max + b.max, out);
    case "sub":
      return settle(dtype, a.min - b.max, a.max - b.min, out);
    case "mul":
      corners(times, a, b, out);
      return settle(dtype, out.min, out.max, out);
    case "floordiv":
    case "truncdiv":
      divideInt(op === "floordiv" ? floorQuotient : truncQuotient, a, b, out);
      return settle(dtype, out.min, out.max, out);
    case "floormod":
      return floorModInt(a, b, out);
    case "fmod": {
      const m = Math.max(Math.abs(b.min), Math.abs(b.max)) - 1;
      const within = b.min === b.max && Math.max(-a.min, a.max) <= m;
      return within
        ? set(out, a.min, a.max)
        : set(out, a.min < 0 ? Math.max(-Math.max(0, m), a.min) : 0, a.max > 0 ? Math.min(Math.max(0, m), a.max) : 0);
    }
    case "pow":
      if (a.min < 0 || b.min < 0) return setAny(out, dtype);
      return settle(dtype, a.min === 0 ? 0 : a.min ** b.min, a.max <= 1 ? 1 : a.max ** b.max, out);
    case "and":
      // x & (2^n - 1) is x mod 2^n, negative x too.
      if (b.min === b.max && b.min >= 0 && isMask(b.min)) return floorModInt(a, { min: b.min + 1, max: b.min + 1 }, out);
      if (a.min === a.max && a.min >= 0 && isMask(a.min)) return floorModInt(b, { min: a.min + 1, max: a.min + 1 }, out);
      if (a.min >= 0 && b.min >= 0) return set(out, 0, Math.min(a.max, b.max));
      if (a.min >= 0) return set(out, 0, a.max);
      if (b.min >= 0) return set(out, 0, b.max);
      return setAny(out, dtype);
    case "or":
      if (a.min < 0 || b.min < 0) return setAny(out, dtype);
      return set(out, Math.max(a.min, b.min), below(Math.max(a.max, b.max)));
    case "xor":
      if (a.min < 0 || b.min < 0) return setAny(out, dtype);
      return set(out, 0, below(Math.max(a.max, b.max)));
    case "shl":
      if (b.min < 0 || b.max > 62) return setAny(out, dtype);
      corners((x, y) => x * 2 ** y, a, b, out);
      // A shift by the width gives 0, and so may one that wraps.
      return settle(dtype, Math.min(0, out.min), Math.max(0, out.max), out);
    case "shr":
      if (b.min < 0 || b.max > 62) return set(out, Math.min(a.min, a.min < 0 ? -1 : 0), Math.max(a.max, a.min < 0 ? -1 : 0));
      return corners((x, y) => Math.floor(x / 2 ** y), a, b, out);
    default:
      return setAny(out, dtype);
  }
}

/** 2^n - 1, exactly representable. */
const isMask = (x: number): boolean => x < 2 ** 31 && (x & (x + 1)) === 0;
/** The least 2^n - 1 that is not below `x`. */
const below = (x: number): number => 2 ** Math.ceil(Math.log2(x + 1) + (x >= 2 ** 31 ? 1 : 0)) - 1;

/** Integer division; by 0 it is 0, so a divisor range over 0 is taken in three parts. */
function divideInt(f: (x: number, y: number) => number, a: Interval, b: Interval, out: MutableInterval): Interval {
  if (!hasZero(b)) return corners(f, a, b, out);
  let min = 0;
  let max = 0;
  for (const part of [
    { min: b.min, max: -1 },
    { min: 1, max: b.max },
  ]) {
    if (part.min > part.max) continue;
    corners(f, a, part, out);
    min = Math.min(min, out.min);
    max = Math.max(max, out.max);
  }
  return set(out, min, max);
}

/** Python's modulo; by 0 it is 0. */
function floorModInt(a: Interval, b: Interval, out: MutableInterval): Interval {
  if (b.min === b.max && b.min > 0) {
    const m = b.min;
    const turn = Math.floor(a.min / m);
    // Only where all of `a` lies in one period do its ends say more than the period does.
    if (turn === Math.floor(a.max / m) && Math.abs(a.min) <= SAFE && Math.abs(a.max) <= SAFE) {
      return set(out, a.min - turn * m, a.max - turn * m);
    }
    return set(out, 0, m - 1);
  }
  if (b.min > 0 && a.min >= 0) return set(out, a.max < b.min ? a.min : 0, Math.min(a.max, b.max - 1));
  return set(out, b.min < 0 ? b.min + 1 : 0, b.max > 0 ? b.max - 1 : 0);
}

/** Range of the conversion of values of `from` in `a` to `to`. */
export function boundCast(from: DType, to: DType, a: Interval, out: MutableInterval): Interval {
  if (to === "bool") {
    if (isAny(a)) return set(out, 0, 1);
    return set(out, hasZero(a) ? 0 : 1, a.min === 0 && a.max === 0 ? 0 : 1);
  }
  if (isAny(a)) return setAny(out, to);
  if (isFloat(to)) return set(out, toDType(a.min, to), toDType(a.max, to));
  if (isFloat(from)) return settle(to, Math.trunc(a.min), Math.trunc(a.max), out);
  return settle(to, a.min, a.max, out);
}
