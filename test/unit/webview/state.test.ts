import { describe, expect, it } from "vitest";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import type { LoweredModule, LoweredVariant } from "../../../kernels/frontend/module.ts";
import { countBlocks } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import type { BenchResult } from "../../../kernels/runtime/result.ts";
import { PROTOCOL_VERSION, type Show } from "../../../webview/protocol.ts";
import { reduce } from "../../../webview/reduce.ts";
import { restore, save } from "../../../webview/saved.ts";
import { type Derive, INITIAL, type PanelState, type Scene } from "../../../webview/state.ts";
import { createStore } from "../../../webview/store.ts";
import { showOf } from "../../support/showOf.ts";
import { resultOf } from "../extension/samples.ts";

const span = { file: "a.py", from: 0, to: 1 };

/** A stand-in for lowering: each word of the text is a variant; `!` is an error in the text. */
const derive: Derive = (show, wanted) => {
  const words = (show.sources[0]?.text ?? "").split(" ").filter((w) => w !== "");
  const broken = words.includes("!");
  const module = {
    variants: words.filter((w) => w !== "!").map(variant),
    diagnostics: [],
    calls: [],
    needs: [],
    dataNeeds: [],
  } satisfies LoweredModule;
  const found = module.variants.find((v) => v.name === wanted) ?? (broken ? undefined : module.variants[0]);
  if (found === undefined) return { module, scene: null, fault: broken ? { message: "broken", span } : null };
  return { module, scene: sceneOf(found, show), fault: null };
};

const variant = (name: string): LoweredVariant => ({
  name,
  nameSpan: span,
  problem: {},
  stated: {},
  bindings: [],
  reads: [],
  scoreMod: null,
  maskMod: null,
  captures: [],
});

function sceneOf(v: LoweredVariant, show: Show): Scene {
  const problem = fillProblem(show.problem);
  const blockMask = buildBlockMask(null, { batch: 1, heads: 1, qLen: problem.qLen, kvLen: problem.kvLen }, problem.blockSize);
  const blocks = countBlocks(blockMask);
  return { variant: v, problem, blockMask, blocks, sparsity: { blocks: 0, elements: 0 }, key: v.name, builtMs: 0, readAt: 0 };
}

const shown = (...shows: Show[]): PanelState => shows.reduce((s, x) => reduce(s, { type: "show", show: x }, derive), INITIAL);

describe("the panel's state", () => {
  it("shows the first variant, or the one asked for", () => {
    expect(shown(showOf("a b")).scene?.variant.name).toBe("a");
    expect(shown(showOf("a b", { variant: "b" })).scene?.variant.name).toBe("b");
  });

  it("stays with its variant when another is written above it", () => {
    expect(shown(showOf("a b"), showOf("new a b")).scene?.variant.name).toBe("a");
  });

  it("keeps the last good picture while the text is broken, and says so", () => {
    const good = shown(showOf("a b"));
    const broken = reduce(good, { type: "show", show: showOf("b !") }, derive);
    expect(broken.scene).toBe(good.scene);
    expect(broken.fault?.message).toBe("broken");
    const mended = reduce(broken, { type: "show", show: showOf("a b") }, derive);
    expect(mended.fault).toBeNull();
    expect(mended.scene?.variant.name).toBe("a");
  });

  it("shows nothing more of a text whose mods were deleted", () => {
    const state = shown(showOf("a"), showOf(""));
    expect(state.scene).toBeNull();
    expect(state.fault).toBeNull();
  });

  it("forgets pin and place of a matrix whose size has changed, and keeps them otherwise", () => {
    const pinned = { ...shown(showOf("a")), pin: { q: 900, kv: 3 }, viewport: { x: 1, y: 1, scaleX: 4, scaleY: 4 } };
    const edited = reduce(pinned, { type: "show", show: showOf("a b") }, derive);
    expect(edited.pin).toEqual({ q: 900, kv: 3 });
    expect(edited.viewport).not.toBeNull();
    const smaller = reduce(pinned, { type: "problem", problem: { qLen: 512 } }, derive);
    expect(smaller.pin).toBeNull();
    expect(smaller.viewport).toBeNull();
    expect(smaller.show?.problem).toEqual({ qLen: 512 });
  });

  it("starts anew with another document, but for the device and the view", () => {
    const first = reduce(shown(showOf("a")), { type: "view", view: "kernel" }, derive);
    const second = reduce({ ...first, pin: { q: 1, kv: 1 } }, { type: "show", show: showOf("c", { document: "file:///b.py" }) }, derive);
    expect(second.pin).toBeNull();
    expect(second.view).toBe("kernel");
    expect(second.scene?.variant.name).toBe("c");
  });

  it("keeps batch and head within the problem", () => {
    const state = reduce(shown(showOf("a", { problem: { qHeads: 8, kvHeads: 8 } })), { type: "slice", batch: 0, head: 7 }, derive);
    expect(reduce(state, { type: "problem", problem: { qHeads: 4, kvHeads: 4 } }, derive).head).toBe(3);
  });

  it("takes no result of a document that is shown no more", () => {
    const result = { variant: "a" } as BenchResult;
    const state = shown(showOf("a"));
    expect(reduce(state, { type: "measured", document: "file:///b.py", result }, derive)).toBe(state);
  });

  it("drops the results of its document when they were cleared, also those that came with the document", () => {
    const result = { variant: "a", engine: "quad", direction: "forward", device: { name: "x" }, measuredAt: 1 } as BenchResult;
    const state = shown(showOf("a", { results: [result] }));
    expect(state.results).toHaveLength(1);
    const cleared = reduce(state, { type: "forget", document: "file:///a.py" }, derive);
    expect([cleared.results, cleared.show?.results]).toEqual([[], []]);
    expect(reduce(state, { type: "forget", document: "file:///b.py" }, derive)).toBe(state);
  });

  it("drops single results, with what was measured of their kernels before, but for sweeps", () => {
    const row = (engine: string): BenchResult =>
      ({ variant: "a", engine, direction: "forward", device: { name: "x" }, measuredAt: 1 }) as BenchResult;
    const swept: BenchResult = { ...row("quad"), measuredAt: 2, sweep: { id: "s", point: 0 } };
    const state = { ...shown(showOf("a", { results: [row("quad"), row("row")] })), history: [row("quad"), row("row"), swept] };
    const left = reduce(state, { type: "forget", document: "file:///a.py", results: [row("quad")] }, derive);
    expect(left.results).toEqual([row("row")]);
    expect(left.show?.results).toEqual([row("row")]);
    expect(left.history).toEqual([row("row"), swept]);
  });

  it("forgets what a run measured, and has each kernel's run before as the last one again", () => {
    const result = (run: string, measuredAt: number): BenchResult => resultOf({ run, measuredAt });
    const measured = reduce(
      shown(showOf("causal", { results: [result("a", 1)] })),
      { type: "measured", document: "file:///a.py", result: result("b", 2) },
      derive,
    );
    expect(measured.results.map((r) => r.run)).toEqual(["b"]);
    const without = reduce(measured, { type: "forgetRun", document: "file:///a.py", run: "b" }, derive);
    expect(without.history.map((r) => r.run)).toEqual(["a"]);
    expect(without.results.map((r) => r.run)).toEqual(["a"]);
    expect(reduce(measured, { type: "forgetRun", document: "file:///b.py", run: "b" }, derive)).toBe(measured);
  });

  it("keeps the user's numbers for savings when another document is shown", () => {
    const savings = { steps: 1, calls: 2, price: 3, currency: "EUR" };
    const told = reduce(INITIAL, { type: "told", change: { savings } }, derive);
    expect(reduce(told, { type: "show", show: showOf("causal", { document: "file:///b.py" }) }, derive).savings).toEqual(savings);
  });

  it("merges the host's results with its own, and forgets them all when they are cleared", () => {
    const device = { name: "gpu", software: false };
    const result = { variant: "a", engine: "quad", direction: "forward", device, measuredAt: 5 } as BenchResult;
    const older = { ...result, measuredAt: 2, medianMs: 9 };
    const measured = reduce(shown(showOf("a", { results: [older] })), { type: "measured", document: "file:///a.py", result }, derive);
    expect(measured.results).toEqual([result]);
    const again = reduce(measured, { type: "show", show: showOf("a b", { results: [older] }) }, derive);
    expect(again.results).toEqual([result]);
    expect(reduce(again, { type: "forget", document: "file:///b.py" }, derive)).toBe(again);
    expect(reduce(again, { type: "forget", document: "file:///a.py" }, derive).results).toEqual([]);
  });

  it("goes through a run and says what has no time", () => {
    const started = reduce(shown(showOf("a")), { type: "started" }, derive);
    expect(started.run.status).toBe("running");
    const half = reduce(started, { type: "progress", fraction: 0.5, now: "timing" }, derive);
    expect(half.run).toEqual({ status: "running", fraction: 0.5, now: "timing" });
    const missing = [{ engine: "quad", reason: "no subgroups", broke: false }] as const;
    const ended = reduce(half, { type: "ended", variant: "a", missing, fault: null }, derive);
    expect(ended.run.status).toBe("idle");
    expect(ended.missing).toEqual({ variant: "a", list: missing });
    expect(reduce(ended, { type: "progress", fraction: 0.9, now: "late" }, derive)).toBe(ended);
  });

  it("comes back as it was after a reload", () => {
    let state = shown(showOf("a b", { problem: { qLen: 2048 } }));
    state = reduce(state, { type: "variant", name: "b" }, derive);
    state = reduce(state, { type: "view", view: "kernel" }, derive);
    state = reduce(state, { type: "pin", cell: { q: 2000, kv: 1 } }, derive);
    state = reduce(state, { type: "viewport", viewport: { x: 8, y: 16, scaleX: 2, scaleY: 2 } }, derive);
    state = reduce(state, { type: "layers", change: { shown: "why" } }, derive);
    state = reduce(state, { type: "told", change: { follows: false } }, derive);
    state = reduce(state, { type: "kernels", kernels: { b: { kernel: ["row"] } } }, derive);
    state = reduce(state, { type: "scrolled", part: "benchmark", top: 120 }, derive);
    state = reduce(state, { type: "sort", table: "results", sort: { column: "time", descending: true } }, derive);
    state = reduce(state, { type: "sweepSettings", change: { samples: 20 } }, derive);
    const saved: unknown = JSON.parse(JSON.stringify(save(state, PROTOCOL_VERSION)));
    const back = restore(saved, PROTOCOL_VERSION, derive);
    expect(back.sorts).toEqual({ results: { column: "time", descending: true }, sweep: null, runs: null });
    expect(back.sweepSettings).toEqual({ samples: 20, budgetMs: 3000 });
    expect(back.scene?.variant.name).toBe("b");
    expect(back.view).toBe("kernel");
    expect(back.pin).toEqual({ q: 2000, kv: 1 });
    expect(back.viewport).toEqual({ x: 8, y: 16, scaleX: 2, scaleY: 2 });
    expect(back.layers.shown).toBe("why");
    expect(back.follows).toBe(false);
    expect(back.show?.kernels).toEqual({ b: { kernel: ["row"] } });
    expect(back.scroll).toEqual({ benchmark: 120 });
    expect(back.scene?.problem.qLen).toBe(2048);
  });

  it.each([undefined, null, 3, {}, { version: 1 }, { version: PROTOCOL_VERSION, show: null }])("starts empty from %j", (saved) => {
    expect(restore(saved, PROTOCOL_VERSION, derive)).toBe(INITIAL);
  });

  it("does not restore what another version saved", () => {
    const saved = save(shown(showOf("a")), PROTOCOL_VERSION - 1);
    expect(restore(saved, PROTOCOL_VERSION, derive)).toBe(INITIAL);
  });

  it("says so where the extension is of another version", () => {
    const strange = reduce(INITIAL, { type: "stranger" }, derive);
    expect(strange.isStranger).toBe(true);
    expect(reduce(strange, { type: "show", show: showOf("a") }, derive).isStranger).toBe(false);
  });

  it("tells those who listen, once a change, and no more after they stop", () => {
    const store = createStore(INITIAL, derive);
    let heard = 0;
    const stop = store.subscribe(() => heard++);
    store.dispatch({ type: "show", show: showOf("a") });
    store.dispatch({ type: "progress", fraction: 1, now: "" });
    expect(heard).toBe(1);
    stop();
    store.dispatch({ type: "view", view: "kernel" });
    expect(heard).toBe(1);
  });
});

describe("data files", () => {
  const file = (version: number, bytes: Uint8Array | null) => ({ path: "x.npy", from: "a.py", bytes, fault: null, version });
  const bytesOf = (state: PanelState) => state.show?.files?.map((f) => f.bytes);

  it("that come without bytes keep those that the page has of their version", () => {
    const bytes = new Uint8Array([1]);
    const first = showOf("a", { files: [file(1, bytes)] });
    expect(bytesOf(shown(first, showOf("a b", { files: [file(1, null)] })))).toEqual([bytes]);
    expect(bytesOf(shown(first, showOf("a b", { files: [file(2, null)] })))).toEqual([null]);
    expect(bytesOf(shown(first, showOf("a b", { files: [file(2, new Uint8Array([2]))] })))).toEqual([new Uint8Array([2])]);
  });

  it("are kept over a reload without their bytes", () => {
    const saved = save(shown(showOf("a", { files: [file(1, new Uint8Array([1]))] })), 1);
    expect(saved?.show.files).toEqual([file(1, null)]);
  });
});
