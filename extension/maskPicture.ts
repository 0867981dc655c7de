/** A mask as a picture for a hover: SVG in a data URI, small enough for the editor's Markdown (100,000 characters). */
import { compileCells } from "../kernels/emit/js.ts";
import { cast, type Expr } from "../kernels/ir/expr.ts";
import type { BlockMask } from "../kernels/mask/blockMask.ts";
import { type CellSource, maskSvg, PALETTES, type ThemeKind } from "../kernels/mask/picture.ts";

const LONGEST = 40_000;

/** The first batch and head of `mask`, `edge` CSS pixels wide or high; `body` is the one it was built from. */
export function maskPicture(mask: BlockMask, body: Expr, theme: ThemeKind, edge: number): string {
  const cells: CellSource = compileCells(cast(body, "bool"));
  const fine = dataUri(maskSvg(mask, PALETTES[theme], cells, { size: 64, displaySize: edge }));
  if (fine.length <= LONGEST) return fine;
  // Noise has no runs: half the resolution, and partial blocks solid.
  return dataUri(maskSvg(mask, PALETTES[theme], null, { size: 32, displaySize: edge }));
}

const dataUri = (svg: string): string => `data:image/svg+xml;base64,${btoa(svg)}`;
