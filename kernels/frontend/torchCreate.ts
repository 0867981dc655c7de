/** PyTorch's makers of tensors (arange, tensor, zeros, full_like, …) and conversions of dtype (`to`, `float`, …). */
import { constant } from "../ir/expr.ts";
import { arrayFor, type TypedArray } from "../ir/mod.ts";
import { toDType } from "../ir/number.ts";
import { DTYPE_BYTES, type DType, isFloat, isInt } from "../ir/ops.ts";
import { receiver, replace } from "./fix.ts";
import { withoutFlag } from "./numpyArray.ts";
import { dtypeOfScalar, floatType, isHalf, promoteTypes } from "./promote.ts";
import { derived } from "./pythonArithmetic.ts";
import { dynamic, filled, itemOf, MAX_ELEMENTS, numel, tensorFrom, tensorLater, tensorOf } from "./tensor.ts";
import { type Arguments, dtypeFrom, emptyTable, entry } from "./torchArguments.ts";
import { FLOAT_MAX } from "./torchChoice.ts";
import { cast, clone, ELEMENTS_A_STEP, type TensorLike } from "./torchElement.ts";
import { checkedNumber } from "./torchNumber.ts";
import { bool, type Call, float, int, isScalar, isTensor, numberOf, refuse, type Scalar, tuple, type Value } from "./value.ts";

export const CREATE = emptyTable();

/** Inside a mod what is made is literal; outside it is data. */
const literal = (a: Arguments): boolean => a.at.run.trace !== null;

function sized(a: Arguments, shape: readonly number[]): readonly number[] {
  if (shape.some((s) => !(s >= 0))) refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "a size is negative or no number"]);
  if (numel(shape) > MAX_ELEMENTS || shape.some((s) => s > MAX_ELEMENTS))
    refuse("too-large", a.at.span, [`The tensor of shape [${shape.join(", ")}]`]);
  a.at.run.step(a.at.span, 1 + numel(shape) / ELEMENTS_A_STEP);
  return shape;
}

// ------------------------------------------------------------------------------------------------ from Python

/** `torch.tensor(q_idx)`: a copy that create_block_mask cannot make. */
function warnOfCopy({ run, span, node }: Call): void {
  const argument = node?.args[0];
  const rewrite = argument === undefined || node === null ? null : replace(node, receiver(argument, run.text));
  run.warn("refused-by-create-block-mask", span, [run.text(span), rewrite?.text ?? ""], rewrite?.fix ?? null);
}

/** `torch.tensor(data)`: nested lists of numbers and known tensors. */
function fromData(a: Arguments, name: string): Value {
  const data = a.value(name);
  const given = a.dtype("dtype");
  if (data.type === "dynamic") warnOfCopy(a.call);
  if (isTensor(data)) return cast(a.at, clone(data, literal(a) && data.type === "tensor" && data.storage.literal), given ?? data.dtype);
  const shape: number[] = [];
  const values: number[] = [];
  let dtype: DType | null = null;
  const bad = (why: string): never => refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), why]);
  const note = (d: DType) => {
    dtype = dtype === null ? d : promoteTypes(dtype, d);
  };
  const visit = (given: Value, depth: number): void => {
    // A member of an IntEnum is its number.
    const v = given.type === "instance" && given.class.isScalar === true ? (given.attributes.get("value") ?? given) : given;
    if (isScalar(v)) {
      if (depth !== shape.length) bad("the rows differ in length");
      note(dtypeOfScalar(v));
      values.push(numberOf(v));
      return;
    }
    if (v.type === "dynamic") refuse("item-of-tensor", a.at.span, [a.at.run.text(a.at.span)]);
    if (v.type === "tensor" && v.shape.length === 0) {
      note(v.dtype);
      values.push(v.storage.data[v.offset] ?? 0);
      return;
    }
    const items =
      v.type === "list" || v.type === "tuple" ? v.items : v.type === "range" ? rangeItems(a, v) : bad("a tensor is made of numbers");
    if (values.length === 0 && shape.length === depth) shape.push(items.length);
    else if (shape[depth] !== items.length) bad("the rows differ in length");
    a.at.run.step(a.at.span, 1 + items.length / 16);
    if (values.length + items.length > MAX_ELEMENTS) refuse("too-large", a.at.span, ["The tensor"]);
    for (const item of items) visit(item, depth + 1);
  };
  visit(data, 0);
  return tensorFrom(given ?? dtype ?? "f32", shape, values, literal(a));
}

function rangeItems(a: Arguments, r: { readonly start: number; readonly stop: number; readonly step: number }): Value[] {
  const n = Math.max(0, Math.ceil((r.stop - r.start) / r.step));
  a.at.run.step(a.at.span, n / 16);
  return Array.from({ length: n }, (_, i) => int(r.start + i * r.step));
}

CREATE.functions["tensor"] = entry("data * dtype?", (a) => fromData(a, "data"));
for (const name of [
  "as_tensor",
  "asarray",
  "from_numpy",
  "scalar_tensor",
  "Tensor",
  "LongTensor",
  "IntTensor",
  "FloatTensor",
  "BoolTensor",
]) {
  CREATE.functions[name] = entry("data dtype?", (a) => {
    const data = a.value("data");
    const own = TYPED[name];
    if (own !== undefined && data.type === "int" && name !== "scalar_tensor") return filled(own, sized(a, [numberOf(data)]), 0, literal(a));
    const made = isTensor(data)
      ? cast(a.at, data.type === "tensor" ? withoutFlag(data) : data, a.dtype("dtype") ?? data.dtype)
      : fromData(a, "data");
    return own !== undefined && isTensor(made) ? cast(a.at, made, own) : made;
  });
}
const TYPED: Readonly<Record<string, DType>> = {
  Tensor: "f32",
  LongTensor: "i64",
  IntTensor: "i32",
  FloatTensor: "f32",
  BoolTensor: "bool",
};
CREATE.methods["new_tensor"] = entry("input data * dtype?", (a) => {
  const made = fromData(a, "data");
  return isTensor(made) ? cast(a.at, made, a.dtype("dtype") ?? a.tensor("input").dtype) : made;
});

// ------------------------------------------------------------------------------------------------------ ranges

CREATE.functions["arange"] = entry("start? end? step? * dtype?", (a) => {
  const [start, end] = a.has("end") ? [a.number("start", 0), a.number("end")] : [0, a.number("start")];
  const step = a.number("step", 1);
  if ((end - start) / step < 0) {
    refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), `from ${start} the step ${step} does not lead to ${end}`]);
  }
  if (step === 0) refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "the step is 0"]);
  const parts = [a.value("start"), a.value("end"), a.value("step")];
  const isFloating = parts.some((v) => v.type === "float" || (v.type === "tensor" && isFloat(v.dtype)));
  const n = Math.max(0, Math.ceil((end - start) / step));
  sized(a, [n]);
  const dtype = a.dtype("dtype") ?? (isFloating ? "f32" : "i64");
  const fill = (): TypedArray => {
    const data = arrayFor(dtype, n);
    for (let i = 0; i < n; i++) data[i] = toDType(start + i * step, dtype);
    return data;
  };
  return literal(a) ? tensorOf(dtype, [n], fill(), true) : tensorLater(dtype, [n], fill);
});
// The end counts too, and it is float unless said otherwise.
CREATE.functions["range"] = entry("start end? step? * dtype?", (a) => {
  const [start, end, step] = a.has("end") ? [a.number("start"), a.number("end"), a.number("step", 1)] : [0, a.number("start"), 1];
  const n = Math.max(0, Math.floor((end - start) / step) + 1);
  sized(a, [n]);
  return tensorFrom(
    a.dtype("dtype") ?? "f32",
    [n],
    Array.from({ length: n }, (_, i) => start + i * step),
    literal(a),
  );
});
CREATE.functions["linspace"] = entry("start end steps * dtype?", (a) => {
  const [start, end, n] = [a.number("start"), a.number("end"), a.int("steps")];
  sized(a, [n]);
  const dtype = a.dtype("dtype") ?? "f32";
  // In the result's own precision, and from both ends, as PyTorch does, so that the last is exact.
  const step = n > 1 ? toDType((end - start) / (n - 1), dtype === "f32" ? "f32" : "f64") : 0;
  const at = (i: number) => (i < Math.floor(n / 2) || n === 1 ? start + i * step : end - (n - 1 - i) * step);
  return tensorFrom(
    dtype,
    [n],
    Array.from({ length: n }, (_, i) => at(i)),
    literal(a),
  );
});
CREATE.functions["logspace"] = entry("start end steps base? * dtype?", (a) => {
  const [start, end, n] = [a.number("start"), a.number("end"), a.int("steps")];
  const step = n > 1 ? (end - start) / (n - 1) : 0;
  sized(a, [n]);
  return tensorFrom(
    a.dtype("dtype") ?? "f32",
    [n],
    Array.from({ length: n }, (_, i) => a.number("base", 10) ** (start + i * step)),
    literal(a),
  );
});
CREATE.functions["eye"] = entry("n m? * dtype?", (a) => {
  const [n, m] = [a.int("n"), a.int("m", a.int("n"))];
  const t = filled(a.dtype("dtype") ?? "f32", sized(a, [n, m]), 0, literal(a));
  for (let i = 0; i < Math.min(n, m); i++) t.storage.data[i * m + i] = 1;
  return t;
});
for (const [name, keep] of [
  ["tril_indices", (r: number, c: number, k: number) => c - r <= k],
  ["triu_indices", (r: number, c: number, k: number) => c - r >= k],
] as const) {
  CREATE.functions[name] = entry("row col offset? * dtype?", (a) => {
    const [rows, cols, k] = [a.int("row"), a.int("col"), a.int("offset", 0)];
    sized(a, [rows, cols]);
    const [row, col]: [number[], number[]] = [[], []];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        if (!keep(r, c, k)) continue;
        row.push(r);
        col.push(c);
      }
    }
    return tensorFrom(a.dtype("dtype") ?? "i64", [2, row.length], row.concat(col), literal(a));
  });
}

// ------------------------------------------------------------------------------------------------------- fills

for (const [name, value] of [
  ["zeros", 0],
  ["ones", 1],
  ["empty", 0],
] as const) {
  CREATE.functions[name] = entry("*size dtype?", (a) =>
    filled(a.dtype("dtype") ?? "f32", sized(a, a.ints("size") ?? []), value, literal(a)),
  );
  CREATE.functions[`${name}_like`] = entry("input * dtype?", (a) => like(a, a.dtype("dtype") ?? a.tensor("input").dtype, value));
  CREATE.methods[`new_${name}`] = entry("input *size dtype?", (a) =>
    fresh(a, a.ints("size") ?? [], a.dtype("dtype") ?? a.tensor("input").dtype, value),
  );
}
function fillDType(a: Arguments): DType {
  const v = a.operand("fill_value");
  return isTensor(v) ? v.dtype : dtypeOfScalar(v);
}
/** A fill value as `dtype` holds it; half precision takes what is too large as infinity. @throws Refusal where it does not */
function storedNumber(a: Arguments, v: Scalar, dtype: DType): number {
  const like = a.has("input") ? a.tensor("input") : null;
  if (isHalf(dtype) && !(like?.type === "dynamic" && like.batched !== 0)) return numberOf(v);
  const t = checkedNumber(a.at, v, dtype);
  return t.type === "tensor" ? itemOf(t) : numberOf(v);
}

/** A tensor of one value, which a mod's index may give. */
function spread(a: Arguments, shape: readonly number[], dtype: DType): TensorLike {
  const v = a.operand("fill_value");
  if (!isTensor(v)) return filled(dtype, sized(a, shape), storedNumber(a, v, dtype), literal(a));
  const one = cast(a.at, v, dtype);
  if (one.type === "tensor") return filled(dtype, sized(a, shape), one.storage.data[one.offset] ?? 0, literal(a));
  const element = one.elements?.[0];
  return element === undefined ? one : dynamic(dtype, shape, new Array(numel(sized(a, shape))).fill(element), one.batched);
}
CREATE.functions["full"] = entry("size fill_value * dtype?", (a) => spread(a, a.ints("size") ?? [], a.dtype("dtype") ?? fillDType(a)));
CREATE.functions["full_like"] = entry("input fill_value * dtype?", (a) => {
  const x = a.tensor("input");
  const dtype = a.dtype("dtype") ?? x.dtype;
  const fill = a.operand("fill_value");
  return isTensor(fill) ? spread(a, x.shape, dtype) : like(a, dtype, storedNumber(a, fill, dtype));
});
CREATE.methods["new_full"] = entry("input size fill_value * dtype?", (a) => {
  const dtype = a.dtype("dtype") ?? a.tensor("input").dtype;
  const fill = a.operand("fill_value");
  return isTensor(fill) ? spread(a, a.ints("size") ?? [], dtype) : fresh(a, a.ints("size") ?? [], dtype, storedNumber(a, fill, dtype));
});

/** As large as the input, and batched as it is: what an in-place operation then fits into. */
function like(a: Arguments, dtype: DType, value: number): TensorLike {
  return fresh(a, a.tensor("input").shape, dtype, value);
}

function fresh(a: Arguments, shape: readonly number[], dtype: DType, value: number): TensorLike {
  const x = a.tensor("input");
  sized(a, shape);
  if (x.type === "tensor") return filled(dtype, shape, value, literal(a));
  return dynamic(dtype, shape, new Array(numel(shape)).fill(constant(value, dtype)), x.batched);
}

// ------------------------------------------------------------------------------------------------ conversions

const NAMED: Readonly<Record<string, DType>> = {
  float: "f32",
  double: "f64",
  half: "f16",
  bfloat16: "bf16",
  int: "i32",
  long: "i64",
  short: "i16",
  char: "i8",
  byte: "u8",
  bool: "bool",
};
for (const [name, dtype] of Object.entries(NAMED)) CREATE.methods[name] = entry("input", (a) => cast(a.at, a.tensor("input"), dtype));
CREATE.methods["to"] = entry("input *args dtype? other?", (a) => {
  const x = a.tensor("input");
  const args = a.value("args");
  for (const v of [...(args.type === "tuple" ? args.items : []), a.value("dtype"), a.value("other")]) {
    if (isTensor(v)) return cast(a.at, x, v.dtype);
    const dtype = dtypeFrom(v);
    if (dtype !== null) return cast(a.at, x, dtype);
  }
  return x;
});
CREATE.methods["type"] = entry("input dtype?", (a) => {
  const dtype = dtypeFrom(a.value("dtype"));
  return dtype === null ? a.tensor("input") : cast(a.at, a.tensor("input"), dtype);
});
CREATE.methods["type_as"] = entry("input other", (a) => cast(a.at, a.tensor("input"), a.tensor("other").dtype));
CREATE.methods["element_size"] = entry("input", (a) => int(DTYPE_BYTES[a.tensor("input").dtype]));

// ------------------------------------------------------------------------------------------------------ others

CREATE.functions["is_tensor"] = entry("obj", (a) => bool(isTensor(a.value("obj"))));
for (const name of ["iinfo", "finfo"]) {
  CREATE.functions[name] = entry("type?", (a) => {
    const v = a.value("type");
    return v.type === "unknown" ? derived(v) : limits(a.dtype("type") ?? (name === "finfo" ? "f32" : "i64"));
  });
}
function limits(d: DType): Value {
  if (isFloat(d) && (d === "f16" || d === "bf16" || d === "f32" || d === "f64")) {
    const eps = { f16: 2 ** -10, bf16: 2 ** -7, f32: 2 ** -23, f64: 2 ** -52 }[d];
    const tiny = { f16: 2 ** -14, bf16: 2 ** -126, f32: 2 ** -126, f64: 2 ** -1022 }[d];
    const items = [float(FLOAT_MAX[d]), float(-FLOAT_MAX[d]), float(eps), float(tiny), int(DTYPE_BYTES[d] * 8)];
    return { type: "tuple", items, fields: ["max", "min", "eps", "tiny", "bits"] };
  }
  const bits = DTYPE_BYTES[d] * 8;
  const signed = isInt(d) && d !== "u8";
  const top = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const low = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const exact = (v: bigint): Value => ({ type: "int", value: Number.isSafeInteger(Number(v)) ? Number(v) : v });
  return { type: "tuple", items: [exact(top), exact(low), int(bits)], fields: ["max", "min", "bits"] };
}
CREATE.functions["Size"] = entry("sizes", (a) => tuple((a.ints("sizes") ?? []).map(int)));

/** Seeded numbers in place of random ones: outside a mod plausible, inside one refused, as PyTorch does. */
const RANDOM: Readonly<Record<string, (x: number, y: number) => number>> = {
  rand: (x) => x,
  // Box and Muller.
  randn: (x, y) => Math.sqrt(-2 * Math.log(1 - x)) * Math.cos(2 * Math.PI * y),
};
/** PyTorch's oracle uses the same mix: x ^= x >>> 16, … (MurmurHash3's finaliser). */
function uniform(i: number, seed: number): number {
  let x = (Math.imul(i + 1, 0x9e3779b1) + Math.imul(seed, 0x85ebca6b)) | 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return (x >>> 8) / 2 ** 24;
}
function random(a: Arguments, shape: readonly number[], dtype: DType, value: (x: number, y: number) => number): Value {
  const text = a.at.run.text(a.at.span);
  if (a.at.run.trace !== null) refuse("random-in-mod", a.at.span, [text]);
  a.at.run.drawn = a.at.span;
  const n = numel(sized(a, shape));
  return tensorLater(dtype, shape, () => {
    const data = arrayFor(dtype, n);
    for (let i = 0; i < n; i++) data[i] = toDType(value(uniform(i, 1), uniform(i, 2)), dtype);
    return data;
  });
}
for (const [name, value] of Object.entries(RANDOM)) {
  CREATE.functions[name] = entry("*size dtype?", (a) => random(a, a.ints("size") ?? [], a.dtype("dtype") ?? "f32", value));
  CREATE.functions[`${name}_like`] = entry("input * dtype?", (a) =>
    random(a, a.tensor("input").shape, a.dtype("dtype") ?? floatType(a.tensor("input").dtype), value),
  );
}
CREATE.functions["randint"] = entry("low high? size? * dtype?", (a) => {
  // `randint(high, size)` and `randint(low, high, size)`.
  const three = a.has("size") && a.value("high").type === "int";
  const low = three ? a.int("low") : 0;
  const high = three ? a.int("high") : a.int("low");
  const shape = three || !a.has("high") ? (a.ints("size") ?? []) : (a.ints("high") ?? []);
  return random(a, shape, a.dtype("dtype") ?? "i64", (x) => low + Math.floor(x * (high - low)));
});
CREATE.functions["randperm"] = entry("n * dtype?", (a) => {
  const n = a.int("n");
  random(a, [n], "f32", (x) => x);
  const order = Array.from({ length: n }, (_, i) => i).sort((p, q) => uniform(p, 1) - uniform(q, 1));
  return tensorFrom(a.dtype("dtype") ?? "i64", [n], order, false);
});
CREATE.functions["bernoulli"] = entry("input p?", (a) =>
  random(a, a.tensor("input").shape, a.tensor("input").dtype, (x) => (x < 0.5 ? 1 : 0)),
);
