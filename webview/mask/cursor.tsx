/** The cell under the hand or the keys: two lines from the rulers to it, and a ring around it. */
import type { JSX } from "preact";
import { cursorPlace, type OverlayScene } from "./overlay.ts";

/** Of the ring around cells that are too small to be framed, CSS pixels. */
const RADIUS = 4;

export function Cursor({ scene }: { readonly scene: OverlayScene }): JSX.Element | null {
  const place = cursorPlace(scene);
  if (place === null) return null;
  const { layout, view } = scene;
  const framed = view.scaleX >= 8 && view.scaleY >= 8;
  const [reachX, reachY] = framed ? [view.scaleX / 2, view.scaleY / 2] : [RADIUS, RADIUS];
  const { x, y } = place;
  const box = (left: number, top: number, width: number, height: number): string =>
    `left:${left}px;top:${top}px;width:${Math.max(0, width)}px;height:${Math.max(0, height)}px`;
  return (
    <>
      <i class="cursor-line" style={box(layout.left, y - 0.5, x - reachX - layout.left, 1)} />
      <i class="cursor-line" style={box(x - 0.5, layout.top, 1, y - reachY - layout.top)} />
      <i class={framed ? "cursor-frame" : "cursor-frame round"} style={box(x - reachX, y - reachY, 2 * reachX, 2 * reachY)} />
    </>
  );
}
