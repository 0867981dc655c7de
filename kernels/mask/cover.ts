/**
 * How much of each partial block is allowed: BlockMask → share in [0, 1] of every partial block of a plane, and of its
 * sixteenths. Counted when first asked for and kept, two bytes a share, so that pictures of the same mask at
 * many scales count each cell once. What would take too long to count is for the caller to estimate.
 */
import type { CountLoop } from "../emit/js.ts";
import { type BlockMask, FULL, queryBlocks, rowIndex } from "./blockMask.ts";

/** Blocks are looked at in this many parts along each side, where they are large enough. */
const PARTS = 4;
/** Cells that one plane's counts may cost unless told: some seconds of a page that is used meanwhile. */
export const MOST_CELLS = 2 ** 32;
/** Bytes that one plane's shares may take. */
const MOST_BYTES = 2 ** 24;
const UNKNOWN = 0xffff;
const WHOLE = 0xfffe;

export interface Cover {
  readonly mask: BlockMask;
  readonly b: number;
  readonly h: number;
  /** Parts along each side of a block: 4, or 1 where blocks are small or many. */
  readonly parts: number;
  /** Position of the plane's first run, and for each run from there the number of partial blocks before it. */
  readonly firstRun: number;
  readonly before: Int32Array;
  /** For each partial block its share, then its parts' row by row where there are several. */
  readonly shares: Uint16Array;
  readonly stride: number;
  readonly count: CountLoop;
}

/**
 * The plane's cover with nothing counted yet; null where its partial blocks have more than `mostCells` cells, or are too
 * many to be kept. `count` counts the cells of the mask that `m` was built from.
 */
export function coverOf(m: BlockMask, count: CountLoop, b: number, h: number, mostCells: number): Cover | null {
  const firstRow = rowIndex(m, b, h, 0);
  const firstRun = m.rows.rowStart[firstRow] ?? 0;
  const endRun = m.rows.rowStart[firstRow + queryBlocks(m)] ?? firstRun;
  const before = new Int32Array(endRun - firstRun);
  let total = 0;
  for (let r = firstRun; r < endRun; r++) {
    before[r - firstRun] = total;
    if (m.rows.runs[3 * r + 2] !== FULL) total += (m.rows.runs[3 * r + 1] ?? 0) - (m.rows.runs[3 * r] ?? 0);
  }
  const [blockQ, blockK] = m.blockSize;
  if (total * blockQ * blockK > mostCells || 2 * total > MOST_BYTES) return null;
  const several = Math.min(blockQ, blockK) >= PARTS && 2 * total * (PARTS * PARTS + 1) <= MOST_BYTES;
  const parts = several ? PARTS : 1;
  const stride = several ? PARTS * PARTS + 1 : 1;
  return { mask: m, b, h, parts, firstRun, before, shares: new Uint16Array(total * stride).fill(UNKNOWN), stride, count };
}

/** Where part `i` of a block of `size` cells begins; `i` = `parts` gives its end. */
export const partStart = (size: number, parts: number, i: number): number => Math.floor((size * i) / parts);

/**
 * Position in `shares` of the partial block (`row`, `column`) that lies in run `run`; counted now where it was not yet
 * and `counting` says so, else -1.
 */
export function sharesAt(c: Cover, run: number, row: number, column: number, counting: boolean): number {
  const at = ((c.before[run - c.firstRun] ?? 0) + column - (c.mask.rows.runs[3 * run] ?? 0)) * c.stride;
  if (c.shares[at] === UNKNOWN) {
    if (!counting) return -1;
    countBlock(c, at, row, column);
  }
  return at;
}

/** The share at a position, in [0, 1]. */
export const shareAt = (c: Cover, at: number): number => (c.shares[at] ?? 0) / WHOLE;

function countBlock({ mask, b, h, parts, stride, shares, count }: Cover, at: number, row: number, column: number): void {
  const [blockQ, blockK] = mask.blockSize;
  const q0 = row * blockQ;
  const k0 = column * blockK;
  let sum = 0;
  for (let i = 0; i < parts; i++) {
    const from = q0 + partStart(blockQ, parts, i);
    const to = Math.min(q0 + partStart(blockQ, parts, i + 1), mask.qLen);
    for (let j = 0; j < parts; j++) {
      const left = k0 + partStart(blockK, parts, j);
      const right = Math.min(k0 + partStart(blockK, parts, j + 1), mask.kvLen);
      const cells = Math.max(0, to - from) * Math.max(0, right - left);
      const n = cells === 0 ? 0 : count({ b, h, q0: from, q1: to, k0: left, k1: right });
      sum += n;
      if (stride > 1) shares[at + 1 + i * parts + j] = cells === 0 ? 0 : Math.round((n / cells) * WHOLE);
    }
  }
  const all = (Math.min(q0 + blockQ, mask.qLen) - q0) * (Math.min(k0 + blockK, mask.kvLen) - k0);
  shares[at] = Math.round((sum / all) * WHOLE);
}
