/** Lowering a text while it is edited gives what lowering it from nothing gives, whatever the edits. */
import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { createLowering } from "../../../kernels/frontend/lowering.ts";
import { editedOnce, readCorpus } from "../../fuzz/edits.ts";
import { loweredText } from "../../support/loweredText.ts";
import { pick, seeded, whole } from "../../support/random.ts";

const FILE = "f.py";

/** States of one text, each lowered after the one before. */
function checkStates(states: readonly string[]): void {
  const { lower } = createLowering();
  for (const [i, text] of states.entries()) {
    const again = loweredText(lower([{ file: FILE, text }]));
    const fresh = loweredText(lowerModule([{ file: FILE, text }]));
    expect(again, `state ${i} of\n${states[i - 1]}\n---------- then\n${text}`).toEqual(fresh);
  }
}

const HEAD = "import torch\nfrom torch.nn.attention.flex_attention import create_block_mask, flex_attention\n\n";

describe("an edit reaches what depends on it", () => {
  test.each([
    ["a constant", "W = 8\ndef m(b, h, q, k):\n    return q - k < W\ndef n(b, h, q, k):\n    return q >= k\n", "W = 8", "W = 9"],
    ["a helper", "def near(q, k):\n    return q - k < 8\ndef m(b, h, q, k):\n    return near(q, k)\n", "< 8", "< 9"],
    [
      "a helper's helper",
      "def w():\n    return 8\ndef near(q, k):\n    return q - k < w()\ndef m(b, h, q, k):\n    return near(q, k)\n",
      "return 8",
      "return 9",
    ],
    [
      "a list that a later statement fills",
      "xs = [1]\nxs.append(2)\ndef m(b, h, q, k):\n    return q >= k + sum(xs)\n",
      "append(2)",
      "append(3)",
    ],
    [
      "a list that a function fills",
      "xs = [1]\ndef fill(n):\n    xs.append(n)\nfill(2)\ndef m(b, h, q, k):\n    return q >= k + sum(xs)\n",
      "fill(2)",
      "fill(3)",
    ],
    ["a statement that goes", "xs = [1]\nxs.append(2)\ndef m(b, h, q, k):\n    return q >= k + sum(xs)\n", "xs.append(2)\n", ""],
    [
      "what a function by the class of its argument calls",
      "import functools\n@functools.singledispatch\ndef w(x):\n    return 8\n@w.register\ndef _(x: int):\n    return 4\ndef m(b, h, q, k):\n    return q - k < w(1)\n",
      "return 4",
      "return 5",
    ],
    ["a tensor written in place", "t = torch.zeros(8)\nt[2] = 1\ndef m(b, h, q, k):\n    return t[q] > 0\n", "t[2]", "t[3]"],
    ["an alias", "xs = [1]\nys = xs\nys.append(2)\ndef m(b, h, q, k):\n    return q >= k + sum(xs)\n", "append(2)", "append(3)"],
    ["a call's sizes", "def m(b, h, q, k):\n    return q >= k\nbm = create_block_mask(m, 1, 2, 64, 64)\n", "64, 64", "32, 32"],
    [
      "the first call's sizes, for another mod",
      "def m(b, h, q, k):\n    return q >= k\ndef n(b, h, q, k):\n    return q > k\nbm = create_block_mask(m, 1, 2, 64, 64)\n",
      "64, 64",
      "32, 32",
    ],
    [
      "a factory's argument",
      "def make(w):\n    def m(b, h, q, k):\n        return q - k < w\n    return m\nmask = make(8)\n",
      "make(8)",
      "make(9)",
    ],
    ["a directive", "# flexlens: w=8\ndef m(b, h, q, k):\n    return q - k < w\n", "w=8", "w=9"],
    [
      "the dtype of the queries, for a score_mod that asks for it",
      "t = torch.tensor([0.1])\n# flexlens: DTYPE=torch.float16\ndef s(score, b, h, q, k):\n    return score + t[h].to(score.dtype)\n",
      "float16",
      "float32",
    ],
    ["a directive that nothing wants any more", "# flexlens: w=8\ndef m(b, h, q, k):\n    return q - k < w\n", "< w", "< 3"],
    ["a directive for the file", "# flexlens: w=8\n\nx = 1\ndef m(b, h, q, k):\n    return q - k < w\n", "w=8", "w=9"],
    ["a value that a directive names", "N = 8\n# flexlens: w=N\ndef m(b, h, q, k):\n    return q - k < w\n", "N = 8", "N = 9"],
    ["a class attribute", "class C:\n    w = 8\ndef m(b, h, q, k):\n    return q - k < C.w\n", "w = 8", "w = 9"],
    ["an attribute set later", "class C:\n    w = 8\nC.w = 7\ndef m(b, h, q, k):\n    return q - k < C.w\n", "C.w = 7", "C.w = 9"],
    [
      "a pair",
      "def m(b, h, q, k):\n    return q >= k\ndef s(score, b, h, q, k):\n    return score + 1\nx = torch.randn(1, 1, 8, 4)\nflex_attention(x, x, x, score_mod=s, block_mask=create_block_mask(m, 1, 1, 8, 8))\n",
      "score + 1",
      "score + 2",
    ],
    ["lines above a lambda", "x = 1\nbm = create_block_mask(lambda b, h, q, k: q >= k, 1, 1, 8, 8)\n", "x = 1\n", "x = 1\n\n\n"],
    ["a bracket that opens", "def m(b, h, q, k):\n    return q >= k\n\nx = 1\ndef n(b, h, q, k):\n    return q > k\n", "x = 1", "x = (1"],
    ["a quote that opens", "def m(b, h, q, k):\n    return q >= k\n\nx = 1\ndef n(b, h, q, k):\n    return q > k\n", "x = 1", 'x = """1'],
    ["an indentation", "def m(b, h, q, k):\n    return q >= k\n\nx = 1\ndef n(b, h, q, k):\n    return q > k\n", "\nx = 1", "\n    x = 1"],
    [
      "a decorator",
      "def m(b, h, q, k):\n    return q >= k\n\nx = 1\ndef n(b, h, q, k):\n    return q > k\n",
      "x = 1\n",
      "@torch.compile\n",
    ],
    [
      "a second definition of the name",
      "def m(b, h, q, k):\n    return q >= k\n\nx = 1\n",
      "x = 1\n",
      "def m(b, h, q, k):\n    return q > k\n",
    ],
    ["a loop over a module's names", "W = 8\ndef m(b, h, q, k):\n    return q - k < globals()['W']\n", "W = 8", "W = 9"],
    ["an import", "import math\ndef m(b, h, q, k):\n    return q - k < math.ceil(2.5)\n", "import math\n", ""],
    [
      "lines above a directive, an assertion and a form of a size",
      "x = 1\n# flexlens: w=8, KV_LEN=0\n# flexlens: assert kv_idx <= q_idx\ndef m(b, h, q, k):\n    return (q >= k) & (q - k < w)\n",
      "x = 1\n",
      "x = 1\ny = 2\n",
    ],
    [
      "lines above an assertion about nothing",
      "x = 1\ndef m(b, h, q, k):\n    return q >= k\n# flexlens: assert kv_idx <= q_idx\nz = 3\n",
      "x = 1\n",
      "x = 1\ny = 2\n",
    ],
    [
      "a line below what is said for the file",
      "x = 1\n# flexlens: assert kv_idx <= q_idx\n\nimport math\ndef m(b, h, q, k):\n    return q >= k\n",
      "x = 1\n",
      "xy = 12\n",
    ],
    [
      "a triple quote less",
      'def n(b, h, q, k):\n    return q > k\n\ny = """a b"""\n\nx = """c\nd"""\ndef m(b, h, q, k):\n    return q >= k\n\nz = """e f\ng"""\n',
      'y = """a',
      "y = a",
    ],
  ])("%s", (_, body, from, to) => {
    const text = HEAD + body;
    const edited = HEAD + body.replace(from, to);
    expect(edited).not.toBe(text);
    checkStates([text, edited, text]);
  });
});

test("edits at random, of pieces of real files", { timeout: 300_000 }, () => {
  const corpus = readCorpus();
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    let text = HEAD + Array.from({ length: whole(random, 3, 12) }, () => pick(random, corpus.pieces)).join("\n\n");
    const states = [text];
    for (let i = 0; i < 6; i++) {
      const next = editedOnce(text, random, corpus);
      states.push(next);
      // Half of the edits are taken back, as people do.
      if (random() < 0.5) text = next;
    }
    checkStates(states);
  }
});

test("a document that is the same as before is not lowered again", () => {
  const { lower, forget } = createLowering();
  const sources = [{ file: FILE, text: `${HEAD}def m(b, h, q, k):\n    return q >= k\n` }];
  const first = lower(sources);
  expect(lower(sources)).toBe(first);
  forget(FILE);
  expect(lower(sources)).not.toBe(first);
});
