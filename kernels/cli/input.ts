/** A file of the command line as the front end's sources: its text (a notebook's cells joined), and what it imports. */
import { promises, readFileSync, type Stats, statSync } from "node:fs";
import { delimiter, relative, resolve, sep } from "node:path";
import { type FileReader, findEnvironment } from "../frontend/environment.ts";
import { createFollower } from "../frontend/follow.ts";
import { foldersAbove, lookedIn, MAX_MODULE_BYTES, moduleCandidates, type Places } from "../frontend/imports.ts";
import { lowerModule } from "../frontend/lower.ts";
import type { BindingValue, Need, Source } from "../frontend/module.ts";
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
export async function readInput(file: string, lookup: Lookup = { paths: [], bindings: {} }): Promise<Input> {
  const text = readText(file);
  const notebook = file.endsWith(".ipynb") ? readNotebook(text) : null;
  if (notebook !== null && "why" in notebook) throw new UsageError(`${file} ${notebook.why}`);
  const sources = await withImports({ file, text: notebook?.text ?? text }, lookup);
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
    return decode(readFileSync(file));
  } catch (error) {
    throw new UsageError(`${file} ${unreadable(error)}`);
  }
}

const REASONS: Readonly<Record<string, string>> = { ENOENT: "does not exist", EISDIR: "is a folder: name a file in it" };

function unreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

/** As Python reads a file: UTF-8 unless its first lines name another encoding; bytes that are none become U+FFFD. */
function decode(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 400))
    .toString("latin1")
    .split(/\r\n|\r|\n/, 2);
  const label = head.map((line) => /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/.exec(line)?.[1]).find((l) => l !== undefined);
  try {
    return new TextDecoder(label ?? "utf-8").decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes); // an encoding that only Python knows
  }
}

/** What the user says of where modules are. */
export interface Lookup {
  /** `--path`: folders that imports are looked for in, as `sys.path` has them. */
  readonly paths: readonly string[];
  /** Values that decide which imports are reached. */
  readonly bindings: Readonly<Record<string, BindingValue>>;
}

/** Follows imports as text, until nothing more is needed or found. */
async function withImports(document: Source, { paths, bindings }: Lookup): Promise<readonly Source[]> {
  const follower = createFollower(document);
  for (const path of paths) {
    if (statsOf(path)?.isDirectory() !== true) throw new UsageError(`--path takes a folder, and \`${path}\` is none`);
  }
  const home = slashes(resolve(document.file));
  const roots = [slashes(process.cwd())];
  const named = [...paths, ...(process.env["PYTHONPATH"] ?? "").split(delimiter).filter((p) => p !== "")];
  const near: Places = { roots, paths: named.map((path) => slashes(resolve(path))), environment: [], confined: false };
  let places: Places | null = null;
  const find = (need: Need, within: Places): string | undefined =>
    moduleCandidates(need, slashes(resolve(need.span.file)), home, within).find(isReadable);

  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const need of lowerModule(follower.sources(), { bindings }).needs) {
      let path = find(need, near);
      if (path === undefined && need.level === 0 && need.installed) {
        places ??= { ...near, environment: await installed(home, roots) };
        path = find(need, places);
      }
      const found = path === undefined ? { looked: lookedIn(need, home, places ?? near) } : moduleAt(path, document);
      if (follower.answer(need, found)) isNew = true;
    }
  }
  return follower.sources();
}

function moduleAt(path: string, document: Source): { file: string; text: string } {
  if (resolve(path) === resolve(document.file)) return document;
  const short = relative(process.cwd(), path);
  return { file: short === "" || short.startsWith("..") ? path : short, text: readText(path) };
}

/** The installed packages' folders, for a file whose folders are searched for environments of their own. */
function installed(home: string, roots: readonly string[]): Promise<readonly string[]> {
  const folders = [...new Set([...foldersAbove(home, roots), ...roots])];
  return findEnvironment(FILES, { interpreter: null, variables: process.env, folders });
}

const FILES: FileReader = {
  async readText(path) {
    return isReadable(path) ? readText(path) : null;
  },
  async list(path) {
    try {
      return await promises.readdir(path);
    } catch {
      return [];
    }
  },
};

const slashes = (path: string): string => path.split(sep).join("/");

function isReadable(path: string): boolean {
  const stats = statsOf(path);
  return stats?.isFile() === true && stats.size <= MAX_MODULE_BYTES;
}

/** Null where there is nothing, a file stands where a folder would have to, or it may not be looked at. */
function statsOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
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
