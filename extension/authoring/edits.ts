/** Edits of authoring in the editor: offsets of a reading's text become places in its document or cells, in one step of undo. */
import * as vscode from "vscode";
import { locate, type Reading } from "../reading.ts";
import type { Edit, Region } from "./importEdit.ts";

/** What `edits` of the reading's text are in the editor; null where a place is in no document any more. */
export function workspaceEdit(reading: Reading, edits: readonly Edit[]): vscode.WorkspaceEdit | null {
  const edit = new vscode.WorkspaceEdit();
  for (const { from, to, newText } of edits) {
    const place = locate(reading, { file: reading.document, from, to });
    if (place === null) return null;
    edit.replace(place.uri, place.range, newText);
  }
  return edit;
}

/** The cell that an offset of the reading's text is in, below its magic (`%%time`), or all of the document. */
export function regionAt({ cells }: Reading, offset: number): Region {
  const cell = cells.findLast((c) => c.start <= offset) ?? cells[0];
  if (cell === undefined) return { from: 0, to: 0 };
  const magic = /^\s*%%[^\r\n]*(?:\r\n|\r|\n|$)/.exec(cell.text.getText())?.[0].length ?? 0;
  return { from: cell.start + magic, to: cell.start + cell.length };
}

/** Makes the edits; then the name that was written stands selected, so that it can be typed over or renamed. */
export async function write(reading: Reading, edits: readonly Edit[], name: string): Promise<boolean> {
  const edit = workspaceEdit(reading, edits);
  if (edit === null || !(await vscode.workspace.applyEdit(edit))) return false;
  const [uri] = edit.entries().at(-1) ?? [];
  const editor = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri?.toString());
  if (editor === undefined || name === "") return true;
  const text = editor.document.getText();
  const found = new RegExp(`^[ \\t]*(?:def[ \\t]+)?(${name})\\b(?=[ \\t]*[=(:])`, "m").exec(text);
  if (found === null) return true;
  const at = found.index + found[0].length - name.length;
  const range = new vscode.Range(editor.document.positionAt(at), editor.document.positionAt(at + name.length));
  editor.selection = new vscode.Selection(range.start, range.end);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return true;
}
