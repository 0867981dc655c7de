import { describe, expect, it } from "vitest";
import { type Crossover, crossover, crossoverText, quotient, type RatioAt } from "../../../webview/bench/ratio.ts";

const at = (x: number, ratio: number, spread = 1): RatioAt => ({ x, ratio, interval: [ratio / spread, ratio * spread] });

describe("a quotient of two times", () => {
  it("has the ratio of the medians, and an interval that combines both", () => {
    const { ratio, interval } = quotient({ medianMs: 10, interval: [9, 11] }, { medianMs: 2, interval: [1.9, 2.2] });
    expect(ratio).toBe(5);
    expect(interval[0]).toBeCloseTo(5 * Math.exp(-Math.hypot(Math.log(10 / 9), Math.log(2.2 / 2))), 12);
    expect(interval[1]).toBeCloseTo(5 * Math.exp(Math.hypot(Math.log(11 / 10), Math.log(2 / 1.9))), 12);
  });

  it("is exact where both are", () => {
    expect(quotient({ medianMs: 3, interval: [3, 3] }, { medianMs: 2, interval: [2, 2] })).toEqual({ ratio: 1.5, interval: [1.5, 1.5] });
  });

  it("turned round has the interval turned round", () => {
    const a = { medianMs: 10, interval: [9, 12] as const };
    const b = { medianMs: 7, interval: [6, 7.5] as const };
    expect(1 / quotient(a, b).interval[0]).toBeCloseTo(quotient(b, a).interval[1], 12);
  });
});

describe("the crossover", () => {
  const CASES: readonly (readonly [string, readonly RatioAt[], Crossover | null])[] = [
    ["of one point is none", [at(256, 2)], null],
    ["is always", [at(256, 1.1), at(1024, 3)], { kind: "always", from: 256, to: 1024 }],
    ["is never", [at(256, 0.5), at(1024, 0.9)], { kind: "never", from: 256, to: 1024 }],
    ["lies half way on log axes", [at(256, 0.5), at(1024, 2)], { kind: "above", at: 512, interval: [512, 512] }],
    ["goes down", [at(256, 4), at(1024, 0.25)], { kind: "below", at: 512, interval: [512, 512] }],
    ["is several", [at(1, 0.5), at(4, 2), at(16, 0.5)], { kind: "several", at: [2, 8] }],
    ["takes points in any order", [at(1024, 2), at(256, 0.5)], { kind: "above", at: 512, interval: [512, 512] }],
  ];
  it.each(CASES)("%s", (_, points, want) => {
    const found = crossover(points);
    expect(JSON.parse(JSON.stringify(found), (_key, v) => (typeof v === "number" ? Number(v.toPrecision(9)) : v))).toEqual(want);
  });

  it("has the uncertainty of the ratios about it: what spreads them by √2 moves it by √2 where they grow as S", () => {
    const found = crossover([at(256, 0.5, Math.SQRT2), at(512, 1.0000001, Math.SQRT2), at(1024, 2, Math.SQRT2)]);
    expect(found).toMatchObject({ kind: "above" });
    const [low, high] = found?.kind === "above" ? found.interval : [null, null];
    expect(low).toBeCloseTo(512 / Math.SQRT2, 1);
    expect(high).toBeCloseTo(512 * Math.SQRT2, 1);
  });

  it("says that an end of it lies beyond what was measured", () => {
    expect(crossover([at(256, 0.9, 1.5), at(1024, 1.1, 1.5)])).toMatchObject({ kind: "above", interval: [null, null] });
  });

  it("is interpolated linearly where x is not above zero", () => {
    expect(crossover([at(0, 0.5), at(10, 2)])).toMatchObject({ kind: "above", at: 5 });
  });

  it.each([
    [{ kind: "always", from: 256, to: 4096 }, "faster at every S from 256 to 4096"],
    [{ kind: "never", from: 256, to: 4096 }, "slower at every S from 256 to 4096: no crossover in range"],
    [{ kind: "above", at: 340, interval: [310, 380] }, "faster from S = 340 on (310…380)"],
    [{ kind: "below", at: 340, interval: [null, 380] }, "faster up to S = 340 (below the range…380)"],
    [{ kind: "above", at: 340, interval: [310, null] }, "faster from S = 340 on (310…beyond the range)"],
    [{ kind: "several", at: [300, 900] }, "as fast at S = 300, 900: no one crossover"],
  ] as const)("is told in words: %o", (found, text) => {
    expect(crossoverText(found, "S", String)).toBe(text);
  });
});
