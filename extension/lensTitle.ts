/**
 * What the lenses say: state in, words out. Pure, so that each standing of a result (checked, stale, noisy, wrong,
 * not checked, from a software adapter) has its words in one place and in a table of tests.
 *
 * A lens that has nothing to say yet keeps its bare name: titles change, the number of lenses does not.
 */
import { isNoisy } from "../kernels/flash/noise.ts";
import type { Problem } from "../kernels/flash/problem.ts";
import type { BenchResult, Engine } from "../kernels/runtime/result.ts";
import { age, shortAge } from "../kernels/runtime/resultText.ts";
import { duration, errorSize, integer, percent, times, wholePercent } from "./number.ts";

/**
 * What is known of a variant's mask: the share of blocks skipped, or that there is no mask, that it takes longer than
 * counting may (`uncounted`), or that it is being counted, with what the variant of that name had before.
 */
export type MaskFigure =
  | { readonly kind: "none" }
  | { readonly kind: "uncounted" }
  | { readonly kind: "counting"; readonly before: number | null }
  | { readonly kind: "counted"; readonly blocks: number };

/** A result against the text of now: of the same function and sizes, or why not. */
export type Freshness = { readonly kind: "fresh" } | { readonly kind: "edited" } | { readonly kind: "resized"; readonly was: string };

/** `blocks` is the share of blocks that the kernel skips. */
export function maskTitle(figure: MaskFigure): string {
  switch (figure.kind) {
    case "none":
      return "Mask · none (a score_mod alone)";
    case "uncounted":
      return "Mask";
    case "counting":
      // As wide as what it becomes, so that the lenses beside it stay where they are.
      return figure.before === null ? "Mask" : `Mask … ${percent(figure.before)} of blocks skipped`;
    case "counted":
      return `Mask · ${percent(figure.blocks)} of blocks skipped`;
  }
}

export const kernelTitle = "Kernel";

/** A variant that is being measured; `fraction` of it is done. A click cancels. */
export const runningTitle = (fraction: number): string => `Running ${wholePercent(fraction)} · cancel`;

/** A variant that is measured when the one before it is done. */
export const waitingTitle = "Waiting · cancel";

/** A part of a title: in full, then ever shorter; empty: left out. */
type Part = readonly [full: string, ...shorter: string[]];

/**
 * Characters of a Benchmark lens: with its neighbours it has room in one half of a window that is 1,280 pixels wide, but for
 * lines with several variants, each under its name (lenses.ts): those are longer than that with any words.
 */
export const MOST_CHARACTERS = 52;

/**
 * Title of the Benchmark lens: `benchmarkTitle` with the age. What is stale carries a clock, and says that a click runs it
 * again. Where that is too long for a lens it is said more briefly; the tooltip has it in full.
 */
export function agedTitle(results: readonly BenchResult[], key: string, problem: Problem, now: number): string {
  const shown = shownResult(results, key, problem);
  if (shown === null) return "Benchmark";
  const isStale = freshnessOf(shown.result, key, problem).kind !== "fresh";
  const ago = shortAge(now - shown.result.measuredAt);
  const when: Part = [ago, ago, ""];
  const words = fitted([...shownParts(shown, key, problem), when, ...(isStale ? [["run again", ""] as const] : [])]);
  return isStale ? `$(history) ${words}` : words;
}

const joined = (words: readonly string[]): string => words.filter((word) => word !== "").join(" · ");

/** The parts as one text: one after the other shortened by a step, then all again, until it is short enough. */
function fitted(parts: readonly Part[]): string {
  const words: string[] = parts.map(([full]) => full);
  for (let step = 1; parts.some(({ length }) => length > step); step++) {
    for (const [i, part] of parts.entries()) {
      if (joined(words).length <= MOST_CHARACTERS) return joined(words);
      words[i] = part[step] ?? words[i] ?? "";
    }
  }
  return joined(words);
}

/** What a result says, and its standing: `1.84 ms · 5.1× materialised · checked`; `Benchmark` where nothing was measured. */
export function benchmarkTitle(results: readonly BenchResult[], key: string, problem: Problem): string {
  const shown = shownResult(results, key, problem);
  return shown === null ? "Benchmark" : joined(shownParts(shown, key, problem).map(([full]) => full));
}

function shownParts({ result, wrong }: Shown, key: string, problem: Problem): readonly Part[] {
  const freshness = freshnessOf(result, key, problem);
  const parts = resultParts(result, freshness);
  if (freshness.kind !== "fresh" || wrong.length === 0) return parts;
  return [...parts, [wrong.map((engine) => `${engine} wrong`).join(" · "), `${wrong.length} wrong`]];
}

/** What one result says: `1.84 ms · 5.1× materialised · checked`, `1.84 ms (before the edit)`. */
export const resultTitle = (result: BenchResult, freshness: Freshness): string =>
  joined(resultParts(result, freshness).map(([full]) => full));

function resultParts(result: BenchResult, freshness: Freshness): readonly Part[] {
  const time = isWrong(result) ? "wrong result" : duration(result.medianMs);
  switch (freshness.kind) {
    case "edited":
      return [[`${time} (before the edit)`]];
    case "resized":
      return [[`${time} (at ${freshness.was})`]];
    case "fresh":
      return [...verdict(result, time), ...(result.device.software ? [["software"] as const] : [])];
  }
}

/** What a result is worth, the worst that can be said of it. */
export type Standing = "stale" | "wrong" | "noisy" | "not checked" | "checked";

export function standingOf(result: BenchResult, freshness: Freshness): Standing {
  if (freshness.kind !== "fresh") return "stale";
  if (isWrong(result)) return "wrong";
  if (isNoisy(result)) return "noisy";
  return result.check === null ? "not checked" : "checked";
}

function verdict(result: BenchResult, time: string): readonly Part[] {
  const { check } = result;
  if (check !== null && isWrong(result)) return [[`${time}: error ${errorSize(check.maxAbs)}`]];
  const checked: Part =
    check === null ? ["not checked"] : check.allRows ? ["checked"] : [`checked on ${integer(check.rows)} rows`, "checked"];
  if (isNoisy(result)) return [[`≈ ${time}`], ["noisy", ""], checked];
  if (result.baselineMs === null) return [[time], checked];
  const ratio = times(result.baselineMs / result.medianMs);
  return [[time], [`${ratio} materialised`, ratio, ""], checked];
}

const isWrong = (r: BenchResult): boolean => r.check !== null && !r.check.passed;

/** How `result` stands to a variant whose key is `key`, shown at `problem`. */
export function freshnessOf(result: BenchResult, key: string, problem: Problem): Freshness {
  const size = differingSize(result.problem, problem);
  if (size !== null) return { kind: "resized", was: size };
  return result.key === key ? { kind: "fresh" } : { kind: "edited" };
}

const SIZES: readonly [name: string, field: "batch" | "qHeads" | "kvHeads" | "qLen" | "kvLen" | "qkHeadDim" | "vHeadDim"][] = [
  ["Q_LEN", "qLen"],
  ["KV_LEN", "kvLen"],
  ["B", "batch"],
  ["H", "qHeads"],
  ["HKV", "kvHeads"],
  ["D", "qkHeadDim"],
  ["DV", "vHeadDim"],
];

/** The first size in which `was` differs from `now`, as `Q_LEN 4 096`; null if none does. */
function differingSize(was: Problem, now: Problem): string | null {
  for (const [name, field] of SIZES) {
    if (was[field] !== now[field]) return `${name} ${integer(was[field])}`;
  }
  if (was.blockSize[0] !== now.blockSize[0] || was.blockSize[1] !== now.blockSize[1]) return `BLOCK_SIZE ${was.blockSize.join(" × ")}`;
  if (was.scale !== now.scale) return `SCALE ${Number(was.scale.toPrecision(3))}`;
  if (was.layout !== now.layout) return was.layout;
  return was.storage === now.storage && was.rounding === now.rounding ? null : was.storage;
}

/** What speaks for a variant, and the other kernels of the present text whose numbers were wrong. */
interface Shown {
  readonly result: BenchResult;
  readonly wrong: readonly Engine[];
}

/**
 * The result that speaks for a variant: among the fused kernels (the baseline never speaks for itself) those of the
 * present text before stale ones, right ones before wrong ones, then the fastest; of stale ones the latest.
 */
export function shownResult(results: readonly BenchResult[], key: string, problem: Problem): Shown | null {
  const fused = results.filter((r) => r.engine !== "materialized");
  const fresh = fused.filter((r) => freshnessOf(r, key, problem).kind === "fresh");
  if (fresh.length === 0) {
    const latest = fused.reduce<BenchResult | null>((best, r) => (best === null || r.measuredAt > best.measuredAt ? r : best), null);
    return latest === null ? null : { result: latest, wrong: [] };
  }
  const rank = (r: BenchResult): number => (isWrong(r) ? 2 : r.device.software ? 1 : 0);
  const [best] = fresh.toSorted((a, b) => rank(a) - rank(b) || a.medianMs - b.medianMs);
  if (best === undefined) return null;
  const wrong = fresh.filter((r) => r !== best && isWrong(r)).map((r) => r.engine);
  return { result: best, wrong: isWrong(best) ? [] : [...new Set(wrong)] };
}

/** What the Benchmark lens says in full, where the number comes from, and what a click does. */
export function benchmarkTooltip(results: readonly BenchResult[], key: string, problem: Problem, now: number): string {
  const shown = shownResult(results, key, problem);
  if (shown === null) return "Run the kernels on this window's GPU and check them against the reference";
  const { engine, device, measuredAt } = shown.result;
  const what = `${benchmarkTitle(results, key, problem)}\n${engine} on ${device.name}, ${age(now - measuredAt)}`;
  const freshness = freshnessOf(shown.result, key, problem);
  switch (freshness.kind) {
    case "fresh":
      return `${what}: show the table`;
    case "edited":
      return `${what}. The text has changed since: run it again at the same sizes`;
    case "resized":
      return `${what}, at ${freshness.was}: run it again at the present sizes`;
  }
}
