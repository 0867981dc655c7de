import { describe, expect, test } from "vitest";
import { COMMANDS, VIEWS } from "../../../extension/contributions.ts";
import type { Lens } from "../../../extension/lenses.ts";
import { cellItems } from "../../../extension/notebookItems.ts";

const lens = (name: string, title: string): Lens => ({
  span: { file: "file:///masks.ipynb", from: 0, to: 1 },
  name,
  title,
  tooltip: `${title} of ${name}`,
  command: COMMANDS.showMask,
  arguments: ["file:///masks.ipynb", name],
});
const three = (name: string): readonly Lens[] => ["Mask", "Benchmark", "Kernel"].map((title) => lens(name, title));

describe("the status bar of a cell", () => {
  test("has the lenses of the cell's mod, in their order, with their commands", () => {
    const items = cellItems(three("causal"));
    expect(items.map(({ text }) => text)).toEqual(["Mask", "Benchmark", "Kernel"]);
    expect(items[0]).toMatchObject({ tooltip: "Mask of causal", command: COMMANDS.showMask, arguments: ["file:///masks.ipynb", "causal"] });
    expect(items.map(({ priority }) => priority)).toEqual([-1, -2, -3]);
  });

  test("names the mods where a cell has several", () => {
    expect(cellItems([...three("causal"), ...three("window")]).map(({ text }) => text)).toEqual([
      "causal: Mask",
      "Benchmark",
      "Kernel",
      "window: Mask",
      "Benchmark",
      "Kernel",
    ]);
  });

  test("counts the mods for which there is no room, and says where they are", () => {
    const items = cellItems(["a", "b", "c", "d", "e"].flatMap(three));
    expect(items).toHaveLength(10);
    expect(items.at(-1)).toMatchObject({
      text: "2 more",
      tooltip: "d, e: show them in the Flexlens view",
      command: `${VIEWS.variants}.focus`,
    });
    expect(items.map(({ priority }) => priority)).toEqual(items.map((_, i) => -1 - i));
  });

  test("is empty where a cell defines no mod", () => {
    expect(cellItems([])).toEqual([]);
  });
});
