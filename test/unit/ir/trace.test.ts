/** The trace of a mod at a point: which names it has, in which order, with which dtype and value. */
import { describe, expect, test } from "vitest";
import { findVariant, lowerModule } from "../../../kernels/frontend/lower.ts";
import type { Point } from "../../../kernels/ir/interpret.ts";
import { type ModTrace, traceMod } from "../../../kernels/ir/trace.ts";

function trace(text: string, point: Partial<Point> = {}): ModTrace {
  const module = lowerModule([{ file: "test.py", text: `import torch\n${text}` }]);
  const variant = findVariant(module, "f");
  const mod = variant?.maskMod ?? variant?.scoreMod;
  if (mod === null || mod === undefined) throw new Error(module.diagnostics.map((d) => d.message).join("\n"));
  return traceMod(mod, { b: 0, h: 1, q_idx: 5, kv_idx: 3, ...point });
}
const rows = (text: string, point: Partial<Point> = {}) => trace(text, point).steps.map((s) => [s.name, s.type, s.values]);

const MASK = "def f(b, h, q_idx, kv_idx):\n";

describe("every named local has its value and dtype", () => {
  test.each<[string, string, readonly unknown[]]>([
    [
      "comparisons and differences",
      `${MASK}    d = q_idx - kv_idx\n    near = d < 4\n    return near\n`,
      [
        ["d", "i64", [2]],
        ["near", "bool", [1]],
      ],
    ],
    [
      "tuples and nested tuples, unpacked",
      `${MASK}    (r, c), s = (q_idx // 2, q_idx % 2), kv_idx / 2\n    return r + c > s\n`,
      [
        ["r", "i64", [2]],
        ["c", "i64", [1]],
        ["s", "f32", [1.5]],
      ],
    ],
    [
      "each augmented assignment",
      `${MASK}    m = q_idx >= kv_idx\n    m &= kv_idx > 3\n    m |= q_idx == 5\n    return m\n`,
      [
        ["m", "bool", [1]],
        ["m", "bool", [0]],
        ["m", "bool", [1]],
      ],
    ],
    [
      "a value changed in place under another name",
      `${MASK}    p = q_idx\n    p += 1\n    return q_idx >= kv_idx\n`,
      [
        ["p", "i64", [5]],
        ["p", "i64", [6]],
      ],
    ],
    [
      "a helper's names, once for each call",
      `def cell(i):\n    row = i // 2\n    return row\n\n${MASK}    x = cell(q_idx)\n    y = cell(kv_idx)\n    return x == y\n`,
      [
        ["cell.row", "i64", [2]],
        ["x", "i64", [2]],
        ["cell.row", "i64", [1]],
        ["y", "i64", [1]],
      ],
    ],
    [
      "Python's own numbers",
      `${MASK}    w = 4\n    half = w / 2\n    flag = w > 2\n    return (q_idx - kv_idx < half) & flag\n`,
      [
        ["w", "int", [4]],
        ["half", "float", [2]],
        ["flag", "bool", [1]],
      ],
    ],
    [
      "small vectors whole, long ones by shape",
      `t = torch.arange(12).reshape(4, 3)\nu = torch.arange(500).reshape(5, 100)\n${MASK}    row = t[kv_idx]\n    long = u[h]\n    return (row > 9).any() & (long >= 0).all()\n`,
      [
        ["row", "i64", [9, 10, 11]],
        ["long", "i64", null],
      ],
    ],
    [
      "walrus; a loop's names with their last value",
      `${MASK}    m = (d := q_idx - kv_idx) < 0\n    for i in (1, 2):\n        m = m | (d == i)\n    return m\n`,
      [
        ["d", "i64", [2]],
        ["m", "bool", [0]],
        ["i", "int", [2]],
        ["m", "bool", [1]],
      ],
    ],
  ])("%s", (_, text, expected) => {
    expect(rows(text)).toEqual(expected);
  });

  test("an attribute's method and a nested function are marked by their names", () => {
    const text = `class M:\n    def near(self, q, k):\n        d = q - k\n        return d.abs() < 3\n    def __call__(self, b, h, q_idx, kv_idx):\n        def late(i):\n            e = i > 4\n            return e\n        ok = self.near(q_idx, kv_idx)\n        return ok & late(q_idx)\nf = M()\n`;
    expect(rows(text)).toEqual([
      ["near.d", "i64", [2]],
      ["ok", "bool", [1]],
      ["late.e", "bool", [1]],
    ]);
  });

  test("of mods put together each has its name", () => {
    const text = `from torch.nn.attention.flex_attention import and_masks\ndef near(b, h, q_idx, kv_idx):\n    d = q_idx - kv_idx\n    return d < 3\ndef causal(b, h, q_idx, kv_idx):\n    ok = q_idx >= kv_idx\n    return ok\nf = and_masks(near, causal)\n`;
    expect(rows(text)).toEqual([
      ["near.d", "i64", [2]],
      ["causal.ok", "bool", [1]],
    ]);
  });
});

test("the result is the body's value, at the score that is given", () => {
  const text = "def f(score, b, h, q_idx, kv_idx):\n    bias = (kv_idx - q_idx) * 0.5\n    return score + bias\n";
  expect(trace(text, { score: 4 }).result).toEqual({ dtype: "f32", value: 3 });
  expect(trace(text).result).toEqual({ dtype: "f32", value: -1 });
  expect(trace(`${MASK}    return q_idx < kv_idx\n`).result).toEqual({ dtype: "bool", value: 0 });
});
