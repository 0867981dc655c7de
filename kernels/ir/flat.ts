/**
 * An expression as a flat list, for where data is copied between threads: children before parents, each child by its
 * place in the list, captures apart. Copying nodes as they are would follow the tree's depth, and the copies would be
 * no interned nodes; here `raise` makes the nodes anew, equal ones the same object.
 */
import { binary, cast, constant, type Expr, load, unary, type VarName, variable, where } from "./expr.ts";
import type { Capture } from "./mod.ts";
import type { BinaryOp, DType, UnaryOp } from "./ops.ts";
import { capturesOf, postorder } from "./walk.ts";

type FlatNode =
  | readonly ["const", value: number, DType]
  | readonly ["var", VarName, DType]
  | readonly ["load", capture: number, indices: readonly number[]]
  | readonly ["unary", UnaryOp, a: number]
  | readonly ["binary", BinaryOp, a: number, b: number]
  | readonly ["where", cond: number, a: number, b: number]
  | readonly ["cast", DType, a: number];

/** Plain data; the last node is the root. */
export interface FlatExpr {
  readonly nodes: readonly FlatNode[];
  readonly captures: readonly Capture[];
}

/** `e` as a list. The captures' arrays are shared, not copied. */
export function flatten(e: Expr): FlatExpr {
  const order = postorder([e]);
  const places = new Map(order.map((node, i) => [node, i]));
  const captures = capturesOf(e);
  const at = (node: Expr): number => places.get(node) ?? -1;
  return { nodes: order.map((node) => flatNode(node, at, (capture) => captures.indexOf(capture))), captures };
}

function flatNode(node: Expr, at: (node: Expr) => number, captureAt: (capture: Capture) => number): FlatNode {
  switch (node.kind) {
    case "const":
      return ["const", node.value, node.dtype];
    case "var":
      return ["var", node.name, node.dtype];
    case "load":
      return ["load", captureAt(node.capture), node.indices.map(at)];
    case "unary":
      return ["unary", node.op, at(node.a)];
    case "binary":
      return ["binary", node.op, at(node.a), at(node.b)];
    case "where":
      return ["where", at(node.cond), at(node.a), at(node.b)];
    case "cast":
      return ["cast", node.dtype, at(node.a)];
  }
}

/** The expression of a list. @throws Error where the list names a child or capture that it does not hold. */
export function raise({ nodes, captures }: FlatExpr): Expr {
  const made: Expr[] = [];
  const at = (i: number): Expr => {
    const node = made[i];
    if (node === undefined) throw new Error(`a flat expression without node ${i}`);
    return node;
  };
  for (const node of nodes) made.push(raiseNode(node, captures, at));
  return at(nodes.length - 1);
}

function raiseNode(node: FlatNode, captures: readonly Capture[], at: (i: number) => Expr): Expr {
  switch (node[0]) {
    case "const":
      return constant(node[1], node[2]);
    case "var":
      return variable(node[1], node[2]);
    case "load": {
      const capture = captures[node[1]];
      if (capture === undefined) throw new Error(`a flat expression without capture ${node[1]}`);
      return load(capture, node[2].map(at));
    }
    case "unary":
      return unary(node[1], at(node[2]));
    case "binary":
      return binary(node[1], at(node[2]), at(node[3]));
    case "where":
      return where(at(node[1]), at(node[2]), at(node[3]));
    case "cast":
      return cast(at(node[2]), node[1]);
  }
}
