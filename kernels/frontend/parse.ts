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
import { textLayout } from "./layout.ts";
import { CONTINUATIONS, createRepair, type Repair } from "./repair.ts";
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
  readonly comments: readonly Span[];
}

/** Longer texts are not read: no mods are written in them. */
export const MAX_LENGTH = 4_000_000;
/** Syntax errors reported for one text. */
const MAX_ERRORS = 50;
const MAX_ROUNDS = 6;

export function parseModule(file: string, text: string): Parsed {
  if (text.length > MAX_LENGTH) {
    const span = { file, from: 0, to: Math.min(text.length, 80) };
    const empty: Module = { kind: "Module", file, text, body: [], docstring: null, layout: textLayout };
    return {
      module: empty,
      diagnostics: [diagnose("too-large", span, ["This file"])],
      broken: [{ file, from: 0, to: text.length }],
      brokenBlocks: [],
      comments: [],
    };
  }
  const { lines, comments, magics, end: scanned } = scan(text);
  const diagnostics: Diagnostic[] = [];
  const repair = createRepair(text, lines);
  const holes = fillGaps(text, lines, repair);
  for (const { from, to, written, isUnknown } of magics) {
    repair.replace(from, to, written);
    if (isUnknown || written !== "") holes.set(from, null);
  }
  for (const [i, line] of lines.entries()) {
    if (line.fault === null) continue;
    const { from, to, what, tooDeep } = line.fault;
    if (tooDeep) diagnostics.push(diagnose("nesting-too-deep", { file, from, to }, []));
    else if (what !== "") diagnostics.push(diagnose("syntax-error", { file, from, to }, [what]));
    repair.blank(i);
  }

  /** The trees of what `fillGaps` set aside in a segment, by the places where they belong. */
  const readHoles = (segment: { from: number; to: number }): ReadonlyMap<number, RawNode | null> => {
    const trees = new Map<number, RawNode | null>();
    for (const [at, hole] of holes) {
      if (at >= segment.from && at < segment.to) trees.set(at - segment.from, hole === null ? null : readHole(hole, segment.from));
    }
    return trees;
  };
  const readHole = (hole: { from: number; to: number }, start: number): RawNode | null => {
    const whole = `(${text.slice(hole.from, hole.to)})`;
    const root = grammarTree(whole);
    const [error] = findErrors(root, whole);
    if (error === undefined) return shifted(root, 1 + start - hole.from);
    const extent = { file, from: hole.from + Math.max(0, error.from - 1), to: hole.from + Math.max(1, error.to - 1) };
    diagnostics.push(diagnose("syntax-error", extent, [`${quote(text.slice(hole.from, hole.to))} is no expression`]));
    return null;
  };

  const readable = repair.text();
  const body: Statement[] = [];
  const stumps = repair.stumps();
  let faults = 0;
  let end = scanned;
  for (const segment of segmentsOf(lines, scanned)) {
    if (faults >= MAX_FAULTS) {
      end = segment.from;
      break;
    }
    let source = readable.slice(segment.from, segment.to);
    let root = grammarTree(source);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const errors = findErrors(root, source);
      if (errors.length === 0) break;
      let blanked = 0;
      for (const error of errors) {
        const at = error.from + segment.from;
        const index = lineAt(lines, at);
        const line = lines[index];
        if (line === undefined || line.from < segment.from || repair.isBlank(index)) continue;
        const extent = clip(text, { from: at, to: error.to + segment.from }, line);
        const what = `${quote(text.slice(extent.from, extent.to))} is not expected here`;
        diagnostics.push(diagnose("syntax-error", { file, ...extent }, [what]));
        repair.blank(index);
        blanked++;
      }
      faults += blanked;
      if (blanked === 0) break;
      source = repair.text(segment.from, segment.to);
      root = grammarTree(source);
    }
    const broken = new Set<number>();
    for (const at of stumps) if (at >= segment.from && at < segment.to) broken.add(at - segment.from);
    const reader: Reader = {
      file,
      text: text.slice(segment.from, segment.to),
      diagnostics,
      broken,
      holes: readHoles(segment),
      offset: segment.from,
    };
    body.push(...statements(reader, root.children, 0));
  }
  const broken = repair.ranges().map((r) => ({ file, ...r }));
  if (end < text.length) broken.push({ file, from: end, to: text.length });
  return {
    module: { kind: "Module", file, text, body, docstring: docstringOf(body), layout: textLayout },
    brokenBlocks: blocksAround(lines, repair),
    diagnostics: diagnostics.length > MAX_ERRORS ? firstErrors(diagnostics, file) : diagnostics,
    broken,
    comments: comments.map((c) => ({ file, ...c })),
  };
}

/** Whether lines of the definition at `span` were left out: what is there is not what was meant. */
export function isBroken({ broken, brokenBlocks, module }: Parsed, { file, from, to }: Span): boolean {
  if (file !== module.file) return false;
  return broken.some((b) => b.from >= from && b.to <= to) || brokenBlocks.some((at) => at >= from && at < to);
}

/**
 * Pieces that the grammar can read by themselves: a top-level statement each, with its decorators and clauses; short
 * simple ones together. A fault in one then costs the others nothing, and a piece that was read before is not read again.
 */
function segmentsOf(lines: readonly Line[], end: number): { from: number; to: number }[] {
  const segments: { from: number; to: number }[] = [];
  let from = 0;
  let isSimple = true;
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line.indent > 0 || CONTINUATIONS.has(line.head) || lines[i - 1]?.head === "@") {
      if (line.head === "@" || line.opensBlock) isSimple = false;
      continue;
    }
    const compound = line.opensBlock || line.head === "@";
    const lineStart = line.from;
    if (!isSimple || compound || lineStart - from > 2000) {
      segments.push({ from, to: lineStart });
      from = lineStart;
      isSimple = true;
    }
    if (compound) isSimple = false;
  }
  segments.push({ from, to: end });
  return segments;
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

const recent = new Map<string, RawNode>();
let recentLength = 0;
/** Characters of text whose trees are kept: a few large files. A tree takes about a hundred bytes a character. */
const MAX_RECENT = 300_000;

/** The tree of `text`: while typing, most pieces of a file are those of a moment ago. */
function grammarTree(text: string): RawNode {
  const known = recent.get(text);
  if (known !== undefined) return known;
  const tree = readTree(text);
  if (text.length > MAX_RECENT / 10) return tree;
  if (recentLength + text.length > MAX_RECENT) {
    recent.clear();
    recentLength = 0;
  }
  recent.set(text, tree);
  recentLength += text.length;
  return tree;
}

/** Lezer's tree as plain nodes, comments left out. */
function readTree(text: string): RawNode {
  const root: RawNode = { name: "Script", from: 0, to: text.length, children: [], isError: false };
  const stack: RawNode[] = [];
  parser.parse(plainText(text)).iterate({
    enter(node) {
      if (node.name === "Comment") return false;
      const parent = stack[stack.length - 1];
      if (parent === undefined) {
        stack.push(root);
        return true;
      }
      const raw: RawNode = { name: node.name, from: node.from, to: node.to, children: [], isError: node.type.isError };
      parent.children.push(raw);
      // Operators hold their own token as a child (`**` in ArithOp): the text of the node says it.
      if (raw.name === "ArithOp" || raw.name === "BitOp" || raw.name === "CompareOp") return false;
      stack.push(raw);
      return true;
    },
    leave(node) {
      if (node.name === "Comment" || node.name === "ArithOp" || node.name === "BitOp" || node.name === "CompareOp") return;
      stack.pop();
    },
  });
  return root;
}

/** Errors of the tree that are errors of the text: what Python allows and the grammar does not know is left out. */
function findErrors(root: RawNode, text: string): { from: number; to: number }[] {
  const errors: { from: number; to: number }[] = [];
  const stack: { node: RawNode; parent: RawNode | null }[] = [{ node: root, parent: null }];
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

function firstErrors(diagnostics: readonly Diagnostic[], file: string): Diagnostic[] {
  const kept = [...diagnostics].sort((a, b) => a.span.from - b.span.from).slice(0, MAX_ERRORS);
  const last = kept[kept.length - 1]?.span ?? { file, from: 0, to: 0 };
  kept.push(diagnose("syntax-error", last, [`${diagnostics.length - MAX_ERRORS} more lines after this are not Python either`]));
  return kept;
}
