/**
 * The decode kernel against the float64 reference: one to 64 queries, odd lengths of the keys, every grouping of heads,
 * with quads and without, in one split and in many.
 */
import { describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { planDecode } from "../../kernels/flash/forward/decode.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { binary, cast, constant, type Expr, load, unary, variable } from "../../kernels/ir/expr.ts";
import type { Capture, Variant } from "../../kernels/ir/mod.ts";
import { type DeviceHandle, handleOf } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { useGpu } from "../support/gpu.ts";
import { causal, noMods, variantOf } from "../support/variants.ts";

const q = variable("q_idx");
const kv = variable("kv_idx");
const h = variable("h");
const b = variable("b");
const score = variable("score");
const int = (n: number): Expr => constant(n, "i64");

/** Where each batch's cache ends, and what each head's slope is. */
const lengths: Capture = { name: "lengths", dtype: "i32", shape: [2], data: Int32Array.of(700, 95) };
const slopes: Capture = { name: "slopes", dtype: "f32", shape: [8], data: Float32Array.from({ length: 8 }, (_, i) => 2 ** -(i + 1)) };
const position = binary("add", q, cast(load(lengths, [b]), "i64"));

const VARIANTS: readonly Variant[] = [
  noMods,
  causal,
  variantOf("a cached decode", { mask: binary("le", kv, position), captures: [lengths] }),
  variantOf("a window of a cached decode", {
    mask: binary("and", binary("le", kv, position), binary("lt", binary("sub", position, kv), int(100))),
    captures: [lengths],
  }),
  variantOf("heads that see different keys", {
    mask: binary("lt", kv, binary("mul", binary("add", h, int(1)), int(120))),
  }),
  variantOf("ALiBi", {
    score: binary("add", score, binary("mul", load(slopes, [h]), cast(binary("sub", kv, position), "f32"))),
    mask: binary("le", kv, position),
    captures: [slopes, lengths],
  }),
  variantOf("a soft cap", { score: binary("mul", constant(2, "f32"), unary("tanh", binary("div", score, constant(2, "f32")))) }),
  variantOf("odd heads dead", { mask: binary("eq", binary("floormod", h, int(2)), int(0)) }),
];

const PROBLEMS: readonly Problem[] = [
  fillProblem({ qLen: 1, kvLen: 1, qHeads: 8, kvHeads: 8, batch: 2, qkHeadDim: 8 }),
  fillProblem({ qLen: 1, kvLen: 1777, qHeads: 8, kvHeads: 1, batch: 2, qkHeadDim: 8 }),
  fillProblem({ qLen: 3, kvLen: 811, qHeads: 8, kvHeads: 2, batch: 2, qkHeadDim: 8, blockSize: [64, 48] }),
  fillProblem({ qLen: 17, kvLen: 129, qHeads: 8, kvHeads: 4, batch: 2, qkHeadDim: 8 }),
  fillProblem({ qLen: 64, kvLen: 333, qHeads: 8, kvHeads: 8, batch: 2, qkHeadDim: 8, blockSize: [16, 16] }),
];

/** `over` lays other limits over the device's: a plan for fewer features, or for a GPU's larger workgroups and smaller tiles. */
async function expectReference(
  gpu: DeviceHandle,
  variant: Variant,
  problem: Problem,
  over: Partial<DeviceHandle["limits"]>,
): Promise<void> {
  const planned = planDecode(variant, problem, { ...gpu.limits, ...over });
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  const inputs = seededInputs(problem);
  const actual = await runPlan(gpu, planned.plan, inputs);
  const check = checkForward(actual, referenceForward(variant, problem, inputs), problem);
  expect(check, `${planned.plan.tile}, ${JSON.stringify(problem)}`).toMatchObject({ passed: true, firstBad: null, allRows: true });
}

describe("the decode kernel agrees with the reference", () => {
  const gpu = useGpu();
  let shared: DeviceHandle | null = null;
  /** One for all tests: what one has compiled is there for the next, and compiling is what takes the time. */
  const handleHere = (): DeviceHandle => {
    shared ??= handleOf(gpu().device);
    return shared;
  };
  const kinds = [
    { kind: "with quads", over: { subgroups: true } },
    { kind: "without subgroups", over: { subgroups: false } },
    { kind: "with quads, cut as for a GPU", over: { subgroups: true, software: false } },
    { kind: "without subgroups, cut as for a GPU", over: { subgroups: false, software: false } },
  ];
  // Two kinds a variant, in turns.
  const cases = VARIANTS.flatMap((variant, i) =>
    kinds.filter((_, k) => (k === 0 || k === 3) === (i % 2 === 0)).map((k) => ({ ...k, variant, name: variant.name })),
  );

  it.each(cases)(
    "on $name, $kind",
    async ({ variant, over }) => {
      for (const problem of PROBLEMS) await expectReference(handleHere(), variant, problem, over);
    },
    120_000,
  );

  it.each(kinds)(
    "with head dims that differ and are no power of two, $kind",
    async ({ over }) => {
      for (const [qkHeadDim, vHeadDim] of [
        [72, 20],
        [6, 34],
      ] as const) {
        const problem = fillProblem({ qLen: 2, kvLen: 300, qHeads: 6, kvHeads: 2, qkHeadDim, vHeadDim });
        await expectReference(handleHere(), causal, problem, over);
      }
    },
    120_000,
  );

  it("with the largest head dim", async () => {
    const problem = fillProblem({ qLen: 1, kvLen: 300, qHeads: 4, kvHeads: 1, qkHeadDim: 256 });
    await expectReference(handleHere(), causal, problem, {});
  }, 120_000);

  it("with a row that only one of many splits can see, whose others hold rubbish", async () => {
    const last = variantOf("the last key", { mask: binary("eq", kv, int(4000)) });
    const odd = variantOf("a masked start", { score: binary("add", score, constant(300, "f32")), mask: binary("ge", kv, int(3990)) });
    const problem = fillProblem({ qLen: 2, kvLen: 4001, qHeads: 2, kvHeads: 1, qkHeadDim: 8, blockSize: [128, 4096] });
    for (const variant of [last, odd]) await expectReference(handleHere(), variant, problem, {});
  });

  it("gives a row that is masked whole zeros and an lse of minus infinity", async () => {
    const problem = fillProblem({ qLen: 1, kvLen: 3000, qHeads: 4, kvHeads: 1, qkHeadDim: 8 });
    const dead = variantOf("head 1 dead", { mask: binary("ne", h, int(1)) });
    const planned = planDecode(dead, problem, handleOf(gpu().device).limits);
    if (planned.kind === "refused") throw new Error(planned.refusal.reason);
    const { out, lse } = await runPlan(handleHere(), planned.plan, seededInputs(problem));
    expect([...lse].map(Number.isFinite)).toEqual([true, false, true, true]);
    expect(lse[1]).toBe(Number.NEGATIVE_INFINITY);
    expect([...out.subarray(8, 16)]).toEqual(Array(8).fill(0));
  });
});
