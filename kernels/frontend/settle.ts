/** The last look at what lowering reports: order, repetition, follow-ups, and fixes that need the names that there are. */
import type { Span } from "../ir/mod.ts";
import type { Diagnostic, TextOf } from "./diagnostic.ts";
import { namesOf } from "./moduleNames.ts";
import type { Parsed } from "./parse.ts";
import { withSuggestion } from "./suggest.ts";
import type { FunctionDef, Module } from "./syntax.ts";
import type { Value } from "./value.ts";
import { bindingsIn, walkSyntax } from "./walkSyntax.ts";

/** In the order of the text, each once; follow-ups of a syntax error left out. `known` are the module's names. */
export function settle(
  diagnostics: readonly Diagnostic[],
  { broken, module }: Parsed,
  known: ReadonlyMap<string, Value>,
  textOf: TextOf,
): Diagnostic[] {
  const lost = new Set(
    broken.flatMap((b) => {
      const source = module.text.slice(b.from, Math.min(b.to, b.from + 400));
      return [...source.matchAll(/(?:def|class)\s+(\w+)|^\s*(\w+)\s*=/g)].map((m) => m[1] ?? m[2] ?? "");
    }),
  );
  const seen = new Set<string>();
  return diagnostics
    .filter((d) => {
      if (d.code === "unsupported-construct" && d.message.startsWith("a syntax error")) return false;
      if (d.code === "unknown-name" && lost.has(/`([^`]*)`/.exec(d.message)?.[1] ?? "")) return false;
      const key = `${d.code} ${d.span.file} ${d.span.from} ${d.span.to} ${d.message}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .map((d) => withSuggestion(d, module, () => namesAround(module, known, d.span), textOf))
    .sort((a, b) => a.span.from - b.span.from || a.span.to - b.span.to);
}

/** The module's names, and those of the functions around a place. */
function* namesAround(module: Module, known: ReadonlyMap<string, Value>, { from, to }: Span): Generator<string> {
  yield* namesOf(known);
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
