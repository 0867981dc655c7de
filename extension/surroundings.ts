/**
 * What the panel's page cannot see of its window: versions, the remote that its files are on, which GPU the user
 * prefers. The page runs where the window is, and so does its GPU, whatever host this extension runs in.
 */
import * as vscode from "vscode";
import type { PowerPreference, Surroundings } from "../webview/protocol.ts";
import { setting } from "./settings.ts";

const PREFERENCES: readonly PowerPreference[] = ["high-performance", "low-power", "default"];

export function surroundingsOf(extension: vscode.Extension<unknown>): Surroundings {
  const wanted = setting("gpu.powerPreference");
  const { version } = extension.packageJSON as { readonly version: string };
  return {
    vscode: vscode.version,
    flexlens: version,
    remote: vscode.env.remoteName ?? null,
    powerPreference: PREFERENCES.find((preference) => preference === wanted) ?? "high-performance",
  };
}

/** Calls `listener` when the user's preference changes. */
export function onSurroundings(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration("flexlens.gpu.powerPreference")) listener();
  });
}
