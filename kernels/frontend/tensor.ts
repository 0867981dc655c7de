/**
 * Tensors whose elements are known: storage, strided views, and how they become captures of a mod.
 *
 * A view of a storage that runs along whole dimensions of it (a select, a permutation) is read through the one
 * capture of the storage; any other view gets a capture of its own, once per storage and view.
 */
import { constant, type Expr, load } from "../ir/expr.ts";
import { interpret } from "../ir/interpret.ts";
import { arrayFor, type Capture, type Span, type TypedArray } from "../ir/mod.ts";
import { toDType } from "../ir/number.ts";
import type { DType } from "../ir/ops.ts";
import { freeVars } from "../ir/walk.ts";
import { dtypeOfScalar } from "./promote.ts";
import { type Dynamic, numberOf, type Run, type Scalar, type Storage, type Tensor } from "./value.ts";

/** Elements beyond which a static tensor is refused: 128 MB at 8 bytes each. */
export const MAX_ELEMENTS = 2 ** 24;
/** Elements beyond which a tensor of expressions is refused. */
export const MAX_DYNAMIC = 4096;

export const numel = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);

/** Row-major strides. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = (strides[d + 1] ?? 1) * Math.max(1, shape[d + 1] ?? 1);
  return strides;
}

/** A fresh contiguous tensor over `data`, whose values are already of `dtype`. */
export function tensorOf(dtype: DType, shape: readonly number[], data: TypedArray, literal: boolean): Tensor {
  checkDimensions(shape);
  const storage = { data, shape, literal, name: null, drawn: null, captures: null };
  return { type: "tensor", dtype, shape, strides: contiguousStrides(shape), offset: 0, storage };
}

/** PyTorch's tensors have no more dimensions. */
const MAX_RANK = 64;

/** A view may have more elements than are computed, but no dimension: loops run along one. @throws RangeError */
function checkDimensions(shape: readonly number[]): void {
  if (shape.length > MAX_RANK) throw new RangeError(`${shape.length} dimensions`);
  for (const size of shape) if (size > MAX_ELEMENTS) throw new RangeError(`a dimension of ${size}`);
}

/** A fresh tensor whose elements are computed when first read: scripts make q, k and v that no mod looks at. */
export function tensorLater(dtype: DType, shape: readonly number[], make: () => TypedArray): Tensor {
  checkDimensions(shape);
  let data: TypedArray | null = null;
  const storage = {
    get data() {
      data ??= make();
      return data;
    },
    set data(written) {
      data = written;
    },
    shape,
    literal: false,
    name: null,
    drawn: null,
    captures: null,
  };
  return { type: "tensor", dtype, shape, strides: contiguousStrides(shape), offset: 0, storage };
}

/** A fresh tensor with `values` rounded or wrapped to `dtype`. */
export function tensorFrom(dtype: DType, shape: readonly number[], values: ArrayLike<number>, literal: boolean): Tensor {
  const data = arrayFor(dtype, values.length);
  for (let i = 0; i < values.length; i++) data[i] = toDType(values[i] ?? 0, dtype);
  return tensorOf(dtype, shape, data, literal);
}

/** A fresh tensor filled with one value. */
export function filled(dtype: DType, shape: readonly number[], value: number, literal: boolean): Tensor {
  const data = arrayFor(dtype, numel(shape));
  if (value !== 0) data.fill(toDType(value, dtype));
  return tensorOf(dtype, shape, data, literal);
}

/** A Python number as a 0-d literal tensor of `dtype` (default its own). */
export function scalarTensor(x: Scalar, dtype: DType = dtypeOfScalar(x)): Tensor {
  return filled(dtype, [], numberOf(x), true);
}

/** The tensor that a capture from outside (a binding) stands for. */
export function tensorFromCapture(capture: Capture): Tensor {
  const t = tensorLater(capture.dtype, capture.shape, () => capture.data);
  t.storage.name = capture.name;
  keepCapture(t.storage, viewKey(t), capture);
  return t;
}

/** The 0-d, 1-d, … dynamic tensor of these elements. */
export function dynamic(dtype: DType, shape: readonly number[], elements: readonly Expr[], batched: number): Dynamic {
  return { type: "dynamic", dtype, shape, elements, gather: null, batched };
}

/**
 * Storage offsets at which the rows along the last axis begin, in order. A view can be far larger than its storage.
 * @throws RangeError where it is larger than what is computed here
 */
function forEachRow(t: Tensor, row: (offset: number) => void): void {
  const n = numel(t.shape);
  if (n > MAX_ELEMENTS) throw new RangeError(`a view of ${n} elements`);
  if (n === 0) return;
  const last = t.shape.length - 1;
  const at = new Array<number>(t.shape.length).fill(0);
  let offset = t.offset;
  for (;;) {
    row(offset);
    let d = last - 1;
    for (; d >= 0; d--) {
      const stride = t.strides[d] ?? 0;
      const size = t.shape[d] ?? 1;
      const i = (at[d] ?? 0) + 1;
      offset += stride;
      at[d] = i < size ? i : 0;
      if (i < size) break;
      offset -= stride * size;
    }
    if (d < 0) return;
  }
}

/** Storage offsets of every element, row-major. */
export function offsetsOf(t: Tensor): Int32Array {
  const out = new Int32Array(Math.min(MAX_ELEMENTS, numel(t.shape)));
  const [stride = 0, size = 1] = [t.strides.at(-1), t.shape.at(-1)];
  let i = 0;
  forEachRow(t, (offset) => {
    for (let j = 0; j < size; j++) out[i++] = offset + j * stride;
  });
  return out;
}

export const isContiguous = (t: Tensor): boolean => {
  const strides = contiguousStrides(t.shape);
  return t.shape.every((s, d) => s <= 1 || t.strides[d] === strides[d]);
};

/** The elements, row-major; shared with the storage where that is possible, so not to be written. */
export function dataOf(t: Tensor): TypedArray {
  const n = numel(t.shape);
  const { data } = t.storage;
  if (isContiguous(t)) return t.offset === 0 && n === data.length ? data : data.subarray(t.offset, t.offset + n);
  if (n > MAX_ELEMENTS) throw new RangeError(`a view of ${n} elements`);
  const out = arrayFor(t.dtype, n);
  const [stride = 0, size = 1] = [t.strides.at(-1), t.shape.at(-1)];
  let i = 0;
  forEachRow(t, (offset) => {
    for (let j = 0; j < size; j++) out[i++] = data[offset + j * stride] ?? 0;
  });
  return out;
}

/** A tensor for people: with its elements, unless it is a view that is far larger than what it views. */
export function outline(t: Tensor): { readonly dtype: DType; readonly shape: readonly number[]; readonly data?: TypedArray } {
  const { dtype, shape } = t;
  if (numel(shape) > MAX_ELEMENTS) return { dtype, shape };
  return {
    dtype,
    shape,
    get data() {
      return dataOf(t);
    },
  };
}

/** The value of a one-element tensor. */
export const itemOf = (t: Tensor): number => t.storage.data[t.offset] ?? 0;

/**
 * A tensor of one element that has its value while a mod is traced: a known one, or what is computed from captured numbers
 * alone. Null for what the mod's arguments decide, and where there are more elements.
 */
export function settled(v: Tensor | Dynamic): Tensor | null {
  if (v.type === "tensor") return numel(v.shape) === 1 ? v : null;
  if (v.batched !== 0 || numel(v.shape) !== 1) return null;
  const [only] = dynamicElements(v);
  if (only === undefined || freeVars(only).size > 0) return null;
  return tensorFrom(v.dtype, v.shape, [interpret(only, { b: 0, h: 0, q_idx: 0, kv_idx: 0 })], true);
}

/** Writes one element, first parting from captures that share the data. */
export function write(t: Tensor, offsets: ArrayLike<number>, values: (i: number) => number): void {
  const s = t.storage;
  if (s.captures !== null) {
    s.data = s.data.slice();
    s.captures = null;
  }
  for (let i = 0; i < offsets.length; i++) s.data[offsets[i] ?? 0] = toDType(values(i), t.dtype);
}

// ------------------------------------------------------------------------------------------------------- views

export function viewOf(t: Tensor, shape: readonly number[], strides: readonly number[], offset = t.offset): Tensor {
  checkDimensions(shape);
  return { type: "tensor", dtype: t.dtype, shape, strides, offset, storage: t.storage };
}

/** `index` must be in range. */
export function select(t: Tensor, axis: number, index: number): Tensor {
  const keep = (_: number, d: number) => d !== axis;
  return viewOf(t, t.shape.filter(keep), t.strides.filter(keep), t.offset + index * (t.strides[axis] ?? 0));
}

/** `count` elements from `start` on, `step` apart. */
export function slice(t: Tensor, axis: number, start: number, count: number, step: number): Tensor {
  const stride = t.strides[axis] ?? 0;
  const shape = t.shape.map((s, d) => (d === axis ? count : s));
  return viewOf(
    t,
    shape,
    t.strides.map((s, d) => (d === axis ? s * step : s)),
    t.offset + start * stride,
  );
}

export function unsqueeze(t: Tensor, axis: number): Tensor {
  return viewOf(t, t.shape.toSpliced(axis, 0, 1), t.strides.toSpliced(axis, 0, 0));
}

/** Shares the storage where the elements lie in order, else copies. */
export function reshape(t: Tensor, shape: readonly number[]): Tensor {
  if (!isContiguous(t)) return tensorOf(t.dtype, shape, dataOf(t).slice(), t.storage.literal);
  return viewOf(t, shape, contiguousStrides(shape));
}

// ---------------------------------------------------------------------------------------------------- captures

const viewKey = (t: Tensor): string => `${t.offset}:${t.shape.join()}:${t.strides.join()}`;

const drawnFor = new WeakMap<Capture, Span>();

/** Where random numbers were drawn for `capture`, or null. */
export const drawnAt = (capture: Capture): Span | null => drawnFor.get(capture) ?? null;

/** Gives a tensor the name that it is first bound to, and notes random numbers in it. */
export function nameTensor(run: Run, t: Tensor, name: string): void {
  t.storage.name ??= name;
  t.storage.drawn ??= run.drawn;
}

/** Says that `capture` stands for the view `key` of a storage. */
export function keepCapture(storage: Storage, key: string, capture: Capture): void {
  storage.captures ??= new Map();
  storage.captures.set(key, capture);
}

/** The capture that holds the elements of `t` in its shape. */
export function captureOf(t: Tensor): Capture {
  const key = viewKey(t);
  const known = t.storage.captures?.get(key);
  if (known !== undefined) return known;
  const capture = { name: t.storage.name ?? "tensor", dtype: t.dtype, shape: t.shape, data: dataOf(t) };
  keepCapture(t.storage, key, capture);
  if (t.storage.drawn !== null) drawnFor.set(capture, t.storage.drawn);
  return capture;
}

/** A capture and, for each of its dimensions, a constant index or the axis of the view that runs along it. */
export interface Mapped {
  readonly capture: Capture;
  readonly slots: readonly ({ readonly axis: number } | { readonly at: number })[];
}

/** How `t` is read through a capture: of its whole storage if it runs along whole dimensions, else its own. */
export function mapView(t: Tensor): Mapped {
  const root = viewOf(t, t.storage.shape, contiguousStrides(t.storage.shape), 0);
  if (viewKey(t) === viewKey(root)) return own(root);
  const slots: ({ axis: number } | { at: number })[] = unravel(t.offset, root).map((at) => ({ at }));
  for (let axis = 0; axis < t.shape.length; axis++) {
    // Along an axis that was only expanded every index reads the same.
    if (t.shape[axis] === 1 || t.strides[axis] === 0) continue;
    const d = root.strides.findIndex((s, i) => s === t.strides[axis] && root.shape[i] === t.shape[axis] && root.shape[i] !== 1);
    const slot = slots[d];
    if (slot === undefined || !("at" in slot) || slot.at !== 0) return own(t);
    slots[d] = { axis };
  }
  return { capture: captureOf(root), slots };
}

function own(t: Tensor): Mapped {
  return { capture: captureOf(t), slots: t.shape.map((_, axis) => ({ axis })) };
}

function unravel(offset: number, root: Tensor): number[] {
  let rest = offset;
  return root.strides.map((stride, d) => {
    if ((root.shape[d] ?? 1) === 1) return 0;
    const i = Math.floor(rest / stride);
    rest -= i * stride;
    return i;
  });
}

/** The elements as expressions: constants for a literal, loads for what was made outside the mod. */
export function elementsOf(t: Tensor): Expr[] {
  if (t.storage.literal) return t.shape.length === 0 ? [constant(itemOf(t), t.dtype)] : Array.from(dataOf(t), (x) => constant(x, t.dtype));
  const root = viewOf(t, t.storage.shape, contiguousStrides(t.storage.shape), 0);
  const capture = captureOf(root);
  return Array.from(offsetsOf(t), (offset) =>
    load(
      capture,
      unravel(offset, root).map((i) => constant(i, "i64")),
    ),
  );
}

/** The elements of a dynamic tensor; a gather's are loads. */
export function dynamicElements(x: Dynamic): readonly Expr[] {
  if (x.elements !== null) return x.elements;
  const gather = x.gather;
  if (gather === null) return [];
  const out: Expr[] = [];
  const at = new Array<number>(x.shape.length).fill(0);
  for (let n = numel(x.shape); n > 0; n--) {
    out.push(
      load(
        gather.capture,
        gather.indices.map((i) => (typeof i === "number" ? constant(at[i] ?? 0, "i64") : i)),
      ),
    );
    for (let d = x.shape.length - 1; d >= 0; d--) {
      at[d] = (at[d] ?? 0) + 1;
      if ((at[d] ?? 0) < (x.shape[d] ?? 1)) break;
      at[d] = 0;
    }
  }
  return out;
}
