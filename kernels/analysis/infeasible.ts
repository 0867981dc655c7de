/**
 * Linear inequalities over integers → whether no integers satisfy them all. Fourier–Motzkin elimination, with each
 * row's constant rounded down by the common divisor of its coefficients. Sound, not complete: false means that nothing
 * is known. For the handful of unknowns that a mask has.
 */

/** Σ coefficient · unknown + constant ≥ 0. */
export interface Row<T> {
  readonly terms: ReadonlyMap<T, number>;
  readonly constant: number;
}

/** Rows that may stand at one time. */
const MAX_ROWS = 160;

/** Steps that are left for one or several questions; one is a row looked at, or two put together. */
export interface Effort {
  left: number;
}

/** Whether the rows contradict each other; false where the effort ends first. */
export function isInfeasible<T>(rows: readonly Row<T>[], effort: Effort = { left: 20_000 }): boolean {
  let left: Row<T>[] = [];
  for (const row of rows) {
    const tight = tightened(row);
    if (tight === null) continue;
    if (tight.terms.size === 0 && tight.constant < 0) return true;
    left.push(tight);
  }
  for (let unknown = cheapest(left); unknown !== null; unknown = cheapest(left)) {
    const { next, contradicts } = eliminate(left, unknown, effort);
    if (contradicts) return true;
    if (next.length > MAX_ROWS || effort.left <= 0) return false;
    left = next;
  }
  return false;
}

/** The unknown whose elimination makes fewest rows; null where none is left. */
function cheapest<T>(rows: readonly Row<T>[]): T | null {
  const counts = new Map<T, { up: number; down: number }>();
  for (const { terms } of rows) {
    for (const [x, c] of terms) {
      let n = counts.get(x);
      if (n === undefined) {
        n = { up: 0, down: 0 };
        counts.set(x, n);
      }
      if (c > 0) n.up++;
      else n.down++;
    }
  }
  let best: T | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [x, { up, down }] of counts) {
    if (up * down - up - down >= least) continue;
    least = up * down - up - down;
    best = x;
  }
  return best;
}

function eliminate<T>(rows: readonly Row<T>[], x: T, effort: Effort): { next: Row<T>[]; contradicts: boolean } {
  const next = rows.filter((r) => !r.terms.has(x));
  const below = rows.filter((r) => (r.terms.get(x) ?? 0) > 0);
  const above = rows.filter((r) => (r.terms.get(x) ?? 0) < 0);
  const key = keyOf<T>();
  effort.left -= rows.length + below.length * above.length;
  const seen = new Set(next.map(key));
  for (const low of below) {
    for (const high of above) {
      const row = tightened(combined(low, -(high.terms.get(x) ?? 0), high, low.terms.get(x) ?? 0));
      if (row === null) continue;
      if (row.terms.size === 0) {
        if (row.constant < 0) return { next, contradicts: true };
        continue;
      }
      const text = key(row);
      if (seen.has(text)) continue;
      seen.add(text);
      next.push(row);
      if (next.length > MAX_ROWS) return { next, contradicts: false };
    }
  }
  return { next, contradicts: false };
}

/** A text by which equal rows are found; unknowns are numbered as they come. */
function keyOf<T>(): (row: Row<T>) => string {
  const numbers = new Map<T, number>();
  return ({ terms, constant }) => {
    const parts = [...terms].map(([x, c]) => {
      const n = numbers.get(x) ?? numbers.size;
      numbers.set(x, n);
      return [n, c] as const;
    });
    return `${parts
      .sort(([a], [b]) => a - b)
      .map(([n, c]) => `${c}x${n}`)
      .join()}+${constant}`;
  };
}

/** `byA · a + byB · b`; null in `tightened` where that leaves the integers that are exact. */
function combined<T>(a: Row<T>, byA: number, b: Row<T>, byB: number): Row<T> {
  const terms = new Map<T, number>();
  for (const [x, c] of a.terms) terms.set(x, c * byA);
  for (const [x, c] of b.terms) {
    const total = (terms.get(x) ?? 0) + c * byB;
    if (total === 0) terms.delete(x);
    else terms.set(x, total);
  }
  return { terms, constant: a.constant * byA + b.constant * byB };
}

/** The row over its coefficients' common divisor; null where a number is not exact: the row is then not used. */
function tightened<T>({ terms, constant }: Row<T>): Row<T> | null {
  let divisor = 0;
  for (const c of terms.values()) {
    if (!Number.isSafeInteger(c)) return null;
    divisor = gcd(divisor, Math.abs(c));
  }
  if (!Number.isSafeInteger(constant)) return null;
  if (divisor <= 1) return { terms, constant };
  return { terms: new Map([...terms].map(([x, c]) => [x, c / divisor])), constant: Math.floor(constant / divisor) };
}

function gcd(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
