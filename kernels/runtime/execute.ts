/**
 * Runs plans on a device. Knows nothing of attention: kernels, bindings, grids. One run of a plan is one compute pass;
 * a plan with sliced grids (more work than one dispatch should hold) is submitted in parts of a quarter of a second, by
 * the measured rate (pace.ts), the queue drained between, so that it can be cancelled and no watchdog takes it for hung.
 */
import { PARAMS_STRIDE, type Plan } from "../flash/plan.ts";
import { type BufferSet, makeBuffers } from "./buffers.ts";
import type { DeviceHandle } from "./device.ts";
import { GpuError, scoped } from "./gpuError.ts";
import { nextSubmission, Pace, type Part } from "./pace.ts";

/** Dispatches with their pipelines and bind groups: ready to run, any number of times. */
export interface Runnable {
  readonly steps: readonly Step[];
  /** How the steps are slices of grids; null: they are short, and go in one submission. */
  readonly slices: { readonly parts: readonly Part[]; readonly pace: Pace } | null;
}

/** A plan that is ready to run. */
export interface Prepared extends Runnable {
  readonly plan: Plan;
  readonly buffers: BufferSet;
  /** Destroys the buffers that are this plan's own. */
  readonly destroy: () => void;
}

/** One dispatch. */
export interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** Two queries to write: the start of the first pass and the end of the last. */
export interface Stamps {
  readonly querySet: GPUQuerySet;
  readonly first: number;
  readonly last: number;
}

export interface ExecuteOptions {
  /** Runs of the whole plan, back to back; default 1. */
  readonly repeats?: number;
  readonly stamps?: Stamps;
  readonly signal?: AbortSignal;
}

/**
 * Compiles, allocates, binds. `shared` are buffers by name that the plan takes as they are (q, k, v of another plan).
 * @throws GpuError
 */
export async function prepare(gpu: DeviceHandle, plan: Plan, shared?: ReadonlyMap<string, GPUBuffer>): Promise<Prepared> {
  const pipelines = await Promise.all(plan.kernels.map((kernel) => gpu.pipelines.get(kernel)));
  const buffers = await makeBuffers(gpu.device, `the ${plan.engine} kernel`, plan.buffers, shared);
  try {
    const steps = await scoped(gpu.device, `the bind groups of the ${plan.engine} kernel`, () =>
      plan.kernels.flatMap((kernel, i) => {
        const pipeline = pipelines[i];
        if (pipeline === undefined) throw new Error("a pipeline a kernel");
        return kernel.slices.map((slice): Step => {
          const entries = kernel.bindings.map((b, binding) => ({
            binding,
            // Uniforms with a copy a slice are bound at the slice's; others have one copy at 0.
            resource:
              b.buffer === "params"
                ? { buffer: buffers.get(b.buffer), offset: slice.paramsOffset, size: PARAMS_STRIDE }
                : { buffer: buffers.get(b.buffer), ...slice.ranges?.[b.buffer] },
          }));
          const group = gpu.device.createBindGroup({ label: kernel.name, layout: pipeline.getBindGroupLayout(0), entries });
          return { pipeline, group, workgroups: slice.workgroups };
        });
      }),
    );
    return { plan, buffers, steps, slices: slicesOf(plan), destroy: buffers.destroy };
  } catch (error) {
    buffers.destroy();
    throw error;
  }
}

function slicesOf({ kernels }: Plan): Runnable["slices"] {
  if (kernels.every((k) => k.slices.length <= 1)) return null;
  const slices = kernels.flatMap((k, kernel) => k.slices.map((slice) => ({ kernel, slice })));
  return { parts: slices.map((part, place) => ({ ...part, place })), pace: new Pace() };
}

/**
 * Runs a prepared plan and waits until the queue is empty.
 * @throws GpuError "lost", "validation" or "out of memory"; the signal's reason where it aborts
 */
export async function execute(gpu: DeviceHandle, prepared: Runnable, options: ExecuteOptions = {}): Promise<void> {
  const { steps, slices } = prepared;
  const repeats = options.repeats ?? 1;
  if (slices === null) {
    const all: readonly Step[] = Array.from({ length: repeats }, () => steps).flat();
    options.signal?.throwIfAborted();
    await submit(gpu, all, passDescriptor(options.stamps, true, true));
    return;
  }
  const { pace } = slices;
  const parts: readonly Part[] = Array.from({ length: repeats }, () => slices.parts).flat();
  for (let from = 0; from < parts.length; ) {
    options.signal?.throwIfAborted();
    const { submission, next } = nextSubmission(parts, from, pace, gpu.limits.maxComputeWorkgroupsPerDimension);
    const dispatches = submission.dispatches.flatMap(({ place, workgroups }): Step[] => {
      const step = steps[place];
      return step === undefined ? [] : [{ ...step, workgroups }];
    });
    const begun = performance.now();
    await submit(gpu, dispatches, passDescriptor(options.stamps, from === 0, next >= parts.length));
    pace.note(submission, performance.now() - begun);
    from = next;
  }
}

async function submit(gpu: DeviceHandle, steps: readonly Step[], descriptor: GPUComputePassDescriptor): Promise<void> {
  const { device } = gpu;
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(descriptor);
  for (const step of steps) {
    pass.setPipeline(step.pipeline);
    pass.setBindGroup(0, step.group);
    pass.dispatchWorkgroups(...step.workgroups);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
  await drained(gpu);
}

/** Waits for the queue, or throws when the device is lost instead (where some implementations never answer), or refuses. */
async function drained(gpu: DeviceHandle): Promise<void> {
  const lost = await Promise.race([
    gpu.device.queue.onSubmittedWorkDone().then(
      () => null,
      () => null,
    ),
    gpu.lost,
  ]);
  const reason = lost ?? gpu.lostReason();
  if (reason instanceof GpuError) throw reason;
  const fault = gpu.takeFault();
  if (fault !== null) throw fault;
}

function passDescriptor(stamps: Stamps | undefined, first: boolean, last: boolean): GPUComputePassDescriptor {
  if (stamps === undefined || (!first && !last)) return {};
  return {
    timestampWrites: {
      querySet: stamps.querySet,
      ...(first ? { beginningOfPassWriteIndex: stamps.first } : {}),
      ...(last ? { endOfPassWriteIndex: stamps.last } : {}),
    },
  };
}
