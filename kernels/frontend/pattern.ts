/** `match`: whether a value fits a pattern, and the names that it binds. https://peps.python.org/pep-0634 */
import { bindName, evaluate } from "./expression.ts";
import { find } from "./pythonAttribute.ts";
import { lookupClass } from "./pythonClass.ts";
import { compareOperation, identical, isInstance, keyOf, truthOf } from "./pythonOperators.ts";
import type { Pattern } from "./syntax.ts";
import { type Class, type Dict, list, NONE, type Run, refuse, type Scope, type Value } from "./value.ts";

/** Whether `subject` fits; names are bound as they are met, as in Python. @throws Refusal */
export function matches(run: Run, p: Pattern, subject: Value, scope: Scope): boolean {
  const at = { run, span: p.span };
  switch (p.kind) {
    case "ValuePattern": {
      const value = evaluate(run, p.value, scope);
      if (value.type === "none" || value.type === "bool") return identical(subject, value);
      return truthOf(at, compareOperation(at, "==", subject, value));
    }
    case "CapturePattern":
      if (p.name !== null) bindName(run, scope, p.name, subject, p.span);
      return true;
    case "OrPattern":
      return p.alternatives.some((a) => matches(run, a, subject, scope));
    case "AsPattern":
      if (!matches(run, p.pattern, subject, scope)) return false;
      bindName(run, scope, p.name, subject, p.span);
      return true;
    case "SequencePattern": {
      if (subject.type !== "tuple" && subject.type !== "list") return false;
      const star = p.elements.findIndex((e) => e.kind === "StarPattern");
      const { items } = subject;
      if (star < 0 ? items.length !== p.elements.length : items.length < p.elements.length - 1) return false;
      const after = star < 0 ? 0 : p.elements.length - 1 - star;
      return p.elements.every((e, i) => {
        if (e.kind === "StarPattern") {
          if (e.name !== null) scope.names.set(e.name, list(items.slice(star, items.length - after)));
          return true;
        }
        return matches(run, e, items[star >= 0 && i > star ? items.length - p.elements.length + i : i] ?? NONE, scope);
      });
    }
    case "MappingPattern": {
      if (subject.type !== "dict") return false;
      const rest: Dict = { type: "dict", entries: new Map(subject.entries) };
      for (const { key, pattern } of p.entries) {
        const hash = key === null ? "" : keyOf(at, evaluate(run, key, scope));
        const entry = subject.entries.get(hash);
        if (entry === undefined || !matches(run, pattern, entry.value, scope)) return false;
        rest.entries.delete(hash);
      }
      if (p.rest !== null) bindName(run, scope, p.rest, rest, p.span);
      return true;
    }
    case "ClassPattern":
      return matchesClass(run, p, subject, scope);
    case "StarPattern":
      return false;
    case "UnsupportedPattern":
      return refuse("unsupported-construct", p.span, ["This pattern"]);
  }
}

function matchesClass(run: Run, p: Extract<Pattern, { kind: "ClassPattern" }>, subject: Value, scope: Scope): boolean {
  const at = { run, span: p.span };
  const cls = evaluate(run, p.cls, scope);
  if (!isInstance(subject, cls)) return false;
  const names = cls.type === "class" ? positionalFields(cls) : null;
  let next = 0;
  for (const { key, pattern } of p.args) {
    const name = key !== null ? (key.kind === "Name" ? key.id : "") : names?.[next];
    if (key === null) next++;
    // Of `int(x)`, `str(x)`, … the one part by position is the value itself.
    const part = name !== undefined ? find(at, subject, name) : cls.type === "builtin" && next === 1 ? subject : null;
    if (part === null || !matches(run, pattern, part, scope)) return false;
  }
  return true;
}

/** `__match_args__`: of a dataclass or NamedTuple its fields. */
function positionalFields(cls: Class): readonly string[] {
  const own = lookupClass(cls, "__match_args__");
  if (own?.type === "tuple") return own.items.flatMap((i) => (i.type === "str" ? [i.value] : []));
  return cls.fields?.map((f) => f.name) ?? [];
}
