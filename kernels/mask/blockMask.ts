/**
 * The block-sparse structure of a mask: for each row of blocks, which key blocks are partial and which are full, as
 * runs. PyTorch's padded index lists are a view made on request; at a million tokens they would not fit.
 */

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
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
  readonly blockSize: readonly [q: number, kv: number];
  /** Query-block rows: runs of key blocks. */
  readonly rows: BlockRuns;
  /** Key-block columns: runs of query blocks (the transpose, for backward passes and PyTorch's q_* fields). */
  readonly columns: BlockRuns;
  /** Allowed elements over batch * heads * qLen * kvLen as stored here. */
  readonly allowed: number;
}
