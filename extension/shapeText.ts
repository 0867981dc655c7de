/** The shape of a mask in words, for lists and hovers: `causal-like, window of 256 keys`. Some thousand rows' cells at most. */
import type { Variant } from "../kernels/ir/mod.ts";
import type { BlockMask } from "../kernels/mask/blockMask.ts";
import { rowRuns } from "../kernels/mask/rowRuns.ts";
import { shapeQueries, shapeWords } from "../kernels/mask/shapeWords.ts";

/** Cells of the rows that are looked at. */
const SHAPE_CELLS = 2 ** 20;

/** Of the first batch and head; `mask` is the variant's. */
export function shapeText(mask: BlockMask, { maskMod }: Variant): string {
  const queries = shapeQueries(mask, Math.min(33, Math.max(5, Math.floor(SHAPE_CELLS / mask.kvLen))));
  const rows = queries.map((q) => ({ q, runs: rowRuns({ body: maskMod?.body ?? null, mask, b: 0, h: 0, q }) }));
  return shapeWords(rows, mask);
}
