/**
 * What a variant captures, as rows: its bound names with where each value comes from, and beside them the values that
 * the file's own code computes for the mod. One list for the panel, the hover and the command line.
 */
import { summaryText } from "../data/summary.ts";
import type { BindingOrigin, BoundName, LoweredVariant } from "./module.ts";

/** `computed`: by the file's code, from what it has. */
export type CaptureOrigin = BindingOrigin | "computed";

export interface CaptureRow extends Omit<BoundName, "origin"> {
  readonly origin: CaptureOrigin;
}

/** Bound names first, in their order. */
export function captureRows(variant: Pick<LoweredVariant, "bindings" | "reads">): readonly CaptureRow[] {
  const names = new Set(variant.bindings.map((b) => b.name));
  const computed = new Map<string, CaptureRow>();
  for (const { name, tensor, value } of variant.reads.flatMap((mod) => mod.reads)) {
    if (names.has(name) || computed.has(name)) continue;
    computed.set(name, { name, origin: "computed", text: value ?? "", tensor, value, span: null });
  }
  return [...variant.bindings, ...computed.values()];
}

/** What is in it, in a few words: a tensor's range and first values, another value itself. */
export function captureSummary({ tensor, value, text }: Pick<BoundName, "tensor" | "value" | "text">): string {
  if (tensor === null) return value ?? text;
  return tensor.data === undefined ? "" : summaryText({ dtype: tensor.dtype, data: tensor.data });
}
