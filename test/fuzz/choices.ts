/**
 * What a generator draws from: whole numbers, each below a bound. The numbers drawn are kept, so that what was generated
 * can be generated again from a shorter or smaller list: shrinking knows nothing of what is generated (after Hypothesis).
 * 0 is by custom the simplest choice, and what a list that has run out gives.
 */
import { seeded } from "../support/random.ts";

export interface Choices {
  /** A whole number in [0, bound). */
  next(bound: number): number;
  /** What was drawn so far. */
  readonly taken: readonly number[];
}

/** A stream that depends on the seed alone. */
export function seededChoices(seed: number): Choices {
  const random = seeded(seed);
  return drawing(() => random());
}

/** The numbers of a list, each as a part of 2^30, then zeros. */
export function listedChoices(list: readonly number[]): Choices {
  let at = 0;
  return drawing(() => (list[at++] ?? 0) / 2 ** 30);
}

function drawing(draw: () => number): Choices {
  const taken: number[] = [];
  return {
    taken,
    next(bound) {
      const part = Math.floor(draw() * 2 ** 30);
      taken.push(part);
      return Math.min(bound - 1, Math.floor((part / 2 ** 30) * bound));
    },
  };
}

/** The simplest list found, within `attempts` tries, for which `fails` still holds: runs left out, then numbers made smaller. */
export async function shrink(
  list: readonly number[],
  fails: (list: readonly number[]) => Promise<boolean>,
  attempts: number,
): Promise<readonly number[]> {
  let best = list;
  let left = attempts;
  const better = async (candidate: readonly number[]): Promise<boolean> => {
    if (left-- <= 0 || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let progress = true; progress && left > 0; ) {
    progress = false;
    for (let run = Math.max(1, best.length >> 1); run >= 1 && left > 0; run >>= 1) {
      for (let at = 0; at < best.length && left > 0; ) {
        if (await better(best.toSpliced(at, run))) progress = true;
        else at += run;
      }
    }
    for (let at = 0; at < best.length && left > 0; at++) {
      if (best[at] !== 0 && (await better(best.with(at, 0)))) progress = true;
    }
  }
  return best;
}
