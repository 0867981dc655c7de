import { describe, expect, test } from "vitest";
import { modulesIn } from "../../../../extension/authoring/modulesIn.ts";
import { namesIn, offersAtLine, offersInMod } from "../../../../extension/authoring/offers.ts";
import { callAround, modAround, typedAt } from "../../../../extension/authoring/place.ts";
import { FLEX_FUNCTIONS, signaturesOf } from "../../../../extension/authoring/signatures.ts";
import { supportedNames } from "../../../../kernels/frontend/builtins.ts";
import { lowerModule } from "../../../../kernels/frontend/lower.ts";

/** The text and the line and column of the `▮` in it. */
function placed(marked: string) {
  const before = marked.slice(0, marked.indexOf("▮"));
  const text = marked.replace("▮", "");
  const lines = text.split("\n");
  const line = before.split("\n").length - 1;
  return { text, before: before.split("\n").at(-1) ?? "", upTo: before, lineAt: (n: number) => lines[n] ?? "", line };
}

describe("the mod that a line is in", () => {
  const modAt = (marked: string) => {
    const { lineAt, line, before } = placed(marked);
    const mod = modAround(lineAt, line, before);
    return mod === null ? null : `${mod.kind} ${mod.name}(${mod.params.join()})${mod.within.length > 0 ? ` in ${mod.within.join()}` : ""}`;
  };

  test.each([
    ["the line below its def", "def f(b, h, q, k):\n    ▮", "mask_mod f(b,h,q,k)"],
    ["a line that is no Python yet", "def f(score, b, h, q, k):\n    x = torch.▮\n", "score_mod f(score,b,h,q,k)"],
    ["a block within", "def f(b, h, q, k):\n    if x:\n        y = 1\n\n        ▮", "mask_mod f(b,h,q,k)"],
    ["a factory's mod", "def make(n):\n    def f(b, h, q_idx, kv_idx):\n        return ▮", "mask_mod f(b,h,q_idx,kv_idx) in make"],
    ["a helper within the mod", "def f(b, h, q, k):\n    def g(x):\n        return ▮", "mask_mod f(b,h,q,k)"],
    ["a header with comments", "def f(b, h,  # batch, head (of the query)\n      q, k):\n    ▮", "mask_mod f(b,h,q,k)"],
    [
      "a header over several lines, with types and a default",
      "def f(\n    b: int,\n    h: int,\n    q: Tensor,\n    k: Tensor,\n    *,\n    n=2,\n) -> Tensor:\n    ▮",
      "mask_mod f(b,h,q,k)",
    ],
    ["tabs", "def f(b, h, q, k):\n\tx = 1\n\t▮", "mask_mod f(b,h,q,k)"],
  ])("is found from %s", (_, marked, want) => {
    expect(modAt(marked)).toBe(want);
  });

  test.each([
    ["the module's own code", "def f(b, h, q, k):\n    return q > k\n▮"],
    ["another function", "def f(b, h, q, k):\n    return q > k\ndef g(x):\n    ▮"],
    ["its own header", "def f(b, h, q, ▮k):\n    return q > k"],
    ["a header that goes on", "def f(b, h,\n      q, ▮k):\n    return q > k"],
    ["the factory around it", "def make(n):\n    def f(b, h, q, k):\n        return q > k\n    ▮"],
  ])("is none in %s", (_, marked) => {
    expect(modAt(marked)).toBeNull();
  });

  test("is found in a file of ten thousand lines within a millisecond", () => {
    const lines = [...Array.from({ length: 10_000 }, (_, i) => (i % 9 === 0 ? `def f${i}(b, h, q, k):` : "    x = q + k")), "    return "];
    const began = performance.now();
    for (let i = 0; i < 100; i++) modAround((n) => lines[n] ?? "", lines.length - 1, "");
    expect((performance.now() - began) / 100).toBeLessThan(1);
  });
});

describe("what is being typed", () => {
  test.each([
    ["    ", { kind: "line", begun: "" }],
    ["ma", { kind: "line", begun: "ma" }],
    ["    return torch.wh", { kind: "member", receiver: "torch", begun: "wh" }],
    ["    return (q - k).", { kind: "member", receiver: ")", begun: "" }],
    ["    x = torch.nn.functional.", { kind: "member", receiver: "torch.nn.functional", begun: "" }],
    ["    return q_idx >= kv", { kind: "name", begun: "kv" }],
    ["    return ", { kind: "name", begun: "" }],
    ["    return 1.", { kind: "other" }],
    ["    # torch.", { kind: "other" }],
    ["    x = 'torch.", { kind: "other" }],
    ["def na", { kind: "other" }],
    ["import to", { kind: "other" }],
  ])("after `%s` is known", (before, want) => {
    expect(typedAt(before)).toEqual(want);
  });
});

describe("the names of modules", () => {
  const names = modulesIn(
    "import torch.nn.functional as nnf, numpy as np\nimport math\nfrom torch.nn import functional as G, Linear\nfrom torch import nn\n",
  );
  test.each([
    ["torch", "torch"],
    ["F", "torch.nn.functional"],
    ["nnf", "torch.nn.functional"],
    ["G", "torch.nn.functional"],
    ["nn.functional", "torch.nn.functional"],
    ["np", "numpy"],
    ["math", "math"],
    ["Linear", ""],
    ["q_idx", ""],
  ])("`%s` is `%s`", (receiver, module) => {
    expect(names(receiver)).toBe(module);
  });
});

const FILE = `import torch
S = 512
WINDOW = 64
document_id = torch.arange(S) // 64


def generate(width):
    def near(b, h, q_idx, kv_idx):
        return q_idx - kv_idx < width

    return near


close = generate(width=9)


def packed(b, h, q_idx, kv_idx):
    same = document_id[q_idx] == document_id[kv_idx]
    distance = q_idx - kv_idx
    return same & (distance < WINDOW)
`;

describe("offers in a mod", () => {
  const module = lowerModule([{ file: "masks.py", text: FILE }]);
  const at = (marked: string) => {
    const { lineAt, line, before, text } = placed(marked);
    const mod = modAround(lineAt, line, before);
    if (mod === null) throw new Error("the cursor is in no mod");
    return offersInMod(typedAt(before), mod, namesIn(module, mod), modulesIn(text));
  };
  const labels = (marked: string): string[] => at(marked).map(({ label }) => label);
  const inPacked = (line: string): string => FILE.replace("    return same", `${line}\n    return same`);

  test("after `torch.` are the functions that run there, with how they are called, and no others", () => {
    const offers = at(inPacked("    x = torch.▮"));
    const known = new Set(supportedNames().flatMap(({ module: m, name }) => (m === "torch" ? [name] : [])));
    expect(offers.length).toBeGreaterThan(100);
    for (const { label, detail } of offers) {
      expect(known).toContain(label);
      expect(detail).toBe("Flexlens: runs in FlexAttention");
    }
    expect(offers.find(({ label }) => label === "where")?.documentation).toContain("torch.where(");
  });

  test("after a tensor are its methods; after another module, or a name nobody knows, nothing", () => {
    expect(labels(inPacked("    x = distance.▮"))).toContain("abs");
    expect(labels(inPacked("    x = (q_idx - kv_idx).▮"))).toContain("clamp");
    expect(labels(inPacked("    x = document_id.▮"))).toContain("view");
    expect(labels(inPacked("    x = math.▮").replace("import torch", "import math"))).toEqual([]);
    expect(labels(inPacked("    x = config.▮"))).toEqual([]);
  });

  test("are its arguments with their meaning, what it captures with dtype and shape, and its own names", () => {
    const offers = new Map(at(inPacked("    x = ▮")).map(({ label, detail }) => [label, detail]));
    expect(offers.get("document_id")).toMatch(/^int64\[512\]/);
    expect(offers.get("WINDOW")).toBe("64");
    expect(offers.get("distance")).toBe("int64");
    expect(offers.get("same")).toBe("bool");
    expect([...offers.keys()]).toEqual(expect.arrayContaining(["b", "h", "q_idx", "kv_idx"]));
  });

  test("leave out what another factory alone can see", () => {
    expect(labels(inPacked("    x = ▮"))).not.toContain("width");
    expect(labels(FILE.replace("return q_idx - kv_idx < width", "return ▮"))).toContain("width");
  });
});

describe("offers at the start of a line", () => {
  test("are both kinds of mod, their factories and the gallery at the module's level", () => {
    const labels = offersAtLine(true).map(({ label }) => label);
    expect(labels).toEqual(
      expect.arrayContaining(["mask_mod", "score_mod", "mask_mod factory", "score_mod factory", "create_block_mask", "flex Causal"]),
    );
    expect(offersAtLine(false).map(({ kind }) => kind)).not.toContain("example");
  });

  test("give Python that lowers without an error, tab stops filled as they stand", () => {
    for (const { label, documentation, kind } of offersAtLine(true)) {
      if (kind !== "snippet" || label === "create_block_mask") continue;
      const text = `import torch\n${documentation.replace(/^```python\n|\n```$/g, "")}\n`;
      const { variants, diagnostics } = lowerModule([{ file: "snippet.py", text }]);
      expect(variants, text).toHaveLength(1);
      expect(
        diagnostics.filter(({ severity }) => severity === "error"),
        text,
      ).toEqual([]);
    }
  });
});

describe("signatures", () => {
  const shown = (marked: string, inMod = false) => {
    const call = callAround(placed(marked).upTo);
    const context = {
      inMod,
      isFlexFile: true,
      modOf: (name: string) => (name === "causal" ? ("mask_mod" as const) : null),
      moduleOf: modulesIn(""),
    };
    return call === null
      ? []
      : signaturesOf(call, context).map(({ label, parameters, active }) => `${label} → ${parameters[active]?.label ?? "none"}`);
  };

  test.each([
    ["m = create_block_mask(causal, None, ▮", "H"],
    ["m = create_block_mask(causal, None, H=8, KV_LEN=▮", "KV_LEN"],
    ["m = create_block_mask(\n    causal,\n    B=(1 + 2),\n    Q_LEN=f(3), H=▮", "H"],
    ["o = fa.flex_attention(q, k, v, score_mod=▮", "score_mod=None"],
    ["m = and_masks(a, b, c, ▮", "*mask_mods"],
    ["x = causal(b, h, ▮", "q_idx"],
    ["m = create_block_mask(\n    causal,  # a mask (of one, or two), and so on\n    ▮", "B"],
    ["m = create_block_mask(causal, ')', \"it's, (\", ▮", "Q_LEN"],
  ])("of `%s` stand at `%s`", (marked, parameter) => {
    expect(shown(marked).map((line) => line.split(" → ")[1])).toEqual([parameter]);
  });

  test.each(["# see create_block_mask(▮", "s = 'create_block_mask('\ny = ▮", "x = 1  # create_block_mask(\ny = ▮"])(
    "of what comments and strings speak of are not shown: `%s`",
    (marked) => expect(shown(marked)).toEqual([]),
  );

  test("of PyTorch's functions and methods are shown inside a mod alone", () => {
    expect(shown("x = torch.where(q > k, ▮", true)).toEqual([expect.stringMatching(/^torch\.where\(condition, input.*→ input/)]);
    expect(shown("x = (q - k).clamp(▮", true)).toEqual([expect.stringMatching(/^clamp\(min=….*→ min=…$/)]);
    expect(shown("x = torch.where(q > k, ▮")).toEqual([]);
  });

  test("of a def are the two kinds of mod, as long as its parameters could become one", () => {
    const kinds = (marked: string): number => shown(marked).length;
    expect(kinds("def f(▮")).toBe(2);
    expect(shown("def f(score, b▮")).toEqual(["f(score, b, h, q_idx, kv_idx) → b"]);
    expect(shown("def f(b, h, ▮")).toEqual(["f(b, h, q_idx, kv_idx) → q_idx"]);
    expect(kinds("def load(path, mode, ▮")).toBe(0);
    expect(kinds("def f(*args, ▮")).toBe(0);
  });

  test("are of functions that FlexAttention has", () => {
    const names = new Set(supportedNames().flatMap(({ module, name }) => (module === "torch.nn.attention.flex_attention" ? [name] : [])));
    for (const name of Object.keys(FLEX_FUNCTIONS)) expect(names).toContain(name);
  });
});
