/**
 * The picture of the mask: a canvas whose pixels are a layer's, what lies over and beside it, and the whole in a corner while a
 * part is in view. Letters work only while the picture has focus.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Documents, documentsOf } from "../../kernels/mask/documents.ts";
import { type Layer, type PictureView, packed } from "../../kernels/mask/layer.ts";
import { detailOf } from "../../kernels/mask/picture.ts";
import { integer } from "../number.ts";
import type { Cell, Scene, Viewport } from "../state.ts";
import type { Theme } from "../theme.ts";
import { Cursor } from "./cursor.tsx";
import { GoTo } from "./goTo.tsx";
import { useHands } from "./hands.ts";
import { goTo, KEY_SHORTCUTS, type KeysOn, onKey } from "./keys.ts";
import { Minimap } from "./minimap.tsx";
import { drawOverlay, type OverlayScene } from "./overlay.ts";
import { measureFrame, usePainting } from "./painting.ts";
import { drawAbove, drawLeft, drawLoads, RULER_LEFT, RULER_TOP } from "./rulers.ts";
import { useShapeWords } from "./shapeHook.ts";
import { Sheet } from "./sheet.tsx";
import { createTurns } from "./stripTurns.ts";
import { tokenRoom } from "./tokens.ts";
import { traceCell } from "./trace.ts";
import { type Extent, isFitted, type Size } from "./viewport.ts";

/** Time for right pixels in one frame, milliseconds; what is left after it is drawn coarsely. */
const BUDGET_MS = 2;
const NO_TOKENS: readonly string[] = [];
/** The strips beside the cells, in the order of their turns. */
const ABOVE = 0;
const LEFT = 1;
const LOADS = 2;

export interface FigureProps {
  readonly scene: Scene;
  /** What is painted; keep the object while its content stays. */
  readonly layer: Layer;
  /** What the small picture of the whole shows; default `layer`. */
  readonly overview?: Layer;
  /** What the layer says, for those who do not see it; default: nothing more than of the mask. */
  readonly told?: string;
  readonly batch: number;
  readonly head: number;
  readonly view: Viewport;
  /** Device pixels. */
  readonly canvas: Size;
  /** CSS pixels. */
  readonly size: Size;
  readonly load: number;
  readonly loads: readonly (readonly [full: number, partial: number])[];
  /** Texts of the tokens, for the rulers; default: none. */
  readonly tokens?: readonly string[];
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
  /** When the frame began that is being drawn, where a hand asked for it. */
  const began = useRef<number | null>(null);
  const [turns] = useState(() => createTurns(3));
  const isDue = (strip: number) => () => turns.isDue(strip, performance.now());
  const [withMinimap, setWithMinimap] = useState(true);
  const [asking, setAsking] = useState(false);
  const { qLen, kvLen, blockSize } = scene.problem;
  const matrix: Extent = { qLen, kvLen };
  const ratio = window.devicePixelRatio;
  const tokens = props.tokens ?? NO_TOKENS;
  const room = tokenRoom(tokens);
  const left = RULER_LEFT + room.width;
  const top = RULER_TOP + room.height;
  const width = left + size.width + (load > 0 ? load + 4 : 8);
  const height = top + size.height + 2;
  const body = scene.variant.maskMod?.body ?? null;
  const documents = useDocuments(scene, batch, head);
  const pictureView: PictureView = { b: batch, h: head, q0: view.y, k0: view.x, scale: view.scaleX, scaleQ: view.scaleY };

  const marks: OverlayScene = {
    layout: { left, top, cells: size, load },
    view: { ...view, scaleX: view.scaleX / ratio, scaleY: view.scaleY / ratio },
    matrix,
    blockSize,
    loads,
    documents,
    tokens,
    cursor: hover ?? pin,
    theme,
  };

  usePainting({
    canvas: cells,
    layer,
    subject: scene,
    view: pictureView,
    size: canvas,
    ground: packed(theme.ground[0], theme.ground[1], theme.ground[2]),
    budgetMs: BUDGET_MS,
    focus: () => Math.floor(((hover ?? pin)?.q ?? Number.NaN) * view.scaleY - view.y * view.scaleY) || canvas.height >> 1,
    onFrame: (from) => {
      measureFrame(began.current ?? from);
      began.current = null;
    },
  });

  useHands(cells, {
    view,
    canvas,
    matrix,
    onHover: props.onHover,
    onClick: (cell) => props.onPin(cell !== null && pin?.q === cell.q && pin.kv === cell.kv ? null : cell),
    onLook: props.onLook,
    onFrame: (now) => {
      began.current = now;
      turns.frame(now);
    },
  });

  const keys: KeysOn = {
    ...props,
    body,
    mask: scene.blockMask,
    matrix: scene.problem,
    onMinimap: () => setWithMinimap((now) => !now),
    onAsk: () => setAsking(true),
  };
  const answered = (): void => {
    setAsking(false);
    cells.current?.focus();
  };
  const spoken = useSpoken(props);
  const shape = useShapeWords(scene, batch, head, documents);
  const estimate = layer.estimate?.(pictureView) ?? null;
  return (
    <div class="figure" style={`width:${width}px;height:${height}px`}>
      {/* Before the cells, whose focus ring reaches over the edge. */}
      <div class="marks" aria-hidden="true">
        <Sheet
          left={left}
          top={0}
          width={size.width}
          height={top}
          ground={theme.css.ground}
          draw={(ctx) => drawAbove(ctx, marks)}
          isDue={isDue(ABOVE)}
        />
        <Sheet
          left={0}
          top={0}
          width={left}
          height={height}
          ground={theme.css.ground}
          draw={(ctx) => drawLeft(ctx, marks)}
          isDue={isDue(LEFT)}
        />
        {load > 0 ? (
          <Sheet
            left={left + size.width}
            top={0}
            width={load + 4}
            height={height}
            ground={theme.css.ground}
            draw={(ctx) => drawLoads(ctx, marks)}
            isDue={isDue(LOADS)}
          />
        ) : null}
      </div>
      <canvas
        ref={cells}
        class="cells"
        role="img"
        tabIndex={0}
        aria-label={describe(props, shape)}
        aria-keyshortcuts={KEY_SHORTCUTS}
        width={canvas.width}
        height={canvas.height}
        style={`left:${left}px;top:${top}px;width:${size.width}px;height:${size.height}px`}
        onKeyDown={(event) => {
          if (onKey(event, keys)) event.preventDefault();
        }}
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
        data-detail={detailOf(scene.blockMask, pictureView)}
        data-estimate={estimate ?? undefined}
      />
      <div class="marks" aria-hidden="true">
        <Sheet left={left} top={top} width={size.width} height={size.height} draw={(ctx) => drawOverlay(ctx, marks)} />
        <Cursor scene={marks} />
      </div>
      {withMinimap && !isFitted(view, canvas, matrix) ? (
        <Minimap
          layer={props.overview ?? layer}
          ground={theme.ground}
          batch={batch}
          head={head}
          view={view}
          canvas={canvas}
          matrix={matrix}
          right={left + size.width}
          top={top}
          onLook={props.onLook}
        />
      ) : null}
      {asking ? (
        <GoTo
          matrix={matrix}
          left={left}
          top={top}
          onGo={({ q, kv }) => {
            goTo(keys, q, kv);
            answered();
          }}
          onClose={answered}
          onLeave={() => setAsking(false)}
        />
      ) : null}
      {estimate === null ? null : <span class="tag estimate">{estimate}</span>}
      <span class="unseen" aria-live="polite">
        {spoken}
      </span>
    </div>
  );
}

/** What a screen reader says of the picture: all of it, then the part in view. `shape`: in words, empty where not known yet. */
function describe({ scene, view, canvas, told = "" }: FigureProps, shape: string): string {
  const { variant, problem, blocks, sparsity } = scene;
  const plain = (n: number): string => n.toLocaleString("en");
  const whole = `Attention mask ${variant.name}, ${problem.qLen} by ${problem.kvLen}. ${(100 * sparsity.blocks).toFixed(1)} percent of blocks empty, ${plain(blocks.full)} full, ${plain(blocks.partial)} partial${shape === "" ? "" : `: ${shape}`}.${told}`;
  if (isFitted(view, canvas, problem)) return whole;
  const last = (from: number, pixels: number, scale: number, length: number): string =>
    plain(Math.min(length, Math.ceil(from + pixels / scale)) - 1);
  const queries = `${plain(Math.floor(view.y))} to ${last(view.y, canvas.height, view.scaleY, problem.qLen)}`;
  const keys = `${plain(Math.floor(view.x))} to ${last(view.x, canvas.width, view.scaleX, problem.kvLen)}`;
  return `${whole} In view: queries ${queries}, keys ${keys}.`;
}

function useDocuments({ variant, problem }: Scene, batch: number, head: number): Documents | null {
  const body = variant.maskMod?.body ?? null;
  const { qHeads: heads, qLen, kvLen } = problem;
  return useMemo(
    () => (body === null ? null : documentsOf(body, { batch: problem.batch, heads, qLen, kvLen }, batch, head)),
    [body, problem.batch, heads, qLen, kvLen, batch, head],
  );
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
