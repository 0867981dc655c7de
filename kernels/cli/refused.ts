/** What PyTorch raises while it computes a mod's values, as the diagnostic that stands at the expression. */
import type { Hazard } from "../analysis/hazard.ts";
import { type Diagnostic, diagnose } from "../frontend/diagnostic.ts";
import type { Mod, Span } from "../ir/mod.ts";
import { printExpr } from "../ir/print.ts";
import type { Input } from "./input.ts";

/** `hazard` of `mod` as an error; `value` is the index that was found, `place` the cell in words. */
export function refusalOf(hazard: Hazard, mod: Mod, value: number, place: string, input: Input): Diagnostic {
  const { node } = hazard;
  const written = mod.places?.get(node) ?? (node.kind === "load" ? mod.places?.get(node.capture) : undefined);
  const span = written ?? mod.span;
  const text = written === undefined ? printExpr(node) : textOf(written, input);
  if (hazard.kind === "division") return diagnose("zero-division-at", span, [text, place]);
  const size = hazard.node.capture.shape[hazard.dimension] ?? 0;
  return diagnose("index-beyond-end", span, [text, String(value), place, String(size)]);
}

const textOf = ({ file, from, to }: Span, input: Input): string =>
  (input.sources.find((s) => s.file === file)?.text ?? "").slice(from, to).replace(/\s+/g, " ");

/** `b = 0, h = 1, q_idx = 2, kv_idx = 3`. */
export const cellText = (b: number, h: number, q: number, kv: number): string => `b = ${b}, h = ${h}, q_idx = ${q}, kv_idx = ${kv}`;
