/** More rewrites: what people write for plain numbers, and what the fix leaves of it. Their near miss is the fixed text. */
import type { Code } from "../../../kernels/frontend/diagnostic.ts";
import { type DiagnosticCase, mask, score } from "../../support/diagnosticCase.ts";

const row = (code: Code, fires: string, fixed: string): DiagnosticCase => ({ code, fires, nearMiss: fixed, fixed });
const returns = (code: Code, fires: string, fixed: string): DiagnosticCase => row(code, mask(`return ${fires}`), mask(`return ${fixed}`));
const scored = (code: Code, fires: string, fixed: string): DiagnosticCase => row(code, score(`return ${fires}`), score(`return ${fixed}`));
const after = (head: string, c: DiagnosticCase): DiagnosticCase => ({
  ...c,
  fires: `${head}\n\n\n${c.fires}`,
  nearMiss: `${head}\n\n\n${c.nearMiss}`,
  ...(c.fixed === undefined ? {} : { fixed: `${head}\n\n\n${c.fixed}` }),
});

const misread = (c: DiagnosticCase): DiagnosticCase => ({ ...c, misread: true });

const CHAINS: readonly DiagnosticCase[] = [
  returns("chained-comparison", "«0 < q_idx < kv_idx < 6»", "(0 < q_idx) & (q_idx < kv_idx) & (kv_idx < 6)"),
  returns("chained-comparison", "«q_idx == kv_idx == 3»", "(q_idx == kv_idx) & (kv_idx == 3)"),
  misread(returns("chained-comparison", "«q_idx < 5 & kv_idx < 3»", "(q_idx < 5) & (kv_idx < 3)")),
  misread(returns("chained-comparison", "«q_idx < 5 & kv_idx < 3 | q_idx == kv_idx»", "(q_idx < 5) & (kv_idx < 3) | (q_idx == kv_idx)")),
  returns("chained-comparison", "«1 <= (q_idx | 1) - kv_idx <= 3»", "(1 <= (q_idx | 1) - kv_idx) & ((q_idx | 1) - kv_idx <= 3)"),
  returns("chained-comparison", "(\n    «0 <= q_idx - kv_idx <\n    3»\n)", "(\n    (0 <= q_idx - kv_idx) & (q_idx - kv_idx < 3)\n)"),
];

const BOOLEANS: readonly DiagnosticCase[] = [
  returns("boolean-operator", "«q_idx >= kv_idx and q_idx < 6 and kv_idx != 2»", "(q_idx >= kv_idx) & (q_idx < 6) & (kv_idx != 2)"),
  returns("boolean-operator", "«q_idx == 1 or kv_idx == 2 and q_idx < 3»", "(q_idx == 1) | (kv_idx == 2) & (q_idx < 3)"),
  returns("boolean-operator", "«(q_idx == 1 or kv_idx == 2) and q_idx < 3»", "((q_idx == 1) | (kv_idx == 2)) & (q_idx < 3)"),
  returns("boolean-operator", "«not q_idx < kv_idx»", "~(q_idx < kv_idx)"),
  returns("boolean-operator", "not («q_idx < kv_idx and kv_idx > 3»)", "~((q_idx < kv_idx) & (kv_idx > 3))"),
  returns(
    "boolean-operator",
    "(\n    «(q_idx >= kv_idx)  # causal\n    and (q_idx - kv_idx < 3)  # near\n    and kv_idx != 2»\n)",
    "(\n    (q_idx >= kv_idx)  # causal\n    & (q_idx - kv_idx < 3)  # near\n    & (kv_idx != 2)\n)",
  ),
  after(
    "CAUSAL = True",
    row(
      "data-dependent-branch",
      mask("if «CAUSAL and q_idx >= kv_idx»:\n    return q_idx - kv_idx < 3\nreturn q_idx == kv_idx"),
      mask("return torch.where(CAUSAL & (q_idx >= kv_idx), q_idx - kv_idx < 3, q_idx == kv_idx)"),
    ),
  ),
  returns("boolean-operator", "«q_idx and kv_idx»", "(q_idx != 0) & (kv_idx != 0)"),
  returns("boolean-operator", "«q_idx % 2 or kv_idx == 0»", "(q_idx % 2 != 0) | (kv_idx == 0)"),
  after("FLAG = True", returns("boolean-operator", "«q_idx >= kv_idx and FLAG and not FLAG»", "(q_idx >= kv_idx) & FLAG & (not FLAG)")),
  after("WINDOW = 3", returns("boolean-operator", "«q_idx >= kv_idx and WINDOW»", "(q_idx >= kv_idx) & bool(WINDOW)")),
  returns("truth-value", "«any([q_idx == 0, kv_idx == 0])»", "(q_idx == 0) | (kv_idx == 0)"),
  returns("truth-value", "«bool(q_idx >= kv_idx)» & (kv_idx > 1)", "(q_idx >= kv_idx) & (kv_idx > 1)"),
];

const LISTS: readonly DiagnosticCase[] = [
  returns("truth-value", "«any(q_idx == x for x in [1, 2, 5])»", "torch.stack([q_idx == x for x in [1, 2, 5]]).any()"),
  returns("truth-value", "«all([q_idx != x for x in [1, 2, 5]])»", "torch.stack([q_idx != x for x in [1, 2, 5]]).all()"),
  returns("operand-types", "«torch.all([q_idx >= kv_idx, q_idx > 2])»", "torch.stack([q_idx >= kv_idx, q_idx > 2]).all()"),
];

const CHOICES: readonly DiagnosticCase[] = [
  returns("data-dependent-ternary", "«True if q_idx >= kv_idx else False»", "torch.where(q_idx >= kv_idx, True, False)"),
  scored(
    "data-dependent-ternary",
    "«score if q_idx >= kv_idx else (score - 1.0 if kv_idx < 4 else 0.0)»",
    "torch.where(q_idx >= kv_idx, score, torch.where(kv_idx < 4, score - 1.0, 0.0))",
  ),
  scored(
    "boolean-operator",
    'score if «q_idx >= kv_idx and kv_idx > 1» else -float("inf")',
    'torch.where((q_idx >= kv_idx) & (kv_idx > 1), score, -float("inf"))',
  ),
  row(
    "data-dependent-branch",
    mask("if «q_idx < 2»:\n    return kv_idx < 1\nelif q_idx < 4:\n    return kv_idx < 3\nelse:\n    return q_idx >= kv_idx"),
    mask("return torch.where(q_idx < 2, kv_idx < 1, torch.where(q_idx < 4, kv_idx < 3, q_idx >= kv_idx))"),
  ),
  row(
    "data-dependent-branch",
    mask("if «q_idx < 2»:\n    return False\nif kv_idx == 0:\n    return True\nnear = q_idx - kv_idx < 3\nreturn near"),
    mask("near = q_idx - kv_idx < 3\nreturn torch.where(q_idx < 2, False, torch.where(kv_idx == 0, True, near))"),
  ),
  row(
    "data-dependent-branch",
    score("if «q_idx < kv_idx»:\n    score = score - 1\nreturn score"),
    score("score = torch.where(q_idx < kv_idx, score - 1, score)\nreturn score"),
  ),
  row(
    "data-dependent-branch",
    score("if «kv_idx > q_idx»:\n    score -= kv_idx - q_idx\nelse:\n    score *= 0.5\nreturn score"),
    score("score = torch.where(kv_idx > q_idx, score - (kv_idx - q_idx), score * 0.5)\nreturn score"),
  ),
  row(
    "data-dependent-branch",
    score(
      "# Far keys fade.\nif «q_idx - kv_idx > 3»:\n    # gently\n    scale = 0.5\n    shift = 1\nelse:\n    scale = 1.0\n    shift = 0\nreturn score * scale + shift",
    ),
    score(
      "# Far keys fade.\n# gently\nscale = torch.where(q_idx - kv_idx > 3, 0.5, 1.0)\nshift = torch.where(q_idx - kv_idx > 3, 1, 0)\nreturn score * scale + shift",
    ),
  ),
  row(
    "chained-comparison",
    mask("if «2 <= q_idx < 5»:\n    return q_idx == kv_idx\nreturn q_idx >= kv_idx"),
    mask("return torch.where((2 <= q_idx) & (q_idx < 5), q_idx == kv_idx, q_idx >= kv_idx)"),
  ),
  after(
    "CAUSAL = False",
    row(
      "data-dependent-branch",
      mask("if CAUSAL:\n    return q_idx >= kv_idx\nelif «q_idx < 2»:\n    return kv_idx < 2\nelse:\n    return kv_idx >= 2"),
      mask("if CAUSAL:\n    return q_idx >= kv_idx\nelse:\n    return torch.where(q_idx < 2, kv_idx < 2, kv_idx >= 2)"),
    ),
  ),
  {
    code: "data-dependent-branch",
    // The branch does more than choose a value: no rewrite stands for it.
    fires: mask("if «q_idx < 2»:\n    for i in range(2):\n        kv_idx = kv_idx + i\n    return kv_idx < 1\nreturn q_idx >= kv_idx"),
    nearMiss: mask("for i in range(2):\n    kv_idx = kv_idx + i\nreturn q_idx >= kv_idx"),
  },
  {
    code: "data-dependent-branch",
    // `y` has no value where the condition does not hold.
    fires: mask("if «q_idx < 2»:\n    y = kv_idx\nreturn y >= 1"),
    nearMiss: mask("y = torch.where(q_idx < 2, kv_idx, 0)\nreturn y >= 1"),
  },
];

const NUMBERS: readonly DiagnosticCase[] = [
  returns("builtin-min-max", "«max(q_idx, kv_idx)» < 4", "torch.maximum(q_idx, kv_idx) < 4"),
  returns("builtin-min-max", "«min(q_idx, kv_idx, 3)» < 2", "torch.clamp(torch.minimum(q_idx, kv_idx), max=3) < 2"),
  returns("builtin-min-max", "«max([q_idx - kv_idx, 0])» < 3", "torch.clamp(q_idx - kv_idx, min=0) < 3"),
  after(
    "WINDOW = 2",
    returns("builtin-min-max", "«max(q_idx - kv_idx, WINDOW, 1)» < 4", "torch.clamp(q_idx - kv_idx, min=max(WINDOW, 1)) < 4"),
  ),
  returns("refused-by-create-block-mask", "«torch.tensor(q_idx - 1)» > kv_idx", "(q_idx - 1) > kv_idx"),
  returns("item-of-tensor", "kv_idx < «q_idx.item()» + 1", "kv_idx < q_idx + 1"),
  returns("item-of-tensor", "«(q_idx - kv_idx).item()» * 2 > 3", "(q_idx - kv_idx) * 2 > 3"),
  returns("item-of-tensor", "kv_idx < «int(q_idx / 2)»", "kv_idx < (q_idx / 2).long()"),
  returns("item-of-tensor", "kv_idx < «float(q_idx)» * 0.5", "kv_idx < q_idx.float() * 0.5"),
  returns("item-of-tensor", "kv_idx < «math.floor(q_idx / 2)»", "kv_idx < q_idx // 2"),
  returns("item-of-tensor", "kv_idx < «math.floor((q_idx + 1) / 2)»", "kv_idx < (q_idx + 1) // 2"),
  returns("item-of-tensor", "kv_idx % «math.floor(q_idx / 2 + 2)» == 1", "kv_idx % torch.floor(q_idx / 2 + 2).long() == 1"),
  returns("item-of-tensor", "7 - «math.floor(q_idx / 2)» % 3 > kv_idx", "7 - q_idx // 2 % 3 > kv_idx"),
  returns("item-of-tensor", "7 ** «(q_idx % 2).item()» > kv_idx", "7 ** (q_idx % 2) > kv_idx"),
  returns("item-of-tensor", "kv_idx < «math.ceil(q_idx / 2)»", "kv_idx < torch.ceil(q_idx / 2).long()"),
  returns("item-of-tensor", "kv_idx < «math.sqrt(q_idx)»", "kv_idx < torch.sqrt(q_idx)"),
  returns("item-of-tensor", "kv_idx < «math.pow(q_idx, 2)» - 3", "kv_idx < q_idx ** 2 - 3"),
  returns("item-of-tensor", "«math.log(q_idx + 1, 2)» > kv_idx", "torch.log(q_idx + 1) / math.log(2) > kv_idx"),
  scored("item-of-tensor", "score * «math.exp(-(q_idx - kv_idx) / 4)»", "score * torch.exp(-(q_idx - kv_idx) / 4)"),
  returns("refused-by-flex-attention", "«pow(q_idx, 2)» > kv_idx + 3", "q_idx ** 2 > kv_idx + 3"),
  returns("python-round", "«divmod(q_idx, 2)»[1] == kv_idx", "(q_idx // 2, q_idx % 2)[1] == kv_idx"),
  returns("python-round", "«round(q_idx / 3, 1)» > kv_idx / 2", "torch.round(q_idx / 3, decimals=1) > kv_idx / 2"),
  returns("operand-types", "«torch.maximum(q_idx - kv_idx, 0)» < 3", "torch.clamp(q_idx - kv_idx, min=0) < 3"),
  returns("operand-types", "«torch.isin(q_idx, [1, 2])»", "torch.isin(q_idx, torch.tensor([1, 2]))"),
  after("SINKS = (0, 3)", returns("operand-types", "«torch.isin(kv_idx, SINKS)»", "torch.isin(kv_idx, torch.tensor(list(SINKS)))")),
  returns("operand-types", "«torch.minimum(2, q_idx)» < kv_idx", "torch.clamp(q_idx, max=2) < kv_idx"),
  returns("operand-types", "«torch.clamp(q_idx, 1, kv_idx)» > 2", "torch.clamp(torch.clamp(q_idx, min=1), max=kv_idx) > 2"),
  returns("bool-subtraction", "«(q_idx >= kv_idx) - (q_idx == kv_idx)»", "(q_idx >= kv_idx) & ~(q_idx == kv_idx)"),
  returns("operand-types", "«torch.where(q_idx % 2, True, False)»", "torch.where(q_idx % 2 != 0, True, False)"),
  returns("index-out-of-range", "«torch.max(q_idx - kv_idx, 3)» < 5", "torch.clamp(q_idx - kv_idx, min=3) < 5"),
  returns("bool-subtraction", "«True - (q_idx >= kv_idx)»", "~(q_idx >= kv_idx)"),
  returns("refused-by-create-block-mask", "«q_idx in (1, 2)»", "torch.isin(q_idx, torch.tensor([1, 2]))"),
  after("SINKS = [0, 3]", returns("refused-by-create-block-mask", "«kv_idx in SINKS»", "torch.isin(kv_idx, torch.tensor(list(SINKS)))")),
  after("SINKS = {0, 3}", returns("membership-in-set", "«kv_idx not in SINKS»", "~torch.isin(kv_idx, torch.tensor(list(SINKS)))")),
  returns("refused-by-create-block-mask", "«np.abs(q_idx - kv_idx)» < 3", "torch.abs(q_idx - kv_idx) < 3"),
  misread(returns("operator-precedence", "«~q_idx >= kv_idx»", "~(q_idx >= kv_idx)")),
  returns("operator-precedence", "«(q_idx > 2) & q_idx >= kv_idx»", "(q_idx > 2) & (q_idx >= kv_idx)"),
];

const TABLES: readonly DiagnosticCase[] = [
  after(
    "table = torch.arange(16).view(2, 8)",
    returns("boolean-index", "table[«q_idx > kv_idx», kv_idx] > 3", "table[(q_idx > kv_idx).long(), kv_idx] > 3"),
  ),
  after("table = torch.arange(8)", returns("float-index", "table[«q_idx * 0.5»] > kv_idx", "table[(q_idx * 0.5).long()] > kv_idx")),
  after(
    "table = torch.arange(8)",
    returns("float-index", "table[«torch.sqrt(q_idx)»] > kv_idx", "table[torch.sqrt(q_idx).long()] > kv_idx"),
  ),
  after(
    "rows = [torch.arange(8), torch.arange(8) * 2]",
    returns("index-of-list", "«rows[h]»[q_idx] > kv_idx", "torch.stack(rows)[h][q_idx] > kv_idx"),
  ),
  after(
    "widths = {0: 1, 1: 3}",
    returns("index-of-list", "q_idx - kv_idx < «widths[h]»", "q_idx - kv_idx < torch.tensor(list(widths.values()))[h]"),
  ),
  row(
    "in-place-shape",
    mask("near = q_idx < 3\n«near |= q_idx >= kv_idx»\nreturn near"),
    mask("near = q_idx < 3\nnear = near | (q_idx >= kv_idx)\nreturn near"),
  ),
];

const RETURNS: readonly DiagnosticCase[] = [
  returns("mask-returns-constant", "«False»", "q_idx < 0"),
  returns("mask-returns-constant", "«1»", "q_idx >= 0"),
  after("FULL = True", returns("mask-returns-constant", "«FULL or q_idx >= kv_idx»", "(q_idx >= 0) & (FULL or q_idx >= kv_idx)")),
  row("mask-returns-constant", "mod = lambda b, h, i, j: «True»", "mod = lambda b, h, i, j: i >= 0"),
  returns("mask-not-bool", "«torch.where(q_idx >= kv_idx, 1, 0)»", "torch.where(q_idx >= kv_idx, 1, 0) != 0"),
  returns("mask-not-bool", "«(q_idx >= kv_idx).int()»", "(q_idx >= kv_idx).int() != 0"),
  row("returns-nothing", mask("near = q_idx - kv_idx < 3").replace("mod", "«mod»"), mask("near = q_idx - kv_idx < 3\nreturn near")),
  row(
    "parameter-count",
    "def «mod»(q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\nblock_mask = create_block_mask(mod, None, None, 8, 8)",
    "def mod(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\nblock_mask = create_block_mask(mod, None, None, 8, 8)",
  ),
  scored("argument-count", "«torch.where(q_idx >= kv_idx, score)»", 'torch.where(q_idx >= kv_idx, score, -float("inf"))'),
  returns("argument-count", "«torch.where(q_idx > 2, q_idx >= kv_idx)»", "torch.where(q_idx > 2, q_idx >= kv_idx, False)"),
];

export const REWRITES: readonly DiagnosticCase[] = [...CHAINS, ...BOOLEANS, ...LISTS, ...CHOICES, ...NUMBERS, ...TABLES, ...RETURNS];
