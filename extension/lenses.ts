/**
 * The lenses of a reading, as data: for each variant Mask, Benchmark, Kernel, in this order and each under its
 * setting; for a mod that could not be lowered one that says so. Titles come complete: the editor is given nothing to
 * resolve, so nothing flickers. Lines of a file and cells of a notebook show them alike.
 */
import type { Problem } from "../kernels/flash/problem.ts";
import type { LoweredVariant } from "../kernels/frontend/module.ts";
import type { Span } from "../kernels/ir/mod.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import { COMMANDS, INTERNAL_COMMANDS } from "./contributions.ts";
import { failedMods } from "./failedMods.ts";
import {
  agedTitle,
  benchmarkTooltip,
  freshnessOf,
  kernelTitle,
  type MaskFigure,
  maskTitle,
  runningTitle,
  shownResult,
  waitingTitle,
} from "./lensTitle.ts";
import type { Reading } from "./reading.ts";

/** One lens: above the line where `span` starts. */
export interface Lens {
  readonly span: Span;
  /** Whose lens it is: a variant, or a function that gave none. */
  readonly name: string;
  readonly title: string;
  readonly tooltip: string;
  readonly command: string;
  readonly arguments: readonly (string | number)[];
}

export interface LensKinds {
  readonly mask: boolean;
  readonly benchmark: boolean;
  readonly kernel: boolean;
}

/** What is known of a variant beside its text. */
export interface VariantFacts {
  readonly problem: Problem;
  readonly key: string;
  readonly figure: MaskFigure;
  readonly results: readonly BenchResult[];
  readonly activity: "idle" | "waiting" | "running";
  /** How much of its run is done, 0 to 1. */
  readonly fraction: number;
}

/** `factsOf` is asked once a variant. `now` in milliseconds since 1970. */
export function buildLenses(
  reading: Pick<Reading, "document" | "sources" | "module">,
  kinds: LensKinds,
  factsOf: (variant: LoweredVariant) => VariantFacts,
  now: number,
): readonly Lens[] {
  const { document, module } = reading;
  const text = reading.sources[0]?.text ?? "";
  const own = module.variants.filter((variant) => variant.nameSpan.file === document);
  const lenses = own.flatMap((variant) => variantLenses(document, variant, kinds, factsOf(variant), now));
  const failures = failedMods(module, document, text).map(
    ({ span, errors }): Lens => ({
      span,
      name: text.slice(span.from, span.to),
      title: errors.length === 1 ? "1 error" : `${errors.length} errors`,
      tooltip: errors.map((error) => error.message).join("\n"),
      command: INTERNAL_COMMANDS.revealSpan,
      arguments: [document, errors[0]?.span.from ?? span.from, errors[0]?.span.to ?? span.to],
    }),
  );
  return [...lenses, ...failures];
}

/** Where lenses are shown side by side: those of a line above it, those of a cell below it. */
export type PlaceOf = (lens: Lens) => number;

/** The place of lenses in a file: the line that they stand above. */
export const lineIn =
  (text: string): PlaceOf =>
  ({ span }) =>
    text.lastIndexOf("\n", span.from - 1);

/** Lenses as they are read: where one place has those of several variants, the first of each is given its name. */
export function named(lenses: readonly Lens[], placeOf: PlaceOf): readonly Lens[] {
  const names = new Map<number, Set<string>>();
  for (const lens of lenses) names.set(placeOf(lens), (names.get(placeOf(lens)) ?? new Set()).add(lens.name));
  return lenses.map((lens, i) => {
    const alone = (names.get(placeOf(lens))?.size ?? 0) < 2;
    return alone || lenses[i - 1]?.name === lens.name ? lens : { ...lens, title: `${lens.name}: ${lens.title}` };
  });
}

function variantLenses(document: string, variant: LoweredVariant, kinds: LensKinds, facts: VariantFacts, now: number): readonly Lens[] {
  const { key, problem, results } = facts;
  const lens = (title: string, tooltip: string, command: string): Lens => ({
    span: variant.nameSpan,
    name: variant.name,
    title,
    tooltip,
    command,
    arguments: [document, variant.name],
  });
  const size = `${problem.qLen} × ${problem.kvLen}, blocks of ${problem.blockSize.join(" × ")}`;
  const mask = (): Lens => lens(maskTitle(facts.figure), `Show the mask of ${variant.name} (${size})`, COMMANDS.showMask);
  const benchmark = (): Lens => {
    if (facts.activity === "running") return lens(runningTitle(facts.fraction), "Stop measuring", COMMANDS.cancel);
    if (facts.activity === "waiting") return lens(waitingTitle, "Measure it no more when its turn comes", COMMANDS.cancel);
    const shown = shownResult(results, key, problem);
    const isFresh = shown !== null && freshnessOf(shown.result, key, problem).kind === "fresh";
    return lens(
      agedTitle(results, key, problem, now),
      benchmarkTooltip(results, key, problem, now),
      isFresh ? COMMANDS.showBenchmark : COMMANDS.benchmark,
    );
  };
  const kernel = (): Lens => lens(kernelTitle, `Show the WGSL that ${variant.name} becomes`, COMMANDS.showKernel);
  return [...(kinds.mask ? [mask()] : []), ...(kinds.benchmark ? [benchmark()] : []), ...(kinds.kernel ? [kernel()] : [])];
}
