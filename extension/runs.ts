/**
 * Who is being measured, and who is next, in all panels of the window: they share one GPU, and two runs at a time would
 * measure each other. A page measures one variant at a time, lenses and buttons ask for any number. Pure bookkeeping; the
 * panels post what this says. A run counts from the click, not from the page's word, so that the lens answers at once; a
 * page that never takes it up (no mask to show, no script) loses it.
 */

/** A variant of a document; `variant` null: the first. */
export interface Shown {
  readonly document: string;
  readonly variant: string | null;
}

export type Activity = "idle" | "waiting" | "running";

/** A variant, and the panel that measures it. */
export interface Start<Place> {
  readonly shown: Shown;
  readonly at: Place;
}

/** What a panel has to know of the others. */
export interface Elsewhere {
  /** The variant that another panel measures; null: none. */
  readonly variant: string | null;
  /** This panel's own run starts when that has ended. */
  readonly waits: boolean;
}

export interface Runs<Place> {
  /** A page says that it measures. */
  readonly isMeasuring: boolean;
  activityOf(shown: Shown): Activity;
  /** How much of its run is done, 0 to 1; 0 where it does not run. */
  fractionOf(shown: Shown): number;
  /** What `at` is to be told of the other panels. */
  elsewhere(at: Place): Elsewhere;
  /** Gives what to start now: `shown`, or null where it has to wait or runs already. Only the last who asks waits. */
  request(shown: Shown, at: Place): Start<Place> | null;
  /** The page of `at` says that it measures `shown`, or (null) nothing any more. Gives what to start now. */
  report(at: Place, shown: Shown | null): Start<Place> | null;
  /** The page says how much of its run is done. */
  progress(shown: Shown, fraction: number): void;
  /** `shown` was started a while ago: if the page has not taken it up, it is dropped. Gives what to start now. */
  expire(shown: Shown): Start<Place> | null;
  /** The panel is gone, with what it measured and what it waited for. Gives what to start now. */
  leave(at: Place): Start<Place> | null;
  /** Takes back `shown` where it waits; false where it does not. */
  withdraw(shown: Shown): boolean;
  /** Takes back what waits and what the page has not taken up. */
  cancel(): void;
  /** Called with the documents whose activity changed. */
  onChange: (documents: readonly string[]) => void;
}

export const isSame = (a: Shown | null, b: Shown | null): boolean =>
  a === b || (a !== null && b !== null && a.document === b.document && a.variant === b.variant);

interface Current<Place> extends Start<Place> {
  readonly taken: boolean;
  readonly fraction: number;
}

export function createRuns<Place>(): Runs<Place> {
  let current: Current<Place> | null = null;
  let next: Start<Place> | null = null;

  const change = (now: Current<Place> | null, then: Start<Place> | null): void => {
    const touched = [current, next, now, then].flatMap((each) => (each === null ? [] : [each.shown.document]));
    current = now;
    next = then;
    runs.onChange([...new Set(touched)]);
  };
  const begun = (start: Start<Place>): Current<Place> => ({ ...start, taken: false, fraction: 0 });
  const startNext = (): Start<Place> | null => {
    const start = next;
    change(start === null ? null : begun(start), null);
    return start;
  };

  const runs: Runs<Place> = {
    get isMeasuring() {
      return current?.taken === true;
    },
    onChange: () => undefined,
    activityOf: (shown) => (isSame(current?.shown ?? null, shown) ? "running" : isSame(next?.shown ?? null, shown) ? "waiting" : "idle"),
    fractionOf: (shown) => (current !== null && isSame(current.shown, shown) ? current.fraction : 0),
    elsewhere: (at) => ({
      variant: current === null || current.at === at ? null : (current.shown.variant ?? ""),
      waits: next !== null && next.at === at,
    }),
    request(shown, at) {
      if (current === null) {
        change(begun({ shown, at }), null);
        return { shown, at };
      }
      if (!isSame(current.shown, shown)) change(current, { shown, at });
      return null;
    },
    report(at, shown) {
      if (shown === null) return current?.taken === true && current.at === at ? startNext() : null;
      change({ shown, at, taken: true, fraction: 0 }, next);
      return null;
    },
    progress(shown, fraction) {
      if (current !== null && isSame(current.shown, shown)) change({ ...current, fraction }, next);
    },
    expire(shown) {
      return current !== null && !current.taken && isSame(current.shown, shown) ? startNext() : null;
    },
    leave(at) {
      if (next?.at === at) change(current, null);
      return current?.at === at ? startNext() : null;
    },
    withdraw(shown) {
      if (next === null || !isSame(next.shown, shown)) return false;
      change(current, null);
      return true;
    },
    cancel() {
      change(current?.taken === true ? current : null, null);
    },
  };
  return runs;
}
