/** The plan of the decode kernel: who shares which keys, and what changes its text. */
import { describe, expect, it } from "vitest";
import { LONGEST_QUERY, planDecode } from "../../../kernels/flash/forward/decode.ts";
import { splitRuns } from "../../../kernels/flash/forward/splits.ts";
import { DEFAULT_LIMITS, type DeviceLimits, type Plan } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { chooseForward } from "../../../kernels/flash/select.ts";
import { binary, constant, type Expr, variable } from "../../../kernels/ir/expr.ts";
import type { ProblemHints, Variant } from "../../../kernels/ir/mod.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { causal, noMods } from "../../support/variants.ts";

const LIMITS: DeviceLimits = { ...DEFAULT_LIMITS, subgroups: true };
const int = (n: number): Expr => constant(n, "i64");
const kv = variable("kv_idx");
const h = variable("h");
const b = variable("b");

/** The shares of row (b, g) as [first key, end, state] triples. */
function sharesOf(mask: Expr | null, hints: ProblemHints, most: number, least: number, stride: number): number[][][][] {
  const p = fillProblem(hints, 8);
  const shape = { batch: p.batch, heads: p.qHeads, qLen: p.qLen, kvLen: p.kvLen };
  const blocks = buildBlockMask(mask, shape, [p.qLen, p.blockSize[1]]);
  const { batch, groups, splits, packed } = splitRuns(blocks, p.qHeads / p.kvHeads, most, least, stride);
  const words = new Uint32Array(packed.buffer);
  const rows = batch * groups;
  const first = rows * splits + 1;
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: splits }, (_, s) => {
      const at = row * splits + s;
      const runs: number[][] = [];
      for (let r = words[at] ?? 0; r < (words[at + 1] ?? 0); r++) runs.push([...words.subarray(first + 3 * r, first + 3 * r + 3)]);
      return runs;
    }),
  );
}

describe("the keys of a short query", () => {
  it("are dealt out in equal shares", () => {
    expect(sharesOf(null, { qLen: 1, kvLen: 512 }, 4, 64, 16)).toEqual([
      [[[0, 128, 1]], [[128, 256, 1]], [[256, 384, 1]], [[384, 512, 1]]],
    ]);
  });

  it("are no more shares than their least length allows, and one at least", () => {
    expect(sharesOf(null, { qLen: 1, kvLen: 512 }, 64, 256, 16)[0]).toHaveLength(2);
    expect(sharesOf(null, { qLen: 1, kvLen: 5 }, 64, 256, 16)).toEqual([[[[0, 5, 0]]]]);
  });

  it("are those that the mask leaves: a window at the end keeps every share busy", () => {
    const window = binary("ge", kv, int(1024 - 256));
    const shares = sharesOf(window, { qLen: 1, kvLen: 1024, blockSize: [128, 64] }, 4, 16, 16);
    expect(shares).toEqual([[[[768, 832, 1]], [[832, 896, 1]], [[896, 960, 1]], [[960, 1024, 1]]]]);
  });

  it("are nobody's where nothing is allowed", () => {
    expect(sharesOf(binary("lt", kv, int(0)), { qLen: 1, kvLen: 1024 }, 4, 16, 16)).toEqual([[[]]]);
  });

  it("are what any head of a group needs, and full where every head allows all", () => {
    // Head 0 sees 64 keys, head 1 sees 128, …: in groups of two, the first block of each is full for both.
    const growing = binary("lt", kv, binary("mul", binary("add", h, int(1)), int(64)));
    const hints = { qLen: 1, kvLen: 512, qHeads: 4, kvHeads: 2, blockSize: [128, 64] as const };
    expect(sharesOf(growing, hints, 1, 16, 16)).toEqual(
      [
        [
          [
            [0, 64, 1],
            [64, 128, 0],
          ],
        ],
        [
          [
            [0, 192, 1],
            [192, 256, 0],
          ],
        ],
      ].map((row) => row),
    );
  });

  it("are each once in some share, in steps of the stride, whatever the mask", () => {
    const odd = binary(
      "and",
      binary("ge", kv, binary("mul", binary("add", h, b), int(37))),
      binary("lt", binary("floormod", kv, int(300)), int(200)),
    );
    const hints = { batch: 2, qLen: 3, kvLen: 1003, qHeads: 8, kvHeads: 4, blockSize: [128, 32] as const };
    for (const shares of sharesOf(odd, hints, 7, 32, 16)) {
      const all = shares.flat();
      for (const [from = 0, to = 0] of all) {
        expect(from % 16).toBe(0);
        expect(to === 1003 || to % 16 === 0).toBe(true);
      }
      const keys = all.flatMap(([from = 0, to = 0]) => Array.from({ length: to - from }, (_, i) => from + i));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
});

const planOf = (variant: Variant, hints: ProblemHints, limits = LIMITS): Plan => {
  const planned = planDecode(variant, fillProblem(hints, 8), limits);
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan;
};

describe("the decode kernel", () => {
  it("packs the heads of a key head into one tile, so that K is read by one workgroup a split", () => {
    const packed = planOf(noMods, { qLen: 1, kvLen: 8192, qHeads: 8, kvHeads: 1, qkHeadDim: 16 });
    const apart = planOf(noMods, { qLen: 1, kvLen: 8192, qHeads: 8, kvHeads: 8, qkHeadDim: 16 });
    expect(packed.kernels[0]?.workgroups).toEqual([32, 1, 1]);
    expect(apart.kernels[0]?.workgroups).toEqual([32, 8, 1]);
  });

  it("has the same text for every length of the keys, batch, count of groups and scale", () => {
    const one = planOf(causal, { qLen: 4, kvLen: 70, qHeads: 8, kvHeads: 2 });
    const other = planOf(causal, { qLen: 2, kvLen: 5000, qHeads: 24, kvHeads: 3, batch: 3, scale: 0.3, blockSize: [64, 32] });
    expect(other.kernels.map((k) => k.wgsl)).toEqual(one.kernels.map((k) => k.wgsl));
  });

  it("takes the split that is asked for, with the same text", () => {
    const problem = fillProblem({ qLen: 1, kvLen: 4096, qHeads: 8, kvHeads: 2 }, 8);
    const texts = [1, 3, 16].map((splits) => {
      const planned = planDecode(noMods, problem, LIMITS, { splits, keys: 64 });
      if (planned.kind === "refused") throw new Error(planned.refusal.reason);
      expect(planned.plan.kernels[0]?.workgroups[0]).toBe(splits);
      return planned.plan.kernels.map((k) => k.wgsl).join();
    });
    expect(new Set(texts).size).toBe(1);
  });

  it("has fewer shares where the device cannot bind more accumulators", () => {
    const hints = { qLen: 16, kvLen: 8192, qHeads: 8, kvHeads: 8 };
    const shares = (most: number): number | undefined =>
      planOf(noMods, hints, { ...LIMITS, maxStorageBufferBindingSize: most }).kernels[0]?.workgroups[0];
    const bytes = (most: number): number | undefined =>
      planOf(noMods, hints, { ...LIMITS, maxStorageBufferBindingSize: most }).buffers.find((b) => b.name === "part_out")?.byteLength;
    expect(shares(2 ** 27)).toBeGreaterThan(8);
    expect(shares(2 ** 21)).toBeLessThan(shares(2 ** 27) ?? 0);
    expect(bytes(2 ** 21)).toBeLessThanOrEqual(2 ** 21);
  });

  it("runs without subgroups, and binds no more than the eight buffers that devices promise", () => {
    const plan = planOf(causal, { qLen: 1, kvLen: 300 }, DEFAULT_LIMITS);
    expect(plan.kernels[0]?.wgsl).not.toContain("quad");
    expect(plan.kernels.every((k) => k.bindings.filter((x) => x.kind !== "uniform").length <= 6)).toBe(true);
  });
});

describe("chooseForward with a short query", () => {
  const software: DeviceLimits = { ...LIMITS, software: true };
  it.each([
    { qLen: 1, kvLen: 8192, engine: "decode" },
    { qLen: 16, kvLen: 8192, engine: "decode" },
    { qLen: 32, kvLen: 1024, engine: "decode" },
    { qLen: 33, kvLen: 1024, engine: "quad" },
    { qLen: LONGEST_QUERY + 1, kvLen: 8192, engine: "quad" },
    { qLen: 1024, kvLen: 1024, engine: "quad" },
  ])("takes $engine for $qLen queries and $kvLen keys", ({ engine, ...lengths }) => {
    expect(chooseForward(causal, fillProblem(lengths, 8), software)).toMatchObject({ plan: { engine }, refusals: [] });
  });

  it("takes it for as many queries on GPUs", () => {
    const engines = [32, 33].map((qLen) => chooseForward(causal, fillProblem({ qLen, kvLen: 1024 }, 8), LIMITS).plan?.engine);
    expect(engines).toEqual(["decode", "tile"]);
  });

  it.each([
    { qLen: 1, engine: "decode" },
    { qLen: 16, engine: "decode" },
    { qLen: 17, engine: "row" },
  ])("takes $engine for $qLen queries without subgroups", ({ qLen, engine }) => {
    expect(chooseForward(noMods, fillProblem({ qLen, kvLen: 8192 }, 8), { ...software, subgroups: false }).plan?.engine).toBe(engine);
  });
});
