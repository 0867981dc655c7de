import { describe, expect, it } from "vitest";
import { stepOf } from "../../../kernels/runtime/clock.ts";
import { describe as describeAdapter } from "../../../kernels/runtime/device.ts";
import { bootstrapInterval, median } from "../../../kernels/runtime/median.ts";

describe("median", () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])("of %j is %d", (samples, middle) => {
    expect(median(samples)).toBe(middle);
  });
  it("of nothing is nan", () => {
    expect(median([])).toBeNaN();
  });
});

describe("bootstrapInterval", () => {
  it("has no width for one sample, and holds the median within the samples' range otherwise", () => {
    expect(bootstrapInterval([5])).toEqual([5, 5]);
    const samples = [10, 11, 10.5, 10.2, 30, 10.1, 10.4, 10.3, 10.6];
    const [low, high] = bootstrapInterval(samples);
    expect(low).toBeGreaterThanOrEqual(10);
    expect(high).toBeLessThan(30);
    expect(low).toBeLessThanOrEqual(median(samples));
    expect(high).toBeGreaterThanOrEqual(median(samples));
  });
  it("is the same every time", () => {
    expect(bootstrapInterval([1, 2, 3, 4, 5])).toEqual(bootstrapInterval([1, 2, 3, 4, 5]));
  });
});

describe("the step of a clock", () => {
  it.each([
    [[65_536, 196_608, 327_680], 0.065536],
    [[100_000, 300_000, 700_000], 0.1],
    [[12_345, 23_457, 99_991], 0.000001],
    [[5_000_000, 5_000_000], 0.1],
  ])("of %j is %d ms", (stamps, step) => {
    expect(stepOf(stamps.map(BigInt))).toBeCloseTo(step, 9);
  });
});

describe("an adapter's name", () => {
  const info = (words: Partial<GPUAdapterInfo>): GPUAdapterInfo =>
    ({ vendor: "", architecture: "", device: "", description: "", isFallbackAdapter: false, ...words }) as GPUAdapterInfo;
  it.each([
    [info({ vendor: "google", architecture: "swiftshader" }), { name: "google swiftshader", software: true }],
    [info({ vendor: "nvidia", architecture: "hopper", description: "NVIDIA H200" }), { name: "hopper NVIDIA H200", software: false }],
    [info({ vendor: "mesa", description: "llvmpipe (LLVM 19)" }), { name: "mesa llvmpipe (LLVM 19)", software: true }],
    [info({ isFallbackAdapter: true }), { name: "unnamed adapter", software: true }],
  ])("%#", (adapter, told) => {
    expect(describeAdapter(adapter)).toEqual(told);
  });
});
