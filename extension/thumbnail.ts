/**
 * A variant as a picture the size of an icon, for lists: the block states of its mask at its own sizes; of a score_mod
 * alone what it adds, on the scale of the panel's Bias view. In: a variant and its problem. Out: SVG in a data URI for a
 * light or a dark ground. Built within a time and kept by what the variant computes, so that a list can be drawn again
 * and again; a mask that takes longer is drawn as a hatched square.
 */
import type { Problem } from "../kernels/flash/problem.ts";
import { cast } from "../kernels/ir/expr.ts";
import { variantKey } from "../kernels/ir/key.ts";
import type { Mod, Variant } from "../kernels/ir/mod.ts";
import { changeOf } from "../kernels/mask/bias.ts";
import { type BiasPalette, biasCode, biasInks } from "../kernels/mask/biasPicture.ts";
import type { MaskSize } from "../kernels/mask/blockMask.ts";
import { buildUnlessStopped } from "../kernels/mask/build.ts";
import { latticeOf, squares } from "../kernels/mask/lattice.ts";
import { PALETTES } from "../kernels/mask/palette.ts";
import { maskSvg } from "../kernels/mask/picture.ts";
import { pixelsSvg } from "../kernels/mask/svg.ts";

/** Pixels of the longer side. */
const EDGE = 32;
/** Milliseconds for one mask. */
const BUILD_MS = 40;
/** Pictures kept: two themes of a large workspace. */
const KEPT = 1024;

export type Ground = "light" | "dark";

/** The colours of webview/palette.css. */
const BIAS: Readonly<Record<Ground, BiasPalette>> = {
  dark: {
    neg: [0xa9, 0x8b, 0xff],
    zero: [0x56, 0x5b, 0x63],
    pos: [0x9b, 0xd5, 0x3f],
    ground: PALETTES.dark.empty,
    hatch: [0x67, 0x6e, 0x77],
  },
  light: {
    neg: [0x5b, 0x33, 0xb4],
    zero: [0xad, 0xb6, 0xc0],
    pos: [0x4a, 0x7a, 0x00],
    ground: PALETTES.light.empty,
    hatch: [0x8a, 0x92, 0x9b],
  },
};

const kept = new Map<string, string>();

/** The picture of `variant` at `problem`, 32 pixels wide or high. The same value for the same content. */
export function thumbnailOf(variant: Variant, problem: Problem, ground: Ground = "dark"): string {
  const { batch, qHeads, qLen, kvLen, blockSize } = problem;
  const key = [variantKey(variant, blockSize), batch, qHeads, qLen, kvLen, ground].join();
  const known = kept.get(key);
  if (known !== undefined) return known;
  const picture = `data:image/svg+xml;base64,${btoa(draw(variant, problem, ground))}`;
  kept.set(key, picture);
  const [oldest] = kept.keys();
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  return picture;
}

function draw({ maskMod, scoreMod }: Variant, problem: Problem, ground: Ground): string {
  const size: MaskSize = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  if (maskMod === null && scoreMod !== null) return biasSvg(scoreMod, size, BIAS[ground]);
  const until = performance.now() + BUILD_MS;
  // The lists show one plane: what the others hold is not built.
  const first = { ...size, batch: 1, heads: 1 };
  const mask = buildUnlessStopped(maskMod?.body ?? null, first, problem.blockSize, () => performance.now() > until);
  return mask === null ? hatched(BIAS[ground]) : maskSvg(mask, PALETTES[ground], null, { size: EDGE, displaySize: EDGE });
}

/** What `mod` adds to a score of 1, one cell a pixel. */
function biasSvg(mod: Mod, size: MaskSize, palette: BiasPalette): string {
  const levelOf = (length: number): number => Math.max(0, Math.ceil(Math.log2(length / EDGE)));
  const level = Math.max(levelOf(size.qLen), levelOf(size.kvLen));
  const [height, width] = [squares(size.qLen, level), squares(size.kvLen, level)];
  const values = new Float64Array(width * height);
  const change = cast(changeOf(mod, 1), "f64");
  latticeOf(change, size)(level, level)(values, { b: 0, h: 0, q0: 0, q1: height, k0: 0, k1: width }, null);
  const limit = values.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);
  const inks = biasInks(palette);
  const pixels = new Uint8ClampedArray(4 * width * height);
  values.forEach((v, i) => {
    const { ground, ink, pattern } = inks[biasCode(v, limit)] ?? { ground: palette.zero, ink: palette.zero, pattern: "plain" };
    const isLine = pattern !== "plain" && ((i % width) + Math.floor(i / width)) % 4 === 0;
    pixels.set([...(isLine ? ink : ground), 255], 4 * i);
  });
  return pixelsSvg(pixels, width, height, { display: [EDGE, EDGE], exact: [palette.neg, palette.zero, palette.pos] });
}

/** Nothing could be drawn in the time there is. */
function hatched({ ground, hatch }: BiasPalette): string {
  const pixels = new Uint8ClampedArray(4 * EDGE * EDGE);
  for (let i = 0; i < EDGE * EDGE; i++) pixels.set([...(((i % EDGE) + Math.floor(i / EDGE)) % 8 === 0 ? hatch : ground), 255], 4 * i);
  return pixelsSvg(pixels, EDGE, EDGE, { display: [EDGE, EDGE], ground });
}
