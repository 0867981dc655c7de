/** The keys of the panel, by where they work, as its list of keys shows them. Keys stand as people read them: `Shift+N`. */
import type { View } from "./protocol.ts";

export interface KeyLine {
  readonly keys: readonly string[];
  readonly does: string;
}

export interface KeyGroup {
  readonly title: string;
  readonly lines: readonly KeyLine[];
}

const line = (keys: string, does: string): KeyLine => ({ keys: keys.split(" "), does });

const PANEL: KeyGroup = {
  title: "Anywhere in the panel",
  lines: [
    line("← → Home End", "choose a tab, while the tabs have focus"),
    line("Tab Shift+Tab", "next control, previous control"),
    line("Esc", "close what is open, give a field its value back"),
    line("?", "this list"),
  ],
};

const MASK: KeyGroup = {
  title: "While the picture of the mask has focus",
  lines: [
    line("← → ↑ ↓", "one cell; with Shift one block"),
    line("Ctrl+← Ctrl+→", "where the row changes next, or did last"),
    line("Home End", "the ends of the row; with Ctrl those of the matrix"),
    line("PageUp PageDown", "a screen of rows"),
    line("N Shift+N", "the next cell that is allowed, that is masked"),
    line("G", "go to a cell by its numbers"),
    line("Enter Esc", "pin the cell, let go of it"),
    line("C", "copy why the cell is what it is"),
    line("+ −", "zoom in, zoom out"),
    line("0 F", "show all"),
    line("Ctrl+Shift+←", "pan, as with the other arrows"),
    line("1 2 3 4", "state, why, bias, probability"),
    line("W", "why, and back"),
    line("D", "compare; then side by side or difference"),
    line("H Shift+H", "next head, previous head"),
    line("B Shift+B", "next batch, previous batch"),
    line("M", "show or hide the small picture of the whole"),
  ],
};

const BENCHMARK: KeyGroup = {
  title: "In the charts",
  lines: [line("← →", "previous point, next point"), line("↑ ↓", "previous line, next line"), line("Home End", "first point, last point")],
};

const KERNEL: KeyGroup = {
  title: "While the code has focus",
  lines: [
    line("Alt+↑ Alt+↓", "previous line, next line of your Python"),
    line("F12", "show the Python of the line in the editor"),
    line("F7 Shift+F7", "next line, previous line that your last edit has changed"),
    line("Ctrl+F", "find"),
  ],
};

const GROUPS: Readonly<Record<View, KeyGroup>> = { mask: MASK, benchmark: BENCHMARK, kernel: KERNEL };

/** What the list shows in a view: its own keys first. */
export const keysOf = (view: View): readonly KeyGroup[] => [GROUPS[view], PANEL];
