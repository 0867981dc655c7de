/** The two figures a benchmark gives of its samples: the median, and how sure it is. */
import { hashU32 } from "../flash/inputs.ts";

/** Middle of the sorted numbers (mean of the two middle ones); nan of none. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

const RESAMPLES = 1000;

/**
 * 95 % bootstrap interval of the median: its 2.5 % and 97.5 % quantiles over 1,000 seeded resamples. One sample gives an
 * interval of no width. Samples of one instance hide what lies between instances (buffers made anew can differ by 20 %):
 * each sample is of an instance of its own.
 */
export function bootstrapInterval(samples: readonly number[]): readonly [low: number, high: number] {
  const n = samples.length;
  const medians: number[] = [];
  for (let r = 0; r < RESAMPLES; r++) {
    medians.push(median(samples.map((_, i) => samples[hashU32(r * n + i, 7) % n] ?? Number.NaN)));
  }
  medians.sort((a, b) => a - b);
  return [medians[Math.floor(0.025 * RESAMPLES)] ?? Number.NaN, medians[Math.ceil(0.975 * RESAMPLES) - 1] ?? Number.NaN];
}
