/**
 * mask_mod → block mask. Where the mask's terms allow each row an interval of keys (causal masks, windows, documents,
 * prefixes), rows of blocks are solved one by one; elsewhere rows and keys are halved together until a rectangle of
 * blocks is known to be empty or full. Only blocks that stay undecided are looked into, and cells come last. Rows come
 * out in order as runs; there is never an array of all blocks. Structured masks cost a few thresholds a row,
 * adversarial ones no more than evaluating every cell (a search by intervals that keeps failing is given up). PyTorch
 * evaluates every cell.
 */
import type { Expr } from "../ir/expr.ts";
import type { BlockMask, MaskSize } from "./blockMask.ts";
import { type CompiledMask, compileMask } from "./compile.ts";
import { Search } from "./search.ts";
import { runList, transposeRuns } from "./transpose.ts";

/**
 * Builds the block mask of `body` (bool; null: everything allowed). A mask that does not depend on `b` (or `h`) is
 * built and stored for one batch (head). Blocks that reach over the end of the queries or keys are never full, as in
 * PyTorch, which pads with False.
 */
export function buildBlockMask(body: Expr | null, size: MaskSize, blockSize: readonly [q: number, kv: number]): BlockMask {
  return buildCompiled(compileMask(body), size, blockSize);
}

/** As `buildBlockMask`, of a mask that is compiled already. */
export function buildCompiled(mask: CompiledMask, size: MaskSize, blockSize: readonly [q: number, kv: number]): BlockMask {
  const steps = buildSteps(mask, size, blockSize);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** As `buildBlockMask`, asking `stop` every few hundred microseconds; null where it said so. For work within a time. */
export function buildUnlessStopped(
  body: Expr | null,
  size: MaskSize,
  blockSize: readonly [q: number, kv: number],
  stop: () => boolean,
): BlockMask | null {
  const steps = buildSteps(compileMask(body), size, blockSize);
  let step = steps.next();
  while (step.done !== true) {
    if (stop()) return null;
    step = steps.next();
  }
  return step.value;
}

/**
 * The build in steps of some hundred microseconds each: for whoever has something else to do between them. Gives the
 * rows done so far, of all that there are, at each step.
 */
export function* buildSteps(
  mask: CompiledMask,
  size: MaskSize,
  blockSize: readonly [q: number, kv: number],
): Generator<{ readonly done: number; readonly of: number }, BlockMask> {
  const batch = mask.usesBatch ? size.batch : 1;
  const heads = mask.usesHeads ? size.heads : 1;
  const { qLen, kvLen } = size;
  const rowCount = Math.ceil(qLen / blockSize[0]);
  const columnCount = Math.ceil(kvLen / blockSize[1]);
  const rowStart = new Int32Array(batch * heads * rowCount + 1);
  const runs = runList();
  const search = new Search(mask, size, blockSize);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const first = (b * heads + h) * rowCount;
      const plane = search.plane(b, h, runs, rowStart, first);
      while (plane.next().done !== true) yield { done: first + search.row, of: batch * heads * rowCount };
    }
  }
  const rows = { rowStart, runs: runs.toArray() };
  return { batch, heads, qLen, kvLen, blockSize, rows, columns: transposeRuns(rows, batch * heads, rowCount, columnCount) };
}
