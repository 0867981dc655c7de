/**
 * Rows of low, infinite, nan and masked scores (extremes.json, made by extremesGenerate.py): out, lse and the largest
 * scores of PyTorch, of the float64 reference and of a kernel. The kernels share these ends of a row (flash/step.ts).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import type { Inputs } from "../../kernels/flash/inputs.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { allRows, referenceForward } from "../../kernels/flash/reference.ts";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import type { ProblemHints, Variant } from "../../kernels/ir/mod.ts";
import { type DeviceHandle, handleOf } from "../../kernels/runtime/device.ts";
import { runForward } from "../../kernels/runtime/forward.ts";
import { useGpu } from "../support/gpu.ts";

type Told = readonly (number | "nan" | "inf" | "-inf")[];

interface Case {
  readonly score: string;
  readonly mask: string;
  readonly out: Told;
  readonly lse: Told;
  readonly maxScores: Told;
  readonly negativeZeros: boolean;
}

const file = JSON.parse(readFileSync(join(import.meta.dirname, "extremes.json"), "utf8")) as {
  readonly text: string;
  readonly sizes: ProblemHints;
  readonly q: Told;
  readonly k: Told;
  readonly v: Told;
  readonly cases: readonly Case[];
};

const NAMED = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY } as const;
const numbers = (told: Told): number[] => told.map((x) => (typeof x === "number" ? x : NAMED[x]));

const problem = fillProblem(file.sizes, 1);
const inputs: Inputs = {
  q: Float32Array.from(numbers(file.q)),
  k: Float32Array.from(numbers(file.k)),
  v: Float32Array.from(numbers(file.v)),
};

function variantOf({ score, mask }: Case): Variant {
  const { variant, diagnostics } = lowerPair([{ file: "mods.py", text: file.text }], score, mask);
  if (variant === null) throw new Error(diagnostics.map((d) => d.message).join("\n"));
  return variant;
}

const wanted = ({ out, lse, maxScores }: Case) => ({
  rows: allRows(problem),
  allRows: true,
  out: Float64Array.from(numbers(out)),
  lse: Float64Array.from(numbers(lse)),
  maxScores: Float64Array.from(numbers(maxScores)),
});

describe("out, lse and the largest scores of rows at the ends of what there is are PyTorch's", () => {
  it.each(file.cases)("$score and $mask: the reference", (each) => {
    const { out, lse, maxScores } = referenceForward(variantOf(each), problem, inputs);
    expect(checkForward({ out, lse, maxScores }, wanted(each), problem)).toMatchObject({ passed: true, firstBad: null });
  });

  const gpu = useGpu();
  let handle: DeviceHandle | null = null;
  // Half of them: compiling takes the time.
  it.each(file.cases.filter((c) => c.mask === "some"))("$score and $mask: a kernel", async (each) => {
    handle ??= handleOf(gpu().device);
    const actual = await runForward(handle, variantOf(each), problem, inputs, "small");
    expect(checkForward(actual, wanted(each), problem)).toMatchObject({ passed: true, firstBad: null });
    expect([actual.out.some((x) => Object.is(x, -0)), each.negativeZeros]).toEqual([false, false]);
  });
});
