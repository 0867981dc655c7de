/**
 * The files behind imported modules: read through `workspace.fs` (so in virtual workspaces too), watched, and looked
 * for in the file system that the importing document comes from.
 */
import * as vscode from "vscode";
import { MAX_MODULE_BYTES, moduleCandidates } from "../kernels/frontend/imports.ts";
import type { Need } from "../kernels/frontend/module.ts";
import { createModuleStore, type ModuleStore } from "./moduleStore.ts";

export interface Modules extends ModuleStore, vscode.Disposable {
  /** With the keys of the documents to be read again. */
  readonly onDidChange: vscode.Event<readonly string[]>;
}

export function createModules(log: vscode.LogOutputChannel): Modules {
  const didChange = new vscode.EventEmitter<readonly string[]>();
  const store = createModuleStore({ openText, read: (key) => read(key, log), candidates: candidatesOf }, (documents) =>
    didChange.fire(documents),
  );
  const watcher = vscode.workspace.createFileSystemWatcher("**/*.py");
  for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) event((uri) => store.changed(uri.toString()));
  return {
    ...store,
    onDidChange: didChange.event,
    dispose() {
      watcher.dispose();
      didChange.dispose();
    },
  };
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

/** URIs where the module may be: beside the document, in the file system that it comes from. */
function candidatesOf(need: Need): readonly string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const importer = vscode.Uri.parse(need.span.file, true);
  // An untitled document has a name and no place.
  const placed = importer.scheme !== "untitled";
  const home = placed ? importer : folders[0]?.uri;
  if (home === undefined) return [];
  const roots = folders.flatMap(({ uri: root }) => (root.scheme === home.scheme && root.authority === home.authority ? [root.path] : []));
  return moduleCandidates(need, placed ? importer.path : null, roots).map((path) =>
    home.with({ path, query: "", fragment: "" }).toString(),
  );
}
