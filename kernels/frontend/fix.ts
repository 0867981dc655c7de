/**
 * What quick fixes are written with: the edit that puts a text in a node's place, and the text of a node as an operand,
 * in parentheses exactly where Python's precedence asks for them (a node's span leaves its own parentheses out).
 *
 * The rewrites themselves are in fixCondition.ts (truth values), fixBranch.ts (`if`), fixCall.ts and fixIndex.ts.
 */
import type { Fix, TextOf } from "./diagnostic.ts";
import type { BinOperator, Expression } from "./syntax.ts";

export interface Rewrite {
  /** What stands in place of the node. */
  readonly text: string;
  readonly fix: Fix;
}

/** What evaluation knows of an expression's value, for a rewrite. */
export type Fact =
  /** A bool tensor. */
  | "mask"
  /** A tensor of another dtype. */
  | "number"
  /** Python's True or False. */
  | "flag"
  /** A Python number. */
  | "scalar"
  /** Another value of Python's. */
  | "object";

/** The fact of a node; null where it cannot be evaluated. */
export type FactOf = (node: Expression) => Fact | null;

/** How tightly a piece of Python binds, from `lambda` to an atom. */
export const BINDS = {
  lambda: 0,
  ternary: 1,
  or: 2,
  and: 3,
  not: 4,
  compare: 5,
  "|": 6,
  "^": 7,
  "&": 8,
  shift: 9,
  sum: 10,
  product: 11,
  unary: 12,
  power: 13,
  atom: 14,
} as const;

/** A text and how tightly it binds. */
export interface Piece {
  readonly text: string;
  readonly binds: number;
}

const OPERATORS: Readonly<Record<BinOperator, number>> = {
  "|": BINDS["|"],
  "^": BINDS["^"],
  "&": BINDS["&"],
  "<<": BINDS.shift,
  ">>": BINDS.shift,
  "+": BINDS.sum,
  "-": BINDS.sum,
  "*": BINDS.product,
  "/": BINDS.product,
  "//": BINDS.product,
  "%": BINDS.product,
  "@": BINDS.product,
  "**": BINDS.power,
};

/** How tightly `op` binds its operands. */
export const bindsOf = (op: BinOperator): number => OPERATORS[op];

/** A node's own text, as it stands. */
export function piece(node: Expression, textOf: TextOf): Piece {
  return { text: textOf(node.span), binds: bindingOf(node) };
}

function bindingOf(node: Expression): number {
  switch (node.kind) {
    case "Lambda":
    case "NamedExpr":
    case "Starred":
      return BINDS.lambda;
    case "IfExp":
      return BINDS.ternary;
    case "BoolOp":
      return node.op === "or" ? BINDS.or : BINDS.and;
    case "UnaryOp":
      return node.op === "not" ? BINDS.not : BINDS.unary;
    case "Compare":
      return BINDS.compare;
    case "BinOp":
      return OPERATORS[node.op];
    default:
      return BINDS.atom;
  }
}

/**
 * `p` where at least `least` is asked for; a text of several lines gets parentheses of its own, unless it stays inside
 * those that it has.
 */
export function enclosed(p: Piece, least: number, where: "alone" | "inside" = "alone"): string {
  return p.binds < least || (where === "alone" && p.binds < BINDS.atom && p.text.includes("\n")) ? `(${p.text})` : p.text;
}

/** A node's text as an operand of what binds with `least`. */
export const operand = (node: Expression, least: number, textOf: TextOf): string => enclosed(piece(node, textOf), least);

/** A node's text before `.name`, `[…]` or `(…)`; a number needs parentheses there too. */
export function receiver(node: Expression, textOf: TextOf): string {
  return isNumber(node) ? `(${textOf(node.span)})` : operand(node, BINDS.atom, textOf);
}

const OPENS = /(^|[([{,=:\n]|\breturn|[<>]=?|\b(and|or|not|in|if|else))\s*$/;
const CLOSES = /^\s*($|[)\]},:\n#]|[<>=!]=|[<>](?![<>])|(and|or|in|not|if|else|for)\b)/;
const ARITHMETIC = String.raw`\*\*|\/\/|<<|>>|[-+*\/%@&|^~]`;
const BEFORE = new RegExp(`(${ARITHMETIC})\\s*$`);
const AFTER = new RegExp(`^\\s*(${ARITHMETIC})(?!=)`);

/** How tightly the operator around a place binds: 0 where none stands there, null where something else does. */
function neighbour(text: string, operator: RegExp, end: RegExp): number | null {
  const op = operator.exec(text)?.[1];
  if (op === undefined) return end.test(text) ? 0 : null;
  return op === "~" ? BINDS.unary : bindsOf(op as BinOperator);
}

/**
 * Replaces the whole of `node` by what may bind looser than the node did: in parentheses where what stands around binds
 * as tightly, or is not known.
 */
export function replaceLooser(node: Expression, p: Piece, textOf: TextOf): Rewrite {
  const { file, from, to } = node.span;
  const left = neighbour(textOf({ file, from: Math.max(0, from - 40), to: from }), BEFORE, OPENS);
  const right = neighbour(textOf({ file, from: to, to: to + 40 }), AFTER, CLOSES);
  const fits = left !== null && right !== null && p.binds > left && p.binds >= right && right !== BINDS.power;
  return replace(node, fits && p.binds >= BINDS["|"] ? p.text : enclosed(p, BINDS.atom));
}

/** Replaces the whole of `node` by `text`. */
export function replace(node: { readonly span: Expression["span"] }, text: string, title = `Replace by \`${shorten(text)}\``): Rewrite {
  return { text, fix: { title, edits: [{ span: node.span, newText: text }] } };
}

/** Whether the node is a number as written, a sign included. */
export function isNumber(node: Expression): boolean {
  if (node.kind === "UnaryOp") return node.op !== "not" && isNumber(node.operand);
  return node.kind === "Constant" && (node.literal.type === "int" || node.literal.type === "float");
}

/** `text` on one line, cut where it is long. */
export function shorten(text: string, limit = 60): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
