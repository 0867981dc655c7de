/**
 * The one function that changes the panel's state. Everything that follows from the text (variants, problem, mask) is
 * derived anew by the `Derive` handed in, which makes it a pure function; the last good scene outlives an error in the
 * text.
 */

import { NO_TUNINGS, readTunings, withoutTuned, withTuned } from "../kernels/flash/tuned.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import { joined, withHistory, withoutSweep, withSweep } from "./bench/measurements.ts";
import type { Show, ShownFile } from "./protocol.ts";
import { type Action, type Derive, INITIAL, type PanelState, type Scene } from "./state.ts";

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
            follows: state.follows,
            elsewhere: state.elsewhere,
            presets: state.presets,
            surroundings: state.surroundings,
            savings: state.savings,
            sorts: state.sorts,
            sweepSettings: state.sweepSettings,
            gpuTest: state.gpuTest,
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
          documentState: "open",
          isStranger: false,
          view: show.view ?? base.view,
          gpuTest: show.view === null ? base.gpuTest : null,
          variant: show.variant ?? base.variant,
          results: mergeResults(base.results, show.results),
          history: withHistory(base.history, show.results),
        },
        derive,
      );
    }
    case "told":
      return { ...state, ...action.change };
    case "stranger":
      return { ...state, isStranger: true };
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
      return { ...state, view: action.view, gpuTest: null };
    case "variant":
      return settle({ ...state, variant: action.name }, derive);
    case "problem":
      return state.show === null ? state : settle({ ...state, show: { ...state.show, problem: action.problem } }, derive);
    case "bindings":
      return state.show === null ? state : settle({ ...state, show: { ...state.show, bindings: action.bindings } }, derive);
    case "kernels":
      return state.show === null ? state : { ...state, show: { ...state.show, kernels: action.kernels } };
    case "charted":
      return { ...state, charted: { ...state.charted, ...action.change } };
    case "sort":
      return { ...state, sorts: { ...state.sorts, [action.table]: action.sort } };
    case "sweepSettings":
      return { ...state, sweepSettings: { ...state.sweepSettings, ...action.change } };
    case "scrolled":
      return { ...state, scroll: { ...state.scroll, [action.part]: action.top } };
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
    case "gpuTest":
      return { ...state, gpuTest: action.test };
    case "started":
      return {
        ...state,
        run: { status: "running", fraction: 0, now: "opening the device", ...(action.sweep === undefined ? {} : { sweep: action.sweep }) },
        runFault: null,
        sweepFault: null,
        missing: null,
      };
    case "progress":
      return state.run.status === "running" ? { ...state, run: { ...state.run, fraction: action.fraction, now: action.now } } : state;
    case "measured":
      return action.document === state.show?.document
        ? { ...state, results: mergeResults(state.results, [action.result]), history: withHistory(state.history, [action.result]) }
        : state;
    case "history":
      return action.document === state.show?.document ? { ...state, ...joined(state, action) } : state;
    case "swept":
      return action.sweep.document === state.show?.document
        ? { ...state, sweeps: withSweep(state.sweeps, action.sweep), history: withHistory(state.history, action.results) }
        : state;
    case "sweepEnded":
      return { ...state, run: { status: "idle" }, sweepFault: action.fault === null ? null : { id: action.id, message: action.fault } };
    case "forgetSweep":
      return action.document === state.show?.document ? { ...state, ...withoutSweep(state, action.id) } : state;
    case "forgetRun":
      return action.document === state.show?.document ? withoutRun(state, action.run) : state;
    case "forget":
      if (action.document !== state.show?.document) return state;
      if (action.results !== undefined) {
        const rows = new Set(action.results.map(resultRow));
        const isKept = (r: BenchResult): boolean => !rows.has(resultRow(r));
        const show = { ...state.show, results: state.show.results.filter(isKept) };
        const history = state.history.filter((r) => r.sweep !== undefined || isKept(r));
        return { ...state, show, history, results: state.results.filter(isKept) };
      }
      return { ...state, show: { ...state.show, results: [] }, results: [], history: [], sweeps: [] };
    case "ended":
      return {
        ...state,
        run: { status: "idle" },
        runFault: action.fault,
        missing: { variant: action.variant, list: action.missing },
      };
  }
}

/** Without what a run measured: each kernel's run before is its last one again. */
function withoutRun(state: PanelState, run: string): PanelState {
  const history = state.history.filter((r) => r.run !== run);
  const rows = new Set(state.results.filter((r) => r.run === run).map(resultRow));
  const isKept = (r: BenchResult): boolean => r.run !== run;
  const again = history.filter((r) => rows.has(resultRow(r)));
  const show = state.show === null ? null : { ...state.show, results: state.show.results.filter(isKept) };
  return { ...state, show, history, results: mergeResults(state.results.filter(isKept), again) };
}

/** A comparison may be asked for before its document is shown. */
const comparingWith = ({ compare, past }: PanelState, document: string): Pick<PanelState, "compare" | "past"> => ({
  compare: compare?.document === document ? compare : null,
  past: past?.document === document ? past : null,
});

/** Derives from the text, and keeps the last good scene where that gives none. */
export function settle(state: PanelState, derive: Derive): PanelState {
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
  // Before the first one there is the place of a restored panel, or none.
  const resized = before !== undefined && (before.qLen !== qLen || before.kvLen !== kvLen);
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
