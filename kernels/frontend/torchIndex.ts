/**
 * Indexing of tensors, read and write: `t[i, :, None, ..., j]` with numbers, slices, tensors and the mod's arguments.
 *
 * As in PyTorch, numbers, slices, `None` and `...` make a view first; what is left, tensors, gathers. A known tensor
 * gathered at the mod's arguments becomes a load of a capture; while dimensions are left over it stays a gather, so
 * that `t[i][j]` and `t[i, j]` are one load.
 */
import { binary, constant, type Expr, load, where } from "../ir/expr.ts";
import { arrayFor } from "../ir/mod.ts";
import { type DType, isFloat, TORCH_NAMES } from "../ir/ops.ts";
import {
  captureOf,
  dataOf,
  dynamic,
  dynamicElements,
  elementsOf,
  filled,
  itemOf,
  MAX_DYNAMIC,
  mapView,
  numel,
  offsetsOf,
  reshape,
  select,
  slice,
  tensorFrom,
  tensorOf,
  unsqueeze,
  viewOf,
  write,
} from "./tensor.ts";
import { type At, asDynamic, broadcastShape, cast, expand, expandElements, type TensorLike, toTensor } from "./torchElement.ts";
import { type Dynamic, isScalar, isTensor, numberOf, refuse, type SliceValue, type Tensor, type Value } from "./value.ts";

/** What gathers along an axis: an index tensor. */
type Advanced = Tensor | Dynamic;

/** `t[index]`. @throws Refusal */
export function getItem(at: At, t: TensorLike, index: Value): TensorLike {
  at.run.step(at.span);
  if (t.type === "tensor" && index.type === "int" && t.shape.length > 0)
    return select(t, 0, checkedIndex(at, numberOf(index), t.shape[0] ?? 0));
  return getItems(at, t, (t.type === "dynamic" || t.isNumpy !== true ? tracedItems(at, index) : null) ?? indexItems(at, index));
}

/** `t` at the parts of an index. */
function getItems(at: At, t: TensorLike, items: readonly Value[]): TensorLike {
  if (t.type === "dynamic") return getDynamic(at, t, items);
  const { view, advanced } = basic(at, t, items);
  if (advanced.every((a) => a === null)) return view;
  return gather(at, view, advanced);
}

/** `t[index] = value`. @throws Refusal */
export function setItem(at: At, t: TensorLike, index: Value, value: Value): void {
  if (!isTensor(value) && !isScalar(value)) {
    refuse("operand-types", at.span, [at.run.text(at.span), "a tensor's elements are numbers"]);
  }
  if (t.type === "dynamic" || value.type === "dynamic") {
    refuse("in-place-shape", at.span, [at.run.text(at.span)]);
  }
  at.run.step(at.span);
  const { shape, offsets } = placesOf(at, t, indexItems(at, index));
  const given = toStatic(at, value, t.dtype);
  // Leading dimensions of size 1 may be too many; otherwise the value broadcasts.
  const extra = given.shape.length - shape.length;
  const fitting = extra > 0 && given.shape.slice(0, extra).every((s) => s === 1) ? reshape(given, given.shape.slice(extra)) : given;
  if (broadcastShape(at, [fitting.shape, shape]).join() !== shape.join()) {
    refuse("operand-types", at.span, [
      at.run.text(at.span),
      `the shape [${given.shape.join(", ")}] does not fit into [${shape.join(", ")}]`,
    ]);
  }
  const values = dataOf(expand(fitting, shape));
  at.run.step(at.span, 1 + values.length / 64);
  write(t, offsets, (i) => values[i] ?? 0);
}

/** Shape of `t[items]`, and where its elements lie in the storage of `t`. @throws Refusal for an index that is not known */
function placesOf(at: At, t: Tensor, items: readonly Value[]): { shape: readonly number[]; offsets: Int32Array } {
  const { view, advanced } = basic(at, t, items);
  if (advanced.some((a) => a?.type === "dynamic")) refuse("in-place-shape", at.span, [at.run.text(at.span)]);
  if (advanced.some((a) => a !== null)) return plan(at, view, advanced);
  return { shape: view.shape, offsets: offsetsOf(view) };
}

function toStatic(at: At, value: Value, dtype: DType): Tensor {
  if (!isTensor(value) && !isScalar(value)) throw new Error("checked by setItem");
  const t = toTensor(at, value, dtype);
  if (t.type === "dynamic") refuse("in-place-shape", at.span, [at.run.text(at.span)]);
  return t;
}

/**
 * What a mod reads: PyTorch traces `t[index]` with all numbers and tensors of the index side by side, however they are nested
 * in lists and tuples, `True` as 1 (TransformGetItemToIndex): `t[[i, j]]` is `t[i, j]`. Null outside of a mod, and where the
 * index has other parts too, which leave it as Python has it.
 */
function tracedItems(at: At, index: Value): readonly Value[] | null {
  if (at.run.trace === null) return null;
  const items: Value[] = [];
  const flatten = (v: Value): boolean => {
    at.run.step(at.span);
    if (v.type === "list" || v.type === "tuple") return v.items.every(flatten);
    items.push(v.type === "bool" ? { type: "int", value: v.value ? 1 : 0 } : v);
    return v.type === "int" || v.type === "bool" || (isTensor(v) && !(v.type === "tensor" && v.isNumpy === true));
  };
  return flatten(index) ? items : null;
}

/** The parts of an index as Python and PyTorch have it: a list is an index tensor. */
function indexItems(at: At, index: Value): readonly Value[] {
  if (index.type === "tuple") return index.items.map((i) => listIndex(at, i));
  return [listIndex(at, index)];
}

function listIndex(at: At, index: Value): Value {
  if (index.type !== "list" && index.type !== "range") return index;
  const items = index.type === "list" ? index.items : [...rangeNumbers(at, index)].map((value) => ({ type: "int", value }) as const);
  if (items.some((i) => i.type === "dynamic" || i.type === "tensor")) {
    const parts = items.map((i) => (isTensor(i) || isScalar(i) ? asDynamic(toTensor(at, i, "i64")) : null));
    const elements = parts.flatMap((p) => (p === null ? [] : dynamicElements(p)));
    return dynamic(
      "i64",
      [elements.length],
      elements,
      parts.reduce((bits, p) => bits | (p?.batched ?? 0), 0),
    );
  }
  const bools = items.length > 0 && items.every((i) => i.type === "bool");
  return tensorFrom(
    bools ? "bool" : "i64",
    [items.length],
    items.map((i) => (isScalar(i) ? numberOf(i) : Number.NaN)),
    true,
  );
}

function* rangeNumbers(at: At, r: { readonly start: number; readonly stop: number; readonly step: number }): Generator<number> {
  for (let i = r.start; r.step > 0 ? i < r.stop : i > r.stop; i += r.step) {
    at.run.step(at.span);
    yield i;
  }
}

/** How many dimensions an index part takes. */
function consumes(item: Value): number {
  if (item.type === "none" || item.type === "ellipsis" || item.type === "bool") return 0;
  if (item.type === "tensor" && item.dtype === "bool") return item.shape.length;
  return 1;
}

/** Numbers, slices, None and `...` applied; index tensors left, one entry an axis of the view. */
function basic(at: At, t: Tensor, items: readonly Value[]): { view: Tensor; advanced: (Advanced | null)[] } {
  const full = withEllipsis(at, t.shape.length, items);
  let view = t;
  let axis = 0;
  const advanced: (Advanced | null)[] = [];
  for (const item of full) {
    switch (item.type) {
      case "none":
        view = unsqueeze(view, axis);
        advanced[axis++] = null;
        break;
      case "slice": {
        const { start, count, step } = sliceBounds(at, item, view.shape[axis] ?? 0);
        if (step < 0 && t.isNumpy !== true)
          refuse("operand-types", at.span, [at.run.text(at.span), "a tensor's slice has no negative step; use `.flip(0)`"]);
        view = slice(view, axis, start, count, step);
        advanced[axis++] = null;
        break;
      }
      case "bool":
        // A new dimension of one, or of none.
        view = unsqueeze(view, axis);
        if (!item.value) view = slice(view, axis, 0, 0, 1);
        advanced[axis++] = null;
        break;
      case "int":
        view = select(view, axis, checkedIndex(at, numberOf(item), view.shape[axis] ?? 0));
        break;
      case "tensor":
        if (item.dtype === "bool" || item.dtype === "u8") {
          for (const positions of nonzeroColumns(at, item, view.shape.slice(axis, axis + item.shape.length))) advanced[axis++] = positions;
        } else if (isFloat(item.dtype)) {
          refuse("float-index", at.span, [at.run.text(at.span), TORCH_NAMES[item.dtype]]);
        } else if (item.shape.length === 0) {
          view = select(view, axis, checkedIndex(at, itemOf(item), view.shape[axis] ?? 0));
        } else {
          advanced[axis++] = item;
        }
        break;
      case "dynamic":
        advanced[axis++] = indexTensor(at, item);
        break;
      default:
        refuse("operand-types", at.span, [at.run.text(at.span), `a tensor is indexed by integers, slices and tensors`]);
    }
  }
  while (advanced.length < view.shape.length) advanced.push(null);
  return { view, advanced };
}

/** The index parts with `...` written out. */
function withEllipsis(at: At, rank: number, items: readonly Value[]): readonly Value[] {
  const used = items.reduce((n, i) => n + consumes(i), 0);
  if (used > rank) {
    refuse("index-out-of-range", at.span, [at.run.text(at.span), `${used} indices for a tensor of ${rank} dimensions`]);
  }
  const all: Value = { type: "slice", lower: { type: "none" }, upper: { type: "none" }, step: { type: "none" } };
  const rest = new Array<Value>(rank - used).fill(all);
  const dots = items.findIndex((i) => i.type === "ellipsis");
  return dots < 0 ? [...items, ...rest] : items.toSpliced(dots, 1, ...rest);
}

function checkedIndex(at: At, i: number, size: number): number {
  const j = i < 0 ? i + size : i;
  if (j < 0 || j >= size) {
    refuse("index-out-of-range", at.span, [at.run.text(at.span), `index ${i} in a dimension of size ${size}`]);
  }
  return j;
}

/** Start, count and step of a slice over `size` elements. @throws Refusal on bounds that are tensors of the mod */
export function sliceBounds(at: At, s: SliceValue, size: number): { start: number; count: number; step: number } {
  const bound = (v: Value): number | null => {
    if (v.type === "none") return null;
    if (v.type === "int" || v.type === "bool") return numberOf(v);
    if (v.type === "tensor" && numel(v.shape) === 1 && !isFloat(v.dtype)) return itemOf(v);
    if (v.type === "dynamic") refuse("dynamic-slice", at.span, [at.run.text(at.span)]);
    return refuse("operand-types", at.span, [at.run.text(at.span), "slice bounds are integers or None"]);
  };
  const step = bound(s.step) ?? 1;
  if (step === 0) refuse("operand-types", at.span, [at.run.text(at.span), "a slice's step is not 0"]);
  const clip = (i: number | null, otherwise: number): number => {
    if (i === null) return otherwise;
    const j = i < 0 ? i + size : i;
    return step > 0 ? Math.max(0, Math.min(size, j)) : Math.max(-1, Math.min(size - 1, j));
  };
  const start = clip(bound(s.lower), step > 0 ? 0 : size - 1);
  const stop = clip(bound(s.upper), step > 0 ? size : -1);
  return { start, count: Math.max(0, Math.ceil((stop - start) / step)), step };
}

/** A mask as an index: one column of positions a dimension. */
function nonzeroColumns(at: At, mask: Tensor, sizes: readonly number[]): Tensor[] {
  if (mask.dtype === "u8" && mask.shape.length === 0) refuse("boolean-index", at.span, [at.run.text(at.span), "uint8"]);
  if (mask.shape.join() !== sizes.join()) {
    refuse("index-out-of-range", at.span, [
      at.run.text(at.span),
      `a mask of shape [${mask.shape.join(", ")}] over dimensions of [${sizes.join(", ")}]`,
    ]);
  }
  return nonzero(mask);
}

/** The positions where `mask` is not 0, one tensor a dimension. */
export function nonzero(mask: Tensor): Tensor[] {
  const data = dataOf(mask);
  const columns: number[][] = mask.shape.map(() => []);
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    let rest = i;
    for (let d = mask.shape.length - 1; d >= 0; d--) {
      const size = mask.shape[d] ?? 1;
      columns[d]?.push(rest % size);
      rest = Math.floor(rest / size);
    }
  }
  return columns.map((c) => tensorFrom("i64", [c.length], c, mask.storage.literal));
}

/** A dynamic index as i64. @throws Refusal for bool, u8 and floats */
function indexTensor(at: At, x: Dynamic): Advanced {
  if (x.dtype === "bool" || x.dtype === "u8") refuse("boolean-index", at.span, [at.run.text(at.span), TORCH_NAMES[x.dtype]]);
  if (isFloat(x.dtype)) refuse("float-index", at.span, [at.run.text(at.span), TORCH_NAMES[x.dtype]]);
  return cast(at, x, "i64");
}

/** `view` gathered along the axes that have an index tensor. */
function gather(at: At, view: Tensor, advanced: readonly (Advanced | null)[]): TensorLike {
  const tensors = advanced.filter((a) => a !== null);
  if (tensors.every((a) => a.type === "tensor")) return gatherKnown(at, view, advanced);
  if (tensors.every((a) => a.shape.length === 0)) {
    const { capture, slots } = mapView(view);
    const chosen = advanced.map((a) => (a === null ? null : (asDynamicElements(a)[0] ?? null)));
    const remaining = renumber(chosen);
    const indices = slots.map((slot) => {
      if ("at" in slot) return constant(slot.at, "i64");
      return chosen[slot.axis] ?? remaining[slot.axis] ?? 0;
    });
    const shape = view.shape.filter((_, d) => chosen[d] === null);
    return gathered({ capture, indices }, view.dtype, shape, batchedOf(tensors));
  }
  return gatherVectors(at, view, advanced);
}

/** For each axis of the old tensor that stays, its number in the new one. */
function renumber(chosen: readonly (Expr | null)[]): number[] {
  let next = 0;
  return chosen.map((c) => (c === null ? next++ : 0));
}

const batchedOf = (xs: readonly TensorLike[]): number => xs.reduce((bits, x) => bits | (x.type === "dynamic" ? x.batched : 0), 0);
const asDynamicElements = (x: TensorLike): readonly Expr[] => (x.type === "dynamic" ? dynamicElements(x) : elementsOf(x));

/** A load where every dimension has its index, else a gather. Dimensions of size 1 that nothing runs over are fixed. */
function gathered(g: NonNullable<Dynamic["gather"]>, dtype: DType, shape: readonly number[], batched: number): Dynamic {
  if (shape.length > 0) return { type: "dynamic", dtype, shape, elements: null, gather: g, batched };
  const indices = g.indices.map((i) => (typeof i === "number" ? constant(0, "i64") : i));
  return dynamic(dtype, shape, [load(g.capture, indices)], batched);
}

function gatherKnown(at: At, view: Tensor, advanced: readonly (Advanced | null)[]): Tensor {
  const { shape, offsets } = plan(at, view, advanced);
  const source = view.storage.data;
  const out = arrayFor(view.dtype, offsets.length);
  for (let i = 0; i < out.length; i++) out[i] = source[offsets[i] ?? 0] ?? 0;
  return tensorOf(view.dtype, shape, out, view.storage.literal || at.run.trace !== null);
}

/** Result shape, and the storage offset of every element. */
function plan(at: At, view: Tensor, advanced: readonly (Advanced | null)[]): { shape: number[]; offsets: Int32Array } {
  const tensors = advanced.filter((a) => a !== null);
  const common = broadcastShape(
    at,
    tensors.map((a) => a.shape),
  );
  const expanded = advanced.map((a) => (a === null ? null : a.type === "tensor" ? expand(a, common) : a));
  const first = advanced.findIndex((a) => a !== null);
  const last = advanced.findLastIndex((a) => a !== null);
  const adjacent = advanced.slice(first, last + 1).every((a) => a !== null);
  const place = adjacent ? first : 0;
  const rest = view.shape.filter((_, d) => advanced[d] === null);
  const shape = rest.toSpliced(place, 0, ...common);
  at.run.step(at.span, 1 + Math.max(numel(shape), numel(common)) / 16);
  // Offsets that the index tensors add, element by element of their common shape.
  const added = new Int32Array(numel(common));
  expanded.forEach((a, d) => {
    if (a === null) return;
    const stride = view.strides[d] ?? 0;
    const size = view.shape[d] ?? 0;
    const data = a.type === "tensor" ? dataOf(a) : [];
    for (let i = 0; i < added.length; i++) added[i] = (added[i] ?? 0) + checkedIndex(at, data[i] ?? 0, size) * stride;
  });
  const before = rest.slice(0, place);
  const after = rest.slice(place);
  const restStrides = view.strides.filter((_, d) => advanced[d] === null);
  const outer = offsetsOf(viewOf(view, before, restStrides.slice(0, place)));
  const inner = offsetsOf(viewOf(view, after, restStrides.slice(place), 0));
  const offsets = new Int32Array(numel(shape));
  let next = 0;
  for (const o of outer) for (const a of added) for (const i of inner) offsets[next++] = o + a + i;
  return { shape, offsets };
}

/** Index tensors with dimensions, some of the mod's: one load an element. */
function gatherVectors(at: At, view: Tensor, advanced: readonly (Advanced | null)[]): Dynamic {
  const common = broadcastShape(
    at,
    advanced.flatMap((a) => (a === null ? [] : [a.shape])),
  );
  const rest = view.shape.filter((_, d) => advanced[d] === null);
  const first = advanced.findIndex((a) => a !== null);
  const last = advanced.findLastIndex((a) => a !== null);
  const place = advanced.slice(first, last + 1).every((a) => a !== null) ? first : 0;
  const shape = rest.toSpliced(place, 0, ...common);
  const n = numel(shape);
  if (n > MAX_DYNAMIC) refuse("too-large", at.span, [`The gather of ${n} elements in \`${at.run.text(at.span)}\``]);
  at.run.step(at.span, n);
  const capture = captureOf(view);
  const lists = advanced.map((a) => (a === null ? null : expandElements(a, common)));
  const inner = numel(rest.slice(place));
  const elements: Expr[] = [];
  for (let i = 0; i < n; i++) {
    const a = Math.floor(i / inner) % numel(common);
    let r = Math.floor(i / (inner * numel(common))) * inner + (i % inner);
    const fixed = new Array<number>(rest.length).fill(0);
    for (let d = rest.length - 1; d >= 0; d--) {
      fixed[d] = r % (rest[d] ?? 1);
      r = Math.floor(r / (rest[d] ?? 1));
    }
    let next = 0;
    elements.push(
      load(
        capture,
        lists.map((list) => (list === null ? constant(fixed[next++] ?? 0, "i64") : (list[a] ?? constant(0, "i64")))),
      ),
    );
  }
  return dynamic(view.dtype, shape, elements, batchedOf(advanced.filter((a) => a !== null)));
}

// ------------------------------------------------------------------------------------------------ dynamic tensors

function getDynamic(at: At, x: Dynamic, items: readonly Value[]): TensorLike {
  if (x.shape.length === 0 && items.length === 0) return x;
  const full = withEllipsis(at, x.shape.length, items);
  const g = x.elements === null ? x.gather : null;
  const simple = full.every((i) => isFullSlice(i) || i.type === "int" || (isTensor(i) && i.shape.length === 0 && i.dtype !== "bool"));
  if (g !== null && simple) {
    const chosen = full.map((item, d): Expr | null => {
      if (item.type === "slice") return null;
      if (item.type === "int") return constant(checkedIndex(at, numberOf(item), x.shape[d] ?? 0), "i64");
      if (item.type === "tensor") return constant(checkedIndex(at, itemOf(item), x.shape[d] ?? 0), "i64");
      return item.type === "dynamic" ? (asDynamicElements(indexTensor(at, item))[0] ?? null) : null;
    });
    const remaining = renumber(chosen);
    const indices = g.indices.map((i) => (typeof i === "number" ? (chosen[i] ?? remaining[i] ?? 0) : i));
    const shape = x.shape.filter((_, d) => chosen[d] === null);
    return gathered({ capture: g.capture, indices }, x.dtype, shape, x.batched | batchedOf(items.filter(isTensor)));
  }
  // Positions, indexed the same way, say which elements are meant.
  const elements = dynamicElements(x);
  const positions = tensorFrom(
    "i64",
    x.shape,
    elements.map((_, i) => i),
    true,
  );
  const { view, advanced } = basic(at, positions, full);
  if (advanced.every((a) => a === null || a.type === "tensor")) {
    const chosen = advanced.every((a) => a === null) ? view : gatherKnown(at, view, advanced);
    return dynamic(x.dtype, chosen.shape, pick(elements, dataOf(chosen)), x.batched);
  }
  return chooseOne(at, x, view, advanced);
}

const isFullSlice = (v: Value): boolean =>
  v.type === "slice" && v.lower.type === "none" && v.upper.type === "none" && v.step.type === "none";

const pick = (elements: readonly Expr[], at: ArrayLike<number>): Expr[] =>
  Array.from(at, (i) => elements[i]).filter((e) => e !== undefined);

/** A computed vector at a dynamic index: a chain of `where`. */
function chooseOne(at: At, x: Dynamic, view: Tensor, advanced: readonly (Advanced | null)[]): Dynamic {
  const index = advanced[0];
  if (view.shape.length !== 1 || index === undefined || index === null || index.shape.length !== 0) {
    refuse("operand-types", at.span, [at.run.text(at.span), "a computed tensor of one dimension takes one index"]);
  }
  const elements = pick(dynamicElements(x), dataOf(view));
  const i = asDynamicElements(index)[0];
  const size = constant(elements.length, "i64");
  if (i === undefined || elements.length === 0) refuse("index-out-of-range", at.span, [at.run.text(at.span), "the tensor is empty"]);
  const wrapped = where(binary("lt", i, constant(0, "i64")), binary("add", i, size), i);
  const chosen = elements.reduceRight((rest, e, d) => where(binary("eq", wrapped, constant(d, "i64")), e, rest));
  return dynamic(x.dtype, [], [chosen], x.batched | batchedOf([index]));
}

/** `torch.take`, `index_select`, `gather` along one axis: `t` at `index` in dimension `dim`. */
export function indexSelect(at: At, t: TensorLike, dim: number, index: TensorLike): TensorLike {
  const all: Value = { type: "slice", lower: { type: "none" }, upper: { type: "none" }, step: { type: "none" } };
  const items = t.shape.map((_, d): Value => (d === dim ? index : all));
  return getItem(at, t, { type: "tuple", items });
}

/** A dimension argument, negative ones counted from the end. @throws Refusal */
export function axisOf(at: At, dim: number, rank: number): number {
  const axis = dim < 0 ? dim + rank : dim;
  if (axis < 0 || axis >= Math.max(1, rank)) {
    refuse("index-out-of-range", at.span, [at.run.text(at.span), `dimension ${dim} of a tensor of ${rank}`]);
  }
  return axis;
}

/** `values` (0-d or of one shape) side by side along a new first axis: the rows of a `torch.stack`. */
export function stackRows(at: At, rows: readonly TensorLike[]): TensorLike {
  const shape = rows[0]?.shape ?? [];
  const dtype = rows[0]?.dtype ?? "f32";
  const odd = rows.find((r) => r.shape.join() !== shape.join());
  if (odd !== undefined)
    refuse("operand-types", at.span, [at.run.text(at.span), `the shapes [${shape.join(", ")}] and [${odd.shape.join(", ")}] differ`]);
  if (rows.every((r) => r.type === "tensor")) {
    const out = filled(dtype, [rows.length, ...shape], 0, at.run.trace !== null);
    const n = numel(shape);
    rows.forEach((r, i) => {
      const data = dataOf(r);
      for (let j = 0; j < n; j++) out.storage.data[i * n + j] = data[j] ?? 0;
    });
    return tensorOf(dtype, out.shape, out.storage.data, at.run.trace !== null);
  }
  return dynamic(
    dtype,
    [rows.length, ...shape],
    rows.flatMap((r) => asDynamicElements(r)),
    batchedOf(rows),
  );
}
