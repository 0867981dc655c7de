/**
 * The WebGPU device of the GPU tests: Dawn in Node. There is no way to skip: without an adapter the suite fails and
 * says what to do. Dawn polls while a promise is pending and keeps the process alive, so each file closes its device.
 */
import { afterAll, beforeAll } from "vitest";
import { create, globals } from "webgpu";
import "./dawnPolls.ts";

Object.assign(globalThis, globals);

export interface TestGpu {
  readonly device: GPUDevice;
  /** Vendor, architecture and description, as the adapter tells. */
  readonly name: string;
}

// Dawn's instance must outlive its devices.
let instance: GPU | null = null;

/** @throws Error with the way out where Dawn finds no adapter. */
export async function openGpu(): Promise<TestGpu> {
  instance = create([]);
  const adapter = await instance.requestAdapter();
  if (adapter === null) {
    throw new Error(
      "Dawn finds no WebGPU adapter. Run `npm test`, which installs and names one, or set LD_LIBRARY_PATH=/usr/lib/chromium and " +
        "VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json before Node starts (Debian's chromium brings that driver).",
    );
  }
  const { limits, info } = adapter;
  const wanted: readonly GPUFeatureName[] = ["subgroups", "timestamp-query", "shader-f16"];
  const device = await adapter.requestDevice({
    requiredFeatures: wanted.filter((f) => adapter.features.has(f)),
    requiredLimits: {
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  });
  return { device, name: [info.vendor, info.architecture, info.description].filter((s) => s !== "").join(" ") };
}

/** One device for all tests of a file; says its name once, and is destroyed after the last test. */
export function useGpu(): () => TestGpu {
  let gpu: TestGpu | null = null;
  beforeAll(async () => {
    gpu = await openGpu();
    process.stdout.write(`GPU tests on ${gpu.name}\n`);
  });
  afterAll(() => {
    gpu?.device.destroy();
    gpu = null;
    instance = null;
  });
  return () => {
    if (gpu === null) throw new Error("the device is open within tests only");
    return gpu;
  };
}

/** A storage or uniform buffer that holds `bytes`. */
function bufferOf(device: GPUDevice, bytes: Uint8Array, usage: GPUBufferUsageFlags): GPUBuffer {
  const buffer = device.createBuffer({ size: Math.max(16, Math.ceil(bytes.byteLength / 4) * 4), usage: usage | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(buffer, 0, new Uint8Array(bytes));
  return buffer;
}

/**
 * Runs one compute shader: binding 0 is the output (`array<u32>` of `words`), then one binding each of `inputs`.
 * Entry point `main`. Fails with the compiler's message and the numbered text where the shader does not compile.
 */
export async function runShader(
  device: GPUDevice,
  wgsl: string,
  words: number,
  inputs: readonly { readonly bytes: Uint8Array; readonly uniform?: boolean }[],
  workgroups: number,
): Promise<Uint32Array> {
  const module = device.createShaderModule({ code: wgsl });
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter((m) => m.type === "error");
  if (errors.length > 0) {
    const numbered = wgsl.split("\n").map((line, i) => `${String(i + 1).padStart(4)} ${line}`);
    throw new Error(`${errors.map((m) => `${m.lineNum}:${m.linePos} ${m.message}`).join("\n")}\n${numbered.join("\n")}`);
  }
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
  const output = device.createBuffer({ size: Math.max(16, words * 4), usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer({ size: output.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const buffers = inputs.map(({ bytes, uniform }) =>
    bufferOf(device, bytes, uniform === true ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE),
  );
  device.pushErrorScope("validation");
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [output, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(workgroups);
  pass.end();
  encoder.copyBufferToBuffer(output, 0, staging, 0, output.size);
  device.queue.submit([encoder.finish()]);
  const invalid = await device.popErrorScope();
  if (invalid !== null) throw new Error(invalid.message);
  await staging.mapAsync(GPUMapMode.READ);
  const result = new Uint32Array(staging.getMappedRange().slice(0)).slice(0, words);
  for (const buffer of [output, staging, ...buffers]) buffer.destroy();
  return result;
}
