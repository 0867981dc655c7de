import { describe, expect, test } from "vitest";
import { binary, boolean, cast, constant, type Expr, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import { captureKey, listExpr, variantKey } from "../../../kernels/ir/key.ts";
import type { Capture, Mod } from "../../../kernels/ir/mod.ts";
import { printExpr } from "../../../kernels/ir/print.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const h = variable("h");
const score = variable("score");
const i64 = (n: number): Expr => constant(n, "i64");
const f32 = (n: number): Expr => constant(n, "f32");
const sub = binary("sub", q, k);
const ids: Capture = { name: "doc_id", dtype: "i64", shape: [2, 4], data: new Float64Array(8) };
const slopes: Capture = { name: "slopes", dtype: "f32", shape: [8], data: new Float32Array(8) };
const scalar: Capture = { name: "window", dtype: "i64", shape: [], data: Float64Array.of(4) };

const cases: readonly (readonly [string, Expr])[] = [
  ["(q_idx >= kv_idx) & (q_idx - kv_idx <= 256)", binary("and", binary("ge", q, k), binary("le", sub, i64(256)))],
  ["q_idx - kv_idx - 1", binary("sub", sub, i64(1))],
  ["q_idx - (kv_idx - 1)", binary("sub", q, binary("sub", k, i64(1)))],
  ["(q_idx + 1) // 2 * 3", binary("mul", binary("floordiv", binary("add", q, i64(1)), i64(2)), i64(3))],
  ["q_idx // (2 * kv_idx)", binary("floordiv", q, binary("mul", i64(2), k))],
  ["(q_idx >= kv_idx) == (kv_idx < 4)", binary("eq", binary("ge", q, k), binary("lt", k, i64(4)))],
  [
    "~((q_idx >= kv_idx) | (kv_idx < 4)) ^ True",
    binary("xor", unary("not", binary("or", binary("ge", q, k), binary("lt", k, i64(4)))), boolean(true)),
  ],
  ["-q_idx ** 2", unary("neg", binary("pow", q, i64(2)))],
  ["(-q_idx) ** 2", binary("pow", unary("neg", q), i64(2))],
  ["(q_idx & 7) << 1 | kv_idx >> 1", binary("or", binary("shl", binary("and", q, i64(7)), i64(1)), binary("shr", k, i64(1)))],
  ["doc_id[0, q_idx] == doc_id[0, kv_idx]", binary("eq", load(ids, [i64(0), q]), load(ids, [i64(0), k]))],
  ["q_idx - kv_idx < window", binary("lt", sub, load(scalar, []))],
  ["torch.clamp(torch.abs(q_idx - kv_idx), min=1)", binary("max", unary("abs", sub), i64(1))],
  ["torch.clamp(q_idx % 8, 2, 5)", binary("min", binary("max", binary("floormod", q, i64(8)), i64(2)), i64(5))],
  ["torch.minimum(q_idx, kv_idx)", binary("min", q, k)],
  ['torch.where(q_idx >= kv_idx, score, -float("inf"))', where(binary("ge", q, k), score, f32(Number.NEGATIVE_INFINITY))],
  // PyTorch promotes an index that meets a float by itself.
  ["score + (kv_idx - q_idx) * slopes[h]", binary("add", score, binary("mul", cast(binary("sub", k, q), "f32"), load(slopes, [h])))],
  ["q_idx / kv_idx", binary("div", cast(q, "f32"), cast(k, "f32"))],
  ["torch.exp(q_idx.float())", unary("exp", cast(q, "f32"))],
  ["(q_idx >= kv_idx).long() + 1", binary("add", cast(binary("ge", q, k), "i64"), i64(1))],
  ["score.to(torch.bfloat16)", cast(score, "bf16")],
  ["score * 0.1 + 2.0", binary("add", binary("mul", score, f32(0.1)), f32(2))],
  ["1e-7", f32(1e-7)],
];

describe("prints Python with no more parentheses than it needs", () => {
  test.each(cases)("%s", (text, e) => expect(printExpr(e)).toBe(text));
});

test("names stand for their expressions, but not for the whole", () => {
  const distance = unary("abs", sub);
  const names = new Map([[distance, "distance"]]);
  expect(printExpr(binary("le", distance, i64(5)), { names })).toBe("distance <= 5");
  expect(printExpr(distance, { names })).toBe("torch.abs(q_idx - kv_idx)");
});

test("a graph that stands for a huge tree is elided", () => {
  let e: Expr = sub;
  for (let i = 0; i < 200; i++) e = binary("add", e, e);
  const text = printExpr(e, { maxLength: 500 });
  expect(text.length).toBeLessThan(1500);
  expect(text).toContain("…");
  const sum = [1, 2, 3, 4, 5].map((n) => binary("eq", sub, i64(n))).reduce((a, b) => binary("or", a, b));
  expect(printExpr(sum, { maxLength: 60 })).toBe("… | (q_idx - kv_idx == 5)");
});

const mod = (body: Expr): Mod => ({ kind: "mask_mod", name: "m", span: { file: "a.py", from: 0, to: 1 }, body, locals: [] });
const keyOf = (body: Expr, block: readonly [number, number] = [128, 128]): string =>
  variantKey({ scoreMod: null, maskMod: mod(body) }, block);
const withData = (name: string, data: readonly number[]): Capture => ({
  name,
  dtype: "i64",
  shape: [data.length],
  data: Float64Array.from(data),
});
const sameDocument = (capture: Capture): Expr => binary("eq", load(capture, [q]), load(capture, [k]));

describe("the key of a variant", () => {
  test("is equal for equal contents, whatever the names are", () => {
    expect(keyOf(sameDocument(withData("a", [1, 1, 2])))).toBe(keyOf(sameDocument(withData("b", [1, 1, 2]))));
    expect(keyOf(binary("ge", q, k))).toMatch(/^[0-9a-f]{16}$/);
  });

  const base = sameDocument(withData("a", [1, 1, 2]));
  test.each<readonly [string, string]>([
    ["a value of a capture", keyOf(sameDocument(withData("a", [1, 1, 3])))],
    ["a capture's shape", keyOf(sameDocument(withData("a", [1, 1, 2, 0])))],
    ["the operator", keyOf(unary("not", base))],
    ["the block size", keyOf(base, [128, 64])],
    ["the kind of mod", variantKey({ scoreMod: { ...mod(base), kind: "score_mod" }, maskMod: null }, [128, 128])],
    ["two captures instead of one", keyOf(binary("eq", load(withData("a", [1, 1, 2]), [q]), load(withData("c", [1, 1, 2]), [k])))],
  ])("changes with %s", (_, other) => expect(other).not.toBe(keyOf(base)));

  test("tells apart constants that print alike, and shared nodes from none", () => {
    expect(listExpr([f32(0)])).not.toBe(listExpr([f32(-0)]));
    expect(listExpr([f32(1)])).not.toBe(listExpr([i64(1)]));
    expect(listExpr([sub])).toBe(listExpr([binary("sub", q, k)]));
    expect(captureKey({ ...scalar, dtype: "f64" })).not.toBe(captureKey(scalar));
  });
});
