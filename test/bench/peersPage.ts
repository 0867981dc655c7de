/** Our kernels and other programs' on one adapter, in one page: the page of peers.mjs. */
import type { Engine } from "../../kernels/flash/plan.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import type { DeviceHandle } from "../../kernels/runtime/device.ts";
import { benchVariants, chosen, denseBlocks, engine, naive, type TunedByName, tuned } from "./ours.ts";
import { dotProductAttention } from "./peers/jax.ts";
import { groupQueryAttention, multiHeadAttention, type OrtHandle, openOrt, unfusedOrt } from "./peers/onnxruntime.ts";
import { tensorFlow } from "./peers/tensorflow.ts";
import { stage } from "./stage.ts";

interface Setting {
  readonly length: number;
  readonly tuned?: TunedByName;
}

/** Ours as tuned and as it comes; both the same where nothing was tuned. */
const ours = (gpu: DeviceHandle, mod: string, problem: Problem, found: TunedByName | undefined) => ({
  Flexlens: tuned(gpu, variant(mod), problem, "Flexlens", found),
  ...(found?.["Flexlens"] ? { "Flexlens, untuned": chosen(gpu, variant(mod), problem) } : {}),
});

/** Blocks of the tile's own rows: the narrower they are, the fewer keys a row of blocks computes beyond its mask. */
const CAUSAL_BLOCK = [64, 64] as const;
const WINDOW_BLOCK = [32, 32] as const;

/** Rounds that slow programs without a bar take part in. */
const FEW = 3;

/** Opened by the first contestant that needs it. */
let handle: Promise<OrtHandle> | null = null;
const ort = (): Promise<OrtHandle> => {
  handle ??= openOrt();
  return handle;
};

const variant = benchVariants();
const square = (length: number, blockSize?: readonly [number, number]): Problem =>
  fillProblem({ qLen: length, qkHeadDim: 64, ...(blockSize === undefined ? {} : { blockSize }) }, 8);

/** The row kernel needs no `subgroups`: what the program runs on a device without them. */
const others = (gpu: DeviceHandle, mod: string, problem: Problem) => {
  const by = (name: Engine) => engine(gpu, name, variant(mod), problem);
  return { "Flexlens, row kernel": by("row"), "Flexlens, materialized": by("materialized") };
};

stage<Setting>({
  dense: ({ length, tuned: found }, gpu) => {
    const problem = square(length);
    const none = variant("none");
    return {
      ...ours(gpu, "none", problem, found),
      "onnxruntime-web": multiHeadAttention(ort, none, problem),
      "jax-js": dotProductAttention(none, problem, {}),
      ...others(gpu, "none", problem),
      "onnxruntime-web, unfused": { ...unfusedOrt(ort, none, problem), most: FEW },
      tfjs: tensorFlow(none, problem, FEW),
      "textbook kernels": { ...naive(gpu, none, problem), most: FEW },
    };
  },
  causal: ({ length, tuned: found }, gpu) => {
    const problem = square(length, CAUSAL_BLOCK);
    const causal = variant("causal");
    return {
      ...ours(gpu, "causal", problem, found),
      "onnxruntime-web": groupQueryAttention(ort, causal, problem),
      "onnxruntime-web, bias": multiHeadAttention(ort, causal, problem),
      "jax-js": { ...dotProductAttention(causal, problem, { isCausal: true }), most: FEW },
      "Flexlens, dense without a mask": tuned(gpu, variant("none"), problem, "Flexlens, dense without a mask", found),
      ...others(gpu, "causal", problem),
      tfjs: tensorFlow(causal, problem, FEW),
    };
  },
  window: ({ length, tuned: found }, gpu) => {
    const problem = square(length, WINDOW_BLOCK);
    const window = variant("window");
    return {
      ...ours(gpu, "window", problem, found),
      "Flexlens, dense without a mask": tuned(gpu, variant("none"), square(length), "Flexlens, dense without a mask", found),
      "Flexlens, the mask in every block": engine(gpu, "quad", window, problem, denseBlocks(problem)),
      "onnxruntime-web, bias": multiHeadAttention(ort, window, problem),
      "jax-js": { ...dotProductAttention(window, problem, { isCausal: true, localWindowSize: [255, 0] }), most: FEW },
    };
  },
  decode: ({ tuned: found }, gpu) => {
    const problem = fillProblem({ qLen: 1, kvLen: 8192, qHeads: 8, kvHeads: 1, qkHeadDim: 64 });
    const none = variant("none");
    return {
      ...ours(gpu, "none", problem, found),
      "onnxruntime-web": groupQueryAttention(ort, none, problem),
      "jax-js": dotProductAttention(none, problem, {}),
      "Flexlens, materialized": engine(gpu, "materialized", none, problem),
    };
  },
});
