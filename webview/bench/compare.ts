/**
 * Two runs side by side, kernel by kernel: what the test of Mann and Whitney says of their samples, by how much they
 * differ, and whether that is a finding. It is one when it is both sure (p < 0.05) and large (1.2× or more): on a machine
 * that others use, smaller differences come and go by themselves. Where the baseline, which the text does not touch, moved
 * along, the machine is named. Pure.
 */
import { type MannWhitney, mannWhitney, type Ratio, timeRatio } from "../../kernels/runtime/mannWhitney.ts";
import type { BenchResult, Engine } from "../../kernels/runtime/result.ts";
import { NARROW_SPACE, percent, significant } from "../number.ts";
import type { PastRun } from "./history.ts";
import { ENGINE_NAMES } from "./rows.ts";

/** A difference below it is not a finding, whatever p is. */
export const LEAST_RATIO = 1.2;
const ALPHA = 0.05;

export type Verdict =
  | { readonly kind: "slower" | "faster"; readonly ratio: number }
  /** p does not tell them apart. */
  | { readonly kind: "same" }
  /** Sure, and too small to matter. */
  | { readonly kind: "small" }
  /** As few samples as these could not be told apart, however far they lay. */
  | { readonly kind: "few" }
  | { readonly kind: "wrong" };

export interface ComparedRow {
  readonly engine: Engine;
  readonly before: BenchResult;
  readonly after: BenchResult;
  readonly test: MannWhitney;
  readonly ratio: Ratio;
  readonly verdict: Verdict;
}

export interface ComparedRuns {
  readonly rows: readonly ComparedRow[];
  /** What the rows do not say: kernels of one run alone, other tiles, a baseline that moved too. */
  readonly notes: readonly string[];
}

/** The comparison, the earlier run first; a text says why there is none. */
export function compareRuns(before: PastRun, after: PastRun): ComparedRuns | string {
  if (before.sizes !== after.sizes)
    return `They are of different sizes: ${before.sizes}, and ${after.sizes}. Choose two runs of the same sizes.`;
  if (before.device.software !== after.device.software)
    return "One is of a software adapter, whose times say nothing beside a GPU's. Choose two runs of the same kind of device.";
  const rows = before.results.flatMap((b): ComparedRow[] => {
    const a = after.results.find((r) => r.engine === b.engine);
    const test = a === undefined ? null : mannWhitney(b.samplesMs, a.samplesMs);
    const ratio = a === undefined ? null : timeRatio(b.samplesMs, a.samplesMs);
    if (a === undefined || test === null || ratio === null) return [];
    return [{ engine: b.engine, before: b, after: a, test, ratio, verdict: verdictOf(b, a, test, ratio) }];
  });
  if (rows.length === 0) return "They have no kernel in common. Choose two runs of the same kernel.";
  return { rows, notes: notesOn(before, after, rows) };
}

function verdictOf(before: BenchResult, after: BenchResult, test: MannWhitney, { ratio, interval }: Ratio): Verdict {
  if (before.check?.passed === false || after.check?.passed === false) return { kind: "wrong" };
  if (interval === null) return { kind: "few" };
  if (test.p >= ALPHA) return { kind: "same" };
  if (Math.max(ratio, 1 / ratio) < LEAST_RATIO) return { kind: "small" };
  return ratio > 1 ? { kind: "slower", ratio } : { kind: "faster", ratio: 1 / ratio };
}

function notesOn(before: PastRun, after: PastRun, rows: readonly ComparedRow[]): readonly string[] {
  const names = (results: readonly BenchResult[], others: readonly BenchResult[]): readonly string[] =>
    results.filter((r) => !others.some((o) => o.engine === r.engine)).map((r) => ENGINE_NAMES[r.engine]);
  const alone = [...names(before.results, after.results), ...names(after.results, before.results)];
  const retiled = rows
    .filter((r) => r.before.tile !== r.after.tile)
    .map((r) => `${ENGINE_NAMES[r.engine]} ${r.before.tile} → ${r.after.tile}`);
  const baseline = rows.find((r) => r.engine === "materialized");
  const own = rows.filter((r) => r.engine !== "materialized").map((r) => r.verdict.kind);
  const moved = baseline?.verdict.kind;
  const withIt = (moved === "slower" || moved === "faster") && own.includes(moved);
  return [
    ...(before.device.name === after.device.name ? [] : [`Two devices: ${before.device.name}, and ${after.device.name}.`]),
    ...(withIt && before.device.name === after.device.name
      ? [`The materialised baseline, which the text's mask does not change, is ${moved} as well: it may be the machine.`]
      : []),
    ...(retiled.length === 0 ? [] : [`Other tiles: ${retiled.join("; ")}.`]),
    ...(alone.length === 0 ? [] : [`In one run alone: ${alone.join(", ")}.`]),
  ];
}

/** `1.25× slower`, `no difference shown`, `1.07×: under 1.2×, not a finding`. */
export function verdictText({ verdict, ratio, before, after }: ComparedRow): string {
  switch (verdict.kind) {
    case "slower":
    case "faster":
      return `${significant(verdict.ratio)}× ${verdict.kind}`;
    case "same":
      return "no difference shown";
    case "small":
      return `${ratio.ratio >= 1 ? "slower" : "faster"} by under ${LEAST_RATIO}×: not a finding`;
    case "few":
      return `${before.samplesMs.length} and ${after.samplesMs.length} samples cannot tell; run again`;
    case "wrong":
      return "wrong result: not compared";
  }
}

/** `0.041`, `< 0.001`. */
export const pText = (p: number): string => (p < 0.001 ? `<${NARROW_SPACE}0.001` : significant(p, 2));

/** `1.25× (1.21…1.29)`: how many times as long the later run takes. */
export function ratioText({ ratio, interval }: Ratio): string {
  const digits = (x: number): string => significant(x, 3);
  return `${digits(ratio)}×${interval === null ? "" : ` (${digits(interval[0])}…${digits(interval[1])})`}`;
}

/** In how many pairs of samples the later run is the slower one. */
export const effectText = ({ slower }: MannWhitney): string => percent(slower, 0);
