/** `object[index]`, read, written and deleted, for every kind of object. */
import type { Span } from "../ir/mod.ts";
import { isFloat } from "../ir/ops.ts";
import { describe } from "./describe.ts";
import { asArray, isArray } from "./numpyArray.ts";
import { derived, resolve } from "./pythonArithmetic.ts";
import { lookupClass } from "./pythonClass.ts";
import { iterate, keyOf } from "./pythonOperators.ts";
import { itemOf, numel } from "./tensor.ts";
import type { At } from "./torchElement.ts";
import { getItem, setItem, sliceBounds } from "./torchIndex.ts";
import { type Class, int, list, NO_KWARGS, NONE, numberOf, refuse, str, tuple, type Unknown, unknown, type Value } from "./value.ts";

/** What `isinstance` is to know of `Union[a, b]`, `Optional[a]` and `Annotated[a, …]`: their classes. */
function special(object: Class, key: Value): Value {
  const parts = key.type === "tuple" ? key.items : [key];
  if (object.name === "Union") return tuple(parts);
  if (object.name === "Optional") return tuple([...parts, NONE]);
  return object.name === "Annotated" ? (parts[0] ?? object) : object;
}

/** `object[index]`; `indexSpan` is where the index stands. @throws Refusal */
export function getSubscript(at: At, target: Value, index: Value, indexSpan: Span): Value {
  if (target.type === "unknown") return subscriptUnknown(at, target, index, indexSpan);
  const object: Exclude<Value, Unknown> = target;
  const key = resolveIndex(at, index);
  if (key === null) return index.type === "unknown" ? derived(index) : unknown("its index is not known");
  switch (object.type) {
    case "tensor":
    case "dynamic":
      warnOfDynamo(at, key);
      if (isArray(object) && at.run.trace !== null && hasDynamic(key))
        at.run.warn("refused-by-create-block-mask", at.span, [at.run.text(at.span)]);
      return isArray(object) ? asArray(getItem(at, object, key)) : getItem(at, object, key);
    case "list":
    case "tuple":
    case "str":
    case "range": {
      const length = lengthOf(object);
      if (key.type === "slice") {
        const { start, count, step } = sliceBounds(at, key, length);
        at.run.step(at.span, 1 + count / 16);
        const places = Array.from({ length: count }, (_, i) => start + i * step);
        if (object.type === "str") return str(places.map((i) => object.value[i] ?? "").join(""));
        if (object.type === "range")
          return {
            type: "range",
            start: object.start + start * object.step,
            stop: object.start + (start + count * step) * object.step,
            step: object.step * step,
          };
        const items = places.map((i) => object.items[i] ?? NONE);
        return object.type === "list" ? list(items) : tuple(items);
      }
      const i = listIndex(at, key, length);
      if (object.type === "str") return str(object.value[i] ?? "");
      return object.type === "range" ? int(object.start + i * object.step) : (object.items[i] ?? NONE);
    }
    case "dict": {
      if (key.type === "dynamic") refuse("index-of-list", at.span, [at.run.text(at.span)]);
      const entry = object.entries.get(keyOf(at, key));
      if (entry !== undefined) return entry.value;
      if (object.missing !== undefined) {
        const value = at.run.call(object.missing, [], NO_KWARGS, at.span);
        object.entries.set(keyOf(at, key), { key, value });
        return value;
      }
      return object.absent ?? refuse("index-out-of-range", at.span, [at.run.text(at.span), "the dict has no such key"]);
    }
    case "instance": {
      const method = lookupClass(object.class, "__getitem__");
      if (method !== null) return at.run.call(method, [object, key], NO_KWARGS, at.span);
      break;
    }
    // `list[int]`, `Optional[Tensor]`, `Class[T]`: types say nothing here; but `Enum["NAME"]`.
    case "class":
      if (object.enumMembers !== undefined && key.type === "str") {
        return (
          object.enumMembers.get(key.value) ?? refuse("index-out-of-range", at.span, [at.run.text(at.span), "there is no such member"])
        );
      }
      return object.nameSpan === null ? special(object, key) : object;
    case "builtin":
      return object;
    case "opaque":
      return object.item?.() ?? object;
    default:
      break;
  }
  return refuse("operand-types", at.span, [at.run.text(at.span), `${describe(object)} cannot be indexed`]);
}

function resolveIndex(at: At, index: Value): Value | null {
  if (index.type === "tuple") {
    const items = index.items.map((i) => resolve(at.run, i, { kind: "scalar" }, at.span));
    return items.some((i) => i.type === "unknown") ? null : tuple(items);
  }
  const key = resolve(at.run, index, { kind: "scalar" }, at.span);
  return key.type === "unknown" ? null : key;
}

/** An unknown that is indexed: the front door may supply a tensor of as many dimensions as there are indices. */
function subscriptUnknown(at: At, object: Unknown, index: Value, indexSpan: Span): Value {
  // An entry of a table that is not at hand has its key's name.
  if (index.type === "str") return { ...derived(object), name: index.value };
  if (at.run.trace === null) return derived(object);
  const items = index.type === "tuple" ? index.items : [index];
  const indices = items.map((i) => (i.type === "dynamic" ? (i.elements?.[0] ?? null) : null));
  const made = resolve(at.run, object, { kind: "index", indices }, at.span);
  return getSubscript(at, made, index, indexSpan);
}

/** What create_block_mask takes and torch.compile does not: None, `...` and slices beside an index of the mod. */
function warnOfDynamo(at: At, key: Value): void {
  if (at.run.trace === null || key.type !== "tuple" || !key.items.some((i) => i.type === "dynamic")) return;
  if (key.items.some((i) => i.type === "none" || i.type === "ellipsis" || i.type === "slice")) {
    at.run.warn("refused-by-flex-attention", at.span, [at.run.text(at.span)]);
  }
}

/** Whether an index of the mod is in `key`: NumPy's arrays take none. */
const hasDynamic = (key: Value): boolean => key.type === "dynamic" || (key.type === "tuple" && key.items.some((i) => i.type === "dynamic"));

/** A position in a sequence of `length`. @throws Refusal */
function listIndex(at: At, key: Value, length: number): number {
  if (key.type === "dynamic") refuse("index-of-list", at.span, [at.run.text(at.span)]);
  const whole =
    key.type === "int" || key.type === "bool"
      ? numberOf(key)
      : key.type === "tensor" && numel(key.shape) === 1 && !isFloat(key.dtype)
        ? itemOf(key)
        : null;
  if (whole === null) refuse("operand-types", at.span, [at.run.text(at.span), `a sequence is indexed by an int, not ${describe(key)}`]);
  const i = whole < 0 ? whole + length : whole;
  if (i < 0 || i >= length) refuse("index-out-of-range", at.span, [at.run.text(at.span), `index ${whole} in a sequence of ${length}`]);
  return i;
}

/** `len(v)` of what has one. */
export function lengthOf(v: Extract<Value, { type: "list" | "tuple" | "str" | "range" | "dict" | "set" }>): number {
  switch (v.type) {
    case "str":
      return v.value.length;
    case "list":
    case "tuple":
      return v.items.length;
    case "dict":
    case "set":
      return v.entries.size;
    case "range":
      return Math.max(0, Math.ceil((v.stop - v.start) / v.step));
  }
}

/** `object[index] = value`. @throws Refusal */
export function setSubscript(at: At, object: Value, index: Value, value: Value): void {
  const key = index.type === "unknown" ? null : index;
  if (object.type === "unknown" || key === null) return;
  switch (object.type) {
    case "tensor":
    case "dynamic":
      if (value.type === "unknown") {
        refuse("unknown-value", at.span, [at.run.text(at.span), value.cause]);
      }
      setItem(at, object, key, value.type === "list" ? list([...value.items]) : value);
      return;
    case "list":
      if (key.type === "slice") {
        const { start, count, step } = sliceBounds(at, key, object.items.length);
        const fresh = [...iterate(at, value)];
        if (step === 1) object.items.splice(start, count, ...fresh);
        else
          fresh.forEach((v, i) => {
            object.items[start + i * step] = v;
          });
        return;
      }
      object.items[listIndex(at, key, object.items.length)] = value;
      return;
    case "dict":
      if (key.type === "dynamic") refuse("index-of-list", at.span, [at.run.text(at.span)]);
      if (value.type === "tensor" && key.type === "str") value.storage.name ??= key.value;
      object.entries.set(keyOf(at, key), { key, value });
      return;
    case "instance": {
      const method = lookupClass(object.class, "__setitem__");
      if (method !== null) {
        at.run.call(method, [object, key, value], NO_KWARGS, at.span);
        return;
      }
      break;
    }
    default:
      break;
  }
  refuse("operand-types", at.span, [at.run.text(at.span), `${describe(object)} takes no assignment by index`]);
}

/** `del object[index]`. */
export function deleteSubscript(at: At, object: Value, index: Value): void {
  if (object.type === "dict") {
    if (!object.entries.delete(keyOf(at, index))) refuse("index-out-of-range", at.span, [at.run.text(at.span), "the dict has no such key"]);
  } else if (object.type === "list" && index.type === "slice") {
    const { start, count, step } = sliceBounds(at, index, object.items.length);
    const gone = new Set(Array.from({ length: count }, (_, i) => start + i * step));
    object.items.splice(0, object.items.length, ...object.items.filter((_, i) => !gone.has(i)));
  } else if (object.type === "list") object.items.splice(listIndex(at, index, object.items.length), 1);
  else if (object.type === "instance") {
    const method = lookupClass(object.class, "__delitem__");
    if (method !== null) at.run.call(method, [object, index], NO_KWARGS, at.span);
  }
}
