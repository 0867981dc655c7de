/**
 * PyTorch's type promotion, exactly: `torch.result_type`. Operands fall into three ranks: tensors with dimensions,
 * 0-d tensors, Python numbers. A lower rank changes the result only where it is of a higher category
 * (bool < int < float), so that `f16_tensor * 0.5` stays f16 and `int_tensor * 0.5` is f32.
 *
 * Ranks are logical: under vmap a mod's indices are 0-d whatever they are batched over. Comparisons, `where` and a
 * clamp between tensors go by the ranks beneath instead (`batchedType`): there what is batched has dimensions.
 * After `c10/core/ScalarType.h` (promoteTypes) and `aten/src/ATen/native/TypeProperties.cpp` (result_type).
 */
import { type DType, isFloat } from "../ir/ops.ts";
import type { Dynamic, Scalar, Tensor } from "./value.ts";

/** What promotion looks at: a tensor of either kind or a Python number. */
export type Operand = Tensor | Dynamic | Scalar;

/** bool 0, integers 1, floats 2. */
export const category = (d: DType): number => (d === "bool" ? 0 : isFloat(d) ? 2 : 1);

const INT_WIDTH: Readonly<Record<string, number>> = { i8: 8, i16: 16, i32: 32, i64: 64 };
const FLOAT_ORDER: readonly DType[] = ["f16", "f32", "f64"];

/** The dtype that holds both: `torch.promote_types`. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const [ca, cb] = [category(a), category(b)];
  if (ca !== cb) return ca > cb ? a : b;
  if (ca === 2) {
    if (a === "bf16" || b === "bf16") {
      const other = a === "bf16" ? b : a;
      return other === "f16" ? "f32" : other;
    }
    return FLOAT_ORDER.indexOf(a) > FLOAT_ORDER.indexOf(b) ? a : b;
  }
  if (a === "u8" || b === "u8") {
    const other = a === "u8" ? b : a;
    return other === "i8" ? "i16" : other;
  }
  return (INT_WIDTH[a] ?? 0) > (INT_WIDTH[b] ?? 0) ? a : b;
}

/** The dtype that `torch.tensor(x)` gives a Python number: bool, i64 or f32. */
export function dtypeOfScalar(x: Scalar): DType {
  return x.type === "bool" ? "bool" : x.type === "int" ? "i64" : "f32";
}

export function dtypeOf(x: Operand): DType {
  return x.type === "tensor" || x.type === "dynamic" ? x.dtype : dtypeOfScalar(x);
}

/** `torch.result_type` over any number of operands; bool for none. */
export const resultType = (operands: readonly Operand[]): DType => typeByRank(operands, (x) => x.shape.length > 0);

/** The common dtype of operations that vmap hands on as they are: a tensor batched over the mod's arguments is no 0-d one. */
export const batchedType = (operands: readonly Operand[]): DType =>
  typeByRank(operands, (x) => x.shape.length > 0 || (x.type === "dynamic" && x.batched !== 0));

function typeByRank(operands: readonly Operand[], hasDimensions: (x: Tensor | Dynamic) => boolean): DType {
  let dim: DType | null = null;
  let zero: DType | null = null;
  let number: DType | null = null;
  for (const x of operands) {
    const d = dtypeOf(x);
    if (x.type !== "tensor" && x.type !== "dynamic") number = number === null ? d : promoteTypes(number, d);
    else if (!hasDimensions(x)) zero = zero === null ? d : promoteTypes(zero, d);
    else dim = dim === null ? d : promoteTypes(dim, d);
  }
  return combine(dim, combine(zero, number)) ?? "bool";
}

function combine(higher: DType | null, lower: DType | null): DType | null {
  if (higher === null) return lower;
  if (lower === null || category(higher) >= category(lower)) return higher;
  // A lower rank of a higher category wins; `promoteTypes` of categories that differ is the higher one.
  return promoteTypes(higher, lower);
}

/** The dtype in which true division and float functions (`exp`, `sqrt`, …) are computed: f32 for integers and bool. */
export const floatType = (d: DType): DType => (isFloat(d) ? d : "f32");

/** Whether a result of dtype `from` may be stored in place in a tensor of dtype `to`: `torch.can_cast`. */
export const canCast = (from: DType, to: DType): boolean => category(from) <= category(to);

export const isHalf = (d: DType): boolean => d === "f16" || d === "bf16";
