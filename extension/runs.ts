/**
 * Who is being measured, and who is next: the page measures one variant at a time, lenses ask for any number. Pure
 * bookkeeping; the panel posts what this says. A run counts from the click, not from the page's word, so that the
 * lens answers at once; a page that never takes it up (no mask to show, no script) loses it.
 */

/** A variant of a document; `variant` null: the first. */
export interface Shown {
  readonly document: string;
  readonly variant: string | null;
}

export type Activity = "idle" | "waiting" | "running";

export interface Runs {
  activityOf(shown: Shown): Activity;
  /** How much of its run is done, 0 to 1; 0 where it does not run. */
  fractionOf(shown: Shown): number;
  /** Gives what to start now: `shown`, or null where it has to wait or runs already. Only the last who asks waits. */
  request(shown: Shown): Shown | null;
  /** The page says that it measures `shown`, or (null) nothing any more. Gives what to start now. */
  report(shown: Shown | null): Shown | null;
  /** The page says how much of its run is done. */
  progress(shown: Shown, fraction: number): void;
  /** `shown` was started a while ago: if the page has not taken it up, it is dropped. Gives what to start now. */
  expire(shown: Shown): Shown | null;
  /** Takes back `shown` where it waits; false where it does not. */
  withdraw(shown: Shown): boolean;
  /** Takes back what waits and what the page has not taken up. */
  cancel(): void;
  /** Called with each document whose activity changed. */
  onChange: (document: string) => void;
}

export const isSame = (a: Shown | null, b: Shown | null): boolean =>
  a === b || (a !== null && b !== null && a.document === b.document && a.variant === b.variant);

export function createRuns(): Runs {
  let current: { readonly shown: Shown; readonly taken: boolean; readonly fraction: number } | null = null;
  let next: Shown | null = null;

  const change = (now: typeof current, then: Shown | null): void => {
    const touched = [current?.shown, next, now?.shown, then].flatMap((shown) =>
      shown === null || shown === undefined ? [] : [shown.document],
    );
    current = now;
    next = then;
    for (const document of new Set(touched)) runs.onChange(document);
  };
  const begun = (shown: Shown): NonNullable<typeof current> => ({ shown, taken: false, fraction: 0 });
  const startNext = (): Shown | null => {
    const start = next;
    change(start === null ? null : begun(start), null);
    return start;
  };

  const runs: Runs = {
    onChange: () => undefined,
    activityOf: (shown) => (isSame(current?.shown ?? null, shown) ? "running" : isSame(next, shown) ? "waiting" : "idle"),
    fractionOf: (shown) => (current !== null && isSame(current.shown, shown) ? current.fraction : 0),
    request(shown) {
      if (current === null) {
        change(begun(shown), null);
        return shown;
      }
      if (!isSame(current.shown, shown)) change(current, shown);
      return null;
    },
    report(shown) {
      if (shown === null) return current?.taken === true ? startNext() : null;
      change({ shown, taken: true, fraction: 0 }, next);
      return null;
    },
    progress(shown, fraction) {
      if (current !== null && isSame(current.shown, shown)) change({ ...current, fraction }, next);
    },
    expire(shown) {
      return current !== null && !current.taken && isSame(current.shown, shown) ? startNext() : null;
    },
    withdraw(shown) {
      if (!isSame(next, shown)) return false;
      change(current, null);
      return true;
    },
    cancel() {
      change(current?.taken === true ? current : null, null);
    },
  };
  return runs;
}
