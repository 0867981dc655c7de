/**
 * A mask as terms (analysis/terms.ts) → for a range of rows, the keys that all of its rows allow and those that some
 * row may allow, as a few intervals: thresholds that are computed or bisected, without asking about single cells or
 * blocks. Of one row both are the same where every term is exact. Work is that of the terms, whatever the length.
 */
import { type Axis, type Direction, type Line, lineOf } from "../analysis/line.ts";
import { type Form, keyShape, type Term } from "../analysis/terms.ts";
import type { Capture } from "../ir/mod.ts";

/** Disjoint intervals in order, none empty, none touching the next: `at[2 i]` to `at[2 i + 1]`, end exclusive. */
export interface Spans {
  count: number;
  at: Float64Array;
}

/** Where the terms of a mask stand, at one size. */
export interface RowSolver {
  /** Sets batch and head. `false`: intervals say nothing about some term there, so that `rows` would be of no use. */
  plane(b: number, h: number): boolean;
  /** Solves rows q0..q1, ends included; all below then speaks of them. */
  rows(q0: number, q1: number): void;
  /** Keys that every row of the range allows. */
  readonly allowed: Spans;
  /** Keys that some row may allow: no row allows any other. */
  readonly possible: Spans;
  /** Of a single row, `allowed` and `possible` are the same and the truth. */
  isExact(): boolean;
  /** Every key that is not `allowed` is masked in some row of the range. */
  missesRest(): boolean;
  /** Every key that is `possible` is allowed in some row of the range. */
  hitsPossible(): boolean;
}

/** `capture` gives the tensor to read in place of a load's own, of the same dtype and shape. */
export function rowSolver(terms: readonly Term[], qLen: number, kvLen: number, capture: (c: Capture) => Capture): RowSolver {
  return new Solver(terms, qLen, kvLen, capture);
}

/** Intervals of one term, at most: keys that repeat with a period have one a period. */
const MOST_SPANS = 4096;

/** The range of one form's `rest` over the rows. */
interface RestRange {
  readonly line: Line | null;
  direction: Direction;
  min: number;
  max: number;
}

/** One inequality: its part in the keys solved in closed form (`factor`), or by bisection along a line. */
interface Solved {
  readonly sign: 1 | -1;
  readonly slack: number;
  readonly rest: RestRange;
  /** Of the key, sign included; 0: the keys are a line, or there are none. */
  readonly factor: number;
  /** Null: no keys (a condition on the row), or `factor`, or the line is not known. */
  readonly keys: Line | null;
  readonly isRowOnly: boolean;
  /** Of sign · keys in the plane that is set. */
  direction: Direction;
  /** What was asked of the line, and the answer: for possible keys, and for allowed ones. */
  readonly memo: [asked: number, answer: number, asked: number, answer: number];
}

/** Bounds on (kv_idx + offset) % modulus. */
interface Period {
  readonly modulus: number;
  readonly offset: number;
  readonly bounds: Solved[];
}

interface SolvedTerm {
  readonly bounds: readonly Solved[];
  /** By falling modulus. */
  readonly periods: readonly Period[];
  readonly exact: boolean;
  isExactHere: boolean;
}

class Solver implements RowSolver {
  readonly allowed: Spans = { count: 0, at: new Float64Array(16) };
  readonly possible: Spans = { count: 0, at: new Float64Array(16) };
  readonly #terms: readonly SolvedTerm[];
  readonly #rests: readonly RestRange[];
  readonly #plane = { b: 0, h: 0 };
  readonly #kvLen: number;
  /** No term has more than one inequality: what some row makes of it is then all that the term says. */
  readonly #isSimple: boolean;
  #isExactPlane = false;
  #overflows = false;
  // Bounds of one term: what some row allows, and what all do.
  #from = 0;
  #to = 0;
  #allFrom = 0;
  #allTo = 0;

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
    this.#terms = terms.map((term) => {
      const bounds: Solved[] = [];
      const periods: Period[] = [];
      for (const { form, sign, slack } of term.bounds) {
        const isRowOnly = form.keys.terms.size === 0;
        const shape = keyShape(form);
        const solved: Solved = {
          sign,
          slack: slack + sign * (shape?.shift ?? 0),
          rest: restOf(form),
          factor: sign * (shape?.factor ?? 0),
          keys: isRowOnly || shape !== null ? null : lineOf(form.keys, keys),
          isRowOnly,
          direction: null,
          memo: [Number.NaN, 0, Number.NaN, 0],
        };
        if (shape === null || shape.modulus === 0) bounds.push(solved);
        else periodOf(periods, shape.modulus, shape.offset).bounds.push(solved);
      }
      periods.sort((a, b) => b.modulus - a.modulus);
      return { bounds, periods, exact: term.exact, isExactHere: false };
    });
    this.#rests = [...rests.values()];
    this.#isSimple = terms.every((t) => t.bounds.length <= 1);
  }

  isExact(): boolean {
    return this.#isExactPlane && !this.#overflows;
  }

  missesRest(): boolean {
    return this.#terms.length === 1 && this.isExact();
  }

  hitsPossible(): boolean {
    return this.#isSimple && this.isExact();
  }

  plane(b: number, h: number): boolean {
    this.#plane.b = b;
    this.#plane.h = h;
    for (const rest of this.#rests) rest.direction = rest.line?.direction() ?? null;
    let isUseful = true;
    this.#isExactPlane = true;
    for (const term of this.#terms) {
      let isSolved = true;
      let narrows = false;
      for (const s of term.bounds) {
        s.memo[0] = Number.NaN;
        s.memo[2] = Number.NaN;
        const along = s.keys?.direction() ?? null;
        s.direction = along === null ? null : along === 0 ? 0 : s.sign === along ? 1 : -1;
        const knowsKeys = s.isRowOnly || s.factor !== 0 || s.direction !== null;
        if (s.rest.line === null || !knowsKeys) isSolved = false;
        else if (!s.isRowOnly) narrows = true;
      }
      for (const { bounds } of term.periods) for (const s of bounds) if (s.rest.line === null) isSolved = false;
      term.isExactHere = term.exact && isSolved;
      if (!term.isExactHere) this.#isExactPlane = false;
      if (!term.isExactHere && !narrows) isUseful = false;
    }
    return isUseful;
  }

  rows(q0: number, q1: number): void {
    for (const rest of this.#rests) setRange(rest, q0, q1);
    this.allowed.count = 0;
    this.possible.count = 0;
    this.#overflows = false;
    for (const term of this.#terms) {
      if (!this.#solve(term)) continue;
      if (term.periods.length === 0) {
        add(this.possible, this.#from, this.#to);
        if (this.#allFrom < this.#allTo) add(this.allowed, this.#allFrom, this.#allTo);
      } else this.#solvePeriods(term);
    }
  }

  /** The interval that the term's bounds leave, periods apart. False where it is empty. */
  #solve(term: SolvedTerm): boolean {
    const n = this.#kvLen;
    let from = 0;
    let to = n;
    let allFrom = 0;
    let allTo = term.isExactHere ? n : 0;
    for (const s of term.bounds) {
      const { rest, factor } = s;
      if (rest.line === null) continue;
      const most = mostOf(s);
      const least = leastOf(s);
      if (s.isRowOnly) {
        if (most < 0) return false;
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
      if (from >= to) return false;
    }
    this.#from = from;
    this.#to = to;
    this.#allFrom = allFrom;
    this.#allTo = allTo;
    return true;
  }

  #solvePeriods(term: SolvedTerm): void {
    const possible = inPeriods(term.periods, this.#from, this.#to, mostOf);
    if (possible === null) {
      this.#overflows = true;
      add(this.possible, this.#from, this.#to);
      return;
    }
    for (let i = 0; i < possible.length; i += 2) add(this.possible, possible[i] ?? 0, possible[i + 1] ?? 0);
    if (this.#allFrom >= this.#allTo) return;
    const allowed = inPeriods(term.periods, this.#allFrom, this.#allTo, leastOf);
    if (allowed === null) this.#overflows = true;
    else for (let i = 0; i < allowed.length; i += 2) add(this.allowed, allowed[i] ?? 0, allowed[i + 1] ?? 0);
  }
}

function periodOf(periods: Period[], modulus: number, offset: number): Period {
  let period = periods.find((p) => p.modulus === modulus && p.offset === offset);
  if (period === undefined) {
    period = { modulus, offset, bounds: [] };
    periods.push(period);
  }
  return period;
}

/** What sign · keys may be at most in the row of the range that allows most; and in the one that allows least. */
const mostOf = (s: Solved): number => -s.slack - (s.sign > 0 ? s.rest.min : -s.rest.max);
const leastOf = (s: Solved): number => -s.slack - (s.sign > 0 ? s.rest.max : -s.rest.min);

/** Each end of the range is the value of some row. */
function setRange(rest: RestRange, q0: number, q1: number): void {
  const { line } = rest;
  if (line === null) return;
  const first = line.at(q0);
  const last = q0 === q1 ? first : line.at(q1);
  rest.min = Math.min(first, last);
  rest.max = Math.max(first, last);
  if (rest.direction !== null) return;
  for (let q = q0 + 1; q < q1; q++) {
    const x = line.at(q);
    if (x < rest.min) rest.min = x;
    else if (x > rest.max) rest.max = x;
  }
}

/** What the periods leave of from..to, as pairs in order; null where that is too much to list. */
function inPeriods(periods: readonly Period[], from: number, to: number, limit: (s: Solved) => number): readonly number[] | null {
  let spans: readonly number[] = [from, to];
  for (const { modulus, offset, bounds } of periods) {
    let low = 0;
    let high = modulus;
    for (const s of bounds) {
      if (s.rest.line === null) continue;
      const v = limit(s);
      if (s.factor > 0) high = Math.min(high, Math.floor(v / s.factor) + 1);
      else low = Math.max(low, Math.ceil(v / s.factor));
    }
    if (low >= high) return [];
    if (low === 0 && high === modulus) continue;
    const next: number[] = [];
    for (let i = 0; i < spans.length; i += 2) {
      const first = spans[i] ?? 0;
      const end = spans[i + 1] ?? 0;
      const firstPeriod = Math.floor((first + offset) / modulus);
      const lastPeriod = Math.floor((end - 1 + offset) / modulus);
      if (next.length + 2 * (lastPeriod - firstPeriod) > 2 * MOST_SPANS) return null;
      for (let p = firstPeriod; p <= lastPeriod; p++) {
        const start = Math.max(first, p * modulus - offset + low);
        const stop = Math.min(end, p * modulus - offset + high);
        if (start < stop) next.push(start, stop);
      }
    }
    spans = next;
  }
  return spans;
}

/**
 * For rising sign · keys the number of first keys where it is at most `v`; for falling ones the first key where it is.
 * Bisection from the last answer on, in growing steps: rows that follow each other ask for places near each other.
 */
function threshold(s: Solved, line: Line, direction: Direction, v: number, n: number, memo: 0 | 2): number {
  if (s.memo[memo] === v) return s.memo[memo + 1] ?? 0;
  const { sign } = s;
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
  const n = spans.count;
  if (2 * n + 2 > spans.at.length) {
    const larger = new Float64Array(2 * spans.at.length);
    larger.set(spans.at);
    spans.at = larger;
  }
  const { at } = spans;
  if (n === 0 || (at[2 * n - 1] ?? 0) < from) {
    at[2 * n] = from;
    at[2 * n + 1] = to;
    spans.count = n + 1;
    return;
  }
  // Spans i..j meet the new one.
  let i = n;
  while (i > 0 && (at[2 * i - 1] ?? 0) >= from) i--;
  let j = i;
  let first = from;
  let end = to;
  while (j < n && (at[2 * j] ?? 0) <= to) {
    first = Math.min(first, at[2 * j] ?? 0);
    end = Math.max(end, at[2 * j + 1] ?? 0);
    j++;
  }
  if (j !== i + 1) at.copyWithin(2 * (i + 1), 2 * j, 2 * n);
  at[2 * i] = first;
  at[2 * i + 1] = end;
  spans.count = n + 1 - (j - i);
}
