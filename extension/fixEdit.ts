/** A diagnostic's rewrite as an edit of the editor's documents, and the panel's wish for one. */
import * as vscode from "vscode";
import type { Fix } from "../kernels/frontend/diagnostic.ts";
import type { Documents } from "./documents.ts";
import { locate, type Reading } from "./reading.ts";

/** null where a part of it is in no document of the reading. */
export function fixEdit(reading: Reading, fix: Fix): vscode.WorkspaceEdit | null {
  const edit = new vscode.WorkspaceEdit();
  for (const { span, newText } of fix.edits) {
    const target = locate(reading, span);
    if (target === null) return null;
    edit.replace(target.uri, target.range, newText);
  }
  return edit;
}

/** Rewrites what is underlined from `from` to `to`, if that still stands there. */
export async function applyFix(documents: Documents, document: string, from: number, to: number): Promise<void> {
  const reading = await documents.open(document);
  const isMeant = ({ span }: { span: { file: string; from: number; to: number } }): boolean =>
    span.file === document && span.from === from && span.to === to;
  const fix = reading?.module.diagnostics.find((d) => d.fix !== null && isMeant(d))?.fix ?? null;
  const edit = reading === null || fix === null ? null : fixEdit(reading, fix);
  if (edit !== null) await vscode.workspace.applyEdit(edit);
}
