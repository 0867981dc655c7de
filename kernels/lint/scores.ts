/** What is said of a score_mod as a whole. */

import { simplify } from "../analysis/simplify.ts";
import { type Diagnostic, diagnose } from "../frontend/diagnostic.ts";
import type { LoweredVariant } from "../frontend/module.ts";
import type { Mod } from "../ir/mod.ts";
import { freeVars } from "../ir/walk.ts";

/** A result that does not depend on `score`; a mask in place of a score is lowering's to tell. */
export function lintScore(variant: LoweredVariant, mod: Mod): Diagnostic[] {
  if (mod.body.dtype === "bool" || freeVars(simplify(mod.body)).has("score")) return [];
  return [diagnose("score-unused", variant.nameSpan, [variant.name])];
}
