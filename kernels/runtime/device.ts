/**
 * A device out of the `GPU` that the caller hands in (`navigator.gpu` in the panel, Dawn in tests and on the command
 * line), with everything kernels like to have where the adapter offers it: larger bindings and workgroup memory,
 * `subgroups`, `shader-f16`, `timestamp-query`, subgroup matrices. Lives without each of them.
 */
import type { DeviceLimits, SubgroupMatrices } from "../flash/plan.ts";
import { GpuError } from "./gpuError.ts";
import { PipelineCache } from "./pipelines.ts";
import type { DeviceInfo } from "./result.ts";

/** A device, what it can do, and what was compiled on it. */
export interface DeviceHandle {
  readonly device: GPUDevice;
  readonly info: DeviceInfo;
  readonly limits: DeviceLimits;
  readonly pipelines: PipelineCache;
  /** Resolves when the device is gone, with the reason; never rejects. `destroy` resolves it too. */
  readonly lost: Promise<GpuError>;
  /** The reason, once it is gone. */
  readonly lostReason: () => GpuError | null;
  /** The first error outside all error scopes since the last time: a submission's, whose work was then not done. */
  readonly takeFault: () => GpuError | null;
  readonly destroy: () => void;
}

export interface DeviceOptions {
  /** Features to do without, as a test or a measurement wants: `subgroups`, `timestamp-query`, `shader-f16`. */
  readonly without?: readonly GPUFeatureName[];
  /** Which of two GPUs; "default": the browser's choice. Default "high-performance". */
  readonly powerPreference?: GPUPowerPreference | "default";
}

/** Experimental, and so in no list of names yet: Chromium has it with `--enable-unsafe-webgpu`. */
export const SUBGROUP_MATRIX: string = "chromium-experimental-subgroup-matrix";

const FEATURES: readonly GPUFeatureName[] = ["subgroups", "shader-f16", "timestamp-query", SUBGROUP_MATRIX as GPUFeatureName];

const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxBufferSize",
] as const;

/** @throws GpuError "no adapter" where there is none, or where it gives no device. */
export async function openDevice(gpu: GPU, options: DeviceOptions = {}): Promise<DeviceHandle> {
  const { powerPreference = "high-performance" } = options;
  const adapter = await gpu.requestAdapter(powerPreference === "default" ? {} : { powerPreference }).catch(() => null);
  if (adapter === null) {
    throw new GpuError(
      "no adapter",
      "WebGPU offers no adapter here. Enable hardware acceleration, or start the program with a software adapter (`--use-webgpu-adapter=swiftshader`). If there was one before, its process has crashed too often: restart the window.",
    );
  }
  const features = FEATURES.filter((f) => adapter.features.has(f) && !options.without?.includes(f));
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      requiredFeatures: features,
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    });
  } catch (error) {
    throw new GpuError("no adapter", `The adapter gives no device: ${told(error)}. Restart the program, or update the GPU's driver.`);
  }
  return handleOf(device, adapter.info);
}

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");

/** Wraps a device that the caller made. */
export function handleOf(device: GPUDevice, adapterInfo: GPUAdapterInfo = device.adapterInfo): DeviceHandle {
  const info = describe(adapterInfo);
  let reason: GpuError | null = null;
  let fault: GpuError | null = null;
  device.addEventListener("uncapturederror", (event) => {
    fault ??= faultOf(event.error);
  });
  const lost = device.lost.then((why) => {
    reason = new GpuError(
      "lost",
      why.reason === "destroyed"
        ? "The GPU device was closed. Run again to open a new one."
        : `The GPU device was lost (${why.message || "the driver gave no reason"}). Run again to open a new one, with smaller lengths if it happens again.`,
    );
    return reason;
  });
  return {
    device,
    info,
    limits: limitsOf(device, adapterInfo, info.software),
    pipelines: new PipelineCache(device),
    lost,
    lostReason: () => reason,
    takeFault: () => {
      const taken = fault;
      fault = null;
      return taken;
    },
    destroy: () => device.destroy(),
  };
}

/** `GPUOutOfMemoryError` is a global of a page; Dawn in Node has it under another name, so its name is looked at. */
function faultOf(error: GPUError): GpuError {
  return /memory/i.test(error.constructor.name)
    ? new GpuError("out of memory", "The GPU ran out of memory in mid-run. Use smaller lengths, fewer heads or a smaller batch.")
    : new GpuError("validation", `The GPU refused what it was given to run: ${error.message}`);
}

function limitsOf(device: GPUDevice, info: GPUAdapterInfo, software: boolean): DeviceLimits {
  const { limits, features } = device;
  return {
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxUniformBufferBindingSize: limits.maxUniformBufferBindingSize,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxBufferSize: limits.maxBufferSize,
    // Where the adapter does not tell its sizes, the specification's smallest, 4, holds.
    subgroups: features.has("subgroups") && (info.subgroupMinSize ?? 4) >= 4,
    f16: features.has("shader-f16"),
    subgroupMatrices: features.has(SUBGROUP_MATRIX) ? matricesOf(info) : null,
    software,
  };
}

/** What an adapter with subgroup matrices tells of them. */
interface MatrixInfo {
  readonly subgroupMaxSize?: number;
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
}

/** The products of halves that are added up in f32; null where the adapter tells of none. */
export function matricesOf(info: MatrixInfo): SubgroupMatrices | null {
  const configs = [...(info.subgroupMatrixConfigs ?? [])].filter((c) => c.componentType === "f16" && c.resultComponentType === "f32");
  const lanes = info.subgroupMaxSize ?? 0;
  return configs.length === 0 || lanes < 1 ? null : { lanes, shapes: configs.map(({ M, N, K }) => ({ m: M, n: N, k: K })) };
}

/** The adapter's name as people know it, and whether it is software. */
export function describe(info: GPUAdapterInfo): DeviceInfo {
  const words = [info.vendor, info.architecture, info.device, info.description].filter((w) => w !== "");
  // Leave out what another word says already: `nvidia`, `NVIDIA H200` is one name.
  const told = words.filter(
    (w, i) => !words.some((x, j) => j !== i && x.toLowerCase().includes(w.toLowerCase()) && (x.length > w.length || j < i)),
  );
  const name = told.join(" ") || "unnamed adapter";
  const software = info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(words.join(" "));
  return { name, software };
}
