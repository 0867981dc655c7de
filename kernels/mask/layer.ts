/**
 * What is painted over a matrix of queries and keys, as the figure (and whoever saves a picture) wants it: a layer turns
 * a view into pixels, and knows nothing of canvas, hand or ruler. Block states, reasons, score bias, probabilities and
 * differences are layers alike, so each of them gets pan, zoom, rulers, minimap and cursor from the one figure.
 *
 * The figure asks for any rectangle of pixels, most often for a few rows of them at a time, by a view that is moved there:
 * what a pixel shows may depend on what lies below it alone, never on where in the target it stands. The same view gives
 * the same pixels. A layer of other content is another object; keep the object while the content stays.
 */

/** Red, green, blue, 0 to 255. */
export type Colour = readonly [r: number, g: number, b: number];

/** Which part of the matrix is seen, and how large. */
export interface PictureView {
  readonly b: number;
  readonly h: number;
  /** Query and key at the upper left corner; fractions are fine, outside of the mask too. */
  readonly q0: number;
  readonly k0: number;
  /** Pixels a cell. */
  readonly scale: number;
  /** Pixels a query, where that is another number than a key's: a short side can be stretched. Default: `scale`. */
  readonly scaleQ?: number;
}

/** Pixels to fill, row by row, as `packed` gives them. */
export interface Target {
  readonly pixels: Uint32Array;
  readonly width: number;
  readonly height: number;
}

/** Fills every pixel of the target; what lies outside of the matrix becomes 0, transparent. */
export type Draw = (view: PictureView, target: Target) => void;

export interface Layer {
  /** The right pixels, whatever they cost. A call for one row of pixels should stay below some 5 ms. */
  readonly draw: Draw;
  /** A quick picture of much the same (5 ms for a whole canvas), shown until `draw` has been everywhere. */
  readonly coarse?: Draw;
  /** In words, what `draw` estimates under this view instead of counting; null: nothing. Default: nothing. */
  readonly estimate?: (view: PictureView) => string | null;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** An opaque colour as one number, its bytes in memory red, green, blue, alpha: what a canvas's image data holds. */
export function packed(r: number, g: number, b: number): number {
  return (LITTLE_ENDIAN ? (255 << 24) | (b << 16) | (g << 8) | r : (r << 24) | (g << 16) | (b << 8) | 255) >>> 0;
}

/** The view of a part of a picture that begins `x` and `y` pixels from its upper left corner. */
export function movedView(view: PictureView, x: number, y: number): PictureView {
  return { ...view, k0: view.k0 + x / view.scale, q0: view.q0 + y / (view.scaleQ ?? view.scale) };
}

/** The bytes of an image (4 a pixel) as a target on the same memory. */
export function targetOn(bytes: Uint8ClampedArray, width: number, height: number): Target {
  return { pixels: new Uint32Array(bytes.buffer, bytes.byteOffset, width * height), width, height };
}
