/** Cases of diagnostics about operations and calls that PyTorch refuses, or takes in one of its front ends alone. */
import { type DiagnosticCase, mask, score } from "../../support/diagnosticCase.ts";

const TABLE = "table = torch.arange(8)\n\n\n";
const MODS =
  "def causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < 3\n\n\n";
const LIST = "parity = [0, 1, 0, 1, 0, 1, 0, 1]\n\n\n";

export const OPERATIONS: readonly DiagnosticCase[] = [
  {
    code: "item-of-tensor",
    fires: mask("return kv_idx < «int(q_idx * 0.5)»"),
    nearMiss: mask("return kv_idx < q_idx * int(2.5)"),
    fixed: mask("return kv_idx < (q_idx * 0.5).long()"),
  },
  {
    code: "builtin-min-max",
    fires: mask("return «max(q_idx - kv_idx, 0)» < 3"),
    nearMiss: mask("return q_idx - kv_idx < max(1, 3)"),
    fixed: mask("return torch.clamp(q_idx - kv_idx, min=0) < 3"),
  },
  {
    code: "range-of-tensor",
    fires: mask("near = q_idx < 0\nfor i in «range(q_idx)»:\n    near = near | (kv_idx == i)\nreturn near"),
    nearMiss: mask("near = q_idx < 0\nfor i in range(3):\n    near = near | (kv_idx == i)\nreturn near"),
  },
  {
    code: "index-of-list",
    fires: `${LIST}${mask("return «parity[q_idx]» == parity[kv_idx]")}`,
    nearMiss: `${LIST}${mask("return q_idx % 2 == parity[3]")}`,
    fixed: `${LIST}${mask("return torch.tensor(parity)[q_idx] == torch.tensor(parity)[kv_idx]")}`,
  },
  {
    code: "dynamic-slice",
    fires: `${TABLE}${mask("return «table[kv_idx:q_idx]».sum() > 3")}`,
    nearMiss: `${TABLE}${mask("return table[2:5].sum() > q_idx")}`,
  },
  {
    code: "membership-of-tensor",
    fires: mask("return (q_idx >= kv_idx) & («kv_idx not in [1, 2]»)"),
    nearMiss: mask("return (q_idx >= kv_idx) & (1 in [1, 2])"),
    fixed: mask("return (q_idx >= kv_idx) & (~torch.isin(kv_idx, torch.tensor([1, 2])))"),
  },
  {
    code: "membership-of-tensor",
    fires: mask("return «kv_idx in range(2, 5)»"),
    nearMiss: mask("return kv_idx == range(2, 5)[0]"),
    fixed: mask("return torch.isin(kv_idx, torch.arange(2, 5))"),
  },
  {
    code: "membership-in-set",
    fires: mask("return (q_idx >= kv_idx) | («kv_idx in {1, 2}»)"),
    nearMiss: mask("return (q_idx >= kv_idx) | (1 in {1, 2})"),
    fixed: mask("return (q_idx >= kv_idx) | (torch.isin(kv_idx, torch.tensor([1, 2])))"),
  },
  {
    code: "membership-in-set",
    fires: mask("return «kv_idx in {1, 2}»"),
    nearMiss: mask("return torch.isin(kv_idx, torch.tensor([1, 2]))"),
    fixed: mask("return torch.isin(kv_idx, torch.tensor([1, 2]))"),
  },
  {
    code: "boolean-index",
    fires: `${TABLE}${mask("return table[«q_idx > kv_idx»] == 1")}`,
    nearMiss: `${TABLE}${mask("return table[(q_idx > kv_idx).long()] == 1")}`,
    fixed: `${TABLE}${mask("return table[(q_idx > kv_idx).long()] == 1")}`,
  },
  {
    code: "float-index",
    fires: `${TABLE}${mask("return table[«q_idx / 2»] >= kv_idx")}`,
    nearMiss: `${TABLE}${mask("return table[q_idx // 2] >= kv_idx")}`,
    fixed: `${TABLE}${mask("return table[q_idx // 2] >= kv_idx")}`,
  },
  {
    code: "bool-negation",
    fires: mask("return «-(q_idx >= kv_idx)»"),
    nearMiss: mask("return ~(q_idx >= kv_idx)"),
    fixed: mask("return ~(q_idx >= kv_idx)"),
  },
  {
    code: "bool-subtraction",
    fires: mask("return «1 - (q_idx >= kv_idx)»"),
    nearMiss: mask("return 1 - (q_idx >= kv_idx).int() == 0"),
    fixed: mask("return ~(q_idx >= kv_idx)"),
  },
  {
    code: "random-in-mod",
    fires: mask("return «torch.rand(())» > 0.5"),
    nearMiss: `draws = torch.arange(8) * 37 % 10\n\n\n${mask("return draws[q_idx] > 5")}`,
  },
  {
    code: "random-values",
    fires: `draws = «torch.rand(8)»\n\n\n${mask("return draws[q_idx] > 0.5")}`,
    nearMiss: `noise = torch.rand(8)\ndraws = torch.arange(8)\n\n\n${mask("return draws[q_idx] > 5")}`,
    noTorch: true,
  },
  {
    code: "in-place-shape",
    fires: mask("near = torch.ones_like(q_idx, dtype=torch.bool)\n«near &= q_idx >= kv_idx»\nreturn near"),
    nearMiss: mask("near = q_idx >= kv_idx\nnear &= q_idx - kv_idx < 3\nreturn near"),
    fixed: mask("near = torch.ones_like(q_idx, dtype=torch.bool)\nnear = near & (q_idx >= kv_idx)\nreturn near"),
  },
  {
    code: "in-place-dtype",
    fires: mask("gap = q_idx - kv_idx\n«gap /= 2»\nreturn gap < 1.5"),
    nearMiss: mask("gap = q_idx - kv_idx\ngap //= 2\nreturn gap < 1.5"),
    fixed: mask("gap = q_idx - kv_idx\ngap = gap / 2\nreturn gap < 1.5"),
  },
  {
    code: "python-round",
    fires: mask("return «round(q_idx / 2)» > kv_idx"),
    nearMiss: mask("return torch.round(q_idx / 2) > kv_idx + round(0.5)"),
    fixed: mask("return torch.round(q_idx / 2).long() > kv_idx"),
  },
  {
    code: "operand-types",
    fires: mask("return «(q_idx / 2) & kv_idx» > 0"),
    nearMiss: mask("return (q_idx // 2) & kv_idx > 0"),
  },
  {
    code: "zero-division",
    fires: mask("return «q_idx // 0» > kv_idx"),
    nearMiss: mask("return q_idx / 0 > kv_idx"),
  },
  {
    code: "negative-power",
    fires: mask("return «q_idx ** -1» > 0.5"),
    nearMiss: mask("return q_idx ** -1.0 > 0.5"),
    fixed: mask("return q_idx ** -1.0 > 0.5"),
  },
  {
    code: "index-out-of-range",
    fires: `${TABLE}${mask("return «table[8]» > kv_idx")}`,
    nearMiss: `${TABLE}${mask("return table[7] > kv_idx")}`,
  },
  {
    code: "index-out-of-range",
    fires: mask("return kv_idx < «q_idx.shape[-1]»"),
    nearMiss: `${TABLE}${mask("return kv_idx < table.shape[-1]")}`,
    says: "capture the length instead",
  },
  {
    code: "index-out-of-range",
    fires: mask("return kv_idx < «q_idx.size(0)»"),
    nearMiss: `${TABLE}${mask("return kv_idx < table.size(0)")}`,
    says: "capture the length instead",
  },
  {
    code: "raised",
    fires: mask('«raise ValueError("not for masks")»'),
    nearMiss: mask('if q_idx is None:\n    raise ValueError("not for masks")\nreturn q_idx >= kv_idx'),
  },
  {
    code: "assertion-failed",
    fires: `WINDOW = 0\n\n\n${mask("«assert WINDOW > 0»\nreturn q_idx - kv_idx < WINDOW")}`,
    nearMiss: `WINDOW = 4\n\n\n${mask("assert WINDOW > 0\nreturn q_idx - kv_idx < WINDOW")}`,
  },
  {
    code: "refused-by-flex-attention",
    fires: score("«print(score)»\nreturn score"),
    nearMiss: `print("loaded")\n\n\n${score("return score")}`,
  },
  {
    code: "refused-by-create-block-mask",
    fires: mask("return (q_idx >= kv_idx) & («q_idx in [kv_idx, 2]»)"),
    nearMiss: mask("return (q_idx >= kv_idx) & ((q_idx == kv_idx) | (q_idx == 2))"),
    fixed: mask("return (q_idx >= kv_idx) & ((q_idx == kv_idx) | (q_idx == 2))"),
  },
  {
    code: "refused-by-create-block-mask",
    fires: mask("return «np.where(q_idx > kv_idx, True, False)»"),
    nearMiss: mask("return q_idx > np.where(np.arange(3) > 1, 1, 0).sum()"),
    fixed: mask("return torch.where(q_idx > kv_idx, True, False)"),
  },
  {
    code: "refused-by-create-block-mask",
    fires: `table = np.arange(4096) // 64\n\n\n${mask("return «table[kv_idx]» < 3")}`,
    nearMiss: `table = torch.from_numpy(np.arange(4096) // 64)\n\n\n${mask("return table[kv_idx] < 3")}`,
    says: "create_block_mask",
  },
  {
    code: "operator-precedence",
    fires: mask("far = q_idx > 3\nreturn «q_idx >= kv_idx & far»"),
    nearMiss: mask("return q_idx >= kv_idx & 3"),
    fixed: mask("far = q_idx > 3\nreturn (q_idx >= kv_idx) & far"),
  },
  {
    code: "mods-joined",
    fires: `${MODS}mod = and_masks(«causal and near»)`,
    nearMiss: `${MODS}mod = and_masks(causal or near, near)`,
    fixed: `${MODS}mod = and_masks(and_masks(causal, near))`,
  },
];
