/**
 * BlockMask × view × palette → pixels, pure: the panel's canvas, the hover's thumbnail and the command line's PNG are
 * all drawn here. Three levels by zoom, without a seam: where a cell has at least a pixel, cells; where a block has
 * at least two, block states with the share of allowed cells inside partial ones; below, shares of block states.
 * Only what is visible is computed, from the runs, never from a dense array.
 */
import { boxOf } from "../analysis/interval.ts";
import { compileCells, type Rect } from "../emit/js.ts";
import { cast, type Expr } from "../ir/expr.ts";
import { type BlockMask, FULL, forEachRun, queryBlocks, rowIndex } from "./blockMask.ts";
import type { Colour, Layer, PictureView } from "./layer.ts";

export type { Colour, Layer, PictureView } from "./layer.ts";

/** One hue, one meaning: blue is a full block, amber the allowed cells of a partial one, its masked cells a tint of that. */
export interface Palette {
  readonly full: Colour;
  readonly partial: Colour;
  readonly partialOff: Colour;
  readonly empty: Colour;
}

export type ThemeKind = "dark" | "light" | "hcDark" | "hcLight";

/** The palettes that were measured for contrast and colour-blind sight. */
export const PALETTES: Readonly<Record<ThemeKind, Palette>> = {
  dark: { full: [0x4a, 0x92, 0xf0], partial: [0xe9, 0xb1, 0x3c], partialOff: [0x4d, 0x3f, 0x1f], empty: [0x29, 0x2b, 0x2e] },
  light: { full: [0x1b, 0x5d, 0xb5], partial: [0xb8, 0x74, 0x00], partialOff: [0xf2, 0xdd, 0xb3], empty: [0xee, 0xf0, 0xf2] },
  hcDark: { full: [0x3d, 0x9b, 0xff], partial: [0xff, 0xd5, 0x4a], partialOff: [0x45, 0x38, 0x00], empty: [0x00, 0x00, 0x00] },
  hcLight: { full: [0x0b, 0x4e, 0xa2], partial: [0xa8, 0x64, 0x00], partialOff: [0xf9, 0xdf, 0xae], empty: [0xff, 0xff, 0xff] },
};

/** Fills `out` with 0 or 1 for the cells of `rect`, row-major (`compileCells` gives one, with null for scores). */
export type CellSource = (out: Uint8Array, rect: Rect, score: null) => void;

/** The view that shows all of the mask in `width` × `height` pixels. */
export function fitView(m: BlockMask, width: number, height: number, b = 0, h = 0): PictureView {
  return { b, h, q0: 0, k0: 0, scale: Math.min(width / Math.max(1, m.kvLen), height / Math.max(1, m.qLen)) };
}

/** The mask itself as a layer. `body` is the one it was built from; null: all is allowed. */
export function blockLayer(m: BlockMask, body: Expr | null, palette: Palette): Layer {
  const cells = body === null ? null : compileCells(cast(body, "bool"), boxOf(m.batch, m.heads, m.qLen, m.kvLen));
  const draw = (source: CellSource | null): Layer["draw"] => {
    return (view, { pixels, width, height }) => {
      const bytes = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, 4 * width * height);
      drawMask(bytes, width, height, m, view, palette, source);
    };
  };
  return { draw: draw(cells), coarse: draw(null) };
}

/**
 * Draws into `pixels` (RGBA, `width * height * 4` bytes, row by row). What is outside of the mask becomes
 * transparent. `cells` null: partial blocks are drawn solid.
 */
export function drawMask(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  m: BlockMask,
  view: PictureView,
  palette: Palette,
  cells: CellSource | null,
): void {
  if (view.scale >= 1) drawCells(pixels, width, height, m, view, palette, cells);
  else drawShares(pixels, width, height, m, view, palette, m.blockSize[1] * view.scale >= 2 ? cells : null);
}

// States of a cell in one drawn row.
const EMPTY = 0;
const OFF = 1;
const ALLOWED = 2;
const WHOLE = 3;

/** A cell has at least a pixel: each pixel shows the cell below its centre. */
function drawCells(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  m: BlockMask,
  view: PictureView,
  palette: Palette,
  cells: CellSource | null,
): void {
  const colours = [palette.empty, palette.partialOff, palette.partial, palette.full];
  const keyOf = Int32Array.from({ length: width }, (_, x) => Math.floor(view.k0 + (x + 0.5) / view.scale));
  const from = Math.max(0, keyOf[0] ?? 0);
  const to = Math.min(m.kvLen, (keyOf[width - 1] ?? -1) + 1);
  const states = new Uint8Array(Math.max(0, to - from));
  const scratch = new Uint8Array(states.length);
  let drawn = -1;
  for (let y = 0; y < height; y++) {
    const q = Math.floor(view.q0 + (y + 0.5) / (view.scaleQ ?? view.scale));
    const at = 4 * y * width;
    if (q < 0 || q >= m.qLen || from >= to) {
      pixels.fill(0, at, at + 4 * width);
      continue;
    }
    if (q === drawn) {
      pixels.copyWithin(at, at - 4 * width, at);
      continue;
    }
    drawn = q;
    rowStates(m, view, q, from, to, states, scratch, cells);
    for (let x = 0; x < width; x++) {
      const k = keyOf[x] ?? -1;
      if (k < from || k >= to) pixels.fill(0, at + 4 * x, at + 4 * x + 4);
      else put(pixels, at + 4 * x, colours[states[k - from] ?? EMPTY] ?? palette.empty);
    }
  }
}

/** States of the cells from..to (exclusive) of query `q`. */
function rowStates(
  m: BlockMask,
  { b, h }: PictureView,
  q: number,
  from: number,
  to: number,
  states: Uint8Array,
  scratch: Uint8Array,
  cells: CellSource | null,
): void {
  states.fill(EMPTY);
  forEachRun(m.rows, rowIndex(m, b, h, Math.floor(q / m.blockSize[0])), (first, end, state) => {
    const k0 = Math.max(from, first * m.blockSize[1]);
    const k1 = Math.min(to, end * m.blockSize[1]);
    if (k0 >= k1) return;
    if (state === FULL) {
      states.fill(WHOLE, k0 - from, k1 - from);
    } else if (cells === null) {
      states.fill(ALLOWED, k0 - from, k1 - from);
    } else {
      cells(scratch, { b, h, q0: q, q1: q + 1, k0, k1 }, null);
      for (let k = k0; k < k1; k++) states[k - from] = scratch[k - k0] === 1 ? ALLOWED : OFF;
    }
  });
}

/** Query rows looked at for one row of pixels, at most. Keys are all counted. */
const ROWS_A_PIXEL = 4;

/** Many cells a pixel: each pixel is the mean of what lies below it, rows sampled, keys counted. */
function drawShares(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  m: BlockMask,
  view: PictureView,
  palette: Palette,
  cells: CellSource | null,
): void {
  const { b, h, scale } = view;
  const from = Math.max(0, Math.floor(view.k0));
  const to = Math.min(m.kvLen, Math.ceil(view.k0 + width / scale));
  // Cells a pixel column has within the mask; of them in partial blocks, allowed there, and in full blocks.
  const inside = new Float64Array(width + 1);
  addRange(inside, from, to, view, width);
  const allowed = new Float64Array(width + 1);
  const partial = new Float64Array(width + 1);
  const whole = new Float64Array(width + 1);
  const scratch = new Uint8Array(cells === null ? 0 : Math.max(0, to - from));
  for (let y = 0; y < height; y++) {
    const at = 4 * y * width;
    const rows = sampledRows(m, view, y);
    if (rows.length === 0 || from >= to) {
      pixels.fill(0, at, at + 4 * width);
      continue;
    }
    allowed.fill(0);
    partial.fill(0);
    whole.fill(0);
    for (const q of rows) {
      forEachRun(m.rows, rowIndex(m, b, h, Math.floor(q / m.blockSize[0])), (first, end, state) => {
        const k0 = Math.max(from, first * m.blockSize[1]);
        const k1 = Math.min(to, end * m.blockSize[1]);
        if (k0 >= k1) return;
        if (state === FULL) {
          addRange(whole, k0, k1, view, width);
        } else if (cells === null) {
          addRange(partial, k0, k1, view, width);
          addRange(allowed, k0, k1, view, width);
        } else {
          cells(scratch, { b, h, q0: q, q1: q + 1, k0, k1 }, null);
          addRange(partial, k0, k1, view, width);
          addCells(scratch, k0, k1, view, allowed);
        }
      });
    }
    for (let x = 0; x < width; x++) {
      const total = (inside[x] ?? 0) * rows.length;
      if (total === 0) {
        pixels.fill(0, at + 4 * x, at + 4 * x + 4);
        continue;
      }
      const a = (allowed[x] ?? 0) / total;
      const o = Math.max(0, (partial[x] ?? 0) / total - a);
      const w = (whole[x] ?? 0) / total;
      const e = Math.max(0, 1 - a - o - w);
      for (let c = 0; c < 3; c++) {
        pixels[at + 4 * x + c] =
          a * (palette.partial[c] ?? 0) + o * (palette.partialOff[c] ?? 0) + w * (palette.full[c] ?? 0) + e * (palette.empty[c] ?? 0);
      }
      pixels[at + 4 * x + 3] = 255;
    }
  }
}

/** Up to ROWS_A_PIXEL queries, evenly spread below pixel row `y`, first ones of their kind first. */
function sampledRows(m: BlockMask, view: PictureView, y: number): number[] {
  const scale = view.scaleQ ?? view.scale;
  const q0 = Math.max(0, Math.floor(view.q0 + y / scale));
  const q1 = Math.min(m.qLen, Math.max(q0 + 1, Math.floor(view.q0 + (y + 1) / scale)));
  const n = Math.min(ROWS_A_PIXEL, q1 - q0);
  return Array.from({ length: Math.max(0, n) }, (_, i) => q0 + Math.floor(((i + 0.5) * (q1 - q0)) / n));
}

/** Adds 1 a cell for keys k0..k1 (exclusive) to the pixel columns they lie in, ends by their share. */
function addRange(columns: Float64Array, k0: number, k1: number, view: PictureView, width: number): void {
  const x0 = Math.max(0, (k0 - view.k0) * view.scale);
  const x1 = Math.min(width, (k1 - view.k0) * view.scale);
  const first = Math.floor(x0);
  const last = Math.min(width - 1, Math.floor(x1));
  for (let x = first; x <= last; x++) {
    const share = Math.min(x + 1, x1) - Math.max(x, x0);
    if (share > 0) columns[x] = (columns[x] ?? 0) + share / view.scale;
  }
}

/** Adds the allowed ones of the cells k0..k1 (exclusive) to the pixel columns they lie in, ends by their share. */
function addCells(cells: Uint8Array, k0: number, k1: number, view: PictureView, allowed: Float64Array): void {
  const width = allowed.length - 1;
  const last = Math.min(width - 1, Math.floor((k1 - view.k0) * view.scale));
  for (let x = Math.max(0, Math.floor((k0 - view.k0) * view.scale)); x <= last; x++) {
    const from = Math.max(k0, view.k0 + x / view.scale);
    const to = Math.min(k1, view.k0 + (x + 1) / view.scale);
    if (to <= from) continue;
    const first = Math.floor(from);
    const end = Math.floor(to);
    let sum = (Math.min(to, first + 1) - from) * (cells[first - k0] ?? 0);
    for (let k = first + 1; k < end; k++) sum += cells[k - k0] ?? 0;
    if (end > first && to > end) sum += (to - end) * (cells[end - k0] ?? 0);
    allowed[x] = (allowed[x] ?? 0) + sum;
  }
}

function put(pixels: Uint8ClampedArray, at: number, [r, g, b]: Colour): void {
  pixels[at] = r;
  pixels[at + 1] = g;
  pixels[at + 2] = b;
  pixels[at + 3] = 255;
}

const hex = (r: number, g: number, b: number): string => `#${((1 << 24) | (r << 16) | (g << 8) | b).toString(16).slice(1)}`;

/**
 * The whole mask as an SVG of `size` × `size` units at most, one unit a pixel of `drawMask`: one path a colour, runs
 * of equal pixels as rectangles. Mixed colours are rounded to 16 steps a channel, so that the text stays small.
 *
 * @param displaySize width in CSS pixels of the longer side; default 4 × `size`.
 */
export function maskSvg(
  m: BlockMask,
  palette: Palette,
  cells: CellSource | null,
  options: { readonly size?: number; readonly displaySize?: number; readonly b?: number; readonly h?: number } = {},
): string {
  const size = Math.max(1, Math.min(options.size ?? 64, Math.max(m.qLen, m.kvLen)));
  const longer = Math.max(1, m.qLen, m.kvLen);
  const width = Math.max(1, Math.round((size * m.kvLen) / longer));
  const height = Math.max(1, Math.round((size * m.qLen) / longer));
  const pixels = new Uint8ClampedArray(4 * width * height);
  drawMask(pixels, width, height, m, fitView(m, width, height, options.b, options.h), palette, cells);
  const pure = new Set(Object.values(palette).map((colour: Colour) => hex(...colour)));
  const paths = new Map<string, string>();
  const ground = hex(...palette.empty);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; ) {
      const colour = colourAt(pixels, 4 * (y * width + x), pure);
      let end = x + 1;
      while (end < width && colourAt(pixels, 4 * (y * width + end), pure) === colour) end++;
      if (colour !== ground) paths.set(colour, `${paths.get(colour) ?? ""}M${x} ${y}h${end - x}v1h-${end - x}z`);
      x = end;
    }
  }
  const unit = (options.displaySize ?? 4 * size) / size;
  const body = [...paths].map(([colour, d]) => `<path fill="${colour}" d="${d}"/>`).join("");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.round(width * unit)}" height="${Math.round(height * unit)}" ` +
    `viewBox="0 0 ${width} ${height}" shape-rendering="crispEdges"><path fill="${ground}" d="M0 0h${width}v${height}h-${width}z"/>${body}</svg>`
  );
}

function colourAt(pixels: Uint8ClampedArray, at: number, pure: ReadonlySet<string>): string {
  const [r = 0, g = 0, b = 0] = pixels.subarray(at, at + 3);
  const exact = hex(r, g, b);
  const step = (v: number): number => Math.round(v / 17) * 17;
  return pure.has(exact) ? exact : hex(step(r), step(g), step(b));
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
