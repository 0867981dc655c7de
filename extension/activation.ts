/**
 * What VS Code loads and calls first where extensions run in Node: it answers at once and loads extension.ts, most of a
 * megabyte that takes tens of milliseconds to compile, in the turn after. Nothing is missed between: documents are read
 * as they are by then, VS Code keeps panels to be restored until somebody registers for them, and commands that are run
 * before wait here. The web worker host, whose `require` knows no files, is given extension.ts itself.
 */
import * as vscode from "vscode";
import { COMMANDS } from "./contributions.ts";
import type { Activated, FlexlensApi } from "./extension.ts";

export function activate(context: vscode.ExtensionContext): Activated {
  const began = performance.now();
  const waiting = Object.values(COMMANDS).map((command) =>
    vscode.commands.registerCommand(command, async (...words: unknown[]) => {
      await ready;
      return vscode.commands.executeCommand(command, ...words);
    }),
  );
  const ready = new Promise<FlexlensApi>((loaded, failed) => {
    setTimeout(() => {
      try {
        // The bundle beside this one (esbuild.mjs).
        const { start } = require("./extension.js") as typeof import("./extension.ts");
        for (const command of waiting) command.dispose();
        loaded(start(context, began));
      } catch (error) {
        failed(error);
      }
    }, 0);
  });
  context.subscriptions.push(...waiting);
  return { ready };
}
