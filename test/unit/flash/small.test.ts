import { describe, expect, it } from "vitest";
import { planSmall } from "../../../kernels/flash/forward/small.ts";
import { DEFAULT_LIMITS, type DeviceLimits, type Plan } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { chooseForward, planEngine } from "../../../kernels/flash/select.ts";
import type { ProblemHints } from "../../../kernels/ir/mod.ts";
import { causal, noMods } from "../../support/variants.ts";

const GPU: DeviceLimits = { ...DEFAULT_LIMITS, subgroups: true };
const SOFTWARE: DeviceLimits = { ...GPU, software: true };

function planOf(hints: ProblemHints, limits: DeviceLimits): Plan {
  const planned = planSmall(causal, fillProblem(hints, 4), limits);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan;
}

describe("the small kernel", () => {
  it.each([
    { qLen: 1, kvLen: 1 },
    { qLen: 64, kvLen: 64 },
    { qLen: 3, kvLen: 64 },
  ])("is the first choice for $qLen queries and $kvLen keys, whatever the device", (hints) => {
    for (const limits of [GPU, SOFTWARE, DEFAULT_LIMITS]) {
      expect(chooseForward(causal, fillProblem(hints, 2), limits).plan?.engine).toBe("small");
    }
  });

  it.each([
    { hints: { qLen: 65, kvLen: 10 }, words: "Q_LEN is 65, it takes up to 64" },
    { hints: { qLen: 2, kvLen: 100 }, words: "KV_LEN is 100, it takes up to 64" },
  ])("says which length is too long: $words", ({ hints, words }) => {
    const planned = planSmall(causal, fillProblem(hints, 2), GPU);
    expect(planned.kind === "refused" && planned.refusal.reason).toContain(words);
    expect(chooseForward(causal, fillProblem(hints, 2), GPU).plan?.engine).not.toBe("small");
  });

  it("takes no tile: it follows from the lengths", () => {
    const planned = planEngine("small", causal, fillProblem({ qLen: 8 }, 2), GPU, undefined, { ROWS: 4 });
    expect(planned.kind === "refused" && planned.refusal.reason).toBe(
      "the small kernel's tile follows from the lengths; it does not take ROWS=4",
    );
  });

  it("has neither block lists nor a second loop", () => {
    for (const variant of [causal, noMods]) {
      const planned = planSmall(variant, fillProblem({ qLen: 40 }, 4), GPU);
      if (planned.kind === "refused") throw new Error(planned.refusal.reason);
      expect(planned.plan.buffers.map((b) => b.name)).not.toContain("runs");
      const text = planned.plan.kernels[0]?.wgsl ?? "";
      expect(text).not.toMatch(/runs|MASK_|SPARSE_/);
      expect(text.match(/for \(var key/g)).toHaveLength(1);
    }
  });

  it("has one workgroup a head, and as few rows a quad or thread as the device asks for", () => {
    expect(planOf({ qLen: 64 }, GPU)).toMatchObject({ tile: "64 rows × 4 keys, 4 rows a quad, every key visited" });
    expect(planOf({ qLen: 64 }, GPU).kernels[0]?.workgroups).toEqual([1, 4, 1]);
    expect(planOf({ qLen: 64 }, DEFAULT_LIMITS).kernels[0]?.workgroups).toEqual([1, 4, 1]);
    const rows = (qLen: number): string | undefined => / (\d+) rows? a quad/.exec(planOf({ qLen }, SOFTWARE).tile)?.[1];
    expect([1, 16, 17, 32, 33, 64].map(rows)).toEqual(["4", "4", "8", "8", "16", "16"]);
  });

  it("cuts a head over workgroups where its dim leaves fewer rows", () => {
    expect(planOf({ qLen: 64, qkHeadDim: 256 }, SOFTWARE).kernels[0]?.workgroups).toEqual([4, 4, 1]);
  });
});
