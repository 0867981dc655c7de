/**
 * Edits of a text that leave every offset where it is: what the grammar cannot read is overwritten by spaces, a lone `0`
 * where a statement must stand, or a shorter spelling that it knows. The syntax tree's own words come from the text as
 * it was given.
 */
import type { Line } from "./scan.ts";

/** Edits of a text that keep its length. */
export interface Repair {
  /** Takes line `i` out, with the block that it heads; a `0` holds its place. */
  blank(i: number): void;
  isBlank(i: number): boolean;
  /** Writes `text` in place of what stands there, and spaces for the rest. */
  replace(from: number, to: number, text: string): void;
  /** The text from `from` to `to` (default: all) with that done: the same length, the same offsets. */
  text(from?: number, to?: number): string;
  /** Where the `0`s stand. */
  stumps(): ReadonlySet<number>;
  ranges(): { from: number; to: number }[];
}

/** Headers that continue a statement: no `0` may stand between its parts. */
export const CONTINUATIONS = new Set(["elif", "else", "except", "finally", "case"]);

/** No edits yet of `text`, whose logical lines are `lines`. */
export function createRepair(text: string, lines: readonly Line[]): Repair {
  const blanked = new Set<number>();
  const stumps = new Set<number>();
  const edits: { from: number; to: number; written: string }[] = [];

  const remove = (i: number, stump: boolean): void => {
    const line = lines[i];
    if (line === undefined || blanked.has(i)) return;
    blanked.add(i);
    if (stump) stumps.add(line.from);
    edits.push({ from: line.from, to: line.to, written: stump ? "0" : "" });
  };

  return {
    blank(i) {
      const line = lines[i];
      if (line === undefined) return;
      // A wrongly indented line would be wrong as a `0` too.
      const wrongIndent = line.fault !== null && line.fault.from === line.from && line.fault.to === line.to && !line.opensBlock;
      const misplaced = wrongIndent && /indent/.test(line.fault?.what ?? "indent");
      remove(i, !misplaced && !CONTINUATIONS.has(line.head));
      if (line.opensBlock || line.head === "@") {
        for (let j = i + 1; j < lines.length && (lines[j]?.indent ?? 0) > line.indent; j++) remove(j, false);
      }
      for (let j = i - 1; j >= 0 && lines[j]?.head === "@" && lines[j]?.indent === line.indent; j--) remove(j, false);
    },
    isBlank: (i) => blanked.has(i),
    replace(from, to, written) {
      edits.push({ from, to, written });
    },
    text(start = 0, end = text.length) {
      const inside = edits.filter((e) => e.from >= start && e.to <= end);
      if (inside.length === 0) return text.slice(start, end);
      const parts: string[] = [];
      let at = start;
      // Of two edits at one place the longer holds: a line that is taken out takes with it what was written in it.
      for (const { from, to, written } of inside.sort((a, b) => a.from - b.from || b.to - a.to)) {
        if (from < at) continue;
        parts.push(text.slice(at, from), written, " ".repeat(Math.max(0, to - from - written.length)));
        at = to;
      }
      parts.push(text.slice(at, end));
      return parts.join("");
    },
    stumps: () => stumps,
    ranges: () =>
      [...blanked]
        .sort((a, b) => a - b)
        .flatMap((i) => lines[i] ?? [])
        .map(({ from, to }) => ({ from, to })),
  };
}
