/**
 * From made-up values to the user's own: the lines of Python that save what a mod reads go on the clipboard, the
 * directive that reads them back goes above the mod.
 */
import * as vscode from "vscode";
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { LoweredVariant } from "../kernels/frontend/module.ts";
import { type CaptureSnippet, captureSnippet } from "../kernels/frontend/snippet.ts";
import { COMMANDS } from "./contributions.ts";
import { variantNear } from "./cursor.ts";
import { directivePlace } from "./directivePlace.ts";
import type { Documents } from "./documents.ts";
import { locate, type Reading } from "./reading.ts";
import type { Shown } from "./runs.ts";

interface Found {
  readonly reading: Reading;
  readonly variant: LoweredVariant;
  readonly snippet: CaptureSnippet;
}

/** Copies the lines, says what to do with them, and offers the directive. */
export async function copyCaptureSnippet(documents: Documents, shown: Shown): Promise<void> {
  const found = await find(documents, shown);
  if (found === null) return;
  await vscode.env.clipboard.writeText(found.snippet.python);
  const insert = "Insert Directive";
  const message = `Copied. Run it once in your program, and put the \`${found.snippet.file}\` that it writes beside this file; a directive then reads it.`;
  if ((await vscode.window.showInformationMessage(message, insert)) === insert) await insertCaptureDirective(documents, shown);
}

/** Writes the directive above the mod's definition, with its indentation. */
export async function insertCaptureDirective(documents: Documents, shown: Shown): Promise<void> {
  const found = await find(documents, shown);
  const place = found === null ? null : locate(found.reading, found.variant.nameSpan);
  if (found === null || place === null) return;
  const document = await vscode.workspace.openTextDocument(place.uri);
  const { line, indent } = directivePlace(document.getText(), place.range.start.line);
  const text = found.snippet.directive
    .split("\n")
    .map((row) => `${indent}${row}\n`)
    .join("");
  const edit = new vscode.WorkspaceEdit();
  edit.insert(place.uri, new vscode.Position(line, 0), text);
  await vscode.workspace.applyEdit(edit);
}

/** For the light bulb on a value that was made up. */
export function snippetActions(reading: Reading, diagnostic: Diagnostic, converted: vscode.Diagnostic): vscode.CodeAction[] {
  const variant = variantNear(reading.module, reading.document, diagnostic.span.from);
  if (variant === null || captureSnippet(variant) === null) return [];
  const action = (title: string, command: string): vscode.CodeAction => {
    const made = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
    made.command = { title, command, arguments: [reading.document, variant.name] };
    made.diagnostics = [converted];
    return made;
  };
  return [
    action(`Copy the lines that save what \`${variant.name}\` reads in your program`, COMMANDS.copyCaptureSnippet),
    action("Insert the directive that reads what they save", COMMANDS.insertCaptureDirective),
  ];
}

async function find(documents: Documents, { document, variant: name }: Shown): Promise<Found | null> {
  const reading = await documents.open(document);
  const variant = reading?.module.variants.find((v) => v.name === name) ?? null;
  const snippet = variant === null ? null : captureSnippet(variant);
  if (reading !== null && variant !== null && snippet !== null) return { reading, variant, snippet };
  const why =
    variant === null ? `\`${name}\` is not in the text any more` : `\`${name}\` reads no tensor, and all its values are in the text`;
  void vscode.window.showInformationMessage(`There is nothing to save: ${why}.`);
  return null;
}
