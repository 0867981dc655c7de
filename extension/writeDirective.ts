/** Writes the form's values and sizes into the text, above the variant's definition, and takes them out of the form. */
import * as vscode from "vscode";
import { directiveEdits, directiveEntries, withoutWritten } from "./directiveEdit.ts";
import type { Documents } from "./documents.ts";
import { locate } from "./reading.ts";

export async function writeDirective(documents: Documents, document: string, variantName: string): Promise<void> {
  const reading = await documents.open(document);
  const variant = reading?.module.variants.find(({ name }) => name === variantName);
  const place = reading === null || variant === undefined ? null : locate(reading, variant.nameSpan);
  if (reading === null || place === null) {
    vscode.window.setStatusBarMessage(`Flexlens: \`${variantName}\` is not in this text; nothing was written`, 4000);
    return;
  }
  const { bindings, problem } = reading.inputs;
  // A notebook's cell is a text of its own.
  const text = await vscode.workspace.openTextDocument(place.uri);
  const edit = new vscode.WorkspaceEdit();
  for (const { from, to, newText } of directiveEdits(text.getText(), text.offsetAt(place.range.start), directiveEntries(bindings, problem)))
    edit.replace(place.uri, new vscode.Range(text.positionAt(from), text.positionAt(to)), newText);
  if (!(await vscode.workspace.applyEdit(edit))) return;
  const tensors = Object.entries(bindings).filter(([, value]) => typeof value !== "string");
  documents.setInputs(document, { bindings: Object.fromEntries(tensors), problem: withoutWritten(problem) });
}
