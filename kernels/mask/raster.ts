/**
 * A picture of small numbers: each square of cells has a code, each code a colour and a pattern. Codes come in tiles of
 * 64 × 64 squares, whose side is a power of two no larger than a pixel, and are kept, so that panning computes what is
 * new alone; where a cell has a pixel or more the squares are the cells. A pixel shows the square below its centre.
 * Patterns lie on the pixels and move with the matrix: what has the same colour for an eye is still told apart.
 */
import type { MaskSize } from "./blockMask.ts";
import { type Colour, type Draw, type Layer, type PictureView, packed } from "./layer.ts";

/** Squares along a side of a tile. */
export const TILE = 64;
const TILE_BITS = 6;

/** A tile of plane (b, h): its squares are 2^levelQ queries high and 2^levelK keys wide; rows and columns count tiles. */
export interface TilePlace {
  readonly b: number;
  readonly h: number;
  readonly levelQ: number;
  readonly levelK: number;
  readonly row: number;
  readonly column: number;
}

/** The codes of a tile, row by row, `TILE` * `TILE` of them; what lies beyond the matrix is never looked at. */
export type TileSource = (place: TilePlace, out: Uint8Array) => void;

/** How a code is told: a ground, and lines of ink over it. */
export interface Ink {
  readonly ground: Colour;
  readonly ink: Colour;
  readonly pattern: Pattern;
}

/** Patterns of 8 × 8 pixels. */
export const PATTERNS = ["plain", "rising", "falling", "dots", "level", "upright", "crossed"] as const;
export type Pattern = (typeof PATTERNS)[number];

/** Whether the pattern has ink at pixel (x, y). */
export function isInked(pattern: Pattern, x: number, y: number): boolean {
  const [u, v] = [x & 7, y & 7];
  switch (pattern) {
    case "plain":
      return false;
    case "rising":
      return ((u + v) & 7) === 0;
    case "falling":
      return ((u - v) & 7) === 0;
    case "dots":
      return (u & 3) < 2 && (v & 3) < 2 && ((u >> 2) + (v >> 2)) % 2 === 0;
    case "level":
      return v === 0;
    case "upright":
      return u === 0;
    case "crossed":
      return u === 0 || v === 0;
  }
}

/** Tiles that a layer keeps: 8 MiB. */
const MOST_TILES = 2048;
/** Each level of the quick picture has squares this many times as large, as a power of two. */
const COARSER = 3;

/** The level whose squares are at most a pixel large; 0 where cells are. */
export const levelOf = (scale: number): number => Math.max(0, Math.floor(Math.log2(1 / scale) + 1e-9));

/** The tiles of one row of tiles, by column. */
type TileRow = (column: number) => Uint8Array;

/** A layer of codes. `inks` has one for each code that `source` gives. */
export function rasterLayer(size: MaskSize, source: TileSource, inks: readonly Ink[], estimate: Layer["estimate"] = () => null): Layer {
  const rows = new Map<string, Map<number, Uint8Array>>();
  let count = 0;
  const tilesOf = (place: Omit<TilePlace, "column">): TileRow => {
    const key = `${place.b},${place.h},${place.levelQ},${place.levelK},${place.row}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = new Map();
      rows.set(key, row);
    }
    const tiles = row;
    return (column) => {
      let tile = tiles.get(column);
      if (tile === undefined) {
        // The rows that were asked for first go first.
        for (const [old, gone] of rows) {
          if (count < MOST_TILES || gone === tiles) break;
          rows.delete(old);
          count -= gone.size;
        }
        tile = new Uint8Array(TILE * TILE);
        source({ ...place, column }, tile);
        tiles.set(column, tile);
        count++;
      }
      return tile;
    };
  };
  const lut = lookup(inks);
  return {
    draw: drawCodes(size, tilesOf, lut, 0),
    coarse: drawCodes(size, tilesOf, lut, COARSER),
    estimate,
  };
}

/** Colour of code c at pixel (x, y): at 64 c + 8 (y & 7) + (x & 7). */
function lookup(inks: readonly Ink[]): Uint32Array {
  const lut = new Uint32Array(64 * 256);
  inks.forEach(({ ground, ink, pattern }, code) => {
    for (let i = 0; i < 64; i++) lut[64 * code + i] = packed(...(isInked(pattern, i & 7, i >> 3) ? ink : ground));
  });
  return lut;
}

function drawCodes(size: MaskSize, tilesOf: (place: Omit<TilePlace, "column">) => TileRow, lut: Uint32Array, coarser: number): Draw {
  return (view, { pixels, width, height }) => {
    const scaleQ = view.scaleQ ?? view.scale;
    const levelQ = zoomedOut(levelOf(scaleQ), coarser);
    const levelK = zoomedOut(levelOf(view.scale), coarser);
    const { columns, first, end } = columnsOf(view, width, size.kvLen, levelK);
    const [phaseX, phaseY] = phaseOf(view);
    const codes = new Uint8Array(width);
    let coded = -1;
    for (let y = 0; y < height; y++) {
      const at = y * width;
      const q = Math.floor(view.q0 + (y + 0.5) / scaleQ);
      if (q < 0 || q >= size.qLen || first >= end) {
        pixels.fill(0, at, at + width);
        continue;
      }
      const square = Math.floor(q / 2 ** levelQ);
      if (square !== coded) {
        coded = square;
        const tiles = tilesOf({ b: view.b, h: view.h, levelQ, levelK, row: Math.floor(square / TILE) });
        codesOfRow(codes, columns, first, end, tiles, (square % TILE) * TILE);
      }
      pixels.fill(0, at, at + first);
      pixels.fill(0, at + end, at + width);
      const phase = ((y + phaseY) & 7) << 3;
      for (let x = first; x < end; x++) pixels[at + x] = lut[((codes[x] ?? 0) << 6) | phase | ((x + phaseX) & 7)] ?? 0;
    }
  };
}

/** Cells are never made coarser: where they have a pixel each the quick picture is the right one. */
const zoomedOut = (level: number, coarser: number): number => (level === 0 ? 0 : level + coarser);

/** The square below each pixel column, and the columns that lie on the matrix. */
function columnsOf(view: PictureView, width: number, kvLen: number, level: number): { columns: Int32Array; first: number; end: number } {
  const columns = new Int32Array(width);
  let first = width;
  let end = 0;
  for (let x = 0; x < width; x++) {
    const k = Math.floor(view.k0 + (x + 0.5) / view.scale);
    if (k < 0 || k >= kvLen) continue;
    columns[x] = Math.floor(k / 2 ** level);
    first = Math.min(first, x);
    end = x + 1;
  }
  return { columns, first, end };
}

/** Where the picture stands on the pattern: it moves with the matrix. */
export function phaseOf(view: PictureView): readonly [x: number, y: number] {
  return [Math.round(view.k0 * view.scale) & 7, Math.round(view.q0 * (view.scaleQ ?? view.scale)) & 7];
}

function codesOfRow(codes: Uint8Array, columns: Int32Array, first: number, end: number, tiles: TileRow, rowAt: number): void {
  let shown = -1;
  let tile: Uint8Array = NO_TILE;
  for (let x = first; x < end; x++) {
    const square = columns[x] ?? 0;
    const column = square >> TILE_BITS;
    if (column !== shown) {
      tile = tiles(column);
      shown = column;
    }
    codes[x] = tile[rowAt + (square & (TILE - 1))] ?? 0;
  }
}

const NO_TILE = new Uint8Array(0);
