/**
 * The panel's state and the one function that changes it. What comes in: messages of the host, hands of the user,
 * news of the engine. Everything that follows from the text (variants, problem, mask) is derived anew by the
 * `Derive` handed in, which makes the reducer a pure function; the last good scene outlives an error in the text.
 */

import type { KernelOptions } from "../kernels/flash/kernelOptions.ts";
import type { DeviceLimits, Engine, Refusal } from "../kernels/flash/plan.ts";
import type { Problem } from "../kernels/flash/problem.ts";
import { NO_TUNINGS, readTunings, type Tuned, type Tunings, withoutTuned, withTuned } from "../kernels/flash/tuned.ts";
import type { LoweredModule, LoweredVariant } from "../kernels/frontend/module.ts";
import type { ProblemHints, Span } from "../kernels/ir/mod.ts";
import type { BlockCounts, BlockMask } from "../kernels/mask/blockMask.ts";
import type { TuneRow } from "../kernels/runtime/autotune.ts";
import type { BenchResult, DeviceInfo } from "../kernels/runtime/result.ts";
import type { Comparison } from "./comparison.ts";
import type { CompareWith, MaskLayer, PastText, Show, ShownFile, View } from "./protocol.ts";

/** One variant with its sizes and its mask: what the three tabs draw. */
export interface Scene {
  readonly variant: LoweredVariant;
  readonly problem: Problem;
  readonly blockMask: BlockMask;
  /** Over the batches and heads that are stored. */
  readonly blocks: BlockCounts;
  /** `elements` null: not counted yet. */
  readonly sparsity: { readonly blocks: number; readonly elements: number | null };
  /** By it a stored result knows that it is stale. */
  readonly key: string;
  /** Time to build the block mask, milliseconds. */
  readonly builtMs: number;
  /** When the text was read, milliseconds since 1970. */
  readonly readAt: number;
}

/** Why something is not shown: the cause and the way out, and where in the text it is. */
export interface Fault {
  readonly message: string;
  readonly span: Span | null;
}

/** A variant at its sizes whose mask takes longer to build than an edit may wait. */
export interface Pending {
  readonly variant: LoweredVariant;
  readonly problem: Problem;
  /** When the text was read, milliseconds since 1970. */
  readonly readAt: number;
}

/**
 * What a text gives. `scene` is null where the variant asked for cannot be shown, and `fault` then says why; or where
 * its mask is `pending`.
 */
export interface Derived {
  readonly module: LoweredModule;
  readonly scene: Scene | null;
  readonly fault: Fault | null;
  readonly pending?: Pending;
}

export type Derive = (show: Show, variant: string | null) => Derived;

/** A rectangle of the matrix on the canvas: its upper left element, and device pixels per element in each direction. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

export interface Cell {
  readonly q: number;
  readonly kv: number;
}

/** The layer, and what its controls say. */
export interface Layers {
  readonly shown: MaskLayer;
  /** The score that the bias is shown at. */
  readonly score: number;
  /** Masked cells are hatched in the bias; else it is shown everywhere. */
  readonly overMask: boolean;
  /** Token texts for the rulers, as they were given; empty: none. */
  readonly tokens: string;
}

/** A kernel without a time: it does not fit the problem or the device, or it broke on the GPU. */
export interface Missing extends Refusal {
  readonly broke: boolean;
}

export type Run =
  | { readonly status: "idle" }
  | {
      readonly status: "running";
      /** 0 to 1. */
      readonly fraction: number;
      /** What runs now, in words. */
      readonly now: string;
    };

/** The GPU that this window has. */
export interface Device {
  readonly info: DeviceInfo;
  readonly limits: DeviceLimits;
}

export interface PanelState {
  readonly show: Show | null;
  readonly module: LoweredModule | null;
  readonly view: View;
  /** The variant asked for; null: the first. */
  readonly variant: string | null;
  /** The last good one; `fault` says whether it is of the present text. */
  readonly scene: Scene | null;
  readonly fault: Fault | null;
  /** What is being built for the present text; `scene` is of the one before until it is there. */
  readonly pending: Pending | null;
  /** How much of it is done, 0 to 1; null: not known yet. */
  readonly builtShare: number | null;
  readonly batch: number;
  readonly head: number;
  readonly pin: Cell | null;
  readonly layers: Layers;
  /** What the mask shown of the document is compared with; null: nothing. */
  readonly compare: { readonly document: string; readonly with: CompareWith } | null;
  /** The former text that the host sent last. */
  readonly past: PastText | null;
  /** What came of it; null where nothing is compared. */
  readonly comparison: Comparison | null;
  /** null: all of the matrix, whatever the size of the canvas. */
  readonly viewport: Viewport | null;
  readonly capturesOpen: boolean;
  readonly problemOpen: boolean;
  readonly results: readonly BenchResult[];
  readonly run: Run;
  /** Of the last run, for the variant named. */
  readonly missing: { readonly variant: string; readonly list: readonly Missing[] } | null;
  readonly runFault: string | null;
  /** null: not asked for yet, or there is none (`deviceFault` says why). */
  readonly device: Device | null;
  readonly deviceFault: string | null;
  /** The kernel that the Kernel tab shows, and its tile; null: the one that a run takes. */
  readonly looked: Looked | null;
  /** All winners of the autotuner that the host remembers. */
  readonly tunings: Tunings;
  /** What the last tuning tried, for the variant named; null: nothing. */
  readonly tuning: { readonly variant: string; readonly rows: readonly TuneRow[] } | null;
}

/** A kernel with a tile. */
export interface Looked {
  readonly engine: Engine;
  /** Empty: the kernel's own. */
  readonly options: KernelOptions;
}

export type Action =
  | { readonly type: "show"; readonly show: Show }
  /** The host speaks another version of the protocol: nothing of it can be shown. */
  | { readonly type: "stranger" }
  /** The mask that was pending is there: drawn, unless the text has gone on. */
  | { readonly type: "built"; readonly pending: Pending; readonly scene: Scene }
  | { readonly type: "building"; readonly pending: Pending; readonly share: number }
  | { readonly type: "unbuilt"; readonly pending: Pending; readonly fault: Fault }
  /** The allowed elements of a mask were counted. */
  | { readonly type: "counted"; readonly blockMask: BlockMask; readonly elements: number }
  | { readonly type: "view"; readonly view: View }
  | { readonly type: "variant"; readonly name: string }
  | { readonly type: "problem"; readonly problem: ProblemHints }
  | { readonly type: "bindings"; readonly bindings: Show["bindings"] }
  | { readonly type: "slice"; readonly batch: number; readonly head: number }
  | { readonly type: "pin"; readonly cell: Cell | null }
  | { readonly type: "layers"; readonly change: Partial<Layers> }
  | { readonly type: "compare"; readonly document: string; readonly with: CompareWith | null }
  | { readonly type: "past"; readonly text: PastText }
  | { readonly type: "compared"; readonly comparison: Comparison | null }
  | { readonly type: "viewport"; readonly viewport: Viewport | null }
  | { readonly type: "toggle"; readonly part: "capturesOpen" | "problemOpen" }
  | { readonly type: "look"; readonly looked: Looked | null }
  | { readonly type: "tunings"; readonly tuned: readonly Tuned[] }
  /** Of this panel's own autotuner: `tuned` null where it found none. */
  | {
      readonly type: "tuned";
      readonly variant: string;
      readonly tuned: Tuned | null;
      readonly rows: readonly TuneRow[];
      readonly fault: string | null;
    }
  | { readonly type: "untuned"; readonly device: string; readonly problemClass: string }
  | { readonly type: "device"; readonly device: Device | null; readonly fault: string | null }
  | { readonly type: "started" }
  | { readonly type: "progress"; readonly fraction: number; readonly now: string }
  | { readonly type: "measured"; readonly document: string; readonly result: BenchResult }
  /** The results of a document were cleared. */
  | { readonly type: "forget"; readonly document: string }
  | { readonly type: "ended"; readonly variant: string; readonly missing: readonly Missing[]; readonly fault: string | null };

export const INITIAL: PanelState = {
  show: null,
  module: null,
  view: "mask",
  variant: null,
  scene: null,
  fault: null,
  pending: null,
  builtShare: null,
  batch: 0,
  head: 0,
  pin: null,
  layers: { shown: "state", score: 0, overMask: true, tokens: "" },
  compare: null,
  past: null,
  comparison: null,
  viewport: null,
  capturesOpen: false,
  problemOpen: false,
  results: [],
  run: { status: "idle" },
  missing: null,
  runFault: null,
  device: null,
  deviceFault: null,
  looked: null,
  tunings: NO_TUNINGS,
  tuning: null,
};

/** The next state. Pure as far as `derive` is. */
export function reduce(state: PanelState, action: Action, derive: Derive): PanelState {
  switch (action.type) {
    case "show": {
      const show = withBytes(action.show, state.show);
      const other = show.document !== state.show?.document;
      const base: PanelState = other
        ? {
            ...INITIAL,
            ...comparingWith(state, show.document),
            view: state.view,
            layers: { ...state.layers, tokens: "" },
            device: state.device,
            deviceFault: state.deviceFault,
            tunings: state.tunings,
            run: state.run,
          }
        : state;
      return settle(
        {
          ...base,
          show,
          view: show.view ?? base.view,
          variant: show.variant ?? base.variant,
          results: mergeResults(base.results, show.results),
        },
        derive,
      );
    }
    case "stranger":
      return { ...state, fault: { message: "This panel is of another version of Flexlens. Close it and open it again.", span: null } };
    case "built":
      return action.pending === state.pending ? withScene({ ...state, pending: null }, action.scene) : state;
    case "building":
      return action.pending === state.pending ? { ...state, builtShare: action.share } : state;
    case "unbuilt":
      return action.pending === state.pending ? { ...state, pending: null, fault: action.fault } : state;
    case "counted":
      return state.scene?.blockMask === action.blockMask
        ? { ...state, scene: { ...state.scene, sparsity: { ...state.scene.sparsity, elements: action.elements } } }
        : state;
    case "view":
      return { ...state, view: action.view };
    case "variant":
      return settle({ ...state, variant: action.name }, derive);
    case "problem":
      return state.show === null ? state : settle({ ...state, show: { ...state.show, problem: action.problem } }, derive);
    case "bindings":
      return state.show === null ? state : settle({ ...state, show: { ...state.show, bindings: action.bindings } }, derive);
    case "slice":
      return { ...state, batch: action.batch, head: action.head };
    case "pin":
      return { ...state, pin: action.cell };
    case "layers":
      return { ...state, layers: { ...state.layers, ...action.change } };
    case "compare":
      if (action.with === null) return { ...state, compare: null, comparison: null };
      // The difference is a picture of its own, in the place of reasons and scores.
      return {
        ...state,
        compare: { document: action.document, with: action.with },
        comparison: null,
        layers: { ...state.layers, shown: "state" },
      };
    case "past":
      return { ...state, past: action.text };
    case "compared":
      return action.comparison === null && state.comparison === null ? state : { ...state, comparison: action.comparison };
    case "viewport":
      return { ...state, viewport: action.viewport };
    case "toggle":
      return { ...state, [action.part]: !state[action.part] };
    case "look":
      return { ...state, looked: action.looked };
    case "tunings":
      return { ...state, tunings: readTunings({ ...NO_TUNINGS, tuned: action.tuned }) };
    case "tuned":
      return {
        ...state,
        run: { status: "idle" },
        runFault: action.fault,
        tunings: action.tuned === null ? state.tunings : withTuned(state.tunings, action.tuned),
        tuning: action.rows.length === 0 ? null : { variant: action.variant, rows: action.rows },
      };
    case "untuned":
      return { ...state, tunings: withoutTuned(state.tunings, action.device, action.problemClass), tuning: null };
    case "device":
      return { ...state, device: action.device, deviceFault: action.fault };
    case "started":
      return { ...state, run: { status: "running", fraction: 0, now: "opening the device" }, runFault: null, missing: null };
    case "progress":
      return state.run.status === "running" ? { ...state, run: { status: "running", fraction: action.fraction, now: action.now } } : state;
    case "measured":
      return action.document === state.show?.document ? { ...state, results: mergeResults(state.results, [action.result]) } : state;
    case "forget":
      return action.document === state.show?.document ? { ...state, show: { ...state.show, results: [] }, results: [] } : state;
    case "ended":
      return {
        ...state,
        run: { status: "idle" },
        runFault: action.fault,
        missing: { variant: action.variant, list: action.missing },
      };
  }
}

/** A comparison may be asked for before its document is shown. */
const comparingWith = ({ compare, past }: PanelState, document: string): Pick<PanelState, "compare" | "past"> => ({
  compare: compare?.document === document ? compare : null,
  past: past?.document === document ? past : null,
});

/** Derives from the text, and keeps the last good scene where that gives none. */
function settle(state: PanelState, derive: Derive): PanelState {
  if (state.show === null) return state;
  const { module, scene, fault, pending = null } = derive(state.show, state.variant);
  if (scene !== null) return withScene({ ...state, module, fault, pending: null }, scene);
  if (pending !== null) return { ...state, module, fault: null, pending, builtShare: null, variant: pending.variant.name };
  // With nothing to show and no error there is nothing to keep either: the mods were deleted.
  return { ...state, module, fault, pending: null, scene: fault === null ? null : state.scene };
}

/** Shows `scene`, and keeps of place and pin what still fits it. */
function withScene(state: PanelState, scene: Scene): PanelState {
  const { qLen, kvLen, batch, qHeads } = scene.problem;
  const before = state.scene?.problem;
  const resized = before === undefined || before.qLen !== qLen || before.kvLen !== kvLen;
  return {
    ...state,
    scene,
    // A variant that was shown because it comes first stays shown when another is written above it.
    variant: scene.variant.name,
    batch: Math.min(state.batch, batch - 1),
    head: Math.min(state.head, qHeads - 1),
    viewport: resized ? null : state.viewport,
    pin: state.pin !== null && state.pin.q < qLen && state.pin.kv < kvLen ? state.pin : null,
  };
}

/** `show` with the bytes that the page has had before. */
function withBytes(show: Show, before: Show | null): Show {
  if (show.files === undefined || before?.files === undefined) return show;
  const had = before.files;
  const bytesOf = (file: ShownFile): Uint8Array | null =>
    had.find((h) => h.from === file.from && h.path === file.path && h.version === file.version)?.bytes ?? null;
  return {
    ...show,
    files: show.files.map((file) => (file.bytes === null && file.fault === null ? { ...file, bytes: bytesOf(file) } : file)),
  };
}

/** Where two results would fill the same row of the table the later measurement stays. */
export function mergeResults(old: readonly BenchResult[], fresh: readonly BenchResult[]): readonly BenchResult[] {
  const rows = new Map<string, BenchResult>();
  for (const r of [...old, ...fresh]) {
    const row = resultRow(r);
    const known = rows.get(row);
    if (known === undefined || known.measuredAt <= r.measuredAt) rows.set(row, r);
  }
  return [...rows.values()];
}

/** What makes two results the same row: the last measurement of a kernel for a variant on a device. */
export const resultRow = (r: BenchResult): string => [r.variant, r.engine, r.direction, r.device.name].join("\n");

/** What outlives a reload of the panel. The host holds the rest and sends it again. */
export interface Saved {
  readonly version: number;
  readonly show: Show;
  readonly view: View;
  readonly variant: string | null;
  readonly batch: number;
  readonly head: number;
  readonly pin: Cell | null;
  readonly layers: Layers;
  readonly compare: PanelState["compare"];
  readonly capturesOpen: boolean;
}

/** Characters of token texts that outlive a reload. */
const MOST_TOKENS = 100_000;

export function save(state: PanelState, version: number): Saved | null {
  if (state.show === null) return null;
  const { view, variant, batch, head, pin, layers, compare, capturesOpen } = state;
  // Bytes are too many for a state object; the host sends them when the page is ready.
  const files = (state.show.files ?? []).map((file) => ({ ...file, bytes: null }));
  return {
    version,
    show: { ...state.show, files, view: null, variant, results: state.results },
    view,
    variant,
    batch,
    head,
    pin,
    // Texts of a whole book are too many for a state object.
    layers: layers.tokens.length > MOST_TOKENS ? { ...layers, tokens: "" } : layers,
    compare,
    capturesOpen,
  };
}

/** The state that `save` kept; the initial one for anything else. */
export function restore(saved: unknown, version: number, derive: Derive): PanelState {
  if (!isSaved(saved) || saved.version !== version) return INITIAL;
  const { show, view, variant, batch, head, pin, compare, capturesOpen } = saved;
  const layers = { ...INITIAL.layers, ...saved.layers };
  return settle(
    { ...INITIAL, show, results: show.results, view, variant, batch, head, pin, layers, compare: compare ?? null, capturesOpen },
    derive,
  );
}

function isSaved(x: unknown): x is Saved {
  return (
    typeof x === "object" && x !== null && "version" in x && "show" in x && typeof x.show === "object" && x.show !== null && "view" in x
  );
}

export interface Store {
  get(): PanelState;
  dispatch(action: Action): void;
  /** Calls `listener` after each change; gives the way to stop. */
  subscribe(listener: () => void): () => void;
}

export function createStore(initial: PanelState, derive: Derive): Store {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    dispatch: (action) => {
      const next = reduce(state, action, derive);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
