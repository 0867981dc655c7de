/**
 * Work in turns: a generator is advanced for a few milliseconds, then whatever else the editor has to do comes first.
 * For all that may take longer than a keystroke waits and stays in the extension host. Pure.
 */

/** One turn: longer would be felt in the editor. */
export const TURN_MS = 8;

export interface TurnOptions {
  /** Milliseconds of its own work after which it is given up. */
  readonly allowanceMs: number;
  /** Nobody wants it any more. */
  readonly isStopped: () => boolean;
  readonly clock?: () => number;
}

/** What `steps` comes to; null where it was stopped, or used up its allowance. Throws what it throws. */
export async function inTurns<T>(steps: Generator<unknown, T>, options: TurnOptions): Promise<T | null> {
  const { allowanceMs, isStopped, clock = () => performance.now() } = options;
  for (let spent = 0; ; ) {
    if (isStopped()) return null;
    const began = clock();
    let used = 0;
    while (used < TURN_MS) {
      const step = steps.next();
      if (step.done === true) return step.value;
      used = clock() - began;
    }
    spent += used;
    if (spent >= allowanceMs) return null;
    await new Promise((done) => setTimeout(done, 0));
  }
}
