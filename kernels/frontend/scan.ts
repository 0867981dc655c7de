/**
 * Text → tokens in logical lines, with the faults that can be seen without a grammar: brackets and strings that are not
 * closed, operators without an operand, a missing colon, wrong indentation.
 *
 * It exists so that a fault costs one line and no more: an unclosed bracket ends where the next statement seems to
 * begin, and does not swallow every function after it. What has no fault is balanced, which the parser relies on.
 */
import { createTripleQuotes, stringEnd, type TripleQuotes } from "./scanString.ts";
import {
  addToken,
  createTokens,
  dropTokens,
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

/** What is wrong, and where. */
export interface Fault {
  readonly from: number;
  readonly to: number;
  /** Continues the sentence "Syntax error: …". */
  readonly what: string;
  readonly tooDeep: boolean;
}

/** A logical line: a statement, or the header of a compound one, over as many physical lines as it takes. */
export interface Line {
  /** The first character that is not indentation. */
  readonly from: number;
  /** After the last token. */
  readonly to: number;
  readonly indent: number;
  /** Indentation with a tab counted as one: differs in order from `indent` where tabs and spaces are mixed. */
  readonly tabless: number;
  readonly head: string;
  /** Index of its first token; the last is of kind `end`. A faulty line, and one of IPython's, has no other. */
  readonly first: number;
  /** Ends in a colon and so needs an indented block. */
  opensBlock: boolean;
  fault: Fault | null;
}

export interface Scan {
  readonly lines: readonly Line[];
  readonly tokens: Tokens;
  /** Each from its `#` to the end of the line. */
  readonly comments: readonly { readonly from: number; readonly to: number }[];
  /** Where reading stopped: the end of the text, unless too much of it is faulty. */
  readonly end: number;
}

/** A text with more faulty lines than this is no Python, and the rest of it is not read. */
export const MAX_FAULTS = 300;

/** Brackets nested deeper are a fault. Python's own limit is 200. */
export const MAX_BRACKETS = 200;
/** Blocks too; Python's own limit is 100. */
const MAX_BLOCKS = 100;
/** Operators without a comma between them; far above what a syntax tree takes, far below what a stack takes. */
const MAX_RUN = 1500;
/** Of one statement. A table of numbers this long belongs in a file of its own. */
const MAX_TOKENS = 150_000;
/** Decorators of one definition. */
const MAX_DECORATORS = 100;

const COMPOUND = new Set(["def", "class", "if", "elif", "else", "for", "while", "with", "try", "except", "finally", "async"]);
const SOFT = new Set(["match", "case", "type"]);
// Reserved words that begin a statement and never stand inside brackets.
const STARTERS = new Set(
  "def class import return while with try pass break continue raise assert del global nonlocal except finally elif".split(" "),
);
const OPERATOR_WORDS = new Set("and or in is not if else for lambda as from import await yield return async".split(" "));
/** Those of them that need nothing on their right, or more than an operand. */
const BEGINNING_WORDS = new Set("else return yield import for async from".split(" "));
const SEPARATORS = new Set([",", ":", ";", "=", ":=", "->", "."]);
const UNARY = new Set(["-", "+", "~", "*", "**", "@"]);
const CLOSERS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
/** What the last token leaves open: nothing, an operand just ended, or an operator waits for its right side. */
type State = "start" | "operand" | "operator";

export function scan(text: string): Scan {
  const triples = createTripleQuotes(text, false);
  const found = scanWith(text, triples);
  return triples.isOpen ? scanWith(text, createTripleQuotes(text, true)) : found;
}

function scanWith(text: string, triples: TripleQuotes): Scan {
  const lines: Line[] = [];
  const comments: { from: number; to: number }[] = [];
  const tokens = createTokens();
  // Characters that may be read twice where a bracket turns out never to close; keeps the whole linear.
  const patience = { left: 2 * text.length + 100_000 };
  let at = 0;
  let faults = 0;
  while (at < text.length && faults < MAX_FAULTS && (triples.isSuspicious || !triples.isOpen)) {
    const start = at;
    while (at < text.length && isBlank(text, at)) at++;
    const c = text[at];
    if (c === "\n" || c === "\r") {
      at++;
    } else if (c === "#") {
      const to = lineEnd(text, at);
      comments.push({ from: at, to });
      at = to;
    } else if (c !== undefined) {
      const magic = c === "%" || c === "!" || c === "?" || isHelp(text, at) ? lineMagic(text, at) : null;
      if (magic === null) at = logicalLine(text, start, at, lines, { comments, tokens, triples, patience });
      else {
        const [indent, tabless] = width(text, start, at);
        lines.push({ from: at, to: magic, indent, tabless, head: "%", first: tokens.kinds.length, opensBlock: false, fault: null });
        addToken(tokens, "end", magic, magic);
        at = magic;
      }
      if (lines[lines.length - 1]?.fault !== null) faults++;
    }
  }
  checkIndentation(text, lines);
  let left = MAX_FAULTS;
  const cut = lines.findIndex((line) => line.fault !== null && left-- === 0);
  if (cut < 0) return { lines, tokens, comments, end: at };
  return { lines: lines.slice(0, cut), tokens, comments, end: lines[cut]?.from ?? at };
}

/** `name?`, IPython's question. */
function isHelp(text: string, at: number): boolean {
  const to = lineEnd(text, at);
  return text[to - 1] === "?" && /^%{0,2}[\w.*]+\?\??$/.test(text.slice(at, Math.min(to, at + 200)));
}

/** Where a line of IPython's ends, with the lines that its backslashes join to it. `%time x = f()` runs the rest of its line. */
function lineMagic(text: string, at: number): number {
  const timed = /%time[ \t]+(?=[^\s-])/y;
  timed.lastIndex = at;
  return timed.test(text) ? timed.lastIndex : shellEnd(text, at);
}

function shellEnd(text: string, at: number): number {
  let to = lineEnd(text, at);
  while (text[to - 1] === "\\" && to < text.length) to = lineEnd(text, to + (text[to] === "\r" ? 2 : 1));
  return to;
}

const isBlank = (text: string, at: number): boolean => {
  const c = text[at];
  return c === " " || c === "\t" || c === "\f" || c === "\ufeff" || c === "\u00a0";
};

export function lineEnd(text: string, at: number): number {
  const n = text.indexOf("\n", at);
  const end = n < 0 ? text.length : n;
  return text[end - 1] === "\r" && end > at ? end - 1 : end;
}

interface Findings {
  readonly comments: { from: number; to: number }[];
  readonly tokens: Tokens;
  readonly triples: TripleQuotes;
  readonly patience: { left: number };
}

/** Reads one logical line that begins at `from` and appends it; gives where the next begins. */
function logicalLine(text: string, start: number, from: number, lines: Line[], { comments, tokens, triples, patience }: Findings): number {
  const [indent, tabless] = width(text, start, from);
  const commentCount = comments.length;
  const first = tokens.kinds.length;
  const open: { char: string; at: number; run: number }[] = [];
  // How deep a tree the operators since the last comma make, here and in the brackets around.
  let run = 0;
  let fault: Fault | null = null;
  let state: State = "start";
  let colons = 0;
  let lambdas = 0;
  let last = "";
  let lastEnd = from;
  let lastFrom = from;
  let count = 0;
  let head = "";
  let opensBlock = false;
  let at = from;
  const wrong = (a: number, b: number, what: string, tooDeep = false): void => {
    fault ??= { from: a, to: b, what, tooDeep };
  };
  /** An operand begins at `a`: an operator must stand before it. */
  const operand = (a: number, b: number): void => {
    if (state === "operand" && !(count === 1 && SOFT.has(last))) wrong(a, b, missingOperator(text, lastFrom, lastEnd, a, b));
    state = "operand";
  };
  const limit = patience.left > 0 ? text.length : lineEnd(text, from);

  while (at < text.length) {
    const tokenAt = at;
    const c = text.charCodeAt(at);
    if (c === 32 || c === 9 || c === 12) {
      at++;
      continue;
    }
    if (c === 92) {
      at += text.startsWith("\r\n", at + 1) ? 3 : text.charCodeAt(at + 1) === 10 ? 2 : 1;
      if (at === tokenAt + 1) wrong(tokenAt, at, "`\\` must be the last character of its line");
      continue;
    }
    if (c === 35) {
      at = lineEnd(text, at);
      comments.push({ from: tokenAt, to: at });
      continue;
    }
    if (c === 10 || c === 13) {
      at += c === 13 && text.charCodeAt(at + 1) === 10 ? 2 : 1;
      if (open.length === 0) break;
      if (startsStatement(text, at) || at >= limit) return unclosed(at);
      continue;
    }
    if ((c === 33 || c === 37) && last === "=" && open.length === 0 && state === "start") {
      const timed = /%(?:time|timeit[ \t]+-o)[ \t]+/y;
      timed.lastIndex = tokenAt;
      if (timed.test(text)) at = timed.lastIndex;
      else {
        at = shellEnd(text, tokenAt);
        addToken(tokens, "magic", tokenAt, at);
        [state, lastFrom, lastEnd] = ["operand", tokenAt, at];
      }
      continue;
    }
    const word = nameEnd(text, at);
    const string = stringStart(text, at, word);
    let kind: TokenKind;
    if (string !== null) {
      const opener = word + string.quote.length;
      const end = stringEnd(text, opener, string.quote, string.prefix, indent, triples);
      if (!end.closed) {
        const what = `the string that begins with \`${text.slice(at, opener)}\` is never closed`;
        wrong(tokenAt, Math.min(end.at, lineEnd(text, tokenAt)), what);
      }
      at = end.at;
      if (last !== "string") operand(tokenAt, at);
      state = "operand";
      kind = last = "string";
    } else if (word > at) {
      at = word;
      const token = text.slice(tokenAt, at);
      kind = wordKind(token);
      if (count === 0) head = token;
      if (kind === "name") operand(tokenAt, at);
      else if (OPERATOR_WORDS.has(kind)) {
        if (kind === "lambda" && open.length === 0) lambdas++;
        state = BEGINNING_WORDS.has(kind) ? "start" : "operator";
      } else if (COMPOUND.has(kind) || STARTERS.has(kind)) state = "start";
      else operand(tokenAt, at);
      last = token;
    } else if (isDigit(c) || (c === 46 && isDigit(text.charCodeAt(at + 1)))) {
      at = numberEnd(text, at);
      operand(tokenAt, at);
      kind = "number";
      last = "number";
    } else {
      at = symbolEnd(text, at);
      const token = text.slice(tokenAt, at);
      const symbol = symbolKind(token);
      kind = symbol ?? "name";
      if (c === 40 || c === 91 || c === 123) {
        if (c === 123) operand(tokenAt, at);
        open.push({ char: token, at: tokenAt, run });
        run++;
        if (open.length > MAX_BRACKETS) return tooDeep(tokenAt);
        state = "start";
      } else if (c === 41 || c === 93 || c === 125) {
        const opener = open.pop();
        if (opener === undefined) wrong(tokenAt, at, `\`${token}\` closes nothing`);
        else if (CLOSERS[opener.char] !== token) wrong(tokenAt, at, `\`${token}\` does not close \`${opener.char}\``);
        else if (state === "operator" && last !== "*") wrong(lastFrom, at, `\`${last}\` has nothing on its right`);
        state = "operand";
      } else if (symbol === "...") {
        state = head === "from" ? "start" : "operand";
      } else if (symbol !== null && SEPARATORS.has(symbol)) {
        if (state === "operator" && last !== "*" && last !== "/" && last !== "import" && last !== "lambda") {
          wrong(lastFrom, at, `\`${last}\` has nothing on its right`);
        }
        if (symbol === ":" && open.length === 0) colons++;
        state = "start";
      } else if (symbol !== null && symbol !== "!") {
        const unary = UNARY.has(symbol);
        if (state === "operator" && !unary) wrong(lastFrom, at, `\`${last}\` has nothing on its right`);
        else if (state === "start" && !unary && !(symbol === "/" && (open.length > 0 || lambdas > 0))) {
          wrong(tokenAt, at, `\`${token}\` has nothing on its left`);
        }
        state = state === "start" && (symbol === "*" || symbol === "**" || symbol === "/") ? "start" : "operator";
      } else {
        wrong(tokenAt, at, `\`${token}\` is no character of Python's`);
        state = "start";
      }
      last = token;
    }
    addToken(tokens, kind, tokenAt, at);
    count++;
    if (c === 44) run = open[open.length - 1]?.run ?? 0;
    else if (state !== "operand" || c === 41 || c === 93) run++;
    if (run > MAX_RUN || count > MAX_TOKENS) return tooDeep(tokenAt);
    lastFrom = tokenAt;
    lastEnd = at;
  }
  const bracket = open[open.length - 1];
  if (bracket !== undefined) return unclosed(text.length);
  if (state === "operator" && last !== "*" && last !== "@") wrong(lastFrom, lastEnd, `\`${last}\` has nothing on its right`);
  const compound = COMPOUND.has(head);
  opensBlock = last === ":" && (compound || colons > lambdas || head === "match" || head === "case");
  if (compound && colons <= lambdas) wrong(lastEnd - 1, lastEnd, `the \`:\` at the end of \`${head}\` is missing`);
  append(lastEnd, head === "" && text[from] === "@" ? "@" : head, opensBlock, fault);
  return at;

  function append(to: number, word: string, opens: boolean, wrongness: Fault | null): void {
    if (wrongness !== null) dropTokens(tokens, first);
    addToken(tokens, "end", to, to);
    lines.push({ from, to, indent, tabless, head: word, first, opensBlock: opens, fault: wrongness });
  }

  /** Ends the line at a place that nests too deeply for any parser; the rest of it is skipped. */
  function tooDeep(place: number): number {
    let stop = lineEnd(text, place);
    // A bracket may go on for lines: what is indented more, or closes it, belongs to it.
    for (;;) {
      const next = stop + (text[stop] === "\r" ? 2 : 1);
      const code = next + (/[ \t\f]*/y.exec(text.slice(next, next + 400))?.[0] ?? "").length;
      const first = text[code];
      if (
        open.length === 0 ||
        next >= text.length ||
        (first !== undefined && /[\p{L}_@#]/u.test(first) && width(text, next, code)[0] <= indent)
      )
        break;
      stop = lineEnd(text, next);
    }
    const what = "this is nested too deeply";
    append(stop, head, false, { from: place, to: place + 1, what, tooDeep: true });
    return stop;
  }

  /** The innermost open bracket never closes: ends the line where the next statement seems to begin. */
  function unclosed(end: number): number {
    patience.left -= end - from;
    const at = open[open.length - 1]?.at ?? from;
    const bracket = open[0] ?? { at: from, char: "(" };
    let stop = lineEnd(text, bracket.at);
    while (stop < end) {
      const next = stop + (text[stop] === "\r" ? 2 : 1);
      const code = next + (/[ \t\f]*/y.exec(text.slice(next, next + 400))?.[0] ?? "").length;
      const first = text[code];
      if (next >= end || (first !== undefined && /[\p{L}_@#]/u.test(first) && width(text, next, code)[0] <= indent)) break;
      stop = lineEnd(text, next);
    }
    const inner = at <= stop ? at : bracket.at;
    const what = `\`${text.charAt(inner)}\` is never closed`;
    while (comments.length > commentCount && (comments[comments.length - 1]?.from ?? 0) >= stop) comments.pop();
    append(stop, head, text[stop - 1] === ":", { from: inner, to: inner + 1, what, tooDeep: false });
    return stop;
  }
}

/** Whether the line that begins at `at` begins with a word that only statements begin with. */
function startsStatement(text: string, at: number): boolean {
  let from = at;
  while (isBlank(text, from)) from++;
  const to = nameEnd(text, from);
  // A keyword argument's name or an attribute is none (`print(del=1)` is no reason to stop).
  return to > from && text[to] !== "=" && text[to] !== "." && STARTERS.has(text.slice(from, to));
}

function missingOperator(text: string, aFrom: number, aTo: number, bFrom: number, bTo: number): string {
  const word = text.slice(aFrom, aTo);
  if (word === "print" || word === "exec") return `\`${word}\` is a function since Python 3; write \`${word}(…)\``;
  const short = (from: number, to: number): string => text.slice(from, Math.min(to, from + 20));
  return `an operator or a comma is missing between \`${short(aFrom, aTo)}\` and \`${short(bFrom, bTo)}\``;
}

/** Columns of the indentation, tabs to multiples of eight as Python counts, and with a tab as one. */
function width(text: string, start: number, from: number): [columns: number, tabless: number] {
  let columns = 0;
  let first = start;
  for (let i = start; i < from; i++) {
    const c = text[i];
    if (c === "\f" || c === "\ufeff") [columns, first] = [0, i + 1];
    else columns = c === "\t" ? columns + 8 - (columns % 8) : columns + 1;
  }
  return [columns, from - first];
}

function checkIndentation(text: string, lines: readonly Line[]): void {
  let decorators = 0;
  const stack = [0];
  let previous: Line | null = null;
  let reported: number | null = null;
  for (const line of lines) {
    decorators = line.head === "@" ? decorators + 1 : 0;
    if (line.head === "return" && line.indent === 0)
      line.fault ??= { from: line.from, to: line.from + "return".length, what: "`return` stands outside of a function", tooDeep: false };
    if (decorators > MAX_DECORATORS)
      line.fault ??= { from: line.from, to: line.to, what: "a definition has too many decorators", tooDeep: false };
    const top = stack[stack.length - 1] ?? 0;
    const wrong = (what: string): void => {
      line.fault ??= { from: line.from, to: line.to, what: reported === line.indent ? "" : what, tooDeep: false };
      reported = line.indent;
    };
    if (previous !== null && Math.sign(line.indent - previous.indent) !== Math.sign(line.tabless - previous.tabless)) {
      wrong("tabs and spaces are mixed in the indentation; use spaces");
    } else if (line.indent > top && previous !== null && previous.fault !== null && COMPOUND.has(previous.head)) {
      // The block of a header that is faulty itself goes with it.
      previous.opensBlock = true;
      stack.push(line.indent);
    } else if (line.indent > top) {
      if (stack.length > MAX_BLOCKS) {
        line.fault ??= { from: line.from, to: line.to, what: "blocks are nested too deeply", tooDeep: reported !== line.indent };
        reported = line.indent;
      } else if (previous?.opensBlock === true) {
        stack.push(line.indent);
        reported = null;
      } else wrong("this line is indented more than the block it stands in");
    } else if (previous?.opensBlock === true && line.indent <= previous.indent) {
      previous.fault ??= missingBlock(text, previous);
    }
    if (line.indent < top) {
      while ((stack[stack.length - 1] ?? 0) > line.indent) stack.pop();
      if (stack[stack.length - 1] !== line.indent) wrong("this line's indentation matches no block before it");
      else reported = null;
    }
    if (line.fault === null || line.fault.what !== "" || reported === null) previous = line;
  }
  const final = lines[lines.length - 1];
  if (final?.opensBlock === true) final.fault ??= missingBlock(text, final);
}

function missingBlock(text: string, line: Line): Fault {
  return {
    from: line.from,
    to: line.to,
    what: `an indented block is missing after \`${text.slice(line.from, Math.min(line.to, line.from + 40))}\``,
    tooDeep: false,
  };
}
