/** A patch of a legend: an ink as the picture paints it, pattern and all, or a scale of inks. Decoration: words stand beside it. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { packed, targetOn } from "../../kernels/mask/layer.ts";
import { type Ink, isInked } from "../../kernels/mask/raster.ts";

/** `inks` from left to right. Width and height in CSS pixels. */
export function Swatch({
  inks,
  width,
  height,
}: {
  readonly inks: readonly Ink[];
  readonly width: number;
  readonly height: number;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = window.devicePixelRatio;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context === null || context === undefined) return;
    const bytes = new Uint8ClampedArray(4 * w * h);
    const { pixels } = targetOn(bytes, w, h);
    for (let x = 0; x < w; x++) {
      const ink = inks[Math.floor((x / w) * inks.length)];
      if (ink === undefined) continue;
      for (let y = 0; y < h; y++) pixels[y * w + x] = packed(...(isInked(ink.pattern, x, y) ? ink.ink : ink.ground));
    }
    context.putImageData(new ImageData(bytes, w, h), 0, 0);
  }, [inks, w, h]);
  return (
    <span aria-hidden="true">
      <canvas ref={canvas} class="patch" width={w} height={h} style={`width:${width}px;height:${height}px`} />
    </span>
  );
}
