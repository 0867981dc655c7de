/** Python's builtin functions and classes. What a tensor of the mod refuses (`int(t)`, `max(t, 0)`, …) is said here. */
import { isFloat } from "../ir/ops.ts";
import { describe } from "./describe.ts";
import { argumentFacts, offered } from "./evaluateFix.ts";
import { rewriteMinMax, rewritePow } from "./fixCall.ts";
import { binaryOperation, derived, resolve } from "./pythonArithmetic.ts";
import { find, getAttribute, hasAttribute, setAttribute } from "./pythonAttribute.ts";
import { ancestry, lookupClass } from "./pythonClass.ts";
import { EXCEPTIONS } from "./pythonException.ts";
import { OPEN } from "./pythonFiles.ts";
import { pairsOf, sorted } from "./pythonMethods.ts";
import { compareOperation, isInstance, iterate, keyOf, truthOf } from "./pythonOperators.ts";
import { lengthOf } from "./pythonSubscript.ts";
import { formatValue, halfEven, reprOf, rounded, textOfValue } from "./pythonText.ts";
import { itemOf, settled } from "./tensor.ts";
import { type At, applyUnary, power, promoted } from "./torchElement.ts";
import {
  type Builtin,
  bigInt,
  bool,
  type Call,
  type Class,
  FALSE,
  float,
  int,
  isScalar,
  isTensor,
  list,
  NO_KWARGS,
  NONE,
  numberOf,
  Raised,
  refuse,
  type Scalar,
  str,
  TRUE,
  tuple,
  unknown,
  type Value,
} from "./value.ts";

type Handler = (call: Call, at: At) => Value;

const text = (call: Call): string => call.run.text(call.span);

function arg(call: Call, i: number): Value {
  return call.args[i] ?? refuse("argument-count", call.span, [call.name, `needs ${i + 1} argument${i === 0 ? "" : "s"}`]);
}

/** The argument, with an unknown resolved: in a mod a fault, elsewhere left unknown. */
const known = (call: Call, i: number): Value => resolve(call.run, arg(call, i), { kind: "scalar" }, call.span);

/** A number that Python code can hold: known tensors of one element are taken, the mod's are refused. */
function pythonNumber(call: Call, v: Value): Scalar | null {
  if (isScalar(v)) return v;
  const one = isTensor(v) ? settled(v) : null;
  if (v.type === "dynamic" && one === null) refuse("item-of-tensor", call.span, [text(call)]);
  if (one !== null) {
    const x = itemOf(one);
    return one.dtype === "bool" ? bool(x !== 0) : isFloat(one.dtype) ? float(x) : int(x);
  }
  return null;
}

/** What an object's own `__int__`, `__abs__`, … gives; null where it has none. */
function special(call: Call, v: Value, name: string): Value | null {
  const method = v.type === "instance" ? lookupClass(v.class, name) : null;
  return method === null ? null : call.run.call(method, [v], NO_KWARGS, call.span);
}

function toInt(call: Call): Value {
  if (call.args.length === 0) return int(0);
  const v = known(call, 0);
  if (v.type === "unknown") return derived(v);
  if (v.type === "str") {
    const base = call.args[1]?.type === "int" ? numberOf(call.args[1]) : 10;
    const n = base === 10 ? Number(v.value.replaceAll("_", "")) : Number.parseInt(v.value, base);
    return Number.isInteger(n) ? int(n) : refuse("operand-types", call.span, [text(call), "the string is no integer"]);
  }
  const own = special(call, v, "__int__") ?? special(call, v, "__index__");
  if (own !== null) return own;
  const n = pythonNumber(call, v) ?? refuse("operand-types", call.span, [text(call), `${describe(v)} is no number`]);
  if (typeof n.value === "bigint") return n;
  const x = numberOf(n);
  if (!Number.isFinite(x)) refuse("operand-types", call.span, [text(call), "infinity and nan are no integers"]);
  const t = Math.trunc(x) + 0;
  return Number.isSafeInteger(t) ? int(t) : bigInt(BigInt(t));
}

function toFloat(call: Call): Value {
  if (call.args.length === 0) return float(0);
  const v = known(call, 0);
  if (v.type === "unknown") return derived(v);
  if (v.type === "str") {
    const s = v.value.trim().toLowerCase();
    const m = /^([+-]?)(inf|infinity|nan)$/.exec(s);
    if (m !== null) return float(m[2] === "nan" ? Number.NaN : m[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
    return Number.isNaN(Number(s)) || s === ""
      ? refuse("operand-types", call.span, [text(call), "the string is no number"])
      : float(Number(s));
  }
  const own = special(call, v, "__float__");
  if (own !== null) return own;
  const n = pythonNumber(call, v) ?? refuse("operand-types", call.span, [text(call), `${describe(v)} is no number`]);
  return float(numberOf(n));
}

/** Python's max and min; of tensors what torch.compile makes of them, with a warning. */
function extreme(name: "max" | "min"): Handler {
  return (call, at) => {
    const items = call.args.length === 1 ? [...iterate(at, arg(call, 0))] : [...call.args];
    const values = items.map((v) => resolve(call.run, v, { kind: "scalar" }, call.span));
    const hole = values.find((v) => v.type === "unknown");
    if (hole?.type === "unknown") return derived(hole);
    const [first, ...rest] = values;
    if (first === undefined) {
      return call.kwargs.get("default") ?? refuse("operand-types", call.span, [text(call), `the ${name} of nothing`]);
    }
    if (values.some((v) => v.type === "dynamic") && rest.length > 0) {
      if (call.kwargs.has("key")) refuse("truth-value", call.span, [text(call)]);
      const rewrite = call.node === null ? null : rewriteMinMax(call.node, argumentFacts(call, values), call.run.text);
      call.run.warn("builtin-min-max", call.span, [text(call), rewrite?.text ?? `torch.${name}imum(a, b)`], rewrite?.fix ?? null);
      return rest.reduce((acc: Value, v) => {
        if ((isTensor(acc) || isScalar(acc)) && (isTensor(v) || isScalar(v))) return promoted(at, name, acc, v);
        return refuse("operand-types", call.span, [text(call), `${describe(v)} cannot be compared`]);
      }, first);
    }
    const key = call.kwargs.get("key");
    const rank = (v: Value) => (key === undefined || key.type === "none" ? v : call.run.call(key, [v], NO_KWARGS, call.span));
    return rest.reduce(
      (best: Value, v) => (truthOf(at, compareOperation(at, name === "max" ? ">" : "<", rank(v), rank(best))) ? v : best),
      first,
    );
  };
}

function pythonRange(call: Call): Value {
  const numbers: number[] = [];
  for (const v of call.args) {
    const k = resolve(call.run, v, { kind: "scalar" }, call.span);
    if (k.type === "unknown") return derived(k);
    if (k.type === "dynamic") refuse("range-of-tensor", call.span, [text(call)]);
    const n = pythonNumber(call, k);
    if (n === null || n.type === "float") return refuse("operand-types", call.span, [text(call), `range takes ints, not ${describe(k)}`]);
    numbers.push(numberOf(n));
  }
  const [a = 0, b, step = 1] = numbers;
  if (step === 0) refuse("operand-types", call.span, [text(call), "the step is 0"]);
  return b === undefined ? { type: "range", start: 0, stop: a, step: 1 } : { type: "range", start: a, stop: b, step };
}

function* zipped(at: At, parts: readonly Value[]): IterableIterator<Value> {
  const sources = parts.map((p) => iterate(at, p));
  if (sources.length === 0) return;
  for (;;) {
    const items: Value[] = [];
    for (const s of sources) {
      const next = s.next();
      if (next.done === true) return;
      items.push(next.value);
    }
    yield tuple(items);
  }
}
function* enumerated(at: At, v: Value, start: number): IterableIterator<Value> {
  let i = start;
  for (const item of iterate(at, v)) yield tuple([int(i++), item]);
}
function* mapped(call: Call, at: At): IterableIterator<Value> {
  for (const items of zipped(at, call.args.slice(1))) {
    yield call.run.call(arg(call, 0), items.type === "tuple" ? items.items : [items], NO_KWARGS, call.span);
  }
}
function* filtered(call: Call, at: At): IterableIterator<Value> {
  const f = arg(call, 0);
  for (const item of iterate(at, arg(call, 1))) {
    if (truthOf(at, f.type === "none" ? item : call.run.call(f, [item], NO_KWARGS, call.span))) yield item;
  }
}

/** Gives up on an unknown first argument, keeping it unknown. */
const soft =
  (handler: Handler): Handler =>
  (call, at) => {
    for (const v of call.args) {
      const k = resolve(call.run, v, { kind: "iterate" }, call.span);
      if (k.type === "unknown") return derived(k);
    }
    return handler(call, at);
  };

const TENSOR_TYPE: Builtin = { type: "builtin", name: "torch.Tensor", call: (call) => arg(call, 0) };
const NONE_TYPE: Builtin = { type: "builtin", name: "NoneType", call: () => NONE };

const HANDLERS: Readonly<Record<string, Handler>> = {
  int: toInt,
  float: toFloat,
  bool: (call, at) => {
    if (call.args.length === 0) return FALSE;
    const v = known(call, 0);
    return v.type === "unknown" ? derived(v) : bool(truthOf(at, v));
  },
  str: (call, at) => str(call.args.length === 0 ? "" : textOfValue(at, arg(call, 0))),
  repr: (call, at) => str(reprOf(at, arg(call, 0))),
  format: (call, at) => {
    const spec = call.args[1];
    return str(formatValue(at, arg(call, 0), spec?.type === "str" ? spec.value : ""));
  },
  print: (call) => {
    if (call.run.trace !== null) call.run.warn("refused-by-flex-attention", call.span, [text(call)]);
    return NONE;
  },
  abs: soft((call, at) => {
    const v = arg(call, 0);
    if (isTensor(v)) return v.dtype === "bool" ? v : applyUnary(at, "abs", v);
    if (v.type === "float") return float(Math.abs(v.value));
    if (isScalar(v))
      return truthOf(at, compareOperation(at, "<", v, int(0))) ? binaryOperation(at, "-", int(0), v) : binaryOperation(at, "+", v, int(0));
    return special(call, v, "__abs__") ?? refuse("operand-types", call.span, [text(call), `${describe(v)} has no absolute value`]);
  }),
  max: extreme("max"),
  min: extreme("min"),
  sum: soft((call, at) => {
    let total: Value = call.args[1] ?? call.kwargs.get("start") ?? int(0);
    for (const item of iterate(at, arg(call, 0))) total = binaryOperation(at, "+", total, item);
    return total;
  }),
  any: soft((call, at) => {
    for (const item of iterate(at, arg(call, 0))) if (truthOf(at, item)) return TRUE;
    return FALSE;
  }),
  all: soft((call, at) => {
    for (const item of iterate(at, arg(call, 0))) if (!truthOf(at, item)) return FALSE;
    return TRUE;
  }),
  pow: soft((call, at) => {
    const [a, b] = [arg(call, 0), arg(call, 1)];
    if ((a.type === "dynamic" || b.type === "dynamic") && (isTensor(a) || isScalar(a)) && (isTensor(b) || isScalar(b))) {
      const { text: rewrite, fix } = offered(call.node === null ? null : rewritePow(call.node, call.run.text));
      call.run.warn("refused-by-flex-attention", call.span, [text(call), rewrite], fix);
      return power(at, a, b);
    }
    const result = binaryOperation(at, "**", a, b);
    return call.args[2] === undefined ? result : binaryOperation(at, "%", result, call.args[2]);
  }),
  round: soft((call) => {
    const v = arg(call, 0);
    if (isTensor(v)) refuse("python-round", call.span, ["round"]);
    const n = pythonNumber(call, v) ?? refuse("operand-types", call.span, [text(call), `${describe(v)} cannot be rounded`]);
    const digits = call.args[1] ?? call.kwargs.get("ndigits");
    if (digits !== undefined && digits.type === "int") {
      const places = numberOf(digits);
      if (n.type !== "float") return places >= 0 ? n : int(halfEven(numberOf(n) * 10 ** places) * 10 ** -places);
      return float(rounded(n.value, places));
    }
    return int(halfEven(numberOf(n)) + 0);
  }),
  divmod: soft((call, at) => {
    if (call.args.some(isTensor)) refuse("python-round", call.span, ["divmod"]);
    return tuple([binaryOperation(at, "//", arg(call, 0), arg(call, 1)), binaryOperation(at, "%", arg(call, 0), arg(call, 1))]);
  }),
  len: soft((call, at) => {
    const v = arg(call, 0);
    switch (v.type) {
      case "list":
      case "tuple":
      case "str":
      case "range":
      case "dict":
      case "set":
        return int(lengthOf(v));
      case "tensor":
      case "dynamic":
        return v.shape[0] === undefined
          ? refuse("operand-types", call.span, [text(call), "a tensor of no dimension has no length"])
          : int(v.shape[0]);
      case "class":
        if (v.enumMembers !== undefined) return int(new Set(v.enumMembers.values()).size);
        break;
      case "instance": {
        const method = lookupClass(v.class, "__len__");
        if (method !== null) return call.run.call(method, [v], NO_KWARGS, call.span);
        break;
      }
    }
    return refuse("operand-types", at.span, [text(call), `${describe(v)} has no length`]);
  }),
  range: pythonRange,
  enumerate: soft((call, at) => {
    const start = call.args[1] ?? call.kwargs.get("start");
    return {
      type: "iterator",
      what: "enumeration",
      source: enumerated(at, arg(call, 0), start !== undefined && isScalar(start) ? numberOf(start) : 0),
    };
  }),
  zip: soft((call, at) => ({ type: "iterator", what: "zip", source: zipped(at, call.args) })),
  map: soft((call, at) => ({ type: "iterator", what: "map", source: mapped(call, at) })),
  filter: soft((call, at) => ({ type: "iterator", what: "filter", source: filtered(call, at) })),
  reversed: soft((call, at) => list([...iterate(at, arg(call, 0))].reverse())),
  sorted: soft((call, at) => list(sorted(at, [...iterate(at, arg(call, 0))], call.kwargs))),
  iter: soft((call, at) =>
    arg(call, 0).type === "iterator" ? arg(call, 0) : { type: "iterator", what: "iterator", source: iterate(at, arg(call, 0)) },
  ),
  next: soft((call) => {
    const it = arg(call, 0);
    if (it.type !== "iterator") return refuse("not-iterable", call.span, [text(call), describe(it)]);
    const item = it.source.next();
    if (item.done !== true) return item.value;
    return call.args[1] ?? raiseStop(call);
  }),
  list: soft((call, at) => list(call.args.length === 0 ? [] : [...iterate(at, arg(call, 0))])),
  tuple: soft((call, at) => tuple(call.args.length === 0 ? [] : [...iterate(at, arg(call, 0))])),
  set: soft((call, at) => ({
    type: "set",
    entries: new Map(call.args.length === 0 ? [] : [...iterate(at, arg(call, 0))].map((i) => [keyOf(at, i), i] as const)),
  })),
  dict: soft((call, at) => {
    const entries = new Map<string, { key: Value; value: Value }>();
    const [from] = call.args;
    if (from?.type === "dict") for (const [k, e] of from.entries) entries.set(k, { ...e });
    else if (from !== undefined) for (const e of pairsOf(at, from)) entries.set(keyOf(at, e.key), e);
    for (const [k, value] of call.kwargs) entries.set(`s${k}`, { key: str(k), value });
    return { type: "dict", entries };
  }),
  slice: (call) => {
    const [a = NONE, b, c = NONE] = call.args;
    return b === undefined ? { type: "slice", lower: NONE, upper: a, step: NONE } : { type: "slice", lower: a, upper: b, step: c };
  },
  isinstance: (call) => {
    const v = known(call, 0);
    return v.type === "unknown" ? derived(v) : bool(isInstance(v, arg(call, 1)));
  },
  issubclass: (call) => {
    const [c, of] = [arg(call, 0), arg(call, 1)];
    const kinds = of.type === "tuple" ? of.items : [of];
    return bool(
      kinds.some((k) => c === k || (c.type === "class" && k.type === "class" && (k.name === "object" || ancestry(c).includes(k)))),
    );
  },
  callable: (call) => {
    const v = arg(call, 0);
    if (v.type === "unknown") return derived(v);
    return bool(
      ["function", "builtin", "partial", "method", "class"].includes(v.type) ||
        (v.type === "instance" && lookupClass(v.class, "__call__") !== null),
    );
  },
  getattr: (call, at) => {
    const name = arg(call, 1);
    if (name.type !== "str") return refuse("operand-types", call.span, [text(call), "the attribute's name is a string"]);
    const [object, , otherwise] = call.args;
    if (object === undefined) return NONE;
    if (otherwise === undefined) return getAttribute(at, object, name.value);
    try {
      return find(at, object, name.value) ?? otherwise;
    } catch (e) {
      if (e instanceof Raised && e.exception === "AttributeError") return otherwise;
      throw e;
    }
  },
  hasattr: (call, at) => {
    const name = arg(call, 1);
    return name.type === "str" ? hasAttribute(at, arg(call, 0), name.value) : FALSE;
  },
  setattr: (call, at) => {
    const name = arg(call, 1);
    if (name.type === "str") setAttribute(at, arg(call, 0), name.value, arg(call, 2));
    return NONE;
  },
  type: (call) => {
    const v = arg(call, 0);
    if (v.type === "instance") return v.class;
    if (v.type === "tuple" && v.class !== undefined) return v.class;
    if (v.type === "unknown") return derived(v);
    if (isTensor(v)) return TENSOR_TYPE;
    if (v.type === "none") return NONE_TYPE;
    return pythonBuiltin(v.type) ?? unknown("its type is internal");
  },
  hex: (call) => based(call, 16, "0x"),
  oct: (call) => based(call, 8, "0o"),
  bin: (call) => based(call, 2, "0b"),
  id: (call, at) => int(numberOfKey(keyOf(at, arg(call, 0)))),
  // Equal values have equal hashes; Python's own numbers say nothing of a mask.
  hash: soft((call, at) => {
    const v = arg(call, 0);
    return v.type === "int" || v.type === "bool" ? binaryOperation(at, "+", v, int(0)) : int(numberOfKey(keyOf(at, v)));
  }),
  ord: (call) => {
    const v = arg(call, 0);
    return int(v.type === "str" ? (v.value.codePointAt(0) ?? 0) : 0);
  },
  chr: (call) => {
    const v = arg(call, 0);
    return str(isScalar(v) ? String.fromCodePoint(Math.max(0, Math.min(0x10ffff, numberOf(v)))) : "");
  },
  staticmethod: (call) => marked(call, "__static__"),
  classmethod: (call) => marked(call, "__classmethod__"),
  property: (call) => marked(call, "__property__"),
  vars: (call, at) => getAttribute(at, arg(call, 0), "__dict__"),
  open: (call) => OPEN.call(call),
  input: () => unknown("nobody is asked"),
  globals: () => unknown("the names of a module are not listed"),
  locals: () => unknown("the names of a function are not listed"),
};

function based(call: Call, base: number, prefix: string): Value {
  const v = arg(call, 0);
  if (v.type !== "int" && v.type !== "bool") return refuse("operand-types", call.span, [text(call), `${describe(v)} is no int`]);
  return str(
    BigInt(v.value)
      .toString(base)
      .replace(/^-?/, (minus) => minus + prefix),
  );
}

/** A number for a key: the same for the same key. */
function numberOfKey(key: string): number {
  let h = 0;
  for (let i = 0; i < key.length; i++) h = (Math.imul(h, 31) + key.charCodeAt(i)) | 0;
  return h;
}

function raiseStop(call: Call): never {
  throw new Raised("StopIteration", "", call.span);
}

function marked(call: Call, mark: string): Value {
  const f = arg(call, 0);
  if (f.type === "function") f.attributes.set(mark, TRUE);
  return f;
}

const makeClass = (name: string): Class => ({
  type: "class",
  name,
  bases: [],
  members: new Map(),
  nameSpan: null,
  fields: null,
  opaque: true,
});
const VALUES = new Map<string, Value>([
  ...EXCEPTIONS,
  ["object", { type: "class", name: "object", bases: [], members: new Map(), nameSpan: null, fields: null, opaque: false }],
  ["complex", makeClass("complex")],
  ["bytes", makeClass("bytes")],
  ["NotImplemented", { type: "opaque", what: "NotImplemented" }],
  ["Ellipsis", { type: "ellipsis" }],
  ["__debug__", TRUE],
]);
const fromKeys: Builtin = {
  type: "builtin",
  name: "dict.fromkeys",
  call: (call) => {
    const at = { run: call.run, span: call.span };
    const keys = [...iterate(at, arg(call, 0))];
    return { type: "dict", entries: new Map(keys.map((key) => [keyOf(at, key), { key, value: call.args[1] ?? NONE }])) };
  },
};
for (const [name, handler] of Object.entries(HANDLERS)) {
  const value: Builtin = {
    type: "builtin",
    name,
    call: (call) => handler(call, { run: call.run, span: call.span }),
    ...(name === "dict" ? { attributes: new Map([["fromkeys", fromKeys]]) } : {}),
  };
  VALUES.set(name, value);
}
VALUES.set("frozenset", {
  type: "builtin",
  name: "set",
  call: (call) => (HANDLERS["set"] ?? (() => NONE))(call, { run: call.run, span: call.span }),
});

/** A name of Python's `builtins`, or null. */
export function pythonBuiltin(name: string): Value | null {
  return VALUES.get(name) ?? null;
}
