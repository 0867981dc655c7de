/** The functions that errors stand in and no variant came from: each error is that of the innermost `def` around it. */
import { type Definition, definitionsIn } from "../kernels/frontend/definitionLines.ts";
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
  const errors = module.diagnostics
    .filter((d) => d.severity === "error" && d.span.file === file)
    .toSorted((a, b) => a.span.from - b.span.from);
  if (errors.length === 0) return [];
  const functions = definitionsIn(text).filter(({ kind }) => kind === "function");
  const own = new Map<Definition, Diagnostic[]>();
  /** The functions around the present error, the outermost first. */
  const around: Definition[] = [];
  const leave = (at: number): void => {
    while ((around.at(-1)?.to ?? Number.POSITIVE_INFINITY) <= at) around.pop();
  };
  let next = 0;
  for (const error of errors) {
    const at = error.span.from;
    for (let f = functions[next]; f !== undefined && f.from <= at; f = functions[++next]) {
      leave(f.from);
      around.push(f);
    }
    leave(at);
    const innermost = around.at(-1);
    if (innermost === undefined) continue;
    const known = own.get(innermost);
    if (known === undefined) own.set(innermost, [error]);
    else known.push(error);
  }
  const lowered = new Set(module.variants.flatMap((v) => (v.nameSpan.file === file ? [v.nameSpan.from] : [])));
  return functions.flatMap((f) => {
    const found = lowered.has(f.nameFrom) ? undefined : own.get(f);
    return found === undefined ? [] : [{ span: { file, from: f.nameFrom, to: f.nameFrom + f.name.length }, errors: found }];
  });
}
