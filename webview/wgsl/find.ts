/** Text to be found in a kernel: the places, and a line's pieces with the places marked. Pure. */
import type { Kind, Piece } from "./highlight.ts";

/** Where the text stands in a line. */
export interface Hit {
  readonly line: number;
  readonly from: number;
  readonly to: number;
}

/** All places of `query`, in order, without regard to case. None of an empty one. */
export function hitsOf(lines: readonly string[], query: string): readonly Hit[] {
  const wanted = query.toLowerCase();
  if (wanted === "") return [];
  return lines.flatMap((text, line) => {
    const found: Hit[] = [];
    const lower = text.toLowerCase();
    for (let from = lower.indexOf(wanted); from >= 0; from = lower.indexOf(wanted, from + wanted.length))
      found.push({ line, from, to: from + wanted.length });
    return found;
  });
}

export interface MarkedPiece extends Piece {
  readonly kind: Kind;
  readonly marked: boolean;
}

/** The pieces of a line cut at the ends of its hits. */
export function marked(pieces: readonly Piece[], hits: readonly Pick<Hit, "from" | "to">[]): readonly MarkedPiece[] {
  const out: MarkedPiece[] = [];
  let at = 0;
  for (const { kind, text } of pieces) {
    const end = at + text.length;
    const cuts = [at, ...hits.flatMap(({ from, to }) => [from, to]).filter((x) => x > at && x < end), end];
    for (let i = 1; i < cuts.length; i++) {
      const [from = at, to = end] = [cuts[i - 1], cuts[i]];
      out.push({ kind, text: text.slice(from - at, to - at), marked: hits.some((h) => h.from <= from && to <= h.to) });
    }
    at = end;
  }
  return out;
}
