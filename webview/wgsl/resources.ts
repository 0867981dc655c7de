/**
 * What a kernel takes of the device, against what that has. In: a plan, one of its kernels, the device's limits. Out:
 * rows for the Kernel tab, each with why it matters. Pure.
 */
import { DEFAULT_LIMITS, type DeviceLimits, type KernelPlan, type Plan } from "../../kernels/flash/plan.ts";
import { bytes, integer } from "../number.ts";
import { registersOf } from "./registers.ts";

export interface Resource {
  readonly name: string;
  /** `6 of 8`. */
  readonly text: string;
  /** Of the limit; null: there is none, or WebGPU does not tell it. */
  readonly share: number | null;
  /** Why it matters, and how the number comes about. */
  readonly about: string;
}

/** Registers of 32 bits that a core of a GPU shares out: NVIDIA's since Kepler, and an example for others. */
const CORE_REGISTERS = 65_536;
/** The most that one thread can have there. */
const THREAD_REGISTERS = 255;

/** The rows, those with a limit first. `limits` null: WebGPU's guaranteed ones. */
export function resourcesOf(plan: Plan, kernel: KernelPlan, limits: DeviceLimits = DEFAULT_LIMITS): readonly Resource[] {
  const storage = kernel.bindings.filter((b) => b.kind !== "uniform");
  const uniforms = kernel.bindings.filter((b) => b.kind === "uniform");
  const threads = threadsOf(kernel.wgsl);
  const memory = kernel.workgroupBytes ?? 0;
  const together = memory === 0 ? 0 : Math.floor(limits.maxComputeWorkgroupStorageSize / memory);
  const rows: Resource[] = [
    {
      name: "storage buffers",
      text: `${storage.length} of ${limits.maxStorageBuffersPerShaderStage}`,
      share: storage.length / limits.maxStorageBuffersPerShaderStage,
      about: `${storage.map((b) => b.name).join(", ")}. A kernel that binds more than the device allows cannot be made.`,
    },
    {
      name: "workgroup memory",
      text: `${memory === 0 ? "none" : bytes(memory)} of ${bytes(limits.maxComputeWorkgroupStorageSize)}`,
      share: memory / limits.maxComputeWorkgroupStorageSize,
      about:
        memory === 0
          ? "Nothing is shared through it, so it does not limit how many workgroups run at once."
          : `A core with no more memory than one workgroup may ask for holds ${together === 1 ? "one such workgroup" : `${together} such workgroups`} at once; with more of them it has work while one waits for memory.`,
    },
    {
      name: "threads a workgroup",
      text: `${threads} of ${limits.maxComputeInvocationsPerWorkgroup}`,
      share: threads / limits.maxComputeInvocationsPerWorkgroup,
      about: "They share workgroup memory and barriers. GPUs run them by 32 or 64: a workgroup of fewer leaves lanes idle.",
    },
    registerRow(kernel.wgsl),
  ];
  const uniformBytes = uniforms.map((b) => (b.name === "params" ? paramBytes(kernel.wgsl) : sizeOfBuffer(plan, b.buffer)));
  rows.push({
    name: "uniforms",
    text: `${uniforms.length} · ${bytes(uniformBytes.reduce((n, x) => n + x, 0))}`,
    share: null,
    about: "Lengths, strides, scale and the mods' literals: data, so that other values run the same pipeline.",
  });
  const step = stepOf(plan, kernel);
  if (step !== null) rows.push(step);
  const scratch = plan.buffers.filter((b) => b.role === "scratch").reduce((n, b) => n + b.byteLength, 0);
  rows.push(
    {
      name: "workgroups",
      text: kernel.workgroups.map(integer).join(" × "),
      share: null,
      about:
        kernel.slices.length === 1
          ? "Sent as one dispatch."
          : `Sent in ${integer(kernel.slices.length)} parts, put together by what they are measured to take, so that the window stays alive.`,
    },
    {
      name: "GPU memory",
      text: bytes(plan.buffers.reduce((n, b) => n + b.byteLength, 0)),
      share: null,
      about: `All buffers of the engine; ${scratch === 0 ? "no scratch memory among them" : `${bytes(scratch)} of it scratch`}.`,
    },
  );
  return rows;
}

function registerRow(wgsl: string): Resource {
  const name = "registers, estimate";
  const found = registersOf(wgsl);
  if (found === null) {
    const about = "Matrices lie in the registers of a whole subgroup, and how is the driver's business.";
    return { name, text: "not known", share: null, about };
  }
  const threads = Math.floor(CORE_REGISTERS / Math.max(1, found.count));
  const spills = found.count > THREAD_REGISTERS ? ` More than ${THREAD_REGISTERS} a thread do not fit there: the rest goes to memory.` : "";
  return {
    name,
    text: `${integer(found.count)} × 32 bit`,
    share: null,
    about: `Values that are alive at once, most of them at line ${integer(found.line + 1)}: a vec4f counts four, and what comes from outside of a loop lives through it. A core with ${integer(CORE_REGISTERS)} registers has room for ${integer(threads)} such threads.${spills} The driver decides in the end.`,
  };
}

/** Threads of a workgroup, as the text has them. */
export function threadsOf(wgsl: string): number {
  const sizes = /@workgroup_size\(([\d,\s]+)\)/.exec(wgsl)?.[1]?.split(",").map(Number) ?? [1];
  return sizes.reduce((n, size) => n * size, 1);
}

/** A constant of the text's head: `const BLOCK_M = 64u;`. */
function constantOf(wgsl: string, name: string): number | null {
  const value = new RegExp(`^const ${name} = (\\d+)u;`, "m").exec(wgsl)?.[1];
  return value === undefined ? null : Number(value);
}

/** What a step of the inner loop reads anew; null for a kernel that does not walk over keys in tiles. */
function stepOf(plan: Plan, kernel: KernelPlan): Resource | null {
  const [rows, keys] = [constantOf(kernel.wgsl, "BLOCK_M"), constantOf(kernel.wgsl, "BLOCK_N")];
  if (rows === null || keys === null) return null;
  const element = plan.problem.storage === "f16" ? 2 : 4;
  const { qkHeadDim, vHeadDim } = plan.problem;
  const perKey = element * (qkHeadDim + vHeadDim);
  return {
    name: "read a step",
    text: bytes(keys * perKey),
    share: null,
    about: `K and V of ${integer(keys)} ${keys === 1 ? "key" : "keys"}, for ${integer(rows)} query rows whose ${bytes(rows * element * qkHeadDim)} of Q are read once: ${integer(rows * keys)} scores, ${((2 * rows * keys * (qkHeadDim + vHeadDim)) / (keys * perKey)).toFixed(0)} floating-point operations for each byte. More rows a workgroup, more operations a byte.`,
  };
}

/** The bytes of one copy of `params`: one stands in the uniform for each part of the grid. */
function paramBytes(wgsl: string): number {
  const struct = /^struct Params \{\n([\s\S]*?)^\}/m.exec(wgsl)?.[1] ?? "";
  return 4 * (struct.match(/: [uf]32/g)?.length ?? 0) + 16 * (struct.match(/: Place/g)?.length ?? 0);
}

const sizeOfBuffer = (plan: Plan, name: string): number => plan.buffers.find((b) => b.name === name)?.byteLength ?? 0;
