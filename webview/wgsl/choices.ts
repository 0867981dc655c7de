/** Every kernel for the scene on the device: which one is chosen, which could run, and why each other cannot. Pure. */
import { type KernelOptions, sameOptions } from "../../kernels/flash/kernelOptions.ts";
import { DEFAULT_LIMITS, type DeviceLimits, type Engine, type Plan } from "../../kernels/flash/plan.ts";
import { BASELINE, candidatesFor, chooseForward, enginesFor, isAllowed, planEngine, type Wishes } from "../../kernels/flash/select.ts";
import type { Device, Looked, Scene } from "../state.ts";

export interface KernelChoice {
  readonly engine: Engine;
  /** null: refused. */
  readonly plan: Plan | null;
  /** What it was planned with. */
  readonly options: KernelOptions;
  /** The kernel that a run takes. */
  readonly chosen: boolean;
  /** One line: the tile, or the reason of the refusal. */
  readonly why: string;
}

interface Kept {
  readonly limits: DeviceLimits;
  readonly wishes: Wishes;
  readonly choices: readonly KernelChoice[];
}

const kept = new WeakMap<Scene, Kept>();

/** All of them, best first. Without a device: for WebGPU's guaranteed limits. Kept with the scene. */
export function kernelChoices(scene: Scene, device: Device | null, wishes: Wishes = NONE): readonly KernelChoice[] {
  const limits = device?.limits ?? DEFAULT_LIMITS;
  const known = kept.get(scene);
  if (known?.limits === limits && known.wishes === wishes) return known.choices;
  const { plan, why } = chooseForward(scene.variant, scene.problem, limits, scene.blockMask, wishes);
  const choices = enginesFor(scene.problem, limits).map((engine) => choiceOf(engine, plan, why, scene, limits, wishes));
  kept.set(scene, { limits, wishes, choices });
  return choices;
}

const NONE: Wishes = {};

function choiceOf(engine: Engine, chosen: Plan | null, why: string, scene: Scene, limits: DeviceLimits, wishes: Wishes): KernelChoice {
  const mayRun = isAllowed(engine, wishes);
  const asked = (mayRun ? wishes.options : undefined) ?? {};
  if (chosen?.engine === engine) {
    const isTuned = wishes.tuned?.engine === engine && sameOptions(asked, {});
    return { engine, plan: chosen, options: isTuned ? wishes.tuned.options : asked, chosen: true, why: `${chosen.tile} · chosen: ${why}` };
  }
  const planned = planEngine(engine, scene.variant, scene.problem, limits, scene.blockMask, asked);
  if (planned.kind === "refused") return { engine, plan: null, options: asked, chosen: false, why: planned.refusal.reason };
  const { plan } = planned;
  const role =
    engine === BASELINE
      ? "the baseline that speed-ups are measured against"
      : mayRun
        ? "fits too"
        : `fits too; ${(wishes.engines ?? []).join(", ")} is asked for`;
  return { engine, plan, options: asked, chosen: false, why: `${plan.tile} · ${role}` };
}

/** A tile that can be looked at, and taken for runs. */
export interface TileChoice {
  readonly looked: Looked;
  readonly plan: Plan;
}

const tiles = new WeakMap<Scene, { readonly limits: DeviceLimits; readonly of: Map<Engine, readonly TileChoice[]> }>();

/** The legal tiles of an engine that are worth a try, its own first. Kept with the scene. */
export function tileChoices(scene: Scene, device: Device | null, engine: Engine): readonly TileChoice[] {
  const limits = device?.limits ?? DEFAULT_LIMITS;
  let known = tiles.get(scene);
  if (known === undefined || known.limits !== limits) {
    known = { limits, of: new Map() };
    tiles.set(scene, known);
  }
  let found = known.of.get(engine);
  if (found === undefined) {
    const candidates = candidatesFor(scene.variant, scene.problem, limits, scene.blockMask, { engines: [engine] });
    found = candidates.map(({ options, plan }) => ({ looked: { engine, options }, plan }));
    known.of.set(engine, found);
  }
  return found;
}
