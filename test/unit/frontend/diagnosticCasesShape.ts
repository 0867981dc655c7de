/** Cases of diagnostics about the shape of a mod: what it takes and what it returns. */
import { type DiagnosticCase, mask, score } from "../../support/diagnosticCase.ts";

const CAUSAL = mask("return q_idx >= kv_idx");
/** A mask to take apart. */
const BASE =
  'def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\nbase = create_block_mask(causal, None, None, 8, 8, device="cpu", BLOCK_SIZE=4)\n';

export const SHAPE: readonly DiagnosticCase[] = [
  {
    code: "parameter-count",
    fires: "def «mod»(b, q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\nblock_mask = create_block_mask(mod, None, None, 8, 8)",
    nearMiss: `${CAUSAL}\n\n\nblock_mask = create_block_mask(mod, None, None, 8, 8)`,
    fixed: "def mod(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\nblock_mask = create_block_mask(mod, None, None, 8, 8)",
  },
  {
    code: "bound-method",
    fires:
      "class Window:\n    def mod(self, b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < 4\n\n\nwindow = Window()\nblock_mask = create_block_mask(«window.mod», None, None, 8, 8)",
    nearMiss:
      "class Window:\n    @staticmethod\n    def mod(b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < 4\n\n\nwindow = Window()\nblock_mask = create_block_mask(window.mod, None, None, 8, 8)",
    fixed:
      "class Window:\n    def mod(self, b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < 4\n\n\nwindow = Window()\nblock_mask = create_block_mask(lambda b, h, q_idx, kv_idx: window.mod(b, h, q_idx, kv_idx), None, None, 8, 8)",
  },
  {
    code: "sliced-mask-mod",
    fires: `${BASE}rows = base[:, :, 1]\n\n\n${mask("return «rows.mask_mod(b, h, q_idx + 4, kv_idx)»")}`,
    nearMiss: `${BASE}rows = base[:, :, 1]\nrows.mask_mod = base.mask_mod\n\n\n${mask("return rows.mask_mod(b, h, q_idx + 4, kv_idx)")}`,
  },
  {
    code: "mask-returns-constant",
    fires: mask("return «True»"),
    nearMiss: mask("return torch.tensor(True)"),
    fixed: mask("return q_idx >= 0"),
  },
  {
    code: "mask-not-bool",
    fires: mask("return «q_idx - kv_idx»"),
    nearMiss: mask("return q_idx - kv_idx != 0"),
    fixed: mask("return q_idx - kv_idx != 0"),
  },
  {
    code: "score-returns-constant",
    fires: score("return «0.0»"),
    nearMiss: score("return 0.0 * score"),
    fixed: score("return torch.full_like(score, 0.0)"),
  },
  {
    code: "score-returns-mask",
    fires: score("return «q_idx >= kv_idx»"),
    nearMiss: score('return torch.where(q_idx >= kv_idx, score, -float("inf"))'),
    fixed: score('return torch.where(q_idx >= kv_idx, score, -float("inf"))'),
  },
  {
    code: "returns-nothing",
    fires: mask("q_idx >= kv_idx").replace("def mod", "def «mod»"),
    nearMiss: mask('"""Causal."""\nreturn q_idx >= kv_idx'),
    fixed: mask("return q_idx >= kv_idx"),
  },
  {
    code: "returns-non-scalar",
    fires: mask("return «(q_idx >= kv_idx, q_idx < 3)»"),
    nearMiss: mask("return torch.stack([q_idx >= kv_idx, q_idx < 3]).any()"),
  },
];
