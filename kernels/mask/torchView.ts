/**
 * A block mask in PyTorch's layout: padded index lists and dense occupancy. Made on request, since the lists of a
 * million tokens would take 268 MB each. Order and padding are PyTorch's: in each row the present blocks ascending,
 * then the absent ones ascending (a stable argsort). Written straight from the runs: present ids are the runs, absent
 * ones the gaps between them.
 */
import { type BlockMask, type BlockRuns, FULL, forEachRun, keyBlocks, PARTIAL, queryBlocks } from "./blockMask.ts";
import type { OrderedBlocks } from "./torchOrder.ts";

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
  const rows = torchLists(m, "rows", batch, heads, true);
  const columns = torchLists(m, "columns", batch, heads, true);
  return {
    batch,
    heads,
    grid: [queryBlocks(m), keyBlocks(m)],
    kvNumBlocks: rows.partial.counts.data,
    kvIndices: rows.partial.indices.data,
    fullKvNumBlocks: rows.full.counts.data,
    fullKvIndices: rows.full.indices.data,
    qNumBlocks: columns.partial.counts.data,
    qIndices: columns.partial.indices.data,
    fullQNumBlocks: columns.full.counts.data,
    fullQIndices: columns.full.indices.data,
  };
}

/** The lists along rows (`kv_*`) or columns (`q_*`). */
export interface TorchLists<Full extends OrderedBlocks | null = OrderedBlocks | null> {
  readonly partial: OrderedBlocks;
  readonly full: Full;
}

/** Lists of `batch` × `heads`; without `separateFull` all present blocks count as partial, and there are no full ones. */
export function torchLists(
  m: BlockMask,
  which: "rows" | "columns",
  batch: number,
  heads: number,
  separateFull: true,
): TorchLists<OrderedBlocks>;
export function torchLists(m: BlockMask, which: "rows" | "columns", batch: number, heads: number, separateFull: boolean): TorchLists;
export function torchLists(m: BlockMask, which: "rows" | "columns", batch: number, heads: number, separateFull: boolean): TorchLists {
  const kinds = separateFull ? [PARTIAL, FULL] : [PRESENT];
  const [partial, full] = kinds.map((kind) => listsOf(m, which, batch, heads, kind));
  if (partial === undefined) throw new Error("a mask has at least one kind of list");
  return { partial, full: full ?? null };
}

/** From so many blocks on, moving them costs less than writing them one by one. */
const LONG_RUN = 128;

/** Wanted where partial and full blocks are not told apart. */
const PRESENT = -1;

function listsOf(m: BlockMask, which: "rows" | "columns", batch: number, heads: number, kind: number): OrderedBlocks {
  const grid = [queryBlocks(m), keyBlocks(m)] as const;
  const [lines, length] = which === "rows" ? grid : [grid[1], grid[0]];
  const counts = new Int32Array(batch * heads * lines);
  const indices = ascending(counts.length, length);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const to = (b * heads + h) * lines;
      // A plane that serves several batches or heads is written once, and copied.
      const same = (m.batch === 1 ? 0 : b) * heads + (m.heads === 1 ? 0 : h);
      if (same * lines < to) {
        counts.copyWithin(to, same * lines, (same + 1) * lines);
        indices.copyWithin(to * length, same * lines * length, (same + 1) * lines * length);
        continue;
      }
      const from = ((m.batch === 1 ? 0 : b) * m.heads + (m.heads === 1 ? 0 : h)) * lines;
      for (let line = 0; line < lines; line++) counts[to + line] = writeLine(m[which], from + line, kind, indices, (to + line) * length);
    }
  }
  const lead = [batch, heads, lines];
  return { counts: { shape: lead, data: counts }, indices: { shape: [...lead, length], data: indices } };
}

/** `lines` lines of 0, 1, 2, …, by doubling: what a line says of blocks before its first run and after its last. */
function ascending(lines: number, length: number): Int32Array {
  const out = new Int32Array(lines * length);
  if (lines > 0) for (let c = 0; c < length; c++) out[c] = c;
  for (let filled = length; filled > 0 && filled < out.length; filled *= 2)
    out.copyWithin(filled, 0, Math.min(filled, out.length - filled));
  return out;
}

/**
 * Writes one line's list from `at` on, where the ids stand ascending, and answers how many are present: the runs, then
 * the gaps between them. What is in its place already (a run from 0 on, all after the last run) is passed over.
 */
function writeLine({ rowStart, runs }: BlockRuns, line: number, kind: number, out: Int32Array, at: number): number {
  const from = rowStart[line] ?? 0;
  const to = rowStart[line + 1] ?? 0;
  let p = at;
  for (let r = from; r < to; r++) {
    if (kind !== PRESENT && runs[3 * r + 2] !== kind) continue;
    const first = runs[3 * r] ?? 0;
    const end = runs[3 * r + 1] ?? 0;
    if (p === at + first) p = at + end;
    else if (end - first > LONG_RUN) {
      out.copyWithin(p, at + first, at + end); // nothing is written yet that far right
      p += end - first;
    } else for (let c = first; c < end; c++) out[p++] = c;
  }
  const count = p - at;
  let c = 0;
  for (let r = from; r < to; r++) {
    if (kind !== PRESENT && runs[3 * r + 2] !== kind) continue;
    const first = runs[3 * r] ?? 0;
    while (c < first) out[p++] = c++;
    c = runs[3 * r + 1] ?? 0;
  }
  return count;
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
