/**
 * What a function's text says of each call of it: the names that its own assignments bind, those that `global` and
 * `nonlocal` look for elsewhere, and whether it yields.
 */
import { boundNames } from "./statement.ts";
import type { Statement } from "./syntax.ts";
import type { FunctionValue, Scope } from "./value.ts";
import { walkSyntax } from "./walkSyntax.ts";

interface FunctionText {
  readonly bound: ReadonlySet<string>;
  readonly declared: readonly Declared[];
  /** A call of the function gives an iterator. */
  readonly isGenerator: boolean;
}

interface Declared {
  readonly word: "global" | "nonlocal";
  readonly name: string;
}

const known = new WeakMap<readonly Statement[], FunctionText>();

/** What a lambda's text says: nothing. */
const LAMBDA: FunctionText = { bound: new Set(), declared: [], isGenerator: false };

/** What is known of `body`, found once. */
export function functionText(body: FunctionValue["body"]): FunctionText {
  if ("kind" in body) return LAMBDA;
  let text = known.get(body);
  if (text === undefined) {
    text = { bound: new Set(boundNames(body)), declared: declaredIn(body), isGenerator: yields(body) };
    known.set(body, text);
  }
  return text;
}

function yields(body: readonly Statement[]): boolean {
  let found = false;
  walkSyntax(body, (node) => {
    if (node.kind === "Yield") found = true;
    return !found && node.kind !== "FunctionDef" && node.kind !== "Lambda" && node.kind !== "ClassDef";
  });
  return found;
}

/** The scopes that `declared` names mean in a function that stands in `scope`; null where there are none. */
export function elsewhereOf(declared: readonly Declared[], scope: Scope): ReadonlyMap<string, Scope> | null {
  if (declared.length === 0) return null;
  return new Map(declared.map(({ word, name }) => [name, word === "global" ? moduleScope(scope) : holderOf(scope, name)]));
}

function declaredIn(body: readonly Statement[], found: Declared[] = []): Declared[] {
  for (const s of body) {
    switch (s.kind) {
      case "Scope":
        for (const name of s.names) found.push({ word: s.word, name });
        break;
      case "If":
      case "For":
      case "While":
        declaredIn(s.body, found);
        declaredIn(s.otherwise, found);
        break;
      case "With":
        declaredIn(s.body, found);
        break;
      case "Try":
        declaredIn(s.body, found);
        for (const h of s.handlers) declaredIn(h.body, found);
        declaredIn(s.otherwise, found);
        declaredIn(s.finally, found);
        break;
      default:
        break;
    }
  }
  return found;
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
