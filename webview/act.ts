/**
 * What a hand on the panel does: changes the state at once and tells the host, which keeps it. Components call these
 * and nothing else, so that no view knows of messages.
 */

import type { BindingValue } from "../kernels/frontend/module.ts";
import type { ProblemHints, Span } from "../kernels/ir/mod.ts";
import { planSweep, type Sweep, type SweepDefinition, type SweepSettings } from "../kernels/runtime/sweep.ts";
import type { Sort, SortedTable } from "./bench/sorting.ts";
import { baseOf } from "./bench/sweepAxes.ts";
import { keyOfBase } from "./bench/sweepWork.ts";
import { stoppedBuilding } from "./derive.ts";
import type { Host } from "./host.ts";
import type { CompareWith, ForgetRun, PanelCommand, SavingsForm, ShownKernel, View } from "./protocol.ts";
import type { Cell, Charted, Layers, Looked, Viewport } from "./state.ts";
import type { Store } from "./store.ts";

export interface Act {
  chooseView(view: View): void;
  chooseVariant(name: string): void;
  /** The form's problem sizes, all of them; a size left out is the text's again. */
  setProblem(problem: ProblemHints): void;
  /** Asks for a name to keep these sizes under. */
  savePreset(problem: ProblemHints): void;
  /** Opens the user's own sizes where they are kept. */
  editPresets(): void;
  /** The panel follows the cursor, or stays with what it shows. */
  setFollows(follows: boolean): void;
  /** The form's value for a name; an empty text takes it back. */
  bind(name: string, expression: string): void;
  chooseSlice(batch: number, head: number): void;
  pin(cell: Cell | null): void;
  look(viewport: Viewport | null): void;
  /** Gives up the mask that is being built. */
  stopBuilding(): void;
  /** Another layer of the Mask tab, or another setting of one. */
  layers(change: Partial<Layers>): void;
  /** Compares the mask shown; null: no more. */
  compare(other: CompareWith | null): void;
  toggle(part: "capturesOpen" | "problemOpen" | "sweepOpen"): void;
  /** Shows another kernel or tile in the Kernel tab; null: the one that a run takes. */
  showKernel(looked: Looked | null): void;
  /** Runs of the variant shown take this kernel with this tile from now on; null: they choose by themselves. */
  takeKernel(looked: Looked | null): void;
  /** Measures the variant shown; after the run of another panel, if there is one. */
  run(): void;
  /** Looks for the fastest kernel and tile for the scene shown. */
  tune(): void;
  /** Forgets what was found for problems like the one shown. */
  untune(device: string, problemClass: string): void;
  /** Begins a sweep of the variant shown. */
  startSweep(wanted: Pick<SweepDefinition, "axes" | "kernels" | "settings">): void;
  /** Goes on with what is left of a sweep. */
  resumeSweep(sweep: Sweep): void;
  forgetSweep(sweep: Sweep): void;
  cancel(): void;
  /** Asks again for a GPU device. */
  probe(): void;
  /** Tests this window's WebGPU step by step, and shows what came of it. */
  testGpu(): void;
  closeGpuTest(): void;
  /** A command of the extension. */
  command(command: PanelCommand): void;
  /** Lets the user choose a data file as the value of a capture. */
  pickFile(name: string): void;
  /** Writes the form's values and sizes above the variant shown, as a directive. */
  writeDirective(): void;
  /** Rewrites what is underlined there, as its diagnostic says. */
  fix(span: Span): void;
  /** Puts the page in anew. */
  reload(): void;
  /** Shows a place of the text in the editor, or of a module that it imports. */
  reveal(span: Span): void;
  copy(text: string): void;
  /** The lines of Python that save the shown variant's tensors, for the clipboard. */
  copyCaptureSnippet(): void;
  /** The shown variant with its values as Python that runs by itself, for the clipboard. */
  copyPython(): void;
  openText(language: string, text: string): void;
  /** Opens a kernel of the variant shown as a document that follows the text. */
  openKernel(kernel: ShownKernel): void;
  /** Lights places of the Python in the editor; none: puts the light out. */
  light(spans: readonly Span[]): void;
  saveFile(name: string, data: Uint8Array): void;
  /** What charts and history are of. */
  chart(change: Partial<Charted>): void;
  /** The order of a table; null: its own. */
  sort(table: SortedTable, sort: Sort | null): void;
  /** How a new sweep samples. */
  setSweepSettings(change: Partial<SweepSettings>): void;
  /** Forgets what a run measured. */
  forgetRun(run: string): void;
  /** The user's own numbers for savings. */
  setSavings(form: SavingsForm): void;
}

/** `engine` runs, tunes, cancels and asks for the device; the rest goes to the store and the host. */
export function createAct(
  store: Store,
  host: Host,
  engine: { run(): void; tune(): void; sweep(sweep: Sweep): void; cancel(): void; probe(): void; test(): void },
): Act {
  const document = (): string => store.get().show?.document ?? "";
  const selected = (): void => {
    const { scene, variant, view } = store.get();
    const name = scene?.variant.name ?? variant;
    if (name !== null) host.post({ type: "selected", document: document(), variant: name, view });
  };
  const setProblem = (problem: ProblemHints): void => {
    store.dispatch({ type: "problem", problem });
    host.post({ type: "problem", document: document(), problem });
  };
  return {
    chooseView: (view) => {
      store.dispatch({ type: "view", view });
      selected();
    },
    chooseVariant: (name) => {
      store.dispatch({ type: "variant", name });
      selected();
    },
    stopBuilding: () => {
      const { pending } = store.get();
      if (pending !== null) store.dispatch({ type: "unbuilt", pending, fault: stoppedBuilding(pending.variant) });
    },
    setProblem,
    savePreset: (problem) => host.post({ type: "savePreset", problem }),
    editPresets: () => host.post({ type: "editPresets" }),
    setFollows: (follows) => {
      store.dispatch({ type: "told", change: { follows } });
      host.post({ type: "following", follows });
    },
    bind: (name, expression) => {
      const bindings: Record<string, BindingValue> = { ...store.get().show?.bindings };
      if (expression.trim() === "") delete bindings[name];
      else bindings[name] = expression.trim();
      store.dispatch({ type: "bindings", bindings });
      host.post({ type: "bindings", document: document(), bindings });
    },
    chooseSlice: (batch, head) => store.dispatch({ type: "slice", batch, head }),
    pin: (cell) => store.dispatch({ type: "pin", cell }),
    look: (viewport) => store.dispatch({ type: "viewport", viewport }),
    layers: (change) => store.dispatch({ type: "layers", change }),
    compare: (other) => store.dispatch({ type: "compare", document: document(), with: other }),
    toggle: (part) => store.dispatch({ type: "toggle", part }),
    showKernel: (looked) => store.dispatch({ type: "look", looked }),
    takeKernel: (looked) => {
      const { scene, show } = store.get();
      if (scene === null) return;
      const { [scene.variant.name]: _before, ...others } = show?.kernels ?? {};
      const taken = looked === null ? {} : { [scene.variant.name]: { kernel: [looked.engine], kernelOptions: { ...looked.options } } };
      const kernels = { ...others, ...taken };
      store.dispatch({ type: "kernels", kernels });
      host.post({ type: "kernels", document: document(), kernels });
      store.dispatch({ type: "look", looked: null });
    },
    run: () => {
      const { elsewhere, scene } = store.get();
      if (elsewhere.variant === null) engine.run();
      else if (scene !== null) host.post({ type: "wants", document: document(), variant: scene.variant.name, wants: true });
    },
    pickFile: (name) => host.post({ type: "pickFile", document: document(), name }),
    writeDirective: () => {
      const name = store.get().scene?.variant.name;
      if (name !== undefined) host.post({ type: "writeDirective", document: document(), variant: name });
    },
    fix: (span) => host.post({ type: "fix", document: span.file, from: span.from, to: span.to }),
    reload: () => host.post({ type: "reload" }),
    tune: engine.tune,
    startSweep: ({ axes, kernels, settings }) => {
      const { show, scene } = store.get();
      if (show === null || scene === null) return;
      const variant = scene.variant.name;
      const base = baseOf(show, scene);
      const key = keyOfBase(show, { axes, base, variant });
      if (key === null) return;
      const definition = { id: crypto.randomUUID(), document: show.document, variant, key, axes, kernels, settings, base };
      const sweep = planSweep({ ...definition, startedAt: Date.now() });
      const step = { type: "swept", sweep, results: [] } as const;
      store.dispatch(step);
      host.post(step);
      if (store.get().sweepOpen) store.dispatch({ type: "toggle", part: "sweepOpen" });
      engine.sweep(sweep);
    },
    resumeSweep: (sweep) => engine.sweep(sweep),
    forgetSweep: ({ document: of, id }) => {
      const step = { type: "forgetSweep", document: of, id } as const;
      store.dispatch(step);
      host.post(step);
    },
    untune: (device, problemClass) => {
      store.dispatch({ type: "untuned", device, problemClass });
      host.post({ type: "untuned", device, problemClass });
    },
    cancel: () => {
      const { elsewhere, scene } = store.get();
      if (elsewhere.waits && scene !== null) host.post({ type: "wants", document: document(), variant: scene.variant.name, wants: false });
      engine.cancel();
    },
    probe: engine.probe,
    testGpu: engine.test,
    closeGpuTest: () => store.dispatch({ type: "gpuTest", test: null }),
    command: (command) => host.post({ type: "command", command }),
    reveal: (span) => {
      if (store.get().show?.sources.some(({ file }) => file === span.file) === true)
        host.post({ type: "reveal", document: span.file, from: span.from, to: span.to });
    },
    copyPython: () => {
      const name = store.get().scene?.variant.name;
      if (name !== undefined) host.post({ type: "copyPython", document: document(), variant: name });
    },
    copyCaptureSnippet: () => {
      const name = store.get().scene?.variant.name;
      if (name !== undefined) host.post({ type: "captureSnippet", document: document(), variant: name });
    },
    copy: (text) => host.post({ type: "copy", text }),
    openKernel: (kernel) => {
      const name = store.get().scene?.variant.name;
      if (name !== undefined) host.post({ type: "openKernel", document: document(), variant: name, kernel });
    },
    light: (spans) => host.post({ type: "light", document: document(), spans }),
    openText: (language, text) => host.post({ type: "openText", language, text }),
    chart: (change) => store.dispatch({ type: "charted", change }),
    sort: (table, sort) => store.dispatch({ type: "sort", table, sort }),
    setSweepSettings: (change) => store.dispatch({ type: "sweepSettings", change }),
    forgetRun: (run) => {
      const message: ForgetRun = { type: "forgetRun", document: document(), run };
      store.dispatch(message);
      host.post(message);
    },
    setSavings: (form) => {
      store.dispatch({ type: "told", change: { savings: form } });
      host.post({ type: "savings", form });
    },
    saveFile: (name, data) => host.post({ type: "saveFile", name, base64: base64(data) }),
  };
}

/** Bytes as base64, in chunks that fit a call's arguments. */
export function base64(data: Uint8Array): string {
  let text = "";
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
  return btoa(text);
}
