/** `flexlens check`: a file's diagnostics, for people and for programs. */
import type { Diagnostic } from "../frontend/diagnostic.ts";
import type { Span } from "../ir/mod.ts";
import type { Input, Place } from "./input.ts";

/** A diagnostic as `--json` prints it: 1-based lines and columns (UTF-16 units), ends exclusive. */
export interface CheckRow {
  readonly code: string;
  readonly severity: Diagnostic["severity"];
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Index of the notebook's cell, from 0; only in notebooks. */
  readonly cell?: number;
  readonly message: string;
  readonly fix: { readonly title: string; readonly edits: readonly EditRow[] } | null;
}

interface EditRow {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly cell?: number;
  readonly newText: string;
}

interface Range extends Place {
  readonly endLine: number;
  readonly endColumn: number;
}

function rangeOf(input: Input, span: Span): Range {
  const end = input.place(span.to, span.file);
  return { ...input.place(span.from, span.file), endLine: end.line, endColumn: end.column };
}

/** Rows in the order of the text. */
export function checkRows(input: Input, diagnostics: readonly Diagnostic[]): CheckRow[] {
  return diagnostics
    .toSorted((a, b) => a.span.from - b.span.from)
    .map(({ code, severity, span, message, fix }) => {
      const edits = fix?.edits.map(({ span: s, newText }) => ({ ...rangeOf(input, s), newText })) ?? [];
      return { code, severity, file: span.file, ...rangeOf(input, span), message, fix: fix === null ? null : { title: fix.title, edits } };
    });
}

/** `file:line:column: severity: message [code]`, as compilers print and editors read. */
export function checkText(rows: readonly CheckRow[]): string {
  const where = (r: CheckRow): string => (r.cell === undefined ? r.file : `${r.file}#${r.cell}`);
  return rows
    .map((r) => {
      const hint = r.fix === null ? "" : `\n    ${r.fix.title}`;
      return `${where(r)}:${r.line}:${r.column}: ${r.severity}: ${r.message} [${r.code}]${hint}`;
    })
    .join("\n");
}
