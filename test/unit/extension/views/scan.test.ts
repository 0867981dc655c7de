import { describe, expect, test } from "vitest";
import { thumbnailOf } from "../../../../extension/thumbnail.ts";
import { isForeign, mayHoldMods } from "../../../../extension/views/scanText.ts";
import { isRowOf, rowSteps, type VariantRow } from "../../../../extension/views/variantRow.ts";
import { fillProblem } from "../../../../kernels/flash/problem.ts";
import { lowerModule } from "../../../../kernels/frontend/lower.ts";
import { GALLERY } from "../../../../kernels/gallery/gallery.ts";

describe("the test of a file's text", () => {
  test.each([
    ["a mask_mod by its parameters", "def f(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n"],
    ["one with other names", "def f(batch, head, q, k):\n    return q >= k\n"],
    [
      "one with types and a comma at the end",
      "def f(\n    b: Tensor,\n    h: Tensor,\n    q: Tensor,\n    kv: Tensor,\n) -> Tensor:\n    return q >= kv\n",
    ],
    ["a method", "class M:\n    def mask(self, b, h, q_idx, kv_idx):\n        return q_idx >= kv_idx\n"],
    ["a lambda", "near = lambda b, h, q, kv: q - kv < 8\n"],
    ["a score_mod", "def f(score, b, h, q, k):\n    return score * 2\n"],
    ["a call of FlexAttention", "from m import anything\nout = flex_attention(q, k, v, anything)\n"],
    ["masks put together", "mask = and_masks(a, b)\n"],
    ["a directive", "# flexlens: H=8\nmask = made(64)\n"],
  ])("takes %s", (_, text) => {
    expect(mayHoldMods(text)).toBe(true);
  });

  test.each([
    ["a function of four other things", "def area(x0, y0, x1, y1):\n    return (x1 - x0) * (y1 - y0)\n"],
    ["a training loop", "import torch\nfor step in range(10):\n    loss = model(batch).mean()\n    loss.backward()\n"],
    ["nothing", ""],
  ])("leaves out %s", (_, text) => {
    expect(mayHoldMods(text)).toBe(false);
  });

  test("takes every example that has a variant", () => {
    for (const { file, text } of GALLERY) {
      if (lowerModule([{ file, text }]).variants.length > 0) expect(mayHoldMods(text), file).toBe(true);
    }
  });

  test("is linear: a megabyte of parentheses and names takes no second", () => {
    const began = performance.now();
    mayHoldMods("def f(".repeat(150_000));
    mayHoldMods(`lambda ${"a, ".repeat(300_000)}`);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

test("folders of other people's code are passed by", () => {
  expect(isForeign("models/masks.py")).toBe(false);
  expect(isForeign("venvs/masks.py")).toBe(false);
  for (const path of [".venv/lib/python3.12/site-packages/x.py", "a/node_modules/y.py", "env/z.py"])
    expect(isForeign(path), path).toBe(true);
});

describe("the row of a variant", () => {
  const rowOf = (text: string, clock?: () => number): VariantRow => {
    const [variant] = lowerModule([{ file: "a.py", text }]).variants;
    if (variant === undefined) throw new Error("no variant");
    const steps = rowSteps("file:///a.py", variant, fillProblem(variant.problem), clock);
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  };
  const CAUSAL = "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";

  test("counts what the mask skips, and says its shape", () => {
    const row = rowOf(CAUSAL);
    expect(row).toMatchObject({ name: "causal", mods: ["mask_mod"], figure: { kind: "counted", blocks: 0.4375 }, shape: "causal-like" });
    expect(row.picture.light).not.toBe(row.picture.dark);
    for (const picture of Object.values(row.picture)) expect(picture).toMatch(/^data:image\/svg\+xml;base64,/);
  });

  test("gives up a mask that takes long, and has a picture all the same", () => {
    let now = 0;
    const scattered = "# flexlens: Q_LEN=16384, KV_LEN=16384\ndef f(b, h, q_idx, kv_idx):\n    return q_idx * kv_idx % 65521 % 509 == 17\n";
    const row = rowOf(scattered, () => {
      now += 1000;
      return now;
    });
    expect(row).toMatchObject({ figure: { kind: "uncounted" }, shape: "" });
    expect(row.picture.dark).toMatch(/^data:/);
  });

  test("stays while the variant is as it was, but for one whose picture was hatched and may become whole", () => {
    const text = "def striped(b, h, q_idx, kv_idx):\n    return (q_idx * kv_idx) % 11 < 3\n";
    const [variant] = lowerModule([{ file: "a.py", text }]).variants;
    if (variant === undefined) throw new Error("no variant");
    const problem = fillProblem({ qLen: 4096, kvLen: 4096 });
    const row = { ...rowOf(text), problem };
    expect(isRowOf(row, variant, problem)).toBe(true);
    let now = 0;
    thumbnailOf(variant, problem, "dark", () => now++ * 1000);
    expect(isRowOf(row, variant, problem)).toBe(false);
    thumbnailOf(variant, problem, "dark", () => 0);
    expect(isRowOf(row, variant, problem)).toBe(true);
    expect(isRowOf(row, variant, fillProblem({}))).toBe(false);
  });

  test("of a score_mod says that there is no mask", () => {
    expect(rowOf("def double(score, b, h, q_idx, kv_idx):\n    return score * 2\n")).toMatchObject({
      mods: ["score_mod"],
      figure: { kind: "none" },
      shape: "",
    });
  });

  test("is made in steps that each take a moment, for a mask of a million tokens too", () => {
    const text =
      "# flexlens: Q_LEN=1048576, KV_LEN=1048576, B=1, H=1\ndef near(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < 4096)\n";
    const [variant] = lowerModule([{ file: "a.py", text }]).variants;
    if (variant === undefined) throw new Error("no variant");
    const steps = rowSteps("file:///a.py", variant, fillProblem(variant.problem));
    for (let done = false; !done; ) {
      const began = performance.now();
      done = steps.next().done === true;
      expect(performance.now() - began).toBeLessThan(1000);
    }
  });
});
