import { expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { cellAt, offsetOf, readNotebook, withoutCellMagic } from "../../../kernels/frontend/notebook.ts";

const CELLS = [
  { cell_type: "markdown", source: ["# Title\n", "text"] },
  { cell_type: "code", source: ["%matplotlib inline\n", "import torch\n", "W = 3"] },
  { cell_type: "code", source: "%%bash\necho (\n" },
  { cell_type: "code", source: "%%time\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < W\n" },
];

test("code cells are one module, and offsets lead back to their cell", () => {
  const notebook = readNotebook(JSON.stringify({ cells: CELLS, nbformat: 4 }));
  expect(notebook).not.toBeNull();
  if (notebook === null) return;
  const m = lowerModule([{ file: "n.ipynb", text: notebook.text }]);
  expect(m.diagnostics).toEqual([]);
  expect(m.variants.map((v) => v.name)).toEqual(["near"]);
  const from = m.variants[0]?.nameSpan.from ?? -1;
  expect(cellAt(notebook, from)).toEqual({ cell: 3, offset: "%%time\ndef ".length });
  expect(offsetOf(notebook, 3, "%%time\ndef ".length)).toBe(from);
  expect(offsetOf(notebook, 0, 0)).toBeNull();
});

test("notebooks of version 3 hold their cells in worksheets", () => {
  const old = { worksheets: [{ cells: [{ cell_type: "code", input: ["x = 1\n"] }] }] };
  expect(readNotebook(JSON.stringify(old))?.text).toBe("x = 1\n\n");
});

test.each(["", "x = 1", "{", "[]", "3", "null", '{"a": 1}'])("%j is no notebook", (text) => {
  expect(readNotebook(text)).toBeNull();
});

test("blanking keeps lengths and line breaks", () => {
  expect(withoutCellMagic("%%bash\necho\n")).toBe("      \n    \n");
  expect(withoutCellMagic("%%time\nx = 1\n")).toBe("      \nx = 1\n");
  expect(withoutCellMagic("x = 1\n")).toBe("x = 1\n");
});
