/** Mods that stand inside a model's functions: found although what is around them cannot be computed, and no error is made of that. */
import { expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";

const HEAD = "import torch\nfrom torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention\n";

/** Names of the mods, what is said above a hint, and what is made up. */
function lowered(text: string, head = HEAD): { readonly names: string[]; readonly said: string[]; readonly madeUp: string[] } {
  const { variants, diagnostics } = lowerModule([{ file: "m.py", text: head + text }]);
  const hints = diagnostics.filter((d) => d.code === "seeded-value").map((d) => d.message);
  return {
    names: variants.map((v) => v.name),
    said: diagnostics.filter((d) => d.severity !== "hint").map((d) => `${d.severity} ${d.code}`),
    madeUp: hints.map((m) =>
      m.replace(/ has no value in this file, so (a made-up )?`?([^`;]*?)`? stands in;.*/, " $2").replaceAll("`", ""),
    ),
  };
}

const WINDOW = "def near(b, h, q, k):\n            return (q >= k) & (q - k <= window)\n        ";
const CALL = "return create_block_mask(near, B=None, H=None, Q_LEN=n, KV_LEN=n)\n";
const METHOD = "class Model:\n    def forward(self, x, window, n, mask=None):\n        ";

test.each([
  ["an attribute that the class does not set", `${METHOD}y = self.embed(x)\n        ${WINDOW}${CALL}`, ["near"]],
  [
    "an early return that waits for a cache",
    `${METHOD}kept = self.cache.get(n)\n        if kept is not None:\n            return kept\n        ${WINDOW}${CALL}`,
    ["near"],
  ],
  ["a condition that cannot be followed", `${METHOD}if self.is_local:\n            ${WINDOW.replaceAll("\n", "\n    ")}${CALL}`, ["near"]],
  [
    "both sides of a condition",
    "def f(p, n):\n    if p.lens is not None:\n        def short(b, h, q, k):\n            return k < p.lens[b]\n        m = create_block_mask(short, 1, 1, n, n)\n    else:\n        def causal(b, h, q, k):\n            return q >= k\n        m = create_block_mask(causal, 1, 1, n, n)\n    return m\n",
    ["short", "causal"],
  ],
  [
    "what is only there where an argument is given",
    "def f(q, k, v, cap=None):\n    mod = None\n    if cap is not None:\n        def capped(score, b, h, i, j):\n            return cap * torch.tanh(score / cap)\n        mod = capped\n    return flex_attention(q, k, v, score_mod=mod)\n",
    ["capped"],
  ],
  [
    "a choice between two that waits for an argument",
    "def f(n, chunk=None):\n    def near(b, h, q, k):\n        return q >= k\n    def far(b, h, q, k):\n        return q // chunk == k // chunk\n    return create_block_mask(near if chunk is None else far, 1, 1, n, n)\n",
    ["near"],
  ],
  [
    "a call of a wrapper by another name",
    "attend = torch.compile(flex_attention)\ndef f(self, q, k, v):\n    q = self.proj(q)\n    def near(score, b, h, i, j):\n        return score - (i - j)\n    return attend(q, k, v, score_mod=near)\n",
    ["near"],
  ],
  [
    "a block mask that a function inside makes of lists",
    "def f(ids, counts, lists):\n    docs = (ids == 7).cumsum(0)\n    def same(b, h, q, k):\n        return docs[q] == docs[k]\n    def made(n):\n        return BlockMask.from_kv_blocks(counts, lists, BLOCK_SIZE=n, mask_mod=same)\n    return made(128)\n",
    ["same"],
  ],
])("are found behind %s", (_, text, names) => {
  const { names: found, said } = lowered(text);
  expect({ found, said }).toEqual({ found: names, said: [] });
});

test("are found where create_block_mask comes from a module that is not at hand", () => {
  const text = "def f(lens, n):\n    def short(b, h, q, k):\n        return k < lens[b]\n    return create_block_mask(short, 1, 1, n, n)\n";
  expect(lowered(text, "from .compat import create_block_mask\n").names).toEqual(["short"]);
});

test("are named by the function that `partial` completes, whose parameter is what the function takes it for", () => {
  const text =
    "from functools import partial\ndef same(b, h, q, k, document):\n    return document[q] == document[k]\ndef f(n, document):\n    return create_block_mask(partial(same, document=document), 1, 1, n, n)\n";
  expect(lowered(text)).toMatchObject({ names: ["same"], said: [] });
});

test("are not made of the mod that stands in for a wrapper's parameter", () => {
  expect(lowered("def cached(mask_mod, n):\n    return create_block_mask(mask_mod, 1, 1, n, n)\n")).toMatchObject({ names: [], said: [] });
});

test.each([
  ["a table padded", "def f(table, n):\n    table = torch.nn.functional.pad(table, (0, n))\n    return lambda b, h, q, k: table[q] >= k\n"],
  [
    "lists walked side by side",
    "def f(lens, modes):\n    ids = []\n    for i, (n, mode) in enumerate(zip(lens, modes)):\n        ids.extend([i if mode == 'full' else -1] * n)\n    doc = torch.tensor(ids)\n    return lambda b, h, q, k: doc[q] == doc[k]\n",
  ],
  ["a word looked for", "def f(kinds):\n    return lambda b, h, q, k: (q >= k) if 'causal' in kinds else (q <= k)\n"],
  ["a count that is called like a table", "def f(visual_tokens):\n    return lambda b, h, q, k: q < visual_tokens\n"],
  [
    "mods in any number",
    "def all_of(*mods):\n    def both(b, h, q, k):\n        allowed = mods[0](b, h, q, k)\n        for mod in mods[1:]:\n            allowed = allowed & mod(b, h, q, k)\n        return allowed\n    return both\n",
  ],
])("a factory of %s is no error for want of its arguments", (_, text) => {
  const { names, said } = lowered(text);
  expect({ names: names.length, said }).toEqual({ names: 1, said: [] });
});

test("what no made-up value can cause stays an error, made-up arguments or not", () => {
  const text = "def f(n):\n    t = torch.arange(m)\n    return lambda b, h, q, k: t[q % n] >= k\n";
  expect(lowered(text).said).toEqual(["error unknown-name"]);
});

test.each([
  [
    "a device, whose tensors are the same anywhere",
    "def f(n, device):\n    t = torch.arange(n, device=device)\n    return lambda b, h, q, k: t[q % n] >= k\n",
    ["n 512"],
  ],
  [
    "a word, the first that it is compared with",
    "def f(kind):\n    return lambda b, h, q, k: (q >= k) if kind == 'causal' else (q <= k)\n",
    ['kind "causal"'],
  ],
  [
    "lengths, whole numbers whatever they are lengths of",
    "def f(valid_lengths):\n    return lambda b, h, q, k: k < valid_lengths[b]\n",
    ["valid_lengths int64[1]"],
  ],
  [
    "what a mod asks for before it reads it",
    "def f(x):\n    drop = x.drop\n    return lambda b, h, q, k: (q >= k) & (drop[k] if drop is not None else q >= 0)\n",
    ["drop bool[1024]"],
  ],
])("what is made up for %s", (_, text, madeUp) => {
  const all = lowered(text);
  expect(all.said.filter((s) => s.startsWith("error"))).toEqual([]);
  expect(all.madeUp).toEqual(madeUp);
});
