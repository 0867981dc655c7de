/** Cases of diagnostics about the text itself, its directives and the values that come from outside. */
import { type DiagnosticCase, mask } from "../../support/diagnosticCase.ts";

const CAUSAL = mask("return q_idx >= kv_idx");
const WINDOW = mask("return q_idx - kv_idx < window");

export const READING: readonly DiagnosticCase[] = [
  {
    code: "syntax-error",
    fires: mask("return q_idx >= «)»"),
    nearMiss: mask("return (q_idx >= kv_idx)"),
    noTorch: true,
  },
  {
    code: "syntax-error",
    fires: mask("return (q_idx >= kv_idx) «&&» (q_idx < 3)"),
    nearMiss: mask("return (q_idx >= kv_idx) & (q_idx < 3)"),
    fixed: mask("return (q_idx >= kv_idx) & (q_idx < 3)"),
    noTorch: true,
  },
  {
    code: "syntax-error",
    fires: mask("return «!»(q_idx >= kv_idx)"),
    nearMiss: mask("return ~(q_idx >= kv_idx)"),
    fixed: mask("return ~(q_idx >= kv_idx)"),
    noTorch: true,
  },
  {
    code: "nesting-too-deep",
    fires: mask(`return ${"(".repeat(200)}«(»${"(".repeat(49)}q_idx >= kv_idx${")".repeat(250)}`),
    nearMiss: mask(`return ${"(".repeat(50)}q_idx >= kv_idx${")".repeat(50)}`),
    noTorch: true,
  },
  {
    code: "unsupported-construct",
    fires: mask("return «await q_idx» >= kv_idx"),
    nearMiss: `async def load():\n    return await other()\n\n\n${CAUSAL}`,
    noTorch: true,
  },
  {
    code: "directive-malformed",
    fires: `# flexlens: window=4, «8»\n${WINDOW}`,
    nearMiss: `# flexlens: window=4\n${WINDOW}`,
    noTorch: true,
  },
  {
    code: "directive-unused",
    fires: `# flexlens: window=4, «q_len»=64\n${WINDOW}`,
    nearMiss: `# flexlens: window=4, Q_LEN=64\n${WINDOW}`,
    fixed: `# flexlens: window=4, Q_LEN=64\n${WINDOW}`,
    noTorch: true,
  },
  {
    code: "binding-unused",
    fires: `«»${CAUSAL}`,
    nearMiss: `window = 4\n\n\n${WINDOW}`,
    options: { bindings: { window: "8" } },
    noTorch: true,
  },
  {
    code: "directive-value",
    fires: `# flexlens: Q_LEN=«-64»\n${CAUSAL}`,
    nearMiss: `# flexlens: Q_LEN=64\n${CAUSAL}`,
    noTorch: true,
  },
  {
    code: "seeded-value",
    fires: `def build(«window»):\n    def mod(b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < window\n\n    return mod`,
    nearMiss: `def build(window=4):\n    def mod(b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < window\n\n    return mod`,
    noTorch: true,
  },
  {
    code: "binding-value",
    fires: `«»window = 4\n\n\n${WINDOW}`,
    nearMiss: WINDOW,
    options: { bindings: { window: "4 +" } },
    nearOptions: { bindings: { window: "4 + 4" } },
    noTorch: true,
  },
];
