/**
 * The lenses of a notebook's mods in the status bars of their cells, where VS Code wants them: lenses inside of cells
 * move the text while it is edited. A provider serves one type of notebook, so each type is served when the first of it
 * with Python in it opens.
 */
import * as vscode from "vscode";
import { type Documents, isPython } from "./documents.ts";
import type { LiveLenses } from "./liveLenses.ts";
import { cellItems } from "./notebookItems.ts";
import { locate } from "./reading.ts";
import { setting } from "./settings.ts";

export function registerNotebookStatus(documents: Documents, lenses: LiveLenses): vscode.Disposable {
  const provider: vscode.NotebookCellStatusBarItemProvider = {
    onDidChangeCellStatusBarItems: lenses.onDidChange,
    provideCellStatusBarItems: (cell) => itemsOf(cell, documents, lenses),
  };
  const registered = new Map<string, vscode.Disposable>();
  const serve = (notebook: vscode.NotebookDocument): void => {
    const { notebookType } = notebook;
    if (registered.has(notebookType) || !notebook.getCells().some(({ document }) => isPython(document))) return;
    registered.set(notebookType, vscode.notebooks.registerNotebookCellStatusBarItemProvider(notebookType, provider));
  };
  for (const notebook of vscode.workspace.notebookDocuments) serve(notebook);
  const subscription = vscode.Disposable.from(
    vscode.workspace.onDidOpenNotebookDocument(serve),
    // Its first Python cell may come later.
    vscode.workspace.onDidChangeNotebookDocument(({ notebook }) => serve(notebook)),
  );
  return new vscode.Disposable(() => {
    subscription.dispose();
    for (const each of registered.values()) each.dispose();
  });
}

function itemsOf(cell: vscode.NotebookCell, documents: Documents, lenses: LiveLenses): vscode.NotebookCellStatusBarItem[] {
  const reading = cell.kind === vscode.NotebookCellKind.Code ? documents.read(cell.document) : null;
  if (reading === null || !setting("notebook.statusBar", cell.notebook.uri)) return [];
  const own = cell.document.uri.toString();
  const here = lenses.give(reading).filter((lens) => locate(reading, lens.span)?.uri.toString() === own);
  return cellItems(here).map(({ text, tooltip, command, arguments: args, priority }) => {
    const item = new vscode.NotebookCellStatusBarItem(text, vscode.NotebookCellStatusBarAlignment.Left);
    item.tooltip = tooltip;
    item.command = { title: text, command, arguments: [...args] };
    item.priority = priority;
    item.accessibilityInformation = { label: `${text}, ${tooltip}`, role: "button" };
    return item;
  });
}
