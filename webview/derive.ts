/**
 * From the text to what the tabs draw: lower, choose the variant, fill the problem, build the block mask. The same
 * functions on the same text as in the host, so that lens and panel agree. Never throws: what goes wrong is a fault in
 * words. Never long: a mask that cannot be built within a keystroke's time is left pending, for a worker (builds.ts).
 */
import { fillProblem, type Problem, withDefaults } from "../kernels/flash/problem.ts";
import { definitionOf } from "../kernels/frontend/definitionLines.ts";
import { createLowering } from "../kernels/frontend/lowering.ts";
import type { LoweredModule, LoweredVariant } from "../kernels/frontend/module.ts";
import { variantKey } from "../kernels/ir/key.ts";
import { blockSparsity, countBlocks } from "../kernels/mask/blockMask.ts";
import type { Now } from "./bench/rows.ts";
import { type BuiltMask, type BuiltMasks, createBuiltMasks, type MaskWork } from "./builtMasks.ts";
import { integer } from "./number.ts";
import { lowerBindings, type Show } from "./protocol.ts";
import type { Derived, Fault, PanelState, Pending, Scene } from "./state.ts";

/** Blocks in one plane of the grid beyond which a mask is not drawn: it would not be built within seconds. */
const MOST_BLOCK_ROWS = 2 ** 17;

/** What building may take on the page's thread: with lowering and drawing it stays within a frame of 16 ms. */
const AT_ONCE_MS = 5;

/** Shows follow each other as the text is typed: what an edit did not change is not lowered again. */
const lowering = createLowering();

/** The masks that the panel has built, here and in workers. */
export const builtMasks: BuiltMasks = createBuiltMasks();

/** The scene of the variant named; of the first where `name` is null or is gone from a text without errors. */
export function derive(show: Show, name: string | null): Derived {
  const module = lowering.lower(show.sources, { bindings: lowerBindings(show), files: show.files ?? [] });
  const variant = chooseVariant(module, name);
  if (variant === null) return { module, scene: null, fault: faultOf(module, show, name) };
  const problem = problemOf(show, variant);
  const refused = sizesFault(problem);
  if (refused !== null) return { module, scene: null, fault: refused };
  try {
    const pending: Pending = { variant, problem, readAt: Date.now() };
    const built = builtMasks.within(workOf(pending), performance.now() + AT_ONCE_MS);
    return built === null ? { module, scene: null, fault: null, pending } : { module, scene: sceneOf(pending, built), fault: null };
  } catch (error) {
    // An error of ours, or no memory left: said instead of a panel that stands still.
    console.error(error);
    return { module, scene: null, fault: unbuilt(variant, error instanceof Error ? error.message : String(error)) };
  }
}

/** Why a mask is not there: building it broke. */
export const unbuilt = (variant: LoweredVariant, cause: string): Fault => ({
  message: `The mask of \`${variant.name}\` could not be built (${cause}). Take shorter lengths; the log has more.`,
  span: null,
});

/** Why a mask is not there: the user did not want to wait for it. */
export const stoppedBuilding = (variant: LoweredVariant): Fault => ({
  message: `The mask of \`${variant.name}\` was not built: you stopped it. An edit or another length builds it.`,
  span: null,
});

/** The mask that a variant at its sizes asks for. */
export function workOf({ variant, problem }: Pick<Pending, "variant" | "problem">): MaskWork {
  const { batch, qHeads, qLen, kvLen, blockSize } = problem;
  return { body: variant.maskMod?.body ?? null, size: { batch, heads: qHeads, qLen, kvLen }, blockSize };
}

/** What is drawn of a variant whose mask is built. */
export function sceneOf({ variant, problem, readAt }: Pending, { mask, elements, ms }: BuiltMask): Scene {
  return {
    variant,
    problem,
    blockMask: mask,
    blocks: countBlocks(mask),
    sparsity: { blocks: blockSparsity(mask), elements },
    key: variantKey(variant, problem.blockSize),
    builtMs: ms,
    readAt,
  };
}

/** The sizes a variant is shown and measured at: form over text over settings. */
export function problemOf(show: Show, variant: LoweredVariant): Problem {
  return fillProblem(withDefaults({ ...variant.problem, ...show.problem }, show.defaults));
}

function chooseVariant(module: LoweredModule, name: string | null): LoweredVariant | null {
  const [first] = module.variants;
  if (name === null) return first ?? null;
  const wanted = module.variants.find((v) => v.name === name);
  if (wanted !== undefined) return wanted;
  // Gone from a text that is in order: renamed or deleted. In a broken text it will be back, and the picture waits.
  return module.diagnostics.some((d) => d.severity === "error") ? null : (first ?? null);
}

/** The first error of the definition of `name` and what follows it; else, as where a broken line above hides it, of the text. */
function faultOf(module: LoweredModule, show: Show, name: string | null): Fault | null {
  const errors = module.diagnostics.filter((d) => d.severity === "error");
  const document = show.sources[0];
  const inDocument = errors.filter((d) => d.span.file === document?.file);
  const definition = name === null || document === undefined ? null : definitionOf(document.text, name);
  const own = definition === null ? undefined : inDocument.find((d) => d.span.from >= definition.from);
  const first = own ?? inDocument[0] ?? errors[0];
  return first === undefined ? null : { message: first.message, span: first.span };
}

/** Why there is no mask of these sizes; null where there is one. */
export function sizesFault({ qHeads, kvHeads, qLen, kvLen, blockSize }: Problem): Fault | null {
  if (qHeads % kvHeads !== 0) {
    return {
      message: `${qHeads} query heads cannot share ${kvHeads} key heads; set KV heads to a divisor of ${qHeads}.`,
      span: null,
    };
  }
  if (qLen / blockSize[0] > MOST_BLOCK_ROWS || kvLen / blockSize[1] > MOST_BLOCK_ROWS) {
    return {
      message: `${integer(qLen)} × ${integer(kvLen)} in blocks of ${blockSize.join(" × ")} is too fine a grid; take shorter lengths or larger blocks.`,
      span: null,
    };
  }
  return null;
}

const presentOf = new WeakMap<LoweredModule, { readonly show: Show; readonly now: Now }>();

/** Keys and sizes of all variants of the present text: by them stored results know whether they are stale. */
export function presentKeys(state: Pick<PanelState, "module" | "show">): Now {
  const { module, show } = state;
  if (module === null || show === null) return new Map();
  const known = presentOf.get(module);
  if (known?.show === show) return known.now;
  const now = new Map(
    module.variants.map((variant) => {
      const problem = problemOf(show, variant);
      return [variant.name, { key: variantKey(variant, problem.blockSize), problem }] as const;
    }),
  );
  presentOf.set(module, { show, now });
  return now;
}
