/**
 * Expressions of the syntax tree, from the grammar's tree.
 *
 * Operators are read again from the flat sequence of operands and operators, by precedence climbing: the grammar
 * binds `not a and b` as `not (a and b)`, Python as `(not a) and b`; and a chain of comparisons becomes one node.
 * Precedences: https://docs.python.org/3/reference/expressions.html#operator-precedence
 */
import { diagnose, quote } from "./diagnostic.ts";
import { numberLiteral } from "./literal.ts";
import type {
  BinOperator,
  CompareOperator,
  Expression,
  Generator,
  Keyword,
  Name,
  Parameter,
  ParameterRole,
  UnsupportedExpression,
} from "./syntax.ts";
import { identifier, MAX_DEPTH, type RawNode, type Reader, sourceOf, spanOf, tooDeep } from "./tree.ts";
import { strings } from "./treeString.ts";

const UNSUPPORTED: Readonly<Record<string, string>> = {
  AwaitExpression: "`await`",
};

export function expression(reader: Reader, node: RawNode | undefined, depth: number, at: number): Expression {
  if (node === undefined) return unsupported(reader, { from: at, to: at }, "a syntax error");
  if (depth > MAX_DEPTH) {
    tooDeep(reader, node);
    return unsupported(reader, node, "an expression nested this deeply");
  }
  const span = spanOf(reader, node);
  const kids = node.children;
  if (kids.length === 0 && reader.holes.has(node.from)) return setAside(reader, node, depth);
  switch (node.name) {
    case "VariableName":
    case "PropertyName":
      return { kind: "Name", span, id: identifier(reader, node) };
    case "Number": {
      const literal = numberLiteral(sourceOf(reader, node));
      if (literal !== null) return { kind: "Constant", span, literal };
      reader.diagnostics.push(diagnose("syntax-error", span, [`${quote(sourceOf(reader, node))} is no number of Python's`]));
      return unsupported(reader, node, "a syntax error");
    }
    case "Boolean":
      return { kind: "Constant", span, literal: { type: "bool", value: sourceOf(reader, node) === "True" } };
    case "None":
      return { kind: "Constant", span, literal: { type: "None" } };
    case "Ellipsis":
      return { kind: "Constant", span, literal: { type: "Ellipsis" } };
    case "String":
    case "FormatString":
    case "ContinuedString":
      return strings(reader, node, depth, expressionList);
    case "ParenthesizedExpression":
      return expression(reader, kids[1], depth + 1, node.from + 1);
    case "BinaryExpression":
    case "UnaryExpression":
      return operators(reader, node, depth);
    case "ConditionalExpression": {
      const [body, , condition, , otherwise] = kids;
      return {
        kind: "IfExp",
        span,
        condition: expression(reader, condition, depth + 1, node.to),
        body: expression(reader, body, depth + 1, node.to),
        otherwise: expression(reader, otherwise, depth + 1, node.to),
      };
    }
    case "NamedExpression": {
      const [name, , value] = kids;
      return { kind: "NamedExpr", span, target: nameNode(reader, name, node), value: expression(reader, value, depth + 1, node.to) };
    }
    case "LambdaExpression": {
      const params = kids.find((k) => k.name === "ParamList");
      const colon = kids.findIndex((k) => k.name === ":");
      return {
        kind: "Lambda",
        span,
        params: params === undefined ? [] : parameters(reader, params, depth + 1),
        body: expression(reader, kids[colon + 1], depth + 1, node.to),
      };
    }
    case "CallExpression": {
      const [callee, list] = kids;
      const { args, keywords } = callArguments(reader, list, depth + 1);
      return { kind: "Call", span, callee: expression(reader, callee, depth + 1, node.from), args, keywords };
    }
    case "MemberExpression": {
      const [object, punctuation, ...rest] = kids;
      const target = expression(reader, object, depth + 1, node.from);
      if (punctuation?.name === ".") {
        const name = rest[0];
        return {
          kind: "Attribute",
          span,
          object: target,
          name: name === undefined ? "" : identifier(reader, name),
          nameSpan: name === undefined ? { ...span, from: span.to } : spanOf(reader, name),
        };
      }
      const inside = rest[rest.length - 1]?.name === "]" ? rest.slice(0, -1) : rest;
      return { kind: "Subscript", span, object: target, index: subscript(reader, inside, depth + 1, node) };
    }
    case "TupleExpression":
      return { kind: "Sequence", span, form: "tuple", elements: elements(reader, inner(kids), depth + 1, node) };
    case "ArrayExpression":
      return { kind: "Sequence", span, form: "list", elements: elements(reader, inner(kids), depth + 1, node) };
    case "SetExpression":
      return { kind: "Sequence", span, form: "set", elements: elements(reader, inner(kids), depth + 1, node) };
    case "DictionaryExpression":
      return {
        kind: "Dict",
        span,
        entries: splitAt(inner(kids), ",").map((part) => {
          if (part[0]?.name === "**") return { key: null, value: expression(reader, part[1], depth + 1, node.to) };
          return { key: expression(reader, part[0], depth + 1, node.to), value: expression(reader, part[2], depth + 1, node.to) };
        }),
      };
    case "ArrayComprehensionExpression":
      return comprehension(reader, inner(kids), "list", node, depth);
    case "SetComprehensionExpression":
      return comprehension(reader, inner(kids), "set", node, depth);
    case "DictionaryComprehensionExpression":
      return comprehension(reader, inner(kids), "dict", node, depth);
    case "ComprehensionExpression":
      return comprehension(reader, inner(kids), "generator", node, depth);
    case "YieldExpression":
    case "YieldStatement":
      return yielded(reader, node, depth);
    default:
      return unsupported(reader, node, UNSUPPORTED[node.name] ?? (node.isError ? "a syntax error" : quote(sourceOf(reader, node))));
  }
}

/** What stands in for an expression that the grammar cannot read where it is. */
function setAside(reader: Reader, node: RawNode, depth: number): Expression {
  const inside = reader.holes.get(node.from)?.children[0]?.children[0];
  if (inside === undefined) return unsupported(reader, node, "what the shell gives");
  const { holes: _, ...rest } = reader;
  const own: Reader = { ...rest, holes: new Map() };
  const parts = inside.name === "TupleExpression" || inside.name === "ParenthesizedExpression" ? inner(inside.children) : [inside];
  return expressionList(own, parts, depth + 1, node.from);
}

/** One expression, or the tuple that commas make; `*x` is allowed. `nodes` are the flat children between the ends. */
export function expressionList(reader: Reader, nodes: readonly RawNode[], depth: number, at: number): Expression {
  const [first, ...rest] = nodes;
  if (first === undefined) return unsupported(reader, { from: at, to: at }, "a syntax error");
  if (rest.length === 0) return expression(reader, first, depth, at);
  const whole = { from: first.from, to: nodes[nodes.length - 1]?.to ?? first.to };
  if (!nodes.some((n) => n.name === ",")) return elements(reader, nodes, depth, whole)[0] ?? unsupported(reader, whole, "a syntax error");
  return { kind: "Sequence", span: spanOf(reader, whole), form: "tuple", elements: elements(reader, nodes, depth + 1, whole) };
}

export function parameters(reader: Reader, list: RawNode, depth: number): Parameter[] {
  const kids = list.children.filter((k) => k.name !== "(" && k.name !== ")");
  const params: Parameter[] = [];
  let role: ParameterRole = "positional";
  for (const part of splitAt(kids, ",", true)) {
    const [first] = part;
    // The grammar drops the `/` node, or marks it as an error; what came before takes positions only.
    if (first === undefined || first.name === "/" || (first.isError && sourceOf(reader, first) === "/")) {
      if (hasSlash(reader, list, params)) for (const [i, p] of params.entries()) params[i] = { ...p, role: "positional-only" };
      continue;
    }
    if (first.name === "*" && part.length === 1) {
      role = "keyword-only";
      continue;
    }
    const star = first.name === "*" || first.name === "**";
    const name = star ? part[1] : first;
    if (name?.name !== "VariableName") continue;
    const annotation = part.find((k) => k.name === "TypeDef");
    const equals = part.findIndex((k) => k.name === "AssignOp");
    params.push({
      kind: "Parameter",
      span: spanOf(reader, { from: first.from, to: part[part.length - 1]?.to ?? name.to }),
      name: identifier(reader, name),
      nameSpan: spanOf(reader, name),
      role: first.name === "*" ? "args" : first.name === "**" ? "kwargs" : role,
      annotation: annotation === undefined ? null : typeOf(reader, annotation, depth),
      default: equals < 0 ? null : expression(reader, part[equals + 1], depth + 1, list.to),
    });
    if (first.name === "*") role = "keyword-only";
  }
  return params;
}

/** The expression of a `: type` or `-> type`. */
export function typeOf(reader: Reader, node: RawNode, depth: number): Expression {
  const kids = node.children.filter((k) => k.name !== ":" && k.name !== "->");
  return expression(reader, kids[0], depth + 1, node.to);
}

/** Arguments of a call, of a decorator or of a class. */
export function callArguments(reader: Reader, list: RawNode | undefined, depth: number): { args: Expression[]; keywords: Keyword[] } {
  const args: Expression[] = [];
  const keywords: Keyword[] = [];
  if (list === undefined) return { args, keywords };
  const kids = inner(list.children);
  if (kids.some((k) => k.name === "for")) {
    args.push(
      comprehension(reader, kids, "generator", { from: kids[0]?.from ?? list.from, to: kids[kids.length - 1]?.to ?? list.to }, depth),
    );
    return { args, keywords };
  }
  for (const part of splitAt(kids, ",")) {
    const [first, second, third] = part;
    if (first === undefined) continue;
    const span = spanOf(reader, { from: first.from, to: part[part.length - 1]?.to ?? first.to });
    if (first.name === "**") {
      keywords.push({ kind: "Keyword", span, name: null, nameSpan: null, value: expression(reader, second, depth + 1, list.to) });
    } else if (first.name === "*") {
      args.push({ kind: "Starred", span, value: expression(reader, second, depth + 1, list.to) });
    } else if (second?.name === "AssignOp" && sourceOf(reader, second) === "=") {
      const value = expression(reader, third, depth + 1, list.to);
      keywords.push({ kind: "Keyword", span, name: sourceOf(reader, first), nameSpan: spanOf(reader, first), value });
    } else if (second?.name === "AssignOp") {
      args.push({ kind: "NamedExpr", span, target: nameNode(reader, first, list), value: expression(reader, third, depth + 1, list.to) });
    } else {
      args.push(expression(reader, first, depth + 1, list.to));
    }
  }
  return { args, keywords };
}

/** `yield`, `yield a, b`, `yield from a`. */
function yielded(reader: Reader, node: RawNode, depth: number): Expression {
  const isFrom = node.children.some((k) => k.name === "from");
  const values = node.children.filter((k) => k.name !== "yield" && k.name !== "from" && !(k.isError && k.from === k.to));
  const value = values.length === 0 ? null : expressionList(reader, values, depth + 1, node.to);
  return { kind: "Yield", span: spanOf(reader, node), value, isFrom };
}

export function unsupported(reader: Reader, node: { from: number; to: number }, construct: string): UnsupportedExpression {
  return { kind: "UnsupportedExpression", span: spanOf(reader, node), construct };
}

/** Parts between `separator`s; empty parts are kept only on request. */
export function splitAt(nodes: readonly RawNode[], separator: string, keepEmpty = false): RawNode[][] {
  const parts: RawNode[][] = [[]];
  for (const node of nodes) {
    if (node.name === separator) parts.push([]);
    else parts[parts.length - 1]?.push(node);
  }
  return keepEmpty ? parts : parts.filter((p) => p.length > 0);
}

// ------------------------------------------------------------------------------------------------------- operators

type Item = { readonly operand: RawNode } | { readonly op: string; readonly from: number; readonly to: number };

const BINARY: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  "|": 5,
  "^": 6,
  "&": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "//": 10,
  "%": 10,
  "@": 10,
  "**": 12,
};
const NOT = 3;
const COMPARISON = 4;
const UNARY = 11;
const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"]);

/** Operands and operators below `node` in the order of the text, without going into parentheses. */
function flatten(reader: Reader, node: RawNode): Item[] {
  const items: Item[] = [];
  const stack: RawNode[] = [node];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top.name === "BinaryExpression" || top.name === "UnaryExpression") {
      for (let i = top.children.length - 1; i >= 0; i--) {
        const kid = top.children[i];
        if (kid !== undefined) stack.push(kid);
      }
      continue;
    }
    const op = OPERATOR_NODES.has(top.name) ? sourceOf(reader, top) : null;
    if (op === null) {
      items.push({ operand: top });
      continue;
    }
    const before = items[items.length - 1];
    if (before !== undefined && "op" in before && ((before.op === "is" && op === "not") || (before.op === "not" && op === "in"))) {
      items[items.length - 1] = { op: `${before.op} ${op}`, from: before.from, to: top.to };
    } else items.push({ op, from: top.from, to: top.to });
  }
  return items;
}

const OPERATOR_NODES: ReadonlySet<string> = new Set(["ArithOp", "BitOp", "CompareOp", "and", "or", "not", "is", "in"]);

/** An expression with its extent in the text, parentheses included. */
interface Built {
  readonly expression: Expression;
  readonly from: number;
  readonly to: number;
}

function operators(reader: Reader, node: RawNode, depth: number): Expression {
  const items = flatten(reader, node);
  const count = items.filter((i) => "op" in i).length;
  if (depth + count > MAX_DEPTH) {
    tooDeep(reader, node);
    return unsupported(reader, node, "an expression nested this deeply");
  }
  let next = 0;

  const primary = (): Built => {
    const item = items[next];
    if (item === undefined || "op" in item) {
      return { expression: unsupported(reader, { from: node.to, to: node.to }, "a syntax error"), from: node.to, to: node.to };
    }
    next++;
    const { from, to } = item.operand;
    return { expression: expression(reader, item.operand, depth + count, from), from, to };
  };

  const prefix = (): Built => {
    const item = items[next];
    if (item === undefined || !("op" in item)) return primary();
    const { op } = item;
    if (op !== "not" && op !== "-" && op !== "+" && op !== "~") return primary();
    next++;
    const operand = climb(op === "not" ? NOT : UNARY);
    const extent = { from: item.from, to: operand.to };
    return {
      expression: { kind: "UnaryOp", span: spanOf(reader, extent), op, opSpan: spanOf(reader, item), operand: operand.expression },
      ...extent,
    };
  };

  const climb = (minimum: number): Built => {
    let left = prefix();
    for (let item = items[next]; item !== undefined && "op" in item; item = items[next]) {
      const { op } = item;
      if (COMPARISONS.has(op)) {
        if (minimum > COMPARISON) break;
        left = comparison(left);
        continue;
      }
      const precedence = BINARY[op];
      if (precedence === undefined || precedence < minimum) break;
      next++;
      const right = climb(op === "**" ? UNARY : precedence + 1);
      const extent = { from: left.from, to: right.to };
      const base = { span: spanOf(reader, extent), opSpan: spanOf(reader, item), left: left.expression, right: right.expression };
      left = {
        expression: op === "and" || op === "or" ? { kind: "BoolOp", op, ...base } : { kind: "BinOp", op: op as BinOperator, ...base },
        ...extent,
      };
    }
    return left;
  };

  const comparison = (first: Built): Built => {
    const ops: CompareOperator[] = [];
    const comparators: Expression[] = [];
    let to = first.to;
    for (let item = items[next]; item !== undefined && "op" in item && COMPARISONS.has(item.op); item = items[next]) {
      next++;
      ops.push(item.op as CompareOperator);
      const right = climb(COMPARISON + 1);
      comparators.push(right.expression);
      to = right.to;
    }
    const extent = { from: first.from, to };
    return { expression: { kind: "Compare", span: spanOf(reader, extent), left: first.expression, ops, comparators }, ...extent };
  };

  const whole = climb(0);
  return next < items.length ? unsupported(reader, node, "a syntax error") : whole.expression;
}

// ------------------------------------------------------------------------------------------------------------ parts

/** Children without the brackets around them. */
function inner(kids: readonly RawNode[]): RawNode[] {
  const last = kids[kids.length - 1]?.name;
  return kids.slice(1, last === ")" || last === "]" || last === "}" ? -1 : undefined);
}

function elements(reader: Reader, nodes: readonly RawNode[], depth: number, whole: { from: number; to: number }): Expression[] {
  return splitAt(nodes, ",").map((part): Expression => {
    const [first, second, third] = part;
    if (first?.name === "UnaryExpression" && reader.text[first.from] === "*")
      return { kind: "Starred", span: spanOf(reader, first), value: expression(reader, first.children[1], depth, whole.to) };
    if (
      first !== undefined &&
      (first.name === "*" || first.children[0]?.name === "*" || (first.isError && sourceOf(reader, first) === "*"))
    ) {
      const span = spanOf(reader, { from: first.from, to: second?.to ?? first.to });
      return { kind: "Starred", span, value: expression(reader, second, depth, whole.to) };
    }
    if (second?.name === "AssignOp" && first !== undefined) {
      const span = spanOf(reader, { from: first.from, to: third?.to ?? second.to });
      return { kind: "NamedExpr", span, target: nameNode(reader, first, first), value: expression(reader, third, depth, whole.to) };
    }
    return expression(reader, first, depth, whole.to);
  });
}

function subscript(reader: Reader, nodes: readonly RawNode[], depth: number, whole: RawNode): Expression {
  const first = nodes[0];
  const extent = { from: first?.from ?? whole.to, to: nodes[nodes.length - 1]?.to ?? whole.to };
  const one = (part: readonly RawNode[]): Expression => {
    const at = part[0];
    if (at === undefined || !part.some((k) => k.name === ":"))
      return elements(reader, part, depth, whole)[0] ?? unsupported(reader, whole, "a syntax error");
    const [lower, upper, step] = splitAt(part, ":", true).map((p) =>
      p[0] === undefined ? null : expression(reader, p[0], depth, whole.to),
    );
    const span = spanOf(reader, { from: at.from, to: part[part.length - 1]?.to ?? at.to });
    return { kind: "Slice", span, lower: lower ?? null, upper: upper ?? null, step: step ?? null };
  };
  const only = nodes.some((k) => k.name === ",") ? null : one(nodes);
  // `a[*b]` is `a[tuple(b)]`.
  if (only !== null) return only.kind === "Starred" ? { kind: "Sequence", span: only.span, form: "tuple", elements: [only] } : only;
  return { kind: "Sequence", span: spanOf(reader, extent), form: "tuple", elements: splitAt(nodes, ",").map(one) };
}

function comprehension(
  reader: Reader,
  nodes: readonly RawNode[],
  form: "list" | "set" | "dict" | "generator",
  whole: { from: number; to: number },
  depth: number,
): Expression {
  const clauses: RawNode[][] = [];
  const head: RawNode[] = [];
  for (const node of nodes) {
    if (node.name === "async") continue;
    if (node.name === "for") clauses.push([]);
    const clause = clauses[clauses.length - 1];
    (clause ?? head).push(node);
  }
  const generators = clauses.map((clause): Generator => {
    const inAt = clause.findIndex((k) => k.name === "in");
    const ifAt = clause.findIndex((k) => k.name === "if");
    const end = ifAt < 0 ? clause.length : ifAt;
    return {
      kind: "Generator",
      span: spanOf(reader, { from: clause[0]?.from ?? whole.from, to: clause[clause.length - 1]?.to ?? whole.to }),
      target: expressionList(reader, clause.slice(1, inAt), depth + 1, whole.to),
      iterable: expressionList(reader, clause.slice(inAt + 1, end), depth + 1, whole.to),
      conditions: splitAt(clause.slice(end), "if").map((part) => expression(reader, part[0], depth + 1, whole.to)),
    };
  });
  const colon = head.findIndex((k) => k.name === ":");
  const element = expressionList(reader, colon < 0 ? head : head.slice(0, colon), depth + 1, whole.from);
  const value = colon < 0 ? null : expression(reader, head[colon + 1], depth + 1, whole.to);
  return { kind: "Comprehension", span: spanOf(reader, whole), form, element, value, generators };
}

function nameNode(reader: Reader, node: RawNode | undefined, whole: { from: number; to: number }): Name {
  return node === undefined
    ? { kind: "Name", span: spanOf(reader, whole), id: "" }
    : { kind: "Name", span: spanOf(reader, node), id: identifier(reader, node) };
}

/** Whether a `/` stands right after the parameters read so far. */
function hasSlash(reader: Reader, list: RawNode, params: readonly Parameter[]): boolean {
  const last = params[params.length - 1];
  if (last === undefined) return false;
  return /^\s*,\s*\//.test(reader.text.slice(last.span.to - reader.offset, list.to));
}
