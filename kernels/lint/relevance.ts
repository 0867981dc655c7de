/**
 * Where does the value of a mod depend on one of its parts? In: the mod's body and a node of it. Out: a boolean
 * expression that holds at every cell where the node's value can reach the result, so `torch.where(i > 0, t[i - 1], x)`
 * reads `t[i - 1]` only where `i > 0`. Conditions come from `where` and from the other side of `&` and `|`.
 */
import { binary, boolean, type Expr, unary } from "../ir/expr.ts";
import { children, postorder } from "../ir/walk.ts";

/** A bool expression, true wherever `node` may matter to `root`. */
export function relevance(root: Expr, node: Expr): Expr {
  const order = postorder([root]);
  const contains = new Set<Expr>([node]);
  for (const e of order) if (children(e).some((kid) => contains.has(kid))) contains.add(e);
  const when = new Map<Expr, Expr>([[root, boolean(true)]]);
  // Parents before children.
  for (const e of order.reverse()) {
    const here = when.get(e);
    if (here === undefined || e === node || !contains.has(e)) continue;
    for (const [kid, condition] of conditions(e)) {
      if (!contains.has(kid)) continue;
      const path = condition === null ? here : and(here, condition);
      const before = when.get(kid);
      when.set(kid, before === undefined ? path : or(before, path));
    }
  }
  return when.get(node) ?? boolean(false);
}

/** Each child of `e` with the condition under which it matters; null: always. */
function conditions(e: Expr): readonly (readonly [Expr, Expr | null])[] {
  if (e.kind === "where") {
    return [
      [e.cond, null],
      [e.a, e.cond],
      [e.b, unary("not", e.cond)],
    ];
  }
  if (e.kind === "binary" && e.dtype === "bool" && e.a.dtype === "bool" && e.a !== e.b) {
    if (e.op === "and")
      return [
        [e.a, e.b],
        [e.b, e.a],
      ];
    if (e.op === "or")
      return [
        [e.a, unary("not", e.b)],
        [e.b, unary("not", e.a)],
      ];
  }
  return children(e).map((kid) => [kid, null]);
}

const isConst = (e: Expr, value: number): boolean => e.kind === "const" && e.value === value;
const and = (a: Expr, b: Expr): Expr => (isConst(a, 1) ? b : binary("and", a, b));
const or = (a: Expr, b: Expr): Expr => (isConst(a, 1) || isConst(b, 1) || a === b ? a : binary("or", a, b));
