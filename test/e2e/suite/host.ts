/** What tests in the extension host begin with: the extension, activated, and files of the workspace that is open. */
import * as vscode from "vscode";
import type { Activated, FlexlensApi } from "../../../extension/extension.ts";
import { assert } from "./assert.ts";

export async function activated(): Promise<FlexlensApi> {
  const extension = vscode.extensions.getExtension<Activated>("flexlens.flexlens");
  assert(extension, "the extension is not installed");
  return (await extension.activate()).ready;
}

/** A place in the folder that is open. */
export function inWorkspace(path: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert(folder, "no folder is open");
  return vscode.Uri.joinPath(folder.uri, path);
}

/** The extension's own diagnostics of a document. */
export const diagnosticsOf = (uri: vscode.Uri): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "flexlens");
