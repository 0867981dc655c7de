/**
 * A document in pieces, so that what was read of it before an edit can be used after it.
 *
 * A piece is a top-level statement with the lines up to the next one. Its nodes' spans count from an address that the
 * piece keeps while it lives, wherever it moves: piece number n begins at n · 2^22, which no text is as long as. So
 * spans in one piece can be compared, nodes stay the same objects, and an edit above moves nothing. A layout turns
 * such offsets into those of the text. Offsets below 2^22 are offsets of the text itself.
 */
import type { Span } from "../ir/mod.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Layout } from "./layout.ts";
import type { Line } from "./line.ts";
import { CONTINUATIONS } from "./repair.ts";
import type { Statement } from "./syntax.ts";

/** Distance between the addresses of pieces. */
export const PIECE = 2 ** 22;

/** What was read of a piece, by its text alone. */
export interface Content {
  readonly base: number;
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
  /** As `Parsed` has them. */
  readonly broken: readonly Span[];
  readonly brokenBlocks: readonly number[];
  /** From the start of the piece. */
  readonly comments: readonly { readonly from: number; readonly to: number }[];
}

export interface Piece {
  readonly text: string;
  /** Where it begins in the text now. */
  readonly from: number;
  readonly content: Content;
}

/** The number of the piece that an offset belongs to; 0 for offsets of the text. */
export const pieceOf = (offset: number): number => Math.floor(offset / PIECE);

export function pieceLayout(pieces: readonly Piece[]): Layout {
  let starts: Map<number, number> | null = null;
  return {
    toText(offset) {
      if (offset < PIECE) return offset;
      starts ??= new Map(pieces.map((p) => [pieceOf(p.content.base), p.from]));
      const piece = pieceOf(offset);
      return (starts.get(piece) ?? 0) + offset - piece * PIECE;
    },
    fromText(at) {
      const piece = pieces[Math.max(0, firstAfter(pieces, at) - 1)];
      return piece === undefined ? at : piece.content.base + at - piece.from;
    },
  };
}

/** What was read of pieces, by their texts; of several with one text in their order. */
export type Contents = ReadonlyMap<string, readonly Content[]>;

export function contentsOf(pieces: readonly Piece[]): Contents {
  const contents = new Map<string, Content[]>();
  for (const { text, content } of pieces) {
    const same = contents.get(text);
    if (same === undefined) contents.set(text, [content]);
    else same.push(content);
  }
  return contents;
}

/**
 * Which pieces an edit touched: those from `first` to before `last`, which now stand from `from` to `to`. A neighbour
 * on either side is among them, for a statement may have joined or parted from it. Null where nothing can be kept.
 */
export function changeOf(
  pieces: readonly Piece[],
  before: string,
  text: string,
): { first: number; last: number; from: number; to: number } | null {
  const moved = text.length - before.length;
  const head = sharedStart(before, text);
  const tail = sharedEnd(before, text, head);
  // Those that end in the shared start, less one; those that begin in the shared end, less one.
  const first = Math.max(0, firstAfter(pieces, head) - 2);
  const from = pieces[first]?.from ?? 0;
  const last = Math.min(pieces.length, firstAfter(pieces, before.length - tail - 1) + 1);
  // A quote or bracket that is not closed above may be closed by now.
  if (pieces.some((p, i) => (i < first || i >= last) && p.content.broken.length > 0)) return null;
  const next = pieces[last];
  return first === 0 && next === undefined ? null : { first, last, from, to: next === undefined ? text.length : next.from + moved };
}

/** A piece while it is read; offsets are those of the text at hand. */
export interface Draft {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** What was read of it before, and holds; null for one to be read. */
  readonly known: Content | null;
  /** What was read of the same text before, if anything was. */
  readonly before: Content | null;
  readonly base: number;
  readonly statements: Statement[];
  readonly diagnostics: Diagnostic[];
}

/** The drafts of `text`, which stands at `at` in the document, up to `end`. */
export function draftsOf(
  text: string,
  lines: readonly Line[],
  end: number,
  at: number,
  address: (from: number) => number,
  known: Contents,
): Draft[] {
  const taken = new Map<string, number>();
  return boundsOf(lines, end).map(({ from, to, isFaulty }) => {
    const own = text.slice(from, to);
    const times = taken.get(own) ?? 0;
    const before = known.get(own)?.[times] ?? null;
    taken.set(own, times + 1);
    // Where a faulty line ends may depend on those after it: what was read of it may not be what is read now.
    const isSound = !isFaulty && before?.broken.length === 0;
    const base = before?.base ?? address(from + at);
    return { from, to, text: own, known: isSound ? before : null, before, base, statements: [], diagnostics: [] };
  });
}

/** A top-level statement each, with its decorators and clauses, and the comments and empty lines after it. */
function boundsOf(lines: readonly Line[], end: number): { readonly from: number; readonly to: number; readonly isFaulty: boolean }[] {
  const bounds: { from: number; to: number; isFaulty: boolean }[] = [];
  let open = { from: 0, to: end, isFaulty: false };
  for (const [i, line] of lines.entries()) {
    if (i > 0 && line.indent === 0 && !CONTINUATIONS.has(line.head) && lines[i - 1]?.head !== "@") {
      open.to = line.from;
      bounds.push(open);
      open = { from: line.from, to: end, isFaulty: false };
    }
    if (line.fault !== null) open.isFaulty = true;
  }
  bounds.push(open);
  return bounds;
}

/** The last draft that begins at or before `at`. */
export function draftAt(drafts: readonly Draft[], at: number): number {
  return Math.max(0, firstAfter(drafts, at) - 1);
}

/** The pieces that `drafts` became, up to `end`; `parts` are those of the whole text at hand. */
export function piecesOf(
  drafts: readonly Draft[],
  parts: { readonly broken: readonly Extent[]; readonly brokenBlocks: readonly number[]; readonly comments: readonly Extent[] },
  file: string,
  at: number,
  end: number,
): Piece[] {
  const broken = byDraft(drafts, parts.broken, (one) => one.from);
  const blocks = byDraft(drafts, parts.brokenBlocks, (one) => one);
  const comments = byDraft(drafts, parts.comments, (one) => one.from);
  return drafts.flatMap((d, i): Piece[] => {
    if (d.from >= end) return [];
    const place = (offset: number): number => d.base + offset - d.from;
    const read = d.known ?? {
      base: d.base,
      statements: d.statements,
      diagnostics: d.diagnostics,
      broken: broken(i).map((r) => ({ file, from: place(r.from), to: place(r.to) })),
      brokenBlocks: blocks(i).map(place),
      comments: comments(i).map((c) => ({ from: c.from - d.from, to: c.to - d.from })),
    };
    return [{ text: d.text, from: d.from + at, content: d.before !== null && isSame(d.before, read) ? d.before : read }];
  });
}

/** Those of `parts` that stand in the draft of a number: of few drafts there are any. */
function byDraft<T>(drafts: readonly Draft[], parts: readonly T[], placeOf: (part: T) => number): (draft: number) => readonly T[] {
  const found = new Map<number, T[]>();
  for (const part of parts) {
    const draft = draftAt(drafts, placeOf(part));
    const same = found.get(draft);
    if (same === undefined) found.set(draft, [part]);
    else same.push(part);
  }
  return (draft) => found.get(draft) ?? [];
}

/** Whether two readings of one text at one address found the same faults, and so the same nodes. */
const isSame = (a: Content, b: Content): boolean =>
  a === b ||
  (a.broken.length > 0 &&
    JSON.stringify([a.broken, a.brokenBlocks, a.diagnostics]) === JSON.stringify([b.broken, b.brokenBlocks, b.diagnostics]));

interface Extent {
  readonly from: number;
  readonly to: number;
}

/** How many characters two texts begin with alike. */
function sharedStart(a: string, b: string): number {
  let low = 0;
  let high = Math.min(a.length, b.length);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (a.slice(low, middle) === b.slice(low, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How many characters two texts end with alike, those of their shared start not counted. */
function sharedEnd(a: string, b: string, start: number): number {
  let low = 0;
  let high = Math.min(a.length, b.length) - start;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (a.slice(a.length - middle, a.length - low) === b.slice(b.length - middle, b.length - low)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How many of `parts`, which begin in ascending order, begin at or before `at`. */
function firstAfter(parts: readonly { readonly from: number }[], at: number): number {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((parts[middle]?.from ?? Number.POSITIVE_INFINITY) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
