/**
 * How far the indices of a mod run, as far as the text says: what directives, calls and the form state for this very
 * mod, then the lengths of the tensors that it indexes; and what is assumed beyond, of which little may be said.
 */
import { type Box, boxOf } from "../analysis/interval.ts";
import { fillProblem } from "../flash/problem.ts";
import { captureHints, mergeHints } from "../frontend/hints.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import type { VarName } from "../ir/expr.ts";
import type { Mod, ProblemHints } from "../ir/mod.ts";
import type { MaskSize } from "../mask/blockMask.ts";

/** Sizes of one variant. */
export interface KnownSizes {
  /** Said by directives, calls, the form: PyTorch would run with these. */
  readonly stated: ProblemHints;
  /** `stated`, and where that is silent the lengths that the captures have; one length alone stands for both. */
  readonly known: ProblemHints;
  /** `known`, and where that is silent what the pictures are drawn with. */
  readonly assumed: ProblemHints;
}

/** `form`: sizes given beside the text, which win. */
export function sizesOf(variant: LoweredVariant, form: ProblemHints): KnownSizes {
  const stated = mergeHints([form, variant.stated]);
  const mods: readonly (Mod | null)[] = [variant.maskMod, variant.scoreMod];
  const { qLen, kvLen, ...rest } = mergeHints([stated, captureHints(mods, () => true)]);
  const length = qLen ?? kvLen;
  const known = length === undefined ? rest : { ...rest, qLen: qLen ?? length, kvLen: kvLen ?? length };
  const { batch, qHeads, ...drawn } = fillProblem(known);
  return { stated, known, assumed: { ...known, batch, qHeads, qLen: drawn.qLen, kvLen: drawn.kvLen } };
}

/** The size of a mask at these hints, batch and heads 1 where nothing is said; null where a length is not known. */
export function maskSize({ batch, qHeads, qLen, kvLen }: ProblemHints): MaskSize | null {
  return qLen === undefined || kvLen === undefined ? null : { batch: batch ?? 1, heads: qHeads ?? 1, qLen, kvLen };
}

/** The same where only the variables in `read` matter: lengths that are not read count as 1. */
export function sizeFor(read: ReadonlySet<VarName>, hints: ProblemHints): MaskSize | null {
  return maskSize({ ...(read.has("q_idx") ? {} : { qLen: 1 }), ...(read.has("kv_idx") ? {} : { kvLen: 1 }), ...hints });
}

export const boxOfSize = ({ batch, heads, qLen, kvLen }: MaskSize): Box => boxOf(batch, heads, qLen, kvLen);
