/**
 * Tokens → expressions, by recursive descent; operators by precedence climbing. A chain of comparisons is one node.
 * https://docs.python.org/3/reference/expressions.html, from Python 3.8 to 3.14.
 */
import {
  type Cursor,
  expect,
  expectName,
  fail,
  identifier,
  kindAhead,
  kindOf,
  MAX_DEPTH,
  skipExpression,
  spanFrom,
  takes,
  tokenSpan,
  tokenText,
  tooDeep,
} from "./cursor.ts";
import { quote } from "./diagnosticRow.ts";
import { numberLiteral } from "./literal.ts";
import { parseParameters } from "./parseParameters.ts";
import { parseStrings } from "./parseString.ts";
import type { BinOperator, CompareOperator, Expression, Generator, Keyword } from "./syntax.ts";
import type { TokenKind } from "./token.ts";

/** What an expression can begin with. */
const BEGINS: ReadonlySet<TokenKind> = new Set([
  ..."name number string magic ( [ { - + ~ * not lambda await yield ... None True False".split(" "),
] as TokenKind[]);

/**
 * One expression, or the tuple that commas make of several; elements may be starred. `mayName`: elements may be
 * `name := value`.
 */
export function parseExpressionList(c: Cursor, depth: number, mayName = false): Expression {
  const start = c.at;
  const first = element(c, depth, mayName);
  if (kindOf(c) !== ",") return first.kind === "Starred" ? fail(c, "a `*` must stand in a list of several", start) : first;
  const elements = [first];
  while (takes(c, ",") && BEGINS.has(kindOf(c))) elements.push(element(c, depth + 1, mayName));
  return { kind: "Sequence", span: spanFrom(c, start), form: "tuple", elements };
}

/** An expression list, or a comprehension without parentheses, as a call takes it. */
export function parseLoose(c: Cursor, depth: number): Expression {
  const start = c.at;
  const list = parseExpressionList(c, depth, true);
  return isComprehension(c) ? comprehension(c, start, "generator", list, null, depth, null) : list;
}

/** What `for` and `with` assign to: no comparison, for `in` ends it. */
export function parseTargets(c: Cursor, depth: number): Expression {
  const start = c.at;
  const first = target(c, depth);
  if (kindOf(c) !== ",") return checkTarget(c, first, start);
  const elements = [first];
  while (takes(c, ",") && BEGINS.has(kindOf(c))) elements.push(target(c, depth + 1));
  return checkTarget(c, { kind: "Sequence", span: spanFrom(c, start), form: "tuple", elements }, start);
}

function target(c: Cursor, depth: number): Expression {
  const start = c.at;
  if (!takes(c, "*")) return climb(c, BIT_OR, depth);
  const value = climb(c, BIT_OR, depth);
  return { kind: "Starred", span: spanFrom(c, start), value };
}

/** Where `with … as` assigns to. */
export const parseTarget = (c: Cursor, depth: number): Expression => {
  const start = c.at;
  return checkTarget(c, climb(c, BIT_OR, depth), start);
};

/** Faults what cannot be assigned to; `start` is its first token. */
export function checkTarget(c: Cursor, written: Expression, start: number): Expression {
  if (c.fault !== null) return written;
  const stack = [written];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top.kind === "Sequence" && top.form !== "set") stack.push(...top.elements);
    else if (top.kind === "Starred") stack.push(top.value);
    else if (!ASSIGNABLE.has(top.kind)) {
      const text = c.text.slice(top.span.from - c.offset, top.span.to - c.offset);
      return fail(c, `${quote(text)} cannot be assigned to`, start);
    }
  }
  return written;
}

const ASSIGNABLE: ReadonlySet<Expression["kind"]> = new Set(["Name", "Attribute", "Subscript", "UnsupportedExpression"]);

/** `*values`, `name := value` or an expression. */
function element(c: Cursor, depth: number, mayName: boolean): Expression {
  if (kindOf(c) !== "*") return mayName ? parseNamed(c, depth) : parseExpression(c, depth);
  const start = c.at++;
  const value = climb(c, BIT_OR, depth);
  return { kind: "Starred", span: spanFrom(c, start), value };
}

/** `name := value`, or an expression. */
export function parseNamed(c: Cursor, depth: number): Expression {
  if (kindOf(c) !== "name" || kindAhead(c, 1) !== ":=") return parseExpression(c, depth);
  const start = c.at;
  const named = { kind: "Name", span: tokenSpan(c, start), id: identifier(c, start) } as const;
  c.at += 2;
  const value = parseExpression(c, depth + 1);
  return { kind: "NamedExpr", span: spanFrom(c, start), target: named, value };
}

export function parseExpression(c: Cursor, depth: number): Expression {
  const start = c.at;
  if (depth > MAX_DEPTH) {
    skipExpression(c);
    return tooDeep(c, start);
  }
  if (kindOf(c) === "lambda") return lambda(c, depth);
  const body = climb(c, OR, depth);
  if (!takes(c, "if")) return body;
  const condition = climb(c, OR, depth + 1);
  if (!takes(c, "else")) return fail(c, "the `else` of this choice is missing; write `a if condition else b`", start);
  const otherwise = parseExpression(c, depth + 1);
  return { kind: "IfExp", span: spanFrom(c, start), condition, body, otherwise };
}

/** `yield`, `yield a, b`, `yield from a`. */
export function parseYield(c: Cursor, depth: number): Expression {
  const start = c.at;
  expect(c, "yield");
  const isFrom = takes(c, "from");
  const value = isFrom ? parseExpression(c, depth + 1) : BEGINS.has(kindOf(c)) ? parseExpressionList(c, depth + 1) : null;
  return { kind: "Yield", span: spanFrom(c, start), value, isFrom };
}

function lambda(c: Cursor, depth: number): Expression {
  const start = c.at++;
  const params = parseParameters(c, ":", depth + 1, parseExpression);
  expect(c, ":");
  const body = parseExpression(c, depth + 1);
  return { kind: "Lambda", span: spanFrom(c, start), params, body };
}

// ------------------------------------------------------------------------------------------------------- operators

const OR = 1;
const NOT = 3;
const COMPARISON = 4;
const BIT_OR = 5;
const UNARY = 11;
const PRECEDENCE: ReadonlyMap<TokenKind, number> = new Map<TokenKind, number>([
  ["or", OR],
  ["and", 2],
  ["not", COMPARISON],
  ["in", COMPARISON],
  ["is", COMPARISON],
  ["<", COMPARISON],
  ["<=", COMPARISON],
  [">", COMPARISON],
  [">=", COMPARISON],
  ["==", COMPARISON],
  ["!=", COMPARISON],
  ["|", BIT_OR],
  ["^", 6],
  ["&", 7],
  ["<<", 8],
  [">>", 8],
  ["+", 9],
  ["-", 9],
  ["*", 10],
  ["/", 10],
  ["//", 10],
  ["%", 10],
  ["@", 10],
  ["**", 12],
]);

/** Operands with operators that bind at least as tightly as `minimum`. */
function climb(c: Cursor, minimum: number, depth: number): Expression {
  const start = c.at;
  const around = c.deepest;
  c.deepest = depth;
  let left = prefix(c, minimum, depth);
  for (;;) {
    const op = kindOf(c);
    const precedence = PRECEDENCE.get(op);
    if (precedence === undefined || precedence < minimum) {
      c.deepest = Math.max(around, c.deepest);
      return left;
    }
    // Each operator stands above all that was read.
    if (++c.deepest > MAX_DEPTH) {
      left = tooDeep(c, start);
      c.deepest = depth;
    }
    if (precedence === COMPARISON) {
      left = comparison(c, left, start, depth);
      continue;
    }
    const opSpan = tokenSpan(c, c.at++);
    const right = climb(c, op === "**" ? UNARY : precedence + 1, depth + 1);
    const span = spanFrom(c, start);
    left =
      op === "and" || op === "or"
        ? { kind: "BoolOp", op, span, opSpan, left, right }
        : { kind: "BinOp", op: op as BinOperator, span, opSpan, left, right };
  }
}

function prefix(c: Cursor, minimum: number, depth: number): Expression {
  const op = kindOf(c);
  if (op !== "-" && op !== "+" && op !== "~" && op !== "not") return primary(c, depth);
  const start = c.at;
  if (op === "not" && minimum > NOT) return fail(c);
  if (depth > MAX_DEPTH) {
    skipExpression(c);
    return tooDeep(c, start);
  }
  const opSpan = tokenSpan(c, c.at++);
  const operand = climb(c, op === "not" ? NOT : UNARY, depth + 1);
  return { kind: "UnaryOp", span: spanFrom(c, start), op, opSpan, operand };
}

function comparison(c: Cursor, left: Expression, start: number, depth: number): Expression {
  const ops: CompareOperator[] = [];
  const comparators: Expression[] = [];
  while (PRECEDENCE.get(kindOf(c)) === COMPARISON) {
    const op = kindOf(c);
    c.at++;
    if (op === "not") {
      expect(c, "in");
      ops.push("not in");
    } else if (op === "is" && takes(c, "not")) ops.push("is not");
    else ops.push(op as CompareOperator);
    comparators.push(climb(c, BIT_OR, depth + 1));
  }
  return { kind: "Compare", span: spanFrom(c, start), left, ops, comparators };
}

// ---------------------------------------------------------------------------------------------------- atoms, calls

function primary(c: Cursor, depth: number): Expression {
  const start = c.at;
  if (depth > MAX_DEPTH) {
    skipExpression(c);
    return tooDeep(c, start);
  }
  const isAwait = takes(c, "await");
  let expression = parseAtom(c, depth);
  for (;;) {
    const kind = kindOf(c);
    if (kind !== "." && kind !== "(" && kind !== "[") break;
    if (++c.deepest > MAX_DEPTH) {
      expression = tooDeep(c, start);
      c.deepest = depth;
    }
    c.at++;
    if (kind === ".") {
      const nameSpan = tokenSpan(c, c.at);
      const name = expectName(c);
      expression = { kind: "Attribute", span: spanFrom(c, start), object: expression, name, nameSpan };
    } else if (kind === "(") {
      const { args, keywords } = parseArguments(c, depth + 1);
      expect(c, ")");
      expression = { kind: "Call", span: spanFrom(c, start), callee: expression, args, keywords };
    } else {
      const index = subscript(c, depth + 1);
      expect(c, "]");
      expression = { kind: "Subscript", span: spanFrom(c, start), object: expression, index };
    }
  }
  return isAwait ? { kind: "UnsupportedExpression", span: spanFrom(c, start), construct: "`await`" } : expression;
}

/** A name, a literal, or what stands in brackets; without calls, attributes and indices. */
export function parseAtom(c: Cursor, depth: number): Expression {
  const token = c.at;
  const span = tokenSpan(c, token);
  switch (kindOf(c)) {
    case "name":
      c.at++;
      return { kind: "Name", span, id: identifier(c, token) };
    case "number": {
      const literal = numberLiteral(tokenText(c, token));
      if (literal === null) return fail(c, `${quote(tokenText(c, token))} is no number of Python's`);
      c.at++;
      return { kind: "Constant", span, literal };
    }
    case "string":
      return parseStrings(c, depth, formatted);
    case "True":
    case "False":
      c.at++;
      return { kind: "Constant", span, literal: { type: "bool", value: c.tokens.kinds[token] === "True" } };
    case "None":
      c.at++;
      return { kind: "Constant", span, literal: { type: "None" } };
    case "...":
      c.at++;
      return { kind: "Constant", span, literal: { type: "Ellipsis" } };
    case "magic":
      c.at++;
      return { kind: "UnsupportedExpression", span, construct: "what the shell gives" };
    case "(":
      return parenthesized(c, depth + 1);
    case "[":
      return bracketed(c, depth + 1);
    case "{":
      return braced(c, depth + 1);
    default:
      return fail(c);
  }
}

/** What a replacement of an f-string holds. */
const formatted = (c: Cursor, depth: number): Expression =>
  kindOf(c) === "yield" ? parseYield(c, depth) : parseExpressionList(c, depth, true);

function parenthesized(c: Cursor, depth: number): Expression {
  const start = c.at++;
  if (takes(c, ")")) return { kind: "Sequence", span: spanFrom(c, start), form: "tuple", elements: [] };
  if (kindOf(c) === "yield") {
    const value = parseYield(c, depth);
    expect(c, ")");
    return value;
  }
  const first = element(c, depth, true);
  if (isComprehension(c)) return comprehension(c, start, "generator", first, null, depth, ")");
  if (kindOf(c) === ",") {
    const elements = restOf(c, first, depth, ")");
    return { kind: "Sequence", span: spanFrom(c, start), form: "tuple", elements };
  }
  expect(c, ")");
  return first.kind === "Starred" ? fail(c, "a `*` must stand in a list of several", start + 1) : first;
}

function bracketed(c: Cursor, depth: number): Expression {
  const start = c.at++;
  if (takes(c, "]")) return { kind: "Sequence", span: spanFrom(c, start), form: "list", elements: [] };
  const first = element(c, depth, true);
  if (isComprehension(c)) return comprehension(c, start, "list", first, null, depth, "]");
  const elements = restOf(c, first, depth, "]");
  return { kind: "Sequence", span: spanFrom(c, start), form: "list", elements };
}

function braced(c: Cursor, depth: number): Expression {
  const start = c.at++;
  if (takes(c, "}")) return { kind: "Dict", span: spanFrom(c, start), entries: [] };
  if (kindOf(c) !== "**") {
    const first = element(c, depth, true);
    if (isComprehension(c)) return comprehension(c, start, "set", first, null, depth, "}");
    if (kindOf(c) !== ":") {
      const elements = restOf(c, first, depth, "}");
      return { kind: "Sequence", span: spanFrom(c, start), form: "set", elements };
    }
    c.at++;
    const value = parseExpression(c, depth);
    if (isComprehension(c)) return comprehension(c, start, "dict", first, value, depth, "}");
    return dict(c, start, [{ key: first, value }], depth);
  }
  return dict(c, start, [], depth);
}

/** Further entries after those in `entries`, up to the `}`. */
function dict(c: Cursor, start: number, entries: { key: Expression | null; value: Expression }[], depth: number): Expression {
  while ((entries.length === 0 || takes(c, ",")) && kindOf(c) !== "}" && kindOf(c) !== "end") {
    if (takes(c, "**")) entries.push({ key: null, value: climb(c, BIT_OR, depth) });
    else {
      const key = parseExpression(c, depth);
      expect(c, ":");
      entries.push({ key, value: parseExpression(c, depth) });
    }
  }
  expect(c, "}");
  return { kind: "Dict", span: spanFrom(c, start), entries };
}

/** `first` with the elements after it, up to `closer`, which is taken. */
function restOf(c: Cursor, first: Expression, depth: number, closer: TokenKind): Expression[] {
  const elements = [first];
  while (takes(c, ",") && kindOf(c) !== closer) elements.push(element(c, depth, true));
  expect(c, closer);
  return elements;
}

const isComprehension = (c: Cursor): boolean => kindOf(c) === "for" || (kindOf(c) === "async" && kindAhead(c, 1) === "for");

/** The clauses after `element`, up to `closer`, which is taken; null for one that is not there. */
function comprehension(
  c: Cursor,
  start: number,
  form: "list" | "set" | "dict" | "generator",
  written: Expression,
  value: Expression | null,
  depth: number,
  closer: TokenKind | null,
): Expression {
  const generators: Generator[] = [];
  while (isComprehension(c)) {
    takes(c, "async");
    const from = c.at++;
    const assigned = parseTargets(c, depth + 1);
    expect(c, "in");
    const iterable = climb(c, OR, depth + 1);
    const conditions: Expression[] = [];
    while (takes(c, "if")) conditions.push(climb(c, OR, depth + 1));
    generators.push({ kind: "Generator", span: spanFrom(c, from), target: assigned, iterable, conditions });
  }
  if (closer !== null) expect(c, closer);
  if (written.kind === "Starred") fail(c, "a `*` cannot be what a comprehension makes", start);
  return { kind: "Comprehension", span: spanFrom(c, start), form, element: written, value, generators };
}

/** Arguments of a call or of a class, up to the `)`, which is not taken. `hasDots`: those of a directive, in any order, keywords dotted. */
export function parseArguments(c: Cursor, depth: number, hasDots = false): { args: Expression[]; keywords: Keyword[] } {
  const args: Expression[] = [];
  const keywords: Keyword[] = [];
  let isNamed = false;
  while (kindOf(c) !== ")" && kindOf(c) !== "end") {
    const start = c.at;
    let dots = 0;
    if (hasDots) while (kindAhead(c, dots + 1) === "." && kindAhead(c, dots + 2) === "name") dots += 2;
    if (takes(c, "**")) {
      const value = parseExpression(c, depth + 1);
      keywords.push({ kind: "Keyword", span: spanFrom(c, start), name: null, nameSpan: null, value });
    } else if (takes(c, "*")) {
      const value = parseExpression(c, depth + 1);
      args.push({ kind: "Starred", span: spanFrom(c, start), value });
    } else if (kindOf(c) === "name" && kindAhead(c, dots + 1) === "=") {
      c.at += dots + 1;
      const nameSpan = spanFrom(c, start);
      const name = c.text.slice(nameSpan.from - c.offset, nameSpan.to - c.offset).normalize("NFKC");
      c.at++;
      const value = parseExpression(c, depth + 1);
      keywords.push({ kind: "Keyword", span: spanFrom(c, start), name, nameSpan, value });
      isNamed = true;
    } else {
      const argument = parseNamed(c, depth + 1);
      if (isComprehension(c)) {
        args.push(comprehension(c, start, "generator", argument, null, depth, null));
        if (args.length > 1 || keywords.length > 0 || kindOf(c) !== ")") fail(c, "a generator needs its own parentheses here", start);
        break;
      }
      if (isNamed && !hasDots) fail(c, "an argument without a name follows one with a name", start);
      args.push(argument);
    }
    if (!takes(c, ",")) break;
  }
  return { args, keywords };
}

/** What stands between `[` and `]`: an index, a slice, or the tuple that commas make. */
function subscript(c: Cursor, depth: number): Expression {
  const start = c.at;
  const first = indexOrSlice(c, depth);
  if (kindOf(c) !== "," && first.kind !== "Starred") return first;
  // `a[*b]` is `a[tuple(b)]`.
  const elements = [first];
  while (takes(c, ",") && kindOf(c) !== "]") elements.push(indexOrSlice(c, depth));
  return { kind: "Sequence", span: spanFrom(c, start), form: "tuple", elements };
}

function indexOrSlice(c: Cursor, depth: number): Expression {
  const start = c.at;
  const lower = kindOf(c) === ":" ? null : element(c, depth, true);
  if (lower !== null && kindOf(c) !== ":") return lower;
  expect(c, ":");
  const bound = (): Expression | null => (BEGINS.has(kindOf(c)) ? parseExpression(c, depth) : null);
  const upper = bound();
  const step = takes(c, ":") ? bound() : null;
  return { kind: "Slice", span: spanFrom(c, start), lower, upper, step };
}
