/**
 * mask_mod → what all builds and counts of it share, whatever the size: the simplified expression, its terms
 * (analysis/terms.ts), and, when cells must be looked at, the questions and loops. Compiled once for an expression.
 * Captures can be exchanged for others of the same dtype and shape without compiling again: what was concluded from
 * their values is their range, which the new values are held against.
 */
import { boxOf, compileDecider, type Decider } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { type Term, termsOf } from "../analysis/terms.ts";
import { type CountLoop, compileCount, compileScan, type ScanLoop } from "../emit/js.ts";
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
    const e = simplify(given);
    mask = maskOf(given, e, termsOf(e), capturesOf(given), null);
    compiled.set(given, mask);
  }
  return mask;
}

/** `original` is what was compiled, `actual` the tensors in place of its own; null: its own. */
function maskOf(
  original: Expr,
  simplified: Expr,
  terms: readonly Term[] | null,
  captures: readonly Capture[],
  actual: readonly Capture[] | null,
): CompiledMask {
  const capture = (c: Capture): Capture => (actual === null ? c : (actual[captures.indexOf(c)] ?? c));
  let expression: Expr | null = actual === null ? simplified : null;
  const e = (): Expr => {
    expression ??= exchanged(simplified, capture);
    return expression;
  };
  const vars = freeVars(simplified);
  const box = (size: MaskSize) => boxOf(size.batch, size.heads, size.qLen, size.kvLen);
  return {
    usesBatch: vars.has("b"),
    usesHeads: vars.has("h"),
    captures: actual ?? captures,
    solver: (qLen, kvLen) => (terms === null ? null : rowSolver(terms, qLen, kvLen, capture)),
    decider: () => compileDecider(e()),
    scan: (size) => compileScan(e(), box(size)),
    count: (size) => compileCount(e(), box(size)),
    withCaptures(others) {
      const fits =
        others.length === captures.length &&
        others.every((other, i) => {
          const own = captures[i];
          return own !== undefined && own.dtype === other.dtype && hasShape(other, own.shape);
        });
      if (!fits) throw new Error("captures are exchanged for others of the same dtypes and shapes only");
      const isWithin = others.every((other, i) => {
        const own = captures[i];
        return own !== undefined && (own === other || isSubrange(other, rangeOfValues(own)));
      });
      if (isWithin) return maskOf(original, simplified, terms, captures, others);
      return compileMask(exchanged(original, (c) => others[captures.indexOf(c)] ?? c));
    },
  };
}

function exchanged(e: Expr, capture: (c: Capture) => Capture): Expr {
  return rewrite(e, (node) => (node.kind === "load" ? load(capture(node.capture), node.indices) : node));
}

const hasShape = (c: Capture, shape: readonly number[]): boolean =>
  c.shape.length === shape.length && c.shape.every((n, d) => n === shape[d]);

interface Range {
  readonly min: number;
  readonly max: number;
}

const ranges = new WeakMap<Capture, Range>();

/** Least and greatest element; nan where one is. */
function rangeOfValues(c: Capture): Range {
  let range = ranges.get(c);
  if (range === undefined) {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < c.data.length; i++) {
      const x = c.data[i] ?? 0;
      min = Math.min(min, x);
      max = Math.max(max, x);
    }
    range = { min, max };
    ranges.set(c, range);
  }
  return range;
}

/** Whether all elements lie in `range`. What was concluded without their values holds for any. */
function isSubrange(c: Capture, range: Range): boolean {
  const { data } = c;
  const { min, max } = range;
  for (let i = 0; i < data.length; i++) {
    const x = data[i] ?? 0;
    if (!(x >= min && x <= max)) return false;
  }
  return true;
}
