/** Wishes over the choice of a kernel: what the user allows and asks for, what was tuned, and the reasons that come with it. */
import { describe, expect, it } from "vitest";
import { type KernelOptions, optionsText, readCallOptions, readOptions } from "../../../kernels/flash/kernelOptions.ts";
import { DEFAULT_LIMITS, type DeviceLimits, type Engine, type Plan, type Planned } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { candidatesFor, chooseForward, ENGINES, planEngine } from "../../../kernels/flash/select.ts";
import {
  deviceKey,
  findTuned,
  NO_TUNINGS,
  problemClass,
  readTunings,
  type Tuned,
  tunedFor,
  tunedText,
  withoutTuned,
  withTuned,
} from "../../../kernels/flash/tuned.ts";
import { askedOf } from "../../../kernels/flash/wishes.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { causal, noMods } from "../../support/variants.ts";

const gpu: DeviceLimits = { ...DEFAULT_LIMITS, subgroups: true };
const soft: DeviceLimits = { ...gpu, software: true };
const long = fillProblem({ qLen: 1024 }, 8);
const short = fillProblem({ qLen: 1, kvLen: 4096 }, 8);

const planOf = (planned: Planned): Plan => {
  if (planned.kind === "refused") throw new Error(planned.refusal.reason);
  return planned.plan;
};
const reasonOf = (planned: Planned): string => (planned.kind === "refused" ? planned.refusal.reason : "it runs");

describe("kernel options", () => {
  it.each<[Engine, KernelOptions, string, string]>([
    ["quad", { BLOCK_M: 32 }, "BLOCK_M = 32u", "32"],
    ["quad", { ROWS: 16 }, "BLOCK_M = 256u", "64"],
    ["quad", { ROWS: 4, WORKGROUP_SIZE: 32, BLOCK_N: 4 }, "BLOCK_M = 32u", "32"],
    ["quad", { BLOCK_M: 64, WORKGROUP_SIZE: 16 }, "BLOCK_M = 64u", "16"],
    ["row", { BLOCK_M: 64, ROWS: 2, BLOCK_N: 4 }, "BLOCK_N = 4u", "32"],
    ["row", { BLOCK_M: 96 }, "BLOCK_M = 96u", "96"],
    ["tile", { BLOCK_M: 32, BLOCK_N: 32, WORKGROUP_SIZE: 64 }, "BLOCK_M = 32u", "64"],
    ["tile", { BLOCK_N: 64, ROWS: 4, WORKGROUP_SIZE: 64 }, "BLOCK_N = 64u", "64"],
  ])("%s with %j has that tile in its text", (engine, options, declared, size) => {
    const { kernels } = planOf(planEngine(engine, causal, long, gpu, undefined, options));
    const [, tile] =
      /const (BLOCK_[MN] = \d+u);/.exec(kernels[0]?.wgsl.slice(kernels[0].wgsl.indexOf(`const ${declared.slice(0, 7)}`)) ?? "") ?? [];
    expect([tile, /@workgroup_size\((\d+)\)/.exec(kernels[0]?.wgsl ?? "")?.[1]]).toEqual([declared, size]);
  });

  it("give the engine's own tile where nothing is asked for", () => {
    for (const limits of [gpu, soft]) {
      for (const engine of ENGINES) {
        const problem = engine === "decode" ? short : long;
        expect(planEngine(engine, causal, problem, limits, undefined, {})).toEqual(planEngine(engine, causal, problem, limits));
      }
    }
  });

  it("split a short query's keys as they say", () => {
    const tiles = [2, 16].map((SPLIT_KV) => planOf(planEngine("decode", noMods, short, gpu, undefined, { SPLIT_KV })).tile);
    expect(tiles.map((tile) => /(\d+) splits/.exec(tile)?.[1])).toEqual(["2", "16"]);
  });

  it.each<[Engine, KernelOptions, string]>([
    ["quad", { BLOCK_N: 64 }, "BLOCK_N is 64; the quad kernel takes 4 keys a step"],
    ["quad", { BLOCK_M: 6, ROWS: 4 }, "WORKGROUP_SIZE is 6; quads need a multiple of 4"],
    ["quad", { BLOCK_M: 64, ROWS: 16, WORKGROUP_SIZE: 64 }, "BLOCK_M is 64, which 16 rows a quad and 64 invocations do not give"],
    ["quad", { ROWS: 12 }, "a quad would have 12 query rows; it can have 4, 8, 16 or 32 (ROWS)"],
    ["quad", { SPLIT_KV: 4 }, "`SPLIT_KV` (shares that a short query's keys are split into) is no option of the quad kernel"],
    ["quad", { WORKGROUP_SIZE: 1024 }, "a workgroup has 1024 invocations; the device allows 256"],
    ["row", { ROWS: 16 }, "a thread would have 16 query rows; it can have 1 to 8 (ROWS)"],
    ["row", { BLOCK_N: 16 }, "BLOCK_N is 16; the row kernel takes 1 to 8 keys a step"],
    ["tile", { BLOCK_M: 48 }, "BLOCK_M is 48; the tile kernel has 16, 32, 64, 128, 256"],
    ["tile", { BLOCK_M: 256, ROWS: 4 }, "no shape of the tile kernel has BLOCK_M=256, ROWS=4 at once"],
    ["tile", { BLOCK_M: 128, BLOCK_N: 128 }, "of workgroup memory, the device has 16 KiB"],
    ["tile", { SPLIT_KV: 2 }, "`SPLIT_KV` (shares that a short query's keys are split into) is no option of the tile kernel"],
    ["decode", { BLOCK_M: 64 }, "`BLOCK_M` (query rows of a workgroup) is no option of the decode kernel, which takes `SPLIT_KV`"],
    ["decode", { SPLIT_KV: 4096 }, "SPLIT_KV is 4096; the keys are split into 1024 shares at most"],
    ["materialized", { BLOCK_M: 64 }, "the materialised baseline has one tile; it does not take BLOCK_M=64"],
  ])("%s refuses %j with the reason", (engine, options, reason) => {
    const problem = engine === "decode" ? short : long;
    expect(reasonOf(planEngine(engine, causal, problem, gpu, undefined, options))).toContain(reason);
  });

  it("refuse what head dims leave no registers for, with the number that fits", () => {
    const wide = fillProblem({ qLen: 64, qkHeadDim: 256 }, 1);
    expect(reasonOf(planEngine("quad", causal, wide, gpu, undefined, { ROWS: 32 }))).toBe(
      "32 rows a quad are too many registers at head dim 256; 8 rows fit",
    );
    expect(reasonOf(planEngine("row", causal, wide, gpu, undefined, { ROWS: 4 }))).toContain("2 fit");
  });

  it("are read as PyTorch writes them: prefixes, and what has no meaning here", () => {
    const read = readOptions({ BLOCK_M: 64, fwd_BLOCK_M: 32, bwd_BLOCK_M1: 16, num_warps: 4, PRESCALE_QK: true, BLOCK_N: 0, FOO: 1 });
    expect(read.options).toEqual({ BLOCK_M: 32 });
    expect(read.told).toEqual([
      "`bwd_BLOCK_M1` is of the backward pass",
      "`num_warps` has no meaning here: WORKGROUP_SIZE gives the invocations of a workgroup here",
      "`PRESCALE_QK` has no meaning here: q is scaled before the product here in any case",
    ]);
    expect(read.faults).toEqual([
      "`BLOCK_N` is 0; it must be a whole number from 1 (keys of a step)",
      "`FOO` is no kernel option; there are BLOCK_M, BLOCK_N, ROWS, WORKGROUP_SIZE, SPLIT_KV",
    ]);
    expect(readOptions({ FORCE_USE_FLEX_ATTENTION: true }).engines).not.toContain("decode");
    expect(readOptions({ BACKEND: "TRITON_DECODE" }).engines).toEqual(["decode"]);
    expect(readOptions({ BACKEND: "CUDNN" }).faults).toEqual(['`BACKEND` is "CUDNN"; it is one of AUTO, TRITON, TRITON_DECODE, FLASH']);
    expect(optionsText({ SPLIT_KV: 8, BLOCK_M: 64 })).toBe("BLOCK_M=64, SPLIT_KV=8");
  });

  it.each(["constructor", "__proto__", "toString"])("a BACKEND or a name like `%s` is one that nobody knows", (word) => {
    expect(readOptions({ BACKEND: word })).toMatchObject({ engines: null, faults: [expect.stringContaining("it is one of AUTO")] });
    expect(readOptions(Object.fromEntries([[word, 1]]))).toMatchObject({
      told: [],
      faults: [expect.stringContaining("is no kernel option")],
    });
  });

  it("of a call and of a directive that leave no kernel together are left out, and it is said", () => {
    const hints = { kernelOptions: { FORCE_USE_FLEX_ATTENTION: true }, callKernelOptions: { BACKEND: "TRITON_DECODE" } };
    const { wishes, faults } = askedOf(hints);
    expect([wishes, faults]).toEqual([{ options: {} }, [expect.stringContaining("leave no kernel together")]]);
    expect(askedOf({ ...hints, kernel: ["row"] })).toMatchObject({ wishes: { engines: ["row"] }, faults: [] });
  });

  it("of a call are PyTorch's tiles: told, and not taken over", () => {
    const { engines, told } = readCallOptions({ BLOCK_M: 64, BLOCK_N: 64, FORCE_USE_FLEX_ATTENTION: true });
    expect(engines).not.toContain("decode");
    expect(told[0]).toMatch(/^`FORCE_USE_FLEX_ATTENTION` of the call is used: it leaves row, quad/);
    expect(told[1]).toMatch(/^`BLOCK_M`, `BLOCK_N` of the call are of PyTorch's kernel/);
  });
});

describe("the choice", () => {
  it("refuses bfloat16 with the reason: there is nothing to time", () => {
    const { plan, refusals } = chooseForward(causal, { ...long, rounding: "bf16" }, gpu);
    expect(plan).toBeNull();
    expect(refusals[0]?.reason).toMatch(/^WebGPU has no bfloat16, so there is nothing to run or time/);
  });

  it("keeps to the engines that are allowed, in the measured order", () => {
    const choose = (engines: readonly Engine[]) => chooseForward(causal, long, gpu, undefined, { engines });
    expect(choose(["row", "quad"])).toMatchObject({
      plan: { engine: "quad" },
      why: expect.stringMatching(/^the first that fits of row and quad in /),
    });
    expect(choose(["row"])).toMatchObject({ plan: { engine: "row" }, refusals: [], why: "it is the one that is asked for" });
    expect(choose(["materialized", "row"]).plan?.engine).toBe("row");
    expect(choose(["materialized"]).plan?.engine).toBe("materialized");
    const none = choose(["decode"]);
    expect(none.plan).toBeNull();
    expect(none.refusals.map((r) => r.engine)).toEqual(["decode"]);
  });

  it("passes to the next where a tile is refused, and says so", () => {
    const { plan, refusals, why } = chooseForward(causal, long, gpu, undefined, { options: { BLOCK_N: 2 } });
    expect([plan?.engine, refusals.map((r) => r.engine)]).toEqual(["row", ["tile", "quad"]]);
    expect(refusals[0]?.reason).toBe("BLOCK_N is 2; the tile kernel has 16, 32, 64, 128");
    expect(why).toBe("the first that fits in the order of published designs (no GPU has been measured yet), with BLOCK_N=2");
  });

  const blocks = buildBlockMask(causal.maskMod?.body ?? null, { batch: 1, heads: 8, qLen: 1024, kvLen: 1024 }, long.blockSize);
  const tuned: Tuned = {
    device: deviceKey("a GPU", gpu),
    problemClass: problemClass(causal, long, blocks),
    engine: "row",
    options: { ROWS: 2, BLOCK_N: 4 },
    tile: "a tile",
    speedUp: 1.21,
    candidates: 9,
    measuredAt: Date.UTC(2026, 10, 21, 12),
  };

  it("takes what was tuned, and says so with its date", () => {
    const choice = chooseForward(causal, long, gpu, blocks, { tuned });
    expect(choice.plan?.kernels[0]?.wgsl).toContain("BLOCK_N = 4u");
    expect(choice.why).toBe("tuned on this device on 2026-11-21: the fastest of 9, 1.21 × the default");
    expect(tunedText({ ...tuned, speedUp: 1 })).toContain("none of 9 beats the default by more than chance");
    expect(tunedText({ ...tuned, speedUp: null })).toContain("the fastest of 9, as the default is wrong or breaks here");
    expect(readTunings({ version: 1, tuned: [{ ...tuned, speedUp: null }] }).tuned[0]?.speedUp).toBeNull();
  });

  it("leaves what was tuned where the user asks for something else, or where it cannot run any more", () => {
    const engineWith = (wishes: Parameters<typeof chooseForward>[4]) => chooseForward(causal, long, gpu, blocks, wishes).plan?.engine;
    expect(engineWith({ tuned, engines: ["quad"] })).toBe("quad");
    expect(engineWith({ tuned, options: { ROWS: 16 } })).toBe("quad");
    expect(chooseForward(causal, long, gpu, blocks, { tuned, options: { ROWS: 16 } }).why).toMatch(/, which stands before what was tuned$/);
    const unfit = chooseForward(causal, long, gpu, blocks, { tuned: { ...tuned, options: { ROWS: 64 } } });
    expect(unfit.plan?.engine).toBe("tile");
    expect(unfit.why).toMatch(
      /^the first that fits .*, as the row kernel that was tuned cannot run here: a thread would have 64 query rows; /,
    );
  });

  it("is remembered by device and class, the last winner of each", () => {
    const kept = withTuned(withTuned(NO_TUNINGS, tuned), { ...tuned, speedUp: 2 });
    expect(kept.tuned).toHaveLength(1);
    expect(findTuned(kept, tuned.device, tuned.problemClass)?.speedUp).toBe(2);
    expect(findTuned(kept, "another", tuned.problemClass)).toBeNull();
    expect(withoutTuned(kept, tuned.device, tuned.problemClass)).toEqual(NO_TUNINGS);
    expect(deviceKey("a GPU", gpu)).not.toBe(deviceKey("a GPU", { ...gpu, subgroups: false }));
  });

  it("is the winner of the families that are allowed: what was the fastest of some is no winner of all", () => {
    const of = (engines?: readonly Engine[]): Tuned => ({ ...tuned, problemClass: problemClass(causal, long, blocks, engines) });
    const found = (kept: readonly Tuned[], engines?: readonly Engine[]) =>
      tunedFor(readTunings({ version: 1, tuned: kept }), tuned.device, causal, long, blocks, engines);
    const ofRow = { ...of(["row"]), options: { ROWS: 1 } };
    expect(found([ofRow])).toBeNull();
    expect(found([ofRow], ["row"])).toEqual(ofRow);
    expect(found([ofRow, of()])).toEqual(of());
    expect(found([of()], ["quad", "row"])).toEqual(of());
    expect(found([of()], ["quad"])).toBeNull();
    expect(of(["row", "quad"]).problemClass).toBe(of(["quad", "row"]).problemClass);
  });

  it("is one class for near lengths, and another for other masks, dims and groups", () => {
    const of = (variant: typeof causal, hints: Parameters<typeof fillProblem>[0]): string => {
      const p = fillProblem(hints, 8);
      const shape = { batch: p.batch, heads: p.qHeads, qLen: p.qLen, kvLen: p.kvLen };
      return problemClass(variant, p, buildBlockMask(variant.maskMod?.body ?? null, shape, p.blockSize));
    };
    const usual = of(causal, { qLen: 1024 });
    expect(of(causal, { qLen: 1500 })).toBe(usual);
    const others = [
      of(noMods, { qLen: 1024 }),
      ...[{ qLen: 4096 }, { qLen: 1024, qkHeadDim: 128 }, { qLen: 1024, kvHeads: 2 }].map((h) => of(causal, h)),
    ];
    expect(new Set([usual, ...others, problemClass(causal, { ...long, layout: "BSHD" }, blocks)]).size).toBe(6);
  });

  it.each([
    ["nothing", null],
    ["a text", "tunings"],
    ["another version", { version: 0, tuned: [tuned] }],
    ["an entry of another shape", { version: 1, tuned: [{ ...tuned, engine: "warp" }, { ...tuned, options: { ROWS: "2" } }, 3, null] }],
    ["a time that is none", { version: 1, tuned: [{ ...tuned, measuredAt: 1e300 }] }],
  ])("reads %s as no tuning", (_, kept) => expect(readTunings(kept)).toEqual(NO_TUNINGS));

  it("reads what it wrote, without options that it does not know", () => {
    const kept = withTuned(NO_TUNINGS, tuned);
    expect(readTunings(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
    expect(readTunings({ version: 1, tuned: [{ ...tuned, options: { ROWS: 2, OTHER: 1 } }] }).tuned[0]?.options).toEqual({ ROWS: 2 });
  });
});

describe("the candidates", () => {
  it.each([
    ["a GPU", gpu, long],
    ["a software adapter", soft, long],
    ["a short query", soft, short],
    ["wide heads", gpu, fillProblem({ qLen: 256, qkHeadDim: 200, vHeadDim: 256 }, 2)],
    ["a device without subgroups", { ...soft, subgroups: false }, long],
  ])("of %s begin with the default, are all legal and all different", (_, limits, problem) => {
    const all = candidatesFor(causal, problem, limits);
    expect(all[0]?.plan.kernels[0]?.wgsl).toBe(chooseForward(causal, problem, limits).plan?.kernels[0]?.wgsl);
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(all.length).toBeLessThanOrEqual(24);
    const texts = all.map(({ engine, plan }) => [engine, plan.tile, plan.kernels.map((k) => k.wgsl).join("\n")].join("\n"));
    expect(new Set(texts).size).toBe(all.length);
  });

  it("hold the tile kernel in many shapes on GPUs, and in its own alone on software adapters, where none is worth the time", () => {
    const tiles = (limits: DeviceLimits) => candidatesFor(causal, long, limits, undefined, { engines: ["tile"] }).map((c) => c.plan.tile);
    expect(tiles(soft)).toHaveLength(1);
    const onGpu = tiles({ ...gpu, maxComputeWorkgroupStorageSize: 32_768 });
    expect(onGpu.length).toBeGreaterThanOrEqual(7);
    for (const words of ["4 × 4 scores a thread", "8 × 8 scores a thread", "64 rows × 64 keys"]) expect(onGpu.join("\n")).toContain(words);
  });

  it("keep to the engines that are allowed, and begin with the default whatever tile the text asks for", () => {
    const wishes = { engines: ["row", "quad"] as const, options: { BLOCK_N: 2 } };
    expect(candidatesFor(causal, long, gpu, undefined, wishes)[0]).toMatchObject({ engine: "quad", options: {} });
    expect(new Set(candidatesFor(causal, long, gpu, undefined, { engines: ["row"] }).map((c) => c.engine))).toEqual(new Set(["row"]));
  });
});

describe("what a text says of the kernel", () => {
  const HEAD = "import torch\nfrom torch.nn.attention.flex_attention import flex_attention\n";
  const MOD = "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";
  const said = (text: string) => {
    const module = lowerModule([{ file: "m.py", text: HEAD + text }]);
    const { kernel, kernelOptions, callKernelOptions } = module.variants[0]?.problem ?? {};
    return { kernel, kernelOptions, callKernelOptions, codes: module.diagnostics.map((d) => d.code) };
  };

  it.each([
    ["a family", '# flexlens: kernel="row"\n', { kernel: ["row"] }],
    ["families", '# flexlens: kernel=("row", "quad")\n', { kernel: ["row", "quad"] }],
    ["options", '# flexlens: kernel_options={"BLOCK_M": 64, "PRESCALE_QK": True}\n', { kernelOptions: { BLOCK_M: 64, PRESCALE_QK: true } }],
    ["the head of the file", '# flexlens: kernel="row"\n\nimport math\n\n', { kernel: ["row"] }],
  ])("%s: as a hint, without a diagnostic", (_, directive, hints) => {
    expect(said(directive + MOD)).toEqual({
      kernel: undefined,
      kernelOptions: undefined,
      callKernelOptions: undefined,
      codes: [],
      ...hints,
    });
  });

  it("leaves a capture of the name `kernel` alone", () => {
    const { kernel, codes } = said("# flexlens: kernel=3\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < kernel\n");
    expect([kernel, codes]).toEqual([undefined, []]);
  });

  it("marks a value that nobody can read", () => {
    expect(said(`# flexlens: kernel_options={"BLOCK_M": BLOCK}\n${MOD}`).codes).toEqual(["directive-value"]);
    expect(said(`# flexlens: kernel="qaud"\n${MOD}`).codes).toEqual(["directive-value"]);
  });

  it("reads the options of the call that the mod is given to", () => {
    const call =
      'def score(score, b, h, q, k):\n    return score * 2\nq = torch.randn(1, 8, 256, 64)\nflex_attention(q, q, q, score_mod=score, kernel_options={"BLOCK_M": 64, "FORCE_USE_FLEX_ATTENTION": True})\n';
    expect(said(call).callKernelOptions).toEqual({ BLOCK_M: 64, FORCE_USE_FLEX_ATTENTION: true });
  });
});
