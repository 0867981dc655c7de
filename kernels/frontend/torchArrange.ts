/** Rarer rearrangements of tensors: unfold, rot90, diagonals, products of index sets, padding; and `vmap` over known tensors. */
import { dataOf, filled, isContiguous, MAX_ELEMENTS, numel, reshape, slice, tensorFrom, viewOf } from "./tensor.ts";
import { type Arguments, define, type Entry, emptyTable, entry, known } from "./torchArguments.ts";
import { broadcastShape, cast, type TensorLike } from "./torchElement.ts";
import { axisOf, getItem, indexSelect, stackRows } from "./torchIndex.ts";
import { concatenate } from "./torchJoin.ts";
import { diagonalOf, permute, rearrange, splitParts } from "./torchShape.ts";
import { type Builtin, bool, int, isTensor, NO_KWARGS, numberOf, refuse, tuple, type Value } from "./value.ts";

export const ARRANGE = emptyTable();

const wrong = (a: Arguments, why: string): never => refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), why]);

/** `x` turned around along `dims`. */
function turned(a: Arguments, x: TensorLike, dims: readonly number[]): TensorLike {
  return dims.reduce((out: TensorLike, d) => {
    const axis = axisOf(a.at, d, x.shape.length);
    const n = x.shape[axis] ?? 1;
    return indexSelect(
      a.at,
      out,
      axis,
      a.literal(
        "i64",
        [n],
        Array.from({ length: n }, (_, i) => n - 1 - i),
      ),
    );
  }, x);
}
define(
  ARRANGE,
  "fliplr",
  entry("input", (a) => turned(a, a.tensor("input"), [1])),
);
define(
  ARRANGE,
  "flipud",
  entry("input", (a) => turned(a, a.tensor("input"), [0])),
);
define(
  ARRANGE,
  "rot90",
  entry("input k? dims?", (a) => {
    const x = a.tensor("input");
    const [p, q] = (a.ints("dims") ?? [0, 1]).map((d) => axisOf(a.at, d, x.shape.length));
    if (p === undefined || q === undefined) return wrong(a, "two dimensions are asked for");
    const order = x.shape.map((_, d) => (d === p ? q : d === q ? p : d));
    let out: TensorLike = x;
    for (let k = ((a.int("k", 1) % 4) + 4) % 4; k > 0; k--) out = turned(a, permute(a, out, order), [p]);
    return out;
  }),
);
ARRANGE.methods["unfold"] = entry("input dimension size step", (a) => {
  const x = a.tensor("input");
  const axis = axisOf(a.at, a.int("dimension"), x.shape.length);
  const [size, step] = [a.int("size"), a.int("step")];
  const n = x.shape[axis] ?? 1;
  if (size > n || step < 1) wrong(a, "the windows do not fit");
  const count = Math.floor((n - size) / step) + 1;
  return rearrange(x, (t) =>
    viewOf(
      t,
      [...t.shape.map((s, d) => (d === axis ? count : s)), size],
      [...t.strides.map((s, d) => (d === axis ? s * step : s)), t.strides[axis] ?? 1],
    ),
  );
});
define(
  ARRANGE,
  "unflatten",
  entry("input dim *sizes", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim"), x.shape.length);
    const sizes = a.ints("sizes") ?? [];
    const given = sizes.reduce((n, s) => (s === -1 ? n : n * s), 1);
    const whole = sizes.map((s) => (s === -1 ? (x.shape[axis] ?? 1) / given : s));
    if (numel(whole) !== x.shape[axis] || whole.some((s) => !Number.isInteger(s))) wrong(a, "the sizes do not make up the dimension");
    return rearrange(x, (t) => reshape(t, t.shape.toSpliced(axis, 1, ...whole)));
  }),
);
define(
  ARRANGE,
  "as_strided",
  entry("input size stride storage_offset?", (a) => {
    const x = known(a, "input");
    const [shape, strides, offset] = [a.ints("size") ?? [], a.ints("stride") ?? [], a.int("storage_offset", x.offset)];
    const last = shape.reduce((end, s, d) => end + Math.max(0, s - 1) * (strides[d] ?? 0), offset);
    if (numel(shape) > 0 && (last >= x.storage.data.length || offset < 0)) wrong(a, "the view leaves the tensor");
    if (numel(shape) > MAX_ELEMENTS) refuse("too-large", a.at.span, ["The view"]);
    return viewOf(x, shape, strides, offset);
  }),
);
ARRANGE.methods["stride"] = entry("input dim?", (a) => {
  const x = known(a, "input");
  return a.has("dim") ? int(x.strides[axisOf(a.at, a.int("dim"), x.shape.length)] ?? 1) : tuple(x.strides.map(int));
});
ARRANGE.methods["is_contiguous"] = entry("input *rest", (a) => {
  const x = a.tensor("input");
  return bool(x.type === "dynamic" || isContiguous(x));
});
ARRANGE.functions["narrow"] = entry("input dim start length", (a) => {
  const x = a.tensor("input");
  return rearrange(x, (t) => slice(t, axisOf(a.at, a.int("dim"), t.shape.length), a.int("start"), a.int("length"), 1));
});

// ----------------------------------------------------------------------------------------------------------- diagonals

define(
  ARRANGE,
  "diagonal",
  entry("input offset? dim1? dim2?", (a) => {
    const x = a.tensor("input");
    const rank = x.shape.length;
    const [p, q] = [axisOf(a.at, a.int("dim1", 0), rank), axisOf(a.at, a.int("dim2", 1), rank)];
    if (p === q || rank < 2) wrong(a, "two different dimensions are asked for");
    return rearrange(x, (t) => diagonalOf(t, a.int("offset", 0), p, q));
  }),
);
define(
  ARRANGE,
  "diag_embed",
  entry("input offset?", (a) => {
    const x = known(a, "input");
    const offset = a.int("offset", 0);
    const n = (x.shape.at(-1) ?? 1) + Math.abs(offset);
    const out = filled(x.dtype, [...x.shape.slice(0, -1), n, n], 0, x.storage.literal);
    const target = diagonalOf(out, offset, out.shape.length - 2, out.shape.length - 1);
    const data = dataOf(x);
    const width = x.shape.at(-1) ?? 1;
    for (let i = 0; i < data.length; i++) {
      const row = Math.floor(i / width);
      out.storage.data[target.offset + row * n * n + (i % width) * (n + 1)] = data[i] ?? 0;
    }
    return out;
  }),
);
ARRANGE.functions["block_diag"] = entry("*tensors", (a) => {
  const blocks = a.tensors("tensors").map((t) => {
    if (t.type !== "tensor" || t.shape.length > 2) return wrong(a, "known matrices are asked for");
    return { t, rows: t.shape.length === 2 ? (t.shape[0] ?? 0) : 1, columns: t.shape.at(-1) ?? 1 };
  });
  const columns = blocks.reduce((n, b) => n + b.columns, 0);
  const rows = blocks.reduce((n, b) => n + b.rows, 0);
  const out = filled(blocks[0]?.t.dtype ?? "f32", [rows, columns], 0, a.at.run.trace !== null);
  let [row, column] = [0, 0];
  for (const b of blocks) {
    const data = dataOf(b.t);
    for (let i = 0; i < data.length; i++)
      out.storage.data[(row + Math.floor(i / b.columns)) * columns + column + (i % b.columns)] = data[i] ?? 0;
    row += b.rows;
    column += b.columns;
  }
  return out;
});

// -------------------------------------------------------------------------------------------------- joining, splitting

for (const rank of [1, 2, 3] as const) {
  const raise = (x: TensorLike): TensorLike => {
    const missing = rank - x.shape.length;
    if (missing <= 0) return x;
    const shape = rank === 3 && x.shape.length === 2 ? [...x.shape, 1] : rank === 3 && x.shape.length === 1 ? [1, ...x.shape, 1] : null;
    return rearrange(x, (t) => reshape(t, shape ?? [...new Array<number>(missing).fill(1), ...t.shape]));
  };
  ARRANGE.functions[`atleast_${rank}d`] = entry("*tensors", (a) => {
    const items = a.tensors("tensors").map(raise);
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : tuple(items);
  });
  if (rank === 3) ARRANGE.functions["dstack"] = entry("tensors", (a) => concatenate(a, a.tensors("tensors").map(raise), 2));
}
ARRANGE.functions["column_stack"] = entry("tensors", (a) =>
  concatenate(
    a,
    a.tensors("tensors").map((t) => (t.shape.length < 2 ? rearrange(t, (x) => reshape(x, [numel(x.shape), 1])) : t)),
    1,
  ),
);
define(
  ARRANGE,
  "tensor_split",
  entry("input indices_or_sections dim?", (a) => {
    const x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", 0), x.shape.length);
    const total = x.shape[axis] ?? 0;
    if (a.value("indices_or_sections").type === "int") {
      const n = Math.max(1, a.int("indices_or_sections"));
      a.at.run.step(a.at.span, n);
      return splitParts(
        x,
        Array.from({ length: n }, (_, i) => Math.floor(total / n) + (i < total % n ? 1 : 0)),
        axis,
      );
    }
    const cuts = [0, ...(a.ints("indices_or_sections") ?? []).map((i) => Math.max(0, Math.min(total, i < 0 ? i + total : i))), total];
    return splitParts(
      x,
      cuts.slice(1).map((c, i) => Math.max(0, c - (cuts[i] ?? 0))),
      axis,
    );
  }),
);
ARRANGE.functions["broadcast_shapes"] = entry("*shapes", (a) => {
  const shapes = a.value("shapes");
  const lists = shapes.type === "tuple" ? shapes.items : [];
  const sizes = lists.map((s) =>
    s.type === "tuple" || s.type === "list"
      ? s.items.map((i) => (i.type === "int" ? numberOf(i) : 1))
      : s.type === "int"
        ? [numberOf(s)]
        : [],
  );
  return tuple(broadcastShape(a.at, sizes).map(int));
});
ARRANGE.functions["cartesian_prod"] = entry("*tensors", (a) => {
  const pools = a.tensors("tensors").map((t) => (t.type === "tensor" ? t : wrong(a, "known tensors are asked for")));
  const [first] = pools;
  if (first === undefined || pools.length === 1) return first ?? wrong(a, "tensors are asked for");
  const sizes = pools.map((p) => numel(p.shape));
  const rows = numel(sizes);
  if (rows > MAX_ELEMENTS) refuse("too-large", a.at.span, ["The product"]);
  a.at.run.step(a.at.span, 1 + rows / 16);
  const datas = pools.map(dataOf);
  const values = Array.from({ length: rows * pools.length }, (_, i) => {
    const d = i % pools.length;
    const inner = numel(sizes.slice(d + 1));
    return datas[d]?.[Math.floor(Math.floor(i / pools.length) / inner) % (sizes[d] ?? 1)] ?? 0;
  });
  return tensorFrom(first.dtype, [rows, pools.length], values, a.at.run.trace !== null);
});
ARRANGE.functions["combinations"] = entry("input r? with_replacement?", (a) => {
  const x = known(a, "input");
  const n = numel(x.shape);
  const [r, again] = [a.int("r", 2), a.flag("with_replacement")];
  const rows: number[][] = [];
  const visit = (chosen: readonly number[]): void => {
    a.at.run.step(a.at.span, 1 + chosen.length);
    if (chosen.length === r) rows.push([...chosen]);
    else for (let i = chosen.length === 0 ? 0 : (chosen.at(-1) ?? 0) + (again ? 0 : 1); i < n; i++) visit([...chosen, i]);
  };
  visit([]);
  const index = tensorFrom("i64", [rows.length, r], rows.flat(), true);
  return getItem(a.at, x, index);
});

/** `pad_sequence([…], batch_first=…, padding_value=…)`: rows of the longest's length. */
export const PAD_SEQUENCE: Entry = entry("sequences batch_first? padding_value? padding_side?", (a) => {
  const rows = a.tensors("sequences");
  const longest = Math.max(0, ...rows.map((r) => r.shape[0] ?? 0));
  const padded = rows.map((r) => {
    const missing = longest - (r.shape[0] ?? 0);
    if (missing === 0) return r;
    const value = a.number("padding_value", 0);
    const fill = cast(
      a.at,
      tensorFrom(r.dtype, [missing, ...r.shape.slice(1)], new Array<number>(missing * numel(r.shape.slice(1))).fill(value), true),
      r.dtype,
    );
    return concatenate(a, a.string("padding_side", "right") === "left" ? [fill, r] : [r, fill], 0);
  });
  const stacked = stackRows(a.at, padded);
  if (a.flag("batch_first")) return stacked;
  return permute(a, stacked, [1, 0, ...stacked.shape.slice(2).map((_, i) => i + 2)]);
});

// ---------------------------------------------------------------------------------------------------------------- vmap

/** `torch.vmap(f, in_dims, out_dims)` of known tensors: `f` on each slice, the results stacked. */
export const VMAP: Entry = entry("func in_dims? out_dims? randomness? * chunk_size?", (a) => {
  const f = a.value("func");
  const [inDims, outDims] = [a.value("in_dims"), a.value("out_dims")];
  const mapped: Builtin = {
    type: "builtin",
    name: "vmap",
    call: (call) => {
      const at = { run: call.run, span: call.span };
      const dims = call.args.map(
        (_, i): Value =>
          inDims.type === "tuple" || inDims.type === "list" ? (inDims.items[i] ?? int(0)) : a.has("in_dims") ? inDims : int(0),
      );
      const axes = call.args.map((x, i): number | null => {
        const d = dims[i];
        return isTensor(x) && d?.type === "int" ? axisOf(at, numberOf(d), x.shape.length) : null;
      });
      const size = call.args.map((x, i) => (isTensor(x) && axes[i] !== null ? (x.shape[axes[i] ?? 0] ?? 0) : null)).find((n) => n !== null);
      if (size === undefined || size === null || size === 0)
        return refuse("operand-types", call.span, [call.run.text(call.span), "vmap maps over a tensor's dimension"]);
      const results = Array.from({ length: size }, (_, n) =>
        call.run.call(
          f,
          call.args.map((x, i) => (isTensor(x) && axes[i] !== null ? sliceAt(at, x, axes[i] ?? 0, n) : x)),
          NO_KWARGS,
          call.span,
        ),
      );
      return stacked(a, results, outDims);
    },
  };
  return mapped;
});

function sliceAt(at: { run: Arguments["at"]["run"]; span: Arguments["at"]["span"] }, x: TensorLike, axis: number, n: number): TensorLike {
  const all: Value = { type: "slice", lower: { type: "none" }, upper: { type: "none" }, step: { type: "none" } };
  return getItem(at, x, tuple(x.shape.map((_, d) => (d === axis ? int(n) : all))));
}

function stacked(a: Arguments, results: readonly Value[], outDims: Value): Value {
  const [first] = results;
  if (first?.type === "tuple") {
    return tuple(
      first.items.map((_, i) =>
        stacked(
          a,
          results.map((r) => (r.type === "tuple" ? (r.items[i] ?? int(0)) : r)),
          outDims,
        ),
      ),
    );
  }
  const rows = results.filter(isTensor);
  if (rows.length < results.length) return wrong(a, "what vmap maps gives a tensor");
  const out = stackRows(a.at, rows);
  const to = outDims.type === "int" ? axisOf(a.at, numberOf(outDims), out.shape.length) : 0;
  const rest = out.shape.map((_, d) => d).filter((d) => d !== 0);
  return to === 0 ? out : permute(a, out, rest.toSpliced(to, 0, 0));
}

// ------------------------------------------------------------------------------------------------------------- padding

/** `F.pad` in the modes that repeat what is there: `replicate`, `reflect`, `circular`. */
export function padByIndex(a: Arguments, x: TensorLike, sizes: readonly number[], mode: string): TensorLike {
  let out = x;
  for (let i = 0; i * 2 < sizes.length; i++) {
    const axis = x.shape.length - 1 - i;
    const n = x.shape[axis] ?? 1;
    const [before = 0, after = 0] = sizes.slice(i * 2, i * 2 + 2);
    const length = Math.max(0, n + before + after);
    if (length > MAX_ELEMENTS) refuse("too-large", a.at.span, ["The padded tensor"]);
    const places = Array.from({ length }, (_, p) => {
      const at = p - before;
      if (mode === "replicate") return Math.max(0, Math.min(n - 1, at));
      if (mode === "circular") return ((at % n) + n) % n;
      const period = 2 * (n - 1);
      const folded = period === 0 ? 0 : ((at % period) + period) % period;
      return folded < n ? folded : period - folded;
    });
    out = indexSelect(a.at, out, axis, a.literal("i64", [places.length], places));
  }
  return out;
}
