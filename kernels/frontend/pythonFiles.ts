/**
 * Data files in Python code: `load("x.npz")["doc"]` of binding expressions, and what people's own code calls,
 * `np.load`, `np.loadtxt`, `safetensors.torch.load_file`, `json.load(open(…))`. The bytes come from whoever lowers
 * (`LowerOptions.files`); what is not there is asked for. A file that cannot be had is a fault where its value is
 * needed: in a binding at once, in module code where a mod reads it.
 */
import type { DataArray, DataTable, DataValue } from "../data/value.ts";
import { DataFault } from "../data/value.ts";
import { diagnose } from "./diagnostic.ts";
import { keepCapture, tensorOf } from "./tensor.ts";
import { type At, cast } from "./torchElement.ts";
import {
  type Builtin,
  bool,
  type Call,
  type Class,
  type Dict,
  float,
  int,
  isTensor,
  list,
  NONE,
  Refusal,
  refuse,
  str,
  unknown,
  type Value,
} from "./value.ts";

type Handler = (call: Call, at: At) => Value;

const FILE_CLASS: Class = { type: "class", name: "file", bases: [], members: new Map(), nameSpan: null, fields: null, opaque: true };

/** `load` of binding expressions: a file's array, or the array of that name in it. */
export const LOAD: Builtin = {
  type: "builtin",
  name: "load",
  call: (call) => {
    const path = pathOf(call.args[0]) ?? refuse("argument-count", call.span, ["load", 'needs the path of a file, as in `load("doc.npy")`']);
    const key = call.args[1] ?? call.kwargs.get("key");
    const value = toValue(call.run.readData(path, call.span, "data"), path, call);
    if (key === undefined || key.type === "none") return value;
    if (key.type !== "str") return refuse("data-file", call.span, [path, "the name of an array in it must be a string"]);
    if (value.type !== "dict") return refuse("data-file", call.span, [path, "it holds one array without a name; leave the name out"]);
    return value.entries.get(`s${key.value}`)?.value ?? missing(path, key.value, value, call);
  },
};

function missing(path: string, name: string, { entries }: Dict, call: Call): never {
  const names = [...entries.keys()].map((k) => `\`${k.slice(1)}\``);
  const there = names.length === 0 ? "it is empty" : `it has ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`;
  return refuse("data-file", call.span, [path, `there is no \`${name}\` in it: ${there}`]);
}

/** In module code a file that cannot be had leaves the value unknown, with the fault for the mod that needs it. */
function lenient(name: string, handler: Handler): Builtin {
  return {
    type: "builtin",
    name,
    call: (call) => {
      try {
        return handler(call, { run: call.run, span: call.span });
      } catch (error) {
        if (!(error instanceof Refusal) || error.diagnostic.code !== "data-file" || call.run.trace !== null) throw error;
        return unknown(error.diagnostic.message.replace(/\.$/, ""), { fault: error.diagnostic });
      }
    },
  };
}

/** Reads the file that the first argument names; unknown where that is no path. */
function reading(as: "data" | "json", then: (value: Value, call: Call, at: At) => Value = (v) => v): Handler {
  return (call, at) => {
    const path = pathOf(call.args[0] ?? call.kwargs.get("file") ?? call.kwargs.get("fname") ?? call.kwargs.get("filename"));
    if (path === null) return unknown("the file's name is not known");
    return then(toValue(call.run.readData(path, call.span, as), path, call), call, at);
  };
}

/** Text of numbers: float64 unless `dtype` says another, as NumPy has it. */
const numbers = reading("data", (value, call, at) => {
  const dtype = call.kwargs.get("dtype");
  return isTensor(value) ? cast(at, value, dtype?.type === "dtype" ? dtype.dtype : "f64") : value;
});

/** Functions of numpy that read files. */
export const NUMPY_FILES: Readonly<Record<string, Builtin>> = {
  load: lenient("numpy.load", reading("data")),
  loadtxt: lenient("numpy.loadtxt", numbers),
  genfromtxt: lenient("numpy.genfromtxt", numbers),
};

/** `torch.load`: pickles are programs, and are not run. */
export const TORCH_LOAD: Builtin = {
  type: "builtin",
  name: "torch.load",
  call: ({ args, run, span }) => {
    const why = "it is a pickle, which only Python can read; save the tensor with `np.savez` and give it as `load(…)` in a directive";
    const fault = diagnose("data-file", span, [pathOf(args[0]) ?? "the file", why]);
    if (run.trace !== null) throw new Refusal(fault);
    return unknown("a pickle can be read by Python alone", { fault });
  },
};

const moduleOf = (name: string, values: Readonly<Record<string, Value>>): Value => ({
  type: "module",
  name,
  get: (key) => (Object.hasOwn(values, key) ? values[key] : undefined) ?? unknown(`\`${name}.${key}\` is not followed`),
});

const LOAD_FILE: Value = moduleOf("safetensors.torch", { load_file: lenient("safetensors.torch.load_file", reading("data")) });

/** Modules whose functions read files. */
export const FILE_MODULES: Readonly<Record<string, Value>> = {
  safetensors: moduleOf("safetensors", { torch: LOAD_FILE, numpy: LOAD_FILE }),
  "safetensors.torch": LOAD_FILE,
  "safetensors.numpy": LOAD_FILE,
  json: moduleOf("json", { load: lenient("json.load", reading("json")) }),
};

/** `open(path)`: nothing is opened; whoever reads from it gets the path. */
export const OPEN: Builtin = {
  type: "builtin",
  name: "open",
  call: (call) => {
    const path = pathOf(call.args[0] ?? call.kwargs.get("file"));
    if (path === null) return unknown("files are not read");
    return { type: "instance", class: FILE_CLASS, attributes: new Map([["name", str(path)]]) };
  },
};

function pathOf(value: Value | undefined): string | null {
  if (value?.type === "str") return value.value;
  const name = value?.type === "instance" && value.class === FILE_CLASS ? value.attributes.get("name") : undefined;
  return name?.type === "str" ? name.value : null;
}

// ------------------------------------------------------------------------------------------------ data as values

function toValue(data: DataValue, path: string, call: Call): Value {
  switch (data.kind) {
    case "array":
      return toTensor(data, path, call);
    case "list":
      return list(data.items.map((item) => toValue(item, path, call)));
    case "table":
      return toDict(data, path, call);
    case "scalar": {
      const { value } = data;
      if (value === null) return NONE;
      if (typeof value === "boolean") return bool(value);
      if (typeof value === "number") return int(value);
      return typeof value === "string" ? str(value) : float(value.float);
    }
  }
}

function toTensor(array: DataArray, path: string, call: Call): Value {
  const { widenedFrom, dtype, shape, data } = array;
  if (widenedFrom !== null) call.run.warn("data-widened", call.span, [path, widenedFrom, dtype === "i32" ? "int32" : "int64"]);
  const t = tensorOf(dtype, shape, data, false);
  // The file's array serves every lowering: an in-place operation must copy it first.
  keepCapture(t.storage, "file", { name: path, dtype, shape, data });
  return t;
}

/** Entries are decoded when they are read. */
function toDict(table: DataTable, path: string, call: Call): Dict {
  const entries = table.names.map((name) => [`s${name}`, entry(name, table, path, call)] as const);
  return { type: "dict", entries: new Map(entries) };
}

function entry(name: string, table: DataTable, path: string, call: Call): { readonly key: Value; value: Value } {
  let known: Value | null = null;
  return {
    key: str(name),
    get value() {
      known ??= decoded(name, table, path, call);
      return known;
    },
    set value(v) {
      known = v;
    },
  };
}

function decoded(name: string, table: DataTable, path: string, call: Call): Value {
  try {
    return toValue(table.get(name) ?? { kind: "scalar", value: null }, path, call);
  } catch (error) {
    if (error instanceof DataFault) return refuse("data-file", call.span, [path, error.message]);
    throw error;
  }
}
