/**
 * A layer on a canvas, a frame at a time: what fits into a frame's time is painted at once, the rest in the frames that
 * follow. The canvas says of itself what it shows: `data-complete` whether every pixel is right, `data-drawn` how many
 * pictures have become so. The time that a frame took is a measure named `mask-frame` on the page's timeline.
 */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Layer, PictureView } from "../../kernels/mask/layer.ts";
import { Frame } from "./frame.ts";
import type { Size } from "./viewport.ts";

/** The measure of the timeline that benchmarks read: from the first script of a frame to its last pixel. */
export const FRAME_MEASURE = "mask-frame";
/** Measures that the timeline keeps. */
const KEPT_MEASURES = 2000;
let measures = 0;

/** Marks a frame that began at `began` (of `performance.now()`) on the timeline. */
export function measureFrame(began: number): void {
  if (++measures % KEPT_MEASURES === 0) performance.clearMeasures(FRAME_MEASURE);
  performance.measure(FRAME_MEASURE, { start: began, end: performance.now() });
}

export interface Painting {
  readonly canvas: { readonly current: HTMLCanvasElement | null };
  readonly layer: Layer;
  readonly view: PictureView;
  /** What the picture is of: another one counts as drawn anew, were it the same to the pixel. */
  readonly subject?: unknown;
  /** Device pixels. */
  readonly size: Size;
  /** Where the layer has nothing, an opaque colour as `packed` gives it. */
  readonly ground: number;
  /** Time for right pixels in a frame with another view, milliseconds; twice that in those that follow, which do nothing else. */
  readonly budgetMs: number;
  /** The pixel row to begin at. */
  readonly focus: () => number;
  /** Called after each frame that was painted; `began`: when it began. */
  readonly onFrame?: (began: number, complete: boolean) => void;
}

/** Keeps the canvas showing the layer under the view. */
export function usePainting(painting: Painting): void {
  const { canvas, layer, view, size, ground } = painting;
  const latest = useRef(painting);
  latest.current = painting;
  const frame = useRef<Frame | null>(null);
  const waiting = useRef(0);
  const drawn = useRef(0);

  useLayoutEffect(() => {
    const paint = (budgetMs: number): void => {
      const element = canvas.current;
      const ctx = element?.getContext("2d", { alpha: false });
      const { current } = frame;
      if (element === null || ctx === null || ctx === undefined || current === null) return;
      const began = performance.now();
      current.paint(() => performance.now(), began + budgetMs, latest.current.focus());
      const changed = current.takeChanged();
      if (changed !== null) {
        const { x0, y0, x1, y1 } = changed;
        ctx.putImageData(new ImageData(current.bytes, current.width, current.height), 0, 0, x0, y0, x1 - x0, y1 - y0);
      }
      if (current.complete) drawn.current++;
      element.dataset["complete"] = String(current.complete);
      element.dataset["drawn"] = String(drawn.current);
      waiting.current = current.complete ? 0 : requestAnimationFrame(() => paint(2 * latest.current.budgetMs));
      latest.current.onFrame?.(began, current.complete);
    };
    if (size.width < 1 || size.height < 1) return;
    const fits = frame.current?.width === size.width && frame.current.height === size.height && frame.current.ground === ground;
    if (frame.current === null || !fits) frame.current = new Frame(size.width, size.height, ground);
    frame.current.aim(layer, view);
    cancelAnimationFrame(waiting.current);
    paint(latest.current.budgetMs);
  }, [canvas, layer, painting.subject, view.b, view.h, view.k0, view.q0, view.scale, view.scaleQ, size.width, size.height, ground]);

  useEffect(() => () => cancelAnimationFrame(waiting.current), []);
}
