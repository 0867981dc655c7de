/**
 * Operations element by element, on tensors of both kinds: broadcast, promoted as PyTorch does, computed where every
 * operand is known and built as IR where one is not. All others (softplus, clamp, …) are made of these.
 *
 * While a mod is traced, a 0-d float tensor from outside stays a load: it is data, and a gradient flows to it.
 */

import { binaryOn } from "../ir/bulk.ts";
import { binary, cast as castExpr, type Expr, unary, where } from "../ir/expr.ts";
import { evalUnary } from "../ir/interpret.ts";
import { arrayFor, type Span } from "../ir/mod.ts";
import { type BinaryOp, type DType, isComparison, isFloat, isInt, TORCH_NAMES, type UnaryOp } from "../ir/ops.ts";
import { convert } from "../ir/wide.ts";
import { batchedType, floatType, isHalf, type Operand, resultType } from "./promote.ts";
import type { BinOperator, CompareOperator } from "./syntax.ts";
import {
  dataOf,
  dynamic,
  dynamicElements,
  elementsOf,
  itemOf,
  MAX_DYNAMIC,
  MAX_ELEMENTS,
  numel,
  scalarTensor,
  tensorFrom,
  tensorOf,
  viewOf,
} from "./tensor.ts";
import { checkedNumber, numberTensor } from "./torchNumber.ts";
import { type Dynamic, isTensor, numberOf, type Run, refuse, type Tensor } from "./value.ts";

export type TensorLike = Tensor | Dynamic;

/** Where in the text an operation stands, and who runs it. */
export interface At {
  readonly run: Run;
  readonly span: Span;
}

/** A known tensor as the expressions of its elements; `batched` nothing. */
export function asDynamic(t: TensorLike): Dynamic {
  return t.type === "dynamic" ? t : dynamic(t.dtype, t.shape, elementsOf(t), 0);
}

/** NumPy's broadcasting. @throws Refusal */
export function broadcastShape(at: At, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((size, i) => {
      const d = rank - shape.length + i;
      if (out[d] === 1) out[d] = size;
      else if (size !== 1 && size !== out[d]) {
        const text = shapes.map((s) => `[${s.join(", ")}]`).join(" and ");
        refuse("operand-types", at.span, [at.run.text(at.span), `the shapes ${text} do not broadcast`]);
      }
    });
  }
  return out;
}

/** A view of `t` in the larger `shape`. */
export function expand(t: Tensor, shape: readonly number[]): Tensor {
  if (shape.length === 0) return t;
  const pad = shape.length - t.shape.length;
  return viewOf(
    t,
    shape,
    shape.map((_, d) => (d < pad || t.shape[d - pad] === 1 ? 0 : (t.strides[d - pad] ?? 0))),
  );
}

/** The elements of `x`, row-major, in the larger `shape`. */
export function expandElements(x: TensorLike, shape: readonly number[]): readonly Expr[] {
  if (x.type === "tensor") return elementsOf(expand(x, shape));
  const elements = dynamicElements(x);
  const first = elements[0];
  if (elements.length === numel(shape)) return elements;
  if (elements.length === 1 && first !== undefined) return new Array<Expr>(numel(shape)).fill(first);
  // A tensor of positions, expanded, says which element goes where.
  const positions = tensorFrom(
    "i64",
    x.shape,
    elements.map((_, i) => i),
    true,
  );
  return Array.from(dataOf(expand(positions, shape)), (i) => elements[i]).filter((e) => e !== undefined);
}

const isLive = (at: At, x: TensorLike): boolean =>
  x.type === "dynamic" || (at.run.trace !== null && !x.storage.literal && x.shape.length === 0 && isFloat(x.dtype));

/** Known elements that cost as much as one step of evaluation. */
export const ELEMENTS_A_STEP = 256;

/** Applies one operator to broadcast operands: `known` to numbers (it gives values of `dtype`), `build` to expressions. */
function elementwise(
  at: At,
  dtype: DType,
  operands: readonly TensorLike[],
  known: (x: number, y: number, z: number) => number,
  build: (x: Expr, y: Expr, z: Expr) => Expr,
): TensorLike {
  const [first, second = first, third = first] = operands;
  if (first === undefined || second === undefined || third === undefined) throw new Error("an operation without operands");
  const shape = operands.every((x) => x.shape.length === 0)
    ? []
    : broadcastShape(
        at,
        operands.map((x) => x.shape),
      );
  const n = numel(shape);
  if (operands.some((x) => isLive(at, x))) {
    if (n > MAX_DYNAMIC) refuse("too-large", at.span, [`The tensor ${shapeText(shape)} that a mod builds`]);
    at.run.step(at.span, n);
    return built(dtype, operands, shape, build);
  }
  if (n > MAX_ELEMENTS) refuse("too-large", at.span, [`The tensor ${shapeText(shape)}`]);
  at.run.step(at.span, 1 + n / ELEMENTS_A_STEP);
  const [x, y, z] = [first, second, third].map((t) => readOf(t, shape));
  if (x === undefined || y === undefined || z === undefined) throw new Error("an operation without operands");
  const out = arrayFor(dtype, n);
  const [xs, ys, zs] = [x.data, y.data, z.data];
  const isWide = dtype === "i64";
  let isSafe = true;
  for (let i = 0; i < n; i++) {
    const v = known(xs[i * x.step] ?? 0, ys[i * y.step] ?? 0, zs[i * z.step] ?? 0);
    out[i] = v;
    if (isWide && !Number.isSafeInteger(v)) isSafe = false;
  }
  // Beyond 2^53 an array of numbers does not hold an i64, and an expression does.
  if (!isSafe && at.run.trace !== null && n <= MAX_DYNAMIC) return built(dtype, operands, shape, build);
  return tensorOf(dtype, shape, out, at.run.trace !== null);
}

/** The result as one expression an element. */
function built(
  dtype: DType,
  operands: readonly TensorLike[],
  shape: readonly number[],
  build: (x: Expr, y: Expr, z: Expr) => Expr,
): Dynamic {
  const lists = operands.map((x) => expandElements(x, shape));
  const [xs, ys = xs, zs = xs] = lists;
  const elements: Expr[] = [];
  for (let i = 0; i < (xs?.length ?? 0); i++) {
    const [x, y, z] = [xs?.[i], ys?.[i], zs?.[i]];
    if (x !== undefined && y !== undefined && z !== undefined) elements.push(build(x, y, z));
  }
  const batched = operands.reduce((bits, x) => bits | (x.type === "dynamic" ? x.batched : 0), 0);
  return dynamic(dtype, shape, elements, batched);
}

/** The elements of a known tensor as they stand in the larger `shape`; one element is read again and again. */
function readOf(t: TensorLike, shape: readonly number[]): { readonly data: ArrayLike<number>; readonly step: 0 | 1 } {
  if (t.type === "dynamic") throw new Error("a known tensor is asked for");
  return numel(t.shape) === 1 ? { data: [itemOf(t)], step: 0 } : { data: dataOf(expand(t, shape)), step: 1 };
}

const shapeText = (shape: readonly number[]): string => `of shape [${shape.join(", ")}]`;

/** `x.to(dtype)`; `x` itself where it has that dtype. */
export function cast(at: At, x: TensorLike, dtype: DType): TensorLike {
  if (x.dtype === dtype) return x;
  if (x.type === "tensor" && !isLive(at, x)) {
    at.run.step(at.span, 1 + numel(x.shape) / 64);
    const whole = isFloat(x.dtype) && isInt(dtype);
    const data = dataOf(x);
    return tensorFrom(dtype, x.shape, whole ? Array.from(data, (v) => Number(convert(v, x.dtype, dtype))) : data, x.storage.literal);
  }
  return elementwise(
    at,
    dtype,
    [x],
    (v) => Number(convert(v, x.dtype, dtype)),
    (e) => castExpr(e, dtype),
  );
}

/** `op` in the operand's own dtype. */
export function applyUnary(at: At, op: UnaryOp, x: TensorLike): TensorLike {
  const dtype = op === "isnan" || op === "isinf" ? "bool" : x.dtype;
  return elementwise(
    at,
    dtype,
    [x],
    (v) => evalUnary(op, v, x.dtype),
    (e) => unary(op, e),
  );
}

const FLOATS_ONLY: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["div", "atan2", "hypot"]);

/** `op` on operands of one dtype; `+`, `*`, min and max of bools as `|` and `&`. */
export function applyBinary(at: At, op: BinaryOp, a: TensorLike, b: TensorLike): TensorLike {
  if (FLOATS_ONLY.has(op) && !isFloat(a.dtype))
    refuse("operand-types", at.span, [at.run.text(at.span), `PyTorch does not do this for ${TORCH_NAMES[a.dtype]}`]);
  const actual = a.dtype === "bool" ? (BOOL_OPS[op] ?? op) : op;
  return elementwise(at, isComparison(op) ? "bool" : a.dtype, [a, b], binaryOn(actual, a.dtype), (x, y) => binary(actual, x, y));
}

const BOOL_OPS: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = { add: "or", mul: "and", min: "and", max: "or" };

/** The branches have one dtype, `condition` is bool. */
export function applyWhere(at: At, condition: TensorLike, a: TensorLike, b: TensorLike): TensorLike {
  return elementwise(
    at,
    a.dtype,
    [condition, a, b],
    (c, x, y) => (c !== 0 ? x : y),
    (c, x, y) => where(c, x, y),
  );
}

/** An operand as a tensor of `dtype`. */
export function toTensor(at: At, x: Operand, dtype: DType): TensorLike {
  return isTensor(x) ? cast(at, x, dtype) : numberTensor(at, x, dtype);
}

/** As `toTensor`, for functions that store the number. @throws Refusal for a number that `dtype` does not hold */
export function toStored(at: At, x: Operand, dtype: DType): TensorLike {
  return isTensor(x) ? cast(at, x, dtype) : checkedNumber(at, x, dtype);
}

/** `op` on operands promoted to their common dtype. */
export function promoted(at: At, op: BinaryOp, a: Operand, b: Operand): TensorLike {
  const dtype = resultType([a, b]);
  return applyBinary(at, op, toTensor(at, a, dtype), toTensor(at, b, dtype));
}

/** `torch.where` with its promotion. */
export function whereOf(at: At, condition: TensorLike, a: Operand, b: Operand): TensorLike {
  const dtype = batchedType([a, b]);
  // Half precision takes a number that is too large for infinity.
  const choice = isHalf(dtype) ? toTensor : toStored;
  return applyWhere(at, condition, choice(at, a, dtype), choice(at, b, dtype));
}

/** A float function of `x`: integers and bool go to f32 first. */
export function floatUnary(at: At, op: UnaryOp, x: TensorLike): TensorLike {
  return applyUnary(at, op, cast(at, x, floatType(x.dtype)));
}

/** `x * y + z` of floats of one dtype; float32 with one rounding, as fused instructions have it. */
export function multiplyAdd(at: At, x: TensorLike, y: TensorLike, z: TensorLike): TensorLike {
  const wide = (t: TensorLike): TensorLike => (z.dtype === "f32" ? cast(at, t, "f64") : t);
  return cast(at, applyBinary(at, "add", wide(z), applyBinary(at, "mul", wide(x), wide(y))), z.dtype);
}

/** Computes a formula in f32 where `x` is f16 or bf16, and rounds once at its end, as PyTorch's kernels do. */
export function inOpmath(at: At, x: TensorLike, formula: (x: TensorLike) => TensorLike): TensorLike {
  return isHalf(x.dtype) ? cast(at, formula(cast(at, x, "f32")), x.dtype) : formula(x);
}

/** `x` as the bool `x != 0`. */
export const truth = (at: At, x: TensorLike): TensorLike => cast(at, x, "bool");

// -------------------------------------------------------------------------------------------- Python's operators

const ARITHMETIC: Readonly<Partial<Record<BinOperator, BinaryOp>>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "//": "floordiv",
  "%": "floormod",
};
const BITWISE: Readonly<Partial<Record<BinOperator, BinaryOp>>> = { "&": "and", "|": "or", "^": "xor", "<<": "shl", ">>": "shr" };
const COMPARE: Readonly<Partial<Record<CompareOperator, BinaryOp>>> = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
};

/** `a op b` where at least one is a tensor; not `@`. @throws Refusal where PyTorch raises */
export function tensorBinary(at: At, op: BinOperator, a: Operand, b: Operand): TensorLike {
  const text = () => at.run.text(at.span);
  if (op === "/") return divide(at, a, b);
  if (op === "**") return power(at, a, b);
  const bitwise = BITWISE[op];
  if (bitwise !== undefined) {
    const dtype = resultType([a, b]);
    if (isFloat(dtype)) refuse("operand-types", at.span, [text(), `\`${op}\` takes integers and bools, not ${TORCH_NAMES[dtype]}`]);
    const shift = op === "<<" || op === ">>";
    const wide = shift && dtype === "bool" ? "i64" : dtype;
    return applyBinary(at, bitwise, toTensor(at, a, wide), toTensor(at, b, wide));
  }
  const plain = ARITHMETIC[op];
  if (plain === undefined) throw new Error(`tensorBinary ${op}`);
  const dtype = resultType([a, b]);
  if (op === "-" && subtractsBool(a, b)) refuse("bool-subtraction", at.span, [text()]);
  if ((op === "//" || op === "%") && !isFloat(dtype) && !isTensor(b) && numberOf(b) === 0) refuse("zero-division", at.span, [text()]);
  if (isHalf(dtype) && (op === "*" || op === "//")) return halfOperation(at, plain, a, b, dtype);
  return applyBinary(at, plain, toTensor(at, a, dtype), toTensor(at, b, dtype));
}

/** Whether PyTorch's check of `-` meets a bool: `flag - 1` passes, `1 - flag` does not. */
function subtractsBool(a: Operand, b: Operand): boolean {
  if (!isTensor(a)) return isTensor(b) && b.dtype === "bool";
  if (!isTensor(b)) return a.dtype === "bool" && b.type === "bool";
  return handedOn(a, b).includes("bool");
}

/**
 * The dtypes with which two tensors come out of the innermost vmap that batches either: where a 0-d one is batched there
 * and its partner is not, both are promoted.
 */
export function handedOn(a: TensorLike, b: TensorLike): readonly [DType, DType] {
  const bits = (x: TensorLike): number => (x.type === "dynamic" ? x.batched : 0);
  const innermost = 31 - Math.clz32(bits(a) | bits(b));
  const isScalarThere = (x: TensorLike): boolean => x.shape.length === 0 && innermost >= 0 && ((bits(x) >> innermost) & 1) === 1;
  if (isScalarThere(a) === isScalarThere(b)) return [a.dtype, b.dtype];
  const common = resultType([a, b]);
  return [common, common];
}

/**
 * Products and quotients of f16 and bf16: a Python number is rounded to half for a 0-d tensor under vmap, and where it is the
 * dividend of `//`; otherwise not.
 */
function halfOperation(at: At, op: BinaryOp, a: Operand, b: Operand, dtype: DType): TensorLike {
  const batched = [a, b].some((x) => x.type === "dynamic" && x.batched !== 0 && x.shape.length === 0);
  const isDividend = op === "floordiv" && !isTensor(a);
  const wide: DType = batched || isDividend || (isTensor(a) && isTensor(b)) ? dtype : "f32";
  const widen = (x: Operand): TensorLike => (isTensor(x) ? cast(at, cast(at, x, dtype), wide) : scalarTensor(x, wide));
  return cast(at, applyBinary(at, op, widen(a), widen(b)), dtype);
}

/** `x` as PyTorch's vmap hands it on beside a 0-d tensor that it batches: already of the common dtype, bytes wrapped. */
function besideBatched(at: At, x: Operand, other: Operand): Operand {
  if (isTensor(x) || other.type !== "dynamic" || other.batched === 0 || other.shape.length > 0) return x;
  return numberTensor(at, x, resultType([x, other]));
}

function divide(at: At, a: Operand, divisor: Operand): TensorLike {
  const b = isTensor(a) ? besideBatched(at, divisor, a) : divisor;
  const dtype = floatType(resultType([a, b]));
  // `number / tensor` is `tensor.reciprocal() * number` (torch/_tensor.py), which rounds twice.
  if (!isTensor(a) && isTensor(b)) {
    const inverse = applyBinary(
      at,
      "div",
      scalarTensor(a.type === "float" ? { type: "float", value: 1 } : { type: "int", value: 1 }, floatType(b.dtype)),
      cast(at, b, floatType(b.dtype)),
    );
    return numberOf(a) === 1 ? inverse : tensorBinary(at, "*", inverse, a);
  }
  if (isHalf(dtype)) return halfOperation(at, "div", a, b, dtype);
  return applyBinary(at, "div", toTensor(at, a, dtype), toTensor(at, b, dtype));
}

/** `a ** b`, with PyTorch's short cuts for the exponents 0.5, 2, 3 and their inverses. */
export function power(at: At, a: Operand, b: Operand): TensorLike {
  const dtype = resultType([a, b]);
  if (!isTensor(b)) {
    const n = numberOf(b);
    if (!isFloat(dtype) && n < 0) refuse("negative-power", at.span, [at.run.text(at.span)]);
    // Of float16 a root is C's power: not nan at -inf.
    const short = dtype === "f16" && Math.abs(n) === 0.5 ? undefined : SHORT_POWERS[n];
    if (short !== undefined && dtype !== "bool" && (n > 0 || isFloat(dtype)) && (n !== 0.5 || isFloat(dtype))) {
      const base = toTensor(at, a, dtype);
      // Of bfloat16 each step rounds; of float16 the last one does.
      return dtype === "bf16" && (n === 3 || n === -2) ? short(at, base) : inOpmath(at, base, (x) => short(at, x));
    }
  }
  return applyBinary(at, "pow", toTensor(at, a, dtype), toStored(at, b, dtype));
}

const invert = (at: At, x: TensorLike) => applyBinary(at, "div", scalarTensor({ type: "int", value: 1 }, x.dtype), x);
const square = (at: At, x: TensorLike) => applyBinary(at, "mul", x, x);

const SHORT_POWERS: Readonly<Record<number, (at: At, x: TensorLike) => TensorLike>> = {
  2: square,
  3: (at, x) => applyBinary(at, "mul", square(at, x), x),
  0.5: (at, x) => applyUnary(at, "sqrt", x),
  [-0.5]: (at, x) => applyUnary(at, "rsqrt", x),
  [-1]: invert,
  [-2]: (at, x) => invert(at, square(at, x)),
};

/** `a op b` for the six orderings. */
export function tensorCompare(at: At, op: CompareOperator, a: Operand, b: Operand): TensorLike {
  const compare = COMPARE[op];
  if (compare === undefined) throw new Error(`tensorCompare ${op}`);
  const dtype = batchedType([a, b]);
  return applyBinary(at, compare, toTensor(at, a, dtype), toTensor(at, b, dtype));
}

/** `-x`, `+x`, `~x`. */
export function tensorUnary(at: At, op: "+" | "-" | "~", x: TensorLike): TensorLike {
  if (op === "+") {
    if (x.dtype === "bool") refuse("operand-types", at.span, [at.run.text(at.span), "`+` takes numbers and no bool; leave it out"]);
    return x;
  }
  if (op === "-") {
    if (x.dtype === "bool") refuse("bool-negation", at.span, [at.run.text(at.span)]);
    return applyUnary(at, "neg", x);
  }
  if (isFloat(x.dtype)) {
    refuse("operand-types", at.span, [at.run.text(at.span), `\`~\` takes integers and bools, not ${TORCH_NAMES[x.dtype]}`]);
  }
  return applyUnary(at, "not", x);
}

/** An unwritten copy, as `x.clone()`. */
export function clone(x: TensorLike, literal: boolean): TensorLike {
  return x.type === "tensor"
    ? tensorOf(x.dtype, x.shape, dataOf(x).slice(), literal)
    : dynamic(x.dtype, x.shape, dynamicElements(x), x.batched);
}
