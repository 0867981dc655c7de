/** Methods of Python's own containers, strings and numbers. */
import { equals, iterate, keyOf, order } from "./pythonOperators.ts";
import { reprOf, textOfValue } from "./pythonText.ts";
import type { At } from "./torchElement.ts";
import {
  bool,
  type Call,
  type Dict,
  int,
  type List,
  list,
  NO_KWARGS,
  NONE,
  numberOf,
  refuse,
  type SetValue,
  type Str,
  str,
  tuple,
  type Value,
} from "./value.ts";

type Method<T> = (self: T, call: Call, at: At) => Value;

const arg = (call: Call, i: number): Value => call.args[i] ?? refuse("argument-count", call.span, [call.name, `needs ${i + 1} arguments`]);

const LIST: Readonly<Record<string, Method<List>>> = {
  append: (self, call) => {
    self.items.push(arg(call, 0));
    return NONE;
  },
  extend: (self, call, at) => {
    self.items.push(...iterate(at, arg(call, 0)));
    return NONE;
  },
  insert: (self, call) => {
    self.items.splice(index(call, 0), 0, arg(call, 1));
    return NONE;
  },
  pop: (self, call, at) => {
    const i = call.args.length === 0 ? self.items.length - 1 : index(call, 0);
    const [item] = self.items.splice(i, 1);
    return item ?? refuse("index-out-of-range", at.span, [at.run.text(at.span), "the list is shorter"]);
  },
  remove: (self, call, at) => {
    const i = self.items.findIndex((x) => equals(at, x, arg(call, 0)));
    if (i >= 0) self.items.splice(i, 1);
    return NONE;
  },
  clear: (self) => {
    self.items.length = 0;
    return NONE;
  },
  reverse: (self) => {
    self.items.reverse();
    return NONE;
  },
  sort: (self, call, at) => {
    self.items.splice(0, self.items.length, ...sorted(at, self.items, call.kwargs));
    return NONE;
  },
  copy: (self) => list([...self.items]),
};

/** Methods of lists and tuples alike. */
const SEQUENCE: Readonly<Record<string, Method<{ readonly items: readonly Value[] }>>> = {
  index: (self, call, at) => {
    const i = self.items.findIndex((x) => equals(at, x, arg(call, 0)));
    return i >= 0 ? int(i) : refuse("operand-types", at.span, [at.run.text(at.span), "the value is not in the list"]);
  },
  count: (self, call, at) => int(self.items.filter((x) => equals(at, x, arg(call, 0))).length),
};

function index(call: Call, i: number): number {
  const v = arg(call, i);
  return v.type === "int" ? numberOf(v) : refuse("operand-types", call.span, [call.run.text(call.span), "the position is an int"]);
}

/** `sorted(items, key=…, reverse=…)`. */
export function sorted(at: At, items: readonly Value[], kwargs: ReadonlyMap<string, Value>): Value[] {
  const key = kwargs.get("key");
  const keyed = items.map((item) => ({
    item,
    key: key === undefined || key.type === "none" ? item : at.run.call(key, [item], NO_KWARGS, at.span),
  }));
  at.run.step(at.span, items.length);
  keyed.sort((a, b) => order(at, "<", a.key, b.key));
  const out = keyed.map((k) => k.item);
  const reverse = kwargs.get("reverse");
  return reverse?.type === "bool" && reverse.value ? out.reverse() : out;
}

const pair = (e: { readonly key: Value; readonly value: Value }): Value => tuple([e.key, e.value]);

const DICT: Readonly<Record<string, Method<Dict>>> = {
  get: (self, call, at) => self.entries.get(keyOf(at, arg(call, 0)))?.value ?? call.args[1] ?? call.kwargs.get("default") ?? NONE,
  items: (self) => list([...self.entries.values()].map(pair)),
  keys: (self) => list([...self.entries.values()].map((e) => e.key)),
  values: (self) => list([...self.entries.values()].map((e) => e.value)),
  copy: (self) => ({ type: "dict", entries: new Map(self.entries) }),
  pop: (self, call, at) => {
    const key = keyOf(at, arg(call, 0));
    const entry = self.entries.get(key);
    self.entries.delete(key);
    return entry?.value ?? call.args[1] ?? refuse("index-out-of-range", at.span, [at.run.text(at.span), "the dict has no such key"]);
  },
  setdefault: (self, call, at) => {
    const key = keyOf(at, arg(call, 0));
    const entry = self.entries.get(key) ?? { key: arg(call, 0), value: call.args[1] ?? NONE };
    self.entries.set(key, entry);
    return entry.value;
  },
  update: (self, call) => {
    const other = call.args[0];
    if (other?.type === "dict") for (const [k, e] of other.entries) self.entries.set(k, { ...e });
    for (const [k, value] of call.kwargs) self.entries.set(`s${k}`, { key: str(k), value });
    return NONE;
  },
};

const SET: Readonly<Record<string, Method<SetValue>>> = {
  add: (self, call, at) => {
    self.entries.set(keyOf(at, arg(call, 0)), arg(call, 0));
    return NONE;
  },
  discard: (self, call, at) => {
    self.entries.delete(keyOf(at, arg(call, 0)));
    return NONE;
  },
  update: (self, call, at) => {
    for (const item of iterate(at, arg(call, 0))) self.entries.set(keyOf(at, item), item);
    return NONE;
  },
  union: (self, call, at) => ({
    type: "set",
    entries: new Map([...self.entries, ...[...iterate(at, arg(call, 0))].map((i) => [keyOf(at, i), i] as const)]),
  }),
  copy: (self) => ({ type: "set", entries: new Map(self.entries) }),
};

const text = (call: Call, i: number): string => {
  const v = arg(call, i);
  return v.type === "str" ? v.value : refuse("operand-types", call.span, [call.run.text(call.span), "a string is asked for"]);
};

const STRING: Readonly<Record<string, Method<Str>>> = {
  join: (self, call, at) => str([...iterate(at, arg(call, 0))].map((v) => textOfValue(at, v)).join(self.value)),
  split: (self, call) => list((call.args.length === 0 ? self.value.trim().split(/\s+/) : self.value.split(text(call, 0))).map(str)),
  strip: (self) => str(self.value.trim()),
  lower: (self) => str(self.value.toLowerCase()),
  upper: (self) => str(self.value.toUpperCase()),
  startswith: (self, call) => bool(prefixes(call).some((p) => self.value.startsWith(p))),
  endswith: (self, call) => bool(prefixes(call).some((p) => self.value.endsWith(p))),
  replace: (self, call) => str(self.value.replaceAll(text(call, 0), text(call, 1))),
  format: (self, call, at) => {
    let next = 0;
    return str(self.value.replace(/\{[^{}]*\}/g, () => reprOf(at, call.args[next++] ?? NONE)));
  },
  isdigit: (self) => bool(/^[0-9]+$/.test(self.value)),
  find: (self, call) => int(self.value.indexOf(text(call, 0))),
};

function prefixes(call: Call): string[] {
  const v = arg(call, 0);
  return v.type === "tuple" ? v.items.flatMap((i) => (i.type === "str" ? [i.value] : [])) : [text(call, 0)];
}

/** A method of `object`, bound to it, or null. */
export function pythonMethod(object: Value, name: string): Value | null {
  const bound = <T extends Value>(self: T, method: Method<T> | undefined): Value | null =>
    method === undefined ? null : { type: "builtin", name, call: (call) => method(self, call, { run: call.run, span: call.span }) };
  const own = (table: object): boolean => Object.hasOwn(table, name);
  switch (object.type) {
    case "list":
      return own(LIST) ? bound(object, LIST[name]) : own(SEQUENCE) ? bound(object, SEQUENCE[name]) : null;
    case "tuple":
      if (name === "numel")
        return { type: "builtin", name, call: () => int(object.items.reduce((n, i) => n * (i.type === "int" ? numberOf(i) : 1), 1)) };
      if (name === "_asdict" || name === "tolist") return null;
      return own(SEQUENCE) ? bound(object, SEQUENCE[name]) : null;
    case "dict":
      return own(DICT) ? bound(object, DICT[name]) : null;
    case "set":
      return own(SET) ? bound(object, SET[name]) : null;
    case "str":
      return own(STRING) ? bound(object, STRING[name]) : null;
    case "int":
      if (name === "bit_length")
        return bound(object, (self) => int(numberOf(self) === 0 ? 0 : BigInt(self.value).toString(2).replace("-", "").length));
      return name === "real" ? object : null;
    case "float":
      if (name === "is_integer") return bound(object, (self) => bool(Number.isInteger(self.value)));
      return name === "real" ? object : null;
    default:
      return null;
  }
}
