/**
 * What a device reaches, so that a kernel's figures can be read as a share of it: FLOP/s of an f32 matrix product and of
 * one by its matrix units, and bytes a second of a copy. In: a device. Out: the best of a few tuned kernels each
 * (peakKernels.ts), by the fastest of a few samples, since a peak is what was reached and not what is usual. Takes about a
 * second; the caller keeps the result with the device's name and brings it along the next time.
 */

import {
  COPY_THREADS,
  copyKernel,
  type MatmulTile,
  type MatrixProductTile,
  matmulKernel,
  matrixProductKernel,
  matrixProductSides,
  matrixProductText,
  type PeakKernel,
  tileBytes,
  tileSides,
  tileText,
} from "../flash/peakKernels.ts";
import type { DeviceLimits, PlanBuffer } from "../flash/plan.ts";
import { toHalves } from "../ir/half.ts";
import { makeBuffers } from "./buffers.ts";
import { type Clock, openClock } from "./clock.ts";
import type { DeviceHandle } from "./device.ts";
import type { Runnable } from "./execute.ts";
import { GpuError, scoped } from "./gpuError.ts";
import type { PipelineText } from "./pipelines.ts";
import type { DevicePeaks, ProductPeak } from "./result.ts";
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

/** Subgroups of a workgroup and matrices of each: what a GPU holds in registers, at more and fewer subgroups. */
const MATRIX_CUTS = [
  { subgroups: 4, down: 4, across: 4 },
  { subgroups: 4, down: 2, across: 4 },
  { subgroups: 1, down: 4, across: 4 },
] as const;
const SOFTWARE_MATRIX_CUTS = [{ subgroups: 1, down: 2, across: 2 }] as const;

/** The products by matrix units that are tried, with the largest matrices of the device; none where it has none. */
export function matrixProductsFor(limits: DeviceLimits): readonly MatrixProductTile[] {
  const { subgroupMatrices, maxComputeInvocationsPerWorkgroup: threads } = limits;
  if (subgroupMatrices === null || !limits.f16 || !limits.subgroups) return [];
  const { lanes, shapes } = subgroupMatrices;
  const [shape] = shapes.toSorted((a, b) => b.m * b.n * b.k - a.m * a.n * a.k);
  if (shape === undefined) return [];
  const cuts = limits.software ? SOFTWARE_MATRIX_CUTS : MATRIX_CUTS;
  return cuts.map((cut) => ({ shape, lanes, ...cut })).filter((t) => t.lanes * t.subgroups <= threads);
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
    const { flops, product } = await measureProduct(gpu, clock, f32Products(gpu.limits), (data) => data, signal);
    const matrices = await measureMatrices(gpu, clock, signal);
    const peaks = { matmulFlops: flops, matmul: product, copyBytes, measuredAt: Date.now() };
    return matrices === undefined ? peaks : { ...peaks, matrices };
  } catch (error) {
    if (error instanceof GpuError && error.kind !== "lost") return null;
    throw error;
  } finally {
    clock?.destroy();
  }
}

/** The higher of two measurements of one device, each figure for itself: a peak is what was reached. */
export function higherPeaks(a: DevicePeaks, b: DevicePeaks): DevicePeaks {
  const { matmulFlops, matmul } = a.matmulFlops > b.matmulFlops ? a : b;
  const matrices = (a.matrices?.flops ?? 0) > (b.matrices?.flops ?? 0) ? a.matrices : b.matrices;
  const copyBytes = Math.max(a.copyBytes, b.copyBytes);
  return { matmulFlops, matmul, ...(matrices === undefined ? {} : { matrices }), copyBytes, measuredAt: b.measuredAt };
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

/** A product that is tried: its kernel, the rows and columns of C that a workgroup has, and its name. */
interface Product {
  readonly kernel: PeakKernel;
  readonly sides: readonly [rows: number, columns: number];
  readonly text: string;
}

const f32Products = (limits: DeviceLimits): readonly Product[] =>
  tilesFor(limits).map((tile) => ({ kernel: matmulKernel(tile), sides: tileSides(tile), text: tileText(tile) }));

/** What the matrix units reach; undefined: the device has none, null: it would not run the products. */
async function measureMatrices(gpu: DeviceHandle, clock: Clock, signal: AbortSignal | undefined): Promise<ProductPeak | null | undefined> {
  const products = matrixProductsFor(gpu.limits).map(
    (t): Product => ({ kernel: matrixProductKernel(t), sides: matrixProductSides(t), text: matrixProductText(t) }),
  );
  if (products.length === 0) return;
  try {
    return await measureProduct(gpu, clock, products, toHalves, signal);
  } catch (error) {
    if (error instanceof GpuError && error.kind !== "lost") return null;
    throw error;
  }
}

/** The fastest of the products, by the length that keeps the device busy; `stored` makes operands of numbers in [-1, 1). */
async function measureProduct(
  gpu: DeviceHandle,
  clock: Clock,
  products: readonly Product[],
  stored: (numbers: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
  signal: AbortSignal | undefined,
): Promise<ProductPeak> {
  let best: ProductPeak = { flops: 0, product: "" };
  for (const side of gpu.limits.software ? [SOFTWARE_SIDE] : SIDES) {
    const bytes = 4 * side * side;
    if (bytes > Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize)) break;
    let shortest = Number.POSITIVE_INFINITY;
    const operand = new Uint8Array(stored(randomNumbers(side * side)).buffer);
    const buffers = [filled("a", operand), filled("b", operand), storage("c", bytes), lengthBuffer(side)];
    await withBuffers(gpu, "the matrix product", buffers, async (made) => {
      for (const { kernel, sides, text } of products) {
        const [rows, columns] = sides;
        const run = await runnable(gpu, kernel, made, [side / columns, side / rows, 1]);
        const ms = await fastest(run, clock, signal);
        shortest = Math.min(shortest, ms);
        const flops = (2 * side ** 3) / (ms / 1000);
        if (flops > best.flops) best = { flops, product: `${side} × ${side} × ${side}, ${text}` };
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

const filled = (name: string, data: Uint8Array<ArrayBuffer>): PlanBuffer => ({
  ...storage(name, data.byteLength),
  role: "data",
  data,
});

/** Numbers in [-1, 1): a product of zeros takes less power than one of numbers, and runs at a higher clock on a GPU. */
function randomNumbers(count: number): Float32Array<ArrayBuffer> {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  });
}
