/** A notebook's cells, and the order in which they were run: what is said of it, once, and when nothing is. */
import { describe, expect, test } from "vitest";
import { joinCells } from "../../../extension/layout.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { lintCellOrder } from "../../../kernels/lint/cellOrder.ts";

type Cell = readonly [order: number | null, text: string];

/** The codes, each with what is underlined and in which cell; then the words. */
function said(cells: readonly Cell[]): { readonly found: string[]; readonly words: string } {
  const { text, parts } = joinCells(cells.map(([, cell]) => cell));
  const source = { file: "a.ipynb", text };
  const diagnostics = lintCellOrder(
    source,
    lowerModule([source]),
    parts.map((part, i) => ({ ...part, order: cells[i]?.[0] ?? null })),
  );
  const found = diagnostics.map(({ code, span }) => {
    const cell = parts.findLastIndex((part) => part.start <= span.from);
    return `${code} «${text.slice(span.from, span.to)}» in cell ${cell + 1}`;
  });
  return { found, words: diagnostics.map(({ message }) => message).join("\n") };
}

const MOD = "def mask_mod(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < window";

describe("the order of cells", () => {
  test.each<{ name: string; cells: readonly Cell[]; found: readonly string[]; says?: readonly string[] }>([
    {
      name: "run from top to bottom is no matter",
      cells: [
        [1, "window = 64"],
        [2, MOD],
        [3, "window = 128"],
      ],
      found: [],
    },
    {
      name: "with a value of a cell above that was run last",
      cells: [
        [7, "window = 64"],
        [2, MOD],
        [3, "window = 128"],
      ],
      found: ["cell-run-last «window» in cell 3"],
      says: ["`window` was last set by the cell run as [7]", "run as [3]"],
    },
    {
      name: "with a mod that is written twice",
      cells: [
        [9, "def mask_mod(b, h, q_idx, kv_idx):\n    return q_idx > kv_idx"],
        [3, "def mask_mod(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx"],
      ],
      found: ["cell-run-last «mask_mod» in cell 2"],
    },
    {
      name: "with a tensor that was not computed again",
      cells: [
        [6, "import torch\nS = 128"],
        [4, "window = torch.full((S,), 8)"],
        [5, "def mask_mod(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < window[q_idx]"],
      ],
      found: ["cell-outdated «window» in cell 2"],
      says: ["`window` was computed in [4], before `S` was set anew in [6]"],
    },
    {
      name: "with a value that is set further down, by a cell run before",
      cells: [
        [3, "window = S // 2"],
        [2, "S = 128"],
        [4, MOD],
      ],
      found: ["cell-below «window» in cell 1"],
      says: ["`S`", "further down", "Move that cell up"],
    },
    {
      name: "says one thing of one notebook",
      cells: [
        [8, "window = 64\nsink = 4"],
        [2, "def mask_mod(b, h, q_idx, kv_idx):\n    return (q_idx - kv_idx < window) | (kv_idx < sink)"],
        [3, "window = 128\nsink = 8"],
      ],
      found: ["cell-run-last «window» in cell 3"],
    },
    {
      name: "is no matter where no mod reads what changed",
      cells: [
        [7, "title = 'a'"],
        [2, `window = 64\n${MOD}`],
        [3, "title = 'b'"],
      ],
      found: [],
    },
    {
      name: "is no matter for imports that are run again",
      cells: [
        [7, "import torch"],
        [2, `window = torch.tensor(64)\n${MOD}`],
      ],
      found: [],
    },
    {
      name: "is not told from counts of two sessions",
      cells: [
        [7, "window = 64"],
        [3, MOD],
        [3, "window = 128"],
      ],
      found: [],
    },
    {
      name: "is no matter for a cell that was not run yet",
      cells: [
        [5, "window = 64"],
        [2, MOD],
        [null, "window = 128"],
      ],
      found: [],
    },
  ])("$name", ({ cells, found, says = [] }) => {
    const { found: got, words } = said(cells);
    expect(got).toEqual(found);
    for (const part of says) expect(words).toContain(part);
  });
});
