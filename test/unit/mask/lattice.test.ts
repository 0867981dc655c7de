import { describe, expect, it } from "vitest";
import { binary, constant, type Expr, variable } from "../../../kernels/ir/expr.ts";
import { latticeOf, squares } from "../../../kernels/mask/lattice.ts";

const q = variable("q_idx");
const kv = variable("kv_idx");
const int = (n: number): Expr => constant(n, "i64");

function values(e: Expr, length: number, levelQ: number, levelK: number): Float64Array {
  const [rows, columns] = [squares(length, levelQ), squares(length, levelK)];
  const out = new Float64Array(rows * columns);
  const loop = latticeOf(e, { batch: 1, heads: 1, qLen: length, kvLen: length })(levelQ, levelK);
  loop(out, { b: 0, h: 0, q0: 0, q1: rows, k0: 0, k1: columns }, null);
  return out;
}

describe("a lattice of cells", () => {
  it.each([
    [1000, 0, 0],
    [1000, 3, 5],
    [1001, 9, 10],
    [2 ** 20, 14, 13],
  ])("has one cell in each square of the matrix, of %i tokens at levels %i and %i", (length, levelQ, levelK) => {
    const columns = squares(length, levelK);
    const rowsSeen = values(q, length, levelQ, levelK);
    const keysSeen = values(kv, length, levelQ, levelK);
    for (let i = 0; i < rowsSeen.length; i += 1 + Math.floor(rowsSeen.length / 5000)) {
      const [row, column] = [Math.floor(i / columns), i % columns];
      expect(Math.floor((rowsSeen[i] ?? -1) / 2 ** levelQ)).toBe(row);
      expect(Math.floor((keysSeen[i] ?? -1) / 2 ** levelK)).toBe(column);
      expect(Math.max(rowsSeen[i] ?? 0, keysSeen[i] ?? 0)).toBeLessThan(length);
    }
  });

  it.each([2, 3, 4, 7, 16, 100])("sees a mask that repeats every %i cells in its true share", (period) => {
    const distance = binary("floormod", binary("add", binary("sub", q, kv), int(2 ** 20)), int(period));
    const hits = values(distance, 2 ** 17, 9, 9).reduce((n, d) => n + (d === 0 ? 1 : 0), 0);
    expect(hits / 256 ** 2).toBeGreaterThan(0.9 / period);
    expect(hits / 256 ** 2).toBeLessThan(1.1 / period);
  });
});
