/** The device's peaks: the kernels they are measured with compute what they say, and the figures are of a size that can be. */
import { describe, expect, it } from "vitest";
import { COPY_THREADS, copyKernel, type MatmulTile, matmulKernel, type PeakKernel, tileSides } from "../../kernels/flash/peakKernels.ts";
import { DEFAULT_LIMITS } from "../../kernels/flash/plan.ts";
import { handleOf } from "../../kernels/runtime/device.ts";
import { measurePeaks, tilesFor } from "../../kernels/runtime/peaks.ts";
import { useGpu } from "../support/gpu.ts";

const gpu = useGpu();
const floats = (count: number, seed: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => ((i * 7919 + seed) % 17) - 8);

/** Runs `kernel` on inputs in the order of its bindings, the output's contents aside. */
async function outputOf(
  kernel: PeakKernel,
  data: Readonly<Record<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>>,
  floatsOut: number,
  groups: readonly [number, number],
): Promise<Float32Array> {
  const { device } = gpu();
  const pipeline = await handleOf(device).pipelines.get(kernel);
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const buffers = kernel.bindings.map(({ kind, buffer }) => {
    const kinds = kind === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
    const contents = data[buffer] ?? new Float32Array(floatsOut);
    const made = device.createBuffer({ size: Math.max(16, contents.byteLength), usage: usage | kinds });
    device.queue.writeBuffer(made, 0, contents);
    return { made, kind };
  });
  const staging = device.createBuffer({ size: 4 * floatsOut, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = buffers.map(({ made }, binding) => ({ binding, resource: { buffer: made } }));
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(...groups);
  pass.end();
  const written = buffers.find((b) => b.kind === "storage-write");
  if (written === undefined) throw new Error("the kernel writes nothing");
  encoder.copyBufferToBuffer(written.made, 0, staging, 0, 4 * floatsOut);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const out = new Float32Array(staging.getMappedRange().slice(0));
  for (const { made } of buffers) made.destroy();
  staging.destroy();
  return out;
}

const tiles: readonly MatmulTile[] = [...tilesFor({ ...DEFAULT_LIMITS, software: true }), ...tilesFor(DEFAULT_LIMITS)];

// A software driver unrolls what fills workgroup memory: seconds of compilation.
const SLOW = 120_000;

describe("the matrix product", () => {
  it.each(tiles)(
    "is A B with the tile %o",
    async (tile) => {
      const n = 128;
      const [a, b] = [floats(n * n, 1), floats(n * n, 5)];
      const [rows, columns] = tileSides(tile);
      const product = await outputOf(matmulKernel(tile), { a, b, n: Uint32Array.of(n / 4, 0, 0, 0) }, n * n, [n / columns, n / rows]);
      // Whole numbers below 2^24: f32 is exact.
      const expected = Float32Array.from({ length: n * n }, (_, at) => {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += (a[n * Math.floor(at / n) + k] ?? 0) * (b[n * k + (at % n)] ?? 0);
        return sum;
      });
      expect(product).toEqual(expected);
    },
    SLOW,
  );
});

describe("the copy", () => {
  it.each([1, 4])("copies with %d vec4f a thread", async (each) => {
    const a = floats(4 * COPY_THREADS * each * 3, 2);
    expect(await outputOf(copyKernel(each), { a }, a.length, [3, 1])).toEqual(a);
  });
});

describe("the peaks of the device", () => {
  it("are measured once for a list of results, and say of what product they are", async () => {
    const peaks = await measurePeaks(handleOf(gpu().device));
    // A core does more than 10 MFLOP/s, and no GPU a PFLOP/s in f32; the same of bytes.
    for (const rate of [peaks?.matmulFlops, peaks?.copyBytes]) {
      expect(rate).toBeGreaterThan(1e7);
      expect(rate).toBeLessThan(1e15);
    }
    expect(peaks?.matmul).toMatch(/^\d+ × \d+ × \d+, \d+ × \d+ a thread/);
  });

  it("are left out where the device does not compile their kernels", async () => {
    const handle = handleOf(gpu().device);
    const real = handle.pipelines.get.bind(handle.pipelines);
    handle.pipelines.get = (kernel) => real({ ...kernel, wgsl: "nonsense" });
    expect(await measurePeaks(handle)).toBeNull();
  });

  it("stop being measured when the caller has enough", async () => {
    await expect(measurePeaks(handleOf(gpu().device), AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  });
});
