/**
 * Operators of the IR: their names by arity, and the dtype of what they give.
 *
 * The IR has Python's (PyTorch's) meaning; the front end has already inserted every promotion as an explicit
 * `Cast`, so both operands of a binary operator have one dtype, and the rules here are short.
 */

/** PyTorch's dtypes, short. `i64` values are JavaScript numbers up to 2^53 and bigints beyond (wide.ts). */
export type DType = "bool" | "u8" | "i8" | "i16" | "i32" | "i64" | "f16" | "bf16" | "f32" | "f64";

export const UNARY_OPS = [
  "neg", // -x; ints wrap
  "abs",
  "sign", // -1, 0, 1 in x's dtype; of nan 0
  "not", // bool: logical; int: bitwise (~x)
  "floor",
  "ceil",
  "round", // half to even
  "trunc",
  "exp",
  "exp2",
  "expm1",
  "log",
  "log2",
  "log10",
  "log1p",
  "sqrt",
  "rsqrt",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "sigmoid",
  "erf",
  "isnan", // bool
  "isinf", // bool
] as const;
export type UnaryOp = (typeof UNARY_OPS)[number];

export const BINARY_OPS = [
  "add",
  "sub",
  "mul",
  "div", // true division, floats only
  "floordiv", // Python's: rounds towards minus infinity, floats by way of the remainder; int by 0 is 0 here (PyTorch raises)
  "floormod", // Python's: takes the divisor's sign; int by 0 is 0 here (PyTorch raises)
  "truncdiv", // ints: C's division
  "fmod", // C's remainder: takes the dividend's sign
  "pow",
  "atan2",
  "hypot",
  "min", // nan if either is nan
  "max", // nan if either is nan
  "fmin", // the other if one is nan
  "fmax",
  "and", // bool: logical (both sides evaluated); int: bitwise
  "or",
  "xor",
  "shl", // ints; by a negative or by the width or more: 0
  "shr", // arithmetic; by a negative or by the width or more: sign fill
  "eq", // comparisons give bool
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
] as const;
export type BinaryOp = (typeof BINARY_OPS)[number];

const COMMUTATIVE: ReadonlySet<BinaryOp> = new Set(["add", "mul", "min", "max", "fmin", "fmax", "and", "or", "xor", "eq", "ne", "hypot"]);
const COMPARISONS: ReadonlySet<BinaryOp> = new Set(["eq", "ne", "lt", "le", "gt", "ge"]);

export const isCommutative = (op: BinaryOp): boolean => COMMUTATIVE.has(op);
export const isComparison = (op: BinaryOp): boolean => COMPARISONS.has(op);

const FLOATS: ReadonlySet<DType> = new Set(["f16", "bf16", "f32", "f64"]);
export const isFloat = (dtype: DType): boolean => FLOATS.has(dtype);
/** Integers without bool. */
export const isInt = (dtype: DType): boolean => dtype !== "bool" && !FLOATS.has(dtype);

/** The dtype of `op` applied to operands of `dtype`. */
export function unaryResult(op: UnaryOp, dtype: DType): DType {
  return op === "isnan" || op === "isinf" ? "bool" : dtype;
}

/** The dtype of `op` applied to two operands of `dtype`. */
export function binaryResult(op: BinaryOp, dtype: DType): DType {
  return COMPARISONS.has(op) ? "bool" : dtype;
}

/** Bytes of one element in PyTorch's layout. */
export const DTYPE_BYTES: Readonly<Record<DType, number>> = {
  bool: 1,
  u8: 1,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  f16: 2,
  bf16: 2,
  f32: 4,
  f64: 8,
};

/** PyTorch's names, as `str(t.dtype)` prints them without `torch.`. */
export const TORCH_NAMES: Readonly<Record<DType, string>> = {
  bool: "bool",
  u8: "uint8",
  i8: "int8",
  i16: "int16",
  i32: "int32",
  i64: "int64",
  f16: "float16",
  bf16: "bfloat16",
  f32: "float32",
  f64: "float64",
};
