/**
 * Least and greatest element of a rectangle of a captured tensor, exactly and in logarithmic time: a pyramid over the
 * last two dimensions, each level half as wide and half as high as the one below (for a 1-d capture: a binary tree).
 * Built once per capture, on the first question. A nan anywhere in the rectangle gives nan for both ends.
 */
import type { Capture, TypedArray } from "../ir/mod.ts";
import type { MutableInterval } from "./arithmetic.ts";

interface Level {
  readonly width: number;
  readonly height: number;
  readonly min: TypedArray;
  readonly max: TypedArray;
}

/** Summary of one capture; levels[0] is the data itself. */
export interface Pyramid {
  /** Sizes of the dimensions before the last two, outermost first. */
  readonly lead: readonly number[];
  readonly levels: readonly Level[];
}

const pyramids = new WeakMap<Capture, Pyramid>();

/** The capture's pyramid; memory is 2/3 to 2 times that of its data. */
export function pyramidOf(capture: Capture): Pyramid {
  let pyramid = pyramids.get(capture);
  if (pyramid === undefined) {
    pyramid = buildPyramid(capture);
    pyramids.set(capture, pyramid);
  }
  return pyramid;
}

function buildPyramid(capture: Capture): Pyramid {
  const width = capture.shape.at(-1) ?? 1;
  const height = capture.shape.at(-2) ?? 1;
  const lead = capture.shape.slice(0, -2);
  const slices = lead.reduce((n, size) => n * size, 1);
  const levels: Level[] = [{ width, height, min: capture.data, max: capture.data }];
  for (let below = levels[0]; below !== undefined && (below.width > 1 || below.height > 1); below = levels.at(-1)) {
    levels.push(halve(below, slices));
  }
  return { lead, levels };
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

/**
 * Range of slice `slice` (row-major number over `lead`) within columns x0..x1 and rows y0..y1, all inclusive and in
 * range, merged into `out`.
 */
export function mergeRange(pyramid: Pyramid, slice: number, x0: number, x1: number, y0: number, y1: number, out: MutableInterval): void {
  if (y0 === 0 && y1 === 0 && pyramid.levels[0]?.height === 1) mergeLine(pyramid.levels, slice, x0, x1, out);
  else mergeFrom(pyramid.levels, startLevel(pyramid.levels.length, x1 - x0, y1 - y0), slice, x0, x1, y0, y1, out);
}

/** Bottom-up, as in an iterative segment tree: at most two nodes a level, an odd first one and an even last one. */
function mergeLine(levels: readonly Level[], slice: number, x0: number, x1: number, out: MutableInterval): void {
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
function mergeFrom(
  levels: readonly Level[],
  l: number,
  slice: number,
  x0: number,
  x1: number,
  y0: number,
  y1: number,
  out: MutableInterval,
): void {
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
