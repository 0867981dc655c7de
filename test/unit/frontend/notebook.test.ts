import { describe, expect, test } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { cellAt, type Notebook, offsetOf, readNotebook, withoutCellMagic } from "../../../kernels/frontend/notebook.ts";

const code = (source: string | string[], more: object = {}) => ({ cell_type: "code", source, ...more });

/** The notebook of that JSON, which must be one. */
function read(json: unknown): Notebook {
  const notebook = readNotebook(JSON.stringify(json));
  if ("why" in notebook) throw new Error(notebook.why);
  return notebook;
}

const CELLS = [
  { cell_type: "markdown", source: ["# Title\n", "text"] },
  code(["%matplotlib inline\n", "import torch\n", "W = 3"]),
  code("%%bash\necho (\n"),
  code("%%time\ndef near(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < W\n"),
];

test("code cells are one module, and offsets lead back to their cell", () => {
  const notebook = read({ cells: CELLS, nbformat: 4 });
  const m = lowerModule([{ file: "n.ipynb", text: notebook.text }]);
  expect(m.diagnostics).toEqual([]);
  expect(m.variants.map((v) => v.name)).toEqual(["near"]);
  const from = m.variants[0]?.nameSpan.from ?? -1;
  expect(cellAt(notebook, from)).toEqual({ cell: 3, offset: "%%time\ndef ".length });
  expect(offsetOf(notebook, 3, "%%time\ndef ".length)).toBe(from);
  expect(offsetOf(notebook, 0, 0)).toBeNull();
});

test("a mask that two cells define is there twice, and its name means the last", () => {
  const mod = (sign: string) => code(`def m(b, h, q_idx, kv_idx):\n    return q_idx ${sign} kv_idx`);
  const notebook = read({ cells: [mod(">="), mod("<=")] });
  const { variants } = lowerModule([{ file: "n.ipynb", text: notebook.text }]);
  expect(variants.map((v) => [v.name, cellAt(notebook, v.nameSpan.from)?.cell])).toEqual([
    ["m at line 1", 0],
    ["m", 1],
  ]);
});

describe("cells that hold no Python are left out", () => {
  test.each<[string, unknown, string]>([
    ["of a kernel of another language", { metadata: { kernelspec: { language: "R" } }, cells: [code("x <- 1")] }, ""],
    [
      "that name another language",
      { cells: [code("let x = 1", { metadata: { vscode: { languageId: "javascript" } } }), code("y = 1")] },
      "y = 1\n",
    ],
    [
      "in Databricks' way",
      { cells: [code("%md\n# Title"), code("%sql\nSELECT 1"), code("y = 1")] },
      "   \n       \n    \n        \ny = 1\n",
    ],
    ["raw ones", { cells: [{ cell_type: "raw", source: "x" }, code("y = 1")] }, "y = 1\n"],
    ["without a source", { cells: [{ cell_type: "code" }, 3, null, code("y = 1")] }, "\ny = 1\n"],
  ])("%s", (_, json, text) => expect(read(json).text).toBe(text));

  test("and those of a Python kernel stay, whatever it is called", () => {
    for (const metadata of [{}, { kernelspec: { language: "python" } }, { language_info: { name: "ipython3" } }, { kernelspec: {} }])
      expect(read({ metadata, cells: [code("x = 1")] }).text).toBe("x = 1\n");
  });
});

test("notebooks of version 3 hold their cells in worksheets", () => {
  const cells = [
    { cell_type: "code", input: ["x = 1\n"], language: "python" },
    { cell_type: "code", input: "y <- 1", language: "R" },
  ];
  expect(read({ nbformat: 3, worksheets: [{ cells }] }).text).toBe("x = 1\n\n");
});

test.each([
  ["", "is empty"],
  ["x = 1", "is not JSON"],
  ["{", "is not JSON"],
  ["[]", "no `cells`"],
  ["3", "no `cells`"],
  ["null", "no `cells`"],
  ['{"a": 1}', "no `cells`"],
])("%j is no notebook, and why is said", (text, why) => {
  expect(readNotebook(text)).toEqual({ why: expect.stringContaining(why) });
});

test.each([
  ["%%bash\necho\n", "      \n    \n"],
  ["%%time\nx = 1\n", "      \nx = 1\n"],
  ["\n%%capture out\nx = 1\n", "             \nx = 1\n".replace(/^/, "\n")],
  ["%%writefile masks.py\ndef f(\n", "                    \n      \n"],
  ["%%unheard of\n!\n", "            \n \n"],
  ["%%!\nls\n", "   \n  \n"],
  ["x = 1\n", "x = 1\n"],
])("blanking %j keeps lengths and line breaks", (text, blanked) => {
  expect(withoutCellMagic(text)).toBe(blanked);
  expect(blanked).toHaveLength(text.length);
});
