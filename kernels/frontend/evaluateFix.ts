/**
 * Quick fixes for faults that operators and builtins found, which know values and not the expression in the text. In:
 * the refusal, the node it stands at, and a way to ask for the values of the node's parts. Out: the refusal with its
 * fix, the rewrite in its message, and the place narrowed to the index that is to blame.
 */
import { isFloat } from "../ir/ops.ts";
import { type Code, type Diagnostic, diagnose, type Fix, type TextOf } from "./diagnostic.ts";
import type { Fact, FactOf, Rewrite } from "./fix.ts";
import { replace } from "./fix.ts";
import { rewriteCall, rewriteNumpy } from "./fixCall.ts";
import { misread, rewriteBoolean, rewriteMembership, rewriteTernary } from "./fixCondition.ts";
import {
  rewriteBoolNegation,
  rewriteBoolSubtraction,
  rewriteDictIndex,
  rewriteIndex,
  rewriteListIndex,
  rewriteNegativePower,
} from "./fixIndex.ts";
import type { Compare, Expression, Subscript } from "./syntax.ts";
import { type Call, isScalar, isTensor, Raised, Refusal, type Run, type Scope, type Value } from "./value.ts";

/** The value of a part of what is refused; null where it has none. */
export type ValueAt = (node: Expression) => Value | null;

/** `e` with the fix that `node` allows; `e` itself where there is none. */
export function fixFor(e: Refusal, node: Expression, valueAt: ValueAt, textOf: TextOf): Refusal {
  const { diagnostic } = e;
  const facts: FactOf = (n) => factOf(valueAt(n));
  if (diagnostic.fix !== null) {
    const wider = widened(diagnostic, node, facts, textOf);
    return wider === null ? e : new Refusal(wider, e.known);
  }
  if (diagnostic.span !== node.span) return e;
  const fixed = withFix(diagnostic, node, facts, valueAt, textOf);
  return fixed === null ? e : new Refusal(fixed, e.known);
}

function withFix(d: Diagnostic, node: Expression, facts: FactOf, valueAt: ValueAt, textOf: TextOf): Diagnostic | null {
  const text = textOf(node.span);
  const stated = <C extends Code>(
    code: C,
    words: (rewrite: string) => Parameters<typeof diagnose<C>>[2],
    r: Rewrite | null,
  ): Diagnostic | null => (r === null ? null : diagnose(code, d.span, words(r.text), r.fix));
  switch (node.kind) {
    case "Call": {
      const r = rewriteCall(d.code, node, facts, textOf);
      if (d.code === "item-of-tensor") return stated(d.code, (w) => [text, w], r);
      if (d.code === "truth-value") return stated(d.code, (w) => [text, w], r);
      if (d.code === "python-round") return stated(d.code, (w) => [textOf(node.callee.span), w], r);
      return r === null ? null : { ...d, message: `${d.message.replace(/\.$/, "")}; write \`${r.text}\`.`, fix: r.fix };
    }
    case "UnaryOp":
      return d.code === "bool-negation" ? stated(d.code, (w) => [text, w], rewriteBoolNegation(node, textOf)) : null;
    case "BinOp":
      if (d.code === "bool-subtraction") return stated(d.code, (w) => [text, w], rewriteBoolSubtraction(node, facts, textOf));
      return d.code === "negative-power" ? stated(d.code, (w) => [text, w], rewriteNegativePower(node, textOf)) : null;
    case "Compare": {
      const found = d.code === "membership-of-tensor" ? rewriteMembership(node, facts, textOf) : null;
      if (found === null) return null;
      return stated("membership-of-tensor", (w) => [text, w], replace(node, found.text));
    }
    case "Subscript":
      if (d.code === "index-of-list") return listIndex(d, node, valueAt, textOf);
      return d.code === "index-out-of-range" ? shapeOfNumber(d, node, valueAt, textOf) : indexFault(d, node, valueAt, textOf);
    default:
      return null;
  }
}

const CONDITIONS: ReadonlySet<string> = new Set<Code>([
  "boolean-operator",
  "chained-comparison",
  "data-dependent-ternary",
  "truth-value",
  "membership-of-tensor",
]);

/** Whether a fault's fix rewrites the whole of `node`, a condition. */
export function standsFor(d: Diagnostic, node: Expression): boolean {
  const [edit, more] = d.fix?.edits ?? [];
  if (edit === undefined || more !== undefined || !CONDITIONS.has(d.code)) return false;
  return edit.span.from === node.span.from && edit.span.to === node.span.to && edit.span.file === node.span.file;
}

/**
 * The fault of a part of a condition, whose fix would leave a fault of the same kind around it: with the fix of the
 * whole. `a and b and c` is one mistake, and stands under all of it.
 */
function widened(d: Diagnostic, node: Expression, facts: FactOf, textOf: TextOf): Diagnostic | null {
  const part = node.kind === "BoolOp" ? node.left : node.kind === "UnaryOp" && node.op === "not" ? node.operand : null;
  if (node.kind === "IfExp" && standsFor(d, node.condition)) return { ...d, fix: rewriteTernary(node, facts, textOf)?.fix ?? d.fix };
  if (part === null || (node.kind !== "BoolOp" && node.kind !== "UnaryOp") || !standsFor(d, part)) return null;
  const { text, fix } = rewriteBoolean(node, facts, textOf);
  if (d.code !== "boolean-operator" || node.kind !== "BoolOp") return { ...d, fix };
  return diagnose("boolean-operator", node.span, [textOf(node.span), node.op, text], fix);
}

/** `rows[q_idx]` of a list of numbers or of tensors. */
function listIndex(d: Diagnostic, node: Subscript, valueAt: ValueAt, textOf: TextOf): Diagnostic | null {
  const object = valueAt(node.object);
  if (object?.type === "dict") {
    const r = rewriteDictIndex(node, [...object.entries.values()], textOf);
    return diagnose("index-of-list", d.span, [textOf(node.span), r?.text ?? "", "dict"], r?.fix ?? null);
  }
  if (object?.type !== "list" && object?.type !== "tuple") return null;
  const [first] = object.items;
  const r = rewriteListIndex(node, first !== undefined && isTensor(first) ? "stack" : "tensor", textOf);
  return diagnose("index-of-list", d.span, [textOf(node.span), r.text], r.fix);
}

/** `q_idx.shape[-1]`: inside a mod its arguments are single numbers. */
function shapeOfNumber(d: Diagnostic, node: Subscript, valueAt: ValueAt, textOf: TextOf): Diagnostic | null {
  if (node.object.kind !== "Attribute" || node.object.name !== "shape") return null;
  const tensor = valueAt(node.object.object);
  if (tensor?.type !== "dynamic" || tensor.shape.length > 0) return null;
  const name = textOf(node.object.object.span);
  const why = `\`${name}\` is a single number inside a mod and has no dimensions; capture the length instead`;
  return diagnose("index-out-of-range", d.span, [textOf(node.span), why]);
}

/** A bool or float among the indices: the fault stands at that index. */
function indexFault(d: Diagnostic, node: Subscript, valueAt: ValueAt, textOf: TextOf): Diagnostic | null {
  if (d.code !== "float-index" && d.code !== "boolean-index") return null;
  const indices = node.index.kind === "Sequence" && node.index.form === "tuple" ? node.index.elements : [node.index];
  for (const index of indices) {
    const value = valueAt(index);
    if (value === null || !isTensor(value)) continue;
    if (d.code === "float-index" ? !isFloat(value.dtype) : value.dtype !== "bool" && value.dtype !== "u8") continue;
    const r = rewriteIndex(index, textOf);
    const dtype = / is (\w+)/.exec(d.message)?.[1] ?? "";
    return diagnose(d.code, index.span, [textOf(index.span), dtype, r.text], r.fix);
  }
  return null;
}

/** The values of a refused expression's parts, by evaluation; see `Run.guessing`. */
export function valuesIn(
  run: Run,
  scope: Scope,
  evaluate: (run: Run, node: Expression, scope: Scope) => Value,
  known = new Map<Expression, Value | null>(),
): ValueAt {
  const guess = (node: Expression): Value | null => {
    const { depth } = run;
    run.guessing = true;
    try {
      return evaluate(run, node, scope);
    } catch (e) {
      if (e instanceof Refusal || e instanceof Raised || e instanceof RangeError) return null;
      throw e;
    } finally {
      run.depth = depth;
      run.guessing = false;
    }
  };
  return (node) => {
    if (run.guessing) return null;
    const value = known.get(node) ?? (known.has(node) ? null : guess(node));
    known.set(node, value);
    return value;
  };
}

/** `q_idx >= kv_idx & mask`, which Python reads as `q_idx >= (kv_idx & mask)`. */
export function warnOfPrecedence(run: Run, node: Compare, facts: FactOf): void {
  const meant = misread(node, facts, run.text);
  if (meant !== null)
    run.warn("operator-precedence", node.span, [run.text(node.span), meant.op, meant.text], replace(node, meant.text).fix);
}

/** A function of NumPy with a tensor of the mod: flex_attention makes it one of torch's, and create_block_mask does not. */
export function warnOfNumpy(call: Call): void {
  const { text } = call.run;
  const rewrite = offered(call.node === null ? null : rewriteNumpy(call.node, text));
  call.run.warn("refused-by-create-block-mask", call.span, [text(call.span), rewrite.text], rewrite.fix);
}

/** What a rewrite asks of a value; null where it is not known. */
export function factOf(v: Value | null): Fact | null {
  if (v === null || v.type === "unknown") return null;
  if (isTensor(v)) return v.dtype === "bool" ? "mask" : "number";
  return v.type === "bool" ? "flag" : isScalar(v) ? "scalar" : "object";
}

/** The facts of a call's own arguments: those of its one argument's items where that is a list written out. */
export function argumentFacts(call: Call, items: readonly Value[]): FactOf {
  const [only, more] = call.node?.args ?? [];
  const nodes = only?.kind === "Sequence" && more === undefined ? only.elements : (call.node?.args ?? []);
  return (node) => factOf(items[nodes.indexOf(node)] ?? null);
}

/** A rewrite's fix, and its words for the message; none where there is no rewrite. */
export const offered = (r: Rewrite | null): { readonly text: string; readonly fix: Fix | null } => ({
  text: r?.text ?? "",
  fix: r?.fix ?? null,
});
