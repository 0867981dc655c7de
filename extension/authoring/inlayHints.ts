/**
 * Inlay hints in the editor: off by default, each kind under its setting. While both are off nothing is read for them,
 * and the editor, which would ask at every key, knows of no provider.
 */
import * as vscode from "vscode";
import { PYTHON } from "../contributions.ts";
import type { Documents } from "../documents.ts";
import type { Figures } from "../figures.ts";
import { locate, offsetAt, problemOf } from "../reading.ts";
import { setting } from "../settings.ts";
import { dtypeInlays, sparsityInlays } from "./inlay.ts";

export function registerInlayHints(documents: Documents, figures: Figures): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const provider: vscode.InlayHintsProvider = {
    onDidChangeInlayHints: changed.event,
    provideInlayHints(document, range) {
      const sparsity = setting("inlayHints.sparsity", document.uri);
      const dtypes = setting("inlayHints.dtypes", document.uri);
      const reading = sparsity || dtypes ? documents.read(document) : null;
      if (reading === null) return [];
      const [from, to] = [offsetAt(reading, document, range.start), offsetAt(reading, document, range.end)];
      if (from === null || to === null) return [];
      const { variants } = reading.module;
      if (sparsity) figures.begin();
      const hints = [
        ...(sparsity
          ? sparsityInlays(reading.sources[0]?.text ?? "", reading.document, variants, (variant) =>
              figures.of(variant, problemOf(reading, variant)),
            )
          : []),
        ...(dtypes ? dtypeInlays(reading.document, variants) : []),
      ];
      return hints.flatMap(({ at, label, kind, tooltip }) => {
        const place = at < from || at > to ? null : locate(reading, { file: reading.document, from: at, to: at });
        if (place === null || place.uri.toString() !== document.uri.toString()) return [];
        const hint = new vscode.InlayHint(place.range.start, label);
        hint.tooltip = tooltip;
        if (kind === "dtype") hint.kind = vscode.InlayHintKind.Type;
        else hint.paddingLeft = true;
        return [hint];
      });
    },
  };
  let registered: vscode.Disposable | null = null;
  const register = (): void => {
    const scopes = [undefined, ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri)];
    const isOn = scopes.some(isAsked);
    if (isOn) registered ??= vscode.languages.registerInlayHintsProvider(PYTHON, provider);
    else {
      registered?.dispose();
      registered = null;
    }
  };
  register();
  return vscode.Disposable.from(
    changed,
    new vscode.Disposable(() => registered?.dispose()),
    vscode.workspace.onDidChangeWorkspaceFolders(register),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (!change.affectsConfiguration("flexlens.inlayHints")) return;
      register();
      changed.fire();
    }),
    // Figures that are counted late, values of the panel's form, modules found: the text did not change, the hints did.
    new vscode.Disposable(
      figures.onCounted(() => {
        if (vscode.window.visibleTextEditors.some(({ document }) => isAsked(document.uri))) changed.fire();
      }),
    ),
    documents.onDidRead(({ editedAt, reading }) => {
      if (editedAt === null && isAsked(vscode.Uri.parse(reading.document))) changed.fire();
    }),
  );
}

/** Both kinds are off by default, and whoever has them off is asked nothing anew while typing. */
const isAsked = (scope: vscode.Uri | undefined): boolean => setting("inlayHints.sparsity", scope) || setting("inlayHints.dtypes", scope);
