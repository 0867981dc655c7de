/**
 * Reductions and scans of tensors: sum, any, all, max, cumsum, dot, matmul, sort, … over known elements and over
 * expressions. A reduction of expressions is a chain of operators, left to right.
 */
import { binary, cast as castExpr, constant, type Expr, unary, where } from "../ir/expr.ts";
import { evalBinary } from "../ir/interpret.ts";
import { toDType } from "../ir/number.ts";
import { type BinaryOp, type DType, isFloat, TORCH_NAMES } from "../ir/ops.ts";
import { floatType, isHalf, promoteTypes } from "./promote.ts";
import { dataOf, dynamic, dynamicElements, elementsOf, filled, numel, offsetsOf, tensorFrom, viewOf } from "./tensor.ts";
import { type At, applyBinary, cast, type TensorLike, tensorBinary } from "./torchElement.ts";
import { axisOf, getItem, nonzero, stackRows } from "./torchIndex.ts";
import { layoutOf, sumOf } from "./torchSum.ts";
import { float, int, refuse, type Tensor, tuple, type Value } from "./value.ts";

export type Reduction = "sum" | "prod" | "any" | "all" | "max" | "min";

const OPS: Readonly<Record<Reduction, BinaryOp>> = { sum: "add", prod: "mul", any: "or", all: "and", max: "max", min: "min" };
const IDENTITY: Readonly<Partial<Record<Reduction, number>>> = { sum: 0, prod: 1, any: 0, all: 1 };

/** Positions of each group that reduces to one element: over `axes` of `shape`. */
function groups(shape: readonly number[], axes: readonly number[]): { shape: number[]; members: number[][] } {
  const positions = filled("i64", shape, 0, true);
  const kept = shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const pickDims = (dims: readonly number[]) =>
    offsetsOf(
      viewOf(
        positions,
        dims.map((d) => shape[d] ?? 1),
        dims.map((d) => positions.strides[d] ?? 0),
        0,
      ),
    );
  const inner = pickDims(axes);
  const members = Array.from(pickDims(kept), (o) => Array.from(inner, (i) => o + i));
  return { shape: kept.map((d) => shape[d] ?? 1), members };
}

/** `x.sum(dim)` and its kin; `dims` null for all; `sequential` adds front to back. @throws Refusal for the maximum of nothing */
export function reduce(
  at: At,
  name: Reduction,
  x: TensorLike,
  dims: readonly number[] | null,
  keepdim: boolean,
  dtype: DType | null = null,
  sequential = false,
): TensorLike {
  const isTruth = name === "any" || name === "all";
  const wide: DType = isTruth ? "bool" : name === "max" || name === "min" ? x.dtype : (dtype ?? (isFloat(x.dtype) ? x.dtype : "i64"));
  // Half precision accumulates in f32.
  const work: DType = isHalf(wide) ? "f32" : wide;
  const input = cast(at, x, work);
  const rank = x.shape.length;
  const axes = dims === null ? x.shape.map((_, d) => d) : [...new Set(dims.map((d) => axisOf(at, d, rank)))].filter((d) => d < rank);
  const kept = x.shape.filter((_, d) => !axes.includes(d));
  at.run.step(at.span, 1 + numel(x.shape) / (input.type === "tensor" ? 32 : 1) + numel(kept) / 8);
  // Each element alone is what it is; but for a sum, which adds it to zero.
  if (input.type === "tensor" && name !== "sum" && numel(kept) === numel(x.shape)) {
    const alone = keepdim ? x.shape : kept;
    return cast(at, tensorFrom(work, alone, dataOf(input), input.storage.literal || at.run.trace !== null), wide);
  }
  const { shape, members } = groups(x.shape, axes);
  const out = keepdim ? x.shape.map((s, d) => (axes.includes(d) ? 1 : s)) : shape;
  const identity = IDENTITY[name];
  if (identity === undefined && members.some((m) => m.length === 0))
    refuse("operand-types", at.span, [at.run.text(at.span), "the maximum or minimum of no elements"]);
  const op = work === "bool" ? (name === "max" ? "or" : name === "min" ? "and" : OPS[name]) : OPS[name];
  // Sums of floats go in PyTorch's order; a product of vectors is added up by another library, front to back.
  const inOrder = name === "sum" && isFloat(work) && !sequential;
  const layout = layoutOf(
    wide,
    axes.every((d) => d >= rank - axes.length),
  );
  if (input.type === "tensor") {
    const data = dataOf(input);
    const fold = (m: readonly number[]): number | null => {
      if (inOrder && m.length <= MAX_IN_ORDER) return sumOf(pickNumbers(data, m), (a, b) => toDType(a + b, work), layout) ?? 0;
      const inner: DType = name === "sum" && work === "f32" ? "f64" : work;
      return m.reduce(
        (acc: number | null, i) => (acc === null ? (data[i] ?? 0) : evalBinary(op, acc, data[i] ?? 0, inner)),
        identity ?? null,
      );
    };
    const values = members.map(fold);
    return cast(
      at,
      tensorFrom(
        work,
        out,
        values.map((v) => v ?? 0),
        input.storage.literal || at.run.trace !== null,
      ),
      wide,
    );
  }
  const elements = dynamicElements(input);
  const empty = constant(identity ?? 0, work);
  const folded = members.map((m) => {
    const items = pickAll(elements, m);
    return inOrder ? (sumOf(items, (a, b) => binary(op, a, b), layout) ?? empty) : foldExpressions(op, items, empty);
  });
  return cast(at, dynamic(work, out, folded, input.batched), wide);
}

/** Longer sums of known numbers are taken in float64 and rounded once. */
const MAX_IN_ORDER = 2 ** 16;

const pickNumbers = (data: ArrayLike<number>, at: readonly number[]): number[] => at.map((i) => data[i] ?? 0);
const pickAll = (elements: readonly Expr[], at: readonly number[]): Expr[] => at.map((i) => elements[i]).filter((e) => e !== undefined);

function foldExpressions(op: BinaryOp, items: readonly Expr[], empty: Expr): Expr {
  const [first, ...rest] = items;
  return first === undefined ? empty : rest.reduce((acc, e) => binary(op, acc, e), first);
}

/** `x.mean(dim)`. */
export function mean(at: At, x: TensorLike, dims: readonly number[] | null, keepdim: boolean): TensorLike {
  if (!isFloat(x.dtype)) refuse("operand-types", at.span, [at.run.text(at.span), `mean takes floats, not ${TORCH_NAMES[x.dtype]}`]);
  const total = reduce(at, "sum", x, dims, keepdim);
  const count = numel(x.shape) / Math.max(1, numel(total.shape));
  return tensorBinary(at, "/", total, float(count));
}

/** Position of the largest (smallest) element along `dim`, of all elements for null. The first of equals; a nan comes before all. */
export function argExtreme(at: At, name: "max" | "min", x: TensorLike, dim: number | null, keepdim: boolean): TensorLike {
  const rank = x.shape.length;
  const axes = dim === null ? x.shape.map((_, d) => d) : [axisOf(at, dim, rank)].filter((d) => d < rank);
  const { shape, members } = groups(x.shape, axes);
  const out = keepdim ? x.shape.map((s, d) => (axes.includes(d) ? 1 : s)) : shape;
  if (x.type === "tensor") {
    const data = dataOf(x);
    const better = (a: number, b: number) => (name === "max" ? a > b : a < b) || (Number.isNaN(a) && !Number.isNaN(b));
    const values = members.map((m) => m.reduce((best, i, n) => (better(data[i] ?? 0, data[m[best] ?? 0] ?? 0) ? n : best), 0));
    return tensorFrom("i64", out, values, at.run.trace !== null);
  }
  const elements = dynamicElements(x);
  const results = members.map((m) => {
    const items = pickAll(elements, m);
    let index: Expr = constant(0, "i64");
    let best = items[0];
    items.slice(1).forEach((e, i) => {
      if (best === undefined) return;
      const larger = binary(name === "max" ? "gt" : "lt", e, best);
      const wins = isFloat(x.dtype) ? binary("or", larger, binary("and", unary("isnan", e), unary("not", unary("isnan", best)))) : larger;
      index = where(wins, constant(i + 1, "i64"), index);
      best = where(wins, e, best);
    });
    return index;
  });
  return dynamic("i64", out, results, x.batched);
}

/** `torch.max(x, dim)`: values and positions. */
export function extremeAlong(at: At, name: "max" | "min", x: TensorLike, dim: number, keepdim: boolean): Value {
  const values = reduce(at, name, x, [dim], keepdim);
  return { type: "tuple", items: [values, argExtreme(at, name, x, dim, keepdim)], fields: ["values", "indices"] };
}

/** `cumsum`, `cumprod`, `cummax` along `dim`. */
export function scan(at: At, op: "add" | "mul" | "max" | "min", x: TensorLike, dim: number, dtype: DType | null): TensorLike {
  const wide: DType = dtype ?? (isFloat(x.dtype) || op === "max" || op === "min" ? x.dtype : "i64");
  const input = cast(at, x, wide);
  const rank = x.shape.length;
  const axis = axisOf(at, dim, rank);
  const { members } = groups(x.shape, rank === 0 ? [] : [axis]);
  at.run.step(at.span, 1 + numel(x.shape) / 16);
  if (input.type === "tensor") {
    const data = dataOf(input);
    const out = new Array<number>(data.length).fill(0);
    const inner: DType = wide === "f32" ? "f64" : wide;
    for (const m of members) {
      let acc: number | null = null;
      for (const i of m) {
        acc = acc === null ? (data[i] ?? 0) : evalBinary(op, acc, data[i] ?? 0, inner);
        out[i] = acc;
      }
    }
    return tensorFrom(wide, x.shape, out, input.storage.literal || at.run.trace !== null);
  }
  const elements = [...dynamicElements(input)];
  for (const m of members) {
    let acc: Expr | null = null;
    for (const i of m) {
      const e = elements[i];
      if (e === undefined) continue;
      acc = acc === null ? e : binary(op, acc, e);
      elements[i] = acc;
    }
  }
  return dynamic(wide, x.shape, elements, input.batched);
}

/** `a @ b`: rows by columns in the last two dimensions, the others broadcast. @throws Refusal where dtypes or shapes differ */
export function matmul(at: At, a: TensorLike, b: TensorLike): TensorLike {
  if (a.dtype !== b.dtype)
    refuse("operand-types", at.span, [
      at.run.text(at.span),
      `\`@\` takes two tensors of one dtype, not ${TORCH_NAMES[a.dtype]} and ${TORCH_NAMES[b.dtype]}`,
    ]);
  const [ra, rb] = [a.shape.length, b.shape.length];
  if (ra === 0 || rb === 0) refuse("operand-types", at.span, [at.run.text(at.span), "`@` takes tensors with dimensions"]);
  if (a.shape[ra - 1] !== b.shape[Math.max(0, rb - 2)])
    refuse("operand-types", at.span, [at.run.text(at.span), `the shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}] do not fit`]);
  if (rb === 1) return reduce(at, "sum", applyBinary(at, "mul", a, b), [-1], false, a.dtype, true);
  const [dots, none]: Value[] = [{ type: "ellipsis" }, { type: "none" }];
  if (dots === undefined || none === undefined) return a;
  // [..., n, k, 1] by [..., 1, k, m], summed over k.
  const left = getItem(at, a, tuple([dots, none]));
  const all: Value = { type: "slice", lower: none, upper: none, step: none };
  const right = ra === 1 || rb === 2 ? b : getItem(at, b, tuple([dots, none, all, all]));
  return reduce(at, "sum", applyBinary(at, "mul", left, right), [-2], false, a.dtype, true);
}

/** Sorted along `dim`: values and positions; stable. Known tensors only. */
export function sort(at: At, x: Tensor, dim: number, descending: boolean): { values: Tensor; indices: Tensor } {
  const axis = axisOf(at, dim, x.shape.length);
  const data = dataOf(x);
  const { members } = groups(x.shape, x.shape.length === 0 ? [] : [axis]);
  const values = new Array<number>(data.length).fill(0);
  const indices = new Array<number>(data.length).fill(0);
  at.run.step(at.span, 1 + data.length / 4);
  for (const m of members) {
    const order = m.map((_, n) => n).sort((p, q) => ordering(data[m[p] ?? 0] ?? 0, data[m[q] ?? 0] ?? 0) * (descending ? -1 : 1));
    order.forEach((from, to) => {
      values[m[to] ?? 0] = data[m[from] ?? 0] ?? 0;
      indices[m[to] ?? 0] = from;
    });
  }
  const literal = at.run.trace !== null;
  return { values: tensorFrom(x.dtype, x.shape, values, literal), indices: tensorFrom("i64", x.shape, indices, literal) };
}

/** Numbers in order, NaN after all others. */
function ordering(x: number, y: number): number {
  if (x < y) return -1;
  if (x > y) return 1;
  return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
}

/** Distinct values in order, how often each occurs, and which each element is; `consecutive` compares neighbours only. */
export function unique(at: At, x: Tensor, consecutive: boolean): { values: Tensor; inverse: Tensor; counts: Tensor } {
  const data = Array.from(dataOf(x));
  at.run.step(at.span, 1 + data.length / 4);
  const values: number[] = [];
  const counts: number[] = [];
  const inverse: number[] = [];
  if (consecutive) {
    for (const v of data) {
      if (values.length === 0 || values[values.length - 1] !== v) {
        values.push(v);
        counts.push(0);
      }
      counts[counts.length - 1] = (counts[counts.length - 1] ?? 0) + 1;
      inverse.push(values.length - 1);
    }
  } else {
    values.push(...[...new Set(data)].sort((a, b) => a - b));
    const place = new Map(values.map((v, i) => [v, i]));
    counts.push(...values.map(() => 0));
    for (const v of data) {
      const i = place.get(v) ?? 0;
      counts[i] = (counts[i] ?? 0) + 1;
      inverse.push(i);
    }
  }
  const literal = at.run.trace !== null;
  return {
    values: tensorFrom(x.dtype, [values.length], values, literal),
    inverse: tensorFrom("i64", x.shape, inverse, literal),
    counts: tensorFrom("i64", [counts.length], counts, literal),
  };
}

/**
 * How many of the sorted `bounds` (one dimension) lie below each value: `torch.bucketize`, `torch.searchsorted`.
 * `right` counts those equal to it too. Few bounds are counted, many are searched by halves.
 */
export function bucketize(at: At, bounds: TensorLike, values: TensorLike, right: boolean): TensorLike {
  if (bounds.shape.length > 1) return searchRows(at, bounds, values, right);
  if (bounds.shape.length === 0) refuse("operand-types", at.span, [at.run.text(at.span), "the boundaries have a dimension"]);
  if (bounds.dtype !== values.dtype) {
    const common = promoteTypes(bounds.dtype, values.dtype);
    return bucketize(at, cast(at, bounds, common), cast(at, values, common), right);
  }
  const n = bounds.shape[0] ?? 0;
  const op: BinaryOp = right ? "le" : "lt";
  if (n > 32 && bounds.type === "tensor" && values.type === "dynamic") return searchByHalves(at, bounds, values, op);
  const rows = Array.from({ length: n }, (_, i) => getItem(at, bounds, int(i)));
  const zero: TensorLike = filled("i64", values.shape, 0, true);
  return rows.reduce(
    (count: TensorLike, bound) => applyBinary(at, "add", count, cast(at, applyBinary(at, op, bound, values), "i64")),
    zero,
  );
}

/** `torch.searchsorted` of as many sorted rows as there are rows of values. */
function searchRows(at: At, bounds: TensorLike, values: TensorLike, right: boolean): TensorLike {
  if (bounds.shape.slice(0, -1).join() !== values.shape.slice(0, -1).join())
    refuse("operand-types", at.span, [at.run.text(at.span), "boundaries and values have the same number of rows"]);
  const rows = Array.from({ length: bounds.shape[0] ?? 0 }, (_, i) =>
    bucketize(at, getItem(at, bounds, int(i)), getItem(at, values, int(i)), right),
  );
  return stackRows(at, rows);
}

function searchByHalves(at: At, bounds: Tensor, values: TensorLike, op: BinaryOp): TensorLike {
  const n = bounds.shape[0] ?? 0;
  let low: TensorLike = filled("i64", values.shape, 0, true);
  // Invariant: the first `low` bounds satisfy `bound op value`.
  for (let half = 2 ** Math.floor(Math.log2(n)); half >= 1; half /= 2) {
    const next = tensorBinary(at, "+", low, int(half));
    const probe = applyBinary(at, "min", tensorBinary(at, "-", next, int(1)), filled("i64", [], n - 1, true));
    const fits = applyBinary(
      at,
      "and",
      applyBinary(at, op, getItem(at, bounds, probe), values),
      applyBinary(at, "le", next, filled("i64", [], n, true)),
    );
    low = applyBinary(at, "add", low, tensorBinary(at, "*", cast(at, fits, "i64"), int(half)));
  }
  return low;
}

/** `torch.isin(x, among)`: for each element, whether it is one of `among`'s. */
export function isIn(at: At, x: TensorLike, among: TensorLike): TensorLike {
  const flat = among.type === "tensor" ? dataOf(among) : null;
  const n = numel(among.shape);
  if (x.type === "tensor" && flat !== null) {
    const set = new Set(flat);
    return tensorFrom(
      "bool",
      x.shape,
      Array.from(dataOf(x), (v) => (set.has(v) ? 1 : 0)),
      at.run.trace !== null,
    );
  }
  if (n > 32 && among.type === "tensor") {
    const { values } = unique(at, among, false);
    const sorted: Tensor = { ...values, storage: { ...values.storage, literal: false, name: among.storage.name } };
    const typed = cast(at, x, among.dtype);
    const place = bucketize(at, sorted, typed, false);
    const last = filled("i64", [], numel(sorted.shape) - 1, true);
    return applyBinary(at, "eq", getItem(at, sorted, applyBinary(at, "min", place, last)), typed);
  }
  const elements = among.type === "tensor" ? elementsOf(among) : dynamicElements(among);
  const xs = x.type === "tensor" ? elementsOf(x) : dynamicElements(x);
  at.run.step(at.span, 1 + n * xs.length);
  const common =
    x.dtype === among.dtype
      ? x.dtype
      : isFloat(x.dtype) || isFloat(among.dtype)
        ? floatType(isFloat(x.dtype) ? x.dtype : among.dtype)
        : "i64";
  const found = xs.map((e) =>
    foldExpressions(
      "or",
      elements.map((a) => binary("eq", castExpr(e, common), castExpr(a, common))),
      constant(0, "bool"),
    ),
  );
  return dynamic("bool", x.shape, found, (x.type === "dynamic" ? x.batched : 0) | (among.type === "dynamic" ? among.batched : 0));
}

/** Positions of the elements that are not 0, one row each: `torch.nonzero`. */
export function nonzeroRows(at: At, x: Tensor): TensorLike {
  const columns = nonzero(x);
  const stacked = stackRows(at, columns);
  return stacked.type === "tensor" ? viewOf(stacked, [...stacked.shape].reverse(), [...stacked.strides].reverse()) : stacked;
}
