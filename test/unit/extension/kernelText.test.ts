/** A kernel's text as the host writes it, at once: the same as the one that a panel runs. */
import { describe, expect, it } from "vitest";
import { kernelText } from "../../../extension/kernelText.ts";
import { DEFAULT_LIMITS, type DeviceLimits } from "../../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { candidatesFor, chooseForward, ENGINES, planEngine } from "../../../kernels/flash/select.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { GALLERY } from "../../../kernels/gallery/gallery.ts";
import type { ProblemHints } from "../../../kernels/ir/mod.ts";

const variants = GALLERY.flatMap(({ file, text, main }) => lowerModule([{ file, text }], {}).variants.filter((v) => v.name === main));
const limits: DeviceLimits = {
  ...DEFAULT_LIMITS,
  subgroups: true,
  f16: true,
  subgroupMatrices: {
    lanes: 32,
    shapes: [
      { m: 8, n: 8, k: 8 },
      { m: 16, n: 16, k: 16 },
    ],
  },
};
const SIZES: readonly ProblemHints[] = [
  { batch: 2, qHeads: 4, kvHeads: 2, qLen: 1000, kvLen: 3000, qkHeadDim: 64, storage: "f16" },
  { batch: 1, qHeads: 2, kvHeads: 2, qLen: 3, kvLen: 2000, qkHeadDim: 40, vHeadDim: 24 },
  { batch: 3, qHeads: 2, kvHeads: 1, qLen: 40, kvLen: 60, qkHeadDim: 128, blockSize: [16, 64] },
];

describe("a kernel's text", () => {
  it.each(variants.map((variant) => [variant.name, variant] as const))("of %s is what runs, for every engine and size", (_, variant) => {
    let texts = 0;
    for (const size of SIZES) {
      const problem: Problem = fillProblem({ ...variant.problem, ...size });
      for (const engine of ENGINES) {
        const planned = planEngine(engine, variant, problem, limits);
        const written = kernelText(variant, problem, {}, { engine, options: {}, pass: "forward", limits });
        const runs = planned.kind === "plan" ? planned.plan.kernels : [];
        const wanted = runs.filter((k) => k.pass === "forward");
        expect(
          written.kernels.map((k) => k.wgsl),
          `${engine} at ${JSON.stringify(size)}`,
        ).toEqual((wanted.length > 0 ? wanted : runs).map((k) => k.wgsl));
        texts += runs.length;
      }
    }
    expect(texts).toBeGreaterThan(ENGINES.length);
  });

  it("has the tile that is asked for", () => {
    const [variant] = variants;
    if (variant === undefined) throw new Error("no variant");
    const problem = fillProblem({ qLen: 500, kvLen: 500 });
    for (const { engine, options, plan } of candidatesFor(variant, problem, limits)) {
      const { kernels } = kernelText(variant, problem, {}, { engine, options, pass: "forward", limits });
      expect(kernels.map((k) => k.wgsl)).toEqual(
        plan.kernels.filter((k, _, all) => k.pass === "forward" || all.length > 2).map((k) => k.wgsl),
      );
    }
  });

  it("is one pass where that is asked for", () => {
    const [variant] = variants;
    if (variant === undefined) throw new Error("no variant");
    const kernel = { engine: "materialized", options: {}, pass: "softmax", limits } as const;
    expect(kernelText(variant, fillProblem({}), {}, kernel).kernels.map((k) => k.pass)).toEqual(["softmax"]);
  });

  it("without a device is of the first engine that may run, or says why there is none", () => {
    const [variant] = variants;
    if (variant === undefined) throw new Error("no variant");
    const problem = fillProblem({ qLen: 512, kvLen: 512 });
    const usual = { ...DEFAULT_LIMITS, subgroups: true };
    const { plan } = chooseForward(variant, problem, usual);
    const text = kernelText(variant, problem, {}, null);
    expect([text.engine, text.kernels.map((k) => k.wgsl)]).toEqual([plan?.engine, plan?.kernels.map((k) => k.wgsl)]);
    expect(kernelText(variant, problem, { engines: ["row"] }, null).engine).toBe("row");
    expect(kernelText(variant, fillProblem({ qkHeadDim: 512 }), {}, null)).toMatchObject({
      engine: null,
      refusals: expect.arrayContaining([{ engine: "row", reason: expect.stringContaining("head dim") }]),
    });
  });

  it("takes no longer for a mask that is long in the building", () => {
    const text = "def noise(b, h, q_idx, kv_idx):\n    return (q_idx * 7919 ^ kv_idx * 104729) % 97 < 40\n";
    const [variant] = lowerModule([{ file: "m.py", text }], {}).variants;
    if (variant === undefined) throw new Error("no variant");
    const began = performance.now();
    expect(kernelText(variant, fillProblem({ qLen: 2 ** 20, kvLen: 2 ** 20 }), {}, null).engine).not.toBeNull();
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
