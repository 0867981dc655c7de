/**
 * First use: the walkthrough, and the test of the window's WebGPU. Steps of the walkthrough are done when what they ask
 * for has happened, which commands and context keys tell: a variant in the editor, a time that was checked.
 */
import * as vscode from "vscode";
import { COMMANDS, CONTEXT_KEYS, WALKTHROUGH } from "./contributions.ts";
import { setContext } from "./editor.ts";
import type { Panels } from "./panels.ts";
import type { ResultStore } from "./results.ts";

export function registerFirstUse(panels: Panels, results: ResultStore, extensionId: string): vscode.Disposable {
  // VS Code never completes a step whose key was true when it first looked at the walkthrough: this one is so for a moment.
  const look = (document: string): void => {
    if (!results.of(document).some((result) => result.check?.passed === true)) return;
    setContext(CONTEXT_KEYS.timeIsChecked, true);
    setContext(CONTEXT_KEYS.timeIsChecked, false);
  };
  const stop = results.onChange(look);
  return vscode.Disposable.from(
    { dispose: stop },
    vscode.commands.registerCommand(COMMANDS.getStarted, async () => {
      await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${extensionId}#${WALKTHROUGH}`, false);
      results.documents().forEach(look);
    }),
    vscode.commands.registerCommand(COMMANDS.testWebGpu, () => panels.testGpu()),
  );
}
