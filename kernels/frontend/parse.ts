/**
 * Python text → syntax tree and syntax errors. The only importer of the grammar (Lezer's).
 *
 * Any text gets an answer, in time that grows with its length alone. First scan.ts finds what is wrong without a
 * grammar, and those lines are blanked, each replaced by a lone `0` that becomes an `UnsupportedStatement`; then the
 * grammar reads the rest, and a line that it cannot read is blanked too and the text read again, a few times at most.
 * So a fault costs its own line (a block, where it is the block's header), and its neighbours stay. Offsets are those
 * of the text as given, in UTF-16 units; `\r\n` ends a line as `\n` does.
 */
import { parser } from "@lezer/python";
import type { Span } from "../ir/mod.ts";
import { type Diagnostic, diagnose, quote } from "./diagnostic.ts";
import { fillGaps, plainText } from "./grammarGaps.ts";
import { type Layout, textLayout } from "./layout.ts";
import { type Contents, changeOf, contentsOf, draftAt, draftsOf, groupsOf, PIECE, type Piece, pieceLayout, piecesOf } from "./piece.ts";
import { createRepair, type Repair } from "./repair.ts";
import { type Line, lineEnd, MAX_FAULTS, scan } from "./scan.ts";
import type { Expression, Keyword, Module, Statement } from "./syntax.ts";
import { type RawNode, type Reader, spanOf } from "./tree.ts";
import { callArguments, expressionList, unsupported } from "./treeExpression.ts";
import { docstringOf, statements } from "./treeStatement.ts";

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
const MAX_ROUNDS = 6;
const NOTHING: Contents = new Map();
const NO_HOLES: ReadonlyMap<number, RawNode | null> = new Map();

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
  const { lines, comments, magics, end: scanned } = scan(text);
  const drafts = draftsOf(text, lines, scanned, at, address, known);
  const report = (code: "syntax-error" | "nesting-too-deep", from: number, to: number, what: string): void => {
    const draft = drafts[draftAt(drafts, from)];
    if (draft === undefined || draft.known !== null) return;
    const span = { file, from: draft.base + from - draft.from, to: draft.base + to - draft.from };
    draft.diagnostics.push(code === "syntax-error" ? diagnose(code, span, [what]) : diagnose(code, span, []));
  };
  const repair = createRepair(text, lines);
  const holes = fillGaps(text, lines, repair);
  for (const { from, to, written, isUnknown } of magics) {
    repair.replace(from, to, written);
    if (isUnknown || written !== "") holes.set(from, null);
  }
  for (const [i, line] of lines.entries()) {
    if (line.fault === null) continue;
    const { from, to, what, tooDeep } = line.fault;
    if (tooDeep) report("nesting-too-deep", from, to, "");
    else if (what !== "") report("syntax-error", from, to, what);
    repair.blank(i);
  }

  /** The trees of what `fillGaps` set aside, by the places where they belong, counted from `start`. */
  const readHoles = (start: number, end: number): ReadonlyMap<number, RawNode | null> => {
    const trees = new Map<number, RawNode | null>();
    for (const [place, hole] of holes) {
      if (place >= start && place < end) trees.set(place - start, hole === null ? null : readHole(hole, start));
    }
    return trees;
  };
  const readHole = (hole: { from: number; to: number }, start: number): RawNode | null => {
    const whole = `(${text.slice(hole.from, hole.to)})`;
    const root = grammarTree(whole);
    const [error] = findErrors(root, whole);
    if (error === undefined) return shifted(root, 1 + start - hole.from);
    const what = `${quote(text.slice(hole.from, hole.to))} is no expression`;
    report("syntax-error", hole.from + Math.max(0, error.from - 1), hole.from + Math.max(1, error.to - 1), what);
    return null;
  };

  const readable = repair.text();
  const stumps = repair.stumps();
  let faults = 0;
  let end = scanned;
  const groups = groupsOf(drafts).reverse();
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    const [{ from }, { to }] = [group[0], group[group.length - 1] ?? group[0]];
    if (faults >= MAX_FAULTS) {
      end = from;
      break;
    }
    let source = readable.slice(from, to);
    let root = grammarTree(source);
    let errors = findErrors(root, source);
    if (errors.length > 0 && group.length > 1) {
      // What the grammar makes of an error depends on what stands beside it: each by itself.
      for (const draft of group.toReversed()) groups.push([draft]);
      continue;
    }
    for (let round = 0; round < MAX_ROUNDS && errors.length > 0; round++) {
      let blanked = 0;
      for (const error of errors) {
        // At the very end, of the last line.
        const index = lineAt(lines, Math.min(error.from + from, to - 1));
        const line = lines[index];
        if (line === undefined || line.from < from || repair.isBlank(index)) continue;
        const extent = clip(text, { from: error.from + from, to: error.to + from }, line);
        report("syntax-error", extent.from, extent.to, `${quote(text.slice(extent.from, extent.to))} is not expected here`);
        repair.blank(index);
        blanked++;
      }
      faults += blanked;
      if (blanked === 0) break;
      source = repair.text(from, to);
      root = grammarTree(source);
      errors = findErrors(root, source);
    }
    const broken = new Set<number>();
    for (const stump of stumps) if (stump >= from && stump < to) broken.add(stump - from);
    const own = text.slice(from, to);
    const aside = holes.size === 0 ? NO_HOLES : readHoles(from, to);
    let child = 0;
    for (const draft of group) {
      const nodes: RawNode[] = [];
      for (let node = root.children[child]; node !== undefined && node.from + from < draft.to; node = root.children[++child])
        nodes.push(node);
      const offset = draft.base + from - draft.from;
      const reader: Reader = { file, text: own, diagnostics: draft.diagnostics, broken, holes: aside, offset };
      draft.statements.push(...statements(reader, nodes, 0));
    }
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
  const { root, reader } = readPiece(text, file, offset, "(", ")");
  const whole = { from: 0, to: text.length };
  if (reader.diagnostics.length > 0) return { expression: unsupported(reader, whole, "a syntax error"), diagnostics: reader.diagnostics };
  const inside = root.children[0]?.children[0];
  const nodes = inside?.name === "TupleExpression" || inside?.name === "ParenthesizedExpression" ? inside.children.slice(1, -1) : [inside];
  const present = nodes.filter((n) => n !== undefined).map((n) => shifted(n, 1));
  return { expression: expressionList(reader, present, 0, 0), diagnostics: reader.diagnostics };
}

/** A list of keyword arguments (`a=1, name.b=x[2]`), as directives hold it: names may be dotted; positional arguments come back in `surplus`. */
export function parseKeywords(
  text: string,
  file: string,
  offset = 0,
): { keywords: readonly Keyword[]; surplus: readonly Expression[]; diagnostics: readonly Diagnostic[] } {
  const { root, reader } = readPiece(text, file, offset, "f(", ")", plainKeys(text));
  if (reader.diagnostics.length > 0) return { keywords: [], surplus: [], diagnostics: reader.diagnostics };
  const list = root.children[0]?.children[0]?.children[1];
  if (list === undefined) return { keywords: [], surplus: [], diagnostics: [] };
  const { args, keywords } = callArguments(reader, shifted(list, 2), 0);
  return { keywords, surplus: args, diagnostics: reader.diagnostics };
}

/** Reads `text` between `before` and `after`, so that line breaks in it do not count. */
function readPiece(
  text: string,
  file: string,
  offset: number,
  before: string,
  after: string,
  readable = text,
): { root: RawNode; reader: Reader } {
  const reader: Reader = { file, text, diagnostics: [], broken: new Set(), holes: new Map(), offset };
  const fault = (from: number, to: number, what: string): void => {
    const a = Math.max(0, Math.min(from, text.length));
    reader.diagnostics.push(diagnose("syntax-error", spanOf(reader, { from: a, to: Math.max(a, Math.min(to, text.length)) }), [what]));
  };
  const whole = before + readable + after;
  const { lines } = text.length > 200_000 ? { lines: [] } : scan(whole);
  const [line, more] = lines;
  if (line === undefined || text.trim() === "") fault(0, text.length, "an expression is missing");
  else if (line.fault !== null) fault(line.fault.from - before.length, line.fault.to - before.length, line.fault.what);
  else if (more !== undefined) fault(more.from - before.length, more.to - before.length, "an expression must end here");
  if (reader.diagnostics.length > 0) return { root: { name: "Script", from: 0, to: 0, children: [], isError: false }, reader };
  const root = grammarTree(whole);
  const [error] = findErrors(root, whole);
  if (error !== undefined) {
    const shown = text.slice(Math.max(0, error.from - before.length), Math.max(1, error.to - before.length));
    fault(error.from - before.length, error.to - before.length, `${quote(shown === "" ? text : shown)} is not expected here`);
  }
  return { root, reader };
}

/** `text` with the dots of dotted keys written as underscores: Python's keyword arguments have none. */
function plainKeys(text: string): string {
  let depth = 0;
  let result = "";
  let at = 0;
  const part = /["'](?:[^"'\\]|\\.)*["']|[([{]|[)\]}]|[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)+(?=\s*=[^=])/gu;
  for (const match of text.matchAll(part)) {
    if ("([{".includes(match[0])) depth++;
    else if (")]}".includes(match[0])) depth--;
    else if (depth === 0 && !/^["']/.test(match[0])) {
      result += text.slice(at, match.index) + match[0].replaceAll(".", "_");
      at = match.index + match[0].length;
    }
  }
  return result + text.slice(at);
}

/** A copy of the tree with offsets less by `by`. */
function shifted(node: RawNode, by: number): RawNode {
  return { ...node, from: node.from - by, to: node.to - by, children: node.children.map((k) => shifted(k, by)) };
}

// --------------------------------------------------------------------------------------------------------- the grammar

/** Lezer's tree as plain nodes, comments left out. The root is an error where any node below is. */
function grammarTree(text: string): RawNode {
  const stack: { -readonly [K in keyof RawNode]: RawNode[K] }[] = [];
  const root = { name: "Script", from: 0, to: text.length, children: LEAF, isError: false };
  parser.parse(plainText(text)).iterate({
    enter({ name, from, to, type: { isError } }) {
      if (name === "Comment") return false;
      const parent = stack[stack.length - 1];
      if (parent === undefined) {
        stack.push(root);
        return true;
      }
      const raw = { name, from, to, children: LEAF, isError };
      if (isError) root.isError = true;
      if (parent.children === LEAF) parent.children = [raw];
      else parent.children.push(raw);
      // Operators hold their own token as a child (`**` in ArithOp): the text of the node says it.
      if (name === "ArithOp" || name === "BitOp" || name === "CompareOp") return false;
      stack.push(raw);
      return true;
    },
    leave({ name }) {
      if (name === "Comment" || name === "ArithOp" || name === "BitOp" || name === "CompareOp") return;
      stack.pop();
    },
  });
  return root;
}

/** The children of nodes that have none: most of them. */
const LEAF: RawNode[] = [];

/** Errors of the tree that are errors of the text: what Python allows and the grammar does not know is left out. */
function findErrors(root: RawNode, text: string): { from: number; to: number }[] {
  if (!root.isError) return [];
  const errors: { from: number; to: number }[] = [];
  const stack: { node: RawNode; parent: RawNode | null }[] = root.children.map((node) => ({ node, parent: root }));
  for (let top = stack.pop(); top !== undefined && errors.length < 200; top = stack.pop()) {
    const { node, parent } = top;
    if (node.isError && !isGap(node, parent, text)) errors.push({ from: node.from, to: node.to });
    for (const child of node.children) stack.push({ node: child, parent: node });
  }
  return errors.sort((a, b) => a.from - b.from);
}

/** A bare `yield`, `t[*i]`, `lambda a, /: a`: Python, and unknown to the grammar. */
function isGap(node: RawNode, parent: RawNode | null, text: string): boolean {
  const own = text.slice(node.from, node.to);
  if (parent?.name === "YieldExpression" || parent?.name === "YieldStatement") return own === "";
  if (parent?.name === "MemberExpression" || parent?.name.endsWith("ComprehensionExpression") === true) return own === "*";
  if (parent?.name === "ArgList" && own === "*") return parent.children.some((k) => k.name === "for");
  return parent?.name === "ParamList" && own === "/";
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

/** The last line that begins at or before `at`. */
function lineAt(lines: readonly Line[], at: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.from ?? Number.POSITIVE_INFINITY) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The error's own extent on its line, or the whole line where it has none. */
function clip(text: string, error: { from: number; to: number }, line: Line): { from: number; to: number } {
  const from = Math.max(error.from, line.from);
  const to = Math.min(error.to, line.to);
  return to > from && text.slice(from, to).trim() !== ""
    ? { from, to }
    : { from: line.from, to: Math.min(line.to, lineEnd(text, line.from)) };
}

function firstErrors(diagnostics: readonly Diagnostic[], file: string, { toText }: Layout): Diagnostic[] {
  const kept = [...diagnostics].sort((a, b) => toText(a.span.from) - toText(b.span.from)).slice(0, MAX_ERRORS);
  const last = kept[kept.length - 1]?.span ?? { file, from: 0, to: 0 };
  kept.push(diagnose("syntax-error", last, [`${diagnostics.length - MAX_ERRORS} more lines after this are not Python either`]));
  return kept;
}
