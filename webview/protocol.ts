/**
 * The messages between host and panel, and the one thing of `webview` that the host may import. Messages down are
 * commands, messages up are facts; nothing in the host waits for the panel. Text travels, not the IR: both sides run
 * the same lowering on it. JSON all the way (VS Code carries typed arrays too, but no infinities or nan); data files go
 * as their bytes.
 */
import type { Tuned } from "../kernels/flash/tuned.ts";
import type { BindingValue, DataFile, Source } from "../kernels/frontend/module.ts";
import type { ProblemHints } from "../kernels/ir/mod.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";

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

export type ToPanel =
  | Show
  | Edit
  | PastText
  /** Compare the mask shown of `document`; null: no more. */
  | { readonly type: "compare"; readonly document: string; readonly with: CompareWith | null }
  /** Paint another layer in the Mask tab. */
  | { readonly type: "layer"; readonly layer: MaskLayer }
  /** Start a benchmark of the variant shown, as the lens does. */
  | { readonly type: "run" }
  | { readonly type: "cancel" }
  /** The results of this document were cleared: drop those that the panel holds. */
  | { readonly type: "forget"; readonly document: string }
  /** What the autotuner found on this machine's devices, all that is remembered. */
  | { readonly type: "tunings"; readonly tuned: readonly Tuned[] };

export type FromPanel =
  /** The panel's script has started and can take a `show`. */
  | { readonly type: "ready"; readonly version: number }
  /** The user chose another variant, view, or problem in the panel. */
  | { readonly type: "selected"; readonly document: string; readonly variant: string; readonly view: View }
  | { readonly type: "problem"; readonly document: string; readonly problem: ProblemHints }
  | { readonly type: "bindings"; readonly document: string; readonly bindings: Readonly<Record<string, BindingValue>> }
  /** The panel compares the document with a former text, and wants it; null: no longer. */
  | { readonly type: "comparing"; readonly document: string; readonly past: Past | null }
  | { readonly type: "running"; readonly document: string; readonly variant: string; readonly running: boolean }
  /** How much of that is done, 0 to 1; said when another tenth is. */
  | { readonly type: "progress"; readonly document: string; readonly variant: string; readonly fraction: number }
  | { readonly type: "result"; readonly document: string; readonly result: BenchResult }
  /** The autotuner has a winner, to be remembered for its device and class of problems. */
  | { readonly type: "tuned"; readonly tuned: Tuned }
  /** Forget that winner. */
  | { readonly type: "untuned"; readonly device: string; readonly problemClass: string }
  /** The lines of Python that save the variant's tensors, wanted on the clipboard. */
  | { readonly type: "captureSnippet"; readonly document: string; readonly variant: string }
  /** The variant with its values as Python that runs by itself, wanted on the clipboard. */
  | { readonly type: "copyPython"; readonly document: string; readonly variant: string }
  /** Text to put on the clipboard or into a new editor. */
  | { readonly type: "copy"; readonly text: string }
  | { readonly type: "openText"; readonly language: string; readonly text: string }
  | { readonly type: "saveFile"; readonly name: string; readonly base64: string }
  /** Reveal the source of a variant. */
  | { readonly type: "reveal"; readonly document: string; readonly from: number; readonly to: number }
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly text: string };

const PROBLEM_KEYS = {
  batch: "B",
  qHeads: "H",
  kvHeads: "HKV",
  qLen: "Q_LEN",
  kvLen: "KV_LEN",
  qkHeadDim: "D",
  vHeadDim: "DV",
  scale: "SCALE",
} as const;

/**
 * What to hand to `lowerModule` as `bindings`: the form's values, and the form's problem sizes under their reserved
 * keys, so that seeded captures take the shape of the problem shown. Host and panel both lower with this.
 */
export function lowerBindings(show: Pick<Show, "bindings" | "problem">): Record<string, BindingValue> {
  const bindings: Record<string, BindingValue> = { ...show.bindings };
  for (const [hint, key] of Object.entries(PROBLEM_KEYS)) {
    const value = show.problem[hint as keyof typeof PROBLEM_KEYS];
    if (value !== undefined) bindings[key] = String(value);
  }
  if (show.problem.blockSize !== undefined) bindings["BLOCK_SIZE"] = `(${show.problem.blockSize.join(", ")})`;
  if (show.problem.storage !== undefined) bindings["DTYPE"] = `"${show.problem.storage}"`;
  return bindings;
}
