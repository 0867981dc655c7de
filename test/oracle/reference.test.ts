import { describe, expect, it } from "vitest";
import { compileCells } from "../../kernels/emit/js.ts";
import { seededInputs64 } from "../../kernels/flash/inputs.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { cast } from "../../kernels/ir/expr.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { decodeTensor, type FlexCase, fixtureNames, loadFixture, rnd } from "../support/fixtures.ts";
import { lowerFlexCase } from "../support/loweredFixtures.ts";
import { hasTranscendental, scoreBound } from "../support/transcendental.ts";

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

const fixtures = fixtureNames();

describe("the float64 reference lies within 1e-9 of PyTorch's out and lse; with a float32 cosine and the like in it, 2e-6", () => {
  it.each(fixtures)("%s", (name) => {
    for (const flexCase of ["f24", "f19x23gqa"] as const) {
      const flex = loadFixture(name).flex_cases[flexCase];
      const p = problemOf(flex.cfg);
      const mods = lowerFlexCase(name, flexCase, "f64");
      const got = referenceForward(mods, p, seededInputs64(p));
      const bound = mods.scoreMod !== null && hasTranscendental(mods.scoreMod.body, ["f32"]) ? 2e-6 : 1e-9;
      expect(distance(got.out, decodeTensor(flex.out).data)).toBeLessThan(bound);
      expect(distance(got.lse, decodeTensor(flex.lse).data)).toBeLessThan(bound);
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

  it.each(scored)("%s", (name) => {
    const grid = loadFixture(name).score_grid;
    if (grid === null) throw new Error("no grid");
    for (const dtype of ["f64", "f32"] as const) {
      const { scoreMod } = lowerFlexCase(name, "f24", dtype);
      if (scoreMod === null) throw new Error("no score_mod");
      const want = decodeTensor((dtype === "f64" ? grid.float64 : grid.float32).values);
      const loop = compileCells(scoreMod.body);
      const got = new Float64Array(input.length);
      for (let h = 0; h < 2; h++) {
        const range = [h * 576, (h + 1) * 576] as const;
        loop(got.subarray(...range), { b: 0, h, q0: 0, q1: 24, k0: 0, k1: 24 }, input.subarray(...range));
      }
      const { body } = scoreMod;
      const wrong = Array.from(want.data).flatMap((y, i) => {
        const x = got[i] ?? Number.NaN;
        return Object.is(x, y) || x === y || Math.abs(x - y) <= scoreBound(body, y) ? [] : [`${x}, PyTorch ${y}`];
      });
      expect(wrong.slice(0, 3), dtype).toEqual([]);
      const at = 576 + 5 * 24 + 7;
      const point = { b: 0, h: 1, q_idx: 5, kv_idx: 7, score: input[at] ?? 0 };
      expect(interpret(scoreMod.body, point), "interpreted and compiled").toBe(got[at]);
      expect(cast(scoreMod.body, want.dtype), "result dtype").toBe(scoreMod.body);
    }
  });
});
