/**
 * Rewrites an expression to a smaller one of exactly the same value at every index a mask can have (any index from 0
 * up to 2^31 - 2), nan and -0 included. Each rule stands with its proviso. The aim is twofold: what people read in the
 * hover, and forms that interval analysis decides (a sum that cancels loses no correlation).
 * After Halide's `Simplify_*`; rules that would only reorder a person's own text are left out.
 */
import {
  type Binary,
  binary,
  boolean,
  type Cast,
  type Const,
  cast,
  constant,
  type Expr,
  type Unary,
  unary,
  type Where,
  where,
} from "../ir/expr.ts";
import { applyBinary, evalBinary, evalUnary } from "../ir/interpret.ts";
import { type BinaryOp, type DType, isCommutative, isComparison, isFloat, isInt } from "../ir/ops.ts";
import { rewrite, rewriteEach } from "../ir/walk.ts";
import { fitsInt } from "./arithmetic.ts";
import { boundOf } from "./interval.ts";
import { simplifyComparison, simplifySum } from "./linear.ts";

const known = new WeakMap<Expr, Expr>();

/** The simplified expression; simplifying it again gives itself. */
export function simplify(e: Expr): Expr {
  let result = known.get(e);
  if (result === undefined) {
    result = rewrite(e, settle);
    // A rewritten child may let a parent's sibling cancel: a second pass finds what the first made possible.
    for (let pass = 0; pass < 4; pass++) {
      const next = rewrite(result, settle);
      if (next === result) break;
      result = next;
    }
    known.set(e, result);
    known.set(result, result);
  }
  return result;
}

/** What every node below `roots` is in the simplified `roots`: for those who ask where a simplified node comes from. */
export function simplifyNodes(roots: readonly Expr[]): ReadonlyMap<Expr, Expr> {
  const forms = rewriteEach(roots, settle);
  for (let pass = 0; pass < 4; pass++) {
    const next = rewriteEach([...new Set(forms.values())], settle);
    let same = true;
    for (const [node, form] of forms) {
      const simpler = next.get(form) ?? form;
      if (simpler === form) continue;
      forms.set(node, simpler);
      same = false;
    }
    if (same) break;
  }
  return forms;
}

/** Applies rules to one node, whose children are simple, until none fits. */
function settle(e: Expr): Expr {
  let now = e;
  for (let i = 0; i < 16; i++) {
    const next = step(now);
    if (next === now) break;
    now = next;
  }
  return now;
}

const isConst = (e: Expr, value: number): boolean => e.kind === "const" && e.value === value && !Object.is(e.value, -0);
const not = (e: Expr): Expr => settle(unary("not", e));
const both = (op: "and" | "or", a: Expr, b: Expr): Expr => settle(binary(op, a, b));

function step(e: Expr): Expr {
  switch (e.kind) {
    case "const":
    case "var":
    case "load":
      return e;
    case "unary":
      return decided(e) ?? simplifyUnary(e);
    case "binary":
      return decided(e) ?? simplifyBinary(e);
    case "where":
      return simplifyWhere(e);
    case "cast":
      return decided(e) ?? simplifyCast(e);
  }
}

/** A boolean or integer that has one value wherever it is asked. */
function decided(e: Expr): Const | null {
  if (isFloat(e.dtype)) return null;
  const { min, max } = boundOf(e);
  return min === max && Math.abs(min) <= Number.MAX_SAFE_INTEGER ? constant(min, e.dtype) : null;
}

function simplifyUnary(e: Unary): Expr {
  const { op, a } = e;
  if (a.kind === "const") return constant(evalUnary(op, a.value, a.dtype), e.dtype);
  // Their own inverses: -(-x), ~(~x); wrapping included.
  if (a.kind === "unary" && a.op === op && (op === "neg" || op === "not")) return a.a;
  if (a.kind === "unary" && a.op === op && IDEMPOTENT.has(op)) return a;
  if (!isFloat(a.dtype) && ROUNDING.has(op)) return a;
  if (op === "abs" && isInt(a.dtype) && boundOf(a).min >= 0) return a;
  if (op === "abs" && a.kind === "unary" && a.op === "neg") return settle(unary("abs", a.a));
  if (op === "not" && a.kind === "binary") {
    const inverse = INVERSE[a.op];
    // Not of floats: `not (x < y)` is true of a nan, `x >= y` is not.
    if (inverse !== undefined && (!isFloat(a.a.dtype) || a.op === "eq" || a.op === "ne")) return settle(binary(inverse, a.a, a.b));
  }
  return op === "neg" && isInt(e.dtype) ? simplifySum(e) : e;
}

const IDEMPOTENT: ReadonlySet<string> = new Set(["abs", "sign", "floor", "ceil", "round", "trunc"]);
const ROUNDING: ReadonlySet<string> = new Set(["floor", "ceil", "round", "trunc"]);
const INVERSE: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = { eq: "ne", ne: "eq", lt: "ge", ge: "lt", gt: "le", le: "gt" };
const SWAPPED: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = { lt: "gt", le: "ge", gt: "lt", ge: "le" };

function simplifyBinary(e: Binary): Expr {
  const { op, a, b } = e;
  if (a.kind === "const" && b.kind === "const") {
    const value = applyBinary(op, a.value, b.value, a.dtype);
    // An i64 beyond 2^53 has no constant, and stays what it is made of.
    if (typeof value === "number") return constant(value, e.dtype);
  }
  // A constant stands on the right; in products and sums of floats it stays where the person put it.
  if (a.kind === "const" && !(isFloat(a.dtype) && !isComparison(op))) {
    if (isCommutative(op)) return binary(op, b, a);
    const swapped = SWAPPED[op];
    if (swapped !== undefined) return binary(swapped, b, a);
  }
  if (a.dtype === "bool") return simplifyBool(e);
  return isFloat(a.dtype) ? simplifyFloat(e) : simplifyInt(e);
}

/** On booleans `+` is or, `*` is and; the comparisons with a constant are the operand or its negation. */
const ON_BOOL: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = { add: "or", max: "or", fmax: "or", mul: "and", min: "and", fmin: "and" };

function simplifyBool(e: Binary): Expr {
  const { a, b } = e;
  const op = ON_BOOL[e.op] ?? e.op;
  if (op !== e.op) return binary(op, a, b);
  switch (op) {
    case "and":
    case "or":
      return simplifyJunction(op, e);
    case "xor":
    case "ne":
      if (a === b) return boolean(false);
      return isConst(b, 0) ? a : isConst(b, 1) ? not(a) : e;
    case "eq":
      if (a === b) return boolean(true);
      return isConst(b, 1) ? a : isConst(b, 0) ? not(a) : e;
    default:
      return e;
  }
}

/** More members are left as they are. */
const MAX_MEMBERS = 64;

/** a & b & …, a | b | …: neutral and absorbing constants, repeats, contradictions, absorption. */
function simplifyJunction(op: "and" | "or", e: Binary): Expr {
  const neutral = op === "and" ? 1 : 0;
  const other = op === "and" ? "or" : "and";
  const members: Expr[] = [];
  collect(op, e, members);
  if (members.length > MAX_MEMBERS) return e;
  const kept: Expr[] = [];
  for (const member of members) {
    if (isConst(member, 1 - neutral)) return boolean(neutral === 0);
    if (!isConst(member, neutral) && !kept.includes(member)) kept.push(member);
  }
  if (kept.some((member) => kept.includes(not(member)))) return boolean(neutral === 0);
  // x & (x | y) is x.
  const free = kept.filter((member) => {
    const inner: Expr[] = [];
    if (member.kind === "binary" && member.op === other) collect(other, member, inner);
    return !inner.some((x) => kept.includes(x));
  });
  // x | (~x & y) is x | y: where x already decides, the rest need not say so again.
  const rest = free.map((member) => {
    if (member.kind !== "binary" || member.op !== other) return member;
    const inner: Expr[] = [];
    collect(other, member, inner);
    const needed = inner.filter((x) => !free.includes(not(x)));
    if (needed.length === inner.length) return member;
    return needed.length === 0 ? boolean(neutral === 0) : needed.reduce((x, y) => binary(other, x, y));
  });
  if (rest.length === members.length && rest.every((x, i) => x === members[i])) return e;
  return rest.length === 0 ? boolean(neutral === 1) : rest.reduce((x, y) => binary(op, x, y));
}

function collect(op: "and" | "or", e: Expr, into: Expr[]): void {
  if (e.kind === "binary" && e.op === op && e.dtype === "bool" && into.length <= MAX_MEMBERS) {
    collect(op, e.a, into);
    collect(op, e.b, into);
  } else {
    into.push(e);
  }
}

/** Floats round, have nan and -0: only what is exact for all of these. */
function simplifyFloat(e: Binary): Expr {
  const { op, a, b } = e;
  if (op === "mul" && isConst(a, 1)) return b;
  if (b.kind !== "const") return e;
  switch (op) {
    case "mul":
    case "div":
    case "pow":
      return b.value === 1 ? a : e;
    case "sub":
      return isConst(b, 0) ? a : e;
    case "add":
      // x + 0 turns a -0 into 0; a converted integer is never -0.
      return Object.is(b.value, -0) || (isConst(b, 0) && a.kind === "cast" && !isFloat(a.a.dtype)) ? a : e;
    default:
      return e;
  }
}

function simplifyInt(e: Binary): Expr {
  const { op, a, b } = e;
  if (isComparison(op)) return simplifyIntComparison(e);
  const same = a === b;
  switch (op) {
    case "add":
      return isConst(b, 0) ? a : simplifySum(e);
    case "sub":
      return same ? constant(0, e.dtype) : isConst(b, 0) ? a : simplifySum(e);
    case "mul":
      return isConst(b, 1) ? a : isConst(b, 0) ? b : simplifySum(e);
    case "floordiv":
    case "truncdiv":
      return isConst(b, 1) ? a : dividesNothing(a, b) ? constant(0, e.dtype) : nestedDivision(e);
    case "floormod":
    case "fmod":
      return dividesNothing(a, b) ? a : e;
    case "and":
    case "or":
      return same ? a : isConst(b, op === "and" ? -1 : 0) ? a : e;
    case "xor":
      return same ? constant(0, e.dtype) : isConst(b, 0) ? a : e;
    case "shl":
    case "shr":
      return isConst(b, 0) ? a : e;
    case "min":
    case "fmin":
      return same || boundOf(a).max <= boundOf(b).min ? a : boundOf(b).max <= boundOf(a).min ? b : e;
    case "max":
    case "fmax":
      return same || boundOf(a).min >= boundOf(b).max ? a : boundOf(b).min >= boundOf(a).max ? b : e;
    default:
      return e;
  }
}

/** 0 <= a < b for a constant b: a // b is 0, a % b is a. */
function dividesNothing(a: Expr, b: Expr): boolean {
  const { min, max } = boundOf(a);
  return b.kind === "const" && min >= 0 && max < b.value;
}

/** (x // m) // n is x // (m n) for positive constants: floors of floors. */
function nestedDivision(e: Binary): Expr {
  const { a, b } = e;
  if (e.op !== "floordiv" || b.kind !== "const" || a.kind !== "binary" || a.op !== "floordiv" || a.b.kind !== "const") return e;
  const by = a.b.value * b.value;
  const { min, max } = boundOf(a.a);
  // Beyond 2^53 a quotient is itself rounded.
  return fitsInt(min, max, "i64") && a.b.value > 0 && b.value > 0 && by < 2 ** 31 && constant(by, e.dtype).value === by
    ? binary("floordiv", a.a, constant(by, e.dtype))
    : e;
}

function simplifyIntComparison(e: Binary): Expr {
  const { op, a, b } = e;
  if (a === b) return boolean(op === "eq" || op === "le" || op === "ge");
  // A boolean turned into a number, compared: `flag == 1`, `flag != 0`, `flag > 0`.
  if (a.kind === "cast" && a.a.dtype === "bool" && b.kind === "const") {
    const ifFalse = evalBinary(op, 0, b.value, a.dtype);
    const ifTrue = evalBinary(op, 1, b.value, a.dtype);
    return ifFalse === ifTrue ? boolean(ifTrue === 1) : ifTrue === 1 ? a.a : not(a.a);
  }
  return simplifyComparison(e);
}

function simplifyWhere(e: Where): Expr {
  const { cond, a, b } = e;
  if (a === b) return a;
  if (cond.kind === "const") return cond.value !== 0 ? a : b;
  if (cond.kind === "unary" && cond.op === "not") return where(cond.a, b, a);
  if (a.kind === "where" && a.cond === cond) return where(cond, a.a, b);
  if (b.kind === "where" && b.cond === cond) return where(cond, a, b.b);
  if (e.dtype !== "bool") return e;
  if (a.kind === "const") return a.value !== 0 ? both("or", cond, b) : both("and", not(cond), b);
  if (b.kind === "const") return b.value !== 0 ? both("or", not(cond), a) : both("and", cond, a);
  return e;
}

/** dtypes whose every value the other dtype holds exactly. */
const HOLDS: Readonly<Record<DType, readonly DType[]>> = {
  bool: [],
  u8: ["bool"],
  i8: ["bool"],
  i16: ["bool", "u8", "i8"],
  i32: ["bool", "u8", "i8", "i16"],
  i64: ["bool", "u8", "i8", "i16", "i32"],
  f16: ["bool", "u8", "i8"],
  bf16: ["bool", "u8", "i8"],
  f32: ["bool", "u8", "i8", "i16", "f16", "bf16"],
  f64: ["bool", "u8", "i8", "i16", "i32", "f16", "bf16", "f32"],
};

function simplifyCast(e: Cast): Expr {
  const { a } = e;
  // Widened, then converted: the widening changes nothing.
  if (a.kind === "cast" && HOLDS[a.dtype].includes(a.a.dtype)) return cast(a.a, e.dtype);
  return e;
}
