/** Our kernels beside each other and beside the textbook ones: the page of kernels.mjs. */
import type { Engine } from "../../kernels/flash/plan.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { benchVariants, engine, naive } from "./ours.ts";
import { stage } from "./stage.ts";

interface Setting {
  readonly length: number;
}

stage<Setting>({
  "many queries": ({ length }, gpu) => {
    const variant = benchVariants();
    const problem = fillProblem({ qLen: length, qkHeadDim: 64 }, 8);
    const ours = (name: Engine, mod = "none") => engine(gpu, name, variant(mod), problem);
    return {
      naive: naive(gpu, variant("none"), problem),
      materialized: ours("materialized"),
      "fused dense": ours("quad"),
      "fused causal": ours("quad", "causal"),
      "fused dense, row kernel": ours("row"),
    };
  },
  // Against a long cache, eight heads on one key head.
  "one query": (_, gpu) => {
    const problem = fillProblem({ qLen: 1, kvLen: 8192, qHeads: 8, kvHeads: 1, qkHeadDim: 64 });
    const ours = (name: Engine) => engine(gpu, name, benchVariants()("none"), problem);
    return {
      "one query": ours("decode"),
      "one query, quad kernel": ours("quad"),
      "one query, row kernel": ours("row"),
      "one query, materialized": ours("materialized"),
    };
  },
});
