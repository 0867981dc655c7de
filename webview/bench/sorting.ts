/**
 * The order of a table's rows as the user chose it, by one column: pressed once ascending, twice descending, the third time
 * as before. Pure; sortHead.tsx draws it.
 */

/** The tables that can be sorted, each with an order of its own. */
export type SortedTable = "results" | "sweep" | "runs";

export interface Sort {
  /** A column's id. */
  readonly column: string;
  readonly descending: boolean;
}

/** null: in the table's own order. */
export type Sorts = Readonly<Record<SortedTable, Sort | null>>;

export const UNSORTED: Sorts = { results: null, sweep: null, runs: null };

/** What a row is sorted by; null: it has nothing in this column, and comes last either way. */
export type SortValue = number | string | null;

/** What comes of pressing a column's head. */
export function nextSort(sort: Sort | null, column: string): Sort | null {
  if (sort?.column !== column) return { column, descending: false };
  return sort.descending ? null : { column, descending: true };
}

/** A copy in order; what is equal stays as it was. */
export function sortedBy<T>(items: readonly T[], by: (item: T) => SortValue, descending: boolean): readonly T[] {
  return items
    .map((item) => ({ item, value: by(item) }))
    .sort(({ value: a }, { value: b }) => {
      if (a === null || b === null) return Number(a === null) - Number(b === null);
      return descending ? compare(b, a) : compare(a, b);
    })
    .map(({ item }) => item);
}

/** Texts as people count: `S 512` before `S 1024`. */
const compare = (a: number | string, b: number | string): number =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
