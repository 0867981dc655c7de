/** The attention article's comparisons: the page of article.mjs. */
import { fillProblem } from "../../kernels/flash/problem.ts";
import type { DeviceHandle } from "../../kernels/runtime/device.ts";
import { benchVariants, chosen, denseBlocks, engine, naive, type TunedByName, tuned } from "./ours.ts";
import { type Contestant, stage } from "./stage.ts";

interface Setting {
  /** A square of an even number, 56² in the article. */
  readonly length: number;
  readonly tuned?: TunedByName;
}

const variant = benchVariants();
const problemOf = (length: number) => fillProblem({ qLen: length, qHeads: 4, qkHeadDim: 64 });

function against(gpu: DeviceHandle, { length, tuned: found }: Setting, mod: string, softCap: number | null): Record<string, Contestant> {
  const problem = problemOf(length);
  return {
    naive: naive(gpu, variant(mod), problem, softCap),
    materialized: engine(gpu, "materialized", variant(mod), problem),
    fused: tuned(gpu, variant(mod), problem, "fused", found),
    ...(found?.["fused"] ? { "fused, untuned": chosen(gpu, variant(mod), problem) } : {}),
  };
}

stage<Setting>({
  plain: (setting, gpu) => against(gpu, setting, "none", null),
  "soft-cap": (setting, gpu) => against(gpu, setting, "soft_cap", 20),
  neighbourhood: ({ length }, gpu) => {
    const problem = problemOf(length);
    return {
      "block-sparse": engine(gpu, "quad", variant("neighbourhood"), problem),
      "the same mask, dense": engine(gpu, "quad", variant("neighbourhood"), problem, denseBlocks(problem)),
    };
  },
});
