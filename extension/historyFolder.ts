/** The folder of a workspace in which measurements are kept, through VS Code's file systems; with the window, wherever the files are. */
import * as vscode from "vscode";
import type { Folder } from "./history.ts";
import { stateFolder } from "./historyMemento.ts";

type Storage = Pick<vscode.ExtensionContext, "storageUri" | "globalStorageUri" | "workspaceState">;

/** The workspace's own storage; where no folder is open, that of all windows without one. `remote`: as the panel is told. */
export function historyFolder(context: Storage, remote: string | null): Folder {
  const files = filesIn(vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, "history"));
  return remote === null ? files : stateFolder(context.workspaceState, files, Date.now);
}

function filesIn(root: vscode.Uri): Folder {
  const at = (name: string): vscode.Uri => vscode.Uri.joinPath(root, name);
  const { fs } = vscode.workspace;
  let made: Thenable<void> | null = null;
  return {
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
