/**
 * score_mod → what it adds to a score: its result less the score that went in, as an expression without a score. Where
 * the mod only adds (ALiBi, relative tables, a masking `where`), that is the same for every score, and a score of 0
 * shows it; where it bends or scales scores (soft-capping), it is shown at a score of the user's choice. The range of
 * the values, by which colours are chosen, is taken over the whole plane once, so that it stands still under panning.
 */
import { boxOf, intervalOf } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { type CellLoop, compileCells, type Rect } from "../emit/js.ts";
import { binary, cast, constant, type Expr } from "../ir/expr.ts";
import type { Mod } from "../ir/mod.ts";
import { isFloat } from "../ir/ops.ts";
import { children, postorder, rewrite } from "../ir/walk.ts";
import type { MaskSize } from "./blockMask.ts";
import { latticeOf, squares } from "./lattice.ts";

/** What `mod` makes of `score`, less `score`: f64. */
export function changeOf(mod: Mod, score: number): Expr {
  const given = rewrite(mod.body, (e) => (e.kind === "var" && e.name === "score" ? constant(score, e.dtype) : e));
  // The score itself, as the mod gets it: rounded to the dtype that it has there.
  const dtype = scoreType(mod.body);
  const before = cast(constant(score, dtype), "f64");
  return simplify(binary("sub", cast(cast(given, dtype), "f64"), before));
}

const scoreType = (body: Expr): Expr["dtype"] => postorder([body]).find((e) => e.kind === "var" && e.name === "score")?.dtype ?? "f32";

/** What a score_mod does to a score, as far as its form tells. */
export type BiasForm =
  /** Adds what does not depend on the score, or minus infinity. */
  | "adds"
  /** Takes the score's place: the score is not read. */
  | "replaces"
  /** What it adds depends on the score. */
  | "bends";

/** Tells from the expression alone: "adds" is certain, "bends" is what cannot be shown to add. */
export function biasForm(mod: Mod): BiasForm {
  const root = simplify(mod.body);
  const reads = new Set<Expr>();
  const adds = new Set<Expr>();
  for (const e of postorder([root])) {
    if (e.kind === "var" ? e.name === "score" : children(e).some((c) => reads.has(c))) reads.add(e);
    if (isAdding(e, reads, adds)) adds.add(e);
  }
  return adds.has(root) ? "adds" : reads.has(root) ? "bends" : "replaces";
}

function isAdding(e: Expr, reads: ReadonlySet<Expr>, adds: ReadonlySet<Expr>): boolean {
  switch (e.kind) {
    case "var":
      return e.name === "score";
    case "binary":
      if (e.op === "add") return (adds.has(e.a) && !reads.has(e.b)) || (adds.has(e.b) && !reads.has(e.a));
      return e.op === "sub" && adds.has(e.a) && !reads.has(e.b);
    case "where": {
      const fits = (x: Expr): boolean => adds.has(x) || (x.kind === "const" && x.value === Number.NEGATIVE_INFINITY);
      return !reads.has(e.cond) && fits(e.a) && fits(e.b) && (adds.has(e.a) || adds.has(e.b));
    }
    case "cast":
      return isFloat(e.dtype) && adds.has(e.a);
    default:
      return false;
  }
}

/** The values in one plane. */
export interface BiasRange {
  /** Least and largest finite value; both 0 where there is none. */
  readonly min: number;
  readonly max: number;
  /** The share of cells that are minus infinity, among those counted. */
  readonly masked: number;
  /** Whether plus infinity or nan occurs. */
  readonly hasFaults: boolean;
  /** False where some cells only were looked at. */
  readonly isExact: boolean;
}

/** Cells looked at, at most, to find the range. */
const SAMPLES = 2 ** 20;
/** Cells looked at together. */
const TOGETHER = 2 ** 16;

/** The range of `change` over the cells of plane (b, h) that `allowed` (bool; null: all) allows. */
export function biasRange(change: Expr, allowed: Expr | null, size: MaskSize, b: number, h: number): BiasRange {
  const { qLen, kvLen } = size;
  let level = 0;
  while (squares(qLen, level) * squares(kvLen, level) > SAMPLES) level++;
  const seen = new Spread();
  const mask = allowed === null ? null : cast(allowed, "bool");
  seen.take(
    { b, h, q0: 0, q1: squares(qLen, level), k0: 0, k1: squares(kvLen, level) },
    latticeOf(change, size)(level, level),
    mask && latticeOf(mask, size)(level, level),
  );
  const isAll = level === 0;
  if (!isAll) {
    // Extremes of what depends on distance lie in the corners and along the diagonal.
    const box = boxOf(size.batch, size.heads, qLen, kvLen);
    const values = compileCells(change, box);
    const cells = mask && compileCells(mask, box);
    const look = (q: number, k: number): void => seen.take({ b, h, q0: q, q1: q + 1, k0: k, k1: k + 1 }, values, cells, false);
    for (const q of [0, qLen - 1]) for (const k of [0, kvLen - 1]) look(q, k);
    for (let i = 0; i < 256; i++) {
      const q = Math.floor((i / 255) * (qLen - 1));
      for (const k of [q - 1, q, q + 1, q - qLen + kvLen]) if (k >= 0 && k < kvLen) look(q, k);
    }
  }
  const { min, max } = seen.range();
  const bound = intervalOf(change, { ...boxOf(size.batch, size.heads, qLen, kvLen), b: { min: b, max: b }, h: { min: h, max: h } });
  const isProven = min === bound.min && max === bound.max;
  return { min, max, masked: seen.maskedShare(), hasFaults: seen.hasFaults, isExact: isAll || isProven };
}

/** Least and largest of what was seen. */
class Spread {
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #masked = 0;
  #count = 0;
  hasFaults = false;

  take(rect: Rect, values: CellLoop, mask: CellLoop | null, isCounted = true): void {
    const width = rect.k1 - rect.k0;
    const rows = Math.max(1, Math.min(rect.q1 - rect.q0, Math.floor(TOGETHER / Math.max(1, width))));
    const found = new Float64Array(rows * width);
    const allowed = mask === null ? null : new Uint8Array(rows * width);
    for (let q0 = rect.q0; q0 < rect.q1; q0 += rows) {
      const part = { ...rect, q0, q1: Math.min(rect.q1, q0 + rows) };
      values(found, part, null);
      if (allowed !== null) mask?.(allowed, part, null);
      this.#look(found, allowed, (part.q1 - part.q0) * width, isCounted);
    }
  }

  #look(found: Float64Array, allowed: Uint8Array | null, n: number, isCounted: boolean): void {
    for (let i = 0; i < n; i++) {
      if (isCounted) this.#count++;
      const v = allowed?.[i] === 0 ? Number.NEGATIVE_INFINITY : (found[i] ?? 0);
      if (v === Number.NEGATIVE_INFINITY) {
        if (isCounted) this.#masked++;
      } else if (!Number.isFinite(v)) this.hasFaults = true;
      else {
        if (v < this.#min) this.#min = v;
        if (v > this.#max) this.#max = v;
      }
    }
  }

  range(): { readonly min: number; readonly max: number } {
    return this.#min <= this.#max ? { min: this.#min, max: this.#max } : { min: 0, max: 0 };
  }

  maskedShare(): number {
    return this.#count === 0 ? 0 : this.#masked / this.#count;
  }
}
