/**
 * What PyTorch makes of float16 q, k and v (half.json, by halfGenerate.py): the dtypes, and numbers within the bound that
 * kernels on halves are held to, of the same reference over the same rounded inputs. PyTorch rounds the weights to half
 * before the product with v, in its own code and compiled, so it is held to the bound of kernels that do likewise.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkForward } from "../../kernels/flash/check.ts";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { referenceForward } from "../../kernels/flash/reference.ts";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import { roundF16 } from "../../kernels/ir/number.ts";
import { noMods } from "../support/variants.ts";

interface Case {
  readonly name: string;
  readonly score: string | null;
  readonly mask: string | null;
  readonly dtypes: { readonly out: string; readonly lse: string; readonly compiled: string | null };
  readonly out: readonly number[];
  readonly compiled: readonly number[] | null;
  readonly lse: readonly (number | string)[];
}

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), "utf8");
const fixture = JSON.parse(read("half.json")) as {
  readonly sizes: Record<string, number>;
  readonly seen: string[];
  readonly cases: Case[];
};
const problem = fillProblem({ ...fixture.sizes, storage: "f16" });
const inputs = seededInputs(problem);

describe("PyTorch on float16 q, k and v", () => {
  it("gives a score_mod float32", () => {
    expect(fixture.seen).toEqual(["float32"]);
  });

  it.each(fixture.cases)(
    "$name: out in float16, lse in float32, and the reference's numbers",
    ({ score, mask, dtypes, out, compiled, lse }) => {
      expect([dtypes.out, dtypes.lse, dtypes.compiled ?? "float16"]).toEqual(["float16", "float32", "float16"]);
      const { variant } =
        score === null && mask === null
          ? { variant: noMods }
          : lowerPair([{ file: "halfGenerate.py", text: read("halfGenerate.py") }], score, mask);
      if (variant === null) throw new Error("both lower");
      const reference = referenceForward(variant, problem, inputs);
      const numbers = lse.map((x) => (x === "-inf" ? Number.NEGATIVE_INFINITY : Number(x)));
      for (const each of compiled === null ? [out] : [out, compiled]) {
        expect(each.every((x) => x === roundF16(x))).toBe(true);
        expect(checkForward({ out: each, lse: numbers }, reference, problem, "matrix")).toMatchObject({ passed: true, allRows: true });
      }
      // lse is of unrounded scores: nearer than halves come.
      expect(Math.max(...numbers.map((x, i) => (x === reference.lse[i] ? 0 : Math.abs(x - (reference.lse[i] ?? 0)))))).toBeLessThan(1e-5);
    },
  );
});
