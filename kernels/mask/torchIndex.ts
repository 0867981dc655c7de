/**
 * `block_mask[…]`: batches, heads and rows of query blocks picked out of PyTorch's lists. Numbers keep their dimension
 * (a number out of range keeps none of it), slices are Python's, tensors and lists pick as PyTorch's indexing does:
 * several together are broadcast and take one place. The columns' lists are made anew; lengths and block size stay,
 * and `mask_mod` is replaced by one that raises, because indices now start at 0.
 */
import { fromKvBlocks, fullBlocks, orderRefusal, partialBlocks, SLICED_MASK, type TorchBlockMask, withOrderOf } from "./torchBlockMask.ts";
import { lastOf, type OrderedBlocks, product, TorchRefusal } from "./torchOrder.ts";

/** `start:stop:step`, as written. */
export interface Slice {
  readonly start?: number;
  readonly stop?: number;
  readonly step?: number;
}

/** A tensor of positions, or of truth values. */
export interface Picked {
  readonly shape: readonly number[];
  readonly data: readonly (number | boolean)[];
}

export type BlockIndex = number | Slice | Picked;

/**
 * `block_mask[batch, head, row]`; what is left out is all, what goes beyond three is ignored, as in PyTorch.
 * @throws TorchRefusal where PyTorch raises.
 */
export function itemOf(m: TorchBlockMask, index: readonly BlockIndex[]): TorchBlockMask {
  if (m.dqKvOrder !== null) throw orderRefusal("Slicing");
  const sizes = m.kvNumBlocks.shape;
  if (sizes.length < 3) throw new TorchRefusal("ValueError", "zip() argument 2 is shorter than argument 1");
  const wanted = [0, 1, 2].map((d) => index[d] ?? {});
  // Slices come first: a mask of truth values is held against what they leave.
  const left = wanted.map((each, d) => (isPicked(each) ? (sizes[d] ?? 0) : sliced(each, sizes[d] ?? 0).ids.length));
  const axes = wanted.map((each, d) => (isPicked(each) ? tensor(each, [...left, ...sizes.slice(3)], d) : sliced(each, sizes[d] ?? 0)));
  const pick = places(axes, sizes);
  const partial = picked(partialBlocks(m), pick);
  const full = fullBlocks(m);
  const newFull = full === null ? null : picked(full, pick);
  const made = fromKvBlocks({
    kvNumBlocks: partial.counts,
    kvIndices: partial.indices,
    fullKvNumBlocks: newFull?.counts ?? null,
    fullKvIndices: newFull?.indices ?? null,
    blockSize: m.blockSize,
    maskMod: SLICED_MASK,
    seqLengths: m.seqLengths,
    computeQBlocks: m.qIndices !== null,
  });
  return withOrderOf(m, made);
}

/** One dimension's positions: in order (a slice), or as a tensor that is broadcast with others. */
type Axis = { readonly kind: "slice" | "tensor"; readonly shape: readonly number[]; readonly ids: readonly number[] };

const isPicked = (index: BlockIndex): index is Picked => typeof index === "object" && "data" in index;

function sliced(index: number | Slice, size: number): Axis {
  if (typeof index !== "number") return slice(index, size);
  const isFromEnd = index < 0 && index >= -size;
  const from = isFromEnd ? index + size : index;
  return slice({ start: from, stop: from + 1 }, size);
}

function slice({ start, stop, step = 1 }: Slice, size: number): Axis {
  if (step <= 0) throw new TorchRefusal("ValueError", "step must be greater than zero");
  const clip = (n: number): number => Math.min(Math.max(n < 0 ? n + size : n, 0), size);
  const ids: number[] = [];
  for (let i = clip(start ?? 0); i < clip(stop ?? size); i += step) ids.push(i);
  return { kind: "slice", shape: [ids.length], ids };
}

function tensor({ shape, data }: Picked, sizes: readonly number[], dimension: number): Axis {
  const size = sizes[dimension] ?? 0;
  if (data.some((x) => typeof x === "boolean")) {
    if (shape.length !== 1 || shape[0] !== size) {
      const told = `The shape of the mask [${shape.join(", ")}] at index 0 does not match the shape of the indexed tensor`;
      throw new TorchRefusal("IndexError", `${told} [${sizes.join(", ")}] at index ${dimension}`);
    }
    const ids = data.flatMap((x, i) => (x === true ? [i] : []));
    return { kind: "tensor", shape: [ids.length], ids };
  }
  return { kind: "tensor", shape, ids: data.map(Number) };
}

/** The shape that the three axes give together, and where each of its items comes from, flat in [B, H, R]. */
function places(axes: readonly Axis[], sizes: readonly number[]): { readonly shape: readonly number[]; readonly from: readonly number[] } {
  const tensors = axes.filter((a) => a.kind === "tensor");
  const common = broadcast(tensors.map((a) => a.shape));
  const at = axes.findIndex((a) => a.kind === "tensor");
  const last = axes.findLastIndex((a) => a.kind === "tensor");
  const isTogether = axes.slice(Math.max(at, 0), last + 1).every((a) => a.kind === "tensor");
  // Tensors side by side stay where they are; with a slice between them, what they give comes first.
  const before = isTogether ? axes.slice(0, Math.max(at, 0)).filter((a) => a.kind === "slice") : [];
  const after = axes.filter((a) => a.kind === "slice" && !before.includes(a));
  const shape = [...before.flatMap((a) => a.shape), ...common, ...after.flatMap((a) => a.shape)];
  // PyTorch moves what tensors index to the front, and counts dimensions there.
  let place = 0;
  axes.forEach((axis, d) => {
    if (axis.kind === "tensor") checkRange(axis, sizes[d] ?? 0, place++, product(common) > 0, product(shape) > 0);
  });
  const [firstCommon, endCommon] = [before.length, before.length + common.length];

  const idOf = (axis: Axis, size: number, position: readonly number[]): number => {
    if (axis.kind === "tensor") {
      const id = axis.ids[flatIn(axis.shape, position.slice(firstCommon, endCommon))] ?? 0;
      return id < 0 ? id + size : id;
    }
    const earlier = before.indexOf(axis);
    return axis.ids[position[earlier >= 0 ? earlier : endCommon + after.indexOf(axis)] ?? 0] ?? 0;
  };
  const from = Array.from({ length: product(shape) }, (_, n) => {
    const position = positionIn(shape, n);
    return axes.reduce((flat, axis, d) => flat * (sizes[d] ?? 0) + idOf(axis, sizes[d] ?? 0, position), 0);
  });
  return { shape, from };
}

/** Positions are looked at where there is something to pick, as in PyTorch. */
function checkRange({ ids }: Axis, size: number, dimension: number, isIndexed: boolean, isPicked: boolean): void {
  if (isIndexed && size === 0) throw new TorchRefusal("IndexError", "index is out of bounds for dimension with size 0");
  const wrong = ids.find((i) => i < -size || i >= size);
  if (isPicked && wrong !== undefined)
    throw new TorchRefusal("IndexError", `index ${wrong} is out of bounds for dimension ${dimension} with size ${size}`);
}

function broadcast(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, d) => {
    const sizes = new Set(shapes.map((s) => s[s.length - rank + d] ?? 1).filter((n) => n !== 1));
    if (sizes.size > 1) {
      const told = shapes.map((s) => `[${s.join(", ")}]`).join(", ");
      throw new TorchRefusal("IndexError", `shape mismatch: indexing tensors could not be broadcast together with shapes ${told}`);
    }
    return [...sizes][0] ?? 1;
  });
}

/** Flat index in a tensor of `shape` that is broadcast to the dimensions of `position`. */
function flatIn(shape: readonly number[], position: readonly number[]): number {
  const skip = position.length - shape.length;
  return shape.reduce((flat, size, d) => flat * size + (size === 1 ? 0 : (position[skip + d] ?? 0)), 0);
}

function positionIn(shape: readonly number[], n: number): readonly number[] {
  const position = new Array<number>(shape.length).fill(0);
  let rest = n;
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d] ?? 1;
    position[d] = rest % size;
    rest = Math.floor(rest / size);
  }
  return position;
}

function picked({ counts, indices }: OrderedBlocks, { shape, from }: ReturnType<typeof places>): OrderedBlocks {
  const length = lastOf(indices.shape);
  // Dimensions beyond the third stay as they are.
  const rest = counts.shape.slice(3);
  const many = product(rest);
  const newCounts = new Int32Array(from.length * many);
  const newIndices = new Int32Array(newCounts.length * length);
  from.forEach((source, to) => {
    newCounts.set(counts.data.subarray(source * many, (source + 1) * many), to * many);
    newIndices.set(indices.data.subarray(source * many * length, (source + 1) * many * length), to * many * length);
  });
  const lead = [...shape, ...rest];
  return { counts: { shape: lead, data: newCounts }, indices: { shape: [...lead, length], data: newIndices } };
}
