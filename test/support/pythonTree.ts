/** A syntax tree in the words of test/oracle/syntaxGenerate.py, which writes Python's own `ast` in them. */
import type { Expression, FormatPart, Parameter, Pattern, Statement } from "../../kernels/frontend/syntax.ts";

/** Lists that begin with what they are. */
export type Tree = string | number | boolean | null | readonly Tree[];

export const treeOf = (body: readonly Statement[]): Tree => body.map(statement);

function expr(e: Expression | null): Tree {
  if (e === null) return null;
  switch (e.kind) {
    case "Name":
      return ["name", e.id];
    case "Constant": {
      const { literal } = e;
      if (literal.type === "None") return ["None"];
      if (literal.type === "Ellipsis") return ["..."];
      if (literal.type === "int") return ["int", String(literal.value)];
      return [literal.type, literal.value === Number.POSITIVE_INFINITY ? "inf" : literal.value];
    }
    case "JoinedStr":
      return ["format", parts(e.parts)];
    case "BinOp":
      return ["binary", e.op, expr(e.left), expr(e.right)];
    case "BoolOp":
      return ["logical", e.op, expr(e.left), expr(e.right)];
    case "UnaryOp":
      return ["unary", e.op, expr(e.operand)];
    case "Compare":
      return ["compare", expr(e.left), [...e.ops], e.comparators.map(expr)];
    case "Call":
      return ["call", expr(e.callee), e.args.map(expr), e.keywords.map((k) => [k.name, expr(k.value)])];
    case "Attribute":
      return ["attribute", expr(e.object), e.name];
    case "Subscript":
      return ["subscript", expr(e.object), expr(e.index)];
    case "Slice":
      return ["slice", expr(e.lower), expr(e.upper), expr(e.step)];
    case "Sequence":
      return [e.form, e.elements.map(expr)];
    case "Dict":
      return ["dict", e.entries.map((x) => [expr(x.key), expr(x.value)])];
    case "Comprehension": {
      const clauses = e.generators.map((g) => [expr(g.target), expr(g.iterable), g.conditions.map(expr)]);
      return ["comprehension", e.form, expr(e.element), expr(e.value), clauses];
    }
    case "Lambda":
      return ["lambda", parameters(e.params), expr(e.body)];
    case "IfExp":
      return ["if", expr(e.condition), expr(e.body), expr(e.otherwise)];
    case "NamedExpr":
      return ["named", expr(e.target), expr(e.value)];
    case "Starred":
      return ["star", expr(e.value)];
    case "Yield":
      return ["yield", expr(e.value), e.isFrom];
    case "UnsupportedExpression":
      return e.construct === "`await`" ? ["await"] : ["unsupported", e.construct];
  }
}

/** Literal text that stands side by side is one. */
function parts(list: readonly FormatPart[]): Tree[] {
  const result: Tree[] = [];
  for (const part of list) {
    const last = result[result.length - 1];
    if (typeof part !== "string") result.push([expr(part.value), part.conversion, parts(part.spec)]);
    else if (typeof last === "string") result[result.length - 1] = last + part;
    else result.push(part);
  }
  return result;
}

function parameters(params: readonly Parameter[]): Tree {
  return params.map((p) => [p.role, p.name, expr(p.annotation), expr(p.default)]);
}

function pattern(p: Pattern): Tree {
  switch (p.kind) {
    case "ValuePattern":
      return ["value", expr(p.value)];
    case "CapturePattern":
      return ["capture", p.name];
    case "SequencePattern":
      return ["sequence", p.elements.map(pattern)];
    case "StarPattern":
      return ["star", p.name];
    case "OrPattern":
      return ["or", p.alternatives.map(pattern)];
    case "AsPattern":
      return ["as", pattern(p.pattern), p.name];
    case "MappingPattern":
      return ["mapping", p.entries.map((e) => [expr(e.key), pattern(e.pattern)]), p.rest];
    case "ClassPattern":
      return ["class", expr(p.cls), p.args.map((a) => [expr(a.key), pattern(a.pattern)])];
    case "UnsupportedPattern":
      return ["unsupported"];
  }
}

function statement(s: Statement): Tree {
  switch (s.kind) {
    case "FunctionDef":
      return ["def", s.name, parameters(s.params), expr(s.returns), s.decorators.map(expr), s.isAsync, treeOf(s.body)];
    case "ClassDef":
      return ["class", s.name, s.bases.map(expr), s.keywords.map((k) => [k.name, expr(k.value)]), s.decorators.map(expr), treeOf(s.body)];
    case "Return":
      return ["return", expr(s.value)];
    case "Assign":
      return ["assign", s.targets.map(expr), expr(s.value)];
    case "AugAssign":
      return ["augmented", expr(s.target), s.op, expr(s.value)];
    case "AnnAssign":
      return ["annotated", expr(s.target), expr(s.annotation), expr(s.value)];
    case "For":
      return ["for", expr(s.target), expr(s.iterable), treeOf(s.body), treeOf(s.otherwise), s.isAsync];
    case "While":
      return ["while", expr(s.condition), treeOf(s.body), treeOf(s.otherwise)];
    case "If":
      return ["if", expr(s.condition), treeOf(s.body), treeOf(s.otherwise)];
    case "With":
      return ["with", s.items.map((i) => [expr(i.context), expr(i.target)]), treeOf(s.body)];
    case "Try": {
      const handlers = s.handlers.map((h) => [expr(h.type), h.name, treeOf(h.body)]);
      return ["try", treeOf(s.body), handlers, treeOf(s.otherwise), treeOf(s.finally)];
    }
    case "Match":
      return ["match", expr(s.subject), s.cases.map((c) => [pattern(c.pattern), expr(c.guard), treeOf(c.body)])];
    case "Import":
      return ["import", s.names.map((a) => [a.name, a.asName])];
    case "ImportFrom":
      return ["from", s.module, s.level, s.names.map((a) => [a.name, a.asName])];
    case "ExpressionStatement":
      return ["expression", expr(s.value)];
    case "Delete":
      return ["del", s.targets.map(expr)];
    case "Simple":
      return [s.word];
    case "Scope":
      return [s.word, [...s.names]];
    case "Assert":
      return ["assert", expr(s.test), expr(s.message)];
    case "Raise":
      return ["raise", expr(s.exception)];
    case "UnsupportedStatement":
      return ["unsupported"];
  }
}

/** Where two trees differ first, as a path and both parts; null where they are the same. `await` hides what is below it. */
export function treeDifference(a: Tree, b: Tree, path = ""): string | null {
  if (!isList(a) || !isList(b)) return a === b ? null : `${path}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
  if (a.length !== b.length) return `${path}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`;
  for (const [i, part] of a.entries()) {
    const found = treeDifference(part, b[i] ?? null, `${path}/${i}`);
    if (found !== null) return found;
  }
  return null;
}

const isList = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree);
