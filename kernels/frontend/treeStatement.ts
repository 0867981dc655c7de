/** Statements of the syntax tree, from the grammar's tree. What is not Python, or not evaluated, is `UnsupportedStatement`. */
import { quote } from "./diagnostic.ts";
import type {
  AugAssign,
  BinOperator,
  Expression,
  ImportAlias,
  ImportFrom,
  MatchCase,
  Statement,
  Try,
  UnsupportedStatement,
} from "./syntax.ts";
import { identifier, MAX_DEPTH, type RawNode, type Reader, sourceOf, spanOf, tooDeep } from "./tree.ts";
import { callArguments, expression, expressionList, parameters, splitAt, typeOf } from "./treeExpression.ts";
import { pattern } from "./treePattern.ts";

/** The statements below `nodes`; groups (`a; b`) are flat. */
export function statements(reader: Reader, nodes: readonly RawNode[], depth: number): Statement[] {
  const result: Statement[] = [];
  for (const node of nodes) {
    if (node.name === "StatementGroup") result.push(...statements(reader, node.children, depth));
    else if (node.name !== ":" && node.name !== ";" && !(node.isError && node.from === node.to)) {
      result.push(statement(reader, node, depth));
    }
  }
  return result;
}

/** The string that a body begins with, or null. */
export function docstringOf(body: readonly Statement[]): string | null {
  const first = body[0];
  if (first?.kind !== "ExpressionStatement" || first.value.kind !== "Constant" || first.value.literal.type !== "str") return null;
  return first.value.literal.value;
}

function statement(reader: Reader, node: RawNode, depth: number, decorators: readonly Expression[] = []): Statement {
  const span = trimmed(reader, node);
  if (reader.broken.has(node.from) || node.isError) return unsupported(reader, node, "a syntax error");
  if (depth > MAX_DEPTH) {
    tooDeep(reader, node);
    return unsupported(reader, node, "a block nested this deeply");
  }
  const kids = node.children;
  const value = (from: number, to = kids.length): Expression => expressionList(reader, kids.slice(from, to), depth + 1, node.to);
  switch (node.name) {
    case "ExpressionStatement":
      // A line of IPython's.
      if (reader.holes.get(node.from) === null) return { kind: "Simple", span, word: "pass" };
      return { kind: "ExpressionStatement", span, value: value(0) };
    case "AssignStatement":
      return assignment(reader, node, depth);
    case "UpdateStatement": {
      const at = kids.findIndex((k) => k.name === "UpdateOp");
      const op = kids[at];
      if (op === undefined) return unsupported(reader, node, "a syntax error");
      const result: AugAssign = {
        kind: "AugAssign",
        span,
        target: value(0, at),
        op: sourceOf(reader, op).slice(0, -1) as BinOperator,
        opSpan: spanOf(reader, op),
        value: value(at + 1),
      };
      return result;
    }
    case "ReturnStatement":
      return { kind: "Return", span, value: kids.length > 1 ? value(1) : null };
    case "IfStatement":
      return conditional(reader, node, 0, depth);
    case "WhileStatement":
      return {
        kind: "While",
        span,
        condition: value(1, bodyAt(node, 1)),
        body: block(reader, kids[bodyAt(node, 1)], depth),
        otherwise: block(reader, after(node, "else"), depth),
      };
    case "ForStatement": {
      const isAsync = kids[0]?.name === "async";
      const start = isAsync ? 2 : 1;
      const at = kids.findIndex((k) => k.name === "in");
      const body = bodyAt(node, start);
      return {
        kind: "For",
        span,
        target: value(start, at),
        iterable: value(at + 1, body),
        body: block(reader, kids[body], depth),
        otherwise: block(reader, after(node, "else"), depth),
        isAsync,
      };
    }
    case "WithStatement": {
      const start = kids[0]?.name === "async" ? 2 : 1;
      const body = bodyAt(node, start);
      const items = splitAt(kids.slice(start, body), ",").map((part) => {
        const as = part.findIndex((k) => k.name === "as");
        return {
          context: expression(reader, part[0], depth + 1, node.to),
          target: as < 0 ? null : expression(reader, part[as + 1], depth + 1, node.to),
        };
      });
      return { kind: "With", span, items, body: block(reader, kids[body], depth) };
    }
    case "TryStatement":
      return tryStatement(reader, node, depth);
    case "MatchStatement": {
      const body = kids.findIndex((k) => k.name === "MatchBody");
      const clauses = (kids[body]?.children ?? []).filter((k) => k.name === "MatchClause");
      return { kind: "Match", span, subject: value(1, body), cases: clauses.map((c) => matchCase(reader, c, depth + 1)) };
    }
    case "DecoratedStatement": {
      const found = kids.filter((k) => k.name === "Decorator").map((k) => decorator(reader, k, depth + 1));
      const definition = kids[kids.length - 1];
      if (definition === undefined || definition.name === "Decorator") return unsupported(reader, node, "a syntax error");
      return statement(reader, definition, depth, found);
    }
    case "FunctionDefinition": {
      const name = kids.find((k) => k.name === "VariableName");
      const list = kids.find((k) => k.name === "ParamList");
      const body = kids.find((k) => k.name === "Body");
      if (name === undefined || list === undefined || body === undefined) return unsupported(reader, node, "a syntax error");
      const returns = kids.find((k) => k.name === "TypeDef");
      const inside = block(reader, body, depth);
      return {
        kind: "FunctionDef",
        span,
        name: identifier(reader, name),
        nameSpan: spanOf(reader, name),
        params: parameters(reader, list, depth + 1),
        returns: returns === undefined ? null : typeOf(reader, returns, depth + 1),
        decorators,
        body: inside,
        docstring: docstringOf(inside),
        isAsync: kids[0]?.name === "async",
      };
    }
    case "ClassDefinition": {
      const name = kids.find((k) => k.name === "VariableName");
      if (name === undefined) return unsupported(reader, node, "a syntax error");
      const { args, keywords } = callArguments(
        reader,
        kids.find((k) => k.name === "ArgList"),
        depth + 1,
      );
      const inside = block(
        reader,
        kids.find((k) => k.name === "Body"),
        depth,
      );
      return {
        kind: "ClassDef",
        span,
        name: identifier(reader, name),
        nameSpan: spanOf(reader, name),
        bases: args,
        keywords,
        decorators,
        body: inside,
        docstring: docstringOf(inside),
      };
    }
    case "ImportStatement":
      return importStatement(reader, node);
    case "AssertStatement": {
      const [test, message] = splitAt(kids.slice(1), ",");
      return {
        kind: "Assert",
        span,
        test: expressionList(reader, test ?? [], depth + 1, node.to),
        message: message === undefined ? null : expressionList(reader, message, depth + 1, node.to),
      };
    }
    case "RaiseStatement": {
      const from = kids.findIndex((k) => k.name === "from");
      return { kind: "Raise", span, exception: kids.length < 2 ? null : value(1, from < 0 ? kids.length : from) };
    }
    case "DeleteStatement":
      return { kind: "Delete", span, targets: splitAt(kids.slice(1), ",").map((p) => expression(reader, p[0], depth + 1, node.to)) };
    case "ScopeStatement": {
      const names = kids.filter((k) => k.name === "VariableName").map((k) => identifier(reader, k));
      return { kind: "Scope", span, word: kids[0]?.name === "global" ? "global" : "nonlocal", names };
    }
    case "PassStatement":
      return { kind: "Simple", span, word: "pass" };
    case "BreakStatement":
      return { kind: "Simple", span, word: "break" };
    case "ContinueStatement":
      return { kind: "Simple", span, word: "continue" };
    case "YieldStatement":
      return { kind: "ExpressionStatement", span, value: expression(reader, node, depth + 1, node.to) };
    default:
      return unsupported(reader, node, quote(sourceOf(reader, node)));
  }
}

function unsupported(reader: Reader, node: RawNode, construct: string): UnsupportedStatement {
  return { kind: "UnsupportedStatement", span: spanOf(reader, node), construct };
}

/** A statement's span without the line break that the grammar counts to a block. */
function trimmed(reader: Reader, { from, to }: RawNode): Statement["span"] {
  let end = to;
  while (end > from && reader.text.charCodeAt(end - 1) <= 32) end--;
  return spanOf(reader, { from, to: end });
}

function block(reader: Reader, body: RawNode | undefined, depth: number): Statement[] {
  return body === undefined ? [] : statements(reader, body.children, depth + 1);
}

/** Index of the first `Body` at or after `start`. */
function bodyAt(node: RawNode, start: number): number {
  const at = node.children.findIndex((k, i) => i >= start && k.name === "Body");
  return at < 0 ? node.children.length : at;
}

/** The block that follows the keyword `word`. */
function after(node: RawNode, word: string): RawNode | undefined {
  const at = node.children.findIndex((k) => k.name === word);
  return at < 0 ? undefined : node.children[at + 1];
}

function assignment(reader: Reader, node: RawNode, depth: number): Statement {
  const span = spanOf(reader, node);
  const annotation = node.children.find((k) => k.name === "TypeDef");
  const parts = splitAtOperator(node.children, "AssignOp");
  const of = (part: readonly RawNode[] | undefined): Expression => expressionList(reader, part ?? [], depth + 1, node.to);
  if (annotation !== undefined) {
    const target = of(parts[0]?.filter((k) => k !== annotation));
    return {
      kind: "AnnAssign",
      span,
      target,
      annotation: typeOf(reader, annotation, depth + 1),
      value: parts.length > 1 ? of(parts[1]) : null,
    };
  }
  return { kind: "Assign", span, targets: parts.slice(0, -1).map(of), value: of(parts[parts.length - 1]) };
}

const splitAtOperator = (nodes: readonly RawNode[], name: string): RawNode[][] => splitAt(nodes, name, true);

/** `if` at child `at`; each `elif` is an `If` alone in `otherwise`. */
function conditional(reader: Reader, node: RawNode, at: number, depth: number): Statement {
  const kids = node.children;
  const body = bodyAt(node, at + 1);
  const next = kids[body + 1];
  const span = { ...trimmed(reader, node), from: spanOf(reader, kids[at] ?? node).from };
  if (depth > MAX_DEPTH) {
    tooDeep(reader, node);
    return unsupported(reader, node, "a block nested this deeply");
  }
  let otherwise: Statement[] = [];
  if (next?.name === "elif") otherwise = [conditional(reader, node, body + 1, depth + 1)];
  else if (next?.name === "else") otherwise = block(reader, kids[body + 2], depth);
  return {
    kind: "If",
    span,
    condition: expressionList(reader, kids.slice(at + 1, body), depth + 1, node.to),
    body: block(reader, kids[body], depth),
    otherwise,
  };
}

function tryStatement(reader: Reader, node: RawNode, depth: number): Try {
  const kids = node.children;
  const handlers: Try["handlers"][number][] = [];
  for (const [i, kid] of kids.entries()) {
    if (kid.name !== "except") continue;
    const body = bodyAt(node, i);
    const head = kids.slice(i + 1, body).filter((k) => k.name !== "*");
    const as = head.findIndex((k) => k.name === "as");
    const name = as < 0 ? undefined : head[as + 1];
    const type = as < 0 ? head : head.slice(0, as);
    handlers.push({
      kind: "ExceptHandler",
      span: spanOf(reader, { from: kid.from, to: kids[body]?.to ?? node.to }),
      type: type.length === 0 ? null : expressionList(reader, type, depth + 1, kid.to),
      name: name === undefined ? null : identifier(reader, name),
      body: block(reader, kids[body], depth),
    });
  }
  return {
    kind: "Try",
    span: trimmed(reader, node),
    body: block(reader, after(node, "try"), depth),
    handlers,
    otherwise: block(reader, after(node, "else"), depth),
    finally: block(reader, after(node, "finally"), depth),
  };
}

/** `@a.b(c)`: the grammar gives the parts flat. */
function decorator(reader: Reader, node: RawNode, depth: number): Expression {
  let result: Expression | null = null;
  for (const kid of node.children) {
    const from = node.children[1]?.from ?? node.from;
    const span = spanOf(reader, { from, to: kid.to });
    if (kid.name === "VariableName" || kid.name === "PropertyName") {
      const name = identifier(reader, kid);
      if (result === null && reader.holes.has(kid.from)) return expression(reader, kid, depth, kid.from);
      result =
        result === null
          ? { kind: "Name", span, id: name }
          : { kind: "Attribute", span, object: result, name, nameSpan: spanOf(reader, kid) };
    } else if (kid.name === "ArgList" && result !== null) {
      result = { kind: "Call", span, callee: result, ...callArguments(reader, kid, depth) };
    }
  }
  return result ?? { kind: "UnsupportedExpression", span: spanOf(reader, node), construct: "a syntax error" };
}

function importStatement(reader: Reader, node: RawNode): Statement {
  const span = spanOf(reader, node);
  const kids = node.children;
  const isFrom = kids[0]?.name === "from";
  const importAt = kids.findIndex((k) => k.name === "import");
  const names = splitAt(
    kids.slice(importAt + 1).filter((k) => k.name !== "(" && k.name !== ")"),
    ",",
  ).map((part): ImportAlias => {
    const as = part.findIndex((k) => k.name === "as");
    const name = (as < 0 ? part : part.slice(0, as)).map((k) => identifier(reader, k)).join("");
    const alias = as < 0 ? undefined : part[as + 1];
    const extent = { from: part[0]?.from ?? node.from, to: part[part.length - 1]?.to ?? node.to };
    return { span: spanOf(reader, extent), name, asName: alias === undefined ? null : identifier(reader, alias) };
  });
  if (!isFrom) return { kind: "Import", span, names };
  const path = kids
    .slice(1, importAt)
    .map((k) => identifier(reader, k))
    .join("");
  const level = /^\.*/.exec(path)?.[0].length ?? 0;
  const result: ImportFrom = { kind: "ImportFrom", span, module: path.slice(level), level, names };
  return result;
}

function matchCase(reader: Reader, node: RawNode, depth: number): MatchCase {
  const guard = node.children.find((k) => k.name === "Guard");
  const patterns = node.children.filter((k) => k.name.endsWith("Pattern"));
  const hasComma = node.children.some((k) => k.name === ",");
  const [first] = patterns;
  const extent = { from: first?.from ?? node.from, to: patterns[patterns.length - 1]?.to ?? node.to };
  return {
    kind: "MatchCase",
    span: spanOf(reader, node),
    pattern:
      first !== undefined && !hasComma
        ? pattern(reader, first, depth)
        : { kind: "SequencePattern", span: spanOf(reader, extent), elements: patterns.map((p) => pattern(reader, p, depth)) },
    guard: guard === undefined ? null : expression(reader, guard.children[1], depth, guard.to),
    body: block(
      reader,
      node.children.find((k) => k.name === "Body"),
      depth,
    ),
  };
}
