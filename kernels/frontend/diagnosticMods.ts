/** Rows of the table of diagnostics (diagnostic.ts): the shape of a mod, and control flow that its arguments decide. */
import { DATA_DEPENDENT, error, quote, warning, way } from "./diagnosticRow.ts";

// Words named `text`, `name`, … are the user's own and come in without backticks.

/** What a mod takes and returns. */
export const SHAPES = {
  "parameter-count": error(
    (name: string, count: string) =>
      `${quote(name)} takes ${count} positional arguments; a mask_mod takes 4 (b, h, q_idx, kv_idx), a score_mod 5 (score, b, h, q_idx, kv_idx).`,
    "A function used as a mod has neither four nor five positional parameters without defaults.",
  ),
  "bound-method": warning(
    (text: string, rewrite = "") =>
      `create_block_mask counts \`self\` of the bound method ${quote(text)} and refuses it; ${way(rewrite, "make it a staticmethod, or wrap it in a lambda")}.`,
    "create_block_mask refuses bound methods; flex_attention takes them as score_mod.",
  ),
  "sliced-mask-mod": error(
    (text: string) =>
      `${quote(text)} calls the mask_mod of a sliced BlockMask, which raises in PyTorch; take the mask_mod of the mask before \`[…]\`, and add the slice's offset to its indices.`,
    "A mod calls the mask_mod of a BlockMask that was indexed: indexing leaves one that raises.",
  ),
  "mask-returns-constant": error(
    (text: string, rewrite: string) => `${quote(text)} is Python's own value, and a mod must return a tensor; write ${quote(rewrite)}.`,
    "A mask_mod returns True, False or another Python value.",
  ),
  "mask-not-bool": error(
    (text: string, dtype: string, rewrite = "") =>
      `A mask_mod must return bool, and ${quote(text)} is ${dtype}; ${way(rewrite, "compare it, as in `… != 0` or `… > 0`")}.`,
    "A mask_mod returns numbers.",
  ),
  "score-returns-constant": error(
    (text: string, rewrite = "") =>
      `${quote(text)} is Python's own value, and a mod must return a tensor; ${way(rewrite, "make it one with `torch.full_like(score, …)`")}.`,
    "A score_mod returns a Python number.",
  ),
  "score-returns-mask": warning(
    (text: string, rewrite = "") =>
      `${quote(text)} is bool: its 0 and 1 replace the score and nothing is masked; ${way(rewrite, 'choose with `torch.where(…, score, -float("inf"))`')}.`,
    "A score_mod returns a mask; PyTorch takes it as the numbers 0 and 1.",
  ),
  "returns-nothing": error(
    (name: string, rewrite = "") =>
      `${quote(name)} ends without \`return\`, so it gives None; ${way(rewrite, "return the mask or the score")}.`,
    "A mod has no return on the path taken.",
  ),
  "returns-non-scalar": error(
    (what: string) =>
      `A mod returns one number for each (b, h, q_idx, kv_idx), and this is ${what}; reduce it, as with \`.any()\` or \`.sum()\`.`,
    "A mod returns a vector, a tuple or an object.",
  ),
} as const;

/** What would need the value of a tensor. */
export const CONTROL_FLOW = {
  "chained-comparison": error(
    (text: string, rewrite: string) =>
      `${quote(text)} is chained, which asks for the truth value of a tensor; ${way(rewrite, "compare twice, and join the two with `&`")}.`,
    "A chained comparison is an `and` of two tensors, which needs their truth value.",
  ),
  "boolean-operator": error(
    (text: string, op: string, rewrite: string) =>
      `\`${op}\` in ${quote(text)} needs the truth value of a tensor; write ${quote(rewrite, 100)}.`,
    "`and`, `or` and `not` do not work on tensors; `&`, `|` and `~` do.",
  ),
  "data-dependent-branch": error(
    (text: string, statement = "if", rewrite = "") =>
      `\`${statement}\` on ${quote(text)}, ${DATA_DEPENDENT}; ${way(rewrite, "choose with `torch.where(condition, a, b)`")}.`,
    "`if` or `match` on a tensor.",
  ),
  "data-dependent-ternary": error(
    (text: string, rewrite: string) =>
      `The condition of ${quote(text)} is a tensor, whose truth value a traced mod does not have; ${way(rewrite, "choose with `torch.where(condition, a, b)`")}.`,
    "`a if condition else b` on a tensor.",
  ),
  "data-dependent-loop": error(
    (text: string) => `\`while\` on ${quote(text)}, ${DATA_DEPENDENT}; loop a fixed number of times.`,
    "`while` on a tensor.",
  ),
  "data-dependent-assert": error(
    (text: string) => `\`assert\` on ${quote(text)}, ${DATA_DEPENDENT}; remove it from the mod.`,
    "`assert` on a tensor.",
  ),
  "truth-value": error(
    (text: string, rewrite = "") =>
      `${quote(text)} needs the truth value of a tensor; ${way(rewrite, "combine masks with `&`, `|` and `~`")}.`,
    "`bool(t)`, `all([...])` or `any([...])` of tensors.",
  ),
  "item-of-tensor": error(
    (text: string, rewrite = "") =>
      `${quote(text)} asks a tensor for its value, which it does not have while the mod is traced; ${way(rewrite, "keep it a tensor, and convert with `.to(dtype)`")}.`,
    "`.item()`, `int(t)`, `float(t)`, `math.floor(t)` and the like.",
  ),
  "builtin-min-max": warning(
    (text: string, rewrite: string) =>
      `create_block_mask refuses ${quote(text)} unless compiled, flex_attention takes it; ${quote(rewrite)} works in both.`,
    "Python's `max` and `min` of tensors.",
  ),
  "membership-in-set": warning(
    (text: string, answer: string, rewrite = "") =>
      `${quote(text)} is always ${answer}, for a set and a dict compare objects and not a tensor's values; ${way(rewrite, "look it up with `torch.isin`")}.`,
    "`x in {…}` with a tensor: PyTorch takes it, and finds nothing.",
  ),
  "operator-precedence": warning(
    (text: string, op: string, rewrite: string) =>
      `In ${quote(text)} the \`${op}\` binds tighter than the comparison; ${way(rewrite, "set parentheses")}.`,
    "`q_idx >= kv_idx & mask`: Python reads `q_idx >= (kv_idx & mask)`.",
  ),
  "mods-joined": warning(
    (text: string, outcome: string, rewrite: string) =>
      `${quote(text)} joins two functions and not their masks, which ${outcome}; ${way(rewrite, "put them together with `and_masks` or `or_masks`")}.`,
    "`a and b` or `a & b` of two mods; `and_masks(a, b)` is both.",
  ),
  "range-of-tensor": error(
    (text: string) => `${quote(text)} needs the value of a tensor; loop over a fixed range and mask inside.`,
    "`range(t)`.",
  ),
  "index-of-list": error(
    (text: string, rewrite = "", what = "list") =>
      `${quote(text)} indexes a Python ${what} with a tensor; ${way(rewrite, "make it one tensor, outside the mod")}.`,
    "A Python list, tuple or dict indexed by a tensor.",
  ),
  "dynamic-slice": error(
    (text: string) => `${quote(text)} has bounds that are tensors, so its length is not known; compare indices and mask instead.`,
    "`t[q:k]`.",
  ),
  "membership-of-tensor": error(
    (text: string, rewrite = "") =>
      `${quote(text)} compares by Python's rules and does not see the tensor's values; ${way(rewrite, "look it up with `torch.isin`")}.`,
    "`x not in […]`, `x in range(…)` and `x in t` with a tensor.",
  ),
} as const;
