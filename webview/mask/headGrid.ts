/** The arithmetic of batches and heads: which planes there are, which of them are in sight, what a hand asks for. Pure. */
import type { BlockMask } from "../../kernels/mask/blockMask.ts";

/** One batch and head. */
export interface Plane {
  readonly b: number;
  readonly h: number;
}

/** The planes that differ: every batch and head that one of the masks stores apart, batches first. */
export function planesOf(masks: readonly Pick<BlockMask, "batch" | "heads">[]): { readonly batches: number; readonly heads: number } {
  return {
    batches: masks.reduce((n, m) => Math.max(n, m.batch), 1),
    heads: masks.reduce((n, m) => Math.max(n, m.heads), 1),
  };
}

/** The plane of place `i` in the grid. */
export const planeAt = (i: number, heads: number): Plane => ({ b: Math.floor(i / heads), h: i % heads });

/** First and end (exclusive) of the places in sight, a row more on either side: no more than these are drawn. */
export function inSight(
  count: number,
  columns: number,
  rowHeight: number,
  scrolled: number,
  height: number,
): { readonly first: number; readonly end: number } {
  const row = Math.max(0, Math.floor(scrolled / rowHeight) - 1);
  const rows = Math.ceil(height / rowHeight) + 3;
  return { first: Math.min(count, row * columns), end: Math.min(count, (row + rows) * columns) };
}

/** The index that a text names, one that is too large brought to the last; null where it is no number. */
export function sliceOf(text: string, count: number): number | null {
  return /^\s*\d+\s*$/.test(text) ? Math.min(count - 1, Number(text)) : null;
}

const STEPS: Readonly<Record<string, number>> = { ArrowUp: 1, ArrowDown: -1, PageUp: 8, PageDown: -8 };

/** Where a key leads from `value`; null for keys that are the field's own. Left and right move in the text. */
export function sliceAfter(key: string, value: number, count: number): number | null {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = STEPS[key];
  return step === undefined ? null : Math.max(0, Math.min(count - 1, value + step));
}
