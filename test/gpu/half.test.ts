/**
 * float16 tensors: every engine against the float64 reference over the rounded numbers, with head dims that no vector
 * divides, grouped heads, heads after tokens, and rows without keys. The matrix kernel is run on a second driver (`npm run test:lavapipe`) where this one has no matrices, and a
 * line says so.
 */
import { describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import type { Engine } from "../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { ENGINES, planEngine } from "../../kernels/flash/select.ts";
import { binary, cast, constant, variable } from "../../kernels/ir/expr.ts";
import { handleOf } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { useGpu } from "../support/gpu.ts";
import { variantOf } from "../support/variants.ts";

const q = variable("q_idx");
const kv = variable("kv_idx");
const late = variantOf("late", {
  score: binary("add", variable("score"), binary("mul", constant(0.125, "f32"), cast(binary("sub", kv, q), "f32"))),
  mask: binary("and", binary("ge", q, constant(5, "i64")), binary("le", kv, q)),
});

const dims = { qHeads: 4, kvHeads: 2, batch: 2, storage: "f16" } as const;
/** Lengths that the family takes; head dims that matrices divide where it has them. */
function problemFor(engine: Engine): Problem {
  const [qLen, kvLen] = engine === "small" ? [37, 51] : engine === "decode" ? [19, 131] : [70, 131];
  const heads = engine === "matrix" ? { qkHeadDim: 32, vHeadDim: 16 } : { qkHeadDim: 14, vHeadDim: 6 };
  return { ...fillProblem({ ...dims, ...heads, qLen, kvLen }), layout: "BSHD" };
}

describe("float16 tensors", () => {
  const gpu = useGpu();

  it.each(ENGINES)("the %s kernel gives what the reference says of the rounded numbers, or says why it cannot", async (engine) => {
    const handle = handleOf(gpu().device);
    const problem = problemFor(engine);
    const inputs = seededInputs(problem);
    const planned = planEngine(engine, late, problem, handle.limits);
    if (planned.kind === "refused") {
      const { reason } = planned.refusal;
      expect(reason).toMatch(engine === "matrix" ? /matri/ : /`subgroups`/);
      process.stdout.write(`The ${engine} kernel was not run here, but by \`npm run test:lavapipe\`: ${reason}\n`);
      return;
    }
    const check = checkForward(await runPlan(handle, planned.plan, inputs), referenceForward(late, problem, inputs), problem, engine);
    expect(check, JSON.stringify(check)).toMatchObject({ passed: true, allRows: true });
  });

  it("keep what is no number, the largest half and the smallest that is normal", async () => {
    const problem = fillProblem({ qLen: 4, kvLen: 1, qkHeadDim: 4, storage: "f16" }, 1);
    const handle = handleOf(gpu().device);
    const planned = planEngine("row", variantOf("plain", {}), problem, handle.limits);
    if (planned.kind === "refused") throw new Error(planned.refusal.reason);
    const v = Float32Array.of(65504, -65504, -(2 ** -14), Number.NaN);
    const { out } = await runPlan(handle, planned.plan, { ...seededInputs(problem), v });
    for (let row = 0; row < 4; row++) expect([...out.subarray(4 * row, 4 * row + 4)]).toEqual([...v]);
  });
});
