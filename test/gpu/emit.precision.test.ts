import { describe, expect, it } from "vitest";
import { binary, constant, unary, variable } from "../../kernels/ir/expr.ts";
import { evalUnary } from "../../kernels/ir/interpret.ts";
import type { UnaryOp } from "../../kernels/ir/ops.ts";
import { evaluateOnGpu } from "../support/evaluateOnGpu.ts";
import { useGpu } from "../support/gpu.ts";

const gpu = useGpu();

/** Spread over [low, high], dense near `near`, both signs of it. */
function samples(low: number, high: number, near: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = 0; i <= 4000; i++) out.push(low + ((high - low) * i) / 4000);
  for (const n of near) for (let e = -24; e <= 3; e++) for (const f of [1, 1.3, 1.7]) out.push(n + f * 2 ** e, n - f * 2 ** e);
  return out.map(Math.fround).filter((x) => x >= low && x <= high);
}

const FUNCTIONS: readonly [op: UnaryOp, low: number, high: number, near: readonly number[]][] = [
  ["exp", -100, 88, [0, 1, 0.34657]],
  ["exp2", -140, 127, [0, 0.5]],
  ["expm1", -20, 80, [0, 0.34]],
  ["log", 1e-30, 1e6, [0, 1, 2, 1.4142135, 0.7071067]],
  ["log2", 1e-30, 1e6, [0, 1, 2]],
  ["log10", 1e-30, 1e6, [0, 1, 10]],
  ["log1p", -0.99999, 1e6, [0, 0.29, -0.29, -1]],
  ["sqrt", 0, 1e6, [0, 1]],
  ["rsqrt", 1e-20, 1e6, [0, 1]],
  ["sin", -7000, 7000, [0, Math.PI, Math.PI / 2, 100 * Math.PI, 4096]],
  ["cos", -7000, 7000, [0, Math.PI, Math.PI / 2, 100 * Math.PI, 4096]],
  ["sin", -1e9, 1e9, [1e5, 1e7]],
  ["cos", -3e37, 3e37, [1e12, 1e20]],
  ["tan", -50, 50, [0, Math.PI / 2]],
  ["asin", -1, 1, [0, 0.5, 1, -1]],
  ["acos", -1, 1, [0, 0.5, 1, -1]],
  ["atan", -1000, 1000, [0, 0.4142, 1, 2.414]],
  ["sinh", -20, 20, [0, 1]],
  ["cosh", -20, 20, [0, 1]],
  ["tanh", -30, 30, [0, 0.625]],
  ["sigmoid", -100, 100, [0]],
  ["erf", -6, 6, [0, 0.921875, 4]],
];

describe("elementary functions on the GPU", () => {
  it.each(FUNCTIONS)("%s is within 2e-6 · max(1, |f(x)|) on [%d, %d]", async (op, low, high, near) => {
    const xs = samples(low, high, near);
    const [values = []] = await evaluateOnGpu(
      gpu().device,
      [{ body: unary(op, variable("score")) }],
      xs.map((score) => ({ b: 0, h: 0, q_idx: 0, kv_idx: 0, score })),
    );
    let worst = { x: 0, error: 0, got: 0, want: 0 };
    xs.forEach((x, i) => {
      const want = evalUnary(op, x, "f64");
      const got = values[i] ?? Number.NaN;
      const error = Math.abs(got - want) / Math.max(1, Math.abs(want));
      if (!(error <= worst.error)) worst = { x, error, got, want };
    });
    if (process.env["SHOW"]) console.log(op, low, high, worst);
    expect(worst.error, JSON.stringify(worst)).toBeLessThanOrEqual(2e-6);
  });
});
