/**
 * The block-sparse structure of a mask: for each row of blocks, which key blocks are partial and which are full, as
 * runs. PyTorch's padded index lists are a view made on request (torchView.ts); at a million tokens they would not
 * fit.
 */

/** The size of a mask; `batch` and `heads` as in `create_block_mask`. */
export interface MaskSize {
  readonly batch: number;
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
}

/** In `BlockRuns.runs`. Empty blocks are what no run covers. */
export const PARTIAL = 0;
export const FULL = 1;

/**
 * Runs of blocks along one direction. Row r of (batch, head, row) order owns runs `rowStart[r] .. rowStart[r + 1]`;
 * each run is three numbers in `runs`: first block, end block (exclusive), 0 partial | 1 full, ascending.
 */
export interface BlockRuns {
  /** Length batch * heads * rows + 1; counts runs, not numbers. */
  readonly rowStart: Int32Array;
  readonly runs: Int32Array;
}

export interface BlockMask {
  /** 1 where the mask does not depend on `b` (or the caller asked for one): the row then serves every batch. */
  readonly batch: number;
  /** As `batch`, for heads. */
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
  readonly blockSize: readonly [q: number, kv: number];
  /** Query-block rows: runs of key blocks. */
  readonly rows: BlockRuns;
  /** Key-block columns: runs of query blocks (the transpose, for backward passes and PyTorch's q_* fields). */
  readonly columns: BlockRuns;
}

/** Rows of blocks. */
export const queryBlocks = (m: BlockMask): number => Math.ceil(m.qLen / m.blockSize[0]);
/** Columns of blocks. */
export const keyBlocks = (m: BlockMask): number => Math.ceil(m.kvLen / m.blockSize[1]);

/** Position in `rows.rowStart` of query-block row `row` of batch `b` and head `h`, stored or broadcast. */
export function rowIndex(m: BlockMask, b: number, h: number, row: number): number {
  return ((m.batch === 1 ? 0 : b) * m.heads + (m.heads === 1 ? 0 : h)) * queryBlocks(m) + row;
}

/** Calls `f` for each run of line `index` in ascending order. */
export function forEachRun(lines: BlockRuns, index: number, f: (first: number, end: number, state: number) => void): void {
  const to = lines.rowStart[index + 1] ?? 0;
  for (let r = lines.rowStart[index] ?? 0; r < to; r++) {
    f(lines.runs[3 * r] ?? 0, lines.runs[3 * r + 1] ?? 0, lines.runs[3 * r + 2] ?? PARTIAL);
  }
}

/** State of one block. */
export function blockState(m: BlockMask, b: number, h: number, row: number, column: number): "empty" | "partial" | "full" {
  const index = rowIndex(m, b, h, row);
  let low = m.rows.rowStart[index] ?? 0;
  let high = m.rows.rowStart[index + 1] ?? 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((m.rows.runs[3 * middle + 1] ?? 0) <= column) low = middle + 1;
    else high = middle;
  }
  if (low >= (m.rows.rowStart[index + 1] ?? 0) || (m.rows.runs[3 * low] ?? 0) > column) return "empty";
  return m.rows.runs[3 * low + 2] === FULL ? "full" : "partial";
}

/** Blocks by state, over the batches and heads that are stored. */
export interface BlockCounts {
  readonly empty: number;
  readonly partial: number;
  readonly full: number;
  readonly total: number;
}

export function countBlocks(m: BlockMask): BlockCounts {
  let partial = 0;
  let full = 0;
  const { runs } = m.rows;
  for (let i = 0; i < runs.length; i += 3) {
    const n = (runs[i + 1] ?? 0) - (runs[i] ?? 0);
    if (runs[i + 2] === FULL) full += n;
    else partial += n;
  }
  const total = m.batch * m.heads * queryBlocks(m) * keyBlocks(m);
  return { empty: total - partial - full, partial, full, total };
}

/** Share of blocks that a kernel skips, in [0, 1]; 0 where there are none. */
export function blockSparsity(m: BlockMask): number {
  const { empty, total } = countBlocks(m);
  return total === 0 ? 0 : empty / total;
}

/**
 * What PyTorch's `BlockMask.sparsity()` prints, in percent: it counts present blocks whole, also those that reach
 * over the end, so it goes below 0 for short and uneven lengths. Shown only as PyTorch's own figure.
 */
export function torchSparsity(m: BlockMask): number {
  const { partial, full } = countBlocks(m);
  const cells = m.batch * m.heads * m.qLen * m.kvLen;
  return 100 * (1 - ((partial + full) * m.blockSize[0] * m.blockSize[1]) / cells);
}
