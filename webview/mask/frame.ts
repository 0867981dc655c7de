/**
 * One canvas full of pixels, painted as far as time allows: what is right already is kept and moved along when the view is
 * panned, what is not is painted row by row, nearest to where the hand is first; the rest shows the layer's coarse picture
 * (or the last one, stretched) until its turn comes. Knows pixels and a clock, nothing of the page.
 */
import { type Layer, movedView, type PictureView } from "../../kernels/mask/layer.ts";

/** Pixels x0..x1, y0..y1, ends exclusive. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Pixels that are not the right ones yet; `coarse`: they are a stand-in for this view. */
interface Stale extends Box {
  readonly coarse: boolean;
}

/** More rectangles than this are painted as one that holds them all. */
const MOST_STALE = 12;
/** Rows of the canvas painted in one go at most: what one place costs says little of the next. */
const MOST_ROWS = 8;
/** The same for narrow places, where a row costs less. */
const MOST_NARROW_ROWS = 64;
/** Stand-ins of more pixels have half of the rows, each twice: a frame has to do on a screen of many pixels too. */
const LARGE = 600_000;
/** A shift by whole pixels, but for rounding. */
const WHOLE = 1e-6;

export class Frame {
  readonly width: number;
  readonly height: number;
  /** The picture, as image data wants it. */
  readonly bytes: Uint8ClampedArray<ArrayBuffer>;
  readonly #pixels: Uint32Array;
  /** What stands where a layer leaves nothing: opaque, for a canvas without transparency is shown in half the time. */
  readonly ground: number;
  #scratch = new Uint32Array(0);
  #layer: Layer | null = null;
  #view: PictureView | null = null;
  #stale: readonly Stale[] = [];
  #changed: Box | null = null;
  /** Time that a pixel took of late, milliseconds; what is painted in one go follows from it. */
  #pixelMs = 1e-4;

  constructor(width: number, height: number, ground: number) {
    this.width = width;
    this.height = height;
    this.ground = ground;
    this.bytes = new Uint8ClampedArray(4 * width * height);
    this.#pixels = new Uint32Array(this.bytes.buffer);
  }

  /** Whether every pixel is right. */
  get complete(): boolean {
    return this.#stale.length === 0;
  }

  /** From now on the picture is to show `layer` under `view`. */
  aim(layer: Layer, view: PictureView): void {
    const before = this.#view;
    const same = layer === this.#layer && before !== null && before.b === view.b && before.h === view.h;
    const shift = same ? wholeShift(before, view) : null;
    this.#layer = layer;
    this.#view = view;
    if (shift !== null && Math.abs(shift.dx) < this.width && Math.abs(shift.dy) < this.height) {
      if (shift.dx !== 0 || shift.dy !== 0) this.#scroll(shift.dx, shift.dy);
      return;
    }
    if (layer.coarse === undefined && before !== null) this.#stretch(before, view);
    // Stretched once is as coarse as it gets without a coarse picture.
    this.#stale = [{ x0: 0, y0: 0, x1: this.width, y1: this.height, coarse: layer.coarse === undefined }];
    this.#note(0, 0, this.width, this.height);
  }

  /**
   * Paints what is not right yet until `now()` reaches `end`, but something in any case; then the rest coarsely. `focus`:
   * the pixel row to begin at.
   */
  paint(now: () => number, end: number, focus: number): void {
    do {
      this.#step(now, end, focus);
    } while (!this.complete && now() < end);
    this.#standIn();
  }

  /** What has changed since the last call; null: nothing. */
  takeChanged(): Box | null {
    const box = this.#changed;
    this.#changed = null;
    return box;
  }

  #step(now: () => number, end: number, focus: number): void {
    if (this.#stale.length === 0) return;
    const distance = ({ y0, y1 }: Box): number => (focus < y0 ? y0 - focus : focus >= y1 ? focus - y1 + 1 : 0);
    const box = this.#stale.reduce((a, s) => (distance(s) < distance(a) ? s : a));
    const rest = this.#stale.filter((s) => s !== box);
    const width = box.x1 - box.x0;
    const began = now();
    const most = Math.min(MOST_NARROW_ROWS, Math.max(MOST_ROWS, Math.floor((MOST_ROWS * this.width) / width)));
    const count = Math.max(1, Math.floor(Math.max(0.25, (end - began) / 4) / this.#pixelMs));
    const rows = Math.min(box.y1 - box.y0, most, Math.max(1, Math.floor(count / width)));
    const columns = Math.min(count, width);
    const y0 = focus >= box.y1 ? box.y1 - rows : Math.max(box.y0, Math.min(focus, box.y1 - rows));
    const part: Box = { x0: box.x0, x1: box.x0 + columns, y0, y1: y0 + rows };
    this.#draw(part, "draw");
    const took = (now() - began) / (columns * rows);
    // Faster by and by, slower at once.
    this.#pixelMs = Math.max(took, this.#pixelMs / 4, 1e-7);
    const left: Stale[] = [
      { ...box, y1: part.y0 },
      { ...box, y0: part.y0, y1: part.y1, x0: part.x1 },
      { ...box, y0: part.y1 },
    ];
    this.#stale = [...rest, ...left.filter((s) => s.x0 < s.x1 && s.y0 < s.y1)];
  }

  #standIn(): void {
    const coarse = this.#layer?.coarse !== undefined;
    this.#stale = this.#stale.map((s) => {
      if (s.coarse) return s;
      if (coarse) this.#drawCoarse(s);
      return { ...s, coarse: true };
    });
  }

  #drawCoarse(box: Box): void {
    const { x0, y0, x1, y1 } = box;
    const layer = this.#layer;
    const view = this.#view;
    const width = x1 - x0;
    if (width * (y1 - y0) <= LARGE || layer?.coarse === undefined || view === null) {
      this.#draw(box, "coarse");
      return;
    }
    const height = Math.ceil((y1 - y0) / 2);
    const rows = this.#scratchOf(width * height);
    layer.coarse({ ...movedView(view, x0, y0), scaleQ: (view.scaleQ ?? view.scale) / 2 }, { pixels: rows, width, height });
    this.#cover(rows);
    for (let y = y0; y < y1; y++) {
      const from = ((y - y0) >> 1) * width;
      this.#pixels.set(rows.subarray(from, from + width), y * this.width + x0);
    }
    this.#note(x0, y0, x1, y1);
  }

  #scratchOf(length: number): Uint32Array {
    if (this.#scratch.length < length) this.#scratch = new Uint32Array(length);
    return this.#scratch.subarray(0, length);
  }

  #draw(box: Box, how: "draw" | "coarse"): void {
    const layer = this.#layer;
    const view = this.#view;
    if (layer === null || view === null) return;
    const draw = layer[how] ?? layer.draw;
    const width = box.x1 - box.x0;
    const height = box.y1 - box.y0;
    const part = movedView(view, box.x0, box.y0);
    if (width === this.width) {
      const rows = this.#pixels.subarray(box.y0 * width, box.y1 * width);
      draw(part, { pixels: rows, width, height });
      this.#cover(rows);
    } else {
      const rows = this.#scratchOf(width * height);
      draw(part, { pixels: rows, width, height });
      this.#cover(rows);
      for (let y = 0; y < height; y++) {
        this.#pixels.set(rows.subarray(y * width, (y + 1) * width), (box.y0 + y) * this.width + box.x0);
      }
    }
    this.#note(box.x0, box.y0, box.x1, box.y1);
  }

  #cover(pixels: Uint32Array): void {
    for (let i = 0; i < pixels.length; i++) if (pixels[i] === NOTHING) pixels[i] = this.ground;
  }

  /** What was at (x + dx, y + dy) comes to (x, y). */
  #scroll(dx: number, dy: number): void {
    const { width, height } = this;
    const from = Math.max(0, dx);
    const to = Math.min(width, width + dx);
    const rows = height - Math.abs(dy);
    for (let i = 0; i < rows; i++) {
      const y = dy >= 0 ? i : height - 1 - i;
      this.#pixels.copyWithin(y * width + from - dx, (y + dy) * width + from, (y + dy) * width + to);
    }
    const top = Math.max(0, -dy);
    const bottom = Math.min(height, height - dy);
    const moved = this.#stale.map((s) => ({ ...s, x0: s.x0 - dx, x1: s.x1 - dx, y0: s.y0 - dy, y1: s.y1 - dy }));
    const fresh: Stale[] = [
      { x0: 0, x1: width, y0: 0, y1: top, coarse: false },
      { x0: 0, x1: width, y0: bottom, y1: height, coarse: false },
      { x0: 0, x1: Math.max(0, -dx), y0: top, y1: bottom, coarse: false },
      { x0: Math.min(width, width - dx), x1: width, y0: top, y1: bottom, coarse: false },
    ];
    const all = [...moved, ...fresh]
      .map((s) => ({ ...s, x0: Math.max(0, s.x0), y0: Math.max(0, s.y0), x1: Math.min(width, s.x1), y1: Math.min(height, s.y1) }))
      .filter((s) => s.x0 < s.x1 && s.y0 < s.y1);
    // Without a coarse picture what comes in from the edge is the ground, never what stood there before.
    if (this.#layer?.coarse === undefined) for (const s of all) if (!s.coarse) this.#blank(s);
    this.#stale = all.length > MOST_STALE ? [{ ...all.reduce<Box>(around, all[0] ?? NOWHERE), coarse: false }] : all;
    this.#note(0, 0, width, height);
  }

  #blank({ x0, x1, y0, y1 }: Box): void {
    for (let y = y0; y < y1; y++) this.#pixels.fill(this.ground, y * this.width + x0, y * this.width + x1);
  }

  /** The picture under another view, from the nearest pixels of what is there. */
  #stretch(before: PictureView, view: PictureView): void {
    const { width, height } = this;
    const old = this.#pixels.slice();
    const columns = Int32Array.from({ length: width }, (_, x) => Math.floor((view.k0 + (x + 0.5) / view.scale - before.k0) * before.scale));
    const scaleQ = view.scaleQ ?? view.scale;
    for (let y = 0; y < height; y++) {
      const from = Math.floor((view.q0 + (y + 0.5) / scaleQ - before.q0) * (before.scaleQ ?? before.scale));
      for (let x = 0; x < width; x++) {
        const column = columns[x] ?? -1;
        const inside = from >= 0 && from < height && column >= 0 && column < width;
        this.#pixels[y * width + x] = inside ? (old[from * width + column] ?? this.ground) : this.ground;
      }
    }
  }

  #note(x0: number, y0: number, x1: number, y1: number): void {
    const box = { x0, y0, x1, y1 };
    this.#changed = this.#changed === null ? box : around(this.#changed, box);
  }
}

/** What a layer leaves where there is nothing of it. */
const NOTHING = 0;
const NOWHERE: Box = { x0: 0, y0: 0, x1: 0, y1: 0 };

const around = (a: Box, b: Box): Box => ({
  x0: Math.min(a.x0, b.x0),
  y0: Math.min(a.y0, b.y0),
  x1: Math.max(a.x1, b.x1),
  y1: Math.max(a.y1, b.y1),
});

/** By how many pixels the picture moves from one view to the other, where it is a whole number of them; else null. */
function wholeShift(a: PictureView, b: PictureView): { readonly dx: number; readonly dy: number } | null {
  if (a.scale !== b.scale || (a.scaleQ ?? a.scale) !== (b.scaleQ ?? b.scale)) return null;
  const x = (b.k0 - a.k0) * b.scale;
  const y = (b.q0 - a.q0) * (b.scaleQ ?? b.scale);
  const dx = Math.round(x);
  const dy = Math.round(y);
  return Math.abs(x - dx) < WHOLE && Math.abs(y - dy) < WHOLE ? { dx, dy } : null;
}
