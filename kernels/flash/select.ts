/**
 * Which kernel for which problem on which device. Every family that exists is asked in the order of `enginesFor`; the
 * first that can run is the choice, and each that cannot says why, with the number that would fit. On software adapters
 * the order is measured (docs/benchmarks.md): the quad kernel is about twice as fast as the row kernel wherever it was
 * run, the decode kernel is ahead of both while the queries are few, the small kernel of all three up to 64 queries and
 * keys, and the tile kernel, which lives on fast workgroup memory, behind. On GPUs the tile kernel stands first for long
 * sequences, as published kernels are built like it, and the matrix kernel before it where tensors are float16 and the
 * device has matrix units; none has been measured, and the choice says so. Wishes come before the order: what the user
 * allows and asks for (as PyTorch's `sdpa_kernel` and `kernel_options`), then what was measured fastest on this device
 * (tuned.ts).
 */
import type { Variant } from "../ir/mod.ts";
import type { BlockMask } from "../mask/blockMask.ts";
import { planDecode, shortQuery } from "./forward/decode.ts";
import { planMatrix } from "./forward/matrix.ts";
import { planQuad } from "./forward/quad.ts";
import { planRow } from "./forward/row.ts";
import { isSmall, planSmall } from "./forward/small.ts";
import { planTile } from "./forward/tile.ts";
import { type KernelOptions, optionsText } from "./kernelOptions.ts";
import { planMaterialized } from "./materialized.ts";
import type { DeviceLimits, Engine, Plan, Planned, Refusal } from "./plan.ts";
import type { Problem } from "./problem.ts";
import {
  decodeCandidates,
  isAsked,
  quadCandidates,
  type Resolved,
  resolveDecode,
  resolveQuad,
  resolveRow,
  resolveTile,
  rowCandidates,
  tileTrials,
} from "./tiles.ts";
import { type Tuned, tunedText } from "./tuned.ts";

/** A fused family. */
interface Family {
  /** `options` may be empty: the family's own tile. */
  readonly plan: (
    variant: Variant,
    problem: Problem,
    limits: DeviceLimits,
    blocks: BlockMask | undefined,
    options: KernelOptions,
  ) => Planned;
  /** Tiles that are worth a try beside its own. */
  readonly candidates: (problem: Problem, limits: DeviceLimits) => readonly KernelOptions[];
}

const FUSED: ReadonlyMap<Engine, Family> = new Map<Engine, Family>([
  [
    "quad",
    {
      plan: (variant, problem, limits, blocks, options) =>
        withTile("quad", resolveQuad(options, problem, limits), (tile) => planQuad(variant, problem, limits, blocks, tile)),
      candidates: quadCandidates,
    },
  ],
  [
    "row",
    {
      plan: (variant, problem, limits, blocks, options) =>
        withTile("row", resolveRow(options, problem, limits), (tile) => planRow(variant, problem, limits, blocks, tile)),
      candidates: rowCandidates,
    },
  ],
  [
    "tile",
    {
      plan: (variant, problem, limits, blocks, options) =>
        withTile("tile", resolveTile(options, problem, limits), (shape) => planTile(variant, problem, limits, blocks, shape)),
      candidates: tileTrials,
    },
  ],
  [
    "decode",
    {
      plan: (variant, problem, limits, _, options) => {
        if (!isAsked(options)) return planDecode(variant, problem, limits);
        return withTile("decode", resolveDecode(options, problem, limits), (tile) => planDecode(variant, problem, limits, tile));
      },
      candidates: decodeCandidates,
    },
  ],
  [
    "small",
    {
      plan: (variant, problem, limits, _, options) => {
        if (!isAsked(options)) return planSmall(variant, problem, limits);
        const reason = `the small kernel's tile follows from the lengths; it does not take ${optionsText(options)}`;
        return { kind: "refused", refusal: { engine: "small", reason } };
      },
      candidates: () => [],
    },
  ],
  [
    "matrix",
    {
      plan: (variant, problem, limits, blocks, options) => {
        if (!isAsked(options)) return planMatrix(variant, problem, limits, blocks);
        const reason = `the matrix kernel's tile follows from the device's matrices; it does not take ${optionsText(options)}`;
        return { kind: "refused", refusal: { engine: "matrix", reason } };
      },
      candidates: () => [],
    },
  ],
]);

function withTile<T>(engine: Engine, resolved: Resolved<T>, plan: (tile: T) => Planned): Planned {
  return "reason" in resolved ? { kind: "refused", refusal: { engine, reason: resolved.reason } } : plan(resolved.tile);
}

/** The fused families, best first for many queries on software adapters; `enginesFor` has the order of a problem and device. */
export const FUSED_ENGINES: readonly Engine[] = [...FUSED.keys()];

/** FUSED_ENGINES with one of them in front. */
const first = (engine: Engine, engines = FUSED_ENGINES): readonly Engine[] => [engine, ...engines.filter((other) => other !== engine)];

/** The baseline's name. */
export const BASELINE: Engine = "materialized";

/** Every engine that exists. */
export const ENGINES: readonly Engine[] = [...FUSED_ENGINES, BASELINE];

/** Every engine in the order in which they are asked about the problem: the fused ones, best first, then the baseline. */
export function enginesFor(
  problem: Pick<Problem, "qLen" | "kvLen" | "storage">,
  limits: Pick<DeviceLimits, "subgroups" | "software" | "subgroupMatrices">,
): readonly Engine[] {
  const hasMatrices = problem.storage === "f16" && limits.subgroupMatrices !== null;
  const onGpu = hasMatrices ? first("matrix", first("tile")) : first("tile");
  const many = limits.software ? FUSED_ENGINES : onGpu;
  const asked = problem.qLen <= shortQuery(limits) ? first("decode", many) : many;
  return [...(isSmall(problem) ? first("small", asked) : asked), BASELINE];
}

/** What that order rests on, in words. */
export const orderName = (limits: Pick<DeviceLimits, "software">): string =>
  limits.software ? "the order of measured speed" : "the order of published designs (no GPU has been measured yet)";

/** What is asked of the choice. */
export interface Wishes {
  /** Families that are allowed, as `sdpa_kernel` has them; absent: all. The baseline runs only where it is named here. */
  readonly engines?: readonly Engine[];
  /** The tile that is asked for; families that cannot have it refuse. */
  readonly options?: KernelOptions;
  /** What was measured fastest for this device and problem class; null: nothing was. */
  readonly tuned?: Tuned | null;
}

/** What runs, and what does not with the reason. */
export interface Choice {
  /** null: no kernel that is allowed can run; the refusals say why. */
  readonly plan: Plan | null;
  /** Families that were asked before the chosen one and refused. */
  readonly refusals: readonly Refusal[];
  /** Why it is this one, in words. */
  readonly why: string;
}

/** Whether a family may run: all fused ones where none is named, else those that are. */
export const isAllowed = (engine: Engine, { engines }: Pick<Wishes, "engines">): boolean =>
  engines === undefined ? engine !== BASELINE : engines.includes(engine);

/**
 * Plans one engine. `blocks` is the block mask at the problem's BLOCK_SIZE, if the caller has it; `options` the tile, if
 * it is not the engine's own.
 */
export function planEngine(
  engine: Engine,
  variant: Variant,
  problem: Problem,
  limits: DeviceLimits,
  blocks?: BlockMask,
  options: KernelOptions = {},
): Planned {
  const refused = (reason: string): Planned => ({ kind: "refused", refusal: { engine, reason } });
  const wrong = shapeRefusal(problem);
  if (wrong !== null) return refused(wrong);
  if (engine === BASELINE) {
    return isAsked(options)
      ? refused(`the materialised baseline has one tile; it does not take ${optionsText(options)}`)
      : planMaterialized(variant, problem, limits);
  }
  const family = FUSED.get(engine);
  if (family === undefined) return refused(`there is no ${engine} kernel yet`);
  return family.plan(variant, problem, limits, blocks, options);
}

/** Plans the best forward kernel that the device can run and the wishes allow: a fused one, unless only the baseline is. */
export function chooseForward(variant: Variant, problem: Problem, limits: DeviceLimits, blocks?: BlockMask, wishes: Wishes = {}): Choice {
  const { engines, options = {}, tuned = null } = wishes;
  const refusals: Refusal[] = [];
  let whyNotTuned: string | null = null;
  // What the user asks for was not what was tuned.
  if (tuned !== null && !isAsked(options) && isAllowed(tuned.engine, wishes)) {
    const planned = planEngine(tuned.engine, variant, problem, limits, blocks, tuned.options);
    if (planned.kind === "plan") return { plan: planned.plan, refusals, why: tunedText(tuned) };
    whyNotTuned = planned.refusal.reason;
  }
  for (const engine of enginesFor(problem, limits)) {
    if (!isAllowed(engine, wishes)) continue;
    const planned = planEngine(engine, variant, problem, limits, blocks, options);
    if (planned.kind === "plan") return { plan: planned.plan, refusals, why: whyOf(wishes, limits, whyNotTuned) };
    refusals.push(planned.refusal);
  }
  for (const engine of engines ?? []) {
    if (!ENGINES.includes(engine)) refusals.push({ engine, reason: `there is no ${engine} kernel yet` });
  }
  return { plan: null, refusals, why: "" };
}

/** `whyNotTuned`: the tuned kernel was asked first, and this is why it cannot run. */
function whyOf({ engines, options = {}, tuned = null }: Wishes, limits: DeviceLimits, whyNotTuned: string | null): string {
  const which =
    engines?.length === 1
      ? "it is the one that is asked for"
      : `the first that fits${engines === undefined ? "" : ` of ${engines.join(" and ")}`} in ${orderName(limits)}`;
  const tile = isAsked(options) ? [`with ${optionsText(options)}`] : [];
  const untaken = tuned !== null && isAsked(options) ? ["which stands before what was tuned"] : [];
  const unfit =
    tuned !== null && whyNotTuned !== null ? [`as the ${tuned.engine} kernel that was tuned cannot run here: ${whyNotTuned}`] : [];
  return [which, ...tile, ...untaken, ...unfit].join(", ");
}

/** One thing to try: an engine with a tile. */
export interface Candidate {
  readonly engine: Engine;
  readonly options: KernelOptions;
  readonly plan: Plan;
}

/**
 * What the autotuner tries, all of it legal here: what `chooseForward` takes by itself comes first, then every tile that
 * is worth it of every family that is allowed. Two ways to the same text and grid count once.
 */
export function candidatesFor(
  variant: Variant,
  problem: Problem,
  limits: DeviceLimits,
  blocks?: BlockMask,
  { engines }: Pick<Wishes, "engines"> = {},
): Candidate[] {
  const found = new Map<string, Candidate>();
  const add = (engine: Engine, options: KernelOptions): void => {
    const planned = planEngine(engine, variant, problem, limits, blocks, options);
    if (planned.kind === "refused") return;
    const { plan } = planned;
    const id = [engine, plan.tile, ...plan.kernels.map((k) => k.wgsl)].join("\n");
    if (!found.has(id)) found.set(id, { engine, options, plan });
  };
  const { plan } = chooseForward(variant, problem, limits, blocks, engines === undefined ? {} : { engines });
  if (plan !== null) add(plan.engine, {});
  for (const engine of enginesFor(problem, limits)) {
    const family = FUSED.get(engine);
    if (family === undefined || engines?.includes(engine) === false) continue;
    // Beside quads the row kernel is half as fast on software adapters in any tile, and each takes seconds to compile.
    const isBehind = engine === "row" && limits.software && limits.subgroups && engines === undefined;
    for (const options of isBehind ? [{}] : [{}, ...family.candidates(problem, limits)]) add(engine, options);
  }
  return [...found.values()];
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
  if (p.rounding !== undefined)
    return "WebGPU has no bfloat16, so there is nothing to run or time; study its error, or store float16 or float32";
  if (p.qHeads % p.kvHeads !== 0) return `H (${p.qHeads}) is no multiple of HKV (${p.kvHeads})`;
  const most = 256;
  if (Math.max(p.qkHeadDim, p.vHeadDim) > most)
    return `the head dim is ${Math.max(p.qkHeadDim, p.vHeadDim)}; these kernels hold up to ${most} in registers`;
  return null;
}
