/**
 * Two masks as one picture: what only the first allows, only the second, both, neither. Each of the three parts of a
 * difference is a mask, so each is drawn by the mask's own layer, in black and white: a channel of that is the part's
 * share below a pixel, and the shares mix the four colours. Where cells are as large as pixels the colours are pure.
 *
 * A difference is often a line of cells in a matrix of millions, which no true mean would show. So a pixel with any
 * changed cell below it takes at least `LEAST` of that colour. Where so many cells lie below a pixel that the share of a
 * few is lost in eight bits, the blocks that hold a changed cell are tinted; blocks smaller than two pixels count whole.
 */
import type { Difference, Part } from "./difference.ts";
import { type Draw, type Layer, type PictureView, packed, type Target } from "./layer.ts";
import { blockLayer, type Colour, type Palette } from "./picture.ts";

export interface DifferencePalette {
  readonly onlyA: Colour;
  readonly onlyB: Colour;
  readonly both: Colour;
  readonly neither: Colour;
  /** Lines over what one of them alone allows, `/` for the first and `\` for the second, so that colour is not needed. */
  readonly hatch: boolean;
}

/** A pixel over a changed cell shows its colour to so much at least. */
const LEAST = 0.6;
/** A pixel of a block that holds a changed cell which may not be seen. */
const TINT = 0.3;
/** Cells below a pixel of which one is still a step of a channel. */
const SEEN = 400;

/** Every so many pixels a line. */
const HATCH = 6;

// Red: the share of allowed cells. Green: the share of cells in blocks that hold any.
const SHARES: Palette = { full: [255, 255, 0], partial: [255, 255, 0], partialOff: [0, 255, 0], empty: [0, 0, 0] };

/** The difference as a layer: zoom, pan and rulers come with the figure that shows it. */
export function differenceLayer(d: Difference, palette: DifferencePalette): Layer {
  const [onlyA, onlyB, both] = [d.onlyA, d.onlyB, d.both].map((part: Part) => blockLayer(part.mask, part.body, SHARES));
  if (onlyA === undefined || onlyB === undefined || both === undefined) throw new Error("a difference has three parts");
  const blockKv = d.both.mask.blockSize[1];
  const draw = (kind: "draw" | "coarse"): Draw => {
    const draws = [onlyA, onlyB, both].map((layer) => layer[kind] ?? layer.draw);
    return (view, target) => mix(view, target, draws, blockKv, palette);
  };
  return { draw: draw("draw"), coarse: draw("coarse"), estimate: (view) => both.estimate?.(view) ?? null };
}

function mix(view: PictureView, target: Target, draws: readonly Draw[], blockKv: number, palette: DifferencePalette): void {
  const { width, height, pixels } = target;
  const shares = draws.map((draw) => {
    const bytes = new Uint8Array(4 * width * height);
    draw(view, { pixels: new Uint32Array(bytes.buffer), width, height });
    return bytes;
  });
  const [a, b, both] = shares;
  if (a === undefined || b === undefined || both === undefined) return;
  const isCellwise = Math.min(view.scale, view.scaleQ ?? view.scale) >= 1;
  const isDistant = blockKv * view.scale < 2;
  const isLost = view.scale * (view.scaleQ ?? view.scale) * SEEN < 1;
  const weight = (part: Uint8Array, at: number): number => {
    const share = (part[at] ?? 0) / 255;
    const held = (part[at + 1] ?? 0) > 0;
    if (isCellwise) return share;
    if (share > 0 || (held && isDistant)) return Math.max(share, LEAST);
    return held && isLost ? TINT : 0;
  };
  const left = Math.round(view.k0 * view.scale);
  const top = Math.round(view.q0 * (view.scaleQ ?? view.scale));
  for (let i = 0; i < width * height; i++) {
    const at = 4 * i;
    if (both[at + 3] === 0) {
      pixels[i] = 0;
      continue;
    }
    let wa = weight(a, at);
    let wb = weight(b, at);
    if (wa + wb > 1) {
      const sum = wa + wb;
      wa /= sum;
      wb /= sum;
    }
    const wBoth = Math.min(1 - wa - wb, (both[at] ?? 0) / 255);
    const wNeither = 1 - wa - wb - wBoth;
    const x = left + (i % width);
    const y = top + Math.floor(i / width);
    // The lines are drawn in the colour of neither: they cut what changed, and nothing else.
    const cut = palette.hatch && ((wa >= LEAST && (x + y) % HATCH === 0) || (wb >= LEAST && (x - y) % HATCH === 0)) ? 0.7 : 0;
    const channel = (c: 0 | 1 | 2): number => {
      const plain = wa * palette.onlyA[c] + wb * palette.onlyB[c] + wBoth * palette.both[c] + wNeither * palette.neither[c];
      return Math.round(plain * (1 - cut) + palette.neither[c] * cut);
    };
    pixels[i] = packed(channel(0), channel(1), channel(2));
  }
}
