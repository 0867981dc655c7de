/** Tokens → patterns of `match`. https://docs.python.org/3/reference/compound_stmts.html#patterns */
import {
  type Cursor,
  expect,
  expectName,
  fail,
  kindAhead,
  kindOf,
  MAX_DEPTH,
  spanFrom,
  takes,
  tokenSpan,
  tokenText,
  tooDeep,
} from "./cursor.ts";
import { parseAtom } from "./parseExpression.ts";
import type { BinOperator, Expression, Pattern, PatternEntry } from "./syntax.ts";

/** One pattern, or the sequence that commas make of several without brackets. */
export function parsePatterns(c: Cursor, depth: number): Pattern {
  const start = c.at;
  const first = element(c, depth);
  if (kindOf(c) !== ",") return first.kind === "StarPattern" ? unsupported(c, start) : first;
  const elements = [first];
  while (takes(c, ",") && kindOf(c) !== ":" && kindOf(c) !== "if" && kindOf(c) !== "end") elements.push(element(c, depth));
  return { kind: "SequencePattern", span: spanFrom(c, start), elements };
}

/** A pattern, or `*name`. */
function element(c: Cursor, depth: number): Pattern {
  const start = c.at;
  if (!takes(c, "*")) return pattern(c, depth);
  const name = bound(expectName(c));
  return { kind: "StarPattern", span: spanFrom(c, start), name };
}

const bound = (name: string): string | null => (name === "_" ? null : name);

function unsupported(c: Cursor, start: number): Pattern {
  fail(c, null, start);
  return { kind: "UnsupportedPattern", span: spanFrom(c, start) };
}

/** Alternatives, with `as name` or without. */
function pattern(c: Cursor, depth: number): Pattern {
  const start = c.at;
  if (depth > MAX_DEPTH) {
    tooDeep(c, start);
    return unsupported(c, start);
  }
  const first = closed(c, depth);
  let result = first;
  if (kindOf(c) === "|") {
    const alternatives = [first];
    while (takes(c, "|")) alternatives.push(closed(c, depth));
    result = { kind: "OrPattern", span: spanFrom(c, start), alternatives };
  }
  if (!takes(c, "as")) return result;
  const name = expectName(c);
  return { kind: "AsPattern", span: spanFrom(c, start), pattern: result, name };
}

function closed(c: Cursor, depth: number): Pattern {
  const start = c.at;
  switch (kindOf(c)) {
    case "name":
      return named(c, depth);
    case "number":
    case "-":
    case "string":
    case "None":
    case "True":
    case "False": {
      const value = literal(c);
      return { kind: "ValuePattern", span: spanFrom(c, start), value };
    }
    case "(":
    case "[":
      return sequence(c, depth);
    case "{":
      return mapping(c, depth);
    default:
      return unsupported(c, start);
  }
}

/** A number with its sign, a complex number `1+2j`, strings, `None`, `True` or `False`. */
function literal(c: Cursor): Expression {
  const start = c.at;
  const opSpan = tokenSpan(c, start);
  const isNegative = takes(c, "-");
  const isNumber = kindOf(c) === "number";
  if (isNegative && !isNumber) return fail(c);
  const operand = constant(c);
  const left: Expression = isNegative ? { kind: "UnaryOp", span: spanFrom(c, start), op: "-", opSpan, operand } : operand;
  const op = kindOf(c);
  if (!isNumber || (op !== "+" && op !== "-")) return left;
  const sign = tokenSpan(c, c.at++);
  const right = constant(c);
  if (right.kind !== "Constant" || right.literal.type !== "complex") return fail(c, "only an imaginary number may be added here", start);
  return { kind: "BinOp", span: spanFrom(c, start), op: op as BinOperator, opSpan: sign, left, right };
}

/** The literal that begins here, with nothing after it. */
function constant(c: Cursor): Expression {
  const kind = kindOf(c);
  if (kind !== "string" && kind !== "number" && kind !== "None" && kind !== "True" && kind !== "False") return fail(c);
  const value = parseAtom(c, 0);
  return value.kind === "JoinedStr" ? fail(c) : value;
}

/** `a.b.c`, or one name. */
function dotted(c: Cursor): Expression {
  const start = c.at;
  let value: Expression = { kind: "Name", span: tokenSpan(c, start), id: expectName(c) };
  while (takes(c, ".")) {
    const nameSpan = tokenSpan(c, c.at);
    const name = expectName(c);
    value = { kind: "Attribute", span: spanFrom(c, start), object: value, name, nameSpan };
  }
  return value;
}

/** A name that is bound, a dotted name's value, or `Class(…)`. */
function named(c: Cursor, depth: number): Pattern {
  const start = c.at;
  const cls = dotted(c);
  if (kindOf(c) === "(") return classPattern(c, start, cls, depth);
  const span = spanFrom(c, start);
  return cls.kind === "Name" ? { kind: "CapturePattern", span, name: bound(cls.id) } : { kind: "ValuePattern", span, value: cls };
}

/** `(pattern, name=pattern)` after a class. */
function classPattern(c: Cursor, start: number, cls: Expression, depth: number): Pattern {
  expect(c, "(");
  const args: PatternEntry[] = [];
  while (kindOf(c) !== ")" && kindOf(c) !== "end") {
    const isKeyword = kindOf(c) === "name" && kindAhead(c, 1) === "=";
    const key: Expression | null = isKeyword ? { kind: "Name", span: tokenSpan(c, c.at), id: tokenText(c, c.at) } : null;
    if (isKeyword) c.at += 2;
    args.push({ key, pattern: pattern(c, depth + 1) });
    if (!takes(c, ",")) break;
  }
  expect(c, ")");
  return { kind: "ClassPattern", span: spanFrom(c, start), cls, args };
}

/** `[p, …]`, `(p, …)`; `(p)` is p itself. */
function sequence(c: Cursor, depth: number): Pattern {
  const start = c.at;
  const closer = takes(c, "[") ? "]" : ")";
  if (closer === ")") expect(c, "(");
  const elements: Pattern[] = [];
  let hasComma = false;
  while (kindOf(c) !== closer && kindOf(c) !== "end") {
    elements.push(element(c, depth + 1));
    if (!takes(c, ",")) break;
    hasComma = true;
  }
  expect(c, closer);
  const [only] = elements;
  if (closer === ")" && !hasComma && only !== undefined) return only;
  return { kind: "SequencePattern", span: spanFrom(c, start), elements };
}

/** `{key: pattern, **rest}`. */
function mapping(c: Cursor, depth: number): Pattern {
  const start = c.at++;
  const entries: PatternEntry[] = [];
  let rest: string | null = null;
  while (kindOf(c) !== "}" && kindOf(c) !== "end") {
    if (takes(c, "**")) rest = expectName(c);
    else {
      const key = kindOf(c) === "name" ? dotted(c) : literal(c);
      if (key.kind === "Name") return unsupported(c, start);
      expect(c, ":");
      entries.push({ key, pattern: pattern(c, depth + 1) });
    }
    if (!takes(c, ",")) break;
  }
  expect(c, "}");
  return { kind: "MappingPattern", span: spanFrom(c, start), entries, rest };
}
