/**
 * The one table of what the evaluator knows of PyTorch: functions of `torch`, of `torch.nn.functional`, of the
 * FlexAttention module, and tensor methods. README's list of what is supported is made from `supportedNames`.
 */
import type { DType } from "../ir/ops.ts";
import { describe } from "./describe.ts";
import { diagnose } from "./diagnostic.ts";
import { NUMPY } from "./numpyModule.ts";
import { TORCH_LOAD } from "./pythonFiles.ts";
import { iterate } from "./pythonOperators.ts";
import { getSubscript } from "./pythonSubscript.ts";
import { IN_PLACE, tensorAttribute } from "./tensorAttribute.ts";
import { type Entry, entry, invoke } from "./torchArguments.ts";
import { PAD_SEQUENCE, VMAP } from "./torchArrange.ts";
import { FLEX } from "./torchFlex.ts";
import { LINALG } from "./torchLinear.ts";
import { ELEMENT } from "./torchMath.ts";
import { builtin, FUNCTIONAL, FUNCTIONS, METHODS } from "./torchTables.ts";
import { type Builtin, type Call, type Class, float, isTensor, list, NONE, type Run, refuse, str, unknown, type Value } from "./value.ts";

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

/** A random generator: what is drawn with it is made up like all random numbers. */
const GENERATOR: Value = {
  type: "instance",
  class: {
    ...torchClass("torch.Generator"),
    members: new Map([["manual_seed", { type: "builtin", name: "__manual_seed__", call: ({ args }) => args[0] ?? NONE }]]),
  },
  attributes: new Map(),
};
/** A table of weights, made up like all random numbers: `Embedding(n, d)`, whose rows a call gives. */
const EMBEDDING: Class = {
  ...torchClass("torch.nn.Embedding"),
  bases: [MODULE_CLASS],
  members: new Map([
    [
      "__call__",
      {
        type: "builtin",
        name: "__call__",
        call: ({ run, span, args: [self, index] }) => {
          const weight = self?.type === "instance" ? (self.attributes.get("weight") ?? NONE) : NONE;
          return getSubscript({ run, span }, weight, index ?? NONE, span);
        },
      },
    ],
  ]),
};

function embedding(call: Call): Value {
  const sizes = ["num_embeddings", "embedding_dim"].map((name, i) => call.args[i] ?? call.kwargs.get(name) ?? NONE);
  const hole = sizes.find((s) => s.type === "unknown");
  if (hole !== undefined) return hole;
  const weight = invoke(FUNCTIONS["randn"] ?? entry("", () => NONE), { ...call, args: sizes, kwargs: new Map() });
  return { type: "instance", class: EMBEDDING, attributes: new Map([["weight", weight]]) };
}

/** Containers of modules, as far as they are lists and what is called in order. */
const CONTAINERS: Readonly<Record<string, Value>> = {
  ModuleList: { type: "builtin", name: "torch.nn.ModuleList", call: (call) => sequence(call) },
  Embedding: { type: "builtin", name: "torch.nn.Embedding", call: embedding },
  ParameterList: { type: "builtin", name: "torch.nn.ParameterList", call: (call) => sequence(call) },
  Identity: {
    type: "builtin",
    name: "torch.nn.Identity",
    call: () => ({ type: "builtin", name: "identity", call: ({ args }) => args[0] ?? NONE }),
  },
};
const sequence = (call: Call): Value => {
  const [from] = call.args;
  return list(from === undefined ? [] : [...iterate({ run: call.run, span: call.span }, from)]);
};

const TORCH_VALUES: Readonly<Record<string, Value>> = {
  inf: float(Number.POSITIVE_INFINITY),
  nan: float(Number.NaN),
  pi: float(Math.PI),
  e: float(Math.E),
  Tensor: TENSOR_CLASS,
  vmap: builtin("torch.vmap", VMAP),
  func: {
    type: "module",
    name: "torch.func",
    get: (name) => (name === "vmap" ? builtin("torch.func.vmap", VMAP) : unsupported(`torch.func.${name}`)),
  },
  get_default_dtype: { type: "builtin", name: "torch.get_default_dtype", call: () => ({ type: "dtype", dtype: "f32" }) },
  Generator: { type: "builtin", name: "torch.Generator", call: () => GENERATOR },
  BoolTensor: builtin("torch.BoolTensor", FUNCTIONS["BoolTensor"] ?? entry("", () => NONE)),
  dtype: torchClass("torch.dtype"),
  device: {
    type: "builtin",
    name: "torch.device",
    call: ({ args: [name, index] }) => {
      const kind = name?.type === "str" ? name.value : name?.type === "device" ? name.name : "cpu";
      return { type: "device", name: index?.type === "int" ? `${kind}:${index.value}` : kind };
    },
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

/** Whether `value` stands for a name that the table lacks. */
export const isUnsupported = (value: Value): boolean => UNSUPPORTED.has(value);

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

/** What `torch.library.custom_op("ns::name")` has registered while one module is read, by its name. */
const OPERATORS = new WeakMap<Run, Map<string, Value>>();

/** `torch.library.custom_op(name, …)`: the Python function itself, which `torch.ops.ns.name` calls from then on. */
const customOp: Builtin = {
  type: "builtin",
  name: "torch.library.custom_op",
  call: ({ run, args: [name, given] }) => {
    const register = (f: Value): Value => {
      const known = OPERATORS.get(run) ?? new Map<string, Value>();
      if (name?.type === "str") known.set(name.value.replace("::", "."), f);
      OPERATORS.set(run, known);
      return f;
    };
    return given === undefined ? { type: "builtin", name: "custom_op", call: ({ args: [f] }) => register(f ?? NONE) } : register(given);
  },
};

/** `torch.ops.ns.name`: an operator that the text itself defines; what others compile is not at hand. */
const operators = (prefix: string): Value => ({
  type: "module",
  name: prefix,
  get: (name) => {
    if (prefix === "torch.ops") return operators(`torch.ops.${name}`);
    const full = `${prefix}.${name}`;
    const other = unsupportedBuiltin(full);
    return {
      type: "builtin",
      name: full,
      call: (call) => {
        const own = OPERATORS.get(call.run)?.get(full.slice("torch.ops.".length));
        return call.run.call(own ?? other, call.args, call.kwargs, call.span, call.node ?? undefined);
      },
      attributes: new Map([
        [
          "default",
          { type: "builtin", name: full, call: (call) => call.run.call(operatorOf(prefix, name), call.args, call.kwargs, call.span) },
        ],
      ]),
    };
  },
});
const operatorOf = (prefix: string, name: string): Value => {
  const module = operators(prefix);
  return (module.type === "module" ? module.get(name) : null) ?? NONE;
};

/** Functions of `torch.nn.init`, and the tensor's method that does it; what they draw at random is drawn anyhow. */
const INITIALISERS = [
  ["zeros_", "zero_"],
  ["ones_", "one_"],
  ["constant_", "fill_"],
  ["uniform_", "uniform_"],
  ["normal_", "normal_"],
  ["trunc_normal_", "normal_"],
  ["orthogonal_", "normal_"],
  ["xavier_uniform_", "uniform_"],
  ["xavier_normal_", "normal_"],
  ["kaiming_uniform_", "uniform_"],
  ["kaiming_normal_", "normal_"],
] as const;

const fills = (name: string, method: string): Builtin => ({
  type: "builtin",
  name: `torch.nn.init.${name}`,
  call: (call) => {
    const at = { run: call.run, span: call.span };
    const t = call.args[0] ?? call.kwargs.get("tensor") ?? NONE;
    if (t.type === "unknown") return t;
    if (!isTensor(t))
      return refuse("operand-types", call.span, [call.run.text(call.span), `a tensor is filled, and this is ${describe(t)}`]);
    const value = method === "one_" ? float(1) : method === "fill_" ? (call.args[1] ?? call.kwargs.get("val") ?? NONE) : null;
    const filled = tensorAttribute(at, t, value === null ? method : "fill_") ?? NONE;
    return call.run.call(filled, value === null ? [] : [value], new Map(), call.span);
  },
});

const MODULES: Readonly<Record<string, () => Value>> = {
  "torch.ops": () => operators("torch.ops"),
  "torch.library": () => table("torch.library", {}, { custom_op: customOp }),
  torch: () => TORCH,
  "torch.nn": () =>
    table(
      "torch.nn",
      {},
      {
        Module: MODULE_CLASS,
        Parameter: transparent("torch.nn.Parameter"),
        Buffer: transparent("torch.nn.Buffer"),
        ...CONTAINERS,
      },
    ),
  "torch.nn.functional": () => table("torch.nn.functional", FUNCTIONAL),
  "torch.nn.init": () => table("torch.nn.init", {}, Object.fromEntries(INITIALISERS.map(([name, method]) => [name, fills(name, method)]))),
  "torch.nn.attention": () => table("torch.nn.attention", {}),
  "torch.nn.attention.flex_attention": () => table("torch.nn.attention.flex_attention", {}, FLEX),
  "torch.special": () => table("torch.special", { expit: FUNCTIONS["sigmoid"] ?? entry("", () => NONE), ...ELEMENT.both }),
  "torch.linalg": () => table("torch.linalg", LINALG),
  "torch.cuda": () =>
    table("torch.cuda", {}, { is_available: undetermined("torch.cuda.is_available"), synchronize: ignored("synchronize") }),
  "torch.backends": () => unknown("it depends on the machine"),
  "torch.compiler": () => table("torch.compiler", {}, { disable: transparent("torch.compiler.disable") }),
  "torch.jit": () => table("torch.jit", {}, { script: transparent("torch.jit.script"), ignore: transparent("torch.jit.ignore") }),
  "torch.nn.utils": () => table("torch.nn.utils", {}),
  "torch.nn.utils.rnn": () => table("torch.nn.utils.rnn", { pad_sequence: PAD_SEQUENCE }),
  "torch._dynamo": () => unknown("it is internal to PyTorch"),
  numpy: () => NUMPY,
};

/** A module of PyTorch by its dotted name, or null. */
export function torchModule(name: string): Value | null {
  const make = Object.hasOwn(MODULES, name) ? MODULES[name] : undefined;
  return make === undefined ? null : make();
}

/** A name that the evaluator supports, with the module in which people find it. */
export interface SupportedName {
  readonly module: string;
  readonly name: string;
  /** How it is called, in the words of torchArguments.ts; null where the table does not say. */
  readonly signature: string | null;
}

/** Every function and method of PyTorch in the table, sorted: what README lists. */
export function supportedNames(): readonly SupportedName[] {
  const rows = (module: string, entries: Readonly<Record<string, object>>): SupportedName[] =>
    Object.entries(entries).map(([name, e]) => ({ module, name, signature: "signature" in e ? String(e.signature) : null }));
  return [
    ...rows("torch", FUNCTIONS),
    ...rows("torch.nn.functional", FUNCTIONAL),
    ...rows("torch.nn.attention.flex_attention", FLEX),
    ...rows("Tensor", METHODS),
    ...rows("Tensor", IN_PLACE),
  ].sort((a, b) => a.module.localeCompare(b.module) || a.name.localeCompare(b.name));
}
