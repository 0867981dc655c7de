/**
 * PyTorch's functions of elements: arithmetic, comparison, rounding, transcendental functions, activations. Each is
 * `torch.name(input, …)` and the method `input.name(…)`; formulas are those of PyTorch's CPU kernels.
 */
import { boolean, type Expr } from "../ir/expr.ts";
import { type BinaryOp, type DType, isFloat, TORCH_NAMES, type UnaryOp } from "../ir/ops.ts";
import { batchedType, floatType, isHalf, type Operand, promoteTypes, resultType } from "./promote.ts";
import type { BinOperator, CompareOperator } from "./syntax.ts";
import { dynamic, filled, numel, scalarTensor } from "./tensor.ts";
import { type Arguments, define, type Entry, emptyTable, entry } from "./torchArguments.ts";
import {
  type At,
  applyBinary,
  applyUnary,
  applyWhere,
  cast,
  floatUnary,
  handedOn,
  inOpmath,
  power,
  promoted,
  type TensorLike,
  tensorBinary,
  tensorCompare,
  tensorUnary,
  toStored,
  toTensor,
  truth,
  whereOf,
} from "./torchElement.ts";
import { float, int, isScalar, isTensor, numberOf, refuse, type Scalar, type Value } from "./value.ts";

/** Arithmetic, comparison and transcendental functions. */
export const ELEMENT = emptyTable();

/** A function of one tensor. */
export const unaryEntry = (f: (at: At, x: TensorLike) => Value): Entry => entry("input", (a) => f(a.at, a.tensor("input")));

// Float functions: integers go to f32.
const FLOAT_OPS: Readonly<Partial<Record<UnaryOp, string>>> = {
  exp: "exp",
  exp2: "exp2",
  expm1: "expm1",
  log: "log",
  log2: "log2",
  log10: "log10",
  log1p: "log1p",
  sqrt: "sqrt",
  rsqrt: "rsqrt",
  sin: "sin",
  cos: "cos",
  tan: "tan",
  asin: "asin arcsin",
  acos: "acos arccos",
  atan: "atan arctan",
  sinh: "sinh",
  cosh: "cosh",
  tanh: "tanh",
  sigmoid: "sigmoid",
  erf: "erf",
};
for (const [op, names] of Object.entries(FLOAT_OPS)) {
  define(
    ELEMENT,
    names,
    unaryEntry((at, x) => floatUnary(at, op as UnaryOp, x)),
  );
}
// Same dtype; on integers the rounding functions do nothing.
for (const op of ["floor", "ceil", "trunc"] as const) {
  define(
    ELEMENT,
    op === "trunc" ? "trunc fix" : op,
    unaryEntry((at, x) => (isFloat(x.dtype) ? applyUnary(at, op, x) : x)),
  );
}
define(
  ELEMENT,
  "abs absolute",
  unaryEntry((at, x) => (x.dtype === "bool" ? x : applyUnary(at, "abs", x))),
);
define(
  ELEMENT,
  "sign sgn",
  unaryEntry((at, x) => (x.dtype === "bool" ? x : applyUnary(at, "sign", x))),
);
define(
  ELEMENT,
  "neg negative",
  unaryEntry((at, x) => tensorUnary(at, "-", x)),
);
define(
  ELEMENT,
  "positive",
  unaryEntry((_, x) => x),
);
define(
  ELEMENT,
  "bitwise_not",
  unaryEntry((at, x) => tensorUnary(at, "~", x)),
);
define(
  ELEMENT,
  "logical_not",
  unaryEntry((at, x) => applyUnary(at, "not", truth(at, x))),
);
/** One truth value for every element, batched as `x` is. */
function everywhere(x: TensorLike, value: boolean): TensorLike {
  if (x.type === "tensor") return filled("bool", x.shape, value ? 1 : 0, true);
  return dynamic("bool", x.shape, new Array<Expr>(numel(x.shape)).fill(boolean(value)), x.batched);
}
for (const name of ["isnan", "isinf"] as const) {
  define(
    ELEMENT,
    name,
    unaryEntry((at, x) => (isFloat(x.dtype) ? applyUnary(at, name, x) : everywhere(x, false))),
  );
}
define(
  ELEMENT,
  "isfinite",
  unaryEntry((at, x) => {
    if (!isFloat(x.dtype)) return everywhere(x, true);
    return applyUnary(at, "not", applyBinary(at, "or", applyUnary(at, "isnan", x), applyUnary(at, "isinf", x)));
  }),
);
define(
  ELEMENT,
  "round",
  entry("input * decimals?", (a) => {
    const x = a.tensor("input");
    const decimals = a.int("decimals", 0);
    if (!isFloat(x.dtype)) return x;
    if (decimals === 0) return applyUnary(a.at, "round", x);
    const [first, second]: [BinaryOp, BinaryOp] = decimals > 0 ? ["mul", "div"] : ["div", "mul"];
    return inOpmath(a.at, x, (y) => {
      const scale = number(y, 10 ** Math.abs(decimals));
      return applyBinary(a.at, second, applyUnary(a.at, "round", applyBinary(a.at, first, y, scale)), scale);
    });
  }),
);
define(
  ELEMENT,
  "frac",
  unaryEntry((at, x) => applyBinary(at, "sub", x, applyUnary(at, "trunc", x))),
);
define(
  ELEMENT,
  "square",
  unaryEntry((at, x) => power(at, x, int(2))),
);
define(ELEMENT, "reciprocal", unaryEntry(reciprocal));

function reciprocal(at: At, x: TensorLike): TensorLike {
  const d = floatType(x.dtype);
  return applyBinary(at, "div", scalarTensor(int(1), d), cast(at, x, d));
}

/** `v` as a 0-d tensor of x's dtype. */
export const number = (x: TensorLike, v: number): TensorLike => scalarTensor(float(v), x.dtype);

/** `max(x, 0)` in x's own dtype; bools as they are. */
export function relu(at: At, x: TensorLike): TensorLike {
  return x.dtype === "bool" ? x : applyBinary(at, "max", x, number(x, 0));
}
define(ELEMENT, "relu", unaryEntry(relu));
define(
  ELEMENT,
  "erfc",
  unaryEntry((at, x) => inOpmath(at, x, (y) => applyBinary(at, "sub", scalarTensor(int(1), floatType(y.dtype)), floatUnary(at, "erf", y)))),
);
for (const [name, from] of [
  ["deg2rad", Math.PI / 180],
  ["rad2deg", 180 / Math.PI],
] as const) {
  define(
    ELEMENT,
    name,
    unaryEntry((at, x) => tensorBinary(at, "*", x, float(from))),
  );
}

// -------------------------------------------------------------------------------------------- two operands

/** One of the two is a tensor, as PyTorch asks. */
function operands(a: Arguments): [Operand, Operand] {
  const [x, y] = [a.operand("input"), a.operand("other")];
  return isScalar(x) && isScalar(y) ? [scalarTensor(x), y] : [x, y];
}

const OPERATORS: Readonly<Record<string, BinOperator>> = {
  floor_divide: "//",
  remainder: "%",
  bitwise_and: "&",
  bitwise_or: "|",
  bitwise_xor: "^",
  bitwise_left_shift: "<<",
  bitwise_right_shift: ">>",
};
for (const [name, op] of Object.entries(OPERATORS)) {
  define(
    ELEMENT,
    name,
    entry("input other", (a) => tensorBinary(a.at, op, ...operands(a))),
  );
}
define(
  ELEMENT,
  "pow",
  entry("input exponent", (a) => power(a.at, a.operand("input"), a.operand("exponent"))),
);
for (const [names, op] of [
  ["add", "+"],
  ["sub subtract", "-"],
] as const) {
  define(
    ELEMENT,
    names,
    entry("input other * alpha?", (a) => {
      const [x, y] = operands(a);
      const alpha = a.value("alpha");
      return isScalar(alpha) && numberOf(alpha) !== 1 ? addScaled(a.at, op, x, y, alpha) : tensorBinary(a.at, op, x, y);
    }),
  );
}

/** `x ± alpha * y` in the common dtype; of float32 with one rounding, as fused multiply-add has it. */
function addScaled(at: At, op: "+" | "-", x: Operand, y: Operand, alpha: Scalar): TensorLike {
  const dtype = resultType([x, y]);
  if (alpha.type === "float" && !isFloat(dtype)) {
    refuse("operand-types", at.span, [at.run.text(at.span), "`alpha` is a float and the tensors are not"]);
  }
  if (op === "-" && isTensor(x) && isTensor(y) && (x.dtype === "bool" || y.dtype === "bool")) tensorBinary(at, op, x, y);
  const inner = dtype === "f32" ? "f64" : dtype;
  const [p, q] = [cast(at, toTensor(at, x, dtype), inner), cast(at, toTensor(at, y, dtype), inner)];
  const factor = cast(at, toStored(at, alpha, dtype), inner);
  return cast(at, applyBinary(at, op === "+" ? "add" : "sub", p, applyBinary(at, "mul", q, factor)), dtype);
}

define(
  ELEMENT,
  "mul multiply",
  entry("input other", (a) => tensorBinary(a.at, "*", ...operands(a))),
);
define(
  ELEMENT,
  "div divide true_divide",
  entry("input other * rounding_mode?", (a) => {
    const [x, y] = operands(a);
    const mode = a.string("rounding_mode", "");
    if (mode === "floor") return tensorBinary(a.at, "//", x, y);
    if (mode !== "trunc") return tensorBinary(a.at, "/", x, y);
    const dtype = resultType([x, y]);
    if (!isFloat(dtype)) return promoted(a.at, "truncdiv", x, y);
    return applyUnary(a.at, "trunc", tensorBinary(a.at, "/", x, y));
  }),
);
define(
  ELEMENT,
  "fmod",
  entry("input other", (a) => promoted(a.at, "fmod", ...operands(a))),
);
for (const [names, op] of [
  ["eq", "=="],
  ["ne not_equal", "!="],
  ["lt less", "<"],
  ["le less_equal", "<="],
  ["gt greater", ">"],
  ["ge greater_equal", ">="],
] as readonly (readonly [string, CompareOperator])[]) {
  define(
    ELEMENT,
    names,
    entry("input other", (a) => tensorCompare(a.at, op, ...operands(a))),
  );
}
for (const [name, op] of [
  ["logical_and", "and"],
  ["logical_or", "or"],
  ["logical_xor", "xor"],
] as const) {
  define(
    ELEMENT,
    name,
    entry("input other", (a) => applyBinary(a.at, op, truth(a.at, a.tensor("input")), truth(a.at, a.tensor("other")))),
  );
}
for (const [name, op] of [
  ["maximum", "max"],
  ["minimum", "min"],
  ["fmax", "fmax"],
  ["fmin", "fmin"],
] as const) {
  define(
    ELEMENT,
    name,
    entry("input other", (a) => promoted(a.at, op, a.tensor("input"), a.tensor("other"))),
  );
}
for (const [names, op] of [
  ["atan2 arctan2", "atan2"],
  ["hypot", "hypot"],
] as const) {
  define(
    ELEMENT,
    names,
    entry("input other", (a) => {
      const [x, y] = [a.tensor("input"), a.tensor("other")];
      const dtype = floatType(resultType([x, y]));
      return applyBinary(a.at, op, cast(a.at, x, dtype), cast(a.at, y, dtype));
    }),
  );
}
define(
  ELEMENT,
  "logaddexp",
  entry("input other", (a) => {
    const dtype = floatType(resultType([a.tensor("input"), a.tensor("other")]));
    const inner = isHalf(dtype) ? "f32" : dtype;
    const [x, y] = [cast(a.at, cast(a.at, a.tensor("input"), dtype), inner), cast(a.at, cast(a.at, a.tensor("other"), dtype), inner)];
    const larger = applyBinary(a.at, "max", x, y);
    const gap = applyUnary(a.at, "abs", applyBinary(a.at, "sub", x, y));
    const sum = applyBinary(a.at, "add", larger, applyUnary(a.at, "log1p", applyUnary(a.at, "exp", applyUnary(a.at, "neg", gap))));
    // Two equal infinities: their gap is nan, the answer is the infinity.
    return cast(a.at, applyWhere(a.at, applyBinary(a.at, "eq", x, y), applyBinary(a.at, "add", larger, number(x, Math.LN2)), sum), dtype);
  }),
);
define(
  ELEMENT,
  "heaviside",
  entry("input values", (a) => {
    const [first, second] = [a.tensor("input"), a.tensor("values")];
    const [dtype, other] = handedOn(first, second);
    if (dtype !== other) {
      refuse("operand-types", a.at.span, [
        a.at.run.text(a.at.span),
        `heaviside takes two tensors of one dtype, not ${TORCH_NAMES[first.dtype]} and ${TORCH_NAMES[second.dtype]}`,
      ]);
    }
    const [x, values] = [cast(a.at, first, dtype), cast(a.at, second, dtype)];
    const step = cast(a.at, applyBinary(a.at, "gt", x, number(x, 0)), x.dtype);
    return applyWhere(a.at, applyBinary(a.at, "eq", x, number(x, 0)), values, step);
  }),
);
define(
  ELEMENT,
  "copysign",
  entry("input other", (a) => {
    const [x, y] = operands(a);
    const dtype = floatType(resultType([x, y]));
    const [p, q] = [applyUnary(a.at, "abs", toTensor(a.at, x, dtype)), toTensor(a.at, y, dtype)];
    // The sign of -0 shows in 1 / x alone.
    const negative = applyBinary(
      a.at,
      "or",
      applyBinary(a.at, "lt", q, number(q, 0)),
      applyBinary(a.at, "lt", reciprocal(a.at, q), number(q, 0)),
    );
    return applyWhere(a.at, negative, applyUnary(a.at, "neg", p), p);
  }),
);

// ----------------------------------------------------------------------------------------- bounds and choices

/**
 * `torch.clamp`: numbers or tensors as bounds, not one of each. A lower bound above the upper gives the upper. `alone`
 * for clamp_min and clamp_max, which promote as operators do.
 */
export function clamp(a: Arguments, x: TensorLike, min: Value, max: Value, alone = false): TensorLike {
  const bounds = [min, max].flatMap((v) => (isScalar(v) || isTensor(v) ? [v] : []));
  if (bounds.length === 0) refuse("argument-count", a.at.span, [a.call.name, "needs `min` or `max`"]);
  if (bounds.length === 2 && bounds.some(isTensor) && !bounds.every(isTensor)) {
    refuse("operand-types", a.at.span, [
      a.at.run.text(a.at.span),
      "the bounds are one number and one tensor; make both tensors, or clamp twice",
    ]);
  }
  const dtype = alone ? resultType([x, ...bounds]) : batchedType([x, ...bounds]);
  let out = cast(a.at, x, dtype);
  if (isScalar(min) || isTensor(min)) out = applyBinary(a.at, "max", out, toStored(a.at, min, dtype));
  if (isScalar(max) || isTensor(max)) out = applyBinary(a.at, "min", out, toStored(a.at, max, dtype));
  return out;
}
define(
  ELEMENT,
  "clamp clip",
  entry("input min? max?", (a) => clamp(a, a.tensor("input"), a.value("min"), a.value("max"))),
);
define(
  ELEMENT,
  "clamp_min",
  entry("input min", (a) => clamp(a, a.tensor("input"), a.value("min"), { type: "none" }, true)),
);
define(
  ELEMENT,
  "clamp_max",
  entry("input max", (a) => clamp(a, a.tensor("input"), { type: "none" }, a.value("max"), true)),
);

function condition(a: Arguments, name: string): TensorLike {
  const c = a.tensor(name);
  if (c.dtype !== "bool")
    refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), `the condition must be bool, not ${TORCH_NAMES[c.dtype]}`]);
  return c;
}
ELEMENT.functions["where"] = entry("condition input other", (a) =>
  whereOf(a.at, condition(a, "condition"), a.operand("input"), a.operand("other")),
);
ELEMENT.methods["where"] = entry("input condition other", (a) =>
  whereOf(a.at, condition(a, "condition"), a.tensor("input"), a.operand("other")),
);
define(
  ELEMENT,
  "masked_fill",
  entry("input mask value", (a) => {
    const x = a.tensor("input");
    return applyWhere(a.at, condition(a, "mask"), toStored(a.at, a.operand("value"), x.dtype), x);
  }),
);
define(
  ELEMENT,
  "lerp",
  entry("input end weight", (a) => {
    const { at } = a;
    const [start, end, weight] = [a.tensor("input"), a.tensor("end"), a.operand("weight")];
    if (start.dtype !== end.dtype || (isTensor(weight) && weight.dtype !== start.dtype) || !isFloat(start.dtype)) {
      refuse("operand-types", at.span, [at.run.text(at.span), "lerp takes floats of one dtype"]);
    }
    const work = isHalf(start.dtype) ? "f32" : start.dtype;
    const [x, y, w] = [cast(at, start, work), cast(at, end, work), toTensor(at, weight, work)];
    // From the nearer end, with one rounding of the product and the sum.
    const near = applyBinary(at, "lt", w, number(w, 0.5));
    const factor = applyWhere(at, near, w, applyBinary(at, "sub", w, number(w, 1)));
    const wide = (t: TensorLike): TensorLike => cast(at, t, "f64");
    const step = applyBinary(at, "mul", wide(factor), wide(applyBinary(at, "sub", y, x)));
    return cast(at, cast(at, applyBinary(at, "add", wide(applyWhere(at, near, x, y)), step), work), start.dtype);
  }),
);
/** `input + value * tensor1 * tensor2`, or with a quotient. */
for (const [name, op] of [
  ["addcmul", "mul"],
  ["addcdiv", "div"],
] as const) {
  define(
    ELEMENT,
    name,
    entry("input tensor1 tensor2 * value?", (a) => {
      const operands = [a.tensor("input"), a.tensor("tensor1"), a.tensor("tensor2")] as const;
      const dtype = batchedType(operands);
      if (op === "div" && !isFloat(dtype))
        refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "addcdiv takes floats; divide and add"]);
      const [x, y, z] = operands.map((t) => cast(a.at, t, isHalf(dtype) ? "f32" : dtype));
      if (x === undefined || y === undefined || z === undefined) throw new Error("three operands");
      const scaled = a.has("value") ? applyBinary(a.at, "mul", toTensor(a.at, a.operand("value"), x.dtype), y) : y;
      return cast(a.at, applyBinary(a.at, "add", x, applyBinary(a.at, op, scaled, z)), dtype);
    }),
  );
}

/** Largest finite number of each float dtype. */
export const FLOAT_MAX: Readonly<Record<"f16" | "bf16" | "f32" | "f64", number>> = {
  f16: 65504,
  bf16: 3.3895313892515355e38,
  f32: 3.4028234663852886e38,
  f64: Number.MAX_VALUE,
};
const floatMax = (d: DType): number => (d === "f16" || d === "bf16" || d === "f64" ? FLOAT_MAX[d] : FLOAT_MAX.f32);

define(
  ELEMENT,
  "nan_to_num",
  entry("input nan? posinf? neginf?", (a) => {
    const x = a.tensor("input");
    if (!isFloat(x.dtype)) return x;
    const limit = floatMax(x.dtype);
    const eq = (v: number) => applyBinary(a.at, "eq", x, number(x, v));
    const noLow = applyWhere(a.at, eq(Number.NEGATIVE_INFINITY), number(x, a.number("neginf", -limit)), x);
    const noHigh = applyWhere(a.at, eq(Number.POSITIVE_INFINITY), number(x, a.number("posinf", limit)), noLow);
    return applyWhere(a.at, applyUnary(a.at, "isnan", x), number(x, a.number("nan", 0)), noHigh);
  }),
);

/** `torch.promote_types`, `torch.result_type`. */
ELEMENT.functions["promote_types"] = entry("type1 type2", (a) => ({
  type: "dtype",
  dtype: promoteTypes(a.dtype("type1") ?? "f32", a.dtype("type2") ?? "f32"),
}));
ELEMENT.functions["result_type"] = entry("tensor1 tensor2", (a) => ({
  type: "dtype",
  dtype: resultType([a.operand("tensor1"), a.operand("tensor2")]),
}));
