/** A data file chosen in the editor's dialog as the value of a capture: the form then holds the `load(…)` that reads it. */
import * as vscode from "vscode";
import { loadExpression, writtenPath } from "./dataPath.ts";
import type { Documents } from "./documents.ts";

/** What kernels/data reads. */
const EXTENSIONS = ["npy", "npz", "safetensors", "csv", "json"];

export async function pickDataFile(documents: Documents, document: string, name: string): Promise<void> {
  const own = vscode.Uri.parse(document, true);
  const folders = vscode.workspace.workspaceFolders ?? [];
  // An untitled document has a name and no place.
  const isPlaced = own.scheme !== "untitled";
  const home = isPlaced ? own : folders[0]?.uri;
  const [file] =
    (await vscode.window.showOpenDialog({
      ...(home === undefined ? {} : { defaultUri: isPlaced ? vscode.Uri.joinPath(home, "..") : home }),
      filters: { "Data files": EXTENSIONS },
      title: `The Values of ${name}`,
      openLabel: "Read",
    })) ?? [];
  if (file === undefined) return;
  const reading = await documents.open(document);
  if (reading === null) return;
  const roots = folders.flatMap(({ uri }) => (uri.scheme === file.scheme && uri.authority === file.authority ? [uri.path] : []));
  const path = writtenPath(file.path, isPlaced && own.authority === file.authority ? own.path : null, roots);
  documents.setInputs(document, { bindings: { ...reading.inputs.bindings, [name]: loadExpression(path, name) } });
}
