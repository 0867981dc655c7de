/**
 * The reasons of a mask as a layer: every masked cell in the colour and pattern of the conjunct that masks it. Where a
 * cell has a pixel or more, cells, exact. Zoomed out, squares of cells in the colour of what most of their cells are:
 * exact where intervals decide a whole square, or the square has up to 16 cells, else by 16 cells scattered over it.
 */
import { compileDecider, type Decider, TRUE } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { binary, constant } from "../ir/expr.ts";
import type { MaskSize } from "./blockMask.ts";
import { latticeOf } from "./lattice.ts";
import type { Colour, Layer, PictureView } from "./layer.ts";
import { type Ink, levelOf, type Pattern, rasterLayer, TILE, type TileSource } from "./raster.ts";
import { MOST_REASONS, type Why } from "./why.ts";

export interface WhyPalette {
  readonly allowed: Colour;
  /** Colours of the reasons, in order; taken again, with other patterns, where there are more reasons. */
  readonly reasons: readonly Colour[];
  /** Lines of patterns are drawn in the one of these that is farther from the ground … */
  readonly lines: readonly [light: Colour, dark: Colour];
  /** … mixed into it by this share, in [0, 1]; more where colours are taken again. */
  readonly strength: number;
}

/** No two of the first reasons share a pattern: they are told apart without colour. */
const OF_REASON: readonly Pattern[] = ["plain", "rising", "dots", "falling", "level", "upright", "crossed"];

/** How reason `index` is painted. */
export function inkOf(index: number, { reasons, lines, strength }: WhyPalette): Ink {
  const ground = reasons[index % reasons.length] ?? lines[0];
  const [light, dark] = lines;
  const line = lightness(light) - lightness(ground) > lightness(ground) - lightness(dark) ? light : dark;
  const share = index < reasons.length ? strength : Math.max(strength, AGAIN);
  const mix = (c: 0 | 1 | 2): number => Math.round(ground[c] * (1 - share) + line[c] * share);
  return { ground, ink: [mix(0), mix(1), mix(2)], pattern: OF_REASON[index % OF_REASON.length] ?? "plain" };
}

/** Strength of lines where a colour stands for a second reason. */
const AGAIN = 0.7;

const lightness = ([r, g, b]: Colour): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** Reasons as pixels. Keep the object while mask, size and colours stay: it keeps what it has computed. */
export function whyLayer(why: Why, size: MaskSize, palette: WhyPalette): Layer {
  const inks: Ink[] = [{ ground: palette.allowed, ink: palette.allowed, pattern: "plain" }];
  for (let i = 0; i < MOST_REASONS; i++) inks.push(inkOf(i, palette));
  return rasterLayer(size, whyTiles(why, size), inks, estimateOf);
}

/** What the picture says of squares of cells, where it shows these. */
function estimateOf(view: PictureView): string | null {
  const level = Math.max(levelOf(view.scale), levelOf(view.scaleQ ?? view.scale));
  return level === 0
    ? null
    : level <= PROBES
      ? "each pixel shows what most of its cells are"
      : "each pixel shows what most of 16 cells below it are";
}

/** Cells that are looked at along each side of a square, as a power of two. */
const PROBES = 2;
/** Squares along the side of a part of a tile that is not asked about any more. */
const LEAST_PART = 8;

/** Codes of squares: the code that most of a square's cells have; of several the least. */
export function whyTiles(why: Why, size: MaskSize): TileSource {
  const code = simplify(why.code);
  const lattice = latticeOf(code, size);
  const deciders = new Map<number, Decider>();
  const deciderOf = (value: number): Decider => {
    let decider = deciders.get(value);
    if (decider === undefined) {
      decider = compileDecider(simplify(binary("eq", code, constant(value, "i32"))));
      deciders.set(value, decider);
    }
    return decider;
  };
  const seen = new Uint8Array((TILE << PROBES) ** 2);
  const counts = new Uint8Array(MOST_REASONS + 1);
  const one = new Uint8Array(1);
  return ({ b, h, levelQ, levelK, row, column }, out) => {
    const fineQ = Math.max(0, levelQ - PROBES);
    const fineK = Math.max(0, levelK - PROBES);
    const cells = lattice(fineQ, fineK);
    const [perQ, perK] = [2 ** (levelQ - fineQ), 2 ** (levelK - fineK)];
    const exact = lattice(0, 0);
    // Squares y0.. and x0.., `side` of them each way, counted from the tile's corner.
    const fill = (y0: number, x0: number, side: number): void => {
      const q0 = (row * TILE + y0) * 2 ** levelQ;
      const k0 = (column * TILE + x0) * 2 ** levelK;
      if (q0 >= size.qLen || k0 >= size.kvLen) return;
      const q1 = Math.min(size.qLen, q0 + side * 2 ** levelQ);
      const k1 = Math.min(size.kvLen, k0 + side * 2 ** levelK);
      if (levelQ + levelK > 1) {
        const [q, k] = [(q0 + q1) >>> 1, (k0 + k1) >>> 1];
        exact(one, { b, h, q0: q, q1: q + 1, k0: k, k1: k + 1 }, null);
        const value = one[0] ?? 0;
        const decider = deciderOf(value);
        decider.rows(b, h, q0, q1 - 1);
        if (decider.keys(k0, k1 - 1) === TRUE) {
          for (let y = y0; y < y0 + side; y++) out.fill(value, y * TILE + x0, y * TILE + x0 + side);
          return;
        }
        if (side > LEAST_PART) {
          const half = side / 2;
          for (const [dy, dx] of [
            [0, 0],
            [0, half],
            [half, 0],
            [half, half],
          ] as const)
            fill(y0 + dy, x0 + dx, half);
          return;
        }
      }
      const rect = {
        b,
        h,
        q0: q0 / 2 ** fineQ,
        q1: Math.ceil(q1 / 2 ** fineQ),
        k0: k0 / 2 ** fineK,
        k1: Math.ceil(k1 / 2 ** fineK),
      };
      cells(seen, rect, null);
      majority(seen, rect.q1 - rect.q0, rect.k1 - rect.k0, perQ, perK, counts, out, y0 * TILE + x0);
    };
    fill(0, 0, TILE);
  };
}

/** For each perQ × perK group of `rows` × `width` codes the one that most have, written to a tile from `at` on. */
function majority(
  codes: Uint8Array,
  rows: number,
  width: number,
  perQ: number,
  perK: number,
  counts: Uint8Array,
  out: Uint8Array,
  at: number,
): void {
  for (let y = 0, line = at; y < rows; y += perQ, line += TILE) {
    for (let x = 0, to = line; x < width; x += perK, to++) {
      if (perQ * perK === 1) {
        out[to] = codes[y * width + x] ?? 0;
        continue;
      }
      counts.fill(0);
      for (let i = y; i < Math.min(rows, y + perQ); i++) {
        for (let j = x; j < Math.min(width, x + perK); j++) {
          const c = codes[i * width + j] ?? 0;
          counts[c] = (counts[c] ?? 0) + 1;
        }
      }
      let most = 0;
      for (let c = 1; c < counts.length; c++) if ((counts[c] ?? 0) > (counts[most] ?? 0)) most = c;
      out[to] = most;
    }
  }
}
