/** `object.name`, read and written, for every kind of object. */
import { DTYPE_BYTES, isFloat } from "../ir/ops.ts";
import { tensorAttribute, unsupportedAttribute } from "./builtins.ts";
import { derived } from "./pythonArithmetic.ts";
import { isOpaque, lookupAfter, lookupClass } from "./pythonClass.ts";
import { pythonMethod } from "./pythonMethods.ts";
import { nameTensor } from "./tensor.ts";
import type { At } from "./torchElement.ts";
import {
  bool,
  type Call,
  type Class,
  describe,
  FALSE,
  type Instance,
  int,
  NO_KWARGS,
  NONE,
  refuse,
  str,
  tuple,
  unknown,
  type Value,
} from "./value.ts";

/** @throws Refusal for an attribute that cannot exist */
export function getAttribute(at: At, object: Value, name: string): Value {
  const found = find(at, object, name);
  if (found?.type === "tensor") at.run.drawn ??= found.storage.drawn;
  if (found !== null) return found;
  return refuse("unknown-attribute", at.span, [object.type === "module" ? object.name : capital(describe(object)), name, ""]);
}

const capital = (s: string): string => s.charAt(0).toUpperCase() + s.slice(1);

/** The attribute, or null where there is none. */
export function find(at: At, object: Value, name: string): Value | null {
  switch (object.type) {
    case "unknown":
      return derived(object);
    case "opaque":
      return object.what === "super" ? noop(name) : unknown(`it is an attribute of a ${object.what}`);
    case "module":
      return object.get(name);
    case "tensor":
    case "dynamic":
      return tensorAttribute(at, object, name);
    case "instance":
      return instanceAttribute(at, object, name);
    case "class":
      return classAttribute(object, name);
    case "function":
      if (name === "__name__" || name === "__qualname__") return object.attributes.get("__name__") ?? str(object.name);
      if (name === "__wrapped__" || name === "fn") return object;
      return object.attributes.get(name) ?? (name === "__doc__" ? NONE : null);
    case "builtin":
      if (name === "__name__") return str(object.name.slice(object.name.lastIndexOf(".") + 1));
      return pythonMethod(object, name) ?? unsupportedAttribute(object, name);
    case "partial":
      if (name === "func") return object.callee;
      if (name === "args") return tuple(object.args);
      return null;
    case "method":
      if (name === "__self__") return object.self;
      return name === "__func__" ? object.callee : find(at, object.callee, name);
    case "dtype":
      if (name === "itemsize") return int(DTYPE_BYTES[object.dtype]);
      return name === "is_floating_point" ? bool(isFloat(object.dtype)) : null;
    case "device":
      if (name === "type") return str(object.name.split(":")[0] ?? "");
      return name === "index" ? (object.name.includes(":") ? int(Number(object.name.split(":")[1])) : NONE) : null;
    case "range":
      if (name === "start" || name === "stop" || name === "step") return int(object[name]);
      return pythonMethod(object, name);
    case "slice":
      if (name === "start") return object.lower;
      if (name === "stop") return object.upper;
      return name === "step" ? object.step : null;
    case "tuple": {
      const i = object.fields?.indexOf(name) ?? -1;
      return i >= 0 ? (object.items[i] ?? null) : pythonMethod(object, name);
    }
    default:
      return pythonMethod(object, name);
  }
}

const noop = (name: string): Value => ({ type: "builtin", name, call: () => NONE });

function instanceAttribute(at: At, object: Instance, name: string): Value | null {
  const owner = object.attributes.get("__super__");
  const self = object.attributes.get("__self__");
  if (owner?.type === "class" && self?.type === "instance") {
    const member = lookupAfter(self.class, owner, name);
    // A base that cannot be followed takes any call of its constructor.
    return member === null ? (isOpaque(self.class) || name === "__init__" ? noop(name) : null) : bind(at, member, self);
  }
  const own = object.attributes.get(name);
  if (own !== undefined) return own;
  const member = lookupClass(object.class, name);
  if (member !== null) return bind(at, member, object);
  if (name === "__class__") return object.class;
  if (name === "__dict__") {
    const entries = new Map([...object.attributes].map(([k, value]) => [`s${k}`, { key: str(k), value }] as const));
    return { type: "dict", entries };
  }
  if (!isOpaque(object.class)) return getattrHook(at, object, name);
  if (name === "register_buffer" || name === "register_parameter")
    return { type: "builtin", name, call: (call) => registerTensor(call, object) };
  return getattrHook(at, object, name) ?? unknown(`${object.class.name} inherits it from a class that is not at hand`);
}

/** `nn.Module.register_buffer(name, tensor)`: an attribute. */
function registerTensor(call: Call, object: Instance): Value {
  const [name, tensor = call.kwargs.get("tensor") ?? call.kwargs.get("param") ?? NONE] = call.args;
  if (name?.type === "str") setAttribute({ run: call.run, span: call.span }, object, name.value, tensor);
  return NONE;
}

function getattrHook(at: At, object: Instance, name: string): Value | null {
  const getattr = lookupClass(object.class, "__getattr__");
  return getattr === null ? null : at.run.call(getattr, [object, str(name)], NO_KWARGS, at.span);
}

/** What a class member is when read through an instance. */
function bind(at: At, member: Value, self: Instance): Value {
  if (member.type !== "function") return member;
  if (member.attributes.get("__property__") !== undefined) return at.run.call(member, [self], NO_KWARGS, at.span);
  if (member.attributes.get("__static__") !== undefined) return member;
  if (member.attributes.get("__classmethod__") !== undefined) return { type: "method", self: self.class, callee: member };
  return { type: "method", self, callee: member };
}

function classAttribute(object: Class, name: string): Value | null {
  const member = lookupClass(object, name);
  if (member !== null) {
    if (member.type === "function" && member.attributes.get("__classmethod__") !== undefined)
      return { type: "method", self: object, callee: member };
    return member;
  }
  if (name === "__name__" || name === "__qualname__") return str(object.name);
  if (name === "__init__" || name === "__init_subclass__") return noop(name);
  // `torch.autograd.Function`: what it computes is its `forward`.
  const forward = name === "apply" && isOpaque(object) ? lookupClass(object, "forward") : null;
  if (forward?.type === "function" && forward.params[0]?.name !== "ctx") return forward;
  return isOpaque(object) ? unknown(`${object.name} inherits it from a class that is not at hand`) : null;
}

/** `object.name = value`. @throws Refusal where that cannot be */
export function setAttribute(at: At, object: Value, name: string, value: Value): void {
  switch (object.type) {
    case "instance":
      if (value.type === "tensor") nameTensor(at.run, value, name);
      object.attributes.set(name, value);
      return;
    case "class":
      object.members.set(name, value);
      return;
    case "function":
      object.attributes.set(name, value);
      return;
    case "module":
    case "opaque":
    case "unknown":
    case "partial":
    case "builtin":
    case "method":
    case "tensor":
    case "dynamic":
      return;
    default:
      refuse("unknown-attribute", at.span, [capital(describe(object)), name, ""]);
  }
}

/** Whether `object` has `name`; unknown counts as not. */
export function hasAttribute(at: At, object: Value, name: string): Value {
  if (object.type === "unknown") return derived(object);
  const found = find(at, object, name);
  if (found === null) return FALSE;
  return found.type === "unknown" && object.type !== "instance" ? found : bool(found.type !== "unknown");
}
