/** The user's own problem sizes in the settings: read, told to the panels when they change, added to by a name. */
import * as vscode from "vscode";
import type { ProblemHints } from "../kernels/ir/mod.ts";
import type { Preset } from "../webview/protocol.ts";
import { readPresets, withEntry } from "./presets.ts";

const SECTION = "flexlens";
const KEY = "presets";

export interface UserPresets extends vscode.Disposable {
  all(): readonly Preset[];
  readonly onDidChange: vscode.Event<readonly Preset[]>;
  /** Asks for a name, and keeps `problem` under it in the user's settings. */
  save(problem: ProblemHints): Promise<void>;
  /** Opens the settings' file at them. */
  edit(): Promise<void>;
}

export function createUserPresets(log: vscode.LogOutputChannel): UserPresets {
  const didChange = new vscode.EventEmitter<readonly Preset[]>();
  const all = (): readonly Preset[] => {
    const { presets, faults } = readPresets(vscode.workspace.getConfiguration(SECTION).get<unknown>(KEY));
    for (const fault of faults) log.warn(fault);
    return presets;
  };
  const changes = vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration(`${SECTION}.${KEY}`)) didChange.fire(all());
  });
  return {
    all,
    onDidChange: didChange.event,
    async save(problem) {
      const names = all().map((preset) => preset.name);
      const name = await vscode.window.showInputBox({
        title: "Save Sizes as Preset",
        prompt: "It stands in the panel's menu of presets, and in the setting `flexlens.presets`.",
        placeHolder: "Name",
        validateInput: (text) =>
          names.includes(text.trim())
            ? { message: "It takes the place of the one of that name.", severity: vscode.InputBoxValidationSeverity.Info }
            : null,
      });
      if (name === undefined || name.trim() === "") return;
      const configuration = vscode.workspace.getConfiguration(SECTION);
      const before = configuration.inspect<unknown>(KEY)?.globalValue;
      await configuration.update(KEY, withEntry(before, { name: name.trim(), problem }), vscode.ConfigurationTarget.Global);
    },
    async edit() {
      await vscode.commands.executeCommand("workbench.action.openSettingsJson", { revealSetting: { key: `${SECTION}.${KEY}` } });
    },
    dispose() {
      changes.dispose();
      didChange.dispose();
    },
  };
}
