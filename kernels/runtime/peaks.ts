/**
 * What a device reaches, so that a kernel's figures can be read as a share of it: FLOP/s of an f32 matrix product, and
 * bytes a second of a copy. In: a device. Out: the best of a few tuned kernels each (peakKernels.ts), by the fastest of
 * a few samples, since a peak is what was reached and not what is usual. Takes about a second; the caller keeps the
 * result with the device's name and brings it along the next time.
 */

import { COPY_THREADS, copyKernel, type MatmulTile, matmulKernel, tileBytes, tileSides, tileText } from "../flash/peakKernels.ts";
import type { DeviceLimits, PlanBuffer } from "../flash/plan.ts";
import { makeBuffers } from "./buffers.ts";
import { type Clock, openClock } from "./clock.ts";
import type { DeviceHandle } from "./device.ts";
import type { Runnable } from "./execute.ts";
import { GpuError, scoped } from "./gpuError.ts";
import type { PipelineText } from "./pipelines.ts";
import type { DevicePeaks } from "./result.ts";
import { findRepeats, shortestSample } from "./sampling.ts";

/** Products tried on a GPU: straight from storage, and by way of workgroup memory with larger and smaller tiles. */
const TILES: readonly MatmulTile[] = [
  { x: 8, y: 8, rows: 8, columns: 2, depth: 0 },
  { x: 16, y: 16, rows: 8, columns: 2, depth: 16 },
  { x: 16, y: 16, rows: 4, columns: 1, depth: 16 },
];

/** The best of five tried on a software adapter: loads are what costs there, and barriers more so. */
const SOFTWARE_TILES: readonly MatmulTile[] = [{ x: 4, y: 4, rows: 16, columns: 4, depth: 0 }];

/** The tiles that the device can run and that are worth their time there. */
export function tilesFor(limits: DeviceLimits): readonly MatmulTile[] {
  const threads = limits.maxComputeInvocationsPerWorkgroup;
  const tiles = limits.software ? SOFTWARE_TILES : TILES;
  return tiles.filter((t) => t.x * t.y <= threads && tileBytes(t) <= limits.maxComputeWorkgroupStorageSize);
}

/** Lengths of the product: a multiple of every tile's sides. A GPU that needs less than LONG_MS for one gets the next. */
const SIDES = [1024, 2048, 4096] as const;
const SOFTWARE_SIDE = 256;
const LONG_MS = 4;

/** Bytes that are copied: well beyond a GPU's caches, and what a software adapter does in some ten milliseconds. */
const COPY_BYTES = 128 * 2 ** 20;
const SOFTWARE_COPY_BYTES = 8 * 2 ** 20;
/** vec4f a thread copies, for the ways that are tried; on a software adapter the last one alone. */
const COPY_EACH = [1, 4] as const;

const SAMPLES = 3;

/**
 * Measures the device; null where it has no memory for that, or does not compile the kernels: figures then go without.
 * @throws GpuError "lost", and the signal's reason where it aborts
 */
export async function measurePeaks(gpu: DeviceHandle, signal?: AbortSignal): Promise<DevicePeaks | null> {
  let clock: Clock | null = null;
  try {
    clock = await openClock(gpu);
    const copyBytes = await measureCopy(gpu, clock, signal);
    const product = await measureProduct(gpu, clock, signal);
    return { ...product, copyBytes, measuredAt: Date.now() };
  } catch (error) {
    if (error instanceof GpuError && error.kind !== "lost") return null;
    throw error;
  } finally {
    clock?.destroy();
  }
}

async function measureCopy(gpu: DeviceHandle, clock: Clock, signal: AbortSignal | undefined): Promise<number> {
  const most = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
  const wanted = Math.min(most, gpu.limits.software ? SOFTWARE_COPY_BYTES : COPY_BYTES);
  const step = 16 * COPY_THREADS * Math.max(...COPY_EACH);
  const bytes = step * Math.floor(wanted / step);
  let best = 0;
  await withBuffers(gpu, "the copy", [storage("a", bytes), storage("b", bytes)], async (buffers) => {
    for (const each of gpu.limits.software ? COPY_EACH.slice(-1) : COPY_EACH) {
      const groups = bytes / (16 * COPY_THREADS * each);
      if (groups > gpu.limits.maxComputeWorkgroupsPerDimension) continue;
      const run = await runnable(gpu, copyKernel(each), buffers, [groups, 1, 1]);
      best = Math.max(best, (2 * bytes) / ((await fastest(run, clock, signal)) / 1000));
    }
  });
  return best;
}

async function measureProduct(
  gpu: DeviceHandle,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<Pick<DevicePeaks, "matmulFlops" | "matmul">> {
  let best = { matmulFlops: 0, matmul: "" };
  for (const side of gpu.limits.software ? [SOFTWARE_SIDE] : SIDES) {
    const bytes = 4 * side * side;
    if (bytes > Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize)) break;
    let shortest = Number.POSITIVE_INFINITY;
    const numbers = [randomBuffer("a", bytes), randomBuffer("b", bytes)];
    await withBuffers(gpu, "the matrix product", [...numbers, storage("c", bytes), lengthBuffer(side)], async (buffers) => {
      for (const tile of tilesFor(gpu.limits)) {
        const [rows, columns] = tileSides(tile);
        const run = await runnable(gpu, matmulKernel(tile), buffers, [side / columns, side / rows, 1]);
        const ms = await fastest(run, clock, signal);
        shortest = Math.min(shortest, ms);
        const matmulFlops = (2 * side ** 3) / (ms / 1000);
        if (matmulFlops > best.matmulFlops) best = { matmulFlops, matmul: `${side} × ${side} × ${side}, ${tileText(tile)}` };
      }
    });
    if (shortest > LONG_MS) break;
  }
  return best;
}

/** The fastest of a few samples, ms a run. */
async function fastest(run: Runnable, clock: Clock, signal: AbortSignal | undefined): Promise<number> {
  const sample = (repeats: number): ReturnType<Clock["sample"]> => clock.sample(run, repeats, signal);
  const { repeats } = await findRepeats(sample, shortestSample(clock.stepMs, clock.wallStepMs));
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) {
    const { gpuMs, wallMs } = await sample(repeats);
    best = Math.min(best, gpuMs ?? wallMs);
  }
  return best;
}

type Buffers = ReadonlyMap<string, GPUBuffer>;

async function withBuffers(
  gpu: DeviceHandle,
  what: string,
  buffers: readonly PlanBuffer[],
  work: (buffers: Buffers) => Promise<void>,
): Promise<void> {
  const made = await makeBuffers(gpu.device, what, buffers);
  try {
    await work(new Map(buffers.map(({ name }) => [name, made.get(name)])));
  } finally {
    made.destroy();
  }
}

/** One dispatch of `kernel` over these buffers. */
async function runnable(
  gpu: DeviceHandle,
  kernel: PipelineText,
  buffers: Buffers,
  workgroups: readonly [number, number, number],
): Promise<Runnable> {
  const pipeline = await gpu.pipelines.get(kernel);
  const entries = kernel.bindings.flatMap((b, binding) => {
    const buffer = buffers.get(b.buffer);
    return buffer === undefined ? [] : [{ binding, resource: { buffer } }];
  });
  const group = await scoped(gpu.device, `the bind group of the ${kernel.name}`, () =>
    gpu.device.createBindGroup({ label: kernel.name, layout: pipeline.getBindGroupLayout(0), entries }),
  );
  return { steps: [{ pipeline, group, workgroups }], slices: null };
}

const storage = (name: string, byteLength: number): PlanBuffer => ({
  name,
  byteLength,
  role: "scratch",
  usage: "storage",
  data: null,
});

function lengthBuffer(side: number): PlanBuffer {
  const data = new Uint8Array(Uint32Array.of(side / 4, 0, 0, 0).buffer);
  return { name: "n", byteLength: data.byteLength, role: "data", usage: "uniform", data };
}

/** Numbers in [-1, 1): a product of zeros takes less power than one of numbers, and runs at a higher clock on a GPU. */
function randomBuffer(name: string, byteLength: number): PlanBuffer {
  const numbers = new Float32Array(byteLength / 4);
  let state = 1;
  for (let i = 0; i < numbers.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    numbers[i] = state / 2 ** 31;
  }
  return { ...storage(name, byteLength), role: "data", data: new Uint8Array(numbers.buffer) };
}
