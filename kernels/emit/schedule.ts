/**
 * DAG → ordered lets: which nodes of an expression get a name in the emitted text, in an order in which each comes
 * after what it reads. A node is named when it is used twice, when the inline text above it would nest too deeply,
 * or when the emitter asks for it (to hoist it out of a loop). Constants and variables never are.
 */
import type { Expr } from "../ir/expr.ts";
import { children, postorder } from "../ir/walk.ts";

/** `name = node`; everything that `node` reads and that is named stands earlier. */
export interface Let {
  readonly name: string;
  readonly node: Expr;
}

export interface ScheduleOptions {
  /** Names are `${prefix}0`, `${prefix}1`, …; default `t`. */
  readonly prefix?: string;
  /** Operators nested in one line of text before a let breaks it; default 8. */
  readonly maxDepth?: number;
  /** Names a node used once: asked for each edge from parent to child. */
  readonly split?: (child: Expr, parent: Expr) => boolean;
}

/** The named nodes below `roots`, in order. A root itself is named only where another node also reads it. */
export function schedule(roots: readonly Expr[], options: ScheduleOptions = {}): readonly Let[] {
  const { prefix = "t", maxDepth = 8, split } = options;
  const order = postorder(roots);
  const uses = new Map<Expr, number>(roots.map((r) => [r, 1]));
  const named = new Set<Expr>();
  for (const parent of order) {
    for (const child of children(parent)) {
      const n = (uses.get(child) ?? 0) + 1;
      uses.set(child, n);
      if (n > 1 || split?.(child, parent)) named.add(child);
    }
  }
  const depth = new Map<Expr, number>();
  const lets: Let[] = [];
  const isRoot = new Set(roots);
  for (const node of order) {
    if (node.kind === "const" || node.kind === "var") {
      depth.set(node, 0);
      continue;
    }
    const d = 1 + Math.max(0, ...children(node).map((c) => depth.get(c) ?? 0));
    if (named.has(node) || (d >= maxDepth && !isRoot.has(node))) {
      lets.push({ name: `${prefix}${lets.length}`, node });
      depth.set(node, 0);
    } else {
      depth.set(node, d);
    }
  }
  return lets;
}
