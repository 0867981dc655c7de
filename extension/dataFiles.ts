/**
 * Data files of the editor: read through `workspace.fs` (so in virtual workspaces too), watched one by one, and looked
 * for beside the file that names them, then in the workspace's folders. Where the workspace is not trusted nothing
 * outside its folders is read.
 */
import * as vscode from "vscode";
import { MAX_DATA_BYTES, mebibytes } from "../kernels/data/value.ts";
import type { DataNeed } from "../kernels/frontend/module.ts";
import { dataCandidates } from "./dataPath.ts";
import { createDataStore, type DataStore, type Missing } from "./dataStore.ts";
import { uriParts } from "./uriPath.ts";

export interface DataFiles extends DataStore, vscode.Disposable {
  /** With the keys of the documents to be read again. */
  readonly onDidChange: vscode.Event<readonly string[]>;
}

export function createDataFiles(log: vscode.LogOutputChannel): DataFiles {
  const didChange = new vscode.EventEmitter<readonly string[]>();
  const watchers = new Set<vscode.Disposable>();
  const watch = (key: string): (() => void) => {
    const uri = vscode.Uri.parse(key, true);
    // A name is no pattern: what would be read as one stands for any character.
    const name = uri.path.slice(uri.path.lastIndexOf("/") + 1).replace(/[[\]{}*?]/g, "?");
    const pattern = new vscode.RelativePattern(vscode.Uri.joinPath(uri, ".."), name);
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) event(() => store.changed(key));
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
      watcher.dispose();
    };
  };
  const store = createDataStore({ candidates, read: (key) => read(key, log), watch }, (documents) => didChange.fire(documents));
  const trust = vscode.workspace.onDidGrantWorkspaceTrust(() => store.renew());
  return {
    ...store,
    onDidChange: didChange.event,
    dispose() {
      trust.dispose();
      for (const watcher of watchers) watcher.dispose();
      didChange.dispose();
    },
  };
}

/** URIs where the file may be, in the file system that the naming document comes from. */
function candidates(need: DataNeed): readonly string[] | string {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const from = vscode.Uri.parse(need.from, true);
  // An untitled document has a name and no place.
  const isPlaced = from.scheme !== "untitled";
  const home = isPlaced ? from : folders[0]?.uri;
  if (home === undefined) return "the document has no folder yet; save it first";
  const roots = folders.flatMap(({ uri }) => (uri.scheme === home.scheme && uri.authority === home.authority ? [uri.path] : []));
  const places = dataCandidates(need.path, isPlaced ? from.path : null, roots, vscode.workspace.isTrusted);
  return typeof places === "string"
    ? places
    : places.map((path) => home.with({ ...uriParts(path, home.scheme), query: "", fragment: "" }).toString());
}

async function read(key: string, log: vscode.LogOutputChannel): Promise<Uint8Array | Missing> {
  const uri = vscode.Uri.parse(key, true);
  try {
    const { size, type } = await vscode.workspace.fs.stat(uri);
    if ((type & vscode.FileType.File) === 0) return { why: "it is a folder", isThere: true };
    if (size > MAX_DATA_BYTES) {
      const why = `it has ${mebibytes(size)} MB, and ${mebibytes(MAX_DATA_BYTES)} MB are the limit; save the tensors that the mod reads alone`;
      return { why, isThere: true };
    }
    // A copy of its own: the bytes key what is read from them.
    const bytes = new Uint8Array(await vscode.workspace.fs.readFile(uri));
    log.debug(`${uri.path}: ${bytes.byteLength} bytes of data`);
    return bytes;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === "FileNotFound")
      return { why: `there is no such file; it is looked for as ${uri.path}`, isThere: false };
    return { why: error instanceof Error ? error.message.replace(/\.$/, "") : "the file system refused", isThere: false };
  }
}
