/** What one row of the matrix allows, as runs of keys; and the next place where it changes. Pure. */
import type { Expr } from "../../kernels/ir/expr.ts";
import { type BlockMask, FULL, forEachRun, rowIndex } from "../../kernels/mask/blockMask.ts";
import { maskCells } from "../../kernels/mask/cells.ts";
import type { Cell } from "../state.ts";
import type { Extent } from "./viewport.ts";

/** Which row of which matrix. */
export interface RowOf {
  readonly body: Expr | null;
  readonly b: number;
  readonly h: number;
  readonly q: number;
  readonly kvLen: number;
}

const rowCells = ({ body, b, h, q, kvLen }: RowOf): Uint8Array => maskCells(body, { b, h, q0: q, q1: q + 1, k0: 0, k1: kvLen });

/** Runs [first, end) of allowed keys, ascending. */
export function rowRuns(row: RowOf): readonly (readonly [first: number, end: number])[] {
  const cells = rowCells(row);
  const runs: [number, number][] = [];
  for (let k = cells.indexOf(1); k >= 0; ) {
    const zero = cells.indexOf(0, k);
    const end = zero < 0 ? cells.length : zero;
    runs.push([k, end]);
    k = cells.indexOf(1, end);
  }
  return runs;
}

/** The first key beyond `kv` in `direction` whose state differs from that of `kv`; the row's end where there is none. */
export function nextChange(row: RowOf, kv: number, direction: 1 | -1): number {
  const cells = rowCells(row);
  const here = cells[kv];
  let k = kv + direction;
  while (k >= 0 && k < cells.length && cells[k] === here) k += direction;
  return Math.max(0, Math.min(cells.length - 1, k));
}

/** Cells looked at before the search for the next one gives up. */
const SEARCH = 2 ** 24;

/** The next cell in reading order, after `cell`, that is allowed (or masked); null where there is none within reach. */
export function nextCell(row: Omit<RowOf, "q" | "kvLen">, matrix: Extent, cell: Cell, allowed: boolean): Cell | null {
  const wanted = allowed ? 1 : 0;
  let from = cell.kv + 1;
  for (let q = cell.q, seen = 0; q < matrix.qLen && seen < SEARCH; q++, seen += matrix.kvLen) {
    const kv = rowCells({ ...row, q, kvLen: matrix.kvLen }).indexOf(wanted, from);
    if (kv >= 0) return { q, kv };
    from = 0;
  }
  return null;
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
