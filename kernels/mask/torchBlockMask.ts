/**
 * PyTorch's `BlockMask` as PyTorch holds it, field by field: what `create_block_mask` gives for a mask built here, and
 * what `BlockMask.from_kv_blocks` gives for lists written by hand, with its methods. Everything is equal to PyTorch
 * 2.13 to the last entry, its oddities included (`_adjust` below); the block-sparse structure to work with is
 * `BlockMask` (blockMask.ts), which these are made from and go back to (torchRuns.ts).
 */
import { boolean, type Expr } from "../ir/expr.ts";
import type { BlockMask } from "./blockMask.ts";
import { type IntTensor, lastOf, type OrderedBlocks, orderedToDense, product, TorchRefusal, transposeOrdered } from "./torchOrder.ts";
import { torchLists } from "./torchView.ts";
import { writeOrder } from "./torchWriteOrder.ts";

/** What stands in `mask_mod`: its name, and what it computes; null where calling it raises (after slicing). */
export interface MaskFunction {
  readonly name: string;
  readonly body: Expr | null;
}

export const NOOP_MASK: MaskFunction = { name: "noop_mask", body: boolean(true) };
/** Left by `block_mask[…]`: indices start anew, so the mod must be attached again with its offset. */
export const SLICED_MASK: MaskFunction = { name: "_sliced_mask_mod_error", body: null };

/** Leading dimensions are [B, H] unless the lists were written or indexed otherwise. R rows and C columns of blocks. */
export interface TorchBlockMask {
  readonly seqLengths: readonly [q: number, kv: number];
  /** [..., R] and [..., R, C]. */
  readonly kvNumBlocks: IntTensor;
  readonly kvIndices: IntTensor;
  /** null with `separate_full_blocks=False`. */
  readonly fullKvNumBlocks: IntTensor | null;
  readonly fullKvIndices: IntTensor | null;
  /** [..., C] and [..., C, R]; null with `compute_q_blocks=False`. */
  readonly qNumBlocks: IntTensor | null;
  readonly qIndices: IntTensor | null;
  readonly fullQNumBlocks: IntTensor | null;
  readonly fullQIndices: IntTensor | null;
  /** [..., C, R]: for each entry of `q_indices`, which turn it has in writing dQ of its row. */
  readonly dqWriteOrder: IntTensor | null;
  readonly dqWriteOrderFull: IntTensor | null;
  /** Explicit scheduler ranks, only ever handed in. */
  readonly dqKvOrder: IntTensor | null;
  /** True: descending columns. */
  readonly dqKvOrderSpt: boolean | null;
  readonly blockSize: readonly [q: number, kv: number];
  readonly maskMod: MaskFunction;
}

/** The options of `create_block_mask` that outlive building; defaults are PyTorch's. */
export interface CreateOptions {
  /** How often what is stored once is repeated; default as stored. */
  readonly batch?: number;
  readonly heads?: number;
  /** Default true. */
  readonly separateFullBlocks?: boolean;
  /** Default noop_mask. */
  readonly maskMod?: MaskFunction;
  /** `compute_dq_write_order` with this `dq_kv_order`; default none. */
  readonly dqKvOrder?: boolean;
}

/** `create_block_mask(…)` of a mask that was built. */
export function torchBlockMask(m: BlockMask, options: CreateOptions = {}): TorchBlockMask {
  const { batch = m.batch, heads = m.heads, separateFullBlocks = true, maskMod = NOOP_MASK, dqKvOrder } = options;
  const rows = torchLists(m, "rows", batch, heads, separateFullBlocks);
  const columns = torchLists(m, "columns", batch, heads, separateFullBlocks);
  const made: TorchBlockMask = {
    seqLengths: [m.qLen, m.kvLen],
    kvNumBlocks: rows.partial.counts,
    kvIndices: rows.partial.indices,
    fullKvNumBlocks: rows.full?.counts ?? null,
    fullKvIndices: rows.full?.indices ?? null,
    qNumBlocks: columns.partial.counts,
    qIndices: columns.partial.indices,
    fullQNumBlocks: columns.full?.counts ?? null,
    fullQIndices: columns.full?.indices ?? null,
    dqWriteOrder: null,
    dqWriteOrderFull: null,
    dqKvOrder: null,
    dqKvOrderSpt: null,
    blockSize: m.blockSize,
    maskMod,
  };
  return dqKvOrder === undefined ? made : { ...made, ...writeOrder(made, dqKvOrder), dqKvOrderSpt: dqKvOrder };
}

/** The arguments of `BlockMask.from_kv_blocks`; what is left out is as there. */
export interface KvBlocks {
  readonly kvNumBlocks: IntTensor;
  readonly kvIndices: IntTensor;
  readonly fullKvNumBlocks?: IntTensor | null;
  readonly fullKvIndices?: IntTensor | null;
  readonly blockSize?: number | readonly [q: number, kv: number];
  readonly maskMod?: MaskFunction;
  readonly seqLengths?: readonly [q: number, kv: number];
  readonly computeQBlocks?: boolean;
  readonly dqWriteOrder?: IntTensor | null;
  readonly dqWriteOrderFull?: IntTensor | null;
  readonly dqKvOrder?: IntTensor | boolean | null;
}

/**
 * `BlockMask.from_kv_blocks(…)`.
 * @throws TorchRefusal where PyTorch raises.
 */
export function fromKvBlocks(blocks: KvBlocks): TorchBlockMask {
  const { kvNumBlocks, kvIndices, fullKvNumBlocks = null, fullKvIndices = null, blockSize = 128 } = blocks;
  if (kvIndices.shape.length < 2) throw new TorchRefusal("RuntimeError", "BlockMask must have at least 2 dimensions");
  if ((fullKvNumBlocks === null) !== (fullKvIndices === null))
    throw new TorchRefusal("AssertionError", "full_kv_num_blocks and full_kv_indices must be both provided or omitted");
  const full = fullKvNumBlocks === null || fullKvIndices === null ? null : { counts: fullKvNumBlocks, indices: fullKvIndices };
  const isWanted = blocks.computeQBlocks ?? true;
  const q = isWanted ? transposeOrdered({ counts: kvNumBlocks, indices: kvIndices }) : null;
  const fullQ = isWanted && full !== null ? transposeOrdered(full) : null;
  const { dqWriteOrder = null, dqWriteOrderFull = null, dqKvOrder = null } = blocks;
  if (dqWriteOrderFull !== null && dqWriteOrder === null)
    throw new TorchRefusal("ValueError", "dq_write_order_full requires dq_write_order");
  const size: readonly [number, number] = typeof blockSize === "number" ? [blockSize, blockSize] : blockSize;
  return {
    seqLengths: blocks.seqLengths ?? [(kvIndices.shape.at(-2) ?? 0) * size[0], lastOf(kvIndices.shape) * size[1]],
    kvNumBlocks,
    kvIndices,
    fullKvNumBlocks,
    fullKvIndices,
    qNumBlocks: q?.counts ?? null,
    qIndices: q?.indices ?? null,
    fullQNumBlocks: fullQ?.counts ?? null,
    fullQIndices: fullQ?.indices ?? null,
    dqWriteOrder,
    dqWriteOrderFull,
    dqKvOrder: typeof dqKvOrder === "boolean" ? null : dqKvOrder,
    dqKvOrderSpt: typeof dqKvOrder === "boolean" ? dqKvOrder : null,
    blockSize: size,
    maskMod: blocks.maskMod ?? NOOP_MASK,
  };
}

/** Lists and lengths, in the order of `as_tuple()`; `flatten` false keeps the two pairs as pairs. */
export function asTuple(m: TorchBlockMask, flatten = true): readonly unknown[] {
  return [
    ...(flatten ? m.seqLengths : [m.seqLengths]),
    m.kvNumBlocks,
    m.kvIndices,
    m.fullKvNumBlocks,
    m.fullKvIndices,
    m.qNumBlocks,
    m.qIndices,
    m.fullQNumBlocks,
    m.fullQIndices,
    m.dqWriteOrder,
    m.dqWriteOrderFull,
    m.dqKvOrder,
    m.dqKvOrderSpt,
    ...(flatten ? m.blockSize : [m.blockSize]),
    m.maskMod,
  ];
}

/** `.shape`: the leading dimensions and the true lengths. */
export const torchShape = (m: TorchBlockMask): readonly number[] => [...m.kvIndices.shape.slice(0, -2), ...m.seqLengths];

/** `.numel()`. */
export const torchNumel = (m: TorchBlockMask): number => product(torchShape(m));

/**
 * `.sparsity()`, in percent: present blocks count whole, also where they reach over the end, so it can go below 0.
 * @throws TorchRefusal for a mask without elements, which PyTorch divides by.
 */
export function listedSparsity(m: TorchBlockMask): number {
  const sum = (t: IntTensor | null): number => t?.data.reduce((n, x) => n + x, 0) ?? 0;
  return torchPercent((sum(m.kvNumBlocks) + sum(m.fullKvNumBlocks)) * m.blockSize[0] * m.blockSize[1], torchNumel(m));
}

/**
 * 100 * (1 - computed / total), rounded as Python rounds it.
 * @throws TorchRefusal for a total of 0.
 */
export function torchPercent(computed: number, total: number): number {
  if (total === 0) throw new TorchRefusal("ZeroDivisionError", "division by zero");
  return 100 * (1 - computed / total);
}

/** The row lists of one kind. */
export const partialBlocks = (m: TorchBlockMask): OrderedBlocks => ({ counts: m.kvNumBlocks, indices: m.kvIndices });
export const fullBlocks = (m: TorchBlockMask): OrderedBlocks | null =>
  m.fullKvNumBlocks === null || m.fullKvIndices === null ? null : { counts: m.fullKvNumBlocks, indices: m.fullKvIndices };

/**
 * `.to_dense()`: occupancy of blocks, [..., R, C].
 * @throws TorchRefusal as `orderedToDense`.
 */
export function listedDense(m: TorchBlockMask): IntTensor {
  const dense = orderedToDense(partialBlocks(m), lastOf(m.kvIndices.shape));
  const full = fullBlocks(m);
  if (full === null) return dense;
  const other = orderedToDense(full, lastOf(full.indices.shape));
  return { shape: dense.shape, data: dense.data.map((x, i) => x | (other.data[i] ?? 0)) };
}

/**
 * `._adjust(new_q_len, new_kv_len)`, which flex_attention calls for a mask that was made for longer lengths. The lists
 * are cut to so many rows and entries, and what is left present is counted as the entries *below the old count*, not
 * as those that are left: right where the present blocks are 0, 1, 2, …, and wrong elsewhere. Longer lengths add no
 * blocks. `croppedRuns` (slice.ts) is what it should say.
 * @throws TorchRefusal where PyTorch raises.
 */
export function adjusted(m: TorchBlockMask, newQLen: number, newKvLen: number): TorchBlockMask {
  if (m.dqKvOrder !== null) throw orderRefusal("Adjusting");
  const rows = Math.floor((newQLen + m.blockSize[0] - 1) / m.blockSize[0]);
  const columns = Math.floor((newKvLen + m.blockSize[1] - 1) / m.blockSize[1]);
  const partial = adjustedLists(partialBlocks(m), rows, columns);
  const full = fullBlocks(m);
  const newFull = full === null ? null : adjustedLists(full, rows, columns);
  const made = fromKvBlocks({
    kvNumBlocks: partial.counts,
    kvIndices: partial.indices,
    fullKvNumBlocks: newFull?.counts ?? null,
    fullKvIndices: newFull?.indices ?? null,
    blockSize: m.blockSize,
    maskMod: m.maskMod,
    seqLengths: [newQLen, newKvLen],
    computeQBlocks: m.qIndices !== null,
  });
  return withOrderOf(m, made);
}

/** `made` with the write order that `m` asks for, as slicing and adjusting compute it again. */
export function withOrderOf(m: TorchBlockMask, made: TorchBlockMask): TorchBlockMask {
  const { dqKvOrderSpt } = m;
  return m.dqWriteOrder === null ? { ...made, dqKvOrderSpt } : { ...made, ...writeOrder(made, dqKvOrderSpt ?? false), dqKvOrderSpt };
}

/** What slicing and adjusting say of an explicit `dq_kv_order`. */
export function orderRefusal(what: "Slicing" | "Adjusting"): TorchRefusal {
  const way = "Construct a new BlockMask with matching precomputed dq_write_order metadata.";
  return new TorchRefusal("NotImplementedError", `${what} BlockMask with tensor dq_kv_order is not supported yet. ${way}`);
}

function adjustedLists({ counts, indices }: OrderedBlocks, maxRows: number, maxColumns: number): OrderedBlocks {
  const rank = indices.shape.length;
  if (rank < 4) throw new TorchRefusal("IndexError", `too many indices for tensor of dimension ${rank}`);
  if (rank > 4)
    throw new TorchRefusal("RuntimeError", `adjusting needs lists of four dimensions, [B, H, rows, columns], and these have ${rank}`);
  const [batch = 0, heads = 0, oldRows = 0, oldColumns = 0] = indices.shape;
  const [rows, columns] = [Math.min(oldRows, maxRows), Math.min(oldColumns, maxColumns)];
  const newCounts = new Int32Array(batch * heads * rows);
  const newIndices = new Int32Array(newCounts.length * columns);
  for (let plane = 0; plane < batch * heads; plane++) {
    for (let row = 0; row < rows; row++) {
      const from = plane * oldRows + row;
      const to = plane * rows + row;
      const ids = indices.data.subarray(from * oldColumns, from * oldColumns + columns);
      const bound = Math.min(counts.data[from] ?? 0, maxColumns);
      newIndices.set(ids, to * columns);
      newCounts[to] = ids.reduce((n, id) => n + (id < bound ? 1 : 0), 0);
    }
  }
  return {
    counts: { shape: [batch, heads, rows], data: newCounts },
    indices: { shape: [batch, heads, rows, columns], data: newIndices },
  };
}
