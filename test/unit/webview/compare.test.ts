/** Comparing without a page: what the state asks for, what happened to a file's mods, and what comes of it in words. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { followCompare } from "../../../webview/compares.ts";
import type { Comparison } from "../../../webview/comparison.ts";
import { derive } from "../../../webview/derive.ts";
import { otherScene } from "../../../webview/mask/compareHook.ts";
import { onePlane, statusText } from "../../../webview/mask/compareText.ts";
import { changesText, counterpart, modChanges } from "../../../webview/mask/editDiff.ts";
import { inSight, planeAt, planesOf, sliceAfter, sliceOf } from "../../../webview/mask/headGrid.ts";
import { type CompareWith, type Past, PROTOCOL_VERSION, type Show } from "../../../webview/protocol.ts";
import { reduce } from "../../../webview/reduce.ts";
import { restore, save } from "../../../webview/saved.ts";
import { INITIAL } from "../../../webview/state.ts";
import { createStore } from "../../../webview/store.ts";
import { runJob } from "../../../webview/work/jobs.ts";
import type { OffThread } from "../../../webview/work/offThread.ts";
import { showOf } from "../../support/showOf.ts";

const FILE = "file:///m.py";
const window = (n: number, name = "near"): string =>
  `def ${name}(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < ${n})\n\n`;
const HEAD = "# flexlens: Q_LEN=64, BLOCK_SIZE=16, H=4\n\n";
const cells = (n: number, length = 64): number => n * length - (n * (n - 1)) / 2;

const show = (text: string, changes?: Partial<Show>): Show => showOf(text, { document: FILE, ...changes });

/** A panel without a page. `atOnceMs` below 0: everything goes to the worker, which answers when it is told to. */
function panel(text: string, atOnceMs = 10_000) {
  const store = createStore(INITIAL, derive);
  const jobs: { run(): void; fail(message: string): void; stopped: boolean }[] = [];
  const said: string[] = [];
  const offThread: OffThread = (job, input, done) => {
    const entry = {
      run: () => done({ ok: true, value: structuredClone(runJob(job, structuredClone(input))) }),
      fail: (message: string) => done({ ok: false, message }),
      stopped: false,
    };
    jobs.push(entry);
    return () => {
      entry.stopped = true;
    };
  };
  followCompare(store, offThread, (line) => said.push(line), atOnceMs);
  const edit = (next: string, changes?: Partial<Show>): void => store.dispatch({ type: "show", show: show(next, changes) });
  const compare = (other: CompareWith | null): void => store.dispatch({ type: "compare", document: FILE, with: other });
  const past = (which: Past, then: string | null, fault: string | null = null): void =>
    store.dispatch({
      type: "past",
      text: { type: "past", document: FILE, past: which, sources: then === null ? null : [{ file: FILE, text: then }], fault },
    });
  const comparison = (): Comparison => {
    const found = store.get().comparison;
    if (found === null) throw new Error("nothing is compared");
    return found;
  };
  const counts = (): number[] | null => {
    const { found } = comparison();
    if (found === null) return null;
    const { onlyA, onlyB, both } = onePlane(found.difference).counts;
    return [onlyA, onlyB, both];
  };
  edit(text);
  return { store, jobs, said, edit, compare, past, comparison, counts };
}

describe("comparing two mods of a text", () => {
  it("counts what only one of them allows, a plane that all heads share once", () => {
    const { compare, counts, comparison, store } = panel(HEAD + window(8) + window(20, "far"));
    compare({ kind: "variant", name: "far" });
    expect(counts()).toEqual([0, cells(20) - cells(8), cells(8)]);
    expect(comparison().found?.difference.onlyB.cells).toBe(4 * (cells(20) - cells(8)));
    expect(comparison().found?.difference.onlyB.first).toEqual({ b: 0, h: 0, qIdx: 8, kvIdx: 0 });
    expect(statusText({ kind: "variant", name: "far" }, comparison())).toMatch(/^0 cells only in near, \d+ cells only in far$/);
    const { scene } = store.get();
    const { sides, found } = comparison();
    if (scene === null || sides === null || found === null) throw new Error("nothing found");
    const other = otherScene(scene, sides, found);
    expect(other.variant.name).toBe("far");
    expect(other.sparsity.elements).toBeCloseTo(1 - cells(20) / 64 ** 2, 12);
    expect(other.key).not.toBe(scene.key);
  });

  it("lowers the other one again at the sizes shown, and says that its own are others", () => {
    const sized = "# flexlens: Q_LEN=32, H=2, reach=torch.arange(H)\ndef other(b, h, q_idx, kv_idx):\n    return kv_idx < reach[h]\n";
    const { compare, comparison } = panel(`${window(8)}\n\n${sized}`);
    compare({ kind: "variant", name: "other" });
    expect(comparison().sides?.size).toMatchObject({ heads: 8, qLen: 1024 });
    expect(comparison().sides?.notes.join()).toMatch(/H 2, Q_LEN 32/);
    // Head h allows the keys below h, which those from 2 on could not by a tensor of two. Of each key 8 rows are near.
    expect(comparison().found?.difference.onlyB.cells).toBe((1024 - 8) * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7));
    expect(comparison().found?.difference.onlyB.first).toEqual({ b: 0, h: 1, qIdx: 8, kvIdx: 0 });
  });

  it("says that a mod is gone, and that scores are not compared", () => {
    const score = "def bias(score, b, h, q_idx, kv_idx):\n    return score + kv_idx\n";
    const { compare, comparison, edit } = panel(HEAD + window(8) + score);
    compare({ kind: "variant", name: "bias" });
    expect(comparison().sides?.notes).toEqual(["Their score_mods are not the same; only masks are compared."]);
    edit(HEAD + window(8));
    expect(comparison().fault).toBe("`bias` is not in the text any more. Choose another mask to compare with.");
  });
});

describe("comparing with a former text", () => {
  it("waits for it, then follows every edit", () => {
    const { compare, past, comparison, counts, edit } = panel(HEAD + window(8));
    compare({ kind: "saved" });
    expect(statusText({ kind: "saved" }, comparison())).toBe("reading the last save…");
    past("saved", HEAD + window(12));
    expect(counts()).toEqual([cells(12) - cells(8), 0, cells(8)]);
    edit(HEAD + window(16));
    expect(counts()).toEqual([0, cells(16) - cells(12), cells(12)]);
    edit(`${HEAD + window(12)}# a comment\n`);
    expect(statusText({ kind: "saved" }, comparison())).toBe("The mask is the same as in the last save.");
    compare(null);
    expect(() => comparison()).toThrow("nothing is compared");
  });

  it("does not take another former text, or another document's, for it", () => {
    const { compare, past, comparison, edit, store } = panel(HEAD + window(8));
    compare({ kind: "head" });
    past("saved", HEAD + window(12));
    expect(comparison().sides).toBeNull();
    past("head", null, "`m.py` is not in git's HEAD.");
    expect(statusText({ kind: "head" }, comparison())).toBe("`m.py` is not in git's HEAD.");
    edit(HEAD + window(8), { document: "file:///other.py", sources: [{ file: "file:///other.py", text: HEAD + window(8) }] });
    expect(store.get().compare).toBeNull();
    expect(store.get().comparison).toBeNull();
  });

  it("says that a mod is new, and what became of the others", () => {
    const { compare, past, comparison } = panel(HEAD + window(8) + window(4, "tight"));
    compare({ kind: "saved" });
    past("saved", HEAD + window(4, "slim") + window(30, "gone") + window(31, "lost"));
    expect(comparison().fault).toBe("`near` is not in the last save: it is new, and has nothing to be compared with.");
    expect(comparison().changes).toEqual({
      added: ["near"],
      removed: ["gone", "lost"],
      renamed: [{ from: "slim", to: "tight" }],
      changed: [],
    });
  });

  it("says so where the former text has an error", () => {
    const { compare, past, comparison } = panel(HEAD + window(8));
    compare({ kind: "saved" });
    past("saved", "def near(b, h, q_idx, kv_idx):\n    return missing(q_idx)\n");
    expect(comparison().fault).toMatch(/^`near` is not in the last save: that text has an error: .*missing.*\.$/);
  });

  it("takes the place of reasons and scores, which are pictures of their own", () => {
    const { store, compare } = panel(HEAD + window(8));
    store.dispatch({ type: "layers", change: { shown: "why" } });
    compare({ kind: "saved" });
    expect(store.get().layers.shown).toBe("state");
  });

  it("may be asked for before its document is shown, and survives a reload of the page", () => {
    const asked = reduce(INITIAL, { type: "compare", document: FILE, with: { kind: "head" } }, derive);
    const shown = reduce(asked, { type: "show", show: show(HEAD + window(8)) }, derive);
    expect(shown.compare).toEqual({ document: FILE, with: { kind: "head" } });
    const kept: unknown = JSON.parse(JSON.stringify(save(shown, PROTOCOL_VERSION)));
    expect(restore(kept, PROTOCOL_VERSION, derive).compare).toEqual(shown.compare);
  });
});

describe("comparing what takes long", () => {
  it("goes to a worker, and the newest edit wins", () => {
    const { jobs, compare, past, counts, comparison, edit } = panel(HEAD + window(8), -1);
    compare({ kind: "saved" });
    past("saved", HEAD + window(12));
    expect(statusText({ kind: "saved" }, comparison())).toBe("comparing…");
    edit(HEAD + window(9));
    expect(jobs.map((j) => j.stopped)).toEqual([true, false]);
    jobs[1]?.run();
    expect(counts()).toEqual([cells(12) - cells(9), 0, cells(9)]);
    expect(comparison().found?.difference.onlyA.first).toEqual({ b: 0, h: 0, qIdx: 9, kvIdx: 0 });
    // What was found stays in sight, marked, until the next is there.
    edit(HEAD + window(10));
    expect([counts(), comparison().stale]).toEqual([[cells(12) - cells(9), 0, cells(9)], true]);
    jobs[2]?.run();
    expect([counts(), comparison().stale]).toEqual([[cells(12) - cells(10), 0, cells(10)], false]);
    // The same masks in another text ask for nothing new.
    edit(`${HEAD + window(10)}# a comment\n`);
    expect(jobs).toHaveLength(3);
  });

  it("says what went wrong", () => {
    const { jobs, compare, past, comparison, said } = panel(HEAD + window(8), -1);
    compare({ kind: "saved" });
    past("saved", HEAD + window(12));
    jobs[0]?.fail("no memory");
    expect(comparison().fault).toBe("The two masks could not be compared (no memory). Take shorter lengths.");
    expect(said).toHaveLength(1);
  });
});

describe("what an edit did to the mods", () => {
  const lower = (text: string) => lowerModule([{ file: FILE, text }]);

  it("is told by name, and by what they compute where a name went and another came", () => {
    const past = lower(window(4, "a") + window(5, "b") + window(6, "c"));
    const now = lower(window(4, "a") + window(50, "b") + window(6, "d") + window(7, "e"));
    const changes = modChanges(past, now);
    expect(changes).toEqual({ added: ["e"], removed: [], renamed: [{ from: "c", to: "d" }], changed: ["b"] });
    expect(changesText(changes, "HEAD")).toEqual(["`c` is called `d` now.", "Not in HEAD: `e`.", "Changed: `b`."]);
    expect([counterpart(past, changes, "b"), counterpart(past, changes, "d")].map((c) => [c?.variant.name, c?.by])).toEqual([
      ["b", "name"],
      ["c", "renamed"],
    ]);
    expect(counterpart(past, changes, "e")).toBeNull();
  });

  it("takes the one that went for the one that came where there is no other, and says that it guesses", () => {
    const [past, now] = [lower(window(4, "a") + window(5, "b")), lower(window(4, "a") + window(9, "z"))];
    const changes = modChanges(past, now);
    expect(counterpart(past, changes, "z")).toMatchObject({ variant: { name: "b" }, by: "replaced" });
    expect(changesText(changes, "the last save")).toEqual(["Not in the last save: `z`.", "In the last save alone: `b`."]);
  });

  it("is nothing where only comments changed", () => {
    const changes = modChanges(lower(window(4)), lower(`# new\n${window(4)}`));
    expect(changesText(changes, "HEAD")).toEqual([]);
  });
});

describe("the grid of heads", () => {
  it("has a place for every plane that is stored apart", () => {
    expect(planesOf([{ batch: 1, heads: 1 }])).toEqual({ batches: 1, heads: 1 });
    expect(
      planesOf([
        { batch: 2, heads: 1 },
        { batch: 1, heads: 6 },
      ]),
    ).toEqual({ batches: 2, heads: 6 });
    expect([0, 5, 6, 11].map((i) => planeAt(i, 6))).toEqual([
      { b: 0, h: 0 },
      { b: 0, h: 5 },
      { b: 1, h: 0 },
      { b: 1, h: 5 },
    ]);
  });

  it("draws what is in sight, however many heads there are", () => {
    expect(inSight(12, 8, 100, 0, 200)).toEqual({ first: 0, end: 12 });
    const { first, end } = inSight(100_000, 8, 100, 50_000, 300);
    expect(end - first).toBeLessThanOrEqual(6 * 8);
    expect([first <= 500 * 8, end >= 503 * 8]).toEqual([true, true]);
    expect(inSight(10, 8, 100, 5000, 300)).toEqual({ first: 10, end: 10 });
  });
});

describe("the field of a batch or head", () => {
  it.each([
    ["3", 8, 3],
    [" 12 ", 8, 7],
    ["", 8, null],
    ["-1", 8, null],
    ["2.5", 8, null],
    ["h", 8, null],
  ])("reads `%s` of %d as %s", (text, count, want) => expect(sliceOf(text, count)).toBe(want));

  it.each([
    ["ArrowUp", 3, 4],
    ["ArrowUp", 7, 7],
    ["ArrowDown", 0, 0],
    ["Home", 5, 0],
    ["End", 5, 7],
    ["PageDown", 5, 0],
    ["a", 5, null],
  ])("goes by %s from %d to %s", (key, value, want) => expect(sliceAfter(key, value, 8)).toBe(want));
});

it("the four colours of a difference are told apart by lightness alone, in every theme", () => {
  const css = readFileSync(new URL("../../../webview/palette.css", import.meta.url), "utf8");
  const tokens = (name: string): number[] =>
    [...css.matchAll(new RegExp(`--fx-${name}: #(..)(..)(..);`, "g"))].map(([, ...hex]) =>
      luminance(hex.map((x) => Number.parseInt(x, 16))),
    );
  const grounds = [
    [0x1f, 0x1f, 0x1f],
    [0xff, 0xff, 0xff],
    [0, 0, 0],
    [0xff, 0xff, 0xff],
  ].map(luminance);
  const [neg = [], zero = [], pos = []] = ["neg", "zero", "pos"].map(tokens);
  expect([neg.length, zero.length, pos.length]).toEqual([4, 4, 4]);
  for (const [i, ground] of grounds.entries()) {
    const levels = [neg[i], zero[i], pos[i], ground].map((x) => x ?? Number.NaN).toSorted((a, b) => a - b);
    for (let k = 1; k < levels.length; k++)
      expect(((levels[k] ?? 0) + 0.05) / ((levels[k - 1] ?? 0) + 0.05), `theme ${i}`).toBeGreaterThan(1.2);
  }
});

/** Relative luminance, as WCAG has it. */
function luminance(rgb: readonly number[]): number {
  const [r = 0, g = 0, b = 0] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
