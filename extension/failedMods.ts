/**
 * The functions that errors stand in and no variant came from. Lowering names variants and errors; which `def` an
 * error belongs to is read from the text by indentation, which also works where the text does not parse. One pass over
 * the lines, whatever the number of errors.
 */
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { LoweredModule } from "../kernels/frontend/module.ts";
import type { Span } from "../kernels/ir/mod.ts";

export interface FailedMod {
  /** The function's name in its definition. */
  readonly span: Span;
  readonly errors: readonly Diagnostic[];
}

interface Def {
  readonly indent: number;
  readonly span: Span;
  readonly errors: Diagnostic[];
}

const DEF = /^[ \t]*(?:async[ \t]+)?def[ \t]+([^\s(:]+)/;
const BLANK = /^[ \t]*(?:#.*)?\r?$/;

/** In order of the text. Errors outside of any function, or in one that gave a variant all the same, are left out. */
export function failedMods(module: LoweredModule, file: string, text: string): readonly FailedMod[] {
  const errors = module.diagnostics
    .filter((d) => d.severity === "error" && d.span.file === file)
    .toSorted((a, b) => a.span.from - b.span.from);
  if (errors.length === 0) return [];
  const lowered = new Set(module.variants.flatMap((v) => (v.nameSpan.file === file ? [v.nameSpan.from] : [])));
  const found: Def[] = [];
  /** The functions around the present line, outermost first. */
  const around: Def[] = [];
  let next = 0;
  for (let start = 0; start <= text.length && next < errors.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    if (!BLANK.test(line)) {
      const indent = line.length - line.trimStart().length;
      while ((around.at(-1)?.indent ?? -1) >= indent) around.pop();
      const name = DEF.exec(line)?.[1];
      if (name !== undefined) {
        const from = start + line.indexOf(name, line.indexOf("def") + 3);
        const def: Def = { indent, span: { file, from, to: from + name.length }, errors: [] };
        around.push(def);
        found.push(def);
      }
    }
    for (let error = errors[next]; error !== undefined && error.span.from <= end; error = errors[++next]) around.at(-1)?.errors.push(error);
    start = end + 1;
  }
  return found
    .filter((def) => def.errors.length > 0 && !lowered.has(def.span.from))
    .map(({ span, errors: own }) => ({ span, errors: own }));
}
