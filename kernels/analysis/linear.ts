/**
 * Linear forms of integer expressions, c0 + c1·x1 + c2·x2 + …, where no intermediate sum can wrap: what makes
 * `q_idx + 5 - kv_idx <= 261` and `kv_idx >= q_idx - 256` the same comparison. Forms are rebuilt only where the result
 * is smaller or turns a comparison the usual way round, so that people find their own text again.
 */
import { type Binary, binary, constant, type Expr, unary } from "../ir/expr.ts";
import type { BinaryOp, DType } from "../ir/ops.ts";
import { children } from "../ir/walk.ts";
import { fitsInt } from "./arithmetic.ts";
import { boundOf } from "./interval.ts";

export interface Linear {
  /** Coefficients, none 0, in order of first appearance. */
  readonly terms: ReadonlyMap<Expr, number>;
  readonly constant: number;
}

/** Deeper sums are taken as one term. */
const MAX_DEPTH = 24;

/** The form of an integer expression; what is no sum, or could wrap, is a term of its own. */
export function linearOf(e: Expr, depth = MAX_DEPTH, done = new Map<Expr, Linear>()): Linear {
  let form = done.get(e);
  if (form === undefined) {
    form = derive(e, depth, done);
    done.set(e, form);
  }
  return form;
}

function derive(e: Expr, depth: number, done: Map<Expr, Linear>): Linear {
  if (e.kind === "const") return { terms: new Map(), constant: e.value };
  if (depth > 0 && !wraps(e)) {
    const below = (x: Expr): Linear => linearOf(x, depth - 1, done);
    if (e.kind === "unary" && e.op === "neg") return scaled(below(e.a), -1);
    if (e.kind === "binary") {
      if (e.op === "add") return sum(below(e.a), below(e.b));
      if (e.op === "sub") return sum(below(e.a), scaled(below(e.b), -1));
      if (e.op === "mul" && e.b.kind === "const") return scaled(below(e.a), e.b.value);
    }
  }
  return { terms: new Map([[e, 1]]), constant: 0 };
}

/** Can this sum or product leave its dtype? Then it is not the sum it looks like. */
function wraps(e: Expr): boolean {
  if (e.kind === "unary") {
    const a = boundOf(e.a, "withData");
    return !fitsInt(-a.max, -a.min, e.dtype);
  }
  if (e.kind !== "binary") return true;
  const a = boundOf(e.a, "withData");
  const b = boundOf(e.b, "withData");
  switch (e.op) {
    case "add":
      return !fitsInt(a.min + b.min, a.max + b.max, e.dtype);
    case "sub":
      return !fitsInt(a.min - b.max, a.max - b.min, e.dtype);
    case "mul": {
      const ends = [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max];
      return !fitsInt(Math.min(...ends), Math.max(...ends), e.dtype);
    }
    default:
      return true;
  }
}

function scaled(x: Linear, by: number): Linear {
  if (by === 0) return { terms: new Map(), constant: 0 };
  return { terms: new Map([...x.terms].map(([e, c]) => [e, c * by])), constant: x.constant * by };
}

function sum(x: Linear, y: Linear): Linear {
  const terms = new Map(x.terms);
  for (const [e, c] of y.terms) {
    const total = (terms.get(e) ?? 0) + c;
    if (total === 0) terms.delete(e);
    else terms.set(e, total);
  }
  return { terms, constant: x.constant + y.constant };
}

/** An expression of the form, positive terms first; null where a partial sum could wrap. */
function expressionOf({ terms, constant: c }: Linear, dtype: DType): Expr | null {
  const parts = [...terms].sort(([, a], [, b]) => Number(b > 0) - Number(a > 0));
  let e: Expr | null = null;
  for (const [x, coefficient] of parts) {
    if (!fitsInt(coefficient, coefficient, dtype)) return null;
    const size = Math.abs(coefficient);
    const term = size === 1 ? x : binary("mul", x, constant(size, dtype));
    if (size !== 1 && wraps(term)) return null;
    if (e === null) e = coefficient > 0 ? term : unary("neg", term);
    else e = binary(coefficient > 0 ? "add" : "sub", e, term);
    if (e !== term && wraps(e)) return null;
  }
  if (!fitsInt(c, c, dtype)) return null;
  if (e === null) return constant(c, dtype);
  if (c === 0) return e;
  const whole = binary(c > 0 ? "add" : "sub", e, constant(Math.abs(c), dtype));
  return wraps(whole) ? null : whole;
}

/** Larger expressions are left alone: rewriting must stay linear in the size of the whole. */
const MAX_SIZE = 64;

/** Distinct nodes of `e`, counted up to a little above MAX_SIZE. */
function sizeOf(e: Expr): number {
  const seen = new Set<Expr>([e]);
  for (const node of seen) {
    if (seen.size > MAX_SIZE) break;
    for (const child of children(node)) seen.add(child);
  }
  return seen.size;
}

/** A smaller expression of the same sum, or `e`. */
export function simplifySum(e: Expr): Expr {
  if (sizeOf(e) > MAX_SIZE) return e;
  const smaller = expressionOf(linearOf(e), e.dtype);
  return smaller !== null && sizeOf(smaller) < sizeOf(e) ? smaller : e;
}

/** The comparison that holds when both sides change their sign. */
const MIRRORED: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = { eq: "eq", ne: "ne", lt: "gt", le: "ge", gt: "lt", ge: "le" };

/**
 * A comparison of integers as `x ⋈ constant`, `x ⋈ y` or `x - y ⋈ constant`, q_idx before kv_idx before all else;
 * other comparisons only where they get smaller.
 */
export function simplifyComparison(e: Binary): Binary {
  const mirrored = MIRRORED[e.op];
  if (mirrored === undefined || sizeOf(e) > MAX_SIZE) return e;
  const dtype = e.a.dtype;
  let form = sum(linearOf(e.a), scaled(linearOf(e.b), -1));
  let op = e.op;
  const [leading] = [...form.terms].sort(([a], [b]) => rank(a) - rank(b));
  if (leading === undefined) return binary(op, constant(0, dtype), constantOrZero(-form.constant, dtype));
  if (leading[1] < 0) {
    form = scaled(form, -1);
    op = mirrored;
  }
  const rebuilt = sides(form, op, dtype);
  if (rebuilt === null || rebuilt === e) return e;
  const unit = form.terms.size <= 2 && [...form.terms.values()].every((c) => Math.abs(c) === 1);
  return unit ? (sizeOf(rebuilt) <= sizeOf(e) ? rebuilt : e) : sizeOf(rebuilt) < sizeOf(e) ? rebuilt : e;
}

const constantOrZero = (c: number, dtype: DType): Expr => constant(c === 0 ? 0 : c, dtype);

function rank(e: Expr): number {
  return e.kind === "var" ? (e.name === "q_idx" ? 0 : e.name === "kv_idx" ? 1 : 2) : 3;
}

/** `terms ⋈ -constant`, and `x ⋈ y` where the constant is 0 and one term is taken away. */
function sides({ terms, constant: c }: Linear, op: BinaryOp, dtype: DType): Binary | null {
  const negative = [...terms].filter(([, coefficient]) => coefficient < 0);
  if (c === 0 && negative.length > 0) {
    const left = expressionOf({ terms: new Map([...terms].filter(([, coefficient]) => coefficient > 0)), constant: 0 }, dtype);
    const right = expressionOf(scaled({ terms: new Map(negative), constant: 0 }, -1), dtype);
    return left === null || right === null ? null : binary(op, left, right);
  }
  const left = expressionOf({ terms, constant: 0 }, dtype);
  return left === null || !fitsInt(-c, -c, dtype) ? null : binary(op, left, constantOrZero(-c, dtype));
}
