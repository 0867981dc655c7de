/** Rewrites of subscripts and bool arithmetic that PyTorch refuses. */
import type { TextOf } from "./diagnostic.ts";
import { BINDS, type FactOf, operand, type Rewrite, receiver, replace, replaceLooser } from "./fix.ts";
import { floored } from "./fixCall.ts";
import type { BinOp, Expression, Subscript, UnaryOp } from "./syntax.ts";
import { isScalar, type Value } from "./value.ts";

/** `-mask` → `~mask`. */
export function rewriteBoolNegation(node: UnaryOp, textOf: TextOf): Rewrite {
  return replace(node, `~${operand(node.operand, BINDS.unary, textOf)}`);
}

/** `1 - mask` → `~mask`, `a - b` → `a & ~b`; null where a side is no mask. */
export function rewriteBoolSubtraction(node: BinOp, facts: FactOf, textOf: TextOf): Rewrite | null {
  if (facts(node.right) !== "mask") return null;
  const right = `~${operand(node.right, BINDS.unary, textOf)}`;
  const { left } = node;
  if (facts(left) === "mask") {
    const text = `${operand(left, BINDS["&"], textOf)} & ${right}`;
    return replaceLooser(node, { text, binds: BINDS["&"] }, textOf);
  }
  const isOne =
    left.kind === "Constant" && (left.literal.type === "bool" || left.literal.type === "int") && Number(left.literal.value) === 1;
  return isOne ? replace(node, right) : null;
}

/** `i ** -1` → `i ** -1.0`. */
export function rewriteNegativePower(node: BinOp, textOf: TextOf): Rewrite | null {
  const text = textOf(node.right.span);
  if (!/^-\s*\d+$/.test(text)) return null;
  return { text: `${textOf(node.left.span)} ** ${text}.0`, fix: replace(node.right, `${text}.0`).fix };
}

/** `t[i / 2]` → `t[i // 2]`, `t[x]` → `t[x.long()]`: for an index of the dtype that the fault named. */
export function rewriteIndex(index: Expression, textOf: TextOf): Rewrite {
  if (index.kind === "BinOp" && index.op === "/") return replace(index, floored(index, textOf));
  return replace(index, `${receiver(index, textOf)}.long()`);
}

/** `rows[q_idx]` → `torch.tensor(rows)[q_idx]`; `stack` where the list holds tensors. suggest.ts does its neighbours. */
export function rewriteListIndex(node: Subscript, how: "tensor" | "stack", textOf: TextOf): Rewrite {
  const whole = `torch.${how}(${textOf(node.object.span)})`;
  return {
    text: `${whole}[${textOf(node.index.span)}]`,
    fix: { title: `Index \`${whole}\``, edits: [{ span: node.object.span, newText: whole }] },
  };
}

/** `table[h]` of a dict with the keys 0, 1, 2, … → `torch.tensor(list(table.values()))[h]`; null for other keys. */
export function rewriteDictIndex(
  node: Subscript,
  entries: readonly { readonly key: Value; readonly value: Value }[],
  textOf: TextOf,
): Rewrite | null {
  const counted = entries.every(({ key, value }, i) => key.type === "int" && key.value === i && isScalar(value));
  if (!counted || entries.length === 0) return null;
  const whole = `torch.tensor(list(${receiver(node.object, textOf)}.values()))`;
  return {
    text: `${whole}[${textOf(node.index.span)}]`,
    fix: { title: `Index \`${whole}\``, edits: [{ span: node.object.span, newText: whole }] },
  };
}
