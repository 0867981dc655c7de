/** Patterns of `match` in the syntax tree, from the grammar's tree. */
import type { Expression, Pattern, PatternEntry } from "./syntax.ts";
import { identifier, MAX_DEPTH, type RawNode, type Reader, sourceOf, spanOf } from "./tree.ts";
import { expression, splitAt } from "./treeExpression.ts";

export function pattern(reader: Reader, node: RawNode, depth: number): Pattern {
  const span = spanOf(reader, node);
  const inner = node.children.filter((k) => k.name.endsWith("Pattern"));
  const nameIn = (n: RawNode | undefined): string | null => {
    const name = n === undefined ? "_" : sourceOf(reader, n);
    return name === "_" ? null : name;
  };
  if (depth > MAX_DEPTH) return { kind: "UnsupportedPattern", span };
  switch (node.name) {
    case "LiteralPattern": {
      const sign = node.children[0];
      const operand = expression(reader, node.children[node.children.length - 1], depth + 1, node.to);
      if (sign?.name !== "ArithOp") return { kind: "ValuePattern", span, value: operand };
      return { kind: "ValuePattern", span, value: { kind: "UnaryOp", span, op: "-", opSpan: spanOf(reader, sign), operand } };
    }
    case "CapturePattern": {
      const [name] = node.children;
      // parse.ts blanks what the grammar lacks (`int()`, `{}`); the text still has it.
      if (hasEmptyParentheses(reader, node) && name !== undefined)
        return { kind: "ClassPattern", span, cls: { kind: "Name", span, id: identifier(reader, name) }, args: [] };
      if (/^[)\]]/.test(sourceOf(reader, node))) return { kind: "SequencePattern", span, elements: [] };
      if (sourceOf(reader, node).startsWith("}")) return { kind: "MappingPattern", span, entries: [], rest: null };
      return { kind: "CapturePattern", span, name: nameIn(name) };
    }
    case "MappingPattern":
      return mapping(reader, node, depth);
    case "ClassPattern":
      return classPattern(reader, node, depth);
    case "AttributePattern": {
      if (hasEmptyParentheses(reader, node)) return { kind: "ClassPattern", span, cls: dotted(reader, node), args: [] };
      return { kind: "ValuePattern", span, value: dotted(reader, node) };
    }
    case "SequencePattern":
      // `(p)` is p itself; `[p]` and `(p,)` are sequences.
      if (node.children[0]?.name === "(" && inner.length === 1 && !node.children.some((k) => k.name === ",") && inner[0] !== undefined) {
        return pattern(reader, inner[0], depth + 1);
      }
      return { kind: "SequencePattern", span, elements: inner.map((p) => pattern(reader, p, depth + 1)) };
    case "StarPattern":
      return { kind: "StarPattern", span, name: nameIn(inner[0]?.children[0]) };
    case "OrPattern": {
      const alternatives = inner.map((p) => pattern(reader, p, depth + 1));
      const last = alternatives.at(-1);
      // `a | b as c` names the whole; the grammar gives the name to `b`.
      if (last?.kind !== "AsPattern") return { kind: "OrPattern", span, alternatives };
      return {
        kind: "AsPattern",
        span,
        name: last.name,
        pattern: { kind: "OrPattern", span, alternatives: [...alternatives.slice(0, -1), last.pattern] },
      };
    }
    case "AsPattern": {
      const name = node.children[node.children.length - 1];
      const of = inner[0];
      if (of === undefined || name === undefined) return { kind: "UnsupportedPattern", span };
      return { kind: "AsPattern", span, pattern: pattern(reader, of, depth + 1), name: identifier(reader, name) };
    }
    case "GroupPattern":
    case "ParenthesizedPattern":
      return inner[0] === undefined ? { kind: "UnsupportedPattern", span } : pattern(reader, inner[0], depth + 1);
    default:
      return { kind: "UnsupportedPattern", span };
  }
}

const hasEmptyParentheses = (reader: Reader, node: RawNode): boolean => /^\(\s*\)/.test(reader.text.slice(node.to, node.to + 20));

/** `a`, `a.b.c` as an expression. */
function dotted(reader: Reader, node: RawNode): Expression {
  const span = spanOf(reader, node);
  const names = node.name === "VariableName" ? [node] : node.children.filter((k) => k.name !== ".");
  const value = names.reduce<Expression | null>((object, k) => {
    if (object === null) return { kind: "Name", span: spanOf(reader, k), id: identifier(reader, k) };
    const whole = { ...span, to: spanOf(reader, k).to };
    return { kind: "Attribute", span: whole, object, name: identifier(reader, k), nameSpan: spanOf(reader, k) };
  }, null);
  return value ?? { kind: "UnsupportedExpression", span, construct: "a syntax error" };
}

/** `{key: pattern, **rest}`. */
function mapping(reader: Reader, node: RawNode, depth: number): Pattern {
  const span = spanOf(reader, node);
  const entries: PatternEntry[] = [];
  let rest: string | null = null;
  for (const part of splitAt(node.children.slice(1, -1), ",")) {
    const [first, second, third] = part;
    if (first?.name === "**" && second !== undefined) rest = sourceOf(reader, second);
    else if (first !== undefined && third !== undefined) {
      const key = pattern(reader, first, depth + 1);
      if (key.kind !== "ValuePattern") return { kind: "UnsupportedPattern", span };
      entries.push({ key: key.value, pattern: pattern(reader, third, depth + 1) });
    }
  }
  return { kind: "MappingPattern", span, entries, rest };
}

/** `Class(pattern, name=pattern)`. */
function classPattern(reader: Reader, node: RawNode, depth: number): Pattern {
  const [name, list] = node.children;
  const span = spanOf(reader, node);
  if (name === undefined || list === undefined) return { kind: "UnsupportedPattern", span };
  const args = list.children.flatMap((k): PatternEntry[] => {
    if (k.name === "KeywordPattern") {
      const [key, value] = k.children.filter((c) => c.name !== "=" && c.name !== "AssignOp");
      if (key === undefined || value === undefined) return [];
      return [{ key: { kind: "Name", span: spanOf(reader, key), id: sourceOf(reader, key) }, pattern: pattern(reader, value, depth + 1) }];
    }
    return k.name.endsWith("Pattern") ? [{ key: null, pattern: pattern(reader, k, depth + 1) }] : [];
  });
  return { kind: "ClassPattern", span, cls: dotted(reader, name), args };
}
