import { describe, expect, it } from "vitest";
import { planTile } from "../../../kernels/flash/forward/tile.ts";
import { candidateOf, type TileShape, tileCandidates, tileShape } from "../../../kernels/flash/forward/tileShapes.ts";
import { DEFAULT_LIMITS, type DeviceLimits, type Plan, type Planned } from "../../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { constant, unary, variable } from "../../../kernels/ir/expr.ts";
import { causal, noMods, variantOf } from "../../support/variants.ts";

const problemOf = (qkHeadDim: number, vHeadDim = qkHeadDim): Problem => fillProblem({ qkHeadDim, vHeadDim }, 8);
const limitsOf = (memory: number, software = false): DeviceLimits => ({
  ...DEFAULT_LIMITS,
  maxComputeWorkgroupStorageSize: memory,
  software,
});

function planned(p: Planned): Plan {
  if (p.kind === "refused") throw new Error(p.refusal.reason);
  return p.plan;
}
const textOf = (p: Planned): string =>
  planned(p)
    .kernels.map((k) => k.wgsl)
    .join("");
const softcap = variantOf("softcap", { score: unary("tanh", variable("score")) });

/** Bytes of the arrays that a text declares in workgroup memory. */
const declared = (wgsl: string): number =>
  [...wgsl.matchAll(/var<workgroup> \w+: array<vec4f, (\d+)>/g)].reduce((sum, [, count]) => sum + 16 * Number(count), 0);

const DIMS = [1, 8, 20, 64, 72, 80, 128, 200, 256];

describe("the tile kernel's shapes", () => {
  it("take the workgroup memory that the text declares, and fit the device", () => {
    for (const [d, dv] of [
      [8, 8],
      [64, 64],
      [72, 200],
    ] as const) {
      const limits = limitsOf(32_768);
      for (const { shape, bytes, threads } of tileCandidates(problemOf(d, dv), limits).filter((t) => t.refusal === null)) {
        const plan = planned(planTile(causal, problemOf(d, dv), limits, undefined, shape));
        expect(declared(plan.kernels[0]?.wgsl ?? "")).toBe(bytes);
        expect(plan.kernels[0]?.workgroupBytes).toBe(bytes);
        expect(bytes).toBeLessThanOrEqual(32_768);
        expect(threads).toBeLessThanOrEqual(256);
      }
    }
  });

  it("exist for every head dim on every device that WebGPU allows, software or not", () => {
    for (const memory of [16_384, 32_768, 49_152])
      for (const software of [true, false])
        for (const d of DIMS)
          for (const dv of DIMS)
            expect(tileShape(problemOf(d, dv), limitsOf(memory, software)), `${d}, ${dv}`).toMatchObject({ refusal: null });
  });

  it("give every key and every column of the output to some thread", () => {
    for (const d of DIMS) {
      for (const t of tileCandidates(problemOf(d), limitsOf(32_768))) {
        expect(t.columns * t.shape.threadsX * 4).toBeGreaterThanOrEqual(d);
        expect(t.blockN % t.vPart).toBe(0);
        expect(t.qkPart * t.shape.parts * 4).toBeGreaterThanOrEqual(d);
      }
    }
  });

  it("come with the cheapest first, legal before refused", () => {
    const found = tileCandidates(problemOf(200), limitsOf(32_768));
    const legal = found.filter((t) => t.refusal === null);
    expect(legal.length).toBeGreaterThan(3);
    expect(found.slice(0, legal.length)).toEqual(legal);
    expect(legal.map((t) => t.cost)).toEqual(legal.map((t) => t.cost).sort((a, b) => a - b));
  });

  it("are larger where the device has more memory", () => {
    const tokens = (memory: number): number => {
      const t = tileShape(problemOf(128), limitsOf(memory));
      return t.blockM * t.blockN;
    };
    expect(tokens(32_768)).toBeGreaterThan(tokens(16_384));
  });

  const big: TileShape = { rows: 8, keys: 4, threadsX: 16, threadsY: 8, parts: 1, keepQ: true };
  it.each([
    {
      why: "memory",
      shape: big,
      d: 72,
      words: "a tile of 64 × 64 by 128 threads: head dim 72 needs 58 KiB of workgroup memory, the device has 32 KiB",
    },
    {
      why: "registers",
      shape: { ...big, threadsX: 4, parts: 8 },
      d: 256,
      words: "a tile of 64 × 16 by 32 threads: with head dim 256 a thread would keep 544 scores and sums in registers; 128 fit",
    },
    {
      why: "threads",
      shape: { ...big, threadsY: 32, parts: 4 },
      d: 64,
      words: "a tile of 256 × 64 by 512 threads: the device allows 256 invocations a workgroup",
    },
  ])("are refused with the number that would fit: $why", ({ shape, d, words }) => {
    expect(candidateOf(shape, problemOf(d), limitsOf(32_768)).refusal).toBe(words);
    expect(planTile(causal, problemOf(d), limitsOf(32_768), undefined, shape)).toMatchObject({
      kind: "refused",
      refusal: { reason: words },
    });
  });

  it("are refused all where not even the smallest fits, which is named", () => {
    expect(planTile(causal, problemOf(256), limitsOf(2048))).toMatchObject({
      kind: "refused",
      refusal: { engine: "tile", reason: expect.stringMatching(/head dim 256 needs [\d.]+ KiB of workgroup memory, the device has 2 KiB/) },
    });
  });
});

describe("the tile kernel's text", () => {
  const limits = limitsOf(32_768);
  const shape: TileShape = { rows: 4, keys: 4, threadsX: 4, threadsY: 4, parts: 1, keepQ: true };
  const text = (variant = causal, over: Partial<TileShape> = {}, problem = problemOf(20)): string =>
    textOf(planTile(variant, problem, limits, undefined, { ...shape, ...over }));

  it("asks mask_mod in partial blocks alone", () => {
    const [, main = ""] = text().split("fn main(");
    expect(main).toMatch(/if \(!full\) \{\n\s+var t = array/);
    expect(main.match(/masked_scores\(/g)).toHaveLength(1);
    expect(main).not.toContain("full_scores");
  });

  it("calls score_mod in full blocks too, and needs no question where there is no mask", () => {
    const both = text(variantOf("both", { mask: causal.maskMod?.body ?? constant(1, "bool"), score: unary("tanh", variable("score")) }));
    expect(both).toMatch(/if \(full\) \{[^}]*full_scores\(t\[i\][^}]*\}[^}]*\} else \{[^}]*masked_scores\(t\[i\]/);
    expect(text(softcap)).not.toContain("full = ");
    expect(text(softcap)).toContain("t[i] = masked_scores(t[i]");
  });

  it("touches no score of plain attention but in the last tile of keys", () => {
    expect(text(noMods)).toMatch(/if \(key \+ BLOCK_N > params\.KV_LEN\) \{\n\s+var t = array/);
    expect(text(noMods).match(/masked_scores\(/g)).toHaveLength(2);
  });

  it.each([
    { parts: 1, keepQ: true, barriers: 5 },
    { parts: 1, keepQ: false, barriers: 5 },
    { parts: 2, keepQ: true, barriers: 6 },
    { parts: 2, keepQ: false, barriers: 6 },
  ])("has $barriers barriers in $parts part(s), Q kept: $keepQ", ({ parts, keepQ, barriers }) => {
    expect(text(causal, { parts, keepQ }).split("workgroupBarrier()").length - 1).toBe(barriers);
  });

  it("watches for the end of a part only where the parts do not divide the head dim", () => {
    expect(text(causal, { parts: 2 })).toContain("min(first_chunk + i / QUADS, D4 - 1u)");
    expect(text(causal, { parts: 2 }, problemOf(16))).toContain("let chunk = first_chunk + i / QUADS;");
  });

  it("writes no column beyond the row's end", () => {
    expect(text(causal, {}, problemOf(20))).toMatch(/if \(tx \+ 4u < DV4\) \{\n\s+OUT\[/);
    expect(text(causal, {}, problemOf(32))).not.toContain("< DV4)");
  });
});
