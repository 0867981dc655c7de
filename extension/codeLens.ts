/**
 * Where lenses are shown: above the mods of a file, in the status bars of a notebook's cells, and above the mods inside
 * of these where the user wants them there too.
 */
import * as vscode from "vscode";
import { PYTHON } from "./contributions.ts";
import type { Documents } from "./documents.ts";
import type { Figures } from "./figures.ts";
import { lineIn, named } from "./lenses.ts";
import { createLiveLenses, type LiveLenses } from "./liveLenses.ts";
import { registerNotebookStatus } from "./notebookStatus.ts";
import type { Panels } from "./panels.ts";
import { isNotebook, locate } from "./reading.ts";
import type { ResultStore } from "./results.ts";
import { setting } from "./settings.ts";

export function registerCodeLenses(
  documents: Documents,
  figures: Figures,
  results: ResultStore,
  panels: Panels,
  log: vscode.LogOutputChannel,
): LiveLenses {
  const lenses = createLiveLenses(documents, figures, results, panels, log);
  const shown = vscode.Disposable.from(
    vscode.languages.registerCodeLensProvider(PYTHON, providerOf(documents, lenses)),
    registerNotebookStatus(documents, lenses),
    lenses,
  );
  return { ...lenses, dispose: () => shown.dispose() };
}

function providerOf(documents: Documents, lenses: LiveLenses): vscode.CodeLensProvider {
  return {
    onDidChangeCodeLenses: lenses.onDidChange,
    provideCodeLenses(document) {
      const reading = documents.read(document);
      if (reading === null) return [];
      if (isNotebook(reading) && !setting("notebook.codeLens", vscode.Uri.parse(reading.document))) return [];
      return named(lenses.give(reading), lineIn(reading.sources[0]?.text ?? "")).flatMap((lens) => {
        const place = locate(reading, lens.span);
        if (place === null || place.uri.toString() !== document.uri.toString()) return [];
        const { title, tooltip, command } = lens;
        return [new vscode.CodeLens(place.range, { title, tooltip, command, arguments: [...lens.arguments] })];
      });
    },
  };
}
