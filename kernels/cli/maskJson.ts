/**
 * What `flexlens mask --json` prints: PyTorch's BlockMask field by field, spelled as there, its sparsity and texts, the
 * true sparsity, the cells, and what the mask costs.
 */
import { performance } from "node:perf_hooks";
import type { Problem } from "../flash/problem.ts";
import type { Expr } from "../ir/expr.ts";
import type { ProblemHints } from "../ir/mod.ts";
import { type BlockMask, forEachRun, keyBlocks, queryBlocks, torchSparsity } from "../mask/blockMask.ts";
import { buildBlockMask } from "../mask/build.ts";
import { maskBits } from "../mask/cells.ts";
import { maskCost } from "../mask/cost.ts";
import { sparsityOf } from "../mask/count.ts";
import { type CreateOptions, torchBlockMask } from "../mask/torchBlockMask.ts";
import type { IntTensor } from "../mask/torchOrder.ts";
import { percentText, torchText } from "../mask/torchText.ts";
import type { Options } from "./options.ts";

/** Above so many cells `bits` is null: base64 of more would not be read by anyone. */
const MAX_BITS = 2 ** 24;
/** Above so many entries a list is null and `runs` stands in: at a million tokens one would have 67 million. */
const MAX_ENTRIES = 2 ** 22;

/** A mask that was just built, and how long that took, the emitting of its loops included. */
export interface TimedMask {
  readonly mask: BlockMask;
  readonly builtMs: number;
}

export function buildTimed(body: Expr | null, p: Problem): TimedMask {
  const from = performance.now();
  const mask = buildBlockMask(body, { batch: p.batch, heads: p.qHeads, qLen: p.qLen, kvLen: p.kvLen }, p.blockSize);
  return { mask, builtMs: performance.now() - from };
}

/** How PyTorch's lists are to be made. */
export type ListOptions = Required<Pick<CreateOptions, "separateFullBlocks">> & Pick<CreateOptions, "dqKvOrder">;

/** What the command line asks for, else the file's own `create_block_mask`, else PyTorch's defaults. */
export function listOptions(problem: ProblemHints, options: Options): ListOptions {
  const separateFullBlocks = options.separateFullBlocks ?? problem.separateFullBlocks ?? true;
  return problem.dqKvOrder === undefined ? { separateFullBlocks } : { separateFullBlocks, dqKvOrder: problem.dqKvOrder };
}

/**
 * `bits` is row-major over [B, H, Q_LEN, KV_LEN], least significant bit first. Without `separateFullBlocks` the full
 * lists are null, as in PyTorch; the write order is there where the file asks for it.
 */
export function maskJson({ mask, builtMs }: TimedMask, body: Expr | null, p: Problem, options: ListOptions): object {
  const { batch, qHeads: heads, qLen, kvLen } = p;
  const isLong = batch * heads * queryBlocks(mask) * keyBlocks(mask) > MAX_ENTRIES;
  const cost = maskCost(mask, batch, heads, options.separateFullBlocks);
  const torch = torchSparsity(mask);
  return {
    shape: [batch, heads, qLen, kvLen],
    seq_lengths: [qLen, kvLen],
    block_size: mask.blockSize,
    ...(isLong ? { ...NO_LISTS, runs: { rows: runsJson(mask, "rows"), columns: runsJson(mask, "columns") } } : lists()),
    sparsity: sparsityOf(mask, body),
    torch: { sparsity: torch, sparsity_text: percentText(torch), str: torchText(mask, batch, heads) },
    cost: { build_ms: builtMs, run_bytes: cost.runs, torch_bytes: cost.torchLists, dense_bytes: cost.dense },
    bits: batch * heads * qLen * kvLen > MAX_BITS ? null : Buffer.from(maskBits(body, batch, heads, qLen, kvLen)).toString("base64"),
  };

  function lists(): object {
    const f = torchBlockMask(mask, { batch, heads, ...options });
    return {
      kv_num_blocks: nested(f.kvNumBlocks),
      kv_indices: nested(f.kvIndices),
      full_kv_num_blocks: nested(f.fullKvNumBlocks),
      full_kv_indices: nested(f.fullKvIndices),
      q_num_blocks: nested(f.qNumBlocks),
      q_indices: nested(f.qIndices),
      full_q_num_blocks: nested(f.fullQNumBlocks),
      full_q_indices: nested(f.fullQIndices),
      ...(f.dqWriteOrder === null
        ? {}
        : {
            dq_write_order: nested(f.dqWriteOrder),
            dq_write_order_full: nested(f.dqWriteOrderFull),
            dq_kv_order_spt: f.dqKvOrderSpt,
          }),
    };
  }
}

const NO_LISTS = {
  kv_num_blocks: null,
  kv_indices: null,
  full_kv_num_blocks: null,
  full_kv_indices: null,
  q_num_blocks: null,
  q_indices: null,
  full_q_num_blocks: null,
  full_q_indices: null,
};

/** A tensor as Python's nested lists. */
function nested(t: IntTensor | null): unknown {
  if (t === null) return null;
  const cut = (from: number, shape: readonly number[]): unknown[] => {
    const [n = 0, ...rest] = shape;
    if (rest.length === 0) return Array.from(t.data.subarray(from, from + n));
    const step = rest.reduce((a, x) => a * x, 1);
    return Array.from({ length: n }, (_, i) => cut(from + i * step, rest));
  };
  return cut(0, t.shape);
}

/** [first block, end block, state] of each run of each line, for the batches and heads that differ, one after another. */
function runsJson(m: BlockMask, which: "rows" | "columns"): unknown[][] {
  const lines = m[which];
  return Array.from({ length: lines.rowStart.length - 1 }, (_, line) => {
    const runs: unknown[] = [];
    forEachRun(lines, line, (first, end, state) => runs.push([first, end, state === 1 ? "full" : "partial"]));
    return runs;
  });
}
