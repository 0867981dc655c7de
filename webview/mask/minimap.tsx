/** The whole matrix in a corner while only a part is in view: where that part lies, and a way to drag it elsewhere. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { type Layer, packed } from "../../kernels/mask/layer.ts";
import { integer } from "../number.ts";
import type { Viewport } from "../state.ts";
import type { Rgba } from "../theme.ts";
import { usePainting } from "./painting.ts";
import { clamp, type Extent, fitAll, type Size } from "./viewport.ts";

export interface MinimapProps {
  readonly layer: Layer;
  /** What stands where the layer has nothing. */
  readonly ground: Rgba;
  readonly batch: number;
  readonly head: number;
  readonly view: Viewport;
  readonly canvas: Size;
  readonly matrix: Extent;
  /** Where its upper right corner lies in the figure, CSS pixels. */
  readonly right: number;
  readonly top: number;
  readonly onLook: (view: Viewport) => void;
}

/** CSS pixels of the longer side. */
const SIDE = 84;
/** The picture's is done first. */
const BUDGET_MS = 2;
/** The rectangle is never drawn smaller than this: at a million tokens it would not be seen. */
const LEAST = 5;

export function Minimap(props: MinimapProps): JSX.Element {
  const { layer, ground, batch, head, view, canvas, matrix, right, top, onLook } = props;
  const picture = useRef<HTMLCanvasElement>(null);
  const ratio = window.devicePixelRatio;
  const longer = Math.max(canvas.width, canvas.height);
  const css: Size = { width: (SIDE * canvas.width) / longer, height: (SIDE * canvas.height) / longer };
  const size: Size = { width: Math.round(css.width * ratio), height: Math.round(css.height * ratio) };
  const all = fitAll(size, matrix);
  usePainting({
    canvas: picture,
    layer,
    view: { b: batch, h: head, q0: 0, k0: 0, scale: all.scaleX, scaleQ: all.scaleY },
    size,
    ground: packed(ground[0], ground[1], ground[2]),
    budgetMs: BUDGET_MS,
    focus: () => 0,
  });
  const seenX = canvas.width / view.scaleX / matrix.kvLen;
  const seenY = canvas.height / view.scaleY / matrix.qLen;
  const width = Math.max(LEAST, seenX * css.width);
  const height = Math.max(LEAST, seenY * css.height);
  // The rectangle's middle is the view's, however much larger it is drawn.
  const left = Math.max(0, Math.min(css.width - width, (view.x / matrix.kvLen + seenX / 2) * css.width - width / 2));
  const above = Math.max(0, Math.min(css.height - height, (view.y / matrix.qLen + seenY / 2) * css.height - height / 2));
  const go = (event: PointerEvent & { readonly currentTarget: HTMLElement }): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * matrix.kvLen - canvas.width / view.scaleX / 2;
    const y = ((event.clientY - box.top) / box.height) * matrix.qLen - canvas.height / view.scaleY / 2;
    onLook(clamp({ ...view, x, y }, canvas, matrix));
  };
  const words = `Overview: queries ${integer(Math.floor(view.y))} on and keys ${integer(Math.floor(view.x))} on are in view. Drag to look elsewhere.`;
  return (
    <div
      class="minimap"
      style={`left:${right - css.width - 1}px;top:${top}px;width:${css.width}px;height:${css.height}px`}
      title={words}
      role="img"
      aria-label={words}
      data-testid="minimap"
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) go(event);
      }}
    >
      <canvas ref={picture} width={size.width} height={size.height} style={`width:${css.width}px;height:${css.height}px`} />
      <i class="minimap-view" style={`left:${left}px;top:${above}px;width:${width}px;height:${height}px`} data-testid="minimap-view" />
    </div>
  );
}
