/**
 * One name, one variant. Python keeps the last of several definitions of a name, and so does this: the variant of the
 * definition that the module ends with has the name, and earlier ones are called by their lines (`causal at line 3`).
 * They keep their lenses; a notebook that defines a mask anew in each cell shows them all.
 */
import { lineBefore, lineOf } from "./layout.ts";
import type { LoweredVariant } from "./module.ts";
import type { NameFact } from "./moduleNames.ts";
import type { Module } from "./syntax.ts";

/** `variants` in the order of the text, with names of their own. `known` are the module's names at its end. */
export function withOwnNames(variants: readonly LoweredVariant[], known: ReadonlyMap<string, NameFact>, module: Module): LoweredVariant[] {
  if (new Set(variants.map((v) => v.name)).size === variants.length) return [...variants];
  const keepers = new Map<string, LoweredVariant>();
  for (const variant of variants) {
    const before = keepers.get(variant.name);
    const stays = before !== undefined && isDefinition(variant, module) && isCurrent(before, known, module);
    if (!stays || isCurrent(variant, known, module)) keepers.set(variant.name, variant);
  }
  return variants.map((variant) =>
    keepers.get(variant.name) === variant
      ? variant
      : { ...variant, name: `${variant.name} at line ${lineOf(module, variant.nameSpan.from)}` },
  );
}

const isDefinition = ({ nameSpan }: LoweredVariant, module: Module): boolean => /\bdef\s+$/.test(lineBefore(module, nameSpan.from));

/** Whether it is a `def` that the module's name still means: of two branches the one that was run. */
const isCurrent = (variant: LoweredVariant, known: ReadonlyMap<string, NameFact>, module: Module): boolean =>
  known.get(variant.name)?.definedAt === variant.nameSpan.from && isDefinition(variant, module);
