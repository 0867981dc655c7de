/** The panel's state and what can happen to it: messages of the host, hands of the user, news of the engine. */

import type { KernelOptions } from "../kernels/flash/kernelOptions.ts";
import type { DeviceLimits, Engine, Refusal } from "../kernels/flash/plan.ts";
import type { Problem } from "../kernels/flash/problem.ts";
import { NO_TUNINGS, type Tuned, type Tunings } from "../kernels/flash/tuned.ts";
import type { LoweredModule, LoweredVariant } from "../kernels/frontend/module.ts";
import type { ProblemHints, Span } from "../kernels/ir/mod.ts";
import type { BlockCounts, BlockMask } from "../kernels/mask/blockMask.ts";
import type { TuneRow } from "../kernels/runtime/autotune.ts";
import type { BenchResult, DeviceInfo } from "../kernels/runtime/result.ts";
import type { Sweep, SweepSettings } from "../kernels/runtime/sweep.ts";
import { NO_SAVINGS_FORM } from "./bench/savings.ts";
import { type Sort, type SortedTable, type Sorts, UNSORTED } from "./bench/sorting.ts";
import type { Comparison } from "./comparison.ts";
import type {
  CompareWith,
  DocumentState,
  ForgetRun,
  MaskLayer,
  PastText,
  Preset,
  SavingsForm,
  Show,
  Surroundings,
  TakenKernels,
  View,
} from "./protocol.ts";
import type { GpuTest } from "./troubleshoot/facts.ts";

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
  /** null: none was chosen yet. */
  readonly shown: MaskLayer | null;
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
      /** Id of the sweep that it is of; absent: it is none. */
      readonly sweep?: string;
    };

/** The GPU that this window has. */
export interface Device {
  readonly info: DeviceInfo;
  readonly limits: DeviceLimits;
}

/** What the host says of this panel and its surroundings, as it was said last. */
export interface Told {
  /** The panel goes where the cursor goes; else it is pinned to what it shows. */
  readonly follows: boolean;
  /** The variant that another panel measures, null where none does; `waits`: a run of this one starts after it. */
  readonly elsewhere: { readonly variant: string | null; readonly waits: boolean };
  /** The user's own. */
  readonly presets: readonly Preset[];
  readonly documentState: DocumentState;
  /** Where the editor's cursor rests in a text, an offset; null: not told yet. */
  readonly cursor: { readonly document: string; readonly offset: number } | null;
  /** The user's own numbers, as given in this panel or another. */
  readonly savings: SavingsForm;
  /** The window; null: not told yet. */
  readonly surroundings: Surroundings | null;
}

/** What charts and history are of, as the user chose it; null: what they choose by themselves. */
export interface Charted {
  /** A sweep's id, or all measurements by length. */
  readonly basis: string | null;
  readonly device: string | null;
  /** Of the history. */
  readonly sizes: string | null;
  /** Those that are compared, two at most. */
  readonly runs: readonly string[] | null;
}

export interface PanelState extends Told {
  readonly show: Show | null;
  /** The host speaks another version of the protocol. */
  readonly isStranger: boolean;
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
  /** How far the parts of the page that scroll are down, in px, by their `data-scroll`. */
  readonly scroll: Readonly<Record<string, number>>;
  readonly charted: Charted;
  readonly sorts: Sorts;
  /** The last measurement of each row of the table. */
  readonly results: readonly BenchResult[];
  /** All remembered measurements of the document shown, oldest first: those of sweeps, and imported ones, among them. */
  readonly history: readonly BenchResult[];
  /** Sweeps of the document shown, oldest first. */
  readonly sweeps: readonly Sweep[];
  /** The form of a new sweep is open. */
  readonly sweepOpen: boolean;
  /** How a new sweep samples. */
  readonly sweepSettings: SweepSettings;
  /** Why the sweep stopped that ran last; null: for no fault. */
  readonly sweepFault: { readonly id: string; readonly message: string } | null;
  readonly run: Run;
  /** Of the last run, for the variant named. */
  readonly missing: { readonly variant: string; readonly list: readonly Missing[] } | null;
  readonly runFault: string | null;
  /** null: not asked for yet, or there is none (`deviceFault` says why). */
  readonly device: Device | null;
  readonly deviceFault: string | null;
  /** The test of the window's WebGPU, in the place of the view; null: none is shown. */
  readonly gpuTest: GpuTest | null;
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
  | { readonly type: "told"; readonly change: Partial<Told> }
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
  | { readonly type: "kernels"; readonly kernels: TakenKernels }
  | { readonly type: "charted"; readonly change: Partial<Charted> }
  | { readonly type: "sort"; readonly table: SortedTable; readonly sort: Sort | null }
  | { readonly type: "sweepSettings"; readonly change: Partial<SweepSettings> }
  /** A part of the page was scrolled: kept, and nothing is drawn anew. */
  | { readonly type: "scrolled"; readonly part: string; readonly top: number }
  | { readonly type: "slice"; readonly batch: number; readonly head: number }
  | { readonly type: "pin"; readonly cell: Cell | null }
  | { readonly type: "layers"; readonly change: Partial<Layers> }
  | { readonly type: "compare"; readonly document: string; readonly with: CompareWith | null }
  | { readonly type: "past"; readonly text: PastText }
  | { readonly type: "compared"; readonly comparison: Comparison | null }
  | { readonly type: "viewport"; readonly viewport: Viewport | null }
  | { readonly type: "toggle"; readonly part: "capturesOpen" | "problemOpen" | "sweepOpen" }
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
  | { readonly type: "gpuTest"; readonly test: GpuTest | null }
  | { readonly type: "started"; readonly sweep?: string }
  | { readonly type: "progress"; readonly fraction: number; readonly now: string }
  | { readonly type: "measured"; readonly document: string; readonly result: BenchResult }
  | { readonly type: "history"; readonly document: string; readonly results: readonly BenchResult[]; readonly sweeps: readonly Sweep[] }
  /** A step of a sweep. */
  | { readonly type: "swept"; readonly sweep: Sweep; readonly results: readonly BenchResult[] }
  | ForgetRun
  | { readonly type: "sweepEnded"; readonly id: string; readonly fault: string | null }
  | { readonly type: "forgetSweep"; readonly document: string; readonly id: string }
  /** The results of a document were cleared. */
  /** `results`: what was measured of their kernels on their devices alone, outside of sweeps. */
  | { readonly type: "forget"; readonly document: string; readonly results?: readonly BenchResult[] }
  | { readonly type: "ended"; readonly variant: string; readonly missing: readonly Missing[]; readonly fault: string | null };

export const INITIAL: PanelState = {
  follows: true,
  elsewhere: { variant: null, waits: false },
  presets: [],
  documentState: "open",
  cursor: null,
  savings: NO_SAVINGS_FORM,
  surroundings: null,
  show: null,
  isStranger: false,
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
  layers: { shown: null, score: 0, overMask: true, tokens: "" },
  compare: null,
  past: null,
  comparison: null,
  viewport: null,
  capturesOpen: false,
  problemOpen: false,
  scroll: {},
  charted: { basis: null, device: null, sizes: null, runs: null },
  sorts: UNSORTED,
  results: [],
  history: [],
  sweeps: [],
  sweepOpen: false,
  // As a run has them.
  sweepSettings: { samples: 9, budgetMs: 3000 },
  sweepFault: null,
  run: { status: "idle" },
  missing: null,
  runFault: null,
  device: null,
  deviceFault: null,
  gpuTest: null,
  looked: null,
  tunings: NO_TUNINGS,
  tuning: null,
};
