import { describe, expect, it } from "vitest";
import { boxOf } from "../../../kernels/analysis/interval.ts";
import { lossesOf } from "../../../kernels/emit/losses.ts";
import { DEFAULT_LIMITS } from "../../../kernels/flash/plan.ts";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { ENGINES, planEngine } from "../../../kernels/flash/select.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { LoweredVariant } from "../../../kernels/frontend/module.ts";

/** The one mod of a text. */
function modOf(text: string): LoweredVariant {
  const { variants, diagnostics } = lowerModule([{ file: "f.py", text: `import torch\n${text}` }]);
  expect(diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  const [variant] = variants;
  if (variant === undefined) throw new Error(`no mod in ${text}`);
  return variant;
}

const CASES: readonly (readonly [name: string, text: string, reasons: readonly string[]])[] = [
  ["nothing of a plain mask", "def m(b, h, q, k):\n    return (q >= k) & (q - k <= 256)\n", []],
  [
    "a product that leaves 32 bits, under the user's name",
    "def m(b, h, q, k):\n    key = q * 1000003\n    return key % 8 == 0\n",
    ["`key = q_idx * 1000003` can reach 4095012285 at these lengths, beyond the 32 bits in which the kernel computes integers"],
  ],
  [
    "a literal that does not fit",
    "def m(b, h, q, k):\n    return (q + 2**40) % 8 == 0\n",
    ["1099511627776 does not fit 32 bits, in which the kernel computes integers"],
  ],
  ["nothing of a hash whose low bits are kept", "def m(b, h, q, k):\n    return ((q * 2654435761) ^ (k * 40503)) & 255 < 16\n", []],
  [
    "a captured table with wide integers",
    "ids = torch.arange(4096) * 10**9\ndef m(b, h, q, k):\n    return ids[q] == ids[k]\n",
    ["`ids` holds integers beyond 32 bits, in which the kernel computes"],
  ],
  [
    "a float64 table, and not what it promotes",
    "slopes = torch.linspace(0, 1, 8, dtype=torch.float64)\ndef s(score, b, h, q, k):\n    return score + slopes[h] * (k - q)\n",
    ["`slopes` is float64 in PyTorch; the kernel computes it in float32"],
  ],
  [
    "float64 that the mod makes itself",
    "def s(score, b, h, q, k):\n    return score.double() * 0.5\n",
    ["`score.double()` is float64 in PyTorch; the kernel computes it in float32"],
  ],
  [
    "float64 of two indices",
    "def m(b, h, q, k):\n    return q.double() + k.double() > 7.5\n",
    [
      "`q_idx.double()` is float64 in PyTorch; the kernel computes it in float32",
      "`kv_idx.double()` is float64 in PyTorch; the kernel computes it in float32",
    ],
  ],
];

describe("what a kernel loses against PyTorch", () => {
  it.each(CASES)("%s", (_, text, reasons) => {
    expect(lossesOf(modOf(text), boxOf(1, 8, 4096, 4096)).map((l) => l.reason)).toEqual(reasons);
  });

  // The small kernel has no lengths at which anything is lost.
  it.each(ENGINES.filter((engine) => engine !== "small"))(
    "%s: the plan's notes speak of its lengths, and its text does not know them",
    (engine) => {
      const variant = modOf("def m(b, h, q, k):\n    return k * 1000003 % 8 == 0\n");
      const planAt = (length: number) => {
        const planned = planEngine(
          engine,
          variant,
          fillProblem({ qLen: 64, kvLen: length, qHeads: 1, storage: engine === "matrix" ? "f16" : "f32" }),
          {
            ...DEFAULT_LIMITS,
            subgroups: true,
            f16: true,
            subgroupMatrices: { lanes: 32, shapes: [{ m: 8, n: 8, k: 8 }] },
          },
        );
        if (planned.kind === "refused") throw new Error(planned.refusal.reason);
        return planned.plan;
      };
      const [short, long] = [planAt(1024), planAt(4096)];
      expect(short.notes).toEqual([]);
      expect(long.notes).toEqual([expect.stringContaining("`kv_idx * 1000003` can reach 4095012285")]);
      expect(long.kernels.map((k) => k.wgsl)).toEqual(short.kernels.map((k) => k.wgsl));
    },
  );
});
