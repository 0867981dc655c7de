/** The next smaller problem for a memory that does not hold the one shown: half the batch, else half the lengths. Pure. */
import type { Problem } from "../../kernels/flash/problem.ts";
import type { ProblemHints } from "../../kernels/ir/mod.ts";

/** What is halved and to how much; null where nothing is left to halve. */
export function smaller(p: Problem): { readonly name: string; readonly size: number; readonly hints: ProblemHints } | null {
  const half = (n: number): number => Math.max(1, Math.floor(n / 2));
  if (p.batch > 1) return { name: "B", size: half(p.batch), hints: { batch: half(p.batch) } };
  if (p.qLen === p.kvLen && p.qLen > 1) return { name: "S", size: half(p.qLen), hints: { qLen: half(p.qLen), kvLen: half(p.kvLen) } };
  const [name, size, key] = p.qLen > p.kvLen ? (["Q_LEN", p.qLen, "qLen"] as const) : (["KV_LEN", p.kvLen, "kvLen"] as const);
  return size > 1 ? { name, size: half(size), hints: { [key]: half(size) } } : null;
}
