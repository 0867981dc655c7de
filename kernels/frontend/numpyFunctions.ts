/**
 * NumPy's functions: PyTorch's under NumPy's names, with its arguments (`axis`, `keepdims`, lists for arrays) and its
 * rules of promotion (numpyArray.ts).
 */
import type { DType } from "../ir/ops.ts";
import { arrayBinary, arrayOf, asArray, floatOf, NUMPY_DTYPES, withoutFlag } from "./numpyArray.ts";
import { iterate } from "./pythonOperators.ts";
import { MAX_ELEMENTS, numel, reshape, scalarTensor, tensorFrom } from "./tensor.ts";
import { invoke } from "./torchArguments.ts";
import { type At, tensorBinary } from "./torchElement.ts";
import { FUNCTIONAL, FUNCTIONS, invokeMethod, METHODS } from "./torchTables.ts";
import { bool, type Call, float, int, isScalar, isTensor, list, NONE, numberOf, refuse, type Tensor, tuple, type Value } from "./value.ts";

/** A function of NumPy on the arguments of one call. */
export type Handler = (call: Call, at: At) => Value;

const arg = (call: Call, i: number, name = ""): Value => call.args[i] ?? call.kwargs.get(name) ?? NONE;

/** PyTorch's function on these arguments; arrays in, arrays out. */
function torch(call: Call, name: string, args: readonly Value[], kwargs: Readonly<Record<string, Value>> = {}): Value {
  const e = FUNCTIONS[name] ?? METHODS[name] ?? FUNCTIONAL[name];
  if (e === undefined) throw new Error(`no ${name}`);
  const plain = args.map((a) => (a.type === "tensor" ? withoutFlag(a) : a));
  const given = Object.entries(kwargs).filter(([, v]) => v.type !== "none");
  const made = invoke(e, { ...call, args: plain, kwargs: new Map(given.map(([k, v]) => [k, v.type === "tensor" ? withoutFlag(v) : v])) });
  return asArray(made);
}

/** An argument as an array; lists and numbers are made one. */
const array = (call: Call, v: Value, dtype: DType | null = null): Tensor => {
  const made = arrayOf({ run: call.run, span: call.span }, v, dtype);
  return made ?? refuse("operand-types", call.span, [call.run.text(call.span), "an array is asked for"]);
};
const dtypeIn = (call: Call, i: number): Value => {
  const v = arg(call, i, "dtype");
  const dtype = v.type === "none" ? null : NUMPY_DTYPES(v);
  return dtype === null ? NONE : { type: "dtype", dtype };
};
const axisIn = (call: Call, i: number): Value => arg(call, i, "axis");

/** `np.f(array, axis, …)` as `torch.f(input, dim, …)`, without an axis of all elements in one row. */
const flattening =
  (name: string): Handler =>
  (call) => {
    const x = array(call, arg(call, 0, "a"));
    const axis = axisIn(call, 1);
    return axis.type === "none" ? torch(call, name, [flat(x), int(0)]) : torch(call, name, [x, axis]);
  };
const flat = (x: Tensor): Tensor => ({ ...reshape(x, [numel(x.shape)]), isNumpy: true });

const reducing =
  (name: string): Handler =>
  (call) => {
    const given = array(call, arg(call, 0, "a"));
    const isMean = name === "mean" || name === "std" || name === "var";
    const x = isMean ? floatOf({ run: call.run, span: call.span }, given) : given;
    const more =
      name === "std" || name === "var" ? { correction: arg(call, 9, "ddof").type === "none" ? int(0) : arg(call, 9, "ddof") } : {};
    const named = name === "max" || name === "min" ? `a${name}` : name;
    return torch(call, named, [x], { dim: axisIn(call, 1), keepdim: arg(call, 9, "keepdims"), ...more });
  };

/** A function of each element, in floats. */
const elementwise =
  (name: string, inFloats: boolean): Handler =>
  (call, at) => {
    const x = arg(call, 0);
    if (x.type === "dynamic") return invokeMethod(name, at, x, []);
    const a = array(call, x);
    return torch(call, name, [inFloats ? floatOf(at, a) : a]);
  };
const binary =
  (op: Parameters<typeof arrayBinary>[1]): Handler =>
  (call, at) => {
    const [x, y] = [arg(call, 0), arg(call, 1)];
    if ((x.type === "dynamic" || y.type === "dynamic") && (isTensor(x) || isScalar(x)) && (isTensor(y) || isScalar(y)))
      return tensorBinary(at, op, x, y);
    const left = isTensor(x) || isScalar(x) ? x : array(call, x);
    const right = isTensor(y) || isScalar(y) ? y : array(call, y);
    return arrayBinary(at, op, isScalar(left) && isScalar(right) ? array(call, left) : left, right);
  };
/** A function of the mod's own tensors: torch.compile makes it PyTorch's. null where only arrays and numbers are given. */
function ofMod(call: Call, name: string, more: Readonly<Record<string, Value>> = {}): Value | null {
  const e = FUNCTIONS[name];
  if (e === undefined || !call.args.some((a) => a.type === "dynamic")) return null;
  const args = call.args.map((a) => (isScalar(a) && name !== "clamp" ? scalarTensor(a) : a.type === "tensor" ? withoutFlag(a) : a));
  return invoke(e, { ...call, args, kwargs: new Map(Object.entries(more)) });
}
const pairwise =
  (name: string): Handler =>
  (call) =>
    ofMod(call, name) ?? torch(call, name, [array(call, arg(call, 0)), array(call, arg(call, 1))]);
const makes =
  (name: string, dtypeAt: number): Handler =>
  (call) => {
    const like = name.endsWith("_like");
    const args = call.args.slice(0, dtypeAt).map((a) => (like && a === call.args[0] ? array(call, a) : a));
    const dtype = dtypeIn(call, dtypeAt);
    const given = {
      dtype: dtype.type === "none" && !like && name !== "full" && name !== "arange" ? ({ type: "dtype", dtype: "f64" } as const) : dtype,
    };
    const shape = call.kwargs.get("shape");
    const fill = call.kwargs.get("fill_value");
    const made = torch(call, name, [...args, ...(shape === undefined ? [] : [shape]), ...(fill === undefined ? [] : [fill])], given);
    // Made again at NumPy's own precision, rather than widened from f32.
    const widens = made.type === "tensor" && made.dtype === "f32" && dtype.type === "none" && !like;
    return widens ? torch(call, name, args, { dtype: { type: "dtype", dtype: "f64" } }) : made;
  };

const joined =
  (name: string): Handler =>
  (call) => {
    const given = arg(call, 0);
    const items = given.type === "list" || given.type === "tuple" ? given.items : [given];
    const axis = axisIn(call, 1);
    const parts = list(items.map((i) => withoutFlag(array(call, i))));
    return torch(call, name, [parts, ...(axis.type === "none" ? [] : [axis])]);
  };

const linspace: Handler = (call) => {
  const [start, stop] = [numberIn(call, 0), numberIn(call, 1)];
  const n = call.args[2] === undefined && !call.kwargs.has("num") ? 50 : Math.max(0, numberIn(call, 2, "num"));
  const endpoint = call.kwargs.get("endpoint");
  const parts = endpoint?.type === "bool" && !endpoint.value ? n : n - 1;
  const step = (stop - start) / Math.max(1, parts);
  call.run.step(call.span, 1 + n / 16);
  const values = Array.from({ length: n }, (_, i) => (i === parts ? stop : start + i * step));
  const dtype = NUMPY_DTYPES(arg(call, 9, "dtype")) ?? "f64";
  return asArray(tensorFrom(dtype, [n], values, call.run.trace !== null));
};
function numberIn(call: Call, i: number, name = ""): number {
  const v = arg(call, i, name);
  return isScalar(v) ? numberOf(v) : refuse("operand-types", call.span, [call.run.text(call.span), "a number is asked for"]);
}

/** Index pairs below or above a diagonal, one array an axis. */
const triangle =
  (name: "tril_indices" | "triu_indices"): Handler =>
  (call) => {
    const n = arg(call, 0, "n");
    const m = arg(call, 2, "m");
    const both = torch(call, name, [n, m.type === "none" ? n : m], { offset: arg(call, 1, "k") });
    return both.type === "tensor" ? asArray(torch(call, "unbind", [both])) : both;
  };

/** The functions of `numpy` by name. */
export const NUMPY_FUNCTIONS: Readonly<Record<string, Handler>> = {
  array: (call) => copied(call, array(call, arg(call, 0, "object"), NUMPY_DTYPES(dtypeIn(call, 1)))),
  asarray: (call) => array(call, arg(call, 0, "a"), NUMPY_DTYPES(dtypeIn(call, 1))),
  ascontiguousarray: (call) => array(call, arg(call, 0, "a"), NUMPY_DTYPES(dtypeIn(call, 1))),
  fromiter: (call, at) => array(call, list([...iterate(at, arg(call, 0))]), NUMPY_DTYPES(dtypeIn(call, 1))),
  copy: (call) => copied(call, array(call, arg(call, 0))),
  arange: makes("arange", 3),
  zeros: makes("zeros", 1),
  ones: makes("ones", 1),
  empty: makes("empty", 1),
  full: makes("full", 2),
  zeros_like: makes("zeros_like", 1),
  ones_like: makes("ones_like", 1),
  empty_like: makes("zeros_like", 1),
  full_like: makes("full_like", 2),
  eye: (call) => {
    const n = numberIn(call, 0, "N");
    const m = arg(call, 1, "M").type === "none" ? n : numberIn(call, 1, "M");
    const k = arg(call, 2, "k").type === "none" ? 0 : numberIn(call, 2, "k");
    if (!(n >= 0 && m >= 0 && n * m <= MAX_ELEMENTS)) refuse("too-large", call.span, [`\`${call.run.text(call.span)}\``]);
    call.run.step(call.span, 1 + (n * m) / 64);
    const values = Array.from({ length: n * m }, (_, i) => ((i % m) - Math.floor(i / m) === k ? 1 : 0));
    return asArray(tensorFrom(NUMPY_DTYPES(dtypeIn(call, 3)) ?? "f64", [n, m], values, call.run.trace !== null));
  },
  identity: makes("eye", 1),
  tri: (call) =>
    torch(call, "tril", [
      makes("ones", 9)(
        { ...call, args: [tuple([arg(call, 0), call.args[1] ?? arg(call, 0)])], kwargs: new Map() },
        { run: call.run, span: call.span },
      ),
    ]),
  linspace,
  logspace: (call) => {
    const exponents = linspace(
      { ...call, kwargs: new Map([...call.kwargs].filter(([k]) => k !== "base")) },
      { run: call.run, span: call.span },
    );
    const base = arg(call, 9, "base");
    return arrayBinary({ run: call.run, span: call.span }, "**", base.type === "none" ? float(10) : base, exponents);
  },
  // Joining and splitting.
  concatenate: joined("cat"),
  stack: joined("stack"),
  hstack: joined("hstack"),
  vstack: joined("vstack"),
  column_stack: joined("column_stack"),
  dstack: joined("dstack"),
  append: (call) => {
    const [x, y] = [array(call, arg(call, 0)), array(call, arg(call, 1))];
    const axis = axisIn(call, 2);
    return axis.type === "none"
      ? torch(call, "cat", [list([withoutFlag(flat(x)), withoutFlag(flat(y))])])
      : torch(call, "cat", [list([withoutFlag(x), withoutFlag(y)]), axis]);
  },
  insert: (call) => {
    const x = flat(array(call, arg(call, 0)));
    const at = numberIn(call, 1);
    const place = at < 0 ? at + numel(x.shape) : at;
    const values = flat(array(call, arg(call, 2), x.dtype));
    const [head, tail] = [place, numel(x.shape) - place].map((n, i) =>
      torch(call, "narrow", [x, int(0), int(i === 0 ? 0 : place), int(n)]),
    );
    if (head?.type !== "tensor" || tail?.type !== "tensor") return NONE;
    return torch(call, "cat", [list([withoutFlag(head), withoutFlag(values), withoutFlag(tail)])]);
  },
  split: (call) => {
    const x = array(call, arg(call, 0));
    const made = torch(call, "tensor_split", [x, arg(call, 1)], { dim: axisIn(call, 2) });
    return made.type === "tuple" ? list([...made.items]) : made;
  },
  array_split: (call, at) => (NUMPY_FUNCTIONS["split"] ?? (() => NONE))(call, at),
  repeat: (call) => {
    const x = array(call, arg(call, 0));
    const times = arg(call, 1, "repeats");
    const counts = times.type === "list" || times.type === "tuple" ? array(call, times) : times;
    return torch(call, "repeat_interleave", [x, counts], { dim: axisIn(call, 2) });
  },
  tile: (call) => torch(call, "tile", [array(call, arg(call, 0)), arg(call, 1)]),
  pad: (call) => {
    const x = array(call, arg(call, 0));
    const width = arg(call, 1, "pad_width");
    const sizes = paddings(call, width, x.shape.length);
    const mode = arg(call, 2, "mode");
    const named = mode.type === "str" ? ({ edge: "replicate", wrap: "circular" }[mode.value] ?? mode.value) : "constant";
    const value = call.kwargs.get("constant_values") ?? int(0);
    return torch(call, "pad", [x, tuple(sizes.toReversed().flatMap(([b, e]) => [int(b), int(e)]))], {
      mode: { type: "str", value: named },
      ...(named === "constant" ? { value } : {}),
    });
  },
  block: (call) => {
    const rows = arg(call, 0);
    const items = rows.type === "list" ? rows.items : [];
    const lines = items.map((row) =>
      joined("cat")({ ...call, args: [row, int(-1)], kwargs: new Map() }, { run: call.run, span: call.span }),
    );
    return joined("cat")({ ...call, args: [list(lines), int(0)], kwargs: new Map() }, { run: call.run, span: call.span });
  },
  // Reductions.
  ...Object.fromEntries(
    ["sum", "prod", "any", "all", "max", "min", "mean", "std", "var", "argmax", "argmin", "count_nonzero"].map((n) => [n, reducing(n)]),
  ),
  amax: reducing("max"),
  amin: reducing("min"),
  ptp: (call, at) => arrayBinary(at, "-", reducing("max")(call, at), reducing("min")(call, at)),
  cumsum: flattening("cumsum"),
  cumprod: flattening("cumprod"),
  median: (call, at) => torch(call, "quantile", [flat(floatOf(at, array(call, arg(call, 0)))), float(0.5)]),
  diff: (call) =>
    torch(call, "diff", [array(call, arg(call, 0))], {
      n: arg(call, 1, "n"),
      dim: axisIn(call, 2),
      prepend: edge(call, "prepend"),
      append: edge(call, "append"),
    }),
  // Searching and sorting.
  where: (call, at) => {
    if (call.args.length === 1) return positions(call);
    const [c, x, y] = call.args;
    if ([c, x, y].some((v) => v?.type === "dynamic")) return invoke(FUNCTIONS["where"] ?? missing(call), call);
    const [left, right] = [array(call, x ?? NONE), array(call, y ?? NONE)];
    const dtype = arrayBinary(at, "+", left, right);
    const both = [left, right].map((t) => (dtype.type === "tensor" || isScalar(dtype) ? array(call, t, numpyDType(dtype)) : t));
    const condition = torch(call, "ne", [array(call, c ?? NONE), int(0)]);
    return torch(call, "where", [isScalar(condition) ? withoutFlag(array(call, condition)) : condition, ...both]);
  },
  nonzero: (call) => positions(call),
  flatnonzero: (call) => {
    const made = positions({ ...call, args: [flat(array(call, arg(call, 0)))] });
    return made.type === "tuple" ? (made.items[0] ?? NONE) : made;
  },
  argwhere: (call) => torch(call, "argwhere", [array(call, arg(call, 0))]),
  searchsorted: (call) =>
    torch(call, "searchsorted", [array(call, arg(call, 0)), array(call, arg(call, 1))], { side: arg(call, 2, "side") }),
  digitize: (call) => {
    const right = arg(call, 2, "right");
    const isRight = right.type === "bool" && right.value;
    return torch(call, "bucketize", [array(call, arg(call, 0)), array(call, arg(call, 1))], { right: bool(!isRight) });
  },
  unique: (call) => {
    const x = array(call, arg(call, 0));
    return torch(call, "unique", [flat(x)], {
      return_inverse: call.kwargs.get("return_inverse") ?? NONE,
      return_counts: call.kwargs.get("return_counts") ?? NONE,
    });
  },
  bincount: (call) =>
    torch(call, "bincount", [array(call, arg(call, 0))], { weights: arg(call, 1, "weights"), minlength: arg(call, 2, "minlength") }),
  isin: (call) =>
    torch(call, "isin", [array(call, arg(call, 0)), array(call, arg(call, 1))], { invert: call.kwargs.get("invert") ?? NONE }),
  in1d: (call) => torch(call, "isin", [array(call, arg(call, 0)), array(call, arg(call, 1))]),
  sort: (call) => {
    const made = torch(call, "sort", [array(call, arg(call, 0))], { dim: axisIn(call, 1) });
    return made.type === "tuple" ? (made.items[0] ?? NONE) : made;
  },
  argsort: (call) => torch(call, "argsort", [array(call, arg(call, 0))], { dim: axisIn(call, 1), stable: bool(true) }),
  take: (call) => {
    const [x, index, axis] = [array(call, arg(call, 0)), array(call, arg(call, 1)), axisIn(call, 2)];
    return axis.type === "none" ? torch(call, "take", [x, index]) : torch(call, "index_select", [x, axis, index]);
  },
  // Shapes.
  reshape: (call) => torch(call, "reshape", [array(call, arg(call, 0)), arg(call, 1, "newshape")]),
  ravel: (call) => flat(array(call, arg(call, 0))),
  transpose: (call) => {
    const x = array(call, arg(call, 0));
    const axes = arg(call, 1, "axes");
    return torch(call, "permute", [x, axes.type === "none" ? tuple(x.shape.map((_, d) => int(x.shape.length - 1 - d))) : axes]);
  },
  swapaxes: (call) => torch(call, "transpose", [array(call, arg(call, 0)), arg(call, 1), arg(call, 2)]),
  moveaxis: (call) => torch(call, "movedim", [array(call, arg(call, 0)), arg(call, 1), arg(call, 2)]),
  expand_dims: (call) => torch(call, "unsqueeze", [array(call, arg(call, 0)), axisIn(call, 1)]),
  squeeze: (call) => torch(call, "squeeze", [array(call, arg(call, 0)), ...(axisIn(call, 1).type === "none" ? [] : [axisIn(call, 1)])]),
  broadcast_to: (call) => torch(call, "broadcast_to", [array(call, arg(call, 0)), arg(call, 1, "shape")]),
  roll: (call) =>
    torch(call, "roll", [array(call, arg(call, 0)), arg(call, 1), ...(axisIn(call, 2).type === "none" ? [] : [axisIn(call, 2)])]),
  flip: (call) => {
    const x = array(call, arg(call, 0));
    const axis = axisIn(call, 1);
    return torch(call, "flip", [x, axis.type === "none" ? tuple(x.shape.map((_, d) => int(d))) : axis]);
  },
  tril: (call) => torch(call, "tril", [array(call, arg(call, 0))], { diagonal: arg(call, 1, "k") }),
  triu: (call) => torch(call, "triu", [array(call, arg(call, 0))], { diagonal: arg(call, 1, "k") }),
  diag: (call) => torch(call, "diag", [array(call, arg(call, 0))], { diagonal: arg(call, 1, "k") }),
  tril_indices: triangle("tril_indices"),
  triu_indices: triangle("triu_indices"),
  meshgrid: (call) => {
    const indexing = call.kwargs.get("indexing") ?? ({ type: "str", value: "xy" } as const);
    const made = torch(
      call,
      "meshgrid",
      call.args.map((a) => array(call, a)),
      { indexing },
    );
    return made;
  },
  indices: (call) => {
    const sizes = arg(call, 0);
    const ramps = sizes.type === "tuple" || sizes.type === "list" ? sizes.items.map((n) => torch(call, "arange", [n])) : [];
    const made = torch(call, "meshgrid", ramps, { indexing: { type: "str", value: "ij" } });
    return made.type === "tuple" ? torch(call, "stack", [list(made.items.map((t) => (t.type === "tensor" ? withoutFlag(t) : t)))]) : made;
  },
  // Products.
  outer: (call) => torch(call, "outer", [array(call, arg(call, 0)), array(call, arg(call, 1))]),
  kron: pairwise("kron"),
  dot: (call, at) => arrayBinary(at, "@", array(call, arg(call, 0)), array(call, arg(call, 1))),
  matmul: (call, at) => arrayBinary(at, "@", array(call, arg(call, 0)), array(call, arg(call, 1))),
  einsum: (call, at) => {
    const parts = call.args.slice(1).map((a) => array(call, a));
    const wide = parts.some((p) => p.dtype === "f64" || p.dtype === "f32") ? parts.map((p) => floatOf(at, p)) : parts;
    return torch(call, "einsum", [arg(call, 0), ...wide]);
  },
  // Elements.
  ...Object.fromEntries(
    [
      "sqrt",
      "exp",
      "exp2",
      "expm1",
      "log",
      "log2",
      "log10",
      "log1p",
      "sin",
      "cos",
      "tan",
      "tanh",
      "sinh",
      "cosh",
      "arctan",
      "arcsin",
      "arccos",
    ].map((n) => [n, elementwise(n, true)]),
  ),
  ...Object.fromEntries(
    ["abs", "absolute", "sign", "square", "negative", "logical_not", "isnan", "isinf", "isfinite", "bitwise_not"].map((n) => [
      n,
      elementwise(n, false),
    ]),
  ),
  ...Object.fromEntries(["floor", "ceil", "trunc"].map((n) => [n, elementwise(n, true)])),
  round: (call, at) => torch(call, "round", [floatOf(at, array(call, arg(call, 0)))], { decimals: arg(call, 1, "decimals") }),
  add: binary("+"),
  subtract: binary("-"),
  multiply: binary("*"),
  divide: binary("/"),
  true_divide: binary("/"),
  floor_divide: binary("//"),
  mod: binary("%"),
  remainder: binary("%"),
  power: binary("**"),
  bitwise_and: binary("&"),
  bitwise_or: binary("|"),
  bitwise_xor: binary("^"),
  left_shift: binary("<<"),
  right_shift: binary(">>"),
  divmod: (call, at) => tuple([binary("//")(call, at), binary("%")(call, at)]),
  maximum: pairwise("maximum"),
  minimum: pairwise("minimum"),
  logical_and: pairwise("logical_and"),
  logical_or: pairwise("logical_or"),
  logical_xor: pairwise("logical_xor"),
  hypot: (call, at) => torch(call, "hypot", [floatOf(at, array(call, arg(call, 0))), floatOf(at, array(call, arg(call, 1)))]),
  arctan2: (call, at) => torch(call, "atan2", [floatOf(at, array(call, arg(call, 0))), floatOf(at, array(call, arg(call, 1)))]),
  equal: pairwise("eq"),
  not_equal: pairwise("ne"),
  less: pairwise("lt"),
  less_equal: pairwise("le"),
  greater: pairwise("gt"),
  greater_equal: pairwise("ge"),
  clip: (call) =>
    ofMod(call, "clamp") ?? torch(call, "clamp", [array(call, arg(call, 0))], { min: arg(call, 1, "a_min"), max: arg(call, 2, "a_max") }),
  allclose: (call, at) => torch(call, "allclose", [floatOf(at, array(call, arg(call, 0))), floatOf(at, array(call, arg(call, 1)))]),
  isclose: (call, at) => torch(call, "isclose", [floatOf(at, array(call, arg(call, 0))), floatOf(at, array(call, arg(call, 1)))]),
  array_equal: (call) => torch(call, "equal", [array(call, arg(call, 0)), array(call, arg(call, 1))]),
  // What is said of types.
  iinfo: (call) => torch(call, "iinfo", [dtypeIn({ ...call, kwargs: new Map() }, 0)]),
  finfo: (call) => torch(call, "finfo", [dtypeIn({ ...call, kwargs: new Map() }, 0)]),
  issubdtype: (call) => {
    const dtype = NUMPY_DTYPES(arg(call, 0));
    const kind = arg(call, 1);
    const isFloating = dtype === "f16" || dtype === "f32" || dtype === "f64";
    const name = kind.type === "class" ? kind.name : "";
    if (name === "floating") return bool(isFloating);
    if (name === "integer") return bool(dtype !== null && !isFloating && dtype !== "bool");
    return bool(name === "number" ? dtype !== "bool" : dtype === NUMPY_DTYPES(kind));
  },
  ndim: (call) => int(array(call, arg(call, 0)).shape.length),
  shape: (call) => tuple(array(call, arg(call, 0)).shape.map(int)),
  size: (call) => int(numel(array(call, arg(call, 0)).shape)),
  isscalar: (call) => bool(isScalar(arg(call, 0))),
};

const missing = (call: Call): never => refuse("unsupported-function", call.span, [call.name, ""]);
const numpyDType = (v: Value): DType => (v.type === "tensor" ? v.dtype : v.type === "float" ? "f64" : v.type === "bool" ? "bool" : "i64");
const copied = (call: Call, x: Tensor): Value => {
  const made = torch(call, "clone", [x]);
  return x.shape.length === 0 ? made : asArray(made);
};
const positions = (call: Call): Value => torch(call, "nonzero", [array(call, arg(call, 0))], { as_tuple: bool(true) });
const edge = (call: Call, name: string): Value => {
  const v = call.kwargs.get(name);
  return v === undefined ? NONE : withoutFlag(flat(array(call, v)));
};

/** `np.pad`'s widths: one number, one pair, or a pair a dimension. */
function paddings(call: Call, width: Value, rank: number): (readonly [number, number])[] {
  const number = (v: Value | undefined): number => (v !== undefined && isScalar(v) ? numberOf(v) : 0);
  if (isScalar(width)) return Array.from({ length: rank }, () => [numberOf(width), numberOf(width)] as const);
  if (width.type !== "tuple" && width.type !== "list") return missing(call);
  const pairs = width.items.map((p) =>
    p.type === "tuple" || p.type === "list" ? ([number(p.items[0]), number(p.items[1])] as const) : null,
  );
  const [only] = pairs;
  if (only === null) return Array.from({ length: rank }, () => [number(width.items[0]), number(width.items[1])] as const);
  return Array.from({ length: rank }, (_, d) => pairs[d] ?? only ?? [0, 0]);
}
