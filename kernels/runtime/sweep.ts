/**
 * A sweep as plain data, and what can happen to it. In: what varies (one or two axes) and what is measured at each point.
 * Out: the points in the order of the table, each left, done or failed; the next step; counts. Every function gives a new
 * sweep and keeps the old one, so a sweep can be stored after each step, and whoever reads it back goes on where it was:
 * a point that is done is never a next step again. The measurements themselves are `BenchResult`s that carry the sweep's
 * id and the point's index. Pure and JSON-safe; sweepRun.ts drives it.
 */
import type { OptionName } from "../flash/kernelOptions.ts";
import type { Refusal } from "../flash/plan.ts";
import type { ProblemHints } from "../ir/mod.ts";
import type { BenchResult, Contender, Engine } from "./result.ts";

/** Problem sizes that can vary. `S` is Q_LEN and KV_LEN together, `H` query and key heads together, `D` both head dims. */
export const SWEEP_SIZES = ["S", "Q_LEN", "KV_LEN", "B", "H", "HKV", "D", "BLOCK_SIZE"] as const;
export type SweepSize = (typeof SWEEP_SIZES)[number];

/** What varies, and the whole numbers that it takes, in the order of the table. */
export type SweepAxis =
  | { readonly kind: "size"; readonly name: SweepSize; readonly values: readonly number[] }
  /** Of the kernels' tile; the baseline, which has one tile, is measured beside as it is. */
  | { readonly kind: "option"; readonly name: OptionName; readonly values: readonly number[] }
  /** A value that the mod reads, by the name that the panel's form has for it: a window, a number of documents. */
  | { readonly kind: "binding"; readonly name: string; readonly values: readonly number[] };

/** As `BenchOptions` has them. */
export interface SweepSettings {
  readonly samples: number;
  readonly budgetMs: number;
}

/** What the form said when the sweep was made: every point has this, but for the axes. */
export interface SweepBase {
  readonly bindings: Readonly<Record<string, string>>;
  readonly problem: ProblemHints;
  readonly defaults: ProblemHints;
}

/** All that a sweep is before it starts. */
export interface SweepDefinition {
  readonly id: string;
  /** The document's URI. */
  readonly document: string;
  readonly variant: string;
  /** The variant's key (`BenchResult.key`) at `base`: by it a sweep knows that the text has changed since. */
  readonly key: string;
  readonly axes: readonly [SweepAxis] | readonly [SweepAxis, SweepAxis];
  /** Measured in turn at every point. */
  readonly kernels: readonly Contender[];
  readonly settings: SweepSettings;
  readonly base: SweepBase;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** A kernel that has no time at a point: it does not fit, or it broke. */
export interface SweepMissing extends Refusal {
  readonly broke: boolean;
}

export type PointState =
  /** Not measured yet. `losses`: how often the device was lost there. */
  | { readonly state: "left"; readonly losses: number }
  /** Measured: its results carry the sweep's id and the point's index. */
  | { readonly state: "done"; readonly tookMs: number; readonly missing: readonly SweepMissing[] }
  /** No kernel has a time there. Cause, then way out. */
  | { readonly state: "failed"; readonly reason: string };

export interface SweepPoint {
  /** One value for each axis. */
  readonly at: readonly number[];
  readonly state: PointState;
}

/** The first point measured again at the end: what the device's heat and other work did meanwhile. */
export interface Drift {
  readonly point: number;
  readonly kernels: readonly DriftOf[];
}

export interface DriftOf {
  readonly engine: Engine;
  readonly before: Pick<BenchResult, "medianMs" | "interval">;
  readonly after: Pick<BenchResult, "medianMs" | "interval">;
}

export interface Sweep extends SweepDefinition {
  /** Name of the device that measures it; null: none has yet. Times of two devices are not one sweep. */
  readonly device: string | null;
  /** The last axis varies fastest. */
  readonly points: readonly SweepPoint[];
  /** null: not looked at yet; without kernels: it could not be. */
  readonly drift: Drift | null;
  /** Name of the file that it was imported from, as of its results; it is not gone on with here. */
  readonly importedFrom?: string;
}

/** What is to be done next. */
export type Step =
  | { readonly kind: "point"; readonly index: number }
  /** Measure this point, which is done, again. */
  | { readonly kind: "drift"; readonly index: number }
  | { readonly kind: "finished" };

/** How far a sweep is; a measurement is one kernel at one point. */
export interface Tally {
  readonly done: number;
  readonly failed: number;
  readonly left: number;
  /** `done` and `failed` together, and all, times the kernels. */
  readonly measurements: number;
  readonly of: number;
}

/** A point at which the device was lost so often is given up: it may be what kills the device. */
export const MOST_LOSSES = 2;

/** The sweep before its first point. */
export function planSweep(definition: SweepDefinition): Sweep {
  const [first, second] = definition.axes;
  const places = second === undefined ? first.values.map((a) => [a]) : first.values.flatMap((a) => second.values.map((b) => [a, b]));
  return { ...definition, device: null, points: places.map((at) => ({ at, state: { state: "left", losses: 0 } })), drift: null };
}

/** Points in their order, then the first one again where two or more have times. */
export function nextStep(sweep: Sweep): Step {
  const left = sweep.points.findIndex(({ state }) => state.state === "left");
  if (left >= 0) return { kind: "point", index: left };
  const done = sweep.points.flatMap(({ state }, i) => (state.state === "done" ? [i] : []));
  const [first] = done;
  return sweep.drift === null && first !== undefined && done.length > 1 ? { kind: "drift", index: first } : { kind: "finished" };
}

/** The sweep with another state of one point. */
export function withPoint(sweep: Sweep, index: number, state: PointState): Sweep {
  return { ...sweep, points: sweep.points.map((point, i) => (i === index ? { ...point, state } : point)) };
}

/** The sweep after the device was lost at a point. */
export function withLoss(sweep: Sweep, index: number): Sweep {
  const state = sweep.points[index]?.state;
  if (state?.state !== "left") return sweep;
  const losses = state.losses + 1;
  if (losses < MOST_LOSSES) return withPoint(sweep, index, { state: "left", losses });
  const reason = `the GPU device was lost here ${losses} times; take a smaller size, or fewer kernels`;
  return withPoint(sweep, index, { state: "failed", reason });
}

/** How far it is. */
export function tally({ points, kernels }: Pick<Sweep, "points" | "kernels">): Tally {
  const count = (which: PointState["state"]): number => points.filter(({ state }) => state.state === which).length;
  const [done, failed, left] = [count("done"), count("failed"), count("left")];
  return { done, failed, left, measurements: (done + failed) * kernels.length, of: points.length * kernels.length };
}

/** Of two states of the same sweep the one that has gone further: two windows may have kept it. */
export function furtherOf(a: Sweep, b: Sweep): Sweep {
  const steps = (sweep: Sweep): number => sweep.points.length - tally(sweep).left + (sweep.drift === null ? 0 : 1);
  return steps(b) > steps(a) ? b : a;
}

/**
 * Milliseconds until the sweep is through, by what its points took: a share that each point costs, and one that grows with
 * the elements of its matrix. null: no point was measured yet.
 */
export function msLeft(sweep: Sweep): number | null {
  const took = sweep.points.flatMap(({ at, state }) => (state.state === "done" ? [{ cost: costOf(sweep, at), ms: state.tookMs }] : []));
  const [first] = took;
  if (first === undefined) return null;
  const meanCost = took.reduce((sum, t) => sum + t.cost, 0) / took.length;
  const meanMs = took.reduce((sum, t) => sum + t.ms, 0) / took.length;
  const spread = took.reduce((sum, t) => sum + (t.cost - meanCost) ** 2, 0);
  const joint = took.reduce((sum, t) => sum + (t.cost - meanCost) * (t.ms - meanMs), 0);
  const slope = spread === 0 ? 0 : Math.max(0, joint / spread);
  const fixed = Math.max(0, meanMs - slope * meanCost);
  const left = sweep.points.filter(({ state }) => state.state === "left");
  const again = sweep.drift === null && sweep.points.length > 1 ? first.ms : 0;
  return left.reduce((sum, { at }) => sum + fixed + slope * costOf(sweep, at), again);
}

/** How the work of a kernel grows with a size. */
const GROWTH: Readonly<Record<SweepSize, number>> = { S: 2, Q_LEN: 1, KV_LEN: 1, B: 1, H: 1, HKV: 0, D: 1, BLOCK_SIZE: 0 };

/** What a point costs beside another of the same sweep. */
function costOf(sweep: Pick<Sweep, "axes">, at: readonly number[]): number {
  return sweep.axes.reduce((cost, axis, i) => (axis.kind === "size" ? cost * (at[i] ?? 1) ** GROWTH[axis.name] : cost), 1);
}
