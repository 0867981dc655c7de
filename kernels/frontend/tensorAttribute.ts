/** `tensor.name`: what is read (`shape`, `dtype`, `T`, …), PyTorch's methods, those that write in place, and NumPy's. */
import type { DType } from "../ir/ops.ts";
import { postorder } from "../ir/walk.ts";
import { asArray, withoutFlag } from "./numpyArray.ts";
import { NUMPY } from "./numpyModule.ts";
import { derived } from "./pythonArithmetic.ts";
import { dynamicElements, numel } from "./tensor.ts";
import { type Entry, entry, invoke } from "./torchArguments.ts";
import type { At, TensorLike } from "./torchElement.ts";
import { storeInPlace } from "./torchInPlace.ts";
import { asTensor, invokeMethod, invokeTorch, METHODS } from "./torchTables.ts";
import { type Builtin, bool, type Call, FALSE, int, NO_KWARGS, NONE, refuse, type Tensor, tuple, unknown, type Value } from "./value.ts";

/**
 * The dtype that a mod is told a tensor has. While Dynamo traces, the score looks like q, and so does what is made of it
 * and Python numbers alone; at run time both are float32 where q is float16. (Known numbers count as Python's: whether one
 * was an element of a tensor is not told here.)
 */
function tracedDType({ run }: At, x: TensorLike): DType {
  if (x.type !== "dynamic" || x.dtype !== "f32" || run.trace?.hasHalfQueries !== true) return x.dtype;
  const leaves = postorder(dynamicElements(x)).filter((e) => e.kind === "var" || e.kind === "load");
  return leaves.length > 0 && leaves.every((e) => e.kind === "var" && e.name === "score") ? "f16" : "f32";
}

/** `tensor.name`, or null where there is no such attribute. */
export function tensorAttribute(at: At, x: TensorLike, name: string): Value | null {
  if (x.type === "tensor" && x.isNumpy === true) return arrayAttribute(at, x, name);
  switch (name) {
    case "dtype":
      return { type: "dtype", dtype: tracedDType(at, x) };
    case "device":
      return { type: "device", name: "cpu" };
    case "shape":
      return tuple(x.shape.map(int));
    case "ndim":
      return int(x.shape.length);
    case "T":
      return invokeMethod("permute", at, x, [tuple(x.shape.map((_, d) => int(x.shape.length - 1 - d)))]);
    case "mT":
      return x.shape.length < 2 ? x : invokeMethod("transpose", at, x, [int(-1), int(-2)]);
    case "data":
      if (x.type === "dynamic" && at.run.trace !== null) {
        const why = "a mod is run under vmap, which does not allow `.data`; use the tensor itself";
        refuse("operand-types", at.span, [at.run.text(at.span), why]);
      }
      return x;
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
  if (name === "numpy" && x.type === "dynamic" && at.run.trace !== null)
    at.run.warn("refused-by-create-block-mask", at.span, [at.run.text(at.span)]);
  if (name === "numpy" && x.type === "tensor") return arrayMethod(name, () => asFlagged(x));
  const e = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (e !== undefined) return method(name, x, e);
  if (!name.endsWith("_") || name.startsWith("_")) return null;
  // `x.clamp_(0)`: computed, then stored in place.
  const plain = WRITING.has(name.slice(0, -1)) && Object.hasOwn(METHODS, name.slice(0, -1)) ? METHODS[name.slice(0, -1)] : IN_PLACE[name];
  if (plain === undefined) return null;
  if (SHAPES_IN_PLACE.has(name) && x.type === "tensor") return method(name, x, plain, (result) => takeShape(x, result));
  return method(name, x, plain, (result) => storeInPlace(at, x, asTensor(result)));
}

/** Methods that PyTorch has with a `_` too. */
const WRITING: ReadonlySet<string> = new Set(
  `abs absolute acos add addcdiv addcmul arccos arcsin arctan arctan2 as_strided asin atan atan2 bitwise_and
  bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil clamp clamp_max clamp_min clip copysign cos cosh
  cumprod cumsum deg2rad detach div divide eq erf erfc exp exp2 expm1 fill_diagonal fix floor floor_divide fmod frac ge greater
  greater_equal gt heaviside hypot index_add index_copy index_fill index_put le lerp less less_equal log log10 log1p log2
  logical_and logical_not logical_or logical_xor lt masked_fill masked_scatter mul multiply nan_to_num ne neg negative not_equal
  pow put rad2deg reciprocal relu remainder round rsqrt scatter scatter_add scatter_reduce sgn sigmoid sign sin sinh sqrt square
  squeeze sub subtract swapaxes swapdims t tan tanh transpose tril triu true_divide trunc unsqueeze`.split(/\s+/),
);

/** Methods that turn the tensor itself into a view of its elements. */
const SHAPES_IN_PLACE: ReadonlySet<string> = new Set(["unsqueeze_", "squeeze_", "t_", "transpose_", "swapaxes_", "swapdims_"]);

/** `x.numpy()`: the same elements as an array. */
const asFlagged = (x: Tensor): Tensor => ({ ...x, isNumpy: true });

function takeShape(x: Tensor, view: Value): Value {
  if (view.type === "tensor") Object.assign(x, { shape: view.shape, strides: view.strides, offset: view.offset });
  return x;
}

/** What a NumPy array has: its methods are the functions of `numpy` with the array first. */
function arrayAttribute(at: At, x: Tensor, name: string): Value | null {
  switch (name) {
    case "size":
      return int(numel(x.shape));
    case "T":
      return asArray(invokeMethod("permute", at, withoutFlag(x), [tuple(x.shape.map((_, d) => int(x.shape.length - 1 - d)))]));
    case "flat":
      return asArray(invokeMethod("reshape", at, withoutFlag(x), [int(-1)]));
    case "dtype":
    case "shape":
    case "ndim":
    case "itemsize":
      return tensorAttribute(at, withoutFlag(x), name);
    case "tolist":
    case "item":
      return tensorAttribute(at, withoutFlag(x), name);
    case "sort":
      return arrayMethod(name, (call) => {
        const sorted = call.run.call(functionOfNumpy("sort"), [x], call.kwargs, call.span);
        if (sorted.type === "tensor") storeInPlace(at, x, withoutFlag(sorted));
        return NONE;
      });
    case "fill":
      return arrayMethod(name, (call) => {
        storeInPlace(at, x, asTensor(invokeMethod("new_full", at, withoutFlag(x), [tuple(x.shape.map(int)), call.args[0] ?? int(0)])));
        return NONE;
      });
    case "astype":
      return arrayMethod(name, (call) =>
        call.run.call(functionOfNumpy("array"), [x, call.args[0] ?? call.kwargs.get("dtype") ?? NONE], NO_KWARGS, call.span),
      );
    case "reshape":
    case "transpose":
      return arrayMethod(name, (call) => {
        const [first] = call.args;
        const whole = first === undefined || first.type === "tuple" || first.type === "list" ? first : tuple(call.args);
        return call.run.call(functionOfNumpy(name), whole === undefined ? [x] : [x, whole], call.kwargs, call.span);
      });
    case "flatten":
      return arrayMethod(name, (call) =>
        call.run.call(functionOfNumpy("copy"), [call.run.call(functionOfNumpy("ravel"), [x], NO_KWARGS, call.span)], NO_KWARGS, call.span),
      );
    default: {
      const f = ARRAY_METHODS.has(name) ? functionOfNumpy(name) : null;
      return f === null ? null : arrayMethod(name, (call) => call.run.call(f, [x, ...call.args], call.kwargs, call.span));
    }
  }
}

const ARRAY_METHODS: ReadonlySet<string> = new Set(
  `sum prod any all max min mean std var argmax argmin cumsum cumprod argsort nonzero repeat ravel squeeze swapaxes clip round
  dot take copy searchsorted ptp`.split(/\s+/),
);
const arrayMethod = (name: string, call: (call: Call) => Value): Builtin => ({ type: "builtin", name, call });
const functionOfNumpy = (name: string): Value => (NUMPY.type === "module" ? NUMPY.get(name) : null) ?? NONE;

/** Methods with a `_` that have no plain form. */
export const IN_PLACE: Readonly<Record<string, Entry>> = {
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
