/**
 * One inequality of a mask (analysis/terms.ts) for a range of rows: what the range of its part in the rows leaves of the
 * keys, in the row that allows most and in the one that allows least. Thresholds are computed where the keys are a
 * multiple of kv_idx, or of what is left of it by a period; bisected where they are a line that rises or falls.
 */
import type { Direction, Line } from "../analysis/line.ts";

/** For each range of rows the keys from..to (exclusive) that some row may allow, and those that every row allows. */
export interface RowIntervals {
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly allFrom: Float64Array;
  readonly allTo: Float64Array;
}

/** Intervals of one term, at most: keys that repeat with a period have one a period. */
export const MOST_SPANS = 2 ** 15;

/** The range of one form's `rest` over the rows. */
export interface RestRange {
  readonly line: Line | null;
  direction: Direction;
  min: number;
  max: number;
}

/** One inequality: its part in the keys solved in closed form (`factor`), or by bisection along a line. */
export interface Solved {
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
  /** Solved there by a list of keys (keySets.ts). */
  isListed: boolean;
  /** What was asked of the line, and the answer: for possible keys, and for allowed ones. */
  readonly memo: [asked: number, answer: number, asked: number, answer: number];
}

/** Bounds on (kv_idx + offset) % modulus. */
export interface Period {
  readonly modulus: number;
  readonly offset: number;
  readonly bounds: Solved[];
}

/** What sign · keys may be at most in the row of the range that allows most; and in the one that allows least. */
export const mostOf = (s: Solved): number => -s.slack - (s.sign > 0 ? s.rest.min : -s.rest.max);
export const leastOf = (s: Solved): number => -s.slack - (s.sign > 0 ? s.rest.max : -s.rest.min);

/** Each end of the range is the value of some row. */
export function setRange(rest: RestRange, q0: number, q1: number): void {
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

export interface RestRanges {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/** The ranges of a rest over `n` ranges of rows. */
export function rangesOf(rest: RestRange, qLen: number, n: number, step: number, width: number): RestRanges {
  const min = new Float64Array(n);
  const max = new Float64Array(n);
  const { line, direction } = rest;
  if (line === null) return { min, max };
  const { at } = line;
  for (let r = 0; r < n; r++) {
    const first = r * step;
    const last = Math.min(first + width, qLen) - 1;
    if (direction === null) {
      setRange(rest, first, last);
      min[r] = rest.min;
      max[r] = rest.max;
    } else {
      min[r] = at(direction < 0 ? last : first);
      max[r] = at(direction < 0 ? first : last);
    }
  }
  return { min, max };
}

/** Narrows the intervals by one bound. An empty one ends with to <= from. */
export function narrow({ from, to, allFrom, allTo }: RowIntervals, s: Solved, { min, max }: RestRanges, kvLen: number): void {
  const { sign, slack, factor, keys, direction } = s;
  const n = from.length;
  for (let r = 0; r < n; r++) {
    const most = -slack - (sign > 0 ? (min[r] ?? 0) : -(max[r] ?? 0));
    const least = -slack - (sign > 0 ? (max[r] ?? 0) : -(min[r] ?? 0));
    if (factor > 0) {
      to[r] = Math.min(to[r] ?? 0, Math.floor(most / factor) + 1);
      allTo[r] = Math.min(allTo[r] ?? 0, Math.floor(least / factor) + 1);
    } else if (factor < 0) {
      from[r] = Math.max(from[r] ?? 0, Math.ceil(most / factor));
      allFrom[r] = Math.max(allFrom[r] ?? 0, Math.ceil(least / factor));
    } else if (keys !== null && direction !== null) {
      const edge = threshold(s, keys, direction, most, kvLen, 0);
      const allEdge = least === most ? edge : threshold(s, keys, direction, least, kvLen, 2);
      if (direction >= 0) {
        to[r] = Math.min(to[r] ?? 0, edge);
        allTo[r] = Math.min(allTo[r] ?? 0, allEdge);
      } else {
        from[r] = Math.max(from[r] ?? 0, edge);
        allFrom[r] = Math.max(allFrom[r] ?? 0, allEdge);
      }
    } else {
      if (most < 0) to[r] = 0;
      if (least < 0) allTo[r] = 0;
    }
  }
}

/** What the periods leave of from..to, as pairs in order; null where that is too much to list. */
export function inPeriods(periods: readonly Period[], from: number, to: number, limit: (s: Solved) => number): readonly number[] | null {
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
export function threshold(s: Solved, line: Line, direction: Direction, v: number, n: number, memo: 0 | 2): number {
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
