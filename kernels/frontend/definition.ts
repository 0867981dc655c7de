/** `def` and `class`: the values that they make, their decorators, and the kinds of classes that Python's library adds. */
import { bindName, evaluate, makeFunction } from "./expression.ts";
import { lookupAfter, lookupClass } from "./pythonClass.ts";
import { enumClass, isEnum } from "./pythonEnum.ts";
import type { ClassDef, Expression, FunctionDef } from "./syntax.ts";
import { type Class, NO_KWARGS, type Run, type Scope, str, TRUE, tuple, unknown, type Value } from "./value.ts";

/** What a failing part of a definition does: gives a value to go on with, or throws on. */
export type Recover = (e: unknown, what: string) => Value;

/** Runs `def`: makes the function, applies its decorators, binds its name. */
export function define(run: Run, s: FunctionDef, scope: Scope, recover: Recover): void {
  const f = makeFunction(run, s.name, s.params, s.body, scope, s.span, s.nameSpan);
  if (scope.kind === "class") f.attributes.set("__owned__", TRUE);
  if (s.docstring !== null) f.attributes.set("__doc__", str(s.docstring));
  let value: Value = f;
  for (const decorator of s.decorators.toReversed()) {
    const depth = run.depth;
    try {
      const applied = run.call(evaluate(run, decorator, scope), [value], NO_KWARGS, decorator.span);
      // What a decorator that cannot be followed gives is unknown: the function itself stands for it.
      if (applied.type !== "unknown" && applied.type !== "opaque" && applied.type !== "none") value = applied;
    } catch (e) {
      run.depth = depth;
      recover(e, "the decorator");
    }
  }
  bindName(run, scope, s.name, value, s.nameSpan);
}

/** Runs `class`: `body` executes its statements in the scope that it is given. */
export function defineClass(run: Run, s: ClassDef, scope: Scope, body: (scope: Scope) => void, recover: Recover): void {
  const guarded = (e: Expression): Value => {
    const depth = run.depth;
    try {
      return evaluate(run, e, scope);
    } catch (error) {
      run.depth = depth;
      return recover(error, "the base class");
    }
  };
  const bases = s.bases.map(guarded);
  const known = bases.filter((b) => b.type === "class");
  // What a base that is a function of Python's own (int, str, tuple, …) gives is left to its instances.
  const scalar = bases.some((b) => b.type === "builtin" && (b.name === "int" || b.name === "str" || b.name === "float"));
  const followed = bases.every((b) => b.type === "class" || (b.type === "builtin" && scalar));
  const inner: Scope = { names: new Map(), parent: scope, elsewhere: null, kind: "class", module: scope.module };
  body(inner);
  const metaclass = s.keywords.find((k) => k.name === "metaclass");
  const kind = metaclass === undefined ? null : guarded(metaclass.value);
  const created: Class = {
    type: "class",
    name: s.name,
    bases: known,
    members: inner.names,
    nameSpan: s.nameSpan,
    fields: null,
    opaque: !followed || (kind !== null && !(kind.type === "class" && kind.name === "ABCMeta")),
    ...(known.some((b) => b.isException === true) ? { isException: true } : {}),
    ...(known.some((b) => b.record !== undefined) ? { record: known.find((b) => b.record !== undefined)?.record ?? "dict" } : {}),
  };
  if (s.docstring !== null) inner.names.set("__doc__", str(s.docstring));
  for (const member of inner.names.values()) if (member.type === "function") member.attributes.set("__class__", created);
  if (isEnum(created)) enumClass(run, created, scalar || known.some((b) => b.isScalar === true), s.nameSpan);
  else if (created.record !== undefined) recordFields(created);
  const hook = lookupAfter(created, created, "__init_subclass__");
  if (hook !== null) {
    const given = s.keywords.filter((k) => k.name !== null && k.name !== "metaclass");
    run.call(hook, [created], new Map(given.map((k) => [k.name ?? "", guarded(k.value)])), s.span);
  }
  let value: Value = created;
  for (const decorator of s.decorators.toReversed()) {
    const applied = run.call(evaluate(run, decorator, scope), [value], NO_KWARGS, decorator.span);
    if (applied.type === "class") value = applied;
  }
  // Nobody knows what calling such a class gives.
  if (kind?.type === "class" && lookupClass(kind, "__call__") !== null) value = unknown("its metaclass decides what a call of it gives");
  bindName(run, scope, s.name, value, s.nameSpan);
}

/** The annotated names of a NamedTuple's or TypedDict's body, with their defaults. */
function recordFields(c: Class): void {
  const own = c.members.get("__annotations__");
  const names = own?.type === "tuple" ? own.items.flatMap((i) => (i.type === "str" ? [i.value] : [])) : [];
  const inherited = c.bases.flatMap((b) => b.fields ?? []);
  c.fields = [...inherited, ...names.map((name) => ({ name, value: c.members.get(name) ?? null }))];
  for (const name of names) c.members.delete(name);
  c.members.set("_fields", tuple(c.fields.map((f) => str(f.name))));
}
