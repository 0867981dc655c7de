import { describe, expect, test } from "vitest";
import { createLowering } from "../../../kernels/frontend/lowering.ts";
import type { BenchReport } from "../../../kernels/runtime/result.ts";
import { planSweep, type Sweep, type SweepAxis, withPoint } from "../../../kernels/runtime/sweep.ts";
import { axisChoices, baseOf, placeText, readValues, showAt, spread, valuesText } from "../../../webview/bench/sweepAxes.ts";
import { readSettings, settingsText } from "../../../webview/bench/sweepSettings.ts";
import { heardText, leftText, pausedText, progressText, standText } from "../../../webview/bench/sweepWords.ts";
import { keyOfBase, measuredOf, variantAt } from "../../../webview/bench/sweepWork.ts";
import { problemOf } from "../../../webview/derive.ts";
import { lowerBindings } from "../../../webview/protocol.ts";
import { showOf } from "../../support/showOf.ts";
import { resultOf } from "../extension/samples.ts";

const TEXT = `
WINDOW = 64

def sliding(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < WINDOW)

def make(period):
    def strided(b, h, q_idx, kv_idx):
        return (q_idx - kv_idx) % period == 0
    return strided

every = make(4)
`;
const FILE = "file:///masks.py";
const show = showOf(TEXT, { document: FILE, problem: { qLen: 1024 }, variant: "sliding" });

function sceneOf(name: string) {
  const variant = createLowering()
    .lower(show.sources, { bindings: lowerBindings(show) })
    .variants.find((v) => v.name === name);
  if (variant === undefined) throw new Error(`no ${name}`);
  return { variant, problem: problemOf(show, variant) };
}

describe("the axes of a variant", () => {
  test.each([
    ["a module's constant", "sliding", "WINDOW", [16, 32, 64, 128]],
    ["an argument of a factory", "every", "period", [3, 4, 5, 6]],
  ])("hold %s, after the length", (_, name, binding, suggested) => {
    const choices = axisChoices(sceneOf(name));
    expect(choices[0]?.axis).toEqual({ kind: "size", name: "S", values: [256, 512, 1024, 2048] });
    expect(choices.find((c) => c.id === `binding ${binding}`)?.axis.values).toEqual(suggested);
  });

  test("are each measured as if their value had been typed", () => {
    const axes: [SweepAxis, SweepAxis] = [
      { kind: "size", name: "S", values: [128, 256] },
      { kind: "binding", name: "WINDOW", values: [8, 16] },
    ];
    const sweep = { axes, base: baseOf(show, sceneOf("sliding")), variant: "sliding" };
    const variant = variantAt(show, sweep, [256, 16]);
    if (variant === null) throw new Error("no variant");
    expect(problemOf(showAt(show, sweep, [256, 16]), variant)).toMatchObject({ qLen: 256, kvLen: 256 });
    expect(variant.bindings.find((b) => b.name === "WINDOW")).toMatchObject({ value: "16", origin: "form" });
  });

  test.each<[string, SweepAxis, object]>([
    ["D", { kind: "size", name: "D", values: [32] }, { qkHeadDim: 32, vHeadDim: 32 }],
    ["H", { kind: "size", name: "H", values: [2] }, { qHeads: 2, kvHeads: 2 }],
    ["HKV", { kind: "size", name: "HKV", values: [4] }, { qHeads: 8, kvHeads: 4 }],
    ["BLOCK_SIZE", { kind: "size", name: "BLOCK_SIZE", values: [64] }, { blockSize: [64, 64] }],
    ["Q_LEN alone", { kind: "size", name: "Q_LEN", values: [1] }, { qLen: 1, kvLen: 1024 }],
  ])("%s sets its sizes", (_, axis, problem) => {
    const sweep = { axes: [axis] as [SweepAxis], base: baseOf(show, sceneOf("sliding")) };
    const { variant } = sceneOf("sliding");
    expect(problemOf(showAt(show, sweep, axis.values), variant)).toMatchObject(problem);
  });

  test("an option of the tile joins those that are asked for", () => {
    const axes: [SweepAxis] = [{ kind: "option", name: "BLOCK_M", values: [32] }];
    const base = baseOf({ ...show, kernels: { sliding: { kernel: ["tile"], kernelOptions: { BLOCK_N: 16 } } } }, sceneOf("sliding"));
    expect(showAt(show, { axes, base }, [32]).problem).toMatchObject({ kernel: ["tile"], kernelOptions: { BLOCK_N: 16, BLOCK_M: 32 } });
  });

  test("a sweep stays with the form as it was, and knows when the text has changed", () => {
    const axes: [SweepAxis] = [{ kind: "size", name: "S", values: [128] }];
    const sweep = { axes, base: baseOf(show, sceneOf("sliding")), variant: "sliding" };
    const key = keyOfBase(show, sweep);
    expect(keyOfBase({ ...show, bindings: { WINDOW: "5" }, problem: { qLen: 64 } }, sweep)).toBe(key);
    expect(keyOfBase({ ...show, sources: [{ file: FILE, text: TEXT.replace("<", "<=") }] }, sweep)).not.toBe(key);
    expect(keyOfBase({ ...show, sources: [{ file: FILE, text: "" }] }, sweep)).toBeNull();
  });
});

describe("values", () => {
  test.each<[string, SweepAxis["kind"], readonly number[]]>([
    ["256, 512,1k", "size", [256, 512, 1024]],
    ["256 512 1k", "size", [256, 512, 1024]],
    ["1\u202f024; 2_048, 1024", "size", [1024, 2048]],
    ["0, -4, 64", "binding", [0, -4, 64]],
  ])("%j are read", (text, kind, values) => expect(readValues(text, kind)).toEqual({ ok: true, values }));

  test.each<[string, SweepAxis["kind"], string]>([
    ["", "size", "There are no values"],
    ["256, many", "size", "`many` is no value"],
    ["0", "size", "`0` is no value"],
    ["1.5", "binding", "`1.5` is no value"],
    [Array.from({ length: 101 }, (_, i) => i + 1).join(" "), "size", "101 values are more than 100"],
  ])("%j are refused with the way out", (text, kind, error) => {
    const read = readValues(text, kind);
    expect(read.ok ? "" : read.error).toContain(error);
  });

  test("are printed as they are read", () => {
    expect(readValues(valuesText([256, 1024, -3]), "binding")).toEqual({ ok: true, values: [256, 1024, -3] });
  });

  test.each([
    [256, 4096, 5, [256, 512, 1024, 2048, 4096]],
    [32, 64, 3, [32, 48, 64]],
    [1, 3, 9, [1, 2, 3]],
    [4096, 256, 3, [4096, 1024, 256]],
    [7, 7, 4, [7]],
    [0, 8, 3, [0, 4, 8]],
  ])("spread from %d to %d in %d steps", (from, to, steps, values) => expect(spread(from, to, steps)).toEqual(values));
});

const report = (change: Partial<BenchReport>): BenchReport => ({
  device: { name: "d", software: false },
  results: [],
  refusals: [],
  failures: [],
  cancelled: false,
  why: "",
  ...change,
});

describe("what a point's report comes to", () => {
  test("times, with those of its kernels that have none, and not the families that the choice passed over", () => {
    const measured = measuredOf(
      report({
        results: [resultOf()],
        refusals: [
          { engine: "tile", reason: "too large" },
          { engine: "matrix", reason: "no units" },
        ],
        failures: [{ engine: "row", message: "did not compile" }],
      }),
      ["chosen", "tile", "row"],
    );
    expect(measured).toMatchObject({
      kind: "measured",
      missing: [
        { engine: "row", reason: "did not compile", broke: true },
        { engine: "tile", reason: "too large", broke: false },
      ],
    });
    expect(measured.kind === "measured" && measured.results[0]?.run).toMatch(/^[\da-f-]{36}$/);
  });

  test.each([
    ["the reasons of its kernels", ["tile"] as const, "tile: too large"],
    ["all reasons where none was named", ["chosen"] as const, "tile: too large; matrix: no units"],
  ])("a failure without times, with %s", (_, kernels, reason) => {
    const refusals = [
      { engine: "tile", reason: "too large" },
      { engine: "matrix", reason: "no units" },
    ] as const;
    expect(measuredOf(report({ refusals }), kernels)).toEqual({ kind: "failed", reason });
  });
});

const plain = (text: string): string => text.replaceAll("\u202f", " ");
const sweep: Sweep = planSweep({
  id: "s",
  document: FILE,
  variant: "sliding",
  key: "k",
  axes: [{ kind: "size", name: "S", values: [512, 1024, 2048] }],
  kernels: ["chosen", "materialized"],
  settings: { samples: 9, budgetMs: 3000 },
  base: { bindings: {}, problem: {}, defaults: {} },
  startedAt: 1,
});
const begun = withPoint(sweep, 0, { state: "done", tookMs: 4000, missing: [] });

describe("how a sweep samples", () => {
  test.each([
    ["9", "3", { samples: 9, budgetMs: 3000 }],
    [" 50 ", "0.5", { samples: 50, budgetMs: 500 }],
    ["4", "3", null],
    ["5.5", "3", null],
    ["nine", "3", null],
    ["9", "", null],
    ["9", "0", null],
    ["9", "4000", null],
  ])("%j samples and %j seconds are %j", (samples, seconds, settings) => {
    const read = readSettings({ samples, seconds });
    expect(read.settings).toEqual(settings);
    const faults = [read.faults.samples, read.faults.seconds].filter((fault) => fault !== null);
    expect(faults.length).toBe(settings === null ? 1 : 0);
    for (const fault of faults) expect(fault).toMatch(/^`.*` is no number of \w+; write /);
    if (settings !== null) expect(readSettings(settingsText(settings)).settings).toEqual(settings);
  });
});

describe("what a sweep says", () => {
  test("counts measurements, names the point and the time that is left", () => {
    expect(plain(progressText(sweep, 0, "row", false))).toBe("0 of 6 · S = 512, row");
    expect(plain(progressText(begun, 2, "row", false))).toBe("2 of 6 · S = 2 048, row · about 10 s left");
    expect(plain(progressText(begun, 0, "row", true))).toContain("S = 512 again, for the drift, row");
  });
  test.each([
    [300, "about 1 s left"],
    [41_000, "about 40 s left"],
    [200_000, "about 3 min left"],
    [8_000_000, "about 2.2 h left"],
  ])("rounds %d ms", (ms, text) => expect(plain(leftText(ms))).toBe(text));
  test("says why it waits and how it stands", () => {
    expect(plain(pausedText(begun))).toMatch(/^Paused at 2 of 6: the panel is hidden.* It goes on when you show it\.$/);
    expect(standText(begun)).toBe("2 of 6 measured");
    expect(standText(withPoint(begun, 1, { state: "failed", reason: "" }))).toBe("2 of 6 measured, 1 point failed");
    expect(heardText(sweep)).toBe("Sweep started");
    expect(heardText(begun)).toBe("Sweep: 30 percent of 6 measurements");
  });
  test("names places", () => {
    expect(plain(placeText([{ kind: "binding", name: "WINDOW", values: [] }], [1024]))).toBe("WINDOW = 1 024");
  });
});
