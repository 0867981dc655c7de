/**
 * One row of blocks as segments with a verdict each (analysis/interval.ts): what a search refines until nothing is
 * undecided.
 */
import { FALSE, TRUE, UNDECIDED } from "../analysis/interval.ts";
import type { RowSolver } from "./rowSolver.ts";

/** Flat triples (first block, end block, verdict), adjacent, in order. */
export type Segments = number[];

/**
 * What a solver says of a row of blocks: TRUE where all of its rows allow all of a block's keys, FALSE where none allows
 * any, the others UNDECIDED (`single`: one a segment). Whether there are such.
 */
export function spansToBlocks(
  { allowed, possible }: RowSolver,
  columnCount: number,
  kvLen: number,
  blockK: number,
  single: boolean,
  out: Segments,
): boolean {
  let isOpen = false;
  let done = 0;
  let t = 0;
  for (let p = 0; p < possible.count; p++) {
    const end = Math.ceil((possible.at[2 * p + 1] ?? 0) / blockK);
    let c = Math.max(done, Math.floor((possible.at[2 * p] ?? 0) / blockK));
    if (c > done) append(out, done, c, FALSE);
    while (c < end) {
      let from = end;
      let to = end;
      for (; t < allowed.count; t++) {
        from = Math.max(c, Math.ceil((allowed.at[2 * t] ?? 0) / blockK));
        const last = allowed.at[2 * t + 1] ?? 0;
        to = last >= kvLen ? columnCount : Math.floor(last / blockK);
        if (from < to) break;
        from = end;
        to = end;
      }
      const undecidedTo = Math.min(from, end);
      if (c < undecidedTo) isOpen = true;
      while (c < undecidedTo) {
        const next = single ? c + 1 : undecidedTo;
        out.push(c, next, UNDECIDED);
        c = next;
      }
      if (c < end) {
        append(out, c, Math.min(to, end), TRUE);
        c = Math.min(to, end);
      }
    }
    done = Math.max(done, end);
  }
  if (done < columnCount) append(out, done, columnCount, FALSE);
  return isOpen;
}

/** Adds a segment, joined to the one before where both are decided alike (or `joinUndecided`). */
export function append(out: Segments, first: number, end: number, verdict: number, joinUndecided = false): void {
  const n = out.length;
  if (n > 0 && out[n - 1] === verdict && (verdict !== UNDECIDED || joinUndecided)) out[n - 2] = end;
  else out.push(first, end, verdict);
}
