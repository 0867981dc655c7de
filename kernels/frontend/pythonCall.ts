/** Binding of a call's arguments to a function's parameters, as Python does it, and what a mod's signature is. */
import type { Span } from "../ir/mod.ts";
import { lookupClass } from "./pythonClass.ts";
import { combinedMods } from "./torchFlex.ts";
import { type FunctionValue, NO_KWARGS, refuse, type Scope, str, tuple, type Value } from "./value.ts";

/** The names of the new frame. @throws Refusal for missing, surplus or unknown arguments */
export function bindParameters(
  f: FunctionValue,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  span: Span,
): Map<string, Value> {
  const names = new Map<string, Value>();
  const bad = (why: string): never => refuse("argument-count", span, [f.name, why]);
  const isNamed = (name: string): boolean =>
    f.params.some((p) => p.name === name && (p.role === "positional" || p.role === "keyword-only"));
  let next = 0;
  let takesAny = false;
  for (const p of f.params) {
    switch (p.role) {
      case "positional-only":
      case "positional": {
        const value = args[next];
        if (value !== undefined) {
          if (p.role === "positional" && kwargs.has(p.name)) bad(`gets \`${p.name}\` twice`);
          names.set(p.name, value);
          next++;
          break;
        }
        bindNamed(f, p.name, p.role === "positional" ? kwargs : NO_KWARGS, names, bad);
        break;
      }
      case "args":
        names.set(p.name, tuple(args.slice(next)));
        next = args.length;
        break;
      case "keyword-only":
        bindNamed(f, p.name, kwargs, names, bad);
        break;
      case "kwargs": {
        const rest = [...kwargs].filter(([k]) => !isNamed(k));
        names.set(p.name, { type: "dict", entries: new Map(rest.map(([k, value]) => [`s${k}`, { key: str(k), value }])) });
        takesAny = true;
        break;
      }
    }
  }
  if (next < args.length) bad(`takes ${next} positional arguments and gets ${args.length}`);
  if (!takesAny) for (const name of kwargs.keys()) if (!isNamed(name)) bad(`has no parameter \`${name}\``);
  return names;
}

function bindNamed(
  f: FunctionValue,
  name: string,
  given: ReadonlyMap<string, Value>,
  names: Map<string, Value>,
  bad: (why: string) => never,
): void {
  const value = given.get(name) ?? f.defaults.get(name);
  names.set(name, value ?? bad(`needs \`${name}\``));
}

/** The `def` or lambda behind a mod (through partial, a bound method, `__call__`), or null. */
export function functionOf(value: Value): FunctionValue | null {
  switch (value.type) {
    case "function":
      return value;
    case "partial":
    case "method":
      return functionOf(value.callee);
    case "instance": {
      const call = lookupClass(value.class, "__call__");
      return call === null ? null : functionOf(call);
    }
    default:
      return null;
  }
}

/**
 * Positional parameters without default that a call must still fill; null for no function. A bound method's `self`
 * is not counted here, though create_block_mask counts it (`bound-method` is the diagnostic for that).
 */
export function positionalCount(value: Value): number | null {
  switch (value.type) {
    case "function":
      return value.params.filter((p) => (p.role === "positional" || p.role === "positional-only") && p.default === null).length;
    case "partial": {
      const f = functionOf(value.callee);
      const count = positionalCount(value.callee);
      if (f === null || count === null) return null;
      const byName = f.params.filter((p) => p.role === "positional" && p.default === null && value.kwargs.has(p.name)).length;
      return Math.max(0, count - value.args.length - byName);
    }
    case "method": {
      const count = positionalCount(value.callee);
      return count === null ? null : count - 1;
    }
    case "instance": {
      const call = lookupClass(value.class, "__call__");
      const count = call === null ? null : positionalCount(call);
      return count === null ? null : count - 1;
    }
    case "builtin":
      return combinedMods(value) !== null || value.name === "noop_mask" ? 4 : null;
    default:
      return null;
  }
}

/** The scope in which a name is bound by an assignment in `scope`: comprehensions bind in the function around them for `:=`. */
export function bindingScope(scope: Scope, name: string): Scope {
  let s = scope;
  while (s.kind === "comprehension" && s.parent !== null) s = s.parent;
  return s.elsewhere?.get(name) ?? s;
}

/**
 * Whether `name` is the function's own, by an assignment that was not reached: Python raises UnboundLocalError, whatever
 * the scopes around have under that name.
 */
export function isUnbound(scope: Scope, name: string, overlay: ReadonlyMap<string, Value> | null): boolean {
  let s: Scope = scope;
  while (s.kind === "comprehension" && s.parent !== null) {
    if (s.names.has(name)) return false;
    s = s.parent;
  }
  if (s.bound === undefined || s.names.has(name) || !s.bound.has(name)) return false;
  return s.elsewhere?.has(name) !== true && overlay?.has(name) !== true;
}

/** The value of `name` as seen from `scope`, or null. `overlay` comes after the function's own names. */
export function lookupName(scope: Scope, name: string, overlay: ReadonlyMap<string, Value> | null): Value | null {
  let s: Scope | null = scope;
  let own = true;
  while (s !== null) {
    const outside = s.kind === "module";
    if (own && outside && overlay !== null) {
      const value = overlay.get(name);
      if (value !== undefined) return value;
    }
    if (s.kind !== "class" || own) {
      const holder: Scope = s.elsewhere?.get(name) ?? s;
      const value = holder.names.get(name);
      if (value !== undefined) return value;
    }
    if (own && !outside && s.kind !== "comprehension") {
      own = false;
      const value = overlay?.get(name);
      if (value !== undefined) return value;
    }
    s = s.parent;
  }
  return overlay === null ? null : (SIZES.get(overlay)?.get(name) ?? null);
}

const SIZES = new WeakMap<ReadonlyMap<string, Value>, ReadonlyMap<string, Value>>();

/** `overlay`, with the problem's sizes for names that nothing else defines: a factory's own `H` goes before them. */
export function withSizes(overlay: ReadonlyMap<string, Value>, sizes: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  SIZES.set(overlay, sizes);
  return overlay;
}
