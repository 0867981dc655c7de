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
}
