/**
 * The messages between host and panel, and the one thing of `webview` that the host may import. Messages down are
 * commands, messages up are facts; nothing in the host waits for the panel. Text travels, not the IR: both sides run
 * the same lowering on it. JSON all the way (VS Code carries typed arrays too, but no infinities or nan); data files go
 * as their bytes.
 */
import type { KernelOptions } from "../kernels/flash/kernelOptions.ts";
import type { DeviceLimits, Engine, KernelPlan } from "../kernels/flash/plan.ts";
import type { Tuned } from "../kernels/flash/tuned.ts";
import type { BindingValue, DataFile, Source } from "../kernels/frontend/module.ts";
import { type ProblemHints, SIZE_KEYS, type Span } from "../kernels/ir/mod.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import type { Sweep } from "../kernels/runtime/sweep.ts";

/** Grows when a message changes its meaning; a panel of another version asks to be reloaded. */
export const PROTOCOL_VERSION = 2;

export type View = "mask" | "benchmark" | "kernel";

/** What the Mask tab paints: block states, the conjunct that masks, what a score_mod adds, probabilities. */
export type MaskLayer = "state" | "why" | "bias" | "probability";

/** A data file that the text or a form value names. */
export interface ShownFile extends DataFile {
  /**
   * Another with each reading of the file. Bytes go once: null without a fault says that the page has them under this
   * version already, or will get them with the next `show` after its `ready`.
   */
  readonly version: number;
}

/** Holds all a panel needs: a reloaded panel restores itself from the last one. */
export interface Show {
  readonly type: "show";
  readonly version: number;
  /** The document's URI, the key of its form values and results. */
  readonly document: string;
  /** What the tab title and the panel call it. */
  readonly title: string;
  /** The document first, then the modules it imports. */
  readonly sources: readonly Source[];
  /** The data files that lowering asks for; absent: none. */
  readonly files?: readonly ShownFile[];
  /** Form values, by name. */
  readonly bindings: Readonly<Record<string, BindingValue>>;
  /** Problem sizes from the panel's form; they win over the text's. */
  readonly problem: ProblemHints;
  /** Absent: none was taken. */
  readonly kernels?: TakenKernels;
  /** The user's settings, for what neither form nor text says: `withDefaults({ ...variant.problem, ...problem }, defaults)`. */
  readonly defaults?: ProblemHints;
  /** Name of the variant; null: the first. */
  readonly variant: string | null;
  /** null: the view the panel has. */
  readonly view: View | null;
  /** Stored results of this document's variants. */
  readonly results: readonly BenchResult[];
  /** `Date.now()` of the edit that this follows, for the time from there to the picture; absent where there was none. */
  readonly editedAt?: number;
}

/**
 * A source of the last `show`, for a page that has that: the text between two offsets replaced; or by its place alone,
 * where it is the same.
 */
export type KnownSource =
  | { readonly at: number }
  | { readonly at: number; readonly from: number; readonly to: number; readonly newText: string };

/** A `show` by what differs from the one before: an edit costs its own length, not that of all that is imported. */
export interface Edit extends Omit<Show, "type" | "sources"> {
  readonly type: "edit";
  readonly sources: readonly (Source | KnownSource)[];
}

/** A former text of the document: as it was last saved, or as git's HEAD has it. */
export type Past = "saved" | "head";

/** What the mask shown is compared with: another of the same text by its name, or itself in a former text. */
export type CompareWith = { readonly kind: "variant"; readonly name: string } | { readonly kind: Past };

/** A former text, for the comparison that the panel said it makes. Sent again when it changes. */
export interface PastText {
  readonly type: "past";
  readonly document: string;
  readonly past: Past;
  /** As `Show.sources`, each as it was then where that can be known; null where there is no former text: `fault` says why. */
  readonly sources: readonly Source[] | null;
  /** The cause and the way out. */
  readonly fault: string | null;
}

/** Which of two GPUs the page asks for; "default": whichever the browser likes. */
export type PowerPreference = "high-performance" | "low-power" | "default";

/** What the host knows of the window, and the page cannot see. Sent after `ready`, and when it changes. */
export interface Surroundings {
  /** Versions. */
  readonly vscode: string;
  readonly flexlens: string;
  /** What the window's files are reached by: `ssh-remote`, `wsl`, `dev-container`; null: they are on its own machine. */
  readonly remote: string | null;
  /** The user's setting. */
  readonly powerPreference: PowerPreference;
}

/** Commands of the extension that the panel's links run. */
export type PanelCommand = "openExample" | "getStarted" | "exportResults" | "importResults";

export type ToPanel =
  | Show
  | Edit
  | PastText
  /** Compare the mask shown of `document`; null: no more. */
  | { readonly type: "compare"; readonly document: string; readonly with: CompareWith | null }
  /** Paint another layer in the Mask tab. */
  | { readonly type: "layer"; readonly layer: MaskLayer }
  | { readonly type: "surroundings"; readonly surroundings: Surroundings }
  /** Test this window's WebGPU, and show what came of it. */
  | { readonly type: "testGpu" }
  /** Start a benchmark of the variant shown, as the lens does. */
  | { readonly type: "run" }
  | { readonly type: "cancel" }
  /** The results of this document were cleared, or some were: drop those that the panel holds. */
  | { readonly type: "forget"; readonly document: string; readonly results?: readonly BenchResult[] }
  /** What the autotuner found on this machine's devices, all that is remembered. */
  | { readonly type: "tunings"; readonly tuned: readonly Tuned[] }
  /** Where the cursor rests in a document's text, an offset: the kernel's lines that come of that line light up. */
  | { readonly type: "cursor"; readonly document: string; readonly offset: number }
  /** Whether this panel follows the cursor; else it is pinned to what it shows. */
  | { readonly type: "follows"; readonly follows: boolean }
  /** The variant that another panel measures, null where none does; `waits`: this panel's run starts when that has ended. */
  | { readonly type: "elsewhere"; readonly variant: string | null; readonly waits: boolean }
  /** Another panel has measured something of this document. */
  | { readonly type: "measured"; readonly document: string; readonly results: readonly BenchResult[] }
  /** All that is remembered of a document's measurements, to join what the panel has. Sent when a document is first shown, and after an import. */
  | { readonly type: "history"; readonly document: string; readonly results: readonly BenchResult[]; readonly sweeps: readonly Sweep[] }
  /** A step of a sweep that another panel runs. */
  | Swept
  | ForgetSweep
  | ForgetRun
  /** What the user gave for savings, in any panel. Sent after `ready` where there is something, and when it changes. */
  | { readonly type: "savings"; readonly form: SavingsForm }
  /** Whether the panel's tab is in front: a page that is not is throttled, and its times are not its kernels'. */
  | { readonly type: "visible"; readonly visible: boolean }
  /** Open the form of a sweep. */
  | { readonly type: "planSweep" }
  /** The user's own sizes, by name. */
  | { readonly type: "presets"; readonly presets: readonly Preset[] }
  /** Whether the document is open in the editor; `gone`: it was closed without ever having been saved. */
  | { readonly type: "document"; readonly document: string; readonly state: DocumentState };

/** A sweep as it is after a step, with what the step measured: kept together, so that a stored sweep is never half a step. */
export interface Swept {
  readonly type: "swept";
  readonly sweep: Sweep;
  readonly results: readonly BenchResult[];
}

/** Forget a sweep and its measurements. */
export interface ForgetSweep {
  readonly type: "forgetSweep";
  readonly document: string;
  readonly id: string;
}

/** A kernel by what makes its text: the host writes the same one from it. */
export interface ShownKernel {
  readonly engine: Engine;
  /** Empty: the engine's own tile. */
  readonly options: KernelOptions;
  /** One of the engine's kernels. */
  readonly pass: KernelPlan["pass"];
  /** What the device offers that it is for. */
  readonly limits: DeviceLimits;
}

/** Forget what one run (`BenchResult.run`) measured. */
export interface ForgetRun {
  readonly type: "forgetRun";
  readonly document: string;
  readonly run: string;
}

/** The user's own numbers for what a faster kernel is worth; null: not given. Kept over workspaces. */
export interface SavingsForm {
  readonly steps: number | null;
  /** Attention calls a step: layers, and micro-batches where there are any. */
  readonly calls: number | null;
  /** A GPU hour's, in `currency`. */
  readonly price: number | null;
  /** Free text: `EUR`, `credits`. */
  readonly currency: string;
}

export type DocumentState = "open" | "closed" | "gone";

/** Sizes under a name: what they leave out stays as it is. */
export interface Preset {
  readonly name: string;
  readonly problem: ProblemHints;
}

/** The kernel and tile that the user took for each variant, by its name; others choose by themselves. */
export type TakenKernels = Readonly<Record<string, Pick<ProblemHints, "kernel" | "kernelOptions">>>;

export type FromPanel =
  /** The panel's script has started and can take a `show`. */
  | { readonly type: "ready"; readonly version: number }
  /** The user chose another variant, view, or problem in the panel. */
  | { readonly type: "selected"; readonly document: string; readonly variant: string; readonly view: View }
  | { readonly type: "problem"; readonly document: string; readonly problem: ProblemHints }
  | { readonly type: "bindings"; readonly document: string; readonly bindings: Readonly<Record<string, BindingValue>> }
  /** The user took a kernel for a variant, or gave it up: all that stand now. */
  | { readonly type: "kernels"; readonly document: string; readonly kernels: TakenKernels }
  /** The panel is to follow the cursor, or to stay with what it shows. */
  | { readonly type: "following"; readonly follows: boolean }
  /** A run is wanted while another panel measures, or no longer wanted. */
  | { readonly type: "wants"; readonly document: string; readonly variant: string; readonly wants: boolean }
  /** The sizes shown, to be kept under a name that the user gives. */
  | { readonly type: "savePreset"; readonly problem: ProblemHints }
  /** The user's own sizes are to be shown where they are kept. */
  | { readonly type: "editPresets" }
  /** A data file is to be chosen as the value of a capture. */
  | { readonly type: "pickFile"; readonly document: string; readonly name: string }
  /** The form's values and sizes are to be written into the text, as a directive of the variant. */
  | { readonly type: "writeDirective"; readonly document: string; readonly variant: string }
  /** What is underlined there is to be rewritten, as its diagnostic says. */
  | { readonly type: "fix"; readonly document: string; readonly from: number; readonly to: number }
  /** The page is to be put in anew. */
  | { readonly type: "reload" }
  /** The panel compares the document with a former text, and wants it; null: no longer. */
  | { readonly type: "comparing"; readonly document: string; readonly past: Past | null }
  | { readonly type: "running"; readonly document: string; readonly variant: string; readonly running: boolean }
  /** How much of that is done, 0 to 1; said when another tenth is. */
  | { readonly type: "progress"; readonly document: string; readonly variant: string; readonly fraction: number }
  | { readonly type: "result"; readonly document: string; readonly result: BenchResult }
  | Swept
  | ForgetSweep
  | ForgetRun
  | { readonly type: "savings"; readonly form: SavingsForm }
  /** The autotuner has a winner, to be remembered for its device and class of problems. */
  | { readonly type: "tuned"; readonly tuned: Tuned }
  /** Forget that winner. */
  | { readonly type: "untuned"; readonly device: string; readonly problemClass: string }
  /** The lines of Python that save the variant's tensors, wanted on the clipboard. */
  | { readonly type: "captureSnippet"; readonly document: string; readonly variant: string }
  /** The variant with its values as Python that runs by itself, wanted on the clipboard. */
  | { readonly type: "copyPython"; readonly document: string; readonly variant: string }
  | { readonly type: "command"; readonly command: PanelCommand }
  /** Text to put on the clipboard or into a new editor. */
  | { readonly type: "copy"; readonly text: string }
  | { readonly type: "openText"; readonly language: string; readonly text: string }
  | { readonly type: "saveFile"; readonly name: string; readonly base64: string }
  /** The kernel shown is to be opened as a document that follows the text. */
  | { readonly type: "openKernel"; readonly document: string; readonly variant: string; readonly kernel: ShownKernel }
  /** The Python that the pointer or the focus is on, in the kernel or beside it; empty: none. */
  | { readonly type: "light"; readonly document: string; readonly spans: readonly Span[] }
  /** Reveal a place of the text, or of a module that it imports. */
  | { readonly type: "reveal"; readonly document: string; readonly from: number; readonly to: number }
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly text: string };

/**
 * What to hand to `lowerModule` as `bindings`: the form's values, and the form's problem sizes under their reserved
 * keys, so that seeded captures take the shape of the problem shown. Host and panel both lower with this.
 */
export function lowerBindings(show: Pick<Show, "bindings" | "problem">): Record<string, BindingValue> {
  const bindings: Record<string, BindingValue> = { ...show.bindings };
  for (const [key, hint] of Object.entries({ ...SIZE_KEYS, SCALE: "scale" } as const)) {
    const value = show.problem[hint];
    if (value !== undefined) bindings[key] = String(value);
  }
  if (show.problem.blockSize !== undefined) bindings["BLOCK_SIZE"] = `(${show.problem.blockSize.join(", ")})`;
  if (show.problem.storage !== undefined) bindings["DTYPE"] = `"${show.problem.storage}"`;
  return bindings;
}
