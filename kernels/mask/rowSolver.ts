/**
 * A mask as terms (analysis/terms.ts) → for a range of rows, the keys that all of its rows allow and those that some
 * row may allow, as a few intervals: thresholds that are computed or bisected, without asking about single cells or
 * blocks. Of one row both are the same where every term is exact. Work is that of the terms, whatever the length.
 */
import { type Axis, type Direction, type Line, lineOf } from "../analysis/line.ts";
import { type Bound, type Form, keyFactor, type Term } from "../analysis/terms.ts";
import type { Capture } from "../ir/mod.ts";

/** Disjoint intervals in order, none empty, none touching the next: `at[2 i]` to `at[2 i + 1]`, end exclusive. */
export interface Spans {
  count: number;
  readonly at: Float64Array;
}

/** Where the terms of a mask stand, at one size. */
export interface RowSolver {
  /** Sets batch and head. `false`: intervals say nothing about some term there, so that `rows` would be of no use. */
  plane(b: number, h: number): boolean;
  /** Solves rows q0..q1, ends included; `allowed` and `possible` then speak of them. */
  rows(q0: number, q1: number): void;
  /** Keys that every row of the range allows. */
  readonly allowed: Spans;
  /** Keys that some row may allow: no row allows any other. */
  readonly possible: Spans;
  /** For the plane that is set: of a single row, `allowed` and `possible` are the same and the truth. */
  isExact(): boolean;
}

/** `capture` gives the tensor to read in place of a load's own, of the same dtype and shape. */
export function rowSolver(terms: readonly Term[], qLen: number, kvLen: number, capture: (c: Capture) => Capture): RowSolver {
  return new Solver(terms, qLen, kvLen, capture);
}

/** The range of one form's `rest` over the rows. */
interface RestRange {
  readonly line: Line | null;
  direction: Direction;
  min: number;
  max: number;
}

/** One inequality: its part in the keys solved in closed form (`factor`), or by bisection along a line. */
interface Solved {
  readonly bound: Bound;
  readonly rest: RestRange;
  /** Of kv_idx, sign included; 0: the keys are a line, or there are none. */
  readonly factor: number;
  /** Null: no keys (a condition on the row), or `factor`, or the line is not known. */
  readonly keys: Line | null;
  readonly isRowOnly: boolean;
  /** Of sign · keys in the plane that is set. */
  direction: Direction;
  /** What was asked of the line, and the answer: for possible keys, and for allowed ones. */
  readonly memo: [asked: number, answer: number, asked: number, answer: number];
}

interface SolvedTerm {
  readonly bounds: readonly Solved[];
  readonly exact: boolean;
  isExactHere: boolean;
}

class Solver implements RowSolver {
  readonly allowed: Spans;
  readonly possible: Spans;
  readonly #terms: readonly SolvedTerm[];
  readonly #rests: readonly RestRange[];
  readonly #plane = { b: 0, h: 0 };
  readonly #kvLen: number;
  #isExact = false;

  constructor(terms: readonly Term[], qLen: number, kvLen: number, capture: (c: Capture) => Capture) {
    this.#kvLen = kvLen;
    const queries: Axis = { name: "q_idx", length: qLen, plane: this.#plane, capture };
    const keys: Axis = { name: "kv_idx", length: kvLen, plane: this.#plane, capture };
    const rests = new Map<Form, RestRange>();
    const restOf = (form: Form): RestRange => {
      let rest = rests.get(form);
      if (rest === undefined) {
        rest = { line: lineOf(form.rest, queries), direction: null, min: 0, max: 0 };
        rests.set(form, rest);
      }
      return rest;
    };
    this.#terms = terms.map((term) => ({
      exact: term.exact,
      isExactHere: false,
      bounds: term.bounds.map((bound) => {
        const isRowOnly = bound.form.keys.terms.size === 0;
        const factor = bound.sign * keyFactor(bound.form);
        const line = isRowOnly || factor !== 0 ? null : lineOf(bound.form.keys, keys);
        return { bound, rest: restOf(bound.form), factor, keys: line, isRowOnly, direction: null, memo: [Number.NaN, 0, Number.NaN, 0] };
      }),
    }));
    this.#rests = [...rests.values()];
    this.allowed = { count: 0, at: new Float64Array(2 * terms.length) };
    this.possible = { count: 0, at: new Float64Array(2 * terms.length) };
  }

  isExact(): boolean {
    return this.#isExact;
  }

  plane(b: number, h: number): boolean {
    this.#plane.b = b;
    this.#plane.h = h;
    for (const rest of this.#rests) rest.direction = rest.line?.direction() ?? null;
    let isUseful = true;
    this.#isExact = true;
    for (const term of this.#terms) {
      let isSolved = true;
      let narrows = false;
      for (const s of term.bounds) {
        s.memo[0] = Number.NaN;
        s.memo[2] = Number.NaN;
        const along = s.keys?.direction() ?? null;
        s.direction = along === null ? null : ((along * s.bound.sign) as Direction);
        const knowsKeys = s.isRowOnly || s.factor !== 0 || s.direction !== null;
        if (s.rest.line === null || !knowsKeys) isSolved = false;
        else if (!s.isRowOnly) narrows = true;
      }
      term.isExactHere = term.exact && isSolved;
      if (!term.isExactHere) this.#isExact = false;
      if (!term.isExactHere && !narrows) isUseful = false;
    }
    return isUseful;
  }

  rows(q0: number, q1: number): void {
    for (const rest of this.#rests) {
      const { line } = rest;
      if (line === null) continue;
      const first = line.at(q0);
      const last = q0 === q1 ? first : line.at(q1);
      rest.min = first < last ? first : last;
      rest.max = first < last ? last : first;
      if (rest.direction !== null) continue;
      for (let q = q0 + 1; q < q1; q++) {
        const x = line.at(q);
        if (x < rest.min) rest.min = x;
        else if (x > rest.max) rest.max = x;
      }
    }
    this.allowed.count = 0;
    this.possible.count = 0;
    for (const term of this.#terms) this.#solve(term);
  }

  #solve(term: SolvedTerm): void {
    const n = this.#kvLen;
    let from = 0;
    let to = n;
    let allFrom = 0;
    let allTo = term.isExactHere ? n : 0;
    for (const s of term.bounds) {
      const { rest, bound, factor } = s;
      if (rest.line === null) continue;
      const most = -bound.slack - (bound.sign > 0 ? rest.min : -rest.max);
      const least = -bound.slack - (bound.sign > 0 ? rest.max : -rest.min);
      if (s.isRowOnly) {
        if (most < 0) return;
        if (least < 0) allTo = 0;
      } else if (factor > 0) {
        to = Math.min(to, Math.floor(most / factor) + 1);
        allTo = Math.min(allTo, Math.floor(least / factor) + 1);
      } else if (factor < 0) {
        from = Math.max(from, Math.ceil(most / factor));
        allFrom = Math.max(allFrom, Math.ceil(least / factor));
      } else if (s.keys !== null && s.direction !== null) {
        const edge = threshold(s, s.keys, s.direction, most, n, 0);
        const allEdge = least === most ? edge : threshold(s, s.keys, s.direction, least, n, 2);
        if (s.direction >= 0) {
          to = Math.min(to, edge);
          allTo = Math.min(allTo, allEdge);
        } else {
          from = Math.max(from, edge);
          allFrom = Math.max(allFrom, allEdge);
        }
      }
      if (from >= to) return;
    }
    add(this.possible, from, to);
    if (allFrom < allTo) add(this.allowed, allFrom, allTo);
  }
}

/**
 * For rising sign · keys the number of first keys where it is at most `v`; for falling ones the first key where it is.
 * Bisection from the last answer on, in growing steps: rows that follow each other ask for places near each other.
 */
function threshold(s: Solved, line: Line, direction: Direction, v: number, n: number, memo: 0 | 2): number {
  if (s.memo[memo] === v) return s.memo[memo + 1] ?? 0;
  const { sign } = s.bound;
  const rising = direction !== -1;
  // The answer is the first place where this holds; n if there is none.
  const isPast = (k: number): boolean => sign * line.at(k) <= v !== rising;
  let low = 0;
  let high = n;
  const start = Number.isNaN(s.memo[memo] ?? Number.NaN) ? 0 : (s.memo[memo + 1] ?? 0);
  if (start < n && isPast(start)) {
    high = start;
    for (let step = 1; high > 0; step *= 2) {
      const next = Math.max(0, start - step);
      if (!isPast(next)) {
        low = next + 1;
        break;
      }
      high = next;
    }
  } else if (start < n) {
    low = start + 1;
    for (let step = 1; low < n; step *= 2) {
      const next = start + step;
      if (next >= n) break;
      if (isPast(next)) {
        high = next;
        break;
      }
      low = next + 1;
    }
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast(middle)) high = middle;
    else low = middle + 1;
  }
  s.memo[memo] = v;
  s.memo[memo + 1] = low;
  return low;
}

/** Adds from..to, joined with what it meets. */
function add(spans: Spans, from: number, to: number): void {
  const { at } = spans;
  let n = spans.count;
  // Spans i..j meet the new one.
  let i = 0;
  while (i < n && (at[2 * i + 1] ?? 0) < from) i++;
  let j = i;
  let first = from;
  let end = to;
  while (j < n && (at[2 * j] ?? 0) <= to) {
    first = Math.min(first, at[2 * j] ?? 0);
    end = Math.max(end, at[2 * j + 1] ?? 0);
    j++;
  }
  const by = 1 - (j - i);
  if (by !== 0) at.copyWithin(2 * (i + 1), 2 * j, 2 * n);
  at[2 * i] = first;
  at[2 * i + 1] = end;
  n += by;
  spans.count = n;
}
