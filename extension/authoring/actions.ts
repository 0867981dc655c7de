/**
 * Refactorings behind the light bulb and in the Refactor menu: extract to factory, compose with. Asked only when somebody
 * opens the menu: the editor's own question at each move of the cursor is answered with nothing, as it costs nothing.
 */
import * as vscode from "vscode";
import { COMMANDS, PYTHON } from "../contributions.ts";
import { variantAt } from "../cursor.ts";
import type { Documents } from "../documents.ts";
import { offsetAt } from "../reading.ts";
import { composedAt } from "./compose.ts";
import { workspaceEdit } from "./edits.ts";
import { extractFactory } from "./extractFactory.ts";
import { outlineOf } from "./outline.ts";

const EXTRACT = vscode.CodeActionKind.RefactorExtract.append("factory");
const COMPOSE = vscode.CodeActionKind.RefactorRewrite.append("composeMasks");

export function registerAuthoringActions(documents: Documents): vscode.Disposable {
  return vscode.languages.registerCodeActionsProvider(
    PYTHON,
    {
      provideCodeActions(document, range, { only, triggerKind }) {
        if (only === undefined && triggerKind === vscode.CodeActionTriggerKind.Automatic) return [];
        const wants = (kind: vscode.CodeActionKind): boolean => only === undefined || only.contains(kind);
        return wants(EXTRACT) || wants(COMPOSE)
          ? refactorings(documents, document, range instanceof vscode.Selection ? range.active : range.start).filter(
              ({ kind }) => kind === undefined || wants(kind),
            )
          : [];
      },
    },
    { providedCodeActionKinds: [EXTRACT, COMPOSE] },
  );
}

function refactorings(documents: Documents, document: vscode.TextDocument, position: vscode.Position): vscode.CodeAction[] {
  const reading = documents.read(document);
  const offset = reading === null ? null : offsetAt(reading, document, position);
  const variant = reading === null || offset === null ? null : variantAt(reading.module, reading.document, offset);
  if (reading === null || offset === null || variant === null) return [];
  const outline = outlineOf(reading.sources[0]?.text ?? "");
  const actions: vscode.CodeAction[] = [];
  const extraction = extractFactory(outline, offset, variant);
  const edit = extraction === null ? null : workspaceEdit(reading, extraction.edits);
  if (extraction !== null && edit !== null) {
    const action = new vscode.CodeAction(`Extract to factory \`${extraction.call}\``, EXTRACT);
    action.edit = edit;
    actions.push(action);
  }
  const composed = composedAt(outline, variant, offset);
  if (composed !== null) {
    const action = new vscode.CodeAction(`Compose \`${composed.name}\` with…`, COMPOSE);
    action.command = { title: action.title, command: COMMANDS.composeWith };
    actions.push(action);
  }
  return actions;
}
