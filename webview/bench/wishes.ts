/**
 * What a run of the scene takes into account: what the text and the panel ask of the kernel, and what was tuned for this
 * device and this kind of problem. Pure; kept with the scene.
 */
import type { Wishes } from "../../kernels/flash/select.ts";
import { deviceKey, type Tuned, tunedFor } from "../../kernels/flash/tuned.ts";
import { askedOf } from "../../kernels/flash/wishes.ts";
import type { ProblemHints } from "../../kernels/ir/mod.ts";
import type { PanelState, Scene } from "../state.ts";

/** Wishes, and where they come from. */
export interface SceneWishes {
  readonly wishes: Wishes;
  /** Sentences on options that have no meaning here, or that cannot be. */
  readonly told: readonly string[];
  /** The panel's own choice stands over the text's. */
  readonly isTaken: boolean;
  readonly tuned: Tuned | null;
}

type From = Pick<PanelState, "show" | "device" | "tunings">;

const kept = new WeakMap<Scene, { readonly from: From; readonly wishes: SceneWishes }>();

/** The wishes for the scene shown. */
export function sceneWishes({ show, device, tunings }: From, scene: Scene): SceneWishes {
  const known = kept.get(scene);
  if (known !== undefined && known.from.show?.kernels === show?.kernels && known.from.device === device && known.from.tunings === tunings)
    return known.wishes;
  const form: ProblemHints = show?.kernels?.[scene.variant.name] ?? {};
  const { wishes, faults, told } = askedOf({ ...scene.variant.problem, ...form });
  const key = device === null ? null : deviceKey(device.info.name, device.limits);
  const tuned = key === null ? null : tunedFor(tunings, key, scene.variant, scene.problem, scene.blockMask, wishes.engines);
  const made: SceneWishes = {
    wishes: { ...wishes, tuned },
    told: [...faults, ...told],
    isTaken: form.kernel !== undefined || form.kernelOptions !== undefined,
    tuned,
  };
  kept.set(scene, { from: { show, device, tunings }, wishes: made });
  return made;
}
