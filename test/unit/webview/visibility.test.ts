import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { watchVisibility } from "../../../webview/visibility.ts";

/** A page whose frames come as long as it is not covered. */
function createPage() {
  const page = { visible: true, covered: false, change: (): void => undefined };
  const waiting: (() => void)[] = [];
  const frame = (): void => {
    for (const callback of waiting.splice(0)) callback();
  };
  const visibility = watchVisibility({
    isVisible: () => page.visible,
    onVisibility: (listener) => {
      page.change = listener;
    },
    nextFrame: (callback) => {
      waiting.push(callback);
      if (!page.covered) setTimeout(frame, 16);
    },
  });
  const uncover = (): void => {
    page.covered = false;
    frame();
  };
  return { page, visibility, uncover };
}

const NEVER = new AbortController().signal;

describe("whether the page is seen", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Whether it is through within `ms`, and how often it said that it waits. */
  async function wait(visibility: ReturnType<typeof watchVisibility>, signal = NEVER) {
    const state = { isThrough: false, waits: 0 };
    void visibility
      .whenSeen(signal, () => {
        state.waits++;
      })
      .then(() => {
        state.isThrough = true;
      });
    return state;
  }

  test("a page that is shown and has frames is not waited for", async () => {
    const { visibility } = createPage();
    const state = await wait(visibility);
    await vi.advanceTimersByTimeAsync(100);
    expect(state).toEqual({ isThrough: true, waits: 0 });
  });

  test.each(["hidden", "behind another tab"])("a page that is %s is waited for, and said once", async (how) => {
    const { page, visibility } = createPage();
    const set = (shown: boolean): void => {
      if (how === "hidden") {
        page.visible = shown;
        page.change();
      } else visibility.setTab(shown);
    };
    set(false);
    expect(visibility.isShown()).toBe(false);
    const state = await wait(visibility);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state).toEqual({ isThrough: false, waits: 1 });
    set(true);
    await vi.advanceTimersByTimeAsync(100);
    expect(state.isThrough).toBe(true);
  });

  test("a page that is covered, though nobody says so, has no frames and is waited for", async () => {
    const { page, visibility, uncover } = createPage();
    page.covered = true;
    const state = await wait(visibility);
    await vi.advanceTimersByTimeAsync(5000);
    expect(state).toEqual({ isThrough: false, waits: 1 });
    uncover();
    await vi.advanceTimersByTimeAsync(2500);
    expect(state.isThrough).toBe(true);
  });

  test("a wait ends at once when it is cancelled", async () => {
    const { visibility } = createPage();
    visibility.setTab(false);
    const cancel = new AbortController();
    const state = await wait(visibility, cancel.signal);
    await vi.advanceTimersByTimeAsync(100);
    cancel.abort();
    await vi.advanceTimersByTimeAsync(1);
    expect(state.isThrough).toBe(true);
  });

  test("who listens hears of it going, not of it coming, until he stops", () => {
    const { page, visibility } = createPage();
    const heard = vi.fn();
    const stop = visibility.onHide(heard);
    visibility.setTab(false);
    visibility.setTab(true);
    expect(heard).toHaveBeenCalledTimes(1);
    page.visible = false;
    page.change();
    expect(heard).toHaveBeenCalledTimes(2);
    stop();
    visibility.setTab(false);
    expect(heard).toHaveBeenCalledTimes(2);
  });
});
