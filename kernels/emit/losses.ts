/**
 * What a kernel's numbers lose against PyTorch's: it computes int64 in 32 bits and float64 in float32. In: the mods and
 * the box of indices that the kernel runs over. Out: sentences for the user, one a place. The emitted text knows nothing
 * of it, for it must not change with the lengths.
 */
import type { Box } from "../analysis/interval.ts";
import { int32Overflow, type Overflow } from "../analysis/overflow.ts";
import { simplify } from "../analysis/simplify.ts";
import type { Expr } from "../ir/expr.ts";
import type { Mod } from "../ir/mod.ts";
import { printExpr } from "../ir/print.ts";
import { children, postorder } from "../ir/walk.ts";

/** A node whose value the kernel may not hold, with the reason in words. */
export interface Loss {
  readonly node: Expr;
  readonly reason: string;
}

type LossyMod = Pick<Mod, "body"> & Partial<Pick<Mod, "locals">>;

/** What is lost for some index in `box`; empty for nearly every mod. */
export function lossesOf(mods: { readonly scoreMod: LossyMod | null; readonly maskMod: LossyMod | null }, box: Box): readonly Loss[] {
  const given = [mods.scoreMod, mods.maskMod].filter((mod) => mod !== null);
  const roots = given.map((mod) => simplify(mod.body));
  const names = new Map<Expr, string>();
  for (const local of given.flatMap((mod) => mod.locals ?? [])) {
    const value = simplify(local.value);
    if (value.kind !== "const" && value.kind !== "var" && !names.has(value)) names.set(value, local.name);
  }
  const told = new Set<string>();
  const all = [...int32Overflow(roots, box).map((o) => ({ node: o.node, reason: overflowReason(o, names) })), ...doubles(roots)];
  return all.filter(({ reason }) => !told.has(reason) && told.add(reason));
}

function overflowReason({ node, range }: Overflow, names: ReadonlyMap<Expr, string>): string {
  if (node.kind === "load") return `\`${node.capture.name}\` holds integers beyond 32 bits, in which the kernel computes`;
  if (node.kind === "const") return `${node.value} does not fit 32 bits, in which the kernel computes integers`;
  const own = names.get(node);
  const text = printExpr(node, { maxLength: 80, names });
  const end = range.max >= 2 ** 31 ? range.max : range.min;
  const far = Math.abs(end) <= Number.MAX_SAFE_INTEGER ? `can reach ${end}` : "can be of any size";
  return `\`${own === undefined ? text : `${own} = ${text}`}\` ${far} at these lengths, beyond the 32 bits in which the kernel computes integers`;
}

/** Captures in float64, and what the mod itself makes float64. */
function doubles(roots: readonly Expr[]): Loss[] {
  return postorder(roots).flatMap((node) => {
    const starts =
      node.dtype === "f64" && node.kind !== "const" && !children(node).some((kid) => kid.dtype === "f64" && kid.kind !== "const");
    if (!starts || (node.kind === "cast" && promoted(node, roots))) return [];
    const text = node.kind === "load" ? node.capture.name : printExpr(node, { maxLength: 80 });
    return [{ node, reason: `\`${text}\` is float64 in PyTorch; the kernel computes it in float32` }];
  });
}

/** True for a conversion that only meets a float64 beside it: that one is named instead. */
function promoted(node: Expr, roots: readonly Expr[]): boolean {
  return postorder(roots).some(
    (e) =>
      e.kind === "binary" &&
      (e.a === node || e.b === node) &&
      [e.a, e.b].some((x) => x !== node && x.dtype === "f64" && x.kind !== "const" && x.kind !== "cast"),
  );
}
