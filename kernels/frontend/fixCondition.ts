/**
 * Rewrites of conditions: what Python asks a truth value of, as masks put together with `&`, `|` and `~`.
 *
 * A condition is rewritten through and through: `a and not b < c < d` becomes `a & ~((b < c) & (c < d))` in one step.
 * What is known of the parts decides how: a tensor of numbers is compared with 0, a flag of Python's stays as it is.
 * `a < b & c < d`, where the user forgot that `&` binds tighter than `<`, becomes `(a < b) & (c < d)`.
 */
import type { TextOf } from "./diagnostic.ts";
import { BINDS, bindsOf, enclosed, type FactOf, operand, type Piece, piece, type Rewrite, replace } from "./fix.ts";
import type { BinOperator, BoolOp, Compare, CompareOperator, Expression, IfExp, UnaryOp } from "./syntax.ts";
import { walkSyntax } from "./walkSyntax.ts";

/** `a <= b < c` → `(a <= b) & (b < c)`; null where a part is `is` or `in`, which tensors do not have. */
export function rewriteChain(node: Compare, facts: FactOf, textOf: TextOf): Rewrite | null {
  const found = chain(node, facts, textOf);
  return found === null ? null : replace(node, found.text);
}

/** `a and b` → `a & b`, `a or b` → `a | b`, `not a` → `~a`. */
export function rewriteBoolean(node: BoolOp | UnaryOp, facts: FactOf, textOf: TextOf): Rewrite {
  return replace(node, rewritten(node, facts, textOf).text);
}

/** `a if c else b` → `torch.where(c, a, b)`; null where a side is nothing that a tensor can hold. */
export function rewriteTernary(node: IfExp, facts: FactOf, textOf: TextOf): Rewrite | null {
  if (facts(node.body) === "object" || facts(node.otherwise) === "object") return null;
  return replace(node, where(node, facts, textOf));
}

/** `all([a, b])` → `a & b`, `any([a, b])` → `a | b`, `any(q == x for x in xs)` → `torch.stack([q == x for x in xs]).any()`. */
export function rewriteAll(name: "all" | "any", items: Expression, facts: FactOf, textOf: TextOf): Piece | null {
  if (items.kind === "Comprehension" && (items.form === "generator" || items.form === "list")) {
    // A generator that is a call's only argument has no parentheses in its span.
    const text = textOf(items.span).replace(/^[[(]|[\])]$/g, (c) => (items.form === "list" ? "" : c));
    return { text: `torch.stack([${text}]).${name}()`, binds: BINDS.atom };
  }
  if (items.kind !== "Sequence" || items.elements.length === 0 || items.elements.some((e) => e.kind === "Starred")) return null;
  const op = name === "all" ? "&" : "|";
  const parts = items.elements.map((e) => enclosed(asMask(e, facts, textOf), BINDS[op]));
  return { text: parts.join(` ${op} `), binds: parts.length > 1 ? BINDS[op] : BINDS.atom };
}

/** `node` as a mask; the text is its own where it is one already. */
export function asMask(node: Expression, facts: FactOf, textOf: TextOf): Piece {
  switch (facts(node)) {
    case "number":
      return { text: `${operand(node, BINDS["|"], textOf)} != 0`, binds: BINDS.compare };
    case "scalar":
    case "object":
      return { text: `bool(${textOf(node.span)})`, binds: BINDS.atom };
    case "mask":
      // A flag that is False would make the whole of it Python's own False, and no tensor.
      return startsWithFlag(node, facts) ? rewritten(node, facts, textOf) : piece(node, textOf);
    case "flag":
      return piece(node, textOf);
    case null:
      return rewritten(node, facts, textOf);
  }
}

/** `FLAG and mask`: a name that is True or False, and no test for None, which guards what comes after it. */
function startsWithFlag(node: Expression, facts: FactOf): boolean {
  if (node.kind !== "BoolOp") return false;
  const { left } = node;
  return startsWithFlag(left, facts) || ((left.kind === "Name" || left.kind === "Attribute") && facts(left) === "flag");
}

/** `node` as an argument of torch.where: a ternary or a condition inside is rewritten with it. */
export function asChoice(node: Expression, facts: FactOf, textOf: TextOf): string {
  if (facts(node) !== null) return textOf(node.span);
  if (node.kind === "IfExp") return where(node, facts, textOf);
  return rewritten(node, facts, textOf).text;
}

function where(node: IfExp, facts: FactOf, textOf: TextOf): string {
  const condition = asMask(node.condition, facts, textOf).text;
  return `torch.where(${condition}, ${asChoice(node.body, facts, textOf)}, ${asChoice(node.otherwise, facts, textOf)})`;
}

/** What PyTorch takes in place of a node that it refuses; the node's own text for what has no such rewrite. */
function rewritten(node: Expression, facts: FactOf, textOf: TextOf): Piece {
  switch (node.kind) {
    case "BoolOp": {
      const op = node.op === "and" ? "&" : "|";
      const side = (n: Expression): string => enclosed(asMask(n, facts, textOf), BINDS[op], "inside");
      return { text: `${side(node.left)}${between(node, op, textOf)}${side(node.right)}`, binds: BINDS[op] };
    }
    case "UnaryOp":
      if (node.op !== "not") break;
      return { text: `~${enclosed(asMask(node.operand, facts, textOf), BINDS.unary)}`, binds: BINDS.unary };
    case "Compare":
      return chain(node, facts, textOf) ?? piece(node, textOf);
    case "IfExp":
      return { text: where(node, facts, textOf), binds: BINDS.atom };
    case "Call": {
      const [only, more] = node.args;
      if (node.callee.kind !== "Name" || only === undefined || more !== undefined || node.keywords.length > 0) break;
      const { id } = node.callee;
      const found = id === "all" || id === "any" ? rewriteAll(id, only, facts, textOf) : id === "bool" ? asMask(only, facts, textOf) : null;
      if (found !== null) return found;
      break;
    }
    default:
      break;
  }
  return piece(node, textOf);
}

/** ` & ` in place of `and`; where the two sides stand on several lines, with what there is of line ends and comments. */
function between({ left, right, opSpan }: BoolOp, op: string, textOf: TextOf): string {
  const { file } = opSpan;
  // Parentheses are the sides' own, and are set anew.
  const bare = (from: number, to: number): string =>
    textOf({ file, from, to }).replace(/#[^\n]*|[()]/g, (c) => (c.startsWith("#") ? c : ""));
  const [before, after] = [bare(left.span.to, opSpan.from), bare(opSpan.to, right.span.from)];
  return /\n/.test(before + after) ? `${before}${op}${after}` : ` ${op} `;
}

/** One operand of a comparison or of a `&` in it, with the operator before it. */
interface Item {
  readonly node: Expression;
  readonly op: CompareOperator | BinOperator | null;
}

const BITWISE: ReadonlySet<string> = new Set<BinOperator>(["&", "|", "^"]);

/** A chain as its links joined by `&`; null where there is none, or a link cannot be one of tensors. */
function chain(node: Compare, facts: FactOf, textOf: TextOf): Piece | null {
  if (node.ops.some((op) => op.startsWith("is"))) return null;
  if (node.ops.some((op) => op.endsWith("in"))) return node.ops.length === 1 ? rewriteMembership(node, facts, textOf) : null;
  const split = splitComparison(node, facts, textOf);
  if (split !== null) return split;
  if (node.ops.length < 2) return null;
  return links([{ node: node.left, op: null }, ...node.comparators.map((n, i) => ({ node: n, op: node.ops[i] ?? null }))], textOf);
}

function links(items: readonly Item[], textOf: TextOf): Piece {
  const parts = items.slice(1).map(({ node, op }, i) => {
    const before = items[i];
    const left = before === undefined ? "" : operand(before.node, BINDS["|"], textOf);
    return `${left} ${op} ${operand(node, BINDS["|"], textOf)}`;
  });
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return { text: only, binds: BINDS.compare };
  return { text: parts.map((p) => `(${p})`).join(" & "), binds: BINDS["&"] };
}

/**
 * `a < b & c < d` as the user meant it: `(a < b) & (c < d)`. Only `&`, `|` and `^` without parentheses of their own are
 * taken apart, and in a single comparison only where one of their operands is a mask: null otherwise.
 */
function splitComparison(node: Compare, facts: FactOf, textOf: TextOf): Piece | null {
  const operands = [node.left, ...node.comparators];
  const isBare = (n: Expression, i: number): boolean =>
    n.kind === "BinOp" && BITWISE.has(n.op) && !isParenthesized(n, operands[i - 1] ?? null, operands[i + 1] ?? null, textOf);
  const bare = operands.map(isBare);
  const isMeant = (n: Expression): boolean => {
    const parts = flatten(n, textOf).map((item) => facts(item.node));
    return parts.some((f) => f === "mask" || f === "flag") && parts.some((f) => f === "number" || f === "scalar");
  };
  const inside = operands.slice(1, -1).some((_, i) => bare[i + 1]);
  if (!inside && !operands.some((n, i) => bare[i] && isMeant(n))) return null;
  const items = operands.flatMap((n, i): Item[] => {
    const op = i === 0 ? null : (node.ops[i - 1] ?? null);
    const [first, ...rest] = bare[i] ? flatten(n, textOf) : [{ node: n, op: null }];
    return first === undefined ? [] : [{ node: first.node, op }, ...rest];
  });
  // Runs of comparisons, joined by the operators between them.
  let text = "";
  let loosest: number = BINDS.atom;
  for (let at = 0; at < items.length; ) {
    let end = at + 1;
    while (end < items.length && !BITWISE.has(items[end]?.op ?? "")) end++;
    const run = items.slice(at, end);
    const [first] = run;
    if (first === undefined) break;
    const op = at === 0 ? null : (first.op as BinOperator);
    if (op !== null) {
      text += ` ${op} `;
      loosest = Math.min(loosest, bindsOf(op));
    }
    const one = run.length === 1 ? asMask(first.node, facts, textOf) : links(run, textOf);
    text += enclosed(one, run.length === 1 ? BINDS.shift : BINDS.atom);
    at = end;
  }
  return { text, binds: loosest };
}

/** A comparison that PyTorch takes, and that Python reads in another way than it looks: as it was meant. */
export function misread(node: Compare, facts: FactOf, textOf: TextOf): (Piece & { readonly op: string }) | null {
  const [op] = node.ops;
  const { left } = node;
  if (left.kind === "UnaryOp" && left.op === "~" && op !== undefined && /[<>]/.test(op) && node.ops.length === 1) {
    const isBare = !isParenthesized(left, null, node.comparators[0] ?? null, textOf);
    if (!isBare || left.operand.kind !== "Name" || facts(left.operand) !== "number") return null;
    return { text: `~(${textOf({ ...node.span, from: left.operand.span.from })})`, binds: BINDS.unary, op: "~" };
  }
  const split = splitComparison(node, facts, textOf);
  const bitwise = [left, ...node.comparators].find((n) => n.kind === "BinOp" && BITWISE.has(n.op));
  return split === null ? null : { ...split, op: bitwise?.kind === "BinOp" ? bitwise.op : "&" };
}

/** Whether a comparison has a `&`, `|` or `^` beside it whose parts are worth a look: none that calls anything. */
export const mayMisread = (node: Compare): boolean =>
  [node.left, ...node.comparators].some((n) => (n.kind === "BinOp" && BITWISE.has(n.op)) || (n.kind === "UnaryOp" && n.op === "~")) &&
  !callsAnything(node);

function callsAnything(node: Expression): boolean {
  let found = false;
  walkSyntax([node], (n) => {
    if (n.kind === "NamedExpr" || (n.kind === "Call" && n.callee.kind === "Name")) found = true;
    return !found;
  });
  return found;
}

/** The operands of `a & b | c`, in the order of the text; parts in parentheses stay whole. */
function flatten(node: Expression, textOf: TextOf): Item[] {
  const items: Item[] = [];
  const visit = (n: Expression, op: BinOperator | null): void => {
    if (n.kind !== "BinOp" || !BITWISE.has(n.op)) {
      items.push({ node: n, op });
      return;
    }
    const { file } = n.span;
    const left = textOf({ file, from: n.left.span.to, to: n.opSpan.from }).includes(")");
    const right = textOf({ file, from: n.opSpan.to, to: n.right.span.from }).includes("(");
    if (left) items.push({ node: n.left, op });
    else visit(n.left, op);
    if (right) items.push({ node: n.right, op: n.op });
    else visit(n.right, n.op);
  };
  visit(node, null);
  return items;
}

/** Whether a closing parenthesis stands between an operand and the next, or an opening one before it. */
function isParenthesized(node: Expression, before: Expression | null, after: Expression | null, textOf: TextOf): boolean {
  const { file, from, to } = node.span;
  if (after !== null) return textOf({ file, from: to, to: after.span.from }).includes(")");
  return before !== null && textOf({ file, from: before.span.to, to: from }).includes("(");
}

/**
 * `x in [1, 2]` → `torch.isin(x, torch.tensor([1, 2]))`, `x in [a, 2]` with a tensor `a` → `(x == a) | (x == 2)`; null
 * where what it is looked for in holds no numbers.
 */
export function rewriteMembership(node: Compare, facts: FactOf, textOf: TextOf): Piece | null {
  const [op] = node.ops;
  const [container] = node.comparators;
  if (container === undefined || node.ops.length !== 1 || (op !== "in" && op !== "not in")) return null;
  const found = foundIn(node.left, container, facts, textOf);
  if (found === null || op === "in") return found;
  return { text: `~${enclosed(found, BINDS.unary)}`, binds: BINDS.unary };
}

function foundIn(x: Expression, container: Expression, facts: FactOf, textOf: TextOf): Piece | null {
  const text = textOf(container.span);
  const isin = (elements: string): Piece => ({ text: `torch.isin(${textOf(x.span)}, ${elements})`, binds: BINDS.atom });
  const isTensor = (n: Expression): boolean => facts(n) === "number" || facts(n) === "mask";
  if (isTensor(container)) return isin(text);
  if (container.kind === "Sequence") {
    const { elements } = container;
    if (elements.length === 0 || elements.some((e) => e.kind === "Starred" || facts(e) === "object")) return null;
    if (!elements.some(isTensor)) return isin(`torch.tensor([${elements.map((e) => textOf(e.span)).join(", ")}])`);
    const left = operand(x, BINDS["|"], textOf);
    const parts = elements.map((e) => `(${left} == ${operand(e, BINDS["|"], textOf)})`);
    return { text: parts.join(" | "), binds: parts.length > 1 ? BINDS["|"] : BINDS.atom };
  }
  if (container.kind === "Call" && container.callee.kind === "Name" && container.callee.id === "range")
    return isin(`torch.arange(${text.slice(text.indexOf("(") + 1, -1)})`);
  return container.kind === "Name" || container.kind === "Attribute" ? isin(`torch.tensor(list(${text}))`) : null;
}
