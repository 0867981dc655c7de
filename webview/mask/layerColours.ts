/** The colours of the layers, out of the theme's. */

import type { ProbabilityPalette } from "../../kernels/flash/probabilityPicture.ts";
import type { BiasPalette } from "../../kernels/mask/biasPicture.ts";
import type { Colour } from "../../kernels/mask/layer.ts";
import type { WhyPalette } from "../../kernels/mask/whyPicture.ts";
import type { Rgba, Theme } from "../theme.ts";

const colour = ([r, g, b]: Rgba): Colour => [r, g, b];

/** Lines are faint where colours may be told apart, and plain in high contrast. */
export function whyPalette(theme: Theme): WhyPalette {
  const lines = theme.ink[1] > theme.ground[1] ? ([theme.ink, theme.ground] as const) : ([theme.ground, theme.ink] as const);
  return {
    allowed: colour(theme.empty),
    reasons: theme.why.map(colour),
    lines: [colour(lines[0]), colour(lines[1])],
    strength: theme.hatch ? 0.8 : 0.3,
  };
}

export function biasPalette(theme: Theme): BiasPalette {
  return { neg: colour(theme.neg), zero: colour(theme.zero), pos: colour(theme.pos), ...overMasked(theme) };
}

export function probabilityPalette(theme: Theme): ProbabilityPalette {
  const mix = (c: 0 | 1 | 2): number => Math.round(theme.ground[c] * 0.82 + theme.pos[c] * 0.18);
  return { low: [mix(0), mix(1), mix(2)], high: colour(theme.pos), ...overMasked(theme) };
}

const overMasked = (theme: Theme): { readonly ground: Colour; readonly hatch: Colour } => ({
  ground: colour(theme.ground),
  hatch: colour(theme.infinity),
});
