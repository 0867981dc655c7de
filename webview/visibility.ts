/**
 * Whether the page is seen. A page that is hidden, or lies under another tab or window, is throttled: its timers wait and
 * its frames stop, so what is timed there is not the kernels. Three witnesses: the document itself, the host, which knows
 * the tab, and the frames that a page that is seen is given.
 */

export interface Visibility {
  /** What the host says of the tab. */
  setTab(visible: boolean): void;
  /** Whether document and host take it for shown. */
  isShown(): boolean;
  /** Calls `listener` when the page goes out of sight; gives the way to stop. */
  onHide(listener: () => void): () => void;
  /** Resolves when the page is shown and is given frames, or `signal` is aborted; `onWait` is called first where it is not so. */
  whenSeen(signal: AbortSignal, onWait: () => void): Promise<void>;
}

/** A page that is seen has a frame within this time, however busy it is. */
const FRAME_MS = 1000;

/** What of the page it looks at. */
export interface SeenPage {
  readonly isVisible: () => boolean;
  readonly onVisibility: (listener: () => void) => void;
  readonly nextFrame: (callback: () => void) => void;
}

const PAGE: SeenPage = {
  isVisible: () => document.visibilityState === "visible",
  onVisibility: (listener) => document.addEventListener("visibilitychange", listener),
  nextFrame: (callback) => requestAnimationFrame(callback),
};

export function watchVisibility(page: SeenPage = PAGE): Visibility {
  let isTabInFront = true;
  const listeners = new Set<() => void>();
  const isShown = (): boolean => isTabInFront && page.isVisible();
  const changed = (): void => {
    for (const listener of [...listeners]) listener();
  };
  page.onVisibility(changed);

  const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((done) => {
      const end = (): void => {
        clearTimeout(timer);
        listeners.delete(end);
        signal.removeEventListener("abort", end);
        done();
      };
      const timer = setTimeout(end, ms);
      // A change ends the wait: somebody may have brought the page back.
      listeners.add(end);
      signal.addEventListener("abort", end);
    });
  /** Two frames within the time: the first may have been under way when the page was covered. */
  const hasFrames = async (signal: AbortSignal): Promise<boolean> => {
    let seen = false;
    const frames = new Promise<void>((done) => {
      page.nextFrame(() =>
        page.nextFrame(() => {
          seen = true;
          done();
        }),
      );
    });
    await Promise.race([frames, sleep(FRAME_MS, signal)]);
    return seen;
  };

  return {
    setTab(visible) {
      if (visible === isTabInFront) return;
      isTabInFront = visible;
      changed();
    },
    isShown,
    onHide(listener) {
      const check = (): void => {
        if (!isShown()) listener();
      };
      listeners.add(check);
      return () => listeners.delete(check);
    },
    async whenSeen(signal, onWait) {
      let isFirst = true;
      while (!signal.aborted) {
        if (isShown() && (await hasFrames(signal)) && isShown()) return;
        if (signal.aborted) return;
        if (isFirst) onWait();
        isFirst = false;
        if (!isShown()) await sleep(FRAME_MS, signal);
      }
    },
  };
}
