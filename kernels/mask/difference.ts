/**
 * Two masks of one size → what only the first allows, what only the second, what both: each as a block mask of its own,
 * with its cells counted exactly and its first cell named. The difference is an expression, `a & ~b`, so it is built
 * as any mask is: by intervals, as runs, at any length, and never as an array of cells. Captures with the same values
 * are made one first, since two readings of one text have tensors of their own: what did not change is then the same
 * node, and cancels.
 */
import { boxOf } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { compileScan, type Rect, type ScanLoop } from "../emit/js.ts";
import { binary, boolean, cast, type Expr, load, unary } from "../ir/expr.ts";
import { captureKey } from "../ir/key.ts";
import type { Capture } from "../ir/mod.ts";
import { capturesOf, rewrite } from "../ir/walk.ts";
import { type BlockMask, FULL, forEachRun, type MaskSize, queryBlocks, rowIndex } from "./blockMask.ts";
import { buildSteps } from "./build.ts";
import { compileMask } from "./compile.ts";
import { cellCounter } from "./count.ts";
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

/** As `differenceOf`, asking `stop` after each step; null where it said so. */
export function differenceUnlessStopped(
  a: Expr | null,
  b: Expr | null,
  size: MaskSize,
  blockSize: readonly [q: number, kv: number],
  stop: () => boolean,
): Difference | null {
  const steps = differenceSteps(a, b, size, blockSize);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (stop()) return null;
  }
}

/** The comparison in steps of about a millisecond, each giving the share of the work that is done. */
export function* differenceSteps(
  a: Expr | null,
  b: Expr | null,
  size: MaskSize,
  blockSize: readonly [q: number, kv: number],
): Generator<number, Difference> {
  const bodies = differenceBodies(a, b);
  const onlyA = yield* partSteps(bodies.onlyA, size, blockSize, 0);
  const onlyB = yield* partSteps(bodies.onlyB, size, blockSize, 1 / 3);
  const both = yield* partSteps(bodies.both, size, blockSize, 2 / 3);
  const total = size.batch * size.heads * size.qLen * size.kvLen;
  const neither = total - onlyA.cells - onlyB.cells - both.cells;
  return { onlyA: withFirst(onlyA), onlyB: withFirst(onlyB), both, neither, total };
}

/** Whether the two masks allow the same cells. */
export const isSameMask = (d: Difference): boolean => d.onlyA.cells + d.onlyB.cells === 0;

/**
 * The three statements as expressions: equal masks give the constant False for the first two. What the two share is
 * left out of what is denied (`a & b & ~(a & c)` is `a & b & ~c`), so a changed constant leaves one more bound and no
 * alternatives.
 */
export function differenceBodies(a: Expr | null, b: Expr | null): { readonly onlyA: Expr; readonly onlyB: Expr; readonly both: Expr } {
  const first = bodyOf(a);
  const second = shareCaptures(bodyOf(b), first);
  return { onlyA: without(first, second), onlyB: without(second, first), both: simplify(binary("and", first, second)) };
}

/** Where `a` holds and `b` does not. */
function without(a: Expr, b: Expr): Expr {
  const given = new Set(conjuncts(a));
  const denied = conjuncts(b).flatMap((e) => (given.has(e) ? [] : [negated(e)]));
  return simplify(
    denied.length === 0
      ? boolean(false)
      : binary(
          "and",
          a,
          denied.reduce((x, y) => binary("or", x, y)),
        ),
  );
}

/** The statements that a boolean expression joins by `and`. */
function conjuncts(e: Expr): Expr[] {
  return e.kind === "binary" && e.op === "and" && e.dtype === "bool" ? [...conjuncts(e.a), ...conjuncts(e.b)] : [e];
}

/** Not `e`, with the negation carried down to where comparisons take it up. */
function negated(e: Expr): Expr {
  if (e.kind === "binary" && e.dtype === "bool" && (e.op === "and" || e.op === "or")) {
    return binary(e.op === "and" ? "or" : "and", negated(e.a), negated(e.b));
  }
  return simplify(unary("not", e));
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

/** Rows of cells that are counted in one step where rows are solved, and cells where they are looked at. */
const ROWS_AT_ONCE = 2 ** 10;
const CELLS_AT_ONCE = 2 ** 18;

function* partSteps(body: Expr, size: MaskSize, blockSize: readonly [number, number], from: number): Generator<number, Part> {
  const steps = buildSteps(compileMask(body), size, blockSize);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) yield from + step.value.done / step.value.of / 6;
  const mask = step.value;
  const { batch, heads, qLen, kvLen } = mask;
  const counter = cellCounter(body, mask);
  const count = (rect: Rect): number => counter.count(rect) ?? 0;
  let allowed = 0;
  let work = 0;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const isSolved = counter.solves(b, h);
      for (let row = 0; row < queryBlocks(mask); row++) {
        const q0 = row * blockSize[0];
        const q1 = Math.min(qLen, q0 + blockSize[0]);
        const index = rowIndex(mask, b, h, row);
        if (mask.rows.rowStart[index] === mask.rows.rowStart[index + 1]) continue;
        if (isSolved) {
          allowed += count({ b, h, q0, q1, k0: 0, k1: kvLen });
          work += (q1 - q0) / ROWS_AT_ONCE;
        } else {
          forEachRun(mask.rows, index, (first, end, state) => {
            const [k0, k1] = [first * blockSize[1], Math.min(kvLen, end * blockSize[1])];
            allowed += state === FULL ? (q1 - q0) * (k1 - k0) : count({ b, h, q0, q1, k0, k1 });
            if (state !== FULL) work += ((q1 - q0) * (k1 - k0)) / CELLS_AT_ONCE;
          });
        }
        if (work < 1) continue;
        work = 0;
        yield from + 1 / 6 + (b * heads + h + q0 / qLen) / (batch * heads) / 6;
      }
    }
  }
  return { body, mask, cells: batch * heads === 0 ? 0 : ((size.batch * size.heads) / (batch * heads)) * allowed };
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
