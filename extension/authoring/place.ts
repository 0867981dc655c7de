/**
 * Where in Python text somebody types: inside which mod, after which word or in which call. By the lines around the
 * cursor alone, for the text is most often half written there and reads as no tree; no more lines are looked at than
 * the definition has, so that a question costs microseconds.
 */
import { kindByNames, type ModKind } from "../../kernels/frontend/discover.ts";

/** A line of the text by its number, from 0. */
export type LineAt = (line: number) => string;

/** The mod whose body a line is in. */
export interface ModAround {
  readonly name: string;
  readonly kind: ModKind;
  /** In order, as the text calls them. */
  readonly params: readonly string[];
  /** Names of the functions around it, the innermost first. */
  readonly within: readonly string[];
  /** Line of its `def`. */
  readonly line: number;
}

/** Lines that a definition has at most, as far as this looks. */
const MOST_LINES = 400;
/** Lines that a header has at most. */
const HEADER_LINES = 12;

/** The innermost mod whose body holds `line`; null outside of all. `before`: the line up to the cursor, for one that is blank. */
export function modAround(lineAt: LineAt, line: number, before: string): ModAround | null {
  let indent = indentOf(lineAt(line)) ?? widthOf(before);
  let found: Omit<ModAround, "within"> | null = null;
  const within: string[] = [];
  for (let at = line - 1; at >= 0 && at > line - MOST_LINES && indent > 0; at--) {
    const text = lineAt(at);
    const own = indentOf(text);
    if (own === null || own >= indent || /^\s*[#)\]}]/.test(text)) continue;
    indent = own;
    const name = /^\s*(?:async\s+)?def\s+(\w+)\s*\(/.exec(text)?.[1];
    if (name === undefined) continue;
    if (found !== null) within.push(name);
    const header = headerFrom(lineAt, at);
    if (found !== null || header.lines > line - at) continue;
    const kind = kindByNames(header.params);
    if (kind !== null) found = { name, kind, params: header.params, line: at };
  }
  return found === null ? null : { ...found, within };
}

/** Columns before the first word; null for a line without any. */
function indentOf(text: string): number | null {
  const found = /^([ \t]*)\S/.exec(text)?.[1];
  return found === undefined ? null : widthOf(found);
}

const widthOf = (indent: string): number => indent.replaceAll("\t", "        ").length;

/** Names of the positional parameters without defaults of the `def` on line `at`, and how many lines the header takes. */
function headerFrom(lineAt: LineAt, at: number): { readonly params: readonly string[]; readonly lines: number } {
  let text = "";
  for (let n = 0; n < HEADER_LINES; n++) {
    text += `${codeOf(lineAt(at + n)).bare}\n`;
    const inner = betweenBrackets(text);
    if (inner === null) continue;
    const params = splitArguments(inner).map((p) => p.trim());
    const end = params.findIndex((p) => p.startsWith("*"));
    const positional = (end < 0 ? params : params.slice(0, end)).filter((p) => p !== "" && p !== "/" && !/=(?!=)/.test(p));
    return { params: positional.map((p) => (p.split(":")[0] ?? p).trim()), lines: n + 1 };
  }
  return { params: [], lines: HEADER_LINES };
}

/** What stands between the first `(` and the bracket that closes it; null where none does. */
function betweenBrackets(text: string): string | null {
  const open = text.indexOf("(");
  let depth = 0;
  for (let i = open; i >= 0 && i < text.length; i++) {
    const c = text[i] ?? "";
    if ("([{".includes(c)) depth++;
    else if (")]}".includes(c) && --depth === 0) return text.slice(open + 1, i);
  }
  return null;
}

/** Parts between commas that stand in no bracket; of a text without strings. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let [depth, part] = [0, ""];
  for (const c of text) {
    if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    if (c === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += c;
  }
  return [...parts, part];
}

/** What is being typed at the end of a line so far. */
export type Typed =
  /** `receiver.begun`. */
  | { readonly kind: "member"; readonly receiver: string; readonly begun: string }
  | { readonly kind: "name"; readonly begun: string }
  /** The first word of its line. */
  | { readonly kind: "line"; readonly begun: string }
  /** A comment, a string, a name that is being given, a number. */
  | { readonly kind: "other" };

export function typedAt(before: string): Typed {
  if (!codeOf(before).isCode) return { kind: "other" };
  const line = /^\s*([A-Za-z_]\w*)?$/.exec(before);
  if (line !== null) return { kind: "line", begun: line[1] ?? "" };
  const member = /([\w.]+|[)\]])\.([A-Za-z_]\w*)?$/.exec(before);
  if (member !== null)
    return /^\d+$/.test(member[1] ?? "") ? { kind: "other" } : { kind: "member", receiver: member[1] ?? "", begun: member[2] ?? "" };
  if (/\b(?:def|class|import|from|as|global|nonlocal|for|lambda)\s+\w*$/.test(before)) return { kind: "other" };
  const name = /(^|[^\w.])([A-Za-z_]\w*)?$/.exec(before);
  return name === null ? { kind: "other" } : { kind: "name", begun: name[2] ?? "" };
}

/** A line with spaces for its strings and its comment; and whether it ends in neither of these. */
function codeOf(line: string): { readonly bare: string; readonly isCode: boolean } {
  let [bare, quote] = ["", ""];
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? "";
    if (quote === "" && c === "#") return { bare: bare.padEnd(line.length), isCode: false };
    const isString = quote !== "" || c === '"' || c === "'";
    bare += isString ? " " : c;
    if (quote === "") quote = isString ? c : "";
    else if (c === "\\") bare += line[++i] === undefined ? "" : " ";
    else if (c === quote) quote = "";
  }
  return { bare, isCode: quote === "" };
}

/** The call whose argument list the end of a text is in. */
export interface CallAround {
  /** `torch.where`, `create_block_mask`, `).clamp` of what an expression gives; of `def f(` the name. */
  readonly callee: string;
  readonly isDefinition: boolean;
  /** Arguments before the one at hand. */
  readonly index: number;
  /** `H` of `H=…`, where the argument at hand is given by name. */
  readonly keyword: string | null;
  /** The arguments as they are written so far, without strings and comments. */
  readonly written: readonly string[];
}

/** The innermost call around the end of `text`, which is a few lines; null in none. */
export function callAround(text: string): CallAround | null {
  const before = text
    .split(/\r\n|\r|\n/)
    .map((line) => codeOf(line).bare)
    .join("\n");
  let depth = 0;
  for (let i = before.length - 1; i >= 0; i--) {
    const c = before[i] ?? "";
    if (")]}".includes(c)) depth++;
    else if ("[{".includes(c)) depth--;
    else if (c === "(" && depth-- === 0) {
      const head = before.slice(0, i);
      const callee = /((?:[)\]]\s*\.\s*)?[A-Za-z_][\w.]*)\s*$/.exec(head)?.[1];
      if (callee === undefined || KEYWORDS.has(callee)) {
        // Parentheses of an expression: the call is further out.
        depth = 0;
        continue;
      }
      const written = splitArguments(before.slice(i + 1));
      const last = written.at(-1) ?? "";
      return {
        callee,
        isDefinition: /\bdef\s+[A-Za-z_]\w*\s*$/.test(head),
        index: written.length - 1,
        keyword: /^\s*([A-Za-z_]\w*)\s*=(?!=)/.exec(last)?.[1] ?? null,
        written: written.map((part) => part.trim()),
      };
    }
    // An open bracket of another kind: a subscript or a list within the call.
    if (depth < 0) depth = 0;
  }
  return null;
}

const KEYWORDS: ReadonlySet<string> = new Set("if elif while return and or not in is lambda else yield await assert print".split(" "));
