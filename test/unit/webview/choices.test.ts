/** Which kernel a run of the scene takes: the text's wishes, the panel's, what was tuned; and the tiles to choose from. */
import { describe, expect, it } from "vitest";
import { createTuningStore } from "../../../extension/tunings.ts";
import { DEFAULT_LIMITS } from "../../../kernels/flash/plan.ts";
import { deviceKey, problemClass, type Tuned } from "../../../kernels/flash/tuned.ts";
import { inOrder, type TuneRow } from "../../../kernels/runtime/autotune.ts";
import { createAct } from "../../../webview/act.ts";
import { sceneWishes } from "../../../webview/bench/wishes.ts";
import { derive } from "../../../webview/derive.ts";
import type { FromPanel, Show } from "../../../webview/protocol.ts";
import { INITIAL, type PanelState, type Scene } from "../../../webview/state.ts";
import { createStore, type Store } from "../../../webview/store.ts";
import { kernelChoices, tileChoices } from "../../../webview/wgsl/choices.ts";
import { showOf } from "../../support/showOf.ts";

const MOD = "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";
const device = { info: { name: "a device", software: true }, limits: { ...DEFAULT_LIMITS, subgroups: true, software: true } };

function storeWith(text: string, problem: Show["problem"] = {}): Store {
  const store = createStore({ ...INITIAL, device }, derive);
  store.dispatch({ type: "show", show: showOf(text, { document: "m.py", problem }) });
  store.dispatch({ type: "device", device, fault: null });
  return store;
}

const sceneOf = (state: PanelState): Scene => {
  if (state.scene === null) throw new Error(state.fault?.message ?? "no scene");
  return state.scene;
};
const chosenOf = (store: Store): string => {
  const state = store.get();
  const { wishes } = sceneWishes(state, sceneOf(state));
  return kernelChoices(sceneOf(state), state.device, wishes)
    .filter((c) => c.chosen)
    .map((c) => `${c.engine} | ${c.why}`)
    .join();
};
const winnerFor = (store: Store): Tuned => {
  const { variant, problem, blockMask } = sceneOf(store.get());
  return {
    device: deviceKey(device.info.name, device.limits),
    problemClass: problemClass(variant, problem, blockMask),
    engine: "row",
    options: { ROWS: 2 },
    tile: "a tile",
    speedUp: 1.3,
    candidates: 8,
    measuredAt: Date.UTC(2026, 10, 21),
  };
};

describe("the kernel that a run takes", () => {
  it("is the first that fits, and the others say why they are not", () => {
    const store = storeWith(MOD);
    expect(chosenOf(store)).toMatch(/^quad \| .* · chosen: the first that fits in the order of measured speed$/);
    const { scene } = store.get();
    const rows = scene === null ? [] : kernelChoices(scene, device);
    expect(rows.find((c) => c.engine === "row")?.why).toMatch(/ · fits too$/);
    expect(rows.find((c) => c.engine === "decode")).toMatchObject({ plan: null, why: expect.stringContaining("short queries") });
  });

  it("is what the text asks for, with what has no meaning here told", () => {
    const store = storeWith(`# flexlens: kernel="row", kernel_options={"ROWS": 2, "num_stages": 3}\n${MOD}`);
    expect(chosenOf(store)).toMatch(/^row \| .*2 rows a thread · chosen: it is the one that is asked for, with ROWS=2$/);
    expect(sceneWishes(store.get(), sceneOf(store.get())).told).toEqual(["`num_stages` has no meaning here: it is of Triton's pipelining"]);
  });

  it("is what the panel asks for over the text, until that is taken back", () => {
    const store = storeWith(`# flexlens: kernel="row"\n${MOD}`);
    const posted: FromPanel[] = [];
    const host = { post: (message: FromPanel) => void posted.push(message), getState: () => undefined, setState: () => undefined };
    const idle = (): void => undefined;
    const act = createAct(store, host, { run: idle, tune: idle, sweep: idle, cancel: idle, probe: idle, test: idle });
    act.takeKernel({ engine: "quad", options: { ROWS: 8 } });
    expect(chosenOf(store)).toMatch(/^quad \| .*8 rows a quad/);
    expect(sceneWishes(store.get(), sceneOf(store.get())).isTaken).toBe(true);
    expect(posted.at(-1)).toEqual({
      type: "kernels",
      document: "m.py",
      kernels: { causal: { kernel: ["quad"], kernelOptions: { ROWS: 8 } } },
    });
    act.takeKernel(null);
    expect(chosenOf(store)).toMatch(/^row /);
    expect(posted.at(-1)).toEqual({ type: "kernels", document: "m.py", kernels: {} });
  });

  it("is taken for one variant, and the others of the document go on choosing by themselves", () => {
    const store = storeWith(`${MOD}\n\ndef diagonal(b, h, q_idx, kv_idx):\n    return q_idx == kv_idx\n`);
    const host = { post: () => undefined, getState: () => undefined, setState: () => undefined };
    const idle = (): void => undefined;
    const act = createAct(store, host, { run: idle, tune: idle, sweep: idle, cancel: idle, probe: idle, test: idle });
    act.takeKernel({ engine: "row", options: {} });
    expect(chosenOf(store)).toMatch(/^row /);
    act.chooseVariant("diagonal");
    expect(chosenOf(store)).toMatch(/^quad .* the first that fits/);
    act.takeKernel({ engine: "tile", options: {} });
    act.chooseVariant("causal");
    expect(chosenOf(store)).toMatch(/^row /);
  });

  it("is what was tuned for the device and the kind of problem, whoever found it, until it is forgotten", () => {
    const store = storeWith(MOD);
    store.dispatch({ type: "tunings", tuned: [winnerFor(store), { ...winnerFor(store), device: "another" }] });
    expect(chosenOf(store)).toMatch(/^row \| .* · chosen: tuned on this device on 2026-11-21: the fastest of 8, 1\.30 × the default$/);
    store.dispatch({ type: "untuned", device: winnerFor(store).device, problemClass: winnerFor(store).problemClass });
    expect(chosenOf(store)).toMatch(/^quad /);
  });

  it("is this panel's own winner at once, and outlives another document", () => {
    const store = storeWith(MOD);
    const row: TuneRow = { isDefault: false, candidate: { engine: "row", options: {}, tile: "t" }, ms: 1, fate: "fastest", reason: "" };
    store.dispatch({ type: "started" });
    store.dispatch({ type: "tuned", variant: "causal", tuned: winnerFor(store), rows: [row], fault: null });
    expect(store.get()).toMatchObject({ run: { status: "idle" }, runFault: null, tuning: { variant: "causal", rows: [row] } });
    expect(chosenOf(store)).toMatch(/^row /);
    const { show } = store.get();
    if (show === null) throw new Error("nothing is shown");
    store.dispatch({ type: "show", show: { ...show, document: "other.py" } });
    expect(chosenOf(store)).toMatch(/^row /);
    expect(store.get().tuning).toBeNull();
    store.dispatch({ type: "tuned", variant: "causal", tuned: null, rows: [], fault: "no device" });
    expect(store.get()).toMatchObject({ tuning: null, runFault: "no device" });
  });
});

describe("the tiles to choose from", () => {
  it("begin with the kernel's own, and each is another", () => {
    const { scene } = storeWith(MOD).get();
    if (scene === null) throw new Error("no scene");
    const tiles = tileChoices(scene, device, "quad");
    expect(tiles[0]?.looked).toEqual({ engine: "quad", options: {} });
    expect(tiles.length).toBeGreaterThan(2);
    expect(new Set(tiles.map((t) => t.plan.tile)).size).toBe(tiles.length);
    expect(tileChoices(scene, device, "quad")).toBe(tiles);
  });

  it("of what was tried stand by their time: what was taken first, those without a time last", () => {
    const row = (ms: number | null, fate: TuneRow["fate"] = "slower"): TuneRow => ({
      isDefault: false,
      candidate: { engine: "row", options: {}, tile: "t" },
      ms,
      fate,
      reason: "",
    });
    expect(inOrder([row(3), row(null), row(1), row(2, "fastest")]).map((r) => r.ms)).toEqual([2, 1, 3, null]);
  });
});

describe("the host's store of winners", () => {
  it("keeps what is one, over a reload, and forgets it", () => {
    const kept = new Map<string, string>();
    const memory = {
      get: <T>(key: string, fallback: T): T => (kept.has(key) ? (JSON.parse(kept.get(key) ?? "") as T) : fallback),
      update: async (key: string, value: unknown) => void kept.set(key, JSON.stringify(value)),
    };
    const winner = winnerFor(storeWith(MOD));
    const store = createTuningStore(memory);
    store.put(winner);
    store.put({ ...winner, engine: "warp" });
    store.put({ ...winner, speedUp: 2 });
    expect(createTuningStore(memory).all()).toEqual([{ ...winner, speedUp: 2 }]);
    store.forget(winner.device, "another class");
    expect(store.all()).toHaveLength(1);
    store.forget(winner.device, winner.problemClass);
    expect(store.all()).toEqual([]);
    kept.set("flexlens.tunings", JSON.stringify({ version: 0, tuned: [winner] }));
    expect(store.all()).toEqual([]);
  });
});
