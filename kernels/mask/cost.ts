/** What a block mask costs to keep: here as runs, in PyTorch as eight index lists, and as the dense mask both avoid. */
import { type BlockMask, keyBlocks, queryBlocks } from "./blockMask.ts";

/** In bytes. */
export interface MaskCost {
  /** Runs along rows and columns, each batch and head that differs once. */
  readonly runs: number;
  /** PyTorch's eight lists of int32 for every batch and head that was asked for. */
  readonly torchLists: number;
  /** One byte an element, for every batch and head. */
  readonly dense: number;
}

/** `batch` and `heads` as asked of `create_block_mask`; without `separateFullBlocks` PyTorch has four lists. */
export function maskCost(m: BlockMask, batch: number = m.batch, heads: number = m.heads, separateFullBlocks = true): MaskCost {
  const [rows, columns] = [queryBlocks(m), keyBlocks(m)];
  const lists = (rows + rows * columns + columns + columns * rows) * (separateFullBlocks ? 2 : 1);
  const byteLength = [m.rows, m.columns].reduce((n, lines) => n + lines.rowStart.byteLength + lines.runs.byteLength, 0);
  return { runs: byteLength, torchLists: 4 * lists * batch * heads, dense: batch * heads * m.qLen * m.kvLen };
}
