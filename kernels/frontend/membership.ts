/**
 * `x in c` where `x` is a tensor of the mod, as PyTorch has it: flex_attention compares with each item of a list or
 * tuple and create_block_mask refuses that; a set or dict compares objects, so nothing is ever found in it.
 */
import type { TextOf } from "./diagnostic.ts";
import { type FactOf, replace } from "./fix.ts";
import { rewriteMembership } from "./fixCondition.ts";
import { compareOperation } from "./pythonOperators.ts";
import type { Compare } from "./syntax.ts";
import { type At, tensorBinary } from "./torchElement.ts";
import { bool, FALSE, isScalar, isTensor, type Value } from "./value.ts";

/** The value of `node`, a single `in` or `not in`, with a warning; null where PyTorch refuses it in either front end. */
export function tensorMembership(at: At, node: Compare, item: Value, container: Value, facts: FactOf, textOf: TextOf): Value | null {
  const [op] = node.ops;
  if (item.type !== "dynamic" || item.shape.length > 0 || node.ops.length !== 1) return null;
  const warn = (say: (rewrite: string, fix: ReturnType<typeof replace>["fix"] | null) => void): void => {
    const found = rewriteMembership(node, facts, textOf);
    const rewrite = found === null ? null : replace(node, found.text);
    say(rewrite?.text ?? "", rewrite?.fix ?? null);
  };
  const text = textOf(node.span);
  if (container.type === "set" || container.type === "dict") {
    warn((rewrite, fix) => at.run.warn("membership-in-set", at.span, [text, op === "in" ? "False" : "True", rewrite], fix));
    return bool(op !== "in");
  }
  if (op !== "in" || (container.type !== "list" && container.type !== "tuple") || container.items.length === 0) return null;
  warn((rewrite, fix) => at.run.warn("refused-by-create-block-mask", at.span, [text, rewrite], fix));
  return container.items.reduce((found: Value, other) => {
    if (!isTensor(other) && !isScalar(other)) return found;
    const equal = compareOperation(at, "==", item, other);
    return isTensor(equal) && (isTensor(found) || isScalar(found)) ? tensorBinary(at, "|", found, equal) : found;
  }, FALSE);
}
