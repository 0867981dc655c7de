/**
 * Where an expression cannot be computed: PyTorch raises for an index outside of its tensor and for an integer divided
 * by zero, and the IR, which has no exceptions, reads the nearest element and gives 0. Each such place with the
 * condition under which it happens, for whoever has to say so. Both branches of a `where` count: both are computed.
 */
import { type Binary, binary, cast, constant, type Expr, type Load } from "../ir/expr.ts";
import { isInt } from "../ir/ops.ts";
import { postorder } from "../ir/walk.ts";
import { type Box, intervalOf } from "./interval.ts";

export type Hazard =
  | { readonly kind: "index"; readonly node: Load; readonly dimension: number; readonly condition: Expr }
  | { readonly kind: "division"; readonly node: Binary; readonly condition: Expr };

/** The places below `roots` that can go wrong in `box`, operands first. Conditions are bool, over the mod's arguments. */
export function hazardsOf(roots: readonly Expr[], box: Box): Hazard[] {
  const found: Hazard[] = [];
  for (const node of postorder(roots)) {
    if (node.kind === "load") {
      node.indices.forEach((index, dimension) => {
        const size = node.capture.shape[dimension] ?? 0;
        const { min, max } = intervalOf(index, box);
        if (min >= -size && max < size) return;
        const below = binary("lt", index, constant(-size, "i64"));
        found.push({ kind: "index", node, dimension, condition: binary("or", below, binary("ge", index, constant(size, "i64"))) });
      });
    } else if (node.kind === "binary" && DIVIDES.has(node.op) && isInt(node.a.dtype)) {
      const { min, max } = intervalOf(node.b, box);
      if (min > 0 || max < 0) continue;
      found.push({ kind: "division", node, condition: binary("eq", node.b, cast(constant(0, "i64"), node.b.dtype)) });
    }
  }
  return found;
}

const DIVIDES: ReadonlySet<string> = new Set(["floordiv", "floormod", "truncdiv", "fmod"]);
