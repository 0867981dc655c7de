/**
 * From the text to what the tabs draw: lower, choose the variant, fill the problem, build the block mask. The same
 * functions on the same text as in the host, so that lens and panel agree. Never throws: what goes wrong is a fault in
 * words.
 */
import { fillProblem, type Problem, withDefaults } from "../kernels/flash/problem.ts";
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import { createLowering } from "../kernels/frontend/lowering.ts";
import type { LoweredModule, LoweredVariant } from "../kernels/frontend/module.ts";
import { variantKey } from "../kernels/ir/key.ts";
import { countBlocks } from "../kernels/mask/blockMask.ts";
import { buildBlockMask, sparsityOf } from "../kernels/mask/build.ts";
import type { Now } from "./bench/rows.ts";
import { integer } from "./number.ts";
import { lowerBindings, type Show } from "./protocol.ts";
import type { Derived, Fault, PanelState, Scene } from "./state.ts";

/** Blocks in one plane of the grid beyond which a mask is not drawn: it would not be built within seconds. */
const MOST_BLOCK_ROWS = 2 ** 17;

/** Shows follow each other as the text is typed: what an edit did not change is not lowered again. */
const lowering = createLowering();

/** The scene of the variant named; of the first where `name` is null or is gone from a text without errors. */
export function derive(show: Show, name: string | null): Derived {
  const module = lowering.lower(show.sources, { bindings: lowerBindings(show), files: show.files ?? [] });
  const variant = chooseVariant(module, name);
  if (variant === null) return { module, scene: null, fault: faultOf(module, show) };
  try {
    const built = buildScene(variant, problemOf(show, variant));
    return "message" in built ? { module, scene: null, fault: built } : { module, scene: built, fault: null };
  } catch (error) {
    // An error of ours, or no memory left: said instead of a panel that stands still.
    const cause = error instanceof Error ? error.message : String(error);
    const message = `The mask of \`${variant.name}\` could not be built (${cause}). Take shorter lengths; the log has more.`;
    console.error(error);
    return { module, scene: null, fault: { message, span: null } };
  }
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

function faultOf(module: LoweredModule, show: Show): Fault | null {
  const errors = module.diagnostics.filter((d) => d.severity === "error");
  const inDocument = (d: Diagnostic): boolean => d.span.file === show.sources[0]?.file;
  const first = errors.find(inDocument) ?? errors[0];
  return first === undefined ? null : { message: first.message, span: first.span };
}

function buildScene(variant: LoweredVariant, problem: Problem): Scene | Fault {
  const { batch, qHeads, kvHeads, qLen, kvLen, blockSize } = problem;
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
  const body = variant.maskMod?.body ?? null;
  const started = performance.now();
  const blockMask = buildBlockMask(body, { batch, heads: qHeads, qLen, kvLen }, blockSize);
  const builtMs = performance.now() - started;
  return {
    variant,
    problem,
    blockMask,
    blocks: countBlocks(blockMask),
    sparsity: sparsityOf(blockMask, body),
    key: variantKey(variant, blockSize),
    builtMs,
    readAt: Date.now(),
  };
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
