/**
 * Index arithmetic that leaves 32 bits at the problem's lengths. On a GPU the indices of a mod are int32 (in the kernels
 * that PyTorch generates, and in these), so `q_idx * 65536 + kv_idx` is another number from 32,768 tokens on, while
 * eager PyTorch and a CPU compute it in int64. What intervals suspect is said only with a cell at which it happens.
 */
import { int32Overflow } from "../analysis/overflow.ts";
import { fillProblem } from "../flash/problem.ts";
import { type Diagnostic, diagnose, type Fix, type Words } from "../frontend/diagnostic.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import { binary, constant, type Expr } from "../ir/expr.ts";
import { interpretAll } from "../ir/interpret.ts";
import type { Mod, Span } from "../ir/mod.ts";
import { postorder } from "../ir/walk.ts";
import { firstCell } from "../mask/firstCell.ts";
import type { LintContext } from "./context.ts";
import { cellText } from "./gather.ts";
import { boxOfSize, type KnownSizes } from "./sizes.ts";

const BUDGET = 2 ** 18;

export function lintOverflow(variant: LoweredVariant, mod: Mod, { known }: KnownSizes, context: LintContext): Diagnostic[] {
  // Who converts has seen to it: then the kernel computes in 64 bits.
  if (/int64|\blong\b/.test(context.textOf(mod.span))) return [];
  const problem = fillProblem(known);
  const size = { batch: problem.batch, heads: problem.qHeads, qLen: problem.qLen, kvLen: problem.kvLen };
  const found: Diagnostic[] = [];
  for (const { node } of int32Overflow([mod.body], boxOfSize(size))) {
    if (node.kind === "const" || node.kind === "load" || !isOfIndices(node)) continue;
    const beyond = binary("or", binary("gt", node, i64(2 ** 31 - 1)), binary("lt", node, i64(-(2 ** 31))));
    const first = firstCell(beyond, size, BUDGET);
    if (typeof first === "string") continue;
    const { b, h, qIdx, kvIdx } = first.cell;
    const value = interpretAll([node], { b, h, q_idx: qIdx, kv_idx: kvIdx }).get(node) ?? 0;
    const place = mod.places?.get(node);
    const span = place !== undefined && place.file === context.file ? place : variant.nameSpan;
    const words: Words<"int32-overflow"> = [context.textOf(span), String(value), cellText(node, first.cell)];
    found.push(diagnose("int32-overflow", span, words, widened(span, context)));
  }
  return found;
}

/** `q_idx * …` as `q_idx.to(torch.int64) * …`; null where it does not begin with a plain name. */
function widened(span: Span, { textOf }: LintContext): Fix | null {
  const [name] = /^[A-Za-z_]\w*(?=\s*(?:\*|\+|-|<<)[^*])/.exec(textOf(span)) ?? [];
  if (name === undefined) return null;
  const at = { ...span, from: span.from + name.length, to: span.from + name.length };
  return { title: `Compute in 64 bits: \`${name}.to(torch.int64)\``, edits: [{ span: at, newText: ".to(torch.int64)" }] };
}

const i64 = (n: number): Expr => constant(n, "i64");

/** Arithmetic of the indices themselves: what a captured int64 tensor joins is int64 on a GPU too. */
function isOfIndices(node: Expr): boolean {
  return postorder([node]).every((e) => e.dtype === "i64" || e.dtype === "bool" || e.dtype === "i32") && !reads64(node);
}

const reads64 = (node: Expr): boolean => postorder([node]).some((e) => e.kind === "load" && e.dtype === "i64");
