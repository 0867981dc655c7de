/** The Mask tab: the picture, what one cell is and why, how sparse the mask is and what it costs. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { freeVars } from "../../kernels/ir/walk.ts";
import { queryBlocks } from "../../kernels/mask/blockMask.ts";
import type { Cell as MaskCell } from "../../kernels/mask/firstCell.ts";
import { blocksOfRow } from "../../kernels/mask/rowRuns.ts";
import type { Act } from "../act.ts";
import type { Shape } from "../app.tsx";
import { Button } from "../controls.ts";
import { Icon } from "../icon.tsx";
import { integer } from "../number.ts";
import { usePaced } from "../readersPace.ts";
import type { Cell, PanelState, Scene, Viewport } from "../state.ts";
import type { Theme } from "../theme.ts";
import { Building } from "./building.tsx";
import { CellCard, CostCard, RowCard, SparsityCard } from "./cards.tsx";
import { useCompare } from "./compareHook.ts";
import { CompareBar, CompareToggle, DifferenceCard, DifferenceLegend } from "./compareView.tsx";
import { visibleRegion } from "./export.ts";
import { ExportMenu } from "./exportMenu.tsx";
import { Figure } from "./figure.tsx";
import { Heads } from "./heads.tsx";
import { BiasCard, ProbabilityCard } from "./layerCards.tsx";
import { layerOf, useShown } from "./layerHook.ts";
import { LayerLegend, toldOf } from "./layerLegend.tsx";
import { LayerPicker, layerOfKey } from "./layerPicker.tsx";
import { maskLayer } from "./paint.ts";
import { Report } from "./report.tsx";
import { SlicePicker } from "./slicePicker.tsx";
import { TokenPicker } from "./tokenPicker.tsx";
import { parseTokens, tokenRoom } from "./tokens.ts";
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
const BESIDE: Readonly<Record<Shape, number>> = { narrow: 72, mid: 72, wide: 116 };
/** Ruler, legend and margins above and below the cells. */
const ABOVE_AND_BELOW = 62;
/** A row of small pictures below the figure. */
const HEADS = 112;
const SMALLEST = 200;
/** The report's head; with the report itself, where the window is high enough for both. */
const REPORT_HEAD = 29;
const REPORT = 220;
const reportRoom = (height: number, open: boolean): number => (open && height >= 3 * REPORT ? REPORT : REPORT_HEAD);

export function MaskView(props: ViewProps): JSX.Element {
  const { state, scene, act, theme, shape } = props;
  const [hover, setHover] = useState<Cell | null>(null);
  const room = useRoom();
  const { qLen, kvLen, batch, qHeads } = scene.problem;
  const matrix: Extent = { qLen, kvLen };
  const compare = useCompare(state, scene, theme);
  const [compareOpen, setCompareOpen] = useState(false);
  const [headsOpen, setHeadsOpen] = useState(false);
  const [reportOpen, setReportOpen] = useState(false);
  const { beside } = compare;
  // Where there is more room below the picture than beside it, the cards stand there, and of two masks one below the other.
  const below = shape === "narrow" || room.size.height > room.size.width;
  const figures = beside === null || below ? 1 : 2;
  const margin = beside === null ? BESIDE[shape] : BESIDE.mid;
  const across = (room.size.width - (below ? 0 : ASIDE[shape])) / figures - margin;
  const inView = room.size.height - ABOVE_AND_BELOW - (headsOpen ? HEADS : 0) - reportRoom(room.size.height, reportOpen);
  const down = below ? Math.max(across, inView) : inView;
  const tokens = useMemo(() => parseTokens(state.layers.tokens), [state.layers.tokens]);
  const texts = tokenRoom(tokens);
  const size = figureSize({ width: Math.max(SMALLEST, across - texts.width), height: Math.max(SMALLEST, down - texts.height) }, matrix);
  const stage = figures * (size.width + texts.width + margin);
  const spare = shape === "wide" && !below && room.size.width - stage > 2 * 254;
  const ratio = window.devicePixelRatio;
  const canvas: Size = { width: Math.round(size.width * ratio), height: Math.round(size.height * ratio) };
  const view = state.viewport === null ? fitAll(canvas, matrix) : clamp(state.viewport, canvas, matrix);
  const whole = isFitted(view, canvas, matrix);
  const look = (next: Viewport): void => act.look(isFitted(next, canvas, matrix) ? null : next);
  const zoom = (factor: number): void => look(zoomAt(view, factor, canvas.width / 2, canvas.height / 2, canvas, matrix));
  // A score_mod may ask for batch and head where the mask does not: its steps are in the trace.
  const asked = scene.variant.scoreMod === null ? null : freeVars(scene.variant.scoreMod.body);
  const usesBatch =
    [scene.blockMask, ...compare.masks].some((m) => m.batch > 1) ||
    (batch > 1 && (asked?.has("b") === true || state.layers.shown === "probability"));
  const usesHead =
    [scene.blockMask, ...compare.masks].some((m) => m.heads > 1) ||
    (qHeads > 1 && (asked?.has("h") === true || state.layers.shown === "probability"));
  // A pinned cell stays in the card; the one pointed at is told below.
  const told = usePaced(hover, state.viewport);
  const cell = state.pin ?? told;
  const pointed = told ?? state.pin;
  const extent = usePaced(
    whole ? "all" : `${extentText(canvas.height / view.scaleY)} × ${extentText(canvas.width / view.scaleX)}`,
    state.viewport,
  );
  const trace = useTrace(scene, state, cell);
  const pointedTrace = useTrace(scene, state, pointed);
  const mask = useMemo(() => maskLayer(scene, theme), [scene, theme]);
  const kind = layerOf(state, scene);
  const shown = useShown(state, scene, theme, { view, canvas }, pointed?.q ?? null);
  const layer = shown?.layer ?? compare.layer ?? mask;
  const loads = useLoads(scene, state.batch, state.head);
  /** Shows a cell of any plane, large enough to be told from its neighbours. */
  const goTo = ({ b, h, qIdx, kvIdx }: MaskCell): void => {
    act.chooseSlice(b, h);
    act.pin({ q: qIdx, kv: kvIdx });
    const scale = Math.max(view.scaleX, 12 * ratio);
    look(clamp({ x: kvIdx - canvas.width / scale / 2, y: qIdx - canvas.height / scale / 2, scaleX: scale, scaleY: scale }, canvas, matrix));
  };
  const figure = {
    batch: state.batch,
    head: state.head,
    view,
    canvas,
    size,
    tokens,
    pin: state.pin,
    hover,
    theme,
    onHover: setHover,
    onPin: act.pin,
    onLook: look,
    onSlice: act.chooseSlice,
    onCopy: (at: Cell) =>
      act.copy(traceText(scene.variant, { b: state.batch, h: state.head, q_idx: at.q, kv_idx: at.kv }, state.layers.score)),
  };
  const other =
    beside === null ? null : (
      <div class="side" key="other">
        <div class="small muted clip">{beside.first ? beside.sides.a.label : beside.sides.b.label}</div>
        <Figure {...figure} scene={beside.scene} layer={beside.layer} load={0} loads={[]} testId="mask-canvas-other" />
      </div>
    );
  return (
    <>
      <div class="bar wrap">
        <LayerPicker scene={scene} shown={kind} shape={shape} onChoose={(layers) => act.layers({ shown: layers })} />
        <SlicePicker
          name="b"
          title="batch"
          value={state.batch}
          count={batch}
          used={usesBatch}
          onChoose={(b) => act.chooseSlice(b, state.head)}
          testId="batch"
        />
        <SlicePicker
          name={shape === "narrow" ? "h" : "head"}
          title="head"
          value={state.head}
          count={qHeads}
          used={usesHead}
          onChoose={(h) => act.chooseSlice(state.batch, h)}
          testId="head"
        />
        {batch * qHeads === 1 ? null : (
          <button
            type="button"
            class="link small"
            aria-expanded={headsOpen}
            onClick={() => setHeadsOpen(!headsOpen)}
            data-testid="heads-toggle"
          >
            {headsOpen ? "hide heads" : "all heads"}
          </button>
        )}
        <TokenPicker text={state.layers.tokens} kvLen={kvLen} onGive={(given) => act.layers({ tokens: given })} />
        <span class="grow" />
        <span class="group">
          <Button appearance="icon" label="Zoom out (−)" disabled={whole} onPress={() => zoom(1 / 2)} testId="zoom-out">
            <Icon name="minus" />
          </Button>
          <span class="nowrap">{extent}</span>
          <Button appearance="icon" label="Zoom in (+)" onPress={() => zoom(2)} testId="zoom-in">
            <Icon name="plus" />
          </Button>
          <Button appearance="icon" label="Show all (0)" disabled={whole} onPress={() => act.look(null)} testId="zoom-all">
            <Icon name="fit" />
          </Button>
        </span>
        <CompareToggle
          open={compareOpen || compare.with !== null}
          onPress={() => {
            setCompareOpen(!compareOpen && compare.with === null);
            if (compare.with !== null) act.compare(null);
          }}
        />
        <ExportMenu
          scene={scene}
          layer={shown?.kind === "probability" ? shown.finished : layer}
          batch={state.batch}
          head={state.head}
          visible={visibleRegion(view, canvas, scene.problem, state.batch, state.head)}
          act={act}
        />
      </div>
      {compareOpen || compare.with !== null ? (
        <CompareBar state={state} scene={scene} act={act} mode={compare.mode} onMode={compare.setMode} />
      ) : null}
      <div class="scroll" ref={room.ref}>
        <div
          class={`mask ${state.fault === null ? "" : "stale"} ${state.pending === null ? "" : "waiting"} ${below ? "below" : spare ? "spare" : ""}`}
          style={spare ? `grid-template-columns:${stage}px minmax(0,1fr)` : undefined}
        >
          {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the picture that has focus, see keys.ts */}
          <div
            class="stage"
            onKeyDown={(event) => {
              if (!(event.target instanceof HTMLCanvasElement) || event.ctrlKey || event.altKey || event.metaKey) return;
              const chosen = layerOfKey(event.key, scene, kind);
              if (chosen !== null) act.layers({ shown: chosen });
              if (event.key !== "d") return;
              if (compare.with === null) setCompareOpen(true);
              else compare.setMode(compare.mode === "beside" ? "difference" : "beside");
            }}
          >
            {state.fault === null ? null : <span class="tag warn asof">{`as of ${new Date(scene.readAt).toLocaleTimeString()}`}</span>}
            {state.pending === null ? null : (
              <span class="tag asof building" data-testid="building">
                <Building state={state} onStop={act.stopBuilding} />
              </span>
            )}
            <div class={beside === null ? "" : "sides"}>
              {beside?.first === true ? other : null}
              <div class="side" key="shown">
                {beside === null ? null : <div class="small muted clip">{beside.first ? beside.sides.b.label : beside.sides.a.label}</div>}
                <Figure
                  {...figure}
                  scene={scene}
                  layer={layer}
                  {...(shown !== null ? { told: toldOf(shown) } : compare.told === null ? {} : { told: compare.told })}
                  {...(shown?.kind === "probability" ? { overview: mask } : {})}
                  load={compare.with === null && shape === "wide" ? BESIDE.wide - 64 : 0}
                  loads={beside === null ? loads : []}
                />
              </div>
              {beside?.first === false ? other : null}
            </div>
            {shown !== null ? (
              <LayerLegend state={state} scene={scene} theme={theme} act={act} shown={shown} />
            ) : compare.layer === null || compare.comparison === null ? (
              <Legend scene={scene} shape={shape} />
            ) : (
              <DifferenceLegend comparison={compare.comparison} />
            )}
            {headsOpen ? (
              <Heads
                scene={scene}
                layer={shown?.kind === "probability" ? mask : layer}
                others={compare.masks}
                batch={state.batch}
                head={state.head}
                onChoose={act.chooseSlice}
              />
            ) : null}
          </div>
          <aside>
            {cell === null || trace === null ? null : (
              <CellCard scene={scene} state={state} cell={cell} trace={trace} act={act} pinned={state.pin !== null} />
            )}
            {shown?.kind === "bias" ? <BiasCard state={state} scene={scene} act={act} shown={shown} cell={pointed} /> : null}
            {shown?.kind === "probability" && pointed !== null ? <ProbabilityCard scene={scene} shown={shown} cell={pointed} /> : null}
            {compare.with === null || compare.comparison === null ? null : (
              <DifferenceCard
                comparison={compare.comparison}
                scene={scene}
                then={compare.with}
                cell={pointed === null ? null : { b: state.batch, h: state.head, ...pointed }}
                onGo={goTo}
              />
            )}
            <SparsityCard scene={scene} />
            {cell === null ? null : <RowCard scene={scene} state={state} q={cell.q} />}
            <CostCard scene={scene} />
          </aside>
          <Report state={state} scene={scene} act={act} open={reportOpen} onOpen={setReportOpen} />
        </div>
      </div>
      <Status cell={pointed} trace={pointedTrace} shape={shape} />
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

function useTrace(scene: Scene, { batch, head, layers }: PanelState, cell: Cell | null): Trace | null {
  const { variant } = scene;
  const q = cell?.q;
  const kv = cell?.kv;
  return useMemo(
    () => (q === undefined || kv === undefined ? null : traceCell(variant, { b: batch, h: head, q_idx: q, kv_idx: kv }, layers.score)),
    [variant, batch, head, q, kv, layers.score],
  );
}

/** Full and partial blocks of each row of the plane shown. */
function useLoads({ blockMask }: Scene, b: number, h: number): readonly (readonly [full: number, partial: number])[] {
  return useMemo(() => Array.from({ length: queryBlocks(blockMask) }, (_, row) => blocksOfRow(blockMask, b, h, row)), [blockMask, b, h]);
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
    <div class="status" data-testid="cell-status">
      <span>
        q <b style="min-width:54px">{cell === null ? "–" : integer(cell.q)}</b>
      </span>
      <span>
        kv <b style="min-width:54px">{cell === null ? "–" : integer(cell.kv)}</b>
      </span>
      <span>
        <b data-testid="cell-verdict">{trace === null ? "" : trace.allowed ? "allowed" : "masked"}</b>
        {trace === null || trace.maskedBy === null || shape === "narrow" ? null : <span class="muted"> by {trace.maskedBy}</span>}
      </span>
      <span class="grow" />
      {shape === "narrow" ? null : <span class="clip">1–4 layers · arrows move · +/− zoom · Enter pins · ? all keys</span>}
    </div>
  );
}
