/**
 * The panel on the host's side: its life, its page, the messages. It is stateless towards the host: one `show` holds
 * all it needs, and is posted when the page is ready, when the text was read again, when another variant is asked
 * for. Nothing here waits for the panel.
 *
 * The page is kept while its tab is hidden: a device, its pipelines and a running benchmark cannot be put into a state
 * object. It still restores itself after a reload of the window, where all of that is gone.
 */
import * as vscode from "vscode";
import { type CompareWith, type FromPanel, type MaskLayer, PROTOCOL_VERSION, type ToPanel, type View } from "../webview/protocol.ts";
import { COMMANDS, CONTEXT_KEYS, PANEL_TYPE } from "./contributions.ts";
import type { Documents } from "./documents.ts";
import { copyText, openText, revealSpan, saveFile, setContext } from "./editor.ts";
import { createNonce, panelPage } from "./page.ts";
import type { PastTexts } from "./pastTexts.ts";
import type { Memory, ResultStore } from "./results.ts";
import { type Activity, createRuns, isSame, type Shown } from "./runs.ts";
import { asEdit, buildShow, isKnown, type Known, withoutKnownBytes } from "./show.ts";
import type { TuningStore } from "./tunings.ts";

export interface PanelMessage {
  readonly direction: "to panel" | "from panel";
  readonly message: ToPanel | FromPanel;
}

const SHOWN_KEY = "flexlens.shown";
const REMEMBERED_MESSAGES = 100;
/** A page that has not taken up a run by then will not: it has nothing to measure, or its script did not start. */
const TAKE_UP_MS = 20_000;

export class Panel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | null = null;
  private ready = false;
  private shownNow: Shown | null = null;
  private known: Known | null = null;
  private readonly runs = createRuns();
  private expiry: ReturnType<typeof setTimeout> | undefined;
  /** The page has to be told what is shown, in this view: when it is ready and its tab in front. */
  private untold: { readonly view: View | null; readonly editedAt: number | null } | null = null;
  /** Messages for a page that is not ready, each with what must be shown before it. */
  private readonly queue: { readonly message: ToPanel; readonly before: Shown | null }[] = [];
  private readonly subscriptions: vscode.Disposable[];
  private readonly didChangeRunning = new vscode.EventEmitter<string>();
  private readonly didClose = new vscode.EventEmitter<void>();
  /** With the document whose benchmark started or ended. */
  readonly onDidChangeRunning = this.didChangeRunning.event;
  readonly onDidClose = this.didClose.event;
  /** The last messages in both directions, for the log's reader and the tests. */
  readonly messages: PanelMessage[] = [];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly documents: Documents,
    private readonly results: ResultStore,
    private readonly pastTexts: PastTexts,
    private readonly memory: Memory,
    private readonly tunings: TuningStore,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.runs.onChange = (document) => this.didChangeRunning.fire(document);
    this.subscriptions = [
      this.didChangeRunning,
      this.didClose,
      documents.onDidRead(({ reading, editedAt }) => {
        if (reading.document === this.shownNow?.document) this.tell(null, editedAt);
      }),
      pastTexts.onDidRead((text) => {
        if (this.panel !== null) this.post(text, null);
      }),
      vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, {
        deserializeWebviewPanel: async (panel) => {
          this.shownNow = memory.get<Shown | null>(SHOWN_KEY, null);
          this.adopt(panel);
          // Opening may take a while (a remote file, a notebook); the page draws its own saved state meanwhile.
          if (this.shownNow !== null && (await documents.open(this.shownNow.document)) !== null) this.tell(null);
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

  /** Whether the panel measures the variant, or will when the present run has ended. */
  activityOf(document: string, variant: string): Activity {
    return this.runs.activityOf({ document, variant });
  }

  /** How much of its run is done, 0 to 1. */
  fractionOf(document: string, variant: string): number {
    return this.runs.fractionOf({ document, variant });
  }

  /** Shows `shown`; opens the panel beside the editor where there is none. The cursor stays where it is. */
  show(shown: Shown, view: View | null): void {
    this.open(shown);
    this.tell(view);
  }

  /** Brings the panel up with `shown`, and leaves telling the page to the caller. */
  private open(shown: Shown): void {
    this.setShown(shown);
    if (this.panel === null) {
      const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      this.adopt(vscode.window.createWebviewPanel(PANEL_TYPE, "Flexlens", column, { retainContextWhenHidden: true }));
    } else if (!this.panel.visible) {
      // Where it lies behind the editor that asks, it goes beside instead of covering that.
      this.panel.reveal(this.panel.viewColumn === activeColumn() ? vscode.ViewColumn.Beside : undefined, true);
    }
  }

  /** Shows the mask of `shown` compared with another, or with its own in a former text. */
  compare(shown: Shown, other: CompareWith): void {
    this.show(shown, "mask");
    this.post({ type: "compare", document: shown.document, with: other }, null);
  }

  /** Shows the mask of `shown` in a layer. */
  showLayer(shown: Shown, layer: MaskLayer): void {
    this.show(shown, "mask");
    this.post({ type: "layer", layer }, null);
  }

  /** Another variant for an open panel, as the cursor moves: neither opens nor reveals anything. */
  follow(shown: Shown): void {
    if (this.panel === null || isSame(shown, this.shownNow)) return;
    this.setShown(shown);
    this.tell(null);
  }

  /** Shows `shown` in the Benchmark view and measures it, after the run that goes on if there is one. */
  run(shown: Shown): void {
    this.open(shown);
    this.untold = null;
    const start = this.runs.request(shown);
    if (start === null) this.tell("benchmark");
    else this.start(start);
  }

  /** Takes back `shown` where it waits; else ends the run that goes on, and takes back the one that waits. */
  cancel(shown: Shown | null): void {
    if (shown !== null && this.runs.withdraw(shown)) return;
    this.runs.cancel();
    const kept = this.queue.filter(({ message }) => message.type !== "run");
    this.queue.splice(0, this.queue.length, ...kept);
    if (this.panel !== null) this.post({ type: "cancel" }, null);
  }

  /** The results of `document` were cleared: the page, which merges what it is sent, drops its own too. */
  forget(document: string): void {
    if (this.panel !== null) this.post({ type: "forget", document }, null);
  }

  dispose(): void {
    clearTimeout(this.expiry);
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
      this.untold = null;
      this.queue.length = 0;
      this.runs.cancel();
      this.pastTexts.want("", null);
      this.setRunning(null);
      setContext(CONTEXT_KEYS.panelOpen, false);
      this.didClose.fire();
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

  private start(shown: Shown): void {
    this.post({ type: "run" }, shown);
    clearTimeout(this.expiry);
    this.expiry = setTimeout(() => this.startNext(this.runs.expire(shown)), TAKE_UP_MS);
  }

  private startNext(shown: Shown | null): void {
    if (shown !== null && this.panel !== null) this.start(shown);
  }

  private tell(view: View | null, editedAt: number | null = null): void {
    this.untold = { view: view ?? this.untold?.view ?? null, editedAt };
    this.flush();
    // What is told later says nothing of how long the edit took.
    if (this.untold !== null) this.untold = { ...this.untold, editedAt: null };
  }

  private post(message: ToPanel, before: Shown | null): void {
    this.queue.push({ message, before });
    this.flush();
  }

  /** Posts what waits, if the page can take it. A hidden page is told when it comes back: nobody looks at it. */
  private flush(): void {
    const { panel } = this;
    if (panel === null || !this.ready) return;
    for (const { message, before } of this.queue.splice(0)) {
      if (before !== null) this.sendShow(panel, before, "benchmark", null);
      this.send(panel, message);
    }
    const { untold, shownNow } = this;
    if (untold === null || shownNow === null || !panel.visible) return;
    if (this.sendShow(panel, shownNow, untold.view, untold.editedAt)) this.untold = null;
  }

  /** False where the document is not open (yet): the page keeps what it has. */
  private sendShow(panel: vscode.WebviewPanel, shown: Shown, view: View | null, editedAt: number | null): boolean {
    const reading = this.documents.readKey(shown.document);
    if (reading === null) return false;
    const show = buildShow(reading, shown.variant, view, this.results);
    if (isKnown(this.known, show)) return true;
    const told = withoutKnownBytes(this.known, editedAt === null ? show : { ...show, editedAt });
    panel.title = `Flexlens: ${show.title}`;
    this.send(panel, told, asEdit(this.known, told));
    this.known = show;
    return true;
  }

  /** Posts `message`; `posted`: the same in fewer words. */
  private send(panel: vscode.WebviewPanel, message: ToPanel, posted: ToPanel = message): void {
    this.remember({ direction: "to panel", message });
    void panel.webview.postMessage(posted);
  }

  private receive(message: FromPanel): void {
    this.remember({ direction: "from panel", message });
    switch (message.type) {
      case "ready":
        if (message.version !== PROTOCOL_VERSION)
          this.log.warn(`the panel speaks version ${message.version} of the protocol, not ${PROTOCOL_VERSION}; reload the window`);
        this.ready = true;
        this.known = null;
        // A page that starts anew measures nothing, and says itself what it compares with.
        this.setRunning(null);
        this.pastTexts.want("", null);
        this.post({ type: "tunings", tuned: this.tunings.all() }, null);
        this.tell(null);
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
      case "comparing":
        this.pastTexts.want(message.document, message.past);
        return;
      case "running":
        this.setRunning(message.running ? { document: message.document, variant: message.variant } : null);
        return;
      case "progress":
        this.runs.progress({ document: message.document, variant: message.variant }, message.fraction);
        return;
      case "result":
        this.results.put(message.document, message.result);
        return;
      case "tuned":
        this.tunings.put(message.tuned);
        return;
      case "untuned":
        this.tunings.forget(message.device, message.problemClass);
        return;
      case "copy":
        void copyText(message.text);
        return;
      case "captureSnippet":
        void vscode.commands.executeCommand(COMMANDS.copyCaptureSnippet, message.document, message.variant);
        return;
      case "copyPython":
        void vscode.commands.executeCommand(COMMANDS.copyPython, message.document, message.variant);
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
    setContext(CONTEXT_KEYS.running, running !== null);
    this.startNext(this.runs.report(running));
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
