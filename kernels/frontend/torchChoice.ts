/**
 * PyTorch's functions that choose and bound: clamp, where, masked_fill, lerp, nan_to_num; and the sums of a product,
 * addcmul and addcdiv. As functions and as methods.
 */
import { type DType, isFloat, TORCH_NAMES } from "../ir/ops.ts";
import { batchedType, isHalf, resultType } from "./promote.ts";
import { truthOf } from "./pythonOperators.ts";
import { type Arguments, define, emptyTable, entry, known } from "./torchArguments.ts";
import { applyBinary, applyUnary, applyWhere, cast, multiplyAdd, type TensorLike, toStored, toTensor, whereOf } from "./torchElement.ts";
import { nonzero } from "./torchIndex.ts";
import { number } from "./torchMath.ts";
import { isScalar, isTensor, NO_KWARGS, refuse, tuple, type Value } from "./value.ts";

/** clamp, where and their kin. */
export const CHOICE = emptyTable();

/** `torch.cond`: one branch where the choice is known, else both and a choice of their results. */
CHOICE.functions["cond"] = entry("pred true_fn false_fn operands?", (a) => {
  const operands = a.value("operands");
  const args = operands.type === "tuple" || operands.type === "list" ? operands.items : [];
  const branch = (name: string): Value => a.call.run.call(a.value(name), args, NO_KWARGS, a.at.span);
  const pred = a.value("pred");
  if (pred.type !== "dynamic") return branch(truthOf(a.at, pred) ? "true_fn" : "false_fn");
  const [yes, no] = [branch("true_fn"), branch("false_fn")];
  if (isTensor(yes) && isTensor(no)) return whereOf(a.at, condition(a, "pred"), yes, no);
  return refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "both branches of torch.cond return one tensor here"]);
});

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
  CHOICE,
  "clamp clip",
  entry("input min? max?", (a) => clamp(a, a.tensor("input"), a.value("min"), a.value("max"))),
);
define(
  CHOICE,
  "clamp_min",
  entry("input min", (a) => clamp(a, a.tensor("input"), a.value("min"), { type: "none" }, true)),
);
define(
  CHOICE,
  "clamp_max",
  entry("input max", (a) => clamp(a, a.tensor("input"), { type: "none" }, a.value("max"), true)),
);

function condition(a: Arguments, name: string): TensorLike {
  const c = a.tensor(name);
  if (c.dtype !== "bool")
    refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), `the condition must be bool, not ${TORCH_NAMES[c.dtype]}`]);
  return c;
}
CHOICE.functions["where"] = entry("condition input? other?", (a) => {
  if (!a.has("input") && !a.has("other")) return tuple(nonzero(known(a, "condition")));
  const missing = ["input", "other"].find((name) => !a.has(name));
  if (missing !== undefined) refuse("argument-count", a.at.span, [a.call.name, `needs \`${missing}\``]);
  return whereOf(a.at, condition(a, "condition"), a.operand("input"), a.operand("other"));
});
CHOICE.methods["where"] = entry("input condition other", (a) =>
  whereOf(a.at, condition(a, "condition"), a.tensor("input"), a.operand("other")),
);
define(
  CHOICE,
  "masked_fill",
  entry("input mask value", (a) => {
    const x = a.tensor("input");
    return applyWhere(a.at, condition(a, "mask"), toStored(a.at, a.operand("value"), x.dtype), x);
  }),
);
define(
  CHOICE,
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
    const near = applyBinary(at, "lt", applyUnary(at, "abs", w), number(w, 0.5));
    const factor = applyWhere(at, near, w, applyBinary(at, "sub", w, number(w, 1)));
    return cast(at, multiplyAdd(at, factor, applyBinary(at, "sub", y, x), applyWhere(at, near, x, y)), start.dtype);
  }),
);
/** `input + value * tensor1 * tensor2`, or with a quotient. */
for (const [name, op] of [
  ["addcmul", "mul"],
  ["addcdiv", "div"],
] as const) {
  define(
    CHOICE,
    name,
    entry("input tensor1 tensor2 * value?", (a) => {
      const operands = [a.tensor("input"), a.tensor("tensor1"), a.tensor("tensor2")] as const;
      const dtype = batchedType(operands);
      if (op === "div" && !isFloat(dtype))
        refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "addcdiv takes floats; divide and add"]);
      const [x, y, z] = operands.map((t) => cast(a.at, t, isHalf(dtype) ? "f32" : dtype));
      if (x === undefined || y === undefined || z === undefined) throw new Error("three operands");
      const scaled = a.has("value") ? applyBinary(a.at, "mul", toTensor(a.at, a.operand("value"), x.dtype), y) : y;
      if (op === "mul") return cast(a.at, multiplyAdd(a.at, scaled, z, x), dtype);
      return cast(a.at, applyBinary(a.at, "add", x, applyBinary(a.at, "div", scaled, z)), dtype);
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
  CHOICE,
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
