/** The mask onto a canvas: what kernels/mask/picture.ts draws as a layer, in the theme's colours. */
import { type Layer, packed, targetOn } from "../../kernels/mask/layer.ts";
import { blockLayer, type Palette } from "../../kernels/mask/picture.ts";
import type { Scene, Viewport } from "../state.ts";
import type { Rgba, Theme } from "../theme.ts";

/** The palette of a theme, as the picture wants it. */
export function paletteOf(theme: Theme): Palette {
  const colour = ([r, g, b]: Rgba): readonly [number, number, number] => [r, g, b];
  return { full: colour(theme.full), partial: colour(theme.partial), partialOff: colour(theme.partialOff), empty: colour(theme.empty) };
}

/** The layer of block states: what the figure shows by default. Keep the object while scene and theme stay. */
export function maskLayer(scene: Scene, theme: Theme): Layer {
  const layer = blockLayer(scene.blockMask, scene.variant.maskMod?.body ?? null, paletteOf(theme));
  return theme.hatch ? hatched(layer, theme.partialOff, theme.partial) : layer;
}

/** Pixels of a view, RGBA. */
export function layerPixels(
  layer: Layer,
  plane: { readonly b: number; readonly h: number },
  view: Viewport,
  width: number,
  height: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * width * height);
  layer.draw({ ...plane, q0: view.y, k0: view.x, scale: view.scaleX, scaleQ: view.scaleY }, targetOn(pixels, width, height));
  return pixels;
}

/** Pixels of a view of the mask, RGBA. */
export function cellPixels(
  scene: Scene,
  plane: { readonly b: number; readonly h: number },
  view: Viewport,
  width: number,
  height: number,
  theme: Theme,
): Uint8ClampedArray<ArrayBuffer> {
  return layerPixels(maskLayer(scene, theme), plane, view, width, height);
}

/** Diagonals of `ink` over all pixels of the colour `on`: what is masked is then told without colour. They move with the matrix. */
export function hatched(layer: Layer, on: Rgba, ink: Rgba): Layer {
  const every = 6;
  const share = 0.55;
  const plain = packed(on[0], on[1], on[2]);
  const [r, g, b] = on.map((c, i) => Math.round(c * (1 - share) + (ink[i] ?? 0) * share));
  const line = packed(r ?? 0, g ?? 0, b ?? 0);
  const over = (draw: Layer["draw"]): Layer["draw"] => {
    return (view, target) => {
      draw(view, target);
      const { pixels, width, height } = target;
      const start = Math.round(view.k0 * view.scale) + Math.round(view.q0 * (view.scaleQ ?? view.scale));
      for (let y = 0; y < height; y++) {
        const phase = (((start + y) % every) + every) % every;
        for (let x = (every - phase) % every; x < width; x += every) {
          if (pixels[y * width + x] === plain) pixels[y * width + x] = line;
        }
      }
    };
  };
  return { ...layer, draw: over(layer.draw), ...(layer.coarse === undefined ? {} : { coarse: over(layer.coarse) }) };
}
