/**
 * What Python allows and the grammar does not know, written so that the grammar reads it, without moving an offset.
 *
 * Two ways. `plainText` respells in place: the syntax tree takes its words from the text as given, so only the shape
 * must be right. `fillGaps` sets whole expressions aside (`@table[name]`, `for x in *a, *b`): a lone `_` stands in for
 * each, and parse.ts reads it by itself, in parentheses. The grammar: Lezer's, of Python 3.11 or so.
 */
import type { Repair } from "./repair.ts";
import { type Line, lineEnd } from "./scan.ts";

interface Extent {
  readonly from: number;
  readonly to: number;
}

/** `text` as the grammar knows it: the same length. What this changes in strings and comments is not read there. */
export function plainText(text: string): string {
  let plain = text;
  // Floats that end in their dot: `2.`, `2.e5`.
  if (plain.includes(".")) plain = plain.replace(/(?<![\w.])(\d[\d_]*)\.(?=[eE][+-]?\d|[jJ]\b|\.[A-Za-z_]|(?![\w.]))/g, "$10");
  // A format that begins with `=`, `f"{x:=+10}"`, is no assignment.
  if (plain.includes(":=")) plain = plain.replace(/(\{[\w.]+:)=(?=[-+<>^ \d])/g, "$1 ");
  // Template strings, Python 3.14.
  plain = plain.replace(/(?<!\w)([rR]?)[tT]([rR]?)(?=["'])/g, "$1f$2");
  // `print` and `exec` are statements to the grammar.
  if (/\b(?:print|exec)\b/.test(plain)) plain = plain.replace(/\bprint\b/g, "pr1nt").replace(/\bexec\b/g, "ex3c");
  if (plain.includes("\f")) plain = plain.replace(/^([ \t]*)\f+/gm, (all) => "\n".repeat(all.length)).replaceAll("\f", " ");
  if (plain.startsWith("\ufeff")) plain = `\n${plain.slice(1)}`;
  // `a[*b]`: a unary operator that the grammar knows there; treeExpression.ts sees the star.
  if (plain.includes("[*")) plain = plain.replace(/(?<!\b(?:def|class|type)[ \t]+\w+\[)(?<=[\w\])]\[)\*(?!\*)/g, "~");
  if (/,\s*\*/.test(plain))
    plain = plain.replace(/(?<!\b(?:def|class|type)[ \t]+\w+)(?<=[\w\])])\[[^[\]()\n]*\]/g, (index) =>
      index.replace(/,(\s*)\*(?!\*)/g, ",$1~"),
    );
  // `lambda a,: 0`.
  if (/\blambda\b/.test(plain)) plain = plain.replace(/(\blambda\b[^:()\n]*),([ \t]*:)/g, "$1 $2");
  // `def f(*args: *Ts)`.
  plain = plain.replace(/(\*\s*\w+\s*:\s*)\*(?=\s*\w)/g, "$1 ");
  if (/\b(?:def|class|type)[ \t]+\w+[ \t]*\[/.test(plain)) plain = withoutDefaults(plain);
  if (plain.includes("case")) plain = withPlainPatterns(plain);
  return plain;
}

/** `def f[T = int](x)`: type parameters without their defaults. */
function withoutDefaults(text: string): string {
  const header = /\b(?:def|class|type)[ \t]+\w+[ \t]*\[/g;
  let plain = text;
  for (const match of text.matchAll(header)) {
    let depth = 1;
    let blank = false;
    let at = match.index + match[0].length;
    const parts: string[] = [plain.slice(0, at)];
    for (; at < text.length && depth > 0; at++) {
      const c = text.charAt(at);
      if ("([{".includes(c)) depth++;
      else if (")]}".includes(c)) depth--;
      if (depth === 1 && c === "=") blank = true;
      else if (depth === 0 || (depth === 1 && c === ",")) blank = false;
      parts.push(blank && c !== "\n" && c !== "\r" ? " " : c);
    }
    plain = parts.join("") + plain.slice(at);
  }
  return plain;
}

/**
 * `case int():`, `case {}:`, `case ():`, patterns without parts: the grammar gets `int  ` and ` _`, and treePattern.ts
 * reads the brackets from the text itself. Only the pattern of a `case` line changes, not its guard.
 */
function withPlainPatterns(text: string): string {
  return text.replace(/^([ \t]*case\b)((?:(?!\sif\s)[^\n])*:)/gm, (_, word: string, pattern: string) => {
    const plain = pattern.replace(/(?<=\w)\(\s*\)/g, (parens) => " ".repeat(parens.length));
    return word + plain.replace(/\{\s*\}|\(\s*\)|\[\s*\]/g, (brackets) => "_".padStart(brackets.length));
  });
}

/** Writes stand-ins into `repair`, and gives what they stand for by their offsets. */
export function fillGaps(text: string, lines: readonly Line[], repair: Repair): Map<number, Extent | null> {
  const holes = new Map<number, Extent | null>();
  const setAside = (from: number, to: number): void => {
    const trimmed = { from: from + leading(text.slice(from, to)), to: from + text.slice(from, to).trimEnd().length };
    if (trimmed.to <= trimmed.from) return;
    holes.set(trimmed.from, trimmed);
    repair.replace(trimmed.from, trimmed.to, "_");
  };
  for (const line of lines) {
    if (line.fault !== null) continue;
    switch (line.head) {
      case "@":
        if (!isPlainDecorator(text.slice(line.from, line.to))) setAside(line.from + 1, line.to);
        break;
      case "match": {
        const colon = line.to - 1;
        const subject = text.slice(line.from + "match".length, colon);
        if (line.opensBlock && /^\s*\*|,/.test(subject)) setAside(line.from + "match".length, colon);
        break;
      }
      case "for":
      case "async": {
        const source = text.slice(line.from, line.to);
        const star = /\bin(?=\s*\*)/.exec(source);
        const colon = star === null ? -1 : headEnd(source, star.index);
        if (star !== null && colon > 0 && /^(?:async\s+)?for\b/.test(source)) setAside(line.from + star.index + 2, line.from + colon);
        if (/^async\s+with\b/.test(source)) fillWith(text, line, repair, setAside);
        break;
      }
      case "with":
        fillWith(text, line, repair, setAside);
        break;
      default:
        break;
    }
  }
  return holes;
}

const leading = (s: string): number => s.length - s.trimStart().length;

/** `@a.b`, `@a.b(c)`: what decorators could be before Python 3.9. */
function isPlainDecorator(source: string): boolean {
  const head = /^@\s*[^\s()[\]{}.,:=+\-*/@]+(?:\s*\.\s*[^\s()[\]{}.,:=+\-*/@]+)*\s*/.exec(source)?.[0];
  if (head === undefined || /^@\s*lambda\b/.test(source)) return false;
  return head.length === source.length || (source[head.length] === "(" && closing(source, head.length) === source.length - 1);
}

/**
 * `with (a as b, c as d):` is Python since 3.10: its brackets, line breaks and comments are blanked. `as (b, c)` is
 * older, and set aside.
 */
function fillWith(text: string, line: Line, repair: Repair, setAside: (from: number, to: number) => void): void {
  const source = text.slice(line.from, line.to);
  const head = /^(?:async\s+)?with\s*/.exec(source)?.[0].length ?? 0;
  const end = source[head] === "(" ? closing(source, head) : -1;
  const grouped = end > 0 && /^\s*:/.test(source.slice(end + 1)) && hasTopLevelAs(source.slice(head + 1, end));
  if (grouped) {
    repair.replace(line.from + head, line.from + head + 1, "");
    const comma = /,?\s*$/.exec(withoutComments(source.slice(head + 1, end)))?.index ?? 0;
    repair.replace(line.from + head + 1 + comma, line.from + end + 1, "");
    for (const gap of source.slice(head + 1, head + 1 + comma).matchAll(/#[^\r\n]*|\r\n|\r|\n/g)) {
      const at = line.from + head + 1 + gap.index;
      repair.replace(at, at + gap[0].length, "");
    }
  }
  // A target that is no name.
  for (const target of withoutStrings(source).matchAll(/\bas\s+((?:[\w.]+(?=[.[(])[.\w]*)?(?:[([]|\.\w+))|\bas(?=[([])/g)) {
    const from = target.index + target[0].length - (target[1]?.length ?? 0);
    const end = targetEnd(source, from);
    if (end > from) setAside(line.from + from, line.from + end);
  }
}

/** Where a target of `with` ends that begins at `from`: before a comma, a colon or a bracket that was open before. */
function targetEnd(source: string, from: number): number {
  for (let i = from; i < source.length; i++) {
    const c = source.charAt(i);
    if (c === "," || c === ":" || c === ")" || c === "#") return i;
    if ("([{".includes(c)) {
      const close = closing(source, i);
      if (close < 0) return -1;
      i = close;
    }
  }
  return -1;
}

const withoutStrings = (source: string): string =>
  source.replace(/(["'])(?:\\.|(?!\1)[^\\\n])*\1|#[^\r\n]*/g, (part) => " ".repeat(part.length));

/** Comments blanked, strings left alone. */
const withoutComments = (source: string): string =>
  source.replace(/(["'])(?:\\.|(?!\1)[^\\\n])*\1|#[^\r\n]*/g, (part) => (part.startsWith("#") ? " ".repeat(part.length) : part));

function hasTopLevelAs(source: string): boolean {
  let depth = 0;
  for (const [part] of withoutComments(source).matchAll(/(["'])(?:\\.|(?!\1)[^\\\n])*\1|[([{]|[)\]}]|\bas\b/g)) {
    if ("([{".includes(part)) depth++;
    else if (")]}".includes(part)) depth--;
    else if (part === "as" && depth === 0) return true;
  }
  return false;
}

/** Index of the colon that ends a header, from `at` on; -1 where there is none. */
function headEnd(source: string, at: number): number {
  for (let i = at; i < source.length; i++) {
    const c = source.charAt(i);
    if ("([{".includes(c)) {
      const close = closing(source, i);
      if (close < 0) return -1;
      i = close;
    } else if (c === ":") return i;
  }
  return -1;
}

/** Index of the bracket that closes the one at `at`; -1 where none does. Strings and comments are passed over. */
function closing(source: string, at: number): number {
  let depth = 0;
  for (let i = at; i < source.length; i++) {
    const c = source.charAt(i);
    if (c === "#") i = lineEnd(source, i);
    else if (c === '"' || c === "'") i = stringClose(source, i);
    else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c) && --depth === 0) return i;
  }
  return -1;
}

function stringClose(source: string, at: number): number {
  const quote = source.startsWith(source.charAt(at).repeat(3), at) ? source.charAt(at).repeat(3) : source.charAt(at);
  for (let i = at + quote.length; i < source.length; i++) {
    if (source[i] === "\\") i++;
    else if (source.startsWith(quote, i)) return i + quote.length - 1;
  }
  return source.length;
}
