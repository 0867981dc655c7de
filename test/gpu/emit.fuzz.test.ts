import { describe, expect, it } from "vitest";
import type { Expr } from "../../kernels/ir/expr.ts";
import { interpret, type Point } from "../../kernels/ir/interpret.ts";
import type { DType } from "../../kernels/ir/ops.ts";
import { interpretBounded } from "../support/bounded.ts";
import { evaluateOnGpu } from "../support/evaluateOnGpu.ts";
import { useGpu } from "../support/gpu.ts";
import { ALL_DTYPES, pick, type Random, randomExpr, randomMask, seeded, whole } from "../support/random.ts";

const gpu = useGpu();

const INTS: readonly DType[] = ["bool", "u8", "i8", "i16", "i32", "i64"];

function randomPoints(random: Random, count: number, length: number): Point[] {
  return Array.from({ length: count }, () => ({
    b: whole(random, 0, 2),
    h: whole(random, 0, 7),
    q_idx: whole(random, 0, length - 1),
    kv_idx: whole(random, 0, length - 1),
    score: Math.fround((random() - 0.5) * 8),
  }));
}

interface Outcome {
  readonly wrong: readonly string[];
  /** Share of the points that could be compared. */
  readonly compared: number;
}

async function compare(expressions: readonly Expr[], points: readonly Point[], seed: number): Promise<Outcome> {
  const got = await evaluateOnGpu(
    gpu().device,
    expressions.map((body) => ({ body })),
    points,
  );
  const wrong: string[] = [];
  let compared = 0;
  expressions.forEach((e, i) => {
    for (const [p, point] of points.entries()) {
      const want = interpretBounded(e, point);
      if (want === null) continue;
      compared++;
      const value = got[i]?.[p] ?? Number.NaN;
      const agrees = Number.isNaN(want.value) ? Number.isNaN(value) : Math.abs(value - want.value) <= want.error;
      if (!agrees) {
        wrong.push(`seed ${seed}, expression ${i}, point ${JSON.stringify(point)}: got ${value}, want ${want.value} ± ${want.error}`);
        break;
      }
    }
  });
  return { wrong, compared: compared / (expressions.length * points.length) };
}

describe("random expressions: the GPU computes what the interpreter does", () => {
  it.each(Array.from({ length: 12 }, (_, i) => [i]))("integers and booleans, exactly (seed %d)", async (seed) => {
    const random = seeded(1000 + seed);
    const expressions = Array.from({ length: 40 }, () => randomExpr(random, pick(random, INTS), { depth: 4, dtypes: INTS }));
    const outcome = await compare(expressions, randomPoints(random, 60, 50), seed);
    expect(outcome.wrong).toEqual([]);
    expect(outcome.compared).toBeGreaterThan(0.6);
  });

  it.each(Array.from({ length: 12 }, (_, i) => [i]))("all dtypes and functions, within what 32 bits allow (seed %d)", async (seed) => {
    const random = seeded(2000 + seed);
    const expressions = Array.from({ length: 40 }, () => randomExpr(random, pick(random, ALL_DTYPES), { depth: 3, score: "f32" }));
    const outcome = await compare(expressions, randomPoints(random, 60, 50), seed);
    expect(outcome.wrong).toEqual([]);
    expect(outcome.compared).toBeGreaterThan(0.3);
  });

  it.each(Array.from({ length: 8 }, (_, i) => [i]))("masks as people write them, exactly (seed %d)", async (seed) => {
    const random = seeded(3000 + seed);
    const masks = Array.from({ length: 40 }, () => randomMask(random, 64));
    const points = randomPoints(random, 200, 64);
    const got = await evaluateOnGpu(
      gpu().device,
      masks.map((body) => ({ body })),
      points,
    );
    expect(got).toEqual(masks.map((body) => points.map((p) => interpret(body, p))));
  });
});
