/** The Mask tab: the picture, what one cell is and why, how sparse the mask is and what it costs. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { freeVars } from "../../kernels/ir/walk.ts";
import { queryBlocks } from "../../kernels/mask/blockMask.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { Button } from "../controls.ts";
import { Icon } from "../icon.tsx";
import { integer } from "../number.ts";
import type { Cell, PanelState, Scene, Viewport } from "../state.ts";
import type { Theme } from "../theme.ts";
import { CellCard, CostCard, RowCard, SparsityCard } from "./cards.tsx";
import { saveAs } from "./export.ts";
import { Figure } from "./figure.tsx";
import { maskLayer } from "./paint.ts";
import { blocksOfRow } from "./rowRuns.ts";
import { type Trace, traceCell, traceText } from "./trace.ts";
import { clamp, type Extent, figureSize, fitAll, isFitted, type Size, zoomAt } from "./viewport.ts";

interface ViewProps {
  readonly state: PanelState;
  readonly scene: Scene;
  readonly act: Act;
  readonly theme: Theme;
  readonly shape: Shape;
}

const ASIDE: Readonly<Record<Shape, number>> = { narrow: 0, mid: 236, wide: 254 };
/** Rulers, margins and the load chart beside the cells. */
const BESIDE: Readonly<Record<Shape, number>> = { narrow: 64, mid: 64, wide: 108 };
/** Ruler, legend and margins above and below the cells. */
const ABOVE_AND_BELOW = 62;
const SMALLEST = 200;

export function MaskView(props: ViewProps): JSX.Element {
  const { state, scene, act, theme, shape } = props;
  const [hover, setHover] = useState<Cell | null>(null);
  const room = useRoom();
  const { qLen, kvLen, batch, qHeads } = scene.problem;
  const matrix: Extent = { qLen, kvLen };
  const across = room.size.width - ASIDE[shape] - BESIDE[shape];
  const down = shape === "narrow" ? across : room.size.height - ABOVE_AND_BELOW;
  const size = figureSize({ width: Math.max(SMALLEST, across), height: Math.max(SMALLEST, down) }, matrix);
  const spare = shape === "wide" && room.size.width - size.width - BESIDE.wide > 2 * 254;
  const ratio = window.devicePixelRatio;
  const canvas: Size = { width: Math.round(size.width * ratio), height: Math.round(size.height * ratio) };
  const view = state.viewport === null ? fitAll(canvas, matrix) : clamp(state.viewport, canvas, matrix);
  const whole = isFitted(view, canvas, matrix);
  const look = (next: Viewport): void => act.look(isFitted(next, canvas, matrix) ? null : next);
  const zoom = (factor: number): void => look(zoomAt(view, factor, canvas.width / 2, canvas.height / 2, canvas, matrix));
  // A score_mod may ask for batch and head where the mask does not: its steps are in the trace.
  const asked = scene.variant.scoreMod === null ? null : freeVars(scene.variant.scoreMod.body);
  const usesBatch = scene.blockMask.batch > 1 || (batch > 1 && asked?.has("b") === true);
  const usesHead = scene.blockMask.heads > 1 || (qHeads > 1 && asked?.has("h") === true);
  const cell = hover ?? state.pin;
  const trace = useTrace(scene, state, cell);
  const layer = useMemo(() => maskLayer(scene, theme), [scene, theme]);
  const loads = useLoads(scene, state.batch, state.head);
  return (
    <>
      <div class="bar">
        <Stepper
          name="b"
          title="batch"
          value={state.batch}
          count={batch}
          used={usesBatch}
          onStep={(b) => act.chooseSlice(b, state.head)}
          testId="batch"
        />
        <Stepper
          name={shape === "narrow" ? "h" : "head"}
          title="head"
          value={state.head}
          count={qHeads}
          used={usesHead}
          onStep={(h) => act.chooseSlice(state.batch, h)}
          testId="head"
        />
        <span class="grow" />
        <span class="group">
          <Button appearance="icon" label="Zoom out (−)" disabled={whole} onPress={() => zoom(1 / 2)} testId="zoom-out">
            <Icon name="minus" />
          </Button>
          <span class="nowrap">
            {whole ? "all" : `${extentText(canvas.height / view.scaleY)} × ${extentText(canvas.width / view.scaleX)}`}
          </span>
          <Button appearance="icon" label="Zoom in (+)" onPress={() => zoom(2)} testId="zoom-in">
            <Icon name="plus" />
          </Button>
          <Button appearance="icon" label="Show all (0)" disabled={whole} onPress={() => act.look(null)} testId="zoom-all">
            <Icon name="fit" />
          </Button>
        </span>
        <span class="group">
          <Button appearance="icon" label="Save as PNG" onPress={() => saveAs("png", state, scene, theme, act)} testId="export-png">
            <Icon name="picture" />
          </Button>
          {shape === "narrow" ? null : (
            <Button appearance="icon" label="Save as SVG" onPress={() => saveAs("svg", state, scene, theme, act)} testId="export-svg">
              <Icon name="vector" />
            </Button>
          )}
          <Button appearance="icon" label="Copy as text" onPress={() => saveAs("text", state, scene, theme, act)} testId="export-text">
            <Icon name="copy" />
          </Button>
        </span>
      </div>
      <div class="scroll" ref={room.ref}>
        <div
          class={`mask ${state.fault === null && state.pending === null ? "" : "stale"} ${spare ? "spare" : ""}`}
          style={spare ? `grid-template-columns:${size.width + BESIDE.wide}px minmax(0,1fr)` : undefined}
        >
          <div class="stage">
            {state.fault === null ? null : <span class="tag warn asof">{`as of ${new Date(scene.readAt).toLocaleTimeString()}`}</span>}
            {state.pending === null ? null : (
              <span class="tag asof building" role="status" data-testid="building">{`building ${state.pending.variant.name}…`}</span>
            )}
            <Figure
              scene={scene}
              layer={layer}
              batch={state.batch}
              head={state.head}
              view={view}
              canvas={canvas}
              size={size}
              load={shape === "wide" ? BESIDE.wide - 56 : 0}
              loads={loads}
              pin={state.pin}
              hover={hover}
              theme={theme}
              onHover={setHover}
              onPin={act.pin}
              onLook={look}
              onSlice={act.chooseSlice}
              onCopy={(at) => act.copy(traceText(scene.variant, { b: state.batch, h: state.head, q_idx: at.q, kv_idx: at.kv }))}
            />
            <Legend scene={scene} shape={shape} />
          </div>
          <aside>
            {cell === null || trace === null ? null : (
              <CellCard scene={scene} state={state} cell={cell} trace={trace} act={act} pinned={state.pin !== null && hover === null} />
            )}
            <SparsityCard scene={scene} />
            {cell === null ? null : <RowCard scene={scene} state={state} q={cell.q} />}
            <CostCard scene={scene} />
          </aside>
        </div>
      </div>
      <Status cell={cell} trace={trace} shape={shape} />
    </>
  );
}

const extentText = (n: number): string => integer(Math.max(1, Math.round(n)));

/** The room for picture and side panel, watched. */
function useRoom(): { readonly ref: { current: HTMLDivElement | null }; readonly size: Size } {
  const ref = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size>({ width: window.innerWidth, height: window.innerHeight - 130 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, size };
}

function useTrace(scene: Scene, { batch, head }: PanelState, cell: Cell | null): Trace | null {
  const { variant } = scene;
  const q = cell?.q;
  const kv = cell?.kv;
  return useMemo(
    () => (q === undefined || kv === undefined ? null : traceCell(variant, { b: batch, h: head, q_idx: q, kv_idx: kv })),
    [variant, batch, head, q, kv],
  );
}

/** Full and partial blocks of each row of the plane shown. */
function useLoads({ blockMask }: Scene, b: number, h: number): readonly (readonly [full: number, partial: number])[] {
  return useMemo(() => Array.from({ length: queryBlocks(blockMask) }, (_, row) => blocksOfRow(blockMask, b, h, row)), [blockMask, b, h]);
}

interface StepperProps {
  readonly name: string;
  readonly title: string;
  readonly value: number;
  readonly count: number;
  /** The mask depends on it. */
  readonly used: boolean;
  readonly onStep: (value: number) => void;
  readonly testId: string;
}

function Stepper(props: StepperProps): JSX.Element {
  const { name, title, value, count, used, onStep, testId } = props;
  if (!used) {
    return (
      <span class="group" title={count > 1 ? `The mask is the same for every ${title}` : `There is one ${title}`}>
        <span class="muted tiny">{name}</span>
        <span class="muted">{count > 1 ? "any" : "0"}</span>
      </span>
    );
  }
  return (
    <span class="group stepper">
      <span class="muted tiny">{name}</span>
      <Button
        appearance="icon"
        label={`Previous ${title}`}
        disabled={value === 0}
        onPress={() => onStep(value - 1)}
        testId={`${testId}-previous`}
      >
        <Icon name="minus" />
      </Button>
      <b title={`${title} ${value} of ${count}`} data-testid={testId}>
        {value}
      </b>
      <Button
        appearance="icon"
        label={`Next ${title}`}
        disabled={value >= count - 1}
        onPress={() => onStep(value + 1)}
        testId={`${testId}-next`}
      >
        <Icon name="plus" />
      </Button>
    </span>
  );
}

function Legend(props: { readonly scene: Scene; readonly shape: Shape }): JSX.Element {
  const { scene, shape } = props;
  const { full, partial, empty } = scene.blocks;
  const [q, kv] = scene.problem.blockSize;
  return (
    <div class="legend">
      <span>
        <i class="swatch full" />
        {`full ${integer(full)}`}
      </span>
      <span>
        <i class="swatch partial" />
        {`partial ${integer(partial)}${shape === "wide" ? " (allowed, masked)" : ""}`}
      </span>
      <span>
        <i class="swatch empty" />
        {`empty ${integer(empty)}`}
      </span>
      <span class="grow" />
      {shape === "narrow" ? null : (
        <span>{scene.variant.maskMod === null ? "score_mod alone: nothing is masked" : `block ${q} × ${kv}`}</span>
      )}
    </div>
  );
}

function Status(props: { readonly cell: Cell | null; readonly trace: Trace | null; readonly shape: Shape }): JSX.Element {
  const { cell, trace, shape } = props;
  return (
    <div class="status">
      <span>
        q <b style="min-width:54px">{cell === null ? "–" : integer(cell.q)}</b>
      </span>
      <span>
        kv <b style="min-width:54px">{cell === null ? "–" : integer(cell.kv)}</b>
      </span>
      <span>
        <b data-testid="cell-verdict">{trace === null ? "" : trace.allowed ? "allowed" : "masked"}</b>
      </span>
      <span class="grow" />
      {shape === "narrow" ? null : <span class="clip">arrows move · +/− zoom · Enter pins · N next allowed</span>}
    </div>
  );
}
