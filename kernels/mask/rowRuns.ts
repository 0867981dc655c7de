/** What one row of the matrix allows, as runs of keys; and the next place where it changes. Pure. */
import type { Expr } from "../ir/expr.ts";
import { type BlockMask, FULL, forEachRun, rowIndex } from "./blockMask.ts";
import { maskCells } from "./cells.ts";

/** A cell of one plane. */
export interface Cell {
  readonly q: number;
  readonly kv: number;
}

/** Which row of which matrix. */
export interface RowOf {
  readonly body: Expr | null;
  /** Built from `body`: only its partial blocks are looked into, so that a row of a million keys costs a few hundred. */
  readonly mask: BlockMask;
  readonly b: number;
  readonly h: number;
  readonly q: number;
}

/** Runs [first, end) of allowed keys, ascending. */
export function rowRuns({ body, mask, b, h, q }: RowOf): readonly (readonly [first: number, end: number])[] {
  const [blockQ, blockKv] = mask.blockSize;
  const runs: [number, number][] = [];
  const push = (first: number, end: number): void => {
    const last = runs.at(-1);
    if (last?.[1] === first) last[1] = end;
    else runs.push([first, end]);
  };
  forEachRun(mask.rows, rowIndex(mask, b, h, Math.floor(q / blockQ)), (firstBlock, endBlock, state) => {
    const k0 = firstBlock * blockKv;
    const k1 = Math.min(mask.kvLen, endBlock * blockKv);
    if (state === FULL) {
      push(k0, k1);
      return;
    }
    const cells = maskCells(body, { b, h, q0: q, q1: q + 1, k0, k1 });
    for (let k = cells.indexOf(1); k >= 0; ) {
      const zero = cells.indexOf(0, k);
      const end = zero < 0 ? cells.length : zero;
      push(k0 + k, k0 + end);
      k = cells.indexOf(1, end);
    }
  });
  return runs;
}

/** The first key beyond `kv` in `direction` whose state differs from that of `kv`; the row's end where there is none. */
export function nextChange(row: RowOf, kv: number, direction: 1 | -1): number {
  const last = row.mask.kvLen - 1;
  // Where the state changes on the way up: each run's first key, and the one after its end.
  const changes = rowRuns(row).flat();
  if (direction === 1) return changes.find((k) => k > kv && k <= last) ?? last;
  const before = changes.findLast((k) => k <= kv && k > 0);
  return before === undefined ? 0 : before - 1;
}

/** Rows searched before the search for the next cell gives up. */
const MOST_ROWS = 2 ** 20;

/** The next cell in reading order, after `cell`, that is allowed (or masked); null where there is none within reach. */
export function nextCell(plane: Omit<RowOf, "q">, cell: Cell, allowed: boolean): Cell | null {
  const { qLen, kvLen, blockSize, rows } = plane.mask;
  let from = cell.kv + 1;
  for (let q = cell.q; q < qLen && q - cell.q <= MOST_ROWS; q++) {
    const runs = rowRuns({ ...plane, q });
    const kv = allowed ? nextIn(runs, from) : nextBeside(runs, from, kvLen);
    if (kv !== null) return { q, kv };
    from = 0;
    // Rows of blocks without any allowed cell are passed at once.
    const block = rowIndex(plane.mask, plane.b, plane.h, Math.floor(q / blockSize[0]));
    if (allowed && rows.rowStart[block] === rows.rowStart[block + 1]) q = Math.ceil((q + 1) / blockSize[0]) * blockSize[0] - 1;
  }
  return null;
}

type Runs = readonly (readonly [first: number, end: number])[];

/** The first key from `from` on that lies in a run. */
function nextIn(runs: Runs, from: number): number | null {
  const run = runs.find(([, end]) => end > from);
  return run === undefined ? null : Math.max(from, run[0]);
}

/** The first key from `from` on that lies in no run. */
function nextBeside(runs: Runs, from: number, kvLen: number): number | null {
  const run = runs.find(([first, end]) => first <= from && end > from);
  const kv = run === undefined ? from : run[1];
  return kv < kvLen ? kv : null;
}

/** Full and partial blocks of one row of blocks. */
export function blocksOfRow(blockMask: BlockMask, b: number, h: number, row: number): readonly [full: number, partial: number] {
  let full = 0;
  let partial = 0;
  forEachRun(blockMask.rows, rowIndex(blockMask, b, h, row), (first, end, kind) => {
    if (kind === FULL) full += end - first;
    else partial += end - first;
  });
  return [full, partial];
}
