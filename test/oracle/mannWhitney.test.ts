import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mannWhitney, timeRatio } from "../../kernels/runtime/mannWhitney.ts";

interface Case {
  readonly name: string;
  readonly by: string;
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly exact: boolean;
  readonly u: number;
  readonly p: number;
  readonly ratio: number;
}

const { cases } = JSON.parse(readFileSync(new URL("mannWhitney.json", import.meta.url), "utf8")) as { readonly cases: readonly Case[] };
const times = (...samples: number[]): readonly number[] => samples;

describe("the test of Mann and Whitney", () => {
  it.each(cases)("finds what $by finds of $name", ({ first, second, exact, u, p }) => {
    const found = mannWhitney(first, second);
    expect(found?.exact).toBe(exact);
    expect(found?.u).toBe(u);
    expect(Math.abs((found?.p ?? 0) / p - 1)).toBeLessThan(1e-9);
    expect(found?.slower).toBeCloseTo(1 - u / (first.length * second.length), 12);
  });

  it.each(cases)("gives the same the other way round: $name", ({ first, second, p }) => {
    expect(Math.abs((mannWhitney(second, first)?.p ?? 0) / p - 1)).toBeLessThan(1e-9);
  });

  it("says nothing of no samples", () => {
    expect(mannWhitney([], [1])).toBeNull();
    expect(mannWhitney([1], [])).toBeNull();
  });
});

describe("the ratio of two runs", () => {
  it.each(cases)("is the median of all quotients: $name", ({ first, second, ratio }) => {
    expect(timeRatio(first, second)?.ratio).toBeCloseTo(ratio, 9);
  });

  it.each(cases.filter((c) => c.name.match(/ties|same|alike/) === null))(
    "has the interval that the test does not reject, and no more: $name",
    ({ first, second }) => {
      const interval = timeRatio(first, second)?.interval ?? null;
      const pAt = (ratio: number): number =>
        mannWhitney(
          first.map((ms) => ms * ratio),
          second,
        )?.p ?? Number.NaN;
      if (interval === null) {
        expect(pAt(1e-6)).toBeGreaterThan(0.05);
        return;
      }
      const [low, high] = interval;
      // Exact samples to the last step; the approximation's correction for continuity is half a step.
      const slack = first.length + second.length > 60 ? 0.002 : 1e-9;
      expect(pAt(low * (1 + 1e-9))).toBeGreaterThan(0.05 - slack);
      expect(pAt(high * (1 - 1e-9))).toBeGreaterThan(0.05 - slack);
      expect(pAt(low * (1 - 1e-9))).toBeLessThan(0.05 + slack);
      expect(pAt(high * (1 + 1e-9))).toBeLessThan(0.05 + slack);
    },
  );

  it("has no interval where three samples against three bound nothing", () => {
    expect(timeRatio([1, 1.1, 1.2], [2, 2.1, 2.2])).toMatchObject({ interval: null });
  });

  it("is none of no samples, nor of times that are not above zero", () => {
    expect(timeRatio([], [1])).toBeNull();
    expect(timeRatio([0, 1], [1, 2])).toBeNull();
    expect(timeRatio(times(1, 2), [Number.NaN])).toBeNull();
  });
});
