/** A mask, or what a score_mod adds, as a picture for a hover: SVG in a data URI, small enough for the editor's Markdown (100,000 characters). */
import type { Problem } from "../kernels/flash/problem.ts";
import type { Expr } from "../kernels/ir/expr.ts";
import type { Mod } from "../kernels/ir/mod.ts";
import type { BlockMask } from "../kernels/mask/blockMask.ts";
import { PALETTES, type ThemeKind } from "../kernels/mask/palette.ts";
import { maskSvg } from "../kernels/mask/picture.ts";
import { BIAS_PALETTES, biasSvg } from "./biasPicture.ts";

const LONGEST = 40_000;

/** The first batch and head of `mask`, `edge` CSS pixels wide or high; `body` is the one it was built from. */
export function maskPicture(mask: BlockMask, body: Expr, theme: ThemeKind, edge: number): string {
  const fine = dataUri(maskSvg(mask, PALETTES[theme], body, { size: 64, displaySize: edge }));
  if (fine.length <= LONGEST) return fine;
  // Noise has no runs: half the resolution, and partial blocks solid.
  return dataUri(maskSvg(mask, PALETTES[theme], null, { size: 32, displaySize: edge }));
}

/** What `mod` adds to a score in the first batch and head, `edge` CSS pixels wide or high. */
export function biasPicture(mod: Mod, problem: Problem, theme: ThemeKind, edge: number): string {
  const size = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  return dataUri(biasSvg(mod, size, BIAS_PALETTES[theme], 48, edge));
}

const dataUri = (svg: string): string => `data:image/svg+xml;base64,${btoa(svg)}`;
