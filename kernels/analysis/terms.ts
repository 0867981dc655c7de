/**
 * Boolean expression over (b, h, q_idx, kv_idx) → a disjunction of terms, each a conjunction of inequalities
 * `sign · (keys + rest) + slack <= 0`, where `keys` depends on kv_idx and not on q_idx, and `rest` on q_idx and not on
 * kv_idx. Where `keys` rises or falls, such an inequality allows an interval of keys to each row: that is what causal
 * masks, windows, documents and prefixes are made of. What has no such form (`(q_idx - kv_idx) % 3 == 0`) leaves its
 * term inexact: the term then says only what the rest of it allows.
 */
import { type Binary, binary, constant, type Expr, variable } from "../ir/expr.ts";
import { isInt } from "../ir/ops.ts";
import { children, postorder } from "../ir/walk.ts";
import { fitsInt } from "./arithmetic.ts";
import { boundOf } from "./interval.ts";
import { type Linear, linearOf } from "./linear.ts";

/** A sum taken apart by what it depends on. Several bounds may share one. */
export interface Form {
  readonly keys: Linear;
  readonly rest: Linear;
}

/** `sign · (keys + rest) + slack <= 0`; without `keys.terms` a condition on the row. */
export interface Bound {
  readonly form: Form;
  readonly sign: 1 | -1;
  readonly slack: number;
}

/** All bounds hold; exact where that is the whole truth, else necessary only. */
export interface Term {
  readonly bounds: readonly Bound[];
  readonly exact: boolean;
}

/** More terms than that are not worth solving row by row. */
const MAX_TERMS = 12;
const MAX_BOUNDS = 16;
/** Rewritings of one inequality: `abs`, `min`, `max` and `//` inside each other. */
const MAX_DEPTH = 8;
/** Coefficients stay far inside of what a product with an index can hold exactly. */
const MAX_COEFFICIENT = 2 ** 20;

/** The terms of `e` (bool), any of which may hold; null where there are too many. `[]`: never true. */
export function termsOf(e: Expr): readonly Term[] | null {
  const depends = dependenceOf(e);
  return disjunction(e, true, depends);
}

/** What each node below the root depends on: 1 q_idx, 2 kv_idx, 3 both. */
type Dependence = (e: Expr) => number;

const Q = 1;
const K = 2;

function dependenceOf(root: Expr): Dependence {
  const known = new Map<Expr, number>();
  const of: Dependence = (e) => {
    const found = known.get(e);
    if (found !== undefined) return found;
    for (const node of postorder([e])) {
      const own = node.kind !== "var" ? 0 : node.name === "q_idx" ? Q : node.name === "kv_idx" ? K : node.name === "score" ? Q | K : 0;
      known.set(
        node,
        children(node).reduce((n, child) => n | (known.get(child) ?? 0), own),
      );
    }
    return known.get(e) ?? Q | K;
  };
  of(root);
  return of;
}

type Terms = readonly Term[] | null;

const ALWAYS: Terms = [{ bounds: [], exact: true }];
const NEVER: Terms = [];
const UNKNOWN: Terms = [{ bounds: [], exact: false }];

function either(a: Terms, b: Terms): Terms {
  if (a === null || b === null || a.length + b.length > MAX_TERMS) return null;
  return [...a, ...b];
}

function both(a: Terms, b: Terms): Terms {
  if (a === null || b === null || a.length * b.length > MAX_TERMS) return null;
  const terms = a.flatMap((x) => b.map((y) => ({ bounds: [...x.bounds, ...y.bounds], exact: x.exact && y.exact })));
  return terms.some((t) => t.bounds.length > MAX_BOUNDS) ? null : terms;
}

function disjunction(e: Expr, holds: boolean, depends: Dependence): Terms {
  const of = (x: Expr, h: boolean): Terms => disjunction(x, h, depends);
  switch (e.kind) {
    case "const":
      return (e.value !== 0) === holds ? ALWAYS : NEVER;
    case "unary":
      return e.op === "not" && e.dtype === "bool" ? of(e.a, !holds) : literal(e, holds, depends);
    case "where":
      return either(both(of(e.cond, true), of(e.a, holds)), both(of(e.cond, false), of(e.b, holds)));
    case "cast":
      if (e.a.dtype === "bool") return of(e.a, holds);
      if (!isInt(e.a.dtype)) return literal(e, holds, depends);
      return compared(linearOf(e.a), holds ? "ne" : "eq", depends);
    case "binary":
      return e.a.dtype === "bool" ? ofBool(e, holds, depends) : ofComparison(e, holds, depends);
    default:
      return literal(e, holds, depends);
  }
}

function ofBool(e: Binary, holds: boolean, depends: Dependence): Terms {
  const of = (x: Expr, h: boolean): Terms => disjunction(x, h, depends);
  const { op, a, b } = e;
  switch (op) {
    case "and":
    case "mul":
    case "min":
    case "fmin":
      return holds ? both(of(a, true), of(b, true)) : either(of(a, false), of(b, false));
    case "or":
    case "add":
    case "max":
    case "fmax":
      return holds ? either(of(a, true), of(b, true)) : both(of(a, false), of(b, false));
    case "xor":
    case "ne":
    case "eq": {
      const same = (op === "eq") === holds;
      return either(both(of(a, true), of(b, same)), both(of(a, false), of(b, !same)));
    }
    default:
      return literal(e, holds, depends);
  }
}

/** A truth value that is not taken apart, as a number that is 0 or 1. */
function literal(e: Expr, holds: boolean, depends: Dependence): Terms {
  if (depends(e) === (Q | K)) return UNKNOWN;
  const itself: Linear = { terms: new Map([[e, 1]]), constant: 0 };
  return holds ? atMost(formOf(itself, depends), -1, 1) : atMost(formOf(itself, depends), 1, 0);
}

type Comparison = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
const NEGATED: Readonly<Record<Comparison, Comparison>> = { lt: "ge", le: "gt", gt: "le", ge: "lt", eq: "ne", ne: "eq" };
const isComparison = (op: string): op is Comparison => op in NEGATED;

function ofComparison(e: Binary, holds: boolean, depends: Dependence): Terms {
  if (!isComparison(e.op) || !isInt(e.a.dtype)) return literal(e, holds, depends);
  // The difference must be exact where its sides are.
  const a = boundOf(e.a, "withData");
  const b = boundOf(e.b, "withData");
  if (!fitsInt(a.min - b.max, a.max - b.min, "i64")) return literal(e, holds, depends);
  return compared(minus(linearOf(e.a), linearOf(e.b)), holds ? e.op : NEGATED[e.op], depends);
}

/** `x ⋈ 0`. */
function compared(x: Linear, op: Comparison, depends: Dependence): Terms {
  for (const c of [...x.terms.values(), x.constant]) if (!Number.isSafeInteger(c)) return UNKNOWN;
  const up = (slack: number): Terms => solved(x, slack, depends, 0);
  const down = (slack: number): Terms => solved(scaled(x, -1), slack, depends, 0);
  const form = formOf(x, depends);
  const isPlain = form !== null && (keyShape(form) !== null || [...form.keys.terms.keys()].every((e) => e.kind !== "binary"));
  switch (op) {
    case "le":
      return up(0);
    case "lt":
      return up(1);
    case "ge":
      return down(0);
    case "gt":
      return down(1);
    case "eq":
      // One form for both sides: its range over the rows is then asked for once.
      return isPlain ? both(atMost(form, 1, 0), atMost(form, -1, 0)) : both(up(0), down(0));
    case "ne":
      return isPlain ? either(atMost(form, 1, 1), atMost(form, -1, 1)) : either(up(1), down(1));
  }
}

const atMost = (form: Form | null, sign: 1 | -1, slack: number): Terms =>
  form === null ? UNKNOWN : [{ bounds: [{ form, sign, slack }], exact: true }];

/** `x + slack <= 0`, with what mixes rows and keys taken apart where there is a way. */
function solved(x: Linear, slack: number, depends: Dependence, depth: number): Terms {
  for (const c of x.terms.values()) if (Math.abs(c) > MAX_COEFFICIENT) return UNKNOWN;
  const again = (to: Linear, by: number): Terms => solved(to, by, depends, depth + 1);
  if (depth < MAX_DEPTH) {
    for (const [node, c] of x.terms) {
      if ((depends(node) & K) === 0) continue;
      const isMixed = depends(node) === (Q | K);
      if (node.kind === "unary" && node.op === "abs" && isInt(node.dtype) && isMixed && isExactAbs(node.a)) {
        const a = linearOf(node.a);
        const join = c > 0 ? both : either;
        return join(again(replaced(x, node, a), slack), again(replaced(x, node, scaled(a, -1)), slack));
      }
      if (node.kind !== "binary" || !isInt(node.dtype)) continue;
      if ((node.op === "min" || node.op === "max") && isMixed) {
        const join = (node.op === "max") === c > 0 ? both : either;
        return join(again(replaced(x, node, linearOf(node.a)), slack), again(replaced(x, node, linearOf(node.b)), slack));
      }
      if (node.op === "floordiv" && node.b.kind === "const" && node.b.value > 0 && Math.abs(c) === 1) {
        // x // d <= r  ⇔  x <= d r + d - 1, and x // d >= r  ⇔  x >= d r; r, whatever it holds, is an integer.
        const d = node.b.value;
        const rest = scaled(replaced({ terms: x.terms, constant: x.constant + slack }, node, ZERO), d);
        return again(plus(scaled(linearOf(node.a), c), rest), c > 0 ? 1 - d : 0);
      }
      const swapped = node.op === "floormod" ? quotientOfRemainder(node) : null;
      if (swapped !== null) return again(replaced(x, node, { terms: new Map([[swapped, 1]]), constant: 0 }), slack);
    }
  }
  return atMost(formOf(x, depends), 1, slack);
}

/** (y // d) % m as (y % (d m)) // d; null where `e` is no such thing. */
function quotientOfRemainder(e: Binary): Expr | null {
  const { a, b } = e;
  if (b.kind !== "const" || b.value <= 0 || a.kind !== "binary" || a.op !== "floordiv") return null;
  if (a.b.kind !== "const" || a.b.value <= 0) return null;
  const modulus = a.b.value * b.value;
  if (modulus > MAX_COEFFICIENT * MAX_COEFFICIENT || !fitsInt(modulus, modulus, e.dtype)) return null;
  return binary("floordiv", binary("floormod", a.a, constant(modulus, e.dtype)), a.b);
}

/** The least integer has no absolute value. */
function isExactAbs(e: Expr): boolean {
  const { min, max } = boundOf(e, "withData");
  return fitsInt(-max, -min, e.dtype);
}

const ZERO: Linear = { terms: new Map(), constant: 0 };

/** Null where a term depends on both, or the sum might not be exact. */
function formOf(x: Linear, depends: Dependence): Form | null {
  const keys = new Map<Expr, number>();
  const rest = new Map<Expr, number>();
  let most = Math.abs(x.constant);
  for (const [e, c] of x.terms) {
    const on = depends(e);
    if (on === (Q | K)) return null;
    (on === K ? keys : rest).set(e, c);
    const { min, max } = boundOf(e, "withData");
    most += Math.abs(c) * Math.max(Math.abs(min), Math.abs(max));
  }
  if (!(most < Number.MAX_SAFE_INTEGER)) return null;
  return { keys: { terms: keys, constant: 0 }, rest: { terms: rest, constant: x.constant } };
}

function replaced(x: Linear, node: Expr, by: Linear): Linear {
  const c = x.terms.get(node) ?? 0;
  const terms = new Map(x.terms);
  terms.delete(node);
  return plus({ terms, constant: x.constant }, scaled(by, c));
}

const scaled = (x: Linear, by: number): Linear => ({
  terms: new Map([...x.terms].map(([e, c]) => [e, c * by])),
  constant: x.constant * by,
});

function plus(x: Linear, y: Linear): Linear {
  const terms = new Map(x.terms);
  for (const [e, c] of y.terms) {
    const total = (terms.get(e) ?? 0) + c;
    if (total === 0) terms.delete(e);
    else terms.set(e, total);
  }
  return { terms, constant: x.constant + y.constant };
}

const minus = (x: Linear, y: Linear): Linear => plus(x, scaled(y, -1));

const kvIdx = variable("kv_idx");

/** Keys of a form that are solved in closed form: `factor · kv_idx + shift`, or `factor · ((kv_idx + offset) % modulus) + shift`. */
export interface KeyShape {
  readonly factor: number;
  /** 0: none. */
  readonly modulus: number;
  readonly offset: number;
  readonly shift: number;
}

/** The shape of a form's keys, where they have one. */
export function keyShape({ keys: { terms } }: Form): KeyShape | null {
  const factor = terms.get(kvIdx) ?? 0;
  if (terms.size === 1 && factor !== 0) return { factor, modulus: 0, offset: 0, shift: 0 };
  for (const [node, c] of terms) {
    if (node.kind !== "binary" || node.b.kind !== "const" || node.b.value <= 0) continue;
    const modulus = node.b.value;
    const offset = offsetOf(node.a);
    if (offset === null) continue;
    if (node.op === "floormod" && terms.size === 1) return { factor: c, modulus, offset, shift: 0 };
    // k - m ((k + o) // m) = (k + o) % m - o
    const isRest = node.op === "floordiv" && terms.size === 2 && factor !== 0 && c === -factor * modulus;
    if (isRest) return { factor, modulus, offset, shift: -factor * offset };
  }
  return null;
}

/** o where `e` is kv_idx + o. */
function offsetOf(e: Expr): number | null {
  const { terms, constant } = linearOf(e);
  return terms.size === 1 && terms.get(kvIdx) === 1 && Number.isSafeInteger(constant) ? constant : null;
}
