import { describe, expect, test } from "vitest";
import { findVariant, lowerModule, lowerPair } from "../../../kernels/frontend/lower.ts";
import type { BindingValue, LoweredModule, LoweredVariant, LowerOptions } from "../../../kernels/frontend/module.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";

const HEAD = "import torch\nfrom torch.nn.attention.flex_attention import and_masks, create_block_mask, flex_attention, or_masks\n";
const lower = (text: string, options: LowerOptions = {}): LoweredModule => lowerModule([{ file: "f.py", text: HEAD + text }], options);
const bind = (text: string, bindings: Record<string, BindingValue>): LoweredModule => lower(text, { bindings });
const names = (m: LoweredModule): string[] => m.variants.map((v) => v.name);
const codes = (m: LoweredModule): string[] => m.diagnostics.map((d) => d.code);

function variant(m: LoweredModule, name: string): LoweredVariant {
  const found = findVariant(m, name);
  if (found === null) throw new Error(`no ${name} among ${names(m).join(", ")}: ${m.diagnostics.map((d) => d.message).join(" ")}`);
  return found;
}

/** The mask's picture over `n` queries and keys: a row a query. */
function picture(v: LoweredVariant, n = 4, at = { b: 0, h: 0 }): string {
  const body = v.maskMod?.body;
  if (body === undefined) throw new Error("no mask");
  const cell = (q: number, kv: number): string => (interpret(body, { ...at, q_idx: q, kv_idx: kv }) === 1 ? "#" : ".");
  return Array.from({ length: n }, (_, q) => Array.from({ length: n }, (_, kv) => cell(q, kv)).join("")).join(" ");
}

const CAUSAL = "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";
const SOFTCAP = "def softcap(score, b, h, q_idx, kv_idx):\n    return 20 * torch.tanh(score / 20)\n";
const WINDOW = `def make_window(window):
    def sliding(b, h, q_idx, kv_idx):
        return q_idx - kv_idx < window
    return sliding
`;

describe("mods are found", () => {
  test.each([
    ["a function", CAUSAL, ["causal"]],
    ["a score_mod", SOFTCAP, ["softcap"]],
    ["a lambda in a variable", "near = lambda b, h, q, k: q - k < 3\n", ["near"]],
    ["other names for the arguments", "def m(_b, _h, i, j):\n    return i >= j\n", ["m"]],
    ["a factory, by its default", WINDOW.replace("window)", "window=2)"), ["make_window"]],
    ["a variable that holds what a factory gives", `${WINDOW}sliding = make_window(2)\n`, ["make_window", "sliding"]],
    ["a factory called twice", `${WINDOW}a = make_window(2)\nb = make_window(3)\n`, ["make_window", "a", "b"]],
    ["masks put together", `${CAUSAL}both = and_masks(causal, lambda b, h, q, k: q < 2)\n`, ["causal", "both"]],
    ["a method", "class M:\n    w = 2\n    def mask(self, b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < self.w\n", ["M.mask"]],
    ["a static method", "class M:\n    @staticmethod\n    def mask(b, h, q_idx, kv_idx):\n        return q_idx >= kv_idx\n", ["M.mask"]],
    [
      "a pair at a call of flex_attention",
      `${CAUSAL}${SOFTCAP}def attend(q, k, v):\n    m = create_block_mask(causal, None, None, 64, 64)\n    return flex_attention(q, k, v, score_mod=softcap, block_mask=m)\n`,
      ["causal", "softcap", "softcap + causal"],
    ],
    [
      "a function inside the function that uses it",
      `def attend(q):\n    ${CAUSAL.replace("\n", "\n    ")}    return create_block_mask(causal, 1, 1, 8, 8)\n`,
      ["causal"],
    ],
    ["a lambda in place", "block_mask = create_block_mask(lambda b, h, q, k: q >= k, 1, 1, 8, 8)\n", ["block_mask"]],
    ["a mod under if and try", `if True:\n    ${CAUSAL.replace("\n", "\n    ")}`, ["causal"]],
  ])("%s", (_, text, expected) => {
    const m = lower(text);
    expect(m.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
    expect(names(m)).toEqual(expected);
  });

  test.each([
    ["functions of four other things", "def loss(pred, target, weight, eps):\n    return pred\n"],
    ["attention itself", "def attention(q, k, v, mask):\n    return q @ k\n"],
    ["methods that are no mods", "class A:\n    def forward(self, q, k, v, mask):\n        return q\n"],
    [
      "Triton kernels",
      "import triton\nimport triton.language as tl\n@triton.jit\ndef causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n",
    ],
    ["CuTe functions", "@cute.jit\ndef mask(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n"],
    ["argument lists that are open", "def mask(*args):\n    return args[2] >= args[3]\n"],
  ])("and not %s", (_, text) => {
    const m = lower(text);
    expect(names(m)).toEqual([]);
    expect(m.diagnostics).toEqual([]);
  });

  test("the name's span is the name in its definition", () => {
    const text = `${CAUSAL}${WINDOW}sliding = make_window(2)\n`;
    const m = lower(text);
    for (const v of m.variants) expect((HEAD + text).slice(v.nameSpan.from, v.nameSpan.to)).toBe(v.name);
  });

  test("a name that is defined twice gives both, in order", () => {
    const m = lower(`${CAUSAL}def causal(b, h, q_idx, kv_idx):\n    return q_idx > kv_idx\n`);
    expect(m.variants.map((v) => picture(v, 2))).toEqual(["#. ##", ".. #."]);
  });
});

describe("values win in order", () => {
  const text = (directives: { file?: string; local?: string; rest?: string }): string =>
    `${directives.file ?? ""}\n${directives.local ?? ""}${WINDOW}${directives.rest ?? ""}`;
  const FILE = "# flexlens: window=2\n";
  const LOCAL = "# flexlens: window=3\n";
  const CALL = "other = (make_window(1),)\n";
  const origin = (m: LoweredModule): [string, string] => {
    const row = variant(m, "make_window").bindings[0];
    return [row?.origin ?? "", row?.text ?? ""];
  };

  test.each<[string, LoweredModule, [string, string], string]>([
    ["the form over all", bind(text({ file: FILE, local: LOCAL, rest: CALL }), { window: "4" }), ["form", "4"], "#### #### #### ####"],
    ["the dotted form over the bare one", bind(text({}), { window: "4", "make_window.window": "1" }), ["form", "1"], "#### .### ..## ...#"],
    ["the directive at the function", lower(text({ file: FILE, local: LOCAL, rest: CALL })), ["directive", "3"], "#### #### #### .###"],
    ["the file's directive", lower(text({ file: FILE, rest: CALL })), ["file directive", "2"], "#### #### .### ..##"],
    ["a module constant", lower(text({ rest: `window = 1 + 1\n${CALL}` })), ["module", "1 + 1"], "#### #### .### ..##"],
    ["a call in the file", lower(text({ rest: CALL })), ["call site", "1"], "#### .### ..## ...#"],
    ["the default", lower(text({}).replace("(window)", "(window=1)")), ["default", "1"], "#### .### ..## ...#"],
  ])("%s", (_, m, expected, rows) => {
    expect(origin(m)).toEqual(expected);
    expect(picture(variant(m, "make_window"))).toBe(rows);
  });

  test("what nobody gives is seeded, with a hint that names it", () => {
    const m = lower(WINDOW);
    expect(origin(m)[0]).toBe("seeded");
    const hint = m.diagnostics.find((d) => d.code === "seeded-value");
    expect(hint?.severity).toBe("hint");
    expect(hint?.message).toContain("`window`");
  });

  test("a constant of the module takes the form's value, and what is computed from it follows", () => {
    const code = "W = 3\nHALF = W // 2\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx <= HALF\n";
    expect(picture(variant(lower(code), "near"))).toBe("#### #### .### ..##");
    const m = bind(code, { W: "5" });
    expect(picture(variant(m, "near"))).toBe("#### #### #### .###");
    expect(m.variants[0]?.bindings.find((b) => b.name === "HALF")?.origin).toBe("module");
  });

  test("a tensor of the form takes the place of a captured name", () => {
    const code = "doc = torch.zeros(4, dtype=torch.int64)\ndef same(b, h, q_idx, kv_idx):\n    return doc[q_idx] == doc[kv_idx]\n";
    const doc = { name: "doc", dtype: "i64", shape: [4], data: Float64Array.of(0, 0, 1, 1) } as const;
    const m = bind(code, { doc });
    expect(picture(variant(m, "same"))).toBe("##.. ##.. ..## ..##");
    expect(m.variants[0]?.bindings[0]).toMatchObject({ name: "doc", origin: "form", tensor: { dtype: "i64", shape: [4] } });
  });

  test("a variable's own factory call can be bound anew", () => {
    const m = bind(`${WINDOW}a = make_window(1)\nb = make_window(1)\n`, { "a.window": "3" });
    expect(picture(variant(m, "a"))).toBe("#### #### #### .###");
    expect(picture(variant(m, "b"))).toBe("#### .### ..## ...#");
  });

  test("a form value that nobody takes is named", () => {
    const m = bind(`${WINDOW}a = make_window(1)\n`, { windwo: "3", window: "2", H: "4" });
    expect(m.diagnostics.filter((d) => d.code === "binding-unused").map((d) => d.message)).toEqual([expect.stringContaining("`windwo`")]);
  });

  test("reserved keys set the problem, and bind a name only where nothing else does", () => {
    const code =
      "# flexlens: B=2, H=4, Q_LEN=128, KV_LEN=256, D=32, BLOCK_SIZE=(64, 32), SCALE=0.5\n\ndef heads(b, h, q_idx, kv_idx):\n    return h < H\n";
    const v = variant(lower(code), "heads");
    expect(v.problem).toEqual({ batch: 2, qHeads: 4, qLen: 128, kvLen: 256, qkHeadDim: 32, blockSize: [64, 32], scale: 0.5 });
    expect(v.maskMod?.body).toMatchObject({ kind: "binary", op: "lt", b: { kind: "const", value: 4 } });
    const own = variant(lower(`H = 7\n${code}`), "heads");
    expect(own.maskMod?.body).toMatchObject({ b: { value: 7 } });
  });

  test("a call site sets the problem of its mod, and of the others where they have none", () => {
    const m = lower(
      `${CAUSAL}def near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < 3\nm = create_block_mask(near, 2, None, 96, 64, BLOCK_SIZE=32)\n`,
    );
    expect(variant(m, "near").problem).toEqual({ batch: 2, qLen: 96, kvLen: 64, blockSize: [32, 32] });
    expect(variant(m, "causal").problem.qLen).toBe(96);
  });

  test("a captured table sets the lengths that it is made for", () => {
    const m = lower("doc = torch.arange(300) // 100\ndef same(b, h, q_idx, kv_idx):\n    return doc[q_idx] == doc[kv_idx]\n");
    expect(variant(m, "same").problem).toEqual({ qLen: 300, kvLen: 300 });
  });
});

describe("made-up values", () => {
  const model = `class Attention:
    def __init__(self, heads: int, window=None):
        self.window = window
        self.slopes = load_slopes(heads)
    def score_mod(self, score, b, h, q_idx, kv_idx):
        return score - self.slopes[h] * (q_idx - kv_idx)
    def forward(self, x, doc_ids):
        def mask_mod(b, h, q_idx, kv_idx):
            return (doc_ids[b, q_idx] == doc_ids[b, kv_idx]) & (q_idx - kv_idx < x.shape[1])
        return flex_attention(x, x, x, score_mod=self.score_mod, block_mask=create_block_mask(mask_mod, 1, None, 64, 64))
`;

  test("take the name, the shape and the kind that the use shows", () => {
    const m = lower(`from helpers import load_slopes\n${model}`);
    expect(m.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
    const score = variant(m, "Attention.score_mod");
    expect(score.captures.map((c) => [c.name, c.dtype, c.shape])).toEqual([["slopes", "f32", [8]]]);
    const mask = variant(m, "mask_mod");
    expect(mask.captures.map((c) => [c.name, c.dtype, c.shape])).toEqual([["doc_ids", "i64", [1, 64]]]);
    expect(mask.bindings.find((b) => b.name === "doc_ids")?.origin).toBe("seeded");
  });

  test("are the same each time, and give way to a binding of that name", () => {
    const [a, b] = [lower(model), lower(model)].map((m) => variant(m, "Attention.score_mod").captures[0]?.data);
    expect(a).toEqual(b);
    const m = bind(model, { slopes: "torch.tensor([1.0, 0.5])" });
    expect(variant(m, "Attention.score_mod").captures.map((c) => [...c.data])).toEqual([[1, 0.5]]);
  });

  test("of a dtype that does not do are tried again with another", () => {
    const m = lower(
      "def make(allowed_pairs):\n    def mod(b, h, q_idx, kv_idx):\n        return allowed_pairs[q_idx, kv_idx]\n    return mod\n",
    );
    expect(variant(m, "make").captures[0]?.dtype).toBe("bool");
    const other = lower("def make(pairs):\n    def mod(b, h, q_idx, kv_idx):\n        return pairs[q_idx, kv_idx]\n    return mod\n");
    expect(variant(other, "make").captures[0]?.dtype).toBe("bool");
    expect(other.diagnostics.map((d) => d.code)).toEqual(["seeded-value"]);
  });
});

describe("directives", () => {
  test.each([
    [
      "above a decorator",
      `import functools\n# flexlens: W=2\n@functools.lru_cache\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < W\n`,
    ],
    ["over several lines", "# flexlens: B=1,\n# flexlens: W=2\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < W\n"],
    [
      "with a value over several lines",
      "# flexlens: T=torch.tensor([1,\n# flexlens:    2]), W=T[1]\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < 2\n",
    ],
    ["with other comments between", "# flexlens: W=2\n# the window\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < W\n"],
    ["with Windows line breaks", "# flexlens: W=2\r\ndef near(b, h, q_idx, kv_idx):\r\n    return q_idx - kv_idx < W\r\n"],
    ["above an assignment", "# flexlens: W=2\nnear = lambda b, h, q, k: q - k < W\n"],
  ])("%s", (_, text) => {
    expect(picture(variant(lower(text), "near"))).toBe("#### #### .### ..##");
  });

  test("one above a function does not bind its neighbour", () => {
    const near = (name: string): string => `def ${name}(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < W\n`;
    const m = lower(`W = 1\n# flexlens: W=2\n${near("one")}\n${near("two")}`);
    expect(picture(variant(m, "one"))).toBe("#### #### .### ..##");
    expect(picture(variant(m, "two"))).toBe("#### .### ..## ...#");
  });

  test.each([
    ["a value is missing", "# flexlens: W=\n", "directive-malformed"],
    ["a name is missing", "# flexlens: 3\n", "directive-malformed"],
    ["a bracket is open", "# flexlens: W=(3\n", "directive-malformed"],
    ["a size is no integer", "# flexlens: Q_LEN=0.5\n", "directive-value"],
    ["a size is negative", "# flexlens: Q_LEN=-4\n", "directive-value"],
    ["nobody asks for the name", "# flexlens: windwo=3\n", "directive-unused"],
    ["the value cannot be computed", "# flexlens: W=nowhere + 1\n", "binding-value"],
  ])("%s: a diagnostic on the place", (_, directive, code) => {
    const text = `\n${directive}\n${CAUSAL}def near(b, h, q_idx, kv_idx):\n    return q_idx < W\nW = 2\n`;
    const m = lower(text);
    const found = m.diagnostics.find((d) => d.code === code);
    expect(codes(m)).toContain(code);
    const line = (HEAD + text).slice(0, found?.span.from).split("\n").length;
    expect(line).toBe(4);
    expect(names(m)).toContain("causal");
  });
});

describe("what cannot be followed costs itself alone", () => {
  test.each([
    ["a chained comparison", "def bad(b, h, q_idx, kv_idx):\n    return 0 <= q_idx - kv_idx < 3\n", "chained-comparison"],
    ["an unknown name", "def bad(b, h, q_idx, kv_idx):\n    return q_idx < WINDWO\n", "unknown-name"],
    ["a loop without end in a mod", "def bad(b, h, q_idx, kv_idx):\n    while True:\n        q_idx = q_idx + 1\n", "step-budget"],
    ["recursion without end", "def f(x):\n    return f(x)\ndef bad(b, h, q_idx, kv_idx):\n    return f(q_idx) > 0\n", "recursion-depth"],
    [
      "a range of a billion",
      "def bad(b, h, q_idx, kv_idx):\n    for i in range(10**9):\n        q_idx = q_idx + i\n    return q_idx > 0\n",
      "step-budget",
    ],
    [
      "three arguments at a call",
      "def bad(b, q_idx, kv_idx):\n    return q_idx >= kv_idx\ncreate_block_mask(bad, 1, 1, 8, 8)\n",
      "parameter-count",
    ],
    ["no return", "def bad(b, h, q_idx, kv_idx):\n    q_idx >= kv_idx\n", "returns-nothing"],
    ["a syntax error", "def bad(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx\n", "syntax-error"],
  ])("%s", (_, text, code) => {
    const m = lower(`${text}${CAUSAL}`);
    expect(codes(m)).toContain(code);
    expect(names(m)).toEqual(["causal"]);
  });

  test("a loop without end in module code leaves the mods after it", () => {
    const m = lower(`while True:\n    pass\n${CAUSAL}`);
    expect(names(m)).toEqual(["causal"]);
    expect(codes(m)).toContain("step-budget");
  });

  test("a syntax error is not followed by errors of its own making", () => {
    const m = lower(`def helper(x:\n    return x\n${CAUSAL}def bad(b, h, q_idx, kv_idx):\n    return helper(q_idx) > 0\n`);
    expect(codes(m)).toEqual(["syntax-error"]);
  });
});

describe("imports", () => {
  const main = {
    file: "pkg/main.py",
    text: "from .masks import causal, W\nfrom helpers import far\nimport unknown_lib\nimport torch, math\nmine = lambda b, h, q, k: causal(b, h, q, k) & (q - k < W)\n",
  };
  const masks = { file: "pkg/masks.py", text: `W = 2\n${CAUSAL}` };

  test("mods and constants come from other sources; what nobody reads is not asked for", () => {
    const m = lowerModule([main, masks]);
    expect(picture(variant(m, "mine"))).toBe("#... ##.. .##. ..##");
    expect(m.needs).toEqual([]);
    expect(m.diagnostics).toEqual([]);
  });

  test("what is missing and read is asked for once", () => {
    const m = lowerModule([{ ...main, text: `${main.text}FAR = far(1) + far(2) + unknown_lib.x\n` }, masks]);
    expect(m.needs.map((n) => ".".repeat(n.level) + n.module)).toEqual(["helpers", "unknown_lib"]);
  });

  test("a mod that needs a missing module says so", () => {
    const m = lowerModule([
      { file: "a.py", text: "from helpers import shift\ndef near(b, h, q_idx, kv_idx):\n    return shift(q_idx) >= kv_idx\n" },
    ]);
    expect(names(m)).toEqual([]);
    expect(m.diagnostics.map((d) => d.message).join()).toContain("helpers");
  });

  test("modules that import each other end", () => {
    const m = lowerModule([
      { file: "a.py", text: `import b\n${CAUSAL}` },
      { file: "b.py", text: "import a\nfrom a import causal\n" },
    ]);
    expect(names(m)).toContain("causal");
  });
});

describe("two by name", () => {
  const sources = [{ file: "f.py", text: `${HEAD}${CAUSAL}${SOFTCAP}${WINDOW}` }];

  test("are one variant", () => {
    const { variant: v } = lowerPair(sources, "softcap", "make_window", { bindings: { window: "2" } });
    expect(v?.name).toBe("softcap + make_window");
    expect(v?.scoreMod?.kind).toBe("score_mod");
    expect(v?.maskMod?.kind).toBe("mask_mod");
    expect(v?.bindings.map((b) => b.name)).toEqual(["window"]);
  });

  test.each([
    ["softcap", "causal", true],
    [null, "causal", true],
    ["softcap", null, true],
    ["causal", null, false],
    ["softcap", "nothing", false],
  ])("%s and %s", (score, mask, found) => {
    const result = lowerPair(sources, score, mask);
    expect(result.variant !== null).toBe(found);
    if (!found) expect(result.diagnostics.at(-1)?.code).toBe("unknown-name");
  });
});
