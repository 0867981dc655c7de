import { describe, expect, test } from "vitest";
import {
  agedTitle,
  benchmarkTitle,
  benchmarkTooltip,
  freshnessOf,
  MOST_CHARACTERS,
  maskTitle,
  shownResult,
} from "../../../extension/lensTitle.ts";
import { isNoisy } from "../../../kernels/flash/noise.ts";
import type { BenchResult } from "../../../kernels/runtime/result.ts";
import { CHECK, PROBLEM, resultOf } from "./samples.ts";

/** Titles compare with ordinary spaces: the narrow ones are number.test.ts's affair. */
const spaced = (text: string): string => text.replaceAll("\u202f", " ");
const title = (...results: BenchResult[]): string => spaced(benchmarkTitle(results, "now", PROBLEM));

describe("the Mask lens", () => {
  test.each([
    [{ kind: "counted", blocks: 0.875 } as const, "Mask · 87.5 % of blocks skipped"],
    [{ kind: "counted", blocks: 0 } as const, "Mask · 0.0 % of blocks skipped"],
    [{ kind: "counted", blocks: 1 } as const, "Mask · 100.0 % of blocks skipped"],
    [{ kind: "uncounted" } as const, "Mask"],
    [{ kind: "counting", before: null } as const, "Mask"],
    [{ kind: "counting", before: 0.875 } as const, "Mask … 87.5 % of blocks skipped"],
    [{ kind: "none" } as const, "Mask · none (a score_mod alone)"],
  ])("%o reads `%s`", (figure, expected) => {
    expect(spaced(maskTitle(figure))).toBe(expected);
  });
});

describe("the Benchmark lens", () => {
  const software = { name: "google swiftshader", software: true };
  test.each<[string, BenchResult[], string]>([
    ["nothing was measured", [], "Benchmark"],
    ["only the baseline was measured", [resultOf({ engine: "materialized" })], "Benchmark"],
    ["checked", [resultOf()], "1.84 ms · 5.1× materialised · checked"],
    [
      "checked on a sample of rows",
      [resultOf({ check: { ...CHECK, rows: 256, allRows: false } })],
      "1.84 ms · 5.1× materialised · checked on 256 rows",
    ],
    ["without a baseline", [resultOf({ baselineMs: null })], "1.84 ms · checked"],
    ["the text changed", [resultOf({ key: "before" })], "1.84 ms (before the edit)"],
    ["the sizes changed", [resultOf({ problem: { ...PROBLEM, qLen: 4096, kvLen: 4096 } })], "1.84 ms (at Q_LEN 4 096)"],
    [
      "the block size changed",
      [resultOf({ key: "before", problem: { ...PROBLEM, blockSize: [64, 64] } })],
      "1.84 ms (at BLOCK_SIZE 64 × 64)",
    ],
    ["noisy", [resultOf({ interval: [1.2, 2.4] })], "≈ 1.84 ms · noisy · checked"],
    ["wrong", [resultOf({ check: { ...CHECK, passed: false, maxAbs: 0.28 } })], "wrong result: error 0.28"],
    ["wrong before the edit", [resultOf({ key: "before", check: { ...CHECK, passed: false } })], "wrong result (before the edit)"],
    ["not checked", [resultOf({ check: null })], "1.84 ms · 5.1× materialised · not checked"],
    ["a software adapter", [resultOf({ device: software })], "1.84 ms · 5.1× materialised · checked · software"],
    [
      "four digits from 100 ms on",
      [resultOf({ medianMs: 107.63, interval: [107, 108], baselineMs: 2336 })],
      "107.6 ms · 21.7× materialised · checked",
    ],
  ])("%s", (_, results, expected) => {
    expect(title(...results)).toBe(expected);
  });

  test("shows the fastest right kernel, and names the ones that were wrong", () => {
    const wrong = resultOf({ engine: "row", medianMs: 0.5, check: { ...CHECK, passed: false, maxAbs: 0.28 } });
    expect(title(resultOf({ engine: "tile", medianMs: 3, interval: [2.9, 3.1] }), wrong, resultOf())).toBe(
      "1.84 ms · 5.1× materialised · checked · row wrong",
    );
  });

  test("prefers a result of the present text to a faster one from before the edit", () => {
    expect(title(resultOf({ key: "before", medianMs: 0.5, measuredAt: 9e9 }), resultOf())).toContain("1.84 ms · ");
  });

  test("prefers a GPU's time to a software adapter's, even a faster one", () => {
    expect(title(resultOf({ device: software, medianMs: 0.1, interval: [0.1, 0.1] }), resultOf())).toBe(
      "1.84 ms · 5.1× materialised · checked",
    );
  });

  test("shows the latest of stale results", () => {
    const shown = shownResult(
      [resultOf({ key: "a", measuredAt: 2 }), resultOf({ key: "b", measuredAt: 3 }), resultOf({ key: "c", measuredAt: 1 })],
      "now",
      PROBLEM,
    );
    expect(shown?.result.key).toBe("b");
  });

  test("is stale by key, and by any size", () => {
    expect(freshnessOf(resultOf(), "now", PROBLEM)).toEqual({ kind: "fresh" });
    expect(freshnessOf(resultOf(), "later", PROBLEM)).toEqual({ kind: "edited" });
    for (const change of [
      { batch: 2 },
      { qHeads: 4 },
      { kvHeads: 4 },
      { kvLen: 7 },
      { qkHeadDim: 32 },
      { vHeadDim: 32 },
      { scale: 1 },
      { storage: "f16" },
      { rounding: "bf16" },
      { layout: "BSHD" },
    ] as const) {
      expect(freshnessOf(resultOf(), "now", { ...PROBLEM, ...change }).kind, JSON.stringify(change)).toBe("resized");
    }
  });

  test("calls a time noisy when half its interval is more than a tenth of it", () => {
    expect(isNoisy(resultOf({ medianMs: 10, interval: [9, 11] }))).toBe(false);
    expect(isNoisy(resultOf({ medianMs: 10, interval: [8.9, 11.1] }))).toBe(true);
  });

  test("says on hover where the number comes from and what a click does", () => {
    const at = (key: string): string => spaced(benchmarkTooltip([resultOf()], key, PROBLEM, 1_000_000 + 5 * 60_000));
    expect(at("now")).toBe("1.84 ms · 5.1× materialised · checked\nquad on nvidia h200, 5 minutes ago: show the table");
    expect(at("later")).toBe(
      "1.84 ms (before the edit)\nquad on nvidia h200, 5 minutes ago. The text has changed since: run it again at the same sizes",
    );
    const longer = resultOf({ problem: { ...PROBLEM, qLen: 4096 } });
    expect(spaced(benchmarkTooltip([longer], "now", PROBLEM, 1_000_000))).toBe(
      "1.84 ms (at Q_LEN 4 096)\nquad on nvidia h200, just now, at Q_LEN 4 096: run it again at the present sizes",
    );
  });

  describe("is short enough for the Kernel lens beside it", () => {
    const rows = { ...CHECK, rows: 256, allRows: false };
    const slow = { medianMs: 107.63, interval: [107, 108], baselineMs: 2336 } as const;
    const wrong = (engine: BenchResult["engine"]): BenchResult => resultOf({ engine, check: { ...CHECK, passed: false } });
    test.each<[string, BenchResult[], string, string]>([
      ["all of it", [resultOf()], "now", "1.84 ms · 5.1× materialised · checked · 10 min ago"],
      ["without what is plain", [resultOf({ ...slow, device: software })], "now", "107.6 ms · 21.7× · checked · software · 10 min ago"],
      ["with the number of rows", [resultOf({ ...slow, check: rows })], "now", "107.6 ms · 21.7× · checked on 256 rows · 10 min ago"],
      [
        "without the number of rows, on software",
        [resultOf({ ...slow, check: rows, device: software })],
        "now",
        "107.6 ms · 21.7× · checked · software · 10 min ago",
      ],
      [
        "how many are wrong in place of their names",
        [resultOf(slow), wrong("row"), wrong("tile")],
        "now",
        "107.6 ms · 21.7× · checked · 2 wrong · 10 min ago",
      ],
      [
        "in the worst case the age is left out",
        [
          resultOf({ ...slow, interval: [80, 140], check: null, device: software }),
          { ...wrong("row"), device: software },
          { ...wrong("tile"), device: software },
        ],
        "now",
        "≈ 107.6 ms · not checked · software · 2 wrong",
      ],
      ["stale", [resultOf(slow)], "later", "$(history) 107.6 ms (before the edit) · 10 min ago · run again"],
      [
        "stale, what a click does is left out",
        [resultOf({ ...slow, problem: { ...PROBLEM, blockSize: [64, 64] } })],
        "later",
        "$(history) 107.6 ms (at BLOCK_SIZE 64 × 64) · 10 min ago",
      ],
    ])("%s", (_, results, key, expected) => {
      const title = spaced(agedTitle(results, key, PROBLEM, 1_000_000 + 14 * 60_000));
      expect(title).toBe(expected);
      expect(title.replace("$(history) ", "").length).toBeLessThanOrEqual(MOST_CHARACTERS);
    });
  });
});
