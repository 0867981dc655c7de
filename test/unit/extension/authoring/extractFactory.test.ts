import { describe, expect, test } from "vitest";
import { extractFactory } from "../../../../extension/authoring/extractFactory.ts";
import { applied } from "../../../../extension/authoring/importEdit.ts";
import { outlineOf } from "../../../../extension/authoring/outline.ts";
import { variantAt } from "../../../../extension/cursor.ts";
import { lowerModule, lowerOne } from "../../../../kernels/frontend/lower.ts";
import { GALLERY } from "../../../../kernels/gallery/gallery.ts";
import { variantKey } from "../../../../kernels/ir/key.ts";
import { corpusFiles, corpusText } from "../../../support/corpus.ts";

const FILE = "masks.py";

/** The text after the extraction at the first `▮`; null where none is offered. */
function extracted(marked: string): string | null {
  const offset = marked.indexOf("▮");
  const text = marked.replace("▮", "");
  const module = lowerModule([{ file: FILE, text }]);
  const found = extractFactory(outlineOf(text), offset, variantAt(module, FILE, offset));
  return found === null ? null : applied(text, found.edits);
}

describe("extracting a factory", () => {
  test("makes parameters of the numbers, named by what they stand beside, and calls it with these", () => {
    expect(extracted("def near(b, h, q_idx, kv_idx):\n    return (q_idx - kv_idx < ▮256) & (q_idx // 64 == kv_idx // 64)\n")).toBe(
      `def generate_near(window, block):
    def near(b, h, q_idx, kv_idx):
        return (q_idx - kv_idx < window) & (q_idx // block == kv_idx // block)

    return near


near = generate_near(window=256, block=64)
`,
    );
  });

  test.each([
    [
      "a number used in two roles is one parameter",
      "def soft(score, b, h, q, k):\n    return ▮30.0 * (score / 30.0).tanh()\n",
      "generate_soft(cap=30.0)",
    ],
    [
      "an int and a float of one value are two",
      "def f(score, b, h, q, k):\n    return score * ▮2.0 + (q - k) // 2\n",
      "generate_f(factor=2.0, block=2)",
    ],
    ["a number of the module is one too", "WINDOW = 64\ndef f(b, h, q, k):\n    return q - k▮ < WINDOW\n", "generate_f(window=WINDOW)"],
    [
      "a number of the module in lower case keeps its name",
      "width = 64\ndef f(b, h, q, k):\n    return q - k▮ < width\n",
      "generate_f(width=width)",
    ],
    [
      "a parameter's name is none that the mod uses",
      "def f(b, h, q, k):\n    window = q - k\n    return window▮ - q < 9\n",
      "generate_f(window_2=9)",
    ],
    ["a negative number keeps its sign where it is", "def f(b, h, q, k):\n    return q - k▮ > -5\n", "generate_f(window=5)"],
  ])("%s", (_, marked, call) => {
    expect(extracted(marked)).toContain(` = ${call}\n`);
  });

  test.each([
    [
      "that is given a name",
      "near = lambda b, h, q, k: (q - k < ▮256) & (q >= k)\nprint(near)\n",
      `def generate_near(window):
    return lambda b, h, q, k: (q - k < window) & (q >= k)


near = generate_near(window=256)
print(near)
`,
    ],
    [
      "in a call, over two lines",
      "def build(n):\n    return create_block_mask(lambda b, h, q, k: (\n        q - k < ▮256), None, None, n, n)\n",
      `def build(n):
    def generate_mask_mod(window):
        return (lambda b, h, q, k: (
        q - k < window))

    return create_block_mask(generate_mask_mod(window=256), None, None, n, n)
`,
    ],
    [
      "in a method",
      "class A:\n    def __init__(self):\n        self.mask = lambda b, h, q, k: q - k < ▮128\n",
      `class A:
    def __init__(self):
        def generate_mask_mod(window):
            return lambda b, h, q, k: q - k < window

        self.mask = generate_mask_mod(window=128)
`,
    ],
    [
      "a second time in one function",
      "def build(n):\n    def generate_mask_mod(window):\n        return lambda b, h, q, k: q - k < window\n\n    near = make(generate_mask_mod(window=8))\n    return make(lambda b, h, q, k: q - k < ▮256), near\n",
      `def build(n):
    def generate_mask_mod(window):
        return lambda b, h, q, k: q - k < window

    near = make(generate_mask_mod(window=8))
    def generate_mask_mod_2(window):
        return lambda b, h, q, k: q - k < window

    return make(generate_mask_mod_2(window=256)), near
`,
    ],
  ])("of a lambda %s", (_, marked, text) => {
    expect(extracted(marked)).toBe(text);
  });

  test.each([
    [
      "what `self` gives, and the numbers",
      `import torch

# Documents in one row.
@keep
class Documents(Base):
    """Of a batch."""

    def __init__(self, doc, window):
        self.doc, self._window = doc, window

    def mask(self, b, h, q_idx, kv_idx) -> torch.Tensor:
        """Within a document."""
        same = self.doc[q_idx] == self.doc[kv_idx]▮
        return same & (q_idx - kv_idx < self._window) & (kv_idx % 8 != 0)  # near

    def build(self, n):
        return create_block_mask(self.mask, None, None, n, n)
`,
      `import torch

def generate_mask(doc, window, period):
    def mask(b, h, q_idx, kv_idx) -> torch.Tensor:
        """Within a document."""
        same = doc[q_idx] == doc[kv_idx]
        return same & (q_idx - kv_idx < window) & (kv_idx % period != 0)  # near

    return mask


# Documents in one row.
@keep
class Documents(Base):
    """Of a batch."""

    def __init__(self, doc, window):
        self.doc, self._window = doc, window

    def mask(self, b, h, q_idx, kv_idx) -> torch.Tensor:
        return generate_mask(doc=self.doc, window=self._window, period=8)(b, h, q_idx, kv_idx)

    def build(self, n):
        return create_block_mask(self.mask, None, None, n, n)
`,
    ],
    [
      "numbers of a static one, in a class within a class within a function",
      `def build():
    class A:
        class B:
            @staticmethod
            def near(b, h, q, k): return q - k < ▮8
    return A.B.near
`,
      `def build():
    def generate_near(window):
        def near(b, h, q, k): return q - k < window

        return near

    class A:
        class B:
            @staticmethod
            def near(b, h, q, k): return generate_near(window=8)(b, h, q, k)
    return A.B.near
`,
    ],
  ])("of a method stands above its class: %s", (_, marked, text) => {
    expect(extracted(marked)).toBe(text);
  });

  test.each([
    ["near = lambda b, h, q, k: (q - k < ▮256) & (q // 64 >= k // 64)\n", "near"],
    [
      "class A:\n    def __init__(self, w):\n        self.w = w\n    def near(self, b, h, q, k):\n        return (q - k < ▮self.w) & (q % 3 == 0)\nmask = A(9).near\n",
      "mask",
    ],
    ["class A:\n    w = 7\n    @classmethod\n    def near(cls, b, h, q, k):\n        return q - k ▮< cls.w\nmask = A.near\n", "mask"],
    ["class A:\n    @staticmethod\n    def near(b, h, q, k):\n        return q - k ▮< 7\n", "A.near"],
  ])("keeps what it computes: %j", (marked, name) => {
    const key = (text: string | null): string | null => {
      const found = lowerModule([{ file: FILE, text: text ?? "" }]).variants.find((v) => v.name === name);
      return found === undefined ? null : variantKey(found, [128, 128]);
    };
    expect(key(marked.replace("▮", ""))).not.toBeNull();
    expect(key(extracted(marked))).toBe(key(marked.replace("▮", "")));
  });

  test.each([
    ["there is no number but 0 and 1", "def f(b, h, q, k):\n    return q - k▮ >= 0\n"],
    ["the function is no mod", "def f(x):\n    return x▮ + 5\n"],
    ["the cursor is outside of all", "x = 5▮\ndef f(b, h, q, k):\n    return q - k < 5\n"],
    ["a lambda is within a comprehension", "masks = [lambda b, h, q, k: q - k < w + ▮5 for w in (8, 16)]\n"],
    ["a lambda is within another", "make = lambda w: lambda b, h, q, k: q - k < w + ▮5\n"],
    ["there is no room above a lambda", "x = 1; f = lambda b, h, q, k: q - k < ▮5\n"],
    ["a lambda is a class's own", "class A:\n    w = 3\n    f = lambda b, h, q, k, w=w: q - k < w + ▮5\n"],
    ["a method reads nothing and has no number", "class A:\n    def f(self, b, h, q, k):\n        return q ▮>= k\n"],
    ["a method hands its object on", "class A:\n    def f(self, b, h, q, k):\n        return near(self, q) - k▮ < 5\n"],
    ["a method writes into its object", "class A:\n    def f(self, b, h, q, k):\n        self.n = 5\n        return q - k▮ < self.n\n"],
    ["a method calls its parent's", "class A(B):\n    def f(self, b, h, q, k):\n        return super().f(b, h, q, k▮ + 5)\n"],
    ["a method's names are private", "class A:\n    def f(self, b, h, q, k):\n        return q - k▮ < A.__window + 5\n"],
    ["a method's default is the class's", "class A:\n    w = 3\n    def f(self, b, h, q, k, w=w):\n        return q - k▮ < w + 5\n"],
    ["it rebinds names of the module", "n = 1\ndef f(b, h, q, k):\n    global n\n    return q - k▮ < 5\n"],
  ])("is not offered where %s", (_, marked) => {
    expect(extracted(marked)).toBeNull();
  });

  test("keeps decorators, comments, the docstring, tabs and strings of several lines", () => {
    const text = `# what it is for
@keep
def f(b, h, q, k):
\t"""One.

\tTwo.
\t"""
\tnote = '''a
b'''  # with a remark
\treturn q - k < ▮12  # near
m = f
`;
    expect(extracted(text)).toBe(`# what it is for
def generate_f(window):
\t@keep
\tdef f(b, h, q, k):
\t\t"""One.

\t\tTwo.
\t\t"""
\t\tnote = '''a
b'''  # with a remark
\t\treturn q - k < window  # near

\treturn f


f = generate_f(window=12)
m = f
`);
  });

  test("does so inside a function, and under Windows' line ends", () => {
    const text = "def make():\r\n    def f(b, h, q, k):\r\n        return q - k < ▮12\r\n    return f\r\n";
    expect(extracted(text)?.replaceAll("\r\n", "\n")).toBe(
      "def make():\n    def generate_f(window):\n        def f(b, h, q, k):\n            return q - k < window\n\n        return f\n\n    f = generate_f(window=12)\n    return f\n",
    );
  });
});

/** Every mod of `text` whose numbers can be extracted: its variant before, and the one of its name after. */
function pairs(file: string, text: string): { name: string; before: string; after: string | undefined }[] {
  const module = lowerModule([{ file, text }]);
  const key = (v: (typeof module.variants)[number]): string => variantKey(v, [128, 128]);
  return module.variants.flatMap((variant) => {
    const mod = variant.maskMod ?? variant.scoreMod;
    if (mod === null || mod.span.file !== file || mod.span.from !== variant.nameSpan.from - "def ".length) return [];
    const found = extractFactory(outlineOf(text), variant.nameSpan.from, variant);
    if (found === null) return [];
    const after = lowerOne([{ file, text: applied(text, found.edits) }], variant.name);
    const same = after.variants.find((v) => v.name === variant.name);
    return [{ name: variant.name, before: key(variant), after: same === undefined ? undefined : key(same) }];
  });
}

describe("what is extracted computes the same", () => {
  test("in every mod of the gallery", () => {
    const all = GALLERY.flatMap((entry) => pairs(entry.file, entry.text));
    expect(all.length).toBeGreaterThanOrEqual(5);
    for (const { name, before, after } of all) expect({ name, key: after }).toEqual({ name, key: before });
  });

  test("in every mod of the corpus", () => {
    const all = corpusFiles().flatMap((file) => pairs(`${file}.py`, corpusText(file)));
    expect(all.length).toBeGreaterThan(20);
    for (const { name, before, after } of all) expect({ name, key: after }).toEqual({ name, key: before });
  });
});
