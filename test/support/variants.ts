/** Variants built by hand, for tests of what comes after the front end. */
import { binary, type Expr, variable } from "../../kernels/ir/expr.ts";
import type { Capture, Mod, Variant } from "../../kernels/ir/mod.ts";

const span = { file: "", from: 0, to: 0 };
const modOf = (kind: Mod["kind"], body: Expr): Mod => ({ kind, name: kind, span, body, locals: [] });

/** A variant of these bodies. */
export function variantOf(name: string, parts: { score?: Expr; mask?: Expr; captures?: readonly Capture[] }): Variant {
  return {
    name,
    scoreMod: parts.score === undefined ? null : modOf("score_mod", parts.score),
    maskMod: parts.mask === undefined ? null : modOf("mask_mod", parts.mask),
    captures: parts.captures ?? [],
  };
}

/** Plain attention. */
export const noMods: Variant = variantOf("none", {});

export const causal: Variant = variantOf("causal", { mask: binary("ge", variable("q_idx"), variable("kv_idx")) });
