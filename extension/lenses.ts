/**
 * The lenses of a reading, as data: for each variant Mask, Benchmark, Kernel, in this order and each under its
 * setting; for a mod that could not be lowered one that says so. Titles come complete: the editor is given nothing to
 * resolve, so nothing flickers.
 */
import type { Problem } from "../kernels/flash/problem.ts";
import type { LoweredVariant } from "../kernels/frontend/module.ts";
import type { Span } from "../kernels/ir/mod.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import { COMMANDS, INTERNAL_COMMANDS } from "./contributions.ts";
import { failedMods } from "./failedMods.ts";
import { benchmarkTitle, benchmarkTooltip, freshnessOf, kernelTitle, type MaskFigure, maskTitle, shownResult } from "./lensTitle.ts";
import type { Reading } from "./reading.ts";

/** One lens: above the line where `span` starts. */
export interface Lens {
  readonly span: Span;
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
  const lineStarts = own.map((variant) => text.lastIndexOf("\n", variant.nameSpan.from - 1));
  const onLine = new Map<number, number>();
  for (const start of lineStarts) onLine.set(start, (onLine.get(start) ?? 0) + 1);
  const lenses = own.flatMap((variant, i) => {
    const alone = onLine.get(lineStarts[i] ?? -1) === 1;
    return variantLenses(document, variant, kinds, factsOf(variant), alone ? "" : `${variant.name}: `, now);
  });
  const failures = failedMods(module, document, text).map(
    ({ span, errors }): Lens => ({
      span,
      title: errors.length === 1 ? "1 error" : `${errors.length} errors`,
      tooltip: errors.map((error) => error.message).join("\n"),
      command: INTERNAL_COMMANDS.revealSpan,
      arguments: [document, errors[0]?.span.from ?? span.from, errors[0]?.span.to ?? span.to],
    }),
  );
  return [...lenses, ...failures];
}

function variantLenses(
  document: string,
  variant: LoweredVariant,
  kinds: LensKinds,
  facts: VariantFacts,
  prefix: string,
  now: number,
): readonly Lens[] {
  const { key, problem, results } = facts;
  const lens = (title: string, tooltip: string, command: string): Lens => ({
    span: variant.nameSpan,
    title: prefix + title,
    tooltip,
    command,
    arguments: [document, variant.name],
  });
  const lenses: Lens[] = [];
  if (kinds.mask) {
    const size = `${problem.qLen} × ${problem.kvLen}, blocks of ${problem.blockSize.join(" × ")}`;
    lenses.push(lens(maskTitle(facts.figure), `Show the mask of ${variant.name} (${size})`, COMMANDS.showMask));
  }
  // The prefix names the variant once, on the first of its lenses.
  if (kinds.benchmark) {
    const fresh = shownResult(results, key, problem);
    const shows = fresh !== null && freshnessOf(fresh.result, key, problem).kind === "fresh";
    const idle = (): Lens =>
      lens(
        benchmarkTitle(results, key, problem),
        benchmarkTooltip(results, key, problem, now),
        shows ? COMMANDS.showBenchmark : COMMANDS.benchmark,
      );
    const busy = (title: string): Lens => lens(title, "Stop measuring", COMMANDS.cancel);
    const benchmark = facts.activity === "idle" ? idle() : busy(facts.activity === "running" ? "Running · cancel" : "Waiting · cancel");
    lenses.push(lenses.length === 0 ? benchmark : { ...benchmark, title: benchmark.title.slice(prefix.length) });
  }
  if (kinds.kernel) {
    const kernel = lens(kernelTitle, `Show the WGSL that ${variant.name} becomes`, COMMANDS.showKernel);
    lenses.push(lenses.length === 0 ? kernel : { ...kernel, title: kernelTitle });
  }
  return lenses;
}
