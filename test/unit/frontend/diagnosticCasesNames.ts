/** Cases of diagnostics about names, calls and limits. */
import { type DiagnosticCase, mask, score } from "../../support/diagnosticCase.ts";

export const NAMES: readonly DiagnosticCase[] = [
  {
    code: "unknown-name",
    fires: `WINDOW = 4\n\n\n${mask("return q_idx - kv_idx < «WINDWO»")}`,
    nearMiss: `WINDOW = 4\n\n\n${mask("return q_idx - kv_idx < WINDOW")}`,
    fixed: `WINDOW = 4\n\n\n${mask("return q_idx - kv_idx < WINDOW")}`,
  },
  {
    code: "unknown-name",
    fires: score("return score * «slope»"),
    nearMiss: `slope = 0.5\n\n\n${score("return score * slope")}`,
    says: "# flexlens: slope=…",
  },
  {
    code: "unbound-name",
    fires: mask("if WINDOW > 8:\n    near = q_idx - kv_idx < WINDOW\nreturn «near»").replace(/^/, "WINDOW = 4\n\n\n"),
    nearMiss: mask("if WINDOW > 8:\n    near = q_idx - kv_idx < WINDOW\nreturn near").replace(/^/, "WINDOW = 16\n\n\n"),
  },
  {
    code: "unknown-attribute",
    fires: score("return torch.where(q_idx >= kv_idx, score, -«torch.inf_like»(score))"),
    nearMiss: score("return torch.where(q_idx >= kv_idx, score, -torch.ones_like(score))"),
    fixed: score('return torch.where(q_idx >= kv_idx, score, -torch.full_like(score, float("inf"), dtype=torch.float32))'),
  },
  {
    code: "unknown-attribute",
    fires: mask("return «q_idx.flaot»() > kv_idx"),
    nearMiss: mask("return q_idx.float() > kv_idx"),
    fixed: mask("return q_idx.float() > kv_idx"),
  },
  {
    code: "unsupported-function",
    fires: score("return «torch.were(q_idx >= kv_idx, score, 0)»"),
    nearMiss: score("return torch.where(q_idx >= kv_idx, score, 0)"),
    fixed: score("return torch.where(q_idx >= kv_idx, score, 0)"),
  },
  {
    code: "unsupported-function",
    fires: mask("return «torch.fft.fft(q_idx)» > kv_idx"),
    nearMiss: `spectrum = torch.fft.fft(torch.arange(8))\n\n\n${mask("return q_idx >= kv_idx")}`,
    noTorch: true,
  },
  {
    code: "module-not-found",
    fires: `from settings import near\n\n\n${mask("return «near»(q_idx, kv_idx)")}`,
    nearMiss: `from settings import near\n\n\n${mask("return q_idx >= kv_idx")}`,
    noTorch: true,
  },
  {
    code: "unknown-value",
    fires: `attend = flex_attention(torch.zeros(1), torch.zeros(1), torch.zeros(1))\n\n\n${mask("table = torch.zeros(8)\n«table[0]» = attend.first\nreturn table[q_idx] >= kv_idx")}`,
    nearMiss: `attend = flex_attention(torch.zeros(1), torch.zeros(1), torch.zeros(1))\n\n\n${mask("return q_idx >= kv_idx")}`,
    noTorch: true,
  },
  {
    code: "argument-count",
    fires: score("return «torch.where(q_idx >= kv_idx, score)»"),
    nearMiss: score("return torch.where(q_idx >= kv_idx, score, 0)"),
    fixed: score('return torch.where(q_idx >= kv_idx, score, -float("inf"))'),
  },
  {
    code: "not-callable",
    fires: `window = 4\n\n\n${mask("return q_idx - kv_idx < «window()»")}`,
    nearMiss: `def window():\n    return 4\n\n\n${mask("return q_idx - kv_idx < window()")}`,
  },
  {
    code: "not-iterable",
    fires: mask("«first, second» = q_idx\nreturn first >= kv_idx"),
    nearMiss: mask("first, second = q_idx, kv_idx\nreturn first >= second"),
  },
  {
    code: "unpack-count",
    fires: mask("«first, second, third» = q_idx, kv_idx\nreturn first >= second"),
    nearMiss: mask("first, *others = q_idx, kv_idx\nreturn first >= others[0]"),
  },
  {
    code: "step-budget",
    fires: `total = 0\n«while True»:\n    total += 1\n\n\n${mask("return q_idx >= kv_idx")}`,
    nearMiss: `total = 0\nwhile total < 1000:\n    total += 1\n\n\n${mask("return q_idx >= kv_idx")}`,
    noTorch: true,
  },
  {
    code: "recursion-depth",
    fires: `def depth(n):\n    return «depth(n + 1)»\n\n\n${mask("return q_idx >= depth(kv_idx)")}`,
    nearMiss: `def depth(n):\n    return n if n > 9 else depth(n + 1)\n\n\n${mask("return q_idx >= depth(0)")}`,
    noTorch: true,
  },
  {
    code: "too-large",
    fires: `table = torch.zeros(3)\n\n\n${mask("return «table.repeat(1000000000)»[q_idx] > kv_idx")}`,
    nearMiss: `table = torch.zeros(3)\n\n\n${mask("return table.repeat(3)[q_idx % 9] >= kv_idx")}`,
    noTorch: true,
  },
];
