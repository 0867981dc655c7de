import { describe, expect, test } from "vitest";
import { COMMANDS, INTERNAL_COMMANDS } from "../../../extension/contributions.ts";
import { variantAt, variantNear, variantsNamedAt } from "../../../extension/cursor.ts";
import { failedMods } from "../../../extension/failedMods.ts";
import { buildLenses, type LensKinds, lineIn, named, type VariantFacts } from "../../../extension/lenses.ts";
import type { Diagnostic } from "../../../kernels/frontend/diagnostic.ts";
import type { LoweredModule } from "../../../kernels/frontend/module.ts";
import { moduleOf, PROBLEM, resultOf, variantOf } from "./samples.ts";

const FILE = "file:///masks.py";
const ALL: LensKinds = { mask: true, benchmark: true, kernel: true };
const TEXT = `def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx

def broken(b, h, q_idx, kv_idx):
    return q_idx and kv_idx
`;

const factsOf =
  (change: Partial<VariantFacts> = {}) =>
  (): VariantFacts => ({
    problem: PROBLEM,
    key: "now",
    figure: { kind: "counted", blocks: 0.4375 },
    results: [],
    activity: "idle",
    fraction: 0,
    ...change,
  });

function lensesOf(module: LoweredModule, kinds = ALL, change: Partial<VariantFacts> = {}, text = TEXT) {
  const lenses = buildLenses({ document: FILE, sources: [{ file: FILE, text }], module }, kinds, factsOf(change), 1_000_000);
  return named(lenses, lineIn(text)).map((lens) => ({ ...lens, title: lens.title.replaceAll("\u202f", " ") }));
}

const errorAt = (text: string, found: string, message = "an error"): Diagnostic => ({
  code: "boolean-operator",
  severity: "error",
  span: { file: FILE, from: text.lastIndexOf(found), to: text.lastIndexOf(found) + found.length },
  message,
  fix: null,
});

describe("lenses", () => {
  test("are three a variant, complete at once, and know which variant they mean", () => {
    expect(lensesOf(moduleOf([variantOf("causal", 4)]))).toMatchObject([
      { title: "Mask · 43.8 % of blocks skipped", command: COMMANDS.showMask, arguments: [FILE, "causal"] },
      { title: "Benchmark", command: COMMANDS.benchmark, arguments: [FILE, "causal"] },
      { title: "Kernel", command: COMMANDS.showKernel, arguments: [FILE, "causal"] },
    ]);
  });

  test("have as many lenses before, during and after a run", () => {
    const module = moduleOf([variantOf("causal", 4)]);
    const counts = [
      {},
      { activity: "running" as const },
      { activity: "waiting" as const },
      { results: [resultOf()] },
      { figure: { kind: "uncounted" } as const },
    ].map((change) => lensesOf(module, ALL, change).length);
    expect(counts).toEqual([3, 3, 3, 3, 3]);
  });

  test("follow their settings", () => {
    const titles = (kinds: LensKinds): string[] => lensesOf(moduleOf([variantOf("causal", 4)]), kinds).map((lens) => lens.title);
    expect(titles({ mask: false, benchmark: true, kernel: true })).toEqual(["Benchmark", "Kernel"]);
    expect(titles({ mask: true, benchmark: false, kernel: false })).toEqual(["Mask · 43.8 % of blocks skipped"]);
    expect(titles({ mask: false, benchmark: false, kernel: false })).toEqual([]);
  });

  test.each([
    ["running", 0, "Running 0 % · cancel"],
    ["running", 0.4, "Running 40 % · cancel"],
    ["running", 0.999, "Running 99 % · cancel"],
    ["waiting", 0, "Waiting · cancel"],
  ] as const)("cancel a run that is %s, %d of it done", (activity, fraction, title) => {
    expect(lensesOf(moduleOf([variantOf("causal", 4)]), ALL, { activity, fraction })[1]).toMatchObject({
      title,
      command: COMMANDS.cancel,
      arguments: [FILE, "causal"],
    });
  });

  test("say how old a result is, and mark what is stale with a clock and what a click does", () => {
    const at = (key: string, ago: number): string | undefined =>
      lensesOf(moduleOf([variantOf("causal", 4)]), ALL, { results: [resultOf({ key, measuredAt: 1_000_000 - ago })] })[1]?.title;
    expect(at("now", 0)).toBe("1.84 ms · 5.1× materialised · checked · just now");
    expect(at("now", 3 * 3_600_000)).toBe("1.84 ms · 5.1× materialised · checked · 3 h ago");
    expect(at("before", 14 * 60_000)).toBe("$(history) 1.84 ms (before the edit) · 10 min ago · run again");
  });

  test("show the table of a fresh result, and run a stale one again", () => {
    const command = (key: string): string | undefined =>
      lensesOf(moduleOf([variantOf("causal", 4)]), ALL, { results: [resultOf({ key })] })[1]?.command;
    expect(command("now")).toBe(COMMANDS.showBenchmark);
    expect(command("before")).toBe(COMMANDS.benchmark);
  });

  test("name their variants where several stand on one line", () => {
    const text = "a, b = generate(1), generate(2)\n";
    const titles = lensesOf(moduleOf([variantOf("a", 0), variantOf("b", 3)]), ALL, {}, text).map((lens) => lens.title);
    expect(titles).toEqual([
      "a: Mask · 43.8 % of blocks skipped",
      "Benchmark",
      "Kernel",
      "b: Mask · 43.8 % of blocks skipped",
      "Benchmark",
      "Kernel",
    ]);
    const withoutMask = lensesOf(moduleOf([variantOf("a", 0), variantOf("b", 3)]), { ...ALL, mask: false }, {}, text).map(
      (lens) => lens.title,
    );
    expect(withoutMask).toEqual(["a: Benchmark", "Kernel", "b: Benchmark", "Kernel"]);
  });

  test("stand above no variant of an imported module", () => {
    const elsewhere = variantOf("far", 4, { nameSpan: { file: "file:///other.py", from: 4, to: 7 } });
    expect(lensesOf(moduleOf([elsewhere]))).toEqual([]);
  });

  test("say of a mod with errors that it has them, and lead to the first", () => {
    const errors = [errorAt(TEXT, "q_idx and kv_idx", "`and` needs…")];
    const [, , , failed] = lensesOf(moduleOf([variantOf("causal", 4)], { diagnostics: errors }));
    const at = TEXT.indexOf("q_idx and");
    expect(failed).toMatchObject({
      title: "1 error",
      tooltip: "`and` needs…",
      command: INTERNAL_COMMANDS.revealSpan,
      arguments: [FILE, at, at + 16],
    });
    expect(failed?.span.from).toBe(TEXT.indexOf("broken"));
  });
});

describe("the function that an error belongs to", () => {
  const names = (text: string, found: string, module = moduleOf([])): string[] =>
    failedMods({ ...module, diagnostics: [errorAt(text, found)] }, FILE, text).map(({ span }) => text.slice(span.from, span.to));

  test.each<[string, string, string, string[]]>([
    ["is the one around it", "def f(b):\n    x = 1\n\n    return HERE\n", "HERE", ["f"]],
    ["is the innermost one", "def f(n):\n    def g(b):\n        return HERE\n    return g\n", "HERE", ["g"]],
    ["is the outer one after an inner has ended", "def f(n):\n    def g(b):\n        return 1\n    return HERE\n", "HERE", ["f"]],
    ["is found from its own head", "async def f(HERE):\n    return 1\n", "HERE", ["f"]],
    ["is found past comments at the margin and lines of Windows", "def f(b):\r\n    x = 1\r\n# note\r\n    return HERE\r\n", "HERE", ["f"]],
    ["is none for an error of the module", "def f(b):\n    return 1\n\nx = HERE\n", "HERE", []],
    ["is found past the end of its parameters at the margin", "def f(\n    b,\n):\n    return HERE\n", "HERE", ["f"]],
    ["is found at the end of the text", "def f(b):\n    return b[", "", ["f"]],
    ["is a method by its own name", "class A:\n    def m(self, b):\n        return HERE\n", "HERE", ["m"]],
  ])("%s", (_, text, found, expected) => {
    expect(names(text, found)).toEqual(expected);
  });

  test("is left out where a variant came from it all the same", () => {
    expect(names("def causal(b):\n    return HERE\n", "HERE", moduleOf([variantOf("causal", 4)]))).toEqual([]);
  });

  test("collects its errors, in order of the text", () => {
    const text = "def g(b):\n    return ONE + TWO\n\ndef f(b):\n    return THREE\n";
    const diagnostics = ["THREE", "ONE", "TWO"].map((found) => errorAt(text, found));
    expect(failedMods(moduleOf([], { diagnostics }), FILE, text).map((mod) => mod.errors.length)).toEqual([2, 1]);
  });

  test("is found in one pass: ten thousand errors in ten thousand functions take no second", () => {
    const text = "def f(b):\n    return HERE\n\n".repeat(10_000);
    const diagnostics = Array.from({ length: 10_000 }, (_, i): Diagnostic => {
      const from = 27 * i + 21;
      return { ...errorAt(text, "HERE"), span: { file: FILE, from, to: from + 4 } };
    });
    const began = performance.now();
    expect(failedMods(moduleOf([], { diagnostics }), FILE, text)).toHaveLength(10_000);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test("warnings fail nothing", () => {
    const warning: Diagnostic = { ...errorAt(TEXT, "q_idx and"), severity: "warning" };
    expect(failedMods(moduleOf([], { diagnostics: [warning] }), FILE, TEXT)).toEqual([]);
  });
});

describe("the variant that a place speaks of", () => {
  const alone = variantOf("causal", 4);
  const pair = variantOf("softcap + causal", 200, { maskMod: alone.maskMod, scoreMod: variantOf("softcap", 104).maskMod });
  const module = moduleOf([pair, alone]);

  test("is named at its name, ends included", () => {
    expect(variantsNamedAt(module, FILE, 4)).toEqual([alone]);
    expect(variantsNamedAt(module, FILE, 10)).toEqual([alone]);
    expect(variantsNamedAt(module, FILE, 11)).toEqual([]);
    expect(variantsNamedAt(module, "file:///other.py", 4)).toEqual([]);
  });

  test("is the mod by itself before a pair that it is part of", () => {
    expect(variantAt(module, FILE, 30)).toBe(alone);
  });

  test("is the pair where only the pair has that mod", () => {
    expect(variantAt(module, FILE, 110)).toBe(pair);
  });

  test("is none outside of all", () => {
    expect(variantAt(module, FILE, 170)).toBeNull();
  });

  test("is for a command the last one above, or the first of the file", () => {
    const late = variantOf("late", 500);
    expect(variantNear(moduleOf([alone, late]), FILE, 300)).toBe(alone);
    expect(variantNear(moduleOf([late]), FILE, 0)).toBe(late);
    expect(variantNear(moduleOf([]), FILE, 0)).toBeNull();
  });
});
