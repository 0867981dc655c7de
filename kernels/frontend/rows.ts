/**
 * The rows of the panel's form: a mod's bound names with the values they got and where those come from. Parameters
 * bound and values made up come in; the module's constants that the mod reads, through the functions it calls too, are
 * found here.
 */

import type { Span } from "../ir/mod.ts";
import { once } from "../ir/once.ts";
import { type Binder, overText, rowOf } from "./bindings.ts";
import type { Entry } from "./entries.ts";
import type { BoundName } from "./module.ts";
import { type BindingContext, constantPlace } from "./parameters.ts";
import { printed } from "./printed.ts";
import type { AnnAssign, Assign, FunctionDef, Module } from "./syntax.ts";
import type { Value } from "./value.ts";
import { freeNames, walkSyntax } from "./walkSyntax.ts";

/** One row a name: bound parameters, then what was made up, then constants. */
export function mergeRows(
  bound: readonly BoundName[],
  seeded: readonly BoundName[],
  constants: readonly BoundName[],
): readonly BoundName[] {
  if (bound.length === 0 && seeded.length === 0) return constants;
  const rows = new Map<string, BoundName>();
  // A parameter without a value has a row without text until its tensor is made up where it is used.
  for (const row of bound) if (row.origin !== "seeded" || row.text !== "") rows.set(row.name, row);
  for (const row of seeded) {
    const param = bound.find((b) => b.name === row.name);
    if (!rows.has(row.name)) rows.set(row.name, param === undefined ? row : { ...row, span: param.span });
  }
  for (const row of constants) if (!rows.has(row.name)) rows.set(row.name, row);
  return [...rows.values()];
}

/** Gives the rows of the module's constants that an entry reads. */
export function constantRows(module: Module, binder: Binder): (entry: Entry, context: BindingContext) => BoundName[] {
  const index = once(() => indexOf(module));
  return (entry, context) => {
    const { definitions } = index();
    const rows: BoundName[] = [];
    const seen = new Set<string>();
    const queue = namesIn(entry, index());
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      if (seen.has(name)) continue;
      seen.add(name);
      const definition = definitions.get(name);
      if (definition !== undefined) {
        queue.push(...freeNames(definition).map((f) => f.name));
        continue;
      }
      const row = constantRow(name, entry, binder, context);
      if (row !== null) rows.push(row);
    }
    return rows;
  };
}

function constantRow(name: string, entry: Entry, binder: Binder, context: BindingContext): BoundName | null {
  const { scope } = context;
  const value = context.overlay.get(name) ?? scope.names.get(name);
  if (value === undefined || !SHOWN.has(value.type)) return null;
  const binding = binder.find(entry.subject, name);
  if (binding !== null) {
    binder.use(binding);
    const row = rowOf(name, binding.origin, binding.text, value, binding.span);
    const constant = binding.origin === "form" ? constantPlace(context, name) : null;
    return overText(row, binder.findInText(entry.subject, name), constant === null ? null : { origin: "module", ...constant });
  }
  if (!scope.names.has(name)) return null;
  const place = constantPlace(context, name);
  return rowOf(name, "module", place?.text ?? printed(value) ?? name, value, place?.span ?? null);
}

const SHOWN: ReadonlySet<Value["type"]> = new Set(["none", "bool", "int", "float", "str", "tuple", "list", "dict", "set", "tensor"]);

interface Index {
  /** The module's own functions by name. */
  readonly definitions: ReadonlyMap<string, FunctionDef>;
  /** Functions by where they begin, those inside others too. */
  readonly functions: ReadonlyMap<number, FunctionDef>;
  readonly assignments: readonly (Assign | AnnAssign)[];
  /** Assignments by where a name begins that is their target. */
  readonly assigned: ReadonlyMap<number, Assign | AnnAssign>;
}

function indexOf(module: Module): Index {
  const definitions = new Map<string, FunctionDef>();
  const functions = new Map<number, FunctionDef>();
  const assignments: (Assign | AnnAssign)[] = [];
  const assigned = new Map<number, Assign | AnnAssign>();
  for (const s of module.body) if (s.kind === "FunctionDef") definitions.set(s.name, s);
  walkSyntax(module.body, (n) => {
    if (n.kind === "FunctionDef") functions.set(n.span.from, n);
    else if (n.kind === "Assign" || n.kind === "AnnAssign") {
      assignments.push(n);
      for (const target of n.kind === "Assign" ? n.targets : [n.target]) if (target.kind === "Name") assigned.set(target.span.from, n);
    }
    return STATEMENT_KINDS.has(n.kind);
  });
  return { definitions, functions, assignments, assigned };
}

const contains = (outer: Span, inner: Span): boolean => outer.from <= inner.from && inner.to <= outer.to;

/** Names read by the function or the assignment at an entry. */
function namesIn(entry: Entry, { functions, assignments, assigned: byTarget }: Index): string[] {
  const definition = functions.get(entry.span.from);
  const names = definition === undefined ? [] : freeNames(definition).map((f) => f.name);
  const { nameSpan } = entry;
  const around =
    definition === undefined ? (byTarget.get(nameSpan.from) ?? assignments.find((n) => contains(n.span, nameSpan))) : undefined;
  const assigned = around?.value ?? null;
  walkSyntax(assigned === null ? [] : [assigned], (v) => {
    if (v.kind === "Lambda") names.push(...freeNames(v).map((f) => f.name));
    else if (v.kind === "Name") names.push(v.id);
    return v.kind !== "Lambda";
  });
  return names;
}

const STATEMENT_KINDS: ReadonlySet<string> = new Set(["FunctionDef", "ClassDef", "If", "For", "While", "With", "Try", "Match"]);
