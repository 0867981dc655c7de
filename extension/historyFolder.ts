/**
 * Where measurements of a workspace are kept: a folder, through VS Code's file systems; where files are remote, a state that
 * VS Code keeps with the window.
 */
import * as vscode from "vscode";
import type { Folder } from "./history.ts";
import type { Bounds } from "./historyFile.ts";
import { stateFolder } from "./historyMemento.ts";

type Storage = Pick<vscode.ExtensionContext, "storageUri" | "globalStorageUri" | "workspaceState" | "globalState">;

const BOUNDS: Bounds = { results: 3000, sweeps: 100 };

/** The workspace's own storage; where no folder is open, that of all windows without one. `remote`: as the panel is told. */
export function historyFolder(context: Storage, remote: string | null): Folder {
  const files = filesIn(vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, "history"));
  if (remote === null) return files;
  return stateFolder(context.storageUri === undefined ? context.globalState : context.workspaceState, files, Date.now);
}

function filesIn(root: vscode.Uri): Folder {
  const at = (name: string): vscode.Uri => vscode.Uri.joinPath(root, name);
  const { fs } = vscode.workspace;
  let made: Thenable<void> | null = null;
  return {
    bounds: BOUNDS,
    async list() {
      const entries = await listed(root);
      const files = entries.filter(([, type]) => type === vscode.FileType.File);
      return Promise.all(files.map(async ([name]) => ({ name, writtenAt: (await fs.stat(at(name))).mtime })));
    },
    read: async (name) => new TextDecoder().decode(await fs.readFile(at(name))),
    async write(name, text) {
      made ??= fs.createDirectory(root);
      await made;
      // Written aside and put in place: a window that closes meanwhile leaves the old file whole.
      const aside = at(`${name}.new`);
      await fs.writeFile(aside, new TextEncoder().encode(text));
      await fs.rename(aside, at(name), { overwrite: true });
    },
    remove: async (name) => fs.delete(at(name)),
  };
}

/** A folder that nobody wrote into is not there, and empty. */
async function listed(root: vscode.Uri): Promise<[string, vscode.FileType][]> {
  try {
    return await vscode.workspace.fs.readDirectory(root);
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") return [];
    throw error;
  }
}
