/** `a and b`, `a & b` of two mods: Python takes them for what they are, functions, and not for the masks that they give. */
import type { Fix, TextOf, Words } from "./diagnostic.ts";
import { replace } from "./fix.ts";
import { functionOf, positionalCount } from "./pythonCall.ts";
import type { BinOp, BoolOp } from "./syntax.ts";
import type { Run, Value } from "./value.ts";

/** What a warning says where both sides are mask_mods; `has` says which names there are. `or` picks one, which is meant at times. */
function modsJoined(
  node: BinOp | BoolOp,
  left: Value,
  right: Value,
  has: (name: string) => boolean,
  textOf: TextOf,
): { readonly words: Words<"mods-joined">; readonly fix: Fix | null } | null {
  if (node.op !== "and" && node.op !== "&" && node.op !== "|") return null;
  if (!isMaskMod(left) || !isMaskMod(right)) return null;
  const [a, b] = [textOf(node.left.span), textOf(node.right.span)];
  const combine = node.op === "|" ? "or_masks" : "and_masks";
  const by = node.op === "|" ? "|" : "&";
  const call = "(b, h, q_idx, kv_idx)";
  const plain = /^[\w.]+$/.test(a) && /^[\w.]+$/.test(b);
  const text = has(combine) ? `${combine}(${a}, ${b})` : plain ? `lambda b, h, q_idx, kv_idx: ${a}${call} ${by} ${b}${call}` : "";
  const outcome = node.op === "and" ? `gives \`${b}\` alone` : "Python cannot";
  const fix = text === "" ? null : replace(node, text).fix;
  return { words: [textOf(node.span), outcome, text], fix };
}

/** Says so, where it is so. */
export function warnOfMods(run: Run, node: BinOp | BoolOp, left: Value, right: Value, has: (name: string) => boolean): void {
  const said = modsJoined(node, left, right, has, run.text);
  if (said !== null) run.warn("mods-joined", node.span, said.words, said.fix);
}

function isMaskMod(v: Value): boolean {
  return (functionOf(v) !== null || v.type === "builtin") && positionalCount(v) === 4;
}
