/** Runs the kernels of a device's peaks on numbers whose products are exact. */
import type { PeakKernel } from "../../kernels/flash/peakKernels.ts";
import { handleOf } from "../../kernels/runtime/device.ts";

/** Whole numbers from −8 to 8. */
export const wholes = (count: number, seed: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => ((i * 7919 + seed) % 17) - 8);

/** A B of n × n: exact in f32 for whole numbers, whose sums stay below 2^24. */
export const productOf = (a: Float32Array, b: Float32Array, n: number): Float32Array =>
  Float32Array.from({ length: n * n }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += (a[n * Math.floor(at / n) + k] ?? 0) * (b[n * k + (at % n)] ?? 0);
    return sum;
  });

/** Runs `kernel` on inputs in the order of its bindings, the output's contents aside. */
export async function outputOf(
  device: GPUDevice,
  kernel: PeakKernel,
  data: Readonly<Record<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>>>,
  floatsOut: number,
  groups: readonly [number, number],
): Promise<Float32Array> {
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
