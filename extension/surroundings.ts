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
    remote: remoteOf(),
    powerPreference: PREFERENCES.find((preference) => preference === wanted) ?? "high-performance",
  };
}

/** The remote that the window's files are on; null: they are on its own machine. */
export function remoteOf(): string | null {
  const { remoteName } = vscode.env;
  // In a browser it is the server that the page came from; one on this machine is none.
  return remoteName === undefined || /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(remoteName) ? null : remoteName;
}

/** Calls `listener` when the user's preference changes. */
export function onSurroundings(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration("flexlens.gpu.powerPreference")) listener();
  });
}
