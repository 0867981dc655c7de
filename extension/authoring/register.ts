/** Authoring, put together: what writes, completes and explains code in Python documents and notebooks' cells. */
import * as vscode from "vscode";
import type { Documents } from "../documents.ts";
import { registerAuthoringActions } from "./actions.ts";
import { registerAuthoringCommands } from "./commands.ts";
import { registerCompletions } from "./completions.ts";

export function registerAuthoring(documents: Documents): vscode.Disposable {
  return vscode.Disposable.from(registerAuthoringCommands(documents), registerAuthoringActions(documents), registerCompletions(documents));
}
