/** Authoring, put together: what writes, completes and explains code in Python documents and notebooks' cells. */
import * as vscode from "vscode";
import type { Documents } from "../documents.ts";
import type { Figures } from "../figures.ts";
import { registerAuthoringActions } from "./actions.ts";
import { registerAuthoringCommands } from "./commands.ts";
import { registerCompletions } from "./completions.ts";
import { registerInlayHints } from "./inlayHints.ts";

export function registerAuthoring(documents: Documents, figures: Figures): vscode.Disposable {
  return vscode.Disposable.from(
    registerAuthoringCommands(documents),
    registerAuthoringActions(documents),
    registerCompletions(documents),
    registerInlayHints(documents, figures),
  );
}
