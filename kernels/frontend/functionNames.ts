/** What names mean in a function: those that its own assignments bind, and the scopes of its `global` and `nonlocal` ones. */
import { boundNames } from "./statement.ts";
import type { Statement } from "./syntax.ts";
import type { FunctionValue, Scope } from "./value.ts";

const declared = new WeakMap<object, readonly { readonly word: "global" | "nonlocal"; readonly name: string }[]>();

const boundBy = new WeakMap<object, ReadonlySet<string>>();

/** The names that assignments of a function bind. */
export function boundIn(f: FunctionValue): ReadonlySet<string> {
  const known = boundBy.get(f.body);
  if (known !== undefined) return known;
  const names = new Set("kind" in f.body ? [] : boundNames(f.body));
  boundBy.set(f.body, names);
  return names;
}

/** The scopes that `global` and `nonlocal` names of a function mean. */
export function elsewhereOf(f: FunctionValue): ReadonlyMap<string, Scope> | null {
  if ("kind" in f.body) return null;
  let names = declared.get(f.body);
  if (names === undefined) {
    names = declarations(f.body);
    declared.set(f.body, names);
  }
  if (names.length === 0) return null;
  return new Map(names.map(({ word, name }) => [name, word === "global" ? moduleScope(f.scope) : holderOf(f.scope, name)]));
}

function declarations(body: readonly Statement[]): { word: "global" | "nonlocal"; name: string }[] {
  return body.flatMap((s) => {
    switch (s.kind) {
      case "Scope":
        return s.names.map((name) => ({ word: s.word, name }));
      case "If":
      case "For":
      case "While":
        return declarations([...s.body, ...s.otherwise]);
      case "With":
        return declarations(s.body);
      case "Try":
        return declarations([...s.body, ...s.handlers.flatMap((h) => h.body), ...s.otherwise, ...s.finally]);
      default:
        return [];
    }
  });
}

function moduleScope(scope: Scope): Scope {
  let s = scope;
  while (s.parent !== null) s = s.parent;
  return s;
}

function holderOf(scope: Scope, name: string): Scope {
  for (let s: Scope | null = scope; s !== null; s = s.parent) if (s.kind === "function" && s.names.has(name)) return s;
  return scope;
}
