/** The run time on a real device: measuring, checking, and what it says when something goes wrong. */
import { describe, expect, it } from "vitest";
import { create } from "webgpu";
import { planRow } from "../../kernels/flash/forward/row.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import type { KernelPlan, Plan } from "../../kernels/flash/plan.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { benchmark } from "../../kernels/runtime/benchmark.ts";
import { makeBuffers, readFloats, writeFloats } from "../../kernels/runtime/buffers.ts";
import { openClock } from "../../kernels/runtime/clock.ts";
import { type DeviceHandle, type DeviceOptions, handleOf, openDevice } from "../../kernels/runtime/device.ts";
import { execute, prepare } from "../../kernels/runtime/execute.ts";
import { download, runForward, runPlan, upload } from "../../kernels/runtime/forward.ts";
import { GpuError } from "../../kernels/runtime/gpuError.ts";
import { PipelineCache } from "../../kernels/runtime/pipelines.ts";
import type { BenchProgress } from "../../kernels/runtime/result.ts";
import { useGpu } from "../support/gpu.ts";
import { causal, noMods } from "../support/variants.ts";

const gpu = useGpu();
const problem = fillProblem({ qLen: 96, qkHeadDim: 8, blockSize: [64, 32] }, 2);

function rowPlan(handle: DeviceHandle): Plan {
  const planned = planRow(causal, problem, handle.limits);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan;
}

function withText(plan: Plan, wgsl: string): Plan {
  return { ...plan, kernels: plan.kernels.map((k): KernelPlan => ({ ...k, wgsl })) };
}

async function errorOf(work: Promise<unknown>): Promise<GpuError> {
  const error = await work.then(
    () => null,
    (e: unknown) => e,
  );
  if (error instanceof GpuError) return error;
  throw new Error(`no GpuError but ${String(error)}`);
}

// Dawn's instances must outlive their devices, and devices that were lost.
const instances: GPU[] = [];

async function openAnother(options?: DeviceOptions): Promise<DeviceHandle> {
  const instance = create([]);
  instances.push(instance);
  return openDevice(instance, options);
}

describe("benchmark", () => {
  it("gives checked, timed results of the chosen kernel and the baseline", async () => {
    const handle = handleOf(gpu().device);
    const told: BenchProgress[] = [];
    const report = await benchmark(handle, { variant: causal, problem }, { budgetMs: 300, onProgress: (p) => told.push(p) });
    expect(report).toMatchObject({ refusals: [], failures: [], cancelled: false, device: { name: handle.info.name } });
    expect(report.results.map((r) => r.engine)).toEqual([handle.limits.subgroups ? "quad" : "row", "materialized"]);
    for (const r of report.results) {
      expect(r.check).toMatchObject({ passed: true, allRows: true, rows: 192 });
      expect(r.samplesMs.length).toBeGreaterThanOrEqual(3);
      expect(Math.min(...r.samplesMs)).toBeGreaterThan(0);
      expect(r.interval[0]).toBeLessThanOrEqual(r.medianMs);
      expect(r.interval[1]).toBeGreaterThanOrEqual(r.medianMs);
      expect(r.compileMs).toBeGreaterThan(0);
      expect(r.sparsity.blocks).toBeCloseTo(1 / 6, 12);
      expect(r.sparsity.elements).toBeCloseTo(95 / 192, 12);
      expect(r.denseFlops).toBe(2 * 2 * 96 * 96 * 16);
      expect(r.details).toMatchObject({ instances: r.samplesMs.length, peaks: null });
      expect(r.details?.repeats).toBeGreaterThan(1);
      // Samples are long enough for the clock, or the result says that they are not.
      const stepShare = (r.details?.clockStepMs ?? 1) / (r.medianMs * (r.details?.repeats ?? 0));
      if (r.details?.noisy === false) expect(stepShare).toBeLessThanOrEqual(0.01);
      expect(r.details?.memory.allocated).toBeGreaterThanOrEqual(4 * 2 * 96 * (4 * 8 + 1));
      expect(r.effectiveFlops).toBeCloseTo((r.denseFlops * 97) / 192, 3);
      expect(JSON.parse(JSON.stringify(r))).toEqual(r);
    }
    const [fused, baseline] = report.results;
    expect(fused?.baselineMs).toBe(baseline?.medianMs);
    expect(baseline?.baselineMs).toBeNull();
    expect(fused?.key).toMatch(/^[0-9a-f]{16}$/);
    const fractions = told.map((p) => p.fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(new Set(told.map((p) => p.stage))).toEqual(new Set(["upload", "compile", "check", "sample"]));
  });

  it("says that nothing was compared where the caller asks for no check", async () => {
    const report = await benchmark(handleOf(gpu().device), { variant: noMods, problem, engines: ["row"] }, { budgetMs: 100, check: false });
    expect(report.results.map((r) => r.check)).toEqual([null]);
    expect(report.results[0]?.baselineMs).toBeNull();
  });

  it("finds a kernel that computes something else", async () => {
    const handle = handleOf(gpu().device);
    // A device whose pipelines come from the text of another scale.
    const real = handle.pipelines.get.bind(handle.pipelines);
    handle.pipelines.get = (kernel) => real({ ...kernel, wgsl: kernel.wgsl.replace("* params.SM_SCALE", "* params.SM_SCALE * 1.001") });
    const report = await benchmark(handle, { variant: causal, problem, engines: ["row"] }, { budgetMs: 100 });
    expect(report.results[0]?.check).toMatchObject({ passed: false, firstBad: expect.any(Array) });
  });

  it("reports refusals as data, with the reason", async () => {
    const handle = handleOf(gpu().device);
    const poor = { ...handle, limits: { ...handle.limits, subgroups: false, maxStorageBufferBindingSize: 2 ** 16 } };
    const report = await benchmark(poor, { variant: causal, problem }, { budgetMs: 100 });
    expect(report.results.map((r) => r.engine)).toEqual(["row"]);
    expect(report.refusals.map((r) => r.engine)).toEqual(["quad", "materialized"]);
    expect(report.refusals[1]?.reason).toMatch(/lengths up to \d+/);
    const wrong = await benchmark(handle, { variant: causal, problem: { ...problem, kvLen: 0 } });
    expect(wrong.refusals[0]?.reason).toContain("KV_LEN is 0");
  });

  it("goes on with the other engines where one does not compile", async () => {
    const handle = handleOf(gpu().device);
    const real = handle.pipelines.get.bind(handle.pipelines);
    handle.pipelines.get = (kernel) => real(kernel.name.startsWith("row") ? { ...kernel, wgsl: `${kernel.wgsl}\nnonsense` } : kernel);
    const report = await benchmark(handle, { variant: noMods, problem, engines: ["row", "materialized"] }, { budgetMs: 100 });
    expect(report.results.map((r) => r.engine)).toEqual(["materialized"]);
    expect(report.failures).toEqual([{ engine: "row", message: expect.stringContaining("does not compile at line") }]);
  });

  it("takes the next kernel where the chosen one does not compile, and says so", async () => {
    const handle = handleOf(gpu().device);
    const { chosen, next } = handle.limits.subgroups ? { chosen: "quad", next: "row" } : { chosen: "row", next: null };
    const real = handle.pipelines.get.bind(handle.pipelines);
    handle.pipelines.get = (kernel) => real(kernel.name.startsWith(chosen) ? { ...kernel, wgsl: `${kernel.wgsl}\nnonsense` } : kernel);
    const report = await benchmark(handle, { variant: noMods, problem }, { budgetMs: 100, check: false });
    expect(report.results.map((r) => r.engine)).toEqual([next, "materialized"].filter((engine) => engine !== null));
    expect(report.failures.map((f) => f.engine)).toEqual([chosen]);
    if (next !== null) expect(report.why).toBe("quad, which was chosen, broke here");
  });

  it("says what to do where the page has no memory for the tensors", async () => {
    const far = { ...problem, batch: 2 ** 24 };
    const limits = { ...gpu().device.limits };
    const handle = handleOf(gpu().device);
    const wide = { ...handle, limits: { ...handle.limits, ...limits, maxBufferSize: 2 ** 50, maxStorageBufferBindingSize: 2 ** 50 } };
    const report = await benchmark(wide, { variant: noMods, problem: far, engines: ["row"] }, { budgetMs: 100 });
    expect(report.failures).toEqual([{ engine: "row", message: expect.stringContaining("Use smaller lengths") }]);
  });

  it("stops when it is cancelled, and says so", async () => {
    const controller = new AbortController();
    const report = await benchmark(
      handleOf(gpu().device),
      { variant: causal, problem },
      { signal: controller.signal, budgetMs: 60_000, samples: 1000, onProgress: (p) => p.stage === "sample" && controller.abort() },
    );
    expect(report).toMatchObject({ cancelled: true, results: [], failures: [] });
  });
});

describe("a plan in slices", () => {
  it("is put together to few submissions once its rate is known, and gives the same numbers", async () => {
    const handle = handleOf(gpu().device);
    const narrow = { ...handle.limits, maxComputeWorkgroupsPerDimension: 1 };
    const planned = planRow(causal, { ...problem, qLen: 300 }, narrow);
    if (planned.kind === "refused") throw new Error(planned.refusal.reason);
    expect(planned.plan.kernels[0]?.slices.length).toBeGreaterThan(4);
    const prepared = await prepare(handle, planned.plan);
    const submissions: number[] = [];
    const { queue } = handle.device;
    const submit = queue.submit.bind(queue);
    queue.submit = (buffers) => {
      submissions[submissions.length - 1] = (submissions.at(-1) ?? 0) + 1;
      return submit(buffers);
    };
    try {
      upload(handle, prepared.buffers, planned.plan.problem, seededInputs(planned.plan.problem));
      for (let i = 0; i < 3; i++) {
        submissions.push(0);
        await execute(handle, prepared);
      }
      queue.submit = submit;
      const sliced = await download(handle, prepared.buffers, planned.plan.problem);
      const whole = planRow(causal, planned.plan.problem, handle.limits);
      if (whole.kind === "refused") throw new Error(whole.refusal.reason);
      expect(whole.plan.kernels[0]?.slices).toHaveLength(1);
      const { out, lse } = await runPlan(handle, whole.plan, seededInputs(planned.plan.problem));
      expect(sliced.out).toEqual(out);
      expect(sliced.lse).toEqual(lse);
    } finally {
      queue.submit = submit;
      prepared.destroy();
    }
    expect(submissions[0]).toBeGreaterThan(1);
    expect(submissions[2]).toBe(1);
  });
});

describe("errors of the GPU", () => {
  it("name the kernel and the line of WGSL that does not compile", async () => {
    const handle = handleOf(gpu().device);
    const plan = rowPlan(handle);
    const broken = withText(plan, plan.kernels[0]?.wgsl.replace("let q_tile = ", "let q_tile = missing + ") ?? "");
    const error = await errorOf(prepare(handle, broken));
    expect(error.kind).toBe("compile");
    expect(error.place?.text).toContain("missing + params.FIRST_TILE");
    expect(error.message).toContain(`at line ${error.place?.line}`);
    // A text that failed is compiled again, not remembered.
    expect((await errorOf(prepare(handle, broken))).kind).toBe("compile");
  });

  it("say which buffer is too large before the device is asked", async () => {
    const handle = handleOf(gpu().device);
    const huge = { name: "q", byteLength: 2 ** 40, role: "input", usage: "storage", data: null } as const;
    const error = await errorOf(makeBuffers(handle.device, "a test", [huge]));
    expect(error).toMatchObject({ kind: "out of memory", message: expect.stringContaining("`q` needs") });
  });

  it("refuse what no engine can run with all reasons", async () => {
    const error = await errorOf(
      runForward(handleOf(gpu().device), noMods, fillProblem({ qkHeadDim: 300, qLen: 4 }, 1), seededInputs(problem)),
    );
    expect(error.message).toMatch(/quad: .*300.*row: .*300/);
  });

  it("come from a submission too, once, and the next run works", async () => {
    const handle = handleOf(gpu().device);
    const prepared = await prepare(handle, rowPlan(handle));
    await execute(handle, prepared);
    prepared.destroy();
    const error = await errorOf(execute(handle, prepared));
    expect(error).toMatchObject({ kind: "validation", message: expect.stringContaining("destroyed") });
    const again = await prepare(handle, rowPlan(handle));
    await execute(handle, again);
    again.destroy();
  });

  it("come from a lost device too, and a new one can be opened", async () => {
    const handle = await openAnother();
    const prepared = await prepare(handle, rowPlan(handle));
    await execute(handle, prepared);
    handle.destroy();
    expect((await handle.lost).kind).toBe("lost");
    expect((await errorOf(execute(handle, prepared))).kind).toBe("lost");
    // What a page's device answers with once its process is gone.
    const gone = async (): Promise<never> => {
      throw new Error("Instance dropped in popErrorScope");
    };
    const dead = { pushErrorScope: () => undefined, popErrorScope: gone, createShaderModule: () => ({ getCompilationInfo: gone }) };
    expect((await errorOf(new PipelineCache(dead as unknown as GPUDevice).get({ name: "k", wgsl: "", bindings: [] }))).kind).toBe("lost");
    const report = await benchmark(handle, { variant: causal, problem, engines: ["row"] });
    expect(report.failures).toEqual([{ engine: "row", message: expect.stringContaining("Run again") }]);
  });

  it("say that there is no adapter, and what to do", async () => {
    const throwing = async () => {
      throw new Error("no GPU process");
    };
    for (const requestAdapter of [async () => null, throwing]) {
      const error = await errorOf(openDevice({ requestAdapter } as unknown as GPU));
      expect(error).toMatchObject({ kind: "no adapter", message: expect.stringContaining("Enable hardware acceleration") });
    }
    const instance = create([]);
    instances.push(instance);
    const adapter = await instance.requestAdapter();
    const stubborn = { requestAdapter: async () => ({ features: adapter?.features, limits: adapter?.limits, requestDevice: throwing }) };
    const refused = await errorOf(openDevice(stubborn as unknown as GPU));
    expect(refused).toMatchObject({
      kind: "no adapter",
      message: "The adapter gives no device: no GPU process. Restart the program, or update the GPU's driver.",
    });
  });
});

describe("the cache of pipelines", () => {
  const kernel = (wgsl: string): KernelPlan => ({ pass: "forward", name: "empty", wgsl, bindings: [], workgroups: [1, 1, 1], slices: [] });
  const text = (n: number): string => `const N = ${n};\n@compute @workgroup_size(1) fn main() {}`;

  it("compiles a text once, and drops what was not used for longest", async () => {
    const { pipelines } = handleOf(gpu().device);
    expect(await pipelines.get(kernel(text(0)))).toBe(await pipelines.get(kernel(text(0))));
    expect(pipelines.compiles).toBe(1);
    for (let n = 1; n <= 100; n++) {
      await pipelines.get(kernel(text(n)));
      await pipelines.get(kernel(text(0)));
    }
    expect(pipelines.compiles).toBe(101);
    await pipelines.get(kernel(text(1)));
    expect(pipelines.compiles).toBe(102);
  });
});

describe("buffers", () => {
  it("bring back what was written, and share what they are told to", async () => {
    const { device } = gpu();
    const spec = (name: string) => ({ name, byteLength: 12, role: "input", usage: "storage", data: null }) as const;
    const first = await makeBuffers(device, "a test", [spec("a")]);
    const second = await makeBuffers(device, "a test", [spec("a"), spec("b")], new Map([["a", first.get("a")]]));
    writeFloats(device, first.get("a"), Float32Array.of(1, 2, 3));
    expect([...(await readFloats(device, second.get("a"), 3))]).toEqual([1, 2, 3]);
    second.destroy();
    expect([...(await readFloats(device, first.get("a"), 3))]).toEqual([1, 2, 3]);
    expect(() => second.get("c")).toThrow("`c`");
    first.destroy();
  });
});

describe("the clock", () => {
  it("takes samples of the whole and says what its timestamps are rounded to", async () => {
    const handle = handleOf(gpu().device);
    const prepared = await prepare(handle, rowPlan(handle));
    const clock = await openClock(handle);
    const { wallMs, gpuMs } = await clock.sample(prepared, 50);
    expect(wallMs).toBeGreaterThan(0);
    if (handle.device.features.has("timestamp-query")) {
      expect(clock.stepMs).toBeGreaterThan(0);
      expect(clock.stepMs).toBeLessThanOrEqual(0.1);
      expect(gpuMs ?? 0).toBeLessThanOrEqual(wallMs + 0.1);
    } else expect([clock.stepMs, gpuMs]).toEqual([null, null]);
    clock.destroy();
    prepared.destroy();
  });

  it("falls back to the wall where there are no timestamps", async () => {
    const handle = await openAnother({ without: ["timestamp-query"] });
    const prepared = await prepare(handle, rowPlan(handle));
    const clock = await openClock(handle);
    expect(clock.stepMs).toBeNull();
    expect(await clock.sample(prepared, 2)).toMatchObject({ gpuMs: null });
    const report = await benchmark(handle, { variant: noMods, problem, engines: ["row"] }, { budgetMs: 100 });
    expect(report.results[0]?.clock).toBe("wall");
    handle.destroy();
  });
});
