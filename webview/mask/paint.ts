/** The mask onto a canvas: what kernels/mask/picture.ts draws as a layer, in the theme's colours. */
import type { Expr } from "../../kernels/ir/expr.ts";
import type { BlockMask } from "../../kernels/mask/blockMask.ts";
import { type Layer, packed, targetOn } from "../../kernels/mask/layer.ts";
import { blockLayer, type Palette } from "../../kernels/mask/picture.ts";
import type { Scene, Viewport } from "../state.ts";
import type { Rgba, Theme } from "../theme.ts";

/** The palette of a theme, as the picture wants it. */
export function paletteOf(theme: Theme): Palette {
  const colour = ([r, g, b]: Rgba): readonly [number, number, number] => [r, g, b];
  return { full: colour(theme.full), partial: colour(theme.partial), partialOff: colour(theme.partialOff), empty: colour(theme.empty) };
}

/** The last layer of each mask: a layer keeps what it has counted, and the canvas what it has painted of it. */
const layers = new WeakMap<BlockMask, { readonly body: Expr | null; readonly theme: Theme; readonly layer: Layer }>();

/** The layer of block states: what the figure shows by default. The same object for the same mask and theme. */
export function maskLayer({ blockMask, variant }: Pick<Scene, "blockMask" | "variant">, theme: Theme): Layer {
  const body = variant.maskMod?.body ?? null;
  const known = layers.get(blockMask);
  if (known?.body === body && known.theme === theme) return known.layer;
  const plain = blockLayer(blockMask, body, paletteOf(theme));
  const layer = theme.hatch ? hatched(plain, theme.partialOff, theme.partial) : plain;
  layers.set(blockMask, { body, theme, layer });
  return layer;
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
