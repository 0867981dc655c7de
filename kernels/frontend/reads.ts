/**
 * What a mod reads from around it, through the helpers and objects that it calls: closure variables, module globals,
 * attributes of `self`; each with its value here and with the way to it in a running Python program that has the mod.
 * Found in the text of the functions, by the same scopes that the evaluator used.
 */
import type { BoundName, ModRead } from "./module.ts";
import { printed } from "./printed.ts";
import { functionOf, lookupName } from "./pythonCall.ts";
import { lookupClass } from "./pythonClass.ts";

import type { Attribute, Expression } from "./syntax.ts";
import { outline } from "./tensor.ts";
import { combinedMods } from "./torchFlex.ts";
import type { FunctionValue, Instance, Scope, Value } from "./value.ts";
import { freeNames, walkSyntax } from "./walkSyntax.ts";

const DEEPEST = 8;

/**
 * `mod` as it was traced; `rows` are its bound names, for values that were made up while tracing; `isChanged` says of
 * which arguments a factory makes other values under the same name. In `python` the mod is `mod`, and `seen(f)` the
 * names that a function sees (snippet.ts writes it out).
 */
export function readsOf(
  mod: Value,
  overlay: ReadonlyMap<string, Value>,
  rows: readonly BoundName[],
  isChanged: (name: string) => boolean,
): ModRead[] {
  const found = new Map<string, ModRead>();
  const visited = new Set<unknown>();

  const note = (name: string, python: string, value: Value | null): void => {
    if (found.has(name)) return;
    const row = rows.find((r) => r.name === name);
    const isKnown = value !== null && value.type !== "unknown";
    if (!isKnown && row === undefined) return;
    const own = value?.type === "tensor" ? outline(value) : null;
    const tensor = isKnown ? own : (row?.tensor ?? null);
    const text = isKnown ? printed(value) : (row?.value ?? null);
    if (tensor === null && text === null) return;
    found.set(name, { name, python: isChanged(name) ? null : python, tensor, value: text });
  };

  /** A value that was reached: a function is gone into, data is noted. */
  const reach = (name: string, python: string, value: Value | null, depth: number): void => {
    if (value !== null && isCallable(value)) visit(value, python, depth + 1);
    else if (value === null || value.type !== "instance") note(name, python, value);
  };

  const visit = (value: Value, python: string, depth: number): void => {
    if (depth > DEEPEST) return;
    const parts = combinedMods(value);
    if (parts !== null) for (const [i, part] of parts.entries()) visit(part, `seen(${python})["mask_mods"][${i}]`, depth + 1);
    else if (value.type === "partial") visit(value.callee, `${python}.func`, depth);
    else if (value.type === "method") {
      const f = functionOf(value);
      // An object that is called is handed over itself.
      if (f?.name === "__call__" && value.self.type === "instance") visit(value.self, python, depth);
      else visitFunction(f, python, { value: value.self, python: `${python}.__self__` }, depth);
    } else if (value.type === "instance") {
      const call = lookupClass(value.class, "__call__");
      visitFunction(call === null ? null : functionOf(call), `type(${python}).__call__`, { value, python }, depth);
    } else if (value.type === "function") visitFunction(value, python, null, depth);
  };

  const visitFunction = (f: FunctionValue | null, python: string, self: Owner | null, depth: number): void => {
    if (f === null || visited.has(f)) return;
    visited.add(f);
    const owners = new Map<string, Owner>();
    const [first] = f.params;
    if (self !== null && first !== undefined) owners.set(first.name, self);
    const scope = calleeScope(f);
    for (const { name } of freeNames(f)) {
      const value = lookupName(scope, name, overlay);
      const way = `seen(${python})["${name}"]`;
      if (value?.type === "instance" && lookupClass(value.class, "__call__") === null) owners.set(name, { value, python: way });
      else reach(name, way, value, depth);
    }
    if (owners.size === 0) return;
    for (const chain of attributeChains(f)) {
      const owner = owners.get(chain[0] ?? "");
      if (owner !== undefined) follow(owner, chain.slice(1), depth);
    }
  };

  /** `self.config.window`: through objects to the value. */
  const follow = (owner: Owner, names: readonly string[], depth: number): void => {
    let { value, python } = owner;
    for (const [i, name] of names.entries()) {
      if (value.type !== "instance") return;
      python = `${python}.${name}`;
      const next = attributeOf(value, name);
      if (next?.type === "instance" && i + 1 < names.length) {
        value = next;
        continue;
      }
      const method = next !== null && isCallable(next) && value.class.members.get(name) === next;
      reach(name, python, method ? { type: "method", self: value, callee: next } : next, depth);
      // What is made up is known by the last name of the chain.
      if (next === null || next.type === "unknown") reach(names.at(-1) ?? name, `${owner.python}.${names.join(".")}`, null, depth);
      return;
    }
  };

  visit(mod, "mod", 0);
  return [...found.values()];
}

interface Owner {
  readonly value: Value;
  readonly python: string;
}

const isCallable = (value: Value): boolean =>
  value.type === "function" ||
  value.type === "method" ||
  value.type === "partial" ||
  combinedMods(value) !== null ||
  (value.type === "instance" && lookupClass(value.class, "__call__") !== null);

const attributeOf = (object: Instance, name: string): Value | null => object.attributes.get(name) ?? lookupClass(object.class, name);

/** The scope of a call of `f`, so that names bound around it are found as its body finds them. */
function calleeScope(f: FunctionValue): Scope {
  return { names: new Map(), parent: f.scope, elsewhere: null, kind: "function", module: f.scope.module };
}

const chainsOf = new WeakMap<object, readonly (readonly string[])[]>();

/** The names of `a.b.c` for each chain of attributes that begins with a name. */
function attributeChains(f: FunctionValue): readonly (readonly string[])[] {
  const known = chainsOf.get(f.body);
  if (known !== undefined) return known;
  const chains: string[][] = [];
  const body = "kind" in f.body ? [f.body] : f.body;
  walkSyntax(body, (n) => {
    if (n.kind !== "Attribute") return true;
    const chain = chainOf(n);
    if (chain !== null) chains.push(chain);
    return chain === null;
  });
  chainsOf.set(f.body, chains);
  return chains;
}

function chainOf(node: Attribute): string[] | null {
  const names = [node.name];
  let at: Expression = node.object;
  while (at.kind === "Attribute") {
    names.unshift(at.name);
    at = at.object;
  }
  return at.kind === "Name" ? [at.id, ...names] : null;
}
