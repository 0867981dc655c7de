/**
 * The panels of the window: which one is meant, what they share, who is measured. A panel follows the cursor or is
 * pinned to what it shows. A lens shows in the panel that followed last; where all are pinned, in one that shows the same
 * already, else in a new one. Commands mean the panel that is active, or was last. One run goes on in the window at a
 * time, in whichever panel; results and tunings of one are told to all.
 */
import * as vscode from "vscode";
import type { CompareWith, MaskLayer, ToPanel, View } from "../webview/protocol.ts";
import { CONTEXT_KEYS, PANEL_TYPE } from "./contributions.ts";
import { setContext } from "./editor.ts";
import { type Begun, createPanel, type Panel, type PanelMessage, type PanelOwner, type PanelParts, type Said } from "./panel.ts";
import { type Activity, createRuns, isSame, type Shown, type Start } from "./runs.ts";
import { readKept } from "./show.ts";

const REMEMBERED_MESSAGES = 100;
/** A page that has not taken up a run by then will not: it has nothing to measure, or its script did not start. */
const TAKE_UP_MS = 20_000;

/** What a page says that is not of panels and runs alone. */
export type Heard = Exclude<Said, { readonly type: "running" | "progress" | "wants" }>;

export interface PanelsParts extends PanelParts {
  /** What each page is told when it starts, of what all panels share. */
  readonly greetings: () => readonly ToPanel[];
  /** A page shows a document that it did not show before. */
  readonly showed: (document: string, panel: Panel) => void;
  /** What a page says that concerns more than its panel. */
  readonly heard: (message: Heard, panels: Panels, from: Panel) => void;
}

export interface Panels extends vscode.Disposable {
  readonly isOpen: boolean;
  /** What the panel shows that is active, or was last; null: there is none. */
  readonly shown: Shown | null;
  /** Shows `shown`; opens a panel beside the editor where none is free for it. The cursor stays where it is. */
  show(shown: Shown, view: View | null): void;
  /** Shows it in a panel of its own, pinned to it. */
  showInNew(shown: Shown): void;
  /** Shows the mask of `shown` compared with another, or with its own in a former text. */
  compare(shown: Shown, other: CompareWith): void;
  /** Shows the mask of `shown` in a layer. */
  showLayer(shown: Shown, layer: MaskLayer): void;
  /** Another variant for the panels that follow, as the cursor moves: neither opens nor reveals anything. */
  follow(shown: Shown): void;
  /** Pins the panel that is active, or was last; or makes it follow again. */
  setFollows(follows: boolean): void;
  /** Shows `shown` in the Benchmark view and measures it, after the run that goes on if there is one. */
  run(shown: Shown): void;
  /** Shows the Benchmark view of `shown` with the form of a sweep. */
  planSweep(shown: Shown): void;
  /** Tests the window's WebGPU in the panel that is active, or was last; opens one where there is none. */
  testGpu(): void;
  /** Takes back `shown` where it waits; else ends the run that goes on, and takes back the one that waits. */
  cancel(shown: Shown | null): void;
  /** Whether a panel measures the variant, or will when the present run has ended. */
  activityOf(document: string, variant: string): Activity;
  /** How much of its run is done, 0 to 1. */
  fractionOf(document: string, variant: string): number;
  /** As stores do: what is shown of a file goes with its name. */
  rename(from: string, to: string): void;
  /** To every panel; but to `except`, which knows. */
  tellAll(message: ToPanel, except?: Panel): void;
  /** With the document whose benchmark started, went on or ended. */
  readonly onDidChangeRunning: vscode.Event<string>;
  /** The last messages in both directions, for the log's reader and the tests. */
  readonly messages: readonly PanelMessage[];
}

export function createPanels(parts: PanelsParts): Panels {
  const { log } = parts;
  /** The one that was active last is the last. */
  let open: readonly Panel[] = [];
  const runs = createRuns<Panel>();
  let expiry: ReturnType<typeof setTimeout> | undefined;
  const didChangeRunning = new vscode.EventEmitter<string>();
  const messages: PanelMessage[] = [];
  /** What each panel was told of the others' runs. */
  const told = new WeakMap<Panel, string>();

  const remember = (message: PanelMessage): void => {
    messages.push(message);
    if (messages.length > REMEMBERED_MESSAGES) messages.shift();
    log.trace(`${message.direction}: ${message.message.type}`);
  };
  const last = (): Panel | null => open.at(-1) ?? null;
  const setKeys = (): void => {
    setContext(CONTEXT_KEYS.panelOpen, open.length > 0);
    setContext(CONTEXT_KEYS.pinned, last()?.follows === false);
  };

  runs.onChange = (changed) => {
    setContext(CONTEXT_KEYS.running, runs.isMeasuring);
    for (const panel of open) {
      const elsewhere = runs.elsewhere(panel);
      const key = JSON.stringify(elsewhere);
      if ((told.get(panel) ?? NOTHING_ELSEWHERE) === key) continue;
      told.set(panel, key);
      panel.post({ type: "elsewhere", ...elsewhere });
    }
    for (const document of changed) didChangeRunning.fire(document);
  };
  const start = (next: Start<Panel> | null): void => {
    if (next === null) return;
    next.at.run(next.shown);
    clearTimeout(expiry);
    expiry = setTimeout(() => start(runs.expire(next.shown)), TAKE_UP_MS);
  };

  const owner: PanelOwner = {
    started(panel) {
      told.delete(panel);
      start(runs.report(panel, null));
      for (const message of parts.greetings()) panel.post(message);
      const elsewhere = runs.elsewhere(panel);
      told.set(panel, JSON.stringify(elsewhere));
      panel.post({ type: "elsewhere", ...elsewhere });
    },
    showed: (panel, document) => parts.showed(document, panel),
    said(panel, message) {
      switch (message.type) {
        case "running":
          start(runs.report(panel, message.running ? { document: message.document, variant: message.variant } : null));
          return;
        case "progress":
          runs.progress({ document: message.document, variant: message.variant }, message.fraction);
          return;
        case "wants": {
          const shown = { document: message.document, variant: message.variant };
          if (message.wants) start(runs.request(shown, panel));
          else runs.withdraw(shown);
          return;
        }
        default:
          parts.heard(message, panels, panel);
      }
    },
    passed: remember,
    changed(panel) {
      if (panel.isActive) open = [...open.filter((other) => other !== panel), panel];
      setKeys();
    },
    closed(panel) {
      open = open.filter((other) => other !== panel);
      setKeys();
      start(runs.leave(panel));
    },
  };
  const adopt = (view: vscode.WebviewPanel, begun: Begun): Panel => {
    const panel = createPanel(view, begun, parts, owner);
    open = [...open, panel];
    setKeys();
    return panel;
  };
  const create = (begun: Begun): Panel => {
    const column = { viewColumn: columnBeside(begun.shown), preserveFocus: true };
    return adopt(vscode.window.createWebviewPanel(PANEL_TYPE, "Flexlens", column, { retainContextWhenHidden: true }), begun);
  };
  /** The panel for `shown`, brought up with it. */
  const panelFor = (shown: Shown): Panel => {
    const shows = (panel: Panel): boolean => isSame(panel.shown, shown);
    const active = open.find((panel) => panel.isActive && (panel.follows || shows(panel)));
    const found = active ?? open.findLast((panel) => panel.follows) ?? open.findLast(shows);
    if (found === undefined) return create({ shown, follows: true });
    found.open(shown);
    return found;
  };

  const serializer = vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, {
    deserializeWebviewPanel: async (view, state: unknown) => {
      adopt(view, readKept(state));
    },
  });

  const panels: Panels = {
    get isOpen() {
      return open.length > 0;
    },
    get shown() {
      return last()?.shown ?? null;
    },
    show: (shown, view) => panelFor(shown).tell(view),
    showInNew: (shown) => create({ shown, follows: false }).tell(null),
    compare(shown, other) {
      const panel = panelFor(shown);
      panel.tell("mask");
      panel.post({ type: "compare", document: shown.document, with: other });
    },
    showLayer(shown, layer) {
      const panel = panelFor(shown);
      panel.tell("mask");
      panel.post({ type: "layer", layer });
    },
    follow(shown) {
      for (const panel of open) if (panel.follows) panel.follow(shown);
    },
    setFollows: (follows) => last()?.setFollows(follows),
    run(shown) {
      const panel = panelFor(shown);
      const next = runs.request(shown, panel);
      if (next === null) panel.tell("benchmark");
      else start(next);
    },
    planSweep(shown) {
      const panel = panelFor(shown);
      panel.tell("benchmark");
      panel.post({ type: "planSweep" });
    },
    testGpu() {
      const panel = last() ?? create({ shown: null, follows: true });
      panel.reveal();
      panel.post({ type: "testGpu" });
    },
    cancel(shown) {
      if (shown !== null && runs.withdraw(shown)) return;
      runs.cancel();
      for (const panel of open) {
        panel.dropRun();
        panel.post({ type: "cancel" });
      }
    },
    activityOf: (document, variant) => runs.activityOf({ document, variant }),
    fractionOf: (document, variant) => runs.fractionOf({ document, variant }),
    rename(from, to) {
      for (const panel of open) panel.rename(from, to);
    },
    tellAll(message, except) {
      for (const panel of open) if (panel !== except) panel.post(message);
    },
    onDidChangeRunning: didChangeRunning.event,
    messages,
    dispose() {
      clearTimeout(expiry);
      serializer.dispose();
      didChangeRunning.dispose();
      for (const panel of open) panel.dispose();
    },
  };
  return panels;
}

/** Right of the editor that shows the document, wherever the focus is: in a list, a walkthrough. */
function columnBeside(shown: Shown | null): vscode.ViewColumn {
  const texts = vscode.window.visibleTextEditors.map(({ document, viewColumn }) => ({ uri: document.uri, viewColumn }));
  const notebooks = vscode.window.visibleNotebookEditors.map(({ notebook, viewColumn }) => ({ uri: notebook.uri, viewColumn }));
  const column = [...texts, ...notebooks].find(({ uri }) => uri.toString() === shown?.document)?.viewColumn;
  return column === undefined ? vscode.ViewColumn.Beside : Math.min(column + 1, vscode.ViewColumn.Nine);
}

/** What a page takes for granted. */
const NOTHING_ELSEWHERE = JSON.stringify({ variant: null, waits: false });
