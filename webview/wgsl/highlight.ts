/** WGSL and Python in colours: a line of text → pieces with a kind each. Tokenizers, not parsers; they never change the text. */

export type Kind = "comment" | "keyword" | "control" | "type" | "number" | "function" | "name" | "plain";

export interface Piece {
  readonly kind: Kind;
  readonly text: string;
}

type Rules = readonly (readonly [Kind, RegExp])[];

const WGSL: Rules = [
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

const PYTHON: Rules = [
  ["comment", /#.*/y],
  ["number", /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?/y],
  ["keyword", /\b(?:def|lambda|class|True|False|None|and|or|not|in|is)\b|@\w+/y],
  ["control", /\b(?:return|if|elif|else|for|while|import|from|as|with|pass|break|continue|raise|assert|yield|global|nonlocal)\b/y],
  ["number", /\b(?:0[xXbBoO][\da-fA-F_]+|\d[\d_.]*(?:[eE][+-]?\d+)?)\b/y],
  ["function", /\b[A-Za-z_]\w*(?=\s*\()/y],
  ["name", /\b[A-Za-z_]\w*\b/y],
  ["plain", /\s+|[^\w\s#"']+|./y],
];

/** The pieces of one line, in order; joined they are the line. Block comments do not occur in emitted WGSL. */
export const highlightLine = (line: string): readonly Piece[] => pieces(line, WGSL);

/** The same of a line of Python; a string over several lines is coloured as names are. */
export const highlightPython = (line: string): readonly Piece[] => pieces(line, PYTHON);

function pieces(line: string, rules: Rules): readonly Piece[] {
  const found: Piece[] = [];
  let at = 0;
  while (at < line.length) {
    for (const [kind, rule] of rules) {
      rule.lastIndex = at;
      const text = rule.exec(line)?.[0];
      if (text === undefined || text === "") continue;
      found.push({ kind, text });
      at += text.length;
      break;
    }
  }
  return found;
}
