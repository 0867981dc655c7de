/**
 * A mask as terms (analysis/terms.ts) → for a range of rows, the keys that all of its rows allow and those that some
 * row may allow, as a few intervals: thresholds that are computed or bisected, without asking about single cells or
 * blocks. Of one row both are the same where every term is exact. Work is that of the terms, whatever the length.
 */
import { type Axis, lineOf } from "../analysis/line.ts";
import { type Form, keyShape, type Term } from "../analysis/terms.ts";
import type { Capture } from "../ir/mod.ts";
import { inPairs, type KeySet, levelPairs, matching, valueIndex, valuesOf } from "./keySets.ts";
import {
  inPeriods,
  leastOf,
  MOST_SPANS,
  mostOf,
  narrow,
  type Period,
  type RestRange,
  type RestRanges,
  type RowIntervals,
  rangesOf,
  type Solved,
  setRange,
  threshold,
} from "./rowBounds.ts";
import { addSpan, noSpans, type Spans } from "./spans.ts";

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
  /**
   * For the plane that is set, where one interval of keys is all there is to a row: those of the ranges of `width` rows
   * that start at 0, `step`, 2 `step`, … (the last ends with the queries). Null elsewhere. One pass for each bound costs
   * a fraction of `rows` for each range.
   */
  intervals(step: number, width: number): RowIntervals | null;
}

/** `capture` gives the tensor to read in place of a load's own, of the same dtype and shape. */
export function rowSolver(terms: readonly Term[], qLen: number, kvLen: number, capture: (c: Capture) => Capture): RowSolver {
  return new Solver(terms, qLen, kvLen, capture);
}

interface SolvedTerm {
  readonly bounds: readonly Solved[];
  /** By falling modulus. */
  readonly periods: readonly Period[];
  /** Pairs of bounds that say together: keys + rest = 0. */
  readonly equalities: readonly (readonly [Solved, Solved])[];
  readonly exact: boolean;
  /** In the plane that is set. */
  readonly sets: KeySet[];
  isExactHere: boolean;
}

class Solver implements RowSolver {
  readonly #allAllowed: Spans = noSpans();
  readonly possible: Spans = noSpans();
  readonly #terms: readonly SolvedTerm[];
  readonly #rests: readonly RestRange[];
  readonly #plane = { b: 0, h: 0 };
  readonly #qLen: number;
  readonly #kvLen: number;
  /** No term has more than one inequality: what some row makes of it is then all that the term says. */
  readonly #isSimple: boolean;
  #isExactPlane = false;
  #overflows = false;
  #isSingle = false;
  // Bounds of one term: what some row allows, and what all do.
  #from = 0;
  #to = 0;
  #allFrom = 0;
  #allTo = 0;

  constructor(terms: readonly Term[], qLen: number, kvLen: number, capture: (c: Capture) => Capture) {
    this.#qLen = qLen;
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
          isListed: false,
          memo: [Number.NaN, 0, Number.NaN, 0],
        };
        if (shape === null || shape.modulus === 0) bounds.push(solved);
        else periodOf(periods, shape.modulus, shape.offset).bounds.push(solved);
      }
      periods.sort((a, b) => b.modulus - a.modulus);
      return { bounds, periods, equalities: equalitiesOf(bounds), exact: term.exact, sets: [], isExactHere: false };
    });
    this.#rests = [...rests.values()];
    this.#isSimple = terms.every((t) => t.bounds.length <= 1);
  }

  get allowed(): Spans {
    return this.#isSingle && this.isExact() ? this.possible : this.#allAllowed;
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
    this.#overflows = false;
    this.#isExactPlane = true;
    for (const term of this.#terms) {
      let isSolved = true;
      let narrows = false;
      for (const s of term.bounds) {
        s.memo[0] = Number.NaN;
        s.memo[2] = Number.NaN;
        s.isListed = false;
        const along = s.keys?.direction() ?? null;
        s.direction = along === null ? null : along === 0 ? 0 : s.sign === along ? 1 : -1;
      }
      this.#list(term);
      for (const s of term.bounds) {
        const knowsKeys = s.isRowOnly || s.factor !== 0 || s.direction !== null || s.isListed;
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

  /** Lists the keys of what is no line that rises or falls. */
  #list(term: SolvedTerm): void {
    term.sets.length = 0;
    for (const [least, most] of term.equalities) {
      const { keys, rest } = least;
      if (keys === null || least.direction !== null || rest.line === null) continue;
      term.sets.push({ kind: "match", index: valueIndex(keys, this.#kvLen), rest: rest.line });
      least.isListed = true;
      most.isListed = true;
    }
    for (const s of term.bounds) {
      if (s.keys === null || s.direction !== null || s.isListed || s.rest.line === null || s.rest.direction !== 0) continue;
      const most = -s.slack - s.sign * s.rest.line.at(0);
      term.sets.push({ kind: "level", pairs: levelPairs(s.keys, s.sign, most, this.#kvLen) });
      s.isListed = true;
    }
  }

  intervals(step: number, width: number): RowIntervals | null {
    const [term] = this.#terms;
    if (term === undefined || this.#terms.length > 1 || !this.#isExactPlane || term.periods.length > 0 || term.sets.length > 0) return null;
    const n = Math.ceil(this.#qLen / step);
    const ranges = new Map<RestRange, RestRanges>();
    const found: RowIntervals = {
      from: new Float64Array(n),
      to: new Float64Array(n).fill(this.#kvLen),
      allFrom: new Float64Array(n),
      allTo: new Float64Array(n).fill(this.#kvLen),
    };
    for (const s of term.bounds) {
      let rests = ranges.get(s.rest);
      if (rests === undefined) {
        rests = rangesOf(s.rest, this.#qLen, n, step, width);
        ranges.set(s.rest, rests);
      }
      narrow(found, s, rests, this.#kvLen);
    }
    return found;
  }

  rows(q0: number, q1: number): void {
    for (const rest of this.#rests) setRange(rest, q0, q1);
    this.#allAllowed.count = 0;
    this.possible.count = 0;
    this.#overflows = false;
    // What a single row may allow it allows: one of the two is enough.
    this.#isSingle = q0 === q1 && this.#isExactPlane;
    for (const term of this.#terms) {
      if (!this.#solve(term)) continue;
      if (term.periods.length === 0 && term.sets.length === 0) {
        addSpan(this.possible, this.#from, this.#to);
        if (!this.#isSingle && this.#allFrom < this.#allTo) addSpan(this.#allAllowed, this.#allFrom, this.#allTo);
      } else this.#solveParts(term, q0, q1);
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
      if (rest.line === null || s.isListed) continue;
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

  /** Of the interval that the bounds leave, the parts that periods and sets of keys leave. */
  #solveParts(term: SolvedTerm, q0: number, q1: number): void {
    const values = term.sets.map((set) => (set.kind === "match" ? valuesOf(set.rest, q0, q1) : []));
    let possible = inPeriods(term.periods, this.#from, this.#to, mostOf);
    for (const [i, set] of term.sets.entries()) {
      if (possible === null) break;
      possible =
        set.kind === "level" ? inPairs(possible, set.pairs, MOST_SPANS) : matching(possible, set.index, values[i] ?? [], MOST_SPANS);
    }
    if (possible === null) {
      this.#overflows = true;
      addSpan(this.possible, this.#from, this.#to);
      return;
    }
    addSpans(this.possible, possible);
    if (this.#isSingle) return;
    // Rows that look for two values agree on no key.
    if (this.#allFrom >= this.#allTo || term.sets.some((set, i) => set.kind === "match" && (values[i]?.length ?? 0) > 1)) return;
    let allowed = inPeriods(term.periods, this.#allFrom, this.#allTo, leastOf);
    for (const [i, set] of term.sets.entries()) {
      if (allowed === null) break;
      allowed = set.kind === "level" ? inPairs(allowed, set.pairs, MOST_SPANS) : matching(allowed, set.index, values[i] ?? [], MOST_SPANS);
    }
    if (allowed === null) this.#overflows = true;
    else addSpans(this.#allAllowed, allowed);
  }
}

function addSpans(to: Spans, pairs: readonly number[]): void {
  for (let i = 0; i < pairs.length; i += 2) addSpan(to, pairs[i] ?? 0, pairs[i + 1] ?? 0);
}

function equalitiesOf(bounds: readonly Solved[]): (readonly [Solved, Solved])[] {
  const found: (readonly [Solved, Solved])[] = [];
  for (const a of bounds) {
    if (a.sign < 0 || a.slack !== 0 || a.keys === null) continue;
    const b = bounds.find((other) => other.sign < 0 && other.slack === 0 && other.rest === a.rest && other.keys !== null);
    if (b !== undefined) found.push([a, b]);
  }
  return found;
}

function periodOf(periods: Period[], modulus: number, offset: number): Period {
  let period = periods.find((p) => p.modulus === modulus && p.offset === offset);
  if (period === undefined) {
    period = { modulus, offset, bounds: [] };
    periods.push(period);
  }
  return period;
}
