/**
 * The tile kernel's shapes against the float64 reference: threads and micro-tiles of every kind, Q kept and not, head
 * dims in one part and in several that do not divide them. forward.test.ts runs the default shape over everything else.
 */
import { describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { planTile } from "../../kernels/flash/forward/tile.ts";
import type { TileShape } from "../../kernels/flash/forward/tileShapes.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { binary, cast, constant, load, variable } from "../../kernels/ir/expr.ts";
import type { Capture, ProblemHints, Variant } from "../../kernels/ir/mod.ts";
import { handleOf } from "../../kernels/runtime/device.ts";
import { runPlan } from "../../kernels/runtime/forward.ts";
import { useGpu } from "../support/gpu.ts";
import { causal, noMods, variantOf } from "../support/variants.ts";

const q = variable("q_idx");
const kv = variable("kv_idx");
const slopes: Capture = { name: "slopes", dtype: "f32", shape: [4], data: Float32Array.of(1, 0.5, 0.25, 0.125) };
const distance = cast(binary("sub", kv, q), "f32");

/** A window whose first rows are masked whole, with ALiBi: both holes, full blocks, partial ones and dead rows. */
const windowWithAlibi = variantOf("window", {
  score: binary("add", variable("score"), binary("mul", load(slopes, [variable("h")]), distance)),
  mask: binary("and", binary("ge", q, constant(3, "i64")), binary("le", binary("sub", q, kv), constant(40, "i64"))),
  captures: [slopes],
});

interface Case {
  readonly what: string;
  readonly variant: Variant;
  /** null: the default for a GPU. */
  readonly shape: TileShape | null;
  readonly dims: ProblemHints;
}

/** Lengths that no tile divides; one pipeline serves them all. */
const LENGTHS: readonly ProblemHints[] = [
  { qLen: 1, kvLen: 1, qHeads: 1, kvHeads: 1 },
  { qLen: 37, kvLen: 131, qHeads: 4, kvHeads: 2, batch: 2, blockSize: [16, 16] },
  { qLen: 131, kvLen: 70, qHeads: 2, kvHeads: 1, blockSize: [50, 64] },
];

const CASES: readonly Case[] = [
  {
    what: "4 × 4 a thread, Q kept",
    variant: windowWithAlibi,
    shape: { rows: 4, keys: 4, threadsX: 4, threadsY: 4, parts: 1, keepQ: true },
    dims: { qkHeadDim: 8 },
  },
  {
    what: "4 × 8 a thread, Q staged in parts with K, a head dim that they do not divide",
    variant: causal,
    shape: { rows: 4, keys: 8, threadsX: 2, threadsY: 8, parts: 2, keepQ: false },
    dims: { qkHeadDim: 12, vHeadDim: 20 },
  },
  {
    what: "8 × 4 a thread, Q kept and K in parts, columns beyond the row's end",
    variant: noMods,
    shape: { rows: 8, keys: 4, threadsX: 4, threadsY: 2, parts: 2, keepQ: true },
    dims: { qkHeadDim: 18, vHeadDim: 7 },
  },
  { what: "the default of a GPU", variant: causal, shape: null, dims: { qkHeadDim: 16 } },
];

describe("the tile kernel agrees with the reference", () => {
  const gpu = useGpu();

  it.each(CASES)(
    "with $what",
    async ({ variant, shape, dims }) => {
      const handle = handleOf(gpu().device);
      const limits = { ...handle.limits, software: false };
      for (const lengths of LENGTHS) {
        const problem = fillProblem({ ...lengths, ...dims });
        const planned = planTile(variant, problem, limits, undefined, shape ?? undefined);
        if (planned.kind === "refused") throw new Error(planned.refusal.reason);
        const inputs = seededInputs(problem);
        const actual = await runPlan(handle, planned.plan, inputs);
        const check = checkForward(actual, referenceForward(variant, problem, inputs), problem);
        expect(check, `${planned.plan.tile}, ${JSON.stringify(lengths)}`).toMatchObject({ passed: true, firstBad: null, allRows: true });
      }
    },
    120_000,
  );
});
