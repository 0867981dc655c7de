/**
 * From stored results to the rows of the table: grouped by variant, in a fixed order of kernels, each with its standing
 * (checked, stale, noisy, wrong, not checked), because a time without its standing is a rumour. Pure.
 */
import { isNoisy } from "../../kernels/flash/noise.ts";
import type { Problem } from "../../kernels/flash/problem.ts";
import type { BenchResult, Engine } from "../../kernels/runtime/result.ts";
import { exponent, integer, milliseconds, NARROW_SPACE, significant, times } from "../number.ts";

/** Of the doubts that hold, the gravest. */
export type Standing = "wrong" | "stale" | "noisy" | "unchecked" | "checked";

export interface Row {
  readonly result: BenchResult;
  readonly standing: Standing;
  /** The fastest of its group that is not wrong. */
  readonly best: boolean;
  /** Baseline ÷ time; null for the baseline itself, a wrong result, or without a baseline. */
  readonly speedUp: number | null;
  /** Why it is stale: `text` or `sizes` changed since; null if it is not. */
  readonly changed: "text" | "sizes" | null;
}

export interface Group {
  /** No other group has it. */
  readonly id: string;
  readonly variant: string;
  readonly device: string;
  readonly software: boolean;
  readonly sparsity: BenchResult["sparsity"];
  /** The problem measured, in words. */
  readonly sizes: string;
  /** Name of the file that it was imported from; null: measured by this installation. */
  readonly importedFrom: string | null;
  /** The group of the variant shown. */
  readonly current: boolean;
  readonly rows: readonly Row[];
}

/** What a result is compared with to know whether it is stale: keys and problems of the variants as they are now. */
export type Now = ReadonlyMap<string, { readonly key: string; readonly problem: Problem }>;

export const ENGINE_NAMES: Readonly<Record<Engine, string>> = {
  quad: "quad",
  row: "row",
  tile: "tile",
  matrix: "matrix",
  decode: "decode",
  small: "small",
  materialized: "materialised",
};
const ORDER: readonly Engine[] = ["matrix", "quad", "tile", "row", "decode", "small", "materialized"];

/** An interval beyond this share of the median is written by its ends. */
const WIDE = 0.1;

/** The groups of the table: the variant shown first, then the others as they were measured. */
export function groupResults(results: readonly BenchResult[], now: Now, shown: string): readonly Group[] {
  const groups = new Map<string, BenchResult[]>();
  for (const r of results) {
    // What one run measured stands together: a row measured later for another problem is not compared with the rest.
    const id = [r.variant, r.device.name, r.key, describeProblem(r.problem), r.importedFrom ?? ""].join("\n");
    groups.set(id, [...(groups.get(id) ?? []), r]);
  }
  return [...groups]
    .map(([id, list]) => buildGroup(id, list, now, shown))
    .sort((a, b) => Number(b.current) - Number(a.current) || latest(b) - latest(a));
}

const latest = (group: Group): number => Math.max(...group.rows.map((r) => r.result.measuredAt));

/** The latest group of the present text, with which the kernels stand that its run left out; null: none was measured. */
export const latestRun = (groups: readonly Group[]): Group | null =>
  groups.filter((g) => g.current).reduce<Group | null>((late, g) => (late === null || latest(g) > latest(late) ? g : late), null);

function buildGroup(id: string, list: readonly BenchResult[], now: Now, shown: string): Group {
  const sorted = list.toSorted((a, b) => ORDER.indexOf(a.engine) - ORDER.indexOf(b.engine));
  const right = sorted.filter((r) => r.check?.passed !== false);
  const fastest = right.length < 2 ? null : right.reduce((a, b) => (b.medianMs < a.medianMs ? b : a));
  const rows = sorted.map((result): Row => {
    const changed = whatChanged(result, now);
    const standing = standingOf(result, changed);
    const compared = result.engine !== "materialized" && standing !== "wrong" && result.baselineMs !== null;
    return {
      result,
      standing,
      changed,
      best: result === fastest,
      speedUp: compared && result.baselineMs !== null ? result.baselineMs / result.medianMs : null,
    };
  });
  const [first] = sorted;
  if (first === undefined) throw new Error("a group without results");
  return {
    id,
    variant: first.variant,
    device: first.device.name,
    software: first.device.software,
    sparsity: first.sparsity,
    sizes: describeProblem(first.problem),
    importedFrom: first.importedFrom ?? null,
    current: first.variant === shown && first.importedFrom === undefined && rows.every((r) => r.changed === null),
    rows,
  };
}

function whatChanged(result: BenchResult, now: Now): Row["changed"] {
  const present = now.get(result.variant);
  // The key holds the block size too, so sizes are looked at first.
  if (present !== undefined && describeProblem(present.problem) !== describeProblem(result.problem)) return "sizes";
  return present?.key === result.key ? null : "text";
}

function standingOf(result: BenchResult, changed: Row["changed"]): Standing {
  if (result.check !== null && !result.check.passed) return "wrong";
  if (changed !== null) return "stale";
  if (isNoisy(result)) return "noisy";
  return result.check === null ? "unchecked" : "checked";
}

/** `B 1 · H 8 · S 1 024 · D 64 · block 128`; a size that differs from its usual partner is named apart. */
export function describeProblem(p: Problem): string {
  const heads = p.qHeads === p.kvHeads ? `H ${integer(p.qHeads)}` : `H ${integer(p.qHeads)}/${integer(p.kvHeads)}`;
  const lengths = p.qLen === p.kvLen ? `S ${integer(p.qLen)}` : `Q_LEN ${integer(p.qLen)} · KV_LEN ${integer(p.kvLen)}`;
  const dims = p.qkHeadDim === p.vHeadDim ? `D ${p.qkHeadDim}` : `D ${p.qkHeadDim} · DV ${p.vHeadDim}`;
  const [q, kv] = p.blockSize;
  const block = q === kv ? integer(q) : `${integer(q)} × ${integer(kv)}`;
  const storage = p.rounding !== undefined ? ` · rounded to ${p.rounding}` : p.storage === "f32" ? "" : ` · ${p.storage}`;
  const scale = p.scale === 1 / Math.sqrt(p.qkHeadDim) ? "" : ` · scale ${significant(p.scale)}`;
  const layout = p.layout === "BHSD" ? "" : ` · ${p.layout}`;
  return `B ${integer(p.batch)} · ${heads} · ${lengths} · ${dims} · block ${block}${storage}${scale}${layout}`;
}

/** The farther end of the interval from the median, as a share of it; null: one sample has none, its own would say nothing. */
export const halfInterval = ({ interval: [low, high], medianMs, samplesMs }: BenchResult): number | null =>
  samplesMs.length < 2 ? null : Math.max(medianMs - low, high - medianMs) / medianMs;

const ONE_SAMPLE = "one sample";

/** `±2 %`, or both ends where the interval is wide or lopsided. */
export function intervalText(r: BenchResult): string {
  const half = halfInterval(r);
  if (half === null) return ONE_SAMPLE;
  const [low, high] = r.interval;
  const below = r.medianMs - low;
  const above = high - r.medianMs;
  const lopsided = half > 0.03 && Math.min(below, above) < 0.4 * Math.max(below, above);
  if (half > WIDE || lopsided) return `${milliseconds(low)}…${milliseconds(high)}`;
  return `±${NARROW_SPACE}${significant(Math.max(100 * half, 0.1), 1)}${NARROW_SPACE}%`;
}

/** `±33 %`, whatever the interval is: for a column that has no room for its ends. */
export function shortIntervalText(r: BenchResult): string {
  const half = halfInterval(r);
  if (half === null) return ONE_SAMPLE;
  return `±${NARROW_SPACE}${significant(Math.max(100 * half, 0.1), half < WIDE ? 1 : 2)}${NARROW_SPACE}%`;
}

export function speedUpText(row: Row): string {
  if (row.result.engine === "materialized") return "baseline";
  if (row.speedUp === null) return "–";
  return (row.standing === "noisy" ? `≈${NARROW_SPACE}` : "") + times(row.speedUp);
}

/** The largest error of a result that was checked and is right; a noisy time keeps its check, and says so beside it. */
export const checkedText = (r: BenchResult): string =>
  r.check === null ? "not checked" : `${exponent(r.check.maxAbs)}${isNoisy(r) ? " · noisy" : ""}`;

/** Where an element [b, h, q, d] of the output, or [b, h, q] of lse, went wrong. */
export const placeText = (index: readonly number[]): string => `(${index.map(integer).join(", ")})`;
