import { describe, expect, it } from "vitest";
import { binary, type Expr, load, unary, variable } from "../../kernels/ir/expr.ts";
import { evalBinary, evalUnary } from "../../kernels/ir/interpret.ts";
import type { Capture } from "../../kernels/ir/mod.ts";
import type { BinaryOp, UnaryOp } from "../../kernels/ir/ops.ts";
import { evaluateOnGpu } from "../support/evaluateOnGpu.ts";
import { useGpu } from "../support/gpu.ts";

const gpu = useGpu();

/** Evenly over [low, high], and ever denser at each point of `near`. */
function samples(low: number, high: number, near: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = 0; i <= 4000; i++) out.push(low + ((high - low) * i) / 4000);
  for (const n of near) for (let e = -24; e <= 3; e++) for (const f of [1, 1.3, 1.7]) out.push(n + f * 2 ** e, n - f * 2 ** e);
  return out.map(Math.fround).filter((x) => x >= low && x <= high);
}

interface Worst {
  readonly error: number;
  readonly at: readonly number[];
  readonly got: number;
  readonly want: number;
}

/** The largest |got − want| / scale(want). */
function worstOf(
  points: readonly (readonly number[])[],
  got: readonly number[],
  want: (point: readonly number[]) => number,
  scale: (want: number) => number,
): Worst {
  let worst: Worst = { error: 0, at: [], got: 0, want: 0 };
  points.forEach((at, i) => {
    const w = want(at);
    const g = got[i] ?? Number.NaN;
    const error = Math.abs(g - w) / scale(w);
    if (!(error <= worst.error)) worst = { error, at, got: g, want: w };
  });
  return worst;
}

async function onGpu(body: Expr, scores: readonly number[]): Promise<number[]> {
  const points = scores.map((score, q_idx) => ({ b: 0, h: 0, q_idx, kv_idx: 0, score }));
  return (await evaluateOnGpu(gpu().device, [{ body }], points))[0] ?? [];
}

const mixed = (want: number): number => Math.max(1, Math.abs(want));

const { PI, SQRT2, SQRT1_2 } = Math;
const UNARY: readonly [op: UnaryOp, low: number, high: number, near: readonly number[]][] = [
  ["exp", -100, 88, [0, 1, 0.34657]],
  ["exp2", -140, 127, [0, 0.5]],
  ["expm1", -20, 80, [0, 0.34]],
  ["log", 1e-30, 1e6, [0, 1, 2, SQRT2, SQRT1_2]],
  ["log2", 1e-30, 1e6, [0, 1, 2]],
  ["log10", 1e-30, 1e6, [0, 1, 10]],
  ["log1p", -0.99999, 1e6, [0, 0.29, -0.29, -1]],
  ["sqrt", 0, 1e6, [0, 1]],
  ["rsqrt", 1e-20, 1e6, [0, 1]],
  ["sin", -7000, 7000, [0, PI, PI / 2, 100 * PI, 4096]],
  ["cos", -7000, 7000, [0, PI, PI / 2, 100 * PI, 4096]],
  ["sin", -1e9, 1e9, [1e5, 1e7]],
  ["cos", -3e37, 3e37, [1e12, 1e20]],
  ["tan", -50, 50, [0, PI / 2]],
  ["tan", -4096, 4096, Array.from({ length: 400 }, (_, i) => ((2 * i + 1) * PI) / 2)],
  ["asin", -1, 1, [0, 0.5, 1, -1]],
  ["acos", -1, 1, [0, 0.5, 1, -1]],
  ["atan", -1000, 1000, [0, 0.4142, 1, 2.414]],
  ["sinh", -20, 20, [0, 1]],
  ["cosh", -20, 20, [0, 1]],
  ["tanh", -30, 30, [0, 9.1]],
  ["sigmoid", -100, 100, [0]],
  ["erf", -6, 6, [0, 0.921875, 4]],
];

describe("elementary functions on the GPU", () => {
  it.each(UNARY)("%s is within 2e-6 · max(1, |f(x)|) on [%d, %d]", async (op, low, high, near) => {
    const xs = samples(low, high, near);
    const got = await onGpu(unary(op, variable("score")), xs);
    const worst = worstOf(
      xs.map((x) => [x]),
      got,
      ([x = 0]) => evalUnary(op, x, "f64"),
      mixed,
    );
    expect(worst.error, JSON.stringify(worst)).toBeLessThanOrEqual(2e-6);
  });

  it.each<[UnaryOp]>([["sin"], ["tan"], ["asin"], ["atan"], ["sinh"], ["tanh"], ["erf"], ["expm1"], ["log1p"]])(
    "%s keeps a relative error of 1e-6 down to nothing, where the built-in loses it",
    async (op) => {
      const xs = samples(-0.5, 0.5, [0]).filter((x) => x !== 0);
      const got = await onGpu(unary(op, variable("score")), xs);
      const worst = worstOf(
        xs.map((x) => [x]),
        got,
        ([x = 0]) => evalUnary(op, x, "f64"),
        Math.abs,
      );
      expect(worst.error, JSON.stringify(worst)).toBeLessThanOrEqual(1e-6);
    },
  );

  const BINARY: readonly [op: BinaryOp, x: readonly [number, number], y: readonly [number, number]][] = [
    ["pow", [1e-3, 50], [-4, 4]],
    ["pow", [0.9, 1.1], [-100, 100]],
    ["pow", [2, 2], [-20, 20]],
    ["pow", [1e-8, 1], [0, 300]],
    ["atan2", [-10, 10], [-10, 10]],
    ["hypot", [-1e3, 1e3], [-1e3, 1e3]],
    ["fmod", [-1000, 1000], [-7, 7]],
    ["floormod", [-1000, 1000], [-7, 7]],
  ];
  it.each(BINARY)("%s is within 2e-6 · max(1, |f|) over %j × %j", async (op, [x0, x1], [y0, y1]) => {
    const pairs = Array.from({ length: 4000 }, (_, i) => {
      const [u, v] = [(i * 0.6180339887) % 1, (i * 0.7548776662) % 1];
      return [Math.fround(x0 + (x1 - x0) * u), Math.fround(y0 + (y1 - y0) * v)] as const;
    });
    const second: Capture = { name: "y", dtype: "f32", shape: [pairs.length], data: Float32Array.from(pairs, ([, y]) => y) };
    const got = await onGpu(
      binary(op, variable("score"), load(second, [variable("q_idx")])),
      pairs.map(([x]) => x),
    );
    const worst = worstOf(pairs, got, ([x = 0, y = 0]) => evalBinary(op, x, y, "f64"), mixed);
    expect(worst.error, JSON.stringify(worst)).toBeLessThanOrEqual(2e-6);
  });
});
