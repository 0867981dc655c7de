/**
 * What VS Code loads and calls first: it answers at once and loads extension.ts, most of a megabyte that takes tens of
 * milliseconds to compile, in the turn after. Nothing is missed between: documents are read as they are by then, VS Code
 * keeps panels to be restored until somebody registers for them, and commands that are run before wait here. A start
 * that fails is said.
 */
import * as vscode from "vscode";
import { COMMANDS } from "./contributions.ts";
import type { Activated, FlexlensApi } from "./extension.ts";

type Extension = Pick<typeof import("./extension.ts"), "start">;

/** The bundle beside this one (esbuild.mjs). */
async function loadBundle({ extensionUri }: Pick<vscode.ExtensionContext, "extensionUri">): Promise<Extension> {
  if (!("importScripts" in globalThis)) return require("./extension.js") as Extension;
  // A web worker's `require` knows no files: the text is read and becomes a function, as VS Code itself does with this one.
  const uri = vscode.Uri.joinPath(extensionUri, "dist", "extension.js");
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  const module = { exports: {} as Extension };
  new Function("module", "exports", "require", `${text}\n//# sourceURL=${uri}`)(module, module.exports, require);
  return module.exports;
}

/** `load`: VS Code hands in none. */
export function activate(context: vscode.ExtensionContext, load: typeof loadBundle = loadBundle): Activated {
  const began = performance.now();
  const waiting = Object.values(COMMANDS).map((command) =>
    vscode.commands.registerCommand(command, async (...words: unknown[]) => {
      await ready;
      return vscode.commands.executeCommand(command, ...words);
    }),
  );
  const nextTurn = new Promise<void>((soon) => {
    const timer = setTimeout(soon, 0);
    context.subscriptions.push({ dispose: () => clearTimeout(timer) });
  });
  const ready = nextTurn.then(async (): Promise<FlexlensApi> => {
    const { start } = await load(context);
    for (const command of waiting) command.dispose();
    return start(context, began);
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
