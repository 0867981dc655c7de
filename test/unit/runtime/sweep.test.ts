import { describe, expect, test } from "vitest";
import type { BenchResult } from "../../../kernels/runtime/result.ts";
import {
  furtherOf,
  MOST_LOSSES,
  msLeft,
  nextStep,
  planSweep,
  type Sweep,
  type SweepDefinition,
  tally,
  withLoss,
  withPoint,
} from "../../../kernels/runtime/sweep.ts";
import { type Measured, runSweep, type SweepEnd, type SweepHands } from "../../../kernels/runtime/sweepRun.ts";
import { resultOf } from "../extension/samples.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** 30 points of two kernels: 60 measurements. */
const SIXTY: SweepDefinition = {
  id: "s1",
  document: "file:///masks.py",
  variant: "causal",
  key: "k",
  axes: [
    { kind: "size", name: "S", values: range(10).map((i) => 128 * i) },
    { kind: "size", name: "D", values: [32, 64, 128] },
  ],
  kernels: ["quad", "materialized"],
  settings: { samples: 9, budgetMs: 3000 },
  base: { bindings: {}, problem: {}, defaults: {} },
  startedAt: 1,
};
const one = (values: readonly number[]): Sweep =>
  planSweep({ ...SIXTY, axes: [{ kind: "size", name: "S", values }], kernels: ["quad", "materialized"] });
const done = (tookMs = 100) => ({ state: "done", tookMs, missing: [] }) as const;

/** What the host keeps of a sweep: its last state and the results, as JSON keeps them; and a machine that measures. */
function bench(sweep: Sweep) {
  let text = JSON.stringify(sweep);
  const results: BenchResult[] = [];
  const kept = (): { sweep: Sweep; results: readonly BenchResult[] } => ({ sweep: JSON.parse(text), results });
  const measured: number[] = [];
  let clock = 0;
  const hands: SweepHands = {
    async measure(point): Promise<Measured> {
      measured.push(point);
      clock += 100;
      const both = (["quad", "materialized"] as const).map((engine) => resultOf({ engine, medianMs: point + 1 }));
      return { kind: "measured", results: both, missing: [] };
    },
    ready: async () => undefined,
    resultsOf: (point) => results.filter((r) => r.sweep?.point === point),
    keep(next, fresh) {
      text = JSON.stringify(next);
      results.push(...fresh);
    },
    now: () => clock,
  };
  return {
    kept,
    measured,
    /** Runs what is kept on, with other hands in places. */
    run: (change: Partial<SweepHands> = {}, signal = new AbortController().signal, device = "nvidia h200"): Promise<SweepEnd> =>
      runSweep(kept().sweep, device, { ...hands, ...change }, signal),
    hands,
  };
}

/** Every point of 30 measured once and in order, the first again at the end, 60 results kept. */
function expectWhole({ kept, measured }: ReturnType<typeof bench>, again: readonly number[] = []): void {
  const { sweep, results } = kept();
  expect(nextStep(sweep)).toEqual({ kind: "finished" });
  expect(tally(sweep)).toEqual({ done: 30, failed: 0, left: 0, measurements: 60, of: 60 });
  expect(results.map((r) => `${r.sweep?.id} ${r.sweep?.point} ${r.engine}`)).toEqual(
    range(30).flatMap((i) => [`s1 ${i - 1} quad`, `s1 ${i - 1} materialized`]),
  );
  expect(measured.toSorted((a, b) => a - b)).toEqual([...range(30).map((i) => i - 1), 0, ...again].toSorted((a, b) => a - b));
  expect(sweep.drift?.kernels.map((k) => k.engine)).toEqual(["quad", "materialized"]);
}

const STEPS = range(31).map((i) => i - 1);

describe("a sweep of 60 measurements", () => {
  test("measures every point once, in the table's order, and the first again", async () => {
    const b = bench(planSweep(SIXTY));
    expect(await b.run()).toEqual({ kind: "finished" });
    expectWhole(b);
    expect(b.kept().sweep.points.map((p) => p.at.join(" "))[4]).toBe("256 64");
  });

  test.each(STEPS)("cancelled during step %i, it is whole after it was resumed", async (at) => {
    const b = bench(planSweep(SIXTY));
    const cancel = new AbortController();
    const end = await b.run(
      {
        measure: async (point, signal) => {
          if (b.measured.length < at) return b.hands.measure(point, signal);
          cancel.abort();
          return { kind: "disturbed" };
        },
      },
      cancel.signal,
    );
    expect(end).toEqual({ kind: "cancelled" });
    expect(tally(b.kept().sweep).measurements).toBe(Math.min(60, 2 * at));
    expect(await b.run()).toEqual({ kind: "finished" });
    expectWhole(b);
  });

  test.each(STEPS)("cancelled just when step %i was measured, it keeps that one too", async (at) => {
    const b = bench(planSweep(SIXTY));
    const cancel = new AbortController();
    const measure: SweepHands["measure"] = (point, signal) => {
      if (b.measured.length === at) cancel.abort();
      return b.hands.measure(point, signal);
    };
    await b.run({ measure }, cancel.signal);
    expect(tally(b.kept().sweep).measurements).toBe(Math.min(60, 2 * (at + 1)));
    await b.run();
    expectWhole(b);
  });

  test.each(STEPS)("reloaded before step %i was kept, it measures that step alone again", async (at) => {
    const b = bench(planSweep(SIXTY));
    let kept = 0;
    const gone = new Error("the page is gone");
    const keep: SweepHands["keep"] = (sweep, results) => {
      if (kept === at) throw gone;
      kept++;
      b.hands.keep(sweep, results);
    };
    await expect(b.run({ keep })).rejects.toBe(gone);
    const lost = b.measured.at(-1) ?? -1;
    expect(await b.run()).toEqual({ kind: "finished" });
    expectWhole(b, [lost]);
  });

  test.each(STEPS)("with the device lost at step %i, it is whole after it was resumed", async (at) => {
    const b = bench(planSweep(SIXTY));
    const measure: SweepHands["measure"] = async (point, signal) =>
      b.measured.length === at ? { kind: "lost", message: "The GPU device was lost." } : b.hands.measure(point, signal);
    expect(await b.run({ measure })).toEqual({ kind: "lost", message: "The GPU device was lost." });
    expect(tally(b.kept().sweep).measurements).toBe(Math.min(60, 2 * at));
    expect(await b.run()).toEqual({ kind: "finished" });
    expectWhole(b);
  });

  test.each(STEPS)("hidden during step %i, it waits and measures that step when it is shown", async (at) => {
    const b = bench(planSweep(SIXTY));
    let hidden = 0;
    let waits = 0;
    const end = await b.run({
      measure: async (point, signal) => {
        if (b.measured.length === at && hidden++ === 0) return { kind: "disturbed" };
        return b.hands.measure(point, signal);
      },
      ready: async () => {
        waits++;
      },
    });
    expect(end).toEqual({ kind: "finished" });
    expect(waits).toBe(32);
    expectWhole(b);
  });
});

describe("the steps of a sweep", () => {
  test("a point that failed is passed over, with its reason", async () => {
    const b = bench(one([256, 512, 1024]));
    const measure: SweepHands["measure"] = async (point, signal) =>
      point === 1 ? { kind: "failed", reason: "no kernel fits" } : b.hands.measure(point, signal);
    expect(await b.run({ measure })).toEqual({ kind: "finished" });
    expect(b.kept().sweep.points[1]?.state).toEqual({ state: "failed", reason: "no kernel fits" });
    expect(tally(b.kept().sweep)).toEqual({ done: 2, failed: 1, left: 0, measurements: 6, of: 6 });
  });

  test("a point that kills the device is given up, and the next is gone on with", async () => {
    const b = bench(one([256, 512, 1024]));
    const measure: SweepHands["measure"] = async (point, signal) =>
      point === 1 ? { kind: "lost", message: "lost" } : b.hands.measure(point, signal);
    for (let i = 0; i < MOST_LOSSES; i++) expect((await b.run({ measure })).kind).toBe("lost");
    expect(b.kept().sweep.points[1]?.state).toMatchObject({ state: "failed" });
    expect(await b.run({ measure })).toEqual({ kind: "finished" });
    expect(b.measured).toEqual([0, 2, 0]);
  });

  test("is not gone on with on another device", async () => {
    const b = bench(one([256, 512]));
    const cancel = new AbortController();
    const keep: SweepHands["keep"] = (...step) => {
      b.hands.keep(...step);
      cancel.abort();
    };
    await b.run({ keep }, cancel.signal);
    expect(await b.run({}, undefined, "another")).toEqual({ kind: "stranger", device: "nvidia h200" });
    expect(b.measured).toEqual([0]);
  });

  test("the drift is that of the first point that has times", async () => {
    const b = bench(one([256, 512, 1024]));
    let slow = 1;
    const measure: SweepHands["measure"] = async (point) => {
      if (point === 0) return { kind: "failed", reason: "none" };
      const results = [resultOf({ engine: "quad", medianMs: 2 * slow, interval: [1, 3] })];
      if (point === 2) slow = 1.5;
      return { kind: "measured", results, missing: [] };
    };
    await b.run({ measure });
    const time = (medianMs: number) => ({ medianMs, interval: [1, 3] });
    expect(b.kept().sweep.drift).toEqual({ point: 1, kernels: [{ engine: "quad", before: time(2), after: time(3) }] });
  });

  test("one point alone has no drift", async () => {
    const b = bench(one([256]));
    await b.run();
    expect(b.measured).toEqual([0]);
    expect(b.kept().sweep.drift).toBeNull();
  });

  test("a drift that cannot be measured does not keep the sweep from its end", async () => {
    const b = bench(one([256, 512]));
    const measure: SweepHands["measure"] = async (point, signal) =>
      b.measured.length === 2 ? { kind: "failed", reason: "no memory" } : b.hands.measure(point, signal);
    expect(await b.run({ measure })).toEqual({ kind: "finished" });
    expect(b.kept().sweep.drift).toEqual({ point: 0, kernels: [] });
  });

  test("a loss at a point that is done changes nothing", () => {
    const sweep = withPoint(one([256, 512]), 0, done());
    expect(withLoss(sweep, 0)).toBe(sweep);
  });

  test("of two states that were kept the further one counts", () => {
    const fresh = one([256, 512]);
    const on = withPoint(fresh, 0, done());
    expect(furtherOf(fresh, on)).toBe(on);
    expect(furtherOf(on, fresh)).toBe(on);
    expect(furtherOf(on, { ...on, drift: { point: 0, kernels: [] } }).drift).not.toBeNull();
  });
});

describe("the time that is left", () => {
  test("is not known before the first point", () => expect(msLeft(one([256, 512]))).toBeNull());

  test.each([
    ["is that of the points where all take the same, and of the first once more", [100, 100], 100 + 100 + 100],
    // 60 ms each, and 40 ms for 256² elements: 60 + 16 · 40, 60 + 64 · 40, and the first again.
    ["grows with the matrix as the points did", [100, 220], 700 + 2620 + 100],
  ] as const)("%s", (_, [first, second], ms) => {
    const sweep = withPoint(withPoint(one([256, 512, 1024, 2048]), 0, done(first)), 1, done(second));
    expect(msLeft(sweep)).toBeCloseTo(ms);
  });

  test("is none at the end", () => {
    const sweep = withPoint(withPoint(one([256, 512]), 0, done()), 1, done());
    expect(msLeft({ ...sweep, drift: { point: 0, kernels: [] } })).toBe(0);
  });
});
