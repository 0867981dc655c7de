/** Where the tensors of a variant come from, for whoever writes it down as Python: a data file, or made up. */
import type { Capture } from "../ir/mod.ts";
import type { BoundName, LoweredVariant } from "./module.ts";

export interface CaptureOrigin {
  /** The Python that loads it, with `np` for NumPy; absent where no file holds it. */
  readonly load?: string;
  /** What a reader of its value has to know; absent: nothing. */
  readonly note?: string;
}

/** `load("docs.npy")`, with or without the name of one array within. */
const LOAD = /^load\(\s*("[^"\\]+\.np[yz]"|'[^'\\]+\.np[yz]')\s*\)(\[\s*(?:"[^"\\]+"|'[^'\\]+')\s*\])?$/;

/** Of the captures that stand for a bound name unchanged; the others are computed by the text. */
export function captureOrigins(variant: Pick<LoweredVariant, "captures" | "bindings">): ReadonlyMap<Capture, CaptureOrigin> {
  const origins = new Map<Capture, CaptureOrigin>();
  for (const capture of variant.captures) {
    const bound = variant.bindings.find((b) => isOf(b, capture));
    const match = bound === undefined ? null : LOAD.exec(bound.text.trim());
    if (match !== null) origins.set(capture, { load: `np.load(${match[1]})${match[2] ?? ""}` });
    else if (bound?.origin === "seeded") origins.set(capture, { note: "made up: put your own here" });
  }
  return origins;
}

function isOf({ name, tensor }: BoundName, capture: Capture): boolean {
  if (tensor === null || name !== capture.name || tensor.dtype !== capture.dtype || tensor.shape.join() !== capture.shape.join())
    return false;
  return tensor.data === capture.data;
}
