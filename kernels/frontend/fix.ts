/**
 * Quick fixes: from a node of the tree and the text it covers to the text that PyTorch takes instead.
 *
 * Each `rewriteX` gives the new text (which the message quotes) and the edit. A condition is rewritten through and
 * through: `a and not b < c < d` becomes `a & ~((b < c) & (c < d))` in one step.
 */
import type { Fix, TextOf } from "./diagnostic.ts";
import type { BoolOp, Call, Compare, Expression, If, IfExp, Statement, UnaryOp } from "./syntax.ts";

export interface Rewrite {
  /** What stands in place of the node. */
  readonly text: string;
  readonly fix: Fix;
}

/** `a <= b < c` → `(a <= b) & (b < c)`. */
export function rewriteChain(node: Compare, textOf: TextOf): Rewrite {
  return replace(node, masked(node, textOf));
}

/** `a and b` → `a & b`, `a or b` → `a | b`, `not a` → `~a`, with the parentheses that Python's precedence asks for. */
export function rewriteBoolean(node: BoolOp | UnaryOp, textOf: TextOf): Rewrite {
  return replace(node, masked(node, textOf));
}

/** `a if c else b` → `torch.where(c, a, b)`. */
export function rewriteTernary(node: IfExp, textOf: TextOf): Rewrite {
  return replace(node, where(node.condition, node.body, node.otherwise, textOf));
}

/** `max(a, b, c)` → `torch.maximum(torch.maximum(a, b), c)`; null where an argument is not plain. */
export function rewriteMinMax(node: Call, textOf: TextOf): Rewrite | null {
  if (node.callee.kind !== "Name" || node.keywords.length > 0 || node.args.length < 2) return null;
  if (node.args.some((a) => a.kind === "Starred")) return null;
  const name = `torch.${node.callee.id === "max" ? "maximum" : "minimum"}`;
  const tensor = (a: Expression): string => (isNumber(a) ? `torch.tensor(${textOf(a.span)})` : textOf(a.span));
  const [first, ...rest] = node.args.map(tensor);
  return replace(
    node,
    rest.reduce((acc, a) => `${name}(${acc}, ${a})`, first ?? ""),
  );
}

/** `t.item()` → `t`, `int(t)` → `t.long()`, `float(t)` → `t.float()`, `math.floor(t)` and `round(t)` → torch's; else null. */
export function rewriteConversion(node: Call, textOf: TextOf): Rewrite | null {
  const callee = node.callee;
  if (callee.kind === "Attribute" && callee.name === "item" && node.args.length === 0) return replace(node, textOf(callee.object.span));
  const arg = node.args[0];
  if (arg === undefined || node.args.length !== 1 || node.keywords.length > 0 || arg.kind === "Starred") return null;
  const text = textOf(arg.span);
  if (callee.kind === "Name") {
    if (callee.id === "int") return replace(node, `${operand(arg, text)}.long()`);
    if (callee.id === "float") return replace(node, `${operand(arg, text)}.float()`);
    if (callee.id === "bool") return replace(node, `${operand(arg, text)}.bool()`);
    if (callee.id === "round") return replace(node, `torch.round(${text})`);
    return null;
  }
  if (callee.kind === "Attribute" && callee.object.kind === "Name" && callee.object.id === "math") {
    return replace(node, `torch.${callee.name === "fabs" ? "abs" : callee.name}(${text})`);
  }
  return null;
}

/** `torch.inf_like(x)` → `torch.full_like(x, float("inf"), dtype=torch.float32)`; null for another call. */
export function rewriteInfLike(node: Call, textOf: TextOf): Rewrite | null {
  const arg = node.args[0];
  if (node.callee.kind !== "Attribute" || node.callee.name !== "inf_like" || arg === undefined) return null;
  return replace(node, `torch.full_like(${textOf(arg.span)}, float("inf"), dtype=torch.float32)`);
}

/** `-mask` → `~mask`. */
export function rewriteBoolNegation(node: UnaryOp, textOf: TextOf): Rewrite {
  return replace(node, `~${operand(node.operand, textOf(node.operand.span))}`);
}

/**
 * `if c: return a` with `else: return b` or a `return b` right after it → `return torch.where(c, a, b)`; the same for
 * one name assigned on both sides. null for any other shape. `next` is the statement after the `if`.
 */
export function rewriteIf(node: If, next: Statement | null, textOf: TextOf): Rewrite | null {
  const [then, more] = node.body;
  const [otherwise, extra] = node.otherwise;
  if (then === undefined || more !== undefined || extra !== undefined) return null;
  if (then.kind === "Return" && then.value !== null) {
    if (otherwise !== undefined) {
      if (otherwise.kind !== "Return" || otherwise.value === null) return null;
      return replace(node, `return ${where(node.condition, then.value, otherwise.value, textOf)}`);
    }
    if (next?.kind !== "Return" || next.value === null) return null;
    const text = `return ${where(node.condition, then.value, next.value, textOf)}`;
    return replace({ span: { ...node.span, to: next.span.to } }, text);
  }
  if (then.kind !== "Assign" || otherwise?.kind !== "Assign" || then.targets.length !== 1 || otherwise.targets.length !== 1) return null;
  const [a, b] = [then.targets[0], otherwise.targets[0]];
  if (a?.kind !== "Name" || b?.kind !== "Name" || a.id !== b.id) return null;
  return replace(node, `${a.id} = ${where(node.condition, then.value, otherwise.value, textOf)}`);
}

/** Replaces the whole of `node` by `text`. */
export function replace(node: { readonly span: Expression["span"] }, text: string, title = `Replace by \`${shorten(text)}\``): Rewrite {
  return { text, fix: { title, edits: [{ span: node.span, newText: text }] } };
}

function where(condition: Expression, a: Expression, b: Expression, textOf: TextOf): string {
  return `torch.where(${masked(condition, textOf)}, ${argument(a, textOf)}, ${argument(b, textOf)})`;
}

/** As an argument of a call: a nested ternary on the same pattern is rewritten with it, a bare tuple is kept whole. */
function argument(node: Expression, textOf: TextOf): string {
  if (node.kind === "IfExp") return where(node.condition, node.body, node.otherwise, textOf);
  const text = textOf(node.span);
  return node.kind === "Lambda" || node.kind === "NamedExpr" ? `(${text})` : text;
}

/** `node` as a mask: `and`, `or`, `not` and chains written with `&`, `|`, `~`. */
function masked(node: Expression, textOf: TextOf): string {
  switch (node.kind) {
    case "BoolOp": {
      const op = node.op === "and" ? "&" : "|";
      return `${part(node.left, op, textOf)} ${op} ${part(node.right, op, textOf)}`;
    }
    case "UnaryOp":
      return node.op === "not" ? `~${part(node.operand, "~", textOf)}` : textOf(node.span);
    case "Compare": {
      if (node.ops.length < 2) return textOf(node.span);
      const sides = [node.left, ...node.comparators].map((n) => textOf(n.span));
      return node.ops.map((op, i) => `(${sides[i]} ${op} ${sides[i + 1]})`).join(" & ");
    }
    default:
      return textOf(node.span);
  }
}

/** `node` as an operand of `op`, in parentheses where it is no atom. */
function part(node: Expression, op: "&" | "|" | "~", textOf: TextOf): string {
  const text = masked(node, textOf);
  if (node.kind === "BoolOp" && op !== "~" && (node.op === "and") === (op === "&")) return text;
  if (node.kind === "UnaryOp" && node.op === "not") return text;
  if (node.kind === "Compare" && node.ops.length > 1 && op === "&") return text;
  return operand(node, text);
}

function operand(node: Expression, text: string): string {
  const atom =
    node.kind === "Name" ||
    node.kind === "Call" ||
    node.kind === "Attribute" ||
    node.kind === "Subscript" ||
    (node.kind === "Constant" && node.literal.type !== "int") ||
    (node.kind === "UnaryOp" && node.op === "~");
  return atom ? text : `(${text})`;
}

function isNumber(node: Expression): boolean {
  if (node.kind === "UnaryOp") return isNumber(node.operand);
  return node.kind === "Constant" && (node.literal.type === "int" || node.literal.type === "float");
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
