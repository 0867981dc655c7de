/**
 * What lies around the numbers: both layouts through the pipelines of one, tensors that the device cannot bind whole,
 * the rows' largest scores, and rows masked whole. One mod and one head dim for every engine, since compiling is what
 * takes time.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { type Inputs, seededInputs } from "../../kernels/flash/inputs.ts";
import type { Engine, Plan } from "../../kernels/flash/plan.ts";
import { fillProblem, type Problem, stridesOf } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { BASELINE, ENGINES, planEngine } from "../../kernels/flash/select.ts";
import { binary, cast, constant, load, variable, where } from "../../kernels/ir/expr.ts";
import type { Capture, Variant } from "../../kernels/ir/mod.ts";
import { type DeviceHandle, handleOf } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { useGpu } from "../support/gpu.ts";
import { variantOf } from "../support/variants.ts";

const gpu = useGpu();
let handle: DeviceHandle | null = null;
beforeAll(() => {
  handle = handleOf(gpu().device);
});
afterAll(() => {
  handle = null;
});

const [q, kv, b, h, score] = [variable("q_idx"), variable("kv_idx"), variable("b"), variable("h"), variable("score")];
const int = (n: number) => constant(n, "i64");

/** Each batch's offset into its cache: row q stands at offset + q. Head 1 sees nothing in its first rows. */
const offsets: Capture = { name: "offsets", dtype: "i32", shape: [3], data: Int32Array.of(0, 9, 2) };
const position = binary("add", q, cast(load(offsets, [b]), "i64"));
const variant: Variant = variantOf("cached", {
  // Batch 2 is masked by score_mod in its first rows, with a number in place of minus infinity.
  score: where(
    binary("and", binary("eq", b, int(2)), binary("lt", q, int(2))),
    constant(-(2 - 2 ** -23) * 2 ** 127, "f32"),
    binary("add", score, binary("mul", constant(0.25, "f32"), cast(h, "f32"))),
  ),
  mask: binary("and", binary("le", kv, position), binary("or", binary("ne", h, int(1)), binary("gt", q, int(3)))),
  captures: [offsets],
});

/** Small for all but decoding, which is about keys. */
const problemOf = (engine: Engine): Problem =>
  fillProblem({
    batch: 3,
    qHeads: 4,
    kvHeads: 2,
    qkHeadDim: 8,
    vHeadDim: 12,
    blockSize: [16, 16],
    ...(engine === "decode" ? { qLen: 5, kvLen: 400 } : { qLen: 29, kvLen: 45 }),
  });

function planOf(engine: Engine, problem: Problem, limits: Partial<DeviceHandle["limits"]> = {}): Plan {
  if (handle === null) throw new Error("the device is open within tests only");
  const planned = planEngine(engine, variant, problem, { ...handle.limits, ...limits });
  if (planned.kind === "refused") throw new Error(`${engine}: ${planned.refusal.reason}`);
  return planned.plan;
}

async function outputOf(plan: Plan, inputs: Inputs): Promise<Awaited<ReturnType<typeof runPlan>>> {
  if (handle === null) throw new Error("the device is open within tests only");
  return runPlan(handle, plan, inputs);
}

/** Tensors of a BHSD problem with heads behind the sequence. */
function heedless(x: Float32Array, heads: number, length: number, headDim: number): Float32Array {
  const from = stridesOf("BHSD", heads, length, headDim);
  const to = stridesOf("BSHD", heads, length, headDim);
  const moved = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const [batch, inBatch] = [Math.floor(i / from.batch), i % from.batch];
    const [head, inHead] = [Math.floor(inBatch / from.head), inBatch % from.head];
    moved[batch * to.batch + head * to.head + Math.floor(inHead / from.row) * to.row + (inHead % from.row)] = x[i] ?? 0;
  }
  return moved;
}

describe.each(ENGINES.filter((engine) => engine !== "matrix"))("the %s engine", (engine) => {
  it("gives out, lse and the largest scores as the reference has them, zeros and infinities included", async () => {
    const problem = problemOf(engine);
    const inputs = seededInputs(problem);
    const actual = await outputOf(planOf(engine, problem), inputs);
    const reference = referenceForward(variant, problem, inputs);
    expect(checkForward(actual, reference, problem)).toMatchObject({ passed: true, firstBad: null, allRows: true });
    // Head 1 of batch 0, rows 0 to 3: nothing allowed.
    const row = problem.qLen;
    expect([...actual.lse.subarray(row, row + 5)].map(Number.isFinite)).toEqual([false, false, false, false, true]);
    expect([...actual.maxScores.subarray(row, row + 4)]).toEqual(new Array(4).fill(Number.NEGATIVE_INFINITY));
    expect([...actual.out.subarray(12 * row, 12 * (row + 4))].every((x) => Object.is(x, 0))).toBe(true);
    // Batch 2, head 0, row 0: all it sees is torch.finfo(torch.float32).min, so it gets the mean of the three keys' values.
    const first = 2 * 4 * problem.qLen;
    const v = 2 * 2 * problem.kvLen * 12;
    const sum = (inputs.v[v] ?? 0) + (inputs.v[v + 12] ?? 0) + (inputs.v[v + 24] ?? 0);
    expect(actual.out[12 * first]).toBeCloseTo(sum / 3, 5);
    expect(actual.lse[first]).toBe(Number.NEGATIVE_INFINITY);
  });

  it("reads and writes either layout with the same pipelines and the same numbers", async () => {
    const problem = problemOf(engine);
    const inputs = seededInputs(problem);
    const { qHeads, kvHeads, qLen, kvLen, qkHeadDim, vHeadDim } = problem;
    const want = await outputOf(planOf(engine, problem), inputs);
    const compiles = handle?.pipelines.compiles;
    const turned: Problem = { ...problem, layout: "BSHD" };
    const got = await outputOf(planOf(engine, turned), {
      q: heedless(inputs.q, qHeads, qLen, qkHeadDim),
      k: heedless(inputs.k, kvHeads, kvLen, qkHeadDim),
      v: heedless(inputs.v, kvHeads, kvLen, vHeadDim),
    });
    expect(handle?.pipelines.compiles).toBe(compiles);
    expect([...got.out]).toEqual([...heedless(want.out, qHeads, qLen, vHeadDim)]);
    expect([[...got.lse], [...got.maxScores]]).toEqual([[...want.lse], [...want.maxScores]]);
  });
});

// The baseline binds its tensors whole: its score matrix is larger than they are.
describe.each(ENGINES.filter((engine) => engine !== "matrix" && engine !== BASELINE))("the %s engine", (engine) => {
  it.each([
    // A head of k is 45 rows of 32 bytes: 1,440, no multiple of 256.
    { layout: "BHSD", most: engine === "decode" ? 30_000 : 4700 },
    { layout: "BSHD", most: engine === "decode" ? 40_000 : 6000 },
  ] as const)("binds $layout tensors in parts where the device takes no more than $most bytes at once", async ({ layout, most }) => {
    const problem: Problem = { ...problemOf(engine), layout };
    const inputs = seededInputs(problem);
    const [whole, cut] = [planOf(engine, problem), planOf(engine, problem, { maxStorageBufferBindingSize: most })];
    const dispatches = (plan: Plan): number => plan.kernels.reduce((sum, k) => sum + k.slices.length, 0);
    expect(dispatches(cut)).toBeGreaterThan(2 * dispatches(whole));
    const [want, got] = [await outputOf(whole, inputs), await outputOf(cut, inputs)];
    expect([...got.out]).toEqual([...want.out]);
    expect([...got.lse]).toEqual([...want.lse]);
  });
});
