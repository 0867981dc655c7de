/**
 * The extension put together: constructs the parts, wires them, registers them; nothing else. What it returns is for
 * tests and for other extensions that want to know what Flexlens sees. activation.ts calls it.
 */
import * as vscode from "vscode";
import { createLowering } from "../kernels/frontend/lowering.ts";
import type { LoweredModule } from "../kernels/frontend/module.ts";
import type { ToPanel } from "../webview/protocol.ts";
import { registerAuthoring } from "./authoring/register.ts";
import { registerCodeLenses } from "./codeLens.ts";
import { registerCommands } from "./commands.ts";
import { registerCompletion } from "./completion.ts";
import { createDataFiles } from "./dataFiles.ts";
import { registerDiagnostics } from "./diagnostics.ts";
import { Documents } from "./documents.ts";
import { createFigures } from "./figures.ts";
import { registerFirstUse } from "./firstUse.ts";
import { registerFollow } from "./follow.ts";
import { createGitHead } from "./gitHead.ts";
import { createHistory, type Folder, type History } from "./history.ts";
import { historyFolder } from "./historyFolder.ts";
import { registerHover } from "./hover.ts";
import { createInputStore } from "./inputs.ts";
import { registerKernelLight } from "./kernelLight.ts";
import { createLints } from "./lints.ts";
import type { LensTiming } from "./liveLenses.ts";
import { createModules } from "./modules.ts";
import type { PanelMessage } from "./panel.ts";
import { panelFacts } from "./panelFacts.ts";
import { createPanels } from "./panels.ts";
import { tellHistory } from "./resultCommands.ts";
import { createResultStore, type ResultStore } from "./results.ts";
import { createSavingsStore } from "./savingsStore.ts";
import { watchSettings } from "./settings.ts";
import { onSurroundings, remoteOf, surroundingsOf } from "./surroundings.ts";
import { createTuningStore } from "./tunings.ts";
import { createUserPresets } from "./userPresets.ts";
import { registerViews } from "./views/views.ts";
import { registerWgslDocuments } from "./wgslDocument.ts";
import { registerWgslLinks } from "./wgslLinks.ts";

export interface FlexlensApi {
  readonly results: ResultStore;
  readonly history: History;
  /** Where the history is kept. */
  readonly historyFolder: Folder;
  /** What was read of an open document (by its URI); null if it is not open, or not Python. */
  lowered(uri: vscode.Uri): LoweredModule | null;
  /** Titles of the lenses of an open document, in order of the text. */
  lensTitles(uri: vscode.Uri): readonly string[];
  /** The last messages between host and panel, oldest first. */
  readonly panelMessages: readonly PanelMessage[];
  /** How long after each of the last edits the lenses were ready, oldest first. */
  readonly lensTimings: readonly LensTiming[];
}

/** What VS Code hands to whoever asks for the extension. */
export interface Activated {
  /** Once the extension is loaded and started. */
  readonly ready: Promise<FlexlensApi>;
}

/** `began`: when VS Code activated the extension, of `performance.now()`. */
export function start(context: vscode.ExtensionContext, began: number): FlexlensApi {
  const log = vscode.window.createOutputChannel("Flexlens", { log: true });
  const settings = watchSettings();
  const results = createResultStore(context.workspaceState);
  const folder = historyFolder(context, remoteOf());
  const history = createHistory({
    folder,
    now: Date.now,
    file: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`,
    warn: (text) => log.warn(text),
  });
  const tunings = createTuningStore(context.globalState);
  const savings = createSavingsStore(context.globalState);
  const modules = createModules(log);
  const dataFiles = createDataFiles(log);
  const inputs = createInputStore(context.workspaceState);
  const lowering = createLowering();
  const documents = new Documents(lowering.lower, modules, dataFiles, inputs, log);
  const figures = createFigures();
  const lints = createLints(documents, log);
  const git = createGitHead(log);
  const presets = createUserPresets(log);
  const surroundings = (): ToPanel => ({ type: "surroundings", surroundings: surroundingsOf(context.extension) });
  const given = (): readonly ToPanel[] => {
    const form = savings.get();
    return form === null ? [] : [{ type: "savings", form }];
  };
  const wgsl = registerWgslDocuments(documents);
  const panels = createPanels({
    extensionUri: context.extensionUri,
    documents,
    results,
    git,
    log,
    greetings: () => [surroundings(), { type: "tunings", tuned: tunings.all() }, { type: "presets", presets: presets.all() }, ...given()],
    showed: (document, panel) => void tellHistory(history, results, document, panel),
    heard: panelFacts({
      documents,
      results,
      history,
      tunings,
      savings,
      presets,
      log,
      wgsl,
      light: (document, spans) => light.light(document, spans),
    }),
  });
  const light = registerKernelLight(documents, panels, wgsl);
  const lenses = registerCodeLenses(documents, figures, results, panels, log);
  context.subscriptions.push(
    log,
    settings,
    modules,
    dataFiles,
    documents,
    documents.onDidClose(lowering.forget),
    figures,
    lints,
    git,
    presets,
    presets.onDidChange((all) => panels.tellAll({ type: "presets", presets: all })),
    panels,
    registerFollow(documents, panels),
    wgsl,
    registerWgslLinks(wgsl),
    light,
    lenses,
    vscode.workspace.onDidRenameFiles(({ files }) => {
      for (const { oldUri, newUri } of files)
        for (const store of [results, history, inputs, panels]) store.rename(oldUri.toString(), newUri.toString());
    }),
    registerDiagnostics(documents, lints),
    registerViews({ documents, results, history, panels, log }),
    registerHover(documents, figures, results),
    registerCompletion(documents),
    registerAuthoring(documents, figures),
    registerCommands({ documents, panels, results, history, wgsl, log }),
    registerFirstUse(panels, results, context.extension.id),
    onSurroundings(() => panels.tellAll(surroundings())),
  );
  documents.start();
  const host = vscode.env.uiKind === vscode.UIKind.Web ? "web" : "desktop";
  log.info(
    `started in ${(performance.now() - began).toFixed(1)} ms (VS Code ${vscode.version}, ${host}${vscode.env.remoteName === undefined ? "" : `, remote ${vscode.env.remoteName}`})`,
  );

  return {
    results,
    history,
    historyFolder: folder,
    lowered: (uri) => documents.readKey(uri.toString())?.module ?? null,
    lensTitles: (uri) => {
      const reading = documents.readKey(uri.toString());
      return reading === null ? [] : lenses.of(reading).map((lens) => lens.title);
    },
    panelMessages: panels.messages,
    lensTimings: lenses.timings,
  };
}
