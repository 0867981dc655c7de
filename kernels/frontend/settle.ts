/** The last look at what lowering reports: order, repetition, follow-ups, and fixes that need the names that there are. */
import type { Span } from "../ir/mod.ts";
import { supportedNames } from "./builtins.ts";
import type { Diagnostic, TextOf } from "./diagnostic.ts";
import type { Parsed } from "./parse.ts";
import { type KnownNames, withSuggestion } from "./suggest.ts";
import type { FunctionDef, Module } from "./syntax.ts";
import { bindingsIn, walkSyntax } from "./walkSyntax.ts";

/** In the order of the text, each once; follow-ups of a syntax error left out. `known` gives the module's names. */
export function settle(
  diagnostics: readonly Diagnostic[],
  { broken, module }: Parsed,
  known: () => readonly string[],
  textOf: TextOf,
): Diagnostic[] {
  const lost = new Set(
    broken.flatMap((b) => {
      const source = textOf({ ...b, to: Math.min(b.to, b.from + 400) });
      return [...source.matchAll(/(?:def|class)\s+(\w+)|^\s*(\w+)\s*=/g)].map((m) => m[1] ?? m[2] ?? "");
    }),
  );
  const seen = new Set<string>();
  const place = (d: Diagnostic): number => module.layout.toText(d.span.from);
  const names: KnownNames = { around: (span) => namesAround(module, known(), span), functions: functionsOf };
  return causes(diagnostics)
    .filter((d) => {
      if (d.code === "unsupported-construct" && /^a syntax error/i.test(d.message)) return false;
      if (d.code === "unknown-name" && lost.has(/`([^`]*)`/.exec(d.message)?.[1] ?? "")) return false;
      const key = `${d.code} ${d.span.file} ${d.span.from} ${d.span.to} ${d.message}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .map((d) => withSuggestion(d, module, names, textOf))
    .sort((a, b) => place(a) - place(b) || a.span.to - b.span.to);
}

/**
 * One mistake, one diagnostic: where a warning says why an error follows at the same place, the warning stays, as severe
 * as the error. `return q_idx in {1, 2}` is a set's False, and not a mask that returns False.
 */
function causes(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const placed = diagnostics.filter((d) => CAUSES.has(d.code));
  if (placed.length === 0) return diagnostics;
  const at = (a: Span, b: Span): boolean => a.file === b.file && a.from === b.from && a.to === b.to;
  return diagnostics.flatMap((d): Diagnostic[] => {
    const isCause = CAUSES.has(d.code);
    const beside = diagnostics.some((other) => at(other.span, d.span) && CAUSES.has(other.code) !== isCause && other.severity === "error");
    if (isCause) return [beside ? { ...d, severity: "error" } : d];
    return d.severity === "error" && placed.some((cause) => at(cause.span, d.span)) ? [] : [d];
  });
}

const CAUSES: ReadonlySet<string> = new Set(["membership-in-set", "mods-joined"]);

/** What an object of that text may have been called for. */
function functionsOf(object: string): readonly string[] {
  const module = object === "F" ? "torch.nn.functional" : object;
  const own = supportedNames().filter((n) => n.module === module);
  return (own.length > 0 ? own : supportedNames().filter((n) => n.module === "Tensor")).map((n) => n.name);
}

/** The module's names, and those of the functions around a place. */
function* namesAround(module: Module, known: readonly string[], { from, to }: Span): Generator<string> {
  yield* known;
  const functions: FunctionDef[] = [];
  walkSyntax(module.body, (n) => {
    const around = n.span.from <= from && to <= n.span.to;
    if (around && n.kind === "FunctionDef") functions.push(n);
    return around;
  });
  for (const f of functions) {
    for (const p of f.params) yield p.name;
    yield* bindingsIn(f.body);
  }
}
