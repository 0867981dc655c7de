/**
 * The sizes at which the indices of a mod stay within its tensors: where `b`, `h`, `q_idx` or `kv_idx` by itself indexes
 * a tensor, that is as long as the tensor. What is indexed by more than a name has no such size. Pure.
 */
import type { Expr, VarName } from "../kernels/ir/expr.ts";
import type { ProblemHints, Variant } from "../kernels/ir/mod.ts";
import { postorder } from "../kernels/ir/walk.ts";

const SIZES = { b: "batch", h: "qHeads", q_idx: "qLen", kv_idx: "kvLen" } as const satisfies Partial<Record<VarName, keyof ProblemHints>>;
const NAMES = { batch: "B", qHeads: "H", qLen: "Q_LEN", kvLen: "KV_LEN" } as const;
type SizeKey = keyof typeof NAMES;

/** The sizes among `shown` that are too long for a tensor, each with the longest that is not. */
export function fittingSizes(
  variant: Pick<Variant, "scoreMod" | "maskMod">,
  shown: Readonly<Record<SizeKey, number>>,
): Readonly<Partial<Record<SizeKey, number>>> {
  const fitting: Partial<Record<SizeKey, number>> = {};
  const bodies = [variant.maskMod, variant.scoreMod].flatMap((mod) => (mod === null ? [] : [mod.body]));
  for (const node of postorder(bodies)) {
    if (node.kind !== "load") continue;
    node.indices.forEach((index, dimension) => {
      const key = sizeOf(index);
      const length = node.capture.shape[dimension];
      if (key === null || length === undefined || length < 1 || length >= (fitting[key] ?? shown[key])) return;
      fitting[key] = length;
    });
  }
  return fitting;
}

/** `Q_LEN and KV_LEN to 512`. */
export function fittingText(sizes: Readonly<Partial<Record<SizeKey, number>>>): string {
  const byLength = new Map<number, string[]>();
  for (const [key, length] of Object.entries(sizes) as [SizeKey, number][])
    byLength.set(length, [...(byLength.get(length) ?? []), NAMES[key]]);
  return [...byLength].map(([length, names]) => `${names.join(" and ")} to ${length}`).join(", ");
}

function sizeOf(index: Expr): SizeKey | null {
  if (index.kind === "cast") return sizeOf(index.a);
  return index.kind === "var" && Object.hasOwn(SIZES, index.name) ? SIZES[index.name as keyof typeof SIZES] : null;
}
