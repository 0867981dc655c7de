/** The head of a column by which a table can be sorted: a button, and an arrow beside its name where it is in force. */
import type { ComponentChildren, JSX } from "preact";
import type { Act } from "../act.ts";
import { nextSort, type Sort, type SortedTable } from "./sorting.ts";

/** What the heads of one table share. */
export interface Sorting {
  readonly table: SortedTable;
  readonly sort: Sort | null;
  readonly act: Pick<Act, "sort">;
}

interface HeadProps extends Sorting {
  readonly column: string;
  readonly title?: string | undefined;
  readonly class?: string | undefined;
  /** Columns of cells below it; default: 1. */
  readonly span?: number;
  readonly children: ComponentChildren;
}

export function SortHead(props: HeadProps): JSX.Element {
  const { table, sort, act, column, span = 1 } = props;
  const order = sort?.column !== column ? "none" : sort.descending ? "descending" : "ascending";
  return (
    <th scope={span === 1 ? "col" : "colgroup"} colSpan={span} class={props.class} title={props.title} aria-sort={order}>
      <button type="button" class="sort" data-testid={`sort-${table}-${column}`} onClick={() => act.sort(table, nextSort(sort, column))}>
        <span>{props.children}</span>
      </button>
    </th>
  );
}
