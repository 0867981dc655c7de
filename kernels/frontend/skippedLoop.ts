/**
 * What a loop leaves that cannot be followed, since what it runs over or waits for is not known: the names that it binds, and
 * the numbers and containers that it adds to. These are as unknown as its head: what stood in them before is half of a result.
 */
import { derived } from "./pythonArithmetic.ts";
import type { Expression, For, While } from "./syntax.ts";
import type { Scope, Unknown, Value } from "./value.ts";
import { walkSyntax } from "./walkSyntax.ts";

/** Values that a loop builds up. A function or an object stays what it is. */
const BUILT_UP: ReadonlySet<Value["type"]> = new Set<Value["type"]>([
  "int",
  "float",
  "bool",
  "str",
  "list",
  "dict",
  "set",
  "tuple",
  "tensor",
]);

/** Methods that change the container or tensor that they are called on. */
const CHANGES =
  /^(?:append|appendleft|extend|extendleft|insert|pop|popleft|popitem|remove|clear|update|add|discard|setdefault|rotate)$|[^_]_$/;

/** Makes unknown what `loop` may have bound or added to; `bound` are the names that it binds. */
export function leaveUnknown(loop: For | While, scope: Scope, bound: readonly string[], head: Unknown): void {
  for (const name of bound) if (!scope.names.has(name)) scope.names.set(name, derived(head));
  for (const name of builtUpIn(loop)) {
    const before = scope.names.get(name);
    if (before !== undefined && BUILT_UP.has(before.type)) scope.names.set(name, derived(head));
  }
}

/** The names whose values the loop's own statements add to: by `+=`, an element or a method. */
function builtUpIn(loop: For | While): ReadonlySet<string> {
  const names = new Set<string>();
  const note = (e: Expression): void => {
    let root = e;
    while (root.kind === "Subscript" || root.kind === "Attribute") root = root.object;
    if (root.kind === "Name") names.add(root.id);
  };
  walkSyntax(loop.body, (n) => {
    if (n.kind === "FunctionDef" || n.kind === "ClassDef" || n.kind === "Lambda") return false;
    if (n.kind === "AugAssign") note(n.target);
    else if (n.kind === "Assign") for (const t of n.targets) if (t.kind === "Subscript") note(t);
    if (n.kind === "Call" && n.callee.kind === "Attribute" && CHANGES.test(n.callee.name)) note(n.callee.object);
    return true;
  });
  return names;
}
