/**
 * Which point of a chart is read out: the nearest to a pointer, or the next one by a key. Left and right go along a
 * series, up and down to the neighbouring series at the nearest x, Home and End to a series' ends. Pure.
 */
import type { Chart } from "./chart.ts";

/** A point by its series and its place in it. */
export interface PointId {
  readonly series: number;
  readonly point: number;
}

/** Where a point is drawn. */
export interface Placed extends PointId {
  readonly px: number;
  readonly py: number;
}

/** The point nearest to (x, y) within `reach`; null: none is. */
export function nearestPoint(placed: readonly Placed[], x: number, y: number, reach: number): PointId | null {
  let best: Placed | null = null;
  let least = reach ** 2;
  for (const p of placed) {
    const distance = (p.px - x) ** 2 + (p.py - y) ** 2;
    if (distance > least) continue;
    least = distance;
    best = p;
  }
  return best === null ? null : { series: best.series, point: best.point };
}

/** The point that a key goes to from `now` (null: none is read out yet); undefined where the key means nothing here. */
export function pointByKey(chart: Chart, now: PointId | null, key: string): PointId | null | undefined {
  const filled = chart.series.flatMap((s, i) => (s.points.length > 0 ? [i] : []));
  const [first] = filled;
  if (first === undefined) return undefined;
  if (key === "Escape") return now === null ? undefined : null;
  if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(key)) return undefined;
  const series = now === null ? undefined : chart.series[now.series];
  if (now === null || series === undefined) return { series: first, point: 0 };
  const last = series.points.length - 1;
  switch (key) {
    case "ArrowLeft":
      return { ...now, point: Math.max(0, now.point - 1) };
    case "ArrowRight":
      return { ...now, point: Math.min(last, now.point + 1) };
    case "Home":
      return { ...now, point: 0 };
    case "End":
      return { ...now, point: last };
    default: {
      const at = filled.indexOf(now.series);
      const next = filled[(at + (key === "ArrowUp" ? filled.length - 1 : 1)) % filled.length] ?? first;
      const x = series.points[now.point]?.x ?? 0;
      const points = chart.series[next]?.points ?? [];
      const distances = points.map((p) => Math.abs(p.x - x));
      return { series: next, point: distances.indexOf(Math.min(...distances)) };
    }
  }
}
