/**
 * The modules that a document imports: where Python would look for them, as paths; text only, nothing is run. Looked
 * in, in this order: the importing file's folder and each folder above it up to the workspace's root, the root's
 * `src`, the roots of the other workspace folders. Installed packages are not searched: what they hold is named in a
 * diagnostic where a mod needs it.
 */
import type { Need } from "./module.ts";

/** At most so many modules are followed from one document, and none longer than this. */
export const MAX_MODULES = 32;
export const MAX_MODULE_BYTES = 1_000_000;

/**
 * Paths (with `/`) that may hold the module which `need` names, the likeliest first. `importer` is the path of the
 * file with the import, null where it has none (an untitled document); `roots` are the workspace folders' paths.
 */
export function moduleCandidates(need: Need, importer: string | null, roots: readonly string[]): readonly string[] {
  const names = need.module === "" ? [] : need.module.split(".");
  const bases = need.level > 0 ? relativeBase(need.level, importer) : absoluteBases(importer, roots);
  return [...new Set(bases)].flatMap((base) => {
    const path = [base === "/" ? "" : base, ...names].join("/");
    return names.length === 0 ? [`${path}/__init__.py`] : [`${path}.py`, `${path}/__init__.py`];
  });
}

function relativeBase(level: number, importer: string | null): readonly string[] {
  if (importer === null) return [];
  let base = folderOf(importer);
  for (let i = 1; i < level; i++) base = folderOf(base);
  return [base];
}

function absoluteBases(importer: string | null, roots: readonly string[]): readonly string[] {
  if (importer === null) return roots.flatMap((root) => [root, `${root}/src`]);
  const home = roots.filter((root) => isWithin(importer, root)).toSorted((a, b) => b.length - a.length)[0];
  const folder = folderOf(importer);
  if (home === undefined) return [folder, ...roots];
  const above: string[] = [];
  for (let at = folder; at !== home && isWithin(at, home); at = folderOf(at)) above.push(at);
  return [...above, home, `${home}/src`, ...roots.filter((root) => root !== home)];
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);

function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The lines of `text` that import something: while they stay, so do the modules read for them. */
export function importLines(text: string): string {
  return (text.match(/^[ \t]*(?:from|import)\b.*$/gm) ?? []).join("\n");
}
