/**
 * Measures a variant's kernels on a device and checks their numbers. Inputs are uploaded once and shared; each engine is
 * compiled, run once (that time is reported apart), compared with the float64 reference; then the engines are sampled in
 * turn, so that whatever else the machine does meets all of them alike. What cannot run, breaks or is cancelled comes
 * back as data: the function does not throw.
 */
import { type Check, checkForward, rowsToCheck } from "../flash/check.ts";
import { type Inputs, seededInputs } from "../flash/inputs.ts";
import { type Engine, type Plan, packRows, type Refusal, tensorBuffers } from "../flash/plan.ts";
import { denseFlops, type Problem } from "../flash/problem.ts";
import { allRows, type Reference, type RowIndex, referenceForward } from "../flash/reference.ts";
import { BASELINE, chooseForward, ENGINES, planEngine, shapeRefusal } from "../flash/select.ts";
import { variantKey } from "../ir/key.ts";
import type { Variant } from "../ir/mod.ts";
import type { BlockMask } from "../mask/blockMask.ts";
import { buildBlockMask } from "../mask/build.ts";
import { sparsityOf } from "../mask/count.ts";
import { type BufferSet, makeBuffers, writeFloats } from "./buffers.ts";
import { type Clock, openClock, type Sample } from "./clock.ts";
import type { DeviceHandle } from "./device.ts";
import { execute, type Prepared, prepare } from "./execute.ts";
import { download } from "./forward.ts";
import { GpuError } from "./gpuError.ts";
import { bootstrapInterval, median } from "./median.ts";
import type { BenchFailure, BenchOptions, BenchProgress, BenchReport, BenchRequest, BenchResult } from "./result.ts";

/** Shortest sample, by repeats in one submission. */
const MIN_SAMPLE_MS = 60;
/** With timestamps nothing but the GPU's own time counts, so less will do. */
const MIN_STAMPED_SAMPLE_MS = 20;
/** A sample is at least this many steps of the clock long. */
const MIN_CLOCK_STEPS = 200;
const MAX_REPEATS = 200;
/** Where three rounds would take longer than this, one has to do. */
const PATIENCE_MS = 20_000;

/** A contestant on its way: prepared, then run, then sampled. */
interface Entry {
  readonly plan: Plan;
  readonly prepared: Prepared;
  compileMs: number;
  check: Check | null;
  repeats: number;
  readonly samples: Sample[];
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
    clock = await openClock(gpu);

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
    await sampleInTurn(entries, clock, options, (engine, done) => progress("sample", engine, 0.55 + 0.45 * done));
    return report(resultsOf(gpu, variant, problem, blocks, entries), false);
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
  writeFloats(gpu.device, buffers.get("q"), packRows(inputs.q, problem.qkHeadDim));
  writeFloats(gpu.device, buffers.get("k"), packRows(inputs.k, problem.qkHeadDim));
  writeFloats(gpu.device, buffers.get("v"), packRows(inputs.v, problem.vHeadDim));
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
  const prepared = await prepare(gpu, plan, shared);
  try {
    await execute(gpu, prepared, signal ? { signal } : {});
  } catch (error) {
    prepared.destroy();
    throw error;
  }
  return { plan, prepared, compileMs: performance.now() - from, check: null, repeats: 1, samples: [] };
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
  for (let at = 0; at < rows.length; at += perStep) {
    const part = referenceForward(variant, problem, inputs, rows.slice(at, at + perStep));
    out.set(part.out, at * problem.vHeadDim);
    lse.set(part.lse, at);
    done((at + part.rows.length) / rows.length);
    await turn();
    signal?.throwIfAborted();
  }
  return { rows, allRows: chosen === undefined, out, lse };
}

/** Warms each engine up, then samples all of them in turn until the budget is spent. */
async function sampleInTurn(
  entries: readonly Entry[],
  clock: Clock,
  options: BenchOptions,
  done: (engine: Engine, fraction: number) => void,
): Promise<void> {
  const shortest = clock.stepMs === null ? MIN_SAMPLE_MS : Math.max(MIN_STAMPED_SAMPLE_MS, MIN_CLOCK_STEPS * clock.stepMs);
  let roundMs = 0;
  for (const entry of entries) {
    const warm = await clock.sample(entry.prepared, 1, options.signal);
    // The first run held compilation too; what a run takes is known only now.
    entry.compileMs = Math.max(0, entry.compileMs - warm.wallMs);
    entry.repeats = Math.max(1, Math.min(MAX_REPEATS, Math.ceil(shortest / Math.max(0.001, warm.gpuMs ?? warm.wallMs))));
    roundMs += warm.wallMs * entry.repeats;
  }
  const least = 3 * roundMs <= PATIENCE_MS ? 3 : 1;
  const rounds = Math.max(least, Math.min(options.samples ?? 9, Math.floor((options.budgetMs ?? 3000) / roundMs)));
  for (let round = 0; round < rounds; round++) {
    for (const [i, entry] of entries.entries()) {
      done(entry.plan.engine, (round + i / entries.length) / rounds);
      entry.samples.push(await clock.sample(entry.prepared, entry.repeats, options.signal));
    }
  }
}

function resultsOf(gpu: DeviceHandle, variant: Variant, problem: Problem, blocks: BlockMask, entries: readonly Entry[]): BenchResult[] {
  // One clock for all: where one timestamp made no sense, none is believed.
  const stamped = entries.every((e) => e.samples.every((s) => s.gpuMs !== null));
  const times = (entry: Entry): number[] => entry.samples.map((s) => (stamped ? (s.gpuMs ?? s.wallMs) : s.wallMs));
  const baseline = entries.find((e) => e.plan.engine === BASELINE);
  const baselineMs = baseline === undefined ? null : median(times(baseline));
  const key = variantKey(variant, problem.blockSize);
  const sparsity = sparsityOf(blocks, variant.maskMod?.body ?? null);
  const flops = denseFlops(problem);
  return entries.map((entry): BenchResult => {
    const samplesMs = times(entry);
    return {
      key,
      variant: variant.name,
      engine: entry.plan.engine,
      direction: "forward",
      problem,
      tile: entry.plan.tile,
      sparsity,
      device: gpu.info,
      clock: stamped ? "timestamp-query" : "wall",
      samplesMs,
      medianMs: median(samplesMs),
      interval: bootstrapInterval(samplesMs),
      baselineMs: entry === baseline ? null : baselineMs,
      compileMs: entry.compileMs,
      denseFlops: flops,
      effectiveFlops: flops * (1 - sparsity.elements),
      check: entry.check,
      measuredAt: Date.now(),
    };
  });
}

/** What broke, in words: a lost device explains whatever else was thrown. */
async function messageOf(gpu: DeviceHandle, error: unknown): Promise<string> {
  const lost = gpu.lostReason() ?? (await Promise.race([gpu.lost, turn()]));
  return (lost ?? (error instanceof Error ? error : new Error(String(error)))).message;
}

/** One turn of the event loop. By message, since timers are throttled to one a second in a hidden panel. */
function turn(): Promise<null> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(null);
    };
    port2.postMessage(null);
  });
}
