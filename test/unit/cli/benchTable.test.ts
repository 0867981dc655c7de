import { describe, expect, it } from "vitest";
import { benchTable } from "../../../kernels/cli/bench.ts";
import type { BenchDetails, BenchResult, DevicePeaks } from "../../../kernels/runtime/result.ts";
import { CHECK, PROBLEM, resultOf } from "../extension/samples.ts";

const PEAKS: DevicePeaks = { matmulFlops: 4e12, matmul: "1024 × 1024 × 1024", copyBytes: 1e12, measuredAt: 1 };
const details: BenchDetails = {
  repeats: 20,
  instances: 5,
  clockStepMs: 0.1,
  noisy: false,
  pipelines: { used: 1, compiled: 0 },
  memory: { allocated: 3e6, moved: 2e6 },
  peaks: PEAKS,
};

function linesOf(change: Partial<BenchResult>): string[] {
  const result = resultOf({ medianMs: 1, interval: [0.99, 1.01], denseFlops: 2e9, effectiveFlops: 1e9, details, ...change });
  const report = { device: result.device, results: [result], refusals: [], failures: [], cancelled: false, why: "the first that fits" };
  return benchTable("causal", PROBLEM, report)
    .split("\n")
    .filter((line) => /^(quad|matrix)/.test(line) || line.startsWith("The device"));
}

describe("the table of flexlens bench", () => {
  it("says below a row how it was sampled, and its shares of what the device reaches", () => {
    const [row, detail, peaks] = linesOf({});
    expect(row).toMatch(/1\.00 ms .* 9\.4× .* 1000\.0 .*checked, error 2\.0e-7/);
    expect(detail).toContain("3 samples of 20 runs, 5 instances, timestamp-query steps 0.100 ms; 0 of 1 pipelines compiled");
    expect(detail).toContain("3.00 MB allocated, 2.00 MB moved; 2000 dense GFLOP/s; of the device's f32 matrix product 25.0 % (effective)");
    expect(detail).toContain("of its copy 0.200 %");
    expect(peaks).toBe("The device reaches 4000 GFLOP/s (1024 × 1024 × 1024) and copies 1000 GB/s.");
  });

  it("holds the matrix kernel against the product of the matrix units, or against none", () => {
    const units = { ...details, peaks: { ...PEAKS, matrices: { flops: 16e12, product: "4 × 4 matrices" } } };
    const [, detail, peaks] = linesOf({ engine: "matrix", details: units });
    expect(detail).toContain("of the device's float16 matrix product 6.25 % (effective)");
    expect(peaks).toContain("GFLOP/s (1024 × 1024 × 1024), 16000 GFLOP/s by its matrix units (4 × 4 matrices) and copies");
    const [, unknown] = linesOf({ engine: "matrix" });
    expect(unknown).toContain("2000 dense GFLOP/s; of its copy");
  });

  it("crosses a wrong result's time out, and gives it no speed", () => {
    const [row, detail] = linesOf({ check: { ...CHECK, passed: false, firstBad: [0, 1, 2, 3] } });
    expect(row).toMatch(/~~1\.00 ms~~ +– +– +WRONG, error 2\.0e-7 first at \[0, 1, 2, 3\]/);
    expect(detail).not.toContain("GFLOP/s");
  });

  it("flags a noisy time", () => {
    expect(linesOf({ interval: [0.5, 2] })[0]).toContain("noisy, checked");
  });
});
