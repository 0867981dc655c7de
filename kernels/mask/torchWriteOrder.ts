/**
 * `dq_write_order`: a deterministic backward pass adds the key blocks' parts of dQ in a fixed turn. For each entry of
 * the column lists, the turn of that column among the present ones of its row, ascending or descending.
 */
import type { TorchBlockMask } from "./torchBlockMask.ts";
import { type IntTensor, lastOf, orderedToDense, product, TorchRefusal } from "./torchOrder.ts";

type Lists = Pick<
  TorchBlockMask,
  "kvNumBlocks" | "kvIndices" | "fullKvNumBlocks" | "fullKvIndices" | "qIndices" | "fullQIndices" | "seqLengths"
>;

/**
 * The order for partial and, where there are any lists of them, full blocks; `descending` is `dq_kv_order=True`.
 * @throws TorchRefusal where the column lists are missing, or leading dimensions are not [B, H].
 */
export function writeOrder(m: Lists, descending: boolean): Pick<TorchBlockMask, "dqWriteOrder" | "dqWriteOrderFull"> {
  if (m.qIndices === null) throw new TorchRefusal("ValueError", "BlockMask must have q_num_blocks and q_indices to compute dq_write_order");
  const rank = m.kvIndices.shape.length;
  if (rank !== 4)
    throw new TorchRefusal("ValueError", `a write order needs lists of four dimensions, [B, H, rows, columns], and these have ${rank}`);
  const columns = m.qIndices.shape.at(-2) ?? 0;
  const dense = orderedToDense({ counts: m.kvNumBlocks, indices: m.kvIndices }, columns).data;
  if (m.fullKvNumBlocks !== null && m.fullKvIndices !== null) {
    const full = orderedToDense({ counts: m.fullKvNumBlocks, indices: m.fullKvIndices }, columns).data;
    for (let i = 0; i < dense.length; i++) dense[i] = (dense[i] ?? 0) | (full[i] ?? 0);
  }
  const rows = m.kvIndices.shape.at(-2) ?? 0;
  const ranks = rankTable(dense, columns, descending);
  const gather = (ids: IntTensor): IntTensor => gathered(ids, ranks, rows, columns);
  const isFull = m.fullKvNumBlocks !== null && m.fullQIndices !== null;
  return { dqWriteOrder: gather(m.qIndices), dqWriteOrderFull: isFull && m.fullQIndices !== null ? gather(m.fullQIndices) : null };
}

/** For each block, how many present ones its row has before it (or after it). */
function rankTable(dense: Int32Array, columns: number, descending: boolean): Int32Array {
  const ranks = new Int32Array(dense.length);
  for (let from = 0; from < dense.length; from += columns) {
    let before = 0;
    for (let c = 0; c < columns; c++) {
      ranks[from + c] = before;
      before += dense[from + c] ?? 0;
    }
    if (descending) for (let c = 0; c < columns; c++) ranks[from + c] = before - 1 - (ranks[from + c] ?? 0);
  }
  return ranks;
}

function gathered(ids: IntTensor, ranks: Int32Array, rows: number, columns: number): IntTensor {
  const length = lastOf(ids.shape);
  const planes = product(ids.shape.slice(0, -2));
  const data = new Int32Array(ids.data.length);
  for (let plane = 0; plane < planes; plane++) {
    for (let column = 0; column < columns; column++) {
      const line = (plane * columns + column) * length;
      for (let i = 0; i < length; i++) {
        const row = Math.min(Math.max(ids.data[line + i] ?? 0, 0), rows - 1);
        data[line + i] = ranks[(plane * rows + row) * columns + column] ?? 0;
      }
    }
  }
  return { shape: ids.shape, data };
}
