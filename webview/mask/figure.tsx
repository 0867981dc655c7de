/**
 * The picture of the mask: a canvas whose pixels are the mask, and one over it for rulers and cursor. Wheel and keys
 * zoom, drag moves, a click pins; letters work only while the picture has focus.
 */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Layer } from "../../kernels/mask/layer.ts";
import { integer } from "../number.ts";
import type { Cell, Scene, Viewport } from "../state.ts";
import type { Theme } from "../theme.ts";
import { drawOverlay, type Layout, RULER_LEFT, RULER_TOP } from "./overlay.ts";
import { layerPixels } from "./paint.ts";
import { nextCell, nextChange } from "./rowRuns.ts";
import { traceCell } from "./trace.ts";
import { cellAt, type Extent, panBy, reveal, type Size, zoomAt } from "./viewport.ts";

export interface FigureProps {
  readonly scene: Scene;
  /** What is painted; keep the object while its content stays. */
  readonly layer: Layer;
  readonly batch: number;
  readonly head: number;
  readonly view: Viewport;
  /** Device pixels. */
  readonly canvas: Size;
  /** CSS pixels. */
  readonly size: Size;
  readonly load: number;
  readonly loads: readonly (readonly [full: number, partial: number])[];
  readonly pin: Cell | null;
  readonly hover: Cell | null;
  readonly theme: Theme;
  /** Of the canvas; default `mask-canvas`. */
  readonly testId?: string;
  readonly onHover: (cell: Cell | null) => void;
  readonly onPin: (cell: Cell | null) => void;
  readonly onLook: (view: Viewport) => void;
  readonly onSlice: (batch: number, head: number) => void;
  readonly onCopy: (cell: Cell) => void;
}

export function Figure(props: FigureProps): JSX.Element {
  const { scene, layer, batch, head, view, canvas, size, load, loads, pin, hover, theme } = props;
  const cells = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const drawn = useRef(0);
  const { qLen, kvLen, blockSize } = scene.problem;
  const ratio = window.devicePixelRatio;
  const width = RULER_LEFT + size.width + (load > 0 ? load + 4 : 8);
  const height = RULER_TOP + size.height + 2;
  const body = scene.variant.maskMod?.body ?? null;

  useLayoutEffect(() => {
    const element = cells.current;
    const ctx = element?.getContext("2d", { alpha: false });
    if (element === null || ctx === null || ctx === undefined) return;
    const pixels = layerPixels(layer, { b: batch, h: head }, view, canvas.width, canvas.height);
    ctx.putImageData(new ImageData(pixels, canvas.width, canvas.height), 0, 0);
    drawn.current++;
    element.dataset["drawn"] = String(drawn.current);
  }, [layer, batch, head, view.x, view.y, view.scaleX, view.scaleY, canvas.width, canvas.height]);

  useLayoutEffect(() => {
    const ctx = overlay.current?.getContext("2d");
    if (ctx === null || ctx === undefined) return;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const layout: Layout = { left: RULER_LEFT, top: RULER_TOP, cells: size, load };
    const css: Viewport = { ...view, scaleX: view.scaleX / ratio, scaleY: view.scaleY / ratio };
    drawOverlay(ctx, { layout, view: css, matrix: { qLen, kvLen }, blockSize, loads, cursor: hover ?? pin, theme });
  });

  useHands(cells, props);
  const spoken = useSpoken(props);
  return (
    <div class="figure" style={`width:${width}px;height:${height}px`}>
      <canvas
        ref={cells}
        class="cells"
        role="img"
        tabIndex={0}
        aria-label={describe(scene)}
        aria-keyshortcuts="ArrowLeft ArrowRight ArrowUp ArrowDown Enter Escape N + - 0"
        width={canvas.width}
        height={canvas.height}
        style={`left:${RULER_LEFT}px;top:${RULER_TOP}px;width:${size.width}px;height:${size.height}px`}
        onKeyDown={(event) => onKey(event, props, body)}
        data-testid={props.testId ?? "mask-canvas"}
        data-variant={scene.variant.name}
        data-key={scene.key}
        data-q-len={qLen}
        data-kv-len={kvLen}
        data-block={blockSize.join(",")}
        data-batch={batch}
        data-head={head}
        data-view={`${view.x},${view.y},${view.scaleX}`}
        data-scale-y={view.scaleY}
      />
      <div aria-hidden="true">
        <canvas
          ref={overlay}
          class="overlay"
          width={Math.round(width * ratio)}
          height={Math.round(height * ratio)}
          style={`width:${width}px;height:${height}px`}
        />
      </div>
      <span class="unseen" aria-live="polite">
        {spoken}
      </span>
    </div>
  );
}

/** What a screen reader says of the picture. */
function describe(scene: Scene): string {
  const { variant, problem, blocks, sparsity } = scene;
  const plain = (n: number): string => n.toLocaleString("en");
  return `Attention mask ${variant.name}, ${problem.qLen} by ${problem.kvLen}. ${(100 * sparsity.blocks).toFixed(1)} percent of blocks empty, ${plain(blocks.full)} full, ${plain(blocks.partial)} partial.`;
}

/** Pointer and wheel: hover, drag, click, zoom. Listeners of its own, since a wheel listener must not be passive. */
function useHands(canvas: { readonly current: HTMLCanvasElement | null }, props: FigureProps): void {
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let drag: { x: number; y: number; moved: boolean } | null = null;
    const at = (event: MouseEvent): { x: number; y: number } => {
      const box = element.getBoundingClientRect();
      const { canvas: pixels } = latest.current;
      return { x: ((event.clientX - box.left) / box.width) * pixels.width, y: ((event.clientY - box.top) / box.height) * pixels.height };
    };
    const matrix = (): Extent => latest.current.scene.problem;
    const hoverAt = (event: MouseEvent): void => {
      const { x, y } = at(event);
      latest.current.onHover(cellAt(latest.current.view, x, y, matrix()));
    };
    const wheel = (event: WheelEvent): void => {
      const { view, canvas: pixels, onLook } = latest.current;
      const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const next = sideways
        ? panBy(view, -(event.deltaX || event.deltaY) * lines, event.deltaX === 0 ? 0 : -event.deltaY * lines, pixels, matrix())
        : zoomAt(view, 2 ** ((-event.deltaY * lines) / (event.ctrlKey ? 50 : 240)), at(event).x, at(event).y, pixels, matrix());
      // At the end of the zoom the wheel is the page's again.
      if (next.x === view.x && next.y === view.y && next.scaleX === view.scaleX && next.scaleY === view.scaleY) return;
      event.preventDefault();
      onLook(next);
    };
    const down = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      drag = { ...at(event), moved: false };
      element.setPointerCapture(event.pointerId);
    };
    const move = (event: PointerEvent): void => {
      if (drag === null) {
        hoverAt(event);
        return;
      }
      const { x, y } = at(event);
      if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < 4 * window.devicePixelRatio) return;
      const { view, canvas: pixels, onLook } = latest.current;
      onLook(panBy(view, x - drag.x, y - drag.y, pixels, matrix()));
      drag = { x, y, moved: true };
    };
    const up = (event: PointerEvent): void => {
      if (drag !== null && !drag.moved) {
        const { x, y } = at(event);
        const { onPin, pin, view } = latest.current;
        const cell = cellAt(view, x, y, matrix());
        onPin(cell !== null && pin?.q === cell.q && pin.kv === cell.kv ? null : cell);
      }
      drag = null;
    };
    const leave = (): void => latest.current.onHover(null);
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointerleave", leave);
    return () => {
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointerleave", leave);
    };
  }, [canvas]);
}

/** The keys of the picture, while it has focus. */
function onKey(event: KeyboardEvent, props: FigureProps, body: Parameters<typeof nextCell>[0]["body"]): void {
  const { scene, batch, head, view, canvas, hover, pin } = props;
  if (event.altKey || event.metaKey) return;
  const matrix: Extent = scene.problem;
  const { qLen, kvLen, blockSize } = scene.problem;
  const at = hover ?? pin ?? { q: Math.floor(view.y), kv: Math.floor(view.x) };
  const plane = { body, b: batch, h: head };
  const go = (q: number, kv: number): void => {
    const cell = { q: Math.max(0, Math.min(qLen - 1, q)), kv: Math.max(0, Math.min(kvLen - 1, kv)) };
    const next = reveal(view, cell, canvas, matrix);
    if (next.x !== view.x || next.y !== view.y) props.onLook(next);
    props.onHover(cell);
  };
  const zoom = (factor: number): void =>
    props.onLook(zoomAt(view, factor, (at.kv + 0.5 - view.x) * view.scaleX, (at.q + 0.5 - view.y) * view.scaleY, canvas, matrix));
  const stepQ = event.shiftKey ? blockSize[0] : 1;
  const stepKv = event.shiftKey ? blockSize[1] : 1;
  const change = (direction: 1 | -1): number => nextChange({ ...plane, q: at.q, kvLen }, at.kv, direction);
  const page = Math.max(1, Math.floor(canvas.height / view.scaleY));
  const jump = (allowed: boolean): void => {
    const found = nextCell(plane, matrix, at, allowed);
    if (found !== null) go(found.q, found.kv);
  };
  const turn = (count: number, now: number, back: boolean): number => (now + (back ? count - 1 : 1)) % count;
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => go(at.q, event.ctrlKey ? change(-1) : at.kv - stepKv),
    ArrowRight: () => go(at.q, event.ctrlKey ? change(1) : at.kv + stepKv),
    ArrowUp: () => go(at.q - stepQ, at.kv),
    ArrowDown: () => go(at.q + stepQ, at.kv),
    Home: () => go(at.q, 0),
    End: () => go(at.q, kvLen - 1),
    PageUp: () => go(at.q - page, at.kv),
    PageDown: () => go(at.q + page, at.kv),
    "+": () => zoom(2),
    "=": () => zoom(2),
    "-": () => zoom(0.5),
    "0": () => props.onLook({ x: 0, y: 0, scaleX: 0, scaleY: 0 }),
    Enter: () => props.onPin(at),
    Escape: () => {
      props.onPin(null);
      props.onHover(null);
    },
    n: () => jump(true),
    N: () => jump(false),
    h: () => props.onSlice(batch, turn(scene.problem.qHeads, head, false)),
    H: () => props.onSlice(batch, turn(scene.problem.qHeads, head, true)),
    b: () => props.onSlice(turn(scene.problem.batch, batch, false), head),
    B: () => props.onSlice(turn(scene.problem.batch, batch, true), head),
    c: () => props.onCopy(at),
  };
  const act = event.ctrlKey && !event.key.startsWith("Arrow") ? undefined : keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
}

/** The cell in words, once hand or key have rested on it. */
function useSpoken({ scene, batch, head, hover }: FigureProps): string {
  const [text, setText] = useState("");
  useEffect(() => {
    if (hover === null) return;
    const timer = setTimeout(() => {
      const trace = traceCell(scene.variant, { b: batch, h: head, q_idx: hover.q, kv_idx: hover.kv });
      const why = trace.allowed ? "allowed" : `masked by ${trace.maskedBy}`;
      setText(`q ${integer(hover.q)}, kv ${integer(hover.kv)}: ${why}.`);
    }, 300);
    return () => clearTimeout(timer);
  }, [scene, batch, head, hover]);
  return text;
}
