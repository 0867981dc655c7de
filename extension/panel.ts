/**
 * The panel on the host's side: its life, its page, the messages. It is stateless towards the host: one `show` holds
 * all it needs, and is posted when the page is ready, when the text was read again, when another variant is asked
 * for. Nothing here waits for the panel.
 *
 * The page is kept while its tab is hidden: a device, its pipelines and a running benchmark cannot be put into a state
 * object. It still restores itself after a reload of the window, where all of that is gone.
 */
import * as vscode from "vscode";
import { type FromPanel, PROTOCOL_VERSION, type Show, type ToPanel, type View } from "../webview/protocol.ts";
import { CONTEXT_KEYS, PANEL_TYPE } from "./contributions.ts";
import type { Documents, Reading } from "./documents.ts";
import { copyText, openText, revealSpan, saveFile, setContext } from "./editor.ts";
import { createNonce, panelPage } from "./page.ts";
import type { Memory, ResultStore } from "./results.ts";

/** What the panel shows; `variant` null: the first of the document. */
export interface Shown {
  readonly document: string;
  readonly variant: string | null;
}

export interface PanelMessage {
  readonly direction: "to panel" | "from panel";
  readonly message: ToPanel | FromPanel;
}

const SHOWN_KEY = "flexlens.shown";
const REMEMBERED_MESSAGES = 100;

/** What the page knows of the document without being told again. */
type Known = Pick<Show, "document" | "sources" | "bindings" | "problem" | "defaults" | "variant">;

export class Panel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | null = null;
  private ready = false;
  private shownNow: Shown | null = null;
  private runningNow: Shown | null = null;
  private known: Known | null = null;
  /** Asked for before the page was ready, or while its tab was hidden. */
  private waiting: { show: boolean; view: View | null; after: ToPanel[] } = { show: false, view: null, after: [] };
  private readonly subscriptions: vscode.Disposable[];
  private readonly didChangeRunning = new vscode.EventEmitter<string>();
  /** With the document whose benchmark started or ended. */
  readonly onDidChangeRunning = this.didChangeRunning.event;
  /** The last messages in both directions, for the log's reader and the tests. */
  readonly messages: PanelMessage[] = [];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly documents: Documents,
    private readonly results: ResultStore,
    private readonly memory: Memory,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.didChangeRunning,
      documents.onDidRead(({ reading }) => {
        if (reading.document === this.shownNow?.document) this.postShow(null);
      }),
      vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, {
        deserializeWebviewPanel: async (panel) => {
          this.shownNow = memory.get<Shown | null>(SHOWN_KEY, null);
          this.adopt(panel);
          // Opening may take a while (a remote file, a notebook); the page draws its own saved state meanwhile.
          if (this.shownNow !== null && (await documents.open(this.shownNow.document)) !== null) this.postShow(null);
        },
      }),
    ];
  }

  get isOpen(): boolean {
    return this.panel !== null;
  }

  get shown(): Shown | null {
    return this.panel === null ? null : this.shownNow;
  }

  /** The variant whose benchmark runs; null if none does. */
  get running(): Shown | null {
    return this.runningNow;
  }

  /** Shows `shown`; opens the panel beside the editor where there is none. The cursor stays where it is. */
  show(shown: Shown, view: View | null): void {
    this.setShown(shown);
    if (this.panel === null) {
      const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      this.adopt(vscode.window.createWebviewPanel(PANEL_TYPE, "Flexlens", column, { retainContextWhenHidden: true }));
    } else if (!this.panel.visible) {
      // Where it lies behind the editor that asks, it goes beside instead of covering that.
      this.panel.reveal(this.panel.viewColumn === activeColumn() ? vscode.ViewColumn.Beside : undefined, true);
    }
    this.postShow(view);
  }

  /** Another variant for an open panel, as the cursor moves: neither opens nor reveals anything. */
  follow(shown: Shown): void {
    if (this.panel === null || (shown.document === this.shownNow?.document && shown.variant === this.shownNow.variant)) return;
    this.setShown(shown);
    this.postShow(null);
  }

  /** Shows `shown` in the Benchmark view and measures it. */
  run(shown: Shown): void {
    this.show(shown, "benchmark");
    this.post({ type: "run" });
  }

  cancel(): void {
    if (this.panel !== null) this.post({ type: "cancel" });
  }

  /** The results of `document` were cleared: the page, which merges what it is sent, drops its own too. */
  forget(document: string): void {
    if (this.panel !== null) this.post({ type: "forget", document });
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.panel?.dispose();
  }

  private setShown(shown: Shown): void {
    this.shownNow = shown;
    void this.memory.update(SHOWN_KEY, shown);
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.panel?.dispose();
    this.panel = panel;
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.extensionUri, "media", "mask-light.svg"),
      dark: vscode.Uri.joinPath(this.extensionUri, "media", "mask-dark.svg"),
    };
    const listeners = [
      panel.webview.onDidReceiveMessage((message: FromPanel) => this.receive(message)),
      panel.onDidChangeViewState(() => this.flush()),
    ];
    panel.onDidDispose(() => {
      for (const listener of listeners) listener.dispose();
      if (this.panel !== panel) return;
      this.panel = null;
      this.ready = false;
      this.known = null;
      this.waiting = { show: false, view: null, after: [] };
      this.setRunning(null);
      setContext(CONTEXT_KEYS.panelOpen, false);
    });
    setContext(CONTEXT_KEYS.panelOpen, true);
    this.load(panel);
  }

  /** Puts the page in, anew. */
  private load(panel: vscode.WebviewPanel): void {
    const root = vscode.Uri.joinPath(this.extensionUri, "dist", "webview");
    const at = (name: string): string => panel.webview.asWebviewUri(vscode.Uri.joinPath(root, name)).toString();
    this.ready = false;
    this.known = null;
    panel.webview.options = { enableScripts: true, localResourceRoots: [root] };
    panel.webview.html = panelPage({
      cspSource: panel.webview.cspSource,
      script: at("main.js"),
      style: at("main.css"),
      nonce: createNonce(),
    });
  }

  private postShow(view: View | null): void {
    this.waiting = { ...this.waiting, show: true, view: view ?? this.waiting.view };
    this.flush();
  }

  private post(message: ToPanel): void {
    this.waiting.after.push(message);
    this.flush();
  }

  /** Posts what waits, if the page can take it. A hidden page is told when it comes back: nobody looks at it. */
  private flush(): void {
    const { panel, waiting } = this;
    if (panel === null || !this.ready) return;
    if (waiting.show && (panel.visible || waiting.after.length > 0)) {
      const show = this.buildShow(waiting.view);
      // Without a document (closed, or not opened yet) the page keeps what it has.
      if (show !== null) {
        this.waiting = { ...waiting, show: false, view: null };
        if (!this.isKnown(show)) this.send(panel, show);
      }
    }
    for (const message of this.waiting.after.splice(0)) this.send(panel, message);
  }

  private send(panel: vscode.WebviewPanel, message: ToPanel): void {
    if (message.type === "show") {
      this.known = message;
      panel.title = `Flexlens: ${message.title}`;
    }
    this.remember({ direction: "to panel", message });
    void panel.webview.postMessage(message);
  }

  /** Whether the page would learn nothing from `show`: it sent the change itself. */
  private isKnown(show: Show): boolean {
    const { known } = this;
    return (
      known !== null &&
      show.view === null &&
      known.document === show.document &&
      known.variant === show.variant &&
      JSON.stringify([known.problem, known.defaults]) === JSON.stringify([show.problem, show.defaults]) &&
      sameBindings(known.bindings, show.bindings) &&
      known.sources.length === show.sources.length &&
      known.sources.every((source, i) => source.file === show.sources[i]?.file && source.text === show.sources[i]?.text)
    );
  }

  private buildShow(view: View | null): Show | null {
    const shown = this.shownNow;
    const reading = shown === null ? null : this.documents.readKey(shown.document);
    if (shown === null || reading === null) return null;
    return showMessage(reading, shown.variant, view, this.results);
  }

  private receive(message: FromPanel): void {
    this.remember({ direction: "from panel", message });
    switch (message.type) {
      case "ready":
        if (message.version !== PROTOCOL_VERSION)
          this.log.warn(`the panel speaks version ${message.version} of the protocol, not ${PROTOCOL_VERSION}; reload the window`);
        this.ready = true;
        this.known = null;
        if (this.runningNow !== null) this.setRunning(null);
        this.postShow(null);
        return;
      case "selected":
        this.setShown({ document: message.document, variant: message.variant });
        if (this.known?.document === message.document) this.known = { ...this.known, variant: message.variant };
        return;
      case "problem":
        if (this.known?.document === message.document) this.known = { ...this.known, problem: message.problem };
        this.documents.setInputs(message.document, { problem: message.problem });
        return;
      case "bindings":
        if (this.known?.document === message.document) this.known = { ...this.known, bindings: message.bindings };
        this.documents.setInputs(message.document, { bindings: message.bindings });
        return;
      case "running":
        this.setRunning(message.running ? { document: message.document, variant: message.variant } : null);
        return;
      case "result":
        this.results.put(message.document, message.result);
        return;
      case "copy":
        void copyText(message.text);
        return;
      case "openText":
        void openText(message.language, message.text);
        return;
      case "saveFile":
        void saveFile(message.name, message.base64, this.log);
        return;
      case "reveal":
        void revealSpan(this.documents, { file: message.document, from: message.from, to: message.to });
        return;
      case "log":
        this.log[message.level](`panel: ${message.text}`);
        return;
    }
  }

  private setRunning(running: Shown | null): void {
    const before = this.runningNow;
    this.runningNow = running;
    setContext(CONTEXT_KEYS.running, running !== null);
    for (const document of new Set([before?.document, running?.document])) if (document !== undefined) this.didChangeRunning.fire(document);
  }

  private remember(message: PanelMessage): void {
    this.messages.push(message);
    if (this.messages.length > REMEMBERED_MESSAGES) this.messages.shift();
    this.log.trace(`${message.direction}: ${message.message.type}`);
  }
}

function activeColumn(): vscode.ViewColumn | undefined {
  return vscode.window.activeNotebookEditor?.viewColumn ?? vscode.window.activeTextEditor?.viewColumn;
}

function showMessage(reading: Reading, variant: string | null, view: View | null, results: ResultStore): Show {
  return {
    type: "show",
    version: PROTOCOL_VERSION,
    document: reading.document,
    title: reading.title,
    sources: reading.sources,
    bindings: reading.inputs.bindings,
    problem: reading.inputs.problem,
    defaults: reading.defaults,
    variant,
    view,
    results: results.of(reading.document),
  };
}

function sameBindings(a: Show["bindings"], b: Show["bindings"]): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
