/**
 * "Fix all": the text with every fix done that keeps what the text means to Python. One fault a mod is reported at a
 * time, so the text is lowered again until no such fix is left. Fixes that guess at the author's mind (a name that is
 * spelt like another, a score_mod that returns a mask) stay with their light bulbs.
 */
import type { Code, Diagnostic, TextEdit } from "./diagnostic.ts";

const KEEP_MEANING: ReadonlySet<string> = new Set<Code>([
  "chained-comparison",
  "boolean-operator",
  "data-dependent-branch",
  "data-dependent-ternary",
  "truth-value",
  "item-of-tensor",
  "builtin-min-max",
  "membership-of-tensor",
  "refused-by-create-block-mask",
  "index-of-list",
  "python-round",
  "bool-negation",
  "in-place-shape",
  "in-place-dtype",
  "negative-power",
  "mask-returns-constant",
  "mask-not-bool",
  "score-returns-constant",
  "bound-method",
]);

/** Rounds before a text is left as it is: more faults one behind another than any mod has. */
const MAX_ROUNDS = 50;

/** Whether `fixAll` would do anything about a diagnostic of `file`. */
export function isFixable({ code, fix, span }: Diagnostic, file: string): boolean {
  return fix !== null && KEEP_MEANING.has(code) && span.file === file && fix.edits.every((e) => e.span.file === file);
}

/** `text` of `file` with all such fixes; `diagnosticsOf` lowers a text. */
export function fixAll(text: string, file: string, diagnosticsOf: (text: string) => readonly Diagnostic[]): string {
  const steps = fixAllSteps(text, file, diagnosticsOf);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** The same in steps of one lowering each, for whoever has something else to do between them. */
export function* fixAllSteps(text: string, file: string, diagnosticsOf: (text: string) => readonly Diagnostic[]): Generator<void, string> {
  let fixed = text;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const edits = disjoint(diagnosticsOf(fixed).filter((d) => isFixable(d, file)));
    if (edits.length === 0) return fixed;
    fixed = edits.reduce((t, { span, newText }) => t.slice(0, span.from) + newText + t.slice(span.to), fixed);
    yield;
  }
  return fixed;
}

/** The edits of the fixes that do not touch those before them, the last in the text first. */
function disjoint(diagnostics: readonly Diagnostic[]): TextEdit[] {
  const taken: TextEdit[] = [];
  for (const { fix } of diagnostics) {
    const edits = fix?.edits ?? [];
    const meets = edits.some((e) => taken.some((t) => e.span.from < t.span.to && t.span.from < e.span.to));
    if (!meets) taken.push(...edits);
  }
  return taken.sort((a, b) => b.span.from - a.span.from);
}

/** The one edit that turns `before` into `after`: what they share at both ends is left alone. */
export function difference(before: string, after: string): { readonly from: number; readonly to: number; readonly newText: string } {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from++;
  let tail = 0;
  while (tail < most - from && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { from, to: before.length - tail, newText: after.slice(from, after.length - tail) };
}
