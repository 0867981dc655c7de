/**
 * A boolean expression over (b, h, q_idx, kv_idx) → the first cell, in row-major order, where it holds. Intervals first:
 * rows and keys are halved together as in search.ts, what is false throughout is dropped, and only what stays undecided
 * in a group of some 32 rows is evaluated by the emitted loop. So "none" is a proof at any length wherever intervals
 * decide, and exact everywhere else. Work is counted in cells, not in time: the same question has the same answer.
 */
import { ANY_BOX, type Box, boxOf, compileDecider, type Decider, FALSE, intervalOf, TRUE, UNDECIDED } from "../analysis/interval.ts";
import { simplify } from "../analysis/simplify.ts";
import { compileScan, type ScanLoop } from "../emit/js.ts";
import { cast, type Expr } from "../ir/expr.ts";
import { freeVars } from "../ir/walk.ts";
import type { MaskSize } from "./blockMask.ts";
import { CELLS_EDGE } from "./search.ts";

/** One cell of the score matrices. */
export interface Cell {
  readonly b: number;
  readonly h: number;
  readonly qIdx: number;
  readonly kvIdx: number;
}

/** "undecided" where the budget did not suffice. */
export type FirstCell = { readonly cell: Cell } | "none" | "undecided";

/** Cells that are evaluated, or as many as the questions asked are worth, before the search is given up: some 20 ms. */
export const DEFAULT_BUDGET = 2 ** 24;

/** What one question about a rectangle costs, in cells. */
const QUESTION = 256;

/**
 * The first cell of `size` in (b, h, q_idx, kv_idx) order at which `predicate` (cast to bool) holds. An index
 * that the predicate does not read is 0 in the answer.
 */
export function firstCell(predicate: Expr, size: MaskSize, budget: number = DEFAULT_BUDGET): FirstCell {
  const e = simplify(cast(predicate, "bool"));
  const { batch, heads, qLen, kvLen } = size;
  if (batch < 1 || heads < 1 || qLen < 1 || kvLen < 1) return "none";
  const box = boxOf(batch, heads, qLen, kvLen);
  if (isNever(e, box)) return "none";
  const vars = freeVars(e);
  // What does not read an index is the same for all of its values: the first one stands for them.
  const rows = vars.has("q_idx") ? qLen : 1;
  const keys = vars.has("kv_idx") ? kvLen : 1;
  const search = new FirstSearch(compileDecider(e), compileScan(e, box), rows, keys, budget);
  for (let b = 0; b < (vars.has("b") ? batch : 1); b++) {
    for (let h = 0; h < (vars.has("h") ? heads : 1); h++) {
      const found = search.plane(b, h);
      if (search.spent) return "undecided";
      if (found !== null) return { cell: { b, h, ...found } };
    }
  }
  return "none";
}

/**
 * Whether one look at the whole of `box` (default: any length) proves that `predicate` holds nowhere in it. False means
 * that nothing is known.
 */
export function isNever(predicate: Expr, box: Box = ANY_BOX): boolean {
  return intervalOf(simplify(cast(predicate, "bool")), box).max === 0;
}

/** Rows q0..q1 with the segments of keys where the predicate may hold: pairs (first, end), in order. */
type Segments = number[];

class FirstSearch {
  readonly #decider: Decider;
  readonly #scan: ScanLoop;
  readonly #qLen: number;
  readonly #kvLen: number;
  #left: number;
  #asked = 0;
  #answered = 0;
  #b = 0;
  #h = 0;
  /** Whether the budget is used up; what is found is then worth nothing. */
  spent = false;

  constructor(decider: Decider, scan: ScanLoop, qLen: number, kvLen: number, budget: number) {
    this.#decider = decider;
    this.#scan = scan;
    this.#qLen = qLen;
    this.#kvLen = kvLen;
    this.#left = budget;
  }

  plane(b: number, h: number): { qIdx: number; kvIdx: number } | null {
    this.#b = b;
    this.#h = h;
    return this.#group(0, this.#qLen, [0, this.#kvLen]);
  }

  #group(q0: number, q1: number, segments: Segments): { qIdx: number; kvIdx: number } | null {
    const n = q1 - q0;
    // Where intervals keep failing, cells are cheaper.
    const isHopeless = this.#asked > 256 && this.#answered * 8 < this.#asked;
    const open: Segments = [];
    if (isHopeless) open.push(...segments);
    else {
      this.#decider.rows(this.#b, this.#h, q0, q1 - 1);
      for (let i = 0; i < segments.length; i += 2) {
        if (this.#halve(segments[i] ?? 0, segments[i + 1] ?? 0, Math.max(CELLS_EDGE, n), open)) return this.#row(q0, open);
      }
    }
    if (open.length === 0 || this.spent) return null;
    if (n <= CELLS_EDGE) {
      if (!this.#holds(q0, q1, open)) return null;
      for (let q = q0; q < q1 && !this.spent; q++) {
        const found = this.#row(q, open);
        if (found !== null) return found;
      }
      return null;
    }
    const middle = (q0 + q1) >> 1;
    return this.#group(q0, middle, open) ?? (this.spent ? null : this.#group(middle, q1, open));
  }

  /**
   * Keeps of keys first..end what may hold, in parts of at least `target`. True where a part holds throughout: no row
   * before the first of the group is then of interest.
   */
  #halve(first: number, end: number, target: number, open: Segments): boolean {
    this.#charge(QUESTION);
    if (this.spent) return false;
    this.#asked++;
    const verdict = this.#decider.keys(first, end - 1);
    if (verdict !== UNDECIDED) this.#answered++;
    if (verdict === FALSE) return false;
    if (verdict === TRUE || end - first <= target) {
      if (open.length > 0 && open[open.length - 1] === first) open[open.length - 1] = end;
      else open.push(first, end);
      return verdict === TRUE;
    }
    const middle = (first + end) >> 1;
    return this.#halve(first, middle, target, open) || this.#halve(middle, end, target, open);
  }

  /** The first key of row `q` in `segments`. */
  #row(q: number, segments: Segments): { qIdx: number; kvIdx: number } | null {
    for (let i = 0; i < segments.length; i += 2) {
      let first = segments[i] ?? 0;
      let end = segments[i + 1] ?? 0;
      if (!this.#holds(q, q + 1, [first, end])) continue;
      while (end - first > 1) {
        const middle = (first + end) >> 1;
        if (this.#holds(q, q + 1, [first, middle])) end = middle;
        else first = middle;
      }
      return { qIdx: q, kvIdx: first };
    }
    return null;
  }

  /** Does some cell of these rows and keys hold? */
  #holds(q0: number, q1: number, segments: Segments): boolean {
    for (let i = 0; i < segments.length && !this.spent; i += 2) {
      const k0 = segments[i] ?? 0;
      const k1 = segments[i + 1] ?? 0;
      this.#charge((q1 - q0) * (k1 - k0));
      if (!this.spent && this.#scan({ b: this.#b, h: this.#h, q0, q1, k0, k1 }, false)) return true;
    }
    return false;
  }

  #charge(cells: number): void {
    this.#left -= cells;
    if (this.#left < 0) this.spent = true;
  }
}
