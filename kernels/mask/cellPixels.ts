/**
 * A pixel or more a cell: each pixel shows the cell below its centre. Runs give the states of whole stretches of a row,
 * only cells of partial blocks that are seen are evaluated, and rows of pixels that show the same queries are copied.
 */
import type { Rect } from "../emit/js.ts";
import { type BlockMask, FULL, forEachRun, rowIndex } from "./blockMask.ts";
import { type PictureView, packed, type Target } from "./layer.ts";
import type { Palette } from "./palette.ts";

/** Fills `out` with 0 or 1 for the cells of `rect`, row-major (`compileCells` gives one, with null for scores). */
export type CellSource = (out: Uint8Array, rect: Rect, score: null) => void;

/** Fills the target; `cells` null: cells of partial blocks are drawn as allowed. */
export function drawCells(
  m: BlockMask,
  view: PictureView,
  { pixels, width, height }: Target,
  palette: Palette,
  cells: CellSource | null,
): void {
  const { b, h, k0, q0, scale } = view;
  const scaleQ = view.scaleQ ?? scale;
  const empty = packed(...palette.empty);
  const full = packed(...palette.full);
  const on = packed(...palette.partial);
  const off = packed(...palette.partialOff);
  const keyOf = new Int32Array(width);
  for (let x = 0; x < width; x++) keyOf[x] = Math.floor(k0 + (x + 0.5) / scale);
  const from = Math.max(0, keyOf[0] ?? 0);
  const to = Math.min(m.kvLen, (keyOf[width - 1] ?? -1) + 1);
  const colours = new Uint32Array(Math.max(0, to - from));
  const scratch = new Uint8Array(colours.length);
  // Pixels that show a key at all.
  let left = 0;
  while (left < width && (keyOf[left] ?? 0) < from) left++;
  let right = width;
  while (right > left && (keyOf[right - 1] ?? 0) >= to) right--;
  let drawn = -1;
  for (let y = 0; y < height; y++) {
    const q = Math.floor(q0 + (y + 0.5) / scaleQ);
    const at = y * width;
    if (q < 0 || q >= m.qLen || from >= to) {
      pixels.fill(0, at, at + width);
      continue;
    }
    if (q === drawn) {
      pixels.copyWithin(at, at - width, at);
      continue;
    }
    drawn = q;
    colours.fill(empty);
    forEachRun(m.rows, rowIndex(m, b, h, Math.floor(q / m.blockSize[0])), (first, end, state) => {
      const start = Math.max(from, first * m.blockSize[1]);
      const stop = Math.min(to, end * m.blockSize[1]);
      if (start >= stop) return;
      if (state === FULL || cells === null) {
        colours.fill(state === FULL ? full : on, start - from, stop - from);
        return;
      }
      cells(scratch, { b, h, q0: q, q1: q + 1, k0: start, k1: stop }, null);
      for (let k = start; k < stop; k++) colours[k - from] = scratch[k - start] === 1 ? on : off;
    });
    pixels.fill(0, at, at + left);
    for (let x = left; x < right; x++) pixels[at + x] = colours[(keyOf[x] ?? 0) - from] ?? 0;
    pixels.fill(0, at + right, at + width);
  }
}
