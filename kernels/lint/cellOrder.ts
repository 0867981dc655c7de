/**
 * The order of a notebook's cells against the order in which they were run. Flexlens reads cells from top to bottom; the
 * notebook's memory holds what was run last. Where that makes another value of something that a mod captures, it is said
 * once a notebook, at the first such name: cells run out of order are common, and mostly harmless.
 *
 * In: the joined cells as one source, its lowered module, each cell's place and run count. Counts of two sessions, which
 * repeat, say nothing; nor does a cell that was never run.
 */
import { type Diagnostic, diagnose } from "../frontend/diagnostic.ts";
import { modKind } from "../frontend/discover.ts";
import type { LoweredModule, Source } from "../frontend/module.ts";
import { parseModule } from "../frontend/parse.ts";
import { boundNames } from "../frontend/statement.ts";
import type { Statement } from "../frontend/syntax.ts";
import { freeNames, walkSyntax } from "../frontend/walkSyntax.ts";
import type { Span } from "../ir/mod.ts";

/** A code cell of the joined text. */
export interface RunCell {
  readonly start: number;
  readonly length: number;
  /** The number in its brackets, `[7]`; null: it was not run. */
  readonly order: number | null;
}

/** A statement of the module that gives a name its value, and when it was run. */
interface Binder {
  readonly statement: Statement;
  readonly cell: RunCell;
  readonly order: number;
}

export function lintCellOrder(source: Source, module: LoweredModule, cells: readonly RunCell[]): readonly Diagnostic[] {
  const orders = cells.flatMap(({ order }) => order ?? []);
  const isInOrder = orders.every((order, i) => i === 0 || order > (orders[i - 1] ?? 0));
  if (isInOrder || new Set(orders).size < orders.length) return [];
  const tree = parseModule(source.file, source.text).module.body;
  const binders = bindersOf(tree, cells);
  for (const name of wantedNames(module, tree)) {
    const found = lookAt(name, binders);
    if (found !== null) return [found];
  }
  return [];
}

/** What variants are called and what mods capture, those that cannot be shown among them. */
function wantedNames(module: LoweredModule, tree: readonly Statement[]): ReadonlySet<string> {
  const names = new Set(module.variants.flatMap((variant) => [variant.name, ...variant.bindings.map((binding) => binding.name)]));
  walkSyntax(tree, (node) => {
    if ((node.kind === "FunctionDef" || node.kind === "Lambda") && modKind(node) !== null)
      for (const free of freeNames(node)) names.add(free.name);
    return true;
  });
  return names;
}

/** By name; those of each in the order of the text. Imports bind the same wherever they are run. */
function bindersOf(tree: readonly Statement[], cells: readonly RunCell[]): ReadonlyMap<string, readonly Binder[]> {
  const binders = new Map<string, Binder[]>();
  for (const statement of tree) {
    if (statement.kind === "Import" || statement.kind === "ImportFrom") continue;
    const cell = cells.findLast(({ start }) => start <= statement.span.from);
    if (cell === undefined || cell.order === null) continue;
    for (const name of boundNames([statement])) {
      const list = binders.get(name) ?? [];
      list.push({ statement, cell, order: cell.order });
      binders.set(name, list);
    }
  }
  return binders;
}

function lookAt(name: string, binders: ReadonlyMap<string, readonly Binder[]>): Diagnostic | null {
  const all = binders.get(name) ?? [];
  const read = all.at(-1);
  if (read === undefined) return null;
  const ran = all.reduce((last, binder) => (binder.order > last.order ? binder : last));
  const place = placeOf(name, read.statement);
  if (ran.cell !== read.cell) return diagnose("cell-run-last", place, [name, bracketed(ran), bracketed(read)]);
  for (const other of namesIn(read.statement)) {
    const source = binders.get(other)?.at(-1);
    if (source === undefined || source.cell === read.cell) continue;
    const isAbove = source.cell.start < read.cell.start;
    if (isAbove && source.order > read.order) return diagnose("cell-outdated", place, [name, bracketed(read), other, bracketed(source)]);
    if (!isAbove && source.order < read.order) return diagnose("cell-below", place, [name, other, bracketed(source)]);
  }
  return null;
}

const bracketed = ({ order }: Binder): string => `[${order}]`;

/** Names that an assignment's value is made of. */
function namesIn(statement: Statement): ReadonlySet<string> {
  const names = new Set<string>();
  if (statement.kind !== "Assign" && statement.kind !== "AnnAssign") return names;
  walkSyntax(statement.value === null ? [] : [statement.value], (node) => {
    if (node.kind === "Name") names.add(node.id);
    return true;
  });
  return names;
}

/** Where `statement` writes the name that it binds. */
function placeOf(name: string, statement: Statement): Span {
  if (statement.kind === "FunctionDef" || statement.kind === "ClassDef") return statement.nameSpan;
  let place: Span | null = null;
  walkSyntax([statement], (node) => {
    if (place === null && node.kind === "Name" && node.id === name) place = node.span;
    return place === null;
  });
  return place ?? statement.span;
}
