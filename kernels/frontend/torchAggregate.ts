/** Many elements to fewer, or looked at as a whole: sum, max, cumsum, sort, unique, bincount; size, item, clone. */
import { isFloat } from "../ir/ops.ts";
import { dataOf, isContiguous, itemOf, MAX_ELEMENTS, numel, settled, slice, tensorFrom } from "./tensor.ts";
import { type Arguments, define, emptyTable, entry, known } from "./torchArguments.ts";
import { applyBinary, cast, clone, promoted, truth } from "./torchElement.ts";
import { axisOf, indexSelect } from "./torchIndex.ts";
import { concatenate } from "./torchJoin.ts";
import { argExtreme, extremeAlong, mean, type Reduction, reduce, scan, sort, unique } from "./torchReduce.ts";
import { rearrange } from "./torchShape.ts";
import { bool, float, int, isTensor, list, refuse, type Tensor, tuple, type Value } from "./value.ts";

export const AGGREGATE = emptyTable();

const REDUCTIONS: readonly Reduction[] = ["sum", "prod", "any", "all"];
for (const name of REDUCTIONS) {
  define(
    AGGREGATE,
    name,
    entry("input dim? keepdim? * dtype?", (a) => {
      const x = name === "any" || name === "all" ? truth(a.at, a.tensor("input")) : a.tensor("input");
      return reduce(a.at, name, x, a.ints("dim"), a.flag("keepdim"), a.dtype("dtype"));
    }),
  );
}
for (const name of ["max", "min"] as const) {
  define(
    AGGREGATE,
    name,
    entry("input dim? keepdim?", (a) => {
      const x = a.tensor("input");
      const other = a.value("dim");
      if (isTensor(other)) {
        return promoted(a.at, name, x, other);
      }
      return a.has("dim") ? extremeAlong(a.at, name, x, a.int("dim"), a.flag("keepdim")) : reduce(a.at, name, x, null, false);
    }),
  );
  define(
    AGGREGATE,
    `a${name}`,
    entry("input dim? keepdim?", (a) => reduce(a.at, name, a.tensor("input"), a.ints("dim"), a.flag("keepdim"))),
  );
  define(
    AGGREGATE,
    `arg${name}`,
    entry("input dim? keepdim?", (a) => argExtreme(a.at, name, a.tensor("input"), a.has("dim") ? a.int("dim") : null, a.flag("keepdim"))),
  );
}
define(
  AGGREGATE,
  "mean",
  entry("input dim? keepdim? * dtype?", (a) =>
    mean(a.at, cast(a.at, a.tensor("input"), a.dtype("dtype") ?? a.tensor("input").dtype), a.ints("dim"), a.flag("keepdim")),
  ),
);
define(
  AGGREGATE,
  "count_nonzero",
  entry("input dim?", (a) => reduce(a.at, "sum", truth(a.at, a.tensor("input")), a.ints("dim"), false)),
);
for (const [name, op] of [
  ["cumsum", "add"],
  ["cumprod", "mul"],
] as const) {
  define(
    AGGREGATE,
    name,
    entry("input dim * dtype?", (a) => scan(a.at, op, a.tensor("input"), a.int("dim"), a.dtype("dtype"))),
  );
}
define(
  AGGREGATE,
  "diff",
  entry("input n? dim? prepend? append?", (a) => {
    let x = a.tensor("input");
    const axis = axisOf(a.at, a.int("dim", -1), x.shape.length);
    const parts = [a.value("prepend"), x, a.value("append")].filter(isTensor);
    x = parts.length > 1 ? concatenate(a, parts, axis) : x;
    for (let n = a.int("n", 1); n > 0 && x.shape[axis] !== 0; n--) {
      const size = Math.max(0, (x.shape[axis] ?? 0) - 1);
      const later = rearrange(x, (t) => slice(t, axis, 1, size, 1));
      const earlier = rearrange(x, (t) => slice(t, axis, 0, size, 1));
      x = applyBinary(a.at, x.dtype === "bool" ? "xor" : "sub", later, earlier);
    }
    return x;
  }),
);
define(
  AGGREGATE,
  "sort",
  entry("input dim? descending? * stable?", (a) => {
    const { values, indices } = sort(a.at, known(a, "input"), a.int("dim", -1), a.flag("descending"));
    return { type: "tuple", items: [values, indices], fields: ["values", "indices"] };
  }),
);
define(
  AGGREGATE,
  "argsort",
  entry("input dim? descending? * stable?", (a) => sort(a.at, known(a, "input"), a.int("dim", -1), a.flag("descending")).indices),
);
define(
  AGGREGATE,
  "topk",
  entry("input k dim? largest? sorted?", (a) => {
    const x = known(a, "input");
    const axis = axisOf(a.at, a.int("dim", -1), x.shape.length);
    const { values, indices } = sort(a.at, x, axis, a.flag("largest", true));
    return {
      type: "tuple",
      items: [slice(values, axis, 0, a.int("k"), 1), slice(indices, axis, 0, a.int("k"), 1)],
      fields: ["values", "indices"],
    };
  }),
);
for (const [name, consecutive] of [
  ["unique", false],
  ["unique_consecutive", true],
] as const) {
  define(
    AGGREGATE,
    name,
    entry("input sorted? return_inverse? return_counts? dim?", (a) => {
      const x = known(a, "input");
      if (a.has("dim")) return uniqueRows(a, x, consecutive);
      const { values, inverse, counts } = unique(a.at, x, consecutive);
      const extra = [...(a.flag("return_inverse") ? [inverse] : []), ...(a.flag("return_counts") ? [counts] : [])];
      return extra.length === 0 ? values : tuple([values, ...extra]);
    }),
  );
}
/** `torch.unique(x, dim=…)`: whole slices, in the order of their elements. */
function uniqueRows(a: Arguments, x: Tensor, consecutive: boolean): Value {
  const axis = axisOf(a.at, a.int("dim"), x.shape.length);
  a.at.run.step(a.at.span, 1 + numel(x.shape) / 4 + (x.shape[axis] ?? 0));
  const rows = Array.from({ length: x.shape[axis] ?? 0 }, (_, i) => Array.from(dataOf(slice(x, axis, i, 1, 1))));
  const compare = (p: readonly number[] = [], q: readonly number[] = []): number => {
    const d = p.findIndex((v, i) => v !== q[i]);
    return d < 0 ? 0 : (p[d] ?? 0) - (q[d] ?? 0);
  };
  const order = rows.map((_, i) => i);
  if (!consecutive) order.sort((p, q) => compare(rows[p], rows[q]));
  const groups: number[][] = [];
  for (const i of order) {
    const last = groups.at(-1);
    if (last !== undefined && compare(rows[last[0] ?? 0], rows[i]) === 0) last.push(i);
    else groups.push([i]);
  }
  const literal = (shape: readonly number[], values: readonly number[]) => tensorFrom("i64", shape, values, a.at.run.trace !== null);
  const first = literal(
    [groups.length],
    groups.map((g) => g[0] ?? 0),
  );
  const values = indexSelect(a.at, x, axis, first);
  const inverse = rows.map((_, i) => groups.findIndex((g) => g.includes(i)));
  const counts = groups.map((g) => g.length);
  const extra = [
    ...(a.flag("return_inverse") ? [literal([rows.length], inverse)] : []),
    ...(a.flag("return_counts") ? [literal([groups.length], counts)] : []),
  ];
  return extra.length === 0 ? values : tuple([values, ...extra]);
}
define(
  AGGREGATE,
  "bincount",
  entry("input weights? minlength?", (a) => {
    const x = known(a, "input");
    const data = Array.from(dataOf(x));
    const weights = a.has("weights") ? dataOf(known(a, "weights")) : null;
    const size = data.reduce((m, v) => Math.max(m, v + 1), a.int("minlength", 0));
    if (size > MAX_ELEMENTS || data.some((v) => v < 0))
      refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "the values are negative or too large"]);
    const out = new Array<number>(size).fill(0);
    data.forEach((v, i) => {
      out[v] = (out[v] ?? 0) + (weights?.[i] ?? 1);
    });
    return tensorFrom(weights === null ? "i64" : a.tensor("weights").dtype === "f32" ? "f32" : "f64", [size], out, a.at.run.trace !== null);
  }),
);

define(
  AGGREGATE,
  "clone",
  entry("input", (a) => clone(a.tensor("input"), false)),
);
AGGREGATE.methods["contiguous"] = entry("input memory_format?", (a) => {
  const x = a.tensor("input");
  return x.type === "dynamic" || isContiguous(x) ? x : clone(x, x.storage.literal);
});
for (const name of [
  "detach",
  "cpu",
  "cuda",
  "requires_grad_",
  "share_memory_",
  "pin_memory",
  "numpy",
  "resolve_neg",
  "retain_grad",
  "data_ptr",
]) {
  AGGREGATE.methods[name] = entry("input *rest", (a) => a.tensor("input"));
}
AGGREGATE.functions["clone"] = entry("input", (a) => clone(a.tensor("input"), false));
AGGREGATE.methods["item"] = entry("input", (a) => {
  const x = a.tensor("input");
  const one = settled(x);
  if (one === null) {
    if (x.type === "dynamic") refuse("item-of-tensor", a.at.span, [a.at.run.text(a.at.span)]);
    refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "a tensor of one element is asked for"]);
  }
  const v = itemOf(one);
  return x.dtype === "bool" ? bool(v !== 0) : isFloat(x.dtype) ? float(v) : int(v);
});
define(
  AGGREGATE,
  "numel",
  entry("input", (a) => int(numel(a.tensor("input").shape))),
);
AGGREGATE.methods["nelement"] = entry("input", (a) => int(numel(a.tensor("input").shape)));
for (const name of ["dim", "ndimension"]) AGGREGATE.methods[name] = entry("input", (a) => int(a.tensor("input").shape.length));
AGGREGATE.methods["size"] = entry("input dim?", (a) => {
  const { shape } = a.tensor("input");
  if (!a.has("dim")) return tuple(shape.map(int));
  if (shape.length === 0) {
    const why = "a single number has no dimensions; capture the length instead";
    refuse("index-out-of-range", a.at.span, [a.at.run.text(a.at.span), why]);
  }
  return int(shape[axisOf(a.at, a.int("dim"), shape.length)] ?? 1);
});
define(
  AGGREGATE,
  "is_floating_point",
  entry("input", (a) => bool(isFloat(a.tensor("input").dtype))),
);
AGGREGATE.functions["equal"] = entry("input other", (a) => {
  const [x, y] = [known(a, "input"), known(a, "other")];
  const [p, q] = [dataOf(x), dataOf(y)];
  return bool(x.shape.join() === y.shape.join() && Array.from(p).every((v, i) => v === q[i]));
});
AGGREGATE.methods["tolist"] = entry("input", (a) => {
  const x = a.tensor("input");
  // torch.compile takes lists of integers into a mod, and no others.
  if (a.at.run.trace !== null && isFloat(x.dtype)) a.at.run.warn("refused-by-flex-attention", a.at.span, [a.at.run.text(a.at.span)]);
  return x.type === "tensor" ? nested(a, x) : refuse("item-of-tensor", a.at.span, [a.at.run.text(a.at.span)]);
});

function nested(a: Arguments, x: Tensor): Value {
  const data = dataOf(x);
  a.at.run.step(a.at.span, 1 + data.length / 16);
  let next = 0;
  const one = (): Value => {
    const v = data[next++] ?? 0;
    return x.dtype === "bool" ? bool(v !== 0) : isFloat(x.dtype) ? float(v) : int(v);
  };
  const level = (d: number): Value => (d === x.shape.length ? one() : list(Array.from({ length: x.shape[d] ?? 0 }, () => level(d + 1))));
  return level(0);
}
