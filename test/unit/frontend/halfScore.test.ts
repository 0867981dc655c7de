/** `score.dtype` over float16 queries: the score is float32 at run time, and float16 by name, as PyTorch 2.13 has it. */
import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";

/** PyTorch's own sums: float32 0.001 is this once it was a half. */
const HALF = 1049 * 2 ** -20;
const FLOAT = Math.fround(0.001);

function added(expression: string, directive: string): number {
  const text = `import torch\n\nt = torch.tensor([0.001, 0.001])\n\n\n${directive}def f(score, b, h, q_idx, kv_idx):\n    return ${expression}\n`;
  const { variants, diagnostics } = lowerModule([{ file: "m.py", text }]);
  const body = variants[0]?.scoreMod?.body;
  if (body === undefined) throw new Error(diagnostics.map((d) => d.message).join(" "));
  return interpret(body, { b: 0, h: 0, q_idx: 0, kv_idx: 0, score: 0 });
}

describe("a score_mod over float16 queries", () => {
  test.each([
    ["score + t[h].to(score.dtype)", HALF],
    ["score + t[h].to((score * 2).dtype)", HALF],
    ["score + t[h].to((score + t[h]).dtype)", FLOAT],
    ["score + t[h].to((score + kv_idx * 0.0).dtype)", FLOAT],
    ["score * 0 + torch.finfo(score.dtype).max", 65504],
    ["score + torch.full_like(score, 0.001)", FLOAT],
    ["score + t[h].type_as(score)", FLOAT],
  ])("%s", (expression, value) => {
    expect(added(expression, "# flexlens: DTYPE=torch.float16\n")).toBe(value);
  });

  test("is float32 by name where queries are float32", () => {
    expect(added("score + t[h].to(score.dtype)", "")).toBe(FLOAT);
    expect(added("score + t[h].to(score.dtype)", "# flexlens: DTYPE=torch.float32\n")).toBe(FLOAT);
  });
});
