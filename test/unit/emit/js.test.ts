import { expect, test } from "vitest";
import { boxOf } from "../../../kernels/analysis/interval.ts";
import { compileCells, compileCount, compileScan, emitLoop, useFunctionMaker } from "../../../kernels/emit/js.ts";
import { binary, cast, constant, type Expr, load, unary, variable } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import { ALL_DTYPES, pick, randomExpr, randomMask, seeded, whole } from "../../support/random.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const rect = { b: 0, h: 2, q0: 0, q1: 6, k0: 5, k1: 16 };

/** Every cell of `rect` by the interpreter, row-major. */
function interpreted(e: Expr, score: Float64Array): number[] {
  const out: number[] = [];
  for (let q_idx = rect.q0; q_idx < rect.q1; q_idx++) {
    for (let kv_idx = rect.k0; kv_idx < rect.k1; kv_idx++) {
      out.push(interpret(e, { b: rect.b, h: rect.h, q_idx, kv_idx, score: score[out.length] ?? 0 }));
    }
  }
  return out;
}

test.each([
  ["for any index", undefined],
  ["for the indices of a problem", boxOf(2, 4, 20, 20)],
])("the emitted loop gives the interpreter's bits for random expressions of every dtype, %s", (_, box) => {
  const random = seeded(2);
  for (let n = 0; n < 2500; n++) {
    const e = randomExpr(random, pick(random, ALL_DTYPES), { depth: whole(random, 1, 5), score: random() < 0.5 ? "f32" : "f64" });
    const score = Float64Array.from({ length: 66 }, () => Math.fround((random() - 0.5) * 9));
    const out = new Float64Array(66);
    compileCells(e, box)(out, rect, score);
    const expected = interpreted(e, score);
    const bad = expected.findIndex((x, i) => !Object.is(x, out[i]));
    if (bad >= 0)
      throw new Error(`${printExpr(e)} (${e.dtype}) cell ${bad}: ${out[bad]}, not ${expected[bad]}\n${emitLoop(e, "cells", box).body}`);
  }
});

test("scan finds a differing cell and count counts true ones", () => {
  const random = seeded(3);
  for (let n = 0; n < 300; n++) {
    const e = randomMask(random, 24);
    const expected = interpreted(e, new Float64Array(66));
    expect(compileCount(e)(rect)).toBe(expected.filter((x) => x === 1).length);
    expect(compileScan(e)(rect, true)).toBe(expected.includes(0));
    expect(compileScan(e)(rect, false)).toBe(expected.includes(1));
  }
});

test("what depends on the row alone is computed once a row, what is costly and depends on the key once a key", () => {
  const by = constant(56, "i64");
  const near = binary("lt", unary("abs", binary("sub", binary("floordiv", q, by), binary("floordiv", k, by))), constant(5, "i64"));
  expect(emitLoop(near, "cells", boxOf(1, 1, 3136, 3136)).body).toMatchInlineSnapshot(`
    ""use strict";
    let t1s = new Int32Array(0);
    return function (out, rect, score) {
      const b = rect.b | 0, h = rect.h | 0, q0 = rect.q0 | 0, q1 = rect.q1 | 0, k0 = rect.k0 | 0, k1 = rect.k1 | 0;
      if (t1s.length < k1 - k0) t1s = new Int32Array(k1 - k0);
      for (let k = k0, j = 0; k < k1; k++, j++) {
        const t1 = (k / 56 | 0);
        t1s[j] = t1;
      }
      let i = 0, n = 0;
      for (let q = q0; q < q1; q++) {
        const t0 = (q / 56 | 0);
        for (let k = k0, j = 0; k < k1; k++, j++) {
          const t1 = t1s[j];
          out[i] = (Math.abs((t0 - t1)) < 5) ? 1 : 0;
          i++;
        }
      }
    };"
  `);
});

test("an expression nested a thousand deep still compiles", () => {
  let e: Expr = binary("ge", q, k);
  for (let i = 0; i < 1000; i++) e = binary(i % 2 === 0 ? "or" : "and", e, binary("eq", binary("sub", q, k), constant(i, "i64")));
  const out = new Float64Array(66);
  compileCells(e)(out, rect, null);
  expect([...out]).toEqual(interpreted(e, new Float64Array(66)));
});

test("integers have no -0: a product, a negation and a remainder of 0 are 0", () => {
  const zero = { b: 0, h: 0, q0: 0, q1: 1, k0: 0, k1: 1 };
  const out = new Float64Array(1);
  const minus = constant(-3, "i64");
  for (const e of [binary("mul", q, minus), unary("neg", q), binary("floordiv", q, minus), binary("fmod", unary("neg", q), minus)]) {
    compileCells(e)(out, zero, null);
    expect(Object.is(out[0], 0), printExpr(e)).toBe(true);
  }
});

test("no text of the user reaches the emitted code", () => {
  const capture = { name: "x]; process.exit(); [", dtype: "f32" as const, shape: [4], data: new Float32Array(4) };
  const { body, params } = emitLoop(binary("gt", load(capture, [q]), cast(k, "f32")), "cells");
  expect(body + params.join()).not.toContain("process");
});

test("another maker of functions can be installed", () => {
  const made: string[] = [];
  useFunctionMaker((params, body) => {
    made.push(body);
    return new Function(...params, body) as (...args: never[]) => unknown;
  });
  compileCells(binary("lt", q, constant(12345, "i64")));
  useFunctionMaker((params, body) => new Function(...params, body) as (...args: never[]) => unknown);
  expect(made).toHaveLength(1);
});
