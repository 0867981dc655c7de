/** How evenly the blocks are spread over the rows of the grid: a kernel gives rows to its workers, and waits for the last. */
import { type BlockMask, FULL, forEachRun, queryBlocks } from "./blockMask.ts";

/** Blocks of the rows of the block grid, over the batches and heads that are stored. */
export interface RowLoads {
  /** Full and partial blocks of each row, in (batch, head, row) order. */
  readonly full: Int32Array;
  readonly partial: Int32Array;
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly mean: number;
  /** The fullest row over the mean: how much longer it runs; 1 where all are equal, or none has a block. */
  readonly imbalance: number;
  /** Rows without a block: their queries see nothing. */
  readonly empty: number;
  /** How many rows have `from` up to `to` (inclusive) blocks, ascending, without a gap. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly rows: number }[];
}

/** Bars of the histogram, at most. */
const MOST_BARS = 16;

export function rowLoads(m: BlockMask): RowLoads {
  const count = m.batch * m.heads * queryBlocks(m);
  const full = new Int32Array(count);
  const partial = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    forEachRun(m.rows, row, (first, end, state) => {
      const counts = state === FULL ? full : partial;
      counts[row] = (counts[row] ?? 0) + end - first;
    });
  }
  const sorted = full.map((n, i) => n + (partial[i] ?? 0)).sort();
  const at = (i: number): number => sorted[i] ?? 0;
  const total = sorted.reduce((sum, n) => sum + n, 0);
  const mean = count === 0 ? 0 : total / count;
  const max = at(count - 1);
  let empty = 0;
  while (empty < count && at(empty) === 0) empty++;
  const median = (at((count - 1) >> 1) + at(count >> 1)) / 2;
  return { full, partial, min: at(0), median, max, mean, imbalance: mean === 0 ? 1 : max / mean, empty, histogram: histogramOf(sorted) };
}

function histogramOf(sorted: Int32Array): RowLoads["histogram"] {
  const min = sorted[0] ?? 0;
  const max = sorted[sorted.length - 1] ?? 0;
  const step = Math.ceil((max - min + 1) / MOST_BARS);
  const bars = Array.from({ length: Math.ceil((max - min + 1) / step) }, (_, i) => {
    const from = min + i * step;
    return { from, to: Math.min(max, from + step - 1), rows: 0 };
  });
  for (const n of sorted) {
    const bar = bars[Math.floor((n - min) / step)];
    if (bar !== undefined) bar.rows++;
  }
  return bars;
}
