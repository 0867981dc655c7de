/**
 * Which kernel for which problem on which device. Every family that exists is asked in the order of `enginesFor`; the
 * first that can run is the choice, and each that cannot says why, with the number that would fit. The order is measured
 * (docs/benchmarks.md): the quad kernel is about twice as fast as the row kernel wherever it was run, and the decode
 * kernel is ahead of both while the queries are few.
 */
import type { Variant } from "../ir/mod.ts";
import type { BlockMask } from "../mask/blockMask.ts";
import { planDecode, shortQuery } from "./forward/decode.ts";
import { planQuad } from "./forward/quad.ts";
import { planRow } from "./forward/row.ts";
import { planMaterialized } from "./materialized.ts";
import type { DeviceLimits, Engine, Plan, Planned, Refusal } from "./plan.ts";
import type { Problem } from "./problem.ts";

type Planner = (variant: Variant, problem: Problem, limits: DeviceLimits, blocks?: BlockMask) => Planned;

const FUSED: ReadonlyMap<Engine, Planner> = new Map<Engine, Planner>([
  ["quad", planQuad],
  ["row", planRow],
  ["decode", (variant, problem, limits) => planDecode(variant, problem, limits)],
]);

/** The fused families, best first for a problem of many queries. */
export const FUSED_ENGINES: readonly Engine[] = [...FUSED.keys()];

/** As FUSED_ENGINES, for a short query. */
const FOR_SHORT_QUERIES: readonly Engine[] = ["decode", ...FUSED_ENGINES.filter((engine) => engine !== "decode")];

/** The baseline's name. */
export const BASELINE: Engine = "materialized";

/** Every engine that exists. */
export const ENGINES: readonly Engine[] = [...FUSED_ENGINES, BASELINE];

/** Every engine in the order in which they are asked about the problem: the fused ones, best first, then the baseline. */
export const enginesFor = (problem: Pick<Problem, "qLen">, limits: Pick<DeviceLimits, "subgroups">): readonly Engine[] =>
  problem.qLen <= shortQuery(limits) ? [...FOR_SHORT_QUERIES, BASELINE] : ENGINES;

/** What runs, and what does not with the reason. */
export interface Choice {
  /** null: no fused kernel can run; the refusals say why. */
  readonly plan: Plan | null;
  /** Families that were asked before the chosen one and refused. */
  readonly refusals: readonly Refusal[];
}

/** Plans one engine. `blocks` is the block mask at the problem's BLOCK_SIZE, if the caller has it. */
export function planEngine(engine: Engine, variant: Variant, problem: Problem, limits: DeviceLimits, blocks?: BlockMask): Planned {
  const wrong = shapeRefusal(problem);
  if (wrong !== null) return { kind: "refused", refusal: { engine, reason: wrong } };
  if (engine === BASELINE) return planMaterialized(variant, problem, limits);
  const planner = FUSED.get(engine);
  if (planner === undefined) return { kind: "refused", refusal: { engine, reason: `there is no ${engine} kernel yet` } };
  return planner(variant, problem, limits, blocks);
}

/** Plans the best fused forward kernel that the device can run. */
export function chooseForward(variant: Variant, problem: Problem, limits: DeviceLimits, blocks?: BlockMask): Choice {
  const refusals: Refusal[] = [];
  for (const engine of enginesFor(problem, limits)) {
    if (engine === BASELINE) continue;
    const planned = planEngine(engine, variant, problem, limits, blocks);
    if (planned.kind === "plan") return { plan: planned.plan, refusals };
    refusals.push(planned.refusal);
  }
  return { plan: null, refusals };
}

/** What is wrong with the sizes themselves, whatever the engine; null if nothing is. */
export function shapeRefusal(p: Problem): string | null {
  const sizes = { B: p.batch, H: p.qHeads, HKV: p.kvHeads, Q_LEN: p.qLen, KV_LEN: p.kvLen, D: p.qkHeadDim, DV: p.vHeadDim };
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) return `${name} is ${size}; it must be a whole number of at least 1`;
  }
  if (p.blockSize.some((n) => !Number.isInteger(n) || n < 1)) {
    return `BLOCK_SIZE is ${p.blockSize.join(", ")}; it must be whole numbers of at least 1`;
  }
  if (p.qHeads % p.kvHeads !== 0) return `H (${p.qHeads}) is no multiple of HKV (${p.kvHeads})`;
  const most = 256;
  if (Math.max(p.qkHeadDim, p.vHeadDim) > most)
    return `the head dim is ${Math.max(p.qkHeadDim, p.vHeadDim)}; these kernels hold up to ${most} in registers`;
  return null;
}
