/**
 * What a set of charts is of: measurements of one variant on one device that differ along one axis. In: the history, and
 * the sweeps. Out: points (x, result), the later of two at the same place, none that was wrong. Either the points of a
 * sweep, or whatever was measured of the variant at several lengths with all other sizes alike. Pure.
 */
import { isNoisy } from "../../kernels/flash/noise.ts";
import type { Problem } from "../../kernels/flash/problem.ts";
import type { BenchResult, DeviceInfo } from "../../kernels/runtime/result.ts";
import type { Sweep, SweepAxis } from "../../kernels/runtime/sweep.ts";
import type { Axis } from "../chart/chart.ts";
import { integer } from "../number.ts";
import { describeProblem, ENGINE_NAMES } from "./rows.ts";

export interface BasisPoint {
  readonly x: number;
  readonly result: BenchResult;
  /** Kernel, and the second axis' value where the sweep has two. */
  readonly line: string;
  /** Noisy, or of a text that has changed since. */
  readonly doubt: "noisy" | "stale" | null;
}

export interface Basis {
  readonly id: string;
  /** In the list to choose from. */
  readonly name: string;
  /** What varies: `S`, `window_size`. */
  readonly axis: string;
  readonly points: readonly BasisPoint[];
}

/** What is shown now: the charts' other sizes are its, and its text is the present one. */
export interface Present {
  readonly variant: string;
  readonly key: string;
  readonly problem: Problem;
  readonly device: string;
}

/** Results that may be drawn: of the device, and not wrong. */
export const drawable = (history: readonly BenchResult[], device: string): readonly BenchResult[] =>
  history.filter((r) => r.device.name === device && r.check?.passed !== false && r.medianMs > 0);

/** Without the points of sweeps over anything but these: a tile or a window that was tried is not what the text says. */
export function withSweepsOf(
  history: readonly BenchResult[],
  sweeps: readonly Sweep[],
  kinds: readonly SweepAxis["kind"][],
): readonly BenchResult[] {
  const others = new Set(sweeps.filter((s) => s.axes.some((axis) => !kinds.includes(axis.kind))).map((s) => s.id));
  return others.size === 0 ? history : history.filter((r) => r.sweep === undefined || !others.has(r.sweep.id));
}

/** The devices that measured something, the last first. */
export function devicesOf(history: readonly BenchResult[]): readonly DeviceInfo[] {
  const devices = new Map<string, DeviceInfo>();
  for (const { device } of history.toSorted((a, b) => b.measuredAt - a.measuredAt)) {
    if (!devices.has(device.name)) devices.set(device.name, device);
  }
  return [...devices.values()];
}

/** A device in words: a software adapter is named as one wherever its times stand. */
export const deviceText = ({ name, software }: DeviceInfo): string => (software ? `${name} · software adapter` : name);

/** Everything the charts can be of: the sweeps of the variant, the last first, then its measurements at several lengths. */
export function basesOf(history: readonly BenchResult[], sweeps: readonly Sweep[], present: Present): readonly Basis[] {
  const results = drawable(history, present.device);
  const swept = sweeps
    .filter((s) => s.variant === present.variant)
    .toSorted((a, b) => b.startedAt - a.startedAt)
    .map((sweep) => sweepBasis(results, sweep))
    .filter((basis) => basis.points.length > 0);
  const measured = lengthBasis(withSweepsOf(results, sweeps, ["size"]), present);
  return [...swept, ...(measured.points.length > 0 ? [measured] : [])];
}

/** A sweep's points along its first axis; a second one makes lines of their own. Whether its text has changed is for `asStale`. */
function sweepBasis(results: readonly BenchResult[], sweep: Sweep): Basis {
  const [first, second] = sweep.axes;
  const points = results.flatMap((result): BasisPoint[] => {
    if (result.sweep?.id !== sweep.id) return [];
    const [x, other] = sweep.points[result.sweep.point]?.at ?? [];
    if (x === undefined) return [];
    const line = `${ENGINE_NAMES[result.engine]}${second === undefined || other === undefined ? "" : `, ${second.name} ${integer(other)}`}`;
    return [{ x, result, line, doubt: isNoisy(result) ? "noisy" : null }];
  });
  return { id: sweep.id, name: sweepName(sweep), axis: first.name, points: latest(points) };
}

/** The same points, of a text that has changed since. */
export const asStale = (basis: Basis): Basis => ({ ...basis, points: basis.points.map((p) => ({ ...p, doubt: "stale" })) });

/** `sweep of S, 256…4 096, 14:02`. */
function sweepName({ axes, startedAt }: Sweep): string {
  const range = ({ name, values }: SweepAxis): string =>
    values.length === 0 ? name : `${name} ${integer(Math.min(...values))}…${integer(Math.max(...values))}`;
  return `sweep of ${axes.map(range).join(" and ")}, ${new Date(startedAt).toLocaleTimeString([], { timeStyle: "short" })}`;
}

const LENGTHS_ID = "measured";

/** The variant's measurements at any length (Q_LEN = KV_LEN), all other sizes as they are now. */
function lengthBasis(results: readonly BenchResult[], present: Present): Basis {
  const others = (p: Problem): string => describeProblem({ ...p, qLen: 1, kvLen: 1 });
  const alike = results.filter(
    (r) => r.variant === present.variant && r.problem.qLen === r.problem.kvLen && others(r.problem) === others(present.problem),
  );
  // A text whose captures follow the length has a key for each; where one key is of several lengths, another key is another text.
  const lengthsOf = new Map<string, Set<number>>();
  for (const r of alike) lengthsOf.set(r.key, (lengthsOf.get(r.key) ?? new Set<number>()).add(r.problem.qLen));
  const tells = [...lengthsOf.values()].some((lengths) => lengths.size > 1);
  const isStale = (r: BenchResult): boolean => r.key !== present.key && (tells || r.problem.qLen === present.problem.qLen);
  const points = alike
    .toSorted((a, b) => a.measuredAt - b.measuredAt)
    .map((result): BasisPoint => {
      const doubt = isStale(result) ? "stale" : isNoisy(result) ? "noisy" : null;
      return { x: result.problem.qLen, result, line: ENGINE_NAMES[result.engine], doubt };
    });
  // A stale point gives way to a present one, however late it was measured.
  const ordered = [...points.filter((p) => p.doubt === "stale"), ...points.filter((p) => p.doubt !== "stale")];
  return { id: LENGTHS_ID, name: "all measurements, by S", axis: "S", points: latest(ordered, "last") };
}

/** One point at each place of each line: the one measured last, or the last of the list. */
function latest(points: readonly BasisPoint[], by: "time" | "last" = "time"): readonly BasisPoint[] {
  const sorted = by === "time" ? points.toSorted((a, b) => a.result.measuredAt - b.result.measuredAt) : points;
  const places = new Map<string, BasisPoint>();
  for (const p of sorted) places.set(`${p.line}\n${p.x}`, p);
  return [...places.values()].sort((a, b) => a.x - b.x);
}

/** Sizes go by doublings; what spans less than that, or is not above zero, by equal steps. */
export function axisOf(basis: Pick<Basis, "axis" | "points">): Axis {
  const xs = basis.points.map((p) => p.x);
  const doubles = xs.every((x) => x > 0) && Math.max(...xs) >= 4 * Math.min(...xs);
  return { title: basis.axis, kind: doubles ? "log2" : "linear", whole: true, format: integer, tick: integer };
}
