import { describe, expect, test } from "vitest";
import { createFigures } from "../../../extension/figures.ts";
import { describeBinding, type HoverFacts, hoverMarkdown } from "../../../extension/hoverText.ts";
import { maskPicture } from "../../../extension/maskPicture.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import type { BoundName } from "../../../kernels/frontend/module.ts";
import { binary, constant, load, variable } from "../../../kernels/ir/expr.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { PROBLEM, resultOf, variantOf } from "./samples.ts";

const causal = variantOf("causal", 4);
const body = causal.maskMod?.body ?? null;
const maskAt = (length: number) => buildBlockMask(body, { batch: 1, heads: 8, qLen: length, kvLen: length }, [128, 128]);

const bound = (change: Partial<BoundName>): BoundName => ({
  name: "window",
  origin: "module",
  text: "256",
  tensor: null,
  value: null,
  span: null,
  ...change,
});

function markdown(change: Partial<HoverFacts> = {}): string {
  return hoverMarkdown({
    document: "file:///masks.py",
    variant: causal,
    problem: PROBLEM,
    mask: maskAt(1024),
    elements: 0.4995,
    shape: "causal-like",
    picture: "data:image/svg+xml;base64,AAAA",
    key: "now",
    results: [],
    now: 1_000_000,
    ...change,
  }).replaceAll("\u202f", " ");
}

describe("the hover", () => {
  test("shows the simplified formula, the figures and the links", () => {
    expect(markdown()).toMatchInlineSnapshot(`
      "\`\`\`python
      q_idx >= kv_idx
      \`\`\`

      <table><tr><td><img alt="Mask of causal, 43.8 percent of blocks empty, causal-like" src="data:image/svg+xml;base64,AAAA"></td><td>causal-like<br><b>43.8 %</b> of blocks skipped<br><b>50.0 %</b> of elements masked<br>28 full, 8 partial, 28 empty<br>B 1 · H 8 · S 1 024 · D 64 · blocks 128 × 128</td></tr></table>

      [Mask](command:flexlens.showMask?%5B%22file%3A%2F%2F%2Fmasks.py%22%2C%22causal%22%5D) · [Benchmark](command:flexlens.showBenchmark?%5B%22file%3A%2F%2F%2Fmasks.py%22%2C%22causal%22%5D) · [Kernel](command:flexlens.showKernel?%5B%22file%3A%2F%2F%2Fmasks.py%22%2C%22causal%22%5D)"
    `);
  });

  test("of a score_mod by itself shows what it adds, under a name that says so", () => {
    const bias = { ...causal, name: "bias", maskMod: null, scoreMod: causal.maskMod };
    const text = markdown({ variant: bias, mask: null, shape: "" });
    expect(text).toContain('<img alt="What bias adds to a score" src="data:image/svg+xml;base64,AAAA">');
    expect(text).toContain("nothing is skipped: there is no mask_mod");
  });

  test("says which formula is which where there are two", () => {
    const pair = {
      ...causal,
      scoreMod: {
        ...variantOf("double", 0).maskMod,
        kind: "score_mod",
        name: "double",
        span: causal.nameSpan,
        locals: [],
        body: binary("mul", variable("score"), constant(2, "f32")),
      } as const,
    };
    expect(markdown({ variant: pair })).toContain("score_mod: score * 2.0");
    expect(markdown({ variant: pair })).toContain("mask_mod: ");
  });

  test("says what PyTorch prints where that is another number, since blocks reach over the end", () => {
    expect(markdown({ mask: maskAt(100) })).toContain("PyTorch's <code>sparsity()</code> says -63.84%: it counts");
    expect(markdown({ mask: maskAt(1024) })).not.toContain("sparsity()");
  });

  test("says why there is no figure", () => {
    expect(markdown({ mask: null, picture: null })).toContain("blocks not counted here: it takes too long");
    expect(markdown({ variant: { ...causal, maskMod: null }, mask: null, picture: null })).toContain("there is no mask_mod");
    expect(markdown({ elements: null })).toContain("elements not counted: too many");
  });

  test("shows the last run with its standing, kernel, device and age", () => {
    expect(markdown({ results: [resultOf({ key: "before" })], now: 1_000_000 + 120_000 })).toContain(
      "<br>1.84 ms (before the edit)<br>quad on nvidia h200, 2 minutes ago</td>",
    );
  });

  test("lists captures with where their values come from, and says which were made up", () => {
    const bindings = [bound({}), bound({ name: "docs", origin: "seeded", text: "", tensor: { dtype: "i64", shape: [4096] } })];
    const text = markdown({ variant: { ...causal, bindings } });
    expect(text).toContain("| `window` | `256` | the file |");
    expect(text).toContain("| `docs` | `int64[4096]` | **made up**: the file gives no value |");
  });

  test("counts the captures that it leaves out", () => {
    const bindings = Array.from({ length: 11 }, (_, i) => bound({ name: `c${i}` }));
    expect(markdown({ variant: { ...causal, bindings } })).toContain("and 3 more");
  });

  test("says what a tensor holds, and what the file computes for the mod", () => {
    const docs = bound({ name: "docs", text: "ids", tensor: { dtype: "i64", shape: [4], data: new Float64Array([0, 0, 1, 1]) } });
    const kept = { dtype: "bool", shape: [3], data: new Uint8Array([1, 0, 1]) } as const;
    const reads = [{ mod: "causal", isNamed: true, reads: [{ name: "kept", python: 'seen(mod)["kept"]', tensor: kept, value: null }] }];
    const text = markdown({ variant: { ...causal, bindings: [docs], reads } });
    expect(text).toContain("| `docs` | `int64[4] = ids` | `0 … 1, 2 distinct: 0, 0, 1, 1` | the file |");
    expect(text).toContain("| `kept` | `bool[3]` | `True for 2 of 3` | computed by the file |");
  });
  test("lets no text of the user out of its table cell", () => {
    const bindings = [bound({ name: "x", text: "a | b `c`\nd" })];
    expect(markdown({ variant: { ...causal, bindings } })).toContain("| `x` | `a \\| b 'c' d` | the file |");
  });

  test("lets no name of a device or variant become HTML, nor end the table", () => {
    const device = { name: "<b>&\n\nevil", software: false };
    expect(markdown({ results: [resultOf({ device })] })).toContain("quad on &lt;b&gt;&amp; evil, just now");
    const named = variantOf('"><script>', 4);
    expect(markdown({ variant: named })).toContain('<img alt="Mask of &quot;&gt;&lt;script&gt;, ');
  });

  test("names the sizes that differ from their partner", () => {
    const problem = fillProblem({ qLen: 1, kvLen: 4096, qHeads: 8, kvHeads: 2, vHeadDim: 32 });
    expect(markdown({ problem })).toContain("<br>B 1 · H 8, HKV 2 · Q_LEN 1, KV_LEN 4 096 · D 64, DV 32 · blocks 128 × 128</td>");
    expect(markdown({ problem: { ...problem, storage: "f16" } })).toContain(" · blocks 128 × 128 · f16</td>");
  });
});

test.each<[Partial<BoundName>, string]>([
  [{ text: "256" }, "256"],
  [{ text: "torch.arange(S) // 64", tensor: { dtype: "i64", shape: [4096] } }, "int64[4096] = torch.arange(S) // 64"],
  [{ text: "", tensor: { dtype: "f32", shape: [8, 2] } }, "float32[8, 2]"],
  [{ text: "x".repeat(60) }, `${"x".repeat(47)}…`],
])("a binding %o is described as `%s`", (change, expected) => {
  expect(describeBinding(bound(change))).toBe(expected);
});

describe("the picture", () => {
  const decode = (uri: string): string => atob(uri.slice(uri.indexOf(",") + 1));

  test("is the mask as SVG, in the colours of the theme", () => {
    const light = decode(maskPicture(maskAt(1024), body ?? constant(1, "bool"), "light", 128));
    const dark = decode(maskPicture(maskAt(1024), body ?? constant(1, "bool"), "dark", 128));
    expect(light).toMatch(/^<svg [^>]*width="128" height="128"/);
    expect(dark).not.toBe(light);
  });

  test("of noise stays below what the editor's Markdown takes", () => {
    const data = Uint8Array.from({ length: 2 ** 16 }, (_, i) => (Math.imul(i, 0x9e37_79b9) >>> 13) & 1);
    const capture: Capture = { name: "noise", dtype: "bool", shape: [2 ** 16], data };
    const index = binary(
      "floormod",
      binary("add", binary("mul", variable("q_idx"), constant(257, "i64")), variable("kv_idx")),
      constant(2 ** 16, "i64"),
    );
    const noise = load(capture, [index]);
    const mask = buildBlockMask(noise, { batch: 1, heads: 1, qLen: 64, kvLen: 64 }, [16, 16]);
    expect(maskPicture(mask, noise, "dark", 128).length).toBeLessThan(60_000);
  });
});

describe("figures", () => {
  test("are counted at once within the budget, and kept", () => {
    let now = 0;
    const figures = createFigures(() => now);
    figures.begin();
    expect(figures.of(causal, PROBLEM)).toEqual({ kind: "counted", blocks: 0.4375 });
    now = 1e6;
    expect(figures.of(causal, PROBLEM)).toEqual({ kind: "counted", blocks: 0.4375 });
    figures.dispose();
  });

  test("beyond the budget are counted later, which is told", async () => {
    let now = 0;
    const figures = createFigures(() => now);
    figures.begin();
    now = 1000;
    const counted = new Promise<void>((resolve) => figures.onCounted(resolve));
    expect(figures.of(causal, PROBLEM)).toEqual({ kind: "counting", before: null });
    await counted;
    expect(figures.of(causal, PROBLEM)).toEqual({ kind: "counted", blocks: 0.4375 });
    figures.dispose();
  });

  test("that take too long are given up once, and not tried at each request", async () => {
    let asked = 0;
    const figures = createFigures(() => {
      asked++;
      return asked * 1000;
    });
    figures.begin();
    const counted = new Promise<void>((resolve) => figures.onCounted(resolve));
    // Where a product leaves this rest no rectangle tells: all cells have to be looked at.
    const product = binary("floormod", binary("mul", variable("q_idx"), variable("kv_idx")), constant(1_000_003, "i64"));
    const rare = binary("ne", product, constant(1_000_001, "i64"));
    const slow = { ...causal, maskMod: causal.maskMod === null ? null : { ...causal.maskMod, body: rare } };
    const problem = { ...PROBLEM, qLen: 2048, kvLen: 2048 };
    figures.of(slow, problem);
    await counted;
    const before = asked;
    expect(figures.of(slow, problem)).toEqual({ kind: "uncounted" });
    expect(asked).toBe(before);
    figures.dispose();
  });

  test("of a file with more variants than masks are kept come to rest: each is counted once", async () => {
    let now = 0;
    const figures = createFigures(() => now);
    const windows = Array.from({ length: 200 }, (_, i) => {
      const body = binary("lt", binary("sub", variable("q_idx"), variable("kv_idx")), constant(i, "i64"));
      return { ...causal, maskMod: causal.maskMod === null ? null : { ...causal.maskMod, body } };
    });
    figures.begin();
    for (const window of windows) figures.of(window, PROBLEM);
    now = 1e6;
    expect(windows.filter((window) => figures.of(window, PROBLEM).kind !== "counted")).toEqual([]);
    expect(await figures.maskOf(windows[0] ?? causal, PROBLEM)).not.toBeNull();
    figures.dispose();
  });

  test("know a variant without a mask_mod", async () => {
    const figures = createFigures();
    expect(figures.of({ ...causal, maskMod: null }, PROBLEM)).toEqual({ kind: "none" });
    expect(await figures.maskOf({ ...causal, maskMod: null }, PROBLEM)).toBeNull();
    figures.dispose();
  });

  test("have another key for another text or block size, and the same for another length", () => {
    const figures = createFigures();
    const window = {
      ...causal,
      maskMod: causal.maskMod === null ? null : { ...causal.maskMod, body: binary("gt", variable("q_idx"), variable("kv_idx")) },
    };
    expect(figures.keyOf(window, PROBLEM)).not.toBe(figures.keyOf(causal, PROBLEM));
    expect(figures.keyOf(causal, { ...PROBLEM, blockSize: [64, 64] })).not.toBe(figures.keyOf(causal, PROBLEM));
    expect(figures.keyOf(causal, { ...PROBLEM, qLen: 7 })).toBe(figures.keyOf(causal, PROBLEM));
    figures.dispose();
  });
});
