/** `Class(…)`: a new instance, a member of an enumeration, a named tuple, a dataclass with its fields filled. */
import type { Span } from "../ir/mod.ts";
import { isOpaque, lookupClass } from "./pythonClass.ts";
import { enumMember } from "./pythonEnum.ts";
import { nameTensor } from "./tensor.ts";
import { type Class, type ClassField, type Instance, NO_KWARGS, type Run, refuse, str, tuple, type Value } from "./value.ts";

/** @throws Refusal where the arguments do not fit */
export function instantiate(run: Run, c: Class, args: readonly Value[], kwargs: ReadonlyMap<string, Value>, span: Span): Value {
  if (c.enumMembers !== undefined) {
    const [value] = args;
    return value === undefined ? refuse("argument-count", span, [c.name, "needs a value"]) : enumMember({ run, span }, c, value);
  }
  if (c.record !== undefined && c.fields !== null) return record(run, c, c.record, c.fields, args, kwargs, span);
  const maker = lookupClass(c, "__new__");
  const made: Value = maker === null ? newInstance(c) : run.call(maker, [c, ...args], kwargs, span);
  if (made.type !== "instance") return made;
  const init = lookupClass(c, "__init__");
  if (init !== null) {
    if (c.isException === true) made.attributes.set("args", tuple(args));
    run.call(init, [made, ...args], kwargs, span);
  } else if (c.fields !== null) {
    fillFields(run, c, c.fields, made, args, kwargs, span);
  } else {
    if ((args.length > 0 || kwargs.size > 0) && maker === null && c.isException !== true && c.nameSpan !== null && !isOpaque(c))
      refuse("argument-count", span, [c.name, "takes no arguments"]);
    made.attributes.set("args", tuple(args));
    if (isOpaque(c)) for (const [name, value] of kwargs) made.attributes.set(name, value);
  }
  return made;
}

/** `object.__new__(c)`. */
export const newInstance = (c: Class): Instance => ({ type: "instance", class: c, attributes: new Map() });

function fillFields(
  run: Run,
  c: Class,
  fields: readonly ClassField[],
  self: Instance,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  span: Span,
): void {
  const initOnly: Value[] = [];
  for (const [field, value] of bound(run, c, fields, args, kwargs, span)) {
    if (field.isInitOnly === true) {
      initOnly.push(value);
      continue;
    }
    if (value.type === "tensor") nameTensor(run, value, field.name);
    self.attributes.set(field.name, value);
  }
  const after = lookupClass(c, "__post_init__");
  if (after !== null) run.call(after, [self, ...initOnly], NO_KWARGS, span);
}

/** The fields with the values that a call gives them, or their defaults. @throws Refusal */
function bound(
  run: Run,
  c: Class,
  fields: readonly ClassField[],
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  span: Span,
): (readonly [ClassField, Value])[] {
  const positional = fields.filter((f) => f.isInit !== false && f.isKeywordOnly !== true);
  if (args.length > positional.length) {
    refuse("argument-count", span, [c.name, `takes ${positional.length} arguments and gets ${args.length}`]);
  }
  for (const name of kwargs.keys()) {
    if (!fields.some((f) => f.name === name && f.isInit !== false))
      refuse("argument-count", span, [c.name, `has no parameter \`${name}\``]);
  }
  return fields.flatMap((field) => {
    const place = positional.indexOf(field);
    const given = field.isInit === false ? undefined : ((place < 0 ? undefined : args[place]) ?? kwargs.get(field.name));
    const standard = field.factory === undefined ? field.value : run.call(field.factory, [], NO_KWARGS, span);
    const value = given ?? standard;
    if (value === null && field.isInit === false) return [];
    return [[field, value ?? refuse("argument-count", span, [c.name, `needs \`${field.name}\``])] as const];
  });
}

function record(
  run: Run,
  c: Class,
  kind: "tuple" | "dict",
  fields: readonly ClassField[],
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  span: Span,
): Value {
  if (kind === "dict") {
    const [from] = args;
    const entries = new Map(from?.type === "dict" ? from.entries : []);
    for (const [name, value] of kwargs) entries.set(`s${name}`, { key: str(name), value });
    return { type: "dict", entries };
  }
  const pairs = bound(run, c, fields, args, kwargs, span);
  return { type: "tuple", items: pairs.map(([, value]) => value), fields: fields.map((f) => f.name), class: c };
}
