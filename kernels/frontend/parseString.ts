/**
 * Tokens → strings: literals, and f-strings with their replacements and format specs. What a replacement holds has no
 * tokens yet, for the string that it stands in is one token: it gets its own here, and a cursor over them.
 * https://docs.python.org/3/reference/lexical_analysis.html#f-strings
 */
import { type Cursor, fail, kindOf, MAX_DEPTH, spanFrom, tokenText } from "./cursor.ts";
import { stringLiteral, stringParts, unescapeText } from "./literal.ts";
import { plainStringEnd, replacementEnd } from "./scanString.ts";
import type { Expression, FormatPart } from "./syntax.ts";
import {
  addToken,
  createTokens,
  isDigit,
  nameEnd,
  numberEnd,
  stringStart,
  symbolEnd,
  symbolKind,
  type TokenKind,
  type Tokens,
  wordKind,
} from "./token.ts";

type Read = (c: Cursor, depth: number) => Expression;

/** A string, an f-string, or several side by side, which are one. `read` reads what an f-string replaces. */
export function parseStrings(c: Cursor, depth: number, read: Read): Expression {
  const start = c.at;
  const parts: FormatPart[] = [];
  let isFormat = false;
  let isBytes = false;
  for (; kindOf(c) === "string"; c.at++) {
    const text = tokenText(c, c.at);
    const shape = stringParts(text);
    if (shape.isFormat) {
      isFormat = true;
      const from = (c.tokens.froms[c.at] ?? 0) + shape.prefix + shape.delimiter;
      const to = (c.tokens.tos[c.at] ?? 0) - shape.delimiter;
      parts.push(...formatParts(c, from, to, shape.isRaw, depth, read));
      if (c.fault !== null) break;
    } else {
      const literal = stringLiteral(text);
      if (literal.type !== "str" && literal.type !== "bytes") continue;
      isBytes = literal.type === "bytes";
      parts.push(literal.value);
    }
  }
  const span = spanFrom(c, start);
  if (isFormat) return { kind: "JoinedStr", span, parts };
  return { kind: "Constant", span, literal: { type: isBytes ? "bytes" : "str", value: parts.join("") } };
}

/** Text and replacements of an f-string, or of a format spec, from `from` to `to` of the cursor's text. */
function formatParts(c: Cursor, from: number, to: number, isRaw: boolean, depth: number, read: Read): FormatPart[] {
  const { text } = c;
  const parts: FormatPart[] = [];
  let at = from;
  const literal = (end: number): void => {
    const raw = text.slice(at, end).replaceAll("{{", "{").replaceAll("}}", "}");
    if (raw !== "") parts.push(isRaw ? raw : unescapeText(raw, false));
  };
  for (let i = from; i < to && c.fault === null; ) {
    const char = text[i];
    if (char === "\\" && !isRaw && text.startsWith("N{", i + 1)) i = Math.max(i + 3, text.indexOf("}", i) + 1);
    else if (char === "\\" && !isRaw && text[i + 1] !== "{") i += 2;
    else if (char === "{" && text[i + 1] !== "{") {
      literal(i);
      i = at = replacement(c, i, to, isRaw, depth, read, parts);
    } else if (char === "}" && text[i + 1] !== "}") {
      wrong(c, i, i + 1, "a `}` in an f-string stands alone; write `}}`");
    } else i += char === "{" || char === "}" ? 2 : 1;
  }
  literal(to);
  return parts;
}

/** `{value=!conversion:spec}` at `from`, whose string ends at `limit`: adds it to `parts`, and gives where it ends. */
function replacement(c: Cursor, from: number, limit: number, isRaw: boolean, depth: number, read: Read, parts: FormatPart[]): number {
  const { text } = c;
  const tokens = createTokens();
  let at = tokensOfReplacement(text, from + 1, limit, tokens);
  const end = at;
  addToken(tokens, "end", end, end);
  const inner: Cursor = { ...c, tokens, at: 0, fault: null };
  const value = depth > MAX_DEPTH ? fail(inner) : read(inner, depth + 1);
  if (kindOf(inner) !== "end") fail(inner);
  c.deepest = Math.max(c.deepest, inner.deepest);
  if (inner.fault !== null) {
    const { from: a, to: b, what } = inner.fault;
    wrong(c, a, b, tokens.kinds.length === 1 ? "an expression is missing between the braces" : what);
    return limit;
  }
  const isShown = text[at] === "=";
  if (isShown) at = skipBlanks(text, at + 1);
  // `{x=}` shows the text up to its `=`, blanks and all, and the value's repr.
  if (isShown) parts.push(text.slice(from + 1, at));
  let conversion = "";
  if (text[at] === "!") {
    const letters = nameEnd(text, at + 1);
    conversion = text.slice(at + 1, letters);
    at = skipBlanks(text, letters);
  }
  let spec: readonly FormatPart[] | null = null;
  if (text[at] === ":") {
    const stop = specEnd(text, at + 1, limit);
    spec = formatParts(c, at + 1, stop, isRaw, depth + 1, read);
    at = stop;
  }
  if (at >= limit || text[at] !== "}") {
    wrong(c, from, from + 1, "this `{` of an f-string is never closed");
    return limit;
  }
  parts.push({ value, conversion: conversion === "" && isShown && spec === null ? "r" : conversion, spec: spec ?? [] });
  return at + 1;
}

const skipBlanks = (text: string, at: number): number => {
  let end = at;
  while (/\s/.test(text.charAt(end))) end++;
  return end;
};

/** The string's own token is at fault, from `from` to `to`. */
function wrong(c: Cursor, from: number, to: number, what: string): void {
  if (c.fault === null) fail(c, what);
  if (c.fault !== null) c.fault = { from, to, what: c.fault.what };
}

/** Tokens from `from` on, up to the `}`, `!`, `:` or `=` that ends what is replaced; gives where that stands. */
function tokensOfReplacement(text: string, from: number, limit: number, tokens: Tokens): number {
  let open = 0;
  for (let at = from; at < limit; ) {
    const start = at;
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      at++;
      continue;
    }
    if (char === "#") {
      while (at < limit && text[at] !== "\n" && text[at] !== "\r") at++;
      continue;
    }
    const word = nameEnd(text, at);
    const string = stringStart(text, at, word);
    let kind: TokenKind;
    if (string !== null) {
      at = Math.min(limit, plainStringEnd(text, word + string.quote.length, string));
      kind = "string";
    } else if (word > at) {
      at = word;
      kind = wordKind(text.slice(start, at));
    } else if (isDigit(char.charCodeAt(0)) || (char === "." && isDigit(text.charCodeAt(at + 1)))) {
      at = numberEnd(text, at);
      kind = "number";
    } else {
      if (open === 0 && (char === "}" || char === ":")) return at;
      at = symbolEnd(text, at);
      const symbol = text.slice(start, at);
      if (open === 0 && (symbol === "!" || (symbol === "=" && /^\s*[!:}]/.test(text.slice(at, at + 40))))) return start;
      if (char === "(" || char === "[" || char === "{") open++;
      else if (char === ")" || char === "]" || char === "}") open--;
      kind = symbolKind(symbol) ?? "!";
      if (open < 0) return start;
    }
    addToken(tokens, kind, start, at);
  }
  return limit;
}

/** Where a format spec ends: at the `}` that closes its replacement. */
function specEnd(text: string, from: number, limit: number): number {
  for (let at = from; at < limit; at++) {
    const char = text[at];
    if (char === "{") at = replacementEnd(text, at + 1) ?? limit;
    else if (char === "}") return at;
  }
  return limit;
}
