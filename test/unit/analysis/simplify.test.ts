import { describe, expect, test } from "vitest";
import { simplify } from "../../../kernels/analysis/simplify.ts";
import { binary, boolean, cast, constant, type Expr, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import type { BinaryOp } from "../../../kernels/ir/ops.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import { postorder } from "../../../kernels/ir/walk.ts";
import { ALL_DTYPES, pick, randomExpr, randomMask, seeded, whole } from "../../support/random.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const score = variable("score");
const i64 = (n: number): Expr => constant(n, "i64");
const f32 = (n: number): Expr => constant(n, "f32");
const op = (name: BinaryOp, a: Expr, b: Expr): Expr => binary(name, a, b);
const causal = op("ge", q, k);
const near = op("lt", k, i64(64));
const ids: Capture = { name: "ids", dtype: "i64", shape: [4], data: Float64Array.of(0, 0, 0, 0) };
const offsets: Capture = { name: "offsets", dtype: "i64", shape: [3], data: Float64Array.of(0, 10, 40) };

/** Each line: what is written, what comes out. */
const cases: readonly (readonly [Expr, string])[] = [
  // Sums.
  [op("add", op("mul", q, i64(1)), i64(0)), "q_idx"],
  [op("sub", q, q), "0"],
  [op("sub", op("add", q, i64(5)), i64(3)), "q_idx + 2"],
  [op("add", op("sub", q, k), k), "q_idx"],
  [op("floordiv", op("floordiv", q, i64(4)), i64(8)), "q_idx // 32"],
  [unary("neg", unary("neg", q)), "q_idx"],
  [unary("abs", q), "q_idx"],
  [op("max", q, i64(0)), "q_idx"],
  [op("floormod", op("floormod", q, i64(8)), i64(8)), "q_idx % 8"],
  [op("add", i64(3), q), "q_idx + 3"],
  // An i32 that may wrap is not the sum it looks like.
  [op("sub", op("add", cast(q, "i32"), constant(2 ** 30, "i32")), constant(2 ** 30, "i32")), "q_idx.int() + 1073741824 - 1073741824"],
  // Comparisons.
  [op("le", k, q), "q_idx >= kv_idx"],
  [op("ge", op("sub", q, k), i64(0)), "q_idx >= kv_idx"],
  [op("ge", k, op("sub", q, i64(256))), "q_idx - kv_idx <= 256"],
  [op("lt", op("add", q, i64(5)), op("add", k, i64(5))), "q_idx < kv_idx"],
  [op("gt", i64(64), k), "kv_idx < 64"],
  [op("ge", q, i64(0)), "True"],
  [op("eq", q, q), "True"],
  [unary("not", causal), "q_idx < kv_idx"],
  [op("eq", unary("neg", q), unary("neg", k)), "q_idx == kv_idx"],
  [unary("not", op("lt", score, f32(0))), "~(score < 0.0)"],
  [unary("not", op("eq", score, f32(0))), "score != 0.0"],
  [op("ge", op("sub", q, load(offsets, [i64(1)])), op("sub", k, load(offsets, [i64(1)]))), "q_idx >= kv_idx"],
  // Booleans.
  [op("and", causal, boolean(true)), "q_idx >= kv_idx"],
  [op("or", causal, op("ge", k, i64(0))), "True"],
  [op("and", op("and", causal, near), causal), "(q_idx >= kv_idx) & (kv_idx < 64)"],
  [op("and", causal, unary("not", causal)), "False"],
  [op("or", causal, op("and", causal, near)), "q_idx >= kv_idx"],
  [op("or", near, op("and", unary("not", near), causal)), "(kv_idx < 64) | (q_idx >= kv_idx)"],
  [op("and", near, op("or", causal, op("ge", k, i64(64)))), "(kv_idx < 64) & (q_idx >= kv_idx)"],
  [op("or", op("or", near, causal), op("and", unary("not", near), unary("not", causal))), "True"],
  [op("xor", causal, boolean(true)), "q_idx < kv_idx"],
  [op("eq", cast(causal, "i64"), i64(1)), "q_idx >= kv_idx"],
  [op("eq", cast(causal, "i64"), i64(0)), "q_idx < kv_idx"],
  [op("mul", causal, near), "(q_idx >= kv_idx) & (kv_idx < 64)"],
  // Choices.
  [where(causal, boolean(true), boolean(false)), "q_idx >= kv_idx"],
  [where(causal, near, boolean(false)), "(q_idx >= kv_idx) & (kv_idx < 64)"],
  [where(unary("not", op("lt", score, f32(0))), score, f32(1)), "torch.where(score < 0.0, 1.0, score)"],
  [where(boolean(false), score, f32(1)), "1.0"],
  // Floats keep nan and -0.
  [op("mul", score, f32(1)), "score"],
  [op("mul", f32(0.5), op("mul", f32(1), score)), "0.5 * score"],
  [unary("abs", unary("neg", score)), "torch.abs(score)"],
  [op("add", score, f32(0)), "score + 0.0"],
  [op("sub", score, f32(0)), "score"],
  [op("mul", score, f32(0)), "score * 0.0"],
  [op("add", f32(0.1), f32(0.2)), "0.3"],
  [cast(cast(constant(3, "i32"), "i64"), "f32"), "3.0"],
  // What a capture holds is data: the expression does not change with it.
  [op("eq", load(ids, [q]), i64(0)), "ids[q_idx] == 0"],
];

describe("simplifies", () => {
  test.each(cases.map(([e, expected]) => [printExpr(e), expected, e] as const))("%s  to  %s", (_, expected, e) => {
    expect(printExpr(simplify(e))).toBe(expected);
  });
});

test("keeps the value at every point, nan and -0 included (random expressions of every operator)", () => {
  const random = seeded(11);
  let smaller = 0;
  for (let n = 0; n < 6000; n++) {
    const e =
      n % 3 === 0 ? randomMask(random, 40, 4) : randomExpr(random, pick(random, ALL_DTYPES), { depth: whole(random, 2, 6), score: "f32" });
    const s = simplify(e);
    expect(s.dtype).toBe(e.dtype);
    expect(simplify(s)).toBe(s);
    if (postorder([s]).length < postorder([e]).length) smaller++;
    expect(postorder([s]).length).toBeLessThanOrEqual(postorder([e]).length + 2);
    for (let m = 0; m < 10; m++) {
      const point = {
        b: whole(random, 0, 3),
        h: whole(random, 0, 7),
        q_idx: random() < 0.1 ? 2 ** 31 - 2 : whole(random, 0, 90),
        kv_idx: whole(random, 0, 90),
        score: pick(random, [0, -0, Number.NaN, Infinity, -1.5, 3]),
      };
      const before = interpret(e, point);
      const after = interpret(s, point);
      if (!Object.is(before, after)) {
        throw new Error(`${printExpr(e)} (${e.dtype}) = ${before}, simplified ${printExpr(s)} = ${after} at ${JSON.stringify(point)}`);
      }
    }
  }
  expect(smaller).toBeGreaterThan(2500);
});

test("stays linear in the size of what it is given", () => {
  // 5,000 terms, and a graph that stands for a tree of 2^60 nodes.
  let many: Expr = k;
  for (let i = 0; i < 5000; i++) many = op("add", many, cast(op("ge", q, load(offsets, [i64(i % 3)])), "i64"));
  let deep: Expr = op("floormod", q, i64(3));
  for (let i = 0; i < 60; i++) deep = op("min", op("add", deep, deep), op("add", deep, i64(i)));
  const start = performance.now();
  simplify(op("ge", many, deep));
  expect(performance.now() - start).toBeLessThan(5000);
});
