/**
 * NumPy's arrays: what is one, how numbers and lists become one, and how two of them promote. Arrays are tensors with
 * a flag; with a torch.Tensor they make a torch.Tensor, and 0-d results are Python's numbers.
 */
import { type DType, isFloat } from "../ir/ops.ts";
import { promoteTypes } from "./promote.ts";
import type { BinOperator, CompareOperator } from "./syntax.ts";
import { itemOf, scalarTensor, select, tensorFrom, viewOf } from "./tensor.ts";
import { type At, cast, tensorBinary, tensorCompare } from "./torchElement.ts";
import { matmul } from "./torchReduce.ts";
import { bool, type Dynamic, float, int, isScalar, isTensor, numberOf, refuse, type Scalar, type Tensor, type Value } from "./value.ts";

/** The same elements as a torch.Tensor, which shares them. */
export const withoutFlag = (t: Tensor): Tensor => (t.isNumpy === true ? viewOf(t, t.shape, t.strides) : t);

/** A result as NumPy gives it: arrays, Python's numbers where no dimension is left, and tuples and lists of them. */
export function asArray(v: Value): Value {
  if (v.type === "tensor") return v.shape.length === 0 ? numberIn(v) : { ...v, isNumpy: true };
  if (v.type === "tuple") return { ...v, items: v.items.map(asArray) };
  return v;
}

const numberIn = (t: Tensor): Scalar => {
  const x = itemOf(t);
  return t.dtype === "bool" ? bool(x !== 0) : isFloat(t.dtype) ? float(x) : int(x);
};

const NAMES: Readonly<Record<string, DType>> = {
  bool: "bool",
  bool_: "bool",
  int: "i64",
  int_: "i64",
  intp: "i64",
  long: "i64",
  int8: "i8",
  int16: "i16",
  int32: "i32",
  int64: "i64",
  uint8: "u8",
  float: "f64",
  float_: "f64",
  double: "f64",
  float16: "f16",
  half: "f16",
  float32: "f32",
  single: "f32",
  float64: "f64",
};

/** A dtype as NumPy takes it: `np.int64`, `float`, `"int64"`; null for anything else. */
export function NUMPY_DTYPES(v: Value): DType | null {
  if (v.type === "dtype") return v.dtype;
  const name = v.type === "str" ? v.value : v.type === "builtin" ? v.name.replace(/^numpy\./, "") : "";
  return Object.hasOwn(NAMES, name) ? (NAMES[name] ?? null) : null;
}

/** `v` as an array: a tensor, a number, or lists of them; null where it is none of these. @throws Refusal for uneven rows */
export function arrayOf(at: At, v: Value, dtype: DType | null): Tensor | null {
  if (v.type === "tensor") {
    const made = dtype === null ? v : cast(at, v, dtype);
    return made.type === "tensor" ? { ...viewOf(made, made.shape, made.strides), isNumpy: true } : null;
  }
  if (v.type === "dynamic") return refuse("item-of-tensor", at.span, [at.run.text(at.span)]);
  const shape: number[] = [];
  const values: number[] = [];
  let common: DType | null = null;
  const note = (d: DType): void => {
    common = common === null ? d : promote(common, d);
  };
  const visit = (item: Value, depth: number): boolean => {
    if (isScalar(item)) {
      if (depth !== shape.length) uneven(at);
      note(item.type === "bool" ? "bool" : item.type === "int" ? "i64" : "f64");
      values.push(numberOf(item));
      return true;
    }
    const rows = rowsOf(at, item);
    if (rows === null) return false;
    if (item.type === "tensor") note(item.dtype);
    if (rows === 0) {
      values.push(item.type === "tensor" ? itemOf(item) : 0);
      return true;
    }
    const known = shape[depth];
    if (known === undefined) shape.push(rows.length);
    else if (known !== rows.length) uneven(at);
    return rows.every((x) => visit(x, depth + 1));
  };
  if (!visit(v, 0)) return null;
  return { ...tensorFrom(dtype ?? common ?? "f64", shape, values, at.run.trace !== null), isNumpy: true };
}

/** What `v` is made of, row by row; 0 for a 0-d tensor, null for what is no sequence. */
function rowsOf(at: At, v: Value): readonly Value[] | 0 | null {
  at.run.step(at.span);
  if (v.type === "list" || v.type === "tuple") return v.items;
  if (v.type === "range") {
    const n = Math.max(0, Math.ceil((v.stop - v.start) / v.step));
    at.run.step(at.span, 1 + n / 16);
    return Array.from({ length: n }, (_, i) => int(v.start + i * v.step));
  }
  if (v.type !== "tensor") return null;
  return v.shape.length === 0 ? 0 : Array.from({ length: v.shape[0] ?? 0 }, (_, i) => select(v, 0, i));
}

const uneven = (at: At): never => refuse("operand-types", at.span, [at.run.text(at.span), "the rows differ in length"]);

/** `np.promote_types`: unlike PyTorch's, integers of 32 bits and more make float64 with any float. */
function promote(a: DType, b: DType): DType {
  if (isFloat(a) === isFloat(b) || a === "bool" || b === "bool") return promoteTypes(a, b);
  const [whole, real] = isFloat(a) ? [b, a] : [a, b];
  if (whole === "i32" || whole === "i64") return "f64";
  return real === "f16" ? (whole === "i16" ? "f32" : "f16") : real;
}

/** An array of floats: float64, unless it has floats already. */
export function floatOf(at: At, x: Tensor): Tensor {
  const made = isFloat(x.dtype) ? x : cast(at, x, "f64");
  return made.type === "tensor" ? { ...made, isNumpy: true } : x;
}

/** `a op b` where one is an array and the other an array or a number. @throws Refusal */
export function arrayBinary(at: At, op: BinOperator, a: Value, b: Value): Value {
  const [x, y] = common(at, a, b, op === "/");
  if (x === null || y === null) return refuse("operand-types", at.span, [at.run.text(at.span), "arrays and numbers are asked for"]);
  return asArray(op === "@" ? matmul(at, x, y) : tensorBinary(at, op, x, y));
}

/** `a < b` and its like of arrays. */
export function arrayCompare(at: At, op: CompareOperator, a: Value, b: Value): Value {
  const [x, y] = common(at, a, b, false);
  if (x === null || y === null) return refuse("operand-types", at.span, [at.run.text(at.span), "arrays and numbers are asked for"]);
  return asArray(tensorCompare(at, op, x, y));
}

/** Both as tensors of the dtype in which NumPy computes; Python's numbers take the other's width. */
function common(at: At, a: Value, b: Value, isDivision: boolean): [Tensor | null, Tensor | null] {
  const parts = [a, b].map((v) => (isScalar(v) || v.type === "tensor" ? v : arrayOf(at, v, null)));
  let dtype: DType | null = null;
  for (const v of parts) if (v?.type === "tensor") dtype = dtype === null ? v.dtype : promote(dtype, v.dtype);
  for (const v of parts) {
    if (v === null || v === undefined || v.type === "tensor") continue;
    if (v.type === "float" && (dtype === null || !isFloat(dtype))) dtype = "f64";
    else if (v.type === "int" && (dtype === null || dtype === "bool")) dtype = "i64";
    else dtype ??= "bool";
  }
  const wide: DType = isDivision && (dtype === null || !isFloat(dtype)) ? "f64" : (dtype ?? "f64");
  const made = parts.map((v): Tensor | null => {
    if (v === null || v === undefined) return null;
    const t = v.type === "tensor" ? cast(at, withoutFlag(v), wide) : scalarTensor(v, wide);
    return t.type === "tensor" ? t : null;
  });
  return [made[0] ?? null, made[1] ?? null];
}

/** Whether `v` is a NumPy array. */
export const isArray = (v: Value): v is Tensor => v.type === "tensor" && v.isNumpy === true;

/** Whether an operation is NumPy's: an array with an array, a number or a list, and no torch.Tensor. */
export const isNumpyPair = (a: Value, b: Value): boolean => (isArray(a) || isArray(b)) && !isTorch(a) && !isTorch(b);
const isTorch = (v: Value): v is Tensor | Dynamic => isTensor(v) && !isArray(v);
