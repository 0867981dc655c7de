/**
 * PyTorch's functions of shape and position: views, joins, gathers, reductions, searches. Each is
 * `torch.name(input, …)` and the method `input.name(…)` unless its table says otherwise.
 */
import { type DType, isFloat } from "../ir/ops.ts";
import { promoteTypes } from "./promote.ts";
import {
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
  unsqueeze,
  viewOf,
} from "./tensor.ts";
import { type Arguments, type Entry, entry } from "./torchArguments.ts";
import {
  applyBinary,
  asDynamic,
  broadcastShape,
  cast,
  clone,
  expand,
  expandElements,
  promoted,
  type TensorLike,
  truth,
} from "./torchElement.ts";
import { axisOf, getItem, indexSelect, nonzero, stackRows } from "./torchIndex.ts";
import {
  argExtreme,
  bucketize,
  extremeAlong,
  isIn,
  matmul,
  mean,
  nonzeroRows,
  type Reduction,
  reduce,
  scan,
  sort,
  unique,
} from "./torchReduce.ts";
import { bool, float, int, isScalar, isTensor, list, numberOf, refuse, type Tensor, tuple, type Value } from "./value.ts";

export const SHAPE: Record<string, Entry> = {};
export const SHAPE_FUNCTIONS: Record<string, Entry> = {};
export const SHAPE_METHODS: Record<string, Entry> = {};

const define = (names: string, e: Entry): void => {
  for (const name of names.split(" ")) SHAPE[name] = e;
};

/** A tensor whose elements must be known. @throws Refusal for one that the mod's arguments decide */
export function known(a: Arguments, name: string): Tensor {
  const t = a.tensor(name);
  if (t.type === "tensor") return t;
  return refuse("unsupported-function", a.at.span, [a.call.name, `it takes a tensor whose values do not depend on the mod's arguments`]);
}

// ------------------------------------------------------------------------------------------------------- views

/** Rearranges by positions: `move` acts on a known tensor of positions, elements follow. */
function rearrange(x: TensorLike, move: (t: Tensor) => Tensor): TensorLike {
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
  "reshape",
  entry("input *shape", (a) => {
    const x = a.tensor("input");
    const shape = shapeOf(a, x, a.ints("shape") ?? []);
    return rearrange(x, (t) => reshape(t, shape));
  }),
);
SHAPE_METHODS["view"] = entry("input *shape", (a) => {
  const x = a.tensor("input");
  const first = a.value("shape");
  const [dtype] = first.type === "tuple" ? first.items : [];
  if (dtype?.type === "dtype") return cast(a.at, x, dtype.dtype);
  const shape = shapeOf(a, x, a.ints("shape") ?? []);
  return rearrange(x, (t) => reshape(t, shape));
});
define(
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
  "unsqueeze",
  entry("input dim", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim"), x.shape.length + 1);
    return rearrange(x, (t) => unsqueeze(t, axis));
  }),
);
define(
  "squeeze",
  entry("input dim?", (a) => {
    const x = a.tensor("input");
    const dims = a.ints("dim")?.map((d) => axisOf(a.at, d, x.shape.length));
    const keep = (_: number, d: number) => x.shape[d] !== 1 || (dims !== undefined && !dims.includes(d));
    return rearrange(x, (t) => viewOf(t, t.shape.filter(keep), t.strides.filter(keep)));
  }),
);
function permute(a: Arguments, x: TensorLike, dims: readonly number[]): TensorLike {
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
  "permute",
  entry("input *dims", (a) => permute(a, a.tensor("input"), a.ints("dims") ?? [])),
);
define(
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
  "movedim",
  entry("input source destination", (a) => {
    const x = a.tensor("input");
    const from = axisOf(a.at, a.int("source"), x.shape.length);
    const rest = x.shape.map((_, d) => d).filter((d) => d !== from);
    return permute(a, x, rest.toSpliced(axisOf(a.at, a.int("destination"), x.shape.length), 0, from));
  }),
);
function expandTo(a: Arguments, x: TensorLike, sizes: readonly number[]): TensorLike {
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
SHAPE_METHODS["expand"] = entry("input *size", (a) => expandTo(a, a.tensor("input"), a.ints("size") ?? []));
SHAPE_METHODS["expand_as"] = entry("input other", (a) => expandTo(a, a.tensor("input"), a.tensor("other").shape));
SHAPE_METHODS["view_as"] = entry("input other", (a) => rearrange(a.tensor("input"), (t) => reshape(t, a.tensor("other").shape)));
SHAPE_METHODS["reshape_as"] = SHAPE_METHODS["view_as"];
define(
  "broadcast_to",
  entry("input *size", (a) => expandTo(a, a.tensor("input"), a.ints("size") ?? [])),
);
SHAPE_FUNCTIONS["broadcast_tensors"] = entry("*tensors", (a) => {
  const items = a.tensors("tensors");
  const shape = broadcastShape(
    a.at,
    items.map((t) => t.shape),
  );
  return tuple(items.map((t) => expandTo(a, t, shape)));
});
define(
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
  "roll",
  entry("input shifts dims?", (a) => {
    const x = a.tensor("input");
    const dim = a.ints("dims")?.[0] ?? null;
    const shift = a.ints("shifts")?.[0] ?? 0;
    if (dim === null) {
      const n = numel(x.shape);
      return rearrange(x, (t) => gatherFlat(t, t.shape, (i) => (((i - shift) % n) + n) % n));
    }
    const axis = axisOf(a.at, dim, x.shape.length);
    const n = x.shape[axis] ?? 1;
    const index = tensorFrom(
      "i64",
      [n],
      Array.from({ length: n }, (_, i) => (((i - shift) % n) + n) % n),
      true,
    );
    return indexSelect(a.at, x, axis, index);
  }),
);

/** A fresh tensor of `shape` whose element `i` is element `from(i)` of `t`. */
function gatherFlat(t: Tensor, shape: readonly number[], from: (i: number) => number): Tensor {
  const data = dataOf(t);
  return tensorFrom(
    t.dtype,
    shape,
    Array.from({ length: numel(shape) }, (_, i) => data[from(i)] ?? 0),
    t.storage.literal,
  );
}

define(
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
    const places = counts.flatMap((c, i) => new Array<number>(c).fill(i));
    a.at.run.step(a.at.span, 1 + places.length / 16);
    const index = tensorFrom("i64", [places.length], places, a.at.run.trace !== null);
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
    if (n * numel(out.shape) > MAX_ELEMENTS) refuse("too-large", a.at.span, ["The repeated tensor"]);
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
SHAPE_METHODS["repeat"] = entry("input *sizes", (a) => tile(a, a.tensor("input"), a.ints("sizes") ?? []));
define(
  "tile",
  entry("input *dims", (a) => tile(a, a.tensor("input"), a.ints("dims") ?? [])),
);

function split(x: TensorLike, sizes: readonly number[], dim: number): Value {
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
  "split",
  entry("input split_size_or_sections dim?", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", 0), x.shape.length);
    const total = x.shape[axis] ?? 0;
    const given = a.value("split_size_or_sections");
    if (given.type === "int") return split(x, evenSizes(total, Math.max(1, numberOf(given))), axis);
    return split(x, a.ints("split_size_or_sections") ?? [], axis);
  }),
);
define(
  "chunk",
  entry("input chunks dim?", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", 0), x.shape.length);
    const total = x.shape[axis] ?? 0;
    return split(x, evenSizes(total, Math.max(1, Math.ceil(total / Math.max(1, a.int("chunks"))))), axis);
  }),
);
const evenSizes = (total: number, size: number): number[] =>
  Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size));
define(
  "unbind",
  entry("input dim?", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", 0), x.shape.length);
    const moved = permute(a, x, [axis, ...x.shape.map((_, d) => d).filter((d) => d !== axis)]);
    return tuple(Array.from({ length: moved.shape[0] ?? 0 }, (_, i) => getItem(a.at, moved, int(i))));
  }),
);
SHAPE_METHODS["narrow"] = entry("input dim start length", (a) => {
  const x = a.tensor("input");
  return rearrange(x, (t) => slice(t, axisOf(a.at, a.int("dim"), t.shape.length), a.int("start"), a.int("length"), 1));
});
define(
  "select",
  entry("input dim index", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim"), x.shape.length);
    const all: Value = { type: "slice", lower: { type: "none" }, upper: { type: "none" }, step: { type: "none" } };
    return getItem(a.at, x, tuple(x.shape.map((_, d) => (d === axis ? a.value("index") : all))));
  }),
);
define(
  "diagonal diag",
  entry("input offset?", (a) => {
    const x = known(a, "input");
    const offset = a.int("offset", 0);
    if (x.shape.length === 1) {
      const n = (x.shape[0] ?? 0) + Math.abs(offset);
      const data = dataOf(x);
      const out = filled(x.dtype, [n, n], 0, x.storage.literal);
      for (let i = 0; i < data.length; i++) out.storage.data[(i + Math.max(0, -offset)) * n + i + Math.max(0, offset)] = data[i] ?? 0;
      return out;
    }
    const [rows = 0, columns = 0] = x.shape;
    const n = Math.max(0, Math.min(rows - Math.max(0, -offset), columns - Math.max(0, offset)));
    const from = Math.max(0, -offset) * columns + Math.max(0, offset);
    return gatherFlat(x, [n], (i) => from + i * (columns + 1));
  }),
);
for (const [name, keep] of [
  ["tril", (r: number, c: number, k: number) => c - r <= k],
  ["triu", (r: number, c: number, k: number) => c - r >= k],
] as const) {
  define(
    name,
    entry("input diagonal?", (a) => {
      const x = known(a, "input");
      const k = a.int("diagonal", 0);
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

// ------------------------------------------------------------------------------------------------------- joins

function common(items: readonly TensorLike[]): DType {
  return items.map((t) => t.dtype).reduce((p, q) => promoteTypes(p, q), items[0]?.dtype ?? "f32");
}
function concatenate(a: Arguments, parts: readonly TensorLike[], dim: number): TensorLike {
  const items = parts.filter((t) => !(t.shape.length === 1 && t.shape[0] === 0) || parts.every((p) => numel(p.shape) === 0));
  const first = items[0] ?? refuse("argument-count", a.at.span, [a.call.name, "needs at least one tensor"]);
  const axis = axisOf(a.at, dim, first.shape.length);
  const dtype = common(parts);
  const rest = (t: TensorLike) => t.shape.toSpliced(axis, 1).join();
  if (items.some((t) => rest(t) !== rest(first)))
    refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "the tensors differ in more than the joined dimension"]);
  const total = items.reduce((n, t) => n + (t.shape[axis] ?? 0), 0);
  const shape = first.shape.map((s, d) => (d === axis ? total : s));
  if (numel(shape) > MAX_ELEMENTS) refuse("too-large", a.at.span, ["The joined tensor"]);
  a.at.run.step(a.at.span, 1 + numel(shape) / 16);
  // Rows of each part, as many as lie before the joined dimension, one after another.
  const outer = numel(first.shape.slice(0, axis));
  const casts = items.map((t) => cast(a.at, t, dtype));
  const widths = casts.map((t) => numel(t.shape.slice(axis)));
  if (casts.every((t) => t.type === "tensor")) {
    const datas = casts.map((t) => (t.type === "tensor" ? dataOf(t) : []));
    const out = filled(dtype, shape, 0, a.at.run.trace !== null || casts.every((t) => t.type === "tensor" && t.storage.literal));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      datas.forEach((data, i) => {
        const width = widths[i] ?? 0;
        for (let j = 0; j < width; j++) out.storage.data[at++] = data[o * width + j] ?? 0;
      });
    }
    return out;
  }
  const lists = casts.map((t) => dynamicElements(asDynamic(t)));
  const elements = Array.from({ length: outer }, (_, o) =>
    lists.flatMap((l, i) => l.slice(o * (widths[i] ?? 0), (o + 1) * (widths[i] ?? 0))),
  ).flat();
  return dynamic(
    dtype,
    shape,
    elements,
    casts.reduce((bits, t) => bits | (t.type === "dynamic" ? t.batched : 0), 0),
  );
}
const cat = entry("tensors dim?", (a) => concatenate(a, a.tensors("tensors"), a.int("dim", 0)));
for (const name of ["cat", "concat", "concatenate"]) SHAPE_FUNCTIONS[name] = cat;
SHAPE_FUNCTIONS["stack"] = entry("tensors dim?", (a) => {
  const items = a.tensors("tensors");
  const dtype = common(items);
  const rank = (items[0]?.shape.length ?? 0) + 1;
  const axis = axisOf(a.at, a.int("dim", 0), rank);
  if (axis === 0)
    return stackRows(
      a.at,
      items.map((t) => cast(a.at, t, dtype)),
    );
  const wide = items.map((t) => rearrange(cast(a.at, t, dtype), (x) => unsqueeze(x, axis)));
  return concatenate(a, wide, axis);
});
SHAPE_FUNCTIONS["hstack"] = entry("tensors", (a) =>
  concatenate(a, a.tensors("tensors"), (a.tensors("tensors")[0]?.shape.length ?? 1) > 1 ? 1 : 0),
);
SHAPE_FUNCTIONS["vstack"] = entry("tensors", (a) =>
  concatenate(
    a,
    a.tensors("tensors").map((t) => (t.shape.length < 2 ? rearrange(t, (x) => reshape(x, [1, numel(x.shape)])) : t)),
    0,
  ),
);
SHAPE_FUNCTIONS["meshgrid"] = entry("*tensors indexing?", (a) => {
  const items = a.tensors("tensors");
  const xy = a.string("indexing", "ij") === "xy" && items.length > 1;
  const order = xy ? [1, 0, ...items.slice(2).map((_, i) => i + 2)] : items.map((_, i) => i);
  const shape = order.map((i) => numel(items[i]?.shape ?? []));
  return tuple(
    items.map((t, i) => {
      const axis = order.indexOf(i);
      return expandTo(
        a,
        rearrange(t, (x) =>
          reshape(
            x,
            shape.map((s, d) => (d === axis ? s : 1)),
          ),
        ),
        shape,
      );
    }),
  );
});

// ----------------------------------------------------------------------------------------------------- gathers

define(
  "gather take_along_dim",
  entry("input dim index", (a) => {
    const [x, dim] = a.value("dim").type === "int" ? [a.tensor("input"), a.int("dim")] : [a.tensor("input"), a.int("index")];
    const index = a.value("dim").type === "int" ? a.tensor("index") : a.tensor("dim");
    const rank = x.shape.length;
    const axis = axisOf(a.at, dim, rank);
    if (index.shape.length === 0 && rank <= 1) return getItem(a.at, x, index);
    if (index.shape.length !== rank)
      refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "index and input have the same number of dimensions"]);
    const parts = index.shape.map((size, d): Value => {
      if (d === axis) return index;
      const ramp = tensorFrom(
        "i64",
        [size],
        Array.from({ length: size }, (_, i) => i),
        true,
      );
      return reshape(
        ramp,
        index.shape.map((_, e) => (e === d ? size : 1)),
      );
    });
    return getItem(a.at, x, tuple(parts));
  }),
);
define(
  "index_select",
  entry("input dim index", (a) =>
    indexSelect(a.at, a.tensor("input"), axisOf(a.at, a.int("dim"), a.tensor("input").shape.length), a.tensor("index")),
  ),
);
define(
  "take",
  entry("input index", (a) => {
    const index = a.tensor("index");
    if (index.type === "dynamic") a.at.run.warn("refused-by-flex-attention", a.at.span, [a.at.run.text(a.at.span)]);
    return getItem(
      a.at,
      rearrange(a.tensor("input"), (t) => reshape(t, [numel(t.shape)])),
      index,
    );
  }),
);
define(
  "masked_select",
  entry("input mask", (a) => getItem(a.at, a.tensor("input"), a.tensor("mask"))),
);
define(
  "nonzero",
  entry("input * as_tuple?", (a) => (a.flag("as_tuple") ? tuple(nonzero(known(a, "input"))) : nonzeroRows(a.at, known(a, "input")))),
);
define(
  "argwhere",
  entry("input", (a) => nonzeroRows(a.at, known(a, "input"))),
);
define(
  "isin",
  entry("input test_elements * assume_unique? invert?", (a) => {
    const other = a.value("test_elements");
    const among = isTensor(other)
      ? other
      : isScalar(other)
        ? filled(other.type === "float" ? "f32" : "i64", [], numberOf(other), true)
        : a.tensor("test_elements");
    const found = isIn(a.at, a.tensor("input"), among);
    return a.flag("invert") ? applyBinary(a.at, "eq", found, filled("bool", [], 0, true)) : found;
  }),
);
SHAPE_FUNCTIONS["isin"] = entry("elements test_elements * assume_unique? invert?", (a) => {
  const found = isIn(a.at, a.tensor("elements"), a.tensors("test_elements")[0] ?? a.tensor("elements"));
  return a.flag("invert") ? applyBinary(a.at, "eq", found, filled("bool", [], 0, true)) : found;
});
define(
  "bucketize",
  entry("input boundaries * out_int32? right?", (a) =>
    counted(a, bucketize(a.at, a.tensor("boundaries"), a.tensor("input"), a.flag("right"))),
  ),
);
SHAPE_FUNCTIONS["searchsorted"] = entry("sorted_sequence values * out_int32? right? side? sorter?", (a) => {
  const bounds = a.tensor("sorted_sequence");
  const values = a.operand("values");
  const tensor = isTensor(values) ? values : filled(bounds.dtype, [], numberOf(values), true);
  return counted(a, bucketize(a.at, bounds, tensor, a.flag("right") || a.string("side", "left") === "right"));
});
const counted = (a: Arguments, x: TensorLike): TensorLike => (a.flag("out_int32") ? cast(a.at, x, "i32") : x);

// -------------------------------------------------------------------------------------------------- reductions

const REDUCTIONS: readonly Reduction[] = ["sum", "prod", "any", "all"];
for (const name of REDUCTIONS) {
  define(
    name,
    entry("input dim? keepdim? * dtype?", (a) => {
      const x = name === "any" || name === "all" ? truth(a.at, a.tensor("input")) : a.tensor("input");
      return reduce(a.at, name, x, a.ints("dim"), a.flag("keepdim"), a.dtype("dtype"));
    }),
  );
}
for (const name of ["max", "min"] as const) {
  define(
    name,
    entry("input dim? keepdim?", (a) => {
      const x = a.tensor("input");
      const other = a.value("dim");
      if (isTensor(other)) {
        return promoted(a.at, name, x, other);
      }
      return a.has("dim") ? extremeAlong(a.at, name, x, a.int("dim"), a.flag("keepdim")) : reduce(a.at, name, x, null, false);
    }),
  );
  define(
    `a${name}`,
    entry("input dim? keepdim?", (a) => reduce(a.at, name, a.tensor("input"), a.ints("dim"), a.flag("keepdim"))),
  );
  define(
    `arg${name}`,
    entry("input dim? keepdim?", (a) => argExtreme(a.at, name, a.tensor("input"), a.has("dim") ? a.int("dim") : null, a.flag("keepdim"))),
  );
}
define(
  "mean",
  entry("input dim? keepdim? * dtype?", (a) =>
    mean(a.at, cast(a.at, a.tensor("input"), a.dtype("dtype") ?? a.tensor("input").dtype), a.ints("dim"), a.flag("keepdim")),
  ),
);
define(
  "count_nonzero",
  entry("input dim?", (a) => reduce(a.at, "sum", truth(a.at, a.tensor("input")), a.ints("dim"), false)),
);
for (const [name, op] of [
  ["cumsum", "add"],
  ["cumprod", "mul"],
] as const) {
  define(
    name,
    entry("input dim * dtype?", (a) => scan(a.at, op, a.tensor("input"), a.int("dim"), a.dtype("dtype"))),
  );
}
for (const name of ["max", "min"] as const) {
  define(
    `cum${name}`,
    entry("input dim", (a) => {
      const values = scan(a.at, name, a.tensor("input"), a.int("dim"), null);
      return { type: "tuple", items: [values], fields: ["values"] };
    }),
  );
}
define(
  "dot inner",
  entry("input other", (a) => matmul(a.at, a.tensor("input"), a.tensor("other"))),
);
define(
  "matmul mm mv",
  entry("input other", (a) => matmul(a.at, a.tensor("input"), a.tensor("other"))),
);
define(
  "diff",
  entry("input n? dim? prepend? append?", (a) => {
    let x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", -1), x.shape.length);
    const parts = [a.value("prepend"), x, a.value("append")].filter(isTensor);
    x = parts.length > 1 ? concatenate(a, parts, axis) : x;
    for (let n = a.int("n", 1); n > 0; n--) {
      const size = Math.max(0, (x.shape[axis] ?? 0) - 1);
      const later = rearrange(x, (t) => slice(t, axis, 1, size, 1));
      const earlier = rearrange(x, (t) => slice(t, axis, 0, size, 1));
      x = applyBinary(a.at, x.dtype === "bool" ? "xor" : "sub", later, earlier);
    }
    return x;
  }),
);
define(
  "sort",
  entry("input dim? descending? * stable?", (a) => {
    const { values, indices } = sort(a.at, known(a, "input"), a.int("dim", -1), a.flag("descending"));
    return { type: "tuple", items: [values, indices], fields: ["values", "indices"] };
  }),
);
define(
  "argsort",
  entry("input dim? descending? * stable?", (a) => sort(a.at, known(a, "input"), a.int("dim", -1), a.flag("descending")).indices),
);
define(
  "topk",
  entry("input k dim? largest? sorted?", (a) => {
    const x = known(a, "input");
    const axis = axisOf(a.at, a.int("dim", -1), x.shape.length);
    const { values, indices } = sort(a.at, x, axis, a.flag("largest", true));
    return {
      type: "tuple",
      items: [slice(values, axis, 0, a.int("k"), 1), slice(indices, axis, 0, a.int("k"), 1)],
      fields: ["values", "indices"],
    };
  }),
);
for (const [name, consecutive] of [
  ["unique", false],
  ["unique_consecutive", true],
] as const) {
  define(
    name,
    entry("input sorted? return_inverse? return_counts? dim?", (a) => {
      const { values, inverse, counts } = unique(a.at, known(a, "input"), consecutive);
      const extra = [...(a.flag("return_inverse") ? [inverse] : []), ...(a.flag("return_counts") ? [counts] : [])];
      return extra.length === 0 ? values : tuple([values, ...extra]);
    }),
  );
}
define(
  "bincount",
  entry("input weights? minlength?", (a) => {
    const x = known(a, "input");
    const data = Array.from(dataOf(x));
    const weights = a.has("weights") ? dataOf(known(a, "weights")) : null;
    const size = data.reduce((m, v) => Math.max(m, v + 1), a.int("minlength", 0));
    if (size > MAX_ELEMENTS || data.some((v) => v < 0))
      refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "the values are negative or too large"]);
    const out = new Array<number>(size).fill(0);
    data.forEach((v, i) => {
      out[v] = (out[v] ?? 0) + (weights?.[i] ?? 1);
    });
    return tensorFrom(weights === null ? "i64" : "f64", [size], out, a.at.run.trace !== null);
  }),
);

// ------------------------------------------------------------------------------------- copies and conversions

define(
  "clone",
  entry("input", (a) => clone(a.tensor("input"), false)),
);
for (const name of [
  "contiguous",
  "detach",
  "cpu",
  "cuda",
  "requires_grad_",
  "share_memory_",
  "pin_memory",
  "numpy",
  "resolve_neg",
  "retain_grad",
  "data_ptr",
]) {
  SHAPE_METHODS[name] = entry("input *rest", (a) => a.tensor("input"));
}
SHAPE_FUNCTIONS["clone"] = entry("input", (a) => clone(a.tensor("input"), false));
SHAPE_METHODS["item"] = entry("input", (a) => {
  const x = a.tensor("input");
  if (x.type === "dynamic") refuse("item-of-tensor", a.at.span, [a.at.run.text(a.at.span)]);
  if (numel(x.shape) !== 1) refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "a tensor of one element is asked for"]);
  const v = itemOf(x);
  return x.dtype === "bool" ? bool(v !== 0) : isFloat(x.dtype) ? float(v) : int(v);
});
define(
  "numel",
  entry("input", (a) => int(numel(a.tensor("input").shape))),
);
SHAPE_METHODS["nelement"] = entry("input", (a) => int(numel(a.tensor("input").shape)));
for (const name of ["dim", "ndimension"]) SHAPE_METHODS[name] = entry("input", (a) => int(a.tensor("input").shape.length));
SHAPE_METHODS["size"] = entry("input dim?", (a) => {
  const { shape } = a.tensor("input");
  if (!a.has("dim")) return tuple(shape.map(int));
  return int(shape[axisOf(a.at, a.int("dim"), shape.length)] ?? 1);
});
SHAPE_METHODS["is_contiguous"] = entry("input", () => bool(true));
define(
  "is_floating_point",
  entry("input", (a) => bool(isFloat(a.tensor("input").dtype))),
);
SHAPE_FUNCTIONS["equal"] = entry("input other", (a) => {
  const [x, y] = [known(a, "input"), known(a, "other")];
  const [p, q] = [dataOf(x), dataOf(y)];
  return bool(x.shape.join() === y.shape.join() && Array.from(p).every((v, i) => v === q[i]));
});
SHAPE_METHODS["scatter"] = entry("input dim index src", (a) => scatter(a));
SHAPE_METHODS["scatter_add"] = entry("input dim index src", (a) => scatter(a, true));

/** `x.scatter(dim, index, src)` on known tensors. */
function scatter(a: Arguments, add = false): Value {
  const x = known(a, "input");
  const index = known(a, "index");
  const axis = axisOf(a.at, a.int("dim"), x.shape.length);
  const src = a.operand("src");
  const values = isTensor(src) ? (src.type === "tensor" ? dataOf(src) : null) : null;
  if (isTensor(src) && values === null) refuse("unsupported-function", a.at.span, [a.call.name, "it takes known tensors"]);
  const out = clone(x, x.storage.literal);
  if (out.type !== "tensor") return out;
  const places = dataOf(index);
  const strides = out.strides;
  places.forEach((place: number, i: number) => {
    let rest = i;
    let offset = 0;
    for (let d = index.shape.length - 1; d >= 0; d--) {
      const size = index.shape[d] ?? 1;
      offset += (d === axis ? place : rest % size) * (strides[d] ?? 0);
      rest = Math.floor(rest / size);
    }
    const v = values === null ? (isTensor(src) ? 0 : numberOf(src)) : (values[i] ?? 0);
    out.storage.data[offset] = add ? (out.storage.data[offset] ?? 0) + v : v;
  });
  return out;
}
SHAPE_FUNCTIONS["scatter"] = SHAPE_METHODS["scatter"];
SHAPE_METHODS["tolist"] = entry("input", (a) => {
  const x = a.tensor("input");
  return x.type === "tensor" ? nested(a, x) : refuse("item-of-tensor", a.at.span, [a.at.run.text(a.at.span)]);
});

function nested(a: Arguments, x: Tensor): Value {
  const data = dataOf(x);
  a.at.run.step(a.at.span, 1 + data.length / 16);
  let next = 0;
  const one = (): Value => {
    const v = data[next++] ?? 0;
    return x.dtype === "bool" ? bool(v !== 0) : isFloat(x.dtype) ? float(v) : int(v);
  };
  const level = (d: number): Value => (d === x.shape.length ? one() : list(Array.from({ length: x.shape[d] ?? 0 }, () => level(d + 1))));
  return level(0);
}
