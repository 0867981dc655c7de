/** Tensors put together: cat, stack, meshgrid. */
import type { DType } from "../ir/ops.ts";
import { promoteTypes } from "./promote.ts";
import { dataOf, dynamic, dynamicElements, filled, MAX_ELEMENTS, numel, reshape, unsqueeze } from "./tensor.ts";
import { type Arguments, emptyTable, entry } from "./torchArguments.ts";
import { asDynamic, cast, type TensorLike } from "./torchElement.ts";
import { axisOf, stackRows } from "./torchIndex.ts";
import { expandTo, rearrange } from "./torchShape.ts";
import { refuse, tuple } from "./value.ts";

export const JOIN = emptyTable();

function common(items: readonly TensorLike[]): DType {
  return items.map((t) => t.dtype).reduce((p, q) => promoteTypes(p, q), items[0]?.dtype ?? "f32");
}
/** `torch.cat(parts, dim)`, promoted to one dtype. @throws Refusal where the shapes differ elsewhere */
export function concatenate(a: Arguments, parts: readonly TensorLike[], dim: number): TensorLike {
  const items = parts.filter((t) => !(t.shape.length === 1 && t.shape[0] === 0) || parts.every((p) => numel(p.shape) === 0));
  const first = items[0] ?? refuse("argument-count", a.at.span, [a.call.name, "needs at least one tensor"]);
  if (items.some((t) => t.shape.length === 0))
    refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "a tensor of no dimension cannot be joined; use `torch.stack`"]);
  const axis = axisOf(a.at, dim, first.shape.length);
  const dtype = common(parts);
  const rest = (t: TensorLike) => t.shape.toSpliced(axis, 1).join();
  if (items.some((t) => rest(t) !== rest(first)))
    refuse("operand-types", a.at.span, [a.at.run.text(a.at.span), "the tensors differ in more than the joined dimension"]);
  const total = items.reduce((n, t) => n + (t.shape[axis] ?? 0), 0);
  const shape = first.shape.map((s, d) => (d === axis ? total : s));
  if (numel(shape) > MAX_ELEMENTS) refuse("too-large", a.at.span, ["The joined tensor"]);
  a.at.run.step(a.at.span, 1 + numel(shape) / 16);
  // Rows of each part, as many as lie before the joined dimension, one after another.
  const outer = numel(first.shape.slice(0, axis));
  const casts = items.map((t) => cast(a.at, t, dtype));
  const widths = casts.map((t) => numel(t.shape.slice(axis)));
  if (casts.every((t) => t.type === "tensor")) {
    const datas = casts.map((t) => (t.type === "tensor" ? dataOf(t) : []));
    const out = filled(dtype, shape, 0, a.at.run.trace !== null || casts.every((t) => t.type === "tensor" && t.storage.literal));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      datas.forEach((data, i) => {
        const width = widths[i] ?? 0;
        for (let j = 0; j < width; j++) out.storage.data[at++] = data[o * width + j] ?? 0;
      });
    }
    return out;
  }
  const lists = casts.map((t) => dynamicElements(asDynamic(t)));
  const elements = Array.from({ length: outer }, (_, o) =>
    lists.flatMap((l, i) => l.slice(o * (widths[i] ?? 0), (o + 1) * (widths[i] ?? 0))),
  ).flat();
  return dynamic(
    dtype,
    shape,
    elements,
    casts.reduce((bits, t) => bits | (t.type === "dynamic" ? t.batched : 0), 0),
  );
}
const cat = entry("tensors dim?", (a) => concatenate(a, a.tensors("tensors"), a.int("dim", 0)));
for (const name of ["cat", "concat", "concatenate"]) JOIN.functions[name] = cat;
JOIN.functions["stack"] = entry("tensors dim?", (a) => {
  const items = a.tensors("tensors");
  const dtype = common(items);
  const rank = (items[0]?.shape.length ?? 0) + 1;
  const axis = axisOf(a.at, a.int("dim", 0), rank);
  if (axis === 0)
    return stackRows(
      a.at,
      items.map((t) => cast(a.at, t, dtype)),
    );
  const wide = items.map((t) => rearrange(cast(a.at, t, dtype), (x) => unsqueeze(x, axis)));
  return concatenate(a, wide, axis);
});
JOIN.functions["hstack"] = entry("tensors", (a) =>
  concatenate(a, a.tensors("tensors"), (a.tensors("tensors")[0]?.shape.length ?? 1) > 1 ? 1 : 0),
);
JOIN.functions["vstack"] = entry("tensors", (a) =>
  concatenate(
    a,
    a.tensors("tensors").map((t) => (t.shape.length < 2 ? rearrange(t, (x) => reshape(x, [1, numel(x.shape)])) : t)),
    0,
  ),
);
JOIN.functions["meshgrid"] = entry("*tensors indexing?", (a) => {
  const items = a.tensors("tensors");
  const xy = a.string("indexing", "ij") === "xy" && items.length > 1;
  const order = xy ? [1, 0, ...items.slice(2).map((_, i) => i + 2)] : items.map((_, i) => i);
  const shape = order.map((i) => numel(items[i]?.shape ?? []));
  return tuple(
    items.map((t, i) => {
      const axis = order.indexOf(i);
      return expandTo(
        a,
        rearrange(t, (x) =>
          reshape(
            x,
            shape.map((s, d) => (d === axis ? s : 1)),
          ),
        ),
        shape,
      );
    }),
  );
});
