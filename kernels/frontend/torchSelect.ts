import { dataOf, filled, numel, reshape, tensorFrom } from "./tensor.ts";
import { type Arguments, define, emptyTable, entry, known } from "./torchArguments.ts";
import { applyBinary, cast, clone, type TensorLike } from "./torchElement.ts";
import { axisOf, getItem, indexSelect, nonzero } from "./torchIndex.ts";
import { bucketize, isIn, nonzeroRows } from "./torchReduce.ts";
import { rearrange } from "./torchShape.ts";
import { isScalar, isTensor, numberOf, refuse, tuple, type Value } from "./value.ts";

export const SELECT = emptyTable();

define(
  SELECT,
  "gather take_along_dim",
  entry("input dim index", (a) => {
    const [x, dim] = a.value("dim").type === "int" ? [a.tensor("input"), a.int("dim")] : [a.tensor("input"), a.int("index")];
    const index = a.value("dim").type === "int" ? a.tensor("index") : a.tensor("dim");
    const rank = x.shape.length;
    const axis = axisOf(a.at, dim, rank);
    if (index.shape.length === 0 && rank <= 1) return getItem(a.at, x, index);
    if (index.shape.length !== rank)
      refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "index and input have the same number of dimensions"]);
    const parts = index.shape.map((size, d): Value => {
      if (d === axis) return index;
      const ramp = tensorFrom(
        "i64",
        [size],
        Array.from({ length: size }, (_, i) => i),
        true,
      );
      return reshape(
        ramp,
        index.shape.map((_, e) => (e === d ? size : 1)),
      );
    });
    return getItem(a.at, x, tuple(parts));
  }),
);
define(
  SELECT,
  "index_select",
  entry("input dim index", (a) =>
    indexSelect(a.at, a.tensor("input"), axisOf(a.at, a.int("dim"), a.tensor("input").shape.length), a.tensor("index")),
  ),
);
define(
  SELECT,
  "take",
  entry("input index", (a) => {
    const index = a.tensor("index");
    if (index.type === "dynamic") a.at.run.warn("refused-by-flex-attention", a.at.span, [a.at.run.text(a.at.span)]);
    return getItem(
      a.at,
      rearrange(a.tensor("input"), (t) => reshape(t, [numel(t.shape)])),
      index,
    );
  }),
);
define(
  SELECT,
  "masked_select",
  entry("input mask", (a) => getItem(a.at, a.tensor("input"), a.tensor("mask"))),
);
define(
  SELECT,
  "nonzero",
  entry("input * as_tuple?", (a) => (a.flag("as_tuple") ? tuple(nonzero(known(a, "input"))) : nonzeroRows(a.at, known(a, "input")))),
);
define(
  SELECT,
  "argwhere",
  entry("input", (a) => nonzeroRows(a.at, known(a, "input"))),
);
define(
  SELECT,
  "isin",
  entry("input test_elements * assume_unique? invert?", (a) => {
    const other = a.value("test_elements");
    const among = isTensor(other)
      ? other
      : isScalar(other)
        ? filled(other.type === "float" ? "f32" : "i64", [], numberOf(other), true)
        : a.tensor("test_elements");
    const found = isIn(a.at, a.tensor("input"), among);
    return a.flag("invert") ? applyBinary(a.at, "eq", found, filled("bool", [], 0, true)) : found;
  }),
);
SELECT.functions["isin"] = entry("elements test_elements * assume_unique? invert?", (a) => {
  const found = isIn(a.at, a.tensor("elements"), a.tensors("test_elements")[0] ?? a.tensor("elements"));
  return a.flag("invert") ? applyBinary(a.at, "eq", found, filled("bool", [], 0, true)) : found;
});
define(
  SELECT,
  "bucketize",
  entry("input boundaries * out_int32? right?", (a) =>
    counted(a, bucketize(a.at, a.tensor("boundaries"), a.tensor("input"), a.flag("right"))),
  ),
);
SELECT.functions["searchsorted"] = entry("sorted_sequence values * out_int32? right? side? sorter?", (a) => {
  const bounds = a.tensor("sorted_sequence");
  const values = a.operand("values");
  const tensor = isTensor(values) ? values : filled(bounds.dtype, [], numberOf(values), true);
  return counted(a, bucketize(a.at, bounds, tensor, a.flag("right") || a.string("side", "left") === "right"));
});
const counted = (a: Arguments, x: TensorLike): TensorLike => (a.flag("out_int32") ? cast(a.at, x, "i32") : x);

SELECT.methods["scatter"] = entry("input dim index src", (a) => scatter(a));
SELECT.methods["scatter_add"] = entry("input dim index src", (a) => scatter(a, true));

/** `x.scatter(dim, index, src)` on known tensors. */
function scatter(a: Arguments, add = false): Value {
  const x = known(a, "input");
  const index = known(a, "index");
  const axis = axisOf(a.at, a.int("dim"), x.shape.length);
  const src = a.operand("src");
  const values = isTensor(src) ? (src.type === "tensor" ? dataOf(src) : null) : null;
  if (isTensor(src) && values === null) refuse("unsupported-function", a.at.span, [a.call.name, "it takes known tensors"]);
  const out = clone(x, x.storage.literal);
  if (out.type !== "tensor") return out;
  const places = dataOf(index);
  const strides = out.strides;
  places.forEach((place: number, i: number) => {
    let rest = i;
    let offset = 0;
    for (let d = index.shape.length - 1; d >= 0; d--) {
      const size = index.shape[d] ?? 1;
      offset += (d === axis ? place : rest % size) * (strides[d] ?? 0);
      rest = Math.floor(rest / size);
    }
    const v = values === null ? (isTensor(src) ? 0 : numberOf(src)) : (values[i] ?? 0);
    out.storage.data[offset] = add ? (out.storage.data[offset] ?? 0) + v : v;
  });
  return out;
}
SELECT.functions["scatter"] = SELECT.methods["scatter"];
