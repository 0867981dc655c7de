/**
 * The simplest way to run a kernel: tensors in, tensors out. For tests, for the command line, for a program that embeds
 * the library.
 */

import type { Inputs } from "../flash/inputs.ts";
import { type Engine, type Plan, rowStride } from "../flash/plan.ts";
import type { Problem } from "../flash/problem.ts";
import { chooseForward, planEngine } from "../flash/select.ts";
import { packTensor, unpackTensor } from "../flash/storage.ts";
import type { Variant } from "../ir/mod.ts";
import { type BufferSet, readBytes, readFloats, writeFloats } from "./buffers.ts";
import type { DeviceHandle } from "./device.ts";
import { execute, prepare } from "./execute.ts";
import { GpuError } from "./gpuError.ts";

export interface ForwardOutput {
  /** [B, HQ, Q_LEN, DV], or as the problem's layout has it. */
  readonly out: Float32Array<ArrayBuffer>;
  /** [B, HQ, Q_LEN]; natural logarithm, minus infinity for a fully masked row. */
  readonly lse: Float32Array<ArrayBuffer>;
  /** [B, HQ, Q_LEN]: each row's largest score after the mods; minus infinity for a fully masked row. */
  readonly maxScores: Float32Array<ArrayBuffer>;
  /** What ran. */
  readonly plan: Plan;
}

/**
 * Runs `variant` once. `engine` defaults to the one that `chooseForward` picks.
 * @throws GpuError "validation" where no engine can run the problem, with the reasons; or what the GPU reports
 */
export async function runForward(
  gpu: DeviceHandle,
  variant: Variant,
  problem: Problem,
  inputs: Inputs,
  engine?: Engine,
): Promise<ForwardOutput> {
  return runPlan(gpu, planOrThrow(gpu, variant, problem, engine), inputs);
}

/** Runs a plan once. @throws GpuError */
export async function runPlan(gpu: DeviceHandle, plan: Plan, inputs: Inputs): Promise<ForwardOutput> {
  const prepared = await prepare(gpu, plan);
  try {
    upload(gpu, prepared.buffers, plan.problem, inputs);
    await execute(gpu, prepared);
    return { ...(await download(gpu, prepared.buffers, plan.problem)), plan };
  } finally {
    prepared.destroy();
  }
}

function planOrThrow(gpu: DeviceHandle, variant: Variant, problem: Problem, engine: Engine | undefined): Plan {
  if (engine !== undefined) {
    const planned = planEngine(engine, variant, problem, gpu.limits);
    if (planned.kind === "plan") return planned.plan;
    throw new GpuError("validation", `The ${engine} kernel cannot run this: ${planned.refusal.reason}.`);
  }
  const { plan, refusals } = chooseForward(variant, problem, gpu.limits);
  if (plan !== null) return plan;
  throw new GpuError("validation", `No kernel can run this: ${refusals.map((r) => `${r.engine}: ${r.reason}`).join("; ")}.`);
}

/** Writes q, k and v into the plan's buffers: rows padded to whole vec4s, rounded where the problem stores f16. */
export function upload(gpu: DeviceHandle, buffers: BufferSet, p: Problem, { q, k, v }: Inputs): void {
  writeFloats(gpu.device, buffers.get("q"), packTensor(q, p.qkHeadDim, p.storage));
  writeFloats(gpu.device, buffers.get("k"), packTensor(k, p.qkHeadDim, p.storage));
  writeFloats(gpu.device, buffers.get("v"), packTensor(v, p.vHeadDim, p.storage));
}

/** Reads out, lse and the largest scores back. */
export async function download(gpu: DeviceHandle, buffers: BufferSet, p: Problem): Promise<Omit<ForwardOutput, "plan">> {
  const rows = p.batch * p.qHeads * p.qLen;
  const out = await readBytes(gpu.device, buffers.get("out"), (p.storage === "f16" ? 2 : 4) * rows * rowStride(p.vHeadDim));
  const stats = await readFloats(gpu.device, buffers.get("lse"), 2 * rows);
  return { out: unpackTensor(out, p.vHeadDim, p.storage), lse: stats.slice(0, rows), maxScores: stats.slice(rows) };
}
