/**
 * What an edit did to a kernel's text: which lines are new, where some are gone, and which values of the mods changed
 * while the text stayed, so that the compiled pipeline runs on. Pure. An edit is what is typed without a pause: its
 * keystrokes are one change, and what stood before the first of them is what the last is compared with.
 */

/** A kernel as it was at one time. */
export interface Seen {
  readonly wgsl: string;
  /** Identity of the mods, their captured data included. */
  readonly key: string;
  /** Fields of the mods' uniform, by name. */
  readonly scalars: ReadonlyMap<string, number>;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A kernel now, and before the last edit that changed it or its data; null: it has not changed since it was first seen. */
export interface Track {
  readonly now: Seen;
  readonly before: Seen | null;
}

/** Edits that follow each other so fast are one. */
const PAUSE_MS = 1500;

/** `known` with what is seen now. The same object where that is nothing new. */
export function track(known: Track | undefined, now: Seen): Track {
  if (known === undefined) return { now, before: null };
  if (known.now.key === now.key && known.now.wgsl === now.wgsl) return known;
  const goesOn = known.before !== null && now.at - known.now.at < PAUSE_MS;
  return { now, before: goesOn ? known.before : known.now };
}

/** Lines of the new text that were not in the old one; without any: the place where lines are gone. */
export interface Change {
  /** The first, counted from 0. */
  readonly at: number;
  readonly lines: number;
  readonly removed: number;
}

/** What the last edit changed. */
export interface Edited {
  readonly changes: readonly Change[];
  /** Lines that are new or gone, whichever are more at each place. */
  readonly lines: number;
  /** Fields of the uniform with another value, in their order: of a text that has not changed. */
  readonly values: readonly { readonly name: string; readonly from: number; readonly to: number }[];
}

/** null: there was no edit, or it was taken back. */
export function editOf({ now, before }: Track): Edited | null {
  if (before === null || (before.key === now.key && before.wgsl === now.wgsl)) return null;
  const changes = before.wgsl === now.wgsl ? [] : diffLines(before.wgsl.split("\n"), now.wgsl.split("\n"));
  const values = [...now.scalars].flatMap(([name, to]) => {
    const from = before.scalars.get(name);
    return from === undefined || Object.is(from, to) ? [] : [{ name, from, to }];
  });
  return { changes, lines: changes.reduce((n, c) => n + Math.max(c.lines, c.removed), 0), values: changes.length > 0 ? [] : values };
}

/** Steps of the search beyond which the rest counts as changed whole. */
const MOST_STEPS = 400;

/**
 * The places in which `after` differs from `before`, in order, with the fewest lines.
 * Source: Myers, "An O(ND) difference algorithm and its variations" (1986).
 */
export function diffLines(before: readonly string[], after: readonly string[]): readonly Change[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const [a, b] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  if (a.length === 0 && b.length === 0) return [];
  const kept = keptLines(a, b);
  const changes: Change[] = [];
  let [x, y] = [0, 0];
  for (const [keptX, keptY] of [...kept, [a.length, b.length] as const]) {
    if (keptX > x || keptY > y) changes.push({ at: head + y, lines: keptY - y, removed: keptX - x });
    [x, y] = [keptX + 1, keptY + 1];
  }
  return changes;
}

/** Pairs of positions that a shortest way from `a` to `b` keeps; none where that way is too long to look for. */
function keptLines(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  // furthest[k]: how far into `a` a way with this many steps gets on the diagonal x - y = k.
  let furthest = new Map<number, number>([[1, 0]]);
  const rounds: ReadonlyMap<number, number>[] = [];
  for (let d = 0; d <= Math.min(MOST_STEPS, a.length + b.length); d++) {
    rounds.push(furthest);
    const next = new Map(furthest);
    for (let k = -d; k <= d; k += 2) {
      const [left, right] = [furthest.get(k - 1) ?? -1, furthest.get(k + 1) ?? -1];
      let x = k === -d || (k !== d && left < right) ? right : left + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return wayBack(rounds, a.length, b.length);
    }
    furthest = next;
  }
  return [];
}

function wayBack(rounds: readonly ReadonlyMap<number, number>[], endX: number, endY: number): [number, number][] {
  const kept: [number, number][] = [];
  let [x, y] = [endX, endY];
  for (let d = rounds.length - 1; d >= 0; d--) {
    const round = rounds[d];
    const k = x - y;
    const [left, right] = [round?.get(k - 1) ?? -1, round?.get(k + 1) ?? -1];
    const down = k === -d || (k !== d && left < right);
    const fromX = d === 0 ? 0 : down ? right : left;
    const fromY = d === 0 ? 0 : fromX - (down ? k + 1 : k - 1);
    const [startX, startY] = d === 0 ? [0, 0] : down ? [fromX, fromY + 1] : [fromX + 1, fromY];
    while (x > startX && y > startY) kept.push([--x, --y]);
    [x, y] = [fromX, fromY];
  }
  return kept.reverse();
}
