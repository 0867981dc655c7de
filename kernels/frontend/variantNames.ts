/**
 * One name, one variant. Python keeps the last of several definitions of a name, and so does this: the variant of the
 * definition that the module ends with has the name, and earlier ones are called by their lines (`causal at line 3`).
 * They keep their lenses; a notebook that defines a mask anew in each cell shows them all.
 */
import type { LoweredVariant } from "./module.ts";
import { functionOf } from "./pythonCall.ts";
import type { Value } from "./value.ts";

/** `variants` in the order of the text, with names of their own. `known` are the module's names at its end. */
export function withOwnNames(variants: readonly LoweredVariant[], known: ReadonlyMap<string, Value>, text: string): LoweredVariant[] {
  const keepers = new Map<string, LoweredVariant>();
  for (const variant of variants) {
    const before = keepers.get(variant.name);
    const stays = before !== undefined && isDefinition(variant, text) && isCurrent(before, known, text);
    if (!stays || isCurrent(variant, known, text)) keepers.set(variant.name, variant);
  }
  return variants.map((variant) =>
    keepers.get(variant.name) === variant ? variant : { ...variant, name: `${variant.name} at line ${lineOf(variant, text)}` },
  );
}

const isDefinition = ({ nameSpan }: LoweredVariant, text: string): boolean =>
  /\bdef\s+$/.test(text.slice(Math.max(0, nameSpan.from - 20), nameSpan.from));

/** Whether it is a `def` that the module's name still means: of two branches the one that was run. */
function isCurrent(variant: LoweredVariant, known: ReadonlyMap<string, Value>, text: string): boolean {
  const value = isDefinition(variant, text) ? known.get(variant.name) : undefined;
  return value !== undefined && functionOf(value)?.nameSpan.from === variant.nameSpan.from;
}

function lineOf({ nameSpan }: LoweredVariant, text: string): number {
  return text.slice(0, nameSpan.from).split(/\r\n|\r|\n/).length;
}
