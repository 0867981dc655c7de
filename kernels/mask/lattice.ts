/**
 * One cell for each square of many: the values of an expression on a lattice of cells that is as coarse as a picture
 * zoomed out. The cell of a square is scattered over it by multiples of two irrational numbers, one a side, since cells
 * at regular distances would see nothing of a mask that repeats (`(q_idx - kv_idx) % 4 == 0`). The lattice is written
 * into the expression, so the emitted loop runs over it as over any rectangle: a cell costs what it costs anywhere.
 */
import { boxOf } from "../analysis/interval.ts";
import { type CellLoop, compileCells } from "../emit/js.ts";
import { binary, constant, type Expr, type VarName } from "../ir/expr.ts";
import { rewrite } from "../ir/walk.ts";
import type { MaskSize } from "./blockMask.ts";

/** The loop over the lattice of squares of 2^levelQ queries and 2^levelK keys: its rectangles count squares. Levels of 0 are the cells themselves. */
export type Lattice = (levelQ: number, levelK: number) => CellLoop;

/** The lattices of `e`, which reads no score; compiled on first use and kept with the function. */
export function latticeOf(e: Expr, size: MaskSize): Lattice {
  const loops = new Map<number, CellLoop>();
  return (levelQ, levelK) => {
    const key = 64 * levelQ + levelK;
    let loop = loops.get(key);
    if (loop === undefined) {
      const box = boxOf(size.batch, size.heads, squares(size.qLen, levelQ), squares(size.kvLen, levelK));
      loop = compileCells(scattered(e, size, levelQ, levelK), box);
      loops.set(key, loop);
    }
    return loop;
  };
}

/** Squares of 2^level that `length` takes. */
export const squares = (length: number, level: number): number => Math.ceil(length / 2 ** level);

/** `e` with each index standing for a cell of the square that it counts. */
function scattered(e: Expr, { qLen, kvLen }: MaskSize, levelQ: number, levelK: number): Expr {
  const at = (x: Expr, name: VarName): Expr => {
    if (name === "q_idx") return cellOf(x, levelQ, qLen, 0.6180339887);
    return name === "kv_idx" ? cellOf(x, levelK, kvLen, 0.7548776662) : x;
  };
  return levelQ === 0 && levelK === 0 ? e : rewrite(e, (x) => (x.kind === "var" ? at(x, x.name) : x));
}

/** The index of the cell in square `x`: `x * 2^level + (x * odd) % 2^level`, and never beyond the last one. */
function cellOf(x: Expr, level: number, length: number, share: number): Expr {
  if (level === 0) return x;
  const side = 2 ** level;
  const int = (n: number): Expr => constant(n, "i64");
  const odd = 2 * Math.floor((share * side) / 2) + 1;
  const within = binary("floormod", binary("mul", x, int(odd)), int(side));
  return binary("min", binary("add", binary("mul", x, int(side)), within), int(length - 1));
}
