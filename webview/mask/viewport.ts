/**
 * Where the canvas lies on the matrix: fit, zoom about a point, pan, and which element is under a pixel. Pure.
 * Elements are squares, except where one side of the matrix is so short that it would vanish beside the other.
 */
import type { Cell, Viewport } from "../state.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Elements along each axis. */
export interface Extent {
  readonly qLen: number;
  readonly kvLen: number;
}

/** No element is drawn larger than this, in device pixels, unless all of them fit so. */
const LARGEST = 64;
/** The figure's shorter side is never less than this share of the longer one, whatever the ratio of the lengths. */
const SHORTEST = 1 / 8;

/** Width and height of the largest figure of a matrix in the room given. */
export function figureSize(room: Size, matrix: Extent): Size {
  const ratio = Math.max(SHORTEST, Math.min(1 / SHORTEST, matrix.qLen / matrix.kvLen));
  const width = Math.min(room.width, room.height / ratio);
  return { width: Math.round(width), height: Math.round(width * ratio) };
}

/** All of the matrix, filling the canvas. */
export function fitAll(canvas: Size, matrix: Extent): Viewport {
  return { x: 0, y: 0, scaleX: canvas.width / matrix.kvLen, scaleY: canvas.height / matrix.qLen };
}

/** Moves the viewport back over the matrix where it has left it, and never smaller than the fitted one. */
export function clamp(view: Viewport, canvas: Size, matrix: Extent): Viewport {
  const all = fitAll(canvas, matrix);
  const scaleX = Math.max(all.scaleX, Math.min(view.scaleX, Math.max(LARGEST, all.scaleX)));
  const scaleY = Math.max(all.scaleY, Math.min(view.scaleY, Math.max(LARGEST, all.scaleY)));
  const within = (at: number, length: number, pixels: number, scale: number): number =>
    Math.max(0, Math.min(at, Math.max(0, length - pixels / scale)));
  return {
    x: within(view.x, matrix.kvLen, canvas.width, scaleX),
    y: within(view.y, matrix.qLen, canvas.height, scaleY),
    scaleX,
    scaleY,
  };
}

/** `factor` times larger, with the element under pixel (px, py) staying there. */
export function zoomAt(view: Viewport, factor: number, px: number, py: number, canvas: Size, matrix: Extent): Viewport {
  const all = fitAll(canvas, matrix);
  const largest = Math.max(LARGEST, all.scaleX, all.scaleY);
  const scaleX = Math.max(all.scaleX, Math.min(largest, view.scaleX * factor));
  const scaleY = Math.max(all.scaleY, Math.min(largest, view.scaleY * factor));
  const x = view.x + px / view.scaleX - px / scaleX;
  const y = view.y + py / view.scaleY - py / scaleY;
  return clamp({ x, y, scaleX, scaleY }, canvas, matrix);
}

/** Moved by pixels: the content goes with the hand. */
export function panBy(view: Viewport, dx: number, dy: number, canvas: Size, matrix: Extent): Viewport {
  return clamp({ ...view, x: view.x - dx / view.scaleX, y: view.y - dy / view.scaleY }, canvas, matrix);
}

/** The element under a pixel; null beside the matrix. */
export function cellAt(view: Viewport, px: number, py: number, matrix: Extent): Cell | null {
  const kv = Math.floor(view.x + px / view.scaleX);
  const q = Math.floor(view.y + py / view.scaleY);
  return q >= 0 && q < matrix.qLen && kv >= 0 && kv < matrix.kvLen ? { q, kv } : null;
}

/** Moves the viewport by as little as brings the element into it. */
export function reveal(view: Viewport, cell: Cell, canvas: Size, matrix: Extent): Viewport {
  const bring = (at: number, index: number, pixels: number, scale: number): number =>
    Math.max(index + 1 - pixels / scale, Math.min(at, index));
  return clamp(
    { ...view, x: bring(view.x, cell.kv, canvas.width, view.scaleX), y: bring(view.y, cell.q, canvas.height, view.scaleY) },
    canvas,
    matrix,
  );
}

/** True where nothing more can be zoomed out. */
export function isFitted(view: Viewport, canvas: Size, matrix: Extent): boolean {
  const all = fitAll(canvas, matrix);
  return view.scaleX <= all.scaleX * 1.0001 && view.scaleY <= all.scaleY * 1.0001;
}

/** Round places for ruler marks from `from` to `to`, at most `most` of them: multiples of a step that divides a block of `unit`, or of whole blocks. */
export function rulerTicks(from: number, to: number, most: number, unit: number): readonly number[] {
  const span = to - from;
  if (!(span > 0) || most < 1) return [];
  // Blocks are powers of two nearly always: marks at whole blocks meet the edges of the picture.
  const steps: number[] = [];
  for (let s = 1; s < unit; s *= 2) if (unit % s === 0) steps.push(s);
  for (let s = unit; s <= span * 2; s *= 2) steps.push(s);
  const step = steps.find((s) => span / s <= most) ?? span;
  const ticks: number[] = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) ticks.push(t);
  return ticks;
}
