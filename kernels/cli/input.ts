/** A file of the command line as the front end's sources: its text (a notebook's cells joined), and what it imports. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { MAX_MODULE_BYTES, MAX_MODULES, moduleCandidates } from "../frontend/imports.ts";
import { lowerModule } from "../frontend/lower.ts";
import type { Source } from "../frontend/module.ts";
import { cellAt, type Notebook, readNotebook } from "../frontend/notebook.ts";
import { UsageError } from "./options.ts";

/** 1-based; columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** Index of the notebook's cell, from 0; absent outside of notebooks. */
  readonly cell?: number;
}

export interface Input {
  /** The file first, then the modules it imports. */
  readonly sources: readonly Source[];
  /** Where `offset` of the source `file` stands, as an editor counts. */
  place(offset: number, file: string): Place;
}

/** @throws UsageError where the file cannot be read or is no notebook though named so. */
export async function readInput(file: string): Promise<Input> {
  const text = readText(file);
  const notebook = file.endsWith(".ipynb") ? readNotebook(text) : null;
  if (notebook === null && file.endsWith(".ipynb")) throw new UsageError(`${file} is no Jupyter notebook`);
  const sources = withImports({ file, text: notebook?.text ?? text });
  return {
    sources,
    place: (offset, name) => {
      if (notebook !== null && name === file) return placeInCell(notebook, offset);
      return placeIn(sources.find((s) => s.file === name)?.text ?? "", offset);
    },
  };
}

/** @throws UsageError */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Follows imports through the file's folders and the current one, as text, until nothing more is needed or found. */
function withImports(document: Source): Source[] {
  const sources = [document];
  const asked = new Set<string>();
  for (let added = true; added && sources.length <= MAX_MODULES; ) {
    added = false;
    for (const need of lowerModule(sources).needs) {
      const key = `${need.span.file} ${need.level} ${need.module}`;
      if (asked.has(key)) continue;
      asked.add(key);
      const path = moduleCandidates(need, slashes(resolve(need.span.file)), [slashes(process.cwd())]).find(isReadable);
      if (path === undefined || sources.some((s) => resolve(s.file) === resolve(path))) continue;
      sources.push({ file: relative(process.cwd(), path) || path, text: readText(path) });
      added = true;
    }
  }
  return sources;
}

const slashes = (path: string): string => path.split(sep).join("/");

function isReadable(path: string): boolean {
  return existsSync(path) && statSync(path).isFile() && statSync(path).size <= MAX_MODULE_BYTES;
}

function placeIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function placeInCell(notebook: Notebook, offset: number): Place {
  const at = cellAt(notebook, offset);
  const part = notebook.parts.find((p) => p.cell === at?.cell);
  if (at === null || part === undefined) return placeIn(notebook.text, offset);
  return { cell: at.cell, ...placeIn(notebook.text.slice(part.start, part.start + part.length), at.offset) };
}
