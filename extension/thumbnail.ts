/**
 * A variant as a picture the size of an icon, for lists: the block states of its mask at its own sizes; of a score_mod
 * alone what it adds, on the scale of the panel's Bias view. In: a variant and its problem. Out: SVG in a data URI for a
 * light or a dark ground. Built within a time and kept by what the variant computes, so that a list can be drawn again
 * and again; a mask that takes longer is drawn as a hatched square, and tried again when it is next asked for: the machine
 * may have been busy.
 */
import type { Problem } from "../kernels/flash/problem.ts";
import { variantKey } from "../kernels/ir/key.ts";
import type { Variant } from "../kernels/ir/mod.ts";
import type { BiasPalette } from "../kernels/mask/biasPicture.ts";
import type { MaskSize } from "../kernels/mask/blockMask.ts";
import { buildUnlessStopped } from "../kernels/mask/build.ts";
import { PALETTES } from "../kernels/mask/palette.ts";
import { maskSvg } from "../kernels/mask/picture.ts";
import { pixelsSvg } from "../kernels/mask/svg.ts";
import { BIAS_PALETTES, biasSvg } from "./biasPicture.ts";

/** Pixels of the longer side. */
const EDGE = 32;
/** Milliseconds for one mask. */
const BUILD_MS = 40;
/** After so many the mask is what takes too long, not the machine. */
const MOST_TRIES = 3;
/** Pictures kept: two themes of a large workspace. */
const KEPT = 1024;

const GROUNDS = ["light", "dark"] as const;
export type Ground = (typeof GROUNDS)[number];

interface Kept {
  readonly picture: string;
  /** How often it was tried in vain; 0: it is whole. */
  readonly tries: number;
}

const kept = new Map<string, Kept>();

const keyOf = (variant: Variant, { batch, qHeads, qLen, kvLen, blockSize }: Problem, ground: Ground): string =>
  [variantKey(variant, blockSize), batch, qHeads, qLen, kvLen, ground].join();
const isFinal = ({ tries }: Kept): boolean => tries === 0 || tries >= MOST_TRIES;

/** Whether one of its pictures was hatched, and will be tried again: whoever has kept it should ask for it once more. */
export const mayBecomeWhole = (variant: Variant, problem: Problem): boolean =>
  GROUNDS.some((ground) => {
    const known = kept.get(keyOf(variant, problem, ground));
    return known !== undefined && !isFinal(known);
  });

/**
 * The picture of `variant` at `problem`, 32 pixels wide or high. The same value for the same content, once it is whole.
 * `clock` in milliseconds.
 */
export function thumbnailOf(variant: Variant, problem: Problem, ground: Ground = "dark", clock = () => performance.now()): string {
  const key = keyOf(variant, problem, ground);
  const known = kept.get(key);
  if (known !== undefined && isFinal(known)) return known.picture;
  const whole = draw(variant, problem, ground, clock);
  const picture = `data:image/svg+xml;base64,${btoa(whole ?? hatched(BIAS_PALETTES[ground]))}`;
  kept.set(key, { picture, tries: whole === null ? (known?.tries ?? 0) + 1 : 0 });
  const [oldest] = kept.keys();
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  return picture;
}

/** null: it took too long. */
function draw({ maskMod, scoreMod }: Variant, problem: Problem, ground: Ground, clock: () => number): string | null {
  const size: MaskSize = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  if (maskMod === null && scoreMod !== null) return biasSvg(scoreMod, size, BIAS_PALETTES[ground], EDGE, EDGE);
  const until = clock() + BUILD_MS;
  // The lists show one plane: what the others hold is not built.
  const first = { ...size, batch: 1, heads: 1 };
  const mask = buildUnlessStopped(maskMod?.body ?? null, first, problem.blockSize, () => clock() > until);
  return mask === null ? null : maskSvg(mask, PALETTES[ground], null, { size: EDGE, displaySize: EDGE });
}

/** Nothing could be drawn in the time there is. */
function hatched({ ground, hatch }: BiasPalette): string {
  const pixels = new Uint8ClampedArray(4 * EDGE * EDGE);
  for (let i = 0; i < EDGE * EDGE; i++) pixels.set([...(((i % EDGE) + Math.floor(i / EDGE)) % 8 === 0 ? hatch : ground), 255], 4 * i);
  return pixelsSvg(pixels, EDGE, EDGE, { display: [EDGE, EDGE], ground });
}
