/** Where a path that Python code names may be. Pure; paths have `/`. */

/**
 * Paths of the file `path`, written in the file `from` (null: a document without a place): beside that file, then in
 * each of `roots`, the workspace's folders. Where the workspace is not trusted only what lies within its folders (or,
 * without any, beside the file) is looked at; the words say so where nothing is left.
 */
export function dataCandidates(
  path: string,
  from: string | null,
  roots: readonly string[],
  isTrusted: boolean,
): readonly string[] | string {
  const wanted = path.replaceAll("\\", "/");
  const folder = from === null ? null : from.slice(0, Math.max(0, from.lastIndexOf("/")));
  const bases = [...(folder === null ? [] : [folder]), ...roots];
  const isAbsolute = wanted.startsWith("/") || /^[A-Za-z]:\//.test(wanted);
  const absolute = wanted.startsWith("/") ? wanted : `/${wanted}`;
  const places = [...new Set(isAbsolute ? [normal(absolute)] : bases.map((base) => normal(`${base}/${wanted}`)))];
  if (isTrusted) return places;
  const allowed = roots.length > 0 ? roots : folder === null ? [] : [folder];
  const within = places.filter((place) => allowed.some((root) => place.startsWith(root.endsWith("/") ? root : `${root}/`)));
  return within.length > 0 ? within : "it lies outside the workspace, which is not trusted; trust it, or put the file beside this one";
}

/** Without `.` and `..`. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
