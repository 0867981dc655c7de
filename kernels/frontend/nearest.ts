/** The name that somebody meant: the one of those that there are which differs least from what is written. */

/** The name nearest to `name`, by two letters at most and fewer in short names; null if none is near. */
export function nearest(name: string, names: Iterable<string>): string | null {
  const limit = name.length < 3 ? 0 : name.length < 6 ? 1 : 2;
  let best: string | null = null;
  let least = limit + 1;
  for (const other of names) {
    if (other === name || Math.abs(other.length - name.length) > limit || other.startsWith("__")) continue;
    const d = distance(name.toLowerCase(), other.toLowerCase());
    if (d < least) [best, least] = [other, d];
  }
  return best;
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let d = Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, (before[j - 2] ?? 0) + 1);
      row.push(d);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
