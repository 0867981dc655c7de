/** The parts of Python's library (and of numpy) that mods and their factories use. */

import { newInstance } from "./instantiate.ts";
import { textLayout } from "./layout.ts";
import { binaryOperation, unaryOperation } from "./pythonArithmetic.ts";
import { find, getAttribute } from "./pythonAttribute.ts";
import { pythonBuiltin } from "./pythonBuiltins.ts";
import { DATACLASSES, NAMED_TUPLE, namedtuple, TYPED_DICT } from "./pythonDataclass.ts";
import { singledispatch } from "./pythonDispatch.ts";
import { ENUM_VALUES } from "./pythonEnum.ts";
import { FILE_MODULES } from "./pythonFiles.ts";
import { CHAIN, ITERTOOLS } from "./pythonItertools.ts";
import { mathTable } from "./pythonMath.ts";
import { sorted } from "./pythonMethods.ts";
import { compareOperation, isInstance, iterate, keyOf, order, truthOf } from "./pythonOperators.ts";
import { getSubscript, setSubscript } from "./pythonSubscript.ts";
import type { BinOperator, CompareOperator } from "./syntax.ts";
import { type At, clone } from "./torchElement.ts";
import {
  type Builtin,
  type Call,
  type Class,
  type Dict,
  FALSE,
  int,
  type List,
  list,
  NO_KWARGS,
  NONE,
  numberOf,
  refuse,
  str,
  TRUE,
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
    ...(open ? {} : { names: () => [...Object.keys(handlers), ...Object.keys(values)] }),
  };
}

// ----------------------------------------------------------------------------------------------------- functools

/** A decorator with or without arguments that leaves the function as it is. */
const transparent: Handler = (call) => {
  const [f] = call.args;
  if (f !== undefined && ["function", "builtin", "method", "partial", "class"].includes(f.type)) return f;
  return builtin(call.name, (inner) => inner.args[0] ?? NONE);
};

/** `functools.cache`, with or without arguments: evaluate.ts keeps the values by the arguments. */
const remembering: Handler = (call) => {
  const [f] = call.args;
  if (f?.type !== "function") return builtin(call.name, (inner) => remembering(inner, { run: inner.run, span: inner.span }));
  f.attributes.set("__memo__", emptyDict());
  return f;
};

const FUNCTOOLS: Readonly<Record<string, Handler>> = {
  partial: (call) => ({ type: "partial", callee: arg(call, 0), args: call.args.slice(1), kwargs: call.kwargs }),
  reduce: (call, at) => {
    const source = iterate(at, arg(call, 1));
    let acc: Value | undefined = call.args[2] ?? call.kwargs.get("initial");
    for (const item of source) acc = acc === undefined ? item : call.run.call(arg(call, 0), [acc, item], NO_KWARGS, call.span);
    return acc ?? refuse("operand-types", call.span, [call.run.text(call.span), "reduce of nothing"]);
  },
  lru_cache: remembering,
  cache: remembering,
  cached_property: (call) => {
    const f = arg(call, 0);
    if (f.type === "function") for (const mark of ["__property__", "__cached__"]) f.attributes.set(mark, TRUE);
    return f;
  },
  wraps: (made) =>
    builtin("functools.wraps", (call) => {
      const [inner, outer] = [call.args[0] ?? NONE, made.args[0] ?? NONE];
      if (inner.type !== "function") return inner;
      const name = find({ run: call.run, span: call.span }, outer, "__name__");
      if (name !== null && name.type === "str") inner.attributes.set("__name__", name);
      inner.attributes.set("__wrapped__", outer);
      return inner;
    }),
  total_ordering: transparent,
  singledispatch,
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

const getter = (name: string, read: (object: Value, key: Value, call: Call) => Value): Handler => {
  return (made) =>
    builtin(name, (call) => {
      const values = made.args.map((key) => read(arg(call, 0), key, call));
      const [only] = values;
      return values.length === 1 && only !== undefined ? only : tuple(values);
    });
};
const attributePath = (object: Value, path: Value, call: Call): Value =>
  (path.type === "str" ? path.value : "").split(".").reduce((o, name) => getAttribute({ run: call.run, span: call.span }, o, name), object);

const OPERATOR: Readonly<Record<string, Handler>> = {
  add: binaryHandler("+"),
  concat: binaryHandler("+"),
  sub: binaryHandler("-"),
  mul: binaryHandler("*"),
  truediv: binaryHandler("/"),
  floordiv: binaryHandler("//"),
  mod: binaryHandler("%"),
  pow: binaryHandler("**"),
  matmul: binaryHandler("@"),
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
  is_: compareHandler("is"),
  is_not: compareHandler("is not"),
  contains: (call, at) => compareOperation(at, "in", arg(call, 1), arg(call, 0)),
  neg: (call, at) => unaryOperation(at, "-", arg(call, 0)),
  pos: (call, at) => unaryOperation(at, "+", arg(call, 0)),
  invert: (call, at) => unaryOperation(at, "~", arg(call, 0)),
  inv: (call, at) => unaryOperation(at, "~", arg(call, 0)),
  abs: (call) => call.run.call(pythonBuiltin("abs") ?? NONE, call.args, NO_KWARGS, call.span),
  not_: (call, at) => ({ type: "bool", value: !truthOf(at, arg(call, 0)) }),
  truth: (call, at) => ({ type: "bool", value: truthOf(at, arg(call, 0)) }),
  index: (call) => arg(call, 0),
  getitem: (call, at) => getSubscript(at, arg(call, 0), arg(call, 1), call.span),
  setitem: (call, at) => {
    setSubscript(at, arg(call, 0), arg(call, 1), arg(call, 2));
    return NONE;
  },
  itemgetter: getter("operator.itemgetter", (object, key, call) =>
    getSubscript({ run: call.run, span: call.span }, object, key, call.span),
  ),
  attrgetter: getter("operator.attrgetter", attributePath),
  methodcaller: (made) =>
    builtin("operator.methodcaller", (call) =>
      call.run.call(attributePath(arg(call, 0), arg(made, 0), call), made.args.slice(1), made.kwargs, call.span),
    ),
};

// ------------------------------------------------------------------------------------------- collections, copy, …

const emptyDict = (): Dict => ({ type: "dict", entries: new Map() });
/** A dict from the arguments that `dict(…)` takes. */
const dictFrom = (call: Call, args: readonly Value[]): Dict => {
  const made = call.run.call(pythonBuiltin("dict") ?? NONE, args, call.kwargs, call.span);
  return made.type === "dict" ? made : emptyDict();
};

const COLLECTIONS: Readonly<Record<string, Handler>> = {
  namedtuple,
  defaultdict: (call) => {
    const [missing, ...rest] = call.args;
    return { ...dictFrom(call, rest), ...(missing === undefined || missing.type === "none" ? {} : { missing }) };
  },
  OrderedDict: (call) => dictFrom(call, call.args),
  Counter: (call, at) => {
    const [from] = call.args;
    const counted = from === undefined || from.type === "dict" ? dictFrom(call, call.args) : dictFrom(call, []);
    if (from !== undefined && from.type !== "dict") {
      for (const item of iterate(at, from)) {
        const key = keyOf(at, item);
        counted.entries.set(key, { key: item, value: binaryOperation(at, "+", counted.entries.get(key)?.value ?? int(0), int(1)) });
      }
    }
    return { ...counted, absent: int(0) };
  },
  // A list, but for the bound of its length, which is not kept.
  deque: (call, at) => {
    const bound = call.args[1] ?? call.kwargs.get("maxlen");
    const items = call.args[0] === undefined ? [] : [...iterate(at, call.args[0])];
    if (bound === undefined || bound.type === "none") return list(items);
    if (bound.type !== "int") return unknown("the bound of a deque is not known");
    const most = numberOf(bound);
    return { type: "list", items: items.slice(Math.max(0, items.length - most)), bound: most };
  },
  ChainMap: (call) => {
    const made = emptyDict();
    for (const d of call.args.toReversed()) if (d.type === "dict") for (const [k, e] of d.entries) made.entries.set(k, e);
    return made;
  },
};

/** `copy.copy` and `copy.deepcopy`; what is met twice is copied once. */
function copied(v: Value, deep: boolean, seen: Map<Value, Value>): Value {
  const known = seen.get(v);
  if (known !== undefined) return known;
  const part = (x: Value): Value => (deep ? copied(x, true, seen) : x);
  switch (v.type) {
    case "list": {
      const made = list([]);
      seen.set(v, made);
      made.items.push(...v.items.map(part));
      return made;
    }
    case "tuple":
      return { ...v, items: v.items.map(part) };
    case "dict":
      return { ...v, entries: new Map([...v.entries].map(([k, e]) => [k, { key: e.key, value: part(e.value) }])) };
    case "set":
      return { type: "set", entries: new Map(v.entries) };
    case "instance": {
      if (v.class.enumMembers !== undefined) return v;
      const made = newInstance(v.class);
      seen.set(v, made);
      for (const [name, value] of v.attributes) made.attributes.set(name, part(value));
      return made;
    }
    case "tensor": {
      const made = clone(v, v.storage.literal);
      if (made.type === "tensor") made.storage.name = v.storage.name;
      return v.isNumpy === true && made.type === "tensor" ? { ...made, isNumpy: true } : made;
    }
    default:
      return v;
  }
}

const bisect =
  (right: boolean): Handler =>
  (call, at) => {
    const items = [...iterate(at, arg(call, 0))];
    const x = arg(call, 1);
    const place = items.findIndex((item) => (right ? order(at, "<", x, item) < 0 : order(at, "<", item, x) >= 0));
    return int(place < 0 ? items.length : place);
  };
const insort: Handler = (call, at) => {
  const [into] = call.args;
  const place = bisect(true)(call, at);
  if (into?.type === "list" && place.type === "int") into.items.splice(numberOf(place), 0, arg(call, 1));
  return NONE;
};

/** A heap here is its list, sorted: the smallest comes first, as it does in Python's. */
const heap = (call: Call, at: At): List => {
  const items = arg(call, 0);
  if (items.type !== "list") return refuse("operand-types", call.span, [call.run.text(call.span), "a heap is a list"]);
  items.items.sort((a, b) => order(at, "<", a, b));
  return items;
};
const HEAPQ: Readonly<Record<string, Handler>> = {
  heapify: (call, at) => {
    heap(call, at);
    return NONE;
  },
  heappush: (call, at) => {
    heap(call, at).items.push(arg(call, 1));
    heap(call, at);
    return NONE;
  },
  heappop: (call, at) =>
    heap(call, at).items.shift() ?? refuse("index-out-of-range", call.span, [call.run.text(call.span), "the heap is empty"]),
  nsmallest: (call, at) => list(sorted(at, [...iterate(at, arg(call, 1))], call.kwargs).slice(0, numberIn(call, 0))),
  nlargest: (call, at) =>
    list(sorted(at, [...iterate(at, arg(call, 1))], new Map([...call.kwargs, ["reverse", TRUE]])).slice(0, numberIn(call, 0))),
};
const numberIn = (call: Call, i: number): number => {
  const v = arg(call, i);
  return v.type === "int"
    ? Math.max(0, numberOf(v))
    : refuse("operand-types", call.span, [call.run.text(call.span), "an int is asked for"]);
};

const nothing: Handler = () => NONE;
const CONTEXTLIB: Readonly<Record<string, Handler>> = {
  // What the generator yields first is what `with … as` gets (statement.ts).
  contextmanager: transparent,
  nullcontext: (call) => call.args[0] ?? NONE,
  suppress: (call) => ({ type: "instance", class: SUPPRESS, attributes: new Map([["kinds", tuple(call.args)]]) }),
};
const SUPPRESS: Class = {
  type: "class",
  name: "suppress",
  bases: [],
  members: new Map([
    [
      "__exit__",
      builtin("__exit__", ({ args: [self, , instance] }) => {
        const kinds = self?.type === "instance" ? (self.attributes.get("kinds") ?? NONE) : NONE;
        return { type: "bool", value: instance !== undefined && isInstance(instance, kinds) };
      }),
    ],
  ]),
  nameSpan: null,
  fields: null,
  opaque: false,
};

/** The environment is not read: every variable counts as not set. */
const OS: Readonly<Record<string, Handler>> = {
  getenv: (call) => call.args[1] ?? call.kwargs.get("default") ?? NONE,
};

const openClass = (name: string, opaque = true): Class => ({
  type: "class",
  name,
  bases: [],
  members: new Map(),
  nameSpan: null,
  fields: null,
  opaque,
});
const TYPING =
  `Callable Optional Union Any List Dict Tuple Set FrozenSet Sequence MutableSequence Iterable Collection Sized Literal Protocol Generic
  ClassVar Final Annotated Type Mapping MutableMapping NoReturn Never Self Iterator Generator Hashable Concatenate TypeAlias Unpack
  Required NotRequired SupportsInt SupportsFloat`.split(/\s+/);
const TYPING_VALUES: Readonly<Record<string, Value>> = {
  ...Object.fromEntries(TYPING.map((name) => [name, openClass(name, name !== "Generic" && name !== "Protocol")])),
  NamedTuple: NAMED_TUPLE,
  TypedDict: TYPED_DICT,
  TYPE_CHECKING: FALSE,
};
const TYPING_HANDLERS: Readonly<Record<string, Handler>> = {
  TypeVar: () => ({ type: "opaque", what: "type variable" }),
  TypeVarTuple: () => ({ type: "opaque", what: "type variable" }),
  ParamSpec: () => ({ type: "opaque", what: "type variable" }),
  NewType: () => builtin("NewType", (inner) => arg(inner, 0)),
  cast: (call) => arg(call, 1),
  overload: transparent,
  final: transparent,
  override: transparent,
  no_type_check: transparent,
  runtime_checkable: transparent,
};

const IMPORTLIB: Readonly<Record<string, Handler>> = {
  import_module: (call) => {
    const name = arg(call, 0);
    if (name.type !== "str") return unknown("which module it is, is not known");
    const dots = /^\.*/.exec(name.value)?.[0].length ?? 0;
    const from = { file: call.span.file, text: "", body: [], layout: textLayout, name: "__main__" };
    return call.run.importModule(name.value.slice(dots), dots, call.span, from);
  },
};

const MODULES: Readonly<Record<string, () => Value>> = {
  importlib: () => module("importlib", IMPORTLIB),
  math: () => module("math", mathTable.handlers, mathTable.values, false),
  functools: () => module("functools", FUNCTOOLS),
  itertools: () => module("itertools", ITERTOOLS, { chain: CHAIN }),
  operator: () => module("operator", OPERATOR),
  dataclasses: () => module("dataclasses", DATACLASSES, { MISSING: { type: "opaque", what: "missing value" }, KW_ONLY: NONE }),
  enum: () => module("enum", {}, ENUM_VALUES),
  collections: () => module("collections", COLLECTIONS, { abc: module("collections.abc", {}, TYPING_VALUES) }),
  "collections.abc": () => module("collections.abc", {}, TYPING_VALUES),
  typing: () => module("typing", TYPING_HANDLERS, TYPING_VALUES),
  typing_extensions: () => module("typing_extensions", TYPING_HANDLERS, TYPING_VALUES),
  numbers: () => module("numbers", {}, { Number: openClass("Number"), Integral: openClass("Integral"), Real: openClass("Real") }),
  copy: () =>
    module("copy", { copy: (call) => copied(arg(call, 0), false, new Map()), deepcopy: (call) => copied(arg(call, 0), true, new Map()) }),
  bisect: () =>
    module("bisect", { bisect: bisect(true), bisect_right: bisect(true), bisect_left: bisect(false), insort, insort_right: insort }),
  heapq: () => module("heapq", HEAPQ),
  contextlib: () => module("contextlib", CONTEXTLIB),
  os: () => module("os", OS, { environ: emptyDict(), sep: str("/") }),
  sys: () => module("sys", {}, { maxsize: { type: "int", value: 2n ** 63n - 1n }, version_info: tuple([int(3), int(11), int(0)]) }),
  logging: () => module("logging", { getLogger: () => ({ type: "opaque", what: "logger" }), basicConfig: nothing }),
  warnings: () => module("warnings", { warn: nothing, filterwarnings: nothing, simplefilter: nothing }),
  types: () =>
    module(
      "types",
      { SimpleNamespace: (call) => ({ type: "instance", class: openClass("SimpleNamespace", false), attributes: new Map(call.kwargs) }) },
      { FunctionType: openClass("FunctionType"), LambdaType: openClass("LambdaType"), MethodType: openClass("MethodType") },
    ),
  abc: () => module("abc", { abstractmethod: transparent }, { ABC: openClass("ABC", false), ABCMeta: openClass("ABCMeta") }),
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
