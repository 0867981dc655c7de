/**
 * Imports that a text lacks. In: an outline, where code is written, and the names that it needs from modules. Out: the
 * edits that bring them in (an import of the same module grows, else a line joins those at the head), and what each is
 * called there. What is imported already, under whatever name, is used as it is.
 */
import type { ImportAlias, ImportFrom, Statement } from "../../kernels/frontend/syntax.ts";
import { ownStatements } from "../../kernels/frontend/walkSyntax.ts";
import { freshName, isDefinition, lineEnd, moduleNames, type Outline } from "./outline.ts";

/** An edit in offsets of a text. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly newText: string;
}

/** `from module import name`, or `import module` where `name` is null; `as` is what it is to be called. */
export interface Wanted {
  readonly module: string;
  readonly name: string | null;
  readonly as: string;
}

export const FLEX_MODULE = "torch.nn.attention.flex_attention";

export interface Imported {
  /** In imports that the text has. */
  readonly grown: readonly Edit[];
  /** Lines of their own. */
  readonly lines: readonly Edit[];
  /** What the text calls each that was wanted, by `Wanted.as`. */
  readonly names: ReadonlyMap<string, string>;
}

/** The document, or the notebook's cell, that code goes into: offsets of the outline's text. */
export interface Region {
  readonly from: number;
  readonly to: number;
}

/** `at`: where in `region` the code goes; imports that stand elsewhere before it count too, and stay as they are. */
export function importsFor(outline: Outline, wanted: readonly Wanted[], at: number, region: Region): Imported {
  const names = new Map<string, string>();
  const taken = moduleNames(outline);
  const parts = outline.parts.filter((part) => part.from < at || part.statements.every(isImport));
  const before = ownStatements(parts.flatMap((part) => part.statements));
  const grown: Edit[] = [];
  const lines = new Map<string, string[]>();
  for (const want of wanted) {
    const known = localName(before, want);
    const as = known ?? (taken.has(want.as) ? freshName(`flex_${want.as}`, taken) : want.as);
    names.set(want.as, as);
    if (known !== null) continue;
    const { module, name } = want;
    const own = before.findLast(
      (s): s is ImportFrom =>
        isFrom(s, module) && region.from <= s.span.from && s.span.to <= region.to && s.names.every((a) => a.name !== "*"),
    );
    if (name === null) lines.set(`import ${module}${as === module ? "" : ` as ${as}`}`, []);
    else if (own !== undefined) grown.push(grownBy(outline.text, own.names, aliased(name, as)));
    else lines.set(`from ${module} import `, [...(lines.get(`from ${module} import `) ?? []), aliased(name, as)]);
  }
  const written = [...lines].map(([line, list]) => line + list.toSorted().join(", "));
  return { names, grown: merged(grown), lines: newLines(outline, written, region) };
}

const aliased = (name: string, as: string): string => (name === as ? name : `${name} as ${as}`);
const isFrom = (s: Statement, module: string): s is ImportFrom => s.kind === "ImportFrom" && s.level === 0 && s.module === module;

export const isImport = (s: Statement): s is Extract<Statement, { kind: "Import" | "ImportFrom" }> =>
  s.kind === "Import" || s.kind === "ImportFrom";

/** An import, or the docstring. */
export const isHead = (s: Statement): boolean => isImport(s) || (s.kind === "ExpressionStatement" && s.value.kind === "Constant");

/** What the last import of it calls it. */
function localName(statements: readonly Statement[], { module, name }: Wanted): string | null {
  for (const s of statements.toReversed()) {
    if (name === null && s.kind === "Import") {
      const alias = s.names.find((a) => a.name === module && (a.asName !== null || !module.includes(".")));
      if (alias !== undefined) return alias.asName ?? alias.name;
    } else if (name !== null && s.kind === "ImportFrom" && s.level === 0 && s.module === module) {
      const alias = s.names.find((a) => a.name === name);
      if (alias !== undefined) return alias.asName ?? alias.name;
      if (s.names.some((a) => a.name === "*")) return name;
    }
  }
  return null;
}

/** `alias` among `names`: at its place where these are in order of the alphabet, else last. */
function grownBy(text: string, names: readonly ImportAlias[], alias: string): Edit {
  const isSorted = names.every((a, i) => i === 0 || (names[i - 1]?.name ?? "") <= a.name);
  const next = isSorted ? names.find((a) => a.name > alias) : undefined;
  const [first, second] = names;
  // What stands between two names: a space, or a line break with the indentation.
  const gap =
    first === undefined || second === undefined
      ? " "
      : text
          .slice(first.span.to, second.span.from)
          .replace(/^\s*,/, "")
          .replace(/#[^\r\n]*/, "");
  if (next !== undefined) return { from: next.span.from, to: next.span.from, newText: `${alias},${gap}` };
  const end = names.at(-1)?.span.to ?? 0;
  return { from: end, to: end, newText: `,${gap}${alias}` };
}

/** Lines below the imports at the head, those of whole modules first; without any, above the first statement that is no docstring. */
function newLines({ text, parts }: Outline, lines: readonly string[], region: Region): readonly Edit[] {
  if (lines.length === 0) return [];
  const own = parts.filter((part) => part.from >= region.from && part.to <= region.to);
  const bodyAt = own.findIndex((part) => !part.statements.every(isHead));
  const head = own.slice(0, bodyAt < 0 ? own.length : bodyAt);
  const imports = head.filter((part) => part.statements.every(isImport));
  const whole = lines.filter((line) => line.startsWith("import "));
  const [first] = imports;
  if (first?.statements[0]?.kind === "ImportFrom" && first.statements[0].module !== "__future__" && whole.length > 0) {
    const rest = lines.filter((line) => !whole.includes(line));
    return [insertion(first.from, `${whole.join("\n")}\n`), ...newLines({ text, parts, broken: [] }, rest, region)];
  }
  const below = imports.at(-1) ?? head.at(-1);
  const all = [...whole, ...lines.filter((line) => !whole.includes(line))].join("\n");
  if (below !== undefined) return [insertion(below.to, `\n${all}`)];
  const body = own[0];
  if (body === undefined) {
    // Comments at most: below those that open the text, as a licence does.
    const written = text.slice(region.from, region.to).trimEnd().length;
    return [insertion(region.from + written, written === 0 ? `${all}\n` : `\n${all}`)];
  }
  const top = text.slice(body.from).startsWith("#!") ? lineEnd(text, body.from) + 1 : body.from;
  return [insertion(top, `${all}\n${isDefinition(body) ? "\n\n" : "\n"}`)];
}

const insertion = (at: number, newText: string): Edit => ({ from: at, to: at, newText });

/** Edits at one place as one, in their order. */
function merged(edits: readonly Edit[]): readonly Edit[] {
  const byPlace = new Map<string, Edit>();
  for (const edit of edits) {
    const key = `${edit.from} ${edit.to}`;
    const before = byPlace.get(key);
    byPlace.set(key, before === undefined ? edit : { ...edit, newText: before.newText + edit.newText });
  }
  return [...byPlace.values()];
}

/** `text`, or its part from `from` to `to`, with those of `edits` made that lie there; edits at one place in their order. */
export function applied(text: string, edits: readonly Edit[], from = 0, to = text.length): string {
  let result = "";
  let at = from;
  const there = edits.filter((edit) => from <= edit.from && edit.to <= to);
  for (const edit of there.sort((a, b) => a.from - b.from || a.to - b.to)) {
    result += text.slice(at, edit.from) + edit.newText;
    at = edit.to;
  }
  return result + text.slice(at, to);
}
