/**
 * Binary operators for loops over many elements: `op` and `dtype` are decided before the loop, and what an engine can
 * keep in registers is one line. The meaning is that of `evalBinary`, which does what is not here.
 */
import { evalBinary } from "./interpret.ts";
import { type BinaryOp, type DType, isInt } from "./ops.ts";

type Plain = (x: number, y: number) => number;

const COMPARISONS: Partial<Record<BinaryOp, Plain>> = {
  eq: (x, y) => (x === y ? 1 : 0),
  ne: (x, y) => (x !== y ? 1 : 0),
  lt: (x, y) => (x < y ? 1 : 0),
  le: (x, y) => (x <= y ? 1 : 0),
  gt: (x, y) => (x > y ? 1 : 0),
  ge: (x, y) => (x >= y ? 1 : 0),
};

const BOOL: Partial<Record<BinaryOp, Plain>> = { and: (x, y) => x & y, or: (x, y) => x | y, xor: (x, y) => x ^ y };

const SINGLE: Partial<Record<BinaryOp, Plain>> = {
  add: (x, y) => Math.fround(x + y),
  sub: (x, y) => Math.fround(x - y),
  mul: (x, y) => Math.fround(x * y),
  div: (x, y) => Math.fround(x / y),
};

const DOUBLE: Partial<Record<BinaryOp, Plain>> = { add: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y, div: (x, y) => x / y };

const EXACT: Partial<Record<BinaryOp, Plain>> = { add: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y + 0 };

const EITHER: Partial<Record<BinaryOp, Plain>> = { min: Math.min, max: Math.max };

/** `evalBinary` with `op` and `dtype` given. */
export function binaryOn(op: BinaryOp, dtype: DType): Plain {
  const slow: Plain = (x, y) => evalBinary(op, x, y, dtype);
  const plain = COMPARISONS[op] ?? EITHER[op];
  if (plain !== undefined) return plain;
  if (dtype === "bool") return BOOL[op] ?? slow;
  if (dtype === "f32") return SINGLE[op] ?? slow;
  if (dtype === "f64") return DOUBLE[op] ?? slow;
  const exact = isInt(dtype) ? EXACT[op] : undefined;
  if (exact === undefined) return slow;
  // What leaves the least and the greatest of the dtype wraps, as `evalBinary` does it.
  const [least, greatest] =
    dtype === "i64" ? [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] : dtype === "u8" ? [0, 255] : rangeOf(dtype);
  return (x, y) => {
    const r = exact(x, y);
    return r >= least && r <= greatest ? r : slow(x, y);
  };
}

/** Of a signed integer of less than 64 bits. */
function rangeOf(dtype: DType): readonly [number, number] {
  const bits = dtype === "i8" ? 7 : dtype === "i16" ? 15 : 31;
  return [-(2 ** bits), 2 ** bits - 1];
}
