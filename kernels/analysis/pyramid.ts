/**
 * Least and greatest element of a rectangle of a captured tensor, exactly and in logarithmic time: pyramids over the
 * last two dimensions, each level half the size of the one below. Rectangles of few rows are asked of a binary tree
 * along each row, of few columns of one along each column, all others of a tree of quarters; each is built on the
 * first question that needs it. A nan anywhere in the rectangle gives nan for both ends.
 */

import type { Capture, TypedArray } from "../ir/mod.ts";
import { once } from "../ir/once.ts";
import type { MutableInterval } from "./arithmetic.ts";

/** One level: for each slice `width * height` nodes, row-major. */
interface Level {
  readonly width: number;
  readonly height: number;
  readonly min: TypedArray;
  readonly max: TypedArray;
}

/** Levels from the data up to one node a slice. */
type Levels = readonly Level[];

/** Summary of one capture. */
export interface Pyramid {
  /** Sizes of the dimensions before the last two, outermost first; `slice` is a row-major number over them. */
  readonly lead: readonly number[];
  /** Sizes of the last dimension and the one before; 1 where the capture has none. */
  readonly width: number;
  readonly height: number;
  /** A tree along each row: line `slice * height + y`. */
  readonly rows: () => Levels;
  /** A tree along each column: line `slice * width + x`. */
  readonly columns: () => Levels;
  /** A tree of quarters of each slice. */
  readonly grid: () => Levels;
  /** A tree over whole slices, one line. */
  readonly slices: () => Levels;
}

const pyramids = new WeakMap<Capture, Pyramid>();

/** The capture's pyramid; each of its trees takes 2/3 to 2 times the memory of the data. */
export function pyramidOf(capture: Capture): Pyramid {
  let pyramid = pyramids.get(capture);
  if (pyramid === undefined) {
    const width = capture.shape.at(-1) ?? 1;
    const height = capture.shape.at(-2) ?? 1;
    const lead = capture.shape.slice(0, -2);
    const slices = lead.reduce((n, size) => n * size, 1);
    const { data } = capture;
    pyramid = {
      lead,
      width,
      height,
      rows: once(() => levelsOf(data, width, 1, slices * height)),
      columns: once(() => levelsOf(transposed(data, width, height, slices), height, 1, slices * width)),
      grid: once(() => levelsOf(data, width, height, slices)),
      slices: once(() => levelsFrom(wholeSlices(data, width * height, slices), 1)),
    };
    pyramids.set(capture, pyramid);
  }
  return pyramid;
}

function levelsOf(data: TypedArray, width: number, height: number, slices: number): Levels {
  return levelsFrom({ width, height, min: data, max: data }, slices);
}

/** One node a slice, side by side. */
function wholeSlices(data: TypedArray, size: number, slices: number): Level {
  const min = data.slice(0, slices);
  const max = data.slice(0, slices);
  for (let s = 0; s < slices; s++) {
    let lo = Number.POSITIVE_INFINITY;
    let hi = Number.NEGATIVE_INFINITY;
    for (let i = s * size; i < (s + 1) * size; i++) {
      lo = Math.min(lo, data[i] ?? 0);
      hi = Math.max(hi, data[i] ?? 0);
    }
    min[s] = lo;
    max[s] = hi;
  }
  return { width: slices, height: 1, min, max };
}

function levelsFrom(bottom: Level, slices: number): Levels {
  let top = bottom;
  const levels = [top];
  while (top.width > 1 || top.height > 1) {
    top = halve(top, slices);
    levels.push(top);
  }
  return levels;
}

/** Each slice with its rows as columns. */
function transposed(data: TypedArray, width: number, height: number, slices: number): TypedArray {
  const out = data.slice();
  for (let s = 0; s < slices; s++) {
    const base = s * width * height;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) out[base + x * height + y] = data[base + y * width + x] ?? 0;
    }
  }
  return out;
}

function halve(below: Level, slices: number): Level {
  const width = Math.ceil(below.width / 2);
  const height = Math.ceil(below.height / 2);
  const Kind = below.min.constructor as new (n: number) => TypedArray;
  const min = new Kind(slices * width * height);
  const max = new Kind(slices * width * height);
  const { min: from, max: to } = below;
  let at = 0;
  for (let s = 0; s < slices; s++) {
    const base = s * below.width * below.height;
    for (let y = 0; y < height; y++) {
      const row0 = base + 2 * y * below.width;
      const row1 = 2 * y + 1 < below.height ? row0 + below.width : row0;
      for (let x = 0; x < width; x++, at++) {
        const x0 = 2 * x;
        const x1 = x0 + 1 < below.width ? x0 + 1 : x0;
        const i = row0 + x0;
        const j = row0 + x1;
        let lo = Math.min(from[i] ?? 0, from[j] ?? 0);
        let hi = Math.max(to[i] ?? 0, to[j] ?? 0);
        if (row1 !== row0) {
          lo = Math.min(lo, from[row1 + x0] ?? 0, from[row1 + x1] ?? 0);
          hi = Math.max(hi, to[row1 + x0] ?? 0, to[row1 + x1] ?? 0);
        }
        min[at] = lo;
        max[at] = hi;
      }
    }
  }
  return { width, height, min, max };
}

/** Rectangles with no more rows (or columns) are asked line by line. */
const FEW = 4;

/**
 * Range of slice `slice` (row-major number over `lead`) within columns x0..x1 and rows y0..y1, all inclusive and in
 * range, merged into `out`.
 */
export function mergeRange(p: Pyramid, slice: number, x0: number, x1: number, y0: number, y1: number, out: MutableInterval): void {
  if (y1 - y0 < FEW) {
    const rows = p.rows();
    for (let y = y0; y <= y1; y++) mergeLine(rows, slice * p.height + y, x0, x1, out);
  } else if (x1 - x0 < FEW) {
    const columns = p.columns();
    for (let x = x0; x <= x1; x++) mergeLine(columns, slice * p.width + x, y0, y1, out);
  } else {
    const grid = p.grid();
    mergeFrom(grid, startLevel(grid.length, x1 - x0, y1 - y0), slice, x0, x1, y0, y1, out);
  }
}

/** Range of slices first..last (inclusive) as wholes, merged into `out`. */
export function mergeSlices(p: Pyramid, first: number, last: number, out: MutableInterval): void {
  mergeLine(p.slices(), 0, first, last, out);
}

/** Bottom-up, as in an iterative segment tree: at most two nodes a level, an odd first one and an even last one. */
function mergeLine(levels: Levels, slice: number, x0: number, x1: number, out: MutableInterval): void {
  let lo = out.min;
  let hi = out.max;
  let a = x0;
  let b = x1;
  for (let l = 0; a <= b; l++) {
    const level = levels[l];
    if (level === undefined) break;
    const base = slice * level.width;
    if ((a & 1) === 1) {
      lo = Math.min(lo, level.min[base + a] ?? 0);
      hi = Math.max(hi, level.max[base + a] ?? 0);
      a++;
    }
    if ((b & 1) === 0) {
      lo = Math.min(lo, level.min[base + b] ?? 0);
      hi = Math.max(hi, level.max[base + b] ?? 0);
      b--;
    }
    a >>= 1;
    b >>= 1;
  }
  out.min = lo;
  out.max = hi;
}

const startLevel = (count: number, w: number, h: number): number => Math.min(count - 1, 32 - Math.clz32(Math.max(w, h)));

/** Top-down from the level where the rectangle covers at most 2 × 2 nodes; a node wholly inside answers for all below it. */
function mergeFrom(levels: Levels, l: number, slice: number, x0: number, x1: number, y0: number, y1: number, out: MutableInterval): void {
  const level = levels[l];
  if (level === undefined) return;
  const base = slice * level.width * level.height;
  const bottom = levels[0];
  const lastX = (bottom?.width ?? 1) - 1;
  const lastY = (bottom?.height ?? 1) - 1;
  for (let y = y0 >> l; y <= y1 >> l; y++) {
    const top = y << l;
    const end = Math.min(lastY, top + (1 << l) - 1);
    for (let x = x0 >> l; x <= x1 >> l; x++) {
      const left = x << l;
      const right = Math.min(lastX, left + (1 << l) - 1);
      const at = base + y * level.width + x;
      const min = level.min[at] ?? 0;
      const max = level.max[at] ?? 0;
      const inside = left >= x0 && right <= x1 && top >= y0 && end <= y1;
      // A node that cannot widen the answer is not opened.
      if (inside || l === 0 || (min >= out.min && max <= out.max)) {
        if (inside || l === 0) {
          out.min = Math.min(out.min, min);
          out.max = Math.max(out.max, max);
        }
      } else {
        mergeFrom(levels, l - 1, slice, Math.max(x0, left), Math.min(x1, right), Math.max(y0, top), Math.min(y1, end), out);
      }
    }
  }
}
