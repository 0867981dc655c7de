/**
 * float16 tensors on the device at hand. Where it has no `shader-f16` (SwiftShader has none) every engine says so, and so
 * does this test, on a line of its own: the kernels are then held by their text (test/unit/flash), and run on a second
 * driver by `npm run test:lavapipe`.
 */
import { describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { ENGINES, planEngine } from "../../kernels/flash/select.ts";
import { handleOf } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { useGpu } from "../support/gpu.ts";
import { causal } from "../support/variants.ts";

describe("float16 tensors", () => {
  const gpu = useGpu();
  // Lengths that every family takes, and head dims that every matrix divides.
  const problem = fillProblem({ qLen: 32, kvLen: 48, qHeads: 4, kvHeads: 2, qkHeadDim: 32, storage: "f16" });

  it("give what the reference says of the rounded numbers, in every kernel that the device can run; the others say why not", async () => {
    const handle = handleOf(gpu().device);
    const inputs = seededInputs(problem);
    const reference = referenceForward(causal, problem, inputs);
    const untested: string[] = [];
    for (const engine of ENGINES) {
      const planned = planEngine(engine, causal, problem, handle.limits);
      if (planned.kind === "refused") {
        const { reason } = planned.refusal;
        expect(reason).toMatch(
          engine === "matrix" ? /`chromium-experimental-subgroup-matrix`|float16 matrices|multiples/ : /`shader-f16`|`subgroups`/,
        );
        untested.push(`${engine}: ${reason}`);
        continue;
      }
      expect(handle.limits.f16).toBe(true);
      const check = checkForward(await runPlan(handle, planned.plan, inputs), reference, problem, engine);
      expect(check, `${engine}: ${JSON.stringify(check)}`).toMatchObject({ passed: true, allRows: true });
    }
    if (untested.length > 0) process.stdout.write(`Not run on float16 here; \`npm run test:lavapipe\` does:\n  ${untested.join("\n  ")}\n`);
  }, 120_000);
});
