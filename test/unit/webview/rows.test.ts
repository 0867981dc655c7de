import { describe, expect, it } from "vitest";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import type { BenchResult } from "../../../kernels/runtime/result.ts";
import { rateUnit } from "../../../kernels/runtime/resultText.ts";
import { columnsOf } from "../../../webview/bench/columns.tsx";
import { sortGroups } from "../../../webview/bench/rowOrder.ts";
import {
  checkedText,
  describeProblem,
  groupResults,
  intervalText,
  latestRun,
  type Now,
  shortIntervalText,
  speedUpText,
} from "../../../webview/bench/rows.ts";
import { nextSort, sortedBy } from "../../../webview/bench/sorting.ts";
import { mergeResults } from "../../../webview/reduce.ts";

const problem = fillProblem({ qLen: 1024 });
const passed = { maxAbs: 4e-7, maxRel: 1e-6, bound: "b", passed: true, firstBad: null, rows: 8192, allRows: true };

function result(changes: Partial<BenchResult>): BenchResult {
  return {
    key: "k",
    variant: "causal",
    engine: "quad",
    direction: "forward",
    problem,
    tile: "64 × 4",
    sparsity: { blocks: 0.4375, elements: 0.4995 },
    device: { name: "google swiftshader", software: true },
    clock: "wall",
    samplesMs: [10, 10, 10],
    medianMs: 10,
    interval: [9.9, 10.1],
    baselineMs: 50,
    compileMs: 5,
    denseFlops: 1e9,
    effectiveFlops: 5e8,
    check: passed,
    measuredAt: 1,
    ...changes,
  };
}
const baseline = result({ engine: "materialized", medianMs: 50, interval: [49, 51], baselineMs: null });
const now: Now = new Map([["causal", { key: "k", problem }]]);
const plain = (text: string): string => text.replaceAll("\u202f", " ");
const standing = (changes: Partial<BenchResult>, present: Now = now) => groupResults([result(changes)], present, "causal")[0]?.rows[0];

describe("the standing of a result", () => {
  it.each([
    ["is checked where the numbers were compared and hold", {}, "checked"],
    ["is wrong where they do not, whatever else", { check: { ...passed, passed: false }, key: "other" }, "wrong"],
    ["is stale where the text has changed", { key: "other" }, "stale"],
    ["is stale where the sizes have changed", { problem: fillProblem({ qLen: 512 }) }, "stale"],
    ["is noisy where the interval is wide", { interval: [8, 12] }, "noisy"],
    ["is unchecked without a comparison", { check: null }, "unchecked"],
  ] as const)("%s", (_, changes, expected) => expect(standing(changes)?.standing).toBe(expected));

  it("tells a changed text from changed sizes", () => {
    expect(standing({ key: "other" })?.changed).toBe("text");
    expect(standing({ key: "other", problem: fillProblem({ qLen: 512 }) })?.changed).toBe("sizes");
    expect(standing({}, new Map())?.changed).toBe("text");
    expect(standing({})?.changed).toBeNull();
  });
});

describe("the table", () => {
  it("puts the fused kernel before the baseline, with its speed-up over it", () => {
    const [group] = groupResults([baseline, result({})], now, "causal");
    expect(group?.rows.map((r) => [r.result.engine, r.best, speedUpText(r)])).toEqual([
      ["quad", true, "5.0×"],
      ["materialized", false, "baseline"],
    ]);
  });

  it("gives a wrong result neither speed-up nor the place of the best", () => {
    const wrong = result({ check: { ...passed, passed: false, maxAbs: 0.28, firstBad: [0, 3, 17, 0] }, medianMs: 1 });
    const rows = groupResults([wrong, baseline, result({ engine: "row", medianMs: 20 })], now, "causal")[0]?.rows ?? [];
    expect(rows.map((r) => [r.result.engine, r.best, speedUpText(r)])).toEqual([
      ["quad", false, "–"],
      ["row", true, "2.5×"],
      ["materialized", false, "baseline"],
    ]);
  });

  it("marks the speed-up of a noisy time as rough", () => {
    const row = standing({ interval: [8, 12] });
    expect(row === undefined ? "" : plain(speedUpText(row))).toBe("≈ 5.0×");
  });

  it("gives a time of one sample no interval", () => {
    const once = result({ samplesMs: [10], interval: [10, 10] });
    expect([intervalText(once), shortIntervalText(once)]).toEqual(["one sample", "one sample"]);
  });

  it("says a noisy time's check, and that the time is noisy", () => {
    expect(checkedText(result({ interval: [8, 12] }))).toBe("4.0e−7 · noisy");
    expect(checkedText(result({}))).toBe("4.0e−7");
    expect(checkedText(result({ check: null }))).toBe("not checked");
  });

  it("puts the variant shown first, and what was measured at other sizes into a group of its own", () => {
    const other = result({ variant: "window", measuredAt: 9 });
    const small = result({ problem: fillProblem({ qLen: 512 }), engine: "row", measuredAt: 5 });
    const groups = groupResults([small, other, result({}), baseline], now, "causal");
    expect(groups.map((g) => [g.variant, g.current, g.rows.length])).toEqual([
      ["causal", true, 2],
      ["window", false, 1],
      ["causal", false, 1],
    ]);
  });

  it("puts what did not run with the latest measurements of the present text, in whatever order they stand", () => {
    const there = result({ device: { name: "another", software: false }, measuredAt: 3 });
    const groups = groupResults([result({}), there, result({ variant: "window", measuredAt: 9 })], now, "causal");
    for (const order of [groups, groups.toReversed()]) expect(latestRun(order)?.device).toBe("another");
    // The page tells them apart, though variant, text and sizes are the same.
    expect(new Set(groups.map((g) => g.id)).size).toBe(3);
    expect(latestRun(groupResults([result({ key: "other" })], now, "causal"))).toBeNull();
  });

  it("keeps the later measurement of a row", () => {
    const merged = mergeResults([result({ measuredAt: 5, medianMs: 7 })], [result({ measuredAt: 3 }), baseline]);
    expect(merged.map((r) => [r.engine, r.medianMs])).toEqual([
      ["quad", 7],
      ["materialized", 50],
    ]);
  });

  it.each([
    [[9.9, 10.1], "± 1 %"],
    [[9.96, 10.04], "± 0.4 %"],
    [[7, 11], "7.000…11.00"],
    [[9.9, 10.6], "9.900…10.60"],
  ] as const)("writes the interval %o as %s", (interval, text) => expect(plain(intervalText(result({ interval })))).toBe(text));

  it.each([
    [[9.5, 10.5], "± 5 %"],
    [[6, 12], "± 40 %"],
    [[9.8, 13.3], "± 33 %"],
    [[10, 10], "± 0.1 %"],
  ] as const)("writes the interval %o in a narrow table as %s", (interval, text) =>
    expect(plain(shortIntervalText(result({ interval })))).toBe(text),
  );

  it("names every size that is not as usual", () => {
    expect(plain(describeProblem(problem))).toBe("B 1 · H 8 · S 1 024 · D 64 · block 128");
    expect(plain(describeProblem({ ...problem, scale: 0.1, layout: "BSHD" }))).toBe(
      "B 1 · H 8 · S 1 024 · D 64 · block 128 · scale 0.100 · BSHD",
    );
    expect(plain(describeProblem({ ...problem, storage: "f16" }))).toBe("B 1 · H 8 · S 1 024 · D 64 · block 128 · f16");
    expect(plain(describeProblem(fillProblem({ qLen: 16, kvLen: 4096, qHeads: 8, kvHeads: 2, vHeadDim: 32, blockSize: [16, 128] })))).toBe(
      "B 1 · H 8/2 · Q_LEN 16 · KV_LEN 4 096 · D 64 · DV 32 · block 16 × 128",
    );
  });
});

describe("the table in the order of a column", () => {
  const wrong = result({ engine: "row", medianMs: 1, check: { ...passed, passed: false, maxAbs: 0.28 } });
  const other = (change: Partial<BenchResult>): BenchResult => result({ variant: "window", measuredAt: 9, ...change });
  const groups = groupResults(
    [result({}), baseline, wrong, other({ medianMs: 4 }), other({ engine: "materialized", medianMs: 20, baselineMs: null })],
    now,
    "causal",
  );
  const columns = columnsOf("wide", rateUnit([]), 5);
  const order = (column: string, descending: boolean): string[] =>
    sortGroups(groups, { column, descending }, columns).map((g) => `${g.variant} ${g.rows.map((r) => r.result.medianMs).join(" ")}`);

  it.each([
    ["time", false, ["causal 1 10 50", "window 4 20"]],
    ["time", true, ["causal 50 10 1", "window 20 4"]],
    ["kernel", false, ["causal 50 10 1", "window 20 4"]],
    ["kernel", true, ["window 4 20", "causal 1 10 50"]],
    // A wrong result has no speed-up, and none is last either way.
    ["speedUp", false, ["causal 50 10 1", "window 20 4"]],
    ["speedUp", true, ["window 4 20", "causal 10 50 1"]],
    ["error", true, ["causal 1 10 50", "window 4 20"]],
    ["peak", true, ["causal 10 1 50", "window 4 20"]],
    ["a column of another version", false, ["causal 10 1 50", "window 4 20"]],
  ])("by %s, descending %s: groups and their rows are %j", (column, descending, expected) => {
    expect(order(column, descending)).toEqual(expected);
  });

  it("has a time of one sample last by its interval, as one that has none", () => {
    const once = result({ samplesMs: [1], medianMs: 1, interval: [1, 1], engine: "row" });
    const [first] = sortGroups(groupResults([once, result({})], now, "causal"), { column: "interval", descending: false }, columns);
    expect(first?.rows.map((r) => r.result.medianMs)).toEqual([10, 1]);
  });

  it("is a column's ascending order, then its descending one, then the table's own", () => {
    const first = nextSort(null, "time");
    const second = nextSort(first, "time");
    expect([first, second, nextSort(second, "time")]).toEqual([
      { column: "time", descending: false },
      { column: "time", descending: true },
      null,
    ]);
    expect(nextSort(second, "error")).toEqual({ column: "error", descending: false });
  });

  it("counts numbers in texts", () => {
    expect(sortedBy(["S 1024", "S 512"], (text) => text, false)).toEqual(["S 512", "S 1024"]);
  });
});
