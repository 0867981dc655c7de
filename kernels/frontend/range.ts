/**
 * Indices that leave their tensor for the problem at hand: PyTorch raises there, and the IR reads the nearest element.
 * Tried at the corners of the problem, so what is found is certain and not all is found.
 */
import type { Expr, VarName } from "../ir/expr.ts";
import { interpretAll } from "../ir/interpret.ts";
import type { Capture, Mod, Span } from "../ir/mod.ts";
import { freeVars, postorder } from "../ir/walk.ts";
import { type Diagnostic, diagnose, type TextOf } from "./diagnostic.ts";
import { lastName } from "./discover.ts";
import type { Sizes } from "./seed.ts";
import type { Module } from "./syntax.ts";
import { walkSyntax } from "./walkSyntax.ts";

/** A warning for each capture that `mod` reads out of range; `given` says which captures are the user's own. */
export function checkRanges(mod: Mod, sizes: Sizes, given: (c: Capture) => boolean, module: Module, textOf: TextOf): Diagnostic[] {
  const found: Diagnostic[] = [];
  const told = new Set<Capture>();
  for (const e of postorder([mod.body])) {
    if (e.kind !== "load" || told.has(e.capture) || !given(e.capture)) continue;
    e.indices.forEach((index, d) => {
      const size = e.capture.shape[d] ?? 0;
      const bad = told.has(e.capture) ? null : firstBad(index, size, sizes);
      if (bad === null) return;
      told.add(e.capture);
      const span = readOf(e.capture.name, mod.span, module) ?? mod.span;
      found.push(diagnose("index-beyond-end", span, [textOf(span), String(bad.value), bad.at, String(size)]));
    });
  }
  return found;
}

/** The first corner at which `index` is outside [-size, size). */
function firstBad(index: Expr, size: number, sizes: Sizes): { value: number; at: string } | null {
  const last: Readonly<Record<Exclude<VarName, "score">, number>> = {
    b: sizes.batch - 1,
    h: sizes.heads - 1,
    q_idx: sizes.qLen - 1,
    kv_idx: sizes.kvLen - 1,
  };
  const vars = [...freeVars(index)].filter((v) => v !== "score");
  for (let corner = 0; corner < 1 << vars.length; corner++) {
    const point = { b: 0, h: 0, q_idx: 0, kv_idx: 0 };
    vars.forEach((v, i) => {
      point[v] = corner & (1 << i) ? last[v] : 0;
    });
    const value = interpretAll([index], point).get(index) ?? 0;
    if (value >= size || value < -size) return { value, at: vars.map((v) => `${v} = ${point[v]}`).join(", ") };
  }
  return null;
}

/** Where the mod subscripts something called `name`. */
function readOf(name: string, inside: Span, module: Module): Span | null {
  let span: Span | null = null;
  walkSyntax(module.body, (n) => {
    if (span !== null || n.span.to < inside.from || n.span.from > inside.to) return false;
    if (n.kind === "Subscript" && n.span.from >= inside.from && n.span.to <= inside.to && lastName(n.object) === name) span = n.span;
    return span === null;
  });
  return span;
}
