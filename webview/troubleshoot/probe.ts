/**
 * Tests the machine: asks the `GPU` that is handed in for an adapter, the adapter for a device, the device for a few
 * numbers that are known, and the clocks for their steps. Each step is tried only where the one before it held; the
 * first that does not is the cause of what the user sees. Gives facts, no words; throws nothing.
 */
import { openClock } from "../../kernels/runtime/clock.ts";
import { type DeviceHandle, describe, openDevice } from "../../kernels/runtime/device.ts";
import { orLost, scoped } from "../../kernels/runtime/gpuError.ts";
import type { PowerPreference, Surroundings } from "../protocol.ts";
import type { AdapterFacts, ComputeFacts, GpuFacts, PageFacts } from "./facts.ts";

/** What the test is given beside the GPU. */
export interface ProbeInput {
  readonly page: PageFacts;
  readonly surroundings: Surroundings | null;
  readonly lostBefore: number;
  /** Told what is tried next, in words. */
  readonly onStep: (now: string) => void;
}

export async function probeGpu(gpu: GPU | undefined, input: ProbeInput): Promise<GpuFacts> {
  const { page, surroundings, lostBefore, onStep } = input;
  const nothing: GpuFacts = {
    page,
    surroundings,
    hasApi: gpu !== undefined,
    adapter: null,
    otherAdapter: null,
    deviceFault: null,
    compute: null,
    computeFault: null,
    clock: null,
    lost: null,
    lostBefore,
    testedAt: Date.now(),
  };
  if (gpu === undefined) return nothing;
  const preference = surroundings?.powerPreference ?? "high-performance";

  onStep("asking for an adapter");
  const adapter = await adapterOf(gpu, preference);
  if (adapter === null) return nothing;
  const other = await adapterOf(gpu, preference === "low-power" ? "high-performance" : "low-power");
  const found = { ...nothing, adapter, otherAdapter: other === null || other.name === adapter.name ? null : other.name };

  onStep("opening a device");
  let device: DeviceHandle;
  try {
    device = await openDevice(gpu, { powerPreference: preference });
  } catch (error) {
    return { ...found, deviceFault: messageOf(error) };
  }
  try {
    onStep("computing");
    const compute = await tried(() => sums(device.device));
    onStep("reading the clocks");
    const clock = device.lostReason() === null ? await tried(() => clocks(device)) : null;
    // A device that is going tells so in a moment of its own.
    await new Promise((done) => setTimeout(done, 0));
    return {
      ...found,
      compute: compute.value,
      computeFault: compute.fault,
      clock: clock?.value ?? null,
      lost: device.lostReason()?.message ?? null,
    };
  } finally {
    device.destroy();
  }
}

async function adapterOf(gpu: GPU, preference: PowerPreference): Promise<AdapterFacts | null> {
  const adapter = await gpu.requestAdapter(preference === "default" ? {} : { powerPreference: preference }).catch(() => null);
  if (adapter === null) return null;
  const { limits } = adapter;
  return {
    ...describe(adapter.info),
    features: [...adapter.features].toSorted(),
    limits: {
      binding: limits.maxStorageBufferBindingSize,
      buffer: limits.maxBufferSize,
      workgroupMemory: limits.maxComputeWorkgroupStorageSize,
      invocations: limits.maxComputeInvocationsPerWorkgroup,
      storageBuffers: limits.maxStorageBuffersPerShaderStage,
    },
  };
}

/** Numbers that are exact in any float32 arithmetic: each invocation adds up the whole numbers to its own place. */
const COUNT = 1024;
const SUMS = `
@group(0) @binding(0) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var i = 0u; i <= id.x; i++) {
    sum += f32(i);
  }
  sums[id.x] = sum;
}
`;

const STORAGE = 0x80;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const MAP_READ = 0x1;

async function sums(device: GPUDevice): Promise<ComputeFacts> {
  const began = performance.now();
  const staging = await scoped(device, "a small shader", () => {
    const pipeline = device.createComputePipeline({
      layout: "auto",
      compute: { module: device.createShaderModule({ code: SUMS }), entryPoint: "main" },
    });
    const out = device.createBuffer({ size: 4 * COUNT, usage: STORAGE | COPY_SRC });
    const read = device.createBuffer({ size: 4 * COUNT, usage: MAP_READ | COPY_DST });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: out } }] }),
    );
    pass.dispatchWorkgroups(COUNT / 64);
    pass.end();
    encoder.copyBufferToBuffer(out, 0, read, 0, 4 * COUNT);
    device.queue.submit([encoder.finish()]);
    return read;
  });
  await orLost(staging.mapAsync(MAP_READ));
  const got = new Float32Array(staging.getMappedRange().slice(0));
  return { tookMs: performance.now() - began, count: COUNT, wrong: firstWrong(got) };
}

/** The first of the shader's numbers that is not the sum of the whole numbers to its place. */
export function firstWrong(got: ArrayLike<number>): ComputeFacts["wrong"] {
  for (let at = 0; at < got.length; at++) {
    const want = (at * (at + 1)) / 2;
    if (got[at] !== want) return { at, got: got[at] ?? 0, want };
  }
  return null;
}

async function clocks(device: DeviceHandle): Promise<NonNullable<GpuFacts["clock"]>> {
  const clock = await openClock(device);
  clock.destroy();
  return { gpuMs: clock.stepMs, wallMs: clock.wallStepMs };
}

/** What `work` gives, or what it says for itself. */
async function tried<T>(work: () => Promise<T>): Promise<{ readonly value: T | null; readonly fault: string | null }> {
  try {
    return { value: await work(), fault: null };
  } catch (error) {
    return { value: null, fault: messageOf(error) };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
