/**
 * The emitted WGSL against PyTorch's own values: the one-line expressions of golden/_ops.json and the score mods of the
 * fixtures. (Their masks, and all mods against the interpreter: emit.corpus.test.ts.)
 */
import { describe, expect, it } from "vitest";
import { tensorFromCapture } from "../../kernels/frontend/tensor.ts";
import type { Value } from "../../kernels/frontend/value.ts";
import { type Expr, load, variable } from "../../kernels/ir/expr.ts";
import type { Point } from "../../kernels/ir/interpret.ts";
import type { Capture } from "../../kernels/ir/mod.ts";
import { rewrite } from "../../kernels/ir/walk.ts";
import { disagreement } from "../support/agreement.ts";
import { evaluateOnGpu } from "../support/evaluateOnGpu.ts";
import { decodeTensor, fixtureNames, loadFixture, readGolden, rnd } from "../support/fixtures.ts";
import { useGpu } from "../support/gpu.ts";
import { lowerFlexCase } from "../support/loweredFixtures.ts";
import { traceText } from "../unit/frontend-eval/evaluateText.ts";

const gpu = useGpu();

interface Case {
  readonly expr: string;
  readonly score_dtype?: "float32" | "float64";
  readonly dtype?: string;
  readonly values?: readonly (readonly (number | string)[])[];
}
interface Ops {
  readonly q: readonly number[];
  readonly k: readonly number[];
  readonly s: readonly number[];
  readonly captures: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly data: number[] }>>;
  readonly cases: readonly Case[];
}
const ops = readGolden("_ops.json") as Ops;

/** What WGSL does not promise: it lets a compiler cancel x / y * y, which hides the nan of x / 0 * 0. */
const CANCELLED: readonly string[] = ["torch.maximum(s / 0 * 0, s)", "(s / 0 * 0) == (s / 0 * 0)"];

const numberOf = (x: number | string | undefined): number =>
  typeof x === "number" ? x : x === "inf" ? Number.POSITIVE_INFINITY : x === "-inf" ? Number.NEGATIVE_INFINITY : Number.NaN;

/** Emitters know indices to be positive; here q is not, so it comes from a table. */
const Q: Capture = { name: "q", dtype: "i64", shape: [ops.q.length], data: Float64Array.from(ops.q) };
const fromTable = (body: Expr): Expr => rewrite(body, (e) => (e === variable("q_idx") ? load(Q, [variable("q_idx")]) : e));

describe("one-line expressions give PyTorch's values on the GPU", () => {
  const captures: Record<string, Value> = { flag: { type: "bool", value: true }, none: { type: "none" } };
  for (const [name, t] of Object.entries(ops.captures)) captures[name] = tensorFromCapture(decodeTensor(t, name));
  const traced = ops.cases.flatMap((c) => {
    const text = `import torch\ndef f(s, b, h, q, k):\n    return ${c.expr}\n`;
    const outcome =
      c.values === undefined ? null : traceText(text, "score_mod", "f", c.score_dtype === "float64" ? "f64" : "f32", captures);
    return outcome?.ok && !CANCELLED.includes(c.expr) ? [{ c, body: fromTable(outcome.value.body) }] : [];
  });

  it("all but what PyTorch itself refuses", async () => {
    expect(traced.length).toBeGreaterThan(190);
    const points: Point[] = ops.q.flatMap((_, i) => ops.k.map((kv_idx) => ({ b: 0, h: 0, q_idx: i, kv_idx, score: ops.s[i] ?? 0 })));
    const values = await evaluateOnGpu(gpu().device, traced, points);
    const wrong = traced.flatMap(({ c, body }, e) => {
      for (const [p, point] of points.entries()) {
        const want = numberOf(c.values?.[point.q_idx]?.[ops.k.indexOf(point.kv_idx)]);
        const reason = disagreement(values[e]?.[p] ?? Number.NaN, want, body.dtype);
        if (reason !== null) return [`${c.expr} at q ${ops.q[point.q_idx]}, k ${point.kv_idx}, s ${point.score}: ${reason}`];
      }
      return [];
    });
    expect(wrong).toEqual([]);
  });
});

describe("the fixtures' mods on the GPU", () => {
  const names = fixtureNames();
  const scored = names.filter((name) => loadFixture(name).score_grid !== null);

  it("score mods give PyTorch's float32 values over a grid", async () => {
    const input = rnd([1, 2, 24, 24], 77).map((x) => Math.fround(x * 2));
    const points: Point[] = Array.from(input, (score, i) => ({
      b: 0,
      h: Math.floor(i / 576),
      q_idx: Math.floor(i / 24) % 24,
      kv_idx: i % 24,
      score,
    }));
    const mods = scored.map((name) => {
      const mod = lowerFlexCase(name, "f24", "f32").scoreMod;
      if (mod === null) throw new Error(`${name} has no score_mod`);
      return mod;
    });
    const values = await evaluateOnGpu(gpu().device, mods, points);
    const wrong = scored.flatMap((name, m) => {
      const want = decodeTensor(loadFixture(name).score_grid?.float32.values ?? { dtype: "float32", shape: [0], data: [] }).data;
      const at = points.findIndex((_, p) => disagreement(values[m]?.[p] ?? Number.NaN, want[p] ?? Number.NaN, "f32") !== null);
      return at < 0 ? [] : [`${name} at ${JSON.stringify(points[at])}: ${values[m]?.[at]}, not ${want[at]}`];
    });
    expect(wrong).toEqual([]);
    expect(scored.length).toBeGreaterThan(20);
  });
});
