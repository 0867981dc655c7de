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
  const layerOf = (part: Part): Layer => blockLayer(part.mask, part.body, SHARES);
  const parts = {
    a: d.onlyA.cells === 0 ? null : layerOf(d.onlyA),
    b: d.onlyB.cells === 0 ? null : layerOf(d.onlyB),
    both: layerOf(d.both),
  };
  const inks = inksOf(palette);
  const blockKv = d.both.mask.blockSize[1];
  const draw = (kind: "draw" | "coarse"): Draw => {
    const drawOf = (layer: Layer | null): Draw | null => (layer === null ? null : (layer[kind] ?? layer.draw));
    const [a, b, both] = [drawOf(parts.a), drawOf(parts.b), drawOf(parts.both) ?? parts.both.draw];
    return (view, target) => {
      const shares = (part: Draw | null): Uint32Array | null => {
        if (part === null) return null;
        const pixels = new Uint32Array(target.width * target.height);
        part(view, { ...target, pixels });
        return pixels;
      };
      both(view, target);
      mix(view, target, shares(a), shares(b), blockKv, inks);
    };
  };
  return { draw: draw("draw"), coarse: draw("coarse"), estimate: (view) => parts.both.estimate?.(view) ?? null };
}

/** What is painted with: pure colours, and what lies between both and neither, as packed pixels. */
interface Inks {
  readonly palette: DifferencePalette;
  readonly onlyA: number;
  readonly onlyB: number;
  /** By the share of both, 0 to 255. */
  readonly shared: Uint32Array;
}

function inksOf(palette: DifferencePalette): Inks {
  const shared = Uint32Array.from({ length: 256 }, (_, share) => blend(palette, 0, 0, share / 255, 0));
  return { palette, onlyA: packed(...palette.onlyA), onlyB: packed(...palette.onlyB), shared };
}

/** A pixel of these shares; `cut`: how much of it is the line of a hatch, in the colour of neither. */
function blend(palette: DifferencePalette, a: number, b: number, both: number, cut: number): number {
  const { onlyA, onlyB, both: shared, neither } = palette;
  const rest = 1 - a - b - both;
  const channel = (c: 0 | 1 | 2): number =>
    Math.round((a * onlyA[c] + b * onlyB[c] + both * shared[c] + rest * neither[c]) * (1 - cut) + neither[c] * cut);
  return packed(channel(0), channel(1), channel(2));
}

const WHOLE = packed(255, 255, 0);
const NOTHING = packed(0, 0, 0);
const LINE = 0.7;

/** Mixes the shares of one mask and of the other into `target`, which holds the shares of both. null: there are none. */
function mix(view: PictureView, target: Target, a: Uint32Array | null, b: Uint32Array | null, blockKv: number, inks: Inks): void {
  const { width, height, pixels } = target;
  const { palette, shared } = inks;
  const shares = new Uint8Array(pixels.buffer, pixels.byteOffset, 4 * width * height);
  const scaleQ = view.scaleQ ?? view.scale;
  const isCellwise = Math.min(view.scale, scaleQ) >= 1;
  const isDistant = blockKv * view.scale < 2;
  const isLost = view.scale * scaleQ * SEEN < 1;
  const weight = (word: number): number => {
    const [red, green] = LITTLE_ENDIAN ? [word & 255, (word >>> 8) & 255] : [word >>> 24, (word >>> 16) & 255];
    if (isCellwise) return red / 255;
    if (red > 0 || (green > 0 && isDistant)) return Math.max(red / 255, LEAST);
    return green > 0 && isLost ? TINT : 0;
  };
  const left = Math.round(view.k0 * view.scale);
  const top = Math.round(view.q0 * scaleQ);
  for (let i = 0; i < width * height; i++) {
    if (pixels[i] === 0) continue;
    const wordA = a?.[i] ?? NOTHING;
    const wordB = b?.[i] ?? NOTHING;
    const both = shares[4 * i] ?? 0;
    if (wordA === NOTHING && wordB === NOTHING) pixels[i] = shared[both] ?? 0;
    else if (wordA === WHOLE && !palette.hatch) pixels[i] = inks.onlyA;
    else if (wordB === WHOLE && !palette.hatch) pixels[i] = inks.onlyB;
    else {
      const wa = weight(wordA);
      const wb = weight(wordB);
      const sum = Math.max(1, wa + wb);
      const x = left + (i % width);
      const y = top + Math.floor(i / width);
      const isCut = palette.hatch && ((wa >= LEAST && (x + y) % HATCH === 0) || (wb >= LEAST && (x - y) % HATCH === 0));
      pixels[i] = blend(palette, wa / sum, wb / sum, Math.max(0, Math.min(1 - (wa + wb) / sum, both / 255)), isCut ? LINE : 0);
    }
  }
}

const LITTLE_ENDIAN = packed(1, 0, 0) % 256 === 1;
