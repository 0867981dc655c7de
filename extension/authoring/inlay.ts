/**
 * Inlay hints as data: the share of blocks that a mask skips at the end of its `def` line, and the dtype of each name
 * that a mod binds, as PyTorch would have it. In: a reading's variants and its text. Out: offsets and labels.
 */
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import type { MaskFigure } from "../lensTitle.ts";
import { percent } from "../number.ts";
import { isLocal, typeText } from "./offers.ts";
import { lineEnd } from "./outline.ts";

export interface Inlay {
  /** In the reading's text. */
  readonly at: number;
  readonly label: string;
  readonly kind: "sparsity" | "dtype";
  readonly tooltip: string;
}

/** One a line: of several variants that are named on it, the first. */
export function sparsityInlays(
  text: string,
  file: string,
  variants: readonly LoweredVariant[],
  figureOf: (variant: LoweredVariant) => MaskFigure,
): readonly Inlay[] {
  const byLine = new Map<number, Inlay>();
  for (const variant of variants) {
    if (variant.nameSpan.file !== file || variant.maskMod === null) continue;
    const at = lineEnd(text, variant.nameSpan.from);
    const figure = figureOf(variant);
    if (byLine.has(at) || figure.kind !== "counted") continue;
    byLine.set(at, {
      at,
      label: `${percent(figure.blocks)} skipped`,
      kind: "sparsity",
      tooltip: `Share of blocks that the mask of ${variant.name} leaves out`,
    });
  }
  return [...byLine.values()];
}

/** Once a place: a mod of several variants binds its names once in the text. */
export function dtypeInlays(file: string, variants: readonly LoweredVariant[]): readonly Inlay[] {
  const byPlace = new Map<number, Inlay>();
  for (const { maskMod, scoreMod } of variants) {
    for (const step of [...(maskMod?.steps ?? []), ...(scoreMod?.steps ?? [])]) {
      if (step.span.file !== file || !isLocal(step) || byPlace.has(step.span.to)) continue;
      const label = `: ${typeText(step)}`;
      byPlace.set(step.span.to, { at: step.span.to, label, kind: "dtype", tooltip: `\`${step.name}\` in this mod, as PyTorch has it` });
    }
  }
  return [...byPlace.values()];
}
