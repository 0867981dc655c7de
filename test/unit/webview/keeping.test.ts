import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { followKeeping } from "../../../webview/keeping.ts";
import { type Derive, INITIAL } from "../../../webview/state.ts";
import { createStore } from "../../../webview/store.ts";
import { showOf } from "../../support/showOf.ts";

/** No text is read: nothing here is about what a mask is. */
const derive: Derive = () => ({
  module: { variants: [], diagnostics: [], calls: [], needs: [], dataNeeds: [] },
  scene: null,
  fault: null,
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function keeper() {
  const store = createStore(INITIAL, derive);
  const kept: { document: string; top: number }[] = [];
  followKeeping(store, {
    setState: (state) => {
      const { show, scroll } = state as { show: { document: string }; scroll: { mask?: number } };
      kept.push({ document: show.document, top: scroll.mask ?? 0 });
    },
  });
  return {
    kept,
    show: (document: string) => store.dispatch({ type: "show", show: showOf("a", { document }) }),
    scrollTo: (top: number) => store.dispatch({ type: "scrolled", part: "mask", top }),
  };
}

it("keeps another document at once: a reload of the window may come next", () => {
  const { kept, show } = keeper();
  show("a.py");
  show("b.py");
  expect(kept.map(({ document }) => document)).toEqual(["a.py", "b.py"]);
});

it("keeps what else changes when it rests", () => {
  const { kept, show, scrollTo } = keeper();
  show("a.py");
  for (const top of [1, 2, 3]) {
    scrollTo(top);
    vi.advanceTimersByTime(100);
  }
  expect(kept).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(kept.slice(1)).toEqual([{ document: "a.py", top: 3 }]);
  vi.advanceTimersByTime(10_000);
  expect(kept).toHaveLength(2);
});

it("keeps what never rests once a second", () => {
  const { kept, show, scrollTo } = keeper();
  show("a.py");
  for (let top = 1; top <= 50; top++) {
    scrollTo(top);
    vi.advanceTimersByTime(100);
  }
  expect(kept.slice(1).map(({ top }) => top)).toEqual([10, 20, 30, 40, 50]);
});
