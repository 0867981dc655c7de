/**
 * What this driver is here for: it offers what SwiftShader lacks, and computes with it. The kernels that use f16 and
 * subgroup matrices put their tests into this folder.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create, globals } from "webgpu";

let gpu: GPU;
let adapter: GPUAdapter;
let device: GPUDevice;

beforeAll(async () => {
  Object.assign(globalThis, globals);
  gpu = create(["enable-dawn-features=allow_unsafe_apis"]);
  const found = await gpu.requestAdapter();
  if (!found) throw new Error("Dawn finds no adapter");
  adapter = found;
  device = await adapter.requestDevice({ requiredFeatures: ["shader-f16", "subgroups"] });
});
afterAll(() => device.destroy());

/** Runs a one-workgroup shader that writes 64 words to `out`. */
async function run(wgsl: string): Promise<ArrayBuffer> {
  const buffer = device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const read = device.createBuffer({ size: 256, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module: device.createShaderModule({ code: wgsl }) },
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, read, 0, 256);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const bytes = read.getMappedRange().slice(0);
  buffer.destroy();
  read.destroy();
  return bytes;
}

describe("lavapipe", () => {
  test("is the adapter", () => {
    expect(adapter.info.description).toMatch(/Mesa/);
  });

  test("offers f16, subgroups and subgroup matrices", () => {
    const features = [...adapter.features].map(String);
    for (const feature of ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"]) expect(features).toContain(feature);
  });

  test("rounds to f16 as IEEE 754 says", async () => {
    const bytes = await run(`enable f16;
@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) { out[i] = f32(f16(2048.0) + f16(i)); }`);
    // Above 2048 f16 counts in steps of two, ties to even.
    const expected = Array.from({ length: 64 }, (_, i) => 2048 + (i % 2 === 0 ? i : i % 4 === 1 ? i - 1 : i + 1));
    expect([...new Float32Array(bytes)]).toEqual(expected);
  });

  test("adds up over subgroups of the size that it names", async () => {
    const bytes = await run(`enable subgroups;
@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32, @builtin(subgroup_size) size: u32) {
  out[i] = subgroupAdd(1u) * 1000u + size;
}`);
    const size = new Uint32Array(bytes)[0] ?? 0;
    expect([...new Set(new Uint32Array(bytes))]).toEqual([size]);
    expect(Math.floor(size / 1000)).toBe(size % 1000);
    expect(size % 1000).toBeGreaterThan(4);
  });
});
