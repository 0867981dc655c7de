/**
 * Does what the text asserts of its mods hold? First by proof, at any length (analysis/impossible.ts); then at the
 * lengths of the problem by intervals, and by cells where these leave a doubt (mask/firstCell.ts). What fails names the
 * first (b, h, q_idx, kv_idx) that breaks it; what the budget does not suffice for is said to be undecided.
 *
 * Values that were made up prove nothing: what reads them is proved whatever they are, or refuted by nobody.
 */
import { type Diagnostic, diagnose } from "../frontend/diagnostic.ts";
import type { Assertion, LoweredModule } from "../frontend/module.ts";
import { isMadeUp } from "./lint.ts";
import { type AssertionOptions, type Verdict, verdictOn } from "./verdict.ts";

/** What was found of one assertion about one variant. */
export interface AssertionOutcome {
  readonly variant: string;
  readonly assertion: Assertion;
  readonly verdict: Verdict;
}

export interface AssertionReport {
  readonly outcomes: readonly AssertionOutcome[];
  /** Of those that fail or are not decided, in the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Checks every assertion of `module`; each once, though several variants share a mod. */
export function checkAssertions(module: LoweredModule, options: AssertionOptions = {}): AssertionReport {
  const outcomes: AssertionOutcome[] = [];
  for (const outcome of checkEach(module, options)) if (!outcomes.some((o) => isSame(o, outcome))) outcomes.push(outcome);
  return { outcomes, diagnostics: outcomes.flatMap(diagnosticOf).sort((a, b) => a.span.from - b.span.from) };
}

/** The diagnostics of one assertion after the other, for an editor that has other things to do between them. */
export function* lintAssertions(module: LoweredModule, options: AssertionOptions = {}): Generator<readonly Diagnostic[]> {
  for (const outcome of checkEach(module, options)) yield diagnosticOf(outcome);
}

function* checkEach(module: LoweredModule, options: AssertionOptions): Generator<AssertionOutcome> {
  // A score_mod that a call puts together with a mask is asked about where that mask allows, and nowhere else.
  const paired = new Set(module.variants.flatMap((v) => (v.maskMod === null ? [] : [v.scoreMod])));
  const isDrawn = module.diagnostics.some((d) => d.code === "random-values");
  for (const variant of module.variants) {
    if (variant.maskMod === null && paired.has(variant.scoreMod)) continue;
    for (const assertion of variant.assertions ?? []) {
      yield { variant: variant.name, assertion, verdict: verdictOn(assertion.claim, variant, isMadeUp(variant, isDrawn), options) };
    }
  }
}

/** A factory and the variable that holds what it gives are one mod, and say one thing. */
function isSame(a: AssertionOutcome, b: AssertionOutcome): boolean {
  return a.assertion.span.from === b.assertion.span.from && JSON.stringify(a.verdict) === JSON.stringify(b.verdict);
}

function diagnosticOf({ variant, assertion, verdict }: AssertionOutcome): Diagnostic[] {
  const { span, text, message } = assertion;
  const of = `${message === null ? "" : `${message}: `}\`${variant}\`: `;
  if (verdict.kind === "fails") return [diagnose("assertion-fails", span, [text, `${of}${verdict.why}`])];
  if (verdict.kind === "undecided") return [diagnose("assertion-undecided", span, [text, `${of}${verdict.why}`, verdict.way])];
  return [];
}

/** `2 assertions: 1 proved at any length, 1 checked (Q_LEN = 512, KV_LEN = 512)`; empty where nothing is asserted. */
export function assertionSummary(outcomes: readonly AssertionOutcome[]): string {
  if (outcomes.length === 0) return "";
  const count = (kind: Verdict["kind"]): number => outcomes.filter((o) => o.verdict.kind === kind).length;
  const lengths = [...new Set(outcomes.flatMap(({ verdict }) => (verdict.kind === "checked" ? [verdict.at] : [])))];
  const parts = [
    [count("proved"), "proved at any length"],
    [count("checked"), `checked (${lengths.join("; ")})`],
    [count("fails"), "broken"],
    [count("undecided"), "undecided"],
  ] as const;
  const said = parts.flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${what}`])).join(", ");
  return `${outcomes.length} ${outcomes.length === 1 ? "assertion" : "assertions"}: ${said}`;
}
