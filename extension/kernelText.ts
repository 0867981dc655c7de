/**
 * A variant's WGSL without its mask. In: a variant at its sizes, and the kernel that is wanted: the panel's, or none, which
 * is the first that runs. Out: the kernels of that engine, or why there is none. Pure, and at once: what a kernel does is
 * told to it by data, so that its text is the same for short sequences as for long ones, whose masks take their time.
 */
import { DEFAULT_LIMITS, type DeviceLimits, type Engine, type KernelPlan, type Plan, type Refusal } from "../kernels/flash/plan.ts";
import type { Problem } from "../kernels/flash/problem.ts";
import { enginesFor, isAllowed, planEngine, type Wishes } from "../kernels/flash/select.ts";
import type { Variant } from "../kernels/ir/mod.ts";
import type { ShownKernel } from "../webview/protocol.ts";

export interface KernelText {
  readonly engine: Engine | null;
  /** Those of the engine, in the order in which they run; of a kernel that was asked for it alone. */
  readonly kernels: readonly KernelPlan[];
  /** Of the engines that were asked and cannot run. */
  readonly refusals: readonly Refusal[];
}

/** What a device has of which nothing is known: WebGPU's guaranteed limits, with subgroups. */
const USUAL: DeviceLimits = { ...DEFAULT_LIMITS, subgroups: true };

/** The text of `kernel`; of the first engine that can run where that is null. */
export function kernelText(variant: Variant, problem: Problem, wishes: Wishes, kernel: ShownKernel | null): KernelText {
  const limits = kernel?.limits ?? USUAL;
  const engines = kernel === null ? enginesFor(problem, limits).filter((engine) => isAllowed(engine, wishes)) : [kernel.engine];
  const refusals: Refusal[] = [];
  for (const engine of engines) {
    const planned = planEngine(engine, variant, shortened(engine, problem), limits, undefined, kernel?.options ?? wishes.options ?? {});
    if (planned.kind === "plan") return { engine, kernels: kernelsOf(planned.plan, kernel), refusals };
    refusals.push(planned.refusal);
  }
  return { engine: null, kernels: [], refusals };
}

function kernelsOf(plan: Plan, kernel: ShownKernel | null): readonly KernelPlan[] {
  const asked = plan.kernels.filter(({ pass }) => pass === kernel?.pass);
  return asked.length > 0 ? asked : plan.kernels;
}

/** Engines whose plans build a block mask; those of the others depend on the lengths. */
const MASKED: ReadonlySet<Engine> = new Set<Engine>(["row", "quad", "tile", "matrix"]);
/** More than any of their tiles. */
const SHORT = 256;

/** The problem with one head, and lengths that a mask of is built in no time. */
function shortened(engine: Engine, problem: Problem): Problem {
  if (!MASKED.has(engine)) return problem;
  const { qLen, kvLen } = problem;
  return { ...problem, batch: 1, qHeads: 1, kvHeads: 1, qLen: Math.min(qLen, SHORT), kvLen: Math.min(kvLen, SHORT) };
}
