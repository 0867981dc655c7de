/**
 * mask_mod → block mask. Intervals first: rows and keys are halved together until a rectangle of blocks is known to be
 * empty or full, and only blocks that stay undecided are looked into, again by intervals first, and by cells below
 * 32 × 32. Rows come out in order as runs; there is never an array of all blocks. Structured masks cost a few interval
 * questions a row, adversarial ones no more than evaluating every cell (a search by intervals that keeps failing is
 * given up). After the quadtrees of the measured prototype; PyTorch evaluates every cell.
 */
import { boxOf, compileDecider, TRUE, UNDECIDED } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { compileCount, compileScan, type Rect } from "../emit/js.ts";
import { boolean, cast, type Expr } from "../ir/expr.ts";
import { freeVars } from "../ir/walk.ts";
import { type BlockMask, blockSparsity, FULL, forEachRun, queryBlocks, rowIndex } from "./blockMask.ts";
import { CELLS_EDGE, Search } from "./search.ts";
import { runList, transposeRuns } from "./transpose.ts";

/** The size of the mask; `batch` and `heads` as in `create_block_mask`. */
export interface MaskSize {
  readonly batch: number;
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
}

/**
 * Builds the block mask of `body` (bool; null: everything allowed). A mask that does not depend on `b` (or `h`) is
 * built and stored for one batch (head). Blocks that reach over the end of the queries or keys are never full, as in
 * PyTorch, which pads with False.
 */
export function buildBlockMask(body: Expr | null, size: MaskSize, blockSize: readonly [q: number, kv: number]): BlockMask {
  const built = buildUnlessStopped(body, size, blockSize, () => false);
  if (built === null) throw new Error("a build that nothing stops has stopped");
  return built;
}

/** As `buildBlockMask`, asking `stop` before each undecided block; null where it said so. For work within a time. */
export function buildUnlessStopped(
  body: Expr | null,
  size: MaskSize,
  blockSize: readonly [q: number, kv: number],
  stop: () => boolean,
): BlockMask | null {
  const e = simplify(cast(body ?? boolean(true), "bool"));
  const vars = freeVars(e);
  const batch = vars.has("b") ? size.batch : 1;
  const heads = vars.has("h") ? size.heads : 1;
  const { qLen, kvLen } = size;
  const rowCount = Math.ceil(qLen / blockSize[0]);
  const columnCount = Math.ceil(kvLen / blockSize[1]);

  const rowStart = new Int32Array(batch * heads * rowCount + 1);
  const runs = runList();
  const search = new Search(compileDecider(e), compileScan(e, boxOf(size.batch, size.heads, qLen, kvLen)), qLen, kvLen, blockSize, stop);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) search.plane(b, h, runs, rowStart, (b * heads + h) * rowCount);
  }
  if (search.stopped) return null;
  const rows = { rowStart, runs: runs.toArray() };
  return { batch, heads, qLen, kvLen, blockSize, rows, columns: transposeRuns(rows, batch * heads, rowCount, columnCount) };
}

/**
 * Allowed elements over the batches and heads that are stored: exact. Full blocks are counted, partial ones are looked
 * into by intervals first. `body` is the one the mask was built from.
 */
export function countAllowed(m: BlockMask, body: Expr | null): number {
  const total = countUnlessStopped(m, body, () => false);
  if (total === null) throw new Error("a count that nothing stops has stopped");
  return total;
}

/** As `countAllowed`, asking `stop` before each look at cells; null where it said so. */
export function countUnlessStopped(m: BlockMask, body: Expr | null, stop: () => boolean): number | null {
  const e = simplify(cast(body ?? boolean(true), "bool"));
  const count = compileCount(e, boxOf(m.batch, m.heads, m.qLen, m.kvLen));
  const decider = compileDecider(e);
  const [blockQ, blockK] = m.blockSize;
  let stopped = false;
  const within = (r: Rect): number => {
    const rows = r.q1 - r.q0;
    const keys = r.k1 - r.k0;
    stopped ||= stop();
    if (stopped) return 0;
    decider.rows(r.b, r.h, r.q0, r.q1 - 1);
    const verdict = decider.keys(r.k0, r.k1 - 1);
    if (verdict !== UNDECIDED) return verdict === TRUE ? rows * keys : 0;
    if (rows <= CELLS_EDGE && keys <= 4 * CELLS_EDGE) return count(r);
    if (keys > 4 * CELLS_EDGE || keys >= rows) {
      const km = (r.k0 + r.k1) >> 1;
      return within({ ...r, k1: km }) + within({ ...r, k0: km });
    }
    const qm = (r.q0 + r.q1) >> 1;
    return within({ ...r, q1: qm }) + within({ ...r, q0: qm });
  };
  let total = 0;
  for (let b = 0; b < m.batch; b++) {
    for (let h = 0; h < m.heads; h++) {
      for (let row = 0; row < queryBlocks(m); row++) {
        const q0 = row * blockQ;
        const q1 = Math.min(q0 + blockQ, m.qLen);
        forEachRun(m.rows, rowIndex(m, b, h, row), (first, end, state) => {
          const k0 = first * blockK;
          const k1 = Math.min(end * blockK, m.kvLen);
          total += state === FULL ? (q1 - q0) * (k1 - k0) : within({ b, h, q0, q1, k0, k1 });
        });
        if (stopped) return null;
      }
    }
  }
  return total;
}

/** Share of masked elements in [0, 1]; see `countAllowed` for its cost. 0 where there are no elements. */
export function elementSparsity(m: BlockMask, body: Expr | null): number {
  return shareMasked(m, countAllowed(m, body));
}

/** The share of masked elements where `allowed` are not. */
export function shareMasked(m: BlockMask, allowed: number): number {
  const cells = m.batch * m.heads * m.qLen * m.kvLen;
  return cells === 0 ? 0 : Math.max(0, 1 - allowed / cells);
}

/** The two figures the lens and the hover show. */
export function sparsityOf(m: BlockMask, body: Expr | null): { readonly blocks: number; readonly elements: number } {
  return { blocks: blockSparsity(m), elements: elementSparsity(m, body) };
}
