/**
 * All heads (and batches) as small pictures of the layer shown. Only those in sight exist, and they are painted one
 * after the other, a few milliseconds at a time, so that a hundred heads of a long mask never hold up the panel.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type BlockMask, keyBlocks, queryBlocks } from "../../kernels/mask/blockMask.ts";
import { type Layer, movedView, targetOn } from "../../kernels/mask/layer.ts";
import { blocksOfRow } from "../../kernels/mask/rowRuns.ts";
import type { Scene } from "../state.ts";
import { inSight, planeAt, planesOf } from "./headGrid.ts";
import { figureSize, fitAll } from "./viewport.ts";

export interface HeadsProps {
  readonly scene: Scene;
  readonly layer: Layer;
  /** Masks beside the scene's that the layer shows. */
  readonly others: readonly BlockMask[];
  readonly batch: number;
  readonly head: number;
  readonly onChoose: (batch: number, head: number) => void;
}

/** CSS pixels of the longer side of a picture. */
const SIDE = 72;
const GAP = 8;
const CAPTION = 16;
/** Rows in sight before the grid scrolls. */
const ROWS = 3;

export function Heads(props: HeadsProps): JSX.Element {
  const { scene, layer, others, batch, head, onChoose } = props;
  const grid = useRef<HTMLElement>(null);
  const [place, setPlace] = useState({ width: 0, scrolled: 0 });
  const { batches, heads } = planesOf([scene.blockMask, ...others]);
  const size = figureSize({ width: SIDE, height: SIDE }, scene.problem);
  const rowHeight = size.height + CAPTION + GAP;
  const columns = Math.max(1, Math.floor((place.width + GAP) / (size.width + GAP)));
  const count = batches * heads;
  const rows = Math.ceil(count / columns);
  const height = Math.min(rows, ROWS) * rowHeight;
  const isGrid = count > 1;
  const { first, end } = inSight(count, columns, rowHeight, place.scrolled, height);
  const shown = place.width === 0 ? [] : Array.from({ length: end - first }, (_, i) => first + i);
  const heard = useMemo(
    () => shown.map((i) => heardOf(scene.blockMask, planeAt(i, heads), batches, heads)),
    [scene.blockMask, first, shown.length, batches, heads],
  );
  useEffect(() => {
    const element = grid.current;
    if (element === null) return;
    const look = (): void => setPlace({ width: element.clientWidth, scrolled: element.scrollTop });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [isGrid]);
  if (!isGrid) {
    const { batch: b, qHeads } = scene.problem;
    const all = [...(qHeads > 1 ? [`${qHeads} heads`] : []), ...(b > 1 ? [`${b} batches`] : [])].join(" and ");
    return (
      <p class="small muted heads-none" data-testid="heads-none">
        {all === "" ? "There is one batch and one head." : `The mask does not depend on b or h: one picture stands for all ${all}.`}
      </p>
    );
  }
  return (
    <section
      ref={grid}
      class="heads"
      aria-label={batches > 1 ? `${batches} batches of ${heads} heads` : `${heads} heads`}
      style={`height:${height}px`}
      data-testid="heads"
    >
      <div style={`height:${rows * rowHeight - GAP}px`}>
        {shown.map((i) => {
          const { b, h } = planeAt(i, heads);
          const isChosen = (batches === 1 || b === batch) && (heads === 1 || h === head);
          const name = [...(batches > 1 ? [`b ${b}`] : []), ...(heads > 1 ? [`h ${h}`] : [])].join(" ");
          return (
            <button
              key={i}
              type="button"
              class={isChosen ? "on" : ""}
              aria-pressed={isChosen}
              aria-label={heard[i - first]}
              style={`left:${(i % columns) * (size.width + GAP)}px;top:${Math.floor(i / columns) * rowHeight}px;width:${size.width}px`}
              data-testid={`head-${b}-${h}`}
              onClick={() => onChoose(batches > 1 ? b : batch, heads > 1 ? h : head)}
            >
              <Thumbnail scene={scene} layer={layer} b={b} h={h} width={size.width} height={size.height} />
              <span>{name}</span>
            </button>
          );
        })}
      </div>
    </section>
  );
}

/** What a screen reader says of one picture, by the name that is seen: `h 3: 87.5 percent of blocks empty`. */
function heardOf(mask: BlockMask, { b, h }: { readonly b: number; readonly h: number }, batches: number, heads: number): string {
  const rows = queryBlocks(mask);
  let present = 0;
  for (let row = 0; row < rows; row++) {
    const [full, partial] = blocksOfRow(mask, b, h, row);
    present += full + partial;
  }
  const name = [...(batches > 1 ? [`b ${b}`] : []), ...(heads > 1 ? [`h ${h}`] : [])].join(" ");
  return `${name}: ${(100 * (1 - present / Math.max(1, rows * keyBlocks(mask)))).toFixed(1)} percent of blocks empty`;
}

interface ThumbnailProps {
  readonly scene: Scene;
  readonly layer: Layer;
  readonly b: number;
  readonly h: number;
  readonly width: number;
  readonly height: number;
}

function Thumbnail({ scene, layer, b, h, width, height }: ThumbnailProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = window.devicePixelRatio;
  const pixels = { width: Math.max(1, Math.round(width * ratio)), height: Math.max(1, Math.round(height * ratio)) };
  const { qLen, kvLen } = scene.problem;
  useEffect(() => {
    const element = canvas.current;
    const ctx = element?.getContext("2d", { alpha: false });
    if (element === null || ctx === null || ctx === undefined) return;
    const fit = fitAll(pixels, { qLen, kvLen });
    const view = { b, h, q0: 0, k0: 0, scale: fit.scaleX, scaleQ: fit.scaleY };
    const image = new ImageData(pixels.width, pixels.height);
    let y = 0;
    // A row of pixels at a time: that is what a layer promises to be quick in.
    const row = (): boolean => {
      const part = new Uint8ClampedArray(4 * pixels.width);
      layer.draw(movedView(view, 0, y), targetOn(part, pixels.width, 1));
      image.data.set(part, 4 * pixels.width * y);
      y++;
      if (y < pixels.height) return false;
      ctx.putImageData(image, 0, 0);
      element.dataset["drawn"] = String(Number(element.dataset["drawn"] ?? "0") + 1);
      return true;
    };
    return queued(row);
  }, [layer, b, h, pixels.width, pixels.height, qLen, kvLen]);
  return (
    <span aria-hidden="true">
      <canvas ref={canvas} width={pixels.width} height={pixels.height} style={`width:${width}px;height:${height}px`} />
    </span>
  );
}

/** How long a turn of painting may take. */
const TURN_MS = 6;

/** Work in parts, one after the other between the page's own: each function is called until it says that it is done. */
const waiting: (() => boolean)[] = [];
let turning = false;

/** Adds `work` to what waits; gives the way to take it back. */
function queued(work: () => boolean): () => void {
  waiting.push(work);
  if (!turning) {
    turning = true;
    setTimeout(turn, 0);
  }
  return () => {
    const i = waiting.indexOf(work);
    if (i >= 0) waiting.splice(i, 1);
  };
}

function turn(): void {
  const until = performance.now() + TURN_MS;
  for (let [next] = waiting; next !== undefined && performance.now() < until; [next] = waiting) if (next()) waiting.shift();
  turning = waiting.length > 0;
  if (turning) setTimeout(turn, 0);
}
