/**
 * mask_mod → what all builds and counts of it share, whatever the size: the simplified expression, its terms
 * (analysis/terms.ts), and, when cells must be looked at, the questions and loops. Compiled once for an expression.
 * Captures can be exchanged for others of the same dtype and shape without compiling again: nothing is concluded from
 * their elements but that they lie in a range, which new ones are held against.
 */
import { rangeOf } from "../analysis/arithmetic.ts";
import { seesDistanceOnly } from "../analysis/distance.ts";
import { boxOf, compileDecider, type Decider, type Interval, standIn } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { type Term, termsOf } from "../analysis/terms.ts";
import { type CellLoop, type CountLoop, compileCells, compileCount, compileScan, type ScanLoop } from "../emit/js.ts";
import { boolean, cast, type Expr, load } from "../ir/expr.ts";
import type { Capture } from "../ir/mod.ts";
import { capturesOf, freeVars, rewrite } from "../ir/walk.ts";
import type { MaskSize } from "./blockMask.ts";
import { type RowSolver, rowSolver } from "./rowSolver.ts";

/** A mask_mod ready to be built and counted at any size. */
export interface CompiledMask {
  readonly usesBatch: boolean;
  readonly usesHeads: boolean;
  /** The tensors that it reads, in order of first load. */
  readonly captures: readonly Capture[];
  /** A solver of rows at this length; null where the mask has no terms. */
  readonly solver: (qLen: number, kvLen: number) => RowSolver | null;
  /** A new decider: it keeps state between questions. */
  readonly decider: () => Decider;
  /** Whether only the distance of query and key counts: `diagonals.ts` knows such masks whole. */
  readonly isOfDistance: () => boolean;
  readonly cells: (size: MaskSize) => CellLoop;
  readonly scan: (size: MaskSize) => ScanLoop;
  readonly count: (size: MaskSize) => CountLoop;
  /** The mask with other tensors in place of `captures`, one for one, of the same dtypes and shapes. */
  readonly withCaptures: (captures: readonly Capture[]) => CompiledMask;
}

const compiled = new WeakMap<Expr, CompiledMask>();

/** Compiles `body` (cast to bool; null: everything is allowed), or gives what was compiled for it before. */
export function compileMask(body: Expr | null): CompiledMask {
  const given = cast(body ?? boolean(true), "bool");
  let mask = compiled.get(given);
  if (mask === undefined) {
    const captures = capturesOf(given);
    const ranges = captures.map(rangeFor);
    const places = captures.map((capture, i) => standIn(capture, ranges[i] ?? rangeOf(capture.dtype)));
    const e = simplify(exchanged(given, captures, places));
    mask = maskOf({ given, captures, ranges, places, e, terms: termsOf(e), isOfDistance: null }, captures);
    compiled.set(given, mask);
  }
  return mask;
}

/** What does not depend on the elements of the tensors, as long as these lie in their ranges. */
interface Compilation {
  readonly given: Expr;
  readonly captures: readonly Capture[];
  readonly ranges: readonly Interval[];
  /** The stand-ins, in the order of `captures`. */
  readonly places: readonly Capture[];
  /** Simplified, over the stand-ins. */
  readonly e: Expr;
  readonly terms: readonly Term[] | null;
  /** Found when first asked for. */
  isOfDistance: boolean | null;
}

function maskOf(c: Compilation, actual: readonly Capture[]): CompiledMask {
  const vars = freeVars(c.e);
  let expression: Expr | null = null;
  const over = (): Expr => {
    expression ??= exchanged(c.e, c.places, actual);
    return expression;
  };
  const box = (size: MaskSize) => boxOf(size.batch, size.heads, size.qLen, size.kvLen);
  return {
    usesBatch: vars.has("b"),
    usesHeads: vars.has("h"),
    captures: actual,
    solver: (qLen, kvLen) =>
      c.terms === null ? null : rowSolver(c.terms, qLen, kvLen, (place) => actual[c.places.indexOf(place)] ?? place),
    decider: () => compileDecider(over()),
    isOfDistance() {
      c.isOfDistance ??= seesDistanceOnly(c.e);
      return c.isOfDistance;
    },
    cells: (size) => compileCells(over(), box(size)),
    scan: (size) => compileScan(over(), box(size)),
    count: (size) => compileCount(over(), box(size)),
    withCaptures(others) {
      if (others.length !== c.captures.length || !others.every((other, i) => isLike(other, c.captures[i]))) {
        throw new Error("captures are exchanged for others of the same dtypes and shapes only");
      }
      if (others.every((other, i) => isWithin(other, c.ranges[i]))) return maskOf(c, others);
      return compileMask(exchanged(c.given, c.captures, others));
    },
  };
}

function exchanged(e: Expr, from: readonly Capture[], to: readonly Capture[]): Expr {
  if (from.length === 0) return e;
  return rewrite(e, (node) => (node.kind === "load" ? load(to[from.indexOf(node.capture)] ?? node.capture, node.indices) : node));
}

const isLike = (a: Capture, b: Capture | undefined): boolean =>
  a.dtype === b?.dtype && a.shape.length === b.shape.length && a.shape.every((n, d) => n === b.shape[d]);

/** Elements of i64 tensors are mostly indices and ids. */
const INDICES: Interval = { min: -(2 ** 31), max: 2 ** 31 };

/** The range that a tensor's elements are taken to have: its dtype's, but for i64, which would fit no sum. */
function rangeFor(c: Capture): Interval {
  if (c.dtype !== "i64" || isWithin(c, INDICES)) return c.dtype === "i64" ? INDICES : rangeOf(c.dtype);
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < c.data.length; i++) {
    const x = c.data[i] ?? 0;
    min = Math.min(min, x);
    max = Math.max(max, x);
  }
  return { min, max };
}

/** Whether all elements lie in `range`: of dtypes other than i64 they do. */
function isWithin(c: Capture, range: Interval | undefined): boolean {
  if (c.dtype !== "i64" || range === undefined) return true;
  const { data } = c;
  const { min, max } = range;
  for (let i = 0; i < data.length; i++) {
    const x = data[i] ?? 0;
    if (!(x >= min && x <= max)) return false;
  }
  return true;
}
