/** A comparison in words and numbers: how it stands, what its parts are called, and how many cells they have. Pure. */
import { isAllowed } from "../../kernels/mask/cells.ts";
import { type Difference, isSameMask } from "../../kernels/mask/difference.ts";
import type { Comparison, Sides } from "../comparison.ts";
import { integer } from "../number.ts";
import type { CompareWith } from "../protocol.ts";
import { PAST_NAMES } from "./compareSides.ts";
import { planesOf } from "./headGrid.ts";

/** How the comparison stands, in a sentence: what is awaited, why there is none, or what was found. */
export function statusText(asked: CompareWith, comparison: Comparison | null): string {
  if (comparison?.fault != null) return comparison.fault;
  if (comparison === null || comparison.sides === null) return asked.kind === "variant" ? "" : `reading ${PAST_NAMES[asked.kind]}…`;
  const { found, sides, stale } = comparison;
  if (found === null || stale) return "comparing…";
  const { onlyA, onlyB } = onePlane(found.difference).counts;
  if (isSameMask(found.difference))
    return sides.kind === "times" ? `The mask is the same as in ${pastName(asked)}.` : "The two masks are equal.";
  if (sides.kind === "names") return `${cellsText(onlyA)} only in ${sides.a.label}, ${cellsText(onlyB)} only in ${sides.b.label}`;
  return `${cellsText(onlyB)} gained, ${cellsText(onlyA)} lost since ${pastName(asked)}`;
}

/** Cells of each kind, a plane that several batches or heads share counted once, and how many share one. */
export function onePlane({ onlyA, onlyB, both, neither, total }: Difference): {
  readonly counts: Readonly<Record<"onlyA" | "onlyB" | "both" | "neither", number>>;
  readonly shared: number;
} {
  const { qLen, kvLen } = both.mask;
  const { batches, heads } = planesOf([onlyA.mask, onlyB.mask, both.mask]);
  const shared = Math.max(1, Math.round(total / Math.max(1, batches * heads * qLen * kvLen)));
  const counts = { onlyA: onlyA.cells / shared, onlyB: onlyB.cells / shared, both: both.cells / shared, neither: neither / shared };
  return { counts, shared };
}

const pastName = (asked: CompareWith): string => (asked.kind === "variant" ? asked.name : PAST_NAMES[asked.kind]);

/** `1 cell`, `4 096 cells`. */
export const cellsText = (n: number): string => (n === 1 ? "1 cell" : `${integer(n)} cells`);

/** What the two changed parts are called. */
export function partNames(sides: Sides): readonly [a: string, b: string] {
  return sides.kind === "times" ? ["lost", "gained"] : [`only ${sides.a.label}`, `only ${sides.b.label}`];
}

/** Of one cell: what the two masks make of it, in the legend's words. */
export function cellText(sides: Sides, at: { readonly b: number; readonly h: number; readonly q: number; readonly kv: number }): string {
  const [inA, inB] = [sides.a, sides.b].map(({ variant }) => isAllowed(variant.maskMod?.body ?? null, at.b, at.h, at.q, at.kv));
  const [onlyA, onlyB] = partNames(sides);
  return inA === inB ? (inA === true ? "in both" : "in neither") : inA === true ? onlyA : onlyB;
}
