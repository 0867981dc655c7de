/**
 * The charts along an axis: time, and speed-up over the materialised kernel with the crossover named. In: a basis. Out: a
 * chart, or what is missing for one. Kernels have the same colour and mark in every chart. Pure.
 */

import type { Engine } from "../../kernels/runtime/result.ts";
import type { Chart, Ink, Mark, NoChart, Point, Series } from "../chart/chart.ts";
import { duration, significant, times } from "../number.ts";
import { axisOf, type Basis, type BasisPoint } from "./chartBasis.ts";
import { type Crossover, crossover, crossoverText, type Quotient, quotient, type RatioAt, roundedPlace } from "./ratio.ts";

/** Colours are fewer than kernels; the marks differ. */
export const ENGINE_LOOKS: Readonly<Record<Engine, { readonly ink: Ink; readonly mark: Mark }>> = {
  quad: { ink: "s1", mark: "circle" },
  tile: { ink: "s2", mark: "diamond" },
  matrix: { ink: "s3", mark: "wedge" },
  row: { ink: "s4", mark: "triangle" },
  decode: { ink: "s3", mark: "cross" },
  small: { ink: "s2", mark: "wedge" },
  materialized: { ink: "base", mark: "square" },
};

const DOUBTS = { noisy: ", noisy", stale: ", before the text changed" } as const;

export const doubtText = (doubt: BasisPoint["doubt"]): string => (doubt === null ? "" : DOUBTS[doubt]);

/** A tick's value without the zeros that a measured one needs: `10 ms`, `2×`. */
export const short = (text: string): string => text.replace(/\.0+(?!\d)/, "").replace(/(\.\d*[1-9])0+(?!\d)/, "$1");

/** Points by their lines, in the order in which the lines begin. */
function linesOf(points: readonly BasisPoint[]): ReadonlyMap<string, readonly BasisPoint[]> {
  const lines = new Map<string, BasisPoint[]>();
  for (const p of points) lines.set(p.line, [...(lines.get(p.line) ?? []), p]);
  return lines;
}

export function timeChart(basis: Basis): Chart | NoChart {
  const title = `Time against ${basis.axis}`;
  const id = "time";
  const lines = linesOf(basis.points);
  if (!spans(basis))
    return {
      id,
      title,
      missing: `Times at two values of ${basis.axis} make a line: sweep ${basis.axis}, or change it and run again.`,
    };
  const x = axisOf(basis);
  const series = [...lines].map(([name, points]) =>
    seriesOf(name, points, (p) => ({
      y: p.result.medianMs,
      interval: p.result.interval,
      told: `${name}, ${basis.axis} ${x.format(p.x)}: ${duration(p.result.medianMs)}, ${duration(p.result.interval[0])} to ${duration(p.result.interval[1])}${doubtText(p.doubt)}`,
    })),
  );
  return {
    id,
    title,
    note: noteOf(basis.points),
    finding: timeFinding(basis, lines, x.format),
    x,
    y: { title: "time", kind: "log10", format: duration, tick: (ms) => short(duration(ms)) },
    series,
    guides: [],
    rules: [],
  };
}

const spans = ({ points }: Basis): boolean => new Set(points.map((p) => p.x)).size > 1;

const noteOf = (points: readonly BasisPoint[]): string => {
  const doubts = [...new Set(points.flatMap((p) => (p.doubt === null ? [] : [p.doubt])))];
  return doubts.length === 0 ? "" : `hollow = ${doubts.map((d) => (d === "noisy" ? "noisy" : "before the edit")).join(" or ")}`;
};

function seriesOf(
  name: string,
  points: readonly BasisPoint[],
  value: (p: BasisPoint) => Pick<Point, "y" | "interval" | "told"> | null,
): Series {
  const own = points.flatMap((p) => {
    const at = value(p);
    return at === null ? [] : [{ ...at, x: p.x, hollow: p.doubt !== null }];
  });
  return kernelLine(name, points[0]?.result.engine ?? "quad", own);
}

/** The line of a kernel, in its looks. */
export const kernelLine = (name: string, engine: Engine, points: readonly Omit<Point, "label">[]): Series => ({
  name,
  ...ENGINE_LOOKS[engine],
  dashed: engine === "materialized",
  joined: true,
  points: points.map((p) => ({ ...p, label: null })),
});

/** A time that grows less than this hardly depends on what varies. */
const LEAST_GROWTH = 0.3;

/** Who is fastest at the far end, and how the fastest grows. */
function timeFinding(basis: Basis, lines: ReturnType<typeof linesOf>, format: (x: number) => string): string {
  const far = Math.max(...basis.points.map((p) => p.x));
  const there = basis.points.filter((p) => p.x === far).toSorted((a, b) => a.result.medianMs - b.result.medianMs);
  const [best] = there;
  if (best === undefined) return "";
  const list = there.map((p) => `${p.line} ${duration(p.result.medianMs)}`).join(", ");
  const power = growth(lines.get(best.line) ?? []);
  const grows =
    power === null || power < LEAST_GROWTH ? "" : ` ${best.line} grows as ${basis.axis} to the power of ${significant(power, 2)}.`;
  return `At ${basis.axis} = ${format(far)}: ${list}.${grows}`;
}

/** The slope of time over x on log axes, by least squares; null: fewer than three places, or some not above zero. */
export function growth(points: readonly BasisPoint[]): number | null {
  if (points.length < 3 || points.some((p) => p.x <= 0)) return null;
  const xs = points.map((p) => Math.log(p.x));
  const ys = points.map((p) => Math.log(p.result.medianMs));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const spread = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  return spread === 0 ? null : xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] ?? my) - my), 0) / spread;
}

/** How many times as fast as the baseline of the same run. */
interface Gain extends Quotient {
  readonly point: BasisPoint;
}

function gainsOf(points: readonly BasisPoint[]): readonly Gain[] {
  return points.flatMap((point): Gain[] => {
    const { result } = point;
    const { baselineMs } = result;
    if (result.engine === "materialized" || baselineMs === null) return [];
    // Its own row has its interval; where that is not drawn the median stands alone.
    const row = points.find((p) => p.result.engine === "materialized" && p.result.medianMs === baselineMs)?.result;
    return [{ ...quotient(row ?? { medianMs: baselineMs, interval: [baselineMs, baselineMs] }, result), point }];
  });
}

/** The crossover of each line against the baseline, by its name. */
export function crossovers(basis: Basis): ReadonlyMap<string, Crossover> {
  const found = new Map<string, Crossover>();
  const gains = gainsOf(basis.points);
  for (const line of new Set(gains.map((g) => g.point.line))) {
    const along = gains.filter((g) => g.point.line === line).map((g): RatioAt => ({ x: g.point.x, ratio: g.ratio, interval: g.interval }));
    const place = crossover(along);
    if (place !== null) found.set(line, place);
  }
  return found;
}

export function speedUpChart(basis: Basis): Chart | NoChart {
  const id = "speed-up";
  const title = `Speed-up against ${basis.axis}`;
  const gains = gainsOf(basis.points);
  if (new Set(gains.map((g) => g.point.x)).size < 2) {
    return {
      id,
      title,
      missing: `It needs the materialised kernel's times at two values of ${basis.axis}: where it does not fit there is none.`,
    };
  }
  const x = axisOf(basis);
  const series = [...linesOf(gains.map((g) => g.point))].map(([name, points]) =>
    seriesOf(name, points, (p) => {
      const gain = gains.find((g) => g.point === p);
      if (gain === undefined) return null;
      const { ratio, interval } = gain;
      const told = `${name}, ${basis.axis} ${x.format(p.x)}: ${times(ratio)} the speed of materialised, ${times(interval[0])} to ${times(interval[1])}${doubtText(p.doubt)}`;
      return { y: ratio, interval, told };
    }),
  );
  const found = crossovers(basis);
  const ends = gains.map((g) => g.point.x);
  const level: readonly (readonly [number, number])[] = [
    [Math.min(...ends), 1],
    [Math.max(...ends), 1],
  ];
  return {
    id,
    title,
    note: "over materialised",
    finding: `${[...found].map(([line, place]) => `${line} is ${crossoverText(place, basis.axis, x.format)}`).join("; ")}.`,
    x,
    y: { title: "speed-up", kind: "log10", format: times, tick: (v) => short(times(v)) },
    series,
    guides: [{ name: "as fast", dashed: true, spans: true, points: level }],
    rules: [...found].flatMap(([line, place]) =>
      place.kind === "above" || place.kind === "below"
        ? [{ x: place.at, name: `${line} ${place.kind === "above" ? "from" : "to"} ${x.format(roundedPlace(place.at))}` }]
        : [],
    ),
  };
}
