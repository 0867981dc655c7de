/**
 * What a score_mod adds, as a layer: a diverging scale around 0, minus infinity and masked cells hatched. Where a cell
 * has a pixel or more, cells, exact to one of 127 steps a side; zoomed out, the mean of up to four cells scattered over
 * each square.
 */
import { cast, type Expr } from "../ir/expr.ts";
import type { MaskSize } from "./blockMask.ts";
import { latticeOf } from "./lattice.ts";
import type { Colour, Layer, PictureView } from "./layer.ts";
import { type Ink, levelOf, rasterLayer, TILE, type TileSource } from "./raster.ts";

export interface BiasPalette {
  readonly neg: Colour;
  readonly zero: Colour;
  readonly pos: Colour;
  /** Ground and lines of what is minus infinity, or masked. */
  readonly ground: Colour;
  readonly hatch: Colour;
}

// Codes: 1 to 255 are values, 128 is 0.
const MASKED = 0;
const ZERO = 128;
const STEPS = 126;
const FAULT = 255;

/** The code of a value on a scale that ends at `limit`. */
export function biasCode(value: number, limit: number): number {
  if (value === Number.NEGATIVE_INFINITY) return MASKED;
  if (!Number.isFinite(value)) return FAULT;
  return limit > 0 ? ZERO + Math.round(STEPS * Math.max(-1, Math.min(1, value / limit))) : ZERO;
}

/** How each code is painted. */
export function biasInks({ neg, zero, pos, ground, hatch }: BiasPalette): readonly Ink[] {
  return Array.from({ length: 256 }, (_, code): Ink => {
    if (code === MASKED) return { ground, ink: hatch, pattern: "rising" };
    if (code === FAULT) return { ground, ink: hatch, pattern: "crossed" };
    const share = Math.min(1, Math.abs(code - ZERO) / STEPS);
    const end = code < ZERO ? neg : pos;
    const mix = (c: 0 | 1 | 2): number => Math.round(zero[c] + share * (end[c] - zero[c]));
    const colour: Colour = [mix(0), mix(1), mix(2)];
    return { ground: colour, ink: colour, pattern: "plain" };
  });
}

/** The layer of `change` (kernels/mask/bias.ts) on a scale of ±`limit`; where `allowed` is false it is masked. */
export function biasLayer(change: Expr, allowed: Expr | null, size: MaskSize, limit: number, palette: BiasPalette): Layer {
  return rasterLayer(size, biasTiles(change, allowed, size, limit), biasInks(palette), estimateOf);
}

function estimateOf(view: PictureView): string | null {
  const level = Math.max(levelOf(view.scale), levelOf(view.scaleQ ?? view.scale));
  return level < 2 ? (level === 0 ? null : "each pixel shows the mean of its cells") : "each pixel shows the mean of 4 cells below it";
}

/** Codes of squares: of the mean of the cells looked at; masked where most of these are. */
export function biasTiles(change: Expr, allowed: Expr | null, size: MaskSize, limit: number): TileSource {
  const values = latticeOf(change, size);
  const cells = allowed === null ? null : latticeOf(cast(allowed, "bool"), size);
  const found = new Float64Array((2 * TILE) ** 2);
  const open = new Uint8Array((2 * TILE) ** 2).fill(1);
  return ({ b, h, levelQ, levelK, row, column }, out) => {
    const fineQ = Math.max(0, levelQ - 1);
    const fineK = Math.max(0, levelK - 1);
    const perQ = 2 ** (levelQ - fineQ);
    const perK = 2 ** (levelK - fineK);
    const rect = {
      b,
      h,
      q0: row * TILE * perQ,
      q1: Math.min(Math.ceil(size.qLen / 2 ** fineQ), (row + 1) * TILE * perQ),
      k0: column * TILE * perK,
      k1: Math.min(Math.ceil(size.kvLen / 2 ** fineK), (column + 1) * TILE * perK),
    };
    const height = rect.q1 - rect.q0;
    const width = rect.k1 - rect.k0;
    values(fineQ, fineK)(found, rect, null);
    cells?.(fineQ, fineK)(open, rect, null);
    for (let y = 0; y < height; y += perQ) {
      for (let x = 0; x < width; x += perK) {
        let sum = 0;
        let masked = 0;
        let n = 0;
        for (let i = y; i < Math.min(height, y + perQ); i++) {
          for (let j = x; j < Math.min(width, x + perK); j++) {
            const v = found[i * width + j] ?? 0;
            n++;
            if (open[i * width + j] === 0 || v === Number.NEGATIVE_INFINITY) masked++;
            else sum += v;
          }
        }
        const value = 2 * masked > n || masked === n ? Number.NEGATIVE_INFINITY : sum / (n - masked);
        out[(y / perQ) * TILE + x / perK] = biasCode(value, limit);
      }
    }
  };
}
