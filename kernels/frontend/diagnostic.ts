/**
 * Diagnostics as data, and the one table of them: for each code its severity, its message and a line for the manual.
 *
 * A message says the cause, then the way out, and quotes the user's text in backticks. Whoever finds a fault names
 * the code and gives the words that the row asks for; the compiler checks their number. Quick fixes are built in
 * fix.ts. Codes are kebab-case and stay: editors' settings and people's notes name them.
 */
import type { Span } from "../ir/mod.ts";
import { LINTS } from "./diagnosticLints.ts";
import { CONTROL_FLOW, SHAPES } from "./diagnosticMods.ts";
import { CALLS, FRONT_ENDS, OPERATIONS } from "./diagnosticOperations.ts";
import { LIMITS, READING } from "./diagnosticReading.ts";
import type { Row, Severity } from "./diagnosticRow.ts";

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

/** Where faults are sent as they are found. */
export type Report = (diagnostic: Diagnostic) => void;

/** The text that a span covers. */
export type TextOf = (span: Span) => string;

export type Code = keyof typeof TABLE;

/** The words that the message of `C` is made of, in order. */
export type Words<C extends Code> = Parameters<(typeof TABLE)[C]["message"]>;

/** A diagnostic of the table; `words` as the row's message asks for. */
export function diagnose<C extends Code>(code: C, span: Span, words: Words<C>, fix: Fix | null = null): Diagnostic {
  const row: Row = TABLE[code];
  const given: readonly (string | undefined)[] = words;
  return { code, severity: row.severity, span, message: row.message(...given.filter((w) => w !== undefined)), fix };
}

/** Every code with its severity and line for the manual, in table order. */
export function diagnosticCodes(): readonly { code: Code; severity: Severity; about: string }[] {
  return (Object.keys(TABLE) as Code[]).map((code) => ({ code, severity: TABLE[code].severity, about: TABLE[code].about }));
}

// In the order of the manual.
const TABLE = {
  ...READING,
  ...SHAPES,
  ...CONTROL_FLOW,
  ...OPERATIONS,
  ...CALLS,
  ...FRONT_ENDS,
  ...LINTS,
  ...LIMITS,
} as const;
