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
  // A step is done when its key turns true while the walkthrough is there: each checked time turns it anew.
  const look = (document: string): void => {
    if (!results.of(document).some((result) => result.check?.passed === true)) return;
    setContext(CONTEXT_KEYS.hasCheckedTime, false);
    setContext(CONTEXT_KEYS.hasCheckedTime, true);
  };
  const lookAtAll = (): void => results.documents().forEach(look);
  lookAtAll();
  const stop = results.onChange(look);
  return vscode.Disposable.from(
    { dispose: stop },
    vscode.commands.registerCommand(COMMANDS.getStarted, async () => {
      await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${extensionId}#${WALKTHROUGH}`, false);
      lookAtAll();
    }),
    vscode.commands.registerCommand(COMMANDS.testWebGpu, () => panels.testGpu()),
  );
}
