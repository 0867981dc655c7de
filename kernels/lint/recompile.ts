/**
 * Python numbers that a mod captures and that change from call to call (changing.ts). torch.compile takes a captured
 * number for a constant and guards on it. Measured on PyTorch 2.13: an int in a global or an attribute is compiled again
 * for every new value, until after 8 the whole flex_attention runs unfused; an int or float of an enclosing function,
 * and a float anywhere, is compiled a second time, with the number as an argument. A tensor is compiled once.
 */
import { type Diagnostic, diagnose } from "../frontend/diagnostic.ts";
import { discover, lastName, modKind, usesFlexAttention } from "../frontend/discover.ts";
import type { ClassDef, Expression, FunctionDef, Lambda, Module, Node } from "../frontend/syntax.ts";
import { bindingsIn, freeNames, walkSyntax } from "../frontend/walkSyntax.ts";
import type { Span } from "../ir/mod.ts";
import { type Changes, changesIn, firstValue, isFunction, isInt, isNumber, type Loop, within } from "./changing.ts";

/** A mod of the document, with the functions and classes around it, the outermost first. */
interface Place {
  readonly mod: FunctionDef | Lambda;
  readonly around: readonly (FunctionDef | Lambda | ClassDef)[];
}

/** A number that changes: where the mod reads it, and how it changes, in the text's own words. */
interface Found {
  readonly name: string;
  readonly read: Span;
  readonly how: string;
  /** Whether each new value is compiled for itself. */
  readonly each: boolean;
}

/** `module` is the document's tree. */
export function lintRecompiles(module: Module): Diagnostic[] {
  const changes = changesIn(module);
  const found = [...placesOf(module).flatMap((place) => changesOf(place, module, changes)), ...factoryCalls(module, changes.loops)];
  return found.map(({ name, read, how, each }) => diagnose(each ? "recompiles-each-step" : "recompiles-on-change", read, [name, how]));
}

/** Every mod with its surroundings; `self` of a method is not counted among a mod's parameters. */
function placesOf(module: Module): Place[] {
  const places: Place[] = [];
  const path: (FunctionDef | Lambda | ClassDef)[] = [];
  walkSyntax(module.body, (n) => {
    for (let top = path.at(-1); top !== undefined && !within(n.span, top.span); top = path.at(-1)) path.pop();
    if (isFunction(n) && modKind(n, path.at(-1)?.kind === "ClassDef") !== null) places.push({ mod: n, around: [...path] });
    if (isFunction(n) || n.kind === "ClassDef") path.push(n);
    return true;
  });
  return places;
}

function changesOf({ mod, around }: Place, module: Module, changes: Changes): Found[] {
  const found: Found[] = [];
  const textOf = ({ from, to }: Span): string => module.text.slice(from, to);
  for (const { name, node } of freeNames(mod)) {
    const holder = around.findLast((n): n is FunctionDef | Lambda => isFunction(n) && binds(n, name)) ?? null;
    const change =
      (holder === null ? changes.globals.get(name) : changes.nonlocals.find((c) => c.name === name && within(c.span, holder.span))) ??
      changes.loops.findLast((loop) => loop.owner === holder && loop.counters.has(name))?.counters.get(name);
    if (change !== undefined) found.push({ name, read: node.span, how: textOf(change.span), each: holder === null && change.isInt });
    else if (holder?.kind === "FunctionDef" && isStepOf(holder, name)) {
      found.push({ name, read: node.span, how: headOf(holder, module), each: false });
    }
  }
  walkSyntax(mod.kind === "Lambda" ? [mod.body] : mod.body, (n) => {
    const change = n.kind === "Attribute" && n.object.kind === "Name" ? attributeChange(n.object.id, n.name, mod, around, changes) : null;
    if (change === null || found.some((f) => f.name === change.name)) return true;
    found.push({ name: change.name, read: n.span, how: textOf(change.span), each: change.each });
    return true;
  });
  return found;
}

/** Whether the function gives the name a value, as a parameter or by assignment. */
function binds(fn: FunctionDef | Lambda, name: string): boolean {
  return fn.params.some((p) => p.name === name) || (fn.kind === "FunctionDef" && bindingsIn(fn.body).has(name));
}

const STEP = /^((cur(rent)?|global|train(ing)?)_?)?(step|epoch|iter|iteration)(_?(idx|num|no|id|count))?$/i;

/** A parameter that is called like the number of a step, of a function that attends. */
function isStepOf(fn: FunctionDef, name: string): boolean {
  const param = fn.params.find((p) => p.name === name);
  if (param === undefined || !STEP.test(name) || !usesFlexAttention(fn)) return false;
  return param.annotation === null || /^(int|float)$/.test(lastName(param.annotation));
}

/** `def train_step(q, k, v, step)`. */
function headOf(fn: FunctionDef, { text }: Module): string {
  const line = /^[^\n]*/.exec(text.slice(fn.nameSpan.from))?.[0] ?? fn.name;
  return `def ${line.replace(/\s*(->.*)?:\s*(#.*)?$/, "")}`;
}

/** `self.step` in a mod, where a method counts it up, or other code on its object; the same for an object with a name. */
function attributeChange(
  object: string,
  name: string,
  mod: Node,
  around: Place["around"],
  changes: Changes,
): { readonly name: string; readonly span: Span; readonly each: boolean } | null {
  const owner = around.findLast((n): n is ClassDef => n.kind === "ClassDef");
  if (object === "self" && owner === undefined) return null;
  const names = (e: Expression, span: Span): boolean => {
    if (e.kind !== "Attribute" || e.name !== name || e.object.kind !== "Name" || within(span, mod.span)) return false;
    // Outside of its class an object goes by another name than `self`.
    if (object === "self" && owner !== undefined) return within(span, owner.span) ? e.object.id === "self" : e.object.id !== "self";
    return e.object.id === object;
  };
  const change = changes.counted.find((c) => names(c.target, c.span));
  if (change === undefined) return null;
  const set = changes.set.find((s) => s.targets.some((t) => names(t, s.span)))?.value;
  const first = set ?? (owner === undefined ? null : firstValue(name, owner.body));
  return isNumber(first) ? { name: `${object}.${name}`, span: change.span, each: isInt(first) && change.isInt } : null;
}

/** A factory of the file that is called with the counter of a loop that attends. */
function factoryCalls(module: Module, loops: readonly Loop[]): Found[] {
  if (loops.length === 0) return [];
  const factories = new Set(discover(module.body).flatMap((c) => (c.role === "factory" ? [c.name] : [])));
  const found = new Map<number, Found>();
  for (const { node, counters } of loops) {
    if (counters.size === 0) continue;
    walkSyntax(node.body, (n) => {
      if (n.kind !== "Call" || !factories.has(lastName(n.callee))) return true;
      for (const arg of [...n.args, ...n.keywords.map((k) => k.value)]) {
        const counter = arg.kind === "Name" ? counters.get(arg.id) : undefined;
        if (arg.kind !== "Name" || counter === undefined) continue;
        const how = module.text.slice(counter.span.from, counter.span.to);
        found.set(arg.span.from, { name: arg.id, read: arg.span, how, each: false });
      }
      return true;
    });
  }
  return [...found.values()];
}
