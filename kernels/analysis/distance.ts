/**
 * Does an expression see of q_idx and kv_idx only how far they are apart? Then its value is the same all along each
 * diagonal, and one row and one column say all: causal masks and windows, and also what intervals know nothing of, as
 * `(q_idx - kv_idx) % 3 == 0`. Sound, not complete.
 */
import type { Binary, Expr } from "../ir/expr.ts";
import { isComparison, isInt } from "../ir/ops.ts";
import { children, freeVars } from "../ir/walk.ts";
import { fitsInt } from "./arithmetic.ts";
import { boundOf } from "./interval.ts";
import { type Linear, linearOf } from "./linear.ts";

/** Whether `e` is the same at (q_idx, kv_idx) and (q_idx + n, kv_idx + n), for every n. */
export function seesDistanceOnly(e: Expr): boolean {
  return holds(e, new Map());
}

function holds(e: Expr, known: Map<Expr, boolean>): boolean {
  let is = known.get(e);
  if (is === undefined) {
    is = find(e, known);
    known.set(e, is);
  }
  return is;
}

function find(e: Expr, known: Map<Expr, boolean>): boolean {
  const vars = freeVars(e);
  if (vars.has("score")) return false;
  if (!vars.has("q_idx") && !vars.has("kv_idx")) return true;
  if (e.kind === "var") return false;
  if (e.kind === "binary" && isComparison(e.op) && isInt(e.a.dtype) && isExactDifference(e)) {
    return isBalanced([linearOf(e.a), linearOf(e.b)], known);
  }
  if (isInt(e.dtype) && e.kind !== "load") {
    const form = linearOf(e);
    if (!form.terms.has(e)) return isBalanced([form], known);
  }
  return children(e).every((child) => holds(child, known));
}

function isExactDifference({ a, b }: Binary): boolean {
  const x = boundOf(a, "withData");
  const y = boundOf(b, "withData");
  return fitsInt(x.min - y.max, x.max - y.min, "i64");
}

/** Of one sum, or of the difference of two: the factors of q_idx and kv_idx cancel, and no other term sees more. */
function isBalanced([first, second]: readonly Linear[], known: Map<Expr, boolean>): boolean {
  let sum = 0;
  for (const [form, sign] of [[first, 1] as const, [second, -1] as const]) {
    for (const [term, c] of form?.terms ?? []) {
      if (term.kind === "var" && (term.name === "q_idx" || term.name === "kv_idx")) sum += sign * c;
      else if (!holds(term, known)) return false;
    }
  }
  return sum === 0;
}
