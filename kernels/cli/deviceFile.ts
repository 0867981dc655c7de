/**
 * The device that kernels are planned for: the one that Dawn finds here, or one that a file describes as its adapter
 * prints it, `{name, limits: {maxComputeWorkgroupStorageSize, …}, features: ["subgroups", …], info}`. Limits that a
 * file leaves out are those that WebGPU guarantees; features are what it lists, and no others.
 */
import { type Json, parseJson } from "../data/json.ts";
import { DataFault } from "../data/value.ts";
import { DEFAULT_LIMITS, type DeviceLimits, type SubgroupMatrices } from "../flash/plan.ts";
import { describe, matricesOf, openDevice, SUBGROUP_MATRIX } from "../runtime/device.ts";
import { GpuError } from "../runtime/gpuError.ts";
import { findGpu, NO_DEVICE } from "./device.ts";
import { readText } from "./input.ts";
import { UsageError } from "./options.ts";

/** A device as numbers. */
export interface DeviceTarget {
  readonly name: string;
  readonly origin: "adapter" | "file" | "assumed";
  readonly limits: DeviceLimits;
  /** Why it had to be assumed; empty otherwise. */
  readonly note: string;
}

/** WebGPU's guaranteed limits with `subgroups`: what nearly every GPU of today has at least. */
export const ASSUMED: DeviceTarget = {
  name: "a device with WebGPU's guaranteed limits and `subgroups`",
  origin: "assumed",
  limits: { ...DEFAULT_LIMITS, subgroups: true },
  note: "",
};

/** The device that `file` describes, else this machine's (`experimental`: findGpu), else the one that is assumed. @throws UsageError */
export async function findTarget(file: string | null, experimental: boolean): Promise<DeviceTarget> {
  if (file !== null) return readDevice(readText(file), file);
  const gpu = await findGpu(experimental);
  if (gpu === null) return { ...ASSUMED, note: NO_DEVICE };
  try {
    const { info, limits, destroy } = await openDevice(gpu);
    destroy();
    return { name: info.name, origin: "adapter", limits, note: "" };
  } catch (error) {
    if (error instanceof GpuError) return { ...ASSUMED, note: error.message };
    throw error;
  }
}

/** @throws UsageError where the text describes no device */
export function readDevice(text: string, file: string): DeviceTarget {
  const json = tree(text, file);
  const top = tableAt(json, file);
  const limits = new Map(Object.entries(DEFAULT_LIMITS).filter(([, value]) => typeof value === "number"));
  for (const [name, value] of tableAt(top.get("limits") ?? new Map(), `\`limits\` in ${file}`)) {
    if (!limits.has(name)) continue; // an adapter has many more, of textures and vertices
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
      throw new UsageError(`\`${name}\` in ${file} must be a whole number`);
    limits.set(name, value);
  }
  const features = top.get("features") ?? [];
  if (!Array.isArray(features) || !features.every((f) => typeof f === "string"))
    throw new UsageError(`\`features\` in ${file} must be a list of names`);
  const info = tableAt(top.get("info") ?? new Map(), `\`info\` in ${file}`);
  const smallest = info.get("subgroupMinSize") ?? 4;
  const word = (key: string): string => String(info.get(key) ?? "");
  const described = describe({
    ...WORDLESS,
    vendor: word("vendor"),
    architecture: word("architecture"),
    device: word("device"),
    description: word("description"),
  });
  const name = top.get("name");
  return {
    name: typeof name === "string" ? name : info.size > 0 ? described.name : `the device in ${file}`,
    origin: "file",
    limits: {
      ...DEFAULT_LIMITS,
      ...Object.fromEntries(limits),
      subgroups: features.includes("subgroups") && typeof smallest === "number" && smallest >= 4,
      f16: features.includes("shader-f16"),
      subgroupMatrices: features.includes(SUBGROUP_MATRIX) ? matricesIn(info, file) : null,
      software: top.get("software") === true || described.software,
    },
    note: "",
  };
}

/** `subgroupMatrixConfigs` and `subgroupMaxSize` of `info`. @throws UsageError */
function matricesIn(info: ReadonlyMap<string, Json>, file: string): SubgroupMatrices | null {
  const what = `\`subgroupMatrixConfigs\` in ${file}`;
  const listed = info.get("subgroupMatrixConfigs") ?? [];
  if (!Array.isArray(listed)) throw new UsageError(`${what} must be a list`);
  const lanes = info.get("subgroupMaxSize");
  return matricesOf({
    ...(typeof lanes === "number" ? { subgroupMaxSize: lanes } : {}),
    subgroupMatrixConfigs: listed.map((one) => {
      const config = tableAt(one, `each of ${what}`);
      const size = (name: string): number => {
        const value = config.get(name);
        if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1)
          throw new UsageError(`${what} need whole numbers M, N and K`);
        return value;
      };
      const [componentType, resultComponentType] = [String(config.get("componentType")), String(config.get("resultComponentType"))];
      return { componentType, resultComponentType, M: size("M"), N: size("N"), K: size("K") };
    }),
  });
}

/** An adapter that tells nothing of itself. */
const WORDLESS: GPUAdapterInfo = {
  vendor: "",
  architecture: "",
  device: "",
  description: "",
  subgroupMinSize: 4,
  subgroupMaxSize: 128,
  isFallbackAdapter: false,
  __brand: "GPUAdapterInfo",
};

function tree(text: string, file: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof DataFault) throw new UsageError(`${file} cannot be used: ${error.message}`);
    throw error;
  }
}

function tableAt(json: Json, what: string): ReadonlyMap<string, Json> {
  if (json instanceof Map) return json;
  throw new UsageError(`${what} must be an object`);
}
