/** A mask_mod of a few lines of Python, lowered: for tests that say their masks in the user's words. */
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { Expr } from "../../kernels/ir/expr.ts";

/** The body of `def mask(b, h, q_idx, kv_idx)` that returns `expression`; `head` stands above it. */
export function maskOf(expression: string, head = ""): Expr {
  const text = `import torch\n${head}\ndef mask(b, h, q_idx, kv_idx):\n    return ${expression}\n`;
  const module = lowerModule([{ file: "mask.py", text }]);
  const body = module.variants.find((v) => v.name === "mask")?.maskMod?.body;
  if (body === undefined) throw new Error(`${expression} does not lower: ${module.diagnostics.map((d) => d.message).join("; ")}`);
  return body;
}
