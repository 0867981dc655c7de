/**
 * Python numbers as operands of tensors. An operator wraps a number that its dtype does not hold, a function that
 * stores numbers (clamp, where, full, masked_fill) refuses it; integers beyond 2^53 are put together from two halves,
 * beyond 2^64 they are refused. After c10/util/overflows.h.
 */
import { binary, constant, type Expr } from "../ir/expr.ts";
import { toDType } from "../ir/number.ts";
import { DTYPE_BYTES, type DType, isFloat, isInt, TORCH_NAMES } from "../ir/ops.ts";
import { convert } from "../ir/wide.ts";
import { dynamic, scalarTensor } from "./tensor.ts";
import type { At } from "./torchElement.ts";
import { type Dynamic, numberOf, refuse, type Scalar, type Tensor } from "./value.ts";

/** `x` as a 0-d tensor of `dtype`, wrapped or rounded. @throws Refusal beyond 64 bits */
export function numberTensor(at: At, x: Scalar, dtype: DType): Tensor | Dynamic {
  if (typeof x.value !== "bigint") return scalarTensor(x, dtype);
  if (x.value < -(2n ** 63n) || x.value >= 2n ** 64n) {
    refuse("operand-types", at.span, [at.run.text(at.span), `\`${x.value}\` does not fit 64 bits`]);
  }
  if (dtype === "i64") return dynamic("i64", [], [wideConstant(BigInt.asIntN(64, x.value))], 0);
  return scalarTensor({ type: "float", value: isInt(dtype) ? Number(convert(x.value, "i64", dtype)) : Number(x.value) }, dtype);
}

/** As `numberTensor`. @throws Refusal for a number that `dtype` does not hold */
export function checkedNumber(at: At, x: Scalar, dtype: DType): Tensor | Dynamic {
  if (overflows(numberOf(x), dtype)) {
    refuse("operand-types", at.span, [at.run.text(at.span), `\`${numberOf(x)}\` does not fit ${TORCH_NAMES[dtype]}`]);
  }
  if (x.type === "float" && isInt(dtype)) return scalarTensor({ type: "float", value: Math.trunc(x.value) }, dtype);
  return numberTensor(at, x, dtype);
}

/** Whether `x` lies outside `dtype`; a byte takes negative numbers down to -255. */
function overflows(x: number, dtype: DType): boolean {
  if (dtype === "bool") return false;
  if (isFloat(dtype)) return Number.isFinite(x) && !Number.isFinite(toDType(x, dtype));
  const bits = 8 * DTYPE_BYTES[dtype];
  const top = dtype === "u8" ? 255 : 2 ** (bits - 1);
  return !(dtype === "u8" ? x >= -255 && x <= 255 : x >= -top && x < top);
}

/** `v` of 64 bits as `(high << 32) + low`, of which each part is exact. */
function wideConstant(v: bigint): Expr {
  const high = constant(Number(v >> 32n), "i64");
  const low = constant(Number(v & 0xffff_ffffn), "i64");
  return binary("add", binary("shl", high, constant(32, "i64")), low);
}
