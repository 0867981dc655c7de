import { describe, expect, it } from "vitest";
import { planRow } from "../../../kernels/flash/forward/row.ts";
import { planMaterialized } from "../../../kernels/flash/materialized.ts";
import { memoryOf } from "../../../kernels/flash/memory.ts";
import { DEFAULT_LIMITS, type Planned } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { noMods } from "../../support/variants.ts";

const problem = fillProblem({ qLen: 64, kvLen: 128, qkHeadDim: 16, vHeadDim: 8, kvHeads: 1 }, 2);
/** q, k, v, out, and lse with the largest scores behind it. */
const TENSORS = 4 * (2 * 64 * 16 + 128 * 16 + 128 * 8 + 2 * 64 * 8 + 2 * 2 * 64);
const SCORES = 4 * 2 * 64 * 128;

function planOf(planned: Planned): Parameters<typeof memoryOf>[0] & { readonly extra: number } {
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  const { plan } = planned;
  // Uniforms, block lists and the like.
  const extra = plan.buffers.filter((b) => b.role === "data").reduce((sum, b) => sum + b.byteLength, 0);
  return { ...plan, extra };
}

describe("the memory of a plan", () => {
  it("is each tensor once where one kernel reads and writes them", () => {
    const plan = planOf(planRow(noMods, problem, DEFAULT_LIMITS));
    expect(memoryOf(plan)).toEqual({ allocated: TENSORS + plan.extra, moved: TENSORS + plan.extra });
  });

  it("has the score matrix written, turned into weights in place and read where it is in memory", () => {
    const plan = planOf(planMaterialized(noMods, problem, DEFAULT_LIMITS));
    expect(memoryOf(plan).allocated).toBe(TENSORS + SCORES + plan.extra);
    // Its uniform is read by each of the three kernels.
    expect(memoryOf(plan).moved).toBe(TENSORS + 4 * SCORES + 3 * plan.extra);
  });
});
