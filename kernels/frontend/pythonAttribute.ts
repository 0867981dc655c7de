/** `object.name`, read and written, for every kind of object. */
import { DTYPE_BYTES, isFloat, TORCH_NAMES } from "../ir/ops.ts";
import { supportedNames, unsupportedAttribute } from "./builtins.ts";
import { describe } from "./describe.ts";
import type { Fix } from "./diagnostic.ts";
import { replace } from "./fix.ts";
import { newInstance } from "./instantiate.ts";
import { nearest } from "./nearest.ts";
import { derived } from "./pythonArithmetic.ts";
import { ancestry, isOpaque, lookupAfter, lookupClass } from "./pythonClass.ts";
import { pythonMethod } from "./pythonMethods.ts";
import { iterate } from "./pythonOperators.ts";
import { nameTensor } from "./tensor.ts";
import { tensorAttribute } from "./tensorAttribute.ts";
import type { At } from "./torchElement.ts";
import {
  type Builtin,
  bool,
  type Class,
  FALSE,
  type FunctionValue,
  type Instance,
  int,
  NO_KWARGS,
  NONE,
  type Run,
  refuse,
  str,
  TRUE,
  tuple,
  unknown,
  type Value,
} from "./value.ts";

/** @throws Refusal for an attribute that cannot exist */
export function getAttribute(at: At, object: Value, name: string): Value {
  const found = find(at, object, name);
  if (found?.type === "tensor") at.run.drawn ??= found.storage.drawn;
  if (found !== null) return found;
  const { way, fix } = meant(at, object, name);
  return refuse("unknown-attribute", at.span, [object.type === "module" ? object.name : capital(describe(object)), name, way], fix);
}

/** The attribute that `object.name` was to be, in words and as a fix; neither where none is near. */
function meant({ run, span }: At, object: Value, name: string): { readonly way: string; readonly fix: Fix | null } {
  const written = run.text(span);
  const known = written.endsWith(`.${name}`) ? nearest(name, attributesOf(object)) : null;
  if (known === null) return { way: "", fix: null };
  const from = span.to - name.length;
  return {
    way: `write \`${written.slice(0, -name.length)}${known}\`, if that is meant`,
    fix: replace({ span: { ...span, from } }, known).fix,
  };
}

/** What an instance has of its own and from its classes; what Flexlens has of a tensor or of a module. */
function attributesOf(object: Value): readonly string[] {
  switch (object.type) {
    case "instance":
      return [...object.attributes.keys(), ...ancestry(object.class).flatMap((c) => [...c.members.keys()])];
    case "tensor":
    case "dynamic":
      return namesOf("Tensor");
    case "module":
      return object.names?.() ?? namesOf(object.name);
    default:
      return [];
  }
}

const namesOf = (module: string): readonly string[] => supportedNames().flatMap((n) => (n.module === module ? [n.name] : []));

const capital = (s: string): string => s.charAt(0).toUpperCase() + s.slice(1);

/** The attribute, or null where there is none. */
export function find(at: At, object: Value, name: string): Value | null {
  switch (object.type) {
    case "unknown":
      return derived(object);
    case "opaque":
      return object.what === "super"
        ? noop(name)
        : (object.attributes?.get(name) ?? unknown(`it is an attribute of ${/^[aeiou]/.test(object.what) ? "an" : "a"} ${object.what}`));
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
      return functionAttribute(object, name);
    case "builtin":
      if (name === "__name__" || name === "__qualname__") return str(object.name.slice(object.name.lastIndexOf(".") + 1));
      return object.attributes?.get(name) ?? unboundMethod(object, name) ?? unsupportedAttribute(object, name);
    case "partial":
      if (name === "func") return object.callee;
      if (name === "keywords") return dictOf(object.kwargs);
      return name === "args" ? tuple(object.args) : null;
    case "method":
      if (name === "__self__") return object.self;
      return name === "__func__" ? object.callee : find(at, object.callee, name);
    case "dtype":
      if (name === "itemsize") return int(DTYPE_BYTES[object.dtype]);
      if (name === "name") return str(TORCH_NAMES[object.dtype]);
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
      if (i >= 0) return object.items[i] ?? null;
      const member = object.class === undefined ? null : lookupClass(object.class, name);
      if (member !== null) return bind(at, member, object, object.class);
      return name === "__class__" ? (object.class ?? null) : pythonMethod(object, name);
    }
    default:
      return pythonMethod(object, name);
  }
}

const noop = (name: string): Value => ({ type: "builtin", name, call: () => NONE });

const dictOf = (names: ReadonlyMap<string, Value>): Value => ({
  type: "dict",
  entries: new Map([...names].map(([k, value]) => [`s${k}`, { key: str(k), value }] as const)),
});

function functionAttribute(object: FunctionValue, name: string): Value | null {
  if (name === "__name__" || name === "__qualname__") return object.attributes.get("__name__") ?? str(object.name);
  if (name === "__wrapped__" || name === "fn") return object.attributes.get("__wrapped__") ?? object;
  // `@p.setter`: the getter itself, which knows its setter from now on.
  if ((name === "setter" || name === "getter" || name === "deleter") && object.attributes.has("__property__")) {
    return {
      type: "builtin",
      name,
      call: ({ args }) => {
        const [f] = args;
        if (f !== undefined) object.attributes.set(`__${name}__`, f);
        return object;
      },
    };
  }
  if (name === "cache_clear") return noop(name);
  return object.attributes.get(name) ?? (name === "__doc__" || name === "__module__" ? NONE : null);
}

const CONTAINERS: ReadonlySet<string> = new Set(["str", "list", "dict", "set", "tuple", "int", "float", "bool"]);

/** `str.lower`, `dict.get`: a function of the object and the method's arguments. */
function unboundMethod(object: Builtin, name: string): Value | null {
  if (!CONTAINERS.has(object.name) || name.startsWith("__")) return null;
  return {
    type: "builtin",
    name: `${object.name}.${name}`,
    call: (call) => {
      const [self, ...args] = call.args;
      const method = self === undefined ? null : pythonMethod(self, name);
      if (method === null) return refuse("unknown-attribute", call.span, [object.name, name, ""]);
      return call.run.call(method, args, call.kwargs, call.span);
    },
  };
}

function instanceAttribute(at: At, object: Instance, name: string): Value | null {
  const owner = object.attributes.get("__super__");
  const self = object.attributes.get("__self__");
  if (owner?.type === "class" && self !== undefined) return superAttribute(at, owner, self, name);
  const own = object.attributes.get(name);
  if (own !== undefined) return own;
  const member = lookupClass(object.class, name);
  if (member !== null) {
    const value = bind(at, member, object);
    if (member.type === "function" && member.attributes.has("__cached__")) object.attributes.set(name, value);
    return value;
  }
  if (name === "__class__") return object.class;
  if (name === "__dict__")
    return dictOf(new Map([...object.attributes].filter(([k]) => k !== "args" || object.class.isException === true)));
  const hooked = getattrHook(at, object, name);
  if (hooked !== null) return hooked;
  const standing = object.class.isScalar === true ? object.attributes.get("value") : undefined;
  if (standing !== undefined) return pythonMethod(standing, name);
  if (!isOpaque(object.class)) return objectMethod(name, object);
  return moduleMethod(name, object) ?? unknown(`${object.class.name} inherits it from a class that is not at hand`);
}

/** `super().name`: what the classes after the method's own give to `self`, an instance or the class itself. */
function superAttribute(at: At, owner: Class, self: Value, name: string): Value | null {
  const cls = self.type === "instance" ? self.class : self.type === "class" ? self : null;
  const member = cls === null ? null : lookupAfter(cls, owner, name);
  if (cls === null) return noop(name);
  if (member !== null) return name === "__new__" ? member : bind(at, member, self, cls);
  if (name === "__init__" && cls.isException === true && self.type === "instance") {
    return {
      type: "builtin",
      name,
      call: ({ args }) => {
        self.attributes.set("args", tuple(args));
        return NONE;
      },
    };
  }
  const inherited = objectMethod(name, self);
  if (inherited !== null) return inherited;
  if (self.type === "instance" && isOpaque(cls)) return moduleMethod(name, self) ?? noop(name);
  // A base that cannot be followed takes any call of its constructor.
  return isOpaque(cls) ? noop(name) : null;
}

/** What `object` gives to all, bound to `self`. */
function objectMethod(name: string, self: Value): Value | null {
  switch (name) {
    case "__init__":
    case "__init_subclass__":
    case "__post_init__":
      return noop(name);
    case "__new__":
      return { type: "builtin", name, call: ({ args }) => (args[0]?.type === "class" ? newInstance(args[0]) : self) };
    case "__setattr__":
      return {
        type: "builtin",
        name,
        call: ({ args: [key, value], run }) => {
          if (self.type === "instance" && key?.type === "str" && value !== undefined) setOwn(run, self, key.value, value);
          return NONE;
        },
      };
    case "__getattribute__":
      return {
        type: "builtin",
        name,
        call: ({ args: [key], run, span }) => getAttribute({ run, span }, self, key?.type === "str" ? key.value : ""),
      };
    default:
      return null;
  }
}

/** `torch.nn.Module`'s methods that change nothing of what is computed, and `register_buffer(name, tensor)`: an attribute. */
function moduleMethod(name: string, self: Instance): Value | null {
  if (name === "register_buffer" || name === "register_parameter" || name === "register_module" || name === "add_module") {
    return {
      type: "builtin",
      name,
      call: ({ args: [key, given], kwargs, run }) => {
        const value = given ?? kwargs.get("tensor") ?? kwargs.get("param") ?? kwargs.get("module") ?? NONE;
        if (key?.type === "str") setOwn(run, self, key.value, value);
        return NONE;
      },
    };
  }
  if (name === "training") return TRUE;
  const isFluent = ["eval", "train", "to", "cuda", "cpu", "requires_grad_", "half", "float", "bfloat16", "double"].includes(name);
  if (!isFluent) return null;
  return {
    type: "builtin",
    name,
    call: ({ args: [mode], run }) => {
      if (name === "eval" || name === "train") setOwn(run, self, "training", name === "eval" ? FALSE : (mode ?? TRUE));
      return self;
    },
  };
}

function getattrHook(at: At, object: Instance, name: string): Value | null {
  const getattr = name.startsWith("__") ? null : lookupClass(object.class, "__getattr__");
  return getattr === null ? null : at.run.call(getattr, [object, str(name)], NO_KWARGS, at.span);
}

/** What a class member is when read through an instance; `cls` where it is read through something else of that class. */
function bind(at: At, member: Value, self: Value, cls: Value = self.type === "instance" ? self.class : self): Value {
  if (member.type === "builtin" && FLAG_METHOD.test(member.name)) return { type: "method", self, callee: member };
  if (member.type === "instance") {
    const get = lookupClass(member.class, "__get__");
    return get === null ? member : at.run.call(get, [member, self, cls], NO_KWARGS, at.span);
  }
  if (member.type !== "function") return member;
  if (member.attributes.get("__property__") !== undefined) return at.run.call(member, [self], NO_KWARGS, at.span);
  if (member.attributes.get("__static__") !== undefined) return member;
  if (member.attributes.get("__classmethod__") !== undefined) return { type: "method", self: cls, callee: member };
  return { type: "method", self, callee: member };
}

/** Builtins that are methods: those of enumerations. */
const FLAG_METHOD = /^__\w+__$/;

function classAttribute(object: Class, name: string): Value | null {
  const member = lookupClass(object, name);
  if (name === "__dict__" || name === "__annotations__") return member ?? dictOf(object.members);
  if (name === "__members__" && object.enumMembers !== undefined) return dictOf(object.enumMembers);
  if (name === "__mro__") return tuple(ancestry(object));
  if (member !== null) {
    if (member.type === "function" && member.attributes.get("__classmethod__") !== undefined)
      return { type: "method", self: object, callee: member };
    return member;
  }
  if (name === "__name__" || name === "__qualname__") return str(object.name);
  if (name === "__doc__" || name === "__module__") return NONE;
  if (name === "__setattr__" || name === "__getattribute__") {
    return {
      type: "builtin",
      name,
      call: (call) => {
        const [self, ...args] = call.args;
        const method = self === undefined ? null : objectMethod(name, self);
        return method === null ? NONE : call.run.call(method, args, call.kwargs, call.span);
      },
    };
  }
  if (name === "__init__" || name === "__init_subclass__") return noop(name);
  if (name === "__new__") return objectMethod(name, object);
  if (object.record === "tuple" && name === "_make") {
    return {
      type: "builtin",
      name,
      call: (call) => call.run.call(object, [...iterate({ run: call.run, span: call.span }, call.args[0] ?? NONE)], NO_KWARGS, call.span),
    };
  }
  // `torch.autograd.Function`: what it computes is its `forward`.
  const forward = name === "apply" && isOpaque(object) ? lookupClass(object, "forward") : null;
  if (forward?.type === "function" && forward.params[0]?.name !== "ctx") return forward;
  return isOpaque(object) ? unknown(`${object.name} inherits it from a class that is not at hand`) : null;
}

/** Sets an attribute of the instance itself, whatever its class says. */
function setOwn(run: Run, object: Instance, name: string, value: Value): void {
  if (value.type === "tensor") nameTensor(run, value, name);
  object.attributes.set(name, value);
}

/** `object.name = value`. @throws Refusal where that cannot be */
export function setAttribute(at: At, object: Value, name: string, value: Value): void {
  switch (object.type) {
    case "instance": {
      const member = lookupClass(object.class, name);
      if (member?.type === "function" && member.attributes.has("__property__") && !member.attributes.has("__cached__")) {
        const setter = member.attributes.get("__setter__");
        if (setter === undefined) refuse("unknown-attribute", at.span, [capital(describe(object)), name, ""]);
        at.run.call(setter, [object, value], NO_KWARGS, at.span);
        return;
      }
      const hook = lookupClass(object.class, "__setattr__");
      if (hook !== null) {
        at.run.call(hook, [object, str(name), value], NO_KWARGS, at.span);
        return;
      }
      if (object.class.isFrozen === true && object.class.fields?.some((f) => f.name === name) === true)
        refuse("operand-types", at.span, [at.run.text(at.span), `${object.class.name} is frozen`]);
      setOwn(at.run, object, name, value);
      return;
    }
    case "class":
      object.members.set(name, value);
      return;
    case "function":
      object.attributes.set(name, value);
      return;
    case "opaque":
      object.attributes?.set(name, value);
      return;
    case "module":
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
