/**
 * Tokens in logical lines → statements. Blocks are told by indentation, which scan.ts has checked: a block is what is
 * indented more than its header. A line that is no Python is handed to `Statements.blank`, which leaves it out with its
 * block. https://docs.python.org/3/reference/compound_stmts.html
 */
import {
  type Cursor,
  expect,
  expectName,
  fail,
  kindAhead,
  kindOf,
  MAX_DEPTH,
  type SyntaxFault,
  skipBrackets,
  spanFrom,
  takes,
  tokenSpan,
  tooDeep,
} from "./cursor.ts";
import { quote } from "./diagnosticRow.ts";
import type { Line } from "./line.ts";
import { parseArguments, parseExpression, parseExpressionList, parseNamed, parseTarget, parseTargets } from "./parseExpression.ts";
import { parseParameters } from "./parseParameters.ts";
import { parsePatterns } from "./parsePattern.ts";
import { parseSimple } from "./parseSimple.ts";
import type { Repair } from "./repair.ts";
import type { Expression, If, MatchCase, Statement, Try } from "./syntax.ts";
import type { TokenKind } from "./token.ts";

/** The statements of one piece of text, while they are read. */
export interface Statements extends Cursor {
  readonly lines: readonly Line[];
  readonly repair: Repair;
  /** Index of the line at hand, and of the first that is not to be read. */
  line: number;
  readonly end: number;
  /** Line `index` is no Python: reports `fault` and leaves the line out. */
  readonly blank: (index: number, fault: SyntaxFault) => void;
}

/** The statements from the line at hand to the first that is indented no more than `outer`. */
export function parseStatements(s: Statements, outer: number, depth: number): Statement[] {
  const result: Statement[] = [];
  while (s.line < s.end) {
    const index = s.line;
    const line = s.lines[index];
    if (line === undefined) break;
    const isStump = s.repair.isStump(index);
    if (!isStump && s.repair.isBlank(index)) {
      s.line++;
      continue;
    }
    if (line.indent <= outer) break;
    if (isStump) {
      result.push({ kind: "UnsupportedStatement", span: lineSpan(s, line), construct: "a syntax error" });
      s.line++;
      continue;
    }
    toLine(s, index);
    const read = parseLine(s, depth);
    if (s.fault === null) {
      for (const statement of read) result.push(statement);
      if (s.line === index) s.line++;
    } else {
      // Where decorators stand before it, the fault may be some lines further on.
      s.blank(s.line, s.fault);
      s.line = index;
      s.fault = null;
    }
  }
  return result;
}

const lineSpan = ({ file, offset }: Cursor, { from, to }: Line): Statement["span"] => ({ file, from: from + offset, to: to + offset });

function toLine(s: Statements, index: number): void {
  s.line = index;
  s.at = s.lines[index]?.first ?? 0;
  s.fault = null;
}

/** The statements of the line at hand; a compound one with the lines of its blocks and clauses. */
function parseLine(s: Statements, depth: number): readonly Statement[] {
  if (s.lines[s.line]?.head === "%") return [{ kind: "Simple", span: lineSpan(s, s.lines[s.line] as Line), word: "pass" }];
  const start = s.at;
  if (depth > MAX_DEPTH) {
    tooDeep(s, start);
    fail(s, "");
    return [];
  }
  const compound = parseCompound(s, kindOf(s), depth);
  if (compound !== null) return [compound];
  if (s.fault !== null) return [];
  return parseSimple(s, depth);
}

/** Null where the line begins no compound statement, or is at fault. */
function parseCompound(s: Statements, kind: TokenKind, depth: number): Statement | null {
  switch (kind) {
    case "def":
    case "class":
    case "@":
      return definition(s, depth);
    case "if":
      return conditional(s, depth);
    case "while":
      return whileLoop(s, depth);
    case "for":
      return forLoop(s, depth);
    case "with":
      return withBlock(s, depth);
    case "try":
      return tryBlock(s, depth);
    case "async": {
      const next = kindAhead(s, 1);
      if (next === "def") return definition(s, depth);
      if (next === "for") return forLoop(s, depth);
      if (next === "with") return withBlock(s, depth);
      s.at++;
      fail(s);
      return null;
    }
    case "name":
      return s.lines[s.line]?.head === "match" && s.lines[s.line]?.opensBlock === true ? matchBlock(s, depth) : null;
    default:
      return null;
  }
}

/** What follows the `:` of the header at hand: the rest of its line, or the lines that are indented more. */
function block(s: Statements, depth: number): Statement[] {
  if (kindOf(s) === "=") fail(s, "`=` assigns; write `==` to compare");
  expect(s, ":");
  const line = s.lines[s.line];
  if (s.fault !== null || line === undefined) return [];
  const body = kindOf(s) === "end" ? [] : parseSimple(s, depth + 1);
  if (s.fault !== null) return [];
  const isInline = body.length > 0;
  s.line++;
  return isInline ? body : parseStatements(s, line.indent, depth + 1);
}

/** Reads the next clause of the statement whose lines are indented by `indent`, if it begins with one of `words`. */
function nextClause(s: Statements, indent: number, words: readonly TokenKind[]): boolean {
  while (s.line < s.end && s.repair.isBlank(s.line) && !s.repair.isStump(s.line)) s.line++;
  const line = s.lines[s.line];
  if (s.line >= s.end || line === undefined || line.indent !== indent || s.repair.isBlank(s.line)) return false;
  const kind = s.tokens.kinds[line.first];
  if (kind === undefined || !words.includes(kind)) return false;
  toLine(s, s.line);
  return true;
}

/** Reads a clause that `nextClause` found; one at fault is left out. */
function clause<T>(s: Statements, read: () => T): T | null {
  const index = s.line;
  const result = read();
  if (s.fault === null) return result;
  s.line = index;
  s.blank(index, s.fault);
  s.fault = null;
  return null;
}

/** The block of an `else` or a `finally`; empty where there is none. */
function finalClause(s: Statements, indent: number, word: TokenKind, depth: number): Statement[] {
  if (!nextClause(s, indent, [word])) return [];
  return (
    clause(s, () => {
      s.at++;
      return block(s, depth);
    }) ?? []
  );
}

/** From token `first` to the end of the last of `bodies` that is not empty, or of the header. */
function blockSpan(s: Statements, header: Statement["span"], ...bodies: readonly (readonly Statement[])[]): Statement["span"] {
  let { to } = header;
  for (const body of bodies) to = body[body.length - 1]?.span.to ?? to;
  return { file: s.file, from: header.from, to };
}

// ----------------------------------------------------------------------------------------------------- definitions

/** `@decorator` lines, and the definition that follows. */
function definition(s: Statements, depth: number): Statement | null {
  const decorators: Expression[] = [];
  while (kindOf(s) === "@") {
    s.at++;
    decorators.push(parseNamed(s, depth + 1));
    if (kindOf(s) !== "end") fail(s);
    if (s.fault !== null) return null;
    const next = s.line + 1;
    const kind = next < s.end ? s.tokens.kinds[s.lines[next]?.first ?? 0] : undefined;
    // What it decorates is left out, or was never there.
    if (s.repair.isBlank(next)) fail(s, "");
    else if (kind === undefined || !DECORATED.has(kind)) fail(s, "a definition is missing after this decorator", s.at - 1);
    if (s.fault !== null) return null;
    toLine(s, next);
  }
  return kindOf(s) === "class" ? classDef(s, decorators, depth) : functionDef(s, decorators, depth);
}

const DECORATED: ReadonlySet<TokenKind> = new Set(["@", "def", "class", "async"]);

function functionDef(s: Statements, decorators: readonly Expression[], depth: number): Statement | null {
  const start = s.at;
  const isAsync = takes(s, "async");
  expect(s, "def");
  const nameSpan = tokenSpan(s, s.at);
  const name = expectName(s);
  if (kindOf(s) === "[") skipBrackets(s);
  expect(s, "(");
  const params = parseParameters(s, ")", depth + 1, parseExpression);
  expect(s, ")");
  const returns = takes(s, "->") ? parseExpressionList(s, depth + 2) : null;
  const header = spanFrom(s, start);
  const body = block(s, depth);
  if (s.fault !== null) return null;
  const span = blockSpan(s, header, body);
  return { kind: "FunctionDef", span, name, nameSpan, params, returns, decorators, body, docstring: docstringOf(body), isAsync };
}

function classDef(s: Statements, decorators: readonly Expression[], depth: number): Statement | null {
  const start = s.at++;
  const nameSpan = tokenSpan(s, s.at);
  const name = expectName(s);
  if (kindOf(s) === "[") skipBrackets(s);
  const hasBases = takes(s, "(");
  const { args, keywords } = hasBases ? parseArguments(s, depth + 1) : { args: [], keywords: [] };
  if (hasBases) expect(s, ")");
  const header = spanFrom(s, start);
  const body = block(s, depth);
  if (s.fault !== null) return null;
  const span = blockSpan(s, header, body);
  return { kind: "ClassDef", span, name, nameSpan, bases: args, keywords, decorators, body, docstring: docstringOf(body) };
}

/** The string that a body begins with, or null. */
export function docstringOf(body: readonly Statement[]): string | null {
  const first = body[0];
  if (first?.kind !== "ExpressionStatement" || first.value.kind !== "Constant" || first.value.literal.type !== "str") return null;
  return first.value.literal.value;
}

// -------------------------------------------------------------------------------------------------- loops, branches

/** Each `elif` is an `If` alone in `otherwise`. */
function conditional(s: Statements, depth: number): Statement | null {
  const { indent } = s.lines[s.line] ?? { indent: 0 };
  const arms: Pick<If, "span" | "condition" | "body">[] = [];
  const arm = (): (typeof arms)[number] => {
    // One that stands too deep is left out below, however it is read.
    const level = depth + arms.length < MAX_DEPTH ? depth + arms.length : depth;
    const start = s.at++;
    const condition = parseNamed(s, level + 1);
    const header = spanFrom(s, start);
    const body = block(s, level);
    return { span: blockSpan(s, header, body), condition, body };
  };
  const start = s.at;
  const first = arm();
  if (s.fault !== null) return null;
  arms.push(first);
  while (nextClause(s, indent, ["elif"])) {
    const next = clause(s, arm);
    if (next !== null) arms.push(next);
  }
  const isTooDeep = depth + arms.length > MAX_DEPTH;
  let otherwise = finalClause(s, indent, "else", isTooDeep ? depth : depth + arms.length - 1);
  const { to } = blockSpan(s, (arms[arms.length - 1] ?? first).span, otherwise);
  if (isTooDeep) {
    const { span } = tooDeep(s, start);
    otherwise = [{ kind: "UnsupportedStatement", span, construct: "a block nested this deeply" }];
    arms.length = Math.max(1, MAX_DEPTH - depth);
  }
  const [head, ...others] = arms.map((a): If => ({ kind: "If", ...a, span: { ...a.span, to }, otherwise: [] }));
  for (const next of others.reverse()) otherwise = [{ ...next, otherwise }];
  return head === undefined ? null : { ...head, otherwise };
}

function whileLoop(s: Statements, depth: number): Statement | null {
  const { indent } = s.lines[s.line] ?? { indent: 0 };
  const start = s.at++;
  const condition = parseNamed(s, depth + 1);
  const header = spanFrom(s, start);
  const body = block(s, depth);
  if (s.fault !== null) return null;
  const otherwise = finalClause(s, indent, "else", depth);
  return { kind: "While", span: blockSpan(s, header, body, otherwise), condition, body, otherwise };
}

function forLoop(s: Statements, depth: number): Statement | null {
  const { indent } = s.lines[s.line] ?? { indent: 0 };
  const start = s.at;
  const isAsync = takes(s, "async");
  expect(s, "for");
  const target = parseTargets(s, depth + 1);
  expect(s, "in");
  const iterable = parseExpressionList(s, depth + 1);
  const header = spanFrom(s, start);
  const body = block(s, depth);
  if (s.fault !== null) return null;
  const otherwise = finalClause(s, indent, "else", depth);
  return { kind: "For", span: blockSpan(s, header, body, otherwise), target, iterable, body, otherwise, isAsync };
}

function withBlock(s: Statements, depth: number): Statement | null {
  const start = s.at;
  takes(s, "async");
  expect(s, "with");
  const items: { context: Expression; target: Expression | null }[] = [];
  const isGrouped = isGroup(s);
  if (isGrouped) s.at++;
  while (kindOf(s) !== "end") {
    const context = parseExpression(s, depth + 1);
    items.push({ context, target: takes(s, "as") ? parseTarget(s, depth + 1) : null });
    if (!takes(s, ",") || (isGrouped && kindOf(s) === ")")) break;
  }
  if (isGrouped) expect(s, ")");
  const header = spanFrom(s, start);
  const body = block(s, depth);
  if (s.fault !== null) return null;
  return { kind: "With", span: blockSpan(s, header, body), items, body };
}

/** Whether the parentheses after `with` hold its items (Python 3.10), and are no part of an expression. */
function isGroup(s: Statements): boolean {
  if (kindOf(s) !== "(") return false;
  let depth = 0;
  let hasItems = false;
  for (let ahead = 0; ; ahead++) {
    const kind = kindAhead(s, ahead);
    if (kind === "end") return false;
    if (kind === "(" || kind === "[" || kind === "{") depth++;
    else if (kind === ")" || kind === "]" || kind === "}") depth--;
    else if (depth === 1 && (kind === "as" || kind === ",")) hasItems = true;
    else if (depth === 1 && (kind === "for" || kind === "*" || kind === ":=")) return false;
    if (depth === 0) return hasItems && kindAhead(s, ahead + 1) === ":";
  }
}

function tryBlock(s: Statements, depth: number): Statement | null {
  const index = s.line;
  const { indent } = s.lines[index] ?? { indent: 0 };
  const start = s.at++;
  const header = spanFrom(s, start);
  const body = block(s, depth);
  if (s.fault !== null) return null;
  const handlers: Try["handlers"][number][] = [];
  let isWhole = false;
  while (nextClause(s, indent, ["except"])) {
    isWhole = true;
    const handler = clause(s, () => exceptClause(s, depth));
    if (handler !== null) handlers.push(handler);
  }
  const otherwise = finalClause(s, indent, "else", depth);
  const isFinal = nextClause(s, indent, ["finally"]);
  const last = isFinal ? finalClause(s, indent, "finally", depth) : [];
  if (!isWhole && !isFinal && !s.repair.isBlank(s.line - 1)) {
    s.line = index;
    fail(s, "an `except` or a `finally` is missing after this `try`", start);
    return null;
  }
  const span = blockSpan(
    s,
    header,
    body,
    handlers.flatMap((h) => h.body),
    otherwise,
    last,
  );
  return { kind: "Try", span, body, handlers, otherwise, finally: last };
}

function exceptClause(s: Statements, depth: number): Try["handlers"][number] {
  const start = s.at++;
  takes(s, "*");
  const type = kindOf(s) === ":" ? null : parseExpressionList(s, depth + 1);
  const name = takes(s, "as") ? expectName(s) : null;
  const header = spanFrom(s, start);
  const body = block(s, depth);
  return { kind: "ExceptHandler", span: blockSpan(s, header, body), type, name, body };
}

// ---------------------------------------------------------------------------------------------------------- match

function matchBlock(s: Statements, depth: number): Statement | null {
  const { indent } = s.lines[s.line] ?? { indent: 0 };
  const start = s.at++;
  const subject = parseExpressionList(s, depth + 1, true);
  const header = spanFrom(s, start);
  expect(s, ":");
  if (s.fault !== null) return null;
  s.line++;
  const cases: MatchCase[] = [];
  while (s.line < s.end && (s.lines[s.line]?.indent ?? 0) > indent) {
    const index = s.line;
    if (s.repair.isBlank(index)) {
      s.line++;
      continue;
    }
    toLine(s, index);
    const next = clause(s, () => matchCase(s, depth + 1));
    if (next !== null) cases.push(next);
  }
  const span = { ...header, to: cases.at(-1)?.span.to ?? header.to };
  return { kind: "Match", span, subject, cases };
}

function matchCase(s: Statements, depth: number): MatchCase {
  const start = s.at;
  if (s.lines[s.line]?.head === "case") s.at++;
  else fail(s, `${quote(s.text.slice(s.lines[s.line]?.from, s.lines[s.line]?.to), 40)} is no \`case\``);
  const pattern = parsePatterns(s, depth);
  const guard = takes(s, "if") ? parseNamed(s, depth) : null;
  const header = spanFrom(s, start);
  const body = block(s, depth);
  return { kind: "MatchCase", span: blockSpan(s, header, body), pattern, guard, body };
}
