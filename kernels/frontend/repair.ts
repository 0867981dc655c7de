/**
 * Which lines of a text are left out: a faulty one, with the block that it heads, the decorators before it and the
 * clauses after it. A statement that nothing can be said of stands in for it.
 */
import type { Line } from "./line.ts";

export interface Repair {
  /** Takes line `i` out, with what hangs on it. */
  blank(i: number): void;
  isBlank(i: number): boolean;
  /** Whether a statement stands in for line `i`. */
  isStump(i: number): boolean;
  /** The lines that were taken out, in order. */
  ranges(): { from: number; to: number }[];
}

/** Headers that continue a statement: nothing may stand in for them. */
export const CONTINUATIONS = new Set(["elif", "else", "except", "finally", "case"]);
/** Statements that have such clauses at their own indentation. */
const CLAUSED = new Set(["if", "for", "while", "try", "async"]);

/** Nothing is taken out yet of the text whose logical lines are `lines`. */
export function createRepair(lines: readonly Line[]): Repair {
  const blanked = new Set<number>();
  const stumps = new Set<number>();

  const remove = (i: number): void => {
    blanked.add(i);
    stumps.delete(i);
  };

  /** Takes out the lines from `i` on that are indented more than `indent`; gives the first that is not. */
  const blankBlock = (i: number, indent: number): number => {
    let j = i;
    for (let line = lines[j]; line !== undefined && line.indent > indent; line = lines[++j]) remove(j);
    return j;
  };

  return {
    blank(i) {
      const line = lines[i];
      if (line === undefined || blanked.has(i)) return;
      blanked.add(i);
      // A wrongly indented line would be wrong as a statement too.
      const isMisplaced =
        line.fault !== null &&
        line.fault.from === line.from &&
        line.fault.to === line.to &&
        !line.opensBlock &&
        /indent|^$/.test(line.fault.what);
      if (!isMisplaced && !CONTINUATIONS.has(line.head)) stumps.add(i);
      if (line.opensBlock || line.head === "@") {
        let j = blankBlock(i + 1, line.indent);
        if (CLAUSED.has(line.head)) {
          for (let next = lines[j]; next?.indent === line.indent && CONTINUATIONS.has(next.head); next = lines[j]) {
            remove(j);
            j = blankBlock(j + 1, line.indent);
          }
        }
      }
      for (let j = i - 1; j >= 0 && lines[j]?.head === "@" && lines[j]?.indent === line.indent; j--) {
        remove(j);
      }
    },
    isBlank: (i) => blanked.has(i),
    isStump: (i) => stumps.has(i),
    ranges: () =>
      [...blanked]
        .sort((a, b) => a - b)
        .flatMap((i) => lines[i] ?? [])
        .map(({ from, to }) => ({ from, to })),
  };
}
