/**
 * float16 tensors on a second driver: every engine over shapes that no tile divides, against the
 * float64 reference over the rounded numbers; and the matrix kernel, whose operands are float16.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { planMatrix } from "../../kernels/flash/forward/matrix.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import type { Engine, Plan } from "../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { planEngine } from "../../kernels/flash/select.ts";
import { binary, cast, constant, load, unary, variable, where } from "../../kernels/ir/expr.ts";
import type { Capture, ProblemHints, Variant } from "../../kernels/ir/mod.ts";
import type { DeviceHandle } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { openUnsafeDevice } from "../support/unsafeGpu.ts";
import { causal, noMods, variantOf } from "../support/variants.ts";

let gpu: DeviceHandle;
beforeAll(async () => {
  gpu = await openUnsafeDevice();
});
afterAll(() => gpu.destroy());

/** Milliseconds of a test: the driver compiles as it first runs. */
const SLOW = 300_000;

const q = variable("q_idx");
const kv = variable("kv_idx");
const score = variable("score");
const int = (n: number) => constant(n, "i64");

const documents: Capture = {
  name: "document_id",
  dtype: "i32",
  shape: [400],
  data: Int32Array.from({ length: 400 }, (_, i) => Math.floor(i / 23)),
};
const slopes: Capture = { name: "slopes", dtype: "f32", shape: [8], data: Float32Array.from({ length: 8 }, (_, i) => 2 ** -(i + 1)) };

const VARIANTS: readonly Variant[] = [
  noMods,
  causal,
  variantOf("window", { mask: binary("and", binary("ge", q, kv), binary("lt", binary("sub", q, kv), int(20))) }),
  variantOf("dead rows", { mask: binary("and", binary("ge", q, int(5)), binary("le", kv, q)) }),
  variantOf("nothing allowed", { mask: binary("lt", q, int(0)) }),
  variantOf("packed", {
    score: binary("add", score, binary("mul", load(slopes, [variable("h")]), cast(binary("sub", kv, q), "f32"))),
    mask: binary("eq", load(documents, [q]), load(documents, [kv])),
    captures: [slopes, documents],
  }),
  variantOf("softcap", { score: binary("mul", constant(2, "f32"), unary("tanh", binary("div", score, constant(2, "f32")))) }),
  variantOf("minus infinity", { score: where(binary("le", kv, q), score, constant(Number.NEGATIVE_INFINITY, "f32")) }),
];

const half = (hints: ProblemHints, heads = 2): Problem => fillProblem({ ...hints, storage: "f16" }, heads);

async function expectReference(plan: Plan, variant: Variant): Promise<void> {
  const { problem } = plan;
  const inputs = seededInputs(problem);
  const actual = await runPlan(gpu, plan, inputs);
  const check = checkForward(actual, referenceForward(variant, problem, inputs), problem, plan.engine);
  expect(check, `${plan.engine}, ${variant.name}: ${JSON.stringify(check)}`).toMatchObject({ passed: true, allRows: true });
}

function planOf(engine: Engine, variant: Variant, problem: Problem): Plan {
  const planned = engine === "matrix" ? planMatrix(variant, problem, gpu.limits) : planEngine(engine, variant, problem, gpu.limits);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan;
}

// Compiling takes seconds each here, so the families that have tests of their own in float32 get few of them.
const OTHERS = ["row", "quad", "tile", "small", "decode", "materialized"] as const;
const MANY = { qLen: 137, kvLen: 131, qkHeadDim: 16, qHeads: 4, kvHeads: 2, batch: 2 } as const;
const LENGTHS: Readonly<Partial<Record<Engine, ProblemHints>>> = {
  small: { ...MANY, qLen: 37, kvLen: 51 },
  decode: { ...MANY, qLen: 19 },
};

describe.each(OTHERS)("the %s kernel on float16", (engine) => {
  it.each(VARIANTS.filter(({ name }) => name === "dead rows" || name === "packed"))(
    "agrees with the reference on $name",
    async (variant) => {
      await expectReference(planOf(engine, variant, half(LENGTHS[engine] ?? MANY)), variant);
    },
    SLOW,
  );

  it(
    "pads odd head dims, and keeps heads after tokens where the layout says so",
    async () => {
      const problem = { ...half({ ...(LENGTHS[engine] ?? MANY), qkHeadDim: 6, vHeadDim: 10 }), layout: "BSHD" as const };
      await expectReference(planOf(engine, causal, problem), causal);
    },
    SLOW,
  );
});

describe("the matrix kernel", () => {
  it.each(VARIANTS)(
    "agrees with the reference on $name",
    async (variant) => {
      await expectReference(planOf("matrix", variant, half(MANY)), variant);
    },
    SLOW,
  );

  it(
    "with head dims that differ, few keys, few queries, and heads after tokens",
    async () => {
      const dims = { qkHeadDim: 8, vHeadDim: 40 };
      await expectReference(planOf("matrix", causal, half({ ...dims, qLen: 70 })), causal);
      await expectReference(planOf("matrix", causal, half({ ...dims, qLen: 8, kvLen: 21 })), causal);
      await expectReference(planOf("matrix", causal, { ...half({ ...dims, qLen: 70, qHeads: 4, kvHeads: 1 }), layout: "BSHD" }), causal);
    },
    SLOW,
  );

  it(
    "keeps small weights: a thousand of 2^-20 beside one of 1",
    async () => {
      const steep = variantOf("steep", { score: where(binary("eq", kv, int(7)), constant(0, "f32"), constant(-20 * Math.LN2, "f32")) });
      const plan = planOf("matrix", steep, half({ qLen: 8, kvLen: 4096, qkHeadDim: 16 }));
      const inputs = seededInputs(plan.problem);
      inputs.v.fill(1);
      inputs.v.fill(0, 7 * 16, 8 * 16);
      inputs.v.fill(0, (4096 + 7) * 16, (4096 + 8) * 16);
      const { out } = await runPlan(gpu, plan, inputs);
      // 4095 · 2^-20 ÷ (1 + 4095 · 2^-20)
      for (const x of out) expect(Math.abs(x / 0.0038902 - 1)).toBeLessThan(2e-3);
    },
    SLOW,
  );

  it(
    "keeps a nan in one head's tensors out of the other heads",
    async () => {
      const problem = half({ qLen: 30, qkHeadDim: 16 });
      const inputs = seededInputs(problem);
      inputs.v.fill(Number.NaN, 30 * 16);
      inputs.k.fill(Number.NaN, 30 * 16);
      const { out } = await runPlan(gpu, planOf("matrix", noMods, problem), inputs);
      expect(out.subarray(0, 30 * 16).every(Number.isFinite)).toBe(true);
      expect(out.subarray(30 * 16).every(Number.isNaN)).toBe(true);
    },
    SLOW,
  );
});
