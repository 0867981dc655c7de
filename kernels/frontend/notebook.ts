/**
 * A Jupyter notebook as one Python module: its code cells joined in order, a line break after each, so that names of
 * one cell are known in the next; and back from an offset of the whole to cell and offset in it.
 *
 * Cells whose first line is a cell magic (`%%bash`) hold no Python and are left blank; magics that run Python
 * (`%%time`) lose that line only. Line magics are the parser's to skip. Format: nbformat 4, and 3 with its worksheets.
 */

/** A code cell of the joined text. */
export interface CellPart {
  /** Index among all cells of the notebook, from 0. */
  readonly cell: number;
  /** Where it begins in the joined text, UTF-16 units. */
  readonly start: number;
  readonly length: number;
}

export interface Notebook {
  readonly text: string;
  readonly parts: readonly CellPart[];
}

/** Joins the code cells of a notebook's JSON; null where the text is no notebook. */
export function readNotebook(json: string): Notebook | null {
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch {
    return null;
  }
  const cells = cellsOf(root);
  if (cells === null) return null;
  const parts: CellPart[] = [];
  let text = "";
  cells.forEach((cell, index) => {
    if (!isRecord(cell) || cell["cell_type"] !== "code") return;
    const source = sourceOf(cell["source"] ?? cell["input"]);
    parts.push({ cell: index, start: text.length, length: source.length });
    text += `${withoutCellMagic(source)}\n`;
  });
  return { text, parts };
}

/** The cell that holds `offset` of the joined text, and the offset in it; null where there is no cell. */
export function cellAt(notebook: Notebook, offset: number): { readonly cell: number; readonly offset: number } | null {
  const part = notebook.parts.findLast((p) => p.start <= offset);
  return part === undefined ? null : { cell: part.cell, offset: Math.min(offset - part.start, part.length) };
}

/** The joined text's offset of a place in a cell; null where the cell holds no code. */
export function offsetOf(notebook: Notebook, cell: number, offset: number): number | null {
  const part = notebook.parts.find((p) => p.cell === cell);
  return part === undefined ? null : part.start + Math.min(offset, part.length);
}

/** `text` with what is not Python in it blanked: the same length, line breaks kept. */
export function withoutCellMagic(text: string): string {
  const magic = /^\s*%%(\w+)[^\r\n]*/.exec(text);
  if (magic === null) return text;
  const blank = (s: string): string => s.replace(/[^\r\n]/g, " ");
  return PYTHON_MAGICS.has(magic[1] ?? "") ? blank(magic[0]) + text.slice(magic[0].length) : blank(text);
}

const PYTHON_MAGICS = new Set(["time", "timeit", "capture", "prun", "python", "python3", "memit", "mprun", "lprun"]);

function cellsOf(root: unknown): readonly unknown[] | null {
  if (!isRecord(root)) return null;
  if (Array.isArray(root["cells"])) return root["cells"];
  const sheets = root["worksheets"];
  if (!Array.isArray(sheets)) return null;
  return sheets.flatMap((s: unknown): unknown[] => (isRecord(s) && Array.isArray(s["cells"]) ? s["cells"] : []));
}

function sourceOf(source: unknown): string {
  if (typeof source === "string") return source;
  return Array.isArray(source) ? source.filter((line): line is string => typeof line === "string").join("") : "";
}

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x);
