/** When a measured time is a rumour. Here, and not with the run time, because the host judges stored results too. */

/** Half the 95 % interval beyond this share of the median: other work was going on. */
const NOISY = 0.1;

/** What is judged: a result, or what will be one. */
export interface Spread {
  /** 95 % interval of the median. */
  readonly interval: readonly [low: number, high: number];
  readonly medianMs: number;
  /** Says that the clock was too coarse for the time; absent in results of an earlier version. */
  readonly details?: { readonly noisy: boolean };
}

/** Whether the interval is wide, or the clock was too coarse. */
export function isNoisy({ interval: [low, high], medianMs, details }: Spread): boolean {
  return details?.noisy === true || (high - low) / 2 > NOISY * medianMs;
}
