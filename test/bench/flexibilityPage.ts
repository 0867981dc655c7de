/** What mods, masks and block lists cost beside a kernel that knows its mask: the page of flexibility.mjs. */
import type { Plan } from "../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import type { Variant } from "../../kernels/ir/mod.ts";
import type { DeviceHandle } from "../../kernels/runtime/device.ts";
import { blockMOf, byHand } from "./byHand.ts";
import { countKernel } from "./counted.ts";
import { benchVariants, blocksOf, chosen, computedBlocks, enginePlan, planned } from "./ours.ts";
import { type Contestant, stage } from "./stage.ts";

interface Setting {
  readonly length: number;
  /** Numbers of documents, equally long. */
  readonly documents?: readonly number[];
  readonly windows?: readonly number[];
}

/** A contestant of which it is known how many blocks it computes. */
const withBlocks = (gpu: DeviceHandle, variant: Variant, problem: Problem): Contestant => ({
  ...chosen(gpu, variant, problem),
  blocks: computedBlocks(variant, problem),
});

/** The same of a mask, and what its kernel asks for. */
function counted(gpu: DeviceHandle, variant: Variant, problem: Problem): Contestant {
  const { wgsl } = enginePlan(gpu, "quad", variant, problem).kernels[0] ?? { wgsl: "" };
  return { ...withBlocks(gpu, variant, problem), counts: countKernel(wgsl, blocksOf(variant, problem)) };
}

stage<Setting>({
  mask: ({ length }, gpu) => {
    const causal = benchVariants()("causal");
    const problem = fillProblem({ qLen: length, qkHeadDim: 64 }, 8);
    const plan = (p: Problem): Plan => enginePlan(gpu, "quad", causal, p);
    const withCounts = (p: Problem, make: () => Plan): Contestant => ({
      ...planned(gpu, causal, p, make),
      counts: countKernel(make().kernels[0]?.wgsl ?? "", blocksOf(causal, p)),
    });
    const blockM = blockMOf(plan(problem));
    const atTile = { ...problem, blockSize: [blockM, blockM] as const };
    return {
      "causal by hand": withCounts(atTile, () => byHand(plan(atTile))),
      "causal by mask": withCounts(atTile, () => plan(atTile)),
      "causal by mask, blocks of 128": planned(gpu, causal, problem, () => plan(problem)),
    };
  },
  score: ({ length }, gpu) => {
    const variant = benchVariants();
    const problem = fillProblem({ qLen: length, qkHeadDim: 64 }, 8);
    return { "no mod": chosen(gpu, variant("none"), problem), "tanh soft-cap": chosen(gpu, variant("soft_cap"), problem) };
  },
  skip: ({ length }, gpu) => {
    const variant = benchVariants();
    const problem = fillProblem({ qLen: length, qkHeadDim: 64 }, 8);
    const fine = { ...problem, blockSize: [64, 64] as const };
    return {
      dense: withBlocks(gpu, variant("none"), problem),
      "dense, blocks of 64": withBlocks(gpu, variant("none"), fine),
      causal: withBlocks(gpu, variant("causal"), problem),
      "window of 256": withBlocks(gpu, variant("window"), problem),
      "window of 256, blocks of 64": withBlocks(gpu, variant("window"), fine),
    };
  },
  sparsity: ({ length, documents = [], windows = [] }, gpu) => {
    const problem = fillProblem({ qLen: length, qHeads: 1, qkHeadDim: 64 });
    const ofDocuments = documents.map((n): [string, Contestant] => {
      const lengths = Array.from({ length: n }, () => length / n);
      return [`${n} documents`, counted(gpu, benchVariants({ lengths })("documents"), problem)];
    });
    const ofWindows = windows.map((window): [string, Contestant] => [
      `window of ${window}`,
      counted(gpu, benchVariants({ window })("window"), problem),
    ]);
    return Object.fromEntries([...ofDocuments, ...ofWindows]);
  },
});
