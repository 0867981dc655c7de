import { describe, expect, it } from "vitest";
import { higherPeaks } from "../../../kernels/runtime/peaks.ts";
import type { BenchDetails, BenchResult, DevicePeaks } from "../../../kernels/runtime/result.ts";
import { DETAIL_COLUMNS, detailCells, isOutdone, knownPeaks, peaksText } from "../../../webview/bench/details.ts";
import { groupResults } from "../../../webview/bench/rows.ts";
import { CHECK, PROBLEM, resultOf } from "../extension/samples.ts";

const PEAKS: DevicePeaks = { matmulFlops: 4e12, matmul: "1024 × 1024 × 1024, 8 × 8 a thread", copyBytes: 1e12, measuredAt: 1 };
const details: BenchDetails = {
  repeats: 20,
  instances: 5,
  clockStepMs: 0.1,
  noisy: false,
  pipelines: { used: 3, compiled: 0 },
  memory: { allocated: 3 * 2 ** 20, moved: 2 ** 20 },
  peaks: PEAKS,
};
const measured = (change: Partial<BenchResult> = {}): BenchResult =>
  resultOf({ medianMs: 1, interval: [1, 1], samplesMs: [1, 1, 1, 1, 1], denseFlops: 2e9, effectiveFlops: 1e9, details, ...change });
const groupOf = (...results: BenchResult[]) => groupResults(results, new Map([["causal", { key: "now", problem: PROBLEM }]]), "causal")[0];
const plain = (text: string): string => text.replaceAll("\u202f", " ");

function cellsOf(result: BenchResult): Readonly<Record<string, string>> | null {
  const row = groupOf(result)?.rows[0];
  const cells = row === undefined ? null : detailCells(row);
  return cells === null ? null : Object.fromEntries(cells.map((cell, i) => [DETAIL_COLUMNS[i]?.name, plain(cell)]));
}

describe("how a result was measured", () => {
  it("names samples, clock, pipelines, memory, shares of the device's peaks and the relative error", () => {
    expect(cellsOf(measured())).toEqual({
      samples: "5 × 20, 5 instances",
      "clock step": "100 µs, 0.50 %",
      pipelines: "0 compiled of 3",
      allocated: "3.00 MiB",
      moved: "1.00 MiB",
      "of copy": "0.1 %",
      "dense, of matmul": "50.0 %",
      "effective, of matmul": "25.0 %",
      "max relative error": "3.0e−7",
    });
  });

  it("gives a wrong result no share, but the place of its first bad element", () => {
    const wrong = measured({ check: { ...CHECK, passed: false, maxRel: 0.5, firstBad: [0, 3, 17, 0] } });
    expect(cellsOf(wrong)).toMatchObject({
      "of copy": "–",
      "dense, of matmul": "–",
      "effective, of matmul": "–",
      "max relative error": "5.0e−1 at (0, 3, 17, 0)",
    });
  });

  it("gives no share where the device's peaks could not be measured", () => {
    expect(cellsOf(measured({ details: { ...details, peaks: null } }))).toMatchObject({ "of copy": "–", "dense, of matmul": "–" });
  });

  it("says nothing of a result that an earlier version stored", () => {
    expect(cellsOf(resultOf())).toBeNull();
  });

  it("makes a time noisy where the clock was too coarse for it", () => {
    expect(groupOf(measured({ details: { ...details, noisy: true } }))?.rows[0]?.standing).toBe("noisy");
  });
});

describe("the peaks of a device", () => {
  it("are told in words with the product they were measured by", () => {
    const group = groupOf(resultOf({ engine: "row" }), measured());
    expect(group === undefined ? "" : plain(peaksText(group) ?? "")).toBe(
      "nvidia h200 reaches 4 000 GFLOP/s in an f32 matrix product (1024 × 1024 × 1024, 8 × 8 a thread), 1 000 GB/s in a copy; measured by kernels of Flexlens.",
    );
  });

  it("are told of the matrix units too where the device has them", () => {
    const units = { ...details, peaks: { ...PEAKS, matrices: { flops: 64e12, product: "1024 × 1024 × 1024, 4 × 4 matrices" } } };
    const group = groupOf(measured({ details: units }));
    expect(group === undefined ? "" : plain(peaksText(group) ?? "")).toContain(
      "64 000 GFLOP/s in one of float16 by its matrix units (1024 × 1024 × 1024, 4 × 4 matrices), 1 000 GB/s in a copy",
    );
    expect(cellsOf(measured({ engine: "matrix" }))).toMatchObject({ "dense, of matmul": "–", "effective, of matmul": "–" });
    expect(cellsOf(measured({ engine: "matrix", details: units }))).toMatchObject({
      "dense, of matmul": "3.1 %",
      "effective, of matmul": "1.6 %",
    });
  });

  it("are outdone by a kernel that is surely faster, on this device and right", () => {
    const isOut = (...results: BenchResult[]): boolean => isOutdone(results, "nvidia h200", PEAKS);
    const fast = { effectiveFlops: 5e9, interval: [0.9, 1.1] } as const;
    expect(isOut(measured(), measured(fast))).toBe(true);
    expect(isOut(measured({ ...fast, interval: [0.9, 1.3] }))).toBe(false);
    expect(isOut(measured({ ...fast, check: { ...CHECK, passed: false } }))).toBe(false);
    expect(isOut(measured({ ...fast, engine: "matrix" }))).toBe(false);
    expect(isOutdone([measured(fast)], "another", PEAKS)).toBe(false);
  });

  it("are each the higher of two measurements", () => {
    const matrices = { flops: 9e12, product: "units" };
    const later: DevicePeaks = { matmulFlops: 5e12, matmul: "later", copyBytes: 5e11, measuredAt: 2 };
    expect(higherPeaks(PEAKS, later)).toEqual({ ...later, copyBytes: 1e12 });
    expect(higherPeaks({ ...later, matrices, measuredAt: 1 }, { ...PEAKS, measuredAt: 2 })).toEqual({
      ...later,
      matrices,
      copyBytes: 1e12,
    });
    expect(higherPeaks(PEAKS, { ...later, matrices: null }).matrices).toBeNull();
  });

  it("come with stored results of the same device, the latest that has them", () => {
    const newer = { ...details, peaks: { matmulFlops: 5e12, matmul: "m", copyBytes: 2e12, measuredAt: 2 } };
    const results = [measured(), measured({ details: newer }), resultOf()];
    expect(knownPeaks(results, "nvidia h200")).toEqual(newer.peaks);
    expect(knownPeaks(results, "another")).toBeNull();
    expect(knownPeaks([resultOf()], "nvidia h200")).toBeNull();
  });
});
