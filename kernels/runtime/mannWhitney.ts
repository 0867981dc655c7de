/**
 * Whether two samples of times differ, and by how much, without a guess at how times are distributed. In: the times of
 * two runs. Out: the Mann–Whitney U test (H. B. Mann, D. R. Whitney, Ann. Math. Statist. 18, 1947) and the ratio of the
 * two with its interval (Hodges and Lehmann's shift of the logarithms, by inverting the same test). The test is exact,
 * ties and all, as long as its permutations are counted quickly, and the normal approximation beyond. It knows the
 * scatter within the two runs alone: what moved the whole machine between them it cannot see.
 */

export interface MannWhitney {
  /** Pairs in which the first sample's time is the larger; a tie counts half. */
  readonly u: number;
  /** Two-sided: the chance of a split at least as uneven if both were of one distribution. */
  readonly p: number;
  /** Counted over all permutations; else the normal approximation, corrected for ties and continuity. */
  readonly exact: boolean;
  /** The effect: the share of pairs in which the second sample's time is the larger, ties half; 0.5 is none. */
  readonly slower: number;
}

/** The second sample's times by those of the first. */
export interface Ratio {
  readonly ratio: number;
  /** 95 %; null where so few samples bound nothing. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Samples of both together up to which permutations are counted. */
const MOST_EXACT = 60;
const ALPHA = 0.05;
/** The normal distribution's 97.5 % quantile. */
const Z = 1.959963984540054;

/** The test of two samples; null where one is empty. */
export function mannWhitney(first: readonly number[], second: readonly number[]): MannWhitney | null {
  const n = first.length;
  const m = second.length;
  if (n === 0 || m === 0) return null;
  const ranks = doubledRanks([...first, ...second]);
  const sum = ranks.slice(0, n).reduce((total, r) => total + r, 0);
  const u = (sum - n * (n + 1)) / 2;
  const exact = n + m <= MOST_EXACT;
  return { u, p: exact ? exactP(ranks, n, sum) : normalP(ranks, n, u), exact, slower: 1 - u / (n * m) };
}

/** How many times as long the second sample takes; null where one is empty, or has a time that is not above zero. */
export function timeRatio(first: readonly number[], second: readonly number[]): Ratio | null {
  const n = first.length;
  const m = second.length;
  if (n === 0 || m === 0 || [...first, ...second].some((ms) => !(ms > 0))) return null;
  const shifts = first.flatMap((a) => second.map((b) => Math.log(b / a))).sort((a, b) => a - b);
  const k = outside(n, m);
  const at = (i: number): number => Math.exp(shifts[i] ?? Number.NaN);
  const middle = shifts.length >> 1;
  return {
    ratio: shifts.length % 2 === 1 ? at(middle) : Math.sqrt(at(middle - 1) * at(middle)),
    interval: k === 0 ? null : [at(k - 1), at(shifts.length - k)],
  };
}

/** Ranks from 1, ties sharing their mean; all doubled, so that they are whole. */
function doubledRanks(values: readonly number[]): readonly number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const ranks = new Map<number, number>();
  for (const [i, value] of sorted.entries()) {
    const end = sorted.lastIndexOf(value);
    if (!ranks.has(value)) ranks.set(value, i + end + 2);
  }
  return values.map((value) => ranks.get(value) ?? Number.NaN);
}

/** Of all ways to choose `n` of the ranks, the share at least as far from the middle as `sum`, on its side and doubled. */
function exactP(ranks: readonly number[], n: number, sum: number): number {
  const ways = sumsOf(ranks, n);
  let below = 0;
  let above = 0;
  let all = 0;
  for (const [s, count] of ways.entries()) {
    all += count;
    if (s <= sum) below += count;
    if (s >= sum) above += count;
  }
  return Math.min(1, (2 * Math.min(below, above)) / all);
}

/** How many ways there are to choose `n` of the ranks with each sum. */
function sumsOf(ranks: readonly number[], n: number): Float64Array {
  const total = ranks.reduce((a, b) => a + b, 0);
  const ways = Array.from({ length: n + 1 }, () => new Float64Array(total + 1));
  const none = ways[0];
  if (none !== undefined) none[0] = 1;
  for (const [i, rank] of ranks.entries()) {
    for (let chosen = Math.min(n, i + 1); chosen >= 1; chosen--) {
      const to = ways[chosen];
      const from = ways[chosen - 1];
      if (to === undefined || from === undefined) continue;
      for (let s = total; s >= rank; s--) to[s] = (to[s] ?? 0) + (from[s - rank] ?? 0);
    }
  }
  return ways[n] ?? new Float64Array(0);
}

function normalP(ranks: readonly number[], n: number, u: number): number {
  const all = ranks.length;
  const m = all - n;
  const groups = new Map<number, number>();
  for (const rank of ranks) groups.set(rank, (groups.get(rank) ?? 0) + 1);
  let ties = 0;
  for (const size of groups.values()) ties += size ** 3 - size;
  const deviation = Math.sqrt(((n * m) / 12) * (all + 1 - ties / (all * (all - 1))));
  if (deviation === 0) return 1;
  return Math.min(1, 2 * upperTail((Math.abs(u - (n * m) / 2) - 0.5) / deviation));
}

/** How many of the sorted shifts lie outside of the 95 % interval on either side, plus one; 0: there is no interval. */
function outside(n: number, m: number): number {
  if (n + m > MOST_EXACT) return Math.max(0, Math.floor((n * m) / 2 - Z * Math.sqrt((n * m * (n + m + 1)) / 12)));
  const ways = sumsOf(
    Array.from({ length: n + m }, (_, i) => i + 1),
    n,
  );
  const least = (n * (n + 1)) / 2;
  const all = ways.reduce((a, b) => a + b, 0);
  let below = 0;
  for (let k = 0; k < n * m; k++) {
    below += ways[least + k] ?? 0;
    if (below / all > ALPHA / 2) return k;
  }
  return 0;
}

/** The normal distribution's tail above z, to 1e-12 of itself: by a series, and by a continued fraction where that would cancel. */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let fraction = 0;
    for (let k = 100; k >= 1; k--) fraction = k / (z + fraction);
    return density / (z + fraction);
  }
  let term = z;
  let sum = z;
  for (let k = 1; k < 200 && term > 1e-17 * sum; k++) {
    term *= (z * z) / (2 * k + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}
