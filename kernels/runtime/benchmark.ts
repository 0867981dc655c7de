/**
 * Measures a variant's kernels on a device and checks their numbers. Inputs are uploaded once and shared; each engine is
 * compiled, run once (that time is reported apart), compared with the float64 reference; then the engines are sampled in
 * turn, each sample on buffers of its own (sampling.ts). What cannot run, breaks or is cancelled comes back as data: the
 * function does not throw.
 */
import { type Check, checkForward, rowsToCheck } from "../flash/check.ts";
import { type Inputs, seededInputs } from "../flash/inputs.ts";
import { memoryOf } from "../flash/memory.ts";
import { isNoisy } from "../flash/noise.ts";
import { type Engine, type Plan, type Refusal, tensorBuffers } from "../flash/plan.ts";
import { denseFlops, type Problem } from "../flash/problem.ts";
import { allRows, type Reference, type RowIndex, referenceForward } from "../flash/reference.ts";
import { BASELINE, chooseForward, ENGINES, planEngine, shapeRefusal } from "../flash/select.ts";
import { variantKey } from "../ir/key.ts";
import type { Variant } from "../ir/mod.ts";
import type { BlockMask } from "../mask/blockMask.ts";
import { buildBlockMask } from "../mask/build.ts";
import { sparsityOf } from "../mask/count.ts";
import { type BufferSet, makeBuffers } from "./buffers.ts";
import { type Clock, openClock } from "./clock.ts";
import type { DeviceHandle } from "./device.ts";
import { execute, type Prepared, prepare } from "./execute.ts";
import { download, upload } from "./forward.ts";
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
  DevicePeaks,
} from "./result.ts";
import { type Contestant, type Sampled, sampleInTurn, shortestSample } from "./sampling.ts";
import { restFor, turn } from "./turn.ts";

/** The queue stays empty for so long between two samples. */
const REST_MS = 5;

/** A contestant on its way: prepared, then run, then sampled. */
interface Entry {
  readonly plan: Plan;
  prepared: Prepared;
  /** Pipeline creation and first run. */
  readonly startMs: number;
  /** Pipelines this run compiled. */
  readonly compiled: number;
  check: Check | null;
}

/** Benchmarks `request` on the device. Never throws for what the GPU, the sizes or the signal do. */
export async function benchmark(gpu: DeviceHandle, request: BenchRequest, options: BenchOptions = {}): Promise<BenchReport> {
  const { variant, problem } = request;
  const failures: BenchFailure[] = [];
  const entries: Entry[] = [];
  const reason = shapeRefusal(problem);
  if (reason !== null) {
    const refusals = (request.engines ?? ENGINES).map((engine) => ({ engine, reason }));
    return { device: gpu.info, results: [], refusals, failures, cancelled: false };
  }
  const blocks = buildBlockMask(variant.maskMod?.body ?? null, shapeOf(problem), problem.blockSize);
  const { plans, refusals } = plansOf(gpu, request, blocks);
  const report = (results: readonly BenchResult[], cancelled: boolean): BenchReport => ({
    device: gpu.info,
    results,
    refusals,
    failures,
    cancelled,
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

    for (const [i, plan] of plans.entries()) {
      options.signal?.throwIfAborted();
      progress("compile", plan.engine, 0.05 + (0.2 * i) / plans.length);
      const entry = await orFailure(plan.engine, failures, () => start(gpu, plan, inputsByName(shared), options.signal));
      if (entry !== null) entries.push(entry);
    }
    if (options.check !== false && entries.length > 0) {
      progress("check", null, 0.25);
      const reference = await referenceInSteps(variant, problem, inputs, options.signal, (done) =>
        progress("check", null, 0.25 + 0.3 * done),
      );
      for (const entry of entries) entry.check = checkForward(await download(gpu, entry.prepared.buffers, problem), reference, problem);
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
    const message = await messageOf(gpu, error);
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

function plansOf(
  gpu: DeviceHandle,
  { variant, problem, engines }: BenchRequest,
  blocks: BlockMask,
): { plans: Plan[]; refusals: Refusal[] } {
  const plans: Plan[] = [];
  const refusals: Refusal[] = [];
  let asked: readonly Engine[] = engines ?? [];
  if (engines === undefined) {
    const choice = chooseForward(variant, problem, gpu.limits, blocks);
    if (choice.plan !== null) plans.push(choice.plan);
    refusals.push(...choice.refusals);
    asked = [BASELINE];
  }
  for (const engine of asked) {
    const planned = planEngine(engine, variant, problem, gpu.limits, blocks);
    if (planned.kind === "plan") plans.push(planned.plan);
    else refusals.push(planned.refusal);
  }
  return { plans, refusals };
}

/** A progress callback whose fraction never goes back. */
function tell(options: BenchOptions): (stage: BenchProgress["stage"], engine: Engine | null, fraction: number) => void {
  let furthest = 0;
  return (stage, engine, fraction) => {
    furthest = Math.max(furthest, Math.min(1, fraction));
    options.onProgress?.({ stage, engine, fraction: furthest });
  };
}

async function uploadInputs(gpu: DeviceHandle, problem: Problem, inputs: Inputs<Float32Array<ArrayBuffer>>): Promise<BufferSet> {
  const buffers = await makeBuffers(
    gpu.device,
    "q, k and v",
    tensorBuffers(problem).filter((b) => b.role === "input"),
  );
  upload(gpu, buffers, problem, inputs);
  return buffers;
}

const inputsByName = (buffers: BufferSet): Map<string, GPUBuffer> => new Map(["q", "k", "v"].map((name) => [name, buffers.get(name)]));

/** Compiles and runs once: pipeline creation and first dispatch, which some drivers compile in. */
async function start(
  gpu: DeviceHandle,
  plan: Plan,
  shared: ReadonlyMap<string, GPUBuffer>,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  const from = performance.now();
  const before = gpu.pipelines.compiles;
  const prepared = await prepare(gpu, plan, shared);
  const compiled = gpu.pipelines.compiles - before;
  try {
    await execute(gpu, prepared, signal ? { signal } : {});
  } catch (error) {
    prepared.destroy();
    throw error;
  }
  return { plan, prepared, startMs: performance.now() - from, compiled, check: null };
}

/** The result, or null with the engine's failure noted. A lost device and a cancellation end the whole benchmark. */
async function orFailure<T>(engine: Engine, failures: BenchFailure[], work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GpuError) || error.kind === "lost") throw error;
    failures.push({ engine, message: error.message });
    return null;
  }
}

/** Rows of the reference computed between two turns of the event loop: some 40 ms. */
const STEP_FLOPS = 2.5e7;

/** The reference over the rows that a check compares, in steps that let the page live. */
async function referenceInSteps(
  variant: Variant,
  problem: Problem,
  inputs: Inputs,
  signal: AbortSignal | undefined,
  done: (fraction: number) => void,
): Promise<Reference> {
  const chosen = rowsToCheck(problem);
  const rows: readonly RowIndex[] = chosen ?? allRows(problem);
  const rowFlops = denseFlops(problem) / (problem.batch * problem.qHeads * problem.qLen);
  const perStep = Math.max(1, Math.floor(STEP_FLOPS / rowFlops));
  const out = new Float64Array(rows.length * problem.vHeadDim);
  const lse = new Float64Array(rows.length);
  const maxScores = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += perStep) {
    const part = referenceForward(variant, problem, inputs, rows.slice(at, at + perStep));
    out.set(part.out, at * problem.vHeadDim);
    lse.set(part.lse, at);
    maxScores.set(part.maxScores, at);
    done((at + part.rows.length) / rows.length);
    await turn();
    signal?.throwIfAborted();
  }
  return { rows, allRows: chosen === undefined, out, lse, maxScores };
}

/** The entry as what is sampled: a fresh instance has the pipeline of the first, and all its buffers but q, k and v new. */
function contestant(
  gpu: DeviceHandle,
  entry: Entry,
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

type Timed = readonly [entry: Entry, sampled: Sampled];

const pair = (entries: readonly Entry[], sampled: readonly Sampled[]): Timed[] =>
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

/** What broke, in words: a lost device explains whatever else was thrown. */
async function messageOf(gpu: DeviceHandle, error: unknown): Promise<string> {
  const lost = gpu.lostReason() ?? (await Promise.race([gpu.lost, turn()]));
  return (lost ?? (error instanceof Error ? error : new Error(String(error)))).message;
}
