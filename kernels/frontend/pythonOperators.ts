import { describe } from "./describe.ts";
import { arrayCompare, asArray, isArray, isNumpyPair, NUMPY_DTYPES } from "./numpyArray.ts";
import { badOperands, big, derived, refuseUnknown, resolve, SCALAR } from "./pythonArithmetic.ts";
import { ancestry, lookupClass } from "./pythonClass.ts";
import type { CompareOperator } from "./syntax.ts";
import { itemOf, numel, settled } from "./tensor.ts";
import { type At, tensorCompare } from "./torchElement.ts";
import { getItem } from "./torchIndex.ts";
import {
  bool,
  type Dynamic,
  FALSE,
  int,
  isScalar,
  isTensor,
  NO_KWARGS,
  numberOf,
  Raised,
  Refusal,
  refuse,
  str,
  type Value,
} from "./value.ts";
/** One comparison. @throws Refusal */
export function compareOperation(at: At, op: CompareOperator, left: Value, right: Value): Value {
  if (op === "is" || op === "is not") {
    if (left.type === "unknown" || right.type === "unknown") {
      // What a mod asks for and the file does not say is made up where it is used: it is there.
      const isAskedFor = at.run.trace !== null && (left.type === "none" || right.type === "none");
      return isAskedFor ? bool(op === "is not") : unknownComparison(at, left, right);
    }
    return bool(identical(left, right) === (op === "is"));
  }
  const a = resolve(at.run, left, SCALAR, at.span);
  if ((op === "in" || op === "not in") && right.type === "instance" && lookupClass(right.class, "__contains__") !== null)
    return membership(at, op, left, right);
  const b = resolve(at.run, right, op === "in" || op === "not in" ? { kind: "iterate" } : SCALAR, at.span);
  if (a.type === "unknown") return derived(a);
  if (b.type === "unknown") return derived(b);
  if (op === "in" || op === "not in") return membership(at, op, a, b);
  if (isNumpyPair(a, b) && a.type !== "none" && b.type !== "none") return arrayCompare(at, op, a, b);
  if (isTensor(a) || isTensor(b)) {
    if ((isTensor(a) || isScalar(a)) && (isTensor(b) || isScalar(b))) return tensorCompare(at, op, a, b);
    if (op === "==" || op === "!=") return bool(op === "!=");
    return badOperands(at, op, a, b);
  }
  if (op === "==" || op === "!=") {
    const same = equals(at, a, b);
    return bool(same === (op === "=="));
  }
  return bool(ordered(at, op, a, b));
}

function unknownComparison(at: At, a: Value, b: Value): Value {
  const [x, y] = [resolve(at.run, a, SCALAR, at.span), resolve(at.run, b, SCALAR, at.span)];
  if (x.type === "unknown") return derived(x);
  if (y.type === "unknown") return derived(y);
  return bool(identical(x, y));
}

/** `a is b`. */
export function identical(a: Value, b: Value): boolean {
  if (a === b) return true;
  switch (a.type) {
    case "none":
    case "ellipsis":
      return b.type === a.type;
    case "bool":
    case "int":
    case "str":
      return b.type === a.type && b.value === a.value;
    case "dtype":
      return b.type === "dtype" && b.dtype === a.dtype;
    case "builtin":
      return b.type === "builtin" && b.name === a.name;
    case "module":
      return b.type === "module" && b.name === a.name;
    default:
      return false;
  }
}

/** `a == b` as a truth value. @throws Refusal where tensors of the mod decide it */
export function equals(at: At, a: Value, b: Value): boolean {
  if (isScalar(a) && isScalar(b)) return numberOf(a) === numberOf(b) && (typeof a.value !== "bigint" || a.value === big(b));
  if (isTensor(a) || isTensor(b)) return a === b || truthOf(at, compareOperation(at, "==", a, b));
  if ((a.type === "tuple" && b.type === "tuple") || (a.type === "list" && b.type === "list")) {
    at.run.step(at.span, 1 + a.items.length);
    return a.items.length === b.items.length && a.items.every((x, i) => equals(at, x, b.items[i] ?? FALSE));
  }
  if (a.type === "dict" && b.type === "dict") {
    at.run.step(at.span, 1 + a.entries.size);
    return (
      a.entries.size === b.entries.size &&
      [...a.entries].every(([k, e]) => {
        const o = b.entries.get(k);
        return o !== undefined && equals(at, e.value, o.value);
      })
    );
  }
  if (a.type === "set" && b.type === "set")
    return a.entries.size === b.entries.size && [...a.entries.keys()].every((k) => b.entries.has(k));
  if (a.type === "range" && b.type === "range") return a.start === b.start && a.stop === b.stop && a.step === b.step;
  if (a.type === "dtype" && b.type === "builtin") return NUMPY_DTYPES(b) === a.dtype;
  if (b.type === "dtype" && a.type === "builtin") return NUMPY_DTYPES(a) === b.dtype;
  if (a.type === "device" && b.type === "device") return a.name === b.name;
  if (a.type === "device" && b.type === "str") return a.name === b.value;
  if (a.type === "instance") {
    const method = lookupClass(a.class, "__eq__");
    if (method !== null) return truthOf(at, at.run.call(method, [a, b], NO_KWARGS, at.span));
    if (b.type === "instance" && a.class === b.class && a.class.fields !== null) {
      return a.class.fields.every((f) => equals(at, a.attributes.get(f.name) ?? FALSE, b.attributes.get(f.name) ?? FALSE));
    }
  }
  return identical(a, b);
}

const ORDER_DUNDER: Readonly<Partial<Record<CompareOperator, string>>> = { "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__" };

const REFLECTED: Readonly<Partial<Record<CompareOperator, CompareOperator>>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

function ordered(at: At, op: CompareOperator, a: Value, b: Value): boolean {
  if (a.type === "set" && b.type === "set") {
    const [small, large] = op === "<" || op === "<=" ? [a, b] : [b, a];
    const isWithin = [...small.entries.keys()].every((k) => large.entries.has(k));
    return isWithin && (op === "<=" || op === ">=" || small.entries.size < large.entries.size);
  }
  if (b.type === "instance" && a.type === "instance" && lookupClass(a.class, ORDER_DUNDER[op] ?? "") === null) {
    const other = REFLECTED[op];
    const method = other === undefined ? null : lookupClass(b.class, ORDER_DUNDER[other] ?? "");
    if (method !== null) return truthOf(at, at.run.call(method, [b, a], NO_KWARGS, at.span));
  }
  if (a.type === "instance") {
    const method = lookupClass(a.class, ORDER_DUNDER[op] ?? "");
    if (method !== null) return truthOf(at, at.run.call(method, [a, b], NO_KWARGS, at.span));
  }
  if (isScalar(a) && isScalar(b) && (Number.isNaN(numberOf(a)) || Number.isNaN(numberOf(b)))) return false;
  const sign = order(at, op, a, b);
  return op === "<" ? sign < 0 : op === "<=" ? sign <= 0 : op === ">" ? sign > 0 : sign >= 0;
}

/** Negative, 0 or positive, as Python orders numbers, strings and sequences of them. @throws Refusal */
export function order(at: At, op: string, a: Value, b: Value): number {
  if (isScalar(a) && isScalar(b)) {
    if (typeof a.value === "bigint" || typeof b.value === "bigint") return Number(a.value) - Number(b.value);
    return numberOf(a) - numberOf(b);
  }
  if (a.type === "instance" && b.type === "instance" && a.class === b.class && a.class.isOrdered === true) {
    for (const f of a.class.fields ?? []) {
      const sign = order(at, op, a.attributes.get(f.name) ?? FALSE, b.attributes.get(f.name) ?? FALSE);
      if (sign !== 0) return sign;
    }
    return 0;
  }
  if (a.type === "instance" && lookupClass(a.class, "__lt__") !== null) return ordered(at, "<", a, b) ? -1 : ordered(at, "<", b, a) ? 1 : 0;
  if (isTensor(a) || isTensor(b))
    return truthOf(at, compareOperation(at, "<", a, b)) ? -1 : truthOf(at, compareOperation(at, ">", a, b)) ? 1 : 0;
  if (a.type === "str" && b.type === "str") return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  if ((a.type === "tuple" && b.type === "tuple") || (a.type === "list" && b.type === "list")) {
    at.run.step(at.span, 1 + a.items.length);
    for (let i = 0; i < Math.min(a.items.length, b.items.length); i++) {
      const sign = order(at, op, a.items[i] ?? FALSE, b.items[i] ?? FALSE);
      if (sign !== 0) return sign;
    }
    return a.items.length - b.items.length;
  }
  return badOperands(at, op, a, b);
}

function membership(at: At, op: "in" | "not in", item: Value, container: Value): Value {
  const answer = (found: boolean) => bool(found === (op === "in"));
  if (container.type === "set" || container.type === "dict") {
    if (item.type === "dynamic") {
      refuse("membership-of-tensor", at.span, [at.run.text(at.span)]);
    }
    return answer(container.entries.has(keyOf(at, item)));
  }
  if (container.type === "class" && container.enumMembers !== undefined)
    return answer([...container.enumMembers.values()].some((m) => m === item));
  if (container.type === "str") {
    if (item.type !== "str") return badOperands(at, op, item, container);
    return answer(container.value.includes(item.value));
  }
  if (container.type === "instance") {
    const method = lookupClass(container.class, "__contains__");
    if (method !== null) return answer(truthOf(at, at.run.call(method, [container, item], NO_KWARGS, at.span)));
  }
  if (item.type === "dynamic") refuse("membership-of-tensor", at.span, [at.run.text(at.span)]);
  if (container.type === "range" && isScalar(item)) {
    const { start, stop, step } = container;
    const x = numberOf(item);
    return answer((step > 0 ? x >= start && x < stop : x <= start && x > stop) && (x - start) % step === 0);
  }
  for (const other of iterate(at, container)) if (equals(at, item, other)) return answer(true);
  return answer(false);
}

/** Whether arguments of the mod decide `v`, or it is no single number: what has no truth value. */
export const isOpen = (v: Dynamic): boolean => settled(v) === null;

/** The truth of `v`. @throws Refusal where it is a tensor of the mod, or unknown in a mod */
export function truthOf(at: At, value: Value): boolean {
  const v = resolve(at.run, value, SCALAR, at.span);
  switch (v.type) {
    case "none":
      return false;
    case "bool":
      return v.value;
    case "int":
    case "float":
      return numberOf(v) !== 0;
    case "str":
      return v.value !== "";
    case "tuple":
    case "list":
      return v.items.length > 0;
    case "dict":
    case "set":
      return v.entries.size > 0;
    case "range":
      return v.step > 0 ? v.start < v.stop : v.start > v.stop;
    case "tensor":
      if (numel(v.shape) !== 1)
        refuse("operand-types", at.span, [
          at.run.text(at.span),
          "the truth of a tensor with more than one element is not defined; use `.any()` or `.all()`",
        ]);
      // A tensor has its value when create_block_mask runs the mod, and none when torch.compile traces it.
      if (at.run.trace !== null) at.run.warn("refused-by-flex-attention", at.span, [at.run.text(at.span)]);
      return itemOf(v) !== 0;
    case "dynamic": {
      // What a captured number decides, and no argument of the mod, has its value too.
      const known = settled(v) ?? refuse("truth-value", at.span, [at.run.text(at.span)]);
      at.run.warn("refused-by-flex-attention", at.span, [at.run.text(at.span)]);
      return itemOf(known) !== 0;
    }
    case "instance": {
      const own = lookupClass(v.class, "__bool__") ?? lookupClass(v.class, "__len__");
      return own === null || truthOf(at, at.run.call(own, [v], NO_KWARGS, at.span));
    }
    case "unknown":
      return refuseUnknown(at.run, v, at.span);
    default:
      return true;
  }
}

const objectIds = new WeakMap<object, number>();
let nextObject = 1;

/** The hash key of a value: equal values, equal keys. @throws Refusal for what cannot be hashed */
export function keyOf(at: At, v: Value): string {
  if (isScalar(v)) return `n${v.type === "bool" ? Number(v.value) : v.value}`;
  switch (v.type) {
    case "none":
    case "ellipsis":
      return v.type;
    case "str":
      return `s${v.value}`;
    case "dtype":
      return `d${v.dtype}`;
    case "tuple":
      at.run.step(at.span, 1 + v.items.length);
      return `(${v.items.map((i) => keyOf(at, i)).join("|")})`;
    case "builtin":
      return `b${v.name}`;
    case "list":
    case "dict":
    case "set":
      return refuse("operand-types", at.span, [at.run.text(at.span), `${describe(v)} cannot be a key`]);
    case "instance": {
      if (v.class.enumMembers !== undefined && v.class.isScalar !== true) return identityOf(v);
      const standing = v.class.isScalar === true ? v.attributes.get("value") : undefined;
      if (standing !== undefined) return keyOf(at, standing);
      const hash = lookupClass(v.class, "__hash__");
      if (hash !== null) return `h${keyOf(at, at.run.call(hash, [v], NO_KWARGS, at.span))}`;
      if (v.class.isFrozen === true)
        return `f${v.class.name}${(v.class.fields ?? []).map((f) => keyOf(at, v.attributes.get(f.name) ?? FALSE)).join("|")}`;
      return identityOf(v);
    }
    default:
      return identityOf(v);
  }
}

/** A key of its own for each object. */
function identityOf(v: Value): string {
  const id = objectIds.get(v) ?? nextObject++;
  objectIds.set(v, id);
  return `o${id}`;
}
/** The items of `v`, lazily, a step each. @throws Refusal for what cannot be iterated */
export function* iterate(at: At, value: Value): IterableIterator<Value> {
  const v = resolve(at.run, value, { kind: "iterate" }, at.span);
  const step = () => at.run.step(at.span);
  switch (v.type) {
    case "tuple":
    case "list":
      for (let i = 0; i < v.items.length; i++) {
        step();
        const item = v.items[i];
        if (item !== undefined) yield item;
      }
      return;
    case "str":
      for (const c of v.value) {
        step();
        yield str(c);
      }
      return;
    case "range":
      for (let i = v.start; v.step > 0 ? i < v.stop : i > v.stop; i += v.step) {
        step();
        yield int(i);
      }
      return;
    case "dict":
      for (const { key } of [...v.entries.values()]) {
        step();
        yield key;
      }
      return;
    case "set":
      for (const item of [...v.entries.values()]) {
        step();
        yield item;
      }
      return;
    case "iterator":
      for (let next = v.source.next(); next.done !== true; next = v.source.next()) {
        step();
        yield next.value;
      }
      return;
    case "tensor":
    case "dynamic": {
      const size = v.shape[0];
      if (size === undefined) refuse("not-iterable", at.span, [at.run.text(at.span), "a tensor of no dimension"]);
      for (let i = 0; i < size; i++) {
        step();
        yield isArray(v) ? asArray(getItem(at, v, int(i))) : getItem(at, v, int(i));
      }
      return;
    }
    case "class":
      if (v.enumMembers === undefined) return refuse("not-iterable", at.span, [at.run.text(at.span), describe(v)]);
      yield* new Set(v.enumMembers.values());
      return;
    case "instance": {
      const method = lookupClass(v.class, "__iter__");
      if (method !== null) {
        const given = at.run.call(method, [v], NO_KWARGS, at.span);
        const next = given.type === "instance" ? lookupClass(given.class, "__next__") : null;
        if (next === null) yield* iterate(at, given);
        else yield* stepped(at, next, given);
        return;
      }
      const item = lookupClass(v.class, "__getitem__");
      if (item !== null) {
        yield* indexed(at, item, v);
        return;
      }
      return refuse("not-iterable", at.span, [at.run.text(at.span), describe(v)]);
    }
    case "unknown":
      return refuseUnknown(at.run, v, at.span);
    default:
      return refuse("not-iterable", at.span, [at.run.text(at.span), describe(v)]);
  }
}

/** Calls `__next__` until it raises StopIteration. */
function* stepped(at: At, next: Value, self: Value): IterableIterator<Value> {
  for (;;) {
    at.run.step(at.span);
    try {
      yield at.run.call(next, [self], NO_KWARGS, at.span);
    } catch (e) {
      if (e instanceof Raised && e.exception === "StopIteration") return;
      throw e;
    }
  }
}

/** The old way: `self[0]`, `self[1]`, … until IndexError. */
function* indexed(at: At, item: Value, self: Value): IterableIterator<Value> {
  for (let i = 0; ; i++) {
    at.run.step(at.span);
    try {
      yield at.run.call(item, [self, int(i)], NO_KWARGS, at.span);
    } catch (e) {
      const isEnd = e instanceof Raised ? e.exception === "IndexError" : e instanceof Refusal && e.diagnostic.code === "index-out-of-range";
      if (isEnd) return;
      throw e;
    }
  }
}

const TYPE_OF: Readonly<Record<string, readonly Value["type"][]>> = {
  int: ["int", "bool"],
  float: ["float"],
  bool: ["bool"],
  str: ["str"],
  list: ["list"],
  tuple: ["tuple"],
  dict: ["dict"],
  set: ["set"],
  range: ["range"],
  NoneType: ["none"],
  "torch.Tensor": ["tensor", "dynamic"],
};
/** The abstract classes of `collections.abc` and `typing`, and others of which no instance is made here. */
const ABSTRACT: Readonly<Record<string, readonly Value["type"][]>> = {
  Callable: ["function", "builtin", "partial", "method", "class"],
  Sequence: ["list", "tuple", "range", "str"],
  Iterable: ["list", "tuple", "range", "str", "dict", "set", "iterator", "tensor", "dynamic"],
  Iterator: ["iterator"],
  Generator: ["iterator"],
  Sized: ["list", "tuple", "range", "str", "dict", "set"],
  Collection: ["list", "tuple", "range", "str", "dict", "set"],
  Mapping: ["dict"],
  MutableMapping: ["dict"],
  Set: ["set"],
  List: ["list"],
  Dict: ["dict"],
  Tuple: ["tuple"],
  "torch.dtype": ["dtype"],
  Number: ["int", "float", "bool"],
  Integral: ["int", "bool"],
  Real: ["int", "float", "bool"],
  FunctionType: ["function"],
  LambdaType: ["function"],
  MethodType: ["method"],
  ModuleType: ["module"],
};

/** `isinstance(v, type)`. */
export function isInstance(v: Value, type: Value): boolean {
  if (type.type === "tuple") return type.items.some((t) => isInstance(v, t));
  if (type.type === "builtin") {
    if (v.type === "instance" && v.class.isScalar === true) return isInstance(v.attributes.get("value") ?? FALSE, type);
    if (type.name === "numpy.ndarray") return v.type === "tensor" && v.isNumpy === true;
    if (type.name === "torch.Tensor" && v.type === "tensor" && v.isNumpy === true) return false;
    if (type.name === "torch.device") return v.type === "device";
    if (type.name === "functools.partial") return v.type === "partial";
    return (TYPE_OF[type.name] ?? []).includes(v.type);
  }
  if (type.type !== "class") return type.type === "none" && v.type === "none";
  if (type.name === "object") return true;
  if (v.type === "instance") {
    const lines = ancestry(v.class);
    if (lines.includes(type)) return true;
    if (type.name === "Callable") return lines.some((c) => c.members.has("__call__"));
    return type.name === "Iterable" && lines.some((c) => c.members.has("__iter__"));
  }
  if (v.type === "tuple" && v.class !== undefined) return ancestry(v.class).includes(type) || type.name === "Sequence";
  if (type.name === "BlockMask") return v.type === "opaque" && v.what === "BlockMask";
  return type.nameSpan === null && (ABSTRACT[type.name] ?? []).includes(v.type);
}
