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

/** Why a text is no notebook that can be read, in words that follow its name. */
export interface NotANotebook {
  readonly why: string;
}

/** Joins the Python cells of a notebook's JSON; the reason where the text is no notebook. */
export function readNotebook(json: string): Notebook | NotANotebook {
  let root: unknown;
  try {
    root = JSON.parse(json.replace(/^\uFEFF/, ""));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { why: json.trim() === "" ? "is empty" : `is no Jupyter notebook, for it is not JSON: ${why}` };
  }
  const cells = cellsOf(root);
  if (cells === null) return { why: "is no Jupyter notebook: its JSON has no `cells`" };
  const parts: CellPart[] = [];
  let text = "";
  const isPython = isPythonName(languageOf(root));
  cells.forEach((cell, index) => {
    if (!isRecord(cell) || cell["cell_type"] !== "code") return;
    // A notebook of several languages says so cell by cell; one of version 3 always does.
    const own = fieldOf(cell["metadata"], "vscode", "languageId") ?? cell["language"];
    if (typeof own === "string" ? !isPythonName(own) : !isPython) return;
    const source = sourceOf(cell["source"] ?? cell["input"]);
    parts.push({ cell: index, start: text.length, length: source.length });
    text += `${withoutCellMagic(source)}\n`;
  });
  return { text, parts };
}

/** The language of a notebook's kernel; Python where it does not say. */
function languageOf(root: unknown): string {
  const metadata = fieldOf(root, "metadata");
  const named = fieldOf(metadata, "kernelspec", "language") ?? fieldOf(metadata, "language_info", "name");
  return typeof named === "string" ? named : "python";
}

const isPythonName = (language: string): boolean => /^(?:i?python\d?|)$/i.test(language);

function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), value);
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
  const blank = (s: string): string => s.replace(/[^\r\n]/g, " ");
  // Databricks marks a cell in another language by one `%`.
  if (/^\s*%(?:(?:md|md-sandbox|scala|sh|fs|r)\b|sql[ \t]*(?:[\r\n]|$))/.test(text)) return blank(text);
  const magic = /^\s*%%(?![ \t])([\w!]*)[^\r\n]*/.exec(text);
  if (magic === null) return text;
  return PYTHON_MAGICS.has(magic[1] ?? "") ? blank(magic[0]) + text.slice(magic[0].length) : blank(text);
}

/** Cell magics that run the cell's Python. Of others (`bash`, `writefile`, `html`, `R`, …) the cell is left out. */
const PYTHON_MAGICS = new Set(
  "time timeit capture prun python python3 pypy memit mprun lprun debug skip heat snakeviz pyinstrument scalene tb wandb chime".split(" "),
);

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
