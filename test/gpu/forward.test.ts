/**
 * Every engine against the float64 reference, over shapes that no tile divides: short and long, odd head dims, grouped
 * heads, dead rows, masks with and without full blocks, captures of both kinds.
 */
import { describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { LONGEST_QUERY } from "../../kernels/flash/forward/decode.ts";
import { SMALL_LENGTH } from "../../kernels/flash/forward/small.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import type { Engine } from "../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { ENGINES, planEngine } from "../../kernels/flash/select.ts";
import { binary, cast, constant, load, unary, variable, where } from "../../kernels/ir/expr.ts";
import type { Capture, ProblemHints, Variant } from "../../kernels/ir/mod.ts";
import { type DeviceHandle, handleOf } from "../../kernels/runtime/device.ts";
import { runForward } from "../../kernels/runtime/forward.ts";
import { useGpu } from "../support/gpu.ts";
import { causal, noMods, variantOf } from "../support/variants.ts";

const q = variable("q_idx");
const kv = variable("kv_idx");
const h = variable("h");
const b = variable("b");
const score = variable("score");
const int = (n: number) => constant(n, "i64");

const documents: Capture = {
  name: "document_id",
  dtype: "i32",
  shape: [400],
  data: Int32Array.from({ length: 400 }, (_, i) => Math.floor(i / 23)),
};
const slopes: Capture = { name: "slopes", dtype: "f32", shape: [8], data: Float32Array.from({ length: 8 }, (_, i) => 2 ** -(i + 1)) };

const variants: Readonly<Record<string, Variant>> = {
  "no mods": noMods,
  causal,
  "a sliding window": variantOf("window", { mask: binary("and", binary("ge", q, kv), binary("lt", binary("sub", q, kv), int(20))) }),
  "dead rows": variantOf("dead", { mask: binary("and", binary("ge", q, int(5)), binary("le", kv, q)) }),
  "nothing allowed": variantOf("nothing", { mask: binary("lt", q, int(0)) }),
  "a mask of the batch and head": variantOf("heads", {
    mask: binary("ge", binary("add", q, binary("mul", int(3), binary("add", h, b))), kv),
  }),
  "documents and ALiBi": variantOf("packed", {
    score: binary("add", score, binary("mul", load(slopes, [h]), cast(binary("sub", kv, q), "f32"))),
    mask: binary("eq", load(documents, [q]), load(documents, [kv])),
    captures: [slopes, documents],
  }),
  "a soft cap": variantOf("softcap", { score: binary("mul", constant(2, "f32"), unary("tanh", binary("div", score, constant(2, "f32")))) }),
  "a score of minus infinity": variantOf("minus infinity", {
    score: where(binary("le", kv, q), score, constant(Number.NEGATIVE_INFINITY, "f32")),
  }),
};

/** What engines differ in: no mod, one of each kind, both, indices of all kinds, rows without keys. The row kernel, the baseline of correctness, takes all. */
const TELLING: ReadonlySet<string> = new Set(["no mods", "causal", "dead rows", "a mask of the batch and head", "documents and ALiBi"]);

// One head dim: the text depends on it, and compiling is what takes time here.
const shapes: readonly ProblemHints[] = [
  { qLen: 1, kvLen: 1, qkHeadDim: 8 },
  { qLen: 7, kvLen: 7, qkHeadDim: 8 },
  { qLen: 37, kvLen: 61, qkHeadDim: 8, qHeads: 4, kvHeads: 2 },
  { qLen: 200, kvLen: 131, qkHeadDim: 8, batch: 2, blockSize: [64, 32] },
];

/** Loops over head dims are unrolled: long ones take seconds to compile, and go to engines whose text is another for them; the end-to-end test measures quad and the baseline at 64. */
const headDims: readonly { readonly qkHeadDim: number; readonly vHeadDim: number; readonly engines?: readonly Engine[] }[] = [
  { qkHeadDim: 6, vHeadDim: 10 },
  { qkHeadDim: 32, vHeadDim: 12 },
  { qkHeadDim: 20, vHeadDim: 20 },
  { qkHeadDim: 64, vHeadDim: 64, engines: ["tile", "materialized"] },
  { qkHeadDim: 80, vHeadDim: 80, engines: ["quad", "tile"] },
  { qkHeadDim: 4, vHeadDim: 72, engines: ["quad", "tile"] },
];

async function expectReference(gpu: DeviceHandle, variant: Variant, problem: Problem, engine: Engine): Promise<void> {
  const inputs = seededInputs(problem);
  const actual = await runForward(gpu, variant, problem, inputs, engine);
  const check = checkForward(actual, referenceForward(variant, problem, inputs), problem);
  expect(check).toMatchObject({ passed: true, firstBad: null, allRows: true });
}

/** The problem, cut to what the engine takes. */
const problemFor = (engine: Engine, hints: ProblemHints, heads: number): Problem => {
  const problem = fillProblem(hints, heads);
  if (engine === "small") return { ...problem, qLen: Math.min(problem.qLen, SMALL_LENGTH), kvLen: Math.min(problem.kvLen, SMALL_LENGTH) };
  return engine === "decode" ? { ...problem, qLen: Math.min(problem.qLen, LONGEST_QUERY) } : problem;
};

// The matrix kernel wants features that are experimental: test/lavapipe has it.
describe.each(ENGINES.filter((engine) => engine !== "matrix"))("the %s engine agrees with the reference", (engine) => {
  const gpu = useGpu();
  let shared: DeviceHandle | null = null;
  /** One for all tests of an engine: what one has compiled is there for the next. */
  const handleHere = (): DeviceHandle => {
    shared ??= handleOf(gpu().device);
    return shared;
  };

  it.each(Object.entries(variants).filter(([name]) => TELLING.has(name) || engine === "row"))(
    "on %s, whatever the lengths",
    async (_, variant) => {
      const handle = handleHere();
      // decode.test.ts has lengths of its own for decoding.
      for (const shape of engine === "decode" ? shapes.slice(0, 1) : shapes)
        await expectReference(handle, variant, problemFor(engine, shape, 2), engine);
    },
    120_000,
  );

  it.each(headDims.filter(({ engines }) => engines === undefined || engines.includes(engine)))(
    "with head dims $qkHeadDim and $vHeadDim",
    async ({ engines: _, ...dims }) => {
      await expectReference(handleHere(), causal, problemFor(engine, { ...dims, qLen: 70, kvLen: 70 }, 2), engine);
    },
    120_000,
  );

  it("with block sizes that no tile divides, and blocks larger than the matrix", async () => {
    const handle = handleHere();
    for (const blockSize of [
      [1, 1],
      [48, 3],
      [130, 50],
      [512, 512],
    ] as const) {
      await expectReference(handle, causal, problemFor(engine, { qLen: 150, qkHeadDim: 8, blockSize }, 2), engine);
    }
  });

  it("with a bias of hundreds, whose product with log2(e) would be rounded to 1e-5", async () => {
    const bias = binary("mul", constant(0.5, "f32"), cast(binary("sub", kv, q), "f32"));
    const variant = variantOf("bias", { score: binary("add", score, bias) });
    await expectReference(handleHere(), variant, problemFor(engine, { qLen: 700, qkHeadDim: 8 }, 1), engine);
  });

  it("with long sums of few different weights, whose rounding has a direction", async () => {
    const variant = variantOf("steps", { score: cast(binary("ge", q, kv), "f32") });
    await expectReference(handleHere(), variant, problemFor(engine, { qLen: 64, kvLen: 4000, qkHeadDim: 8 }, 1), engine);
  });

  it("cut into several dispatches", async () => {
    const problem = problemFor(engine, { qLen: 200, qkHeadDim: 8, batch: 2 }, 3);
    const handle = handleHere();
    const narrow = { ...handle, limits: { ...handle.limits, maxComputeWorkgroupsPerDimension: 2 } };
    const planned = planEngine(engine, causal, problem, narrow.limits);
    expect(planned.kind === "plan" && planned.plan.kernels.every((k) => k.slices.length > 1)).toBe(true);
    await expectReference(narrow, causal, problem, engine);
  });

  it("keeps a nan in one head's values out of the other heads", async () => {
    const problem = problemFor(engine, { qLen: 30, qkHeadDim: 8 }, 2);
    const inputs = seededInputs(problem);
    inputs.v.fill(Number.NaN, 30 * 8);
    inputs.k.fill(Number.NaN, 30 * 8);
    const { out } = await runForward(handleHere(), noMods, problem, inputs, engine);
    expect(out.subarray(0, 30 * 8).every(Number.isFinite)).toBe(true);
    expect(out.subarray(30 * 8).every(Number.isNaN)).toBe(true);
  });

  it("gives a fully masked row zeros and an lse of minus infinity", async () => {
    const problem = problemFor(engine, { qLen: 6, qkHeadDim: 8 }, 1);
    const { out, lse } = await runForward(handleHere(), variants["dead rows"] ?? noMods, problem, seededInputs(problem), engine);
    expect(out.subarray(0, 5 * 8).every((x) => x === 0)).toBe(true);
    expect([...lse].map(Number.isFinite)).toEqual([false, false, false, false, false, true]);
    expect(lse[0]).toBe(Number.NEGATIVE_INFINITY);
  });

  it("reuses its pipelines for another length, window and table", async () => {
    const handle = handleHere();
    const window = (n: number): Variant => variantOf("window", { mask: binary("lt", binary("sub", q, kv), int(n)) });
    await runForward(
      handle,
      window(4),
      problemFor(engine, { qLen: 64, qkHeadDim: 8 }, 1),
      seededInputs(problemFor(engine, { qLen: 64, qkHeadDim: 8 }, 1)),
      engine,
    );
    const before = handle.pipelines.compiles;
    expect(before).toBeGreaterThan(0);
    await expectReference(handle, window(40), problemFor(engine, { qLen: 100, kvLen: 90, qkHeadDim: 8, batch: 2 }, 4), engine);
    expect(handle.pipelines.compiles).toBe(before);
  });
});
