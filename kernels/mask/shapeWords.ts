/**
 * The shape of a mask in a few words, for those who do not see its picture: "causal-like, window of 256 keys". From what some
 * rows allow, spread over the plane, to words; nothing of the expression is read, so that any mod gets them. They tell what
 * the rows looked at have in common, hence "-like"; a mask without such a shape is called irregular.
 */

/** What one query allows: runs [first, end) of keys, ascending, disjoint. */
export interface ShapeRow {
  readonly q: number;
  readonly runs: readonly (readonly [first: number, end: number])[];
}

export interface ShapeSize {
  readonly qLen: number;
  readonly kvLen: number;
}

/** Rows that agree before a number is believed. */
const ENOUGH = 3;
/** Runs of one row from which on keys have gaps. */
const MANY_RUNS = 4;

/** Queries that tell the shape: spread evenly, with first and last. */
export function shapeQueries({ qLen }: ShapeSize, count = 33): readonly number[] {
  const n = Math.min(qLen, count);
  return Array.from({ length: n }, (_, i) => (n === 1 ? 0 : Math.round((i * (qLen - 1)) / (n - 1))));
}

/** The words; `documents`: how many the mask is known to have, 0 or 1 where it has none. */
export function shapeWords(rows: readonly ShapeRow[], size: ShapeSize, documents = 0): string {
  const rowsWithKeys = rows.filter((row) => row.runs.length > 0);
  if (rowsWithKeys.length === 0) return "nothing allowed";
  if (rows.every(({ runs }) => runs.length === 1 && runs[0]?.[0] === 0 && runs[0][1] === size.kvLen)) return "everything allowed";
  // With more keys than queries the diagonal may end in the lower right corner, as in decoding.
  const [words] = [0, size.kvLen - size.qLen]
    .map((offset) => along(rowsWithKeys.map((row) => about(row, row.q + offset))))
    .sort((a, b) => b.length - a.length);
  const parts = [...(words ?? []), ...(documents > 1 ? [`${documents} documents`] : [])];
  if (rowsWithKeys.some(({ runs }) => runs.length >= MANY_RUNS)) parts.push("with gaps");
  return parts.length === 0 ? "irregular" : parts.join(", ");
}

/** A row as seen from the key on its diagonal. */
interface Place {
  /** The run that holds the diagonal's key, else the last one before it; null where all lie after it. Of many runs: all they span. */
  readonly main: readonly [first: number, end: number] | null;
  readonly diagonal: number;
  readonly last: number;
  /** Keys from 0 on that are allowed apart from `main`; 0: none. */
  readonly sink: number;
}

function about({ runs }: ShapeRow, diagonal: number): Place {
  const [start] = runs;
  const end = runs.at(-1)?.[1] ?? 0;
  if (start !== undefined && runs.length >= MANY_RUNS) return { main: [start[0], end], diagonal, last: end - 1, sink: 0 };
  const main = runs.findLast(([first]) => first <= diagonal) ?? null;
  return {
    main,
    diagonal,
    last: end - 1,
    sink: start !== undefined && start[0] === 0 && start !== main ? start[1] : 0,
  };
}

/** What can be said of rows along a diagonal; empty: nothing. */
function along(places: readonly Place[]): readonly string[] {
  const reach = places.map(({ last, diagonal }) => last - diagonal);
  const beyond = places.filter((_, i) => (reach[i] ?? 0) > 0);
  const onDiagonal = reach.filter((r) => r === 0).length;
  const ends = new Set(beyond.map(({ last }) => last));
  const behind = mostCommon(places.flatMap(({ main, diagonal }) => (main !== null && main[0] > 0 ? [diagonal - main[0]] : [])));
  const sink = mostCommon(places.flatMap((p) => (p.sink > 0 ? [p.sink] : [])));
  const withSink = sink === null ? "" : ` after ${sink} sink ${sink === 1 ? "token" : "tokens"}`;
  const window = behind === null ? [] : [`window of ${behind + 1} keys${withSink}`];
  if (beyond.length === 0 && onDiagonal * 2 >= places.length) return ["causal-like", ...window];
  // Early queries see a fixed number of keys, the later ones are causal.
  if (ends.size === 1 && onDiagonal > 0 && onDiagonal + beyond.length === places.length) {
    return [`causal-like after a prefix of ${[...ends].map((last) => last + 1).join("")} keys`, ...window];
  }
  const ahead = mostCommon(reach.filter((r) => r > 0));
  if (behind !== null && ahead !== null) return [`a band of ${behind} keys before and ${ahead} after the query${withSink}`];
  return [];
}

/** The largest number, where enough agree on it: those cut off at an edge are less. null where they do not. */
function mostCommon(numbers: readonly number[]): number | null {
  const largest = Math.max(...numbers);
  return numbers.filter((n) => n === largest).length >= ENOUGH ? largest : null;
}
