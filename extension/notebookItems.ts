/**
 * What stands in the status bar of a notebook's cell: the lenses of the mods that the cell defines, in the same words
 * and order. A status bar has one line: of a cell with many mods the first are shown, and the others counted.
 */
import { VIEWS } from "./contributions.ts";
import { type Lens, named } from "./lenses.ts";

export interface CellItem {
  readonly text: string;
  readonly tooltip: string;
  readonly command: string;
  readonly arguments: readonly (string | number)[];
  /** Items with a higher one stand further left. */
  readonly priority: number;
}

/** Mods of one cell that are shown with their lenses. */
const MOST_MODS = 3;

/** The items of the cell whose lenses these are. */
export function cellItems(lenses: readonly Lens[]): readonly CellItem[] {
  const names = [...new Set(lenses.map((lens) => lens.name))];
  const shown = new Set(names.slice(0, MOST_MODS));
  const rest = names.slice(MOST_MODS);
  const items: Omit<CellItem, "priority">[] = named(
    lenses.filter((lens) => shown.has(lens.name)),
    () => 0,
  ).map(({ title, tooltip, command, arguments: args }) => ({ text: title, tooltip, command, arguments: args }));
  if (rest.length > 0) {
    const tooltip = `${rest.join(", ")}: show them in the Flexlens view`;
    items.push({ text: `${rest.length} more`, tooltip, command: `${VIEWS.variants}.focus`, arguments: [] });
  }
  // From 0 down, so that they stand right of what the cell says of its run.
  return items.map((item, i) => ({ ...item, priority: -1 - i }));
}
