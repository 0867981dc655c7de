/** Our kernels as contestants: an engine by name or the one that is chosen, the textbook kernels, a mask run dense. */
import type { seededInputs } from "../../kernels/flash/inputs.ts";
import { type Engine, type Plan, unpackRows } from "../../kernels/flash/plan.ts";
import type { Problem } from "../../kernels/flash/problem.ts";
import { chooseForward, planEngine } from "../../kernels/flash/select.ts";
import type { Tuned } from "../../kernels/flash/tuned.ts";
import { findVariant, lowerModule } from "../../kernels/frontend/lower.ts";
import type { Variant } from "../../kernels/ir/mod.ts";
import { type BlockMask, countBlocks } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";
import { autotune } from "../../kernels/runtime/autotune.ts";
import { readFloats } from "../../kernels/runtime/buffers.ts";
import type { DeviceHandle } from "../../kernels/runtime/device.ts";
import { execute, prepare } from "../../kernels/runtime/execute.ts";
import { upload } from "../../kernels/runtime/forward.ts";
import { noMods } from "../support/variants.ts";
import mods from "./kernelMods.py";
import { naivePlan } from "./naive.ts";
import type { Contestant, Running } from "./stage.ts";

/** The variants of kernelMods.py by name; `none` is plain attention. `lengths` are the documents'. */
export function benchVariants(values: { readonly lengths?: readonly number[]; readonly window?: number } = {}): (name: string) => Variant {
  const text = `LENGTHS = ${JSON.stringify(values.lengths ?? [1])}\nWINDOW = ${values.window ?? 256}\n${mods}`;
  const module = lowerModule([{ file: "kernelMods.py", text }]);
  return (name) => {
    if (name === "none") return noMods;
    const found = findVariant(module, name);
    if (found === null) throw new Error(`${name} is not read: ${module.diagnostics.map((d) => d.message).join("; ")}`);
    return found;
  };
}

/** A contestant that runs what `plan` gives for the problem. */
export function planned(gpu: DeviceHandle, variant: Variant, problem: Problem, plan: () => Plan): Contestant {
  const make = async (inputs: ReturnType<typeof seededInputs>): Promise<Running> => {
    const made = plan();
    const prepared = await prepare(gpu, made);
    upload(gpu, prepared.buffers, problem, inputs);
    const rows = problem.batch * problem.qHeads * problem.qLen;
    return {
      run: (repeats) => execute(gpu, prepared, { repeats }),
      output: async () =>
        unpackRows(await readFloats(gpu.device, prepared.buffers.get("out"), rows * 4 * Math.ceil(problem.vHeadDim / 4)), problem.vHeadDim),
      about: `${made.engine}: ${made.tile}`,
    };
  };
  return { variant, problem, make };
}

/** What the program itself would run, knowing what was tuned or nothing. */
export function chosen(gpu: DeviceHandle, variant: Variant, problem: Problem, winner: Tuned | null = null): Contestant {
  return planned(gpu, variant, problem, () => {
    const { plan, refusals } = chooseForward(variant, problem, gpu.limits, undefined, { tuned: winner });
    if (plan === null) throw new Error(refusals.map((r) => `${r.engine}: ${r.reason}`).join("; "));
    return plan;
  });
}

/** What the autotuner found for each contestant by its name. */
export type TunedByName = Readonly<Record<string, Tuned | null>>;

/** What the program runs after `tune`: the winner that `found` has under `name`, or, before it was tuned, its own choice. */
export function tuned(gpu: DeviceHandle, variant: Variant, problem: Problem, name: string, found: TunedByName = {}): Contestant {
  return {
    ...chosen(gpu, variant, problem, found[name]),
    tune: async (budgetMs) => {
      const report = await autotune(gpu, { variant, problem }, { budgetMs });
      if (report.fault !== null) throw new Error(report.fault);
      return report.tuned;
    },
  };
}

/** An engine by name; `blocks` in place of the block mask that it would build. */
export function engine(gpu: DeviceHandle, name: Engine, variant: Variant, problem: Problem, blocks?: BlockMask): Contestant {
  return planned(gpu, variant, problem, () => enginePlan(gpu, name, variant, problem, blocks));
}

/** The plan of an engine; throws where the device cannot run it. */
export function enginePlan(gpu: DeviceHandle, name: Engine, variant: Variant, problem: Problem, blocks?: BlockMask): Plan {
  const { kind, ...rest } = planEngine(name, variant, problem, gpu.limits, blocks);
  if (kind === "plan" && "plan" in rest) return rest.plan;
  throw new Error("refusal" in rest ? rest.refusal.reason : "refused");
}

/** The textbook kernels; no mask, `soft_cap` where asked. */
export function naive(gpu: DeviceHandle, variant: Variant, problem: Problem, softCap: number | null = null): Contestant {
  return planned(gpu, variant, problem, () => naivePlan(problem, softCap));
}

/** The block mask of one head. */
export function blocksOf(variant: Variant, { qLen, kvLen, blockSize }: Problem): BlockMask {
  return buildBlockMask(variant.maskMod?.body ?? null, { batch: 1, heads: 1, qLen, kvLen }, blockSize);
}

/** Blocks that a kernel computes for one head: those of the mask that are not empty. */
export function computedBlocks(variant: Variant, problem: Problem): number {
  const { partial, full } = countBlocks(blocksOf(variant, problem));
  return partial + full;
}

/** Every block visited and none known to be full: what the mask costs without its structure. */
export function denseBlocks(problem: Problem): BlockMask {
  const size = { batch: 1, heads: 1, qLen: problem.qLen, kvLen: problem.kvLen };
  const full = buildBlockMask(null, size, problem.blockSize);
  const runs = full.rows.runs.map((x, i) => (i % 3 === 2 ? 0 : x));
  return { ...full, rows: { ...full.rows, runs } };
}
