/**
 * What is built off the page's thread: the mask that the text asks for, then the count of its elements. It follows the
 * state: one job at a time, the newest text wins, a job that nobody waits for any more is given up in the middle.
 */
import { flatten } from "../kernels/ir/flat.ts";
import type { BlockMask } from "../kernels/mask/blockMask.ts";
import { type BuiltMask, type BuiltMasks, type MaskWork, sameWork } from "./builtMasks.ts";
import { sceneOf, unbuilt, workOf } from "./derive.ts";
import type { PanelState, Pending, Scene } from "./state.ts";
import type { Store } from "./store.ts";
import type { Output } from "./work/jobs.ts";
import type { OffThread, Outcome } from "./work/offThread.ts";

/** What a state waits for: a mask first, then its count. */
type Wanted =
  | { readonly kind: "build"; readonly pending: Pending; readonly work: MaskWork }
  | { readonly kind: "count"; readonly scene: Scene; readonly work: MaskWork };

/** Elements of partial blocks beyond which they are not counted: about a minute of one core. */
const MOST_COUNTED = 2 ** 36;

function wantedBy({ pending, scene, fault }: PanelState): Wanted | null {
  if (pending !== null) return { kind: "build", pending, work: workOf(pending) };
  if (scene === null || fault !== null || scene.sparsity.elements !== null) return null;
  const { blockSize } = scene.problem;
  return scene.blocks.partial * blockSize[0] * blockSize[1] > MOST_COUNTED ? null : { kind: "count", scene, work: workOf(scene) };
}

const sameWanted = (a: Wanted, b: Wanted): boolean => a.kind === b.kind && sameWork(a.work, b.work);

/** Starts to follow `store`; gives the way to stop. */
export function followBuilds(store: Store, masks: BuiltMasks, offThread: OffThread, log: (text: string) => void): () => void {
  let running: { wanted: Wanted; stop(): void } | null = null;
  /** The mask whose count broke: it would break again. */
  let uncounted: BlockMask | null = null;

  const look = (): void => {
    const asked = wantedBy(store.get());
    const wanted = asked?.kind === "count" && asked.scene.blockMask === uncounted ? null : asked;
    if (running !== null && wanted !== null && sameWanted(running.wanted, wanted)) {
      // The same mask for a newer text: the job goes on, for the new one.
      running.wanted = wanted;
      return;
    }
    running?.stop();
    running = wanted === null ? null : { wanted, stop: start(wanted) };
  };

  const start = (wanted: Wanted): (() => void) => {
    const { work } = wanted;
    const body = work.body === null ? null : flatten(work.body);
    if (wanted.kind === "build") return offThread("build", { body, size: work.size, blockSize: work.blockSize }, built, building);
    return offThread("count", { body, mask: wanted.scene.blockMask }, counted);
  };

  /** The job that has ended was this one. */
  const ended = (): Wanted | null => {
    const wanted = running?.wanted ?? null;
    running = null;
    return wanted;
  };

  const building = (share: number): void => {
    const wanted = running?.wanted;
    if (wanted?.kind === "build") store.dispatch({ type: "building", pending: wanted.pending, share });
  };

  const built = (outcome: Outcome<Output<"build">>): void => {
    const wanted = ended();
    if (wanted?.kind !== "build") return;
    const { pending, work } = wanted;
    if (!outcome.ok) {
      log(`The mask of ${pending.variant.name}: ${outcome.message}`);
      store.dispatch({ type: "unbuilt", pending, fault: unbuilt(pending.variant, outcome.message) });
      return;
    }
    const made: BuiltMask = { mask: outcome.value.mask, elements: null, ms: outcome.value.ms };
    masks.put(work, made);
    store.dispatch({ type: "built", pending, scene: sceneOf(pending, made) });
  };

  const counted = (outcome: Outcome<Output<"count">>): void => {
    const wanted = ended();
    if (wanted?.kind !== "count") return;
    const { scene, work } = wanted;
    const { blockMask, builtMs } = scene;
    if (!outcome.ok) {
      uncounted = blockMask;
      log(`The elements of ${scene.variant.name} were not counted: ${outcome.message}`);
      return;
    }
    masks.put(work, { mask: blockMask, elements: outcome.value, ms: builtMs });
    store.dispatch({ type: "counted", blockMask, elements: outcome.value });
  };

  const unsubscribe = store.subscribe(look);
  look();
  return () => {
    unsubscribe();
    running?.stop();
    running = null;
  };
}
