/**
 * What the panel compares, as the state holds it: which two masks, or why there are none, and what was found. The two
 * are always at the sizes of the scene shown, so one figure has room for both.
 */
import type { LoweredVariant } from "../kernels/frontend/module.ts";
import type { BlockMask, MaskSize } from "../kernels/mask/blockMask.ts";
import type { Difference } from "../kernels/mask/difference.ts";
import type { ModChanges } from "./mask/editDiff.ts";

/** One of the two masks, and what the panel calls it. */
export interface Side {
  readonly label: string;
  readonly variant: LoweredVariant;
}

export interface Sides {
  /** The shown mask and another; of a former text and the present one the former, so that what came is `onlyB`. */
  readonly a: Side;
  readonly b: Side;
  /** Which of the two is the scene shown. */
  readonly shown: "a" | "b";
  /** "names": two mods of one text; "times": one mod in a former text and in the present one. */
  readonly kind: "names" | "times";
  readonly size: MaskSize;
  readonly blockSize: readonly [q: number, kv: number];
  /** What one should know of the comparison: other sizes, another name, another score_mod. Sentences. */
  readonly notes: readonly string[];
}

/** What was found of two masks. */
export interface Compared {
  readonly difference: Difference;
  /** The one that is not the scene shown. */
  readonly other: BlockMask;
}

export interface Comparison {
  /** null: what to compare with is not there yet, or `fault` says why it never will be. */
  readonly sides: Sides | null;
  readonly fault: string | null;
  /** Of a former text: what else happened to its mods. */
  readonly changes: ModChanges | null;
  /** null while it is computed for the first time. */
  readonly found: Compared | null;
  /** `found` is of the sides before; the new ones are being compared. */
  readonly stale: boolean;
}
