/**
 * A variant of the workspace as its list shows it: sizes, share of blocks skipped, shape in words, pictures. Plain data
 * that outlives the reading it came from, so that a list of a large workspace holds no expressions. Each step has its own
 * bound in time; between two of them the editor gets its turn.
 */
import type { Problem } from "../../kernels/flash/problem.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import { variantKey } from "../../kernels/ir/key.ts";
import type { Mod } from "../../kernels/ir/mod.ts";
import { type BlockMask, blockSparsity } from "../../kernels/mask/blockMask.ts";
import { buildUnlessStopped } from "../../kernels/mask/build.ts";
import { rowRuns } from "../../kernels/mask/rowRuns.ts";
import { shapeQueries, shapeWords } from "../../kernels/mask/shapeWords.ts";
import type { MaskFigure } from "../lensTitle.ts";
import { thumbnailOf } from "../thumbnail.ts";

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

/** Milliseconds for one mask. */
const BUILD_MS = 40;
/** Cells of the rows that are looked at for the shape. */
const SHAPE_CELLS = 2 ** 20;

/** Makes the row in steps: whoever drives them may do something else between two. */
export function* rowSteps(
  document: string,
  variant: LoweredVariant,
  problem: Problem,
  clock: () => number = () => performance.now(),
): Generator<void, VariantRow> {
  const body = variant.maskMod?.body ?? null;
  const end = clock() + BUILD_MS;
  const size = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  const mask = body === null ? null : buildUnlessStopped(body, size, problem.blockSize, () => clock() > end);
  yield;
  const shape = mask === null ? "" : shapeOf(mask, variant);
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

/** Of the first batch and head. */
function shapeOf(mask: BlockMask, { maskMod }: LoweredVariant): string {
  const queries = shapeQueries(mask, Math.min(33, Math.max(5, Math.floor(SHAPE_CELLS / mask.kvLen))));
  const rows = queries.map((q) => ({ q, runs: rowRuns({ body: maskMod?.body ?? null, mask, b: 0, h: 0, q }) }));
  return shapeWords(rows, mask);
}
