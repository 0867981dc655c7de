/**
 * Quotients of measured times with their 95 % intervals, and where one passes 1: the crossover. The interval of a quotient
 * combines those of its two parts on log axes, each side by the distances that push it there (G. Y. Zou, A. Donner,
 * Statist. Med. 27, 2008), which needs nothing but medians and intervals. Pure.
 */
import type { BenchResult } from "../../kernels/runtime/result.ts";

export interface Quotient {
  readonly ratio: number;
  readonly interval: readonly [low: number, high: number];
}

/** A median with its interval. */
export type Timed = Pick<BenchResult, "medianMs" | "interval">;

/** above ÷ below: how many times as fast `below` is. */
export function quotient(above: Timed, below: Timed): Quotient {
  const ratio = above.medianMs / below.medianMs;
  const down = Math.hypot(Math.log(above.medianMs / above.interval[0]), Math.log(below.interval[1] / below.medianMs));
  const up = Math.hypot(Math.log(above.interval[1] / above.medianMs), Math.log(below.medianMs / below.interval[0]));
  return { ratio, interval: [ratio * Math.exp(-down), ratio * Math.exp(up)] };
}

export interface RatioAt extends Quotient {
  readonly x: number;
}

/** Where a kernel becomes faster than the baseline along an axis. */
export type Crossover =
  | { readonly kind: "always" | "never"; readonly from: number; readonly to: number }
  | {
      /** Faster above `at`, or below it; slower on the other side. */
      readonly kind: "above" | "below";
      readonly at: number;
      /** Where it would be at the ends of the intervals; null: beyond what was measured. */
      readonly interval: readonly [low: number | null, high: number | null];
    }
  /** It is passed more than once. */
  | { readonly kind: "several"; readonly at: readonly number[] };

/** The crossover along points in order of x, interpolated on log axes (x linearly where it is not above zero); null: fewer than two points. */
export function crossover(points: readonly RatioAt[]): Crossover | null {
  const sorted = points.toSorted((a, b) => a.x - b.x);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || first.x === last.x) return null;
  const at = crossings(
    sorted,
    sorted.map((p) => p.ratio),
  );
  const [place] = at;
  if (place === undefined) return { kind: first.ratio >= 1 ? "always" : "never", from: first.x, to: last.x };
  if (at.length > 1) return { kind: "several", at };
  const rises = first.ratio < 1;
  const lowEnds = crossings(
    sorted,
    sorted.map((p) => p.interval[0]),
  );
  const highEnds = crossings(
    sorted,
    sorted.map((p) => p.interval[1]),
  );
  // Where the speed-up rises, its high ends pass 1 first; several passes of one end leave the outermost.
  const [early, late] = rises ? [highEnds, lowEnds] : [lowEnds, highEnds];
  return { kind: rises ? "above" : "below", at: place, interval: [early[0] ?? null, late.at(-1) ?? null] };
}

/** Where the line through (x, ratio) passes 1. */
function crossings(points: readonly RatioAt[], ratios: readonly number[]): readonly number[] {
  const isLog = points.every((p) => p.x > 0);
  return points.flatMap((to, i) => {
    const from = points[i - 1];
    const [a, b] = [ratios[i - 1], ratios[i]];
    if (from === undefined || a === undefined || b === undefined || a >= 1 === b >= 1) return [];
    const share = Math.log(a) / (Math.log(a) - Math.log(b));
    return [isLog ? from.x * (to.x / from.x) ** share : from.x + share * (to.x - from.x)];
  });
}

/** `faster from S = 340 on (310…380)`: of the kernel against the baseline; `axis` names what varies, `format` its values. */
export function crossoverText(found: Crossover, axis: string, format: (x: number) => string): string {
  const between = (x: number): string => format(roundedPlace(x));
  switch (found.kind) {
    case "always":
      return `faster at every ${axis} from ${format(found.from)} to ${format(found.to)}`;
    case "never":
      return `slower at every ${axis} from ${format(found.from)} to ${format(found.to)}: no crossover in range`;
    case "several":
      return `as fast at ${axis} = ${found.at.map(between).join(", ")}: no one crossover`;
    case "above":
    case "below": {
      const [low, high] = found.interval;
      const range = `${low === null ? "below the range" : between(low)}…${high === null ? "beyond the range" : between(high)}`;
      return `faster ${found.kind === "above" ? "from" : "up to"} ${axis} = ${between(found.at)}${found.kind === "above" ? " on" : ""} (${range})`;
    }
  }
}

/** A place between two measured ones is known to two digits or so. */
export const roundedPlace = (x: number): number => (Math.abs(x) < 100 ? Math.round(x) : Number(x.toPrecision(3)));
