/**
 * Problem sizes by name: those of published models, each with where it is published, and the arithmetic of taking one.
 * Lengths are the contexts that the models were published with, unless the name says another. Pure.
 */
import { fillProblem, type Problem } from "../kernels/flash/problem.ts";
import type { ProblemHints } from "../kernels/ir/mod.ts";
import { integer } from "./number.ts";
import type { Preset } from "./protocol.ts";

/** A preset that comes with the program. */
export interface Published extends Preset {
  /** What else belongs to the setting, and is the mods' matter. */
  readonly about: string;
}

const heads = (batch: number, qHeads: number, kvHeads: number, length: number, qkHeadDim: number): ProblemHints => ({
  batch,
  qHeads,
  kvHeads,
  qLen: length,
  kvLen: length,
  qkHeadDim,
});

export const PUBLISHED: readonly Published[] = [
  // https://arxiv.org/abs/2010.11929, Table 1 (ViT-Large, 16 heads of 64): patches of 16 px in an image of 224 px, 14 · 14.
  { name: "ViT, 196 patches", problem: heads(128, 16, 16, 196, 64), about: "patches of 16 px, image of 224 px" },
  // The same article's ViT-Base (12 heads of 64) with patches of 4 px: 56 · 56.
  { name: "ViT, 3136 patches", problem: heads(8, 12, 12, 3136, 64), about: "patches of 4 px, image of 224 px" },
  // https://huggingface.co/openai-community/gpt2/blob/main/config.json
  { name: "GPT-2", problem: heads(1, 12, 12, 1024, 64), about: "causal" },
  // https://huggingface.co/openai-community/gpt2-xl/blob/main/config.json
  { name: "GPT-2 XL", problem: heads(1, 25, 25, 1024, 64), about: "causal" },
  // https://huggingface.co/meta-llama/Meta-Llama-3-8B/blob/main/config.json
  { name: "Llama 3 8B", problem: heads(1, 32, 8, 8192, 128), about: "causal, four query heads a key head" },
  { name: "Llama 3 8B, decoding", problem: { ...heads(1, 32, 8, 8192, 128), qLen: 1 }, about: "one new token" },
  // https://huggingface.co/meta-llama/Meta-Llama-3-70B/blob/main/config.json
  { name: "Llama 3 70B", problem: heads(1, 64, 8, 8192, 128), about: "causal, eight query heads a key head" },
  // https://huggingface.co/mistralai/Mistral-7B-v0.1/blob/main/config.json: sliding_window 4096, context 32,768.
  { name: "Mistral 7B, 8192 tokens", problem: heads(1, 32, 8, 8192, 128), about: "causal, window of 4096" },
  // https://huggingface.co/google/gemma-2-9b/blob/main/config.json: attn_logit_softcapping 50, sliding_window 4096.
  { name: "Gemma 2 9B", problem: heads(1, 16, 8, 8192, 256), about: "scores soft-capped at 50, every other layer a window of 4096" },
  // https://huggingface.co/google/gemma-2-27b/blob/main/config.json: query_pre_attn_scalar 144.
  { name: "Gemma 2 27B", problem: { ...heads(1, 32, 16, 8192, 128), scale: 1 / 12 }, about: "as 9B, with a scale of 1/12" },
];

const SIZES: ReadonlySet<string> = new Set<keyof ProblemHints>([
  "batch",
  "qHeads",
  "kvHeads",
  "qLen",
  "kvLen",
  "qkHeadDim",
  "vHeadDim",
  "scale",
]);

/** The form's hints with a preset's sizes; what is no size (block, storage, layout) stays unless the preset has it. */
export function withPreset(hints: ProblemHints, preset: Pick<Preset, "problem">): ProblemHints {
  const others: ProblemHints = Object.fromEntries(Object.entries(hints).filter(([key]) => !SIZES.has(key)));
  return { ...others, ...preset.problem };
}

/** Whether these are the sizes shown. */
export function isPreset(shown: Problem, { problem }: Pick<Preset, "problem">): boolean {
  const { vHeadDim: _own, scale: _given, ...open } = presetOf(shown);
  return JSON.stringify(presetOf(fillProblem({ ...open, ...problem }))) === JSON.stringify(presetOf(shown));
}

/** The sizes shown, as a preset keeps them: what follows from another size is left out. */
export function presetOf(p: Problem): ProblemHints {
  const { batch, qHeads, kvHeads, qLen, kvLen, qkHeadDim } = p;
  return {
    batch,
    qHeads,
    kvHeads,
    qLen,
    kvLen,
    qkHeadDim,
    ...(p.vHeadDim === qkHeadDim ? {} : { vHeadDim: p.vHeadDim }),
    ...(p.scale === 1 / Math.sqrt(qkHeadDim) ? {} : { scale: p.scale }),
  };
}

/** `B 1 · H 32/8 · S 8 192 · D 128`: what a preset says, and nothing of what it leaves open. */
export function presetText({ batch, qHeads, kvHeads, qLen, kvLen, qkHeadDim, vHeadDim }: ProblemHints): string {
  const one = (name: string, size: number | undefined): string[] => (size === undefined ? [] : [`${name} ${integer(size)}`]);
  const isGrouped = qHeads !== undefined && kvHeads !== undefined && kvHeads !== qHeads;
  return [
    ...one("B", batch),
    ...(isGrouped ? [`H ${integer(qHeads)}/${integer(kvHeads)}`] : one("H", qHeads)),
    ...(qLen === kvLen ? one("S", qLen) : [...one("Q_LEN", qLen), ...one("KV_LEN", kvLen)]),
    ...one("D", qkHeadDim),
    ...(vHeadDim === qkHeadDim ? [] : one("DV", vHeadDim)),
  ].join(" · ");
}
