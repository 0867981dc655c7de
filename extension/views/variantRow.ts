/**
 * A variant of the workspace as its list shows it: sizes, share of blocks skipped, shape in words, pictures. Plain data
 * that outlives the reading it came from, so that a list of a large workspace holds no expressions. Made in short steps: whoever
 * drives them may do something else between two.
 */
import type { Problem } from "../../kernels/flash/problem.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import type { Expr } from "../../kernels/ir/expr.ts";
import { variantKey } from "../../kernels/ir/key.ts";
import type { Mod } from "../../kernels/ir/mod.ts";
import { type BlockMask, blockSparsity, type MaskSize } from "../../kernels/mask/blockMask.ts";
import { buildSteps } from "../../kernels/mask/build.ts";
import { compileMask } from "../../kernels/mask/compile.ts";
import type { MaskFigure } from "../lensTitle.ts";
import { shapeText } from "../shapeText.ts";
import { mayBecomeWhole, thumbnailOf } from "../thumbnail.ts";

export interface VariantRow {
  /** URI. */
  readonly document: string;
  readonly name: string;
  /** The mods that it has. */
  readonly mods: readonly Mod["kind"][];
  readonly problem: Problem;
  /** Identity of what it computes: what its results must have for key. */
  readonly key: string;
  readonly figure: MaskFigure;
  /** `causal-like, window of 256 keys`; empty where there is no mask, or it takes long. */
  readonly shape: string;
  /** Data URIs. */
  readonly picture: { readonly light: string; readonly dark: string };
}

/** Milliseconds of work for one mask. */
const BUILD_MS = 100;

/**
 * Whether `row` is what the variant gives now: an edit of a file leaves most of its variants as they were. One whose picture
 * took too long is made anew.
 */
export function isRowOf(row: VariantRow, variant: LoweredVariant, problem: Problem): boolean {
  return (
    row.name === variant.name &&
    row.key === variantKey(variant, problem.blockSize) &&
    JSON.stringify(row.problem) === JSON.stringify(problem) &&
    !mayBecomeWhole(variant, problem)
  );
}

/** The row of `variant`, in steps. */
export function* rowSteps(
  document: string,
  variant: LoweredVariant,
  problem: Problem,
  clock: () => number = () => performance.now(),
): Generator<void, VariantRow> {
  const body = variant.maskMod?.body ?? null;
  const size = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  const mask = body === null ? null : yield* maskSteps(body, size, problem, clock);
  yield;
  const shape = mask === null ? "" : shapeText(mask, variant);
  yield;
  const dark = thumbnailOf(variant, problem, "dark");
  yield;
  const light = thumbnailOf(variant, problem, "light");
  return {
    document,
    name: variant.name,
    mods: [variant.maskMod, variant.scoreMod].flatMap((mod) => (mod === null ? [] : [mod.kind])),
    problem,
    key: variantKey(variant, problem.blockSize),
    figure: body === null ? { kind: "none" } : mask === null ? { kind: "uncounted" } : { kind: "counted", blocks: blockSparsity(mask) },
    shape,
    picture: { light, dark },
  };
}

/** null where it takes longer than it may. */
function* maskSteps(body: Expr, size: MaskSize, { blockSize }: Problem, clock: () => number): Generator<void, BlockMask | null> {
  const steps = buildSteps(compileMask(body), size, blockSize);
  for (let spent = 0; spent <= BUILD_MS; ) {
    const began = clock();
    const step = steps.next();
    if (step.done === true) return step.value;
    spent += clock() - began;
    yield;
  }
  return null;
}
