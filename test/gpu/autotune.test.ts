/** The autotuner on a real device: what wins is right, what is wrong or breaks is out, and it ends when it is told to. */
import { describe, expect, it } from "vitest";
import { create } from "webgpu";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { chooseForward } from "../../kernels/flash/select.ts";
import { readTuned } from "../../kernels/flash/tuned.ts";
import { autotune, type TuneProgress, triedText } from "../../kernels/runtime/autotune.ts";
import { type DeviceHandle, handleOf, openDevice } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { useGpu } from "../support/gpu.ts";
import { causal } from "../support/variants.ts";

const gpu = useGpu();
const problem = fillProblem({ qLen: 80, qkHeadDim: 8, blockSize: [32, 32] }, 2);
const request = { variant: causal, problem, wishes: { engines: ["row"] } } as const;
const quick = { budgetMs: 100 };

// One device for the file: its pipelines are compiled once.
let shared: DeviceHandle | null = null;
const handle = (): DeviceHandle => {
  shared ??= handleOf(gpu().device);
  return shared;
};
/** The same device, whose kernels of four keys a step come from another text. */
const tampered = (change: (wgsl: string) => string): DeviceHandle => {
  const real = handle().pipelines;
  const get: typeof real.get = (kernel) =>
    real.get(kernel.wgsl.includes("BLOCK_N = 4u") ? { ...kernel, wgsl: change(kernel.wgsl) } : kernel);
  const pipelines = { compiles: 0, get } as unknown as DeviceHandle["pipelines"];
  return { ...handle(), pipelines };
};
// Dawn's instances must outlive their devices.
const instances: GPU[] = [];

describe("the autotuner", () => {
  it("finds a winner that the choice then takes, and tells how far it is", async () => {
    const told: TuneProgress[] = [];
    const { tuned, rows, fault, cancelled } = await autotune(handle(), request, { ...quick, onProgress: (p) => told.push(p) });
    expect([fault, cancelled]).toEqual([null, false]);
    if (tuned === null) throw new Error("no winner");
    expect(tuned.candidates).toBe(rows.length);
    expect(tuned.speedUp).toBeGreaterThanOrEqual(1);
    expect(rows.map((r) => r.isDefault)).toEqual(rows.map((_, i) => i === 0));
    expect(readTuned(JSON.parse(JSON.stringify(tuned)))).toEqual(tuned);
    expect(rows.filter((r) => r.fate === "fastest").map((r) => r.candidate.options)).toEqual([tuned.options]);
    for (const { ms } of rows) expect(ms).toBeGreaterThan(0);
    const fractions = told.map((p) => p.fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
    // On a software adapter one run can show that all others are far behind: nothing is left to sample then.
    const stages = new Set<string>(told.map((p) => p.stage));
    expect([...stages, "sample"]).toEqual(expect.arrayContaining(["check", "compile", "sample"]));
    expect(stages.size).toBeLessThanOrEqual(3);
    const choice = chooseForward(causal, problem, handle().limits, undefined, { tuned });
    expect(choice.plan?.tile).toBe(tuned.tile);
    expect(choice.why).toContain("tuned on this device");
    const { lse } = await runPlan(handle(), choice.plan ?? neverPlan(), seededInputs(problem));
    expect(lse.every(Number.isFinite)).toBe(true);
  });

  it("compiles nothing the second time", async () => {
    const before = handle().pipelines.compiles;
    await autotune(handle(), { ...request, problem: { ...problem, qLen: 70, kvLen: 90 } }, quick);
    expect(handle().pipelines.compiles).toBe(before);
  });

  it("leaves out what computes something else, fast as it may be, and what does not compile", async () => {
    const wrong = await autotune(
      tampered((wgsl) => wgsl.replace("* params.SM_SCALE", "* params.SM_SCALE * 1.01")),
      request,
      quick,
    );
    const broken = await autotune(
      tampered((wgsl) => `${wgsl}\nnonsense`),
      request,
      quick,
    );
    for (const [{ rows, tuned }, fate, words] of [
      [wrong, "wrong", /its largest error is/],
      [broken, "broke", /does not compile/],
    ] as const) {
      const out = rows.filter((r) => r.candidate.options.BLOCK_N === 4);
      expect(out.length).toBeGreaterThan(0);
      for (const row of out) expect(row).toMatchObject({ fate, ms: null, reason: expect.stringMatching(words) });
      expect(tuned?.options.BLOCK_N).not.toBe(4);
    }
  });

  it("tries what runs untuned whatever its bound, and says of the rest that it was left out for time", async () => {
    const { tuned, rows, fault } = await autotune(handle(), request, { ...quick, qualifyMs: 0 });
    expect([fault, tuned?.candidates, tuned?.speedUp]).toEqual([null, 1, 1]);
    expect(rows.length).toBeGreaterThan(2);
    expect(rows[0]).toMatchObject({ isDefault: true, fate: "fastest", ms: expect.any(Number) });
    for (const row of rows.slice(1)) expect(row).toMatchObject({ fate: "untried", ms: null, reason: "left out for time" });
    expect(triedText(rows)).toBe(`1 of ${rows.length} kernels and tiles, the rest left out for time`);
  });

  it("stops when it is cancelled, at whatever stage", async () => {
    for (const stage of ["compile", "sample"] as const) {
      const controller = new AbortController();
      const onProgress = (p: TuneProgress): void => {
        if (p.stage === stage) controller.abort();
      };
      expect(await autotune(handle(), request, { budgetMs: 60_000, signal: controller.signal, onProgress })).toMatchObject({
        tuned: null,
        fault: null,
        cancelled: true,
      });
    }
  });

  it("says that the device was lost, with the way out", async () => {
    const instance = create([]);
    instances.push(instance);
    const other = await openDevice(instance);
    const report = await autotune(other, request, { ...quick, onProgress: (p) => p.fraction > 0.2 && other.destroy() });
    expect(report).toMatchObject({ tuned: null, cancelled: false, fault: expect.stringContaining("Run again") });
  });

  it("says what no kernel can do", async () => {
    const none = await autotune(handle(), { ...request, problem: { ...problem, qkHeadDim: 300 } }, quick);
    expect(none.fault).toContain("head dim is 300");
  });
});

function neverPlan(): never {
  throw new Error("nothing was chosen");
}
