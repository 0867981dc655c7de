/**
 * Masks that see only how far query and key are apart (analysis/distance.ts): one value a diagonal, found by looking at
 * one row and one column. Running sums over the diagonals then say how many cells of any block, or of any rectangle, are
 * allowed, without a look at it. The rows of square blocks are all cut from one sequence of states.
 */
import type { CellLoop, Rect } from "../emit/js.ts";
import { FULL, type MaskSize, PARTIAL } from "./blockMask.ts";
import type { RunList } from "./transpose.ts";

/** The diagonals of one plane. */
export interface Diagonals {
  readonly qLen: number;
  readonly kvLen: number;
  /** How many of the diagonals before place `i` are allowed; place `d + kvLen - 1` has distance d = q_idx - kv_idx. */
  readonly before: Int32Array;
}

/** Looks at the first column and the first row. */
export function diagonalsOf(cells: CellLoop, { qLen, kvLen }: MaskSize, b: number, h: number): Diagonals {
  const places = qLen + kvLen - 1;
  const values = new Uint8Array(places);
  const column = new Uint8Array(qLen);
  cells(column, { b, h, q0: 0, q1: qLen, k0: 0, k1: 1 }, null);
  values.set(column, kvLen - 1);
  const row = new Uint8Array(kvLen);
  cells(row, { b, h, q0: 0, q1: 1, k0: 0, k1: kvLen }, null);
  for (let k = 1; k < kvLen; k++) values[kvLen - 1 - k] = row[k] ?? 0;
  const before = new Int32Array(places + 1);
  let n = 0;
  for (let i = 0; i < places; i++) {
    n += values[i] ?? 0;
    before[i + 1] = n;
  }
  return { qLen, kvLen, before };
}

const EMPTY = -1;

/** Appends the runs of all rows of blocks; `done` is called after each. */
export function diagonalRuns(
  { qLen, kvLen, before }: Diagonals,
  [blockQ, blockK]: readonly [q: number, kv: number],
  runs: RunList,
  done: (row: number) => void,
): void {
  const rowCount = Math.ceil(qLen / blockQ);
  const columnCount = Math.ceil(kvLen / blockK);
  const wholeRows = Math.floor(qLen / blockQ);
  const wholeColumns = Math.floor(kvLen / blockK);
  const stateAt = (row: number, column: number): number => {
    const q1 = Math.min(qLen, (row + 1) * blockQ);
    const k1 = Math.min(kvLen, (column + 1) * blockK);
    const from = row * blockQ - k1 + kvLen;
    const to = q1 - column * blockK + kvLen - 1;
    const n = (before[to] ?? 0) - (before[from] ?? 0);
    if (n === 0) return EMPTY;
    return n === to - from && row < wholeRows && column < wholeColumns ? FULL : PARTIAL;
  };
  // Of square blocks that are whole, row - column decides: stretches of one state, by falling row - column.
  const stretches = blockQ === blockK && wholeRows > 0 && wholeColumns > 0 ? stretchesOf(wholeRows, wholeColumns, stateAt) : null;
  for (let row = 0; row < rowCount; row++) {
    let first = 0;
    let end = 0;
    let state = EMPTY;
    const push = (from: number, to: number, next: number): void => {
      if (next === state && from === end) {
        end = to;
        return;
      }
      if (state !== EMPTY) runs.push3(first, end, state);
      first = from;
      end = to;
      state = next;
    };
    let column = 0;
    if (stretches !== null && row < wholeRows) {
      const shift = row - (wholeRows - 1);
      for (let i = firstStretch(stretches, -shift); i < stretches.length; i += 3) {
        const from = Math.max(0, (stretches[i] ?? 0) + shift);
        const to = Math.min(wholeColumns, (stretches[i + 1] ?? 0) + shift);
        if (from >= wholeColumns) break;
        push(from, to, stretches[i + 2] ?? EMPTY);
      }
      column = wholeColumns;
    }
    for (; column < columnCount; column++) push(column, column + 1, stateAt(row, column));
    if (state !== EMPTY) runs.push3(first, end, state);
    done(row);
  }
}

/**
 * Flat triples (first, end, state): place p stands for row - column = wholeRows - 1 - p, so that the last row of blocks
 * has column p there, and each row above one place more to the right.
 */
function stretchesOf(wholeRows: number, wholeColumns: number, stateAt: (row: number, column: number) => number): readonly number[] {
  const out: number[] = [];
  for (let p = 0; p < wholeRows + wholeColumns - 1; p++) {
    const state = p < wholeColumns ? stateAt(wholeRows - 1, p) : stateAt(wholeRows - 1 - (p - wholeColumns + 1), wholeColumns - 1);
    const n = out.length;
    if (n > 0 && out[n - 1] === state) out[n - 2] = p + 1;
    else out.push(p, p + 1, state);
  }
  return out;
}

/** Where the first stretch stands that ends after `place`. */
function firstStretch(stretches: readonly number[], place: number): number {
  let low = 0;
  let high = stretches.length / 3;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stretches[3 * middle + 1] ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  return 3 * low;
}

/** Counts the allowed cells of rectangles, each in a few operations. */
export function diagonalCounter({ kvLen, before }: Diagonals): (rect: Rect) => number {
  // sums[i]: of `before` up to place i, that one left out.
  const sums = new Float64Array(before.length + 1);
  for (let i = 0; i < before.length; i++) sums[i + 1] = (sums[i] ?? 0) + (before[i] ?? 0);
  // Over the rows: allowed diagonals before the place of the distance to key k, that one counted.
  const upTo = (q0: number, q1: number, k: number): number => (sums[q1 - k + kvLen] ?? 0) - (sums[q0 - k + kvLen] ?? 0);
  return ({ q0, q1, k0, k1 }) => (q0 < q1 && k0 < k1 ? upTo(q0, q1, k0) - upTo(q0, q1, k1) : 0);
}
