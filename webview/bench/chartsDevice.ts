/**
 * The charts that hold a kernel against a bound: speed-up against the blocks skipped, beside the ideal of doing only what
 * is left; and the device's roofline, FLOP/s against FLOP per byte, under what a matrix product and a copy reached on the
 * same device. In: drawable results at the sizes shown. Out: a chart, or what is missing for one. Pure.
 */

import { isNoisy } from "../../kernels/flash/noise.ts";
import type { BenchResult, Engine } from "../../kernels/runtime/result.ts";
import { matmulPeakOf } from "../../kernels/runtime/resultText.ts";
import type { Chart, NoChart, Point, Series } from "../chart/chart.ts";
import { duration, percent, significant, times, withUnit } from "../number.ts";
import type { Present } from "./chartBasis.ts";
import { doubtText, ENGINE_LOOKS, short } from "./charts.ts";
import { knownPeaks } from "./details.ts";
import { quotient } from "./ratio.ts";
import { describeProblem, ENGINE_NAMES } from "./rows.ts";

/** The last result of each kernel for each mask, of whatever variant and text, at the sizes shown. */
function lastOfEach(results: readonly BenchResult[], present: Present): readonly BenchResult[] {
  const sizes = describeProblem(present.problem);
  const last = new Map<string, BenchResult>();
  for (const r of results.toSorted((a, b) => a.measuredAt - b.measuredAt)) {
    if (describeProblem(r.problem) === sizes) last.set([r.variant, r.engine, r.sparsity.blocks].join("\n"), r);
  }
  return [...last.values()];
}

const SPARSITY_ID = "sparsity";
const SPARSITY_TITLE = "Speed-up against sparsity";

/**
 * Each kernel's time at its least sparse mask by that at the others. A kernel that was not measured at the least sparse
 * mask of all is left out, since the ideal line is of that one.
 */
export function sparsityChart(results: readonly BenchResult[], present: Present): Chart | NoChart {
  const alike = lastOfEach(results, present).filter((r) => r.engine !== "materialized");
  const missing =
    "Measure another mask at these sizes, or sweep a window: the same kernel at two sparsities shows what skipping blocks saves.";
  const densest = alike.reduce<BenchResult | null>((a, b) => (a === null || b.sparsity.blocks < a.sparsity.blocks ? b : a), null);
  if (densest === null) return { id: SPARSITY_ID, title: SPARSITY_TITLE, missing };
  const from = densest.sparsity.blocks;
  const series = [...new Set(alike.map((r) => r.engine))].flatMap((engine): Series[] => {
    const own = alike.filter((r) => r.engine === engine).toSorted((a, b) => a.sparsity.blocks - b.sparsity.blocks);
    const base = own.find((r) => r.sparsity.blocks === from);
    if (base === undefined || own.length < 2) return [];
    return [{ ...scattered(engine), points: own.map((r) => sparsityPoint(r, base)) }];
  });
  const points = series.flatMap((s) => s.points);
  const far = Math.max(...points.map((p) => p.x));
  if (points.length === 0 || far === from) return { id: SPARSITY_ID, title: SPARSITY_TITLE, missing };
  const best = points.reduce((a, b) => (share(b, from) > share(a, from) ? b : a), points.find((p) => p.x > from) ?? points[0] ?? NO_POINT);
  return {
    id: SPARSITY_ID,
    title: SPARSITY_TITLE,
    note: `over ${densest.variant}, ${percent(from)} skipped`,
    finding: `Most of the ideal is reached with ${percent(best.x)} of blocks skipped: ${times(best.y)} of ${times((1 - from) / (1 - best.x))} in reach.`,
    x: { title: "blocks skipped", kind: "linear", format: percent, tick: (v) => percent(v, 0) },
    y: { title: "speed-up", kind: "linear", format: times, tick: (v) => short(times(v)) },
    series: labelledOnce(series),
    guides: [{ name: "ideal", dashed: true, spans: false, points: idealLine(from, far) }],
    rules: [],
  };
}

const NO_POINT: Point = { x: 0, y: 0, interval: null, hollow: false, told: "", label: null };

/** Of the ideal speed-up, what a point reaches; nothing at the reference itself. */
const share = (p: Point, from: number): number => (p.x > from ? (p.y * (1 - p.x)) / (1 - from) : 0);

function sparsityPoint(result: BenchResult, base: BenchResult): Point {
  const { ratio, interval } = result === base ? { ratio: 1, interval: null } : quotient(base, result);
  const noisy = isNoisy(result);
  const range = interval === null ? "" : `, ${times(interval[0])} to ${times(interval[1])}`;
  return {
    x: result.sparsity.blocks,
    y: ratio,
    interval,
    hollow: noisy,
    told: `${result.variant}, ${ENGINE_NAMES[result.engine]}: ${percent(result.sparsity.blocks)} of blocks skipped, ${times(ratio)}${range}${doubtText(noisy ? "noisy" : null)}`,
    label: result.variant,
  };
}

/** A variant's name stands at the last of its points alone. */
function labelledOnce(series: readonly Series[]): readonly Series[] {
  const seen = new Set<string | null>();
  return series.map((s) => ({
    ...s,
    points: s.points
      .toReversed()
      .map((p) => {
        const label = seen.has(p.label) ? null : p.label;
        seen.add(p.label);
        return { ...p, label };
      })
      .reverse(),
  }));
}

const IDEAL_STEPS = 60;

/** (1 − from) ÷ (1 − x): all of the time goes with the blocks that are left. */
function idealLine(from: number, to: number): readonly (readonly [number, number])[] {
  const end = Math.min(0.999, to + 0.04 * (to - from));
  return Array.from({ length: IDEAL_STEPS + 1 }, (_, i) => {
    const x = from + ((end - from) * i) / IDEAL_STEPS;
    return [x, (1 - from) / (1 - x)] as const;
  });
}

const scattered = (engine: Engine): Omit<Series, "points"> => ({
  name: ENGINE_NAMES[engine],
  ...ENGINE_LOOKS[engine],
  dashed: false,
  joined: false,
});

const ROOF_ID = "roofline";
const ROOF_TITLE = "Roofline";

/** FLOP/s in the unit of its size. */
export const flopRate = (perSecond: number): string =>
  perSecond >= 1e12 ? withUnit(perSecond / 1e12, "TFLOP/s") : withUnit(perSecond / 1e9, "GFLOP/s");

const intensity = (x: number): string => withUnit(x, "FLOP/B");

/** The kernels of the variant shown under the device's roof; work counts where elements are allowed, bytes as `Memory.moved` has them. */
export function rooflineChart(results: readonly BenchResult[], present: Present): Chart | NoChart {
  const peaks = knownPeaks(results, present.device);
  if (peaks === null)
    return { id: ROOF_ID, title: ROOF_TITLE, missing: "It needs the peaks of this device, which a run measures before its first times." };
  const sizes = describeProblem(present.problem);
  const own = results
    .filter((r) => r.variant === present.variant && describeProblem(r.problem) === sizes && r.effectiveFlops > 0)
    .toSorted((a, b) => a.measuredAt - b.measuredAt);
  const last = new Map(own.map((r) => [r.engine, r]));
  const under = [...last.values()].flatMap((r): Under[] => {
    const moved = r.details?.memory.moved ?? 0;
    if (moved === 0) return [];
    const flops = matmulPeakOf(r.engine, peaks) ?? Number.POSITIVE_INFINITY;
    const x = r.effectiveFlops / moved;
    const roof = Math.min(flops, x * peaks.copyBytes);
    return [{ engine: r.engine, byMemory: roof < flops, roof, point: roofPoint(r, x, roof) }];
  });
  if (under.length === 0)
    return { id: ROOF_ID, title: ROOF_TITLE, missing: "Run this variant at these sizes: its kernels then stand under the roof." };
  // A kernel of matrix units has a roof of its own, drawn where there is one to stand under it.
  const units = under.some((u) => u.engine === "matrix") ? matmulPeakOf("matrix", peaks) : null;
  const roofs = [{ name: "roof", flops: peaks.matmulFlops }, ...(units === null ? [] : [{ name: "matrix units", flops: units }])];
  const ridges = roofs.map(({ flops }) => flops / peaks.copyBytes);
  const low = Math.min(...ridges, ...under.map((u) => u.point.x)) / 2;
  const high = Math.max(...ridges, ...under.map((u) => u.point.x)) * 2;
  const best = under.reduce((a, b) => (b.point.y > a.point.y ? b : a));
  return {
    id: ROOF_ID,
    title: ROOF_TITLE,
    note: `${[flopRate(peaks.matmulFlops), ...(units === null ? [] : [`${flopRate(units)} by matrix units`])].join(", ")}, ${withUnit(peaks.copyBytes / 1e9, "GB/s")} measured`,
    finding: roofFinding(best),
    x: { title: "FLOP of allowed elements per byte", kind: "log2", format: intensity, tick: (v) => short(significant(v)) },
    y: {
      title: "FLOP/s",
      kind: "log10",
      format: flopRate,
      tick: (v) => short(v >= 1e12 ? withUnit(v / 1e12, "T") : withUnit(v / 1e9, "G")),
    },
    series: under.map((u) => ({ ...scattered(u.engine), points: [u.point] })),
    guides: roofs.map(({ name, flops }, i) => {
      // Below its ridge a roof is the memory's, which all have in common.
      const ridge = flops / peaks.copyBytes;
      const from = i === 0 ? low : Math.min(...ridges);
      return {
        name,
        dashed: i > 0,
        spans: true,
        points: [
          [from, from * peaks.copyBytes],
          [ridge, flops],
          [high, flops],
        ] as const,
      };
    }),
    rules: [],
  };
}

/** A kernel's last result and the roof above it. */
interface Under {
  readonly engine: Engine;
  /** Whether memory bounds it further down than arithmetic, or arithmetic's bound is not known. */
  readonly byMemory: boolean;
  /** FLOP/s of the roof where it stands. */
  readonly roof: number;
  readonly point: Point;
}

function roofFinding({ point, roof, byMemory }: Under): string {
  const reached = `${point.label}: ${flopRate(point.y)}`;
  if (point.y > roof)
    return byMemory
      ? `${reached}, more than the rate of a copy allows: what it reads lies in caches.`
      : `${reached}, more than the matrix product reached when it was measured: the peak is too low.`;
  return `${reached}, ${percent(point.y / roof)} of what ${byMemory ? "memory" : "arithmetic"} allows at ${intensity(point.x)}.`;
}

/** `roof`: FLOP/s that are allowed at `x`, FLOP per byte. */
function roofPoint(r: BenchResult, x: number, roof: number): Point {
  const y = r.effectiveFlops / (r.medianMs / 1000);
  const rate = (ms: number): number => r.effectiveFlops / (ms / 1000);
  const name = ENGINE_NAMES[r.engine];
  const noisy = isNoisy(r);
  return {
    x,
    y,
    interval: [rate(r.interval[1]), rate(r.interval[0])],
    hollow: noisy,
    told: `${name}: ${flopRate(y)} at ${intensity(x)}, ${percent(y / roof)} of the roof, ${duration(r.medianMs)}${doubtText(noisy ? "noisy" : null)}`,
    label: name,
  };
}
