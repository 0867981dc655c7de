/**
 * The hands of a sweep in the panel: a point is lowered with its values as if they had been typed, measured by the same
 * benchmark as a run, and given up while the page is out of sight. In: the sweep, the text as it was when it started or was
 * resumed, the device. Out: what `runSweep` asks for.
 */
import { deviceKey, type Tunings, tunedFor } from "../../kernels/flash/tuned.ts";
import { askedOf } from "../../kernels/flash/wishes.ts";
import { createLowering } from "../../kernels/frontend/lowering.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import { variantKey } from "../../kernels/ir/key.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { benchmark } from "../../kernels/runtime/benchmark.ts";
import type { DeviceHandle } from "../../kernels/runtime/device.ts";
import type { BenchProgress, BenchReport, BenchResult, Contender, DevicePeaks } from "../../kernels/runtime/result.ts";
import { nextStep, type Sweep, type SweepMissing, tally } from "../../kernels/runtime/sweep.ts";
import type { Measured, SweepHands } from "../../kernels/runtime/sweepRun.ts";
import { problemOf, sizesFault, workOf } from "../derive.ts";
import { lowerBindings, type Show } from "../protocol.ts";
import type { Visibility } from "../visibility.ts";
import { placeText, showAt } from "./sweepAxes.ts";
import { pausedText, progressText } from "./sweepWords.ts";

export interface SweepRoom {
  readonly gpu: DeviceHandle;
  readonly peaks: DevicePeaks | null;
  /** The document, whose text is measured whatever is typed meanwhile. */
  readonly show: Show;
  readonly tunings: Tunings;
  readonly visibility: Visibility;
  /** All results that are kept. */
  readonly history: () => readonly BenchResult[];
  /** What runs now, and how much of all is done. */
  readonly say: (now: string, fraction: number) => void;
  readonly describe: (progress: Pick<BenchProgress, "stage" | "engine">) => string;
  readonly keep: SweepHands["keep"];
}

const lowering = createLowering();

/** The variant of `sweep` at a point, null where the text does not give it there; `at` empty: at the sweep's base. */
export function variantAt(show: Show, sweep: Pick<Sweep, "axes" | "base" | "variant">, at: readonly number[]): LoweredVariant | null {
  const there = showAt(show, sweep, at);
  const module = lowering.lower(there.sources, { bindings: lowerBindings(there), files: there.files ?? [] });
  return module.variants.find((v) => v.name === sweep.variant) ?? null;
}

/** By it a sweep knows that the text has changed: the variant's key at the sweep's base. null: it is not in the text. */
export function keyOfBase(show: Show, sweep: Pick<Sweep, "axes" | "base" | "variant">): string | null {
  const variant = variantAt(show, sweep, []);
  return variant === null ? null : variantKey(variant, problemOf(showAt(show, sweep, []), variant).blockSize);
}

export function sweepHands(start: Sweep, room: SweepRoom): SweepHands {
  const { gpu, visibility, say } = room;
  let sweep = start;
  const share = (ofPoint: number): number => {
    const { left } = tally(sweep);
    // The drift is a point more.
    const of = sweep.points.length + 1;
    const done = sweep.points.length - left;
    return Math.min(1, (done + ofPoint) / of);
  };
  return {
    async measure(point, signal) {
      const hidden = new AbortController();
      const stop = visibility.onHide(() => hidden.abort());
      const isDrift = nextStep(sweep).kind === "drift";
      try {
        const measured = await measurePoint(point, AbortSignal.any([signal, hidden.signal]), (progress) => {
          if (!signal.aborted) say(progressText(sweep, point, room.describe(progress), isDrift), share(progress.fraction));
        });
        // A device that hangs after a cancel is closed on purpose.
        return signal.aborted && measured.kind === "lost" ? { kind: "disturbed" } : measured;
      } finally {
        stop();
      }
    },
    ready: (signal) => visibility.whenSeen(signal, () => say(pausedText(sweep), share(0))),
    resultsOf: (point) => room.history().filter((r) => r.sweep?.id === sweep.id && r.sweep.point === point),
    keep(next, results) {
      sweep = next;
      room.keep(next, results);
    },
    now: () => performance.now(),
  };

  async function measurePoint(point: number, signal: AbortSignal, onProgress: (progress: BenchProgress) => void): Promise<Measured> {
    const at = sweep.points[point]?.at ?? [];
    const show = showAt(room.show, sweep, at);
    const variant = variantAt(room.show, sweep, at);
    if (variant === null)
      return { kind: "failed", reason: `the text gives no \`${sweep.variant}\` at ${placeText(sweep.axes, at)}; take other values` };
    const problem = problemOf(show, variant);
    const fault = sizesFault(problem);
    if (fault !== null) return { kind: "failed", reason: fault.message };
    const { engines, options } = askedOf({ ...variant.problem, ...show.problem }).wishes;
    const key = deviceKey(gpu.info.name, gpu.limits);
    const work = workOf({ variant, problem });
    const tuned =
      sweep.kernels.includes("chosen") && room.tunings.tuned.length > 0
        ? tunedFor(room.tunings, key, variant, problem, buildBlockMask(work.body, work.size, work.blockSize), engines)
        : null;
    const wishes = { ...(engines === undefined ? {} : { engines }), ...(options === undefined ? {} : { options }), tuned };
    const report = await benchmark(
      gpu,
      { variant, problem, engines: sweep.kernels, wishes },
      { signal, peaks: room.peaks, onProgress, samples: sweep.settings.samples, budgetMs: sweep.settings.budgetMs },
    );
    const lost = gpu.lostReason();
    if (lost !== null) return { kind: "lost", message: lost.message };
    return report.cancelled ? { kind: "disturbed" } : measuredOf(report, sweep.kernels);
  }
}

/** What a report comes to: times, with the reasons of those of the kernels that have none. */
export function measuredOf(report: BenchReport, kernels: readonly Contender[]): Measured {
  const { results, refusals, failures } = report;
  const broken = failures.map((f): SweepMissing => ({ engine: f.engine, reason: f.message, broke: true }));
  const refused = refusals.map((r): SweepMissing => ({ ...r, broke: false }));
  const has = (engine: string): boolean => results.some((r) => r.engine === engine);
  // Families that the choice passed over are missed by nobody where another was chosen.
  const missing = [...broken, ...refused].filter((m) => kernels.includes(m.engine) && !has(m.engine));
  if (results.length === 0) {
    const why = missing.length > 0 ? missing : [...broken, ...refused];
    return { kind: "failed", reason: why.length === 0 ? "no kernel can run this" : why.map((m) => `${m.engine}: ${m.reason}`).join("; ") };
  }
  const run = crypto.randomUUID();
  return { kind: "measured", results: results.map((r) => ({ ...r, run })), missing };
}
