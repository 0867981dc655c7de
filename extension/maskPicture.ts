/** A mask as a picture for a hover: SVG in a data URI, small enough for the editor's Markdown (100,000 characters). */
import type { Expr } from "../kernels/ir/expr.ts";
import type { BlockMask } from "../kernels/mask/blockMask.ts";
import { PALETTES, type ThemeKind } from "../kernels/mask/palette.ts";
import { maskSvg } from "../kernels/mask/picture.ts";

const LONGEST = 40_000;

/** The first batch and head of `mask`, `edge` CSS pixels wide or high; `body` is the one it was built from. */
export function maskPicture(mask: BlockMask, body: Expr, theme: ThemeKind, edge: number): string {
  const fine = dataUri(maskSvg(mask, PALETTES[theme], body, { size: 64, displaySize: edge }));
  if (fine.length <= LONGEST) return fine;
  // Noise has no runs: half the resolution, and partial blocks solid.
  return dataUri(maskSvg(mask, PALETTES[theme], null, { size: 32, displaySize: edge }));
}

const dataUri = (svg: string): string => `data:image/svg+xml;base64,${btoa(svg)}`;
