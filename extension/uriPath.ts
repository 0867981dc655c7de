/**
 * Paths as people and other programs write them (`C:\data`, `\\server\share`, `~/lib`) → paths as URIs have them
 * (`/c:/data`, `//server/share`). The letter of a drive is a small one, for VS Code writes it so in most URIs and not in
 * all. Pure.
 */

/** With `/` only, without one at the end; a drive's letter small and after a `/`. Paths that are not absolute stay so. */
export function uriPath(path: string): string {
  const slashed = path.replaceAll("\\", "/").replace(/(?<=[^:/])\/+$/, "");
  return slashed.replace(/^\/?([A-Za-z]):(?=\/|$)/, (_, drive: string) => `/${drive.toLowerCase()}:`);
}

export const isAbsolute = (path: string): boolean => path.startsWith("/");

/** `/a/c` of `/a/./b/../c`; the two slashes before a server's name stay. */
export function normalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `${/^\/\/[^/]/.test(path) ? "//" : "/"}${parts.join("/")}`;
}

/**
 * What to change in a URI of `scheme` so that it leads to `path`: of a `file` the authority is the server of
 * `//server/share`, and there is none for a drive; other schemes keep theirs.
 */
export function uriParts(path: string, scheme: string): { readonly authority?: string; readonly path: string } {
  if (scheme !== "file") return { path: path.replace(/^\/+/, "/") };
  const [, server, rest] = /^\/\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (server !== undefined) return { authority: server, path: rest ?? "/" };
  return /^\/[a-z]:/.test(path) ? { authority: "", path } : { path };
}

/** What the placeholders in a setting stand for. */
export interface SettingPlaces {
  /** The folder of the workspace that the setting counts for; null: there is none. */
  readonly folder: string | null;
  /** Each folder of the workspace by its name. */
  readonly folders: Readonly<Record<string, string>>;
  /** An environment variable; empty where it is not set. */
  readonly variable: (name: string) => string;
}

/**
 * The absolute path that a setting means, with `${workspaceFolder}`, `${workspaceFolder:NAME}`, `${env:NAME}` and `~`;
 * one that is not absolute counts from the folder.
 */
export function settingPath(path: string, { folder, folders, variable }: SettingPlaces): string {
  const home = variable("HOME") || variable("USERPROFILE");
  const substituted = path
    .replace(/\$\{workspaceFolder(?::([^}]*))?\}/g, (_, name: string | undefined) => (name === undefined ? folder : folders[name]) ?? "")
    .replace(/\$\{env:(\w+)\}/g, (_, name: string) => variable(name))
    .replace(/^~(?=[/\\]|$)/, home);
  const plain = uriPath(substituted);
  return normalPath(isAbsolute(plain) ? plain : `${folder ?? ""}/${plain}`);
}
