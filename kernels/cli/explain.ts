/**
 * `flexlens explain`: for a problem and a device, which kernel runs and why each other does not, with the numbers that
 * decide. Asks the same planners as a run does (flash/select.ts), so that what is said is what happens.
 */
import type { KernelOptions } from "../flash/kernelOptions.ts";
import { type DeviceLimits, type Engine, mebibytes, notesOf, type Plan } from "../flash/plan.ts";
import { denseFlops, fillProblem, type Problem, problemText } from "../flash/problem.ts";
import { BASELINE, chooseForward, enginesFor, isAllowed, orderName, planEngine, type Wishes } from "../flash/select.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import type { Variant } from "../ir/mod.ts";
import { type BlockMask, countBlocks } from "../mask/blockMask.ts";
import { sparsityOf } from "../mask/count.ts";
import { asksForMatrices, blocksOf, wishesFor } from "./asked.ts";
import type { Outcome } from "./bench.ts";
import { type DeviceTarget, findTarget } from "./deviceFile.ts";
import type { Options } from "./options.ts";

/** What is said of one kernel family. */
export interface EngineRow {
  readonly engine: Engine;
  readonly state: "runs" | "baseline" | "could run" | "refused";
  /** Why it is not the one that runs; null for the one that is. */
  readonly reason: string | null;
  /** null where it is refused. */
  readonly plan: PlanFigures | null;
}

/** Figures of a plan. */
export interface PlanFigures {
  readonly tile: string;
  /** Of each kernel, in order of running. */
  readonly workgroups: readonly (readonly [x: number, y: number, z: number])[];
  /** Parts that the grids are cut into, which go to the device by what they are measured to take. */
  readonly slices: number;
  /** Of workgroup memory, the kernel that takes most. */
  readonly workgroupBytes: number;
  /** Of all buffers, and of those that hold nothing but what is passed between kernels. */
  readonly bytes: number;
  readonly scratchBytes: number;
}

/** All that `--json` prints. */
export interface Explanation {
  readonly variant: string;
  readonly problem: Problem;
  readonly device: Omit<DeviceTarget, "note">;
  /** null: none that is allowed can run. */
  readonly chosen: Engine | null;
  /** Why it is that one; empty where there is none. */
  readonly why: string;
  /** What is asked for, in the text or by options; and what of PyTorch's own options has no meaning here. */
  readonly asked: { readonly engines: readonly Engine[] | null; readonly options: KernelOptions; readonly told: readonly string[] };
  /** In the order in which they are asked. */
  readonly engines: readonly EngineRow[];
  readonly blocks: { readonly partial: number; readonly full: number; readonly empty: number; readonly total: number };
  readonly denseFlops: number;
  /** Of allowed elements alone. */
  readonly effectiveFlops: number;
  readonly notes: readonly string[];
}

/** Code 1 where no fused kernel can run. @throws UsageError */
export async function explainCommand(variant: LoweredVariant, options: Options): Promise<Outcome> {
  const target = await findTarget(options.device, asksForMatrices(variant.problem, options));
  const problem = { ...fillProblem(variant.problem), layout: options.layout };
  const blocks = blocksOf(variant, problem);
  const asked = wishesFor(variant, problem, target, options, blocks);
  const explanation = explain(variant, problem, target, blocks, asked);
  return {
    out: options.output === "json" ? JSON.stringify(explanation) : text(explanation),
    err: [target.note, ...asked.faults, ...explanation.notes].filter((line) => line !== "").join("\n"),
    code: explanation.chosen === null ? 1 : 0,
  };
}

/** What would run, and what would not. */
export function explain(
  variant: Variant,
  problem: Problem,
  { note: _note, ...device }: DeviceTarget,
  blocks = blocksOf(variant, problem),
  { wishes, told }: { readonly wishes: Wishes; readonly told: readonly string[] } = { wishes: {}, told: [] },
): Explanation {
  const { plan, why } = chooseForward(variant, problem, device.limits, blocks, wishes);
  const flops = denseFlops(problem);
  const { partial, full, empty, total } = countBlocks(blocks);
  const rowOf = (engine: Engine): EngineRow => explainEngine(engine, plan, variant, problem, device.limits, blocks, wishes);
  return {
    variant: variant.name,
    problem,
    device,
    chosen: plan?.engine ?? null,
    why,
    asked: { engines: wishes.engines ?? null, options: wishes.options ?? {}, told },
    engines: enginesFor(problem, device.limits).map(rowOf),
    blocks: { partial, full, empty, total },
    denseFlops: flops,
    effectiveFlops: flops * (1 - sparsityOf(blocks, variant.maskMod?.body ?? null).elements),
    notes: notesOf(variant, problem),
  };
}

function explainEngine(
  engine: Engine,
  chosen: Plan | null,
  variant: Variant,
  problem: Problem,
  limits: DeviceLimits,
  blocks: BlockMask,
  wishes: Wishes,
): EngineRow {
  const { engines, options = {}, tuned = null } = wishes;
  if (engine === chosen?.engine) return { engine, state: "runs", reason: null, plan: figures(chosen) };
  // Options are asked of those that may run; of the baseline only where it is named.
  const mayRun = isAllowed(engine, wishes);
  const planned = planEngine(engine, variant, problem, limits, blocks, mayRun ? options : {});
  if (planned.kind === "refused") return { engine, state: "refused", reason: planned.refusal.reason, plan: null };
  const plan = figures(planned.plan);
  if (engine === BASELINE) {
    const reason = `the baseline that the others are measured against: it keeps the scores, ${mebibytes(plan.scratchBytes)} here`;
    return { engine, state: "baseline", reason, plan };
  }
  if (!mayRun) return { engine, state: "could run", reason: `it can, but ${(engines ?? []).join(", ")} is asked for`, plan };
  const first = chosen?.engine ?? "another";
  const isTuned = tuned !== null && tuned.engine === first && Object.keys(options).length === 0;
  return {
    engine,
    state: "could run",
    reason: isTuned
      ? `it can, but ${first} was the fastest when this device was tuned`
      : `it can, but ${first} comes first in ${orderName(limits)}`,
    plan,
  };
}

function figures({ tile, kernels, buffers }: Plan): PlanFigures {
  const bytes = (role?: string): number => buffers.reduce((sum, b) => sum + (role === undefined || b.role === role ? b.byteLength : 0), 0);
  return {
    tile,
    workgroups: kernels.map((k) => k.workgroups),
    slices: kernels.reduce((sum, k) => sum + k.slices.length, 0),
    workgroupBytes: Math.max(...kernels.map((k) => k.workgroupBytes ?? 0)),
    bytes: bytes(),
    scratchBytes: bytes("scratch"),
  };
}

const ORIGINS = {
  adapter: "found by Dawn",
  file: "as the file says",
  assumed: "assumed, as no device was found here",
} as const satisfies Record<DeviceTarget["origin"], string>;

function text({
  variant,
  problem: p,
  device,
  engines,
  blocks,
  denseFlops: dense,
  effectiveFlops,
  why,
  chosen,
  asked,
}: Explanation): string {
  const { limits } = device;
  const computed = (100 * (blocks.partial + blocks.full)) / Math.max(1, blocks.total);
  const widest = Math.max(...engines.map((row) => row.engine.length));
  return [
    `${variant}: ${problemText(p)}, BLOCK_SIZE (${p.blockSize.join(", ")})`,
    `computes ${computed.toFixed(1)} % of the blocks (${blocks.full} full, ${blocks.partial} partial, ${blocks.empty} empty); ${gflop(effectiveFlops)} of allowed elements, ${gflop(dense)} dense`,
    `on ${device.name} (${ORIGINS[device.origin]}${limits.software ? "; software" : ""})`,
    `  subgroups ${limits.subgroups ? "yes" : "no"}, shader-f16 ${limits.f16 ? "yes" : "no"}, ${matrices(limits)}workgroup memory ${mebibytes(limits.maxComputeWorkgroupStorageSize)}, ${limits.maxComputeInvocationsPerWorkgroup} invocations a workgroup, ${limits.maxStorageBuffersPerShaderStage} storage buffers of up to ${mebibytes(limits.maxStorageBufferBindingSize)}`,
    "",
    ...engines.map((row) => `${row.engine.padEnd(widest)}  ${row.state.padEnd(9)}  ${told(row)}`),
    ...(chosen === null ? [] : ["", `${chosen} runs: ${why}`]),
    ...asked.told,
  ].join("\n");
}

/** The products of its subgroup matrices, where the device has any. */
const matrices = ({ subgroupMatrices }: DeviceLimits): string =>
  subgroupMatrices === null ? "" : `matrices ${subgroupMatrices.shapes.map(({ m, n, k }) => `${m} × ${n} × ${k}`).join(", ")}, `;

const gflop = (flops: number): string => `${(flops / 1e9).toPrecision(3)} GFLOP`;

function told({ reason, plan }: EngineRow): string {
  if (plan === null) return reason ?? "";
  const grids = plan.workgroups.map((grid) => grid.join(" × ")).join(", then ");
  const parts = plan.slices > plan.workgroups.length ? ` in ${plan.slices} parts` : "";
  const memory = plan.workgroupBytes === 0 ? "no workgroup memory" : `${mebibytes(plan.workgroupBytes)} of workgroup memory`;
  const sizes = `${plan.tile}; ${grids} workgroups${parts}, ${memory}, ${mebibytes(plan.bytes)}`;
  return reason === null ? sizes : `${reason} (${sizes})`;
}
