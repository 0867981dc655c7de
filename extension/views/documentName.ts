/** How a document is called in lists. */
import * as vscode from "vscode";
import type { DocumentName } from "./variantNodes.ts";

export function nameOf(document: string): DocumentName {
  const uri = vscode.Uri.parse(document, true);
  const path = vscode.workspace.asRelativePath(uri);
  const at = path.lastIndexOf("/");
  const isPlaced = vscode.workspace.getWorkspaceFolder(uri) !== undefined || uri.scheme === "file";
  return { file: path.slice(at + 1), folder: isPlaced ? path.slice(0, Math.max(0, at)) : "" };
}
