/**
 * Compute pipelines by their text. Two plans with one WGSL share a pipeline, so another length, window or table costs
 * no compilation; `compiles` counts those that did. Errors come back as GpuError with the line of WGSL.
 */
import type { KernelPlan } from "../flash/plan.ts";
import { GpuError, orLost, type WgslPlace } from "./gpuError.ts";

/** What a pipeline is made of. */
export type PipelineText = Pick<KernelPlan, "name" | "wgsl" | "bindings">;

/** Pipelines kept: software drivers hold megabytes for each, and a live edit makes a new one every second. */
const CAPACITY = 48;

export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #byText = new Map<string, Promise<GPUComputePipeline>>();
  #compiles = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Pipelines compiled so far; cache hits do not count. */
  get compiles(): number {
    return this.#compiles;
  }

  /** @throws GpuError "compile", with the first error's place. */
  get(kernel: PipelineText): Promise<GPUComputePipeline> {
    const known = this.#byText.get(kernel.wgsl);
    if (known !== undefined) {
      // Used again: last to be dropped.
      this.#byText.delete(kernel.wgsl);
      this.#byText.set(kernel.wgsl, known);
      return known;
    }
    this.#compiles++;
    const made = compile(this.#device, kernel);
    this.#byText.set(kernel.wgsl, made);
    made.catch(() => this.#byText.delete(kernel.wgsl));
    for (const text of this.#byText.keys()) {
      if (this.#byText.size <= CAPACITY) break;
      this.#byText.delete(text);
    }
    return made;
  }
}

async function compile(device: GPUDevice, kernel: PipelineText): Promise<GPUComputePipeline> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: kernel.name, code: kernel.wgsl });
  const scope = device.popErrorScope();
  const [{ messages }, invalid] = await orLost(Promise.all([module.getCompilationInfo(), scope]));
  const error = messages.find((m) => m.type === "error");
  if (error !== undefined || invalid !== null) throw compileError(kernel, error?.message ?? invalid?.message ?? "", error ?? null);
  const layout = device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout(device, kernel)] });
  try {
    return await device.createComputePipelineAsync({ label: kernel.name, layout, compute: { module, entryPoint: "main" } });
  } catch (cause) {
    throw compileError(kernel, cause instanceof Error ? cause.message : String(cause), null);
  }
}

const COMPUTE_STAGE = 4;

/** Explicit, so that a binding which the mods leave unused still has its place. */
function bindGroupLayout(device: GPUDevice, kernel: PipelineText): GPUBindGroupLayout {
  const type = { "storage-read": "read-only-storage", "storage-write": "storage", uniform: "uniform" } as const;
  return device.createBindGroupLayout({
    entries: kernel.bindings.map((b, binding) => ({ binding, visibility: COMPUTE_STAGE, buffer: { type: type[b.kind] } })),
  });
}

function compileError(kernel: PipelineText, message: string, at: GPUCompilationMessage | null): GpuError {
  let place: WgslPlace | null = null;
  if (at !== null && at.lineNum > 0) {
    place = { kernel: kernel.name, line: at.lineNum, column: at.linePos, text: kernel.wgsl.split("\n")[at.lineNum - 1] ?? "" };
  }
  const where = place === null ? "" : ` at line ${place.line}, \`${place.text.trim()}\``;
  return new GpuError("compile", `The kernel \`${kernel.name}\` does not compile${where}: ${message}`, place);
}
