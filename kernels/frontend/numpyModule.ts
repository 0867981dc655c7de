/**
 * NumPy, as far as it makes tables: PyTorch's functions under NumPy's names and with NumPy's rules. Arrays are tensors
 * that know they are arrays (`Tensor.isNumpy`): their integers divide and mix to float64, and where no dimension is
 * left they are Python's numbers. https://numpy.org/doc/stable/reference/arrays.promotion.html
 */
import { diagnose } from "./diagnostic.ts";
import { warnOfNumpy } from "./evaluateFix.ts";
import { arrayOf, asArray, NUMPY_DTYPES } from "./numpyArray.ts";
import { type Handler, NUMPY_FUNCTIONS } from "./numpyFunctions.ts";
import { derived, resolve } from "./pythonArithmetic.ts";
import { NUMPY_FILES } from "./pythonFiles.ts";
import { mathTable } from "./pythonMath.ts";
import { dataOf } from "./tensor.ts";
import { invoke } from "./torchArguments.ts";
import { FUNCTIONS } from "./torchTables.ts";
import { type Builtin, type Call, int, isScalar, NONE, refuse, type Tensor, tuple, unknown, type Value } from "./value.ts";

const array = (call: Call, v: Value, dtype: ReturnType<typeof NUMPY_DTYPES> = null): Tensor =>
  arrayOf({ run: call.run, span: call.span }, v, dtype) ??
  refuse("operand-types", call.span, [call.run.text(call.span), "an array is asked for"]);

const builtin = (name: string, handler: Handler, attributes?: ReadonlyMap<string, Value>): Builtin => ({
  type: "builtin",
  name: `numpy.${name}`,
  call: (call) => {
    for (const v of [...call.args, ...call.kwargs.values()]) {
      const known = resolve(call.run, v, { kind: "scalar" }, call.span);
      if (known.type === "unknown") return derived(known);
    }
    if (call.run.trace !== null && call.args.some((a) => a.type === "dynamic")) warnOfNumpy(call);
    return handler(call, { run: call.run, span: call.span });
  },
  ...(attributes === undefined ? {} : { attributes }),
});

/** `np.add.at(array, places, values)`: added one by one, so that a place counts as often as it is named. */
const addAt: Handler = (call) => {
  const [x = NONE, where = NONE, what = NONE] = call.args;
  if (x.type !== "tensor") return refuse("operand-types", call.span, [call.run.text(call.span), "an array is asked for"]);
  const [index, values] = [array(call, where), array(call, what)];
  const places = dataOf(index);
  const added = dataOf(values);
  const data = x.storage.data;
  for (let i = 0; i < places.length; i++) {
    const offset = x.offset + (places[i] ?? 0) * (x.strides[0] ?? 1);
    data[offset] = (data[offset] ?? 0) + (added[added.length === 1 ? 0 : i] ?? 0);
  }
  return NONE;
};

const sizes = (call: Call): Value => tuple(call.args);
const drawn = (call: Call, name: string, args: readonly Value[]): Value => {
  const e = FUNCTIONS[name];
  const made =
    e === undefined
      ? NONE
      : invoke(e, {
          ...call,
          args,
          kwargs: new Map([["dtype", { type: "dtype", dtype: name === "randint" || name === "randperm" ? "i64" : "f64" }]]),
        });
  return asArray(made);
};
/** Random numbers are made up, as PyTorch's are here; a mod that captures them says so. */
const RANDOM: Readonly<Record<string, Handler>> = {
  seed: () => NONE,
  rand: (call) => drawn(call, "rand", [sizes(call)]),
  random: (call) => drawn(call, "rand", [call.args[0] ?? tuple([])]),
  randn: (call) => drawn(call, "randn", [sizes(call)]),
  randint: (call) => {
    const [low = NONE, high = NONE, size] = call.args;
    const shape = size ?? call.kwargs.get("size") ?? tuple([]);
    const whole = isScalar(shape) ? tuple([shape]) : shape;
    return drawn(call, "randint", high.type === "none" ? [low, whole] : [low, high, whole]);
  },
  permutation: (call) => drawn(call, "randperm", [call.args[0] ?? NONE]),
};

const DTYPE_NAMES =
  "bool bool_ int8 int16 int32 int64 uint8 float16 float32 float64 int_ float_ intp single double half int float long".split(" ");
const KINDS = ["integer", "floating", "number", "signedinteger", "generic", "bool_"];

const VALUES: Readonly<Record<string, Value>> = {
  ...mathTable.values,
  newaxis: NONE,
  ndarray: { type: "builtin", name: "numpy.ndarray", call: () => NONE },
  mgrid: { type: "opaque", what: "grid" },
  ...Object.fromEntries(
    KINDS.map((name) => [
      name,
      { type: "class", name, bases: [], members: new Map(), nameSpan: null, fields: null, opaque: true } as const,
    ]),
  ),
  // `np.int64(5)` is Python's number here.
  ...Object.fromEntries(
    DTYPE_NAMES.map((name) => [
      name,
      {
        type: "builtin",
        name: `numpy.${name}`,
        call: (call: Call) => {
          const [x = int(0)] = call.args;
          const made = asArray(array(call, x, NUMPY_DTYPES({ type: "str", value: name.replace(/_$/, "") })));
          return made;
        },
      } as const,
    ]),
  ),
  random: {
    type: "module",
    name: "numpy.random",
    get: (name) =>
      Object.hasOwn(RANDOM, name) ? builtin(`random.${name}`, RANDOM[name] ?? (() => NONE)) : unsupported(`numpy.random.${name}`),
  },
};

/** `numpy`. */
export const NUMPY: Value = {
  type: "module",
  name: "numpy",
  get: (name) => {
    const value = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
    if (value !== undefined) return value;
    const reader = Object.hasOwn(NUMPY_FILES, name) ? NUMPY_FILES[name] : undefined;
    if (reader !== undefined) return reader;
    const handler = Object.hasOwn(NUMPY_FUNCTIONS, name) ? NUMPY_FUNCTIONS[name] : undefined;
    if (handler === undefined) return unsupported(`numpy.${name}`);
    return builtin(name, handler, name === "add" ? new Map([["at", builtin("add.at", addAt)]]) : undefined);
  },
};

/** A name of NumPy that is not followed: a fault where a mod calls it, silent elsewhere. */
function unsupported(name: string): Value {
  return {
    type: "builtin",
    name,
    call: ({ run, span }) => {
      const fault = diagnose("unsupported-function", span, [name, ""]);
      if (run.trace !== null) refuse("unsupported-function", span, [name, ""]);
      return unknown(`\`${name}\` is not among the functions that Flexlens can compile`, { fault });
    },
  };
}
