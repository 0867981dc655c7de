/**
 * Runs along rows → runs along columns, without an array of all blocks: from one row to the next only the columns
 * whose state changes are touched, so the work is that of the runs that come out.
 */
import { type BlockRuns, FULL } from "./blockMask.ts";

const EMPTY = -1;

/** A list of numbers that grows; `push3` adds a run. */
export interface RunList {
  push3(first: number, end: number, state: number): void;
  /** Number of runs so far. */
  readonly length: number;
  /** The runs, three numbers each, in an array of their own. */
  toArray(): Int32Array;
}

export function runList(): RunList {
  let data = new Int32Array(3 * 64);
  let count = 0;
  return {
    push3(first, end, state) {
      if (3 * count + 3 > data.length) {
        const larger = new Int32Array(2 * data.length);
        larger.set(data);
        data = larger;
      }
      data[3 * count] = first;
      data[3 * count + 1] = end;
      data[3 * count + 2] = state;
      count++;
    },
    get length() {
      return count;
    },
    toArray: () => data.slice(0, 3 * count),
  };
}

/** `planes` is batch * heads as stored; each plane has `rowCount` rows and `columnCount` columns of blocks. */
export function transposeRuns(rows: BlockRuns, planes: number, rowCount: number, columnCount: number): BlockRuns {
  const rowStart = new Int32Array(planes * columnCount + 1);
  const parts: Int32Array[] = [];
  for (let plane = 0; plane < planes; plane++) {
    const sorted = transposePlane(rows, plane * rowCount, rowCount, columnCount, rowStart, plane * columnCount);
    parts.push(sorted);
  }
  const runs = parts.length === 1 && parts[0] !== undefined ? parts[0] : joined(parts);
  return { rowStart, runs };
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Fills `starts` from `startAt` on and returns the plane's runs, column by column. */
function transposePlane(
  rows: BlockRuns,
  firstRow: number,
  rowCount: number,
  columnCount: number,
  starts: Int32Array,
  startAt: number,
): Int32Array {
  const state = new Int8Array(columnCount).fill(EMPTY);
  const since = new Int32Array(columnCount);
  const counts = new Int32Array(columnCount);
  // Closed runs in order of closing, with their column: (first row, end row, state), stable by row within a column.
  const closed = runList();
  const columnOf: number[] = [];
  const change = (from: number, to: number, next: number, row: number): void => {
    for (let c = from; c < to; c++) {
      const old = state[c] ?? EMPTY;
      if (old !== EMPTY) {
        closed.push3(since[c] ?? 0, row, old);
        columnOf.push(c);
        counts[c] = (counts[c] ?? 0) + 1;
      }
      state[c] = next;
      since[c] = row;
    }
  };
  for (let row = 0; row < rowCount; row++)
    mergeChanges(rows, firstRow + row, row === 0 ? -1 : firstRow + row - 1, row, change, columnCount);
  change(0, columnCount, EMPTY, rowCount);

  const at = new Int32Array(columnCount);
  let total = 0;
  const base = starts[startAt] ?? 0;
  for (let c = 0; c < columnCount; c++) {
    at[c] = total;
    total += counts[c] ?? 0;
    starts[startAt + c + 1] = base + total;
  }
  const list = closed.toArray();
  const out = new Int32Array(3 * total);
  for (let i = 0; i < columnOf.length; i++) {
    const c = columnOf[i] ?? 0;
    const to = 3 * (at[c] ?? 0);
    at[c] = (at[c] ?? 0) + 1;
    out[to] = list[3 * i] ?? 0;
    out[to + 1] = list[3 * i + 1] ?? 0;
    out[to + 2] = list[3 * i + 2] ?? FULL;
  }
  return out;
}

/** Walks the runs of this row and the one before in step, and reports the column ranges whose state differs. */
function mergeChanges(
  rows: BlockRuns,
  here: number,
  before: number,
  row: number,
  change: (from: number, to: number, next: number, row: number) => void,
  columnCount: number,
): void {
  const { rowStart, runs } = rows;
  let i = rowStart[here] ?? 0;
  const iEnd = rowStart[here + 1] ?? 0;
  let j = before < 0 ? 0 : (rowStart[before] ?? 0);
  const jEnd = before < 0 ? 0 : (rowStart[before + 1] ?? 0);
  for (let c = 0; c < columnCount; ) {
    while (i < iEnd && (runs[3 * i + 1] ?? 0) <= c) i++;
    while (j < jEnd && (runs[3 * j + 1] ?? 0) <= c) j++;
    const iFirst = i < iEnd ? (runs[3 * i] ?? 0) : columnCount;
    const jFirst = j < jEnd ? (runs[3 * j] ?? 0) : columnCount;
    const mine = iFirst <= c && i < iEnd ? (runs[3 * i + 2] ?? EMPTY) : EMPTY;
    const old = jFirst <= c && j < jEnd ? (runs[3 * j + 2] ?? EMPTY) : EMPTY;
    const iNext = iFirst > c ? iFirst : (runs[3 * i + 1] ?? columnCount);
    const jNext = jFirst > c ? jFirst : (runs[3 * j + 1] ?? columnCount);
    const next = Math.min(iNext, jNext, columnCount);
    if (mine !== old) change(c, next, mine, row);
    c = next;
  }
}
