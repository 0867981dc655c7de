/** The table of measurements in the order of one of its columns: the rows of each group, and the groups by their first row. */
import { extraBytesOf, peakShareOf, ratesOf } from "../../kernels/runtime/resultText.ts";
import { ENGINE_NAMES, type Group, halfInterval, type Row } from "./rows.ts";
import { type Sort, type SortValue, sortedBy } from "./sorting.ts";

export type ResultColumn = "kernel" | "time" | "interval" | "speedUp" | "effective" | "dense" | "peak" | "memory" | "compile" | "error";

/** What each column sorts a row by: the number that its cell writes. */
const VALUES: Readonly<Record<ResultColumn, (row: Row) => SortValue>> = {
  kernel: ({ result }) => ENGINE_NAMES[result.engine],
  time: ({ result }) => result.medianMs,
  interval: ({ result, standing }) => (standing === "wrong" ? null : halfInterval(result)),
  speedUp: ({ result, speedUp }) => (result.engine === "materialized" ? 1 : speedUp),
  effective: ({ result }) => ratesOf(result)?.effective ?? null,
  dense: ({ result }) => ratesOf(result)?.dense ?? null,
  peak: ({ result }) => peakShareOf(result),
  memory: ({ result }) => extraBytesOf(result),
  compile: ({ result }) => result.compileMs,
  error: ({ result }) => result.check?.maxAbs ?? null,
};

const isColumn = (id: string): id is ResultColumn => Object.hasOwn(VALUES, id);

/** `groups` sorted; as they are without a sort. */
export function sortGroups(groups: readonly Group[], sort: Sort | null): readonly Group[] {
  if (sort === null || !isColumn(sort.column)) return groups;
  const { column, descending } = sort;
  const ofRow = VALUES[column];
  const ofGroup = ({ variant, rows: [first] }: Group): SortValue => {
    if (column === "kernel") return variant;
    return first === undefined ? null : ofRow(first);
  };
  const ordered = groups.map((group): Group => ({ ...group, rows: sortedBy(group.rows, ofRow, descending) }));
  return sortedBy(ordered, ofGroup, descending);
}
