import { describe, expect, it } from "vitest";
import { CHECK_ROWS, checkForward, rowsToCheck } from "../../../kernels/flash/check.ts";
import { hashU32, seededInputs, seededInputs64, uniform } from "../../../kernels/flash/inputs.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { allRows, referenceForward } from "../../../kernels/flash/reference.ts";
import { binary, constant, type Expr, variable, where } from "../../../kernels/ir/expr.ts";
import type { ProblemHints } from "../../../kernels/ir/mod.ts";
import { readGolden } from "../../support/fixtures.ts";
import { variantOf } from "../../support/variants.ts";

const [q, k, h] = [variable("q_idx"), variable("kv_idx"), variable("h")];
const score = variable("score", "f64");
const f64 = (x: number): Expr => constant(x, "f64");
const int = (x: number): Expr => constant(x, "i64");

const problem = (hints: ProblemHints): Problem => fillProblem({ qHeads: 1, qkHeadDim: 2, ...hints });

describe("seededInputs", () => {
  it("gives the numbers of the PyTorch fixtures", () => {
    const { inputs } = readGolden("index.json") as { inputs: { rnd_check: number[]; hash_check: number[] } };
    expect([0, 1, 2, 3].map((i) => uniform(i, 101))).toEqual(inputs.rnd_check);
    expect([0, 1, 2, 3].map((i) => hashU32(i, 101))).toEqual(inputs.hash_check);
  });

  it("fills each tensor by the problem's sizes, in f32 and in float64 alike", () => {
    const p = problem({ batch: 2, qHeads: 4, kvHeads: 2, qLen: 3, kvLen: 5, qkHeadDim: 4, vHeadDim: 6 });
    const [small, wide] = [seededInputs(p), seededInputs64(p)];
    expect([small.q.length, small.k.length, small.v.length]).toEqual([96, 80, 120]);
    expect(small.q).toEqual(Float32Array.from(wide.q));
    expect(wide.q[0]).toBe(1.5 * uniform(0, 101));
  });
});

describe("referenceForward", () => {
  it("is softmax of scaled dot products", () => {
    const p = problem({ qLen: 1, kvLen: 2, scale: 0.5 });
    const { out, lse } = referenceForward(variantOf("none", {}), p, {
      q: new Float64Array([1, 2]),
      k: new Float64Array([3, 4, 5, 6]),
      v: new Float64Array([1, 10, 2, 20]),
    });
    const [a, b] = [Math.exp(5.5), Math.exp(8.5)];
    expect(out[0]).toBeCloseTo((a + 2 * b) / (a + b), 12);
    expect(out[1]).toBeCloseTo((10 * a + 20 * b) / (a + b), 11);
    expect(lse[0]).toBeCloseTo(Math.log(a + b), 12);
  });

  it("scales before score_mod and masks after it", () => {
    const p = problem({ qLen: 1, kvLen: 3, scale: 0.25 });
    const inputs = { q: new Float64Array([4, 0]), k: new Float64Array([1, 0, 2, 0, 3, 0]), v: new Float64Array([1, 1, 2, 2, 3, 3]) };
    const seen = variantOf("square", { score: binary("mul", score, score), mask: binary("ne", k, int(2)) });
    const { lse } = referenceForward(seen, p, inputs);
    expect(lse[0]).toBeCloseTo(Math.log(Math.exp(1) + Math.exp(4)), 12);
  });

  it("gives 0 and minus infinity for a row that sees nothing, by mask_mod or by score_mod", () => {
    const p = problem({ qLen: 2, kvLen: 3 });
    const inputs = seededInputs64(p);
    for (const parts of [
      { mask: binary("gt", q, int(0)) },
      { score: where(binary("gt", q, int(0)), score, f64(Number.NEGATIVE_INFINITY)) },
    ]) {
      const { out, lse } = referenceForward(variantOf("dead", parts), p, inputs);
      expect([...out.subarray(0, 2), lse[0]]).toEqual([0, 0, Number.NEGATIVE_INFINITY]);
      expect(out.subarray(2).every((x) => Number.isFinite(x) && x !== 0)).toBe(true);
    }
  });

  it("a nan score makes its row nan, a score of plus infinity too but for the lse; a masked one does nothing", () => {
    const p = problem({ qLen: 2, kvLen: 3 });
    const inputs = seededInputs64(p);
    const at = (value: number): Expr => where(binary("eq", k, int(1)), f64(value), score);
    const nan = referenceForward(variantOf("nan", { score: at(Number.NaN) }), p, inputs);
    expect([...nan.out, ...nan.lse].every(Number.isNaN)).toBe(true);
    const inf = referenceForward(variantOf("inf", { score: at(Number.POSITIVE_INFINITY) }), p, inputs);
    expect([...inf.out].every(Number.isNaN)).toBe(true);
    expect([...inf.lse]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    const masked = referenceForward(variantOf("masked", { score: at(Number.NaN), mask: binary("ne", k, int(1)) }), p, inputs);
    expect([...masked.out].every(Number.isFinite)).toBe(true);
  });

  it("shares key heads between query heads, and lets V have another head dim", () => {
    const p = problem({ qHeads: 4, kvHeads: 2, qLen: 1, kvLen: 1, vHeadDim: 3 });
    const { out } = referenceForward(variantOf("none", {}), p, {
      q: new Float64Array(8),
      k: new Float64Array(4),
      v: new Float64Array([1, 2, 3, 4, 5, 6]),
    });
    expect([...out]).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
  });

  it("computes the rows asked for, as it computes all", () => {
    const p = problem({ batch: 2, qHeads: 2, qLen: 5, kvLen: 7 });
    const inputs = seededInputs(p);
    const variant = variantOf("heads", { mask: binary("ge", binary("add", q, h), k) });
    const full = referenceForward(variant, p, inputs);
    expect(full.allRows).toBe(true);
    expect(full.rows).toEqual(allRows(p));
    const some = referenceForward(variant, p, inputs, [
      { b: 0, h: 1, q: 4 },
      { b: 1, h: 0, q: 2 },
    ]);
    expect(some.allRows).toBe(false);
    expect([...some.lse]).toEqual([full.lse[9], full.lse[12]]);
    expect([...some.out]).toEqual([...full.out.subarray(18, 20), ...full.out.subarray(24, 26)]);
  });
});

describe("rowsToCheck", () => {
  it("asks for all rows up to 4 GFLOP", () => {
    expect(rowsToCheck(fillProblem({ qLen: 1024, kvLen: 1024 }, 8))).toBeUndefined();
  });

  it("asks for 256 of a larger problem: the first, the last, both sides of block edges, each once", () => {
    const p = fillProblem({ batch: 2, qLen: 5000, kvLen: 5000 }, 8);
    const rows = rowsToCheck(p) ?? [];
    expect(rows).toHaveLength(CHECK_ROWS);
    expect(rows[0]).toEqual({ b: 0, h: 0, q: 0 });
    expect(rows.at(-1)).toEqual({ b: 1, h: 7, q: 4999 });
    expect(new Set(rows.map((r) => `${r.b} ${r.h} ${r.q}`)).size).toBe(CHECK_ROWS);
    expect(rows.every((r) => r.b < 2 && r.h < 8 && r.q < 5000)).toBe(true);
    expect(rows.filter((r) => r.q % 128 === 0).length).toBeGreaterThan(20);
    expect(rows.filter((r) => r.q % 128 === 127).length).toBeGreaterThan(20);
    expect(new Set(rows.map((r) => r.b * 8 + r.h)).size).toBe(16);
    expect(rowsToCheck(p)).toEqual(rows);
  });

  it("ends where a problem has fewer rows than that", () => {
    const p = fillProblem({ qLen: 2, kvLen: 8_000_000 }, 4);
    expect(rowsToCheck(p)).toHaveLength(8);
  });
});

describe("checkForward", () => {
  const p = problem({ qLen: 3, kvLen: 4 });
  const inputs = seededInputs(p);
  const reference = referenceForward(variantOf("dead", { mask: binary("gt", q, int(0)) }), p, inputs);
  const actual = () => ({ out: Float64Array.from(reference.out), lse: Float64Array.from(reference.lse) });

  it("passes what is equal, dead rows too", () => {
    expect(checkForward(actual(), reference, p)).toEqual({
      maxAbs: 0,
      maxRel: 0,
      bound: "|a − b| ≤ 1e-5 · (|b| + rms(b))",
      passed: true,
      firstBad: null,
      rows: 3,
      allRows: true,
    });
  });

  it("passes rounding to f32 and says how much it was", () => {
    const { out, lse } = actual();
    const check = checkForward({ out: Float32Array.from(out), lse: Float32Array.from(lse) }, reference, p);
    expect(check.passed).toBe(true);
    expect(check.maxAbs).toBeGreaterThan(0);
    expect(check.maxRel).toBeLessThan(1e-6);
  });

  it.each<[what: string, tensor: "out" | "lse", index: number, value: number, where: number[]]>([
    ["one element of out", "out", 3, (reference.out[3] ?? 0) + 1e-3, [0, 0, 1, 1]],
    ["an lse", "lse", 2, (reference.lse[2] ?? 0) * 1.001, [0, 0, 2]],
    ["a dead row that is not 0", "out", 0, 1e-3, [0, 0, 0, 0]],
    ["a finite lse of a dead row", "lse", 0, -1e38, [0, 0, 0]],
    ["nan", "out", 4, Number.NaN, [0, 0, 2, 0]],
  ])("fails at %s, and says where", (_, tensor, index, value, where) => {
    const spoilt = actual();
    spoilt[tensor][index] = value;
    const check = checkForward(spoilt, reference, p);
    expect(check.passed).toBe(false);
    expect(check.firstBad).toEqual(where);
    expect(JSON.parse(JSON.stringify(check))).toEqual(check);
  });

  it("compares the rows that the reference has, at their places in the whole", () => {
    const some = referenceForward(variantOf("dead", { mask: binary("gt", q, int(0)) }), p, inputs, [{ b: 0, h: 0, q: 2 }]);
    const spoilt = actual();
    spoilt.out[0] = 7;
    expect(checkForward(spoilt, some, p)).toMatchObject({ passed: true, rows: 1, allRows: false });
    spoilt.out[5] = 7;
    expect(checkForward(spoilt, some, p).firstBad).toEqual([0, 0, 2, 1]);
  });
});
