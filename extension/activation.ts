/**
 * What VS Code loads and calls first where extensions run in Node: it answers at once and loads extension.ts, most of a
 * megabyte that takes tens of milliseconds to compile, in the turn after. Nothing is missed between: documents are read
 * as they are by then, VS Code keeps panels to be restored until somebody registers for them, and commands that are run
 * before wait here. A start that fails is said. The web worker host, whose `require` knows no files, is given extension.ts
 * itself.
 */
import * as vscode from "vscode";
import { COMMANDS } from "./contributions.ts";
import type { Activated, FlexlensApi } from "./extension.ts";

type Extension = Pick<typeof import("./extension.ts"), "start">;

/** The bundle beside this one (esbuild.mjs). */
const loadBundle = (): Extension => require("./extension.js") as Extension;

/** `load`: VS Code hands in none. */
export function activate(context: vscode.ExtensionContext, load = loadBundle): Activated {
  const began = performance.now();
  const waiting = Object.values(COMMANDS).map((command) =>
    vscode.commands.registerCommand(command, async (...words: unknown[]) => {
      await ready;
      return vscode.commands.executeCommand(command, ...words);
    }),
  );
  const ready = new Promise<FlexlensApi>((loaded, failed) => {
    const timer = setTimeout(() => {
      try {
        const { start } = load();
        for (const command of waiting) command.dispose();
        loaded(start(context, began));
      } catch (error) {
        failed(error);
      }
    }, 0);
    context.subscriptions.push({ dispose: () => clearTimeout(timer) });
  });
  ready.catch((error: unknown) => {
    console.error(error);
    const cause = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(
      `Flexlens did not start: ${cause}. Reload the window; if it says so again, install the extension anew.`,
    );
  });
  context.subscriptions.push(...waiting);
  return { ready };
}
