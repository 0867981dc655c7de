/**
 * Runs of a mask that allows each row one interval of keys (causal, windows, documents), all rows at once: blocks that
 * every row of theirs allows are full, those that none does empty, and the blocks between are partial if some cell of
 * theirs is allowed, which the first row mostly shows.
 */
import { FULL, type MaskSize, PARTIAL } from "./blockMask.ts";
import type { RowIntervals } from "./rowBounds.ts";
import type { RowSolver } from "./rowSolver.ts";
import type { RunList } from "./transpose.ts";

/**
 * Appends the runs of each row of blocks of the solver's plane, and calls `done` after each; `isKnown` false: nothing
 * was appended, the row is the caller's to look into. False, and nothing done, where the mask is no such mask.
 */
export function intervalRuns(
  solver: RowSolver,
  { qLen, kvLen }: MaskSize,
  [blockQ, blockK]: readonly [q: number, kv: number],
  runs: RunList,
  done: (row: number, isKnown: boolean) => void,
): boolean {
  const found = solver.intervals(blockQ, blockQ);
  if (found === null) return false;
  const { from, to, allFrom, allTo } = found;
  const hits = solver.hitsPossible();
  let first: RowIntervals | null = null;
  const lastWhole = Math.floor(kvLen / blockK);
  const wholeRows = Math.floor(qLen / blockQ);
  for (let row = 0; row < from.length; row++) {
    const k0 = from[row] ?? 0;
    const k1 = to[row] ?? 0;
    if (k0 >= k1) {
      done(row, true);
      continue;
    }
    const c0 = Math.floor(k0 / blockK);
    const c1 = Math.ceil(k1 / blockK);
    const all0 = allFrom[row] ?? 0;
    const all1 = allTo[row] ?? 0;
    // Blocks full0..full1 lie within what every row allows; those of c0..c1 beside them do not.
    let full0 = c1;
    let full1 = c1;
    if (all0 < all1) {
      full0 = Math.ceil(all0 / blockK);
      full1 = all1 >= kvLen ? c1 : Math.floor(all1 / blockK);
      if (full0 >= full1) full0 = full1 = c1;
    }
    if (!hits) {
      first ??= solver.intervals(blockQ, 1);
      const touched = (from: number, to: number): boolean => areTouched(from, to, blockK, all0, all1, first, row);
      if (!touched(c0, full0) || !touched(full1, c1)) {
        done(row, false);
        continue;
      }
    }
    // Blocks over the end are never full.
    full1 = row < wholeRows ? Math.max(full0, Math.min(full1, lastWhole)) : full0;
    if (full0 === full1) runs.push3(c0, c1, PARTIAL);
    else {
      if (c0 < full0) runs.push3(c0, full0, PARTIAL);
      runs.push3(full0, full1, FULL);
      if (full1 < c1) runs.push3(full1, c1, PARTIAL);
    }
    done(row, true);
  }
  return true;
}

/** Does each of blocks c0..c1 (exclusive) hold a key that all rows allow, or one that the first row does? */
function areTouched(c0: number, c1: number, blockK: number, all0: number, all1: number, first: RowIntervals | null, row: number): boolean {
  const first0 = first?.from[row] ?? 0;
  const first1 = first?.to[row] ?? 0;
  for (let c = c0; c < c1; c++) {
    const k0 = c * blockK;
    const k1 = k0 + blockK;
    const byAll = all0 < all1 && all0 < k1 && all1 > k0;
    const byFirst = first0 < first1 && first0 < k1 && first1 > k0;
    if (!byAll && !byFirst) return false;
  }
  return true;
}
