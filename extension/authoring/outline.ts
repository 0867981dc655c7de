/**
 * A module as whoever writes into it sees it: its top-level statements with the comments and decorators that belong to
 * them, what each binds and reads, and where an import goes. In: a text. Out: plain data in offsets of that text. Made
 * on request, from the text alone: nothing is evaluated.
 */
import { parseModule } from "../../kernels/frontend/parse.ts";
import type { ClassDef, FunctionDef, Lambda, Node, Statement } from "../../kernels/frontend/syntax.ts";
import { bindingsIn, freeNames, walkSyntax } from "../../kernels/frontend/walkSyntax.ts";

/** Lines of a module that belong together: most often one statement. */
export interface Part {
  /** Start of its first line, comments and decorators directly above included. */
  readonly from: number;
  /** End of its last line, the line break left out. */
  readonly to: number;
  readonly statements: readonly Statement[];
  /** Names that it binds in the module. */
  readonly binds: ReadonlySet<string>;
  /** Names that it takes from around it. */
  readonly reads: ReadonlySet<string>;
}

export interface Outline {
  readonly text: string;
  /** In the order of the text. */
  readonly parts: readonly Part[];
  /** Lines that could not be read. */
  readonly broken: readonly { readonly from: number; readonly to: number }[];
}

export function outlineOf(text: string): Outline {
  const { module, comments, broken } = parseModule("", text);
  const commentLines = new Set(
    comments.map((c) => lineStart(text, c.from)).filter((start) => /^[ \t]*#/.test(text.slice(start, start + 200))),
  );
  const parts: { from: number; to: number; statements: Statement[] }[] = [];
  for (const statement of module.body) {
    let from = lineStart(text, firstOffset(statement));
    while (from > 0 && commentLines.has(lineBefore(text, from))) from = lineBefore(text, from);
    const to = lineEnd(text, statement.span.to);
    const last = parts.at(-1);
    // Statements on one line are one part.
    if (last !== undefined && from <= last.to) Object.assign(last, { to, statements: [...last.statements, statement] });
    else parts.push({ from, to, statements: [statement] });
  }
  return {
    text,
    parts: parts.map((part) => ({ ...part, binds: bindingsIn(part.statements), reads: readsOf(part.statements) })),
    broken,
  };
}

/** Whether a function or class is among its statements. */
export const isDefinition = (part: Part | undefined): boolean =>
  part?.statements.some((s) => s.kind === "FunctionDef" || s.kind === "ClassDef") === true;

/** The part that binds `name` last: what the module means by it in the end. */
export const binderOf = ({ parts }: Outline, name: string): Part | null => parts.findLast((part) => part.binds.has(name)) ?? null;

/** Names that the module binds at its top level. */
export const moduleNames = ({ parts }: Outline): ReadonlySet<string> => new Set(parts.flatMap((part) => [...part.binds]));

/** The first of `name`, `name_2`, `name_3`, … that is not taken. */
export function freshName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let n = 2; ; n++) if (!taken.has(`${name}_${n}`)) return `${name}_${n}`;
}

/** Where a definition begins: at its first decorator's `@`. */
export function firstOffset(statement: Statement): number {
  const decorators = statement.kind === "FunctionDef" || statement.kind === "ClassDef" ? statement.decorators : [];
  return decorators.reduce((from, d) => Math.min(from, d.span.from - 1), statement.span.from);
}

export const lineStart = (text: string, at: number): number =>
  // A search from before the text would find its first character.
  at <= 0 ? 0 : Math.max(text.lastIndexOf("\n", at - 1), text.lastIndexOf("\r", at - 1)) + 1;

/** The start of the line before the one that starts at `from`. */
function lineBefore(text: string, from: number): number {
  return lineStart(text, text[from - 1] === "\n" && text[from - 2] === "\r" ? from - 2 : from - 1);
}

/** The end of the line of `at`, the line break left out. */
export function lineEnd(text: string, at: number): number {
  const found = /[\r\n]/.exec(text.slice(at));
  return found === null ? text.length : at + found.index;
}

/** What stands before the first word of the line of `at`. */
export const indentAt = (text: string, at: number): string => /^[ \t]*/.exec(text.slice(lineStart(text, at)))?.[0] ?? "";

/** Names that statements take from the module around them: free names of functions, all names of other code. */
function readsOf(statements: readonly Statement[]): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: Node): boolean => {
    if (node.kind === "FunctionDef" || node.kind === "Lambda") {
      for (const { name } of freeNames(node)) names.add(name);
      walkSyntax(besideBody(node), visit);
      return false;
    }
    if (node.kind === "Name") names.add(node.id);
    return true;
  };
  walkSyntax(statements, visit);
  return names;
}

/** What a definition evaluates where it stands: decorators, defaults, annotations. */
export function besideBody(node: FunctionDef | Lambda): readonly Node[] {
  const own = node.kind === "FunctionDef" ? [...node.decorators, node.returns] : [];
  return [...own, ...node.params.flatMap((p) => [p.default, p.annotation])].filter((n) => n !== null);
}

/** A definition of the text, with the functions and classes around it, the outermost first. */
export interface Defined {
  readonly node: FunctionDef;
  readonly around: readonly (FunctionDef | ClassDef)[];
}

/** The innermost function whose text `offset` is in; null outside of all. */
export function functionAt({ parts }: Outline, offset: number): Defined | null {
  let found: Defined | null = null;
  const visit = (statements: readonly Node[], around: readonly (FunctionDef | ClassDef)[]): void =>
    walkSyntax(statements, (node) => {
      if (node.kind !== "FunctionDef" && node.kind !== "ClassDef") return true;
      if (node.span.from <= offset && offset <= node.span.to) {
        if (node.kind === "FunctionDef") found = { node, around };
        visit(node.body, [...around, node]);
      }
      return false;
    });
  for (const part of parts) visit(part.statements, []);
  return found;
}

/** The outermost lambda whose text `offset` is in, and the simple statement that it is part of; null outside of all. */
export function lambdaAt({ parts }: Outline, offset: number): { readonly node: Lambda; readonly statement: Statement } | null {
  const found: { node: Lambda | null; statement: Statement | null; isInClass: boolean } = { node: null, statement: null, isInClass: false };
  const visit = (n: Node): boolean => {
    if (offset < n.span.from || n.span.to < offset) return false;
    // What it binds cannot be read from above the statement.
    if (n.kind === "Comprehension") return false;
    if (n.kind === "FunctionDef" || n.kind === "ClassDef") found.isInClass = n.kind === "ClassDef";
    if (n.kind === "Lambda") found.node = n;
    else if (n.kind === "Assign" || n.kind === "AnnAssign" || n.kind === "Return" || n.kind === "ExpressionStatement") found.statement = n;
    return n.kind !== "Lambda";
  };
  for (const part of parts) walkSyntax(part.statements, visit);
  const { node, statement, isInClass } = found;
  // A function above could not read what the class binds, and would be a method.
  return node === null || statement === null || isInClass ? null : { node, statement };
}
