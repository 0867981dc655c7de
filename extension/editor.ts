/** What is done in the editor on someone's behalf: text copied or opened, a file saved, a place revealed. */
import * as vscode from "vscode";
import type { Span } from "../kernels/ir/mod.ts";
import type { CONTEXT_KEYS } from "./contributions.ts";
import type { Documents } from "./documents.ts";
import { locate } from "./reading.ts";

export function setContext(key: (typeof CONTEXT_KEYS)[keyof typeof CONTEXT_KEYS], value: boolean): void {
  void vscode.commands.executeCommand("setContext", key, value);
}

export async function copyText(text: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage("Flexlens: copied", 2000);
}

/** Opens `text` in an editor beside, as plain text where nobody knows `language`. */
export async function openText(language: string, text: string): Promise<void> {
  const known = (await vscode.languages.getLanguages()).includes(language);
  const document = await vscode.workspace.openTextDocument({ content: text, language: known ? language : "plaintext" });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
}

/** Asks where to, at first in the workspace folder of `document`, and writes. */
export async function saveFile(name: string, base64: string, document: string | null, log: vscode.LogOutputChannel): Promise<void> {
  const own = document === null ? undefined : vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(document));
  const folder = (own ?? vscode.workspace.workspaceFolders?.[0])?.uri;
  const uri = await vscode.window.showSaveDialog(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) });
  if (uri === undefined) return;
  try {
    await vscode.workspace.fs.writeFile(uri, bytesOf(base64));
  } catch (error) {
    log.error(`${uri.toString()} was not written: ${error instanceof Error ? error.message : String(error)}`);
    void vscode.window.showErrorMessage(
      `${uri.path} was not written: ${error instanceof Error ? error.message : "the file system refused"}.`,
    );
  }
}

function bytesOf(base64: string): Uint8Array {
  const binary = atob(base64);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Selects `span` in its document's editor, opened in the column where it is shown, else in the first. */
export async function revealSpan(documents: Documents, span: Span): Promise<void> {
  const reading = await documents.open(span.file);
  const place = reading === null ? null : locate(reading, span);
  if (place === null) return;
  const notebook = vscode.workspace.notebookDocuments.find((n) =>
    n.getCells().some((c) => c.document.uri.toString() === place.uri.toString()),
  );
  if (notebook !== undefined) {
    const index = notebook.getCells().findIndex((c) => c.document.uri.toString() === place.uri.toString());
    await vscode.window.showNotebookDocument(notebook, { selections: [new vscode.NotebookRange(index, index + 1)] });
    return;
  }
  const shown = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === place.uri.toString());
  await vscode.window.showTextDocument(place.uri, { selection: place.range, viewColumn: shown?.viewColumn ?? vscode.ViewColumn.One });
}

/** Selects a variant's name in its editor. False, and said in the status bar, where there is none of that name any more. */
export async function revealVariant(documents: Documents, document: string, name: string): Promise<boolean> {
  const variant = (await documents.open(document))?.module.variants.find((each) => each.name === name);
  if (variant === undefined) {
    const { path } = vscode.Uri.parse(document, true);
    vscode.window.setStatusBarMessage(`Flexlens: ${path.slice(path.lastIndexOf("/") + 1)} has no variant ${name} any more`, 5000);
    return false;
  }
  await revealSpan(documents, variant.nameSpan);
  return true;
}
