/** Which variant a place in the text speaks of: the cursor's, the hover's, a command's without arguments. */
import type { LoweredModule, LoweredVariant } from "../kernels/frontend/module.ts";
import type { Span } from "../kernels/ir/mod.ts";

const holds = (span: Span, file: string, offset: number): boolean => span.file === file && span.from <= offset && offset <= span.to;
const size = (span: Span): number => span.to - span.from;

/** The variants whose name in its definition is at `offset`. */
export function variantsNamedAt(module: LoweredModule, file: string, offset: number): readonly LoweredVariant[] {
  return module.variants.filter((variant) => holds(variant.nameSpan, file, offset));
}

/**
 * The variant that `offset` is in: by its name, else the innermost mod around it, a mod by itself before one that is
 * part of a pair. null outside of all.
 */
export function variantAt(module: LoweredModule, file: string, offset: number): LoweredVariant | null {
  const [named] = variantsNamedAt(module, file, offset);
  if (named !== undefined) return named;
  const around = module.variants.flatMap((variant) => {
    const mods = [variant.scoreMod, variant.maskMod].filter((mod) => mod !== null);
    const spans = mods.map((mod) => mod.span).filter((span) => holds(span, file, offset));
    return spans.length === 0 ? [] : [{ variant, mods: mods.length, size: Math.min(...spans.map(size)) }];
  });
  return around.toSorted((a, b) => a.size - b.size || a.mods - b.mods)[0]?.variant ?? null;
}

/** What a command means where the cursor is: the variant it is in, else the last one defined above it, else the first. */
export function variantNear(module: LoweredModule, file: string, offset: number): LoweredVariant | null {
  const above = module.variants.filter((v) => v.nameSpan.file === file && v.nameSpan.from <= offset);
  const last = above.toSorted((a, b) => b.nameSpan.from - a.nameSpan.from)[0];
  return variantAt(module, file, offset) ?? last ?? module.variants[0] ?? null;
}
