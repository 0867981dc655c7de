/**
 * Python's tokens: what kinds there are, and where the one that begins at a place ends. scan.ts finds them, the parser
 * reads them. Reserved words and operators are kinds of their own, so that a kind says all that the grammar asks about.
 * https://docs.python.org/3/reference/lexical_analysis.html
 */

const RESERVED = [
  "False",
  "None",
  "True",
  "and",
  "as",
  "assert",
  "async",
  "await",
  "break",
  "class",
  "continue",
  "def",
  "del",
  "elif",
  "else",
  "except",
  "finally",
  "for",
  "from",
  "global",
  "if",
  "import",
  "in",
  "is",
  "lambda",
  "nonlocal",
  "not",
  "or",
  "pass",
  "raise",
  "return",
  "try",
  "while",
  "with",
  "yield",
] as const;

const SYMBOLS = [
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  ",",
  ":",
  ";",
  ".",
  "...",
  "->",
  ":=",
  "=",
  "+",
  "-",
  "*",
  "/",
  "//",
  "%",
  "**",
  "@",
  "&",
  "|",
  "^",
  "~",
  "<<",
  ">>",
  "<",
  ">",
  "<=",
  ">=",
  "==",
  "!=",
  "!",
  "+=",
  "-=",
  "*=",
  "/=",
  "//=",
  "%=",
  "**=",
  "@=",
  "&=",
  "|=",
  "^=",
  "<<=",
  ">>=",
] as const;

/** `magic` is a value that IPython's shell gives; `end` stands after the last token of a logical line. */
export type TokenKind = (typeof RESERVED)[number] | (typeof SYMBOLS)[number] | "name" | "number" | "string" | "magic" | "end";

/** Token i is `kinds[i]`, from `froms[i]` to before `tos[i]`. Lists side by side: there are tens of thousands. */
export interface Tokens {
  readonly kinds: TokenKind[];
  readonly froms: number[];
  readonly tos: number[];
}

export const createTokens = (): Tokens => ({ kinds: [], froms: [], tos: [] });

export function addToken(tokens: Tokens, kind: TokenKind, from: number, to: number): void {
  tokens.kinds.push(kind);
  tokens.froms.push(from);
  tokens.tos.push(to);
}

/** Drops token `count` and all after it. */
export function dropTokens(tokens: Tokens, count: number): void {
  tokens.kinds.length = count;
  tokens.froms.length = count;
  tokens.tos.length = count;
}

const WORD_KINDS: ReadonlyMap<string, TokenKind> = new Map(RESERVED.map((word) => [word, word]));
const SYMBOL_KINDS: ReadonlyMap<string, TokenKind> = new Map(SYMBOLS.map((symbol) => [symbol, symbol]));

export const wordKind = (word: string): TokenKind => WORD_KINDS.get(word) ?? "name";

/** Null for a character that is no token of Python's. */
export const symbolKind = (symbol: string): TokenKind | null => SYMBOL_KINDS.get(symbol) ?? null;

const NAME = /[\p{XIDS}_][\p{XIDC}]*/uy;
const NUMBER = /(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)[jJ]?/y;

const isLetter = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
export const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** Where the name that begins at `at` ends; `at` where none does. */
export function nameEnd(text: string, at: number): number {
  let c = text.charCodeAt(at);
  let end = at;
  while (isLetter(c) || (isDigit(c) && end > at)) c = text.charCodeAt(++end);
  if (c < 128 || Number.isNaN(c)) return end;
  NAME.lastIndex = at;
  return NAME.test(text) ? NAME.lastIndex : at;
}

/** Where the number that begins at `at` ends; `at` where none does. */
export function numberEnd(text: string, at: number): number {
  NUMBER.lastIndex = at;
  return NUMBER.test(text) ? NUMBER.lastIndex : at;
}

const EQUALS = 61;
const DOT = 46;
/** What `=` makes one operator with. */
const BEFORE_EQUALS = new Set([..."-+*/%&|^@<>=!:"].map((c) => c.charCodeAt(0)));
/** What is another operator when it stands twice. */
const DOUBLED = new Set([..."*/<>"].map((c) => c.charCodeAt(0)));

/** Where the operator or bracket that begins at `at` ends, one character at least. */
export function symbolEnd(text: string, at: number): number {
  const c = text.charCodeAt(at);
  const next = text.charCodeAt(at + 1);
  if (DOUBLED.has(c) && next === c) return text.charCodeAt(at + 2) === EQUALS ? at + 3 : at + 2;
  if (next === EQUALS && BEFORE_EQUALS.has(c)) return at + 2;
  if (c === 45 && next === 62) return at + 2;
  if (c === DOT && next === DOT && text.charCodeAt(at + 2) === DOT) return at + 3;
  return c >= 0xd800 && c <= 0xdbff ? Math.min(text.length, at + 2) : at + 1;
}

/** The letters and quotes with which a string begins at `at`; null where none does. `wordEnd` is `nameEnd` there. */
export function stringStart(text: string, at: number, wordEnd: number): { readonly prefix: string; readonly quote: string } | null {
  const c = text.charCodeAt(wordEnd);
  if ((c !== 34 && c !== 39) || wordEnd - at > 2) return null;
  const prefix = text.slice(at, wordEnd);
  if (prefix !== "" && !/^[rRbBuUfFtT]+$/.test(prefix)) return null;
  const quote = text.charAt(wordEnd);
  return { prefix, quote: text.startsWith(quote + quote, wordEnd + 1) ? quote.repeat(3) : quote };
}
