/**
 * The files behind imported modules: read through `workspace.fs` (so in virtual workspaces too), watched, and looked
 * for in the file system that the importing document comes from: around it, in the workspace, in the folders of
 * `flexlens.analysis.extraPaths` and in the Python environment. Where the workspace is not trusted, in it alone.
 */
import * as vscode from "vscode";
import { type FileReader, findEnvironment } from "../kernels/frontend/environment.ts";
import { foldersAbove, lookedIn, MAX_MODULE_BYTES, moduleCandidates, type Places } from "../kernels/frontend/imports.ts";
import type { Need } from "../kernels/frontend/module.ts";
import { type Candidates, createModuleStore, type ModuleStore } from "./moduleStore.ts";
import { setting } from "./settings.ts";
import { normalPath, settingPath, uriParts, uriPath } from "./uriPath.ts";

export interface Modules extends ModuleStore, vscode.Disposable {
  /** With the keys of the documents to be read again. */
  readonly onDidChange: vscode.Event<readonly string[]>;
}

export function createModules(log: vscode.LogOutputChannel): Modules {
  const didChange = new vscode.EventEmitter<readonly string[]>();
  /** By the folders that an environment was looked for in. */
  const environments = new Map<string, Promise<readonly string[]>>();
  const installed = (document: vscode.Uri, roots: readonly string[]): Promise<readonly string[]> => {
    const folders = foldersAbove(uriPath(document.path), roots);
    const key = JSON.stringify([document.scheme, document.authority, folders]);
    const known = environments.get(key) ?? environmentOf(document, folders, log);
    environments.set(key, known);
    return known;
  };
  const candidates = async (need: Need, document: string): Promise<Candidates> => candidatesOf(need, document, installed);
  const store = createModuleStore({ openText, read: (key) => read(key, log), candidates }, (documents) => didChange.fire(documents));
  const reset = (): void => {
    environments.clear();
    store.reset();
  };
  const watcher = vscode.workspace.createFileSystemWatcher("**/*.py");
  for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) event((uri) => store.changed(uri.toString()));
  const environmentWatcher = vscode.workspace.createFileSystemWatcher("**/pyvenv.cfg");
  if (!vscode.workspace.isTrusted)
    log.info(
      "The workspace is not trusted: imported modules are read in its folders alone, not from extraPaths or the Python environment.",
    );
  const subscriptions = vscode.Disposable.from(
    didChange,
    watcher,
    environmentWatcher,
    environmentWatcher.onDidCreate(reset),
    environmentWatcher.onDidDelete(reset),
    vscode.workspace.onDidGrantWorkspaceTrust(reset),
    vscode.workspace.onDidChangeWorkspaceFolders(reset),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("flexlens.analysis.extraPaths") || change.affectsConfiguration("python.defaultInterpreterPath"))
        reset();
    }),
  );
  return { ...store, onDidChange: didChange.event, dispose: () => subscriptions.dispose() };
}

function openText(key: string): string | null {
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === key)?.getText() ?? null;
}

async function read(key: string, log: vscode.LogOutputChannel): Promise<string | null> {
  const uri = vscode.Uri.parse(key, true);
  try {
    const { size, type } = await vscode.workspace.fs.stat(uri);
    if ((type & vscode.FileType.File) === 0) return null;
    if (size > MAX_MODULE_BYTES) {
      log.info(`${key} is not read: it has ${size} bytes, and ${MAX_MODULE_BYTES} are the limit`);
      return null;
    }
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    // Not there: most candidates are not.
    return null;
  }
}

/** URIs where the module may be, in the file system that the document comes from. */
async function candidatesOf(
  need: Need,
  document: string,
  installed: (document: vscode.Uri, roots: readonly string[]) => Promise<readonly string[]>,
): Promise<Candidates> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const own = vscode.Uri.parse(document, true);
  // An untitled document has a name and no place.
  const placed = own.scheme !== "untitled";
  const home = placed ? own : folders[0]?.uri;
  if (home === undefined) return { keys: [], looked: "the document has no folder yet, and no folder is open" };
  const roots = folders.flatMap(({ uri: root }) =>
    root.scheme === home.scheme && root.authority === home.authority ? [uriPath(root.path)] : [],
  );
  const confined = !vscode.workspace.isTrusted;
  const isAbsolute = need.level === 0 && !confined;
  const places: Places = {
    roots,
    confined,
    paths: isAbsolute ? setting("analysis.extraPaths", home).map((path) => pathOf(path, home)) : [],
    environment: isAbsolute && need.installed ? await installed(home, roots) : [],
  };
  const path = placed ? uriPath(own.path) : null;
  const importer = need.span.file === document ? path : uriPath(vscode.Uri.parse(need.span.file, true).path);
  const keys = moduleCandidates(need, importer, path, places).map((p) =>
    home.with({ ...uriParts(p, home.scheme), query: "", fragment: "" }).toString(),
  );
  return { keys, looked: lookedIn(need, path, places) };
}

/** The Python environment's folders for a document; found by reading folders, without running Python. */
async function environmentOf(document: vscode.Uri, folders: readonly string[], log: vscode.LogOutputChannel): Promise<readonly string[]> {
  const chosen = vscode.workspace.getConfiguration("python", document).get<unknown>("defaultInterpreterPath");
  const interpreter = typeof chosen === "string" && /[/\\]/.test(chosen) ? pathOf(chosen, document) : null;
  // The host's own variables speak of its own file system.
  const variables = document.scheme === "file" && typeof process !== "undefined" ? process.env : {};
  const found = await findEnvironment(readerFor(document), { interpreter, variables, folders });
  log.info(found.length === 0 ? `no Python environment for ${document.path}` : `installed modules are read from ${found.join(", ")}`);
  return found.map((path) => normalPath(uriPath(path)));
}

function readerFor(document: vscode.Uri): FileReader {
  const at = (path: string): vscode.Uri =>
    document.with({ ...uriParts(normalPath(uriPath(path)), document.scheme), query: "", fragment: "" });
  return {
    async readText(path) {
      try {
        const uri = at(path);
        if ((await vscode.workspace.fs.stat(uri)).size > MAX_MODULE_BYTES) return null;
        return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
      } catch {
        return null;
      }
    },
    async list(path) {
      try {
        return (await vscode.workspace.fs.readDirectory(at(path))).map(([name]) => name);
      } catch {
        return [];
      }
    },
  };
}

/** The path that a setting means for `document`. */
function pathOf(path: string, document: vscode.Uri): string {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const own = vscode.workspace.getWorkspaceFolder(document) ?? folders[0];
  return settingPath(path, {
    folder: own === undefined ? null : uriPath(own.uri.path),
    folders: Object.fromEntries(folders.map(({ name, uri }) => [name, uriPath(uri.path)])),
    variable: (name) => (typeof process === "undefined" ? "" : (process.env[name] ?? "")),
  });
}
