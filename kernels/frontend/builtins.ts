/**
 * The one table of what the evaluator knows of PyTorch: functions of `torch`, of `torch.nn.functional`, of the
 * FlexAttention module, and tensor methods. README's list of what is supported is made from `supportedNames`.
 */
import type { DType } from "../ir/ops.ts";
import { diagnose } from "./diagnostic.ts";
import { warnOfNumpy } from "./evaluateFix.ts";
import { derived } from "./pythonArithmetic.ts";
import { NUMPY_FILES, TORCH_LOAD } from "./pythonFiles.ts";
import { mathTable } from "./pythonMath.ts";
import { ACTIVATIONS } from "./torchActivation.ts";
import { AGGREGATE } from "./torchAggregate.ts";
import { type Entry, entry, invoke, type Table } from "./torchArguments.ts";
import { CHOICE } from "./torchChoice.ts";
import { CREATE } from "./torchCreate.ts";
import { type At, cast, type TensorLike } from "./torchElement.ts";
import { FLEX } from "./torchFlex.ts";
import { storeInPlace } from "./torchInPlace.ts";
import { JOIN } from "./torchJoin.ts";
import { ELEMENT } from "./torchMath.ts";
import { SELECT } from "./torchSelect.ts";
import { SHAPE } from "./torchShape.ts";
import {
  type Builtin,
  bool,
  type Call,
  type Class,
  FALSE,
  float,
  int,
  isTensor,
  NONE,
  refuse,
  str,
  tuple,
  unknown,
  type Value,
} from "./value.ts";

const TABLES: readonly Table[] = [ELEMENT, CHOICE, SHAPE, JOIN, SELECT, AGGREGATE, CREATE];
const FUNCTIONS: Readonly<Record<string, Entry>> = Object.assign({}, ...TABLES.map((t) => ({ ...t.both, ...t.functions })));
const METHODS: Readonly<Record<string, Entry>> = Object.assign({}, ...TABLES.map((t) => ({ ...t.both, ...t.methods })));

const builtin = (name: string, e: Entry): Builtin => ({ type: "builtin", name, call: (call) => invoke(e, call) });

/** torch.nn.functional.pad in the last dimensions, and the activations. */
const FUNCTIONAL: Readonly<Record<string, Entry>> = {
  ...ACTIVATIONS,
  one_hot: entry("input num_classes?", (a) => {
    const x = a.tensor("input");
    const n = a.int("num_classes", -1);
    if (n < 0) refuse("unsupported-function", a.at.span, [a.call.name, "give `num_classes`"]);
    const classes = invokeTorch("arange", a.at, [int(n)]);
    const column = invokeMethod("unsqueeze", a.at, x, [int(-1)]);
    return cast(a.at, asTensor(invokeTorch("eq", a.at, [column, classes])), "i64");
  }),
  pad: entry("input pad mode? value?", (a) => {
    let x: Value = a.tensor("input");
    const sizes = a.ints("pad") ?? [];
    const fill = a.value("value").type === "none" ? float(0) : a.value("value");
    for (let i = 0; i * 2 < sizes.length; i++) {
      const t = asTensor(x);
      const axis = t.shape.length - 1 - i;
      const part = (n: number) => invokeMethod("new_full", a.at, t, [tuple(t.shape.map((s, d) => int(d === axis ? n : s))), fill]);
      const [before = 0, after = 0] = sizes.slice(i * 2, i * 2 + 2);
      const crop = invokeMethod("narrow", a.at, t, [
        int(axis),
        int(Math.max(0, -before)),
        int((t.shape[axis] ?? 0) + Math.min(0, before) + Math.min(0, after)),
      ]);
      const parts = [...(before > 0 ? [part(before)] : []), crop, ...(after > 0 ? [part(after)] : [])];
      x = invokeTorch("cat", a.at, [tuple(parts), int(axis)]);
    }
    return x;
  }),
};

function asTensor(v: Value): TensorLike {
  if (!isTensor(v)) throw new Error("a torch function gave no tensor");
  return v;
}
function invokeTorch(name: string, at: At, args: readonly Value[]): Value {
  return invokeEntry(FUNCTIONS[name], `torch.${name}`, at, args);
}
function invokeMethod(name: string, at: At, self: Value, args: readonly Value[]): Value {
  return invokeEntry(METHODS[name], name, at, [self, ...args]);
}
function invokeEntry(e: Entry | undefined, name: string, at: At, args: readonly Value[]): Value {
  if (e === undefined) throw new Error(`no ${name}`);
  return invoke(e, { run: at.run, name, args, kwargs: new Map(), span: at.span, node: null });
}

const DTYPES: Readonly<Record<string, DType>> = {
  bool: "bool",
  uint8: "u8",
  int8: "i8",
  int16: "i16",
  short: "i16",
  int32: "i32",
  int: "i32",
  int64: "i64",
  long: "i64",
  float16: "f16",
  half: "f16",
  bfloat16: "bf16",
  float32: "f32",
  float: "f32",
  float64: "f64",
  double: "f64",
};

/** Takes anything, and gives its first argument (a decorator, a wrapper) or None. */
const transparent = (name: string): Builtin => ({
  type: "builtin",
  name,
  call: ({ args }) => (args[0] === undefined ? { type: "builtin", name, call: (inner) => inner.args[0] ?? NONE } : args[0]),
});
const ignored = (name: string): Builtin => ({ type: "builtin", name, call: () => NONE });
const undetermined = (name: string): Builtin => ({
  type: "builtin",
  name,
  call: () => unknown(`\`${name}()\` depends on the machine`),
});
const torchClass = (name: string): Class => ({
  type: "class",
  name,
  bases: [],
  members: new Map(),
  nameSpan: null,
  fields: null,
  opaque: true,
});
const TENSOR_CLASS: Builtin = {
  type: "builtin",
  name: "torch.Tensor",
  call: (call) => invoke(FUNCTIONS["Tensor"] ?? entry("", () => NONE), call),
};
const MODULE_CLASS = torchClass("torch.nn.Module");

const TORCH_VALUES: Readonly<Record<string, Value>> = {
  inf: float(Number.POSITIVE_INFINITY),
  nan: float(Number.NaN),
  pi: float(Math.PI),
  e: float(Math.E),
  Tensor: TENSOR_CLASS,
  BoolTensor: builtin("torch.BoolTensor", FUNCTIONS["BoolTensor"] ?? entry("", () => NONE)),
  dtype: torchClass("torch.dtype"),
  device: {
    type: "builtin",
    name: "torch.device",
    call: ({ args }) => ({ type: "device", name: args[0]?.type === "str" ? args[0].value : "cpu" }),
  },
  compile: transparent("torch.compile"),
  load: TORCH_LOAD,
  no_grad: transparent("torch.no_grad"),
  inference_mode: transparent("torch.inference_mode"),
  manual_seed: ignored("torch.manual_seed"),
  set_default_device: ignored("torch.set_default_device"),
  set_float32_matmul_precision: ignored("torch.set_float32_matmul_precision"),
  set_printoptions: ignored("torch.set_printoptions"),
  __version__: str("2.13.0"),
};

/** Names that PyTorch does not have, and people write. */
const MISSING = new Set(["inf_like", "neg_inf", "min_like", "max_like"]);

/** `torch`. */
export const TORCH: Value = {
  type: "module",
  name: "torch",
  get: (name) => {
    if (MISSING.has(name)) return null;
    const value = Object.hasOwn(TORCH_VALUES, name) ? TORCH_VALUES[name] : undefined;
    if (value !== undefined) return value;
    const dtype = Object.hasOwn(DTYPES, name) ? DTYPES[name] : undefined;
    if (dtype !== undefined) return { type: "dtype", dtype };
    const e = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (e !== undefined) return builtin(`torch.${name}`, e);
    return torchModule(`torch.${name}`) ?? unsupported(`torch.${name}`);
  },
};

/** A name of PyTorch that the table lacks: a fault where a mod calls it, silent elsewhere. */
function unsupported(name: string): Value {
  const value = unsupportedBuiltin(name);
  UNSUPPORTED.add(value);
  return value;
}

const UNSUPPORTED = new WeakSet<Value>();

/** An attribute of what the table lacks (`torch.fft.fft`): lacking too. null for another value. */
export const unsupportedAttribute = (object: Builtin, name: string): Value | null =>
  UNSUPPORTED.has(object) ? unsupported(`${object.name}.${name}`) : null;

function unsupportedBuiltin(name: string): Builtin {
  const what = unknown(`\`${name}\` is not among the functions that Flexlens can compile`);
  return {
    type: "builtin",
    name,
    call: ({ run, span }) => {
      const fault = diagnose("unsupported-function", span, [name, ""]);
      return run.trace === null ? unknown(what.cause, { fault }) : refuse("unsupported-function", span, [name, ""]);
    },
  };
}

const table = (prefix: string, entries: Readonly<Record<string, Entry>>, more: Readonly<Record<string, Value>> = {}): Value => ({
  type: "module",
  name: prefix,
  get: (name) => {
    const e = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (e !== undefined) return builtin(`${prefix}.${name}`, e);
    return (Object.hasOwn(more, name) ? more[name] : undefined) ?? torchModule(`${prefix}.${name}`) ?? unsupported(`${prefix}.${name}`);
  },
});

const MODULES: Readonly<Record<string, () => Value>> = {
  torch: () => TORCH,
  "torch.nn": () =>
    table(
      "torch.nn",
      {},
      {
        Module: MODULE_CLASS,
        Parameter: transparent("torch.nn.Parameter"),
        Buffer: transparent("torch.nn.Buffer"),
      },
    ),
  "torch.nn.functional": () => table("torch.nn.functional", FUNCTIONAL),
  "torch.nn.attention": () => table("torch.nn.attention", {}),
  "torch.nn.attention.flex_attention": () => table("torch.nn.attention.flex_attention", {}, FLEX),
  "torch.special": () => table("torch.special", { expit: FUNCTIONS["sigmoid"] ?? entry("", () => NONE), ...ELEMENT.both }),
  "torch.linalg": () => table("torch.linalg", { vecdot: FUNCTIONS["dot"] ?? entry("", () => NONE) }),
  "torch.cuda": () =>
    table("torch.cuda", {}, { is_available: undetermined("torch.cuda.is_available"), synchronize: ignored("synchronize") }),
  "torch.backends": () => unknown("it depends on the machine"),
  "torch.compiler": () => table("torch.compiler", {}, { disable: transparent("torch.compiler.disable") }),
  "torch.jit": () => table("torch.jit", {}, { script: transparent("torch.jit.script"), ignore: transparent("torch.jit.ignore") }),
  "torch._dynamo": () => unknown("it is internal to PyTorch"),
  numpy: () => NUMPY,
};

/** numpy, as far as it makes index tables: torch's functions under numpy's names, with f64 for floats. */
const NUMPY: Value = {
  type: "module",
  name: "numpy",
  get: (name) => {
    const scalar = Object.hasOwn(mathTable.numpy, name) ? mathTable.numpy[name] : undefined;
    if (scalar !== undefined)
      return { type: "builtin", name: `numpy.${name}`, call: (call) => warned(call, scalar(call, { run: call.run, span: call.span })) };
    const constant = Object.hasOwn(mathTable.values, name) ? mathTable.values[name] : undefined;
    if (constant !== undefined) return constant;
    if (name === "newaxis") return NONE;
    const dtype = DTYPES[name.replace(/_$/, "")];
    if (dtype !== undefined) return { type: "dtype", dtype: name === "int" ? "i64" : name === "float" ? "f64" : dtype };
    const reader = Object.hasOwn(NUMPY_FILES, name) ? NUMPY_FILES[name] : undefined;
    if (reader !== undefined) return reader;
    const torchName = NUMPY_NAMES[name];
    const e = torchName === undefined ? undefined : FUNCTIONS[torchName];
    if (e === undefined) return unsupported(`numpy.${name}`);
    return {
      type: "builtin",
      name: `numpy.${name}`,
      call: (call) => {
        const made = warned(call, invoke(e, call));
        const widens = isTensor(made) && made.dtype === "f32" && !call.kwargs.has("dtype") && NUMPY_MAKERS.has(name);
        // Made again at numpy's own precision, rather than widened from f32.
        return widens ? invoke(e, { ...call, kwargs: new Map([...call.kwargs, ["dtype", { type: "dtype", dtype: "f64" }]]) }) : made;
      },
    };
  },
};

/** `value`, with a warning where a function of NumPy is given a tensor of the mod. */
function warned(call: Call, value: Value): Value {
  if (call.run.trace !== null && call.args.some((a) => a.type === "dynamic")) warnOfNumpy(call);
  return value;
}

const NUMPY_MAKERS = new Set(["array", "asarray", "arange", "zeros", "ones", "full", "linspace", "eye"]);
const NUMPY_NAMES: Readonly<Record<string, string>> = {
  array: "tensor",
  asarray: "as_tensor",
  concatenate: "cat",
  repeat: "repeat_interleave",
  ...Object.fromEntries(
    [
      "arange",
      "zeros",
      "ones",
      "full",
      "linspace",
      "eye",
      "where",
      "cumsum",
      "sum",
      "abs",
      "maximum",
      "minimum",
      "stack",
      "tile",
      "unique",
      "diff",
      "sort",
      "argsort",
      "zeros_like",
      "ones_like",
      "full_like",
      "meshgrid",
      "tril",
      "triu",
      "bincount",
      "clip",
      "floor_divide",
      "isin",
      "searchsorted",
      "max",
      "min",
      "any",
      "all",
      "nonzero",
      "logical_and",
      "logical_or",
      "logical_not",
    ].map((n) => [n, n]),
  ),
};

/** A module of PyTorch by its dotted name, or null. */
export function torchModule(name: string): Value | null {
  const make = Object.hasOwn(MODULES, name) ? MODULES[name] : undefined;
  return make === undefined ? null : make();
}

/** `tensor.name`, or null where there is no such attribute. */
export function tensorAttribute(at: At, x: TensorLike, name: string): Value | null {
  switch (name) {
    case "dtype":
      return { type: "dtype", dtype: x.dtype };
    case "device":
      return { type: "device", name: "cpu" };
    case "shape":
      return tuple(x.shape.map(int));
    case "ndim":
      return int(x.shape.length);
    case "T":
    case "mT":
      return x.shape.length < 2 ? x : invokeMethod("transpose", at, x, [int(-1), int(-2)]);
    case "data":
    case "real":
      return x;
    case "grad":
    case "grad_fn":
      return NONE;
    case "is_cuda":
    case "is_sparse":
    case "requires_grad":
      return FALSE;
    case "itemsize":
      return invokeMethod("element_size", at, x, []);
    case "nbytes":
      return unknown("it depends on the layout");
    case "is_cpu":
      return bool(true);
  }
  const e = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (e !== undefined) return method(name, x, e);
  if (!name.endsWith("_") || name.startsWith("_")) return null;
  // `x.clamp_(0)`: computed, then stored in place.
  const plain = Object.hasOwn(METHODS, name.slice(0, -1)) ? METHODS[name.slice(0, -1)] : IN_PLACE[name];
  return plain === undefined ? null : method(name, x, plain, (result) => storeInPlace(at, x, asTensor(result)));
}

const IN_PLACE: Readonly<Record<string, Entry>> = {
  fill_: entry("input value", (a) => invokeTorch("full_like", a.at, [a.tensor("input"), a.value("value")])),
  zero_: entry("input", (a) => invokeTorch("zeros_like", a.at, [a.tensor("input")])),
  copy_: entry("input src", (a) => a.tensor("src")),
  normal_: entry("input mean? std?", (a) => invokeTorch("randn_like", a.at, [a.tensor("input")])),
  uniform_: entry("input from? to?", (a) => invokeTorch("rand_like", a.at, [a.tensor("input")])),
};

function method(name: string, self: TensorLike, e: Entry, after: (v: Value) => Value = (v) => v): Builtin {
  return {
    type: "builtin",
    name,
    call: (call) => {
      const result = invoke(e, { ...call, args: [self, ...call.args] });
      return result.type === "unknown" ? derived(result) : after(result);
    },
  };
}

/** A name that the evaluator supports, with the module in which people find it. */
export interface SupportedName {
  readonly module: string;
  readonly name: string;
}

/** Every function and method of PyTorch in the table, sorted: what README lists. */
export function supportedNames(): readonly SupportedName[] {
  const rows = (module: string, entries: object) => Object.keys(entries).map((name) => ({ module, name }));
  return [
    ...rows("torch", FUNCTIONS),
    ...rows("torch.nn.functional", FUNCTIONAL),
    ...rows("torch.nn.attention.flex_attention", FLEX),
    ...rows("Tensor", METHODS),
    ...rows("Tensor", IN_PLACE),
  ].sort((a, b) => a.module.localeCompare(b.module) || a.name.localeCompare(b.name));
}
