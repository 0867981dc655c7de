/** Cases of diagnostics about control flow on values that only a run has. */
import { type DiagnosticCase, mask, score } from "../../support/diagnosticCase.ts";

export const CONTROL: readonly DiagnosticCase[] = [
  {
    code: "chained-comparison",
    fires: mask("return «0 <= q_idx - kv_idx < 3»"),
    nearMiss: mask("return (0 <= q_idx - kv_idx) & (q_idx - kv_idx < 3)"),
    fixed: mask("return (0 <= q_idx - kv_idx) & (q_idx - kv_idx < 3)"),
  },
  {
    code: "boolean-operator",
    fires: mask("return «q_idx >= kv_idx and not q_idx - kv_idx > 3»"),
    nearMiss: `WIDE = True\n\n\n${mask("return q_idx >= kv_idx if WIDE and not False else q_idx < 2")}`,
    fixed: mask("return (q_idx >= kv_idx) & ~(q_idx - kv_idx > 3)"),
  },
  {
    code: "data-dependent-branch",
    fires: mask("if «q_idx < 2»:\n    return kv_idx < 1\nreturn q_idx >= kv_idx"),
    nearMiss: `WIDTH = 2\n\n\n${mask("if WIDTH < 2:\n    return kv_idx < 1\nreturn q_idx >= kv_idx")}`,
    fixed: mask("return torch.where(q_idx < 2, kv_idx < 1, q_idx >= kv_idx)"),
  },
  {
    code: "data-dependent-branch",
    fires: mask("match «q_idx»:\n    case 0:\n        return kv_idx == 0\n    case _:\n        return q_idx >= kv_idx"),
    nearMiss: mask("match q_idx:\n    case _:\n        return q_idx >= kv_idx"),
    says: "`match` on `q_idx`",
  },
  {
    code: "data-dependent-ternary",
    fires: score('return «score if q_idx >= kv_idx else -float("inf")»'),
    nearMiss: score('return score if score is not None else -float("inf")'),
    fixed: score('return torch.where(q_idx >= kv_idx, score, -float("inf"))'),
  },
  {
    code: "data-dependent-loop",
    fires: mask("while «q_idx > 3»:\n    q_idx = q_idx - 3\nreturn q_idx >= kv_idx"),
    nearMiss: mask("i = 0\nwhile i < 3:\n    i += 1\nreturn q_idx >= kv_idx + i"),
  },
  {
    code: "data-dependent-assert",
    fires: mask("«assert q_idx >= 0»\nreturn q_idx >= kv_idx"),
    nearMiss: mask("assert q_idx is not None\nreturn q_idx >= kv_idx"),
  },
  {
    code: "truth-value",
    fires: mask("return «all([q_idx >= kv_idx, q_idx < 3])»"),
    nearMiss: mask("return (q_idx >= kv_idx) & all([True, 1])"),
    fixed: mask("return (q_idx >= kv_idx) & (q_idx < 3)"),
  },
];
