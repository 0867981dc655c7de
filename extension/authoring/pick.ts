/**
 * A list to choose from whose rows have pictures of masks. It opens at once; pictures follow one a turn, so that neither
 * the list nor the editor waits for them, and what is chosen or typed meanwhile stays.
 */
import * as vscode from "vscode";
import type { GalleryVariant } from "../galleryVariant.ts";
import { type Ground, thumbnailOf } from "../thumbnail.ts";

export interface Row<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** Asked once, in a turn of its own; null: no picture. */
  readonly pictured?: () => GalleryVariant | null;
  readonly value: T;
}

/** Rows under a heading; "" for none. */
export interface Section<T> {
  readonly heading: string;
  readonly rows: readonly Row<T>[];
}

/** undefined where the list was left. */
export function pick<T>(placeholder: string, sections: readonly Section<T>[]): Promise<T | undefined> {
  const list = vscode.window.createQuickPick<Item<T>>();
  list.placeholder = placeholder;
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  const items = sections.flatMap(({ heading, rows }): Item<T>[] => [
    ...(heading === "" || rows.length === 0 ? [] : [{ label: heading, kind: vscode.QuickPickItemKind.Separator }]),
    ...rows.map((row) => itemOf(row, null)),
  ]);
  list.items = items;
  let isOpen = true;
  const waiting = items.flatMap((item, index) => (item.row?.pictured === undefined ? [] : [index]));
  const turn = (): void => {
    if (!isOpen) return;
    const until = performance.now() + TURN_MS;
    while (waiting.length > 0 && performance.now() < until) {
      const index = waiting.shift() ?? 0;
      const row = items[index]?.row;
      if (row !== undefined) items[index] = itemOf(row, row.pictured?.() ?? null);
    }
    const [active] = list.activeItems;
    list.keepScrollPosition = true;
    list.items = [...items];
    const still = items.find((item) => item.row !== undefined && item.row === active?.row);
    if (still !== undefined) list.activeItems = [still];
    if (waiting.length > 0) setTimeout(turn, 0);
  };
  if (waiting.length > 0) setTimeout(turn, 0);
  return new Promise((resolve) => {
    list.onDidAccept(() => {
      resolve(list.selectedItems[0]?.row?.value);
      list.hide();
    });
    list.onDidHide(() => {
      isOpen = false;
      list.dispose();
      resolve(undefined);
    });
    list.show();
  });
}

/** One turn of drawing: longer would be felt in the editor. */
const TURN_MS = 12;

/** A heading has no row. */
type Item<T> = vscode.QuickPickItem & { readonly row?: Row<T> };

function itemOf<T>(row: Row<T>, shown: GalleryVariant | null): Item<T> {
  const { label, description = "", detail } = row;
  const picture = (ground: Ground): vscode.Uri => vscode.Uri.parse(shown === null ? "" : thumbnailOf(shown.variant, shown.problem, ground));
  return {
    label,
    description,
    ...(detail === undefined ? {} : { detail }),
    ...(shown === null ? {} : { iconPath: { light: picture("light"), dark: picture("dark") } }),
    row,
  };
}
