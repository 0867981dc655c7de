/**
 * Where the parts of a source stand in it. A text document is one part; a notebook's code cells, joined in order with
 * a line break after each, are one part a cell: so names of one cell are known in the next, and an offset of the
 * whole leads back to its cell.
 */
import { withoutCellMagic } from "../kernels/frontend/notebook.ts";

export interface Part {
  /** Offset in the whole, UTF-16 units. */
  readonly start: number;
  readonly length: number;
}

export interface Joined {
  readonly text: string;
  readonly parts: readonly Part[];
}

/** Joins cells, as kernels/frontend/notebook.ts does those of a file; what a cell magic says is no Python is blank. */
export function joinCells(cells: readonly string[]): Joined {
  const parts: Part[] = [];
  let text = "";
  for (const cell of cells) {
    parts.push({ start: text.length, length: cell.length });
    text += `${withoutCellMagic(cell)}\n`;
  }
  return { text, parts };
}

/** The part that holds `offset`, and the offset in it; an offset at a part's end belongs to that part. */
export function partAt(parts: readonly Part[], offset: number): { readonly index: number; readonly offset: number } | null {
  const index = parts.findLastIndex((part) => part.start <= offset);
  const part = parts[index];
  return part === undefined ? null : { index, offset: Math.min(offset - part.start, part.length) };
}
