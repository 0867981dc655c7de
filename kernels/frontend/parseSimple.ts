/** Tokens → statements without a block. https://docs.python.org/3/reference/simple_stmts.html */
import { type Cursor, expect, expectName, fail, kindAhead, kindOf, skipBrackets, spanFrom, takes, tokenSpan, tokenText } from "./cursor.ts";
import { quote } from "./diagnosticRow.ts";
import { checkTarget, parseExpression, parseExpressionList, parseTarget, parseYield } from "./parseExpression.ts";
import type { BinOperator, Expression, ImportAlias, Statement } from "./syntax.ts";
import type { TokenKind } from "./token.ts";

/** Statements with `;` between them, up to the end of the line. */
export function parseSimple(c: Cursor, depth: number): Statement[] {
  const result = [simple(c, depth)];
  while (takes(c, ";") && kindOf(c) !== "end") result.push(simple(c, depth));
  if (kindOf(c) !== "end") fail(c);
  return result;
}

function simple(c: Cursor, depth: number): Statement {
  const start = c.at;
  switch (kindOf(c)) {
    case "return": {
      c.at++;
      const value = isEnd(c) ? null : parseExpressionList(c, depth + 1);
      return { kind: "Return", span: spanFrom(c, start), value };
    }
    case "pass":
    case "break":
    case "continue": {
      const word = kindOf(c) as "pass" | "break" | "continue";
      c.at++;
      return { kind: "Simple", span: spanFrom(c, start), word };
    }
    case "import": {
      c.at++;
      const names = [alias(c, true)];
      while (takes(c, ",")) names.push(alias(c, true));
      return { kind: "Import", span: spanFrom(c, start), names };
    }
    case "from":
      return importFrom(c);
    case "raise": {
      c.at++;
      const exception = isEnd(c) ? null : parseExpression(c, depth + 1);
      if (takes(c, "from")) parseExpression(c, depth + 1);
      return { kind: "Raise", span: spanFrom(c, start), exception };
    }
    case "assert": {
      c.at++;
      const test = parseExpression(c, depth + 1);
      const message = takes(c, ",") ? parseExpression(c, depth + 1) : null;
      return { kind: "Assert", span: spanFrom(c, start), test, message };
    }
    case "del": {
      c.at++;
      const targets = [parseTarget(c, depth + 1)];
      while (takes(c, ",") && !isEnd(c)) targets.push(parseTarget(c, depth + 1));
      return { kind: "Delete", span: spanFrom(c, start), targets };
    }
    case "global":
    case "nonlocal": {
      const word = kindOf(c) as "global" | "nonlocal";
      c.at++;
      const names = [expectName(c)];
      while (takes(c, ",")) names.push(expectName(c));
      return { kind: "Scope", span: spanFrom(c, start), word, names };
    }
    case "name":
      if (tokenText(c, start) === "type" && kindAhead(c, 1) === "name") return typeAlias(c, depth);
      return expressionStatement(c, depth);
    default:
      return expressionStatement(c, depth);
  }
}

const isEnd = (c: Cursor): boolean => kindOf(c) === "end" || kindOf(c) === ";";

/** `type Point[T] = tuple[T, T]`: nothing here asks for it. */
function typeAlias(c: Cursor, depth: number): Statement {
  const start = c.at;
  c.at += 2;
  if (kindOf(c) === "[") skipBrackets(c);
  expect(c, "=");
  parseExpression(c, depth + 1);
  const span = spanFrom(c, start);
  return { kind: "UnsupportedStatement", span, construct: quote(c.text.slice(span.from - c.offset, span.to - c.offset)) };
}

const AUGMENTED: ReadonlySet<TokenKind> = new Set(["+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "&=", "|=", "^=", "<<=", ">>="]);

function expressionStatement(c: Cursor, depth: number): Statement {
  const start = c.at;
  const first = assigned(c, depth);
  const kind = kindOf(c);
  if (kind === "=") {
    const targets: Expression[] = [];
    let value = first;
    for (let from = start; takes(c, "="); ) {
      targets.push(checkTarget(c, value, from));
      from = c.at;
      value = assigned(c, depth);
    }
    return { kind: "Assign", span: spanFrom(c, start), targets, value };
  }
  if (kind === ":") {
    c.at++;
    if (first.kind !== "Name" && first.kind !== "Attribute" && first.kind !== "Subscript")
      fail(c, "only a single target can be annotated", start);
    const annotation = parseExpression(c, depth + 2);
    const value = takes(c, "=") ? assigned(c, depth) : null;
    return { kind: "AnnAssign", span: spanFrom(c, start), target: first, annotation, value };
  }
  if (AUGMENTED.has(kind)) {
    const opSpan = tokenSpan(c, c.at++);
    if (first.kind === "Sequence") fail(c, `\`${kind}\` needs a single target`, start);
    const target = checkTarget(c, first, start);
    const value = assigned(c, depth);
    return { kind: "AugAssign", span: spanFrom(c, start), target, op: kind.slice(0, -1) as BinOperator, opSpan, value };
  }
  return { kind: "ExpressionStatement", span: spanFrom(c, start), value: first };
}

/** What stands between the `=` of an assignment. */
function assigned(c: Cursor, depth: number): Expression {
  return kindOf(c) === "yield" ? parseYield(c, depth + 1) : parseExpressionList(c, depth + 1);
}

// --------------------------------------------------------------------------------------------------------- imports

/** `a.b.c as name`; without `hasDots` only `a as name`. */
function alias(c: Cursor, hasDots: boolean): ImportAlias {
  const start = c.at;
  let name = expectName(c);
  while (hasDots && takes(c, ".")) name += `.${expectName(c)}`;
  const asName = takes(c, "as") ? expectName(c) : null;
  return { span: spanFrom(c, start), name, asName };
}

function importFrom(c: Cursor): Statement {
  const start = c.at++;
  let level = 0;
  for (; kindOf(c) === "." || kindOf(c) === "..."; c.at++) level += kindOf(c) === "." ? 1 : 3;
  let module = kindOf(c) === "import" && level > 0 ? "" : expectName(c);
  while (takes(c, ".")) module += `.${expectName(c)}`;
  expect(c, "import");
  const names: ImportAlias[] = [];
  if (kindOf(c) === "*") {
    const star = c.at++;
    names.push({ span: tokenSpan(c, star), name: "*", asName: null });
  } else {
    const isGrouped = takes(c, "(");
    names.push(alias(c, false));
    while (takes(c, ",") && !(isGrouped && kindOf(c) === ")")) names.push(alias(c, false));
    if (isGrouped) expect(c, ")");
  }
  return { kind: "ImportFrom", span: spanFrom(c, start), module, level, names };
}
