/**
 * The page side of the kernel benchmark: opens a fresh device, makes the contestants on it (new pipelines, new buffers),
 * times runs with a drained queue, and compares outputs with the reference. Driven by kernels.mjs through `window.bench`.
 */
import { checkForward } from "../../kernels/flash/check.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { dataBuffer, type Engine, type KernelPlan, type Plan, packParams, tensorBuffers } from "../../kernels/flash/plan.ts";
import { denseFlops, fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { type Reference, referenceForward } from "../../kernels/flash/reference.ts";
import { planEngine } from "../../kernels/flash/select.ts";
import type { ProblemHints, Variant } from "../../kernels/ir/mod.ts";
import { readFloats } from "../../kernels/runtime/buffers.ts";
import { type DeviceHandle, openDevice } from "../../kernels/runtime/device.ts";
import { execute, type Prepared, prepare } from "../../kernels/runtime/execute.ts";
import { upload } from "../../kernels/runtime/forward.ts";
import { causal, noMods } from "../support/variants.ts";
import { NAIVE_KERNELS } from "./naive.ts";

interface Contestant {
  readonly variant: Variant;
  readonly engine: Engine | "naive";
  /** Sizes of its own; default: 8 heads of 64 at the run's length. */
  readonly hints?: ProblemHints;
}

/** One query against a long cache, eight heads on one key head. */
const DECODE: ProblemHints = { qLen: 1, kvLen: 8192, qHeads: 8, kvHeads: 1, qkHeadDim: 64 };

const CONTESTANTS: Readonly<Record<string, Contestant>> = {
  naive: { variant: noMods, engine: "naive" },
  materialized: { variant: noMods, engine: "materialized" },
  "fused dense": { variant: noMods, engine: "quad" },
  "fused causal": { variant: causal, engine: "quad" },
  "fused dense, row kernel": { variant: noMods, engine: "row" },
  "one query": { variant: noMods, engine: "decode", hints: DECODE },
  "one query, quad kernel": { variant: noMods, engine: "quad", hints: DECODE },
  "one query, row kernel": { variant: noMods, engine: "row", hints: DECODE },
  "one query, materialized": { variant: noMods, engine: "materialized", hints: DECODE },
};

const ROWS = [0, 1, 17, 255, 511, 512, 700, 1022, 1023];

let gpu: DeviceHandle | null = null;
const made = new Map<string, Prepared>();
const references = new Map<string, Reference>();

/** The three textbook kernels as a plan. */
function naivePlan(problem: Problem): Plan {
  const s = problem.qLen;
  const params = packParams([
    [
      { name: "S", type: "u32", value: s },
      { name: "scale", type: "f32", value: problem.scale },
      { name: "maxb", type: "u32", value: 0 },
      { name: "pad", type: "u32", value: 0 },
    ],
  ]);
  const kernel = (
    i: 0 | 1 | 2,
    pass: KernelPlan["pass"],
    bindings: KernelPlan["bindings"],
    grid: readonly [number, number, number],
  ): KernelPlan => ({
    pass,
    name: `naive ${pass}`,
    wgsl: NAIVE_KERNELS[i],
    bindings,
    workgroups: grid,
    slices: [{ workgroups: grid, paramsOffset: 0 }],
  });
  const read = (name: string, buffer: string) => ({ name, kind: "storage-read", buffer }) as const;
  const write = (name: string, buffer: string) => ({ name, kind: "storage-write", buffer }) as const;
  const par = { name: "P", kind: "uniform", buffer: "params" } as const;
  return {
    engine: "materialized",
    tile: "one output a thread",
    problem,
    kernels: [
      kernel(0, "scores", [read("Q", "q"), read("K", "k"), write("Sc", "scores"), par], [s / 8, s / 8, problem.qHeads]),
      kernel(1, "softmax", [write("Sc", "scores"), par], [s, problem.qHeads, 1]),
      kernel(2, "output", [read("Sc", "scores"), read("V", "v"), write("O", "out"), par], [1, s / 4, problem.qHeads]),
    ],
    buffers: [
      ...tensorBuffers(problem),
      { name: "scores", byteLength: 4 * problem.qHeads * s * s, role: "scratch", usage: "storage", data: null },
      dataBuffer("params", "uniform", params),
    ],
    notes: [],
  };
}

function open(): DeviceHandle {
  if (gpu === null) throw new Error("open the device first");
  return gpu;
}

function get(name: string): Prepared {
  const prepared = made.get(name);
  if (prepared === undefined) throw new Error(`make ${name} first`);
  return prepared;
}

const bench = {
  contestants: Object.keys(CONTESTANTS),
  /** A new device; the adapter's name. */
  async open(): Promise<string> {
    gpu = await openDevice(navigator.gpu);
    return gpu.info.name;
  },
  /** Compiles, uploads, runs once: ms. */
  async make(name: string, qLen: number): Promise<number> {
    const contestant = CONTESTANTS[name];
    if (contestant === undefined) throw new Error(`there is no contestant ${name}`);
    const problem = fillProblem(contestant.hints ?? { qLen, qkHeadDim: 64 }, 8);
    const inputs = seededInputs(problem);
    let plan: Plan;
    if (contestant.engine === "naive") plan = naivePlan(problem);
    else {
      const planned = planEngine(contestant.engine, contestant.variant, problem, open().limits);
      if (planned.kind === "refused") throw new Error(planned.refusal.reason);
      plan = planned.plan;
    }
    const from = performance.now();
    const prepared = await prepare(open(), plan);
    made.set(name, prepared);
    upload(open(), prepared.buffers, problem, inputs);
    await execute(open(), prepared);
    return performance.now() - from;
  },
  /** FLOPs of its whole matrix. */
  flops: (name: string): number => denseFlops(get(name).plan.problem),
  /** Milliseconds a run, over `repeats` in one submission. */
  async time(name: string, repeats: number): Promise<number> {
    const from = performance.now();
    await execute(open(), get(name), { repeats });
    return (performance.now() - from) / repeats;
  },
  /** Largest absolute error of the output on some rows of every head; throws beyond the tolerance. */
  async check(name: string): Promise<number> {
    const { plan, buffers } = get(name);
    const p = plan.problem;
    const variant = CONTESTANTS[name]?.variant ?? noMods;
    const key = `${variant.name} ${JSON.stringify(p)}`;
    let reference = references.get(key);
    if (reference === undefined) {
      const rows = Array.from({ length: p.qHeads }, (_, h) => ROWS.filter((q) => q < p.qLen).map((q) => ({ b: 0, h, q }))).flat();
      reference = { ...referenceForward(variant, p, seededInputs(p), rows), allRows: false };
      references.set(key, reference);
    }
    const out = await readFloats(open().device, buffers.get("out"), p.qHeads * p.qLen * p.vHeadDim);
    // The textbook kernels have no lse: the reference's own stands in, and only the output is compared.
    const lse = new Float64Array(p.qHeads * p.qLen);
    reference.rows.forEach((row, i) => {
      lse[row.h * p.qLen + row.q] = reference.lse[i] ?? 0;
    });
    const check = checkForward({ out, lse }, reference, p);
    if (!check.passed) throw new Error(`${name} is wrong: ${JSON.stringify(check)}`);
    return check.maxAbs;
  },
  close(): void {
    for (const prepared of made.values()) prepared.destroy();
    made.clear();
    gpu?.destroy();
    gpu = null;
  },
};

declare global {
  interface Window {
    bench: typeof bench;
  }
}

window.bench = bench;
