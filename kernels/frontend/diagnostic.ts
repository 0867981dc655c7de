/** Diagnostics as data. The one table of codes, messages and fixes grows here. */
import type { Span } from "../ir/mod.ts";

export type Severity = "error" | "warning" | "hint";

export interface TextEdit {
  readonly span: Span;
  readonly newText: string;
}

export interface Fix {
  /** What the editor's light bulb says. */
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly span: Span;
  readonly message: string;
  readonly fix: Fix | null;
}
