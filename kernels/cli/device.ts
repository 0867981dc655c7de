/**
 * A WebGPU device for the command line: Dawn in Node (npm `webgpu`). A machine without a Vulkan driver but with
 * Chromium's SwiftShader gets that, through one restart of this process: the loader reads its environment only at start.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** What `create` of the webgpu package gives: a GPU whose adapters Dawn finds. */
interface Dawn {
  readonly create: (options: string[]) => GPU;
  readonly globals: Record<string, unknown>;
}

const CHROMIUM = ["/usr/lib/chromium", "/usr/lib/chromium-browser"];

/** Dawn's GPUs once they are found, by whether they are experimental: a collected one takes its devices with it. */
const kept = new Map<boolean, GPU>();

/**
 * Dawn's GPU, or null where no adapter is found. An experimental one offers subgroup matrices too, where there are any.
 * Does not return where the process was started again with SwiftShader's environment; the child's exit code is ours.
 */
export async function findGpu(experimental: boolean): Promise<GPU | null> {
  const found = kept.get(experimental);
  if (found !== undefined) return found;
  const dawn = (await import("webgpu").catch(() => null)) as Dawn | null;
  if (dawn === null) return null;
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create(experimental ? ["enable-dawn-features=allow_unsafe_apis"] : []);
  if ((await gpu.requestAdapter()) !== null) {
    kept.set(experimental, gpu);
    return gpu;
  }
  if (process.env["VK_ICD_FILENAMES"] === undefined) restartWithSwiftShader();
  return null;
}

function restartWithSwiftShader(): void {
  const folder = CHROMIUM.find((f) => existsSync(`${f}/vk_swiftshader_icd.json`));
  const [, script, ...args] = process.argv;
  if (folder === undefined || script === undefined) return;
  const library = process.env["LD_LIBRARY_PATH"];
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: library === undefined ? folder : `${folder}:${library}`,
    VK_ICD_FILENAMES: `${folder}/vk_swiftshader_icd.json`,
  };
  const child = spawnSync(process.execPath, [...process.execArgv, script, ...args], { stdio: "inherit", env });
  process.exit(child.status ?? 3);
}

export const NO_DEVICE =
  "No WebGPU adapter: Dawn found no Vulkan, Metal or D3D12 driver. Install the GPU's driver, or Chromium (its SwiftShader runs WebGPU in software).";
