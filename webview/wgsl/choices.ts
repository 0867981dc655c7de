/** Every kernel for the scene on the device: which one is chosen, which could run, and why each other cannot. Pure. */
import { DEFAULT_LIMITS, type DeviceLimits, type Engine, type Plan, type Planned } from "../../kernels/flash/plan.ts";
import { BASELINE, enginesFor, planEngine } from "../../kernels/flash/select.ts";
import type { Device, Scene } from "../state.ts";

export interface KernelChoice {
  readonly engine: Engine;
  /** null: refused. */
  readonly plan: Plan | null;
  /** The fused kernel that a run takes: the first that fits. */
  readonly chosen: boolean;
  /** One line: the tile, or the reason of the refusal. */
  readonly why: string;
}

const kept = new WeakMap<Scene, { readonly limits: DeviceLimits; readonly choices: readonly KernelChoice[] }>();

/** All of them, best first. Without a device: for WebGPU's guaranteed limits. Kept with the scene. */
export function kernelChoices(scene: Scene, device: Device | null): readonly KernelChoice[] {
  const limits = device?.limits ?? DEFAULT_LIMITS;
  const known = kept.get(scene);
  if (known?.limits === limits) return known.choices;
  const planned = enginesFor(scene.problem, limits).map((engine) =>
    planEngine(engine, scene.variant, scene.problem, limits, scene.blockMask),
  );
  const first = planned.findIndex((p) => p.kind === "plan" && p.plan.engine !== BASELINE);
  const choices = planned.map((p, i) => choiceOf(p, i === first));
  kept.set(scene, { limits, choices });
  return choices;
}

function choiceOf(planned: Planned, chosen: boolean): KernelChoice {
  if (planned.kind === "refused") {
    return { engine: planned.refusal.engine, plan: null, chosen: false, why: planned.refusal.reason };
  }
  const { plan } = planned;
  const role =
    plan.engine === BASELINE ? "the baseline that speed-ups are measured against" : chosen ? "chosen: the first that fits" : "fits too";
  return { engine: plan.engine, plan, chosen, why: `${plan.tile} · ${role}` };
}
