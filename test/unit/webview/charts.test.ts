import { describe, expect, it } from "vitest";
import type { BenchDetails, BenchResult } from "../../../kernels/runtime/result.ts";
import { planSweep, type Sweep, type SweepAxis, type SweepDefinition } from "../../../kernels/runtime/sweep.ts";
import {
  asStale,
  axisOf,
  type Basis,
  basesOf,
  devicesOf,
  deviceText,
  drawable,
  type Present,
  withSweepsOf,
} from "../../../webview/bench/chartBasis.ts";
import { crossovers, growth, short, speedUpChart, timeChart } from "../../../webview/bench/charts.ts";
import { rooflineChart, sparsityChart } from "../../../webview/bench/chartsDevice.ts";
import { type Chart, isDrawn, type NoChart } from "../../../webview/chart/chart.ts";
import { CHECK, PROBLEM, resultOf } from "../extension/samples.ts";

const plain = (text: string): string => text.replaceAll("\u202f", " ");
const DEVICE = "nvidia h200";
const PRESENT: Present = { variant: "causal", key: "now", problem: PROBLEM, device: DEVICE };
const chartOf = (chart: Chart | NoChart): Chart => {
  if (!isDrawn(chart)) throw new Error(chart.missing);
  return chart;
};
const missingOf = (chart: Chart | NoChart): string | null => (isDrawn(chart) ? null : chart.missing);
const points = (chart: Chart, name: string) =>
  chart.series.find((s) => s.name === name)?.points.map((p) => [p.x, Number(p.y.toPrecision(6))]);

/** A run at a length: ours takes S² ns, materialised 300 times S^1.5 ns of them: they meet at S = 90,000. */
function runAt(s: number, change: Partial<BenchResult> = {}): readonly BenchResult[] {
  const problem = { ...PROBLEM, qLen: s, kvLen: s };
  const [ours, theirs] = [s ** 2 / 1e6, (300 * s ** 1.5) / 1e6];
  const timed = (ms: number): Partial<BenchResult> => ({ medianMs: ms, interval: [ms * 0.98, ms * 1.02], samplesMs: [ms] });
  return [
    resultOf({ problem, ...timed(ours), baselineMs: theirs, measuredAt: 1000 + s, ...change }),
    resultOf({ problem, engine: "materialized", ...timed(theirs), baselineMs: null, measuredAt: 1001 + s, ...change }),
  ];
}
const NONE: Basis = { id: "", name: "", axis: "", points: [] };
const LENGTHS = [256, 1024, 4096];
const HISTORY = LENGTHS.flatMap((s) => runAt(s));
const basis = (history: readonly BenchResult[] = HISTORY, sweeps: readonly Sweep[] = [], present: Present = PRESENT) => {
  const [first] = basesOf(history, sweeps, present);
  if (first === undefined) throw new Error("nothing to draw");
  return first;
};

const DEFINITION: SweepDefinition = {
  id: "s1",
  document: "file:///masks.py",
  variant: "causal",
  key: "now",
  axes: [{ kind: "binding", name: "window", values: [0, 64, 128] }],
  kernels: ["quad", "materialized"],
  settings: { samples: 9, budgetMs: 3000 },
  base: { bindings: {}, problem: {}, defaults: {} },
  startedAt: 5,
};

describe("what charts are of", () => {
  it("are the variant's measurements at any length, with all other sizes as they are now", () => {
    const others = [
      ...runAt(512, { variant: "window" }),
      resultOf({ problem: { ...PROBLEM, qHeads: 2, kvHeads: 2, qLen: 2048, kvLen: 2048 } }),
      resultOf({ problem: { ...PROBLEM, qLen: 64, kvLen: 2048 } }),
      ...runAt(128, { device: { name: "another", software: false } }),
      ...runAt(64, { check: { ...CHECK, passed: false } }),
    ];
    expect(basis([...others, ...HISTORY]).points.map((p) => p.x)).toEqual([256, 256, 1024, 1024, 4096, 4096]);
  });

  it("are the last of each kernel at each length", () => {
    const again = runAt(1024, { measuredAt: 9_000 }).map((r) => ({ ...r, medianMs: 7 }));
    expect(
      basis([...again, ...HISTORY])
        .points.filter((p) => p.x === 1024)
        .map((p) => p.result.medianMs),
    ).toEqual([7, 7]);
  });

  it("are in doubt where the text has changed since, and give way to what was measured of the present one", () => {
    const old = [...runAt(512, { key: "old", measuredAt: 9_000 }), ...runAt(1024, { key: "old", measuredAt: 9_000 })];
    const doubts = basis([...HISTORY, ...old]).points.map((p) => [p.x, p.doubt]);
    expect(doubts.filter(([x]) => x === 512)).toEqual([
      [512, "stale"],
      [512, "stale"],
    ]);
    expect(doubts.filter(([x]) => x === 1024)).toEqual([
      [1024, null],
      [1024, null],
    ]);
  });

  it("are not in doubt for keys that follow the length", () => {
    const history = LENGTHS.flatMap((s) => runAt(s, { key: s === 1024 ? "now" : `key of ${s}` }));
    expect(new Set(basis(history).points.map((p) => p.doubt))).toEqual(new Set([null]));
  });

  it("are a sweep's points along its axis, the last sweep first", () => {
    const sweep = planSweep(DEFINITION);
    const results = [0, 1, 2].flatMap((i) => runAt(1024, { sweep: { id: "s1", point: i }, measuredAt: 2000 + i }));
    const bases = basesOf([...HISTORY, ...results], [sweep, planSweep({ ...DEFINITION, id: "empty", startedAt: 9 })], PRESENT);
    expect(bases.map((b) => b.axis)).toEqual(["window", "S"]);
    expect(bases[0]?.points.map((p) => p.x)).toEqual([0, 0, 64, 64, 128, 128]);
    expect(new Set(bases[0]?.points.map((p) => p.doubt))).toEqual(new Set([null]));
    expect(new Set(asStale(bases[0] ?? NONE).points.map((p) => p.doubt))).toEqual(new Set(["stale"]));
    expect(bases[0]?.name).toMatch(/^sweep of window 0…128, /);
    expect(axisOf(basis([...HISTORY, ...results], [sweep])).kind).toBe("linear");
  });

  it("are not the tiles and windows that a sweep tried, where the text's own are asked for", () => {
    const axes: readonly (readonly [id: string, axis: SweepAxis])[] = [
      ["tiles", { kind: "option", name: "BLOCK_M", values: [1, 2] }],
      ["windows", { kind: "binding", name: "window", values: [1, 2] }],
      ["sizes", { kind: "size", name: "S", values: [64] }],
    ];
    const sweeps = axes.map(([id, axis]) => planSweep({ ...DEFINITION, id, axes: [axis] }));
    const of = (id: string): BenchResult => resultOf({ sweep: { id, point: 0 }, run: id });
    const history = [resultOf({ run: "own" }), of("tiles"), of("windows"), of("sizes")];
    expect(withSweepsOf(history, sweeps, ["size"]).map((r) => r.run)).toEqual(["own", "sizes"]);
    expect(withSweepsOf(history, sweeps, ["size", "binding"]).map((r) => r.run)).toEqual(["own", "windows", "sizes"]);
    const slow = resultOf({ ...of("tiles"), medianMs: 99, measuredAt: 9e9, problem: { ...PROBLEM, qLen: 256, kvLen: 256 } });
    const measured = basesOf([...HISTORY, slow], sweeps, PRESENT).find((b) => b.axis === "S" && b.id === "measured");
    expect(measured?.points.map((p) => p.result.medianMs)).not.toContain(99);
  });

  it("are lines of their own for the values of a second axis", () => {
    const sweep = planSweep({
      ...DEFINITION,
      axes: [
        { kind: "size", name: "S", values: [256, 1024] },
        { kind: "size", name: "D", values: [64, 128] },
      ],
    });
    const results = [0, 1, 2, 3].map((i) => resultOf({ sweep: { id: "s1", point: i } }));
    expect(basis(results, [sweep]).points.map((p) => [p.x, p.line])).toEqual([
      [256, "quad, D 64"],
      [256, "quad, D 128"],
      [1024, "quad, D 64"],
      [1024, "quad, D 128"],
    ]);
  });

  it("are of one device at a time, the last that measured first", () => {
    const other = resultOf({ device: { name: "intel", software: false }, measuredAt: 9e9 });
    expect(devicesOf([...HISTORY, other]).map((d) => d.name)).toEqual(["intel", DEVICE]);
    expect(deviceText({ name: "swiftshader", software: true })).toBe("swiftshader · software adapter");
    expect(drawable([...HISTORY, other], "intel")).toEqual([other]);
  });
});

describe("time against S", () => {
  const chart = chartOf(timeChart(basis()));

  it("has a line for each kernel, the baseline dashed, on log axes", () => {
    expect([chart.x.kind, chart.y.kind]).toEqual(["log2", "log10"]);
    expect(points(chart, "quad")).toEqual(LENGTHS.map((s) => [s, Number((s ** 2 / 1e6).toPrecision(6))]));
    expect(chart.series.map((s) => [s.name, s.dashed])).toEqual([
      ["quad", false],
      ["materialised", true],
    ]);
  });

  it("finds who is fastest at the far end, and how it grows", () => {
    expect(plain(chart.finding)).toBe("At S = 4 096: quad 16.8 ms, materialised 78.6 ms. quad grows as S to the power of 2.0.");
    expect(growth(basis().points.filter((p) => p.line === "materialised"))).toBeCloseTo(1.5, 9);
  });

  it("hollows what is noisy, and says so", () => {
    const noisy = runAt(512).map((r): BenchResult => ({ ...r, interval: [r.medianMs * 0.5, r.medianMs * 2] }));
    const drawn = chartOf(timeChart(basis([...HISTORY, ...noisy])));
    expect(drawn.series[0]?.points.map((p) => p.hollow)).toEqual([false, true, false, false]);
    expect(drawn.note).toBe("hollow = noisy");
    expect(plain(drawn.series[0]?.points[1]?.told ?? "")).toBe("quad, S 512: 262 µs, 131 µs to 524 µs, noisy");
  });

  it("asks for another length where there is one alone", () => {
    expect(missingOf(timeChart(basis(runAt(256))))).toContain("sweep S");
  });
});

describe("speed-up against S", () => {
  it("is the baseline's time by the kernel's, with the interval of both", () => {
    const chart = chartOf(speedUpChart(basis()));
    const [first] = chart.series[0]?.points ?? [];
    expect(first?.y).toBeCloseTo(300 / Math.sqrt(256), 9);
    expect(first?.interval?.[0]).toBeCloseTo((300 / 16) * Math.exp(-Math.hypot(Math.log(1 / 0.98), Math.log(1.02))), 9);
    expect(plain(chart.finding)).toBe("quad is faster at every S from 256 to 4 096.");
    expect(chart.rules).toEqual([]);
  });

  it("names the crossover, interpolated", () => {
    const drawn = basis([...HISTORY, ...runAt(262_144)]);
    const found = crossovers(drawn).get("quad");
    expect(found).toMatchObject({ kind: "below" });
    expect(found?.kind === "below" ? found.at : 0).toBeCloseTo(90_000, 0);
    const chart = chartOf(speedUpChart(drawn));
    expect(plain(chart.finding)).toMatch(/^quad is faster up to S = 90 000 \(8\d \d00…9\d \d00\)\.$/);
    expect(chart.rules.map((r) => plain(r.name))).toEqual(["quad to 90 000"]);
  });

  it("keeps the baseline's median where its own row is missing", () => {
    const chart = chartOf(speedUpChart(basis(HISTORY.filter((r) => r.engine !== "materialized"))));
    expect(points(chart, "quad")?.map(([x]) => x)).toEqual(LENGTHS);
  });

  it("says why it is empty where no baseline was measured", () => {
    const alone = HISTORY.filter((r) => r.engine !== "materialized").map((r) => ({ ...r, baselineMs: null }));
    expect(missingOf(speedUpChart(basis(alone)))).toContain("materialised");
  });
});

describe("speed-up against sparsity", () => {
  const masked = (variant: string, blocks: number, ms: number, change: Partial<BenchResult> = {}): BenchResult =>
    resultOf({ variant, sparsity: { blocks, elements: blocks }, medianMs: ms, interval: [ms, ms], ...change });
  const RESULTS = [masked("dense", 0, 8), masked("causal", 0.5, 5), masked("window", 0.875, 2), masked("dense", 0, 20, { engine: "row" })];

  it("is the time at the least sparse mask by that at each, beside the ideal", () => {
    const chart = chartOf(sparsityChart(RESULTS, PRESENT));
    expect(points(chart, "quad")).toEqual([
      [0, 1],
      [0.5, 1.6],
      [0.875, 4],
    ]);
    expect(plain(chart.note)).toBe("over dense, 0.0 % skipped");
    const ideal = chart.guides[0]?.points ?? [];
    for (const [x, y] of ideal) expect(y).toBeCloseTo(1 / (1 - x), 9);
    expect(ideal.at(-1)?.[0]).toBeGreaterThan(0.875);
    expect(plain(chart.finding)).toBe("Most of the ideal is reached with 50.0 % of blocks skipped: 1.6× of 2.0× in reach.");
    expect(chart.series[0]?.points.map((p) => p.label)).toEqual(["dense", "causal", "window"]);
  });

  it("starts from the least sparse mask that there is", () => {
    const chart = chartOf(sparsityChart(RESULTS.slice(1, 3), PRESENT));
    expect(points(chart, "quad")).toEqual([
      [0.5, 1],
      [0.875, 2.5],
    ]);
    const [from] = chart.guides[0]?.points ?? [];
    expect(from).toEqual([0.5, 1]);
    expect(chart.guides[0]?.points.at(-1)?.[1]).toBeGreaterThan(4);
  });

  it("leaves out kernels of one mask alone, other sizes and the baseline", () => {
    const chart = chartOf(sparsityChart([...RESULTS, masked("other", 0.9, 1, { problem: { ...PROBLEM, qLen: 64 } })], PRESENT));
    expect(chart.series.map((s) => s.name)).toEqual(["quad"]);
    expect(chart.series[0]?.points).toHaveLength(3);
  });

  it("asks for another mask where there is one alone", () => {
    expect(missingOf(sparsityChart(RESULTS.slice(0, 1), PRESENT))).toContain("another mask");
    expect(missingOf(sparsityChart([], PRESENT))).toContain("another mask");
  });
});

describe("the roofline", () => {
  const details: BenchDetails = {
    repeats: 1,
    instances: 5,
    clockStepMs: 0,
    noisy: false,
    pipelines: { used: 1, compiled: 0 },
    memory: { allocated: 1, moved: 1e6 },
    peaks: { matmulFlops: 1e12, matmul: "m", copyBytes: 1e10, measuredAt: 1 },
  };
  const RESULT = resultOf({ medianMs: 1, interval: [0.9, 1.1], effectiveFlops: 5e8, details });

  it("has each kernel at its FLOP per byte and FLOP/s, under what the device reached", () => {
    const chart = chartOf(rooflineChart([RESULT, resultOf({ engine: "row", effectiveFlops: 1e6, medianMs: 1, details })], PRESENT));
    expect(points(chart, "quad")).toEqual([[500, 5e11]]);
    expect(points(chart, "row")).toEqual([[1, 1e9]]);
    expect(chart.guides[0]?.points).toEqual([
      [0.5, 5e9],
      [100, 1e12],
      [1000, 1e12],
    ]);
    expect(plain(chart.finding)).toBe("quad: 500 GFLOP/s, 50.0 % of what arithmetic allows at 500 FLOP/B.");
    expect(plain(chart.note)).toBe("1.00 TFLOP/s, 10.0 GB/s measured");
    expect(chart.series[0]?.points[0]?.interval?.map((v) => Math.round(v / 1e9))).toEqual([455, 556]);
  });

  it("has a second roof for a kernel of the matrix units, and bounds it by memory alone where theirs was not measured", () => {
    const units = {
      ...details,
      peaks: { matmulFlops: 1e12, matmul: "m", copyBytes: 1e10, measuredAt: 1, matrices: { flops: 4e12, product: "m" } },
    };
    const matrix = resultOf({ engine: "matrix", medianMs: 0.25, interval: [0.25, 0.25], effectiveFlops: 5e8, details: units });
    const chart = chartOf(rooflineChart([RESULT, matrix], PRESENT));
    expect(chart.guides.map((g) => [g.name, g.points])).toEqual([
      [
        "roof",
        [
          [50, 5e11],
          [100, 1e12],
          [1000, 1e12],
        ],
      ],
      [
        "matrix units",
        [
          [100, 1e12],
          [400, 4e12],
          [1000, 4e12],
        ],
      ],
    ]);
    expect(plain(chart.note)).toBe("1.00 TFLOP/s, 4.00 TFLOP/s by matrix units, 10.0 GB/s measured");
    expect(plain(chart.finding)).toBe("matrix: 2.00 TFLOP/s, 50.0 % of what arithmetic allows at 500 FLOP/B.");
    expect(chartOf(rooflineChart([RESULT], PRESENT)).guides).toHaveLength(1);
    const unknown = chartOf(rooflineChart([resultOf({ ...matrix, details })], PRESENT));
    expect(unknown.guides).toHaveLength(1);
    expect(plain(unknown.finding)).toBe("matrix: 2.00 TFLOP/s, 40.0 % of what memory allows at 500 FLOP/B.");
  });

  it("calls a product's peak too low that a kernel outdid, and knows of caches where it is the copy's", () => {
    const fast = resultOf({ medianMs: 0.25, interval: [0.25, 0.25], effectiveFlops: 5e8, details });
    expect(plain(chartOf(rooflineChart([fast], PRESENT)).finding)).toBe(
      "quad: 2.00 TFLOP/s, more than the matrix product reached when it was measured: the peak is too low.",
    );
    const cached = resultOf({
      medianMs: 1,
      interval: [1, 1],
      effectiveFlops: 5e8,
      details: { ...details, memory: { allocated: 1, moved: 1e8 } },
    });
    expect(plain(chartOf(rooflineChart([cached], PRESENT)).finding)).toBe(
      "quad: 500 GFLOP/s, more than the rate of a copy allows: what it reads lies in caches.",
    );
  });

  it("asks for peaks, then for a run at these sizes", () => {
    expect(missingOf(rooflineChart([resultOf()], PRESENT))).toContain("peaks");
    expect(missingOf(rooflineChart([{ ...RESULT, variant: "window" }], PRESENT))).toContain("Run this variant");
  });
});

describe("a tick's text", () => {
  it.each([
    ["10.0 ms", "10 ms"],
    ["1.00 s", "1 s"],
    ["2.50 ms", "2.5 ms"],
    ["100 µs", "100 µs"],
    ["2.0×", "2×"],
  ])("of %s is %s", (long, want) => expect(short(long)).toBe(want));
});
