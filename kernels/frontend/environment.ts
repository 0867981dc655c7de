/**
 * The Python environment's folders with installed packages, found by reading folders and text; no interpreter is run.
 *
 * Looked at, in this order: the interpreter that the user chose, the active virtual environment, virtual environments
 * in the folders around the document, the active conda environment; and only where none of these is there, the
 * `python3` of the search path. Path files (`.pth`) and setuptools' finders, by which editable installs point to their
 * sources, are read as text: their plain paths count, their code does not.
 */
import { folderOf } from "./imports.ts";

/** Folders and files by path with `/`, wherever they are. Nothing is thrown. */
export interface FileReader {
  /** A file's text; null where it is not to be read. */
  readText(path: string): Promise<string | null>;
  /** Names in a folder; none where it is not there. */
  list(path: string): Promise<readonly string[]>;
}

/** What is known of the environment beforehand. */
export interface EnvironmentHints {
  /** Path of the interpreter that the user chose; null where none was. */
  readonly interpreter: string | null;
  /** Environment variables: VIRTUAL_ENV, CONDA_PREFIX, HOME, PATH. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Folders that may hold `.venv` and the like, the nearest first. */
  readonly folders: readonly string[];
}

const MAX_FOLDERS = 24;
const MAX_PATH_FILES = 100;
const VENV_NAMES = [".venv", "venv", "env", ".env", ".conda"];

/** Folders in which an installed package may lie, the first to be asked first. */
export async function findEnvironment(files: FileReader, hints: EnvironmentHints): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const site of sites(files, hints)) {
    if (found.includes(site)) continue;
    found.push(site, ...(await pathFiles(files, site)).filter((path) => !found.includes(path)));
    if (found.length >= MAX_FOLDERS) break;
  }
  return [...new Set(found)].slice(0, MAX_FOLDERS);
}

async function* sites(files: FileReader, { interpreter, variables, folders }: EnvironmentHints): AsyncGenerator<string> {
  let count = 0;
  const from = async function* (prefix: string | null | undefined): AsyncGenerator<string> {
    if (prefix === null || prefix === undefined || prefix === "") return;
    for (const site of await sitesOf(files, tidy(prefix))) {
      count++;
      yield site;
    }
  };
  yield* from(interpreter === null ? null : prefixOf(tidy(interpreter)));
  yield* from(variables["VIRTUAL_ENV"]);
  for (const folder of folders) {
    const names = await files.list(folder);
    for (const name of VENV_NAMES) if (names.includes(name)) yield* from(`${folder === "/" ? "" : folder}/${name}`);
  }
  yield* from(variables["CONDA_PREFIX"]);
  if (count > 0) return;
  for (const prefix of await searchPath(files, variables["PATH"] ?? variables["Path"] ?? "")) {
    const home = variables["HOME"];
    if (home !== undefined) yield* from(`${tidy(home)}/.local`);
    yield* from(prefix);
    if (prefix === "/usr") yield* from("/usr/local");
    return;
  }
}

/** `/a/b` of `\a\b\`. */
const tidy = (path: string): string => path.replaceAll("\\", "/").replace(/(?<=.)\/+$/, "");

/** The environment that an interpreter belongs to: `bin/python`, `Scripts/python.exe`, or `python.exe` at its top. */
function prefixOf(interpreter: string): string {
  const folder = folderOf(interpreter);
  return /\/(bin|scripts)$/i.test(folder) ? folderOf(folder) : folder;
}

/** The `site-packages` of an environment, those of the newest Python first; of the one that it extends too, where it says so. */
async function sitesOf(files: FileReader, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const lib of ["lib", "lib64", "local/lib"]) {
    const names = (await files.list(`${prefix}/${lib}`)).filter((name) => /^python3(\.\d+t?)?$/.test(name));
    names.sort((a, b) => minor(b) - minor(a));
    for (const name of names) found.push(...(await present(files, `${prefix}/${lib}/${name}`, ["site-packages", "dist-packages"])));
  }
  found.push(...(await present(files, `${prefix}/Lib`, ["site-packages"])));
  const config = found.length === 0 ? null : await files.readText(`${prefix}/pyvenv.cfg`);
  const extended = config === null ? null : /^\s*include-system-site-packages\s*=\s*true\s*$/im.exec(config);
  const home = config === null ? undefined : /^\s*home\s*=\s*(.+?)\s*$/im.exec(config)?.[1];
  if (extended !== null && home !== undefined) found.push(...(await sitesOf(files, prefixOf(`${tidy(home)}/python`))));
  return found;
}

const minor = (name: string): number => Number(/\.(\d+)/.exec(name)?.[1] ?? -1);

async function present(files: FileReader, folder: string, names: readonly string[]): Promise<string[]> {
  const there = await files.list(folder);
  return names.filter((name) => there.includes(name)).map((name) => `${folder}/${name}`);
}

/** Environments whose `bin` is on the search path and holds a Python; pyenv's stand-ins are followed to what they stand for. */
async function searchPath(files: FileReader, path: string): Promise<readonly string[]> {
  const separator = /^[A-Za-z]:[\\/]|;/.test(path) ? ";" : ":";
  const prefixes: string[] = [];
  for (const entry of path.split(separator)) {
    if (entry === "") continue;
    const folder = tidy(entry);
    if (!(await files.list(folder)).some((name) => /^python3?(\.exe)?$/i.test(name))) continue;
    if (folder.endsWith("/shims")) {
      const version = (await files.readText(`${folderOf(folder)}/version`))?.trim().split(/\s+/)[0];
      if (version !== undefined && version !== "" && version !== "system") prefixes.push(`${folderOf(folder)}/versions/${version}`);
    } else prefixes.push(prefixOf(`${folder}/python`));
  }
  return prefixes;
}

/** The folders that the path files of `site` name. */
async function pathFiles(files: FileReader, site: string): Promise<readonly string[]> {
  const names = await files.list(site);
  const found: string[] = [];
  for (const name of names.filter((n) => n.endsWith(".pth")).slice(0, MAX_PATH_FILES)) {
    for (const line of (await files.readText(`${site}/${name}`))?.split(/\r\n|\r|\n/) ?? []) {
      const path = line.trim();
      if (path === "" || path.startsWith("#") || /^import[ \t]/.test(path)) continue;
      found.push(tidy(/^(?:\/|[A-Za-z]:)/.test(path) ? path : `${site}/${path}`));
    }
  }
  for (const name of names.filter((n) => /^__editable___.*_finder\.py$/.test(n)).slice(0, MAX_PATH_FILES)) {
    // MAPPING: dict[str, str] = {'package': '/home/me/project/src/package'}
    const mapping = /^MAPPING\b[^=\n]*=\s*(\{[^}]*\})/m.exec((await files.readText(`${site}/${name}`)) ?? "")?.[1] ?? "";
    for (const [, , value] of mapping.matchAll(/(['"])(?:[^'"\\]|\\.)*\1\s*:\s*r?['"]((?:[^'"\\]|\\.)*)['"]/g))
      if (value !== undefined) found.push(folderOf(tidy(value.replaceAll("\\\\", "\\"))));
  }
  return found;
}
