/** A tensor in a few figures. */
import { describe, expect, test } from "vitest";
import { summarize, summaryText } from "../../../kernels/data/summary.ts";
import { arrayFor } from "../../../kernels/ir/mod.ts";
import type { DType } from "../../../kernels/ir/ops.ts";

function tensor(dtype: DType, values: readonly number[]) {
  const data = arrayFor(dtype, values.length);
  data.set(values);
  return { dtype, data };
}

describe("the summary of a tensor", () => {
  test.each<[string, DType, number[], string]>([
    ["ids", "i64", [0, 0, 1, 1, 2], "0 … 2, 3 distinct: 0, 0, 1, 1, 2"],
    ["more than are shown", "i32", [9, 8, 7, 6, 5, 4, 3, 2, 1], "1 … 9, 9 distinct: 9, 8, 7, 6, 5, 4, 3, 2, …"],
    ["one value throughout", "i64", [3, 3, 3], "all 3: 3, 3, 3"],
    ["one element", "f64", [0.25], "0.25"],
    ["floats, rounded", "f32", [0.1, 1 / 3, 2e-7], "2e-7 … 0.3333, 3 distinct: 0.1, 0.3333, 2e-7"],
    ["what is not finite", "f64", [1, Number.NaN, Number.NEGATIVE_INFINITY], "1 … 1, 3 distinct, 2 not finite: 1, nan, -inf"],
    [
      "nothing finite",
      "f64",
      [Number.NaN, Number.NaN, Number.POSITIVE_INFINITY],
      "nothing finite, 2 distinct, 3 not finite: nan, nan, inf",
    ],
    ["bools", "bool", [1, 0, 1, 1], "True for 3 of 4"],
    ["nothing", "f32", [], "no elements"],
  ])("%s", (_, dtype, values, text) => {
    expect(summaryText(tensor(dtype, values))).toBe(text);
  });

  test("counts distinct values up to a bound, and says when it stops", () => {
    const many = Array.from({ length: 5000 }, (_, i) => i);
    expect(summarize(tensor("i64", many))).toMatchObject({ elements: 5000, min: 0, max: 4999, distinct: null });
    expect(summaryText(tensor("i64", many))).toContain("over 4096 distinct");
  });

  test("is made once for the same elements", () => {
    const t = tensor("i64", [1, 2, 3]);
    expect(summarize(t)).toBe(summarize({ ...t }));
  });
});
