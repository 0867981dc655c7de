/**
 * Where 32-bit integers stand for PyTorch's int64 and give another value: what a kernel computes with, here and in the
 * code that PyTorch generates for a GPU. In: expressions and the box of their indices. Out: the nodes at which an int64
 * first leaves [-2^31, 2^31) although something above reads more of it than its low 32 bits.
 *
 * Wrapping is a ring homomorphism: sums, products, left shifts and bit operations of wrapped numbers have the right low
 * 32 bits, so a hash such as `(q_idx * 2654435761 ^ kv_idx) & 255` is exact however far it overflows. A comparison, a
 * division, a right shift, an index, a float want the number itself. (As LLVM's demanded-bits analysis, for one width.)
 */
import type { Expr } from "../ir/expr.ts";
import { type BinaryOp, isComparison, isFloat, isInt } from "../ir/ops.ts";
import { children, postorder } from "../ir/walk.ts";
import { type Box, type Interval, intervalsOf } from "./interval.ts";

/** A node whose value may lie beyond 32 bits, with the range it can have in the box. */
export interface Overflow {
  readonly node: Expr;
  readonly range: Interval;
}

/** Nodes below `roots` at which 32 bits may go wrong for some indices of `box`; operands before what reads them. */
export function int32Overflow(roots: readonly Expr[], box: Box): readonly Overflow[] {
  const order = postorder(roots);
  if (!order.some((e) => e.dtype === "i64")) return [];
  const intervals = intervalsOf(roots, box);
  const leaves = (e: Expr): boolean => {
    const range = intervals.get(e);
    return e.dtype === "i64" && range !== undefined && (range.min < -(2 ** 31) || range.max >= 2 ** 31);
  };
  const whole = new Set<Expr>(roots);
  for (const e of order) {
    for (const kid of children(e)) if (readsWhole(e, kid)) whole.add(kid);
    // A float beyond 32 bits is not wrapped on the way to an integer.
    if (e.kind === "cast" && isFloat(e.a.dtype)) whole.add(e);
  }
  const found = new Set<Expr>();
  const asked = new Set<Expr>();
  // From each that is wrong as a whole down to where it came from.
  const stack = order.filter((e) => whole.has(e) && leaves(e));
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (asked.has(e)) continue;
    asked.add(e);
    const parent = e;
    const from = children(parent).filter((kid) => leaves(kid) && !readsWhole(parent, kid));
    if (from.length === 0) found.add(e);
    stack.push(...from);
  }
  return order.flatMap((node) => {
    const range = intervals.get(node);
    return found.has(node) && range !== undefined ? [{ node, range }] : [];
  });
}

/** Operators whose low 32 bits follow from those of both operands. */
const MODULAR: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["add", "sub", "mul", "and", "or", "xor"]);

/** True where the value of `parent` needs more of `kid` than its low 32 bits. */
function readsWhole(parent: Expr, kid: Expr): boolean {
  switch (parent.kind) {
    case "unary":
      return parent.op !== "neg" && parent.op !== "not";
    case "binary":
      // A literal beyond 32 bits compares as the largest that fits: the same answer for every index there is.
      if (isComparison(parent.op)) return kid.kind !== "const";
      return !MODULAR.has(parent.op) && !(parent.op === "shl" && kid === parent.a && kid !== parent.b);
    case "where":
      return kid === parent.cond;
    case "cast":
      return !isInt(parent.dtype);
    default:
      return true;
  }
}
