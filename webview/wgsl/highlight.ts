/** WGSL in colours: a line of text → pieces with a kind each. A tokenizer, not a parser; it never changes the text. */

export type Kind = "comment" | "keyword" | "control" | "type" | "number" | "function" | "name" | "plain";

export interface Piece {
  readonly kind: Kind;
  readonly text: string;
}

const RULES: readonly (readonly [Kind, RegExp])[] = [
  ["comment", /\/\/.*/y],
  ["keyword", /@\w+|\b(?:fn|let|var|struct|enable|const|override|alias|true|false|requires|diagnostic)\b/y],
  ["control", /\b(?:if|else|for|while|loop|return|break|continue|continuing|switch|case|default|discard)\b/y],
  [
    "type",
    /\b(?:f32|f16|i32|u32|bool|(?:vec[234]|mat[234]x[234])[fhiu]?|array|atomic|ptr|storage|uniform|workgroup|private|function|read_write|read|write)\b/y,
  ],
  ["number", /\b(?:0[xX][\da-fA-F]+[iu]?|\d[\d.]*(?:[eE][+-]?\d+)?[iufh]?)\b/y],
  ["function", /\b[A-Za-z_]\w*(?=\s*\()/y],
  ["name", /\b[A-Za-z_]\w*\b/y],
  ["plain", /\s+|[^\w\s/@]+|./y],
];

/** The pieces of one line, in order; joined they are the line. Block comments do not occur in emitted WGSL. */
export function highlightLine(line: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < line.length) {
    for (const [kind, rule] of RULES) {
      rule.lastIndex = at;
      const text = rule.exec(line)?.[0];
      if (text === undefined || text === "") continue;
      pieces.push({ kind, text });
      at += text.length;
      break;
    }
  }
  return pieces;
}
