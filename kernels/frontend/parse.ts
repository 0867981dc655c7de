/**
 * Python text → syntax tree and syntax errors: the parser's door.
 *
 * Any text gets an answer, in time that grows with its length alone. scan.ts makes tokens and logical lines and finds
 * what is wrong without a grammar; the other parse*.ts read the lines of a piece by recursive descent. A line with a
 * fault is left out, with the block where it is the block's header, and an `UnsupportedStatement` stands in for it; so
 * its neighbours stay. Offsets are those of the text as given, in UTF-16 units; `\r\n` ends a line as `\n` does.
 */
import type { Span } from "../ir/mod.ts";
import { type Cursor, expect, type SyntaxFault } from "./cursor.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import { type Layout, textLayout } from "./layout.ts";
import type { Line } from "./line.ts";
import { parseArguments, parseLoose } from "./parseExpression.ts";
import { docstringOf, parseStatements, type Statements } from "./parseStatement.ts";
import { type Contents, changeOf, contentsOf, draftAt, draftsOf, PIECE, type Piece, pieceLayout, piecesOf } from "./piece.ts";
import { createRepair, type Repair } from "./repair.ts";
import { MAX_FAULTS, scan } from "./scan.ts";
import type { Expression, Keyword, Module, Statement } from "./syntax.ts";

export interface Parsed {
  readonly module: Module;
  readonly diagnostics: readonly Diagnostic[];
  /** Lines left out of the tree, each with the block it heads. */
  readonly broken: readonly Span[];
  /** Where the headers begin in whose blocks such lines stand, by their indentation. */
  readonly brokenBlocks: readonly number[];
  /** In offsets of the text. */
  readonly comments: readonly Span[];
}

/** What `parseAgain` gives, and takes the next time. */
export interface Reading extends Parsed {
  /** Empty where not all of the text was read. */
  readonly pieces: readonly Piece[];
  /** Number of the next address. */
  readonly next: number;
}

/** Longer texts are not read: no mods are written in them. */
export const MAX_LENGTH = 4_000_000;
/** Syntax errors reported for one text. */
const MAX_ERRORS = 50;
const NOTHING: Contents = new Map();

/** Reads a text from nothing; spans are offsets of the text. */
export function parseModule(file: string, text: string): Parsed {
  if (text.length > MAX_LENGTH) return tooLarge(file, text);
  const { pieces, end } = readPieces(file, text, 0, (from) => from, NOTHING);
  return parsedOf(file, text, pieces, end, textLayout);
}

/**
 * Reads a text whose earlier state was read as `before` (null at first): pieces that are the same keep their very
 * nodes, so that whatever was found out about a node holds. For that, spans count from the start of their piece, at
 * an address that it keeps for life; the layout says where in the text that is now.
 */
export function parseAgain(file: string, text: string, before: Reading | null): Reading {
  if (text.length > MAX_LENGTH) return { ...tooLarge(file, text), pieces: [], next: before?.next ?? 1 };
  let next = before?.next ?? 1;
  const address = (): number => PIECE * next++;
  const changed = before === null ? null : readChanged(file, text, before, address);
  const { pieces, end } = changed ?? readPieces(file, text, 0, address, contentsOf(before?.pieces ?? []));
  const parsed = parsedOf(file, text, pieces, end, pieceLayout(pieces));
  return { ...parsed, pieces: end < text.length ? [] : pieces, next };
}

function tooLarge(file: string, text: string): Parsed {
  const span = { file, from: 0, to: Math.min(text.length, 80) };
  return {
    module: { kind: "Module", file, text, body: [], docstring: null, layout: textLayout },
    diagnostics: [diagnose("too-large", span, ["This file"])],
    broken: [{ file, from: 0, to: text.length }],
    brokenBlocks: [],
    comments: [],
  };
}

function parsedOf(file: string, text: string, pieces: readonly Piece[], end: number, layout: Layout): Parsed {
  const body: Statement[] = [];
  const diagnostics: Diagnostic[] = [];
  const broken: Span[] = [];
  const brokenBlocks: number[] = [];
  const comments: Span[] = [];
  for (const { from, content } of pieces) {
    for (const statement of content.statements) body.push(statement);
    for (const diagnostic of content.diagnostics) diagnostics.push(diagnostic);
    for (const span of content.broken) broken.push(span);
    for (const offset of content.brokenBlocks) brokenBlocks.push(offset);
    for (const c of content.comments) comments.push({ file, from: from + c.from, to: from + c.to });
  }
  if (end < text.length) broken.push({ file, from: end, to: text.length });
  return {
    module: { kind: "Module", file, text, body, docstring: docstringOf(body), layout },
    diagnostics: diagnostics.length > MAX_ERRORS ? firstErrors(diagnostics, file, layout) : diagnostics,
    broken,
    brokenBlocks,
    comments,
  };
}

/**
 * The pieces of `text` where only some changed since `before`: those are read anew, with a neighbour on either side.
 * Null where the change may reach further, as an open bracket does.
 */
function readChanged(
  file: string,
  text: string,
  { pieces, module }: Reading,
  address: () => number,
): { pieces: readonly Piece[]; end: number } | null {
  const change = changeOf(pieces, module.text, text);
  if (change === null) return null;
  const { first, last, from, to } = change;
  const between = flat(text.slice(from, to));
  // Which of an odd number of triple quotes is not closed, the whole text decides.
  if (between.split('"""').length % 2 === 0 || between.split("'''").length % 2 === 0) return null;
  const region = readPieces(file, between, from, address, contentsOf(pieces.slice(first, last)));
  if (region.end < to - from || region.isOpen) return null;
  const moved = text.length - module.text.length;
  const after = pieces.slice(last).map((p) => (moved === 0 ? p : { text: p.text, from: p.from + moved, content: p.content }));
  return { pieces: [...pieces.slice(0, first), ...region.pieces, ...after], end: text.length };
}

/**
 * The pieces of `text`, which stands at `at` in the document; those among `known`, by their text, are taken from there.
 * `isOpen`: what follows may be part of the last one, or of one whose bracket or string is not closed.
 */
function readPieces(
  file: string,
  text: string,
  at: number,
  address: (from: number) => number,
  known: Contents,
): { pieces: readonly Piece[]; end: number; isOpen: boolean } {
  const { lines, tokens, comments, end: scanned } = scan(text);
  const drafts = draftsOf(text, lines, scanned, at, address, known);
  const repair = createRepair(lines);
  /** Says what is wrong with the line at hand, in the piece that it stands in. */
  const report = ({ from, to, what }: SyntaxFault, tooDeep: boolean): void => {
    const draft = drafts[draftAt(drafts, from)];
    if (draft === undefined || draft.known !== null) return;
    const span = { file, from: draft.base + from - draft.from, to: draft.base + to - draft.from };
    if (tooDeep) draft.diagnostics.push(diagnose("nesting-too-deep", span, []));
    else if (what !== "") draft.diagnostics.push(diagnose("syntax-error", span, [what]));
  };
  for (const [i, line] of lines.entries()) {
    if (line.fault === null) continue;
    report(line.fault, line.fault.tooDeep);
    repair.blank(i);
  }
  let faults = 0;
  const blank = (index: number, fault: SyntaxFault): void => {
    report(fault, false);
    repair.blank(index);
    faults++;
  };
  let end = scanned;
  let line = 0;
  for (const draft of drafts) {
    if (faults >= MAX_FAULTS) {
      end = draft.from;
      break;
    }
    const first = line;
    while ((lines[line]?.from ?? draft.to) < draft.to) line++;
    if (draft.known !== null) continue;
    const { diagnostics } = draft;
    const offset = draft.base - draft.from;
    const statements: Statements = {
      file,
      text,
      tokens,
      offset,
      diagnostics,
      at: 0,
      deepest: 0,
      fault: null,
      lines,
      repair,
      line: first,
      end: line,
      blank,
    };
    for (const statement of parseStatements(statements, -1, 0)) draft.statements.push(statement);
  }
  const isOpen = isOpenAtEnd(lines[lines.length - 1]) || lines.some((l) => l.fault !== null && UNCLOSED.test(l.fault.what));
  const parts = { broken: repair.ranges(), brokenBlocks: blocksAround(lines, repair), comments };
  return { pieces: piecesOf(drafts, parts, file, at, end), end, isOpen };
}

/** A copy: a slice would keep the whole text that it is of, as long as a piece of it lives. */
const flat = (slice: string): string => slice.split("").join("");

/** Faults that end where a later line decides. */
const UNCLOSED = /never closed|closes nothing/;

const isOpenAtEnd = (line: Line | undefined): boolean =>
  line !== undefined && (line.fault !== null || line.opensBlock || line.head === "@");

/** Whether lines of the definition at `span` were left out: what is there is not what was meant. */
export function isBroken({ broken, brokenBlocks, module }: Parsed, { file, from, to }: Span): boolean {
  if (file !== module.file) return false;
  return broken.some((b) => b.from >= from && b.to <= to) || brokenBlocks.some((at) => at >= from && at < to);
}

/**
 * One expression, for bindings. Spans are moved by `offset` and carry `file`; a fault gives an
 * `UnsupportedExpression` and a diagnostic.
 */
export function parseExpression(text: string, file: string, offset = 0): { expression: Expression; diagnostics: readonly Diagnostic[] } {
  const { read, diagnostics } = readWrapped(text, file, offset, "(", (c) => parseLoose(c, 0));
  const span = { file, from: offset, to: offset + text.length };
  return { expression: read ?? { kind: "UnsupportedExpression", span, construct: "a syntax error" }, diagnostics };
}

/** A list of keyword arguments (`a=1, name.b=x[2]`), as directives hold it: names may be dotted; positional arguments come back in `surplus`. */
export function parseKeywords(
  text: string,
  file: string,
  offset = 0,
): { keywords: readonly Keyword[]; surplus: readonly Expression[]; diagnostics: readonly Diagnostic[] } {
  const { read, diagnostics } = readWrapped(text, file, offset, "f(", (c) => parseArguments(c, 0, true));
  return { keywords: read?.keywords ?? [], surplus: read?.args ?? [], diagnostics };
}

/** Longer ones are no bindings. */
const MAX_WRAPPED = 200_000;

/** Reads `text` between `before` and a `)`, so that line breaks in it do not count; null where it has a fault. */
function readWrapped<T>(
  text: string,
  file: string,
  offset: number,
  before: string,
  rule: (c: Cursor) => T,
): { read: T | null; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const wrong = ({ from, to, what }: SyntaxFault): { read: null; diagnostics: readonly Diagnostic[] } => {
    const place = (at: number): number => Math.max(0, Math.min(at - before.length, text.length));
    const span = { file, from: place(from) + offset, to: Math.max(place(from), place(to)) + offset };
    return { read: null, diagnostics: [diagnose("syntax-error", span, [what])] };
  };
  const whole = `${before}${text})`;
  const all = { from: before.length, to: whole.length };
  if (text.trim() === "" || text.length > MAX_WRAPPED) return wrong({ ...all, what: "an expression is missing" });
  const { lines, tokens } = scan(whole);
  const [line, more] = lines;
  if (line === undefined) return wrong({ ...all, what: "an expression is missing" });
  if (line.fault !== null) return wrong(line.fault);
  if (more !== undefined) return wrong({ from: more.from, to: more.to, what: "an expression must end here" });
  const at = line.first + (before === "(" ? 1 : 2);
  const cursor: Cursor = { file, text: whole, tokens, offset: offset - before.length, diagnostics, at, deepest: 0, fault: null };
  const read = rule(cursor);
  expect(cursor, ")");
  expect(cursor, "end");
  return cursor.fault === null ? { read, diagnostics } : wrong(cursor.fault);
}

/** Where the lines begin that lead to blanked ones by their indentation; a `return` in the first column belongs to the block before it. */
function blocksAround(lines: readonly Line[], repair: Repair): number[] {
  const found = new Set<number>();
  const around: Line[] = [];
  for (const [i, line] of lines.entries()) {
    const isLoose = line.head === "return" && line.indent === 0 && line.fault !== null;
    while (!isLoose && (around[around.length - 1]?.indent ?? -1) >= line.indent) around.pop();
    // What stands around a line that is noted is noted already.
    if (repair.isBlank(i))
      for (let j = around.length - 1; j >= 0 && !found.has(around[j]?.from ?? -1); j--) found.add(around[j]?.from ?? -1);
    if (!isLoose) around.push(line);
  }
  return [...found];
}

function firstErrors(diagnostics: readonly Diagnostic[], file: string, { toText }: Layout): Diagnostic[] {
  const kept = [...diagnostics].sort((a, b) => toText(a.span.from) - toText(b.span.from)).slice(0, MAX_ERRORS);
  const last = kept[kept.length - 1]?.span ?? { file, from: 0, to: 0 };
  kept.push(diagnose("syntax-error", last, [`${diagnostics.length - MAX_ERRORS} more lines after this are not Python either`]));
  return kept;
}
