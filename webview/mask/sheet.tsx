/** A canvas over a part of the figure that is drawn in the figure's own CSS pixels, anew when its owner renders and it is due. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface SheetProps {
  /** CSS pixels of the figure. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** What it is filled with first: the browser shows a canvas without transparency sooner. Default: what is beneath shows. */
  readonly ground?: string;
  /** Draws on the cleared canvas. Where it gives false there was nothing to draw, and the canvas is hidden. */
  readonly draw: (ctx: CanvasRenderingContext2D) => unknown;
  /** Whether it is drawn now; where it is not, it is when its owner has rested. Default: always. */
  readonly isDue?: () => boolean;
}

/** Without a render for this long its owner has rested, milliseconds. */
const REST_MS = 150;

export function Sheet({ left, top, width, height, ground, draw, isDue }: SheetProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = window.devicePixelRatio;
  const pixels = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  const isClear = useRef(true);

  const paint = (): void => {
    const { current } = canvas;
    const ctx = current?.getContext("2d", { alpha: ground === undefined });
    if (current === null || ctx === null || ctx === undefined) return;
    // Another size clears it, and so does the first.
    if (current.width !== pixels.width || current.height !== pixels.height) {
      current.width = pixels.width;
      current.height = pixels.height;
      isClear.current = true;
    }
    ctx.setTransform(ratio, 0, 0, ratio, -left * ratio, -top * ratio);
    if (ground !== undefined) {
      ctx.fillStyle = ground;
      ctx.fillRect(left, top, width + 1, height + 1);
    } else if (!isClear.current) ctx.clearRect(left, top, width + 1, height + 1);
    isClear.current = draw(ctx) === false;
    current.style.visibility = isClear.current ? "hidden" : "visible";
  };
  useLayoutEffect(() => {
    if (isDue?.() !== false) return paint();
    const later = setTimeout(paint, REST_MS);
    return () => clearTimeout(later);
  });

  return <canvas ref={canvas} class="sheet" style={`left:${left}px;top:${top}px;width:${width}px;height:${height}px`} />;
}
