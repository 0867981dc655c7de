/** The user's settings, typed by their defaults; what the configuration holds of another type counts as not set. */
import * as vscode from "vscode";
import { SETTINGS, type Setting, type SettingValue } from "./contributions.ts";

/** The value of `flexlens.<name>`, for `scope` where the setting is of resources. */
export function setting<S extends Setting>(name: S, scope?: vscode.Uri): SettingValue<S> {
  const fallback = SETTINGS[name] as SettingValue<S>;
  const value = vscode.workspace.getConfiguration("flexlens", scope).get<unknown>(name);
  return typeof value === typeof fallback ? (value as SettingValue<S>) : fallback;
}
