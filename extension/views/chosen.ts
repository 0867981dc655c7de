/** Which results a command on a list means, and the sizes of an earlier measurement said anew. Pure. */
import type { Problem } from "../../kernels/flash/problem.ts";
import type { ProblemHints } from "../../kernels/ir/mod.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { placeOf } from "../listNode.ts";

/** Results of one document. */
export interface Chosen {
  readonly document: string;
  readonly results: readonly BenchResult[];
}

/** The results of the entries that a command got: of the one that it was called on, or of all selected with it. */
export function chosenOf(argument: unknown, selected: unknown): readonly Chosen[] {
  const entries = Array.isArray(selected) && selected.includes(argument) ? selected : [argument];
  const chosen = new Map<string, Set<BenchResult>>();
  for (const entry of entries) {
    const place = placeOf(entry);
    if (place?.kind !== "results") continue;
    const own = chosen.get(place.document) ?? new Set();
    for (const result of place.results) own.add(result);
    chosen.set(place.document, own);
  }
  return [...chosen].map(([document, results]) => ({ document, results: [...results] }));
}

const SIZES = ["batch", "qHeads", "kvHeads", "qLen", "kvLen", "qkHeadDim", "vHeadDim", "scale", "storage", "layout"] as const;

/** What has to be said over `now` for the sizes to be those of `then`. */
export function sizesAgain(then: Problem, now: Problem): ProblemHints {
  const sizes = Object.fromEntries(SIZES.flatMap((name) => (then[name] === now[name] ? [] : [[name, then[name]]])));
  return then.blockSize.join() === now.blockSize.join() ? sizes : { ...sizes, blockSize: then.blockSize };
}
