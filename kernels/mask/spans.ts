/** Sets of keys as a few intervals: added to in any order, and asked about stretches. */

/** Disjoint intervals in order, none empty, none touching the next: `at[2 i]` to `at[2 i + 1]`, end exclusive. */
export interface Spans {
  count: number;
  at: Float64Array;
}

export const noSpans = (): Spans => ({ count: 0, at: new Float64Array(16) });

/** Adds from..to, joined with what it meets. */
export function addSpan(spans: Spans, from: number, to: number): void {
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

/** Keys of the spans in k0..k1 (exclusive). */
export function keysWithin({ count, at }: Spans, k0: number, k1: number): number {
  let n = 0;
  for (let i = firstAfter(at, count, k0); i < count && (at[2 * i] ?? 0) < k1; i++) {
    n += Math.min(k1, at[2 * i + 1] ?? 0) - Math.max(k0, at[2 * i] ?? 0);
  }
  return n;
}

export const SEEN_TRUE = 1;
export const SEEN_FALSE = 2;
export const SEEN_BOTH = 3;

/** Whether the spans hold some of keys k0..k1 (exclusive), and whether they leave some out. */
export function seenOf({ count, at }: Spans, k0: number, k1: number): number {
  const i = firstAfter(at, count, k0);
  if (i === count) return SEEN_FALSE;
  const first = at[2 * i] ?? 0;
  if (first >= k1) return SEEN_FALSE;
  return first <= k0 && (at[2 * i + 1] ?? 0) >= k1 ? SEEN_TRUE : SEEN_BOTH;
}

/** The first span that ends after `key`; `count` if none does. */
function firstAfter(at: Float64Array, count: number, key: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[2 * middle + 1] ?? 0) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
