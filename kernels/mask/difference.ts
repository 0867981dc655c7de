/**
 * Two masks of one size → what only the first allows, what only the second, what both: each as a block mask of its own,
 * with its cells counted exactly and its first cell named. The difference is an expression, `a & ~b`, so it is built
 * as any mask is: by intervals, as runs, at any length, and never as an array of cells. Captures with the same values
 * are made one first, since two readings of one text have tensors of their own: what did not change is then the same
 * node, and cancels.
 */
import { boxOf } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { compileScan, type ScanLoop } from "../emit/js.ts";
import { binary, boolean, cast, type Expr, load, unary } from "../ir/expr.ts";
import { captureKey } from "../ir/key.ts";
import type { Capture } from "../ir/mod.ts";
import { capturesOf, rewrite } from "../ir/walk.ts";
import { type BlockMask, forEachRun, type MaskSize, queryBlocks, rowIndex } from "./blockMask.ts";
import { buildUnlessStopped } from "./build.ts";
import { countUnlessStopped } from "./count.ts";
import type { Cell } from "./firstCell.ts";

/** The cells at which one statement about two masks holds. */
export interface Part {
  readonly body: Expr;
  readonly mask: BlockMask;
  /** Over all batches and heads of the size, those included that share a plane. */
  readonly cells: number;
}

/** A part of which one wants to know where it begins. */
export interface ChangedPart extends Part {
  /** In (b, h, q_idx, kv_idx) order; null where the part is empty. An index that it does not depend on is 0. */
  readonly first: Cell | null;
}

export interface Difference {
  readonly onlyA: ChangedPart;
  readonly onlyB: ChangedPart;
  readonly both: Part;
  /** Cells that neither allows. */
  readonly neither: number;
  /** Cells in all. */
  readonly total: number;
}

/** Compares the masks of two bodies (bool; null: everything allowed) at one size. */
export function differenceOf(a: Expr | null, b: Expr | null, size: MaskSize, blockSize: readonly [q: number, kv: number]): Difference {
  const found = differenceUnlessStopped(a, b, size, blockSize, () => false);
  if (found === null) throw new Error("a comparison that nothing stops has stopped");
  return found;
}

/** As `differenceOf`, asking `stop` now and then; null where it said so. */
export function differenceUnlessStopped(
  a: Expr | null,
  b: Expr | null,
  size: MaskSize,
  blockSize: readonly [q: number, kv: number],
  stop: () => boolean,
): Difference | null {
  const bodies = differenceBodies(a, b);
  const part = (body: Expr): Part | null => partOf(body, size, blockSize, stop);
  const onlyA = part(bodies.onlyA);
  const onlyB = onlyA === null ? null : part(bodies.onlyB);
  const both = onlyB === null ? null : part(bodies.both);
  if (onlyA === null || onlyB === null || both === null) return null;
  const total = size.batch * size.heads * size.qLen * size.kvLen;
  const neither = total - onlyA.cells - onlyB.cells - both.cells;
  return { onlyA: withFirst(onlyA), onlyB: withFirst(onlyB), both, neither, total };
}

/** Whether the two masks allow the same cells. */
export const isSameMask = (d: Difference): boolean => d.onlyA.cells + d.onlyB.cells === 0;

/** The three statements as expressions: equal masks give the constant False for the first two. */
export function differenceBodies(a: Expr | null, b: Expr | null): { readonly onlyA: Expr; readonly onlyB: Expr; readonly both: Expr } {
  const first = bodyOf(a);
  const second = shareCaptures(bodyOf(b), first);
  if (first === second) return { onlyA: boolean(false), onlyB: boolean(false), both: first };
  return {
    onlyA: simplify(binary("and", first, unary("not", second))),
    onlyB: simplify(binary("and", second, unary("not", first))),
    both: simplify(binary("and", first, second)),
  };
}

const bodyOf = (body: Expr | null): Expr => simplify(cast(body ?? boolean(true), "bool"));

/** `e` with each capture replaced by the one of `model` that has the same dtype, shape and values, where there is one. */
export function shareCaptures(e: Expr, model: Expr): Expr {
  const known = new Map(capturesOf(model).map((capture) => [contents(capture), capture]));
  if (known.size === 0) return e;
  return rewrite(e, (node) => {
    if (node.kind !== "load") return node;
    const same = known.get(contents(node.capture));
    return same === undefined || same === node.capture ? node : load(same, node.indices);
  });
}

const contents = (c: Capture): string => `${c.dtype}[${c.shape.join()}]${captureKey(c)}`;

function partOf(body: Expr, size: MaskSize, blockSize: readonly [number, number], stop: () => boolean): Part | null {
  const mask = buildUnlessStopped(body, size, blockSize, stop);
  const allowed = mask === null ? null : countUnlessStopped(mask, body, stop);
  if (mask === null || allowed === null) return null;
  const planes = mask.batch * mask.heads;
  return { body, mask, cells: planes === 0 ? 0 : ((size.batch * size.heads) / planes) * allowed };
}

const withFirst = (part: Part): ChangedPart => ({ ...part, first: part.cells === 0 ? null : firstAllowed(part.mask, part.body) });

/**
 * The first allowed cell of a mask in (b, h, q_idx, kv_idx) order; null where there is none. `body` is what the mask
 * was built from. The runs say in which row of blocks to look, so no more than that row is evaluated.
 */
export function firstAllowed(mask: BlockMask, body: Expr): Cell | null {
  const e = simplify(cast(body, "bool"));
  const scan = compileScan(e, boxOf(mask.batch, mask.heads, mask.qLen, mask.kvLen));
  for (let b = 0; b < mask.batch; b++) {
    for (let h = 0; h < mask.heads; h++) {
      for (let row = 0; row < queryBlocks(mask); row++) {
        const found = firstInRow(mask, scan, b, h, row);
        if (found !== null) return { b, h, ...found };
      }
    }
  }
  return null;
}

/** Keys first..end (exclusive) that may be allowed, or are: in order. */
interface Keys {
  readonly k0: number;
  readonly k1: number;
}

function firstInRow(m: BlockMask, scan: ScanLoop, b: number, h: number, row: number): { qIdx: number; kvIdx: number } | null {
  const parts: Keys[] = [];
  forEachRun(m.rows, rowIndex(m, b, h, row), (first, end) => {
    parts.push({ k0: first * m.blockSize[1], k1: Math.min(end * m.blockSize[1], m.kvLen) });
  });
  const holds = (q0: number, q1: number, { k0, k1 }: Keys): boolean => scan({ b, h, q0, q1, k0, k1 }, false);
  let q0 = row * m.blockSize[0];
  let q1 = Math.min(q0 + m.blockSize[0], m.qLen);
  if (!parts.some((keys) => holds(q0, q1, keys))) return null;
  // Halves: the first row that has a cell, then the first key of that row.
  while (q1 - q0 > 1) {
    const middle = (q0 + q1) >> 1;
    if (parts.some((keys) => holds(q0, middle, keys))) q1 = middle;
    else q0 = middle;
  }
  for (const keys of parts) {
    if (!holds(q0, q1, keys)) continue;
    let { k0, k1 } = keys;
    while (k1 - k0 > 1) {
      const middle = (k0 + k1) >> 1;
      if (holds(q0, q1, { k0, k1: middle })) k1 = middle;
      else k0 = middle;
    }
    return { qIdx: q0, kvIdx: k0 };
  }
  return null;
}
