/**
 * Drives a sweep to its end: asks for the next step, has it measured, and hands the new sweep with the results to whoever
 * keeps it, together, so that what is kept is never half a point. In: a sweep in any state, fresh or read back, and the
 * hands that measure. Out: the sweep as it then is, and why it stopped. Neither a cancellation nor a lost device nor a
 * page that is hidden costs a point that was measured; each is gone on with from `nextStep`. Knows no device and no page.
 */
import type { BenchResult } from "./result.ts";
import { type Drift, type DriftOf, nextStep, type Sweep, type SweepMissing, withLoss, withPoint } from "./sweep.ts";

/** What came of measuring a point. */
export type Measured =
  | { readonly kind: "measured"; readonly results: readonly BenchResult[]; readonly missing: readonly SweepMissing[] }
  /** No kernel has a time. Cause, then way out. */
  | { readonly kind: "failed"; readonly reason: string }
  /** Something came between that says nothing of the point: it is measured again when `ready` lets it. */
  | { readonly kind: "disturbed" }
  | { readonly kind: "lost"; readonly message: string };

export interface SweepHands {
  /** Measures one point; `disturbed` once `signal` is aborted. */
  measure(point: number, signal: AbortSignal): Promise<Measured>;
  /** Resolves when times can be taken, or `signal` is aborted; before it the sweep is paused. */
  ready(signal: AbortSignal): Promise<void>;
  /** The results that are kept of a point that is done. */
  resultsOf(point: number): readonly BenchResult[];
  /** A step is done: sweep and results are to be stored together. */
  keep(sweep: Sweep, results: readonly BenchResult[]): void;
  /** Milliseconds, of a clock that does not go back. */
  now(): number;
}

export type SweepEnd =
  | { readonly kind: "finished" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "lost"; readonly message: string }
  /** The points that are done are of another device, and times of two devices are not one sweep. */
  | { readonly kind: "stranger"; readonly device: string };

/** Runs what is left of `sweep` on the device named. Throws what the hands throw. */
export async function runSweep(sweep: Sweep, device: string, hands: SweepHands, signal: AbortSignal): Promise<SweepEnd> {
  if (sweep.device !== null && sweep.device !== device) return { kind: "stranger", device: sweep.device };
  let now: Sweep = { ...sweep, device };
  const keep = (next: Sweep, results: readonly BenchResult[] = []): void => {
    now = next;
    hands.keep(next, results);
  };
  for (let step = nextStep(now); step.kind !== "finished"; step = nextStep(now)) {
    await hands.ready(signal);
    if (signal.aborted) return { kind: "cancelled" };
    const { index } = step;
    const began = hands.now();
    const measured = await hands.measure(index, signal);
    if (measured.kind === "disturbed") continue;
    if (measured.kind === "lost") {
      if (step.kind === "point") keep(withLoss(now, index));
      return measured;
    }
    if (step.kind === "drift") {
      const again = measured.kind === "measured" ? measured.results : [];
      keep({ ...now, drift: driftOf(index, hands.resultsOf(index), again) });
    } else if (measured.kind === "failed") {
      keep(withPoint(now, index, { state: "failed", reason: measured.reason }));
    } else {
      const tagged = measured.results.map((r) => ({ ...r, sweep: { id: now.id, point: index } }));
      keep(withPoint(now, index, { state: "done", tookMs: hands.now() - began, missing: measured.missing }), tagged);
    }
  }
  return { kind: "finished" };
}

function driftOf(point: number, first: readonly BenchResult[], again: readonly BenchResult[]): Drift {
  const time = ({ medianMs, interval }: BenchResult): DriftOf["before"] => ({ medianMs, interval });
  const kernels = first.flatMap((before): DriftOf[] => {
    const after = again.find((r) => r.engine === before.engine);
    return after === undefined ? [] : [{ engine: before.engine, before: time(before), after: time(after) }];
  });
  return { point, kernels };
}
