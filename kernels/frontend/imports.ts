/**
 * Where Python would look for a module, as paths; text only, nothing is run. An absolute import is looked for in this
 * order: the document's folder; the folders named by the user; each folder above the document's and its `src`, up to
 * the workspace's root; the other workspace folders; the importing file's own folder and those above it, for libraries
 * that were reached by a change of `sys.path`; the Python environment's `site-packages`. `sys.path` itself is what the
 * run of a program makes of it, and is not known.
 */
import type { Need } from "./module.ts";

/** At most so many modules are followed from one document, none longer than this, and all together no longer. */
export const MAX_MODULES = 64;
export const MAX_MODULE_BYTES = 1_000_000;
export const MAX_IMPORTED_BYTES = 6_000_000;

/** So many folders above a file that lies in no workspace folder are looked through. */
const MAX_ABOVE = 6;

/** The folders to look in, besides those around the file; all with `/`. */
export interface Places {
  /** Workspace folders; for a command line, where it was called. */
  readonly roots: readonly string[];
  /** What the user names, in order: `--path`, `flexlens.analysis.extraPaths`, `PYTHONPATH`. */
  readonly paths: readonly string[];
  /** The Python environment's folders (environment.ts). */
  readonly environment: readonly string[];
  /** Nothing outside of `roots` is read: the workspace is not trusted. */
  readonly confined: boolean;
}

/**
 * Paths that may hold the module which `need` names, the likeliest first. `importer` is the path of the file with the
 * import, `document` that of the file that all started from; null for one without a place (an untitled document).
 */
export function moduleCandidates(
  need: Pick<Need, "module" | "level" | "installed">,
  importer: string | null,
  document: string | null,
  places: Places,
): readonly string[] {
  const names = need.module === "" ? [] : need.module.split(".");
  const bases =
    need.level > 0
      ? relativeBase(need.level, importer)
      : absoluteBases(importer, document, need.installed ? places : { ...places, environment: [] });
  const paths = [...new Set(bases)].flatMap((base) => {
    const path = [base === "/" ? "" : base, ...names].join("/");
    // A package comes before a module of the same name.
    return names.length === 0 ? [`${path}/__init__.py`] : [`${path}/__init__.py`, `${path}.py`];
  });
  return places.confined ? paths.filter((path) => places.roots.some((root) => isWithin(path, root))) : paths;
}

/** In words, for a module that none of the candidates holds: where it was looked for. */
export function lookedIn(need: Pick<Need, "module" | "level">, document: string | null, places: Places): string {
  if (need.level > 0) return `no such file lies where the dots of \`${".".repeat(need.level)}${need.module}\` lead`;
  const around = document === null ? [] : ["beside this file", "above it"];
  const where = [...around, ...(places.roots.length > 0 ? ["in the workspace"] : []), ...places.paths.map((p) => `in \`${p}\``)];
  const near = `it is not ${where.length === 0 ? "at hand" : listed(where)}`;
  if (places.confined) return `${near}, and outside an untrusted workspace nothing is read`;
  const [first] = places.environment;
  return first === undefined ? `${near}, and no Python environment was found` : `${near.replace(/ nor /, ", ")} nor in \`${first}\``;
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} nor ${words[words.length - 1] ?? ""}`;

/** The folders around `document` that an import or an environment may belong to, the nearest first. */
export function foldersAbove(document: string, roots: readonly string[]): readonly string[] {
  const home = roots.filter((root) => isWithin(document, root)).toSorted((a, b) => b.length - a.length)[0];
  const folders: string[] = [];
  for (let at = folderOf(document); at !== "/"; at = folderOf(at)) {
    folders.push(at);
    if (at === home || (home === undefined && folders.length > MAX_ABOVE)) break;
  }
  return folders.length === 0 ? ["/"] : folders;
}

function relativeBase(level: number, importer: string | null): readonly string[] {
  if (importer === null) return [];
  let base = folderOf(importer);
  for (let i = 1; i < level; i++) base = folderOf(base);
  return [base];
}

function absoluteBases(importer: string | null, document: string | null, { roots, paths, environment }: Places): readonly string[] {
  const withSource = (folder: string): string[] => [folder, `${folder === "/" ? "" : folder}/src`];
  const [beside, ...above] = document === null ? [] : foldersAbove(document, roots);
  const isInstalled = importer !== null && environment.some((folder) => isWithin(importer, folder));
  const around = importer === null || importer === document || isInstalled ? [] : foldersAbove(importer, roots);
  return [
    ...(beside === undefined ? [] : [beside]),
    ...paths,
    ...(beside === undefined ? [] : [beside, ...above].flatMap(withSource)),
    ...roots.flatMap(withSource),
    ...around,
    ...environment,
  ];
}

export const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);

export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The lines of `text` that import something: while they stay, so do the modules read for them. */
export function importLines(text: string): string {
  return (text.match(/^[ \t]*(?:from|import)\b.*$/gm) ?? []).join("\n");
}
