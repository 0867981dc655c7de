/** What fewer bits cost in precision, against attention written down here a second time. */
import { describe, expect, it } from "vitest";
import { type ErrorStudy, studyErrors } from "../../../kernels/flash/errorStudy.ts";
import { seededInputs } from "../../../kernels/flash/inputs.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { roundBf16 } from "../../../kernels/ir/number.ts";

const [causal] = lowerModule([{ file: "m.py", text: "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n" }]).variants;
if (causal === undefined) throw new Error("no variant");

function study(problem: Problem): { result: ErrorStudy; shares: number[] } {
  const steps = studyErrors(causal ?? { scoreMod: null, maskMod: null }, problem);
  const shares: number[] = [];
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return { result: step.value, shares };
    shares.push(step.value);
  }
}

/** Causal attention of one head, plainly. */
function attend(q: number[], k: number[], v: number[], n: number, d: number): number[] {
  const out: number[] = [];
  for (let row = 0; row < n; row++) {
    const p = Array.from({ length: row + 1 }, (_, key) => {
      let dot = 0;
      for (let i = 0; i < d; i++) dot += (q[row * d + i] ?? 0) * (k[key * d + i] ?? 0);
      return Math.exp(dot / Math.sqrt(d));
    });
    const sum = p.reduce((a, b) => a + b, 0);
    for (let i = 0; i < d; i++) out.push(p.reduce((a, weight, key) => a + (weight / sum) * (v[key * d + i] ?? 0), 0));
  }
  return out;
}

describe("the study of errors", () => {
  const problem = fillProblem({ qLen: 24, qkHeadDim: 8 }, 1);

  it("finds of bfloat16 what plain attention of rounded tensors gives", () => {
    const { q, k, v } = seededInputs(problem);
    const exact = attend([...q], [...k], [...v], 24, 8);
    const rounded = attend([...q].map(roundBf16), [...k].map(roundBf16), [...v].map(roundBf16), 24, 8).map(roundBf16);
    const differences = rounded.map((x, i) => Math.abs(x - (exact[i] ?? 0)));
    const found = study(problem).result.types.find(({ type }) => type === "bf16");
    const largest = Math.max(...differences);
    expect(found?.maxAbs).toBeCloseTo(largest, 12);
    expect(found?.worst).toEqual({ b: 0, h: 0, q: Math.floor(differences.indexOf(largest) / 8), d: differences.indexOf(largest) % 8 });
    const rms = (x: number[]): number => Math.sqrt(x.reduce((a, b) => a + b * b, 0) / x.length);
    expect(found?.relative).toBeCloseTo(rms(differences) / rms(exact), 12);
  });

  it("puts bfloat16 behind float16 by the bits of its fraction, and float32 far before both", () => {
    const [f32, f16, bf16] = study(problem).result.types;
    expect([f32?.type, f16?.type, bf16?.type]).toEqual(["f32", "f16", "bf16"]);
    const ratio = (bf16?.relative ?? 0) / (f16?.relative ?? 1);
    expect(ratio).toBeGreaterThan(4);
    expect(ratio).toBeLessThan(16);
    expect(f32?.relative ?? 1).toBeLessThan((f16?.relative ?? 0) / 1000);
  });

  it("takes 256 rows of a long problem, in steps, and reads tensors in their layout", () => {
    const { result, shares } = study(fillProblem({ qLen: 2048, qkHeadDim: 16, layout: "BSHD" }, 2));
    expect(result).toMatchObject({ rows: 256, of: 4096 });
    expect(shares.length).toBeGreaterThan(3);
    expect(shares.at(-1)).toBe(1);
  });
});
