import { describe, expect, test } from "vitest";
import { planSweep, type Sweep, withPoint } from "../../../kernels/runtime/sweep.ts";
import { joined, lastImported, withHistory, withoutSweep, withSweep } from "../../../webview/bench/measurements.ts";
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
