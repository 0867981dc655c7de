/** Assertions: what cannot be read, what does not hold, what nobody knows. */
import { type DiagnosticCase, mask, score } from "../../support/diagnosticCase.ts";

const CAUSAL = mask("return q_idx >= kv_idx\n");
const DOCUMENT = mask("return (q_idx >= kv_idx) & (ids[q_idx] == ids[kv_idx])\n");
const asserted = (claim: string, mod: string): string => `# flexlens: assert ${claim}\n${mod}`;

type Case = Pick<DiagnosticCase, "fires" | "nearMiss"> & Partial<DiagnosticCase>;
const malformed = (c: Case): DiagnosticCase => ({ code: "assertion-malformed", noTorch: true, ...c });
const fails = (c: Case): DiagnosticCase => ({ code: "assertion-fails", by: "assertions", noTorch: true, ...c });
const undecided = (c: Case): DiagnosticCase => ({ code: "assertion-undecided", by: "assertions", noTorch: true, ...c });

export const ASSERTION: readonly DiagnosticCase[] = [
  malformed({ fires: asserted("«kv_idx - q_idx»", CAUSAL), nearMiss: asserted("kv_idx - q_idx <= 0", CAUSAL), says: "it is int64" }),
  malformed({
    fires: asserted("kv_idx <= «length»", CAUSAL),
    nearMiss: `length = 2**31\n${asserted("kv_idx <= length", CAUSAL)}`,
    says: "`length` is not defined",
  }),
  malformed({ fires: asserted("«q_idx = kv_idx»", CAUSAL), nearMiss: asserted("q_idx == kv_idx or q_idx > kv_idx", CAUSAL), says: "`==`" }),
  malformed({
    fires: asserted("equals(«bias»)", `${CAUSAL}\n\n${score("return score * 2.0")}`.replaceAll("mod(score", "bias(score")),
    nearMiss: asserted("equals(mod)", CAUSAL),
    says: "is a score_mod",
  }),
  malformed({
    fires: asserted("sparsity > «80»", CAUSAL),
    nearMiss: asserted("0.4 < sparsity.elements < 0.6", CAUSAL),
    says: "a share from 0 to 1",
  }),
  malformed({ fires: asserted("«no_empty_rows»", score("return score * 2.0")), nearMiss: asserted("no_empty_rows", CAUSAL) }),
  malformed({ fires: asserted("«equals(mod, mod)»", CAUSAL), nearMiss: asserted("implies(lambda b, h, q, k: k <= q)", CAUSAL) }),
  {
    code: "assertion-unused",
    noTorch: true,
    fires: `# flexlens: assert «kv_idx <= q_idx»\nlength = 4\n\n\n${CAUSAL}`,
    nearMiss: `length = 4\n\n\n${asserted("kv_idx <= q_idx", CAUSAL)}`,
  },
  fails({
    fires: asserted("«kv_idx < q_idx»", CAUSAL),
    nearMiss: asserted("kv_idx <= q_idx", CAUSAL),
    says: "it is false at b = 0, h = 0, q_idx = 0, kv_idx = 0, which the mask allows",
  }),
  fails({
    fires: asserted('no_empty_rows, assert «q_idx - kv_idx < 8», "a window"', CAUSAL),
    nearMiss: asserted("no_empty_rows, assert q_idx - kv_idx < Q_LEN, Q_LEN=512", CAUSAL),
    says: "a window: `mod`: it is false at b = 0, h = 0, q_idx = 8, kv_idx = 0",
  }),
  fails({
    fires: asserted("«sparsity > 0.8»", CAUSAL),
    nearMiss: asserted("sparsity > 0.8, Q_LEN=4096", mask("return (q_idx >= kv_idx) & (q_idx - kv_idx < 64)\n")),
    says: "is 0.4375, with Q_LEN = 1024, KV_LEN = 1024, which are assumed",
  }),
  fails({
    fires: asserted("«no_empty_rows», Q_LEN=64, KV_LEN=32", mask("return q_idx - kv_idx < 16\n")),
    nearMiss: asserted("no_empty_rows", mask("return (q_idx >= kv_idx) & (q_idx - kv_idx < 16)\n")),
    says: "q_idx = 47 no key is allowed",
  }),
  fails({
    fires: asserted("«equals(lambda b, h, q, k: q > k)»", CAUSAL),
    nearMiss: asserted("equals(lambda b, h, q, k: ~(k > q))", CAUSAL),
    says: "b = 0, h = 0, q_idx = 0, kv_idx = 0 is allowed here, and masked by `lambda b, h, q, k: q > k`",
  }),
  fails({
    fires: asserted("«symmetric»", CAUSAL),
    nearMiss: asserted("symmetric", mask("return (q_idx - kv_idx).abs() < 8\n")),
    says: "q_idx = 1, kv_idx = 0 is allowed",
  }),
  fails({
    fires: asserted("«result <= score»", score("return score + (q_idx - kv_idx)\n")),
    nearMiss: asserted("kv_idx >= 0", score("return score + (q_idx - kv_idx)\n")),
    says: "q_idx = 1, kv_idx = 0, for a score of 0",
  }),
  undecided({
    also: ["seeded-value"],
    fires: asserted("«ids[q_idx] >= 0»", `def make(ids):\n    ${DOCUMENT.replaceAll("\n", "\n    ")}\n    return mod\n`),
    nearMiss: `ids = torch.arange(1024) // 64\n${asserted("ids[q_idx] >= 0", DOCUMENT)}`,
    says: "the value that stands in for `ids`",
  }),
  undecided({
    fires: asserted("«result > score - 2»", score("return score + torch.sin(score)\n")),
    nearMiss: asserted("result == result", score("return (q_idx - kv_idx) * 0.5\n")),
    says: "scores that were tried",
  }),
];
