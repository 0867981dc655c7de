/**
 * `# flexlens: B=1, window_size=256` comments → values by name, each with the place it speaks of.
 *
 * A directive directly above a `def`, its decorators, a class or an assignment speaks of that; any other speaks of the
 * whole file. It may go over several lines, each with the prefix; each line is a list of its own, or all of them
 * together are one. Values are Python expressions, read by the same parser and with spans in the file. The reserved
 * keys set the problem. `assert claim` among them is a claim about the mod (assertion.ts), `assert claim, "text"` with
 * words of its own.
 */
import type { ProblemHints, Span } from "../ir/mod.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import { kernelHint } from "./kernelWish.ts";
import { parseKeywords } from "./parse.ts";
import type { Expression, Keyword, Module, Statement } from "./syntax.ts";

/** One `name=value` of a directive. */
export interface DirectiveEntry {
  /** `name`, or `mod.name` for one mod alone. */
  readonly key: string;
  readonly keySpan: Span;
  readonly value: Expression;
  /** The value's Python text. */
  readonly text: string;
}

/** One `assert claim` of a directive. */
export interface Claimed {
  readonly claim: Expression;
  /** What the user says of it. */
  readonly message: string | null;
}

export interface Directive {
  readonly entries: readonly DirectiveEntry[];
  /** Those that speak of the kernel (kernelWish.ts), and what they say. */
  readonly kernel: { readonly entries: readonly DirectiveEntry[]; readonly hints: ProblemHints };
  readonly claims: readonly Claimed[];
  /** Start of the statement that it speaks of (of the `def`, not its decorators); null for the whole file. */
  readonly target: number | null;
}

export const RESERVED_KEYS = ["B", "H", "HKV", "Q_LEN", "KV_LEN", "D", "DV", "BLOCK_SIZE", "SCALE", "DTYPE"] as const;
export type ReservedKey = (typeof RESERVED_KEYS)[number];
export const isReserved = (key: string): key is ReservedKey => (RESERVED_KEYS as readonly string[]).includes(key);

const PREFIX = /^#\s*flexlens\s*:/i;

/** The directives of a module, in the order of the text. */
export function readDirectives(module: Module, comments: readonly Span[]): { directives: Directive[]; diagnostics: Diagnostic[] } {
  const { file, text } = module;
  const directives: Directive[] = [];
  const diagnostics: Diagnostic[] = [];
  const own = comments.filter((c) => PREFIX.test(text.slice(c.from, Math.min(c.to, c.from + 40))));
  if (own.length === 0) return { directives, diagnostics };
  const starts = statementStarts(module);
  for (const group of groupsOf(own, text)) {
    const first = group[0];
    const last = group[group.length - 1];
    if (first === undefined || last === undefined) continue;
    const { keywords, claims } = readGroup(group, text, file, diagnostics);
    const all = keywords.flatMap((k) =>
      k.name === null || k.nameSpan === null
        ? []
        : [{ key: k.name, keySpan: k.nameSpan, value: k.value, text: text.slice(k.value.span.from, k.value.span.to) }],
    );
    const { entries, kernel } = apart(all, diagnostics);
    directives.push({
      entries,
      kernel,
      claims,
      target: targetOf(first, last, text, starts, comments),
    });
  }
  return { directives, diagnostics };
}

/** The entries that give values to names, and those that speak of the kernel. */
function apart(all: readonly DirectiveEntry[], diagnostics: Diagnostic[]): Pick<Directive, "entries" | "kernel"> {
  const entries: DirectiveEntry[] = [];
  const ofKernel: DirectiveEntry[] = [];
  let hints: ProblemHints = {};
  for (const entry of all) {
    const said = kernelHint(entry.key, entry.value);
    (said === null ? entries : ofKernel).push(entry);
    if (said === null) continue;
    if ("why" in said) diagnostics.push(diagnose("directive-value", entry.value.span, [entry.key, said.why]));
    else hints = { ...hints, ...said.hint };
  }
  return { entries, kernel: { entries: ofKernel, hints } };
}

/** Finds the start of the module's assignment that a call stands in: directives above it speak of what is called with. Else null. */
export function assignmentsAround(body: readonly Statement[]): (call: Span) => number | null {
  const assignments = body.filter((s) => s.kind === "Assign" || s.kind === "AnnAssign").map((s) => s.span);
  assignments.sort((a, b) => a.from - b.from);
  return (call) => {
    let low = 0;
    let high = assignments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((assignments[middle]?.from ?? 0) <= call.from) low = middle + 1;
      else high = middle;
    }
    const last = assignments[low - 1];
    return last !== undefined && last.file === call.file && call.to <= last.to ? last.from : null;
  };
}

/** Directives on lines that follow each other. */
function groupsOf(comments: readonly Span[], text: string): Span[][] {
  const groups: Span[][] = [];
  let previous: Span | null = null;
  for (const comment of comments) {
    const gap = previous === null ? null : text.slice(previous.to, comment.from);
    const adjoining = gap !== null && /^\r?\n[ \t]*$/.test(gap);
    if (adjoining) groups[groups.length - 1]?.push(comment);
    else groups.push([comment]);
    previous = comment;
  }
  return groups;
}

interface Content {
  readonly keywords: Keyword[];
  readonly claims: Claimed[];
}

function readGroup(group: readonly Span[], text: string, file: string, diagnostics: Diagnostic[]): Content {
  const first = group[0];
  const last = group[group.length - 1];
  const results = readLines(group, text, file);
  const content: Content = { keywords: [], claims: [] };
  const whole = { file, from: first?.from ?? 0, to: last?.to ?? 0 };
  const shown = text.slice(whole.from, whole.to);
  for (const result of results) {
    const [fault] = result.diagnostics;
    if (fault !== undefined) {
      const why = fault.message.replace(/^Syntax error: /, "").replace(/\.$/, "");
      diagnostics.push(diagnose("directive-malformed", fault.span.to > fault.span.from ? fault.span : whole, [shown, why]));
    }
    const { claims, surplus } = claimsOf(result);
    content.claims.push(...claims);
    for (const extra of surplus) {
      const value = text.slice(extra.span.from, extra.span.to);
      diagnostics.push(diagnose("directive-malformed", extra.span, [shown, `\`${value}\` has no name before it`]));
    }
    for (const keyword of result.keywords) {
      const after = result.asserts.findLast((at) => at < keyword.span.from);
      const isClaim = after !== undefined && text.slice(after + ASSERT.length, keyword.span.from).trim() === "";
      if (isClaim) {
        const claim = text.slice(keyword.span.from, keyword.span.to);
        diagnostics.push(diagnose("assertion-malformed", keyword.span, [claim, "`=` gives a value to a name, and `==` compares"]));
      } else if (keyword.name === null) {
        diagnostics.push(diagnose("directive-malformed", keyword.span, [shown, "`**` has no name before it"]));
      } else content.keywords.push(keyword);
    }
  }
  return content;
}

/** Each line by itself; all together where a line is no list and all are one; else lines with those that complete them. */
function readLines(group: readonly Span[], text: string, file: string): readonly List[] {
  const alone = group.map((c) => readTogether([c], text, file));
  const isList = (r: List): boolean => r.diagnostics.length === 0;
  if (group.length === 1 || alone.every(isList)) return alone;
  const together = readTogether(group, text, file);
  if (isList(together)) return [together];
  const results: List[] = [];
  for (let from = 0; from < group.length; ) {
    const ends = group.map((_, i) => i + 1).filter((end) => end > from && end <= from + MAX_JOINED);
    const runs = ends.map((end) => ({ end, list: readTogether(group.slice(from, end), text, file) }));
    const run = runs.find(({ list }) => isList(list)) ?? runs[0];
    if (run === undefined) break;
    results.push(run.list);
    from = run.end;
  }
  return results;
}

/** Lines of one value that are tried together. */
const MAX_JOINED = 20;

/** Lines as one: line breaks and prefixes between them become spaces, offsets stay. */
function readTogether(lines: readonly Span[], text: string, file: string): List {
  const first = lines[0] ?? { file, from: 0, to: 0 };
  const from = first.from + prefixLength(text, first);
  let joined = text.slice(from, first.to);
  for (const line of lines.slice(1)) {
    const content = line.from + prefixLength(text, line);
    joined += " ".repeat(content - from - joined.length) + text.slice(content, line.to);
  }
  return readList(joined, file, from);
}

const ASSERT = "assert";

/** A list of values and claims; `asserts`: where the word `assert` stands in the file. */
type List = ReturnType<typeof parseKeywords> & { readonly asserts: readonly number[] };

function readList(text: string, file: string, offset: number): List {
  const asserts: number[] = [];
  let depth = 0;
  let isFirst = true;
  const plain = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[([{]|[)\]}]|,|\bassert\b|[^\s]/g, (token, at: number) => {
    const begins = isFirst;
    isFirst = depth === 0 && (token === "," || token === ";");
    if ("([{".includes(token)) depth++;
    else if (")]}".includes(token)) depth--;
    if (token === ";" && depth === 0) return ",";
    if (token !== ASSERT || !begins) return token;
    asserts.push(offset + at);
    return " ".repeat(ASSERT.length);
  });
  return { ...parseKeywords(plain, file, offset), asserts };
}

/** Each expression after the word is a claim, a string after that its message; what else has no name is too much. */
function claimsOf({ asserts, surplus }: List): { claims: Claimed[]; surplus: Expression[] } {
  const claims = new Map<number, { claim: Expression; message: string | null }>();
  const rest: Expression[] = [];
  for (const e of surplus) {
    const at = asserts.findLast((a) => a < e.span.from);
    const before = at === undefined ? undefined : claims.get(at);
    if (at !== undefined && before === undefined) claims.set(at, { claim: e, message: null });
    else if (before !== undefined && before.message === null && e.kind === "Constant" && e.literal.type === "str") {
      before.message = e.literal.value;
    } else rest.push(e);
  }
  return { claims: [...claims.values()], surplus: rest };
}

function prefixLength(text: string, comment: Span): number {
  return PREFIX.exec(text.slice(comment.from, comment.to))?.[0].length ?? 0;
}

/** Where a statement begins in the text (its decorators included) → offset of the statement's own span. */
function statementStarts({ body, layout }: Module): Map<number, number> {
  const starts = new Map<number, number>();
  const note = (from: number, s: Statement): Map<number, number> => starts.set(layout.toText(from), s.span.from);
  const visit = (statements: readonly Statement[]): void => {
    for (const s of statements) {
      switch (s.kind) {
        case "FunctionDef":
        case "ClassDef": {
          // A decorator's span begins after its `@`.
          const first = s.decorators[0];
          if (first !== undefined) note(first.span.from - 1, s);
          note(s.span.from, s);
          visit(s.body);
          break;
        }
        case "Assign":
        case "AnnAssign":
          note(s.span.from, s);
          break;
        case "If":
        case "For":
        case "While":
          visit(s.body);
          visit(s.otherwise);
          break;
        case "With":
        case "Try":
          visit(s.body);
          break;
        default:
          break;
      }
    }
  };
  visit(body);
  return starts;
}

/** The statement that begins on the next line that is no comment, or on the directive's own line before it. */
function targetOf(first: Span, last: Span, text: string, starts: ReadonlyMap<number, number>, comments: readonly Span[]): number | null {
  const lineStart = text.lastIndexOf("\n", first.from - 1) + 1;
  const before = lineStart + (/^[ \t]*/.exec(text.slice(lineStart, first.from))?.[0].length ?? 0);
  if (before < first.from) return starts.get(before) ?? null;
  let at = last.to;
  for (;;) {
    const gap = /^\r?\n[ \t]*/.exec(text.slice(at, at + 400));
    if (gap === null) return null;
    at += gap[0].length;
    const comment = comments.find((c) => c.from === at);
    if (comment === undefined) break;
    at = comment.to;
  }
  // `@ decorator`: spaces after the sign.
  if (text[at] === "@") {
    const name = at + 1 + (/^[ \t]*/.exec(text.slice(at + 1, at + 100))?.[0].length ?? 0);
    return starts.get(name - 1) ?? starts.get(at) ?? null;
  }
  return starts.get(at) ?? null;
}
