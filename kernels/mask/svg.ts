/**
 * Pixels → SVG text: one path a colour, runs of equal pixels in a row as rectangles. A picture of few colours keeps them;
 * of one that mixes them only `exact` stay as they are, the others are rounded to 16 steps a channel, so that the text
 * stays small.
 */
import type { Colour } from "./layer.ts";

export interface SvgOptions {
  /** Width and height in CSS pixels. */
  readonly display: readonly [width: number, height: number];
  /** Drawn below all. Default: what most pixels have. */
  readonly ground?: Colour;
  /** Colours that are never rounded; default: all where there are at most 64. */
  readonly exact?: readonly Colour[];
  /** Spoken in place of the picture, and shown as its title. */
  readonly title?: string;
}

const MOST_EXACT = 64;

/** `pixels`: RGBA, row by row; transparent ones are left out. */
export function pixelsSvg(pixels: Uint8ClampedArray, width: number, height: number, options: SvgOptions): string {
  const counts = new Map<number, number>();
  const at = (i: number): number => ((pixels[4 * i] ?? 0) << 16) | ((pixels[4 * i + 1] ?? 0) << 8) | (pixels[4 * i + 2] ?? 0);
  const isClear = (i: number): boolean => pixels[4 * i + 3] === 0;
  for (let i = 0; i < width * height; i++) if (!isClear(i)) counts.set(at(i), (counts.get(at(i)) ?? 0) + 1);
  const kept = new Set((options.exact ?? (counts.size <= MOST_EXACT ? [...counts.keys()].map(split) : [])).map(joined));
  const named = new Map([...counts.keys()].map((colour) => [colour, hex(kept.has(colour) ? colour : rounded(colour))]));
  const [most = 0] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  const ground = options.ground === undefined ? (named.get(most) ?? hex(0)) : hex(joined(options.ground));
  const colourAt = (i: number): string => (isClear(i) ? "" : (named.get(at(i)) ?? ground));

  const paths = new Map<string, string>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; ) {
      const colour = colourAt(y * width + x);
      let end = x + 1;
      while (end < width && colourAt(y * width + end) === colour) end++;
      if (colour !== ground && colour !== "") paths.set(colour, `${paths.get(colour) ?? ""}M${x} ${y}h${end - x}v1h-${end - x}z`);
      x = end;
    }
  }
  const drawing = [...paths].map(([colour, d]) => `<path fill="${colour}" d="${d}"/>`).join("");
  const title = options.title === undefined ? "" : `<title>${escaped(options.title)}</title>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${options.display[0]}" height="${options.display[1]}" ` +
    `viewBox="0 0 ${width} ${height}" shape-rendering="crispEdges">${title}` +
    `<path fill="${ground}" d="M0 0h${width}v${height}h-${width}z"/>${drawing}</svg>`
  );
}

const joined = ([r, g, b]: Colour): number => (r << 16) | (g << 8) | b;
const split = (colour: number): Colour => [colour >> 16, (colour >> 8) & 255, colour & 255];
const hex = (colour: number): string => `#${((1 << 24) | colour).toString(16).slice(1)}`;
const step = (v: number): number => Math.round(v / 17) * 17;
const rounded = (colour: number): number => joined(split(colour).map(step) as [number, number, number]);
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
