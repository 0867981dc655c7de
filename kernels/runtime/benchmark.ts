/**
 * Measures a variant's kernels on a device and checks their numbers. Inputs are uploaded once and shared; each engine is
 * compiled, run once (that time is reported apart), compared with the float64 reference; then the engines are sampled in
 * turn, each sample on buffers of its own (sampling.ts). What cannot run, breaks or is cancelled comes back as data: the
 * function does not throw.
 */
import { checkForward } from "../flash/check.ts";
import { seededInputs } from "../flash/inputs.ts";
import { memoryOf } from "../flash/memory.ts";
import { isNoisy } from "../flash/noise.ts";
import type { Engine, Plan, Refusal } from "../flash/plan.ts";
import { denseFlops, type Problem } from "../flash/problem.ts";
import { BASELINE, chooseForward, ENGINES, planEngine, shapeRefusal } from "../flash/select.ts";
import { variantKey } from "../ir/key.ts";
import type { Variant } from "../ir/mod.ts";
import type { BlockMask } from "../mask/blockMask.ts";
import { buildBlockMask } from "../mask/build.ts";
import { sparsityOf } from "../mask/count.ts";
import type { BufferSet } from "./buffers.ts";
import { type Clock, openClock } from "./clock.ts";
import type { DeviceHandle } from "./device.ts";
import { execute, type Prepared, prepare } from "./execute.ts";
import { download } from "./forward.ts";
import { GpuError } from "./gpuError.ts";
import { bootstrapInterval, median } from "./median.ts";
import type {
  BenchDetails,
  BenchFailure,
  BenchOptions,
  BenchProgress,
  BenchReport,
  BenchRequest,
  BenchResult,
  Contender,
  DevicePeaks,
} from "./result.ts";
import { type Contestant, type Sampled, sampleInTurn, shortestSample } from "./sampling.ts";
import { inputsByName, referenceInSteps, startTrial, type Trial, uploadInputs, whatBroke } from "./trial.ts";
import { restFor } from "./turn.ts";

/** The queue stays empty for so long between two samples. */
const REST_MS = 5;

/** Benchmarks `request` on the device. Never throws for what the GPU, the sizes or the signal do. */
export async function benchmark(gpu: DeviceHandle, request: BenchRequest, options: BenchOptions = {}): Promise<BenchReport> {
  const { variant, problem } = request;
  const failures: BenchFailure[] = [];
  const entries: Trial[] = [];
  const reason = shapeRefusal(problem);
  if (reason !== null) {
    const refusals = ENGINES.filter((engine) => isAsked(request, engine)).map((engine) => ({ engine, reason }));
    return { device: gpu.info, results: [], refusals, failures, cancelled: false, why: "" };
  }
  const blocks = buildBlockMask(variant.maskMod?.body ?? null, shapeOf(problem), problem.blockSize);
  const { plans, refusals, chosen, why: reasonOfChoice } = plansOf(gpu, request, blocks);
  let why = reasonOfChoice;
  let inItsPlace = chosen;
  const report = (results: readonly BenchResult[], cancelled: boolean): BenchReport => ({
    device: gpu.info,
    results,
    refusals,
    failures,
    cancelled,
    why,
  });
  let inputBuffers: BufferSet | null = null;
  let clock: Clock | null = null;
  try {
    const progress = tell(options);
    progress("upload", null, 0);
    const inputs = seededInputs(problem);
    const shared = await uploadInputs(gpu, problem, inputs);
    inputBuffers = shared;
    const timer = await openClock(gpu);
    clock = timer;

    const waiting = [...plans];
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
      const { engine } = plan;
      const next = plan;
      options.signal?.throwIfAborted();
      progress("compile", engine, 0.05 + (0.2 * entries.length) / plans.length);
      const entry = await orFailure(gpu, engine, failures, () => startTrial(gpu, next, inputsByName(shared), options.signal));
      if (entry !== null) entries.push(entry);
      else if (engine === inItsPlace && engine !== BASELINE) {
        // The chosen kernel broke on the device: the next one in the order takes its place.
        const taken = new Set([...failures, ...plans].map((f) => f.engine));
        const left = (request.wishes?.engines ?? ENGINES).filter((e) => e !== BASELINE && !taken.has(e));
        const other = chooseForward(variant, problem, gpu.limits, blocks, { ...request.wishes, engines: left }).plan;
        if (other !== null) {
          plans.push(other);
          waiting.unshift(other);
          inItsPlace = other.engine;
          why = `${engine}, which was chosen, broke here`;
        }
      }
    }
    if (options.check !== false && entries.length > 0) {
      progress("check", null, 0.25);
      const reference = await referenceInSteps(variant, problem, inputs, options.signal, (done) =>
        progress("check", null, 0.25 + 0.3 * done),
      );
      for (const entry of entries)
        entry.check = checkForward(await download(gpu, entry.prepared.buffers, problem), reference, problem, entry.plan.engine);
    }
    const sampled = await sampleInTurn(
      entries.map((entry) => contestant(gpu, entry, inputsByName(shared), timer, options.signal)),
      {
        shortestMs: shortestSample(timer.stepMs, timer.wallStepMs),
        budgetMs: options.budgetMs ?? 3000,
        most: options.samples ?? 9,
        rest: () => restFor(REST_MS),
        onSample: (i, done) => progress("sample", entries[i]?.plan.engine ?? null, 0.55 + 0.45 * done),
      },
    );
    return report(resultsOf(variant, problem, blocks, gpu, timer, pair(entries, sampled), options.peaks ?? null), false);
  } catch (error) {
    if (options.signal?.aborted === true) return report([], true);
    const message = await whatBroke(gpu, error);
    for (const plan of plans) if (!failures.some((f) => f.engine === plan.engine)) failures.push({ engine: plan.engine, message });
    return report([], false);
  } finally {
    clock?.destroy();
    for (const entry of entries) entry.prepared.destroy();
    inputBuffers?.destroy();
  }
}

const shapeOf = (p: Problem): { batch: number; heads: number; qLen: number; kvLen: number } => ({
  batch: p.batch,
  heads: p.qHeads,
  qLen: p.qLen,
  kvLen: p.kvLen,
});

const BY_DEFAULT: readonly Contender[] = ["chosen", BASELINE];

const isAsked = ({ engines = BY_DEFAULT }: BenchRequest, engine: Engine): boolean => engines.includes("chosen") || engines.includes(engine);

/** The plans of what is asked for, each family once; `chosen` is the family that was not named but picked. */
function plansOf(
  gpu: DeviceHandle,
  { variant, problem, engines = BY_DEFAULT, wishes = {} }: BenchRequest,
  blocks: BlockMask,
): { plans: Plan[]; refusals: Refusal[]; chosen: Engine | null; why: string } {
  const plans: Plan[] = [];
  const refusals: Refusal[] = [];
  const choice = engines.includes("chosen") ? chooseForward(variant, problem, gpu.limits, blocks, wishes) : null;
  if (choice !== null) {
    if (choice.plan !== null) plans.push(choice.plan);
    refusals.push(...choice.refusals);
  }
  const chosen = choice?.plan?.engine ?? null;
  for (const engine of engines) {
    if (engine === "chosen" || engine === chosen) continue;
    // The baseline has one tile: what is asked of the others' does not concern it.
    const planned = planEngine(engine, variant, problem, gpu.limits, blocks, engine === BASELINE ? {} : wishes.options);
    if (planned.kind === "plan") plans.push(planned.plan);
    else refusals.push(planned.refusal);
  }
  return { plans, refusals, chosen, why: choice?.why ?? "" };
}

/** A progress callback whose fraction never goes back. */
function tell(options: BenchOptions): (stage: BenchProgress["stage"], engine: Engine | null, fraction: number) => void {
  let furthest = 0;
  return (stage, engine, fraction) => {
    furthest = Math.max(furthest, Math.min(1, fraction));
    options.onProgress?.({ stage, engine, fraction: furthest });
  };
}

/** The result, or null with the engine's failure noted. A lost device and a cancellation end the whole benchmark. */
async function orFailure<T>(gpu: DeviceHandle, engine: Engine, failures: BenchFailure[], work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GpuError) || error.kind === "lost" || gpu.lostReason() !== null) throw error;
    failures.push({ engine, message: error.message });
    return null;
  }
}

/** The entry as what is sampled: a fresh instance has the pipeline of the first, and all its buffers but q, k and v new. */
function contestant(
  gpu: DeviceHandle,
  entry: Trial,
  shared: ReadonlyMap<string, GPUBuffer>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Contestant {
  return {
    sample: (repeats) => clock.sample(entry.prepared, repeats, signal),
    async renew() {
      signal?.throwIfAborted();
      let next: Prepared;
      try {
        next = await prepare(gpu, entry.plan, shared);
      } catch (error) {
        if (error instanceof GpuError && error.kind === "out of memory") return false;
        throw error;
      }
      // Only now the old one goes: memory freed first would be given out again, at the same place.
      entry.prepared.destroy();
      entry.prepared = next;
      await execute(gpu, next, signal ? { signal } : {});
      return true;
    },
  };
}

type Timed = readonly [entry: Trial, sampled: Sampled];

const pair = (entries: readonly Trial[], sampled: readonly Sampled[]): Timed[] =>
  entries.flatMap((entry, i): Timed[] => {
    const times = sampled[i];
    return times === undefined ? [] : [[entry, times]];
  });

function resultsOf(
  variant: Variant,
  problem: Problem,
  blocks: BlockMask,
  gpu: DeviceHandle,
  clock: Clock,
  timed: readonly Timed[],
  peaks: DevicePeaks | null,
): BenchResult[] {
  // One clock for all: where one timestamp made no sense, none is believed.
  const stamped = timed.every(([, { samples }]) => samples.every((s) => s.gpuMs !== null));
  const times = ({ samples }: Sampled): number[] => samples.map((s) => (stamped ? (s.gpuMs ?? s.wallMs) : s.wallMs));
  const baseline = timed.find(([entry]) => entry.plan.engine === BASELINE)?.[1];
  const key = variantKey(variant, problem.blockSize);
  const sparsity = sparsityOf(blocks, variant.maskMod?.body ?? null);
  const flops = denseFlops(problem);
  const stepMs = stamped && clock.stepMs !== null ? clock.stepMs : clock.wallStepMs;
  return timed.map(([{ plan, startMs, compiled, check }, sampled]): BenchResult => {
    const samplesMs = times(sampled);
    const medianMs = median(samplesMs);
    const interval = bootstrapInterval(samplesMs);
    const details: BenchDetails = {
      repeats: sampled.repeats,
      instances: sampled.instances,
      clockStepMs: stepMs,
      noisy: samplesMs.length < 3 || isNoisy({ interval, medianMs }) || stepMs > 0.01 * medianMs * sampled.repeats,
      pipelines: { used: plan.kernels.length, compiled },
      memory: memoryOf(plan),
      peaks,
    };
    return {
      key,
      variant: variant.name,
      engine: plan.engine,
      direction: "forward",
      problem,
      tile: plan.tile,
      sparsity,
      device: gpu.info,
      clock: stamped ? "timestamp-query" : "wall",
      samplesMs,
      medianMs,
      interval,
      baselineMs: baseline === undefined || baseline === sampled ? null : median(times(baseline)),
      // The first run held compilation too; what a run takes is known only now.
      compileMs: Math.max(0, startMs - sampled.warmMs),
      denseFlops: flops,
      effectiveFlops: flops * (1 - sparsity.elements),
      check,
      measuredAt: Date.now(),
      details,
    };
  });
}
