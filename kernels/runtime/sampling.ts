/**
 * How contestants are timed against each other. In: for each, a way to build it anew (own buffers and bind groups) and a
 * way to take one sample of many runs in one submission. Out: their samples. Runs are repeated within a sample until the
 * clock's step is under 1 % of it; every sample is of a fresh instance, since identical kernels with other buffers differ
 * by up to a fifth and sampling one of them more often cannot show that; contestants take turns, so that whatever else
 * the machine does meets all alike; and the queue rests between two samples. No GPU is named here.
 */
import type { Sample } from "./clock.ts";

/** What is timed. */
export interface Contestant {
  /** Builds another instance and runs it once; false: it does not fit beside the present one, which stays. */
  readonly renew: () => Promise<boolean>;
  /** One sample over `repeats` runs in one submission; times are of one run. */
  readonly sample: (repeats: number) => Promise<Sample>;
}

export interface SamplingOptions {
  /** Shortest sample in ms, as `shortestSample` says. */
  readonly shortestMs: number;
  /** Milliseconds of sampling in all. */
  readonly budgetMs: number;
  /** Samples of each contestant at most. */
  readonly most: number;
  /** Lets the queue rest. */
  readonly rest: () => Promise<void>;
  /** Called before each sample with the contestant's place and the share that is done. */
  readonly onSample?: (contestant: number, fraction: number) => void;
}

/** What came of one contestant. */
export interface Sampled {
  readonly samples: readonly Sample[];
  /** Runs in each sample. */
  readonly repeats: number;
  /** Instances among the samples. */
  readonly instances: number;
  /** A first run's time at the wall. */
  readonly warmMs: number;
}

/** Shortest sample at the wall: submission and wake-up take up to 0.2 ms of it. */
const MIN_SAMPLE_MS = 60;
/** With timestamps nothing but the GPU's own time counts, so less will do. */
const MIN_STAMPED_SAMPLE_MS = 20;
/** Twice what makes the clock's step 1 % of a sample: the one that sets the repeats may have been a slow one. */
const MIN_CLOCK_STEPS = 200;
/** Runs in one submission at most: some tens of thousands of commands. */
const MAX_REPEATS = 10_000;
/** Where the rounds that statistics ask for would take longer than this, fewer have to do. */
const PATIENCE_MS = 20_000;
/** Rounds, hence instances, wanted at least; and how many do where those take too long. */
const LEAST_ROUNDS = [5, 3] as const;

/** The shortest sample with a clock of these steps; null: there are no timestamps. */
export function shortestSample(stampStepMs: number | null, wallStepMs: number): number {
  return stampStepMs === null
    ? Math.max(MIN_SAMPLE_MS, MIN_CLOCK_STEPS * wallStepMs)
    : Math.max(MIN_STAMPED_SAMPLE_MS, MIN_CLOCK_STEPS * stampStepMs);
}

/** What a sample took: by the GPU's clock where there is one. */
export const timeOf = (s: Sample): number => s.gpuMs ?? s.wallMs;

/**
 * How many runs make a sample of `shortestMs`, found by growing: a single run may be shorter than the clock's step, so
 * the next guess goes by the last sample's length, sixteenfold at most.
 */
export async function findRepeats(
  sample: Contestant["sample"],
  shortestMs: number,
): Promise<{ readonly repeats: number; readonly runMs: number; readonly warmMs: number }> {
  const first = await sample(1);
  let repeats = 1;
  let last = first;
  while (repeats * timeOf(last) < shortestMs && repeats < MAX_REPEATS) {
    const wanted = Math.ceil((1.1 * shortestMs) / Math.max(timeOf(last), 1e-9));
    repeats = Math.min(MAX_REPEATS, Math.max(repeats + 1, Math.min(wanted, 16 * repeats)));
    last = await sample(repeats);
  }
  return { repeats, runMs: last.wallMs, warmMs: first.wallMs };
}

/** Rounds that fit the budget, within what the caller wants at most and statistics and patience at least. */
export function roundsFor(roundMs: number, budgetMs: number, most: number): number {
  const least = LEAST_ROUNDS.find((n) => n * roundMs <= PATIENCE_MS) ?? 1;
  return Math.max(least, Math.min(most, Math.floor(budgetMs / Math.max(roundMs, 1e-9))));
}

/** Samples all contestants in turn until the budget is spent. The first round is of the instances that came in. */
export async function sampleInTurn(contestants: readonly Contestant[], options: SamplingOptions): Promise<Sampled[]> {
  const found = [];
  for (const contestant of contestants) found.push(await findRepeats(contestant.sample, options.shortestMs));
  const sampledMs = found.reduce((sum, f) => sum + f.runMs * f.repeats, 0);
  // A fresh instance is run once before its sample; where that leaves no time for three rounds, the first ones stay.
  const freshMs = sampledMs + found.reduce((sum, f) => sum + f.runMs, 0);
  const fresh = roundsFor(freshMs, 0, 0) > 1;
  const rounds = roundsFor(fresh ? freshMs : sampledMs, options.budgetMs, options.most);
  const results = found.map(({ repeats, warmMs }) => ({ samples: [] as Sample[], repeats, instances: 1, warmMs }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      options.onSample?.(i, (round + i / contestants.length) / rounds);
      const result = results[i];
      if (result === undefined) continue;
      if (fresh && round > 0 && (await contestant.renew())) result.instances++;
      await options.rest();
      result.samples.push(await contestant.sample(result.repeats));
    }
  }
  return results;
}
