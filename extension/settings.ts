/**
 * The user's settings, typed by their defaults; what the configuration holds of another type counts as not set. Kept
 * until they change: they are asked for on every keystroke, and VS Code copies a section on each request.
 */
import * as vscode from "vscode";
import { SETTINGS, type Setting, type SettingValue } from "./contributions.ts";

const kept = new Map<string, unknown>();
const MOST_KEPT = 2000;

/** The value of `flexlens.<name>`, for `scope` where the setting is of resources. */
export function setting<S extends Setting>(name: S, scope?: vscode.Uri): SettingValue<S> {
  const key = `${name} ${scope?.toString() ?? ""}`;
  const known = kept.get(key);
  if (known !== undefined) return known as SettingValue<S>;
  const fallback = SETTINGS[name] as SettingValue<S>;
  const value = vscode.workspace.getConfiguration("flexlens", scope).get<unknown>(name);
  const read = isLike(value, fallback) ? value : fallback;
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, read);
  return read;
}

function isLike<V>(value: unknown, fallback: V): value is V {
  if (Array.isArray(fallback)) return Array.isArray(value) && value.every((item) => typeof item === "string");
  return typeof value === typeof fallback;
}

/** Forgets what was kept whenever settings or the folders that have some of their own change. To be registered first. */
export function watchSettings(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration(() => kept.clear()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => kept.clear()),
  );
}
