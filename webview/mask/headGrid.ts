/** The arithmetic of the grid of small pictures: which planes there are, which of them are in sight. Pure. */
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
