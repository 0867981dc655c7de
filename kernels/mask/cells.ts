/**
 * Cells of a rectangle: which are allowed, or what a score_mod makes of their scores. Thin doors to the emitted loops
 * (emit/js.ts), which are compiled on first use and kept with the expression.
 */
import type { Box } from "../analysis/interval.ts";
import { compileCells, type Rect } from "../emit/js.ts";
import { cast, type Expr } from "../ir/expr.ts";

export type { Rect } from "../emit/js.ts";

const countOf = (r: Rect): number => Math.max(0, r.q1 - r.q0) * Math.max(0, r.k1 - r.k0);

/**
 * 1 where the mask allows the cell, row-major over the rectangle. `body` null: no mask, all 1. `out` is filled from
 * its start and returned; default: a new array. `box`: all indices that will be asked about, if known.
 */
export function maskCells(body: Expr | null, rect: Rect, out: Uint8Array = new Uint8Array(countOf(rect)), box?: Box): Uint8Array {
  if (body === null) out.fill(1, 0, countOf(rect));
  else compileCells(cast(body, "bool"), box)(out, rect, null);
  return out;
}

/** Is the one cell allowed? For hover and click; whole rectangles go through `maskCells`. */
export function isAllowed(body: Expr | null, b: number, h: number, q: number, k: number): boolean {
  return maskCells(body, { b, h, q0: q, q1: q + 1, k0: k, k1: k + 1 })[0] === 1;
}

/**
 * The whole mask as packed bits: cells in row-major [batch, heads, qLen, kvLen] order, least significant bit first.
 * The caller checks the size: one byte holds eight cells.
 */
export function maskBits(body: Expr | null, batch: number, heads: number, qLen: number, kvLen: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil((batch * heads * qLen * kvLen) / 8));
  // Rows go in groups, so that what depends on the key alone is computed once a group.
  const rows = Math.max(1, Math.min(qLen, Math.floor(2 ** 18 / Math.max(1, kvLen))));
  const cells = new Uint8Array(rows * kvLen);
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let q0 = 0; q0 < qLen; q0 += rows) {
        const q1 = Math.min(qLen, q0 + rows);
        maskCells(body, { b, h, q0, q1, k0: 0, k1: kvLen }, cells);
        const n = (q1 - q0) * kvLen;
        for (let i = 0; i < n; i++, at++) bits[at >> 3] = (bits[at >> 3] ?? 0) | ((cells[i] ?? 0) << (at & 7));
      }
    }
  }
  return bits;
}
