/** Quick fixes for faults whose cure needs the text around them, or the names that there are. */
import type { Span } from "../ir/mod.ts";
import { type Diagnostic, diagnose, type TextOf } from "./diagnostic.ts";
import { replace } from "./fix.ts";
import { rewriteInfLike } from "./fixCall.ts";
import type { Module, Node } from "./syntax.ts";
import { walkSyntax } from "./walkSyntax.ts";

/** `diagnostic` with the fix that the text allows; itself where it has one, or there is none. */
export function withSuggestion(diagnostic: Diagnostic, module: Module, names: () => Iterable<string>, textOf: TextOf): Diagnostic {
  const { code, span } = diagnostic;
  if (diagnostic.fix !== null || span.file !== module.file || span.to <= span.from) return diagnostic;
  const text = textOf(span);
  const node = { span };
  switch (code) {
    case "unknown-name": {
      const known = nearest(text, names());
      if (known === null) return diagnostic;
      return diagnose("unknown-name", span, [text, `write \`${known}\`, if that is meant`], replace(node, known).fix);
    }
    case "unknown-attribute": {
      const call = nodeAt(module, (n) => n.kind === "Call" && same(n.callee.span, span));
      const rewrite = call?.kind === "Call" ? rewriteInfLike(call, textOf) : null;
      return rewrite === null
        ? diagnostic
        : { ...diagnostic, fix: rewrite.fix, message: `${diagnostic.message.replace(/\.$/, "")}; write \`${rewrite.text}\`.` };
    }
    case "mask-not-bool":
      return returned(module, span)
        ? { ...diagnostic, fix: replace(node, `${/^[\w.]+(\(.*\))?$/.test(text) ? text : `(${text})`} != 0`).fix }
        : diagnostic;
    case "score-returns-mask":
      return returned(module, span)
        ? { ...diagnostic, fix: replace(node, `torch.where(${text}, ${scoreName(module, span)}, -float("inf"))`).fix }
        : diagnostic;
    case "score-returns-constant":
      return returned(module, span)
        ? { ...diagnostic, fix: replace(node, `torch.full_like(${scoreName(module, span)}, ${text})`).fix }
        : diagnostic;
    default:
      return diagnostic;
  }
}

/** Whether the span is what a `return` gives or a lambda's body: then the whole of it can be replaced. */
function returned(module: Module, span: Span): boolean {
  return (
    nodeAt(
      module,
      (n) => (n.kind === "Return" && n.value !== null && same(n.value.span, span)) || (n.kind === "Lambda" && same(n.body.span, span)),
    ) !== null
  );
}

/** The first parameter of the innermost function around `span`. */
function scoreName(module: Module, span: Span): string {
  let name = "score";
  walkSyntax(module.body, (n) => {
    const around = n.span.from <= span.from && span.to <= n.span.to;
    if (around && (n.kind === "FunctionDef" || n.kind === "Lambda")) name = n.params.find((p) => p.name !== "self")?.name ?? name;
    return around;
  });
  return name;
}

function nodeAt(module: Module, wanted: (node: Node) => boolean): Node | null {
  let found: Node | null = null;
  walkSyntax(module.body, (n) => {
    if (found === null && wanted(n)) found = n;
    return found === null;
  });
  return found;
}

const same = (a: Span, b: Span): boolean => a.from === b.from && a.to === b.to;

/** The name that differs least from `name`, by two letters at most and fewer in short names; null if none is near. */
export function nearest(name: string, names: Iterable<string>): string | null {
  const limit = name.length < 3 ? 0 : name.length < 6 ? 1 : 2;
  let best: string | null = null;
  let least = limit + 1;
  for (const other of names) {
    if (other === name || Math.abs(other.length - name.length) > limit || other.startsWith("__")) continue;
    const d = distance(name.toLowerCase(), other.toLowerCase());
    if (d < least) [best, least] = [other, d];
  }
  return best;
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let d = Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, (before[j - 2] ?? 0) + 1);
      row.push(d);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
