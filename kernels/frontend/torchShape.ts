import { arrayFor } from "../ir/mod.ts";
import {
  contiguousStrides,
  dataOf,
  dynamic,
  dynamicElements,
  filled,
  itemOf,
  MAX_ELEMENTS,
  numel,
  reshape,
  slice,
  tensorFrom,
  tensorOf,
  unsqueeze,
  viewOf,
} from "./tensor.ts";
import { type Arguments, define, emptyTable, entry, known } from "./torchArguments.ts";
import { broadcastShape, cast, expand, expandElements, type TensorLike } from "./torchElement.ts";
import { axisOf, getItem, indexSelect } from "./torchIndex.ts";
import { int, isScalar, numberOf, refuse, type Tensor, tuple, type Value } from "./value.ts";

export const SHAPE = emptyTable();

/** Rearranges by positions: `move` acts on a known tensor of positions, elements follow. */
export function rearrange(x: TensorLike, move: (t: Tensor) => Tensor): TensorLike {
  if (x.type === "tensor") return move(x);
  const elements = dynamicElements(x);
  const positions = tensorFrom(
    "i64",
    x.shape,
    Array.from(elements, (_, i) => i),
    true,
  );
  const moved = move(positions);
  const chosen = Array.from(dataOf(moved), (i) => elements[i]).filter((e) => e !== undefined);
  return dynamic(x.dtype, moved.shape, chosen, x.batched);
}

function shapeOf(a: Arguments, x: TensorLike, sizes: readonly number[]): number[] {
  const total = numel(x.shape);
  const given = sizes.reduce((n, s) => (s === -1 ? n : n * s), 1);
  const shape = sizes.map((s) => (s === -1 ? Math.floor(total / Math.max(1, given)) : s));
  if (numel(shape) !== total) {
    refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), `${total} elements do not fill the shape [${sizes.join(", ")}]`]);
  }
  return shape;
}

define(
  SHAPE,
  "reshape",
  entry("input *shape", (a) => {
    const x = a.tensor("input");
    const shape = shapeOf(a, x, a.ints("shape") ?? []);
    return rearrange(x, (t) => reshape(t, shape));
  }),
);
SHAPE.methods["view"] = entry("input *shape", (a) => {
  const x = a.tensor("input");
  const first = a.value("shape");
  const [dtype] = first.type === "tuple" ? first.items : [];
  if (dtype?.type === "dtype") return cast(a.at, x, dtype.dtype);
  const shape = shapeOf(a, x, a.ints("shape") ?? []);
  if (x.type === "dynamic") return rearrange(x, (t) => reshape(t, shape));
  const strides = viewStrides(x, shape);
  if (strides === null) {
    return refuse("operand-types", a.at.span, [
      a.at.run.text(a.at.span),
      "the elements do not lie in the order that the view needs; use `.reshape(…)`",
    ]);
  }
  return viewOf(x, shape, strides);
});

/** The strides of `t`'s storage seen in `shape`, or null where that takes a copy: as PyTorch's `computeStride`. */
function viewStrides(t: Tensor, shape: readonly number[]): number[] | null {
  if (numel(t.shape) === 0) return contiguousStrides(shape);
  const strides = new Array<number>(shape.length).fill(0);
  let d = shape.length - 1;
  let base = t.strides.at(-1) ?? 1;
  let [held, taken] = [1, 1];
  for (let s = t.shape.length - 1; s >= 0; s--) {
    held *= t.shape[s] ?? 1;
    const outer = t.shape[s - 1] ?? 1;
    const joins = s > 0 && (outer === 1 || t.strides[s - 1] === held * base);
    if (joins) continue;
    for (; d >= 0 && (taken < held || shape[d] === 1); d--) {
      strides[d] = taken * base;
      taken *= shape[d] ?? 1;
    }
    if (taken !== held) return null;
    if (s > 0) [base, held, taken] = [t.strides[s - 1] ?? 1, 1, 1];
  }
  return d < 0 ? strides : null;
}

define(
  SHAPE,
  "flatten ravel",
  entry("input start_dim? end_dim?", (a) => {
    const x = a.tensor("input");
    const rank = x.shape.length;
    const from = rank === 0 ? 0 : axisOf(a.at, a.int("start_dim", 0), rank);
    const to = rank === 0 ? 0 : axisOf(a.at, a.int("end_dim", -1), rank);
    const shape = [...x.shape.slice(0, from), numel(x.shape.slice(from, to + 1)), ...x.shape.slice(to + 1)];
    return rearrange(x, (t) => reshape(t, shape));
  }),
);
define(
  SHAPE,
  "unsqueeze",
  entry("input dim", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim"), x.shape.length + 1);
    return rearrange(x, (t) => unsqueeze(t, axis));
  }),
);
define(
  SHAPE,
  "squeeze",
  entry("input dim?", (a) => {
    const x = a.tensor("input");
    const dims = a.ints("dim")?.map((d) => axisOf(a.at, d, x.shape.length));
    const keep = (_: number, d: number) => x.shape[d] !== 1 || (dims !== undefined && !dims.includes(d));
    return rearrange(x, (t) => viewOf(t, t.shape.filter(keep), t.strides.filter(keep)));
  }),
);
/** `x.permute(dims)`. @throws Refusal for a dimension that it has not */
export function permute(a: Arguments, x: TensorLike, dims: readonly number[]): TensorLike {
  const axes = dims.map((d) => axisOf(a.at, d, x.shape.length));
  return rearrange(x, (t) =>
    viewOf(
      t,
      axes.map((d) => t.shape[d] ?? 1),
      axes.map((d) => t.strides[d] ?? 0),
    ),
  );
}
define(
  SHAPE,
  "permute",
  entry("input *dims", (a) => permute(a, a.tensor("input"), a.ints("dims") ?? [])),
);
define(
  SHAPE,
  "transpose swapaxes swapdims",
  entry("input dim0 dim1", (a) => {
    const x = a.tensor("input");
    const dims = x.shape.map((_, d) => d);
    const [p, q] = [axisOf(a.at, a.int("dim0"), dims.length), axisOf(a.at, a.int("dim1"), dims.length)];
    return permute(
      a,
      x,
      dims.map((d) => (d === p ? q : d === q ? p : d)),
    );
  }),
);
define(
  SHAPE,
  "t",
  entry("input", (a) =>
    permute(
      a,
      a.tensor("input"),
      a
        .tensor("input")
        .shape.map((_, d) => d)
        .reverse(),
    ),
  ),
);
define(
  SHAPE,
  "movedim moveaxis",
  entry("input source destination", (a) => {
    const x = a.tensor("input");
    const axes = (name: string): number[] => (a.ints(name) ?? []).map((d) => axisOf(a.at, d, x.shape.length));
    const [from, to] = [axes("source"), axes("destination")];
    const rest = x.shape.map((_, d) => d).filter((d) => !from.includes(d));
    const order = x.shape.map((_, d) => (to.includes(d) ? (from[to.indexOf(d)] ?? 0) : (rest.shift() ?? 0)));
    return permute(a, x, order);
  }),
);
/** `x.expand(sizes)`; -1 keeps a size. @throws Refusal where it does not fit */
export function expandTo(a: Arguments, x: TensorLike, sizes: readonly number[]): TensorLike {
  const pad = sizes.length - x.shape.length;
  const shape = sizes.map((s, d) => (s === -1 ? (x.shape[d - pad] ?? 1) : s));
  if (broadcastShape(a.at, [x.shape, shape]).join() !== shape.join()) {
    refuse("operand-types", a.at.span, [
      a.at.run.text(a.at.span),
      `the shape [${x.shape.join(", ")}] does not expand to [${shape.join(", ")}]`,
    ]);
  }
  return x.type === "tensor" ? expand(x, shape) : dynamic(x.dtype, shape, expandElements(x, shape), x.batched);
}
SHAPE.methods["expand"] = entry("input *size", (a) => expandTo(a, a.tensor("input"), a.ints("size") ?? []));
SHAPE.methods["expand_as"] = entry("input other", (a) => expandTo(a, a.tensor("input"), a.tensor("other").shape));
SHAPE.methods["view_as"] = entry("input other", (a) => rearrange(a.tensor("input"), (t) => reshape(t, a.tensor("other").shape)));
SHAPE.methods["reshape_as"] = SHAPE.methods["view_as"];
define(
  SHAPE,
  "broadcast_to",
  entry("input *size", (a) => expandTo(a, a.tensor("input"), a.ints("size") ?? [])),
);
SHAPE.functions["broadcast_tensors"] = entry("*tensors", (a) => {
  const items = a.tensors("tensors");
  const shape = broadcastShape(
    a.at,
    items.map((t) => t.shape),
  );
  return tuple(items.map((t) => expandTo(a, t, shape)));
});
define(
  SHAPE,
  "flip",
  entry("input *dims", (a) => {
    const x = a.tensor("input");
    const dims = (a.ints("dims") ?? []).map((d) => axisOf(a.at, d, x.shape.length));
    const move = (t: Tensor) =>
      tensorFrom(
        t.dtype,
        t.shape,
        dataOf(
          viewOf(
            t,
            t.shape,
            t.strides.map((s, d) => (dims.includes(d) ? -s : s)),
            t.offset + dims.reduce((o, d) => o + ((t.shape[d] ?? 1) - 1) * (t.strides[d] ?? 0), 0),
          ),
        ),
        t.storage.literal,
      );
    return rearrange(x, move);
  }),
);
define(
  SHAPE,
  "roll",
  entry("input shifts dims?", (a) => {
    const x = a.tensor("input");
    const [shifts, dims] = [a.ints("shifts") ?? [], a.ints("dims") ?? []];
    const places = (n: number, shift: number): number[] => Array.from({ length: n }, (_, i) => (((i - shift) % n) + n) % n);
    if (dims.length === 0) {
      const from = places(numel(x.shape), shifts[0] ?? 0);
      return rearrange(x, (t) => gatherFlat(t, t.shape, (i) => from[i] ?? 0));
    }
    if (dims.length !== shifts.length)
      refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "there are as many shifts as dimensions"]);
    return dims.reduce((out: TensorLike, dim, i) => {
      const axis = axisOf(a.at, dim, x.shape.length);
      const from = places(x.shape[axis] ?? 1, shifts[i] ?? 0);
      return indexSelect(a.at, out, axis, tensorFrom("i64", [from.length], from, true));
    }, x);
  }),
);

/** A fresh tensor of `shape` whose element `i` is element `from(i)` of `t`. */
function gatherFlat(t: Tensor, shape: readonly number[], from: (i: number) => number): Tensor {
  const data = dataOf(t);
  const out = arrayFor(t.dtype, numel(shape));
  for (let i = 0; i < out.length; i++) out[i] = data[from(i)] ?? 0;
  return tensorOf(t.dtype, shape, out, t.storage.literal);
}

define(
  SHAPE,
  "repeat_interleave",
  entry("input repeats? dim? * output_size?", (a) => {
    const x = a.tensor("input");
    const repeats = a.has("repeats") ? a.value("repeats") : x;
    const counted = a.has("repeats") ? x : null;
    const dim = a.has("dim") ? axisOf(a.at, a.int("dim"), x.shape.length) : null;
    const base = counted === null ? null : dim === null ? rearrange(counted, (t) => reshape(t, [numel(t.shape)])) : counted;
    const axis = dim ?? 0;
    const counts = isScalar(repeats)
      ? new Array<number>(base?.shape[axis] ?? 0).fill(numberOf(repeats))
      : repeats.type === "tensor"
        ? Array.from(
            numel(repeats.shape) === 1 && base !== null ? new Array<number>(base.shape[axis] ?? 0).fill(itemOf(repeats)) : dataOf(repeats),
          )
        : repeats.type === "list" || repeats.type === "tuple"
          ? repeats.items.map((r) => (isScalar(r) ? numberOf(r) : 0))
          : refuse("unsupported-function", a.at.span, [a.call.name, "it takes counts that do not depend on the mod's arguments"]);
    if (base !== null && counts.length !== base.shape[axis]) {
      refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), `${counts.length} counts for ${base.shape[axis] ?? 0} elements`]);
    }
    if (counts.some((c) => c < 0) || counts.reduce((n, c) => n + c, 0) > MAX_ELEMENTS) {
      refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "the counts are negative or too large"]);
    }
    const places = arrayFor(
      "i64",
      counts.reduce((n, c) => n + c, 0),
    );
    a.at.run.step(a.at.span, 1 + places.length / 16);
    let end = 0;
    counts.forEach((c, i) => {
      places.fill(i, end, end + c);
      end += c;
    });
    const index = tensorOf("i64", [places.length], places, a.at.run.trace !== null);
    return base === null ? index : indexSelect(a.at, base, axis, index);
  }),
);
function tile(a: Arguments, x: TensorLike, repeats: readonly number[]): TensorLike {
  let out = x;
  const lead = Math.max(0, repeats.length - x.shape.length);
  for (let d = 0; d < lead; d++) out = rearrange(out, (t) => unsqueeze(t, 0));
  const pad = out.shape.length - repeats.length;
  repeats.forEach((n, i) => {
    const size = out.shape[pad + i] ?? 1;
    if (n * numel(out.shape) > MAX_ELEMENTS || n * size > MAX_ELEMENTS) refuse("too-large", a.at.span, ["The repeated tensor"]);
    if (n !== 1)
      out = indexSelect(
        a.at,
        out,
        pad + i,
        tensorFrom(
          "i64",
          [n * size],
          Array.from({ length: n * size }, (_, j) => j % size),
          true,
        ),
      );
  });
  return out;
}
SHAPE.methods["repeat"] = entry("input *sizes", (a) => tile(a, a.tensor("input"), a.ints("sizes") ?? []));
define(
  SHAPE,
  "tile",
  entry("input *dims", (a) => tile(a, a.tensor("input"), a.ints("dims") ?? [])),
);

/** `x` in parts of these sizes along `dim`: views. */
export function splitParts(x: TensorLike, sizes: readonly number[], dim: number): Value {
  let start = 0;
  return tuple(
    sizes.map((size) => {
      const from = start;
      start += size;
      return rearrange(x, (t) => slice(t, dim, from, size, 1));
    }),
  );
}
define(
  SHAPE,
  "split",
  entry("input split_size_or_sections dim?", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", 0), x.shape.length);
    const total = x.shape[axis] ?? 0;
    const given = a.value("split_size_or_sections");
    if (given.type === "int") return splitParts(x, evenSizes(total, Math.max(1, numberOf(given))), axis);
    const sizes = a.ints("split_size_or_sections") ?? [];
    if (sizes.reduce((n, s) => n + s, 0) !== total) {
      refuse("operand-types", a.at.span, [
        a.at.run.text(a.at.span),
        `the parts make up ${sizes.reduce((n, s) => n + s, 0)} of ${total} elements`,
      ]);
    }
    return splitParts(x, sizes, axis);
  }),
);
define(
  SHAPE,
  "chunk",
  entry("input chunks dim?", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", 0), x.shape.length);
    const total = x.shape[axis] ?? 0;
    return splitParts(x, evenSizes(total, Math.max(1, Math.ceil(total / Math.max(1, a.int("chunks"))))), axis);
  }),
);
/** @throws RangeError for more parts than anybody makes */
function evenSizes(total: number, size: number): number[] {
  const count = Math.ceil(total / size);
  if (count > 1e5) throw new RangeError(`${count} parts`);
  return Array.from({ length: count }, (_, i) => Math.min(size, total - i * size));
}
define(
  SHAPE,
  "unbind",
  entry("input dim?", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", 0), x.shape.length);
    const moved = permute(a, x, [axis, ...x.shape.map((_, d) => d).filter((d) => d !== axis)]);
    return tuple(Array.from({ length: moved.shape[0] ?? 0 }, (_, i) => getItem(a.at, moved, int(i))));
  }),
);
SHAPE.methods["narrow"] = entry("input dim start length", (a) => {
  const x = a.tensor("input");
  return rearrange(x, (t) => slice(t, axisOf(a.at, a.int("dim"), t.shape.length), a.int("start"), a.int("length"), 1));
});
define(
  SHAPE,
  "select",
  entry("input dim index", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim"), x.shape.length);
    const all: Value = { type: "slice", lower: { type: "none" }, upper: { type: "none" }, step: { type: "none" } };
    return getItem(a.at, x, tuple(x.shape.map((_, d) => (d === axis ? a.value("index") : all))));
  }),
);
/** The diagonal of the axes `p` and `q` of `t` as a last axis: a view. */
export function diagonalOf(t: Tensor, offset: number, p: number, q: number): Tensor {
  const [down, right] = [Math.max(0, -offset), Math.max(0, offset)];
  const n = Math.max(0, Math.min((t.shape[p] ?? 1) - down, (t.shape[q] ?? 1) - right));
  const [sp, sq] = [t.strides[p] ?? 0, t.strides[q] ?? 0];
  const keep = (_: number, d: number): boolean => d !== p && d !== q;
  return viewOf(t, [...t.shape.filter(keep), n], [...t.strides.filter(keep), sp + sq], t.offset + down * sp + right * sq);
}
define(
  SHAPE,
  "diag",
  entry("input diagonal?", (a) => {
    const x = a.tensor("input");
    const offset = a.int("diagonal", 0);
    if (x.shape.length > 1)
      return rearrange(x, (t) => gatherFlat(diagonalOf(t, offset, 0, 1), diagonalOf(t, offset, 0, 1).shape, (i) => i));
    const vector = known(a, "input");
    const n = (vector.shape[0] ?? 0) + Math.abs(offset);
    const data = dataOf(vector);
    const out = filled(vector.dtype, [n, n], 0, vector.storage.literal);
    for (let i = 0; i < data.length; i++) out.storage.data[(i + Math.max(0, -offset)) * n + i + Math.max(0, offset)] = data[i] ?? 0;
    return out;
  }),
);
for (const [name, keep] of [
  ["tril", (r: number, c: number, k: number) => c - r <= k],
  ["triu", (r: number, c: number, k: number) => c - r >= k],
] as const) {
  define(
    SHAPE,
    name,
    entry("input diagonal?", (a) => {
      const x = known(a, "input");
      const k = a.int("diagonal", 0);
      if (x.shape.length < 2) refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), `\`${name}\` takes at least two dimensions`]);
      const columns = x.shape.at(-1) ?? 1;
      const rows = x.shape.at(-2) ?? 1;
      const data = dataOf(x);
      return tensorFrom(
        x.dtype,
        x.shape,
        Array.from(data, (v, i) => (keep(Math.floor(i / columns) % rows, i % columns, k) ? v : 0)),
        a.at.run.trace !== null,
      );
    }),
  );
}
