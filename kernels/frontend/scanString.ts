/**
 * Where a string ends: a plain one, an f-string with replacements in which the same quotes may stand (Python 3.12), and
 * one that is never closed. A triple quote that was forgotten turns the file inside out: every string after it would be
 * code, and all code a string, up to a last one that is never closed. Where there is such a one the file is read again,
 * and every string that spans the beginning of a definition is held against the count of its quotes.
 */

export interface StringEnd {
  readonly at: number;
  readonly closed: boolean;
}

/** Places of triple quotes in one text, found when first asked for. */
export interface TripleQuotes {
  /** How many of `quote` begin at or after `at`. */
  after(quote: string, at: number): number;
  /** Whether a string that spans a definition may be one that was not closed. */
  readonly isSuspicious: boolean;
  /** Whether a triple quote was found that is never closed. */
  isOpen: boolean;
  /** Characters that may still be read in vain for the ends of f-strings; keeps the whole linear. */
  patience: number;
}

export function createTripleQuotes(text: string, isSuspicious: boolean): TripleQuotes {
  const places = new Map<string, number[]>();
  const find = (quote: string): number[] => {
    const known = places.get(quote);
    if (known !== undefined) return known;
    const found: number[] = [];
    for (let at = text.indexOf(quote); at >= 0; at = text.indexOf(quote, at + 3)) if (text[at - 1] !== "\\") found.push(at);
    places.set(quote, found);
    return found;
  };
  return {
    isSuspicious,
    isOpen: false,
    patience: 200_000,
    after(quote, at) {
      const found = find(quote);
      let low = 0;
      for (let high = found.length; low < high; ) {
        const middle = (low + high) >> 1;
        if ((found[middle] ?? 0) < at) low = middle + 1;
        else high = middle;
      }
      return found.length - low;
    },
  };
}

/** A definition that begins its line. */
const DEFINITION = /[\r\n]([ \t]*)(?:def|class|async[ \t]+def|@[A-Za-z_])\b/g;
/** Code that begins its line, as far as one word shows it. */
const CODE = /[\r\n]([ \t]*)(?:(?:def|class|async|import|from|if|for|with|try)\b|@[A-Za-z_]|[\w.]+(?:[ \t]*,[ \t]*\w+)*[ \t]*(?:=|\())/g;

/** A string that is never closed takes no more than this along. */
const MAX_LOST = 20_000;

/** Where the string that opened before `at` ends. `prefix` are the letters before its quotes, `indent` those of its line. */
export function stringEnd(text: string, at: number, quote: string, prefix: string, indent: number, triples: TripleQuotes): StringEnd {
  const isFormat = /[fFtT]/.test(prefix) && triples.patience > 0;
  const plain = plainEnd(text, at, quote);
  if (quote.length === 1) {
    if (!isFormat) return plain;
    const formatted = formatEnd(text, at, quote);
    if (formatted !== null) return { at: formatted, closed: true };
    triples.patience -= MAX_REPLACEMENT;
    return plain;
  }
  const end = plain.closed && isFormat ? (formatEnd(text, at, quote) ?? plain.at) : plain.at;
  if (!plain.closed) triples.isOpen = true;
  const spans = plain.closed && triples.isSuspicious && lineBefore(DEFINITION, text.slice(at, end), indent) >= 0;
  if (plain.closed && (!spans || triples.after(quote, at) % 2 === 1)) return { at: end, closed: true };
  const next = lineBefore(CODE, text.slice(at, at + MAX_LOST), indent);
  return { at: next < 0 ? Math.min(text.length, at + MAX_LOST) : at + next, closed: false };
}

/** The end of the line before the first that `pattern` finds in the first column or further out than `indent`; or -1. */
function lineBefore(pattern: RegExp, text: string, indent: number): number {
  for (const { 0: found, 1: blanks = "", index } of text.matchAll(pattern)) {
    if (blanks.length > 0 && blanks.length >= indent) continue;
    return found.startsWith("\n") && text[index - 1] === "\r" ? index - 1 : index;
  }
  return -1;
}

/** An unclosed string of one quote ends with its line. */
function plainEnd(text: string, at: number, quote: string): StringEnd {
  const triple = quote.length === 3;
  let i = at;
  while (i < text.length) {
    const c = text[i];
    if (c === "\\") i += text.startsWith("\r\n", i + 1) ? 3 : 2;
    else if (c === quote[0] && (!triple || text.startsWith(quote, i))) return { at: i + quote.length, closed: true };
    else if (!triple && (c === "\n" || c === "\r")) return { at: i, closed: false };
    else i++;
  }
  return { at: text.length, closed: false };
}

/** Where a string inside of a replacement ends, whose text begins at `at`. */
export function plainStringEnd(text: string, at: number, { prefix, quote }: { readonly prefix: string; readonly quote: string }): number {
  return (/[fFtT]/.test(prefix) ? formatEnd(text, at, quote) : null) ?? plainEnd(text, at, quote).at;
}

/** Replacements nest no deeper than this, and are no longer. */
const MAX_FORMAT_DEPTH = 20;
const MAX_REPLACEMENT = 1000;

/** The end of an f-string whose replacements are whole; null where one is not, or runs over the line of a single quote. */
function formatEnd(text: string, at: number, quote: string, depth = 0): number | null {
  const triple = quote.length === 3;
  for (let i = at; i < text.length; i++) {
    const c = text[i];
    if (c === "\\") i++;
    else if (c === quote[0] && (!triple || text.startsWith(quote, i))) return i + quote.length;
    else if (!triple && (c === "\n" || c === "\r")) return null;
    else if (c === "{" && text[i + 1] === "{") i++;
    else if (c === "{") {
      const end = depth > MAX_FORMAT_DEPTH ? null : replacementEnd(text, i + 1, triple, depth + 1);
      if (end === null) return null;
      i = end;
    }
  }
  return null;
}

/** Index of the brace that ends a replacement; null where none does. */
export function replacementEnd(text: string, at: number, multiline = true, depth = 0): number | null {
  let open = 0;
  let inSpec = false;
  for (let i = at; i < text.length; i++) {
    const c = text.charAt(i);
    if (i - at > MAX_REPLACEMENT || (!multiline && (c === "\n" || c === "\r"))) return null;
    if (inSpec && c === "{") {
      const end = depth > MAX_FORMAT_DEPTH ? null : replacementEnd(text, i + 1, multiline, depth + 1);
      if (end === null) return null;
      i = end;
    } else if (c === "}" && open === 0) return i;
    else if (inSpec) continue;
    else if (c === '"' || c === "'") {
      const quote = text.startsWith(c.repeat(3), i) ? c.repeat(3) : c;
      const prefix = /[A-Za-z]{0,2}$/.exec(text.slice(Math.max(0, i - 2), i))?.[0] ?? "";
      const from = i + quote.length;
      const plain = plainEnd(text.slice(0, from + MAX_REPLACEMENT), from, quote);
      const end = /[fFtT]/.test(prefix) ? formatEnd(text, from, quote, depth + 1) : plain.closed ? plain.at : null;
      if (end === null) return null;
      i = end - 1;
    } else if ("([{".includes(c)) open++;
    else if (")]}".includes(c)) open--;
    else if (c === ":" && open === 0) inSpec = true;
    else if (c === "#" && multiline) {
      while (i + 1 < text.length && text[i + 1] !== "\n" && text[i + 1] !== "\r") i++;
    }
    if (open < 0) return null;
  }
  return null;
}
