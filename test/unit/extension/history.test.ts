import { describe, expect, test } from "vitest";
import { createHistory, type Folder } from "../../../extension/history.ts";
import { type Line, mergeLines, printLines, readLines, rememberedIn } from "../../../extension/historyFile.ts";
import { stateFolder } from "../../../extension/historyMemento.ts";
import type { BenchResult } from "../../../kernels/runtime/result.ts";
import { planSweep, type Sweep, withPoint } from "../../../kernels/runtime/sweep.ts";
import { resultOf } from "./samples.ts";

const DAY = 24 * 3600 * 1000;
const A = "file:///a.py";

/** A folder that all windows share, and a clock. */
function createDisk() {
  const files = new Map<string, { text: string; writtenAt: number }>();
  let time = 1_000_000;
  let isFull = false;
  const folder: Folder = {
    bounds: { results: 3000, sweeps: 100 },
    list: async () => [...files].map(([name, { writtenAt }]) => ({ name, writtenAt })),
    read: async (name) => {
      const file = files.get(name);
      if (file === undefined) throw new Error("no such file");
      return file.text;
    },
    write: async (name, text) => {
      if (isFull) throw new Error("the disk is full");
      files.set(name, { text, writtenAt: time });
    },
    remove: async (name) => {
      files.delete(name);
    },
  };
  const warnings: string[] = [];
  let windows = 0;
  return {
    files,
    folder,
    now: () => time,
    warnings,
    pass: (ms: number) => {
      time += ms;
    },
    fill: (full: boolean) => {
      isFull = full;
    },
    /** A window, new or reloaded. */
    async open(place = folder) {
      const history = createHistory({ folder: place, now: () => time, file: `w${windows++}`, warn: (text) => warnings.push(text) });
      await history.load();
      return history;
    },
  };
}

const medians = (results: readonly BenchResult[]): number[] => results.map((r) => r.medianMs);
const at = (measuredAt: number, change: Partial<BenchResult> = {}): BenchResult =>
  resultOf({ measuredAt, medianMs: measuredAt, ...change });

const fresh: Sweep = planSweep({
  id: "s1",
  document: A,
  variant: "causal",
  key: "k",
  axes: [{ kind: "size", name: "S", values: [256, 512] }],
  kernels: ["quad"],
  settings: { samples: 9, budgetMs: 3000 },
  base: { bindings: {}, problem: {}, defaults: {} },
  startedAt: 1,
});
const begun = withPoint(fresh, 0, { state: "done", tookMs: 5, missing: [] });
const ofSweep = (measuredAt: number): BenchResult => at(measuredAt, { sweep: { id: "s1", point: 0 } });

describe("the history of a workspace", () => {
  test("outlives a reload, oldest first, every measurement of a row", async () => {
    const disk = createDisk();
    const first = await disk.open();
    first.put(A, [at(2), at(1)]);
    await first.written();
    const second = await disk.open();
    expect(second.of(A).results).toEqual([at(1), at(2)]);
    expect(second.of("file:///b.py").results).toEqual([]);
  });

  test("forgets a kernel's measurements on a device, over a reload, and no other's; a sweep keeps its own", async () => {
    const disk = createDisk();
    const history = await disk.open();
    const elsewhere = at(3, { device: { name: "another", software: false } });
    history.put(A, [at(1), at(2), elsewhere, at(4, { engine: "row" }), at(5, { variant: "other" })]);
    history.putSweep(begun, [ofSweep(6)]);
    history.forgetRows(A, [at(2)]);
    await history.written();
    const kept = [3, 4, 5, 6];
    expect(medians(history.of(A).results)).toEqual(kept);
    expect(medians((await disk.open()).of(A).results)).toEqual(kept);
    history.put(A, [at(7)]);
    expect(medians(history.of(A).results)).toEqual([...kept, 7]);
  });

  test("two windows lose nothing of each other, whoever writes last", async () => {
    const disk = createDisk();
    const [left, right] = [await disk.open(), await disk.open()];
    left.put(A, [at(1)]);
    right.put(A, [at(2)]);
    left.put(A, [at(3)]);
    await Promise.all([left.written(), right.written()]);
    expect(medians((await disk.open()).of(A).results)).toEqual([1, 2, 3]);
    await right.load();
    expect(medians(right.of(A).results)).toEqual([1, 2, 3]);
  });

  test("a window that looks again is told which documents another has changed", async () => {
    const disk = createDisk();
    const [left, right] = [await disk.open(), await disk.open()];
    const told: string[] = [];
    right.onChange((documents) => told.push(...documents));
    left.put(A, [at(1)]);
    await left.written();
    await right.load();
    await right.load();
    expect(told).toEqual([A]);
  });

  test("the file of a window that is long gone is taken over, and nothing of it is lost or doubled", async () => {
    const disk = createDisk();
    const old = await disk.open();
    old.put(A, [at(1)]);
    await old.written();
    disk.pass(DAY + 1);
    const next = await disk.open();
    await next.written();
    expect([...disk.files.keys()]).toEqual(["w1.jsonl"]);
    // It was not gone after all.
    old.put(A, [at(2)]);
    await old.written();
    expect(medians((await disk.open()).of(A).results)).toEqual([1, 2]);
  });

  test("nothing is removed before it is written elsewhere", async () => {
    const disk = createDisk();
    const old = await disk.open();
    old.put(A, [at(1)]);
    await old.written();
    disk.pass(DAY + 1);
    disk.fill(true);
    await disk.open();
    expect([...disk.files.keys()]).toEqual(["w0.jsonl"]);
  });

  test("what could not be written is written with the next, and said", async () => {
    const disk = createDisk();
    const history = await disk.open();
    disk.fill(true);
    history.put(A, [at(1)]);
    await history.written();
    expect(disk.warnings).toEqual([expect.stringContaining("the disk is full")]);
    disk.fill(false);
    history.put(A, [at(2)]);
    await history.written();
    expect(medians((await disk.open()).of(A).results)).toEqual([1, 2]);
  });

  test("damaged lines are left out and said, and the others read", async () => {
    const disk = createDisk();
    const first = await disk.open();
    first.put(A, [at(1), at(2)]);
    await first.written();
    const file = disk.files.get("w0.jsonl");
    const lines = file?.text.split("\n") ?? [];
    disk.files.set("w0.jsonl", { text: [lines[0], lines[1]?.slice(0, 200), lines[2], '{"type":"dance","at":1}'].join("\n"), writtenAt: 1 });
    expect(medians((await disk.open()).of(A).results)).toEqual([2]);
    expect(disk.warnings).toEqual(["w0.jsonl: 2 lines are damaged and left out"]);
  });

  test("the file of another version is left alone", async () => {
    const disk = createDisk();
    disk.files.set("other.jsonl", { text: '{"flexlens":"history","version":9}\n', writtenAt: 1 });
    await disk.open();
    expect(disk.files.has("other.jsonl")).toBe(true);
    expect(disk.warnings).toHaveLength(1);
  });

  test.each([
    ["a document", A, []],
    ["all", undefined, []],
    ["another", "file:///b.py", [1]],
  ])("clearing %s reaches what other windows measured, and what is measured later stays", async (_, document, kept) => {
    const disk = createDisk();
    const [left, right] = [await disk.open(), await disk.open()];
    left.put(A, [at(1)]);
    await left.written();
    disk.pass(1);
    await right.load();
    right.clear(document);
    disk.pass(1);
    right.put(A, [at(5)]);
    await right.written();
    expect(medians(right.of(A).results)).toEqual([...kept, 5]);
    expect(medians((await disk.open()).of(A).results)).toEqual([...kept, 5]);
  });

  test("measurements follow their file, those of other windows too, and a new file of the old name has none", async () => {
    const disk = createDisk();
    const [left, right] = [await disk.open(), await disk.open()];
    left.put("file:///x/a.py", [at(1)]);
    left.putSweep({ ...fresh, document: "file:///x/a.py" }, []);
    await left.written();
    disk.pass(1);
    await right.load();
    const told: string[] = [];
    right.onChange((documents) => told.push(...documents));
    right.rename("file:///x", "file:///x/y");
    right.put("file:///x/a.py", [at(2)]);
    await right.written();
    for (const window of [right, await disk.open()]) {
      expect(medians(window.of("file:///x/y/a.py").results)).toEqual([1]);
      expect(window.of("file:///x/y/a.py").sweeps.map((s) => s.document)).toEqual(["file:///x/y/a.py"]);
      expect(medians(window.of("file:///x/a.py").results)).toEqual([2]);
    }
    expect(told).toContain("file:///x/y/a.py");
  });

  test("keeps the last state of a sweep with its results, and the further one of two", async () => {
    const disk = createDisk();
    const history = await disk.open();
    history.putSweep(fresh, []);
    history.putSweep(begun, [ofSweep(3)]);
    history.putSweep(fresh, []);
    await history.written();
    const { sweeps, results } = (await disk.open()).of(A);
    expect(sweeps).toEqual([begun]);
    expect(results).toEqual([ofSweep(3)]);
  });

  test("a step of a sweep whose file was renamed meanwhile goes with it", async () => {
    const disk = createDisk();
    const history = await disk.open();
    history.putSweep(fresh, []);
    history.rename(A, "file:///b.py");
    history.putSweep(begun, [ofSweep(3)]);
    expect(history.of("file:///b.py")).toEqual({ sweeps: [{ ...begun, document: "file:///b.py" }], results: [ofSweep(3)] });
    expect(history.of(A).results).toEqual([]);
  });

  test("a sweep that is forgotten takes its results with it, and no others", async () => {
    const disk = createDisk();
    const history = await disk.open();
    history.put(A, [at(1)]);
    history.putSweep(begun, [ofSweep(3)]);
    history.forgetSweep(A, "s1");
    await history.written();
    expect((await disk.open()).of(A)).toEqual({ sweeps: [], results: [at(1)] });
  });

  test("a run that is forgotten is gone for all windows, and nothing else is", async () => {
    const disk = createDisk();
    const history = await disk.open();
    history.put(A, [at(1, { run: "r1" }), at(2, { run: "r2" }), at(3)]);
    history.put("file:///b.py", [at(4, { run: "r1" })]);
    expect(medians(history.forgetRun(A, "r1"))).toEqual([1]);
    await history.written();
    const other = await disk.open();
    expect(medians(other.of(A).results)).toEqual([2, 3]);
    expect(medians(other.of("file:///b.py").results)).toEqual([4]);
  });

  test("what was cleared can be imported again", async () => {
    const disk = createDisk();
    const history = await disk.open();
    history.put(A, [at(1, { importedFrom: "x.json" })]);
    history.clear(A);
    history.put(A, [at(1, { importedFrom: "x.json" })]);
    expect(history.of(A).results).toHaveLength(1);
  });
});

describe("the lines of a file", () => {
  const lines: readonly Line[] = [
    { type: "result", at: 1, document: A, result: resultOf() },
    { type: "sweep", at: 2, sweep: begun },
    { type: "renamed", at: 3, from: A, to: "file:///b.py" },
    { type: "cleared", at: 4, document: null, sweep: null },
    { type: "cleared", at: 5, document: A, sweep: null, run: "r1" },
  ];

  test("are read as they were written", () => expect(readLines(printLines(lines))).toEqual({ lines, faults: 0 }));

  test("beyond the bound the oldest measurements are left out, and no more", () => {
    const many = Array.from({ length: 7 }, (_, i): Line => ({ type: "result", at: i, document: A, result: at(i) }));
    const sweeps = ["s1", "s2"].map((id, i): Line => ({ type: "sweep", at: i, sweep: { ...fresh, id } }));
    const kept = rememberedIn(mergeLines([many, sweeps], { results: 5, sweeps: 1 })).get(A);
    expect(medians(kept?.results ?? [])).toEqual([2, 3, 4, 5, 6]);
    expect(kept?.sweeps.map(({ id }) => id)).toEqual(["s2"]);
  });
});

describe("where the workspace is on another machine", () => {
  function createState() {
    const values = new Map<string, unknown>();
    return {
      values,
      keys: () => [...values.keys()],
      get: <T>(key: string) => values.get(key) as T | undefined,
      async update(key: string, value: unknown) {
        if (value === undefined) values.delete(key);
        else values.set(key, value);
      },
    };
  }

  test("measurements are kept with the window: a container that is built anew loses none", async () => {
    const container = createDisk();
    const state = createState();
    const window = stateFolder(state, container.folder, container.now);
    const first = await container.open(window);
    first.put(A, [at(1)]);
    await first.written();
    expect(container.files.size).toBe(0);
    const again = await container.open(window);
    expect(medians(again.of(A).results)).toEqual([1]);
  });

  test("no more is kept than VS Code reads at once when a window opens", async () => {
    const container = createDisk();
    const state = createState();
    const window = await container.open(stateFolder(state, container.folder, container.now));
    window.put(
      A,
      Array.from({ length: 600 }, (_, i) => at(i)),
    );
    await window.written();
    const again = await container.open(stateFolder(state, container.folder, container.now));
    expect(medians(again.of(A).results)).toEqual(Array.from({ length: 500 }, (_, i) => 100 + i));
  });

  test("those that lie there from before are read, and come over when their file is a day old", async () => {
    const container = createDisk();
    const before = await container.open();
    before.put(A, [at(1)]);
    await before.written();
    const state = createState();
    const window = stateFolder(state, container.folder, container.now);
    const first = await container.open(window);
    expect(medians(first.of(A).results)).toEqual([1]);
    expect(container.files.size).toBe(1);
    container.pass(2 * DAY);
    const second = await container.open(window);
    expect(medians(second.of(A).results)).toEqual([1]);
    expect([container.files.size, state.values.size]).toEqual([0, 1]);
    container.pass(2 * DAY);
    expect(medians((await container.open(window)).of(A).results)).toEqual([1]);
    expect([state.values.size, container.warnings]).toEqual([1, []]);
  });
});
