import { describe, expect, it } from "vitest";
import { planDecode } from "../../../kernels/flash/forward/decode.ts";
import { kernelBlocks } from "../../../kernels/flash/forward/frame.ts";
import { planQuad } from "../../../kernels/flash/forward/quad.ts";
import { planRow } from "../../../kernels/flash/forward/row.ts";
import { packRuns } from "../../../kernels/flash/forward/runs.ts";
import { planMaterialized } from "../../../kernels/flash/materialized.ts";
import { cutGrid, DEFAULT_LIMITS, type DeviceLimits, type Plan, type Planned, packRows, unpackRows } from "../../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { chooseForward, ENGINES, FUSED_ENGINES, planEngine } from "../../../kernels/flash/select.ts";
import { binary, constant, load, variable } from "../../../kernels/ir/expr.ts";
import type { Capture, ProblemHints, Variant } from "../../../kernels/ir/mod.ts";
import { causal, noMods, variantOf } from "../../support/variants.ts";

const LIMITS: DeviceLimits = { ...DEFAULT_LIMITS, subgroups: true };
/** With all that the matrix kernel wants. */
const MATRICES: DeviceLimits = { ...LIMITS, f16: true, subgroupMatrices: { lanes: 32, shapes: [{ m: 8, n: 8, k: 8 }] } };
const window = (n: number): Variant =>
  variantOf("window", { mask: binary("le", binary("sub", variable("q_idx"), variable("kv_idx")), constant(n, "i64")) });
/** Reads a bias for each pair of `n` positions. */
function biased(n: number): Variant {
  const bias: Capture = { name: "bias", dtype: "f32", shape: [n, n], data: new Float32Array(n * n) };
  return variantOf("biased", { score: load(bias, [variable("q_idx"), variable("kv_idx")]), captures: [bias] });
}
/** Every other stretch of four keys: no two blocks of a row are one run. */
const comb = variantOf("comb", {
  mask: binary("eq", binary("floormod", variable("kv_idx"), constant(8, "i64")), constant(0, "i64")),
});

function planned(p: Planned): Plan {
  if (p.kind === "refused") throw new Error(p.refusal.reason);
  return p.plan;
}
const reason = (p: Planned): string => (p.kind === "refused" ? p.refusal.reason : "none");
const texts = (plan: Plan): string[] => plan.kernels.map((k) => k.wgsl);

describe("the quad kernel's own tile", () => {
  it.each([
    { device: "a software adapter", software: true, block: 128, rows: 64 },
    { device: "a software adapter", software: true, block: 32, rows: 32 },
    { device: "a software adapter", software: true, block: 8, rows: 16 },
    { device: "a GPU", software: false, block: 128, rows: 64 },
    { device: "a GPU", software: false, block: 32, rows: 32 },
    { device: "a GPU", software: false, block: 16, rows: 32 },
  ])(
    "has $rows rows for blocks of $block on $device: no more than the block, but for the smallest workgroup",
    ({ software, block, rows }) => {
      const problem = fillProblem({ qLen: 256, qkHeadDim: 64, blockSize: [block, block] }, 8);
      const { tile } = planned(planQuad(causal, problem, { ...LIMITS, software }));
      expect(tile).toMatch(new RegExp(`^${rows} rows × 4 keys`));
    },
  );
});

describe("cutGrid", () => {
  it.each([
    { grid: [10, 4], most: [65_535, 1e9], parts: 1 },
    { grid: [10, 4], most: [4, 1e9], parts: 3 },
    { grid: [3, 100], most: [65_535, 30], parts: 10 },
    { grid: [100, 3], most: [65_535, 30], parts: 12 },
    { grid: [5, 5], most: [65_535, 0.2], parts: 25 },
  ] as const)("cuts $grid into $parts parts for $most", ({ grid: [x, y], most, parts }) => {
    const cut = cutGrid(x, y, most[0], most[1]);
    expect(cut).toHaveLength(parts);
    const seen = new Uint8Array(x * y);
    for (const p of cut) {
      expect(Math.max(p.x, p.y)).toBeLessThanOrEqual(most[0]);
      for (let j = 0; j < p.y; j++)
        for (let i = 0; i < p.x; i++) seen[(p.firstY + j) * x + p.firstX + i] = (seen[(p.firstY + j) * x + p.firstX + i] ?? 0) + 1;
    }
    expect(seen.every((n) => n === 1)).toBe(true);
  });
});

describe("rows in GPU buffers", () => {
  it("are padded to whole vec4s with zeros, and come back", () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect([...packRows(data, 3)]).toEqual([1, 2, 3, 0, 4, 5, 6, 0]);
    expect([...unpackRows(packRows(data, 3), 3)]).toEqual([...data]);
    expect(packRows(new Float32Array(8), 4)).toHaveLength(8);
  });
});

describe.each(ENGINES)("the %s engine's text", (engine) => {
  // The decode kernel takes short queries alone, the small kernel short sequences.
  const problemOf = (hints: ProblemHints = {}): Problem => {
    const problem = fillProblem({ ...hints, storage: engine === "matrix" ? "f16" : "f32" }, 8);
    if (engine === "small") return { ...problem, qLen: Math.floor(problem.qLen / 16), kvLen: Math.floor(problem.kvLen / 16) };
    return engine === "decode" ? { ...problem, qLen: Math.floor(problem.qLen / 16) } : problem;
  };
  const text = (variant: Variant, hints: ProblemHints = {}): string[] =>
    texts(planned(planEngine(engine, variant, problemOf(hints), MATRICES)));

  it("is the same for every length, batch, head count, scale and block size", () => {
    const hints = { qLen: 1024, kvLen: 300, batch: 3, qHeads: 12, kvHeads: 4, scale: 0.3, blockSize: [64, 32] as const };
    expect(text(causal, hints)).toEqual(text(causal, { qLen: 512 }));
  });

  it("is the same for every window", () => {
    expect(text(window(400))).toEqual(text(window(4)));
  });

  it("opens with a glossary, holds no name of the user's file, and ends its lines clean", () => {
    for (const wgsl of text(causal)) {
      expect(wgsl).toMatch(/^((enable \w+;\n)+diagnostic\(off, [\w.]+\);\n\n)?\/\/ .*[Aa]ttention/);
      expect(wgsl).not.toContain("undefined");
      expect(wgsl).not.toMatch(/[ \t]$/m);
    }
  });

  it("binds each buffer that the plan names, in the numbers of its list", () => {
    const plan = planned(planEngine(engine, window(3), problemOf(), MATRICES));
    const names = new Set(plan.buffers.map((b) => b.name));
    for (const kernel of plan.kernels) {
      kernel.bindings.forEach((b, i) => {
        expect(names).toContain(b.buffer);
        expect(kernel.wgsl).toMatch(new RegExp(`@binding\\(${i}\\) var<[^>]*> ${b.name}:`));
      });
    }
  });
});

describe("refusals name the number that would fit", () => {
  const small: DeviceLimits = { ...LIMITS, maxStorageBufferBindingSize: 2 ** 20 };
  it.each([
    ["quad without subgroups", planQuad(causal, fillProblem({}, 8), DEFAULT_LIMITS), /needs the device feature `subgroups`/],
    [
      "a score matrix that is too large",
      planMaterialized(causal, fillProblem({ qLen: 2056 }, 8), LIMITS),
      /129 MiB; the device binds at most 128 MiB, enough for lengths up to 2048/,
    ],
    [
      "a head of q that is too large",
      planRow(causal, fillProblem({ qLen: 8192 }, 8), small),
      /`q` needs 16 MiB, one head of it 2 MiB; the device binds at most 1 MiB: Q_LEN up to 4096 would fit/,
    ],
    [
      "tensors larger than any buffer",
      planRow(causal, fillProblem({ qLen: 131_072 }, 16), LIMITS),
      /`q` needs 512 MiB; the device has buffers of at most 256 MiB: 8 of 16 key heads at a time would fit/,
    ],
    [
      "tensors of which the keys are the largest",
      planRow(causal, fillProblem({ batch: 2, qLen: 131_072, kvLen: 262_144 }, 16), LIMITS),
      /`k` needs 2048 MiB; the device has buffers of at most 256 MiB: 4 of 32 key heads of all batches at a time would fit/,
    ],
    [
      "a head larger than any buffer, of many",
      planRow(causal, fillProblem({ kvLen: 2 ** 21, qLen: 16 }, 4), LIMITS),
      /`k` needs 2048 MiB, one head of it 512 MiB; the device binds at most 128 MiB: KV_LEN up to 262144 would fit/,
    ],
    [
      "a row of results that is too long",
      planRow(noMods, fillProblem({ qLen: 2 ** 16, kvLen: 16, qkHeadDim: 4 }, 4), { ...LIMITS, maxStorageBufferBindingSize: 2 ** 20 }),
      /`lse` needs 2 MiB; the device binds at most 1 MiB: Q_LEN up to 32768 would fit/,
    ],
    [
      "a batch element that is too large in BSHD",
      planRow(causal, { ...fillProblem({ qLen: 4096 }, 8), layout: "BSHD" }, small),
      /one batch element of it 8 MiB; the device binds at most 1 MiB: Q_LEN up to 512 would fit, or the layout BHSD/,
    ],
    [
      "workgroups that are too large",
      planRow(causal, fillProblem({}, 8), { ...LIMITS, maxComputeInvocationsPerWorkgroup: 32 }),
      /64 invocations; the device allows 32/,
    ],
    [
      "too few storage buffers",
      planRow(causal, fillProblem({}, 8), { ...LIMITS, maxStorageBuffersPerShaderStage: 4 }),
      /6 storage buffers; the device allows 4/,
    ],
    ["a query that is too long to split", planDecode(causal, fillProblem({ qLen: 128 }, 8), LIMITS), /Q_LEN is 128, it takes up to 127/],
    [
      "parts that are too large",
      planDecode(causal, fillProblem({ qLen: 100, kvLen: 200_000, qkHeadDim: 64 }, 1), { ...LIMITS, maxStorageBufferBindingSize: 2 ** 20 }),
      /MiB; the device binds at most 1 MiB/,
    ],
    [
      "a decode's scratch that is too large",
      planDecode(causal, fillProblem({ qLen: 100, kvLen: 64, qkHeadDim: 64 }, 64), { ...LIMITS, maxStorageBufferBindingSize: 2 ** 22 }),
      /`part_out` needs \S+ MiB; the device binds at most 4 MiB: Q_LEN up to \d+ would fit/,
    ],
    [
      "a baseline's keys, bound whole",
      planMaterialized(noMods, fillProblem({ qLen: 1, kvLen: 2 ** 20 }, 1), LIMITS),
      /`k` needs 256 MiB; the device binds at most 128 MiB: KV_LEN up to 524288 would fit/,
    ],
    [
      "a captured tensor",
      planRow(biased(600), fillProblem({ qLen: 600 }, 1), small),
      /^`captures_f32` needs 1\.4 MiB; the device binds at most 1 MiB: 262144 of its 360000 numbers would fit$/,
    ],
    [
      "a block list",
      planRow(comb, fillProblem({ qLen: 2048, kvLen: 2048, qkHeadDim: 4, blockSize: [16, 4] }, 1), {
        ...LIMITS,
        maxStorageBufferBindingSize: 65_536,
      }),
      /^`runs` needs \S+ KiB; the device binds at most 64 KiB: 16384 of its \d+ numbers would fit; a larger BLOCK_SIZE makes fewer$/,
    ],
    [
      "heads that do not divide",
      planEngine("row", causal, fillProblem({ qHeads: 6, kvHeads: 4 }), LIMITS),
      /H \(6\) is no multiple of HKV \(4\)/,
    ],
    [
      "a mod's numbers",
      planRow(window(12_345), fillProblem({}), { ...LIMITS, maxUniformBufferBindingSize: 8 }),
      /^`\w+` needs .* binds at most/,
    ],
    ["a length of zero", planEngine("row", causal, fillProblem({ qLen: 0 }), LIMITS), /Q_LEN is 0/],
    ["matrices on a device without", planEngine("matrix", causal, fillProblem({}), LIMITS), /`chromium-experimental-subgroup-matrix`/],
  ])("%s", (_, refusal, words) => {
    expect(reason(refusal)).toMatch(words);
  });

  it.each([
    { layout: "BHSD", d: 64, most: 2 ** 20 },
    { layout: "BHSD", d: 20, most: 2 ** 20 - 4 },
    { layout: "BSHD", d: 64, most: 2 ** 20 },
    { layout: "BSHD", d: 36, most: 2 ** 20 },
  ] as const)("fits the length that it names for tensors in $layout of head dim $d, and not much more", ({ layout, d, most }) => {
    const limits = { ...LIMITS, maxStorageBufferBindingSize: most };
    const planAt = (kvLen: number): Planned =>
      planRow(causal, { ...fillProblem({ batch: 2, qLen: 16, kvLen, qkHeadDim: d }, 4), layout }, limits);
    const fits = Number(/KV_LEN up to (\d+)/.exec(reason(planAt(2 ** 16)))?.[1]);
    const plan = planned(planAt(fits));
    const bound = plan.kernels[0]?.slices.map((s) => s.ranges?.["k"]?.size ?? Number.POSITIVE_INFINITY) ?? [];
    expect(Math.max(...bound)).toBeLessThanOrEqual(most);
    expect(plan.kernels[0]?.slices.every((s) => (s.ranges?.["k"]?.offset ?? 1) % 256 === 0)).toBe(true);
    expect(reason(planAt(fits + 16))).not.toBe("none");
  });

  it.each([
    ["keys that one buffer does not hold", "KV_LEN", { qLen: 16, kvLen: 2 ** 22, qkHeadDim: 36 }, planRow],
    ["keys of batches in BSHD", "KV_LEN", { batch: 3, qLen: 16, kvLen: 2 ** 22, layout: "BSHD" }, planRow],
    ["results", "Q_LEN", { qLen: 2 ** 24, kvLen: 16, qkHeadDim: 4 }, planRow],
    ["keys of the baseline", "KV_LEN", { qLen: 1, kvLen: 2 ** 21 }, planMaterialized],
    ["the decode kernel's scratch", "Q_LEN", { qLen: 120, kvLen: 16, batch: 300 }, planDecode],
  ] as const)("fits the length that it names for %s", (_, length, hints, plan) => {
    const planAt = (more: ProblemHints): Planned => plan(noMods, fillProblem({ ...hints, ...more }, 4), LIMITS);
    const fits = Number(new RegExp(`${length} up to (\\d+)`).exec(reason(planAt({})))?.[1]);
    const key = length === "Q_LEN" ? "qLen" : "kvLen";
    expect(reason(planAt({ [key]: fits }))).toBe("none");
    expect(reason(planAt({ [key]: fits + 16 }))).not.toBe("none");
  });

  it("fits as many numbers of a captured tensor as it names", () => {
    const planAt = (n: number): Planned => planRow(biased(n), fillProblem({ qLen: n }, 1), small);
    expect(reason(planAt(512))).toBe("none"); // 512 × 512 = 262144
    expect(reason(planAt(513))).toContain(": 262144 of its 263169 numbers would fit");
  });

  it("fits what it names", () => {
    const refused = reason(planMaterialized(causal, fillProblem({ qLen: 5000 }, 8), LIMITS));
    const fits = Number(/lengths up to (\d+)/.exec(refused)?.[1]);
    expect(reason(planMaterialized(causal, fillProblem({ qLen: fits }, 8), LIMITS))).toBe("none");
    expect(reason(planMaterialized(causal, fillProblem({ qLen: fits + 8 }, 8), LIMITS))).not.toBe("none");
  });
});

describe("chooseForward", () => {
  const software = { ...LIMITS, software: true };
  it("takes the quad kernel on software adapters with subgroups", () => {
    expect(chooseForward(causal, fillProblem({}, 8), software)).toMatchObject({ plan: { engine: "quad" }, refusals: [] });
  });
  it("takes the row kernel on those without, and says why not the other", () => {
    expect(chooseForward(causal, fillProblem({}, 8), { ...software, subgroups: false })).toMatchObject({
      plan: { engine: "row" },
      refusals: [{ engine: "quad", reason: expect.stringContaining("subgroups") }],
      why: "the first that fits in the order of measured speed",
    });
  });
  it("takes the tile kernel on GPUs, and says that this was not measured", () => {
    expect(chooseForward(causal, fillProblem({}, 8), LIMITS)).toMatchObject({
      plan: { engine: "tile" },
      refusals: [],
      why: "the first that fits in the order of published designs (no GPU has been measured yet)",
    });
  });
  it("passes on where a GPU has no workgroup memory for a tile", () => {
    expect(chooseForward(causal, fillProblem({}, 8), { ...LIMITS, maxComputeWorkgroupStorageSize: 1024 })).toMatchObject({
      plan: { engine: "quad" },
      refusals: [{ engine: "tile", reason: expect.stringMatching(/KiB of workgroup memory, the device has 1 KiB/) }],
    });
  });
  it("has no plan where none fits, with a reason each", () => {
    const choice = chooseForward(causal, fillProblem({ qkHeadDim: 300 }, 8), LIMITS);
    expect(choice.plan).toBeNull();
    expect(choice.refusals.map((r) => r.engine).sort()).toEqual(FUSED_ENGINES.toSorted());
  });
});

describe("the block mask that a kernel walks", () => {
  const tile = { blockM: 64, blockN: 4 };
  it.each([
    { asked: [128, 128], walked: [128, 128] },
    { asked: [64, 4], walked: [64, 4] },
    { asked: [100, 50], walked: [128, 52] },
    { asked: [1, 1], walked: [64, 4] },
  ] as const)("is built at $walked for a BLOCK_SIZE of $asked", ({ asked, walked }) => {
    expect(kernelBlocks(tile, causal, fillProblem({ blockSize: asked }, 8)).blockSize).toEqual(walked);
  });

  it("is the caller's own where that has the right size", () => {
    const problem = fillProblem({ blockSize: [128, 128] }, 8);
    const blocks = kernelBlocks(tile, causal, problem);
    expect(kernelBlocks(tile, causal, problem, blocks)).toBe(blocks);
    expect(kernelBlocks({ blockM: 96, blockN: 4 }, causal, problem, blocks)).not.toBe(blocks);
    // A mask at another size is built once for all the times that a list of tiles is shown.
    const wide = kernelBlocks({ blockM: 96, blockN: 4 }, causal, problem, blocks);
    expect(kernelBlocks({ blockM: 96, blockN: 4 }, causal, problem, blocks)).toBe(wide);
    const longer = { ...problem, qLen: 2 * problem.qLen };
    expect(kernelBlocks({ blockM: 96, blockN: 4 }, causal, longer).qLen).toBe(longer.qLen);
    expect(kernelBlocks({ blockM: 96, blockN: 4 }, window(3), problem, blocks)).not.toEqual(wide);
  });

  it("is packed row by row, the full runs of each before the partial ones", () => {
    // Three rows of blocks: partial, full, partial; nothing; two full runs.
    const rows = { rowStart: Int32Array.of(0, 3, 3, 5), runs: Int32Array.of(0, 2, 0, 2, 5, 1, 6, 7, 0, 1, 2, 1, 4, 8, 1) };
    expect([...packRuns({ rows })]).toEqual([0, 1, 3, 3, 3, 5, 5, 2, 5, 1, 0, 2, 0, 6, 7, 0, 1, 2, 1, 4, 8, 1]);
  });

  it("skips three blocks in eight of a causal mask of eight blocks a side", () => {
    const mask = kernelBlocks(tile, causal, fillProblem({ qLen: 512, blockSize: [64, 64] }, 8));
    const present = Array.from(
      { length: mask.rows.runs.length / 3 },
      (_, i) => (mask.rows.runs[3 * i + 1] ?? 0) - (mask.rows.runs[3 * i] ?? 0),
    );
    expect(present.reduce((a, n) => a + n, 0)).toBe(36);
  });
});

describe("what the mods read", () => {
  it("goes into the plan's buffers: literals, and captures with an infinity made finite", () => {
    const table: Capture = { name: "table", dtype: "f32", shape: [3], data: Float32Array.of(1, Number.NEGATIVE_INFINITY, 3) };
    const variant = variantOf("table", { score: binary("add", variable("score"), load(table, [variable("h")])), captures: [table] });
    const plan = planned(planRow(variant, fillProblem({}, 3), LIMITS));
    const data = plan.buffers.find((b) => b.name === "captures_f32")?.data;
    expect(data && [...new Float32Array(data.buffer)]).toEqual([1, -(2 ** 126), 3]);
  });

  it("is nothing for plain attention", () => {
    expect(planned(planRow(noMods, fillProblem({}, 3), LIMITS)).buffers.map((b) => b.name)).toEqual([
      "q",
      "k",
      "v",
      "out",
      "lse",
      "params",
      "runs",
    ]);
  });
});
