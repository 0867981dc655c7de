/**
 * The shared step of the kernels (flash/step.ts) as a kernel uses it, one row a thread, against the float64 reference:
 * masked prefixes, dead rows, infinities and nan in every order, natural and folded scores.
 */
import { describe, expect, it } from "vitest";
import { declareModBinding, emitMods, packMods } from "../../kernels/emit/wgsl.ts";
import { checkForward } from "../../kernels/flash/check.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { emitStep, emitWeight, scoreFactor } from "../../kernels/flash/step.ts";
import { binary, cast, constant, type Expr, load, unary, variable, where } from "../../kernels/ir/expr.ts";
import type { Capture, Variant } from "../../kernels/ir/mod.ts";
import { runShader, useGpu } from "../support/gpu.ts";
import { variantOf } from "../support/variants.ts";

const gpu = useGpu();

const [q, k, score] = [variable("q_idx"), variable("kv_idx"), variable("score")];
const int = (x: number): Expr => constant(x, "i64");
const f32 = (x: number): Expr => constant(x, "f32");

/** One row a thread, one key a step, D = DV = 1: q of row i is `queries[i]`, k and v are given. */
async function runRows(variant: Variant, queries: readonly number[], keys: readonly number[], values: readonly number[]) {
  const scale = 0.75;
  const mods = emitMods(variant);
  const factor = scoreFactor(mods, scale);
  const n = keys.length;
  const wgsl = `@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> tensors: array<f32>;
${mods.bindings.map((binding, i) => declareModBinding(binding, i + 2)).join("\n")}
${emitStep(mods)}
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {
  let row = i32(id.x);
  var m = NEG_INF;
  var l = 0.0;
  var acc = 0.0;
  for (var key = 0; key < ${n}; key = key + 1) {
    let s = tensors[${2 * n} + row] * ${factor} * tensors[key];
    let t = masked_score(s, 0, 0, row, key);
    let m_new = max(m, t);
    let alpha = ${emitWeight(mods, "m - m_new")};
    let p = ${emitWeight(mods, "t - m_new")};
    m = m_new;
    l = l * alpha + p;
    acc = acc * alpha + p * tensors[${n} + key];
  }
  result[3 * row] = row_output(vec4f(acc), row_scale(m, l)).x;
  result[3 * row + 1] = row_lse(m, l);
  result[3 * row + 2] = row_max(m);
}`;
  const packed = packMods(mods);
  const words = await runShader(
    gpu().device,
    wgsl,
    3 * queries.length,
    [
      { bytes: new Uint8Array(Float32Array.from([...keys, ...values, ...queries]).buffer) },
      ...packed.map((bytes, i) => ({ bytes, uniform: mods.bindings[i]?.kind === "uniform" })),
    ],
    queries.length,
  );
  const floats = new Float32Array(words.buffer, 0, 3 * queries.length);
  const p = fillProblem({ qHeads: 1, qLen: queries.length, kvLen: n, qkHeadDim: 1, scale });
  const reference = referenceForward(variant, p, {
    q: Float32Array.from(queries),
    k: Float32Array.from(keys),
    v: Float32Array.from(values),
  });
  const [out, lse, maxScores] = [0, 1, 2].map((each) => floats.filter((_, i) => i % 3 === each));
  if (out === undefined || lse === undefined || maxScores === undefined) throw new Error("three of each row");
  const actual = { out, lse, maxScores };
  return { actual, reference, check: checkForward(actual, reference, p) };
}

const queries = [0, 1, -1.5, 8, 30];
const keys = [0.5, -2, 3, 1, -0.25, 2.5, 0];
const values = [1, -1, 2, 0.5, -3, 4, 0.25];
const infinity = f32(Number.POSITIVE_INFINITY);
const minus = f32(Number.NEGATIVE_INFINITY);
const lowest = f32(-(2 - 2 ** -23) * 2 ** 127);
const lows: Capture = { name: "lows", dtype: "f32", shape: [7], data: Float32Array.from([-1e30, -1e31, -3.4e38, 0, -1e30, -2e32, -1e33]) };
const table: Capture = { name: "bias", dtype: "f32", shape: [7], data: Float32Array.from([0, -Infinity, 1, -Infinity, 2, -Infinity, 0.5]) };

const VARIANTS: readonly Variant[] = [
  variantOf("plain attention", {}),
  variantOf("causal", { mask: binary("ge", q, k) }),
  variantOf("a masked prefix", { mask: binary("ge", k, int(3)) }),
  variantOf("rows masked whole by mask_mod", { mask: binary("and", binary("ge", q, int(2)), binary("ne", k, q)) }),
  variantOf("rows masked whole by score_mod", { score: where(binary("gt", q, int(1)), score, minus) }),
  variantOf("minus infinity from a table", { score: binary("add", score, load(table, [k])) }),
  variantOf("minus infinity scaled afterwards", { score: binary("mul", where(binary("ge", q, k), score, minus), f32(0.001)) }),
  variantOf("minus infinity added to", { score: binary("add", where(binary("gt", k, q), minus, score), f32(1000)) }),
  variantOf("two minus infinities added", {
    score: binary("add", where(binary("gt", k, q), minus, score), where(binary("gt", k, int(3)), minus, f32(0))),
  }),
  variantOf("a negated plus infinity", { score: where(binary("gt", k, q), unary("neg", infinity), score) }),
  variantOf("rows of torch.finfo(torch.float32).min", { score: where(binary("gt", q, int(1)), score, lowest) }),
  variantOf("torch.finfo(torch.float32).min added", {
    score: binary("add", score, binary("mul", cast(binary("gt", k, q), "f32"), lowest)),
  }),
  variantOf("low scores beside masked ones", { score: where(binary("gt", k, q), f32(-1e30), score), mask: binary("ge", k, int(2)) }),
  variantOf("torch.finfo(torch.float32).min twice, which is minus infinity", {
    score: binary("add", where(binary("gt", q, int(2)), score, lowest), where(binary("gt", q, int(2)), f32(0), lowest)),
  }),
  variantOf("low scores and infinite ones", {
    score: where(binary("lt", q, int(2)), where(binary("lt", q, int(1)), lowest, minus), where(binary("eq", k, q), minus, score)),
  }),
  variantOf("low scores from a table", { score: binary("add", score, load(lows, [k])), mask: binary("ne", k, int(3)) }),
  variantOf("score_mod and mask_mod", {
    score: binary("mul", f32(2), unary("tanh", binary("div", score, f32(2)))),
    mask: binary("le", unary("abs", binary("sub", q, k)), int(1)),
  }),
  variantOf("large scores", { score: binary("mul", score, f32(1e6)) }),
  variantOf("a plus infinity in some rows", { score: where(binary("eq", k, q), infinity, score), mask: binary("le", k, int(2)) }),
  variantOf("a nan in some rows", { score: where(binary("eq", k, q), f32(Number.NaN), score), mask: binary("le", k, int(2)) }),
  variantOf("nan and nothing else", { score: f32(Number.NaN), mask: binary("eq", k, q) }),
];

describe("the online softmax step and the end of a row", () => {
  it.each(VARIANTS.map((variant) => [variant.name, variant] as const))("%s", async (_, variant) => {
    const { check, actual, reference } = await runRows(variant, queries, keys, values);
    expect(
      check,
      JSON.stringify({
        got: [...actual.out, ...actual.lse, ...actual.maxScores].map(String),
        want: [...reference.out, ...reference.lse, ...reference.maxScores].map(String),
      }),
    ).toMatchObject({
      passed: true,
    });
  });

  it("writes true infinities where PyTorch has them", async () => {
    const { actual } = await runRows(variantOf("dead", { mask: binary("gt", q, int(0)) }), queries, keys, values);
    expect([actual.out[0], actual.lse[0], actual.maxScores[0]]).toEqual([0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });
});
