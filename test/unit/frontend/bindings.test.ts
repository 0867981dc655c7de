/**
 * Which value wins where several are given: the rows of the order in the manual, each against the next, and what a
 * directive, a dotted name and a reserved key speak of.
 */
import { describe, expect, test } from "vitest";
import { lowerModule, lowerPair } from "../../../kernels/frontend/lower.ts";
import type { BoundName, LoweredModule } from "../../../kernels/frontend/module.ts";

type Bindings = Readonly<Record<string, string>>;

const lowered = (text: string, bindings: Bindings = {}): LoweredModule =>
  lowerModule(
    [{ file: "m.py", text: `import torch\nfrom torch.nn.attention.flex_attention import create_block_mask, flex_attention\n${text}` }],
    { bindings },
  );

function rowOf(m: LoweredModule, name: string, variant?: string): BoundName | undefined {
  const found = variant === undefined ? m.variants[0] : m.variants.find((v) => v.name === variant);
  return found?.bindings.find((b) => b.name === name);
}

/** A factory with every source of a value that `has` names. */
function factory(has: ReadonlySet<string>): string {
  const def = `def make(window${has.has("default") ? "=7" : ""}):\n    def mask(b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < window\n    return mask\n`;
  return [
    has.has("file directive") ? "# flexlens: window=3\n\n" : "",
    has.has("module") ? "window = 4\n\n" : "",
    has.has("directive") ? "# flexlens: window=2\n" : "",
    def,
    has.has("call site") ? "\nmade = make(5)\n" : "",
  ].join("");
}

describe("of several values for a factory's parameter wins", () => {
  const ORDER = ["form", "directive", "file directive", "module", "call site", "default", "seeded"] as const;
  const VALUES: Readonly<Record<string, string>> = {
    form: "1",
    directive: "2",
    "file directive": "3",
    module: "4",
    "call site": "5",
    default: "7",
    seeded: "128",
  };

  test.each(ORDER.map((origin, i) => [origin, ORDER.slice(i)] as const))(
    "the one of the %s, with all that come after it",
    (origin, there) => {
      const has = new Set<string>(there);
      const m = lowered(factory(has), has.has("form") ? { window: "1" } : {});
      const row = rowOf(m, "window", "make");
      expect(row?.origin).toBe(origin);
      expect(row?.value ?? row?.text).toBe(VALUES[origin]);
      expect(m.diagnostics.map((d) => d.code)).toEqual(origin === "seeded" ? ["seeded-value"] : []);
    },
  );
});

describe("of several values for a name that a mod reads wins", () => {
  const MASK = "def mask(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < window\n";
  test.each([
    ["the form's over a directive", `window = 4\n# flexlens: window=2\n${MASK}`, { window: "1" }, "form", "1"],
    ["the form's over the file's directive", `# flexlens: window=3\n\nwindow = 4\n${MASK}`, { window: "1" }, "form", "1"],
    ["a directive's over the file's", `# flexlens: window=3\n\nwindow = 4\n\n# flexlens: window=2\n${MASK}`, {}, "directive", "2"],
    ["the file's directive over the constant", `# flexlens: window=3\n\nwindow = 4\n${MASK}`, {}, "file directive", "3"],
    ["the constant where nobody says more", `window = 4\n${MASK}`, {}, "module", "4"],
    ["the last of two lines of a directive", `# flexlens: window=2\n# flexlens: window=6\n${MASK}`, {}, "directive", "6"],
    ["the dotted name's over the bare one, in the form", MASK, { window: "1", "mask.window": "8" }, "form", "8"],
    ["the dotted name's over the bare one, in a directive", `# flexlens: mask.window=8, window=2\n${MASK}`, {}, "directive", "8"],
    ["the form's bare name over a directive's dotted one", `# flexlens: mask.window=8\n${MASK}`, { window: "1" }, "form", "1"],
  ] as const)("%s", (_, text, bindings, origin, value) => {
    const m = lowered(text, bindings);
    expect(rowOf(m, "window")).toMatchObject({ origin, value });
    expect(m.diagnostics).toEqual([]);
  });

  test("a value for one of two mods leaves the other's", () => {
    const m = lowered(`# flexlens: far.window=64, window=4\n\n${MASK.replace("mask", "near")}\n\n${MASK.replace("mask", "far")}`);
    expect([rowOf(m, "window", "near")?.value, rowOf(m, "window", "far")?.value]).toEqual(["4", "64"]);
  });

  test("an argument is what the factory gets, and not what it makes of it", () => {
    const text =
      "def make(lengths):\n    lengths = lengths.cumsum(0)\n    def mask(b, h, q_idx, kv_idx):\n        return kv_idx < lengths[b]\n    return mask\n";
    const m = lowered(text, { lengths: "torch.tensor([1, 2, 3])" });
    expect(Array.from(m.variants[0]?.captures[0]?.data ?? [])).toEqual([1, 3, 6]);
  });
});

describe("a directive speaks of", () => {
  const MASK = "def mask(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < window\n";
  test.each([
    ["the function below it", `# flexlens: window=2\n${MASK}`, "directive"],
    ["the function below its decorators", `import functools\n\n# flexlens: window=2\n@functools.cache\n${MASK}`, "directive"],
    ["the function below other comments", `# flexlens: window=2\n# A plain comment.\n${MASK}`, "directive"],
    ["the assignment below it", "# flexlens: window=2\nmask = lambda b, h, q_idx, kv_idx: q_idx - kv_idx < window\n", "directive"],
    ["the whole file where it stands by itself", `# flexlens: window=2\n\n\n${MASK}`, "file directive"],
  ])("%s", (_, text, origin) => {
    const m = lowered(text);
    expect(m.diagnostics).toEqual([]);
    expect(rowOf(m, "window", "mask")).toMatchObject({ origin, value: "2" });
  });

  test("several lines are one directive, as lists of their own or as one", () => {
    const two = lowered(`# flexlens: window=2, Q_LEN=64,\n# flexlens:   KV_LEN=96\n${MASK}`);
    expect(two.variants[0]).toMatchObject({ problem: { qLen: 64, kvLen: 96 } });
    const one = lowered(`# flexlens: window=min(2,\n# flexlens:   9)\n${MASK}`);
    expect(rowOf(one, "window")?.value).toBe("2");
    expect([...two.diagnostics, ...one.diagnostics]).toEqual([]);
  });
});

describe("a reserved key", () => {
  const USES_H = "def make(H):\n    def mask(b, h, q_idx, kv_idx):\n        return h < H // 2\n    return mask\n";
  test("sets the problem", () => {
    const keys = "B=2, H=8, HKV=2, Q_LEN=64, KV_LEN=96, D=32, DV=16, BLOCK_SIZE=(32, 64), SCALE=0.5, DTYPE=torch.float16";
    const m = lowered(`# flexlens: ${keys}\ndef mask(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`);
    expect(m.variants[0]?.problem).toEqual({
      batch: 2,
      qHeads: 8,
      kvHeads: 2,
      qLen: 64,
      kvLen: 96,
      qkHeadDim: 32,
      vHeadDim: 16,
      scale: 0.5,
      storage: "f16",
      blockSize: [32, 64],
    });
  });

  test.each([
    ["torch.half", "f16"],
    ['"float16"', "f16"],
    ['"torch.float32"', "f32"],
    ["torch.float", "f32"],
  ])("DTYPE=%s says what tensors are stored as", (text, storage) => {
    const m = lowered(`# flexlens: DTYPE=${text}\ndef mask(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`);
    expect(m.diagnostics).toEqual([]);
    expect(m.variants[0]?.problem).toEqual({ storage });
  });

  test("binds a parameter of its name where nothing else does", () => {
    expect(rowOf(lowered(`# flexlens: H=6\n${USES_H}`), "H", "make")).toMatchObject({ origin: "directive", value: "6" });
    expect(rowOf(lowered(`# flexlens: H=6\n${USES_H.replace("(H)", "(H=4)")}`), "H", "make")).toMatchObject({
      origin: "default",
      text: "4",
    });
    expect(rowOf(lowered(`# flexlens: H=6\n${USES_H}\nmade = make(12)\n`), "H", "make")).toMatchObject({
      origin: "call site",
      value: "12",
    });
  });

  test("sets the problem alone where the dotted name gives the parameter another value", () => {
    const m = lowered(`# flexlens: H=6, make.H=10\n${USES_H}`);
    expect(rowOf(m, "H", "make")).toMatchObject({ value: "10" });
    expect(m.variants[0]?.problem.qHeads).toBe(6);
  });

  test.each([
    ["Q_LEN=-4", "it must be a positive integer"],
    ["H=2.5", "it must be a positive integer"],
    ["BLOCK_SIZE=(1, 2, 3)", "or a pair of them"],
    ["SCALE='x'", "it must be a number"],
    ["DTYPE=torch.bfloat16", "it must be torch.float32 or torch.float16"],
    ['DTYPE="constructor"', "it must be torch.float32 or torch.float16"],
    ["DTYPE=16", "it must be torch.float32 or torch.float16"],
  ])("%s is refused where it stands", (text, why) => {
    const m = lowered(`# flexlens: ${text}\ndef mask(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`);
    expect(m.diagnostics.map((d) => d.code)).toEqual(["directive-value"]);
    expect(m.diagnostics[0]?.message).toContain(why);
    expect(m.variants[0]?.problem).toEqual({});
  });
});

describe("call sites give the problem its sizes", () => {
  const MASK = "def mask(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";
  test.each([
    ["create_block_mask(mask, 2, 4, 64, 96)", { batch: 2, qHeads: 4, qLen: 64, kvLen: 96 }],
    ["create_block_mask(mask, B=None, H=None, Q_LEN=64, KV_LEN=64, BLOCK_SIZE=32)", { qLen: 64, kvLen: 64, blockSize: [32, 32] }],
    ["create_block_mask(mask, 1, 1, 64, 64, BLOCK_SIZE=(16, 32))", { batch: 1, qHeads: 1, qLen: 64, kvLen: 64, blockSize: [16, 32] }],
  ])("%s", (call, problem) => {
    expect(lowered(`${MASK}\nblock_mask = ${call}\n`).variants.find((v) => v.name === "mask")?.problem).toEqual(problem);
  });

  test("flex_attention's by the shapes of q, k and v", () => {
    const text = `${MASK}\nq = torch.zeros(2, 8, 64, 32)\nk = torch.zeros(2, 2, 96, 32)\nv = torch.zeros(2, 2, 96, 16)\ndef score(score, b, h, q_idx, kv_idx):\n    return score * 2\nout = flex_attention(q, k, v, score_mod=score, scale=0.25, enable_gqa=True)\n`;
    expect(lowered(text).variants.find((v) => v.name === "score")?.problem).toMatchObject({
      batch: 2,
      qHeads: 8,
      kvHeads: 2,
      qLen: 64,
      kvLen: 96,
      qkHeadDim: 32,
      vHeadDim: 16,
      scale: 0.25,
    });
  });

  test("directives win over them", () => {
    const m = lowered(`# flexlens: Q_LEN=128\n${MASK}\nblock_mask = create_block_mask(mask, 2, 4, 64, 64)\n`);
    expect(m.variants.find((v) => v.name === "mask")?.problem).toMatchObject({ qLen: 128, kvLen: 64, batch: 2 });
  });
});

describe("a value of the form names what the text says in its place", () => {
  const ORDER = ["directive", "file directive", "module", "call site", "default"] as const;
  const TEXTS: Readonly<Record<string, string>> = { directive: "2", "file directive": "3", module: "4", "call site": "5", default: "7" };
  test.each(ORDER.map((origin, i) => [origin, ORDER.slice(i)] as const))("for a parameter: the %s", (origin, there) => {
    const text = factory(new Set<string>(there));
    const m = lowered(text, { window: "1" });
    expect(rowOf(m, "window", "make")).toMatchObject({ origin: "form", shadows: { origin, text: TEXTS[origin] } });
  });

  test("for a constant that a mod reads, with its place", () => {
    const text = "window = 4 + 4\ndef mask(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < window\n";
    expect(rowOf(lowered(text, { window: "1" }), "window")?.shadows).toMatchObject({ origin: "module", text: "4 + 4" });
    expect(rowOf(lowered(text, { window: "1" }), "window")?.shadows?.span).not.toBeNull();
  });

  test("and nothing where the text says nothing", () => {
    expect(rowOf(lowered(factory(new Set()), { window: "1" }), "window", "make")?.shadows).toBeUndefined();
    expect(rowOf(lowered(factory(new Set(["module"]))), "window", "make")?.shadows).toBeUndefined();
  });
});

test("a pair takes each mod's own values", () => {
  const text =
    "# flexlens: mask.n=3, score.n=5\n\ndef mask(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < n\n\ndef score(score, b, h, q_idx, kv_idx):\n    return score * n\n";
  const { variant, diagnostics } = lowerPair([{ file: "m.py", text }], "score", "mask");
  expect(diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  expect(variant?.reads.map(({ mod, reads }) => [mod, reads.map((r) => r.value)])).toEqual([
    ["score", ["5"]],
    ["mask", ["3"]],
  ]);
});
