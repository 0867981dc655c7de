/** Writing to chosen places of known tensors: scatter, index_add, index_put, masked_scatter, … and their `…_` methods. */
import { toDType } from "../ir/number.ts";
import { dataOf, itemOf, numel, offsetsOf, tensorFrom } from "./tensor.ts";
import { type Arguments, define, emptyTable, entry, known } from "./torchArguments.ts";
import { cast, clone, expand } from "./torchElement.ts";
import { axisOf, getItem, setItem } from "./torchIndex.ts";
import { isScalar, isTensor, numberOf, refuse, type Tensor, tuple, type Value } from "./value.ts";

export const SCATTER = emptyTable();

const wrong = (a: Arguments, why: string): never => refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), why]);

/** What a place gets: from what it holds, what comes, and how many have come before (the place itself as one, or not). */
type Combine = (old: number, value: number, count: number) => number;

const REDUCE: Readonly<Record<string, Combine>> = {
  add: (x, y) => x + y,
  sum: (x, y) => x + y,
  multiply: (x, y) => x * y,
  prod: (x, y) => x * y,
  amax: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : Math.max(x, y)),
  amin: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : Math.min(x, y)),
  // The running mean; the last rounding is the dtype's.
  mean: (x, y, n) => (x * n + y) / (n + 1),
};

/** A fresh copy of `x`; whoever stores it in place writes it back. */
function copyOf(x: Tensor): Tensor {
  const out = clone(x, x.storage.literal);
  if (out.type !== "tensor") throw new Error("a clone of a known tensor is known");
  return out;
}

/** `x` with `src` at the places that `index` names along `dim`; a missing `combine` overwrites. */
function scatter(a: Arguments, combine: Combine | null, includesSelf: boolean): Value {
  const x = known(a, "input");
  const index = known(a, "index");
  const axis = axisOf(a.at, a.int("dim"), x.shape.length);
  const given = a.has("value") ? a.operand("value") : a.operand("src");
  if (isTensor(given) && given.type !== "tensor") refuse("unsupported-function", a.at.span, [a.call.name, "it takes known tensors"]);
  const src = given.type === "tensor" ? given : null;
  if (index.shape.length !== x.shape.length && index.shape.length + x.shape.length > 1)
    wrong(a, "index and input have the same number of dimensions");
  if (src !== null && src.shape.length > 0 && index.shape.some((s, d) => s > (src.shape[d] ?? 1)))
    wrong(a, "the source is smaller than the index");
  const out = copyOf(x);
  const data = out.storage.data;
  const places = dataOf(index);
  const counts = new Map<number, number>();
  a.at.run.step(a.at.span, 1 + places.length / 8);
  for (let i = 0; i < places.length; i++) {
    const place = places[i] ?? 0;
    if (place < 0 || place >= (x.shape[axis] ?? 1))
      refuse("index-out-of-range", a.at.span, [a.at.run.text(a.at.span), `index ${place} in a dimension of size ${x.shape[axis] ?? 1}`]);
    let rest = i;
    let offset = 0;
    let from = src?.offset ?? 0;
    for (let d = index.shape.length - 1; d >= 0; d--) {
      const size = index.shape[d] ?? 1;
      const at = rest % size;
      offset += (d === axis ? place : at) * (out.strides[d] ?? 0);
      from += at * (src?.strides[d] ?? 0);
      rest = Math.floor(rest / size);
    }
    const value = src !== null ? (src.storage.data[from] ?? 0) : isScalar(given) ? numberOf(given) : 0;
    const count = counts.get(offset) ?? 0;
    counts.set(offset, count + 1);
    const isFirst = count === 0 && !includesSelf;
    const next = combine === null || isFirst ? value : combine(data[offset] ?? 0, value, includesSelf ? count + 1 : count);
    data[offset] = toDType(next, out.dtype);
  }
  return out;
}

define(
  SCATTER,
  "scatter",
  entry("input dim index src? * value? reduce?", (a) => scatter(a, REDUCE[a.string("reduce", "")] ?? null, true)),
);
define(
  SCATTER,
  "scatter_add",
  entry("input dim index src", (a) => scatter(a, REDUCE["add"] ?? null, true)),
);
define(
  SCATTER,
  "scatter_reduce",
  entry("input dim index src reduce? * include_self?", (a) => {
    const combine = REDUCE[a.string("reduce", "")] ?? wrong(a, "`reduce` is sum, prod, mean, amax or amin");
    return scatter(a, combine, a.flag("include_self", true));
  }),
);

/** Rows along a dimension, as `index_add`, `index_copy` and `index_fill` write them. */
function indexed(a: Arguments, combine: Combine | null, factor: number): Value {
  const x = known(a, "input");
  const index = known(a, "index");
  const axis = axisOf(a.at, a.int("dim"), x.shape.length);
  const rows = x.shape.map((s, d) => (d === axis ? numel(index.shape) : s));
  const given = a.has("source") ? a.operand("source") : a.operand("value");
  const source = isTensor(given) ? cast(a.at, given, x.dtype) : tensorFrom(x.dtype, [], [numberOf(given)], true);
  if (source.type !== "tensor") return refuse("unsupported-function", a.at.span, [a.call.name, "it takes known tensors"]);
  if (source.shape.length > 0 && source.shape.join() !== rows.join()) wrong(a, "the source does not fit the places");
  const values = dataOf(expand(source, rows));
  const out = copyOf(x);
  const data = out.storage.data;
  const positions = tensorFrom("i64", out.shape, offsetsOf(out), true);
  const all: Value = { type: "slice", lower: { type: "none" }, upper: { type: "none" }, step: { type: "none" } };
  const flat = index.shape.length === 0 ? tensorFrom("i64", [1], [itemOf(index)], true) : index;
  const target = getItem(a.at, positions, tuple(out.shape.map((_, d) => (d === axis ? flat : all))));
  if (target.type !== "tensor") return out;
  dataOf(target).forEach((offset: number, i: number) => {
    const value = (values[i] ?? 0) * factor;
    data[offset] = toDType(combine === null ? value : combine(data[offset] ?? 0, value, 1), out.dtype);
  });
  return out;
}
define(
  SCATTER,
  "index_add",
  entry("input dim index source * alpha?", (a) => indexed(a, REDUCE["add"] ?? null, a.number("alpha", 1))),
);
define(
  SCATTER,
  "index_copy",
  entry("input dim index source", (a) => indexed(a, null, 1)),
);
define(
  SCATTER,
  "index_fill",
  entry("input dim index value", (a) => indexed(a, null, 1)),
);
define(
  SCATTER,
  "index_put",
  entry("input indices values accumulate?", (a) => {
    const out = copyOf(known(a, "input"));
    const indices = a.value("indices");
    const parts = tuple(indices.type === "list" || indices.type === "tuple" ? indices.items : [indices]);
    if (!a.flag("accumulate")) {
      setItem(a.at, out, parts, a.value("values"));
      return out;
    }
    const places = getItem(a.at, tensorFrom("i64", out.shape, offsetsOf(out), true), parts);
    const values = cast(a.at, a.tensor("values"), out.dtype);
    if (places.type !== "tensor" || values.type !== "tensor")
      return refuse("unsupported-function", a.at.span, [a.call.name, "it takes known tensors"]);
    const added = dataOf(expand(values, places.shape));
    const data = out.storage.data;
    dataOf(places).forEach((offset: number, i: number) => {
      data[offset] = toDType((data[offset] ?? 0) + (added[i] ?? 0), out.dtype);
    });
    return out;
  }),
);
define(
  SCATTER,
  "put",
  entry("input index source accumulate?", (a) => {
    const out = copyOf(known(a, "input"));
    const values = dataOf(known(a, "source"));
    const data = out.storage.data;
    dataOf(known(a, "index")).forEach((place: number, i: number) => {
      const offset = place < 0 ? place + data.length : place;
      data[offset] = toDType((a.flag("accumulate") ? (data[offset] ?? 0) : 0) + (values[i] ?? 0), out.dtype);
    });
    return out;
  }),
);
define(
  SCATTER,
  "masked_scatter",
  entry("input mask source", (a) => {
    const out = copyOf(known(a, "input"));
    const mask = dataOf(expand(known(a, "mask"), out.shape));
    const source = dataOf(known(a, "source"));
    let next = 0;
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) out.storage.data[i] = toDType(source[next++] ?? 0, out.dtype);
    if (next > source.length) wrong(a, "the source has fewer elements than the mask has places");
    return out;
  }),
);
SCATTER.methods["fill_diagonal"] = entry("input fill_value wrap?", (a) => {
  const out = copyOf(known(a, "input"));
  const step = out.strides.reduce((n, s) => n + s, 0);
  for (let i = 0; i < Math.min(...out.shape); i++) out.storage.data[i * step] = toDType(a.number("fill_value"), out.dtype);
  return out;
});
