import { describe, expect, it } from "vitest";
import type { BenchResult } from "../../../kernels/runtime/result.ts";
import { pastRuns } from "../../../webview/bench/history.ts";
import { describeProblem } from "../../../webview/bench/rows.ts";
import { hoursText, lastPair, memorySavings, NO_SAVINGS_FORM, parseAmount, timeSavings } from "../../../webview/bench/savings.ts";
import { CHECK, PROBLEM, resultOf } from "../extension/samples.ts";

const plain = (text: string): string => text.replaceAll("\u202f", " ");
const BASELINE = { medianMs: 10, interval: [9, 11] as const };
const OURS = { medianMs: 2.8, interval: [2.7, 2.9] as const };

describe("savings of time", () => {
  it("are of a million steps of one call where nothing is given, and of no money", () => {
    const found = timeSavings(BASELINE, OURS, NO_SAVINGS_FORM);
    expect(found.hours).toBeCloseTo(2, 12);
    expect(found.money).toBeNull();
    expect(found.figures.map((f) => plain(`${f.name}: ${f.value} = ${f.formula}`))).toEqual([
      "GPU hours saved: 2.00 h = (10.00 − 2.800) ms × 1 call a step × 1 000 000 steps ÷ 3.6e6 ms an hour",
    ]);
  });

  it("grow with the user's steps, calls and price, in the user's words", () => {
    const found = timeSavings(BASELINE, OURS, { steps: 500_000, calls: 24, price: 2.5, currency: " EUR " });
    expect(found.hours).toBeCloseTo(24, 12);
    expect(found.money).toBeCloseTo(60, 12);
    expect(plain(found.figures[1]?.value ?? "")).toBe("60.00 EUR");
    expect(plain(found.figures[1]?.formula ?? "")).toBe("24.0 h × 2.5 EUR an hour");
  });

  it("have the interval of the difference", () => {
    const { range } = timeSavings(BASELINE, OURS, NO_SAVINGS_FORM);
    const half = (Math.hypot(1, 0.1) * 1e6) / 3.6e6;
    expect(range[0]).toBeCloseTo(2 - half, 12);
    expect(range[1]).toBeCloseTo(2 + half, 12);
  });

  it("are losses where the baseline is faster", () => {
    const found = timeSavings(OURS, BASELINE, { ...NO_SAVINGS_FORM, price: 1 });
    expect(found.hours).toBeCloseTo(-2, 12);
    expect(found.figures.map((f) => f.name)).toEqual(["GPU hours lost", "Money lost"]);
  });

  it("give no money for a price of nothing but what that is", () => {
    expect(timeSavings(BASELINE, OURS, { ...NO_SAVINGS_FORM, price: 0 }).money).toBe(0);
  });

  it.each([
    [0, "0 h"],
    [4100, "4 100 h"],
    [1.5, "1.50 h"],
    [0.5, "30.0 min"],
    [0.001, "3.60 s"],
  ])("of %d hours are written %s", (hours, want) => expect(plain(hoursText(hours))).toBe(want));
});

describe("what savings are of", () => {
  const run = (id: string, change: Partial<BenchResult> = {}): readonly BenchResult[] => [
    resultOf({ run: id, medianMs: 3, engine: "row", ...change }),
    resultOf({ run: id, medianMs: 2, ...change }),
    resultOf({ run: id, medianMs: 9, engine: "materialized", ...change }),
  ];
  const sizes = describeProblem(PROBLEM);
  const found = (...history: readonly BenchResult[]): readonly (string | undefined)[] | null => {
    const pair = lastPair(pastRuns(history, "causal"), sizes, "now");
    return pair === null ? null : [pair.kernel.run, pair.kernel.engine, pair.baseline.run];
  };

  it("is the fastest kernel of the last run, and the baseline of the same", () => {
    expect(found(...run("a"), ...run("b", { measuredAt: 2_000_000 }))).toEqual(["b", "quad", "b"]);
  });

  it("is no wrong result, no other text, no other sizes, and nothing without a baseline", () => {
    const wrong = { check: { ...CHECK, passed: false } };
    expect(found(...run("a").map((r) => (r.engine === "quad" ? { ...r, ...wrong } : r)))).toEqual(["a", "row", "a"]);
    expect(found(...run("a", { key: "old" }))).toBeNull();
    expect(found(...run("a", { problem: { ...PROBLEM, qLen: 64 } }))).toBeNull();
    expect(found(...run("a").slice(0, 2))).toBeNull();
    expect(found(...run("a"), ...run("b", { measuredAt: 2_000_000 }).slice(0, 2))).toEqual(["a", "quad", "a"]);
  });
});

describe("memory that is not needed", () => {
  it("grows with the square of the length, against one number a row", () => {
    const shape = { batch: 2, heads: 8, qLen: 4096, kvLen: 4096, dtype: "bf16", calls: 1 } as const;
    const found = memorySavings(shape);
    expect(found.weights).toBe(2 * 8 * 4096 * 4096 * 2);
    expect(found.rows).toBe(2 * 8 * 4096 * 4);
    expect(memorySavings({ ...shape, qLen: 8192, kvLen: 8192 }).weights / found.weights).toBe(4);
    expect(memorySavings({ ...shape, qLen: 8192, kvLen: 8192 }).rows / found.rows).toBe(2);
    expect(memorySavings({ ...shape, calls: 24, dtype: "f32" }).weights / found.weights).toBe(48);
    expect(found.figures.map((f) => plain(`${f.value} = ${f.formula}`))).toEqual([
      "512 MiB = B 2 × H 8 × Q_LEN 4 096 × KV_LEN 4 096 × 2 bytes (bf16)",
      "256 KiB = B 2 × H 8 × Q_LEN 4 096 × 4 bytes (one log-sum-exp a row)",
    ]);
  });
});

describe("an amount as people type it", () => {
  it.each([
    ["2.5", 2.5],
    ["2,5", 2.5],
    [" 1 000 000 ", 1_000_000],
    ["1,000,000", 1_000_000],
    ["1e6", 1_000_000],
    ["0", 0],
    ["-1", null],
    ["two", null],
    ["", null],
    ["Infinity", null],
  ])("`%s` is %s", (text, want) => expect(parseAmount(text)).toBe(want));
});
