/**
 * A score_mod as a small picture, for hovers and lists: what it adds to a score, one cell a pixel, on a scale around 0;
 * minus infinity hatched. In: a mod and the sizes. Out: SVG. Costs some thousand cells, whatever the length.
 */
import { cast } from "../kernels/ir/expr.ts";
import type { Mod } from "../kernels/ir/mod.ts";
import { changeOf } from "../kernels/mask/bias.ts";
import { type BiasPalette, biasCode, biasInks } from "../kernels/mask/biasPicture.ts";
import type { MaskSize } from "../kernels/mask/blockMask.ts";
import { latticeOf, squares } from "../kernels/mask/lattice.ts";
import { PALETTES, type ThemeKind } from "../kernels/mask/palette.ts";
import { pixelsSvg } from "../kernels/mask/svg.ts";

/** The colours of webview/palette.css. */
export const BIAS_PALETTES: Readonly<Record<ThemeKind, BiasPalette>> = {
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
  hcDark: {
    neg: [0xc3, 0xa3, 0xff],
    zero: [0x5b, 0x61, 0x6a],
    pos: [0xa9, 0xec, 0x4b],
    ground: PALETTES.hcDark.empty,
    hatch: [0x8a, 0x90, 0x99],
  },
  hcLight: {
    neg: [0x5a, 0x2b, 0xb5],
    zero: [0xa9, 0xb2, 0xbd],
    pos: [0x3d, 0x66, 0x00],
    ground: PALETTES.hcLight.empty,
    hatch: [0x6b, 0x74, 0x7e],
  },
};

/** What `mod` adds to a score of 1 in the first batch and head: at most `cells` a side, `edge` CSS pixels wide or high. */
export function biasSvg(mod: Mod, size: MaskSize, palette: BiasPalette, cells: number, edge: number): string {
  const levelOf = (length: number): number => Math.max(0, Math.ceil(Math.log2(length / cells)));
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
  const unit = edge / Math.max(width, height);
  const display = [Math.round(width * unit), Math.round(height * unit)] as const;
  return pixelsSvg(pixels, width, height, { display, exact: [palette.neg, palette.zero, palette.pos] });
}
