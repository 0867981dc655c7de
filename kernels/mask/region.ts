/**
 * Any rectangle of the mask on its way out: as characters, as JSON with the runs of each query, as the cells
 * themselves, and as the size of a picture of it. What would be too much to be of use is refused in words.
 */
import { boxOf } from "../analysis/interval.ts";
import { compileCells, type Rect } from "../emit/js.ts";
import { cast, type Expr } from "../ir/expr.ts";
import { type BlockMask, FULL, forEachRun, queryBlocks, rowIndex } from "./blockMask.ts";
import { countAllowedIn } from "./count.ts";
import type { PictureView } from "./layer.ts";

/** A rectangle of one plane of the mask, ends exclusive, not empty. */
export type Region = Rect;

/** Why a region cannot be given in that form: the cause, then the way out. */
export class RegionFault extends Error {}

/** All of one plane. */
export const wholePlane = ({ qLen, kvLen }: Pick<BlockMask, "qLen" | "kvLen">, b: number, h: number): Region => ({
  b,
  h,
  q0: 0,
  q1: qLen,
  k0: 0,
  k1: kvLen,
});

/** `512 × 1024 cells from (0, 2048)`. */
export const regionName = ({ q0, q1, k0, k1 }: Region): string => `${q1 - q0} × ${k1 - k0} cells from (${q0}, ${k0})`;

const cellsOf = ({ q0, q1, k0, k1 }: Region): number => (q1 - q0) * (k1 - k0);

/** @throws RegionFault where the region has more cells than `most`. */
function checkSize(r: Region, most: number, what: string): void {
  if (cellsOf(r) <= most) return;
  const side = Math.floor(Math.sqrt(most));
  throw new RegionFault(
    `${regionName(r)} are more than the ${most} that go into ${what}; take a smaller rectangle (${side} × ${side}), or the picture.`,
  );
}

/** Calls `f` with some rows of cells at a time, row-major. */
function eachRows(body: Expr | null, m: BlockMask, r: Region, f: (cells: Uint8Array, first: number, rows: number) => void): void {
  const keys = r.k1 - r.k0;
  const step = Math.max(1, Math.floor(2 ** 18 / keys));
  const cells = new Uint8Array(step * keys);
  const loop = body === null ? null : compileCells(cast(body, "bool"), boxOf(m.batch, m.heads, m.qLen, m.kvLen));
  // A plane that is stored for all answers for each.
  const [b, h] = [m.batch === 1 ? 0 : r.b, m.heads === 1 ? 0 : r.h];
  for (let q = r.q0; q < r.q1; q += step) {
    const rows = Math.min(step, r.q1 - q);
    if (loop === null) cells.fill(1);
    else loop(cells, { ...r, b, h, q0: q, q1: q + rows }, null);
    f(cells, q, rows);
  }
}

/** Cells as 0 and 1, row-major, into `out`. @throws RegionFault above `most` cells. */
export function regionCells(body: Expr | null, m: BlockMask, r: Region, out: Uint8Array): void {
  const keys = r.k1 - r.k0;
  eachRows(body, m, r, (cells, first, rows) => out.set(cells.subarray(0, rows * keys), (first - r.q0) * keys));
}

/** Cells of a bool array, at most. */
export const MOST_ARRAY_CELLS = 2 ** 28;
/** @throws RegionFault where an array of the region would be too large. */
export const checkArray = (r: Region, most: number = MOST_ARRAY_CELLS): void => checkSize(r, most, "an array");

/** Cells that are looked at for JSON, at most. */
const MOST_JSON_CELLS = 2 ** 26;

/** What `regionJson` gives. */
export interface RegionJson {
  readonly name: string;
  readonly batch: number;
  readonly head: number;
  /** First query and end, exclusive. */
  readonly q: readonly [number, number];
  readonly kv: readonly [number, number];
  readonly block_size: readonly [number, number];
  readonly allowed: number;
  /** For each query its allowed keys as first and end, exclusive, first and end, …: keys of the whole mask. */
  readonly runs: readonly (readonly number[])[];
}

/** @throws RegionFault where that is too much. */
export function regionJson(name: string, body: Expr | null, m: BlockMask, r: Region): RegionJson {
  checkSize(r, MOST_JSON_CELLS, "JSON");
  const keys = r.k1 - r.k0;
  const runs: number[][] = [];
  let allowed = 0;
  eachRows(body, m, r, (cells, _, rows) => {
    for (let row = 0; row < rows; row++) {
      const line: number[] = [];
      for (let k = 0; k < keys; k++) {
        const is = cells[row * keys + k] === 1;
        if (is) allowed++;
        if (is !== (line.length % 2 === 1)) line.push(r.k0 + k);
      }
      if (line.length % 2 === 1) line.push(r.k1);
      runs.push(line);
    }
  });
  return { name, batch: r.b, head: r.h, q: [r.q0, r.q1], kv: [r.k0, r.k1], block_size: m.blockSize, allowed, runs };
}

/** Characters across and down, at most. */
const CHARACTERS = 128;

/**
 * The region as text: `█` where all cells below a character are allowed, `·` where none is, else `▒`; a character a
 * cell where 128 × 128 suffice.
 */
export function regionText(body: Expr | null, m: BlockMask, r: Region): string {
  const stepQ = Math.ceil((r.q1 - r.q0) / CHARACTERS);
  const stepK = Math.ceil((r.k1 - r.k0) / CHARACTERS);
  const lines: string[] = [];
  for (let q = r.q0; q < r.q1; q += stepQ) {
    let line = "";
    for (let k = r.k0; k < r.k1; k += stepK) {
      line += shadeOf(body, m, { ...r, q0: q, q1: Math.min(r.q1, q + stepQ), k0: k, k1: Math.min(r.k1, k + stepK) });
    }
    lines.push(line);
  }
  return lines.join("\n");
}

function shadeOf(body: Expr | null, m: BlockMask, r: Region): string {
  const [blockQ, blockK] = m.blockSize;
  let full = 0;
  let cut = false;
  for (let row = Math.floor(r.q0 / blockQ); row < queryBlocks(m) && row * blockQ < r.q1; row++) {
    const top = Math.max(r.q0, row * blockQ);
    const bottom = Math.min(r.q1, m.qLen, (row + 1) * blockQ);
    // A whole partial block that does not reach over an end has cells of both kinds.
    let isMixed = false;
    forEachRun(m.rows, rowIndex(m, r.b, r.h, row), (first, end, state) => {
      const left = Math.max(r.k0, first * blockK);
      const right = Math.min(r.k1, m.kvLen, end * blockK);
      if (left >= right) return;
      if (state === FULL) full += (bottom - top) * (right - left);
      else cut = true;
      if (state !== FULL && bottom - top === blockQ && (Math.ceil(left / blockK) + 1) * blockK <= right) isMixed = true;
    });
    if (isMixed) return "▒";
  }
  const allowed = cut ? countAllowedIn(m, body, { ...r, b: m.batch === 1 ? 0 : r.b, h: m.heads === 1 ? 0 : r.h }) : full;
  return allowed === 0 ? "·" : allowed === cellsOf(r) ? "█" : "▒";
}

/** Longer side of a picture, in pixels: of one whose cells have a pixel and more, and of one whose cells share pixels. */
const CELL_SIDE = 1024;
const MOST_SIDE = 4096;

/** The view and the size of a picture of the region: whole pixels a cell for as long as 4,096 of them suffice. */
export function pictureOf(r: Region): { readonly view: PictureView; readonly width: number; readonly height: number } {
  const longer = Math.max(r.q1 - r.q0, r.k1 - r.k0);
  const scale = longer <= CELL_SIDE ? Math.floor(CELL_SIDE / longer) : longer <= MOST_SIDE ? 1 : CELL_SIDE / longer;
  const pixels = (cells: number): number => Math.max(1, Math.round(cells * scale));
  return { view: { b: r.b, h: r.h, q0: r.q0, k0: r.k0, scale }, width: pixels(r.k1 - r.k0), height: pixels(r.q1 - r.q0) };
}
