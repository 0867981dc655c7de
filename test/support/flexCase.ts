/** The flex cases of the fixtures as the kernels take them: variant, problem, and q, k, v in float32. */
import { seededInputs64 } from "../../kernels/flash/inputs.ts";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import { bindingsOf, entryName, type FlexCase, variantsText } from "./fixtures.ts";

/** The case's mods, read from variants.py with its arguments bound. @throws Error with the diagnostics */
export function lowerFlexCase({ mask, score }: Pick<FlexCase, "mask" | "score">, scoreDType: "f32" | "f64"): LoweredVariant {
  const { variant, diagnostics } = lowerPair(
    [{ file: "variants.py", text: variantsText() }],
    score === null ? null : entryName(score),
    mask === null ? null : entryName(mask),
    { bindings: { ...bindingsOf(score), ...bindingsOf(mask) }, scoreDType },
  );
  if (variant === null) throw new Error(diagnostics.map((d) => d.message).join("\n"));
  return variant;
}

export interface PaddedCase {
  /** Head dim `width`, the case's own scale. */
  readonly problem: Problem;
  readonly inputs: { readonly q: Float32Array; readonly k: Float32Array; readonly v: Float32Array };
  /** The case's own head dim: later columns of the output are zero. */
  readonly headDim: number;
}

/** The case with its head dim filled up to `width` with zeros, which changes no score: cases of two dims share pipelines. */
export function padFlexCase({ B, Hq, Hkv, Sq, Skv, D, BLOCK_SIZE }: FlexCase["cfg"], width: number): PaddedCase {
  const own = fillProblem({ batch: B, qHeads: Hq, kvHeads: Hkv, qLen: Sq, kvLen: Skv, qkHeadDim: D, blockSize: [BLOCK_SIZE, BLOCK_SIZE] });
  const { q, k, v } = seededInputs64(own);
  const pad = (x: Float64Array): Float32Array => {
    const padded = new Float32Array((x.length / D) * width);
    x.forEach((value, i) => {
      padded[Math.floor(i / D) * width + (i % D)] = value;
    });
    return padded;
  };
  return { problem: { ...own, qkHeadDim: width, vHeadDim: width }, inputs: { q: pad(q), k: pad(k), v: pad(v) }, headDim: D };
}
