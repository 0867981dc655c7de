/** Methods of Python's own containers, strings and numbers. */
import { equals, iterate, keyOf, order, truthOf } from "./pythonOperators.ts";
import { stringMethod } from "./pythonString.ts";
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
  type Scalar,
  type SetValue,
  str,
  type Tuple,
  tuple,
  type Value,
} from "./value.ts";

type Method<T> = (self: T, call: Call, at: At) => Value;

const arg = (call: Call, i: number): Value => call.args[i] ?? refuse("argument-count", call.span, [call.name, `needs ${i + 1} arguments`]);

/** A deque keeps no more than it may. */
function dropFirst(self: List): void {
  if (self.bound !== undefined && self.items.length > self.bound) self.items.splice(0, self.items.length - self.bound);
}
function dropLast(self: List): void {
  if (self.bound !== undefined && self.items.length > self.bound) self.items.length = self.bound;
}

const LIST: Readonly<Record<string, Method<List>>> = {
  append: (self, call) => {
    self.items.push(arg(call, 0));
    dropFirst(self);
    return NONE;
  },
  extend: (self, call, at) => {
    self.items.push(...iterate(at, arg(call, 0)));
    dropFirst(self);
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
    if (i < 0) refuse("operand-types", at.span, [at.run.text(at.span), "the value is not in the list"]);
    self.items.splice(i, 1);
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
  // Of a deque.
  appendleft: (self, call) => {
    self.items.unshift(arg(call, 0));
    dropLast(self);
    return NONE;
  },
  popleft: (self, _, at) => self.items.shift() ?? refuse("index-out-of-range", at.span, [at.run.text(at.span), "it is empty"]),
  extendleft: (self, call, at) => {
    for (const item of iterate(at, arg(call, 0))) self.items.unshift(item);
    dropLast(self);
    return NONE;
  },
  rotate: (self, call) => {
    const n = self.items.length;
    const by = n === 0 ? 0 : (((call.args.length === 0 ? 1 : index(call, 0)) % n) + n) % n;
    self.items.unshift(...self.items.splice(n - by));
    return NONE;
  },
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
  const reverse = kwargs.get("reverse");
  const sign = reverse !== undefined && truthOf(at, reverse) ? -1 : 1;
  keyed.sort((a, b) => sign * order(at, "<", a.key, b.key));
  return keyed.map((k) => k.item);
}

const pair = (e: { readonly key: Value; readonly value: Value }): Value => tuple([e.key, e.value]);

/** What `dict(pairs)` and `d.update(pairs)` take. */
export function pairsOf(at: At, v: Value): { key: Value; value: Value }[] {
  return [...iterate(at, v)].map((p) => {
    const [key, value, more] = [...iterate(at, p)];
    if (key === undefined || value === undefined || more !== undefined)
      return refuse("operand-types", at.span, [at.run.text(at.span), "a dict is made of pairs"]);
    return { key, value };
  });
}

const DICT: Readonly<Record<string, Method<Dict>>> = {
  get: (self, call, at) => self.entries.get(keyOf(at, arg(call, 0)))?.value ?? call.args[1] ?? call.kwargs.get("default") ?? NONE,
  items: (self) => list([...self.entries.values()].map(pair)),
  keys: (self) => list([...self.entries.values()].map((e) => e.key)),
  values: (self) => list([...self.entries.values()].map((e) => e.value)),
  copy: (self) => ({ ...self, entries: new Map([...self.entries].map(([k, e]) => [k, { ...e }])) }),
  clear: (self) => {
    self.entries.clear();
    return NONE;
  },
  popitem: (self, call, at) => {
    const whole = call.kwargs.get("last");
    const entry = whole?.type === "bool" && !whole.value ? [...self.entries][0] : [...self.entries].at(-1);
    if (entry === undefined) return absent(at);
    self.entries.delete(entry[0]);
    return pair(entry[1]);
  },
  move_to_end: (self, call, at) => {
    const key = keyOf(at, arg(call, 0));
    const entry = self.entries.get(key) ?? absent(at);
    self.entries.delete(key);
    self.entries.set(key, entry);
    return NONE;
  },
  // Of a Counter.
  most_common: (self, call, at) => {
    const counts = [...self.entries.values()].sort((a, b) => order(at, "<", b.value, a.value));
    const n = call.args[0];
    return list(counts.slice(0, n?.type === "int" ? numberOf(n) : undefined).map(pair));
  },
  total: (self) => int([...self.entries.values()].reduce((n, e) => n + (e.value.type === "int" ? numberOf(e.value) : 0), 0)),
  elements: (self) =>
    list(
      [...self.entries.values()].flatMap((e) =>
        Array.from({ length: e.value.type === "int" ? Math.min(1e6, numberOf(e.value)) : 0 }, () => e.key),
      ),
    ),
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
  update: (self, call, at) => {
    const other = call.args[0];
    if (other?.type === "dict") for (const [k, e] of other.entries) self.entries.set(k, { ...e });
    else if (other !== undefined) for (const e of pairsOf(at, other)) self.entries.set(keyOf(at, e.key), e);
    for (const [k, value] of call.kwargs) self.entries.set(`s${k}`, { key: str(k), value });
    return NONE;
  },
};

const absent = (at: At): never => refuse("index-out-of-range", at.span, [at.run.text(at.span), "there is no such key"]);

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
  remove: (self, call, at) => {
    if (!self.entries.delete(keyOf(at, arg(call, 0)))) absent(at);
    return NONE;
  },
  pop: (self, _, at) => {
    const first = [...self.entries][0] ?? absent(at);
    self.entries.delete(first[0]);
    return first[1];
  },
  clear: (self) => {
    self.entries.clear();
    return NONE;
  },
  union: (self, call, at) => ({ type: "set", entries: new Map([...self.entries, ...members(call, at).flatMap((m) => [...m])]) }),
  intersection: (self, call, at) => {
    const others = members(call, at);
    return { type: "set", entries: new Map([...self.entries].filter(([k]) => others.every((o) => o.has(k)))) };
  },
  difference: (self, call, at) => {
    const others = members(call, at);
    return { type: "set", entries: new Map([...self.entries].filter(([k]) => !others.some((o) => o.has(k)))) };
  },
  symmetric_difference: (self, call, at) => {
    const [other = new Map<string, Value>()] = members(call, at);
    const kept = [...self.entries].filter(([k]) => !other.has(k));
    return { type: "set", entries: new Map([...kept, ...[...other].filter(([k]) => !self.entries.has(k))]) };
  },
  issubset: (self, call, at) => bool([...self.entries.keys()].every((k) => members(call, at)[0]?.has(k) === true)),
  issuperset: (self, call, at) => bool([...(members(call, at)[0]?.keys() ?? [])].every((k) => self.entries.has(k))),
  isdisjoint: (self, call, at) => bool(![...(members(call, at)[0]?.keys() ?? [])].some((k) => self.entries.has(k))),
  copy: (self) => ({ type: "set", entries: new Map(self.entries) }),
};

const members = (call: Call, at: At): Map<string, Value>[] =>
  call.args.map((other) => new Map([...iterate(at, other)].map((i) => [keyOf(at, i), i] as const)));

const TUPLE: Readonly<Record<string, Method<Tuple>>> = {
  // Of torch.Size.
  numel: (self) => int(self.items.reduce((n, i) => n * (i.type === "int" ? numberOf(i) : 1), 1)),
  // Of a namedtuple.
  _asdict: (self) => ({
    type: "dict",
    entries: new Map((self.fields ?? []).map((f, i) => [`s${f}`, { key: str(f), value: self.items[i] ?? NONE }])),
  }),
  _replace: (self, call) => ({ ...self, items: self.items.map((item, i) => call.kwargs.get(self.fields?.[i] ?? "") ?? item) }),
};

const bits = (v: Scalar): string => BigInt(v.value).toString(2).replace("-", "");
const NUMBER: Readonly<Record<string, Method<Scalar>>> = {
  bit_length: (self) => int(numberOf(self) === 0 ? 0 : bits(self).length),
  bit_count: (self) => int([...bits(self)].filter((b) => b === "1").length),
  is_integer: (self) => bool(Number.isInteger(numberOf(self))),
  conjugate: (self) => self,
  // Of NumPy's numbers, which are Python's here.
  item: (self) => self,
};

/** A method of `object`, bound to it, or null. */
export function pythonMethod(object: Value, name: string): Value | null {
  const bound = <T extends Value>(self: T, method: Method<T> | undefined): Value | null =>
    method === undefined ? null : { type: "builtin", name, call: (call) => method(self, call, { run: call.run, span: call.span }) };
  const own = (table: object): boolean => Object.hasOwn(table, name);
  switch (object.type) {
    case "list":
      return own(LIST) ? bound(object, LIST[name]) : own(SEQUENCE) ? bound(object, SEQUENCE[name]) : null;
    case "tuple":
      return own(TUPLE) ? bound(object, TUPLE[name]) : own(SEQUENCE) ? bound(object, SEQUENCE[name]) : null;
    case "dict":
      return own(DICT) ? bound(object, DICT[name]) : null;
    case "set":
      return own(SET) ? bound(object, SET[name]) : null;
    case "str":
      return stringMethod(object, name);
    case "int":
    case "bool":
    case "float":
      return own(NUMBER) ? bound(object, NUMBER[name]) : name === "real" || name === "numerator" ? object : name === "imag" ? int(0) : null;
    default:
      return null;
  }
}
