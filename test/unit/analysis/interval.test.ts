import { describe, expect, test } from "vitest";
import {
  type Box,
  compileDecider,
  FALSE,
  type Interval,
  intervalOf,
  intervalsOf,
  TRUE,
  UNDECIDED,
} from "../../../kernels/analysis/interval.ts";
import { binary, cast, constant, type Expr, load, unary, variable } from "../../../kernels/ir/expr.ts";
import { interpretAll } from "../../../kernels/ir/interpret.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import { ALL_DTYPES, pick, randomExpr, seeded, whole } from "../../support/random.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const i64 = (n: number): Expr => constant(n, "i64");
const range = (min: number, max: number): Interval => ({ min, max });
const box = (q0: number, q1: number, k0: number, k1: number): Box => ({
  b: range(0, 1),
  h: range(0, 7),
  q_idx: range(q0, q1),
  kv_idx: range(k0, k1),
});
const ids: Capture = { name: "ids", dtype: "i64", shape: [10], data: Float64Array.of(3, 3, 3, 5, 5, 5, 9, 9, -2, 100) };
const table: Capture = { name: "table", dtype: "f32", shape: [5, 6], data: Float32Array.from({ length: 30 }, (_, i) => i) };

describe("an interval is exact where the operators are monotone", () => {
  const cases: readonly (readonly [string, Expr, Box, Interval])[] = [
    ["q_idx - kv_idx", binary("sub", q, k), box(10, 19, 0, 4), range(6, 19)],
    ["q_idx - q_idx is 0", binary("sub", q, q), box(0, 99, 0, 0), range(0, 0)],
    ["-7 // 2 rounds down", binary("floordiv", binary("sub", q, i64(7)), i64(2)), box(0, 3, 0, 0), range(-4, -2)],
    ["% within one period keeps its ends", binary("floormod", q, i64(16)), box(18, 25, 0, 0), range(2, 9)],
    ["% over the end of a period", binary("floormod", q, i64(16)), box(10, 18, 0, 0), range(0, 15)],
    ["% of negatives is Python's", binary("floormod", binary("sub", q, i64(3)), i64(4)), box(0, 2, 0, 0), range(1, 3)],
    ["& with 2^n - 1 is %", binary("and", q, i64(7)), box(9, 12, 0, 0), range(1, 4)],
    ["abs over 0", unary("abs", binary("sub", q, k)), box(0, 9, 5, 5), range(0, 5)],
    [
      "an i32 that overflows may be anything",
      binary("mul", cast(q, "i32"), constant(2 ** 30, "i32")),
      box(0, 2, 0, 0),
      range(-(2 ** 31), 2 ** 31 - 1),
    ],
    ["a load asks for the range's least and greatest", load(ids, [q]), box(2, 6, 0, 0), range(3, 9)],
    ["a load of negative indices counts from the end", load(ids, [binary("sub", q, i64(3))]), box(0, 1, 0, 0), range(-2, 9)],
    ["a load beyond the end is clamped", load(ids, [q]), box(9, 50, 0, 0), range(100, 100)],
    ["a load of two indices asks for a rectangle", load(table, [q, k]), box(1, 3, 2, 4), range(8, 22)],
    ["a conversion to bool", cast(q, "bool"), box(1, 3, 0, 0), range(1, 1)],
  ];
  for (const [name, e, where, expected] of cases) {
    test(name, () => expect(intervalOf(e, where)).toEqual(expected));
  }
});

test("a nan leaves a comparison undecided", () => {
  const root = unary("sqrt", cast(binary("sub", q, i64(1)), "f32"));
  expect(intervalOf(binary("lt", root, constant(-1, "f32")), box(0, 0, 0, 0))).toEqual(range(0, 1));
  expect(intervalOf(binary("lt", root, constant(-1, "f32")), box(2, 5, 0, 0))).toEqual(range(0, 0));
});

test("a decider answers for many ranges of keys without asking about the rows again", () => {
  const decide = compileDecider(binary("ge", q, k));
  decide.rows(0, 0, 10, 19);
  expect([decide.keys(0, 10), decide.keys(11, 15), decide.keys(20, 30), decide.keys(0, 5)]).toEqual([TRUE, UNDECIDED, FALSE, TRUE]);
});

test("range minimum and maximum are exact for every range of one and two dimensions", () => {
  const random = seeded(4);
  const line: Capture = { name: "l", dtype: "i32", shape: [13], data: Int32Array.from({ length: 13 }, () => whole(random, -99, 99)) };
  for (let from = 0; from < 13; from++) {
    for (let to = from; to < 13; to++) {
      const part = [...line.data].slice(from, to + 1);
      expect(intervalOf(load(line, [q]), box(from, to, 0, 0))).toEqual(range(Math.min(...part), Math.max(...part)));
    }
  }
  const grid: Capture = {
    name: "g",
    dtype: "i32",
    shape: [3, 23, 11],
    data: Int32Array.from({ length: 759 }, () => whole(random, -999, 999)),
  };
  for (let n = 0; n < 800; n++) {
    const [a = 0, b = 0] = [whole(random, 0, 22), whole(random, 0, 22)].sort((x, y) => x - y);
    const [c = 0, d = 0] = [whole(random, 0, 10), whole(random, 0, 10)].sort((x, y) => x - y);
    const slice = whole(random, 0, 2);
    const part: number[] = [];
    for (let y = a; y <= b; y++) for (let x = c; x <= d; x++) part.push(grid.data[(slice * 23 + y) * 11 + x] ?? 0);
    expect(intervalOf(load(grid, [i64(slice), q, k]), box(a, b, c, d))).toEqual(range(Math.min(...part), Math.max(...part)));
  }
});

test("what an expression gives at a point of a box lies in the interval of every node (random expressions)", () => {
  const random = seeded(1);
  let bounded = 0;
  for (let n = 0; n < 4000; n++) {
    const e = randomExpr(random, pick(random, ALL_DTYPES), { depth: whole(random, 1, 5), score: "f32" });
    const q0 = whole(random, 0, 70);
    const k0 = whole(random, 0, 70);
    const where = box(q0, q0 + whole(random, 0, 20), k0, k0 + whole(random, 0, 20));
    const intervals = intervalsOf([e], where);
    for (let m = 0; m < 12; m++) {
      const point = {
        b: whole(random, 0, 1),
        h: whole(random, 0, 7),
        q_idx: whole(random, where.q_idx.min, where.q_idx.max),
        kv_idx: whole(random, where.kv_idx.min, where.kv_idx.max),
        score: (random() - 0.5) * 8,
      };
      for (const [node, value] of interpretAll([e], point)) {
        const { min, max } = intervals.get(node) ?? range(0, -1);
        if (Number.isNaN(min) || Number.isNaN(max)) continue;
        bounded++;
        if (!(value >= min && value <= max)) {
          throw new Error(
            `${printExpr(node)} (${node.dtype}) = ${value} outside [${min}, ${max}] at ${JSON.stringify(point)} in ${JSON.stringify(where)}`,
          );
        }
      }
    }
  }
  expect(bounded).toBeGreaterThan(200_000);
});

test("a load over many slices answers for them as wholes, not for all that there are", () => {
  const random = seeded(77);
  const shape = [30, 40, 2, 3];
  const data = Float64Array.from({ length: 7200 }, (_, i) => Math.floor(i / 6) + whole(random, 0, 3));
  const deep: Capture = { name: "deep", dtype: "i64", shape, data };
  const e = load(deep, [binary("floordiv", q, i64(40)), binary("floormod", q, i64(40)), i64(1), binary("floormod", k, i64(3))]);
  for (let n = 0; n < 40; n++) {
    const q0 = whole(random, 0, 1199);
    const q1 = whole(random, q0, 1199);
    const found = intervalOf(e, box(q0, q1, 0, 2));
    const slices = [...data.subarray(6 * q0, 6 * (q1 + 1))];
    expect(found.min).toBeLessThanOrEqual(Math.min(...slices.filter((_, i) => i % 6 >= 3)));
    expect(found.max).toBeGreaterThanOrEqual(Math.max(...slices.filter((_, i) => i % 6 >= 3)));
    // No wider than the lines of 40 that the rows lie in.
    expect(found.min).toBeGreaterThanOrEqual(40 * Math.floor(q0 / 40));
    expect(found.max).toBeLessThanOrEqual(40 * (Math.floor(q1 / 40) + 1) + 3);
  }
});
