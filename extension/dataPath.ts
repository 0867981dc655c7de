/** Where a path that Python code names may be. Pure; paths are those of URIs (uriPath.ts). */
import { isAbsolute, normalPath, uriPath } from "./uriPath.ts";

/**
 * Paths of the file `path`, written in the file `from` (null: a document without a place): beside that file, then in
 * each of `roots`, the workspace's folders, its own first. Where the workspace is not trusted only what lies within its
 * folders (or, without any, beside the file) is looked at; the words say so where nothing is left.
 */
export function dataCandidates(
  path: string,
  from: string | null,
  roots: readonly string[],
  isTrusted: boolean,
): readonly string[] | string {
  const wanted = uriPath(path);
  const home = from === null ? null : uriPath(from);
  const folder = home === null ? null : home.slice(0, Math.max(0, home.lastIndexOf("/")));
  const isIn = (place: string, root: string): boolean => place.startsWith(root.endsWith("/") ? root : `${root}/`);
  const isOwn = (root: string): boolean => home !== null && isIn(home, root);
  const folders = roots.map(uriPath);
  const bases = [...(folder === null ? [] : [folder]), ...folders.filter(isOwn), ...folders.filter((root) => !isOwn(root))];
  const places = [...new Set(isAbsolute(wanted) ? [normalPath(wanted)] : bases.map((base) => normalPath(`${base}/${wanted}`)))];
  if (isTrusted) return places;
  const allowed = folders.length > 0 ? folders : folder === null ? [] : [folder];
  const within = places.filter((place) => allowed.some((root) => isIn(place, root)));
  return within.length > 0 ? within : "it lies outside the workspace, which is not trusted; trust it, or put the file beside this one";
}

/**
 * The path under which code in the file `from` names `file`, so that `dataCandidates` finds it: from the file's own
 * folder, else from the folder of the workspace that holds it, else the whole path.
 */
export function writtenPath(file: string, from: string | null, roots: readonly string[]): string {
  const wanted = normalPath(uriPath(file));
  const home = from === null ? [] : [uriPath(from).replace(/\/[^/]*$/, "")];
  for (const base of [...home, ...roots.map(uriPath)]) {
    const start = base.endsWith("/") ? base : `${base}/`;
    if (wanted.startsWith(start)) return wanted.slice(start.length);
  }
  return wanted.replace(/^\/(?=[a-z]:)/, "");
}

/** The expression that reads `path` as the value of `name`: an archive holds an array of that name. */
export function loadExpression(path: string, name: string): string {
  const isArchive = /\.(?:npz|safetensors)$/i.test(path);
  return `load(${JSON.stringify(path)})${isArchive ? `[${JSON.stringify(name)}]` : ""}`;
}
