import { filled, numel, reshape, scalarTensor, tensorFrom, unsqueeze } from "./tensor.ts";
import { type Arguments, define, emptyTable, entry, known } from "./torchArguments.ts";
import { applyBinary, broadcastShape, cast, type TensorLike } from "./torchElement.ts";
import { axisOf, getItem, indexSelect, nonzero } from "./torchIndex.ts";
import { bucketize, isIn, nonzeroRows } from "./torchReduce.ts";
import { expandTo, rearrange } from "./torchShape.ts";
import { isTensor, refuse, tuple, type Value } from "./value.ts";

export const SELECT = emptyTable();

define(
  SELECT,
  "gather",
  entry("input dim index * sparse_grad?", (a) => gatherAlong(a, a.tensor("input"), a.int("dim"), a.tensor("index"))),
);
define(
  SELECT,
  "take_along_dim",
  entry("input indices dim?", (a) => {
    const [x, index] = [a.tensor("input"), a.tensor("indices")];
    if (index.type === "dynamic") a.at.run.warn("refused-by-flex-attention", a.at.span, [a.at.run.text(a.at.span)]);
    if (!a.has("dim")) {
      const flat = (y: TensorLike): TensorLike => rearrange(y, (t) => reshape(t, [numel(t.shape)]));
      return gatherAlong(a, flat(x), 0, flat(index));
    }
    // The other dimensions broadcast.
    const axis = axisOf(a.at, a.int("dim"), x.shape.length);
    const without = (y: TensorLike): number[] => y.shape.map((s, d) => (d === axis ? 1 : s));
    const common = broadcastShape(a.at, [without(x), without(index)]);
    const spread = (y: TensorLike): TensorLike =>
      expandTo(
        a,
        y,
        common.map((s, d) => (d === axis ? (y.shape[d] ?? 1) : s)),
      );
    return gatherAlong(a, spread(x), axis, spread(index));
  }),
);

/** `torch.gather`: along `dim` where the index says, elsewhere as the index stands. */
function gatherAlong(a: Arguments, x: TensorLike, dim: number, index: TensorLike): TensorLike {
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
}
define(
  SELECT,
  "index_select",
  entry("input dim index", (a) => {
    const [x, index] = [a.tensor("input"), a.tensor("index")];
    // An index without dimensions selects a row of one.
    const row = index.shape.length === 0 ? rearrange(index, (t) => unsqueeze(t, 0)) : index;
    return indexSelect(a.at, x, axisOf(a.at, a.int("dim"), x.shape.length), row);
  }),
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
SELECT.functions["isin"] = entry("elements test_elements * assume_unique? invert?", (a) => {
  // A tensor or a number each; a list is refused, as in PyTorch.
  const [x, among] = [a.operand("elements"), a.operand("test_elements")];
  const found = isIn(a.at, isTensor(x) ? x : scalarTensor(x), isTensor(among) ? among : scalarTensor(among));
  return a.flag("invert") ? applyBinary(a.at, "eq", found, filled("bool", [], 0, true)) : found;
});
SELECT.functions["bucketize"] = entry("input boundaries * out_int32? right?", (a) => {
  const x = a.operand("input");
  return counted(a, bucketize(a.at, a.tensor("boundaries"), isTensor(x) ? x : scalarTensor(x), a.flag("right")));
});
SELECT.functions["searchsorted"] = entry("sorted_sequence values * out_int32? right? side? sorter?", (a) => {
  const bounds = a.tensor("sorted_sequence");
  const values = a.operand("values");
  const tensor = isTensor(values) ? values : scalarTensor(values);
  return counted(a, bucketize(a.at, bounds, tensor, a.flag("right") || a.string("side", "left") === "right"));
});
const counted = (a: Arguments, x: TensorLike): TensorLike => (a.flag("out_int32") ? cast(a.at, x, "i32") : x);
