/**
 * PyTorch's functions of elements: arithmetic, comparison, rounding, transcendental functions, activations. Each is
 * `torch.name(input, …)` and the method `input.name(…)`; formulas are those of PyTorch's CPU kernels.
 */
import { boolean, type Expr } from "../ir/expr.ts";
import { type BinaryOp, isFloat, TORCH_NAMES, type UnaryOp } from "../ir/ops.ts";
import { canCast, floatType, isHalf, type Operand, promoteTypes, resultType } from "./promote.ts";
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
  multiplyAdd,
  power,
  promoted,
  type TensorLike,
  tensorBinary,
  tensorCompare,
  tensorUnary,
  toStored,
  toTensor,
  truth,
} from "./torchElement.ts";
import { bool, float, int, isScalar, isTensor, numberOf, refuse, type Scalar, type Value } from "./value.ts";

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
    if (!isFloat(x.dtype) && decimals !== 0) {
      refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), `\`decimals\` is for floats, and this is ${TORCH_NAMES[x.dtype]}`]);
    }
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
ELEMENT.functions["can_cast"] = entry("from_ to", (a) => bool(canCast(a.dtype("from_") ?? "f32", a.dtype("to") ?? "f32")));

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
    // Not as `x * from` is under vmap, where the number is rounded to half precision first.
    unaryEntry((at, x) => inOpmath(at, x, (y) => tensorBinary(at, "*", y, float(from)))),
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
  const factor = toStored(at, alpha, dtype);
  return multiplyAdd(at, toTensor(at, y, dtype), op === "+" ? factor : applyUnary(at, "neg", factor), toTensor(at, x, dtype));
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
    entry("input other", (a) => tensorCompare(a.at, op, a.tensor("input"), a.operand("other"))),
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
    entry("input other", (a) => {
      const [x, y] = [a.tensor("input"), a.tensor("other")];
      const dtype = resultType([x, y]);
      // Of the common dtype: 2^33 is false beside an int32.
      const isTrue = (operand: TensorLike): TensorLike => truth(a.at, cast(a.at, operand, dtype));
      return applyBinary(a.at, op, isTrue(x), isTrue(y));
    }),
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

/** `torch.promote_types`, `torch.result_type`. */
ELEMENT.functions["promote_types"] = entry("type1 type2", (a) => ({
  type: "dtype",
  dtype: promoteTypes(a.dtype("type1") ?? "f32", a.dtype("type2") ?? "f32"),
}));
ELEMENT.functions["result_type"] = entry("tensor1 tensor2", (a) => ({
  type: "dtype",
  dtype: resultType([a.operand("tensor1"), a.operand("tensor2")]),
}));
