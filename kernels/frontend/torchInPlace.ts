/** Writing a result into the tensor that it was computed from: `x += y`, `x.clamp_(0)`. */

import { TORCH_NAMES } from "../ir/ops.ts";
import { freeVars } from "../ir/walk.ts";
import { canCast } from "./promote.ts";
import { dataOf, dynamicElements, numel, offsetsOf, write } from "./tensor.ts";
import { type At, cast, expand, type TensorLike } from "./torchElement.ts";
import { refuse } from "./value.ts";

/**
 * `target` with the elements of `result`, cast to its dtype; the same object, so that other names see it too.
 * @throws Refusal where the result is wider than the target, in shape or in what the mod batches it over
 */
export function storeInPlace(at: At, target: TensorLike, result: TensorLike): TensorLike {
  const text = at.run.text(at.span);
  if (!canCast(result.dtype, target.dtype)) refuse("in-place-dtype", at.span, [text, TORCH_NAMES[result.dtype], TORCH_NAMES[target.dtype]]);
  if (numel(result.shape) > numel(target.shape) || result.shape.length > target.shape.length) refuse("in-place-shape", at.span, [text]);
  const stored = cast(at, result, target.dtype);
  if (target.type === "tensor") {
    if (stored.type === "dynamic") {
      // A captured 0-d number was read as a load; nothing of the mod's arguments is in it.
      if (stored.batched !== 0 || freeVars(...dynamicElements(stored)).size > 0) refuse("in-place-shape", at.span, [text]);
      return stored;
    }
    const values = dataOf(expand(stored, target.shape));
    write(target, offsetsOf(target), (i) => values[i] ?? 0);
    return target;
  }
  const batched = stored.type === "dynamic" ? stored.batched : 0;
  if ((batched & ~target.batched) !== 0) refuse("in-place-shape", at.span, [text]);
  if (stored.type !== "dynamic") return stored;
  target.elements = dynamicElements(stored);
  return target;
}
