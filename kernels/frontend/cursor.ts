/**
 * A place among the tokens of one text: what the parser reads from, and where it notes what is wrong.
 *
 * A fault is sticky: the first one is kept and the cursor jumps to the end of its line, where every rule of the grammar
 * finds nothing more to read and returns. So rules need no exceptions and no checks, and the statement is dropped whole.
 */
import type { Span } from "../ir/mod.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import { quote } from "./diagnosticRow.ts";
import type { UnsupportedExpression } from "./syntax.ts";
import type { TokenKind, Tokens } from "./token.ts";

export interface Cursor {
  readonly file: string;
  /** What the tokens are of. */
  readonly text: string;
  readonly tokens: Tokens;
  /** Added to offsets of `text` in spans. */
  readonly offset: number;
  readonly diagnostics: Diagnostic[];
  /** Index of the next token. */
  at: number;
  /** How deep the deepest node stands of the expression at hand, as `depth` counts. */
  deepest: number;
  /** What is wrong with the line at hand, in offsets of `text`; null while nothing is. */
  fault: SyntaxFault | null;
}

export interface SyntaxFault {
  readonly from: number;
  readonly to: number;
  /** Continues the sentence "Syntax error: …". */
  readonly what: string;
}

/** Expressions and blocks nest no deeper than this in a syntax tree; `a + b + …` counts one level a term. */
export const MAX_DEPTH = 300;

export const kindOf = (c: Cursor): TokenKind => c.tokens.kinds[c.at] ?? "end";

/** The kind of the token `ahead` places further on. */
export const kindAhead = (c: Cursor, ahead: number): TokenKind => c.tokens.kinds[c.at + ahead] ?? "end";

const fromOf = (c: Cursor, token: number): number => c.tokens.froms[token] ?? c.text.length;
const toOf = (c: Cursor, token: number): number => c.tokens.tos[token] ?? c.text.length;

/** From token `first` to the last one taken. */
export function spanFrom(c: Cursor, first: number): Span {
  const from = fromOf(c, first);
  return { file: c.file, from: from + c.offset, to: Math.max(from, toOf(c, c.at - 1)) + c.offset };
}

export function tokenSpan(c: Cursor, token: number): Span {
  return { file: c.file, from: fromOf(c, token) + c.offset, to: toOf(c, token) + c.offset };
}

export const tokenText = (c: Cursor, token: number): string => c.text.slice(fromOf(c, token), toOf(c, token));

/** A name as Python compares it: its letters in their plainest form (NFKC), so that `𝐱` is `x`. */
export function identifier(c: Cursor, token: number): string {
  const name = tokenText(c, token);
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 127) return name.normalize("NFKC");
  return name;
}

/** Takes the next token if it is of `kind`. */
export function takes(c: Cursor, kind: TokenKind): boolean {
  if (kindOf(c) !== kind) return false;
  c.at++;
  return true;
}

/** The next token must be of `kind`. */
export function expect(c: Cursor, kind: TokenKind): void {
  if (kindOf(c) === kind && kind !== "end") c.at++;
  else if (kind !== "end" || kindOf(c) !== "end") fail(c);
}

/** The name that must stand here, and its token; "" where none does. */
export function expectName(c: Cursor): string {
  if (kindOf(c) !== "name") {
    fail(c);
    return "";
  }
  return identifier(c, c.at++);
}

/** The next token, or `token`, is not what may stand there; `what` says more than that it is unexpected. */
export function fail(c: Cursor, what: string | null = null, token = c.at): UnsupportedExpression {
  const span = tokenSpan(c, token);
  if (c.fault === null) {
    const isEnd = c.tokens.kinds[token] === "end" || c.tokens.kinds[token] === undefined;
    const place = isEnd && token > 0 ? token - 1 : token;
    const said = quote(tokenText(c, place));
    const unexpected = isEnd ? `something is missing after ${said}` : `${said} is not expected here`;
    c.fault = { from: fromOf(c, place), to: toOf(c, place), what: what ?? unexpected };
  }
  while (kindOf(c) !== "end") c.at++;
  return { kind: "UnsupportedExpression", span, construct: "a syntax error" };
}

/** What begins at token `first` nests too deeply: said once for a piece of text; what was read of it is left out. */
export function tooDeep(c: Cursor, first: number): UnsupportedExpression {
  const span = spanFrom(c, first);
  if (!c.diagnostics.some((d) => d.code === "nesting-too-deep"))
    c.diagnostics.push(diagnose("nesting-too-deep", { ...span, to: Math.min(span.to, span.from + 80) }, []));
  return { kind: "UnsupportedExpression", span, construct: "an expression nested this deeply" };
}

/** Takes the bracket that stands here, and all up to the one that closes it. */
export function skipBrackets(c: Cursor): void {
  let depth = 0;
  do {
    const kind = kindOf(c);
    if (kind === "end") return;
    if (kind === "(" || kind === "[" || kind === "{") depth++;
    else if (kind === ")" || kind === "]" || kind === "}") depth--;
    c.at++;
  } while (depth > 0);
}

/** Takes the tokens up to one that ends an expression, brackets whole. */
export function skipExpression(c: Cursor): void {
  while (kindOf(c) !== "end" && !ENDS.has(kindOf(c))) skipBrackets(c);
}

const ENDS: ReadonlySet<TokenKind> = new Set([")", "]", "}", ",", ":", ";", "=", "else", "for", "async"]);
