import { describe, expect, it } from "vitest";
import type { BenchResult } from "../../../kernels/runtime/result.ts";
import { compareRuns, effectText, pText, ratioText, verdictText } from "../../../webview/bench/compare.ts";
import { historyChart, type PastRun, pairOf, pastRuns, sortRuns } from "../../../webview/bench/history.ts";
import { isDrawn } from "../../../webview/chart/chart.ts";
import { CHECK, PROBLEM, resultOf } from "../extension/samples.ts";

const plain = (text: string): string => text.replaceAll("\u202f", " ");
const SPREAD = [0.97, 0.98, 0.985, 0.99, 1, 1.005, 1.01, 1.02, 1.03];
/** Nine samples about `ms`. */
const timed = (ms: number, change: Partial<BenchResult> = {}): BenchResult =>
  resultOf({ samplesMs: SPREAD.map((s) => s * ms), medianMs: ms, interval: [ms * 0.985, ms * 1.01], ...change });
const run = (id: string, at: number, ms: number, change: Partial<BenchResult> = {}): readonly BenchResult[] => [
  timed(ms, { run: id, measuredAt: at, ...change }),
  timed(10 * ms, { run: id, measuredAt: at, engine: "materialized", baselineMs: null, ...change }),
];

describe("runs of the past", () => {
  it("are what was sampled in turn, oldest first, with the number of their text", () => {
    const history = [
      ...run("c", 3000, 2, { key: "new" }),
      ...run("a", 1000, 1, { key: "old" }),
      ...run("b", 2000, 1, { key: "old" }),
      ...run("d", 4000, 1, { key: "old" }),
    ];
    expect(pastRuns(history, "causal").map((r) => [r.at, r.text, r.results.length])).toEqual([
      [1000, 1, 2],
      [2000, 1, 2],
      [3000, 2, 2],
      [4000, 1, 2],
    ]);
    expect(pastRuns(history, "window")).toEqual([]);
  });

  it("of an earlier version are told by their text and time", () => {
    const old = (engine: BenchResult["engine"], measuredAt: number): BenchResult => resultOf({ engine, measuredAt });
    const runs = pastRuns([old("quad", 1000), old("materialized", 1500), old("quad", 500_000), old("quad", 500_500)], "causal");
    expect(runs.map((r) => r.results.map((x) => x.engine))).toEqual([["quad", "materialized"], ["quad"], ["quad"]]);
    expect(new Set(runs.map((r) => r.id)).size).toBe(3);
  });

  it("are points of sweeps too", () => {
    const point = (index: number, measuredAt: number, engine: BenchResult["engine"] = "quad"): BenchResult =>
      resultOf({ sweep: { id: "s1", point: index }, measuredAt, engine });
    const runs = pastRuns([point(0, 1000), point(0, 1001, "row"), point(1, 1002), point(1, 1003, "row")], "causal");
    expect(runs.map((r) => r.results.map((x) => x.measuredAt))).toEqual([
      [1000, 1001],
      [1002, 1003],
    ]);
  });

  it("of other sizes, devices and files stand apart", () => {
    const runs = pastRuns(
      [
        ...run("a", 1000, 1),
        ...run("b", 1000, 1, { problem: { ...PROBLEM, qLen: 64 } }),
        ...run("a", 1000, 1, { device: { name: "intel", software: false } }),
        ...run("c", 1000, 1, { importedFrom: "lab.json" }),
      ],
      "causal",
    );
    expect(runs.map((r) => [r.device.name, r.importedFrom, r.results.length])).toEqual([
      ["nvidia h200", null, 2],
      ["nvidia h200", null, 2],
      ["intel", null, 2],
      ["nvidia h200", "lab.json", 2],
    ]);
  });

  it.each([
    ["when", false, [1000, 2000, 3000]],
    ["when", true, [3000, 2000, 1000]],
    ["fastest", false, [2000, 1000, 3000]],
    ["text", false, [1000, 3000, 2000]],
    ["device", true, [1000, 2000, 3000]],
  ])("are listed by %s, descending %s, as they were measured at %j", (column, descending, order) => {
    const runs = pastRuns(
      [
        ...run("a", 1000, 2, { key: "old" }),
        ...run("b", 2000, 1, { key: "new" }),
        ...run("c", 3000, 3, { key: "old", device: { name: "intel", software: false } }),
      ],
      "causal",
    );
    expect(sortRuns(runs, { column, descending }).map(({ at }) => at)).toEqual(order);
    expect(sortRuns(runs, null)).toBe(runs);
  });
});

describe("the time line", () => {
  const RUNS = pastRuns([...run("a", 1000, 1), ...run("b", 2000, 1.5), ...run("c", 3000, 2, { key: "then" })], "causal");

  it("has the medians run by run, and marks where the text changed", () => {
    const chart = historyChart(RUNS, "nvidia h200");
    if (!isDrawn(chart)) throw new Error(chart.missing);
    expect(chart.series.map((s) => [s.name, s.points.map((p) => [p.x, p.y])])).toEqual([
      [
        "quad",
        [
          [1, 1],
          [2, 1.5],
          [3, 2],
        ],
      ],
      [
        "materialised",
        [
          [1, 10],
          [2, 15],
          [3, 20],
        ],
      ],
    ]);
    expect(chart.rules).toEqual([{ x: 2.5, name: "text 2" }]);
    expect(chart.finding).toMatch(/^3 runs of 2 texts, /);
  });

  it("is of one device, and asks for a second run", () => {
    expect(isDrawn(historyChart(RUNS, "intel"))).toBe(false);
    expect(isDrawn(historyChart(RUNS.slice(0, 1), "nvidia h200"))).toBe(false);
  });
});

describe("the runs that are compared", () => {
  const runs = pastRuns(
    [...run("a", 1, 1), ...run("x", 2, 1, { device: { name: "intel", software: false } }), ...run("b", 3, 1)],
    "causal",
  );
  const [a, x, b] = runs;

  it("are the last two of one device, or those that were chosen, the earlier one first", () => {
    expect(pairOf(runs, null)).toEqual([a, b]);
    expect(pairOf(runs, [b?.id ?? "", x?.id ?? ""])).toEqual([x, b]);
    expect(pairOf(runs.slice(0, 2), null)).toEqual([]);
    expect(pairOf([], null)).toEqual([]);
    expect(pairOf(runs, [])).toEqual([]);
    expect(pairOf(runs, [b?.id ?? ""])).toEqual([b]);
    expect(pairOf(runs, ["of another variant"])).toEqual([a, b]);
  });
});

describe("a comparison of two runs", () => {
  const runOf = (results: readonly BenchResult[]): PastRun => {
    const [only] = pastRuns(results, "causal");
    if (only === undefined) throw new Error("no run");
    return only;
  };
  const compared = (before: readonly BenchResult[], after: readonly BenchResult[]) => {
    const found = compareRuns(runOf(before), runOf(after));
    if (typeof found === "string") throw new Error(found);
    return found;
  };
  const verdict = (before: BenchResult, after: BenchResult): string => {
    const [row] = compared([before], [after]).rows;
    return row === undefined ? "" : `${row.verdict.kind}: ${verdictText(row)}`;
  };

  const few = (ms: number): BenchResult => timed(ms, { samplesMs: [ms, ms * 1.01, ms * 1.02] });
  const wrong = timed(1, { check: { ...CHECK, passed: false } });
  it.each([
    ["a quarter more is slower", timed(1), timed(1.25), "slower: 1.25× slower"],
    ["half is twice as fast", timed(2), timed(1), "faster: 2.00× faster"],
    ["the same samples show nothing", timed(1), timed(1), "same: no difference shown"],
    ["a tenth more is sure, and no finding", timed(1), timed(1.1), "small: slower by under 1.2×: not a finding"],
    ["a tenth less is none either", timed(1.1), timed(1), "small: faster by under 1.2×: not a finding"],
    ["three samples against three cannot tell", few(1), few(3), "few: 3 and 3 samples cannot tell; run again"],
    ["a wrong result is not compared", wrong, timed(3), "wrong: wrong result: not compared"],
  ])("%s", (_, before, after, want) => expect(verdict(before, after)).toBe(want));

  it.each([
    [0.05, 0],
    [0.15, 0.05],
  ])("is not fooled by scatter, over seeded runs of one and the same kernel: of %d, findings are up to %d", (spread, most) => {
    let state = 3;
    const noise = (): number => {
      let sum = 0;
      for (let i = 0; i < 12; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        sum += state / 2 ** 32;
      }
      return Math.exp(spread * (sum - 6));
    };
    const sample = (): BenchResult => timed(1, { samplesMs: Array.from({ length: 9 }, noise) });
    const kinds = Array.from({ length: 400 }, () => compared([sample()], [sample()]).rows[0]?.verdict.kind);
    const findings = kinds.filter((k) => k === "slower" || k === "faster").length;
    expect(findings / kinds.length).toBeLessThanOrEqual(most);
  });

  it("names the machine where the baseline moved along", () => {
    const { notes } = compared(run("a", 1, 1), run("b", 2, 1.5));
    expect(notes).toEqual(["The materialised baseline, which the text's mask does not change, is slower as well: it may be the machine."]);
    const alone = compared([timed(1), timed(9, { engine: "materialized" })], [timed(1.5), timed(9, { engine: "materialized" })]);
    expect(alone.notes).toEqual([]);
  });

  it("says what is not alike: tiles, kernels, devices", () => {
    const before = [timed(1), timed(2, { engine: "row" })];
    const after = [timed(1, { tile: "32 × 8", device: { name: "intel", software: false } })];
    expect(compared(before, after).notes).toEqual([
      "Two devices: nvidia h200, and intel.",
      "Other tiles: quad 64 × 4 → 32 × 8.",
      "In one run alone: row.",
    ]);
  });

  it.each([
    ["sizes", [timed(1, { problem: { ...PROBLEM, qLen: 64 } })], "different sizes"],
    ["a software adapter", [timed(1, { device: { name: "swiftshader", software: true } })], "software adapter"],
    ["other kernels", [timed(1, { engine: "row" })], "no kernel in common"],
  ])("is refused for %s, with the reason", (_, after, reason) => {
    expect(compareRuns(runOf([timed(1)]), runOf(after))).toContain(reason);
  });

  it("has the ratio, its interval, p and the effect in words", () => {
    const [row] = compared([timed(1)], [timed(1.5)]).rows;
    expect(row === undefined ? "" : plain(`${ratioText(row.ratio)} ${pText(row.test.p)} ${effectText(row.test)}`)).toMatch(
      /^1\.50× \(1\.4\d…1\.5\d\) < 0\.001 100 %$/,
    );
    expect(pText(0.4113)).toBe("0.41");
  });
});
