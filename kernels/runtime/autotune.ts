/**
 * Finds the fastest kernel and tile for a variant at its sizes on this device. In: the candidates that are legal here
 * (flash/select.ts). Each is compiled and run once, and compared with the float64 reference: what is wrong or breaks is
 * out, whatever its time; past a bound on this no further one is begun. Those that are left are timed against each other,
 * interleaved, a few samples a round, and the slower half goes after each (successive halving), so that time is spent on
 * those that are near. The last two and the default are then sampled on fresh instances; the default stays unless another
 * is faster beyond what its interval says may be chance. Out: the winner as data to remember.
 *
 * Source: Karnin, Koren and Somekh, "Almost Optimal Exploration in Multi-Armed Bandits" (2013), for the halving.
 */
import { checkForward, rowsToCheck } from "../flash/check.ts";
import { hashU32, type Inputs, seededInputs } from "../flash/inputs.ts";
import { tensorBuffers } from "../flash/plan.ts";
import type { Problem } from "../flash/problem.ts";
import { allRows, type RowIndex } from "../flash/reference.ts";
import { type Candidate, candidatesFor, shapeRefusal, type Wishes } from "../flash/select.ts";
import { deviceKey, problemClass, type Tuned } from "../flash/tuned.ts";
import type { Variant } from "../ir/mod.ts";
import { buildBlockMask } from "../mask/build.ts";
import { type BufferSet, makeBuffers } from "./buffers.ts";
import { type Clock, openClock } from "./clock.ts";
import type { DeviceHandle } from "./device.ts";
import { execute, prepare } from "./execute.ts";
import { download } from "./forward.ts";
import { GpuError } from "./gpuError.ts";
import { bootstrapInterval, median } from "./median.ts";
import { findRepeats, timeOf } from "./sampling.ts";
import { inputsByName, referenceInSteps, startTrial, type Trial, uploadInputs, whatBroke } from "./trial.ts";
import { restFor } from "./turn.ts";

/** What to tune for. */
export interface TuneRequest {
  readonly variant: Variant;
  readonly problem: Problem;
  /** Families that may win; absent: all fused ones. */
  readonly wishes?: Pick<Wishes, "engines">;
}

export interface TuneOptions {
  /** Stops between two submissions. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TuneProgress) => void;
  /** Milliseconds of timing in all, after compiling and checking; default 4,000, on a software adapter 20,000. */
  readonly budgetMs?: number;
  /**
   * Milliseconds of compiling and checking, after which no further candidate is begun; default 60,000, on a software
   * adapter, where a kernel can take ten seconds to compile, 120,000. What runs untuned is always tried.
   */
  readonly qualifyMs?: number;
}

export interface TuneProgress {
  readonly stage: "compile" | "check" | "sample";
  /** Of all of it, 0 to 1. */
  readonly fraction: number;
  /** How many are still in. */
  readonly left: number;
}

/** What came of one candidate. */
export interface TuneRow {
  /** It is what runs untuned. */
  readonly isDefault: boolean;
  readonly candidate: Pick<Candidate, "engine" | "options"> & { readonly tile: string };
  /** Median ms of its last round; null where it was never timed. */
  readonly ms: number | null;
  readonly fate: "untried" | "wrong" | "broke" | "slower" | "fastest";
  /** Why it was not tried, what broke or how wrong it was; empty otherwise. */
  readonly reason: string;
}

export interface TuneReport {
  /** null: cancelled, or nothing could be timed. */
  readonly tuned: Tuned | null;
  /** In the order in which they were tried; after a cancel or a fault without those that were not through. */
  readonly rows: readonly TuneRow[];
  /** Why there is no winner: a lost device, no memory, no candidates; null where there is one, or after a cancel. */
  readonly fault: string | null;
  readonly cancelled: boolean;
}

/** What was taken first, then by time, those without one last. Times of different rounds are not of one moment. */
export const inOrder = (rows: readonly TuneRow[]): readonly TuneRow[] =>
  rows.toSorted((a, b) => Number(b.fate === "fastest") - Number(a.fate === "fastest") || (a.ms ?? NEVER) - (b.ms ?? NEVER));

/** Those that were tried. */
export const triedOf = (rows: readonly TuneRow[]): readonly TuneRow[] => rows.filter((row) => row.fate !== "untried");

/** How many were tried: `12 kernels and tiles`, or `7 of 12 kernels and tiles, the rest left out for time`. */
export function triedText(rows: readonly TuneRow[]): string {
  const tried = triedOf(rows).length;
  return tried === rows.length ? `${tried} kernels and tiles` : `${tried} of ${rows.length} kernels and tiles, the rest left out for time`;
}

const NEVER = Number.MAX_VALUE;

/** Milliseconds of timing in all; a run takes a hundred times as long where the processor does it. */
const BUDGET_MS = 4000;
const SOFTWARE_BUDGET_MS = 20_000;
/** Milliseconds of compiling and checking. */
const QUALIFY_MS = 60_000;
const SOFTWARE_QUALIFY_MS = 120_000;
/** Rows that a candidate's numbers are compared on: the whole was checked, or will be, by a benchmark. */
const SOME_ROWS = 96;
/** Samples of each candidate in a round of the halving. */
const ROUND_SAMPLES = 3;
/** Times the fastest that the first run may take of one that stays. */
const FAR_BEHIND = 2.5;
/** Of the last two and the default, each on an instance of its own, within the budget: what a busy machine adds averages out. */
const LAST_SAMPLES = 30;
/** Of these at least, whatever the budget: fewer ratios than five leave it to one of them. */
const LEAST_SAMPLES = 5;
/** Shortest sample of the halving, ms; coarse clocks take longer ones. */
const SHORTEST_MS = 10;
/** Contestants that the halving leaves. */
const FINALISTS = 2;
/** What is not faster than this is left alone: below it two instances of one kernel differ. */
const LEAST_GAIN = 1.03;

interface Runner {
  readonly candidate: Candidate;
  readonly isDefault: boolean;
  readonly trial: Trial;
  repeats: number;
  /** ms of a run, of the last round. */
  times: number[];
}

/** Tunes. Throws nothing that the GPU, the sizes or the signal do. */
export async function autotune(gpu: DeviceHandle, request: TuneRequest, options: TuneOptions = {}): Promise<TuneReport> {
  const { variant, problem } = request;
  const wrong = shapeRefusal(problem);
  if (wrong !== null) return { tuned: null, rows: [], fault: wrong, cancelled: false };
  const shape = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  const blocks = buildBlockMask(variant.maskMod?.body ?? null, shape, problem.blockSize);
  const candidates = candidatesFor(variant, problem, gpu.limits, blocks, request.wishes);
  const out = new Map<Candidate, TuneRow>();
  const rows = (): TuneRow[] => candidates.flatMap((c) => out.get(c) ?? []);
  const note = (candidate: Candidate, fate: TuneRow["fate"], ms: number | null, reason = ""): void => {
    const { engine, options: asked, plan } = candidate;
    out.set(candidate, {
      isDefault: candidate === candidates[0],
      candidate: { engine, options: asked, tile: plan.tile },
      ms,
      fate,
      reason,
    });
  };
  const runners: Runner[] = [];
  let inputs: BufferSet | null = null;
  let outputs: BufferSet | null = null;
  let clock: Clock | null = null;
  try {
    if (candidates.length === 0) return { tuned: null, rows: [], fault: "No kernel that is allowed can run this here.", cancelled: false };
    const given = seededInputs(problem);
    inputs = await uploadInputs(gpu, problem, given);
    outputs = await makeBuffers(
      gpu.device,
      "out and lse",
      tensorBuffers(problem).filter((b) => b.role === "output"),
    );
    clock = await openClock(gpu);
    await qualify(gpu, request, candidates, { given, inputs, outputs }, runners, note, options);
    if (runners.length === 0) return { tuned: null, rows: rows(), fault: "No candidate gives right numbers here.", cancelled: false };
    const budgetMs = options.budgetMs ?? (gpu.limits.software ? SOFTWARE_BUDGET_MS : BUDGET_MS);
    const left = await halve(runners, clock, note, budgetMs, options);
    const finalists = [...runners.filter((runner) => runner.isDefault && !left.includes(runner)), ...left];
    await playOff(gpu, finalists, clock, inputsByName(inputs), budgetMs, options);
    const { winner, speedUp } = winnerOf(finalists);
    for (const runner of finalists) note(runner.candidate, runner === winner ? "fastest" : "slower", median(runner.times));
    const tuned: Tuned = {
      device: deviceKey(gpu.info.name, gpu.limits),
      problemClass: problemClass(variant, problem, blocks, request.wishes?.engines),
      engine: winner.candidate.engine,
      options: winner.candidate.options,
      tile: winner.candidate.plan.tile,
      speedUp,
      candidates: triedOf(rows()).length,
      measuredAt: Date.now(),
    };
    return { tuned, rows: rows(), fault: null, cancelled: false };
  } catch (error) {
    if (options.signal?.aborted === true) return { tuned: null, rows: rows(), fault: null, cancelled: true };
    return { tuned: null, rows: rows(), fault: await whatBroke(gpu, error), cancelled: false };
  } finally {
    clock?.destroy();
    for (const { trial } of runners) trial.prepared.destroy();
    outputs?.destroy();
    inputs?.destroy();
  }
}

type Note = (candidate: Candidate, fate: TuneRow["fate"], ms: number | null, reason?: string) => void;

/** What all candidates share: a dozen outputs would be too much for a GPU's memory. */
interface SharedTensors {
  readonly given: Inputs;
  readonly inputs: BufferSet;
  readonly outputs: BufferSet;
}

/** Compiles, runs and checks each that is begun in time; the right ones become runners. */
async function qualify(
  gpu: DeviceHandle,
  { variant, problem }: TuneRequest,
  candidates: readonly Candidate[],
  { given, inputs, outputs }: SharedTensors,
  runners: Runner[],
  note: Note,
  { signal, onProgress, qualifyMs = gpu.limits.software ? SOFTWARE_QUALIFY_MS : QUALIFY_MS }: TuneOptions,
): Promise<void> {
  const reference = await referenceInSteps(
    variant,
    problem,
    given,
    signal,
    (done) => onProgress?.({ stage: "check", fraction: 0.1 * done, left: candidates.length }),
    someRows(problem),
  );
  const out = outputs.get("out");
  const lse = outputs.get("lse");
  const shared = new Map([...inputsByName(inputs), ["out", out] as const, ["lse", lse] as const]);
  const until = performance.now() + qualifyMs;
  for (const [i, candidate] of candidates.entries()) {
    const isLast = performance.now() >= until;
    signal?.throwIfAborted();
    // What the one before left there would stand for what this one does not write.
    const encoder = gpu.device.createCommandEncoder();
    encoder.clearBuffer(out);
    encoder.clearBuffer(lse);
    gpu.device.queue.submit([encoder.finish()]);
    // The next one is compiled beside this one's run and check; what comes of it is looked at when it is its turn.
    const next = isLast ? undefined : candidates[i + 1];
    for (const kernel of next?.plan.kernels ?? []) void gpu.pipelines.get(kernel).catch(() => undefined);
    onProgress?.({ stage: "compile", fraction: 0.1 + (0.5 * i) / candidates.length, left: candidates.length });
    let trial: Trial | null = null;
    let isRight = false;
    try {
      trial = await startTrial(gpu, candidate.plan, shared, signal);
      const check = checkForward(await download(gpu, trial.prepared.buffers, problem), reference, problem, candidate.engine);
      isRight = check.passed;
      if (isRight) runners.push({ candidate, isDefault: i === 0, trial, repeats: 1, times: [] });
      else note(candidate, "wrong", null, `its largest error is ${check.maxAbs.toExponential(1)}`);
    } catch (error) {
      // On a lost device compilers fail in words of their own: the loss is no fault of the candidate.
      if (!(error instanceof GpuError) || error.kind === "lost" || gpu.lostReason() !== null) throw error;
      note(candidate, "broke", null, error.message);
    } finally {
      if (!isRight) trial?.prepared.destroy();
    }
    if (isLast) {
      for (const other of candidates.slice(i + 1)) note(other, "untried", null, "left out for time");
      return;
    }
  }
}

/** The rows that a benchmark checks, or a seeded choice among them; undefined: all there are. */
function someRows(problem: Problem): readonly RowIndex[] | undefined {
  const few = rowsToCheck(problem);
  const rows = few ?? allRows(problem);
  if (rows.length <= SOME_ROWS) return few;
  const step = rows.length / SOME_ROWS;
  // First and last stay: ends of the lengths are where tiles go wrong.
  const chosen = Array.from({ length: SOME_ROWS }, (_, i) => Math.floor(i * step + (hashU32(i, 5) % Math.max(1, Math.floor(step)))));
  return [...new Set([0, ...chosen, rows.length - 1])].flatMap((at) => rows[at] ?? []);
}

/** Rounds of a few samples each, in turn; the slower half is out after each. */
async function halve(
  all: readonly Runner[],
  clock: Clock,
  note: Note,
  budgetMs: number,
  { signal, onProgress }: TuneOptions,
): Promise<Runner[]> {
  const until = performance.now() + 0.6 * budgetMs;
  const shortest = Math.max(SHORTEST_MS, 20 * (clock.stepMs ?? clock.wallStepMs));
  for (const runner of all) {
    const { repeats, runMs } = await findRepeats((n) => clock.sample(runner.trial.prepared, n, signal), shortest);
    runner.repeats = repeats;
    runner.times = [runMs];
  }
  // One run shows what is far behind: timing it again would cost more than all the others.
  const best = Math.min(...all.map((runner) => median(runner.times)));
  let left = all.filter((runner) => median(runner.times) <= FAR_BEHIND * best);
  for (const runner of all) if (!left.includes(runner)) note(runner.candidate, "slower", median(runner.times));
  const rounds = Math.ceil(Math.log2(Math.max(1, left.length / FINALISTS)));
  for (let round = 0; left.length > FINALISTS; round++) {
    onProgress?.({ stage: "sample", fraction: 0.6 + (0.25 * round) / Math.max(1, rounds), left: left.length });
    // Past its budget what was measured so far decides.
    if (performance.now() < until) {
      for (const runner of left) runner.times = [];
      for (let i = 0; i < ROUND_SAMPLES && (i === 0 || performance.now() < until); i++) {
        for (const runner of left) runner.times.push(timeOf(await clock.sample(runner.trial.prepared, runner.repeats, signal)));
      }
    }
    const sorted = left.toSorted((a, b) => median(a.times) - median(b.times));
    const kept = Math.max(FINALISTS, Math.ceil(left.length / 2));
    for (const runner of sorted.slice(kept)) note(runner.candidate, "slower", median(runner.times));
    left = sorted.slice(0, kept);
  }
  return left;
}

/** Samples the finalists in turn, each sample on buffers of its own. */
async function playOff(
  gpu: DeviceHandle,
  finalists: readonly Runner[],
  clock: Clock,
  shared: ReadonlyMap<string, GPUBuffer>,
  budgetMs: number,
  { signal, onProgress }: TuneOptions,
): Promise<void> {
  if (finalists.length < 2) return;
  const until = performance.now() + 0.4 * budgetMs;
  const times = new Map(finalists.map((runner) => [runner, [] as number[]]));
  for (let i = 0; i < LAST_SAMPLES; i++) {
    if (i >= LEAST_SAMPLES && performance.now() > until) break;
    onProgress?.({ stage: "sample", fraction: 0.85 + (0.15 * i) / LAST_SAMPLES, left: finalists.length });
    for (const runner of finalists) {
      if (i > 0) await renew(gpu, runner.trial, shared, signal);
      await restFor(2);
      times.get(runner)?.push(timeOf(await clock.sample(runner.trial.prepared, runner.repeats, signal)));
    }
  }
  for (const [runner, taken] of times) runner.times = taken;
}

/** Buffers anew; the old instance stays where there is no memory for two. */
async function renew(
  gpu: DeviceHandle,
  trial: Trial,
  shared: ReadonlyMap<string, GPUBuffer>,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  try {
    const next = await prepare(gpu, trial.plan, shared);
    trial.prepared.destroy();
    trial.prepared = next;
    await execute(gpu, next, signal ? { signal } : {});
  } catch (error) {
    if (!(error instanceof GpuError) || error.kind !== "out of memory") throw error;
  }
}

/**
 * The fastest, if it beats the default by LEAST_GAIN and by more than chance: by the interval of the ratios of times that
 * were taken one after the other, which whatever else the machine does leaves alone.
 */
function winnerOf(finalists: readonly Runner[]): { readonly winner: Runner; readonly speedUp: number | null } {
  const [fastest] = finalists.toSorted((a, b) => median(a.times) - median(b.times));
  if (fastest === undefined) throw new Error("halving leaves somebody");
  const before = finalists.find((r) => r.isDefault);
  if (before === undefined) return { winner: fastest, speedUp: null };
  if (before === fastest) return { winner: fastest, speedUp: 1 };
  const ratios = before.times.map((ms, i) => ms / (fastest.times[i] ?? Number.NaN));
  const speedUp = median(ratios);
  const isFaster = speedUp > LEAST_GAIN && bootstrapInterval(ratios)[0] > 1;
  return isFaster ? { winner: fastest, speedUp } : { winner: before, speedUp: 1 };
}
