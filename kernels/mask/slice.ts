/**
 * Parts of a built mask, as runs and so at any length: batches, heads and rows of query blocks picked out (what
 * `block_mask[…]` means), and the upper left corner for shorter lengths (what `_adjust` means, and does not always
 * say: torchBlockMask.ts). Lists written by hand become runs here too.
 */
import { boxOf } from "../analysis/interval.ts";
import { compileScan } from "../emit/js.ts";
import { boolean, cast, type Expr } from "../ir/expr.ts";
import { type BlockMask, FULL, forEachRun, keyBlocks, PARTIAL, queryBlocks } from "./blockMask.ts";
import { fullBlocks, partialBlocks, type TorchBlockMask } from "./torchBlockMask.ts";
import { lastOf, orderedToDense, TorchRefusal } from "./torchOrder.ts";
import { type RunList, runList, transposeRuns } from "./transpose.ts";

/** What to keep, in the order wanted; what is left out is kept whole. Positions are those that are stored. */
export interface Selection {
  readonly batches?: readonly number[];
  readonly heads?: readonly number[];
  /** Rows of query blocks. */
  readonly rows?: readonly number[];
}

/**
 * The picked batches, heads and rows of blocks as a mask of its own. Its queries start at 0, so a mod must be given
 * the offset that was cut off before it speaks of it. A batch or head that serves all is picked by any position.
 * @throws RangeError for a position that the mask does not have.
 */
export function selectBlocks(m: BlockMask, selection: Selection): BlockMask {
  const [rowCount, columnCount] = [queryBlocks(m), keyBlocks(m)];
  const batches = positions(selection.batches, m.batch, m.batch === 1, "batch");
  const heads = positions(selection.heads, m.heads, m.heads === 1, "head");
  const picked = positions(selection.rows, rowCount, false, "row of blocks");
  const rowStart = new Int32Array(batches.length * heads.length * picked.length + 1);
  const runs = runList();
  let at = 0;
  for (const b of batches) {
    for (const h of heads) {
      for (const row of picked) {
        forEachRun(m.rows, (b * m.heads + h) * rowCount + row, (first, end, state) => runs.push3(first, end, state));
        rowStart[++at] = runs.length;
      }
    }
  }
  const planes = batches.length * heads.length;
  const rows = { rowStart, runs: runs.toArray() };
  // The last row of blocks may be short; anywhere but last it counts as whole.
  const isShort = picked.at(-1) === rowCount - 1;
  const qLen = picked.length * m.blockSize[0] - (isShort ? rowCount * m.blockSize[0] - m.qLen : 0);
  const columns = transposeRuns(rows, planes, picked.length, columnCount);
  return { ...m, batch: batches.length, heads: heads.length, qLen, rows, columns };
}

function positions(wanted: readonly number[] | undefined, size: number, isShared: boolean, what: string): readonly number[] {
  if (wanted === undefined) return Array.from({ length: size }, (_, i) => i);
  return wanted.map((i) => {
    if (!Number.isInteger(i) || i < 0 || (i >= size && !isShared)) throw new RangeError(`there is no ${what} ${i}; the mask has ${size}`);
    return isShared ? 0 : i;
  });
}

/**
 * The mask for shorter lengths, equal to building `body` for them: interior blocks stay, those that the new end cuts
 * are partial if a cell is left, and are looked into for that.
 * @throws RangeError for longer lengths, of which a mask says nothing.
 */
export function croppedRuns(m: BlockMask, body: Expr | null, qLen: number, kvLen: number): BlockMask {
  if (qLen > m.qLen || kvLen > m.kvLen)
    throw new RangeError(`a mask of ${m.qLen} × ${m.kvLen} says nothing of ${qLen} × ${kvLen}; build it for those lengths`);
  const scan = compileScan(cast(body ?? boolean(true), "bool"), boxOf(m.batch, m.heads, m.qLen, m.kvLen));
  const [blockQ, blockK] = m.blockSize;
  const [rowCount, columnCount] = [Math.ceil(qLen / blockQ), Math.ceil(kvLen / blockK)];
  const oldRows = queryBlocks(m);
  const rowStart = new Int32Array(m.batch * m.heads * rowCount + 1);
  const runs = runList();
  // Whole columns under the new end, and whether the last one is cut where it was not before.
  const whole = kvLen < m.kvLen ? Math.floor(kvLen / blockK) : columnCount;
  for (let plane = 0; plane < m.batch * m.heads; plane++) {
    const [b, h] = [Math.floor(plane / m.heads), plane % m.heads];
    for (let row = 0; row < rowCount; row++) {
      const q1 = Math.min((row + 1) * blockQ, qLen);
      const isCut = qLen < m.qLen && (row + 1) * blockQ > qLen;
      const push = joined(runs);
      forEachRun(m.rows, plane * oldRows + row, (first, end, state) => {
        const inside = Math.min(end, whole);
        if (!isCut && first < inside) push(first, inside, state);
        for (let c = isCut ? first : Math.max(first, whole); c < Math.min(end, columnCount); c++) {
          const rect = { b, h, q0: row * blockQ, q1, k0: c * blockK, k1: Math.min((c + 1) * blockK, kvLen) };
          if (state === FULL || scan(rect, false)) push(c, c + 1, PARTIAL);
        }
      });
      push(columnCount, columnCount, -1);
      rowStart[plane * rowCount + row + 1] = runs.length;
    }
  }
  const rows = { rowStart, runs: runs.toArray() };
  return { ...m, qLen, kvLen, rows, columns: transposeRuns(rows, m.batch * m.heads, rowCount, columnCount) };
}

/** Joins touching runs of one state; a last call with an empty range writes what is left. */
function joined(runs: RunList): (first: number, end: number, state: number) => void {
  let [from, to, last] = [0, 0, -1];
  return (first, end, state) => {
    if (first === to && state === last && first < end) {
      to = end;
      return;
    }
    if (to > from) runs.push3(from, to, last);
    [from, to, last] = [first, end, state];
  };
}

/**
 * PyTorch's lists as runs, for what draws and computes masks here.
 * @throws TorchRefusal for lists of other dimensions than [B, H, rows, columns], and for a block that is in both lists:
 * a kernel would count it twice.
 */
export function runsOf(t: TorchBlockMask): BlockMask {
  const [batch = 0, heads = 0, rowCount = 0, columnCount = 0] = t.kvIndices.shape;
  if (t.kvIndices.shape.length !== 4)
    throw new TorchRefusal(
      "ValueError",
      `lists of [B, H, rows, columns] are needed, and these have ${t.kvIndices.shape.length} dimensions`,
    );
  const partial = orderedToDense(partialBlocks(t), columnCount).data;
  const fullLists = fullBlocks(t);
  const full = fullLists === null ? null : orderedToDense(fullLists, lastOf(fullLists.indices.shape)).data;
  const rowStart = new Int32Array(batch * heads * rowCount + 1);
  const runs = runList();
  for (let line = 0; line < batch * heads * rowCount; line++) {
    const push = joined(runs);
    for (let c = 0; c < columnCount; c++) {
      const at = line * columnCount + c;
      if (partial[at] === 1 && full?.[at] === 1)
        throw new TorchRefusal(
          "ValueError",
          `block ${c} of row ${line % rowCount} is in kv_indices and in full_kv_indices; leave it in one`,
        );
      if (partial[at] === 1) push(c, c + 1, PARTIAL);
      else if (full?.[at] === 1) push(c, c + 1, FULL);
    }
    push(columnCount, columnCount, -1);
    rowStart[line + 1] = runs.length;
  }
  const rows = { rowStart, runs: runs.toArray() };
  // A slice keeps the lengths of the whole: its own are then those of its blocks.
  const lengthOf = (length: number, block: number, count: number): number => (Math.ceil(length / block) === count ? length : count * block);
  return {
    batch,
    heads,
    qLen: lengthOf(t.seqLengths[0], t.blockSize[0], rowCount),
    kvLen: lengthOf(t.seqLengths[1], t.blockSize[1], columnCount),
    blockSize: t.blockSize,
    rows,
    columns: transposeRuns(rows, batch * heads, rowCount, columnCount),
  };
}
