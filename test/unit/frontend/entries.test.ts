/** What counts as a mod of a module, and what is said where only made-up values stand behind it. */
import { expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";

/** Names of the mods, and what is said above a hint. */
function lowered(text: string): { readonly names: readonly string[]; readonly said: readonly string[] } {
  const { variants, diagnostics } = lowerModule([{ file: "m.py", text: `import torch\n${text}` }]);
  return {
    names: variants.map((v) => v.name),
    said: diagnostics.filter((d) => d.severity !== "hint").map((d) => `${d.severity} ${d.code}`),
  };
}

const METHOD = "def mask_mod(self, b, h, q_idx, kv_idx):";

test.each([
  ["a Protocol", `from typing import Protocol\nclass Rule(Protocol):\n    ${METHOD} ...\n`],
  ["a method left to subclasses", `class Base:\n    ${METHOD}\n        """Says who sees whom."""\n        raise NotImplementedError\n`],
  ["an empty one", `class Base:\n    ${METHOD} pass\n`],
  [
    "an abstract class, whose other methods need what it lacks",
    `import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def place(self, i): ...\n    ${METHOD}\n        return self.place(q_idx) >= self.place(kv_idx)\n`,
  ],
])("%s has no mods", (_, text) => {
  expect(lowered(text)).toEqual({ names: [], said: [] });
});

test("the methods of a subclass that fills an abstract one are mods", () => {
  const base = "import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def place(self, i): ...\n";
  const text = `${base}class Ring(Base):\n    def place(self, i): return i + 3\n    ${METHOD}\n        return self.place(q_idx) >= kv_idx\n`;
  expect(lowered(text)).toEqual({ names: ["Ring.mask_mod"], said: [] });
});

const OPEN = "def blocks(b, h, q_idx, kv_idx, size=None):\n    return q_idx // size == kv_idx // size\n";

test("a mod that partial completes is what partial gives", () => {
  expect(lowered(`from functools import partial\n${OPEN}of_four = partial(blocks, size=4)\n`)).toEqual({ names: ["of_four"], said: [] });
});

test("one that nobody completes is told what it lacks", () => {
  expect(lowered(OPEN)).toEqual({ names: [], said: ["error operand-types"] });
});

const LAYERED =
  "windows = torch.tensor([4, 8])\ndef layered(layer):\n    window = windows[layer]\n    def windowed(b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < window\n    return windowed\n";

test("what a made-up value runs into is made up in its turn, what a given one does is an error", () => {
  expect(lowered(LAYERED)).toEqual({ names: ["layered"], said: [] });
  expect(lowered(`${LAYERED}mask = layered(1)\n`)).toEqual({ names: ["layered", "mask"], said: [] });
  expect(lowered(`${LAYERED}mask = layered(2)\n`).said).toContain("error index-out-of-range");
});

test("a method of a named tuple has the tuple that the module made", () => {
  const text = `from typing import NamedTuple\nclass Layout(NamedTuple):\n    doc: torch.Tensor\n    half: int\n    ${METHOD}\n        doc, half = self\n        return (doc[q_idx] == doc[kv_idx]) & (q_idx >= half)\nlayout = Layout(torch.tensor([0, 0, 1]), 1)\n`;
  expect(lowered(text)).toEqual({ names: ["Layout.mask_mod"], said: [] });
});
