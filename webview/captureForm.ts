/** The captures form's arithmetic: where a value comes from, in words and as a place; why one cannot be used. Pure. */
import type { CaptureOrigin, CaptureRow } from "../kernels/frontend/captures.ts";
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { Source } from "../kernels/frontend/module.ts";

export const ORIGINS: Readonly<Record<CaptureOrigin, string>> = {
  form: "you",
  directive: "directive",
  "file directive": "file's directive",
  module: "module",
  "call site": "call site",
  default: "default",
  seeded: "not given",
  computed: "computed",
};

/** `directive, line 7`; `module, lib/masks.py:3` where that is another file than the first of `sources`. */
export function originText({ origin, span }: Pick<CaptureRow, "origin" | "span">, sources: readonly Source[]): string {
  const at = sources.findIndex(({ file }) => file === span?.file);
  const source = sources[at];
  if (span === null || source === undefined) return ORIGINS[origin];
  const line = lineOf(source.text, span.from);
  return `${ORIGINS[origin]}, ${at === 0 ? `line ${line}` : `${source.file.slice(source.file.lastIndexOf("/") + 1)}:${line}`}`;
}

/** Why the form's value for `name` cannot be used; null if it can. The message names what it is about. */
export function bindingFault(diagnostics: readonly Diagnostic[], name: string): string | null {
  return diagnostics.find((d) => d.code === "binding-value" && d.message.includes(`given for \`${name}\``))?.message ?? null;
}

/** 1-based line of an offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < offset; i = text.indexOf("\n", i + 1)) line++;
  return line;
}
