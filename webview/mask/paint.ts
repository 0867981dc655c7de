/** The mask onto a canvas: pixels by kernels/mask/picture.ts, in the theme's colours, nothing else on that canvas. */
import { boxOf } from "../../kernels/analysis/interval.ts";
import { compileCells } from "../../kernels/emit/js.ts";
import { type CellSource, drawMask, type Palette } from "../../kernels/mask/picture.ts";
import type { Scene, Viewport } from "../state.ts";
import type { Rgba, Theme } from "../theme.ts";

/** The palette of a theme, as the picture wants it. */
export function paletteOf(theme: Theme): Palette {
  const colour = ([r, g, b]: Rgba): readonly [number, number, number] => [r, g, b];
  return { full: colour(theme.full), partial: colour(theme.partial), partialOff: colour(theme.partialOff), empty: colour(theme.empty) };
}

/** The loop that tells the cells of partial blocks; null where nothing is masked. */
export function cellsOf(scene: Scene): CellSource | null {
  const body = scene.variant.maskMod?.body;
  if (body === undefined) return null;
  const { batch, qHeads, qLen, kvLen } = scene.problem;
  return compileCells(body, boxOf(batch, qHeads, qLen, kvLen));
}

/** Pixels of a view, RGBA. */
export function cellPixels(
  scene: Scene,
  plane: { readonly b: number; readonly h: number },
  view: Viewport,
  width: number,
  height: number,
  theme: Theme,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * width * height);
  const where = { ...plane, q0: view.y, k0: view.x, scale: view.scaleX, scaleQ: view.scaleY };
  drawMask(pixels, width, height, scene.blockMask, where, paletteOf(theme), cellsOf(scene));
  if (theme.hatch) hatch(pixels, width, theme.partialOff, theme.partial);
  return pixels;
}

/** Fills a canvas with the view. */
export function paintCells(canvas: HTMLCanvasElement, scene: Scene, b: number, h: number, view: Viewport, theme: Theme): void {
  const { width, height } = canvas;
  const ctx = canvas.getContext("2d", { alpha: false });
  if (ctx === null || width === 0 || height === 0) return;
  ctx.putImageData(new ImageData(cellPixels(scene, { b, h }, view, width, height, theme), width, height), 0, 0);
}

/** Diagonals over all pixels of one colour: what is masked is then told without colour. */
export function hatch(pixels: Uint8ClampedArray, width: number, on: Rgba, ink: Rgba): void {
  const every = 6;
  const share = 0.55;
  for (let i = 0; i < pixels.length; i += 4) {
    const at = i / 4;
    const x = at % width;
    const y = (at - x) / width;
    if ((x + y) % every !== 0 || pixels[i] !== on[0] || pixels[i + 1] !== on[1] || pixels[i + 2] !== on[2]) continue;
    for (let c = 0; c < 3; c++) pixels[i + c] = on[c as 0] * (1 - share) + ink[c as 0] * share;
  }
}
