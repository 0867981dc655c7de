/**
 * How many cells a mask allows: exactly, in all or in any rectangle. Full blocks are counted as blocks. Where rows can
 * be solved (rowSolver.ts) a row of cells costs a few additions, however long it is, and where only distances count
 * (diagonals.ts) so does any rectangle; elsewhere partial blocks are halved
 * until intervals decide or few cells are left to look at.
 */
import { type Decider, TRUE, UNDECIDED } from "../analysis/interval.ts";
import type { CountLoop, Rect } from "../emit/js.ts";
import type { Expr } from "../ir/expr.ts";
import { type BlockMask, blockSparsity, FULL, forEachRun, type MaskSize, queryBlocks, rowIndex } from "./blockMask.ts";
import { compileMask } from "./compile.ts";
import { diagonalCounter, diagonalsOf } from "./diagonals.ts";
import type { RowSolver } from "./rowSolver.ts";
import { CELLS_EDGE } from "./search.ts";
import { keysWithin } from "./spans.ts";

/** Rectangles this narrow are counted cell by cell: a row of them costs no more than solving it. */
const NARROW = 64;
/** Work between two questions to `stop`, in cells. */
const ASK_AFTER = 2 ** 16;

/** Counts allowed cells of one mask, again and again. */
export interface CellCounter {
  /** Allowed cells of the rectangle, which lies inside of the mask. Null where `stop` said so. */
  count(rect: Rect): number | null;
  /** Whether a wide rectangle of this batch and head costs what a narrow one does. */
  solves(b: number, h: number): boolean;
}

/**
 * A counter for the mask of `body` (bool; null: everything is allowed) at this size. `stop` is asked now and then,
 * some ten thousand times a second; what it stops is not counted at all.
 */
export function cellCounter(body: Expr | null, size: MaskSize, stop: () => boolean = () => false): CellCounter {
  const mask = compileMask(body);
  const solver = mask.solver(size.qLen, size.kvLen);
  let decider: Decider | null = null;
  let loop: CountLoop | null = null;
  let work = 0;
  let stopped = false;
  let plane: { readonly b: number; readonly h: number; readonly isExact: boolean } | null = null;

  const spend = (cells: number): void => {
    work += cells;
    if (work < ASK_AFTER) return;
    work = 0;
    stopped ||= stop();
  };

  const isSolved = (b: number, h: number): boolean => {
    if (solver === null) return false;
    if (plane?.b !== b || plane.h !== h) plane = { b, h, isExact: solver.plane(b, h) && solver.isExact() };
    return plane.isExact;
  };

  const byCells = (r: Rect): number => {
    spend((r.q1 - r.q0) * (r.k1 - r.k0));
    if (stopped) return 0;
    loop ??= mask.count(size);
    return loop(r);
  };

  /** Rows are halved as long as that may decide more than single rows would. */
  const byRows = (s: RowSolver, r: Rect): number => {
    s.rows(r.q0, r.q1 - 1);
    spend(CELLS_EDGE);
    const width = r.k1 - r.k0;
    const possible = keysWithin(s.possible, r.k0, r.k1);
    const allowed = keysWithin(s.allowed, r.k0, r.k1);
    if (possible === allowed && s.isExact()) return allowed * (r.q1 - r.q0);
    if (width <= NARROW) return byCells(r);
    let total = 0;
    for (let q = r.q0; q < r.q1 && !stopped; q++) {
      s.rows(q, q);
      spend(CELLS_EDGE);
      total += s.isExact() ? keysWithin(s.possible, r.k0, r.k1) : byHalves({ ...r, q0: q, q1: q + 1 });
    }
    return total;
  };

  const byHalves = (r: Rect): number => {
    const rows = r.q1 - r.q0;
    const keys = r.k1 - r.k0;
    spend(CELLS_EDGE);
    if (stopped) return 0;
    decider ??= mask.decider();
    decider.rows(r.b, r.h, r.q0, r.q1 - 1);
    const verdict = decider.keys(r.k0, r.k1 - 1);
    if (verdict !== UNDECIDED) return verdict === TRUE ? rows * keys : 0;
    if (rows <= CELLS_EDGE && keys <= 4 * CELLS_EDGE) return byCells(r);
    if (keys > 4 * CELLS_EDGE || keys >= rows) {
      const km = (r.k0 + r.k1) >> 1;
      return byHalves({ ...r, k1: km }) + byHalves({ ...r, k0: km });
    }
    const qm = (r.q0 + r.q1) >> 1;
    return byHalves({ ...r, q1: qm }) + byHalves({ ...r, q0: qm });
  };

  let diagonals: { readonly b: number; readonly h: number; readonly count: (r: Rect) => number } | null = null;
  const byDiagonals = (r: Rect): number => {
    if (diagonals?.b !== r.b || diagonals.h !== r.h) {
      diagonals = { b: r.b, h: r.h, count: diagonalCounter(diagonalsOf(mask.cells(size), size, r.b, r.h)) };
    }
    return diagonals.count(r);
  };

  return {
    solves: (b, h) => isSolved(b, h) || mask.isOfDistance(),
    count(r) {
      if (r.q0 >= r.q1 || r.k0 >= r.k1) return 0;
      let total = 0;
      const area = (r.q1 - r.q0) * (r.k1 - r.k0);
      if (mask.isOfDistance() && (diagonals !== null || area > size.qLen + size.kvLen)) total = byDiagonals(r);
      else if (solver !== null && isSolved(r.b, r.h)) {
        for (let q = r.q0; q < r.q1 && !stopped; q += ROWS) total += byRows(solver, { ...r, q0: q, q1: Math.min(r.q1, q + ROWS) });
      } else total = byHalves(r);
      return stopped ? null : total;
    },
  };
}

/** Rows that are asked about together before single ones are. */
const ROWS = 64;

/**
 * Allowed cells of the rectangle, exact; parts outside of the mask count nothing. `body` is the one the mask was built
 * from. For many rectangles of one mask take a `cellCounter`, which this makes for each call.
 */
export function countAllowedIn(m: BlockMask, body: Expr | null, rect: Rect): number {
  const total = countRuns(m, cellCounter(body, m), rect);
  if (total === null) throw new Error("a count that nothing stops has stopped");
  return total;
}

/** Allowed elements over the batches and heads that are stored: exact. `body` is the one the mask was built from. */
export function countAllowed(m: BlockMask, body: Expr | null): number {
  const total = countUnlessStopped(m, body, () => false);
  if (total === null) throw new Error("a count that nothing stops has stopped");
  return total;
}

/** As `countAllowed`, asking `stop` now and then; null where it said so. */
export function countUnlessStopped(m: BlockMask, body: Expr | null, stop: () => boolean): number | null {
  const counter = cellCounter(body, m, stop);
  let total = 0;
  for (let b = 0; b < m.batch; b++) {
    for (let h = 0; h < m.heads; h++) {
      const here = countRuns(m, counter, { b, h, q0: 0, q1: m.qLen, k0: 0, k1: m.kvLen });
      if (here === null) return null;
      total += here;
    }
  }
  return total;
}

/** Run by run where that is needed, so that empty blocks cost nothing and full ones little. */
function countRuns(m: BlockMask, counter: CellCounter, rect: Rect): number | null {
  const [blockQ, blockK] = m.blockSize;
  const bottom = Math.min(rect.q1, m.qLen);
  const right = Math.min(rect.k1, m.kvLen);
  if (counter.solves(rect.b, rect.h)) {
    return counter.count({ b: rect.b, h: rect.h, q0: Math.max(0, rect.q0), q1: bottom, k0: Math.max(0, rect.k0), k1: right });
  }
  let total: number | null = 0;
  for (let row = Math.floor(Math.max(0, rect.q0) / blockQ); row < queryBlocks(m) && row * blockQ < bottom; row++) {
    const q0 = Math.max(rect.q0, row * blockQ, 0);
    const q1 = Math.min(bottom, (row + 1) * blockQ);
    forEachRun(m.rows, rowIndex(m, rect.b, rect.h, row), (first, end, state) => {
      const k0 = Math.max(rect.k0, first * blockK, 0);
      const k1 = Math.min(right, end * blockK);
      if (total === null || k0 >= k1) return;
      const here = state === FULL ? (q1 - q0) * (k1 - k0) : counter.count({ b: rect.b, h: rect.h, q0, q1, k0, k1 });
      total = here === null ? null : total + here;
    });
    if (total === null) return null;
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
