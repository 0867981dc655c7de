/** The plan of the kernel family that `--kernel` names, or of the one that is picked; with the reasons of those that cannot. */
import type { DeviceLimits, Engine, Plan, Refusal } from "../flash/plan.ts";
import type { Problem } from "../flash/problem.ts";
import { chooseForward, planEngine } from "../flash/select.ts";
import type { Variant } from "../ir/mod.ts";

/** `plan` is null where the family that was asked for refuses, or all do. */
export function planAsked(
  variant: Variant,
  problem: Problem,
  limits: DeviceLimits,
  kernel: Engine | null,
): { readonly plan: Plan | null; readonly refusals: readonly Refusal[] } {
  if (kernel === null) return chooseForward(variant, problem, limits);
  const planned = planEngine(kernel, variant, problem, limits);
  return planned.kind === "plan" ? { plan: planned.plan, refusals: [] } : { plan: null, refusals: [planned.refusal] };
}

/** A line for each family that cannot. */
export const reasonsOf = (refusals: readonly Refusal[]): string => refusals.map((r) => `${r.engine}: ${r.reason}`).join("\n");
