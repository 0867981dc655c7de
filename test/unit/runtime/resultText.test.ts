import { describe, expect, test } from "vitest";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import type { BenchDetails, DevicePeaks } from "../../../kernels/runtime/result.ts";
import {
  age,
  driftText,
  extraBytesOf,
  matmulPeakOf,
  peakShareOf,
  rateUnit,
  resultsCsv,
  resultsMarkdown,
  shortAge,
  speedUpOf,
  sweepCsv,
  sweepMarkdown,
} from "../../../kernels/runtime/resultText.ts";
import { planSweep, withPoint } from "../../../kernels/runtime/sweep.ts";
import { CHECK, resultOf } from "../extension/samples.ts";

const problem = fillProblem({ qLen: 1024, qHeads: 8, kvHeads: 8, qkHeadDim: 64 });
const PEAKS: DevicePeaks = { matmulFlops: 2e12, matmul: "1024", copyBytes: 1e11, measuredAt: 1 };
/** q, k, v and out are 2 MiB each; lse is 32 KiB. */
const details: BenchDetails = {
  repeats: 4,
  instances: 2,
  clockStepMs: 0.1,
  noisy: false,
  pipelines: { used: 1, compiled: 0 },
  memory: { allocated: 4 * 2 ** 21 + 2 ** 15, moved: 9e6 },
  peaks: PEAKS,
};
const quad = resultOf({ problem, details, medianMs: 2, interval: [1.9, 2.1], baselineMs: 10, denseFlops: 2e9, effectiveFlops: 1e9 });
const base = resultOf({
  problem,
  engine: "materialized",
  medianMs: 10,
  interval: [9, 11],
  baselineMs: null,
  denseFlops: 2e9,
  effectiveFlops: 1e9,
});
const wrong = resultOf({ problem, engine: "row", check: { ...CHECK, passed: false, maxAbs: 0.28 } });

describe("what a measurement comes to", () => {
  test("a speed-up is over the baseline of its run", () => {
    expect(speedUpOf(quad)).toBe(5);
    expect(speedUpOf(base)).toBeNull();
    expect(speedUpOf(wrong)).toBeNull();
  });
  test("the share of the peak is that of the effective rate", () => {
    expect(peakShareOf(quad)).toBeCloseTo(0.25);
    expect(peakShareOf(base)).toBeNull();
    expect(peakShareOf({ ...wrong, details })).toBeNull();
  });
  test("the matrix kernel's is of what the matrix units reach, and unknown where they were not measured", () => {
    const matrices = { flops: 8e12, product: "m" };
    expect(matmulPeakOf("matrix", { ...PEAKS, matrices })).toBe(8e12);
    expect(matmulPeakOf("quad", { ...PEAKS, matrices })).toBe(2e12);
    expect(matmulPeakOf("matrix", { ...PEAKS, matrices: null })).toBeNull();
    const byUnits = { ...quad, engine: "matrix" } as const;
    expect(peakShareOf(byUnits)).toBeNull();
    expect(peakShareOf({ ...byUnits, details: { ...details, peaks: { ...PEAKS, matrices } } })).toBeCloseTo(0.0625);
  });
  test("extra memory is what is beyond the tensors", () => {
    expect(extraBytesOf(quad)).toBe(2 ** 15);
    expect(extraBytesOf(base)).toBeNull();
  });
  test("rates beyond a thousand GFLOP/s are told in TFLOP/s", () => {
    expect(rateUnit([quad]).name).toBe("TFLOP/s");
    expect(rateUnit([base]).name).toBe("GFLOP/s");
  });
});

/** A CSV text as rows of fields. */
function parseCsv(text: string): string[][] {
  return text
    .split("\r\n")
    .slice(0, -1)
    .map((row) =>
      [...row.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)]
        .slice(0, -1)
        .map(([, f = ""]) => f.replace(/^"(.*)"$/s, "$1").replaceAll('""', '"')),
    );
}
const records = (text: string): Record<string, string>[] => {
  const [head = [], ...rows] = parseCsv(text);
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ""])));
};

describe("results as CSV", () => {
  test("hold the figures in full, one unit a column", () => {
    const [row] = records(resultsCsv([quad]));
    expect(row).toMatchObject({
      variant: "causal",
      kernel: "quad",
      Q_LEN: "1024",
      median_ms: "2",
      low_ms: "1.9",
      speedup: "5",
      effective_gflops: "500",
      dense_gflops: "1000",
      peak_share: "0.25",
      extra_bytes: "32768",
      blocks_skipped: "0.4375",
      check: "passed",
      measured_at: "1970-01-01T00:16:40.000Z",
    });
  });
  test("leave empty what a result does not say", () => {
    expect(records(resultsCsv([wrong]))[0]).toMatchObject({
      check: "failed",
      speedup: "",
      dense_gflops: "",
      peak_share: "",
      extra_bytes: "",
    });
  });
  test("quote commas and quotes", () => {
    const device = { name: 'NVIDIA "H200", 141 GB', software: false };
    expect(resultsCsv([resultOf({ device })])).toContain('"NVIDIA ""H200"", 141 GB"');
    expect(records(resultsCsv([resultOf({ device })]))[0]?.["device"]).toBe(device.name);
  });
});

describe("results as Markdown", () => {
  test("are the table that the panel shows", () => {
    expect(resultsMarkdown([quad, base, wrong], (r) => r.engine === "materialized")).toMatchInlineSnapshot(`
      "| variant  | kernel                                 | sizes                                  |   ms |      95 % | speed-up | effective TFLOP/s | dense | of peak | extra memory | blocks skipped |     max error |
      | -------- | -------------------------------------- | -------------------------------------- | ---: | --------: | -------: | ----------------: | ----: | ------: | -----------: | -------------: | ------------: |
      | \`causal\` | quad, 64 × 4                           | B 1, H 8, S 1024, D 64, block 128, f32 | 2.00 | 1.90–2.10 |    5.00× |             0.500 |  1.00 |  25.0 % |     32.0 KiB |         43.8 % |      ✓ 2.0e-7 |
      | \`causal\` | materialised, 64 × 4 (before the edit) | B 1, H 8, S 1024, D 64, block 128, f32 | 10.0 | 9.00–11.0 | baseline |             0.100 | 0.200 |       – |            – |         43.8 % |      ✓ 2.0e-7 |
      | \`causal\` | row, 64 × 4                            | B 1, H 8, S 1024, D 64, block 128, f32 |    – |         – |        – |                 – |     – |       – |            – |         43.8 % | wrong: 2.8e-1 |

      Measured on nvidia h200; median of the samples with its 95 % bootstrap interval.
      "
    `);
  });
  test("a bar in a name does not end its cell", () => {
    expect(resultsMarkdown([resultOf({ tile: "a | b" })])).toContain("a \\| b");
  });
});

const sweep = planSweep({
  id: "s1",
  document: "file:///a.py",
  variant: "causal",
  key: "k",
  axes: [
    { kind: "size", name: "S", values: [512, 1024] },
    { kind: "binding", name: "window", values: [64, 128] },
  ],
  kernels: ["quad", "tile"],
  settings: { samples: 9, budgetMs: 3000 },
  base: { bindings: {}, problem: {}, defaults: {} },
  startedAt: 1,
});
const missing = [{ engine: "tile", reason: "needs 40 KiB of workgroup memory, 32 are there", broke: false }] as const;
const partial = withPoint(withPoint(sweep, 0, { state: "done", tookMs: 5, missing }), 2, {
  state: "failed",
  reason: "D is 300, too large",
});
const results = [quad, { ...quad, sweep: { id: "s1", point: 0 } }, { ...quad, sweep: { id: "other", point: 1 } }];

describe("a sweep as text", () => {
  test("has a row for every point in its order, with what is missing and why", () => {
    const rows = records(sweepCsv(partial, results));
    expect(rows.map((r) => [r["sweep_S"], r["sweep_window"], r["kernel"], r["median_ms"], r["reason"]])).toEqual([
      ["512", "64", "quad", "2", ""],
      ["512", "64", "tile", "", "needs 40 KiB of workgroup memory, 32 are there"],
      ["512", "128", "", "", "not measured yet"],
      ["1024", "64", "", "", "D is 300, too large"],
      ["1024", "128", "", "", "not measured yet"],
    ]);
  });
  test("says of a point that is done and no longer kept what became of it", () => {
    expect(records(sweepCsv(partial, [quad]))[0]?.["reason"]).toBe("needs 40 KiB of workgroup memory, 32 are there");
    const alone = withPoint(sweep, 0, { state: "done", tookMs: 5, missing: [] });
    expect(records(sweepCsv(alone, []))[0]?.["reason"]).toContain("forgotten since");
  });
  test("as Markdown too", () => {
    expect(sweepMarkdown({ ...partial, drift: { point: 0, kernels: [] } }, results)).toMatchInlineSnapshot(`
      "Sweep of \`causal\` over S and window

      | S    | window | kernel |   ms |      95 % | speed-up | effective TFLOP/s | dense | of peak | extra memory | blocks skipped |                                      max error |
      | ---- | ------ | ------ | ---: | --------: | -------: | ----------------: | ----: | ------: | -----------: | -------------: | ---------------------------------------------: |
      | 512  | 64     | quad   | 2.00 | 1.90–2.10 |    5.00× |             0.500 |  1.00 |  25.0 % |     32.0 KiB |         43.8 % |                                       ✓ 2.0e-7 |
      | 512  | 64     | tile   |    – |         – |        – |                 – |     – |       – |            – |              – | needs 40 KiB of workgroup memory, 32 are there |
      | 512  | 128    | –      |    – |         – |        – |                 – |     – |       – |            – |              – |                               not measured yet |
      | 1024 | 64     | –      |    – |         – |        – |                 – |     – |       – |            – |              – |                            D is 300, too large |
      | 1024 | 128    | –      |    – |         – |        – |                 – |     – |       – |            – |              – |                               not measured yet |

      Measured on nvidia h200; median of the samples with its 95 % bootstrap interval.

      The first point could not be measured again at the end: the drift is not known.
      "
    `);
  });
  test("says how far the first point drifted", () => {
    const time = (medianMs: number) => ({ medianMs, interval: [medianMs, medianMs] as const });
    const kernels = [
      { engine: "quad", before: time(2), after: time(2.1) },
      { engine: "materialized", before: time(10), after: time(9.96) },
    ] as const;
    const said = driftText({ drift: { point: 0, kernels } });
    expect(said).toContain("The first point again at the end: quad +5.0 %, materialised −0.4 %. The device drifted meanwhile");
    const wide = kernels.map((k) => ({ ...k, after: { ...k.after, interval: [0, 20] as const } }));
    expect(driftText({ drift: { point: 0, kernels: wide } })).toContain("noise alone explains it");
    expect(driftText({ drift: null })).toBeNull();
  });
});

test.each([
  [0, "just now"],
  [299_000, "just now"],
  [300_000, "5 min ago"],
  [14 * 60_000, "10 min ago"],
  [7_200_000, "2 h ago"],
  [86_400_000, "1 d ago"],
])("in short an age of %d ms is `%s`", (ms, expected) => {
  expect(shortAge(ms)).toBe(expected);
});

test.each([
  [0, "just now"],
  [59_000, "just now"],
  [60_000, "1 minute ago"],
  [7_200_000, "2 hours ago"],
  [86_400_000, "1 day ago"],
])("an age of %d ms is `%s`", (ms, expected) => {
  expect(age(ms)).toBe(expected);
});
