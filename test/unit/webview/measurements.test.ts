import { describe, expect, test } from "vitest";
import { planSweep, type Sweep, withPoint } from "../../../kernels/runtime/sweep.ts";
import { joined, lastImported, withHistory, withoutSweep, withSweep } from "../../../webview/bench/measurements.ts";
import { reduce } from "../../../webview/reduce.ts";
import { type Action, INITIAL, type PanelState } from "../../../webview/state.ts";
import { showOf } from "../../support/showOf.ts";
import { resultOf } from "../extension/samples.ts";

const fresh: Sweep = planSweep({
  id: "s",
  document: "file:///a.py",
  variant: "causal",
  key: "k",
  axes: [{ kind: "size", name: "S", values: [1, 2] }],
  kernels: ["quad"],
  settings: { samples: 9, budgetMs: 3000 },
  base: { bindings: {}, problem: {}, defaults: {} },
  startedAt: 5,
});
const begun = withPoint(fresh, 0, { state: "done", tookMs: 1, missing: [] });
const [a, b] = [resultOf({ measuredAt: 1 }), resultOf({ measuredAt: 2 })];

describe("what the panel holds of a document's measurements", () => {
  test("is in the order of time, each once, and the same list where nothing is new", () => {
    const history = withHistory(withHistory([], [b]), [a, { ...b }]);
    expect(history).toEqual([a, b]);
    expect(withHistory(history, [{ ...a }])).toBe(history);
  });

  test("two points of a sweep that were measured at one time are two", () => {
    const at = (point: number) => resultOf({ sweep: { id: "s", point } });
    expect(withHistory([], [at(0), at(1)])).toHaveLength(2);
  });

  test("a step that comes late does not undo a later one", () => {
    expect(withSweep([begun], fresh)).toEqual([begun]);
    expect(withSweep([fresh], begun)).toEqual([begun]);
    expect(withSweep([begun], { ...fresh, id: "t", startedAt: 1 }).map((s) => s.id)).toEqual(["t", "s"]);
  });

  test("what the host remembers joins what was measured since", () => {
    expect(joined({ history: [b], sweeps: [begun] }, { results: [a], sweeps: [fresh] })).toEqual({ history: [a, b], sweeps: [begun] });
  });

  test("a sweep that is forgotten goes with its measurements", () => {
    const point = resultOf({ sweep: { id: "s", point: 0 } });
    expect(withoutSweep({ history: [a, point], sweeps: [begun] }, "s")).toEqual({ history: [a], sweeps: [] });
  });

  test("of imported measurements the last of each row stands in the table, and no point of a sweep", () => {
    const [one, two] = [resultOf({ measuredAt: 1, importedFrom: "x.json" }), resultOf({ measuredAt: 2, importedFrom: "x.json" })];
    const point = resultOf({ measuredAt: 3, importedFrom: "x.json", sweep: { id: "x", point: 0 } });
    expect(lastImported([a, one, two, point])).toEqual([two]);
  });
});

describe("the panel's state", () => {
  const document = "file:///a.py";
  const show = showOf("", { document, results: [a] });
  const stateAfter = (...actions: readonly Action[]): PanelState =>
    actions.reduce(
      (state, action) =>
        reduce(state, action, () => ({
          module: { variants: [], diagnostics: [], needs: [], dataNeeds: [], calls: [] },
          scene: null,
          fault: null,
        })),
      INITIAL,
    );
  const point = resultOf({ measuredAt: 3, sweep: { id: "s", point: 0 } });
  const shown = { type: "show", show } as const;
  const measured = { type: "measured", document, result: b } as const;
  const swept = { type: "swept", sweep: begun, results: [point] } as const;

  test("remembers what is told, measured and swept, and shows points of sweeps in no row of the table", () => {
    const told = { type: "history", document, results: [resultOf({ measuredAt: 0 })], sweeps: [] } as const;
    const state = stateAfter(shown, measured, swept, told);
    expect(state.history.map((r) => r.measuredAt)).toEqual([0, 1, 2, 3]);
    expect(state.sweeps).toEqual([begun]);
    expect(state.results.every((r) => r.sweep === undefined)).toBe(true);
  });

  test("takes nothing of other documents, and leaves all behind with its document", () => {
    const other = "file:///b.py";
    const strange = [
      { ...measured, document: other },
      { ...swept, sweep: { ...begun, document: other } },
    ];
    expect(stateAfter(shown, ...strange).history).toEqual([a]);
    const state = stateAfter(shown, measured, swept, { type: "show", show: { ...show, document: other, results: [] } });
    expect([state.history, state.sweeps]).toEqual([[], []]);
  });

  test("a sweep that runs is told apart from a run, and its fault from a run's", () => {
    const running = stateAfter(shown, { type: "started", sweep: "s" }, { type: "progress", fraction: 0.5, now: "x" });
    expect(running.run).toEqual({ status: "running", fraction: 0.5, now: "x", sweep: "s" });
    const ended = reduce(running, { type: "sweepEnded", id: "s", fault: "lost" }, () => {
      throw new Error("nothing is derived");
    });
    expect([ended.run, ended.sweepFault, ended.runFault]).toEqual([{ status: "idle" }, { id: "s", message: "lost" }, null]);
  });

  test("results that are cleared are gone, their history and sweeps too", () => {
    const state = stateAfter(shown, measured, swept, { type: "forget", document });
    expect([state.results, state.history, state.sweeps]).toEqual([[], [], []]);
  });
});
