import { describe, expect, test } from "vitest";
import { binary, constant, type Expr, load, variable } from "../../../kernels/ir/expr.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import { documentsOf } from "../../../kernels/mask/documents.ts";

const b = variable("b");
const q = variable("q_idx");
const k = variable("kv_idx");
const capture = (name: string, data: readonly number[], shape: readonly number[], float = false): Capture =>
  float ? { name, dtype: "f32", shape, data: Float32Array.from(data) } : { name, dtype: "i32", shape, data: Int32Array.from(data) };
const ids = capture("ids", [0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 2, 2, 2, 2, 2], [16]);
const of = (c: Capture, ...indices: Expr[]): Expr => load(c, indices);
const same = binary("eq", of(ids, q), of(ids, k));
const size = { batch: 2, heads: 1, qLen: 16, kvLen: 16 };
const found = (body: Expr, at = size, plane = 0) => {
  const documents = documentsOf(body, at, plane, 0);
  return documents === null
    ? null
    : [documents.name, [...documents.q.starts], [...documents.q.values], [...documents.kv.starts], [...documents.kv.values]];
};

describe("documents", () => {
  test.each<[string, Expr]>([
    ["alone", same],
    ["within a conjunction", binary("and", binary("ge", q, k), same)],
    ["the other way round", binary("eq", of(ids, k), of(ids, q))],
  ])("begin where the captured ids change: %s", (_, body) => {
    expect(found(body)).toEqual(["ids", [0, 5, 11], [0, 7, 2], [0, 5, 11], [0, 7, 2]]);
  });

  test("of queries and keys may differ", () => {
    const short = { ...size, qLen: 8 };
    const shifted = binary("eq", of(ids, binary("add", q, constant(8, "i64"))), of(ids, k));
    expect(found(shifted, short)).toEqual(["ids", [0, 3], [7, 2], [0, 5, 11], [0, 7, 2]]);
  });

  test("of another batch begin elsewhere", () => {
    const two = capture("docs", [0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 4], [2, 8]);
    const body = binary("eq", of(two, b, q), of(two, b, k));
    const at = { ...size, qLen: 8, kvLen: 8 };
    expect(found(body, at)?.[1]).toEqual([0, 4]);
    expect(found(body, at, 1)?.[1]).toEqual([0, 7]);
  });

  test.each<[string, Expr]>([
    ["a causal mask", binary("ge", q, k)],
    ["a comparison with a constant", binary("eq", of(ids, q), constant(0, "i32"))],
    ["chunks that nothing captures", binary("eq", binary("floordiv", q, constant(4, "i64")), binary("floordiv", k, constant(4, "i64")))],
    [
      "numbers with fractions",
      binary("eq", of(capture("x", [...ids.data], [16], true), q), of(capture("y", [...ids.data], [16], true), k)),
    ],
    [
      "ids that change at every token",
      binary("eq", of(capture("r", [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7], [16]), q), of(ids, k)),
    ],
    [
      "one document alone",
      binary("eq", of(capture("one", new Array(16).fill(3), [16]), q), of(capture("one", new Array(16).fill(3), [16]), k)),
    ],
  ])("are none in %s", (_, body) => expect(found(body)).toBeNull());
});
