/** What the rows of the table of diagnostics (diagnostic.ts) are made of. */

export type Severity = "error" | "warning" | "hint";

/** `text` in backticks, on one line and at most `limit` characters long. */
export function quote(text: string, limit = 60): string {
  // A comment or a line's continuation is no part of what is quoted.
  const line = text
    .replace(/[ \t]*#[^\n"']*\n|\\\n/g, "\n")
    .replace(/\s+/g, " ")
    .trim();
  return `\`${line.length > limit ? `${line.slice(0, limit - 1)}…` : line}\``;
}

/** A row of the table: how bad it is, what is said, and a line for the manual. */
export interface Row {
  readonly severity: Severity;
  readonly message: (...words: string[]) => string;
  readonly about: string;
}

const row = <F extends (...words: string[]) => string>(severity: Severity, message: F, about: string) => ({ severity, message, about });

/** A row; `message` makes its words from the user's. */
export const error = <F extends (...words: string[]) => string>(message: F, about: string) => row("error", message, about);
export const warning = <F extends (...words: string[]) => string>(message: F, about: string) => row("warning", message, about);
export const hint = <F extends (...words: string[]) => string>(message: F, about: string) => row("hint", message, about);

/** The way out: the rewrite where there is one, else a general word. */
export const way = (rewrite: string, general: string): string => (rewrite === "" ? general : `write ${quote(rewrite, 100)}`);

/** Why a branch on a tensor is none. */
export const DATA_DEPENDENT = "which needs the value of a tensor while the mod is traced";
