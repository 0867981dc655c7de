/** The matrix kernel's plan: which product of matrices it takes, why it refuses, and what its text does. */
import { describe, expect, it } from "vitest";
import { matrixTile, planMatrix } from "../../../kernels/flash/forward/matrix.ts";
import { DEFAULT_LIMITS, type DeviceLimits, type MatrixShape, type Planned } from "../../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { chooseForward } from "../../../kernels/flash/select.ts";
import { toleranceOf } from "../../../kernels/flash/tolerance.ts";
import type { ProblemHints } from "../../../kernels/ir/mod.ts";
import { matricesOf } from "../../../kernels/runtime/device.ts";
import { causal, noMods } from "../../support/variants.ts";

const cube = (n: number): MatrixShape => ({ m: n, n, k: n });
const LIMITS: DeviceLimits = {
  ...DEFAULT_LIMITS,
  subgroups: true,
  f16: true,
  subgroupMatrices: { lanes: 32, shapes: [cube(8), cube(16)] },
};
const half = (hints: ProblemHints = {}): Problem => fillProblem({ ...hints, storage: "f16" }, 2);
const reasonOf = (planned: Planned): string => (planned.kind === "refused" ? planned.refusal.reason : "it runs");

function textOf(problem: Problem, limits = LIMITS, variant = causal): string {
  const planned = planMatrix(variant, problem, limits);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan.kernels.map((k) => k.wgsl).join("\n");
}

describe("the product that is taken", () => {
  it.each([
    ["the largest that divides the head dims", {}, LIMITS, { shape: cube(16), lanes: 32, subgroups: 2, keys: 32 }],
    ["a smaller one for a head dim of 24", { qkHeadDim: 24 }, LIMITS, { shape: cube(8), lanes: 32, subgroups: 2, keys: 32 }],
    ["a smaller one for fewer keys", { qLen: 64, kvLen: 9 }, LIMITS, { shape: cube(8), lanes: 32, subgroups: 2, keys: 8 }],
    ["a smaller one for fewer queries", { qLen: 8, kvLen: 64 }, LIMITS, { shape: cube(8), lanes: 32, subgroups: 2, keys: 32 }],
    [
      "as many subgroups as 64 rows are",
      {},
      { ...LIMITS, subgroupMatrices: { lanes: 8, shapes: [cube(8)] } },
      { shape: cube(8), lanes: 8, subgroups: 8, keys: 32 },
    ],
    ["as many as workgroup memory holds", {}, { ...LIMITS, maxComputeWorkgroupStorageSize: 8192 }, { subgroups: 1 }],
  ] as const)("is %s", (_, hints, limits, tile) => {
    expect(matrixTile(half(hints), limits)).toMatchObject(tile);
  });

  it("is that of the adapter's list with halves for operands and f32 sums", () => {
    const config = (componentType: string, resultComponentType: string) => ({ componentType, resultComponentType, M: 8, N: 16, K: 4 });
    const subgroupMatrixConfigs = [config("f16", "f16"), config("u8", "u32"), config("f16", "f32")];
    expect(matricesOf({ subgroupMaxSize: 16, subgroupMatrixConfigs })).toEqual({ lanes: 16, shapes: [{ m: 8, n: 16, k: 4 }] });
    expect(matricesOf({ subgroupMaxSize: 16, subgroupMatrixConfigs: subgroupMatrixConfigs.slice(0, 2) })).toBeNull();
    expect(matricesOf({})).toBeNull();
  });
});

describe("the matrix kernel refuses", () => {
  it.each([
    ["a device without the feature", half(), { ...LIMITS, subgroupMatrices: null }, /experimental device feature `chromium-exp/],
    ["float32 tensors", fillProblem({}, 2), LIMITS, /float16 matrices; q, k and v are float32/],
    [
      "head dims that no matrix divides",
      half({ qkHeadDim: 20 }),
      LIMITS,
      /D is 20 and DV is 20; .* multiples of 8 \(D\) and 8 \(DV\), or 16/,
    ],
    ["too few queries", half({ qLen: 5, kvLen: 40 }), LIMITS, /Q_LEN is 5 and KV_LEN is 40; .* at least 8 queries and 8 keys/],
    ["too few keys", half({ qLen: 40, kvLen: 7 }), LIMITS, /at least 8 queries and 8 keys/],
    ["subgroups smaller than a matrix", half(), { ...LIMITS, subgroupMatrices: { lanes: 4, shapes: [cube(8)] } }, /subgroups of 4 lanes/],
    [
      "too little workgroup memory",
      half(),
      { ...LIMITS, maxComputeWorkgroupStorageSize: 4096 },
      /needs 7 KiB of workgroup memory, the device has 4 KiB/,
    ],
    ["a device without halves", half(), { ...LIMITS, f16: false }, /`shader-f16`/],
    ["a device without subgroups", half(), { ...LIMITS, subgroups: false }, /`subgroups`/],
  ] as const)("%s", (_, problem, limits, words) => {
    expect(reasonOf(planMatrix(causal, problem, limits))).toMatch(words);
  });
});

describe("the matrix kernel's text", () => {
  it("has a product a matrix of the head dims, in both products", () => {
    const text = textOf(half({ qkHeadDim: 48, vHeadDim: 32 }));
    expect(text).toContain("alias Left = subgroup_matrix_left<f16, 16, 16>;");
    expect(text).toContain("alias Result = subgroup_matrix_result<f32, 16, 16>;");
    // Two matrices of rows a subgroup: 2 · 48 ÷ 16 for the scores, 2 · 32 ÷ 16 for the output.
    expect(text.match(/= subgroupMatrixMultiplyAccumulate\(q\d_\d, k, s\d\)/g)).toHaveLength(6);
    expect(text.match(/= subgroupMatrixMultiplyAccumulate\(p\d, v, o\d_\d\)/g)).toHaveLength(4);
  });

  it("names its sizes for columns before rows, as WGSL does", () => {
    const limits = { ...LIMITS, subgroupMatrices: { lanes: 16, shapes: [{ m: 8, n: 16, k: 4 }] } };
    const text = textOf(half({ qkHeadDim: 4, vHeadDim: 16 }), limits);
    expect(text).toContain("alias Left = subgroup_matrix_left<f16, 4, 8>;");
    expect(text).toContain("alias Right = subgroup_matrix_right<f16, 16, 4>;");
    expect(text).toContain("alias Result = subgroup_matrix_result<f32, 16, 8>;");
  });

  it("asks mask_mod in partial blocks alone, and where there is none watches for the end of the keys", () => {
    const masked = textOf(half());
    expect(masked.match(/ = (select\(NEG_INF, masked_score|full_score)\(/g)).toEqual([
      " = full_score(",
      " = select(NEG_INF, masked_score(",
    ]);
    expect(masked).toContain("let is_full = runs[run + 2u] == 1u;");
    const plain = textOf(half(), LIMITS, noMods);
    expect(plain).not.toContain("is_full");
    expect(plain).toContain(
      "masked_score(scores[own_scores + j] * params.SM_SCALE, b, h, q_idx, i32(first_key + j)), first_key + j >= key)",
    );
  });

  it("declares the workgroup memory that the plan says", () => {
    const planned = planMatrix(causal, half(), LIMITS);
    const kernel = planned.kind === "plan" ? planned.plan.kernels[0] : undefined;
    expect(kernel?.workgroupBytes).toBe(64 * (36 * 4 + 40 * 2) + 4);
    expect(kernel?.wgsl).toContain("const SCORE_STRIDE = 36u;");
    expect(kernel?.wgsl).toContain("const WEIGHT_STRIDE = 40u;");
  });
});

describe("the choice", () => {
  it("asks the matrix kernel first on GPUs with matrix units and float16 tensors, and it alone rounds its weights", () => {
    expect(chooseForward(causal, half(), LIMITS)).toMatchObject({ plan: { engine: "matrix" }, refusals: [] });
    expect(chooseForward(causal, fillProblem({}, 2), LIMITS)).toMatchObject({ plan: { engine: "tile" }, refusals: [] });
    expect(chooseForward(causal, half({ qkHeadDim: 20 }), LIMITS)).toMatchObject({
      plan: { engine: "tile" },
      refusals: [{ engine: "matrix" }],
    });
    expect([toleranceOf(half(), "matrix"), toleranceOf(half(), "tile"), toleranceOf(fillProblem({}), "row")]).toEqual([2e-3, 1e-3, 1e-5]);
  });
});
