/** Statistics of tensors, as factories and mods use them: variance, median, softmax, logsumexp, running extremes. */
import { floatType } from "./promote.ts";
import { dataOf, itemOf, numel, reshape, slice, tensorFrom } from "./tensor.ts";
import { type Arguments, define, type Entry, emptyTable, entry, known } from "./torchArguments.ts";
import { applyBinary, applyUnary, applyWhere, cast, floatUnary, type TensorLike } from "./torchElement.ts";
import { axisOf } from "./torchIndex.ts";
import { concatenate } from "./torchJoin.ts";
import { argExtreme, mean, reduce, sort } from "./torchReduce.ts";
import { rearrange } from "./torchShape.ts";
import { bool, float, isScalar, numberOf, refuse, type Tensor, type Value } from "./value.ts";

export const STATISTIC = emptyTable();

const pair = (values: Value, indices: Value): Value => ({ type: "tuple", items: [values, indices], fields: ["values", "indices"] });

// ----------------------------------------------------------------------------------------------- variance, extremes

function variance(a: Arguments): TensorLike {
  const x = a.tensor("input");
  // `x.var(False)` says whether it is unbiased; `x.var(1)` the dimension.
  const first = a.value("dim");
  const unbiased = first.type === "bool" ? first.value : a.flag("unbiased", true);
  const dims = first.type === "bool" ? null : a.ints("dim");
  const correction = a.has("correction") ? a.number("correction") : unbiased ? 1 : 0;
  const wide = cast(a.at, x, x.dtype === "f32" ? "f64" : x.dtype);
  const gap = applyBinary(a.at, "sub", wide, mean(a.at, wide, dims, true));
  const squares = reduce(a.at, "sum", applyBinary(a.at, "mul", gap, gap), dims, a.flag("keepdim"));
  const count = numel(x.shape) / Math.max(1, numel(squares.shape));
  return applyBinary(a.at, "div", squares, a.literal(wide.dtype, [], [Math.max(0, count - correction)]));
}
define(
  STATISTIC,
  "var",
  entry("input dim? unbiased? keepdim? * correction?", (a) => cast(a.at, variance(a), a.tensor("input").dtype)),
);
define(
  STATISTIC,
  "std",
  entry("input dim? unbiased? keepdim? * correction?", (a) => cast(a.at, floatUnary(a.at, "sqrt", variance(a)), a.tensor("input").dtype)),
);
define(
  STATISTIC,
  "aminmax",
  entry("input * dim? keepdim?", (a) => {
    const of = (name: "min" | "max"): TensorLike => reduce(a.at, name, a.tensor("input"), a.ints("dim"), a.flag("keepdim"));
    return { type: "tuple", items: [of("min"), of("max")], fields: ["min", "max"] };
  }),
);
define(
  STATISTIC,
  "nansum",
  entry("input dim? keepdim? * dtype?", (a) => {
    const x = a.tensor("input");
    const clean = applyWhere(a.at, applyUnary(a.at, "isnan", cast(a.at, x, floatType(x.dtype))), a.literal(x.dtype, [], [0]), x);
    return reduce(a.at, "sum", clean, a.ints("dim"), a.flag("keepdim"), a.dtype("dtype"));
  }),
);

/** The element at `place(n)` of the sorted `n` along `dim`, all elements in one where it is left out. */
function ranked(a: Arguments, place: (n: number) => number): Value {
  const whole = known(a, "input");
  const flat = !a.has("dim") && a.call.name.endsWith("median");
  const x = flat ? reshape(whole, [numel(whole.shape)]) : whole;
  const axis = axisOf(a.at, a.int("dim", -1), x.shape.length);
  const { values, indices } = sort(a.at, x, axis, false);
  const n = x.shape[axis] ?? 1;
  const at = place(n);
  if (at < 0 || at >= n) refuse("index-out-of-range", a.at.span, [a.at.run.text(a.at.span), `place ${at} of ${n}`]);
  const pick = (t: Tensor): TensorLike => {
    const one = slice(t, axis, at, 1, 1);
    return a.flag("keepdim") ? one : reshape(one, one.shape.toSpliced(axis, 1));
  };
  return flat ? pick(values) : pair(pick(values), pick(indices));
}
define(
  STATISTIC,
  "median",
  entry("input dim? keepdim?", (a) => ranked(a, (n) => Math.floor((n - 1) / 2))),
);
define(
  STATISTIC,
  "kthvalue",
  entry("input k dim? keepdim?", (a) => ranked(a, () => a.int("k") - 1)),
);
define(
  STATISTIC,
  "msort",
  entry("input", (a) => sort(a.at, known(a, "input"), 0, false).values),
);
define(
  STATISTIC,
  "mode",
  entry("input dim? keepdim?", (a) => {
    const x = known(a, "input");
    if (x.shape.length !== 1) return refuse("unsupported-function", a.at.span, [a.call.name, "it takes one dimension here"]);
    const data = Array.from(dataOf(x));
    const counts = new Map<number, number>();
    for (const v of data) counts.set(v, (counts.get(v) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const best = Math.min(...[...counts].filter(([, n]) => n === most).map(([v]) => v));
    const shape = a.flag("keepdim") ? [1] : [];
    return pair(tensorFrom(x.dtype, shape, [best], x.storage.literal), a.literal("i64", shape, [data.lastIndexOf(best)]));
  }),
);
define(
  STATISTIC,
  "quantile",
  entry("input q dim? keepdim?", (a) => {
    const x = known(a, "input");
    if (a.has("dim") && x.shape.length !== 1) refuse("unsupported-function", a.at.span, [a.call.name, "it takes one dimension here"]);
    const data = Float64Array.from(dataOf(x)).sort();
    const q = a.value("q");
    const at = (p: number): number => {
      const place = p * (data.length - 1);
      const [low, high] = [data[Math.floor(place)] ?? Number.NaN, data[Math.ceil(place)] ?? Number.NaN];
      return low + (high - low) * (place - Math.floor(place));
    };
    if (isScalar(q)) return tensorFrom(x.dtype, [], [at(numberOf(q))], x.storage.literal);
    const given = known(a, "q");
    return tensorFrom(x.dtype, given.shape, Array.from(dataOf(given), at), x.storage.literal);
  }),
);
define(
  STATISTIC,
  "histc",
  entry("input bins? min? max?", (a) => {
    const x = known(a, "input");
    const data = Array.from(dataOf(x));
    const bins = a.int("bins", 100);
    if (bins < 1) refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "there is at least one bin"]);
    let [low, high] = [a.number("min", 0), a.number("max", 0)];
    if (low === high) [low, high] = [Math.min(...data), Math.max(...data)];
    a.at.run.step(a.at.span, 1 + bins / 16);
    const out = new Array<number>(bins).fill(0);
    for (const v of data) {
      if (v < low || v > high) continue;
      const i = Math.min(bins - 1, Math.floor(((v - low) / (high - low)) * bins));
      out[i] = (out[i] ?? 0) + 1;
    }
    return tensorFrom(x.dtype, [bins], out, x.storage.literal);
  }),
);

// ------------------------------------------------------------------------------------------------------ exponentials

function shifted(a: Arguments, dims: readonly number[]): { x: TensorLike; top: TensorLike; sum: TensorLike } {
  const given = a.tensor("input");
  const x = cast(a.at, given, a.dtype("dtype") ?? floatType(given.dtype));
  const top = reduce(a.at, "max", x, dims, true);
  // A row of -inf alone stays: its largest is not subtracted.
  const finite = applyWhere(a.at, applyUnary(a.at, "isinf", top), a.literal(x.dtype, [], [0]), top);
  const sum = reduce(a.at, "sum", applyUnary(a.at, "exp", applyBinary(a.at, "sub", x, finite)), dims, true);
  return { x, top: finite, sum };
}
const dropped = (x: TensorLike, dims: readonly number[], keepdim: boolean): TensorLike =>
  keepdim
    ? x
    : rearrange(x, (t) =>
        reshape(
          t,
          t.shape.filter((_, d) => !dims.includes(d)),
        ),
      );
const axesOf = (a: Arguments, otherwise: number): number[] => {
  const rank = a.tensor("input").shape.length;
  return (a.ints("dim") ?? [otherwise]).map((d) => axisOf(a.at, d, rank));
};

const softmax = entry("input dim? dtype? * _stacklevel?", (a) => {
  const { x, top, sum } = shifted(a, axesOf(a, -1));
  return applyBinary(a.at, "div", applyUnary(a.at, "exp", applyBinary(a.at, "sub", x, top)), sum);
});
const logSoftmax = entry("input dim? dtype? * _stacklevel?", (a) => {
  const { x, top, sum } = shifted(a, axesOf(a, -1));
  return applyBinary(a.at, "sub", applyBinary(a.at, "sub", x, top), applyUnary(a.at, "log", sum));
});
define(STATISTIC, "softmax", softmax);
define(STATISTIC, "log_softmax", logSoftmax);
define(
  STATISTIC,
  "logsumexp",
  entry("input dim keepdim?", (a) => {
    const dims = axesOf(a, -1);
    const { top, sum } = shifted(a, dims);
    return dropped(applyBinary(a.at, "add", top, applyUnary(a.at, "log", sum)), dims, a.flag("keepdim"));
  }),
);
/** What `torch.nn.functional` has of these. */
export const FUNCTIONAL_STATISTICS: Readonly<Record<string, Entry>> = { softmax, log_softmax: logSoftmax };

// -------------------------------------------------------------------------------------------------------------- scans

for (const name of ["max", "min"] as const) {
  define(
    STATISTIC,
    `cum${name}`,
    entry("input dim", (a) => {
      const x = known(a, "input");
      const axis = axisOf(a.at, a.int("dim"), x.shape.length);
      const n = x.shape[axis] ?? 1;
      const values: TensorLike[] = [];
      const places: TensorLike[] = [];
      a.at.run.step(a.at.span, 1 + (n * numel(x.shape)) / 16);
      for (let i = 0; i < n; i++) {
        const head = slice(x, axis, 0, i + 1, 1);
        values.push(reduce(a.at, name, head, [axis], true));
        places.push(lastExtreme(a, name, head, axis));
      }
      return pair(concatenate(a, values, axis), concatenate(a, places, axis));
    }),
  );
}

/** The last of the largest (smallest) along `axis`: from the other end the first. */
function lastExtreme(a: Arguments, name: "max" | "min", x: Tensor, axis: number): TensorLike {
  const n = x.shape[axis] ?? 1;
  const turned = slice({ ...x, offset: x.offset + (n - 1) * (x.strides[axis] ?? 0) }, axis, 0, n, -1);
  const first = argExtreme(a.at, name, turned, axis, true);
  return applyBinary(a.at, "sub", a.literal("i64", [], [n - 1]), first);
}

define(
  STATISTIC,
  "logcumsumexp",
  entry("input dim", (a) => {
    const x = known(a, "input");
    if (x.shape.length !== 1) return refuse("unsupported-function", a.at.span, [a.call.name, "it takes one dimension here"]);
    let total = Number.NEGATIVE_INFINITY;
    const out = Array.from(dataOf(x), (v) => {
      const top = Math.max(total, v);
      total = top === Number.NEGATIVE_INFINITY ? top : top + Math.log(Math.exp(total - top) + Math.exp(v - top));
      return total;
    });
    return tensorFrom(x.dtype, x.shape, out, x.storage.literal);
  }),
);

// --------------------------------------------------------------------------------------------------------- comparison

const close = (a: Arguments): TensorLike => {
  const [x, y] = [a.tensor("input"), a.tensor("other")];
  const gap = applyUnary(a.at, "abs", a.arithmetic("-", x, y));
  const room = a.arithmetic(
    "+",
    a.arithmetic("*", applyUnary(a.at, "abs", y), float(a.number("rtol", 1e-5))),
    float(a.number("atol", 1e-8)),
  );
  const same = applyBinary(a.at, "eq", x, y);
  return applyBinary(a.at, "or", same, applyBinary(a.at, "le", cast(a.at, gap, room.dtype), room));
};
define(STATISTIC, "isclose", entry("input other rtol? atol? equal_nan?", close));
define(
  STATISTIC,
  "allclose",
  entry("input other rtol? atol? equal_nan?", (a) => {
    const all = reduce(a.at, "all", close(a), null, false);
    return all.type === "tensor" ? bool(itemOf(all) !== 0) : refuse("truth-value", a.at.span, [a.at.run.text(a.at.span)]);
  }),
);
