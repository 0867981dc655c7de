/** The parts of Python's library (and of numpy) that mods and their factories use. */

import { binaryOperation, unaryOperation } from "./pythonArithmetic.ts";
import { FILE_MODULES } from "./pythonFiles.ts";
import { mathTable } from "./pythonMath.ts";
import { compareOperation, iterate, keyOf } from "./pythonOperators.ts";
import type { BinOperator, CompareOperator } from "./syntax.ts";
import type { At } from "./torchElement.ts";
import {
  type Builtin,
  type Call,
  type Class,
  int,
  isScalar,
  list,
  NO_KWARGS,
  NONE,
  numberOf,
  refuse,
  str,
  tuple,
  unknown,
  type Value,
} from "./value.ts";

type Handler = (call: Call, at: At) => Value;

const builtin = (name: string, handler: Handler): Builtin => ({
  type: "builtin",
  name,
  call: (call) => handler(call, { run: call.run, span: call.span }),
});

const arg = (call: Call, i: number): Value => call.args[i] ?? refuse("argument-count", call.span, [call.name, `needs ${i + 1} arguments`]);

/** A module from a table; names that it lacks are unknown where `open`, else faults. */
function module(
  name: string,
  handlers: Readonly<Record<string, Handler>>,
  values: Readonly<Record<string, Value>> = {},
  open = true,
): Value {
  const made = new Map<string, Value>();
  return {
    type: "module",
    name,
    get: (key) => {
      const known = made.get(key);
      if (known !== undefined) return known;
      const handler = Object.hasOwn(handlers, key) ? handlers[key] : undefined;
      const value = handler !== undefined ? builtin(`${name}.${key}`, handler) : Object.hasOwn(values, key) ? values[key] : undefined;
      if (value === undefined) return open ? unknown(`\`${name}.${key}\` is not followed`) : null;
      made.set(key, value);
      return value;
    },
  };
}

// ----------------------------------------------------------------------------------------------------- functools

/** A decorator with or without arguments that leaves the function as it is. */
const transparent: Handler = (call) => {
  const [f] = call.args;
  if (f !== undefined && ["function", "builtin", "method", "partial", "class"].includes(f.type)) return f;
  return builtin(call.name, (inner) => inner.args[0] ?? NONE);
};

const FUNCTOOLS: Readonly<Record<string, Handler>> = {
  partial: (call) => ({ type: "partial", callee: arg(call, 0), args: call.args.slice(1), kwargs: call.kwargs }),
  reduce: (call, at) => {
    const source = iterate(at, arg(call, 1));
    let acc: Value | undefined = call.args[2];
    for (const item of source) acc = acc === undefined ? item : call.run.call(arg(call, 0), [acc, item], NO_KWARGS, call.span);
    return acc ?? refuse("operand-types", call.span, [call.run.text(call.span), "reduce of nothing"]);
  },
  lru_cache: transparent,
  cache: transparent,
  cached_property: (call) => {
    const f = arg(call, 0);
    if (f.type === "function") f.attributes.set("__property__", { type: "bool", value: true });
    return f;
  },
  wraps: () => builtin("functools.wraps", (inner) => inner.args[0] ?? NONE),
};

// ----------------------------------------------------------------------------------------------------- itertools

function lazy(what: string, source: IterableIterator<Value>): Value {
  return { type: "iterator", what, source };
}
function product(pools: readonly (readonly Value[])[]): Value[][] {
  return pools.reduce<Value[][]>((rows, pool) => rows.flatMap((row) => pool.map((v) => [...row, v])), [[]]);
}
function combinations(items: readonly Value[], n: number, from = 0): Value[][] {
  if (n === 0) return [[]];
  return items.slice(from).flatMap((v, i) => combinations(items, n - 1, from + i + 1).map((rest) => [v, ...rest]));
}
const whole = (call: Call, v: Value | undefined, otherwise: number): number =>
  v !== undefined && isScalar(v)
    ? numberOf(v)
    : v === undefined || v.type === "none"
      ? otherwise
      : refuse("operand-types", call.span, [call.run.text(call.span), "an int is asked for"]);

const ITERTOOLS: Readonly<Record<string, Handler>> = {
  chain: (call, at) =>
    lazy(
      "chain",
      (function* () {
        for (const part of call.args) yield* iterate(at, part);
      })(),
    ),
  product: (call, at) => {
    const pools = call.args.map((p) => [...iterate(at, p)]);
    const repeat = whole(call, call.kwargs.get("repeat"), 1);
    const all = Array.from({ length: repeat }, () => pools).flat();
    const size = all.reduce((n, p) => n * p.length, 1);
    if (size > 1e6) refuse("too-large", call.span, ["The product"]);
    at.run.step(at.span, size);
    return list(product(all).map(tuple));
  },
  combinations: (call, at) => {
    const items = [...iterate(at, arg(call, 0))];
    const n = whole(call, call.args[1], 2);
    if (items.length ** n > 1e6) refuse("too-large", call.span, ["The list of combinations"]);
    at.run.step(at.span, items.length ** n);
    return list(combinations(items, n).map(tuple));
  },
  accumulate: (call, at) => {
    const out: Value[] = [];
    for (const item of iterate(at, arg(call, 0))) {
      const last = out[out.length - 1];
      const f = call.args[1];
      out.push(
        last === undefined
          ? item
          : f === undefined
            ? binaryOperation(at, "+", last, item)
            : call.run.call(f, [last, item], NO_KWARGS, call.span),
      );
    }
    return list(out);
  },
  repeat: (call, at) =>
    lazy(
      "repeat",
      (function* () {
        for (let n = whole(call, call.args[1], Number.POSITIVE_INFINITY); n > 0; n--) {
          at.run.step(at.span);
          yield arg(call, 0);
        }
      })(),
    ),
  count: (call, at) =>
    lazy(
      "count",
      (function* () {
        for (let i = whole(call, call.args[0], 0); ; i += whole(call, call.args[1], 1)) {
          at.run.step(at.span);
          yield int(i);
        }
      })(),
    ),
  islice: (call, at) =>
    lazy(
      "islice",
      (function* () {
        const [start, stop] =
          call.args.length > 2
            ? [whole(call, call.args[1], 0), whole(call, call.args[2], Number.POSITIVE_INFINITY)]
            : [0, whole(call, call.args[1], 0)];
        let i = 0;
        if (stop <= 0) return;
        for (const item of iterate(at, arg(call, 0))) {
          if (i >= start) yield item;
          if (++i >= stop) return;
        }
      })(),
    ),
  pairwise: (call, at) => {
    const items = [...iterate(at, arg(call, 0))];
    return list(items.slice(1).map((v, i) => tuple([items[i] ?? NONE, v])));
  },
};

// ------------------------------------------------------------------------------------------------------ operator

const binaryHandler =
  (op: BinOperator): Handler =>
  (call, at) =>
    binaryOperation(at, op, arg(call, 0), arg(call, 1));
const compareHandler =
  (op: CompareOperator): Handler =>
  (call, at) =>
    compareOperation(at, op, arg(call, 0), arg(call, 1));

const OPERATOR: Readonly<Record<string, Handler>> = {
  add: binaryHandler("+"),
  sub: binaryHandler("-"),
  mul: binaryHandler("*"),
  truediv: binaryHandler("/"),
  floordiv: binaryHandler("//"),
  mod: binaryHandler("%"),
  pow: binaryHandler("**"),
  and_: binaryHandler("&"),
  or_: binaryHandler("|"),
  xor: binaryHandler("^"),
  lshift: binaryHandler("<<"),
  rshift: binaryHandler(">>"),
  eq: compareHandler("=="),
  ne: compareHandler("!="),
  lt: compareHandler("<"),
  le: compareHandler("<="),
  gt: compareHandler(">"),
  ge: compareHandler(">="),
  neg: (call, at) => unaryOperation(at, "-", arg(call, 0)),
  invert: (call, at) => unaryOperation(at, "~", arg(call, 0)),
};

// --------------------------------------------------------------------------------- dataclasses, collections, types

function dataclass(c: Class): Class {
  const own = c.members.get("__annotations__");
  const names = own?.type === "tuple" ? own.items.flatMap((i) => (i.type === "str" ? [i.value] : [])) : [];
  const inherited = c.bases.flatMap((b) => b.fields ?? []);
  const fresh = names.map((name) => ({ name, value: defaultOf(c.members.get(name) ?? null) }));
  c.fields = [...inherited.filter((f) => !names.includes(f.name)), ...fresh];
  return c;
}
const defaultOf = (v: Value | null): Value | null => (v?.type === "opaque" && v.what === "field without default" ? null : v);

const DATACLASSES: Readonly<Record<string, Handler>> = {
  dataclass: (call) => {
    const [c] = call.args;
    return c?.type === "class"
      ? dataclass(c)
      : builtin("dataclasses.dataclass", (inner) => (inner.args[0]?.type === "class" ? dataclass(inner.args[0]) : NONE));
  },
  field: (call) => {
    const factory = call.kwargs.get("default_factory");
    const value = call.kwargs.get("default");
    if (value !== undefined) return value;
    return factory === undefined
      ? { type: "opaque", what: "field without default" }
      : { type: "partial", callee: factory, args: [], kwargs: new Map([["__default_factory__", NONE]]) };
  },
  asdict: (call) => {
    const v = arg(call, 0);
    const entries = v.type === "instance" ? [...v.attributes] : [];
    return { type: "dict", entries: new Map(entries.map(([k, value]) => [`s${k}`, { key: str(k), value }])) };
  },
  replace: (call) => {
    const v = arg(call, 0);
    return v.type === "instance" ? { ...v, attributes: new Map([...v.attributes, ...call.kwargs]) } : v;
  },
};

const COLLECTIONS: Readonly<Record<string, Handler>> = {
  namedtuple: (call, at) => {
    const spec = arg(call, 1);
    const fields =
      spec.type === "str"
        ? spec.value.split(/[\s,]+/).filter((s) => s !== "")
        : [...iterate(at, spec)].flatMap((v) => (v.type === "str" ? [v.value] : []));
    return builtin("namedtuple", (inner) => ({
      type: "tuple",
      items: fields.map((f, i) => inner.args[i] ?? inner.kwargs.get(f) ?? NONE),
      fields,
    }));
  },
  defaultdict: (call) => {
    const missing = call.args[0];
    return { type: "dict", entries: new Map(), ...(missing === undefined ? {} : { missing }) };
  },
  OrderedDict: (call, at) => {
    const pairs = call.args[0] === undefined ? [] : [...iterate(at, call.args[0])];
    return {
      type: "dict",
      entries: new Map(
        pairs.map((p) => {
          const [key = NONE, value = NONE] = [...iterate(at, p)];
          return [keyOf(at, key), { key, value }] as const;
        }),
      ),
    };
  },
};

const openClass = (name: string): Class => ({
  type: "class",
  name,
  bases: [],
  members: new Map(),
  nameSpan: null,
  fields: null,
  opaque: true,
});
const TYPING = [
  "Callable",
  "Optional",
  "Union",
  "Any",
  "List",
  "Dict",
  "Tuple",
  "Sequence",
  "Iterable",
  "Literal",
  "Protocol",
  "Generic",
  "ClassVar",
  "Final",
  "Annotated",
  "Type",
  "Mapping",
  "NoReturn",
  "Iterator",
  "Generator",
];
const TYPING_VALUES: Readonly<Record<string, Value>> = {
  ...Object.fromEntries(TYPING.map((name) => [name, openClass(name)])),
  TYPE_CHECKING: { type: "bool", value: false },
};
const TYPING_HANDLERS: Readonly<Record<string, Handler>> = {
  TypeVar: () => ({ type: "opaque", what: "type variable" }),
  NamedTuple: (call, at) => (COLLECTIONS["namedtuple"] ?? (() => NONE))(call, at),
  cast: (call) => arg(call, 1),
  overload: transparent,
  final: transparent,
};

const MODULES: Readonly<Record<string, () => Value>> = {
  math: () => module("math", mathTable.handlers, mathTable.values, false),
  functools: () => module("functools", FUNCTOOLS),
  itertools: () => module("itertools", ITERTOOLS),
  operator: () => module("operator", OPERATOR),
  dataclasses: () => module("dataclasses", DATACLASSES),
  collections: () => module("collections", COLLECTIONS, { abc: module("collections.abc", {}, TYPING_VALUES) }),
  "collections.abc": () => module("collections.abc", {}, TYPING_VALUES),
  typing: () => module("typing", TYPING_HANDLERS, TYPING_VALUES),
  typing_extensions: () => module("typing_extensions", TYPING_HANDLERS, TYPING_VALUES),
  types: () =>
    module("types", {
      SimpleNamespace: (call) => ({ type: "instance", class: openClass("SimpleNamespace"), attributes: new Map(call.kwargs) }),
    }),
  abc: () => module("abc", { abstractmethod: transparent }, { ABC: openClass("ABC"), ABCMeta: openClass("ABCMeta") }),
  __future__: () => module("__future__", {}, {}),
};

const cache = new Map<string, Value>();

/** A module of Python's library that is followed, or null. */
export function moduleOf(name: string): Value | null {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const make = Object.hasOwn(MODULES, name) ? MODULES[name] : undefined;
  if (make === undefined) return (Object.hasOwn(FILE_MODULES, name) ? FILE_MODULES[name] : undefined) ?? null;
  const value = make();
  cache.set(name, value);
  return value;
}
