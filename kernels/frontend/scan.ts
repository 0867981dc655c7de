/**
 * Text → tokens in logical lines, with the faults that can be seen without a grammar: brackets and strings that are not
 * closed, operators without an operand, a missing colon, wrong indentation.
 *
 * It exists so that a fault costs one line and no more: an unclosed bracket ends where the next statement seems to
 * begin, and does not swallow every function after it. What has no fault is balanced, which the parser relies on.
 */
import { COMPOUND, checkIndentation, type Fault, indentation, type Line } from "./line.ts";
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
const MAX_BRACKETS = 200;
/** Operators without a comma between them; far above what a syntax tree takes, far below what a stack takes. */
const MAX_RUN = 1500;
/** Of one statement. A table of numbers this long belongs in a file of its own. */
const MAX_TOKENS = 150_000;

const SOFT = new Set(["match", "case", "type"]);
// Reserved words that begin a statement and never stand inside brackets.
const STARTERS = new Set(
  "def class import return while with try pass break continue raise assert del global nonlocal except finally elif".split(" "),
);
const OPERATOR_WORDS = new Set("and or in is not if else for lambda as from import await yield return async".split(" "));
/** Those of them that need nothing on their right, or more than an operand. */
const BEGINNING_WORDS = new Set("else return yield import for async from".split(" "));
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
  const s: Scanner = {
    text,
    triples,
    lines: [],
    tokens: createTokens(),
    comments: [],
    patience: 2 * text.length + 100_000,
    at: 0,
    from: 0,
    indent: 0,
    tabless: 0,
    first: 0,
    head: "",
    fault: null,
    open: [],
    run: 0,
    state: "start",
    colons: 0,
    lambdas: 0,
    last: "",
    lastFrom: 0,
    lastEnd: 0,
    count: 0,
  };
  const { lines, tokens, comments } = s;
  let faults = 0;
  while (s.at < text.length && faults < MAX_FAULTS && (triples.isSuspicious || !triples.isOpen)) {
    const start = s.at;
    while (s.at < text.length && isBlank(text, s.at)) s.at++;
    const { at } = s;
    const c = text[at];
    if (c === "\n" || c === "\r") {
      s.at++;
    } else if (c === "#") {
      s.at = lineEnd(text, at);
      comments.push({ from: at, to: s.at });
    } else if (c !== undefined) {
      const magic = c === "%" || c === "!" || c === "?" || isHelp(text, at) ? lineMagic(text, at) : null;
      if (magic === null) logicalLine(s, start);
      else {
        beginLine(s, start);
        append(s, magic, "%", false);
        s.at = magic;
      }
      if (lines[lines.length - 1]?.fault !== null) faults++;
    }
  }
  checkIndentation(text, lines);
  let left = MAX_FAULTS;
  const cut = lines.findIndex((line) => line.fault !== null && left-- === 0);
  if (cut < 0) return { lines, tokens, comments, end: s.at };
  return { lines: lines.slice(0, cut), tokens, comments, end: lines[cut]?.from ?? s.at };
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

function lineEnd(text: string, at: number): number {
  const n = text.indexOf("\n", at);
  const end = n < 0 ? text.length : n;
  return text[end - 1] === "\r" && end > at ? end - 1 : end;
}

/** What a scan has found so far, and the logical line that it is in. One object, and not closures: there are thousands of lines. */
interface Scanner {
  readonly text: string;
  readonly lines: Line[];
  readonly tokens: Tokens;
  readonly comments: { from: number; to: number }[];
  readonly triples: TripleQuotes;
  /** Characters that may be read twice where a bracket turns out never to close; keeps the whole linear. */
  patience: number;
  at: number;
  /** Of the line: where its text begins, its indentation, its first token. */
  from: number;
  indent: number;
  tabless: number;
  first: number;
  head: string;
  fault: Fault | null;
  readonly open: { char: string; at: number; run: number }[];
  /** How deep a tree the operators since the last comma make, here and in the brackets around. */
  run: number;
  state: State;
  colons: number;
  lambdas: number;
  /** The last token's text, or what it is. */
  last: string;
  lastFrom: number;
  lastEnd: number;
  /** Tokens of the line. */
  count: number;
}

function wrong(s: Scanner, from: number, to: number, what: string): void {
  s.fault ??= { from, to, what, tooDeep: false };
}

/** An operand begins at `from`: an operator must stand before it. */
function operand(s: Scanner, from: number): void {
  if (s.state === "operand" && !(s.count === 1 && SOFT.has(s.last)))
    wrong(s, from, s.at, missingOperator(s.text, s.lastFrom, s.lastEnd, from, s.at));
  s.state = "operand";
}

function nothingOnTheRight(s: Scanner): void {
  wrong(s, s.lastFrom, s.at, `\`${s.last}\` has nothing on its right`);
}

/** Reads the logical line that begins at `s.at`, after the blanks from `start` on, and appends it; `s.at` is where the next begins. */
function logicalLine(s: Scanner, start: number): void {
  const { text, tokens, comments, open } = s;
  const from = s.at;
  const commentCount = comments.length;
  const limit = s.patience > 0 ? text.length : lineEnd(text, from);
  beginLine(s, start);

  while (s.at < text.length) {
    const tokenAt = s.at;
    const c = text.charCodeAt(tokenAt);
    if (c === 32 || c === 9 || c === 12) {
      s.at++;
      continue;
    }
    if (c === 92) {
      s.at += text.startsWith("\r\n", tokenAt + 1) ? 3 : text.charCodeAt(tokenAt + 1) === 10 ? 2 : 1;
      if (s.at === tokenAt + 1) wrong(s, tokenAt, s.at, "`\\` must be the last character of its line");
      continue;
    }
    if (c === 35) {
      s.at = lineEnd(text, tokenAt);
      comments.push({ from: tokenAt, to: s.at });
      continue;
    }
    if (c === 10 || c === 13) {
      s.at += c === 13 && text.charCodeAt(tokenAt + 1) === 10 ? 2 : 1;
      if (open.length === 0) break;
      if (!startsStatement(text, s.at) && s.at < limit) continue;
      unclosed(s, commentCount);
      return;
    }
    if ((c === 33 || c === 37) && s.last === "=" && open.length === 0 && s.state === "start") {
      shellValue(s);
      continue;
    }
    const kind = token(s, c);
    addToken(tokens, kind, tokenAt, s.at);
    s.count++;
    if (c === 44) s.run = open[open.length - 1]?.run ?? 0;
    else if (s.state !== "operand" || c === 41 || c === 93) s.run++;
    if (s.run > MAX_RUN || s.count > MAX_TOKENS || open.length > MAX_BRACKETS) {
      tooDeep(s, tokenAt);
      return;
    }
    s.lastFrom = tokenAt;
    s.lastEnd = s.at;
  }
  if (open.length > 0) {
    unclosed(s, commentCount);
    return;
  }
  const { head, last, lastEnd, colons, lambdas } = s;
  if (s.state === "operator" && last !== "*" && last !== "@") wrong(s, s.lastFrom, lastEnd, `\`${last}\` has nothing on its right`);
  const compound = COMPOUND.has(head);
  const opensBlock = last === ":" && (compound || colons > lambdas || head === "match" || head === "case");
  if (compound && colons <= lambdas) wrong(s, lastEnd - 1, lastEnd, `the \`:\` at the end of \`${head}\` is missing`);
  append(s, lastEnd, head === "" && text[from] === "@" ? "@" : head, opensBlock);
}

function beginLine(s: Scanner, start: number): void {
  [s.indent, s.tabless] = indentation(s.text, start, s.at);
  s.from = s.lastFrom = s.lastEnd = s.at;
  s.first = s.tokens.kinds.length;
  s.head = s.last = "";
  s.fault = null;
  if (s.open.length > 0) s.open.length = 0;
  s.run = s.colons = s.lambdas = s.count = 0;
  s.state = "start";
}

function append(s: Scanner, to: number, head: string, opensBlock: boolean): void {
  const { from, indent, tabless, first, fault } = s;
  if (fault !== null) dropTokens(s.tokens, first);
  addToken(s.tokens, "end", to, to);
  s.lines.push({ from, to, indent, tabless, head, first, opensBlock, fault });
}

/** What IPython's shell gives, `= !ls`, or the rest of the line, `= %time f()`. */
function shellValue(s: Scanner): void {
  const { text, at } = s;
  const timed = /%(?:time|timeit[ \t]+-o)[ \t]+/y;
  timed.lastIndex = at;
  if (timed.test(text)) {
    s.at = timed.lastIndex;
    return;
  }
  s.at = s.lastEnd = shellEnd(text, at);
  s.lastFrom = at;
  s.state = "operand";
  addToken(s.tokens, "magic", at, s.at);
}

/** Takes the token that begins here with the character `c`, and gives its kind. */
function token(s: Scanner, c: number): TokenKind {
  const { text, at } = s;
  const word = nameEnd(text, at);
  const string = stringStart(text, at, word);
  if (string !== null) {
    const opener = word + string.quote.length;
    const end = stringEnd(text, opener, string.quote, string.prefix, s.indent, s.triples);
    if (!end.closed) {
      const what = `the string that begins with \`${text.slice(at, opener)}\` is never closed`;
      wrong(s, at, Math.min(end.at, lineEnd(text, at)), what);
    }
    s.at = end.at;
    if (s.last !== "string") operand(s, at);
    s.state = "operand";
    s.last = "string";
    return "string";
  }
  if (word > at) {
    s.at = word;
    const name = text.slice(at, word);
    const kind = wordKind(name);
    if (s.count === 0) s.head = name;
    if (kind === "name") operand(s, at);
    else if (OPERATOR_WORDS.has(kind)) {
      if (kind === "lambda" && s.open.length === 0) s.lambdas++;
      s.state = BEGINNING_WORDS.has(kind) ? "start" : "operator";
    } else if (COMPOUND.has(kind) || STARTERS.has(kind)) s.state = "start";
    else operand(s, at);
    s.last = name;
    return kind;
  }
  if (isDigit(c) || (c === 46 && isDigit(text.charCodeAt(at + 1)))) {
    s.at = numberEnd(text, at);
    operand(s, at);
    s.last = "number";
    return "number";
  }
  s.at = symbolEnd(text, at);
  return symbol(s, at, text.slice(at, s.at));
}

/** Takes in the operator, bracket or separator `written`, which began at `at`. */
function symbol(s: Scanner, at: number, written: string): TokenKind {
  const { open, state, last } = s;
  const kind = symbolKind(written);
  const waits = state === "operator";
  switch (kind) {
    case "{":
    case "(":
    case "[":
      if (kind === "{") operand(s, at);
      open.push({ char: kind, at, run: s.run });
      s.run++;
      s.state = "start";
      break;
    case ")":
    case "]":
    case "}": {
      const opener = open.pop();
      if (opener === undefined) wrong(s, at, s.at, `\`${kind}\` closes nothing`);
      else if (CLOSERS[opener.char] !== kind) wrong(s, at, s.at, `\`${kind}\` does not close \`${opener.char}\``);
      else if (waits && last !== "*") nothingOnTheRight(s);
      s.state = "operand";
      break;
    }
    case "...":
      s.state = s.head === "from" ? "start" : "operand";
      break;
    case ",":
    case ":":
    case ";":
    case "=":
    case ":=":
    case "->":
    case ".":
      if (waits && last !== "*" && last !== "/" && last !== "import" && last !== "lambda") nothingOnTheRight(s);
      if (kind === ":" && open.length === 0) s.colons++;
      s.state = "start";
      break;
    case null:
    case "!":
      wrong(s, at, s.at, `\`${written}\` is no character of Python's`);
      s.state = "start";
      break;
    default: {
      const isUnary = UNARY.has(kind);
      if (waits && !isUnary) nothingOnTheRight(s);
      else if (state === "start" && !isUnary && !(kind === "/" && (open.length > 0 || s.lambdas > 0)))
        wrong(s, at, s.at, `\`${kind}\` has nothing on its left`);
      s.state = state === "start" && (kind === "*" || kind === "**" || kind === "/") ? "start" : "operator";
    }
  }
  s.last = kind ?? written;
  return kind ?? "!";
}

/** Whether the line at `next` may be a new statement: it is indented no more than the one at hand, and begins with a word. */
function beginsStatement({ text, indent }: Scanner, next: number): boolean {
  const code = next + (/[ \t\f]*/y.exec(text.slice(next, next + 400))?.[0] ?? "").length;
  const first = text[code];
  return first !== undefined && /[\p{L}_@#]/u.test(first) && indentation(text, next, code)[0] <= indent;
}

const afterBreak = (text: string, at: number): number => at + (text[at] === "\r" ? 2 : 1);

/** Ends the line at a place that nests too deeply for any parser; the rest of it is skipped. */
function tooDeep(s: Scanner, place: number): void {
  const { text } = s;
  let stop = lineEnd(text, place);
  // A bracket may go on for lines: what is indented more, or closes it, belongs to it.
  for (
    let next = afterBreak(text, stop);
    s.open.length > 0 && next < text.length && !beginsStatement(s, next);
    next = afterBreak(text, stop)
  )
    stop = lineEnd(text, next);
  s.fault = { from: place, to: place + 1, what: "this is nested too deeply", tooDeep: true };
  append(s, stop, s.head, false);
  s.at = stop;
}

/** The innermost open bracket never closes: ends the line where the next statement seems to begin. */
function unclosed(s: Scanner, commentCount: number): void {
  const { text, open, comments, from, at: end } = s;
  s.patience -= end - from;
  const at = open[open.length - 1]?.at ?? from;
  const bracket = open[0] ?? { at: from, char: "(" };
  let stop = lineEnd(text, bracket.at);
  while (stop < end) {
    const next = afterBreak(text, stop);
    if (next >= end || beginsStatement(s, next)) break;
    stop = lineEnd(text, next);
  }
  const inner = at <= stop ? at : bracket.at;
  while (comments.length > commentCount && (comments[comments.length - 1]?.from ?? 0) >= stop) comments.pop();
  s.fault = { from: inner, to: inner + 1, what: `\`${text.charAt(inner)}\` is never closed`, tooDeep: false };
  append(s, stop, s.head, text[stop - 1] === ":");
  s.at = stop;
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
