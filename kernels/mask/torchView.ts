/**
 * A block mask as PyTorch's `BlockMask` holds it: padded index lists, dense occupancy, its own text and sparsity.
 * Made on request, since the lists of a million tokens would take 268 MB each. Order and padding are PyTorch's: in
 * each row the present blocks ascending, then the absent ones ascending (a stable argsort).
 */
import { type BlockMask, type BlockRuns, FULL, forEachRun, keyBlocks, queryBlocks } from "./blockMask.ts";

/** int32 tensors, row-major; shapes in brackets, with R rows and C columns of blocks. */
export interface TorchFields {
  readonly batch: number;
  readonly heads: number;
  /** [R, C] of the block grid. */
  readonly grid: readonly [rows: number, columns: number];
  /** [B, H, R]: partial blocks of each row. */
  readonly kvNumBlocks: Int32Array;
  /** [B, H, R, C]. */
  readonly kvIndices: Int32Array;
  readonly fullKvNumBlocks: Int32Array;
  readonly fullKvIndices: Int32Array;
  /** [B, H, C]: partial blocks of each column. */
  readonly qNumBlocks: Int32Array;
  /** [B, H, C, R]. */
  readonly qIndices: Int32Array;
  readonly fullQNumBlocks: Int32Array;
  readonly fullQIndices: Int32Array;
}

/** The eight fields for `batch` × `heads`: what is stored once for all of them is repeated. */
export function torchFields(m: BlockMask, batch: number = m.batch, heads: number = m.heads): TorchFields {
  const rows = queryBlocks(m);
  const columns = keyBlocks(m);
  const [kvNumBlocks, kvIndices, fullKvNumBlocks, fullKvIndices] = lists(m, m.rows, batch, heads, rows, columns);
  const [qNumBlocks, qIndices, fullQNumBlocks, fullQIndices] = lists(m, m.columns, batch, heads, columns, rows);
  return {
    batch,
    heads,
    grid: [rows, columns],
    kvNumBlocks,
    kvIndices,
    fullKvNumBlocks,
    fullKvIndices,
    qNumBlocks,
    qIndices,
    fullQNumBlocks,
    fullQIndices,
  };
}

function lists(
  m: BlockMask,
  source: BlockRuns,
  batch: number,
  heads: number,
  lines: number,
  length: number,
): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const counts = new Int32Array(batch * heads * lines);
  const indices = new Int32Array(batch * heads * lines * length);
  const fullCounts = new Int32Array(counts.length);
  const fullIndices = new Int32Array(indices.length);
  const isPartial = new Uint8Array(length);
  const isFull = new Uint8Array(length);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const from = ((m.batch === 1 ? 0 : b) * m.heads + (m.heads === 1 ? 0 : h)) * lines;
      const to = (b * heads + h) * lines;
      for (let line = 0; line < lines; line++) {
        isPartial.fill(0);
        isFull.fill(0);
        forEachRun(source, from + line, (first, end, state) => (state === FULL ? isFull : isPartial).fill(1, first, end));
        counts[to + line] = sortPresentFirst(isPartial, indices, (to + line) * length);
        fullCounts[to + line] = sortPresentFirst(isFull, fullIndices, (to + line) * length);
      }
    }
  }
  return [counts, indices, fullCounts, fullIndices];
}

/** Writes the present ids, then the absent ones, from `at` on; answers how many are present. */
function sortPresentFirst(present: Uint8Array, out: Int32Array, at: number): number {
  let n = 0;
  for (let i = 0; i < present.length; i++) if (present[i] === 1) out[at + n++] = i;
  let absent = at + n;
  for (let i = 0; i < present.length; i++) if (present[i] === 0) out[absent++] = i;
  return n;
}

/** Occupancy of the blocks (not of the elements), int32 [batch, heads, R, C]: 1 where a block is partial or full. */
export function torchDense(m: BlockMask, batch: number = m.batch, heads: number = m.heads): Int32Array {
  const rows = queryBlocks(m);
  const columns = keyBlocks(m);
  const dense = new Int32Array(batch * heads * rows * columns);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const from = ((m.batch === 1 ? 0 : b) * m.heads + (m.heads === 1 ? 0 : h)) * rows;
      for (let row = 0; row < rows; row++) {
        const at = ((b * heads + h) * rows + row) * columns;
        forEachRun(m.rows, from + row, (first, end) => dense.fill(1, at + first, at + end));
      }
    }
  }
  return dense;
}

/**
 * What `BlockMask.to_string()` returns: each cell doubled, `░` where it stands for blocks of which some are present;
 * at most `grid` cells, and `limit` batches and heads.
 */
export function torchString(
  m: BlockMask,
  batch: number = m.batch,
  heads: number = m.heads,
  grid: readonly [rows: number, columns: number] = [20, 20],
  limit = 4,
): string {
  const rows = queryBlocks(m);
  const columns = keyBlocks(m);
  const rowStep = Math.max(1, Math.ceil(rows / grid[0]));
  const columnStep = Math.max(1, Math.ceil(columns / grid[1]));
  const dense = torchDense(m, batch, heads);
  const parts: string[] = [];
  for (let plane = 0; plane < batch * heads; plane++) {
    if (plane === limit) {
      parts.push(
        "...",
        "To print out more, set BlockMask.to_string(limit=N)",
        "You can also index (BlockMask[batch, head]) to choose a specific batch or head",
      );
      break;
    }
    let text = `(${Math.floor(plane / heads)}, ${plane % heads})\n`;
    for (let r = 0; r < rows; r += rowStep) {
      for (let c = 0; c < columns; c += columnStep) text += summary(dense, plane * rows * columns, r, c).repeat(2);
      text += "\n";
    }
    parts.push(text);
  }
  return parts.join("\n");

  function summary(blocks: Int32Array, base: number, r0: number, c0: number): string {
    let present = 0;
    let all = 0;
    for (let r = r0; r < Math.min(rows, r0 + rowStep); r++) {
      for (let c = c0; c < Math.min(columns, c0 + columnStep); c++, all++) present += blocks[base + r * columns + c] ?? 0;
    }
    return present === all ? "█" : present === 0 ? " " : "░";
  }
}
