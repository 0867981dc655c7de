/** Rewrites an expression to a simpler one of the same value. */
import type { Expr } from "../ir/expr.ts";

export function simplify(e: Expr): Expr {
  return e;
}
