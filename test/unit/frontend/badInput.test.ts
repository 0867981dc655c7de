import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { createLowering } from "../../../kernels/frontend/lowering.ts";

const SAMPLE = `"""A sample."""
import torch
from torch.nn.attention.flex_attention import and_masks, create_block_mask

# flexlens: B=2, Q_LEN=64,
# flexlens: window=3
WINDOW, SINKS = 4, (1, [2, {"a": 3}])


def make(window: int, *, keep=None):
    """Doc 'string'."""
    doc = torch.arange(8) // 2

    def inner(b, h, q_idx, kv_idx):
        near = (q_idx - kv_idx).abs() <= window
        if keep is not None:
            near = near & keep[kv_idx]
        return near & (doc[q_idx] == doc[kv_idx])

    return and_masks(inner, lambda b, h, q, k: q >= k)


class Masks:
    @staticmethod
    def causal(b, h, q_idx, kv_idx):
        return q_idx >= kv_idx


mask = make(WINDOW)
block_mask = create_block_mask(mask, 1, None, 64, 64, BLOCK_SIZE=(16, 32))
print(f"{block_mask!r:>{WINDOW}}")
`;

/** Pseudo-random text of `length` characters out of `alphabet`. */
function noise(length: number, alphabet: string): string {
  const parts: string[] = [];
  let state = 7;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    parts.push(alphabet.charAt((state >> 8) % alphabet.length));
  }
  return parts.join("");
}

const lower = (text: string) => lowerModule([{ file: "f.py", text }]);

describe("any text gets an answer", () => {
  test("a file cut off at every character", () => {
    expect(lower(SAMPLE).diagnostics.filter((d) => d.severity === "error")).toEqual([]);
    for (let end = 0; end <= SAMPLE.length; end++) {
      const m = lower(SAMPLE.slice(0, end));
      expect(m.diagnostics.every((d) => d.span.from <= d.span.to && d.span.to <= end)).toBe(true);
      expect(m.diagnostics.some((d) => d.code === "internal-fault")).toBe(false);
    }
  });

  test("a file with any one character taken out, or a bracket put in", () => {
    for (let i = 0; i < SAMPLE.length; i += 3) {
      for (const text of [SAMPLE.slice(0, i) + SAMPLE.slice(i + 1), `${SAMPLE.slice(0, i)}(${SAMPLE.slice(i)}`]) {
        expect(lower(text).diagnostics.some((d) => d.code === "internal-fault")).toBe(false);
      }
    }
  });

  const MEGABYTE = 1_000_000;
  /** In each of 90 brackets in one another nearly as many links as one may have. */
  const deep = (open: string, link: string, close: string): string =>
    `${open.repeat(90)}a${Array.from({ length: 90 }, (_, i) => link.repeat(20 + 3 * i) + close).join("")}`;
  const branches = Array.from({ length: 60 }, (_, i) => {
    const indent = " ".repeat(i);
    return `${indent}if a: pass\n${`${indent}elif a: pass\n`.repeat(230)}${indent}else:\n`;
  }).join("");
  test.each<[string, string]>([
    ["bytes", noise(MEGABYTE, Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join(""))],
    ["symbols", noise(MEGABYTE, "()[]{}+-*/ab \n:=,.'\"#@")],
    ["words", noise(MEGABYTE, "abc def if for in (): \n")],
    ["letters without a line break", noise(MEGABYTE, "ab ")],
    ["open brackets", "(".repeat(MEGABYTE)],
    ["open brackets on lines", "(\n".repeat(MEGABYTE / 2)],
    ["open definitions", "def f(\n".repeat(140_000)],
    ["headers without blocks", "if x:\n".repeat(160_000)],
    ["quotes", '"""a\n'.repeat(200_000)],
    ["signs", "-".repeat(MEGABYTE)],
    ["not", "not ".repeat(250_000)],
    ["lambdas", "lambda:".repeat(140_000)],
    ["attributes", `a${".b".repeat(500_000)}`],
    ["decorators", "@a\n".repeat(300_000)],
    ["elifs", `if a: pass\n${"elif b: pass\n".repeat(70_000)}`],
    ["lines with a fault each", "a ! b\n".repeat(160_000)],
    ["deep blocks", Array.from({ length: 1400 }, (_, i) => `${" ".repeat(i)}if x:`).join("\n")],
    ["zeros", "\0".repeat(MEGABYTE)],
    ["lists at the left of long sums", deep("[", "+a", ", 0]")],
    ["calls at the left of long chains", deep("f(", ".b", ", 0)")],
    ["indices at the left of indices", deep("a[", "[b]", ", 0]")],
    ["branches in the last branch", branches],
  ])("a megabyte of %s", (_, text) => {
    const start = performance.now();
    const m = createLowering().lower([{ file: "f.py", text }]);
    // Far above what it takes (some 0.1 s), and below what anything quadratic would.
    expect(performance.now() - start).toBeLessThan(8000);
    expect(m.variants).toEqual([]);
    expect(m.diagnostics.length).toBeGreaterThan(0);
    expect(m.diagnostics.length).toBeLessThan(100);
    expect(m.diagnostics.map((d) => d.code)).not.toContain("internal-fault");
  });

  const MOD = "\ndef m(b, h, q, k):\n    return q >= k + len(x) * 0\n";
  test.each([
    ["a list that holds itself", "x = []\nx.append(x)", 1],
    ["an endless generator", "def g():\n    while True:\n        yield 1\nx = list(g())", 0],
    ["a generator that starts itself", "def g(n):\n    yield from g(n + 1)\nx = list(g(0))", 0],
    ["a repr that asks for itself", "class R:\n    def __repr__(self): return repr(self)\nx = repr(R())", 0],
    ["a text padded without bound", "x = f'{3:1000000000d}'", 0],
    ["all orders of twenty", "import itertools\nx = list(itertools.permutations(range(20)))", 0],
    ["a product of eight ranges", "import torch\nx = torch.cartesian_prod(*[torch.arange(100)] * 8)", 0],
  ])("%s ends, and is no defect", (_, text, variants) => {
    const m = lower(text + MOD);
    expect(m.variants.length).toBe(variants);
    expect(m.diagnostics.map((d) => d.code)).not.toContain("internal-fault");
    expect(m.diagnostics.length > 0).toBe(variants === 0);
  });

  test("no source at all", () => {
    expect(lowerModule([])).toEqual({ variants: [], calls: [], diagnostics: [], needs: [], dataNeeds: [] });
  });

  test.each([
    ["a loop without end", "while True:\n    pass\n"],
    ["a loop without end that grows", "x = []\nwhile True:\n    x.append(x)\n"],
    ["recursion", "def f(n):\n    return f(n + 1)\nf(0)\n"],
    ["recursion between two", "def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nf(0)\n"],
    ["a list of a billion", "x = list(range(10**9))\n"],
    ["a tensor of a billion", "import torch\nx = torch.arange(10**10)\n"],
    ["a power that grows", "x = 10\nfor i in range(100):\n    x = x ** x\n"],
    ["a string that grows", "x = 'a' * 10**12\n"],
    ["a list that doubles", "x = [1]\nfor i in range(100):\n    x = x + x\n"],
    ["a class of itself", "class A(A):\n    pass\n"],
    ["a list in itself", "x = []\nx.append(x)\nprint(x)\ny = x == x\n"],
  ])("%s: ends, and the mod after it stands", (_, text) => {
    const start = performance.now();
    const m = lower(`${text}def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n`);
    expect(performance.now() - start).toBeLessThan(8000);
    expect(m.variants.map((v) => v.name)).toEqual(["causal"]);
    expect(m.diagnostics.map((d) => d.code)).not.toContain("internal-fault");
  });
});
