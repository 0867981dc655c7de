/**
 * BlockMask × view × palette → pixels, pure: the panel's canvas, the hover's thumbnail and the command line's PNG are
 * all drawn here. Three levels by zoom, without a seam: where a cell has at least a pixel, cells (cellPixels.ts); where a
 * block has at least two, block states with the exact share of allowed cells inside partial ones; below, shares of block
 * states and the counted shares of partial blocks (shading.ts). Only what is visible is computed, from the runs, never
 * from a dense array.
 */
import { boxOf } from "../analysis/interval.ts";
import { compileCells } from "../emit/js.ts";
import { cast, type Expr } from "../ir/expr.ts";
import { type BlockMask, FULL, forEachRun, queryBlocks, rowIndex } from "./blockMask.ts";
import { drawCells } from "./cellPixels.ts";
import { type Layer, type PictureView, targetOn } from "./layer.ts";
import type { Palette } from "./palette.ts";
import { shadingOf } from "./shading.ts";
import { pixelsSvg } from "./svg.ts";

export type { Colour, Layer, PictureView } from "./layer.ts";
export type { Palette } from "./palette.ts";

/** The view that shows all of the mask in `width` × `height` pixels. */
export function fitView(m: BlockMask, width: number, height: number, b = 0, h = 0): PictureView {
  return { b, h, q0: 0, k0: 0, scale: Math.min(width / Math.max(1, m.kvLen), height / Math.max(1, m.qLen)) };
}

/** How much a view shows of each cell. */
export type Detail = "cells" | "blocks" | "coverage";

export function detailOf(m: BlockMask, view: PictureView): Detail {
  const scaleQ = view.scaleQ ?? view.scale;
  if (view.scale >= 1 && scaleQ >= 1) return "cells";
  return Math.min(m.blockSize[1] * view.scale, m.blockSize[0] * scaleQ) >= 2 ? "blocks" : "coverage";
}

/**
 * The mask itself as a layer. `body` is the one that `m` was built from; null: partial blocks are drawn as allowed
 * throughout. The layer keeps what it counts, so one layer serves all views of a mask.
 *
 * @param mostCells counted for one plane's shading at most; above, shares are estimated. Default: a few seconds' worth.
 */
export function blockLayer(m: BlockMask, body: Expr | null, palette: Palette, mostCells?: number): Layer {
  const cells = body === null ? null : compileCells(cast(body, "bool"), boxOf(m.batch, m.heads, m.qLen, m.kvLen));
  const shading = shadingOf(m, body, palette, mostCells);
  const isCells = (view: PictureView): boolean => detailOf(m, view) === "cells";
  return {
    draw: (view, target) => (isCells(view) ? drawCells(m, view, target, palette, cells) : shading.shade(view, target, true)),
    coarse: (view, target) => (isCells(view) ? drawCells(m, view, target, palette, null) : shading.shade(view, target, false)),
    estimate: (view) => (!isCells(view) && shading.estimates(view) ? "shading of partial blocks estimated" : null),
  };
}

/**
 * Draws into `pixels` (RGBA, `width * height * 4` bytes, row by row). What is outside of the mask becomes
 * transparent. `body` as for `blockLayer`.
 */
export function drawMask(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  m: BlockMask,
  view: PictureView,
  palette: Palette,
  body: Expr | null,
  mostCells?: number,
): void {
  blockLayer(m, body, palette, mostCells).draw(view, targetOn(pixels, width, height));
}

/** Cells that a small picture may cost, some 10 ms: it is drawn in the editor while somebody types. Beyond, shares are estimated. */
const SVG_CELLS = 2 ** 23;

/**
 * The whole mask as an SVG of `size` × `size` units at most, one unit a pixel of `drawMask`: one path a colour, runs
 * of equal pixels as rectangles. Mixed colours are rounded to 16 steps a channel, so that the text stays small.
 *
 * @param displaySize width in CSS pixels of the longer side; default 4 × `size`.
 */
export function maskSvg(
  m: BlockMask,
  palette: Palette,
  body: Expr | null,
  options: { readonly size?: number; readonly displaySize?: number; readonly b?: number; readonly h?: number } = {},
): string {
  const size = Math.max(1, Math.min(options.size ?? 64, Math.max(m.qLen, m.kvLen)));
  const longer = Math.max(1, m.qLen, m.kvLen);
  const width = Math.max(1, Math.round((size * m.kvLen) / longer));
  const height = Math.max(1, Math.round((size * m.qLen) / longer));
  const pixels = new Uint8ClampedArray(4 * width * height);
  drawMask(pixels, width, height, m, fitView(m, width, height, options.b, options.h), palette, body, SVG_CELLS);
  const unit = (options.displaySize ?? 4 * size) / size;
  return pixelsSvg(pixels, width, height, {
    display: [Math.round(width * unit), Math.round(height * unit)],
    ground: palette.empty,
    exact: Object.values(palette),
  });
}

/**
 * Rows of blocks as text: `█` full, `▒` partial, `·` empty. A grid larger than `maxRows` × `maxColumns` (default 64
 * each) is shown coarser: `█` where all blocks below a character are full, `·` where all are empty, else `▒`.
 */
export function maskText(
  m: BlockMask,
  options: { readonly b?: number; readonly h?: number; readonly maxRows?: number; readonly maxColumns?: number } = {},
): string {
  const { b = 0, h = 0, maxRows = 64, maxColumns = 64 } = options;
  const rowCount = queryBlocks(m);
  const columnCount = Math.ceil(m.kvLen / m.blockSize[1]);
  const rowStep = Math.max(1, Math.ceil(rowCount / maxRows));
  const columnStep = Math.max(1, Math.ceil(columnCount / maxColumns));
  const lines: string[] = [];
  for (let r = 0; r < rowCount; r += rowStep) {
    const characters = Math.ceil(columnCount / columnStep);
    const full = new Int32Array(characters);
    const partial = new Int32Array(characters);
    const rows = Math.min(rowStep, rowCount - r);
    for (let i = r; i < r + rows; i++) {
      forEachRun(m.rows, rowIndex(m, b, h, i), (first, end, state) => {
        const counts = state === FULL ? full : partial;
        for (let x = Math.floor(first / columnStep); x * columnStep < end; x++) {
          const n = Math.min(end, (x + 1) * columnStep) - Math.max(first, x * columnStep);
          counts[x] = (counts[x] ?? 0) + n;
        }
      });
    }
    let line = "";
    for (let x = 0; x < characters; x++) {
      const all = rows * (Math.min(columnCount, (x + 1) * columnStep) - x * columnStep);
      line += full[x] === all ? "█" : (full[x] ?? 0) + (partial[x] ?? 0) === 0 ? "·" : "▒";
    }
    lines.push(line);
  }
  return lines.join("\n");
}
