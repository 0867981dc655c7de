/** Ways through an expression: children, bottom-up rewriting, what it depends on. Each visits a shared node once. */
import { binary, cast, type Expr, load, unary, type VarName, where } from "./expr.ts";
import type { Capture } from "./mod.ts";

export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case "const":
    case "var":
      return [];
    case "load":
      return e.indices;
    case "unary":
    case "cast":
      return [e.a];
    case "binary":
      return [e.a, e.b];
    case "where":
      return [e.cond, e.a, e.b];
  }
}

/** `e` with other children, in the order of `children`. */
export function withChildren(e: Expr, kids: readonly Expr[]): Expr {
  const at = (i: number): Expr => {
    const kid = kids[i];
    if (kid === undefined) throw new Error(`${e.kind} lacks child ${i}`);
    return kid;
  };
  switch (e.kind) {
    case "const":
    case "var":
      return e;
    case "load":
      return load(e.capture, kids);
    case "unary":
      return unary(e.op, at(0));
    case "cast":
      return cast(at(0), e.dtype);
    case "binary":
      return binary(e.op, at(0), at(1));
    case "where":
      return where(at(0), at(1), at(2));
  }
}

/** Every distinct node, children before parents. Iterative: deep expressions do not overflow the stack. */
export function postorder(roots: readonly Expr[]): Expr[] {
  const seen = new Set<Expr>();
  const out: Expr[] = [];
  // A null says that the children of the node below it are done.
  const stack: (Expr | null)[] = [...roots].reverse();
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top === null) {
      const done = stack.pop();
      if (done !== undefined && done !== null) out.push(done);
      continue;
    }
    if (seen.has(top)) continue;
    seen.add(top);
    const kids = children(top);
    if (kids.length === 0) out.push(top);
    else stack.push(top, null);
    for (let i = kids.length - 1; i >= 0; i--) {
      const kid = kids[i];
      if (kid !== undefined && !seen.has(kid)) stack.push(kid);
    }
  }
  return out;
}

/** Rewrites bottom-up: `f` sees each distinct node once, with its children already rewritten. */
export function rewrite(root: Expr, f: (e: Expr) => Expr): Expr {
  return rewriteEach([root], f).get(root) ?? root;
}

/** `rewrite` of several at once: what every node below `roots` becomes. */
export function rewriteEach(roots: readonly Expr[], f: (e: Expr) => Expr): Map<Expr, Expr> {
  const done = new Map<Expr, Expr>();
  for (const e of postorder(roots)) {
    const kids = children(e);
    const fresh = kids.map((k) => done.get(k) ?? k);
    done.set(e, f(kids.some((k, i) => k !== fresh[i]) ? withChildren(e, fresh) : e));
  }
  return done;
}

/** The mod's arguments that `roots` read. */
export function freeVars(...roots: Expr[]): Set<VarName> {
  const names = new Set<VarName>();
  for (const e of postorder(roots)) if (e.kind === "var") names.add(e.name);
  return names;
}

/** The captures that `roots` load, each once, in order of first load. */
export function capturesOf(...roots: Expr[]): Capture[] {
  const captures = new Set<Capture>();
  for (const e of postorder(roots)) if (e.kind === "load") captures.add(e.capture);
  return [...captures];
}
