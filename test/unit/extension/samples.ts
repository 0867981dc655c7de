/** Made-up results and variants for the tests of what the editor says. */
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import type { LoweredModule, LoweredVariant } from "../../../kernels/frontend/module.ts";
import { binary, variable } from "../../../kernels/ir/expr.ts";
import type { BenchResult, Check } from "../../../kernels/runtime/result.ts";

export const PROBLEM: Problem = fillProblem({});

export const CHECK: Check = {
  maxAbs: 2e-7,
  maxRel: 3e-7,
  bound: "|a − b| ≤ 1e-5 · (|b| + rms(b))",
  passed: true,
  firstBad: null,
  rows: 8192,
  allRows: true,
};

export function resultOf(change: Partial<BenchResult> = {}): BenchResult {
  return {
    key: "now",
    variant: "causal",
    engine: "quad",
    direction: "forward",
    problem: PROBLEM,
    tile: "64 × 4",
    sparsity: { blocks: 0.4375, elements: 0.4995 },
    device: { name: "nvidia h200", software: false },
    clock: "timestamp-query",
    samplesMs: [1.83, 1.84, 1.85],
    medianMs: 1.84,
    interval: [1.82, 1.86],
    baselineMs: 9.4,
    compileMs: 12,
    denseFlops: 2.1e9,
    effectiveFlops: 1.05e9,
    check: CHECK,
    measuredAt: 1_000_000,
    ...change,
  };
}

const FILE = "file:///masks.py";

/** A causal mask named at `from` in the document `file:///masks.py`; its `def` spans 40 characters. */
export function variantOf(name: string, from: number, change: Partial<LoweredVariant> = {}): LoweredVariant {
  return {
    name,
    nameSpan: { file: FILE, from, to: from + name.length },
    scoreMod: null,
    maskMod: {
      kind: "mask_mod",
      name,
      span: { file: FILE, from: from - 4, to: from + 36 },
      body: binary("ge", variable("q_idx"), variable("kv_idx")),
      locals: [],
    },
    captures: [],
    problem: {},
    stated: {},
    bindings: [],
    reads: [],
    ...change,
  };
}

export function moduleOf(variants: readonly LoweredVariant[], change: Partial<LoweredModule> = {}): LoweredModule {
  return { variants, calls: [], diagnostics: [], needs: [], dataNeeds: [], ...change };
}
