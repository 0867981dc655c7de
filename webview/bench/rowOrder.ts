/** The table of measurements in the order of one of its columns: the rows of each group, and the groups by their first row. */
import type { Group, Row } from "./rows.ts";
import { type Sort, type SortValue, sortedBy } from "./sorting.ts";

/** What a column orders by. */
export interface ResultOrder {
  readonly id: string;
  /** The number that its cell writes. */
  readonly value: (row: Row) => SortValue;
  /** Default: the first row's. */
  readonly ofGroup?: (group: Group) => SortValue;
}

/** `groups` sorted; as they are without a sort, or by a column that is none of `columns`. */
export function sortGroups(groups: readonly Group[], sort: Sort | null, columns: readonly ResultOrder[]): readonly Group[] {
  const column = columns.find(({ id }) => id === sort?.column);
  if (sort === null || column === undefined) return groups;
  const { value, ofGroup = ({ rows: [first] }) => (first === undefined ? null : value(first)) } = column;
  const ordered = groups.map((group): Group => ({ ...group, rows: sortedBy(group.rows, value, sort.descending) }));
  return sortedBy(ordered, ofGroup, sort.descending);
}
