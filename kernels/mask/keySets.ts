/**
 * Keys that are chosen by a value that neither rises nor falls along them: those below a level (global tokens, valid
 * keys, as a tensor says), and those whose value equals that of a query (documents in any order, padding, random ids).
 * Both are listed once, as intervals of keys, so that a row finds its own by its value and not by a look at the keys.
 */
import type { Line } from "../analysis/line.ts";

/** Flat pairs (first key, end key), ascending, in `at[from]` to `at[to]`. */
interface Pairs {
  readonly at: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** The keys of one condition. */
export type KeySet =
  | { readonly kind: "level"; readonly pairs: Pairs }
  | { readonly kind: "match"; readonly index: ValueIndex; readonly rest: Line };

/** The keys of each value. */
export type ValueIndex = ReadonlyMap<number, Pairs>;

/** Keys where `sign · keys <= most`. */
export function levelPairs(keys: Line, sign: 1 | -1, most: number, kvLen: number): Pairs {
  const pairs: number[] = [];
  for (let k = 0; k < kvLen; k++) {
    if (sign * keys.at(k) > most) continue;
    if (pairs.length > 0 && pairs[pairs.length - 1] === k) pairs[pairs.length - 1] = k + 1;
    else pairs.push(k, k + 1);
  }
  return { at: Int32Array.from(pairs), from: 0, to: pairs.length };
}

/** Lists the keys by their value. */
export function valueIndex(keys: Line, kvLen: number): ValueIndex {
  const starts: number[] = [];
  const places: number[] = [];
  const values: number[] = [];
  const counts: number[] = [];
  const numbers = new Map<number, number>();
  let before: number | null = null;
  for (let k = 0; k < kvLen; k++) {
    const value = keys.at(k);
    if (value === before) continue;
    before = value;
    let n = numbers.get(value);
    if (n === undefined) {
      n = values.length;
      numbers.set(value, n);
      values.push(value);
      counts.push(0);
    }
    starts.push(k);
    places.push(n);
    counts[n] = (counts[n] ?? 0) + 1;
  }
  const at = new Int32Array(2 * starts.length);
  const index = new Map<number, Pairs>();
  const next = new Int32Array(values.length);
  let from = 0;
  for (let n = 0; n < values.length; n++) {
    next[n] = from;
    const to = from + 2 * (counts[n] ?? 0);
    index.set(values[n] ?? 0, { at, from, to });
    from = to;
  }
  for (let i = 0; i < starts.length; i++) {
    const n = places[i] ?? 0;
    const to = next[n] ?? 0;
    at[to] = starts[i] ?? 0;
    at[to + 1] = starts[i + 1] ?? kvLen;
    next[n] = to + 2;
  }
  return index;
}

/** The values that a row of q0..q1, ends included, looks for; each once. */
export function valuesOf(rest: Line, q0: number, q1: number): readonly number[] {
  const values: number[] = [];
  let before: number | null = null;
  for (let q = q0; q <= q1; q++) {
    const value = -rest.at(q);
    if (value === before) continue;
    before = value;
    values.push(value);
  }
  return values.length < 2 ? values : [...new Set(values)];
}

/** Spans of several values that are put in order: where there are more, a look at a few cells settles most blocks. */
const MOST_SORTED = 2048;

/** The part of `spans` (flat pairs in order) whose keys have one of the values; null where it has more than `most` spans. */
export function matching(spans: readonly number[], index: ValueIndex, values: readonly number[], most: number): readonly number[] | null {
  const lists = values.flatMap((value) => index.get(value) ?? []);
  const limit = lists.length > 1 ? Math.min(most, MOST_SORTED) : most;
  const out: number[] = [];
  for (const list of lists) if (!meet(spans, list, out, limit)) return null;
  if (lists.length < 2 || out.length <= 2) return out;
  const order = Array.from({ length: out.length / 2 }, (_, i) => 2 * i).sort((a, b) => (out[a] ?? 0) - (out[b] ?? 0));
  return order.flatMap((i) => [out[i] ?? 0, out[i + 1] ?? 0]);
}

/** The part of `spans` that lies in `pairs`; null where it has more than `most` spans. */
export function inPairs(spans: readonly number[], pairs: Pairs, most: number): readonly number[] | null {
  const out: number[] = [];
  return meet(spans, pairs, out, most) ? out : null;
}

/** Adds to `out` what is in both; false where that gets too long. */
function meet(spans: readonly number[], { at, from, to }: Pairs, out: number[], most: number): boolean {
  for (let i = 0; i < spans.length; i += 2) {
    const first = spans[i] ?? 0;
    const end = spans[i + 1] ?? 0;
    // The first pair that ends after `first`.
    let low = from >> 1;
    let high = to >> 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((at[2 * middle + 1] ?? 0) <= first) low = middle + 1;
      else high = middle;
    }
    for (let p = 2 * low; p < to && (at[p] ?? 0) < end; p += 2) {
      out.push(Math.max(first, at[p] ?? 0), Math.min(end, at[p + 1] ?? 0));
      if (out.length > 2 * most) return false;
    }
  }
  return true;
}
