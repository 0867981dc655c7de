/** Python's literals from their text: numbers, and strings with prefixes and escapes. */
import type { Literal } from "./syntax.ts";

/** `0x1F`, `1_000`, `1e-5`, `.5`, `2j`; null where the text is no number of Python's (`0777`). */
export function numberLiteral(text: string): Literal | null {
  if (/^(?:[1-9]\d{0,14}|0)$/.test(text)) return { type: "int", value: Number(text) };
  if (text.includes("_") && MISPLACED.test(text)) return null;
  const digits = text.replaceAll("_", "");
  if (/[jJ]$/.test(digits)) {
    const value = Number(digits.slice(0, -1));
    return Number.isNaN(value) ? null : { type: "complex", value };
  }
  if (/^0[xXoObB]/.test(digits) || /^\d+$/.test(digits)) {
    if (/^0+[1-9]/.test(digits)) return null;
    const value = Number(digits);
    if (Number.isNaN(value)) return null;
    return { type: "int", value: Number.isSafeInteger(value) ? value : BigInt(digits) };
  }
  const value = Number(digits);
  return Number.isNaN(value) ? null : { type: "float", value };
}

/** An underscore that stands between no two digits. */
const MISPLACED = /__|_$|^(?!0[xX]).*(?:_[.eEjJ]|[.eE+-]_)/;

export interface StringParts {
  readonly isRaw: boolean;
  readonly isBytes: boolean;
  /** An f-string, or a template string of Python 3.14, which has the same parts. */
  readonly isFormat: boolean;
  /** Length of the prefix and of one delimiter. */
  readonly prefix: number;
  readonly delimiter: number;
}

export function stringParts(text: string): StringParts {
  const prefix = /^[a-zA-Z]*/.exec(text)?.[0].toLowerCase() ?? "";
  const quote = text[prefix.length] ?? '"';
  const delimiter = text.startsWith(quote.repeat(3), prefix.length) ? 3 : 1;
  return {
    isRaw: prefix.includes("r"),
    isBytes: prefix.includes("b"),
    isFormat: prefix.includes("f") || prefix.includes("t"),
    prefix: prefix.length,
    delimiter,
  };
}

/** The value of a string token, prefix and quotes included; of an f-string's token, its text as it stands. */
export function stringLiteral(text: string): Literal {
  const parts = stringParts(text);
  const from = parts.prefix + parts.delimiter;
  const closed = text.length >= from + parts.delimiter && text.endsWith(text.slice(parts.prefix, from));
  const inner = text.slice(from, closed ? text.length - parts.delimiter : text.length);
  const value = parts.isRaw ? inner : unescapeText(inner, parts.isBytes);
  return { type: parts.isBytes ? "bytes" : "str", value };
}

const SIMPLE: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Escapes resolved; `\N{…}` and what is no escape stay as they stand. */
export function unescapeText(text: string, isBytes: boolean): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\(\r?\n|[0-7]{1,3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[\s\S])/g,
    (whole: string, code: string): string => {
      const simple = SIMPLE[code];
      if (simple !== undefined) return simple;
      if (code === "\n" || code === "\r\n") return "";
      if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
      if (code.length > 1 && (code[0] === "x" || !isBytes)) {
        const point = Number.parseInt(code.slice(1), 16);
        return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
      }
      return whole;
    },
  );
}
