/** The colours of the mask: what each state is painted in, and how the shares of states in one pixel become its colour. */
import { type Colour, packed } from "./layer.ts";

/** One hue, one meaning: blue is a full block, amber the allowed cells of a partial one, its masked cells a tint of that. */
export interface Palette {
  readonly full: Colour;
  readonly partial: Colour;
  readonly partialOff: Colour;
  readonly empty: Colour;
}

export type ThemeKind = "dark" | "light" | "hcDark" | "hcLight";

/** The palettes that were measured for contrast and colour-blind sight. */
export const PALETTES: Readonly<Record<ThemeKind, Palette>> = {
  dark: { full: [0x4a, 0x92, 0xf0], partial: [0xe9, 0xb1, 0x3c], partialOff: [0x4d, 0x3f, 0x1f], empty: [0x29, 0x2b, 0x2e] },
  light: { full: [0x1b, 0x5d, 0xb5], partial: [0xb8, 0x74, 0x00], partialOff: [0xf2, 0xdd, 0xb3], empty: [0xee, 0xf0, 0xf2] },
  hcDark: { full: [0x3d, 0x9b, 0xff], partial: [0xff, 0xd5, 0x4a], partialOff: [0x45, 0x38, 0x00], empty: [0x00, 0x00, 0x00] },
  hcLight: { full: [0x0b, 0x4e, 0xa2], partial: [0xa8, 0x64, 0x00], partialOff: [0xf9, 0xdf, 0xae], empty: [0xff, 0xff, 0xff] },
};

/** Shares in [0, 1] of a pixel: full blocks, partial blocks, and allowed cells of these; the rest is empty. */
export type Mix = (full: number, partial: number, allowed: number) => number;

/** The packed colour of a pixel by its shares. */
export function mixer(palette: Palette): Mix {
  const { full, partial, partialOff, empty } = palette;
  const blue = packed(...full);
  const amber = packed(...partial);
  const tint = packed(...partialOff);
  const none = packed(...empty);
  return (f, p, a) => {
    if (p < 1e-6) {
      if (f < 1e-6) return none;
      if (f > 1 - 1e-6) return blue;
    } else if (p > 1 - 1e-6) {
      if (a > p - 1e-6) return amber;
      if (a < 1e-6) return tint;
    }
    const allowed = Math.min(Math.max(a, 0), p);
    const off = p - allowed;
    const rest = f + p > 1 ? 0 : 1 - f - p;
    const channel = (c: 0 | 1 | 2): number => Math.round(f * full[c] + allowed * partial[c] + off * partialOff[c] + rest * empty[c]);
    return packed(channel(0), channel(1), channel(2));
  };
}
