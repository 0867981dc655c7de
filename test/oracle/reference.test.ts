import { describe, expect, it } from "vitest";
import { compileCells } from "../../kernels/emit/js.ts";
import { seededInputs64 } from "../../kernels/flash/inputs.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { cast } from "../../kernels/ir/expr.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { decodeTensor, type FlexCase, fixtureNames, loadFixture, rnd } from "../support/fixtures.ts";
import { lowerFlexCase } from "../support/loweredFixtures.ts";
import { KNOWN_FAILURES } from "./knownFailures.ts";

function problemOf(cfg: FlexCase["cfg"]): Problem {
  const { B, Hq, Hkv, Sq, Skv, D, BLOCK_SIZE } = cfg;
  return fillProblem({
    batch: B,
    qHeads: Hq,
    kvHeads: Hkv,
    qLen: Sq,
    kvLen: Skv,
    qkHeadDim: D,
    blockSize: [BLOCK_SIZE, BLOCK_SIZE],
  });
}

/** The largest |a − b|; equal infinities and nan count as 0, nan or an infinity on one side as infinite. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i] ?? Number.NaN, b[i] ?? Number.NaN];
    if (Object.is(x, y) || x === y) continue;
    const d = Math.abs(x - y);
    worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d);
  }
  return worst;
}

/** Runs `check` for each name, and expects those listed, and only those, to fail. */
function checkEach(names: readonly string[], known: readonly string[], check: (name: string) => void): void {
  it.each(names.filter((name) => !known.includes(name)))("%s", check);
  if (known.length > 0)
    it.each([...known])("%s is listed as a known failure and still fails", (name) => expect(() => check(name)).toThrow());
}

const fixtures = fixtureNames();

describe("the float64 reference lies within 1e-9 of PyTorch's out and lse", () => {
  checkEach(fixtures, KNOWN_FAILURES.reference, (name) => {
    for (const flexCase of ["f24", "f19x23gqa"] as const) {
      const flex = loadFixture(name).flex_cases[flexCase];
      const p = problemOf(flex.cfg);
      const got = referenceForward(lowerFlexCase(name, flexCase, "f64"), p, seededInputs64(p));
      expect(distance(got.out, decodeTensor(flex.out).data)).toBeLessThan(1e-9);
      expect(distance(got.lse, decodeTensor(flex.lse).data)).toBeLessThan(1e-9);
    }
  });

  it("covers all 64 fixtures, some of them with dead rows", () => {
    expect(fixtures).toHaveLength(64);
    const dead = fixtures.filter((name) =>
      Object.values(loadFixture(name).flex_cases).some((f) => decodeTensor(f.lse).data.includes(Number.NEGATIVE_INFINITY)),
    );
    expect(dead.length).toBeGreaterThan(1);
  });
});

describe("score mods give PyTorch's values over a grid", () => {
  const scored = fixtures.filter((name) => loadFixture(name).score_grid !== null);
  const input = rnd([1, 2, 24, 24], 77).map((x) => x * 2);

  checkEach(scored, KNOWN_FAILURES.scoreGrid, (name) => {
    const grid = loadFixture(name).score_grid;
    if (grid === null) throw new Error("no grid");
    for (const [dtype, bound] of [
      ["f64", 1e-9],
      ["f32", 2e-6],
    ] as const) {
      const { scoreMod } = lowerFlexCase(name, "f24", dtype);
      if (scoreMod === null) throw new Error("no score_mod");
      const want = decodeTensor((dtype === "f64" ? grid.float64 : grid.float32).values);
      const loop = compileCells(scoreMod.body);
      const got = new Float64Array(input.length);
      for (let h = 0; h < 2; h++) {
        const range = [h * 576, (h + 1) * 576] as const;
        loop(got.subarray(...range), { b: 0, h, q0: 0, q1: 24, k0: 0, k1: 24 }, input.subarray(...range));
      }
      const scale = Math.max(1, ...want.data.filter(Number.isFinite).map(Math.abs));
      expect(distance(got, want.data) / scale, dtype).toBeLessThan(bound);
      const at = 576 + 5 * 24 + 7;
      const point = { b: 0, h: 1, q_idx: 5, kv_idx: 7, score: input[at] ?? 0 };
      expect(interpret(scoreMod.body, point), "interpreted and compiled").toBe(got[at]);
      expect(cast(scoreMod.body, want.dtype), "result dtype").toBe(scoreMod.body);
    }
  });
});
