/**
 * Lints: what PyTorch takes without a word and the user would want to know. In: a lowered module and its text. Out:
 * diagnostics like lowering's own. Nothing here runs while typing: the editor asks after a reading, one variant at a
 * turn (`lintEach`), and drops the rest when a newer reading comes.
 *
 * What depends on values is said only where the values are the user's: a variant that captures something made up is
 * asked about its form alone. And what depends on lengths, only at lengths that the text gives.
 */
import type { Diagnostic } from "../frontend/diagnostic.ts";
import type { CallSite, LoweredModule, LoweredVariant, Source } from "../frontend/module.ts";
import { parseModule } from "../frontend/parse.ts";
import type { ProblemHints } from "../ir/mod.ts";
import { lintBroadcast } from "./broadcast.ts";
import type { LintContext } from "./context.ts";
import { lintGathers } from "./gather.ts";
import { lintMaskForm, lintMaskValue } from "./masks.ts";
import { lintOverflow } from "./overflow.ts";
import { lintRecompiles } from "./recompile.ts";
import { lintScore } from "./scores.ts";
import { type KnownSizes, sizesOf } from "./sizes.ts";

/** Variants of one function that are looked into. */
const MOST_OF_ONE = 16;

export interface LintOptions {
  /** Sizes given beside the text, as in the panel's form; they win over the text's. */
  readonly problem?: ProblemHints;
}

/** All lints of `module`, which is `sources` lowered; in the order of the text, each once. */
export function lintModule(sources: readonly Source[], module: LoweredModule, options: LintOptions = {}): Diagnostic[] {
  return settle([...lintEach(sources, module, options)].flat());
}

/** The same in parts, each a few milliseconds at most; the last is what concerns the file as a whole. */
export function* lintEach(sources: readonly Source[], module: LoweredModule, options: LintOptions = {}): Generator<readonly Diagnostic[]> {
  const [document] = sources;
  if (document === undefined) return;
  const context = contextOf(sources, document, module.calls);
  const isDrawn = module.diagnostics.some((d) => d.code === "random-values");
  const begin = (v: LoweredVariant): number => (v.maskMod ?? v.scoreMod)?.span.from ?? 0;
  // Where a call or directive states the lengths of one variant of a function, the others' lengths are not guessed at.
  const stated = new Set(module.variants.flatMap((v) => (v.stated.qLen === undefined ? [] : [begin(v)])));
  const asked = new Map<number, number>();
  for (const variant of module.variants) {
    // A loop that makes a thousand masks of one function has a thousand variants: the first ones speak for it.
    const times = asked.get(begin(variant)) ?? 0;
    asked.set(begin(variant), times + 1);
    if (times >= MOST_OF_ONE) continue;
    const sizes = sizesOf(variant, options.problem ?? {});
    const isSpokenFor = sizes.stated.qLen === undefined && stated.has(begin(variant));
    const sure = isSpokenFor ? { stated: sizes.stated, known: sizes.stated, assumed: sizes.stated } : sizes;
    yield* lintVariant(variant, isDrawn, sure, context);
  }
  const { module: tree } = parseModule(document.file, document.text);
  yield [...lintBroadcast(tree, module.variants, context), ...lintRecompiles(tree)];
}

/** What PyTorch would refuse to compute of one variant, or reads elsewhere than it says: indices and divisions alone. `form`: sizes that win over the text's. */
export function lintReads(sources: readonly Source[], variant: LoweredVariant, form: ProblemHints = {}): Diagnostic[] {
  const [document] = sources;
  if (document === undefined || isMadeUp(variant, false)) return [];
  return lintGathers(variant, sizesOf(variant, form), contextOf(sources, document, []));
}

function contextOf(sources: readonly Source[], document: Source, calls: readonly CallSite[]): LintContext {
  const texts = new Map(sources.map((s) => [s.file, s.text]));
  return { file: document.file, textOf: ({ file, from, to }) => (texts.get(file) ?? "").slice(from, to), calls };
}

const RAISES: ReadonlySet<string> = new Set(["index-beyond-end", "index-may-leave", "zero-division-at"]);

function* lintVariant(
  variant: LoweredVariant,
  isDrawn: boolean,
  sizes: KnownSizes,
  context: LintContext,
): Generator<readonly Diagnostic[]> {
  const { maskMod, scoreMod } = variant;
  // A pair is two mods that stand by themselves as well; but its call may state sizes that theirs do not.
  if (maskMod !== null && scoreMod !== null) {
    if (!isMadeUp(variant, isDrawn)) yield lintGathers(variant, sizes, context);
    return;
  }
  if (maskMod !== null) yield lintMaskForm(variant, maskMod, sizes, context);
  if (scoreMod !== null) yield lintScore(variant, scoreMod);
  if (isMadeUp(variant, isDrawn)) return;
  const reads = lintGathers(variant, sizes, context);
  yield reads;
  const mod = maskMod ?? scoreMod;
  if (mod !== null) yield lintOverflow(variant, mod, sizes, context);
  // What PyTorch does not compute has no rows and no blocks.
  if (maskMod !== null && !reads.some((d) => RAISES.has(d.code))) yield lintMaskValue(variant, maskMod, sizes, context);
}

/** Whether the mod captures a value that is not the user's: one that was made up, or may have been drawn at random. */
export function isMadeUp({ bindings, captures }: LoweredVariant, isDrawn: boolean): boolean {
  return (isDrawn && captures.length > 0) || bindings.some(({ origin }) => origin === "seeded");
}

/** In the order of the text; what two variants of one mod say alike is said once. */
export function settle(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const key = (d: Diagnostic): string => `${d.code} ${d.span.file} ${d.span.from} ${d.span.to}`;
  const distinct = new Map(diagnostics.toReversed().map((d) => [key(d), d]));
  return [...distinct.values()].toReversed().sort((a, b) => a.span.from - b.span.from || a.span.to - b.span.to);
}
