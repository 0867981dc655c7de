import { describe, expect, test } from "vitest";
import { createInputStore } from "../../../extension/inputs.ts";
import { createResultStore, type Memory } from "../../../extension/results.ts";
import { resultOf } from "./samples.ts";

/** A memory that, as VS Code's does, keeps what JSON keeps. */
function createMemory(): Memory & { readonly stored: Map<string, string> } {
  const stored = new Map<string, string>();
  return {
    stored,
    get<T>(key: string, fallback: T): T {
      const text = stored.get(key);
      return text === undefined ? fallback : (JSON.parse(text) as T);
    },
    async update(key, value) {
      stored.set(key, JSON.stringify(value));
    },
  };
}

describe("the store of results", () => {
  test("keeps results over a reload, unchanged", () => {
    const memory = createMemory();
    createResultStore(memory).put("a.py", resultOf());
    expect(createResultStore(memory).of("a.py")).toEqual([resultOf()]);
  });

  test("takes over what runs of another window measured later, not points of sweeps, not what was imported", () => {
    const store = createResultStore(createMemory());
    store.put("a.py", resultOf({ measuredAt: 5, medianMs: 5 }));
    store.put("a.py", resultOf({ engine: "row", measuredAt: 5, medianMs: 5 }));
    const changed: string[] = [];
    store.onChange((document) => changed.push(document));
    store.adopt("a.py", [
      resultOf({ measuredAt: 4, medianMs: 4 }),
      resultOf({ engine: "row", measuredAt: 6, medianMs: 6 }),
      resultOf({ engine: "tile", measuredAt: 7, medianMs: 7, sweep: { id: "s", point: 0 } }),
      resultOf({ engine: "tile", measuredAt: 8, medianMs: 8, importedFrom: "x.json" }),
      resultOf({ engine: "tile", measuredAt: 1, medianMs: 1 }),
    ]);
    store.adopt("a.py", [resultOf({ measuredAt: 4, medianMs: 4 })]);
    expect(store.of("a.py").map((r) => [r.engine, r.medianMs])).toEqual([
      ["quad", 5],
      ["row", 6],
      ["tile", 1],
    ]);
    expect(changed).toEqual(["a.py"]);
  });

  test("keeps the last result of each kernel, variant and device", () => {
    const store = createResultStore(createMemory());
    const other = { name: "google swiftshader", software: true };
    for (const result of [
      resultOf({ medianMs: 1 }),
      resultOf({ medianMs: 2 }),
      resultOf({ engine: "row" }),
      resultOf({ variant: "window" }),
      resultOf({ device: other }),
    ]) {
      store.put("a.py", result);
    }
    expect(store.of("a.py").map((r) => [r.variant, r.engine, r.device.software, r.medianMs])).toEqual([
      ["causal", "quad", false, 2],
      ["causal", "row", false, 1.84],
      ["window", "quad", false, 1.84],
      ["causal", "quad", true, 1.84],
    ]);
    expect(store.ofVariant("a.py", "window")).toHaveLength(1);
  });

  test("keeps documents apart", () => {
    const store = createResultStore(createMemory());
    store.put("a.py", resultOf());
    store.put("b.py", resultOf({ medianMs: 7 }));
    expect(store.of("a.py")).toHaveLength(1);
    expect(store.documents()).toEqual(["a.py", "b.py"]);
  });

  test("tells which document changed, until the listener leaves", () => {
    const store = createResultStore(createMemory());
    const told: string[] = [];
    const stop = store.onChange((document) => told.push(document));
    store.put("a.py", resultOf());
    store.clear("a.py");
    stop();
    store.put("a.py", resultOf());
    expect(told).toEqual(["a.py", "a.py"]);
  });

  test("forgets one document, or all, and says how many results that were", () => {
    const memory = createMemory();
    const store = createResultStore(memory);
    store.put("a.py", resultOf());
    store.put("a.py", resultOf({ engine: "row" }));
    store.put("b.py", resultOf());
    expect(store.clear("a.py")).toBe(2);
    expect(store.documents()).toEqual(["b.py"]);
    expect(store.clear()).toBe(1);
    expect(createResultStore(memory).documents()).toEqual([]);
  });

  test("forgets single results, and tells so once", () => {
    const store = createResultStore(createMemory());
    for (const engine of ["quad", "row", "tile"] as const) store.put("a.py", resultOf({ engine }));
    const told: string[] = [];
    store.onChange((document) => told.push(document));
    store.remove("a.py", [resultOf(), resultOf({ engine: "row", measuredAt: 5 })]);
    expect(store.of("a.py").map(({ engine }) => engine)).toEqual(["tile"]);
    store.remove("b.py", [resultOf({ engine: "tile" })]);
    expect(told).toEqual(["a.py"]);
  });

  test("forgets the oldest measurements beyond its capacity", () => {
    const store = createResultStore(createMemory());
    for (let i = 0; i < 510; i++) store.put("a.py", resultOf({ variant: `v${i}`, measuredAt: i === 5 ? 1e9 : i }));
    const kept = store.of("a.py").map((r) => r.variant);
    expect(kept).toHaveLength(500);
    expect(kept).toContain("v5");
    expect(kept).not.toContain("v0");
  });

  test("goes with a file, or its folder, to another name", () => {
    const memory = createMemory();
    const store = createResultStore(memory);
    for (const document of ["file:///w/a.py", "file:///w/lib/b.py", "file:///w/library/c.py"]) store.put(document, resultOf());
    const told: string[] = [];
    store.onChange((document) => told.push(document));
    store.rename("file:///w/a.py", "file:///w/z.py");
    store.rename("file:///w/lib", "file:///w/masks");
    store.rename("file:///w/nothing.py", "file:///w/else.py");
    expect(createResultStore(memory).documents()).toEqual(["file:///w/z.py", "file:///w/masks/b.py", "file:///w/library/c.py"]);
    expect(told).toEqual(["file:///w/z.py", "file:///w/masks/b.py"]);
  });

  test("does not read what another version of the format stored", () => {
    const memory = createMemory();
    void memory.update("flexlens.results", { version: 0, entries: [{ document: "a.py", result: {} }] });
    expect(createResultStore(memory).of("a.py")).toEqual([]);
  });
});

describe("the store of inputs", () => {
  test("keeps expressions and sizes over a reload", () => {
    const memory = createMemory();
    const store = createInputStore(memory);
    store.set("a.py", { bindings: { window: "256" } });
    store.set("a.py", { problem: { qLen: 4096 } });
    const { bindings, problem } = createInputStore(memory).of("a.py");
    expect({ bindings, problem }).toEqual({ bindings: { window: "256" }, problem: { qLen: 4096 } });
  });

  test("has a revision that grows with each change, so that a reading knows that it is old", () => {
    const store = createInputStore(createMemory());
    const before = store.of("a.py").revision;
    store.set("a.py", { bindings: { window: "256" } });
    expect(store.of("a.py").revision).toBeGreaterThan(before);
    expect(store.of("b.py").revision).toBe(before);
  });

  test("holds tensor data for the session alone", () => {
    const memory = createMemory();
    const store = createInputStore(memory);
    const ids = { name: "ids", dtype: "i64", shape: [2], data: Float64Array.of(0, 1) } as const;
    store.set("a.py", { bindings: { ids, window: "4" } });
    expect(store.of("a.py").bindings["ids"]).toBe(ids);
    expect(createInputStore(memory).of("a.py").bindings).toEqual({ window: "4" });
  });

  test("goes with a file to another name", () => {
    const memory = createMemory();
    const store = createInputStore(memory);
    store.set("file:///w/a.py", { bindings: { window: "256" } });
    store.rename("file:///w/a.py", "file:///w/z.py");
    const again = createInputStore(memory);
    expect([again.of("file:///w/a.py").bindings, again.of("file:///w/z.py").bindings]).toEqual([{}, { window: "256" }]);
  });

  test("stores nothing for a document whose form was emptied", () => {
    const memory = createMemory();
    const store = createInputStore(memory);
    store.set("a.py", { bindings: { window: "256" } });
    store.set("a.py", { bindings: {} });
    expect(memory.stored.get("flexlens.inputs")).toBe("{}");
  });
});
