/**
 * Integers of 64 bits, exactly. A value of dtype i64 is a JavaScript number while it is safe (up to 2^53) and a bigint
 * beyond, never both, so that `===` and `<` hold between any two. Arithmetic that leaves 2^53 is done again here, with
 * bigints, and wraps as PyTorch's does; hashes of indices need that, and little else gets here.
 */
import { INT_MIN, toDType } from "./number.ts";
import { type BinaryOp, type DType, isFloat, isInt, type UnaryOp } from "./ops.ts";

/** A value of the IR; a bigint only for an i64 beyond 2^53. */
export type Exact = number | bigint;

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** `x` wrapped to 64 bits, as a number if it is safe. */
export function narrow(x: bigint): Exact {
  const wrapped = BigInt.asIntN(64, x);
  return wrapped <= SAFE && wrapped >= -SAFE ? Number(wrapped) : wrapped;
}

/** An integer-valued number of any size as an i64. */
export const exactly = (x: number): Exact => (Number.isSafeInteger(x) ? x : narrow(BigInt(x)));

/** `x` of dtype `from` as PyTorch's `.to(to)` has it. */
export function convert(x: Exact, from: DType, to: DType): Exact {
  if (typeof x === "bigint") return to === "i64" ? x : convertWide(x, to);
  return isFloat(from) && isInt(to) ? truncateTo(x, to) : toDType(x, to);
}

/** An i64 as another dtype: ints wrap, floats round once. */
function convertWide(x: bigint, dtype: DType): number {
  switch (dtype) {
    case "bool":
      return x === 0n ? 0 : 1;
    case "f64":
      return Number(x);
    case "f32":
    case "f16":
    case "bf16": {
      // 53 bits with the rest folded into the last one: rounding to 24 bits afterwards is as if it were the first.
      const folded = (x >> 11n) | ((x & 2047n) === 0n ? 0n : 1n);
      return toDType(Number(folded) * 2048, dtype);
    }
    case "i64":
      return Number(BigInt.asIntN(64, x));
    case "u8":
      return Number(BigInt.asUintN(8, x));
    case "i8":
      return Number(BigInt.asIntN(8, x));
    case "i16":
      return Number(BigInt.asIntN(16, x));
    case "i32":
      return Number(BigInt.asIntN(32, x));
  }
}

/** `op` on an i64. */
export function wideUnary(op: UnaryOp, x: bigint): Exact {
  switch (op) {
    case "neg":
      return narrow(-x);
    case "abs":
      return narrow(x < 0n ? -x : x);
    case "not":
      return narrow(~x);
    case "sign":
      return x < 0n ? -1 : x > 0n ? 1 : 0;
    case "isnan":
    case "isinf":
      return 0;
    default:
      return narrow(x);
  }
}

/** `op` on two integers of i64. Comparisons are not asked for: they need no bigints. */
export function wideBinary(op: BinaryOp, x: bigint, y: bigint): Exact {
  switch (op) {
    case "add":
      return narrow(x + y);
    case "sub":
      return narrow(x - y);
    case "mul":
      return narrow(x * y);
    case "floordiv": {
      if (y === 0n) return 0;
      const r = x % y;
      return narrow((x - (r !== 0n && r < 0n !== y < 0n ? r + y : r)) / y);
    }
    case "floormod": {
      if (y === 0n) return 0;
      const r = x % y;
      return narrow(r !== 0n && r < 0n !== y < 0n ? r + y : r);
    }
    case "truncdiv":
      return y === 0n ? 0 : narrow(x / y);
    case "fmod":
      return y === 0n ? 0 : narrow(x % y);
    case "min":
    case "fmin":
      return narrow(x < y ? x : y);
    case "max":
    case "fmax":
      return narrow(x > y ? x : y);
    case "and":
      return narrow(x & y);
    case "or":
      return narrow(x | y);
    case "xor":
      return narrow(x ^ y);
    case "shl":
      return y < 0n || y >= 64n ? 0 : narrow(x << y);
    case "shr":
      return y < 0n || y >= 64n ? (x < 0n ? -1 : 0) : narrow(x >> y);
    case "pow":
      return widePower(x, y);
    default:
      throw new Error(`${op} of integers`);
  }
}

/** By squaring, wrapping; a negative exponent gives 0 (1 and -1 excepted), as PyTorch's kernel does. */
function widePower(x: bigint, y: bigint): Exact {
  if (y < 0n) return x === 1n ? 1 : x === -1n ? (y % 2n === 0n ? 1 : -1) : 0;
  let result = 1n;
  let base = x;
  for (let n = y; n > 0n; n >>= 1n) {
    if ((n & 1n) === 1n) result = BigInt.asIntN(64, result * base);
    base = BigInt.asIntN(64, base * base);
  }
  return narrow(result);
}

/**
 * A float truncated to an integer dtype, as x86 does it: what does not fit is the least integer, of 64 bits for i64 and
 * for bytes, whose lowest bits are then kept, else of 32.
 */
function truncateTo(x: number, dtype: DType): Exact {
  const t = Math.trunc(x) + 0;
  if (dtype === "i64" || dtype === "u8") {
    const wide = t >= INT_MIN && t < -INT_MIN ? exactly(t) : BigInt(INT_MIN);
    return dtype === "i64" ? wide : convert(wide, "i64", "u8");
  }
  const fits = t >= -(2 ** 31) && t < 2 ** 31;
  return toDType(fits ? t : -(2 ** 31), dtype);
}
