/**
 * Pointer, wheel and fingers on the picture: hover, click, drag, pinch, wheel and touchpad become views and cells. All that
 * happens between two frames is put together into one change, since a change draws the tab anew.
 */
import { useEffect, useRef } from "preact/hooks";
import type { Cell, Viewport } from "../state.ts";
import { cellAt, type Extent, panBy, type Size, zoomAt } from "./viewport.ts";

export interface HandsOn {
  readonly view: Viewport;
  /** Device pixels. */
  readonly canvas: Size;
  readonly matrix: Extent;
  readonly onHover: (cell: Cell | null) => void;
  /** A click, or a tap. */
  readonly onClick: (cell: Cell | null) => void;
  readonly onLook: (view: Viewport) => void;
  /** The frame that shows another view began at `began` of `performance.now()`. */
  readonly onFrame: (began: number) => void;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A press that moves less, in CSS pixels, is a click. */
const CLICK = 4;
/** A wheel notch is at least this many CSS pixels in one event; a touchpad begins with less. */
const NOTCH = 16;
/** Wheel events that follow within this time belong to the gesture before, milliseconds. */
const GESTURE_MS = 250;

/** What a wheel event asks for; `sliding`: the gesture before it was a touchpad's pan. */
export function wheelIntent(
  event: Pick<WheelEvent, "deltaX" | "deltaY" | "deltaMode" | "ctrlKey" | "shiftKey">,
  sliding: boolean,
): { readonly zoom: number } | { readonly dx: number; readonly dy: number; readonly touchpad: boolean } {
  const unit = event.deltaMode === 0 ? 1 : event.deltaMode === 1 ? 16 : 400;
  const dx = event.deltaX * unit;
  const dy = event.deltaY * unit;
  // A pinch on a touchpad comes as a wheel with Control, in small steps.
  if (event.ctrlKey) return { zoom: 2 ** (-dy / 50) };
  if (event.shiftKey) return { dx: dx === 0 ? dy : dx, dy: dx === 0 ? 0 : dy, touchpad: false };
  const touchpad = event.deltaMode === 0 && (sliding || (dx !== 0 && dy !== 0) || Math.abs(dx) + Math.abs(dy) < NOTCH);
  if (touchpad || Math.abs(dx) > Math.abs(dy)) return { dx, dy, touchpad };
  return { zoom: 2 ** (-dy / 240) };
}

/** Listens to the canvas. Listeners of its own, since a wheel listener must not be passive. */
export function useHands(canvas: { readonly current: HTMLCanvasElement | null }, on: HandsOn): void {
  const latest = useRef(on);
  latest.current = on;
  // The view that was asked for and is not drawn yet; what follows goes on from there.
  const wanted = useRef<Viewport | null>(null);
  const sent = useRef(false);
  if (sent.current) {
    sent.current = false;
    wanted.current = null;
  }
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let hover: Cell | null | undefined;
    let waiting = 0;
    let slidAt = Number.NEGATIVE_INFINITY;
    const pressed = new Map<number, Point>();
    /** Where a single finger or the button went down, and whether it has moved since. */
    let drag: (Point & { moved: boolean }) | null = null;

    const flush = (): void => {
      waiting = 0;
      const began = performance.now();
      if (hover !== undefined) latest.current.onHover(hover);
      hover = undefined;
      if (wanted.current !== null) {
        sent.current = true;
        latest.current.onFrame(began);
        latest.current.onLook(wanted.current);
      }
    };
    const soon = (): void => {
      if (waiting === 0) waiting = requestAnimationFrame(flush);
    };
    const view = (): Viewport => wanted.current ?? latest.current.view;
    const look = (next: Viewport): boolean => {
      const now = view();
      if (next.x === now.x && next.y === now.y && next.scaleX === now.scaleX && next.scaleY === now.scaleY) return false;
      wanted.current = next;
      sent.current = false;
      soon();
      return true;
    };
    const at = (event: MouseEvent): Point => {
      const box = element.getBoundingClientRect();
      const { canvas: pixels } = latest.current;
      return { x: ((event.clientX - box.left) / box.width) * pixels.width, y: ((event.clientY - box.top) / box.height) * pixels.height };
    };
    const zoomedAt = (from: Viewport, factor: number, { x, y }: Point): Viewport =>
      zoomAt(from, factor, x, y, latest.current.canvas, latest.current.matrix);
    // By whole pixels, so that what is painted already can be moved along.
    const panned = (from: Viewport, dx: number, dy: number): Viewport =>
      panBy(from, Math.round(dx), Math.round(dy), latest.current.canvas, latest.current.matrix);

    const wheel = (event: WheelEvent): void => {
      const intent = wheelIntent(event, event.timeStamp - slidAt < GESTURE_MS);
      const ratio = window.devicePixelRatio;
      let moved: boolean;
      if ("zoom" in intent) moved = look(zoomedAt(view(), intent.zoom, at(event)));
      else {
        moved = look(panned(view(), -intent.dx * ratio, -intent.dy * ratio));
        if (intent.touchpad) slidAt = event.timeStamp;
        // Another cell comes under the hand that rests.
        if (moved) hover = cellAt(view(), at(event).x, at(event).y, latest.current.matrix);
      }
      // At the end of the way the wheel is the page's again; but never its zoom.
      if (moved || event.ctrlKey) event.preventDefault();
    };
    const down = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      pressed.set(event.pointerId, at(event));
      element.setPointerCapture(event.pointerId);
      drag = pressed.size === 1 ? { ...at(event), moved: false } : null;
    };
    const pinch = (id: number, to: Point): void => {
      const other = [...pressed].find(([key]) => key !== id)?.[1];
      const from = pressed.get(id);
      if (other === undefined || from === undefined) return;
      const before = Math.hypot(from.x - other.x, from.y - other.y);
      const after = Math.hypot(to.x - other.x, to.y - other.y);
      const middle = { x: (from.x + other.x) / 2, y: (from.y + other.y) / 2 };
      const zoomed = before > 0 && after > 0 ? zoomedAt(view(), after / before, middle) : view();
      look(panned(zoomed, (to.x - from.x) / 2, (to.y - from.y) / 2));
    };
    const move = (event: PointerEvent): void => {
      const to = at(event);
      if (!pressed.has(event.pointerId)) {
        hover = cellAt(view(), to.x, to.y, latest.current.matrix);
        soon();
        return;
      }
      if (pressed.size === 2) pinch(event.pointerId, to);
      else if (drag !== null && (drag.moved || Math.hypot(to.x - drag.x, to.y - drag.y) >= CLICK * window.devicePixelRatio)) {
        const dx = Math.round(to.x - drag.x);
        const dy = Math.round(to.y - drag.y);
        look(panned(view(), dx, dy));
        // What is lost to rounding comes with the next move.
        drag = { x: drag.x + dx, y: drag.y + dy, moved: true };
      }
      pressed.set(event.pointerId, to);
    };
    const up = (event: PointerEvent): void => {
      if (drag !== null && !drag.moved) {
        const { x, y } = at(event);
        latest.current.onClick(cellAt(view(), x, y, latest.current.matrix));
      }
      pressed.delete(event.pointerId);
      drag = null;
      // The finger that stays goes on as a drag.
      const [rest] = pressed.values();
      if (rest !== undefined) drag = { ...rest, moved: true };
    };
    const cancel = (event: PointerEvent): void => {
      pressed.delete(event.pointerId);
      drag = null;
    };
    const leave = (): void => {
      hover = null;
      soon();
    };
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", cancel);
    element.addEventListener("pointerleave", leave);
    return () => {
      cancelAnimationFrame(waiting);
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", cancel);
      element.removeEventListener("pointerleave", leave);
    };
  }, [canvas]);
}
