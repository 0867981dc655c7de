/**
 * Many cells a pixel: each pixel is the mean of the colours of the cells below it, cells on its border by the share that
 * lies inside. Full, partial and empty stretches come from the runs, as ranges added to sums along the pixel row, so
 * a row costs its runs and not its cells. Allowed cells inside partial blocks are counted: cell by cell where a block has
 * two pixels or more; below that by the block's counted share (cover.ts), spread over its sixteenths; pixel by pixel where
 * only distances count and partial blocks are many (diagonals.ts); and estimated, from squares of cells at spots that are
 * scattered over the pixel, only where counting all of them would take minutes.
 */
import { boxOf } from "../analysis/interval.ts";
import { type CountLoop, compileCells, compileCount, type Rect } from "../emit/js.ts";
import { cast, type Expr } from "../ir/expr.ts";
import { type BlockMask, FULL, PARTIAL, rowIndex } from "./blockMask.ts";
import { buildUnlessStopped } from "./build.ts";
import { compileMask } from "./compile.ts";
import { type Cover, coverOf, MOST_CELLS, partStart, shareAt, sharesAt } from "./cover.ts";
import { diagonalCounter, diagonalsOf } from "./diagonals.ts";
import type { PictureView, Target } from "./layer.ts";
import { type Mix, mixer, type Palette } from "./palette.ts";

/** Larger blocks are looked into by a mask of blocks of this size. */
const FINEST = 128;
/** Time that this finer mask may take. */
const FINE_MS = 150;
/** Pixels a block from which its cells are counted for each pixel. */
const EXACT_FROM = 2;
/** Up to this many pixels a block its share is spread evenly over it. */
const EVEN_TO = 0.5;
/** Sums over the diagonals take as long, for each of them, as so many cells take to be counted. */
const CELLS_A_DIAGONAL = 24;
/** Planes whose counts are kept. */
const KEPT_PLANES = 2;
/** Squares of cells that an estimate looks at for a pixel, and their side. */
const SPOTS = 4;
const SPOT = 32;

/** Paints pictures of fewer than one pixel a cell. `counting` false: what is not counted yet is taken as half. */
export type Shader = (view: PictureView, target: Target, counting: boolean) => void;

export interface Shading {
  readonly shade: Shader;
  /** Whether allowed cells are estimated under this view. */
  readonly estimates: (view: PictureView) => boolean;
}

type Method = "cells" | "cover" | "areas" | "spots" | "solid";

/** What is known of one plane: the counter of rectangles at no cost, and the shares of partial blocks, where they can be had. */
interface Plane {
  readonly areas: CountLoop | null;
  readonly cover: Cover | null;
}

/**
 * Sums along one row of pixels: `at` what lies in single pixels, `from` what begins (or ends) there for all to the right.
 * `touched` marks pixels where either may be other than 0; the sums of a row share it.
 */
interface Sums {
  readonly at: Float64Array;
  readonly from: Float64Array;
  readonly touched: Uint8Array;
}

/** The shading of a mask. `body` is what it was built from; null: partial blocks are drawn as allowed throughout. */
export function shadingOf(m: BlockMask, body: Expr | null, palette: Palette, mostCells = MOST_CELLS): Shading {
  const e = body === null ? null : cast(body, "bool");
  const box = boxOf(m.batch, m.heads, m.qLen, m.kvLen);
  const cells = e === null ? null : compileCells(e, box);
  const count = e === null ? null : compileCount(e, box);
  const mix = mixer(palette);
  const planes = new Map<string, Plane>();
  let finer: BlockMask | null | undefined;
  // Pictures are painted a few rows at a time, all of one width.
  let scratch: { readonly width: number; readonly row: RowSums; readonly inside: Sums } | null = null;

  /** The mask whose partial blocks are looked into: `m`, or one of smaller blocks; null where that is not to be had. */
  const fineMask = (): BlockMask | null => {
    if (finer === undefined) {
      const [q, k] = m.blockSize;
      finer = q <= FINEST && k <= FINEST ? m : finerMask(m, e);
    }
    return finer;
  };
  const planeOf = (fine: BlockMask | null, b: number, h: number): Plane => {
    const key = `${m.batch === 1 ? 0 : b} ${m.heads === 1 ? 0 : h}`;
    let plane = planes.get(key);
    if (plane === undefined) {
      const coverBy = (counter: CountLoop | null, most: number): Cover | null =>
        counter === null || fine === null ? null : coverOf(fine, counter, b, h, most);
      const ofDistance = cells !== null && compileMask(e).isOfDistance();
      const counted = coverBy(count, ofDistance ? Math.min(mostCells, CELLS_A_DIAGONAL * (m.qLen + m.kvLen)) : mostCells);
      const areas = counted === null && cells !== null && ofDistance ? diagonalCounter(diagonalsOf(cells, m, b, h)) : null;
      plane = { areas, cover: counted ?? coverBy(areas, mostCells) };
      for (const old of planes.keys()) if (planes.size >= KEPT_PLANES) planes.delete(old);
      planes.set(key, plane);
    }
    return plane;
  };
  const methodFor = (view: PictureView): Method => {
    if (e === null) return "solid";
    const fine = fineMask();
    const { areas, cover } = planeOf(fine, view.b, view.h);
    if (cover === null && areas !== null) return "areas";
    if (fine === null) return "spots";
    const pixels = Math.min(fine.blockSize[0] * (view.scaleQ ?? view.scale), fine.blockSize[1] * view.scale);
    return pixels >= EXACT_FROM ? "cells" : cover === null ? "spots" : "cover";
  };

  const shade: Shader = (view, target, counting) => {
    const { width, height, pixels } = target;
    const method = methodFor(view);
    const fine = fineMask() ?? m;
    // A quick picture of larger blocks has their shares too, as far as they were counted.
    const { areas, cover } = method === "spots" || method === "solid" ? NO_PLANE : planeOf(fineMask(), view.b, view.h);
    const scaleQ = view.scaleQ ?? view.scale;
    if (scratch === null || scratch.width !== width) scratch = { width, row: rowSums(width), inside: sums(new Uint8Array(width + 2)) };
    const areAreas = method === "areas" && counting;
    const { row, inside } = scratch;
    empty(inside);
    inside.touched.fill(0);
    add(inside, -view.k0 * view.scale, (m.kvLen - view.k0) * view.scale, 1);
    settle(inside);
    for (let y = 0; y < height; y++) {
      const q0 = Math.max(0, view.q0 + y / scaleQ);
      const q1 = Math.min(m.qLen, view.q0 + (y + 1) / scaleQ);
      const line = pixels.subarray(y * width, (y + 1) * width);
      if (q1 <= q0) {
        line.fill(0);
        continue;
      }
      clear(row, inside.touched);
      addStates(m, view, q0, q1, row);
      if (method === "cells" && cells !== null && counting) addCells(fine, view, q0, q1, row, cells);
      else if (areAreas && areas !== null) addAreas(m, view, q0, q1, row, areas);
      else if (cover !== null) addCover(fine, cover, view, q0, q1, row, counting);
      else if (method === "spots" && count !== null && counting) addSpots(fine, view, q0, q1, row, count);
      else if (method === "solid") addRuns(m, view, q0, q1, PARTIAL, 1, row.allowed);
      else addRuns(fine, view, q0, q1, PARTIAL, 0.5, row.allowed);
      // Full blocks of a finer mask inside of a partial one are allowed cells like others; those of full ones are taken off below.
      if (fine !== m && !areAreas) addRuns(fine, view, q0, q1, FULL, 1, row.allowed);
      paintRow(line, row, inside.at, (q1 - q0) * scaleQ, mix, fine !== m || areAreas);
    }
  };
  return { shade, estimates: (view) => methodFor(view) === "spots" };
}

function finerMask(m: BlockMask, e: Expr | null): BlockMask | null {
  const end = Date.now() + FINE_MS;
  const blockSize = [Math.min(FINEST, m.blockSize[0]), Math.min(FINEST, m.blockSize[1])] as const;
  return buildUnlessStopped(e, { batch: m.batch, heads: m.heads, qLen: m.qLen, kvLen: m.kvLen }, blockSize, () => Date.now() > end);
}

const NO_PLANE: Plane = { areas: null, cover: null };

interface RowSums {
  readonly whole: Sums;
  readonly partial: Sums;
  readonly allowed: Sums;
}

const sums = (touched: Uint8Array): Sums => ({
  at: new Float64Array(touched.length),
  from: new Float64Array(touched.length),
  touched,
});

function rowSums(width: number): RowSums {
  const touched = new Uint8Array(width + 2);
  return { whole: sums(touched), partial: sums(touched), allowed: sums(touched) };
}

function empty({ at, from }: Sums): void {
  at.fill(0);
  from.fill(0);
}

/** Empty sums; `touched`: the marks to begin with. */
function clear(row: RowSums, touched: Uint8Array): void {
  empty(row.whole);
  empty(row.partial);
  empty(row.allowed);
  row.whole.touched.set(touched);
}

/** Adds `weight` times the length of x0..x1 within each pixel. */
function add({ at, from, touched }: Sums, x0: number, x1: number, weight: number): void {
  const width = at.length - 2;
  const left = Math.max(x0, 0);
  const right = Math.min(x1, width);
  if (right <= left) return;
  const first = Math.floor(left);
  const last = Math.floor(right);
  touched[first] = 1;
  touched[last] = 1;
  if (first === last) {
    at[first] = (at[first] ?? 0) + weight * (right - left);
    return;
  }
  at[first] = (at[first] ?? 0) + weight * (first + 1 - left);
  at[last] = (at[last] ?? 0) + weight * (right - last);
  touched[first + 1] = 1;
  from[first + 1] = (from[first + 1] ?? 0) + weight;
  from[last] = (from[last] ?? 0) - weight;
}

/** What begins and ends becomes part of each pixel's own sum. */
function settle({ at, from }: Sums): void {
  let running = 0;
  for (let x = 0; x < at.length; x++) {
    running += from[x] ?? 0;
    at[x] = (at[x] ?? 0) + running;
  }
}

type OnRun = (run: number, row: number, first: number, end: number, state: number, q0: number, q1: number) => void;

/** Calls `f` for each run that the view sees of block rows that touch q0..q1: its seen blocks, and the queries within. */
function seenRuns(m: BlockMask, view: PictureView, q0: number, q1: number, width: number, f: OnRun): void {
  const [blockQ, blockK] = m.blockSize;
  const { rowStart, runs } = m.rows;
  const left = Math.max(0, Math.floor(view.k0 / blockK));
  const right = Math.ceil(Math.min(m.kvLen, view.k0 + width / view.scale) / blockK);
  const lastRow = Math.ceil(q1 / blockQ);
  for (let row = Math.floor(q0 / blockQ); row < lastRow; row++) {
    const index = rowIndex(m, view.b, view.h, row);
    const end = rowStart[index + 1] ?? 0;
    const from = Math.max(q0, row * blockQ);
    const to = Math.min(q1, (row + 1) * blockQ);
    if (to <= from) continue;
    for (let r = firstReaching(m, index, left); r < end; r++) {
      const first = runs[3 * r] ?? 0;
      if (first >= right) break;
      f(r, row, Math.max(first, left), Math.min(runs[3 * r + 1] ?? 0, right), runs[3 * r + 2] ?? PARTIAL, from, to);
    }
  }
}

/** The first run of a row that ends beyond block `column`. */
function firstReaching({ rows }: BlockMask, index: number, column: number): number {
  let low = rows.rowStart[index] ?? 0;
  let high = rows.rowStart[index + 1] ?? 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows.runs[3 * middle + 1] ?? 0) <= column) low = middle + 1;
    else high = middle;
  }
  return low;
}

const widthOf = (s: Sums): number => s.at.length - 2;

function addStates(m: BlockMask, view: PictureView, q0: number, q1: number, row: RowSums): void {
  const [, blockK] = m.blockSize;
  const { scale, k0 } = view;
  const scaleQ = view.scaleQ ?? scale;
  seenRuns(m, view, q0, q1, widthOf(row.whole), (_r, _row, first, end, state, from, to) => {
    const into = state === FULL ? row.whole : row.partial;
    add(into, (first * blockK - k0) * scale, (Math.min(end * blockK, m.kvLen) - k0) * scale, (to - from) * scaleQ);
  });
}

/** Adds the runs of one state, `weight` times. */
function addRuns(m: BlockMask, view: PictureView, q0: number, q1: number, wanted: number, weight: number, into: Sums): void {
  const [, blockK] = m.blockSize;
  const { scale, k0 } = view;
  const scaleQ = view.scaleQ ?? scale;
  seenRuns(m, view, q0, q1, widthOf(into), (_r, _row, first, end, state, from, to) => {
    if (state !== wanted) return;
    add(into, (first * blockK - k0) * scale, (Math.min(end * blockK, m.kvLen) - k0) * scale, weight * (to - from) * scaleQ);
  });
}

/** Adds the allowed cells of partial runs one by one: rows by their share within q0..q1, keys by theirs in each pixel. */
function addCells(
  m: BlockMask,
  view: PictureView,
  q0: number,
  q1: number,
  row: RowSums,
  cells: (out: Uint8Array, rect: Rect, score: null) => void,
): void {
  const { b, h, scale } = view;
  const scaleQ = view.scaleQ ?? scale;
  const width = widthOf(row.allowed);
  const left = Math.max(0, Math.floor(view.k0));
  const right = Math.min(m.kvLen, Math.ceil(view.k0 + width / scale));
  let scratch = new Uint8Array(0);
  let column = new Float64Array(0);
  let counts = new Int32Array(0);
  seenRuns(m, view, q0, q1, width, (_r, _row, first, end, state, from, to) => {
    if (state === FULL) return;
    const k0 = Math.max(left, first * m.blockSize[1]);
    const k1 = Math.min(right, end * m.blockSize[1]);
    const n = k1 - k0;
    if (n <= 0) return;
    const top = Math.floor(from);
    const bottom = Math.ceil(to);
    if (scratch.length < n * (bottom - top)) scratch = new Uint8Array(n * (bottom - top));
    if (column.length < n) {
      column = new Float64Array(n);
      counts = new Int32Array(n);
    }
    cells(scratch, { b, h, q0: top, q1: bottom, k0, k1 }, null);
    column.fill(0, 0, n);
    counts.fill(0, 0, n);
    for (let q = top; q < bottom; q++) {
      const share = (Math.min(q + 1, to) - Math.max(q, from)) * scaleQ;
      const base = (q - top) * n;
      if (share === scaleQ) for (let i = 0; i < n; i++) counts[i] = (counts[i] ?? 0) + (scratch[base + i] ?? 0);
      else for (let i = 0; i < n; i++) column[i] = (column[i] ?? 0) + share * (scratch[base + i] ?? 0);
    }
    for (let i = 0; i < n; i++) column[i] = (column[i] ?? 0) + scaleQ * (counts[i] ?? 0);
    // Neighbours of one value make one range.
    for (let i = 0; i < n; ) {
      const value = column[i] ?? 0;
      let stop = i + 1;
      while (stop < n && column[stop] === value) stop++;
      if (value > 0) add(row.allowed, (k0 + i - view.k0) * scale, (k0 + stop - view.k0) * scale, value);
      i = stop;
    }
  });
}

/** Adds the counted shares of partial blocks, or of their parts. */
function addCover(m: BlockMask, c: Cover, view: PictureView, q0: number, q1: number, row: RowSums, counting: boolean): void {
  const [blockQ, blockK] = m.blockSize;
  const { scale, k0 } = view;
  const scaleQ = view.scaleQ ?? scale;
  const even = c.stride === 1 || (blockK * scale <= EVEN_TO && blockQ * scaleQ <= EVEN_TO);
  const x = (k: number): number => (Math.min(k, m.kvLen) - k0) * scale;
  seenRuns(m, view, q0, q1, widthOf(row.allowed), (run, r, first, end, state, from, to) => {
    if (state === FULL) return;
    for (let column = first; column < end; column++) {
      const at = sharesAt(c, run, r, column, counting);
      const k = column * blockK;
      if (even || at < 0) {
        add(row.allowed, x(k), x(k + blockK), (to - from) * scaleQ * (at < 0 ? 0.5 : shareAt(c, at)));
        continue;
      }
      for (let i = 0; i < c.parts; i++) {
        const top = r * blockQ + partStart(blockQ, c.parts, i);
        const length = Math.min(to, r * blockQ + partStart(blockQ, c.parts, i + 1)) - Math.max(from, top);
        if (length <= 0) continue;
        for (let j = 0; j < c.parts; j++) {
          const share = shareAt(c, at + 1 + i * c.parts + j);
          if (share === 0) continue;
          add(row.allowed, x(k + partStart(blockK, c.parts, j)), x(k + partStart(blockK, c.parts, j + 1)), length * scaleQ * share);
        }
      }
    }
  });
}

/** Adds all allowed cells of each pixel, those of full blocks among them, where any rectangle is counted at no cost. */
function addAreas(m: BlockMask, view: PictureView, q0: number, q1: number, row: RowSums, count: CountLoop): void {
  const { b, h, k0, scale } = view;
  const scaleQ = view.scaleQ ?? scale;
  const { at, touched } = row.allowed;
  // The whole rows within, and the shares of those at the ends.
  const top = Math.ceil(q0);
  const bottom = Math.floor(q1);
  const bands: readonly (readonly [from: number, to: number, weight: number])[] =
    top > bottom
      ? [[bottom, top, q1 - q0]]
      : [
          [top - 1, top, top - q0],
          [top, bottom, 1],
          [bottom, bottom + 1, q1 - bottom],
        ];
  const before = (k: number): number => {
    let sum = 0;
    for (const [from, to, weight] of bands) if (weight > 0 && to > from) sum += weight * count({ b, h, q0: from, q1: to, k0: 0, k1: k });
    return sum;
  };
  const beforeReal = (k: number): number => {
    const whole = Math.floor(k);
    const sum = before(whole);
    return k === whole ? sum : sum + (k - whole) * (before(whole + 1) - sum);
  };
  const width = widthOf(row.allowed);
  let last = beforeReal(Math.max(0, Math.min(m.kvLen, k0)));
  for (let x = 0; x < width; x++) {
    const next = beforeReal(Math.max(0, Math.min(m.kvLen, k0 + (x + 1) / scale)));
    at[x] = (next - last) * scale * scaleQ;
    touched[x] = 1;
    last = next;
  }
}

/** Estimates the allowed cells of each pixel from squares of cells in some of its partial blocks. */
function addSpots(m: BlockMask, view: PictureView, q0: number, q1: number, row: RowSums, count: (rect: Rect) => number): void {
  const { b, h, scale } = view;
  const [, blockK] = m.blockSize;
  const width = widthOf(row.allowed);
  const spots: { readonly from: number; readonly to: number; readonly k0: number; readonly k1: number }[][] = [];
  const seen = new Int32Array(width);
  const partial = sums(new Uint8Array(width + 2));
  const scaleQ = view.scaleQ ?? scale;
  seenRuns(m, view, q0, q1, width, (_r, r, first, end, state, from, to) => {
    if (state === FULL) return;
    const k0 = first * blockK;
    const k1 = Math.min(end * blockK, m.kvLen);
    add(partial, (k0 - view.k0) * scale, (k1 - view.k0) * scale, (to - from) * scaleQ);
    const last = Math.min(width - 1, Math.ceil((k1 - view.k0) * scale) - 1);
    for (let x = Math.max(0, Math.floor((k0 - view.k0) * scale)); x <= last; x++) {
      // The run's cells below the pixel; of many runs each has the same chance to be looked at.
      const n = seen[x] ?? 0;
      seen[x] = n + 1;
      const place = n < SPOTS ? n : scatter(r, k0 + x, n) % (n + 1);
      if (place >= SPOTS) continue;
      const list = spots[x] ?? [];
      spots[x] = list;
      list[place] = { from, to, k0: Math.max(k0, view.k0 + x / scale), k1: Math.min(k1, view.k0 + (x + 1) / scale) };
    }
  });
  settle(partial);
  for (let x = 0; x < width; x++) {
    const list = spots[x];
    if (list === undefined) continue;
    let allowed = 0;
    let looked = 0;
    for (let i = 0; i < SPOTS; i++) {
      const { from, to, k0, k1 } = list[i % list.length] ?? { from: 0, to: 0, k0: 0, k1: 0 };
      const [top, bottom] = spotWithin(Math.floor(from), Math.ceil(to), scatter(Math.floor(from), Math.floor(k0), 2 * i));
      const [left, right] = spotWithin(
        Math.floor(k0),
        Math.min(m.kvLen, Math.ceil(k1)),
        scatter(Math.floor(from), Math.floor(k0), 2 * i + 1),
      );
      allowed += count({ b, h, q0: top, q1: bottom, k0: left, k1: right });
      looked += (bottom - top) * (right - left);
    }
    if (looked > 0) add(row.allowed, x, x + 1, ((partial.at[x] ?? 0) * allowed) / looked);
  }
}

/** At most SPOT cells of from..to, begun anywhere in it. */
function spotWithin(from: number, to: number, random: number): readonly [from: number, to: number] {
  const length = Math.min(SPOT, to - from);
  const start = from + (random % (to - from - length + 1));
  return [start, start + length];
}

/** A number of 31 bits that looks random, the same for the same three. */
function scatter(a: number, b: number, c: number): number {
  let n = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35) ^ Math.imul(c + 1, 0x27d4eb2f);
  n = Math.imul(n ^ (n >>> 15), 0x2c1b3c6d);
  n = Math.imul(n ^ (n >>> 12), 0x297a2d39);
  return (n ^ (n >>> 15)) >>> 1;
}

/** Mixes one row of pixels. `across`: the allowed cells include those of full blocks. */
function paintRow(line: Uint32Array, row: RowSums, inside: Float64Array, height: number, mix: Mix, across: boolean): void {
  const { whole, partial, allowed } = row;
  const { touched } = whole;
  let w = 0;
  let p = 0;
  let a = 0;
  /** The colour of pixels that nothing begins or ends in; -1: not known since the last one where something did. */
  let plain = -1;
  for (let x = 0; x < line.length; x++) {
    const isPlain = touched[x] === 0;
    if (isPlain && plain >= 0) {
      line[x] = plain;
      continue;
    }
    w += whole.from[x] ?? 0;
    p += partial.from[x] ?? 0;
    a += allowed.from[x] ?? 0;
    const total = (inside[x] ?? 0) * height;
    let colour = 0;
    if (total > 1e-9) {
      const full = (w + (whole.at[x] ?? 0)) / total;
      const some = (p + (partial.at[x] ?? 0)) / total;
      colour = some < 1e-9 ? mix(full, 0, 0) : mix(full, some, (a + (allowed.at[x] ?? 0)) / total - (across ? full : 0));
    }
    line[x] = colour;
    plain = isPlain ? colour : -1;
  }
}
