/** Quick fixes for faults that a builtin found, which knows its values and not the call in the text. */
import { rewriteConversion, rewriteInfLike } from "./fix.ts";
import type { Call } from "./syntax.ts";
import { Refusal, type Run } from "./value.ts";

/** `e` with the fix that its call allows; `e` itself where there is none. */
export function fixFor(e: Refusal, node: Call, run: Run): Refusal {
  const { diagnostic } = e;
  if (diagnostic.fix !== null || diagnostic.span !== node.span) return e;
  const rewrite =
    diagnostic.code === "item-of-tensor" || diagnostic.code === "truth-value" || diagnostic.code === "python-round"
      ? rewriteConversion(node, run.text)
      : diagnostic.code === "unknown-attribute"
        ? rewriteInfLike(node, run.text)
        : null;
  return rewrite === null ? e : new Refusal({ ...diagnostic, fix: rewrite.fix });
}
