/** `dataclasses`, and the classes whose instances are tuples or dicts: namedtuple, NamedTuple, TypedDict. */
import { ancestry, classOf } from "./pythonClass.ts";
import { iterate } from "./pythonOperators.ts";
import type { At } from "./torchElement.ts";
import { type Call, type Class, type ClassField, NONE, type Opaque, refuse, str, tuple, type Value } from "./value.ts";

type Handler = (call: Call, at: At) => Value;

/** What `field(…)` says, by the opaque value that it gives. */
const SPECS = new WeakMap<Value, Omit<ClassField, "name">>();

const flag = (kwargs: ReadonlyMap<string, Value>, name: string): boolean | null => {
  const v = kwargs.get(name);
  return v?.type === "bool" ? v.value : null;
};

function dataclass(c: Class, kwargs: ReadonlyMap<string, Value>): Class {
  const own = c.members.get("__annotations__");
  const names = own?.type === "tuple" ? own.items.flatMap((i) => (i.type === "str" ? [i.value] : [])) : [];
  const marked = c.members.get("__initvars__");
  const initOnly = new Set(marked?.type === "tuple" ? marked.items.flatMap((i) => (i.type === "str" ? [i.value] : [])) : []);
  let isKeywordOnly = flag(kwargs, "kw_only") === true;
  const fresh = names.flatMap((name): ClassField[] => {
    const value = c.members.get(name) ?? null;
    // `_: KW_ONLY` marks what follows.
    if (value === null && name === "_") {
      isKeywordOnly = true;
      return [];
    }
    const spec = value === null ? undefined : SPECS.get(value);
    if (spec !== undefined) {
      if (spec.value === null) c.members.delete(name);
      else c.members.set(name, spec.value);
    }
    const isInitOnly = initOnly.has(name);
    return [{ name, ...(isInitOnly ? { isInitOnly } : {}), ...(isKeywordOnly ? { isKeywordOnly } : {}), ...(spec ?? { value }) }];
  });
  const inherited = new Map(
    ancestry(c)
      .slice(1)
      .toReversed()
      .flatMap((b) => (b.fields ?? []).map((f) => [f.name, f] as const)),
  );
  for (const f of fresh) inherited.set(f.name, f);
  c.fields = [...inherited.values()];
  const stored = c.fields.filter((f) => f.isInitOnly !== true);
  c.members.set("__dataclass_fields__", {
    type: "dict",
    entries: new Map(stored.map((f) => [`s${f.name}`, { key: str(f.name), value: described(f) }])),
  });
  if (flag(kwargs, "order") === true) c.isOrdered = true;
  if (flag(kwargs, "frozen") === true) c.isFrozen = true;
  return c;
}

/** What `fields(…)` says of one. */
const described = (f: ClassField): Value => ({
  type: "instance",
  class: FIELD,
  attributes: new Map<string, Value>([
    ["name", str(f.name)],
    ["default", f.value ?? NONE],
  ]),
});

const fieldsOf = (v: Value | undefined): readonly ClassField[] | null =>
  v?.type === "instance" ? v.class.fields : v?.type === "class" ? v.fields : null;

/** `asdict`, `astuple`: dataclasses inside, and those in lists and dicts, too. */
function plain(v: Value, make: (pairs: readonly (readonly [string, Value])[]) => Value): Value {
  if (v.type === "instance" && v.class.fields !== null)
    return make(
      v.class.fields.filter((f) => f.isInitOnly !== true).map((f) => [f.name, plain(v.attributes.get(f.name) ?? NONE, make)] as const),
    );
  if (v.type === "list" || v.type === "tuple") return { ...v, items: v.items.map((i) => plain(i, make)) };
  if (v.type !== "dict") return v;
  return { ...v, entries: new Map([...v.entries].map(([k, e]) => [k, { key: e.key, value: plain(e.value, make) }])) };
}

const needsClass = (call: Call): never =>
  refuse("operand-types", call.span, [call.run.text(call.span), "an instance of a dataclass is asked for"]);

/** The functions of `dataclasses`. */
export const DATACLASSES: Readonly<Record<string, Handler>> = {
  dataclass: (call) => {
    const [c] = call.args;
    if (c?.type === "class") return dataclass(c, call.kwargs);
    return {
      type: "builtin",
      name: "dataclasses.dataclass",
      call: (inner) => (inner.args[0]?.type === "class" ? dataclass(inner.args[0], call.kwargs) : (inner.args[0] ?? NONE)),
    };
  },
  field: (call) => {
    const made: Opaque = { type: "opaque", what: "dataclass field" };
    const factory = call.kwargs.get("default_factory");
    SPECS.set(made, {
      value: call.kwargs.get("default") ?? null,
      ...(factory === undefined ? {} : { factory }),
      ...(flag(call.kwargs, "init") === false ? { isInit: false } : {}),
      ...(flag(call.kwargs, "kw_only") === true ? { isKeywordOnly: true } : {}),
    });
    return made;
  },
  asdict: (call) =>
    plain(call.args[0] ?? NONE, (pairs) => ({
      type: "dict",
      entries: new Map(pairs.map(([name, value]) => [`s${name}`, { key: str(name), value }])),
    })),
  astuple: (call) => plain(call.args[0] ?? NONE, (pairs) => tuple(pairs.map(([, value]) => value))),
  replace: (call) => {
    const [v] = call.args;
    if (v?.type !== "instance" || v.class.fields === null) return needsClass(call);
    const fields = v.class.fields.filter((f) => f.isInit !== false && f.isInitOnly !== true);
    const given = fields.map((f) => [f.name, call.kwargs.get(f.name) ?? v.attributes.get(f.name) ?? NONE] as const);
    return call.run.call(v.class, [], new Map([...given, ...call.kwargs]), call.span);
  },
  fields: (call) => {
    const fields = fieldsOf(call.args[0]) ?? needsClass(call);
    return tuple(fields.filter((f) => f.isInitOnly !== true).map(described));
  },
  is_dataclass: (call) => ({ type: "bool", value: fieldsOf(call.args[0]) !== null }),
};

const FIELD = classOf("Field", { opaque: true });

/** `typing.NamedTuple` and `typing.TypedDict` as base classes; called, the first is a `namedtuple`. */
export const NAMED_TUPLE: Class = classOf("NamedTuple", { record: "tuple" });
export const TYPED_DICT: Class = classOf("TypedDict", { record: "dict" });

/** `namedtuple("P", "x y", defaults=…)`, `NamedTuple("P", [("x", int)])`: a class of tuples. */
export const namedtuple: Handler = (call, at) => {
  const [name, spec = NONE] = call.args;
  const fields =
    spec.type === "str"
      ? spec.value.split(/[\s,]+/).filter((s) => s !== "")
      : [...iterate(at, spec)].flatMap((v) =>
          v.type === "str" ? [v.value] : v.type === "tuple" && v.items[0]?.type === "str" ? [v.items[0].value] : [],
        );
  const defaults = call.kwargs.get("defaults");
  const standard = defaults === undefined || defaults.type === "none" ? [] : [...iterate(at, defaults)];
  const c = classOf(name?.type === "str" ? name.value : "namedtuple", { bases: [NAMED_TUPLE], record: "tuple" });
  c.fields = fields.map((f, i) => ({ name: f, value: standard[i - (fields.length - standard.length)] ?? null }));
  c.members.set("_fields", tuple(fields.map(str)));
  return c;
};
