/**
 * Where the rows of q, k, v and out lie in what a kernel binds, as data: strides for either layout, and, where a tensor
 * is larger than the device binds at once, the part of it that one dispatch sees. In: a problem, a device's limits. Out:
 * fields of the uniform, WGSL that reads them, and the parts with the byte ranges to bind.
 *
 * A part is a run of key heads with their query heads (BHSD, where each head is one piece of memory) or of batch
 * elements (BSHD). Kernels keep the indices of the whole problem, which the mods see; only addresses start at the part.
 */
import { type DeviceLimits, mebibytes, type Param, rowStride } from "./plan.ts";
import { type Problem, stridesOf } from "./problem.ts";

/** The tensors, by the names of their buffers. */
const TENSORS = ["q", "k", "v", "out"] as const;
type Tensor = (typeof TENSORS)[number];

/** Bytes of a buffer. */
export interface Range {
  readonly offset: number;
  readonly size: number;
}

/** What one dispatch can see: query heads of all batches, counted through, and the ranges that hold them. */
export interface Part {
  /** First (batch, query head) pair, and how many. */
  readonly first: number;
  readonly heads: number;
  /** By buffer; null: the buffers are bound whole. */
  readonly ranges: Readonly<Record<string, Range>> | null;
}

/** WGSL of `Place` and `place`: `params` has the fields Q, K, V and OUT of that type, first of all. */
export const PLACE_WGSL = `// Where the rows of a tensor lie, in vec4s: from row to row, head to head, batch to batch; skip: those before what is bound.
struct Place {
  row: u32,
  head: u32,
  batch: u32,
  skip: u32,
}

// The first row of a head.
fn place(t: Place, b: u32, h: u32) -> u32 {
  return b * t.batch + h * t.head - t.skip;
}`;

/** The fields of `params` that PLACE_WGSL reads, as WGSL. */
export const PLACE_FIELDS = "Q: Place, K: Place, V: Place, OUT: Place,";

/** Their values, for one part of the problem. */
export function placeParams(p: Problem, part?: Pick<Part, "ranges">): Param[] {
  return TENSORS.flatMap((name) => {
    const { heads, length, chunks } = shapeOf(p, name);
    const { row, head, batch } = stridesOf(p.layout, heads, length, chunks);
    const skip = (part?.ranges?.[name]?.offset ?? 0) / vec4Bytes(p);
    return Object.entries({ row, head, batch, skip }).map(([field, value]) => ({ name: `${name}.${field}`, type: "u32" as const, value }));
  });
}

/** Offsets of bound ranges are multiples of this: WebGPU's largest minStorageBufferOffsetAlignment. */
const ALIGNMENT = 256;

type BufferLimits = Pick<DeviceLimits, "maxStorageBufferBindingSize" | "maxBufferSize">;

/** The fewest parts that the device can bind; or why it cannot, with what would fit. */
export function partsOf(p: Problem, limits: BufferLimits): Part[] | string {
  const units = p.layout === "BHSD" ? p.batch * p.kvHeads : p.batch;
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const sizes = TENSORS.map((name) => ({ name, size: bytesOf(p, name), unit: bytesOf(p, name) / units })).toSorted(
    (a, b) => b.unit - a.unit,
  );
  const heads = (p.batch * p.qHeads) / units;
  if (sizes.every(({ size }) => size <= most)) return [{ first: 0, heads: units * heads, ranges: null }];
  const atOnce = (unit: number): number => Math.floor((unit % ALIGNMENT === 0 ? most : most - ALIGNMENT) / unit);
  const unbound = sizes.find(({ unit }) => atOnce(unit) < 1);
  if (unbound !== undefined) {
    const { name, size, unit } = unbound;
    const one = p.layout === "BHSD" ? "one head of it" : "one batch element of it";
    return `\`${name}\` needs ${mebibytes(size)}, ${one} ${mebibytes(unit)}; the device binds at most ${mebibytes(most)}: ${shorter(p, name, limits, units)}`;
  }
  const unheld = sizes.find(({ size }) => size > limits.maxBufferSize);
  if (unheld !== undefined) {
    const { name, size, unit } = unheld;
    const fits = Math.floor(limits.maxBufferSize / unit);
    return `\`${name}\` needs ${mebibytes(size)}; the device has buffers of at most ${mebibytes(limits.maxBufferSize)}: ${fits} of ${units} ${nameOf(p)} at a time would fit`;
  }
  const perPart = Math.min(...sizes.map(({ unit }) => atOnce(unit)));
  return Array.from({ length: Math.ceil(units / perPart) }, (_, i): Part => {
    const first = i * perPart;
    const count = Math.min(perPart, units - first);
    const ranges = sizes.map(({ name, unit }): [string, Range] => {
      const offset = ALIGNMENT * Math.floor((first * unit) / ALIGNMENT);
      return [name, { offset, size: (first + count) * unit - offset }];
    });
    return { first: first * heads, heads: count * heads, ranges: Object.fromEntries(ranges) };
  });
}

const vec4Bytes = (p: Pick<Problem, "storage">): number => (p.storage === "f16" ? 8 : 16);

function shapeOf(p: Problem, name: Tensor): { readonly heads: number; readonly length: number; readonly chunks: number } {
  const ofQueries = name === "q" || name === "out";
  const headDim = name === "q" || name === "k" ? p.qkHeadDim : p.vHeadDim;
  return {
    heads: ofQueries ? p.qHeads : p.kvHeads,
    length: ofQueries ? p.qLen : p.kvLen,
    chunks: rowStride(headDim) / 4,
  };
}

function bytesOf(p: Problem, name: Tensor): number {
  const { heads, length, chunks } = shapeOf(p, name);
  return p.batch * heads * length * chunks * vec4Bytes(p);
}

const nameOf = (p: Problem): string => (p.layout === "BSHD" ? "batch elements" : p.batch === 1 ? "key heads" : "key heads of all batches");

/** The length, in rows, at which one unit of the tensor could be bound, and one buffer could hold them all. */
function shorter(p: Problem, name: Tensor, limits: BufferLimits, units: number): string {
  const most = Math.min(limits.maxStorageBufferBindingSize, Math.floor(limits.maxBufferSize / units));
  const { heads, length, chunks } = shapeOf(p, name);
  const rowsPerUnit = (p.batch * heads) / units;
  const step = rowsPerUnit * chunks * vec4Bytes(p);
  const whole = Math.floor(most / step);
  const rows = (whole * step) % ALIGNMENT === 0 ? whole : Math.floor((most - ALIGNMENT) / step);
  const which = name === "q" || name === "out" ? "Q_LEN" : "KV_LEN";
  const head = length * chunks * vec4Bytes(p);
  const oneHead = head % ALIGNMENT === 0 ? head : head + ALIGNMENT;
  const byHeads = oneHead <= limits.maxStorageBufferBindingSize && bytesOf(p, name) <= limits.maxBufferSize;
  if (p.layout === "BSHD" && heads > 1 && byHeads) return `${which} up to ${rows} would fit, or the layout BHSD, which is bound by heads`;
  return `${which} up to ${rows} would fit`;
}
