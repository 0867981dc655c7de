/**
 * The functions that errors stand in and no variant came from. Lowering names variants and errors; which `def` an
 * error belongs to is read from the text by indentation, which also works where the text does not parse.
 */
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { LoweredModule } from "../kernels/frontend/module.ts";
import type { Span } from "../kernels/ir/mod.ts";

export interface FailedMod {
  /** The function's name in its definition. */
  readonly span: Span;
  readonly errors: readonly Diagnostic[];
}

/** In order of the text. Errors outside of any function, or in one that gave a variant all the same, are left out. */
export function failedMods(module: LoweredModule, file: string, text: string): readonly FailedMod[] {
  const lowered = new Set(module.variants.flatMap((v) => (v.nameSpan.file === file ? [lineStart(text, v.nameSpan.from)] : [])));
  const byName = new Map<number, { span: Span; errors: Diagnostic[] }>();
  for (const diagnostic of module.diagnostics) {
    if (diagnostic.severity !== "error" || diagnostic.span.file !== file) continue;
    const span = enclosingName(file, text, diagnostic.span.from);
    if (span === null || lowered.has(lineStart(text, span.from))) continue;
    const known = byName.get(span.from);
    if (known === undefined) byName.set(span.from, { span, errors: [diagnostic] });
    else known.errors.push(diagnostic);
  }
  return [...byName.values()].toSorted((a, b) => a.span.from - b.span.from);
}

const lineStart = (text: string, offset: number): number => (offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1);

const DEF = /^([ \t]*)(?:async[ \t]+)?def[ \t]+([^\s(:]+)/;
const BLANK = /^[ \t]*(?:#.*)?\r?$/;

/** Name of the innermost `def` around `offset`; a decorated or multi-line head counts from its `def`. */
function enclosingName(file: string, text: string, offset: number): Span | null {
  let start = lineStart(text, offset);
  let limit = Number.POSITIVE_INFINITY;
  for (;;) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? text.length : end);
    if (!BLANK.test(line)) {
      const indent = line.length - line.trimStart().length;
      const def = DEF.exec(line);
      if (def !== null && indent < limit) {
        const from = start + line.indexOf(def[2] ?? "", line.indexOf("def") + 3);
        return { file, from, to: from + (def[2] ?? "").length };
      }
      limit = Math.min(limit, indent);
      if (limit === 0) return null;
    }
    if (start === 0) return null;
    start = lineStart(text, start - 1);
  }
}
