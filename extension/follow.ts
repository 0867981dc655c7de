/**
 * Panels that follow go where the cursor goes: into another mod, and into another file. Not while typing (an edit in a
 * helper that the shown mask is made of must not switch away from that mask), not when the setting is off.
 */
import * as vscode from "vscode";
import { CONTEXT_KEYS } from "./contributions.ts";
import { variantAt } from "./cursor.ts";
import { type Documents, isPython } from "./documents.ts";
import { setContext } from "./editor.ts";
import type { Panels } from "./panels.ts";
import { offsetAt } from "./reading.ts";
import { setting } from "./settings.ts";

/** The cursor must rest so long: a walk with the arrow keys does not draw every mask on its way. */
const REST_MS = 150;
/** A cursor that moves so soon after an edit was moved by it. */
const TYPING_MS = 400;

export function registerFollow(documents: Documents, panels: Panels): vscode.Disposable {
  let editedAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const look = (editor: vscode.TextEditor): void => {
    if (!panels.isOpen || !setting("panel.followCursor")) return;
    const reading = documents.read(editor.document);
    const offset = reading === null ? null : offsetAt(reading, editor.document, editor.selection.active);
    if (reading === null || offset === null) return;
    const variant = variantAt(reading.module, reading.document, offset);
    if (variant !== null) panels.follow({ document: reading.document, variant: variant.name });
  };
  const lookSoon = (editor: vscode.TextEditor): void => {
    clearTimeout(timer);
    timer = setTimeout(() => look(editor), REST_MS);
  };
  /** What was told last: a text that is typed has variants before and after. */
  let told: boolean | null = null;
  const tellVariants = (): void => {
    const editor = vscode.window.activeTextEditor;
    const reading = editor === undefined ? null : documents.read(editor.document);
    const has = (reading?.module.variants.length ?? 0) > 0;
    if (has !== told) setContext(CONTEXT_KEYS.hasVariants, has);
    told = has;
  };

  const subscription = vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (isPython(document)) editedAt = Date.now();
    }),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor, kind }) => {
      const byHand = kind === vscode.TextEditorSelectionChangeKind.Mouse || kind === vscode.TextEditorSelectionChangeKind.Keyboard;
      if (byHand && isPython(textEditor.document) && Date.now() - editedAt > TYPING_MS) lookSoon(textEditor);
    }),
    vscode.window.onDidChangeActiveTextEditor(tellVariants),
    documents.onDidRead(tellVariants),
  );
  return new vscode.Disposable(() => {
    clearTimeout(timer);
    subscription.dispose();
  });
}
