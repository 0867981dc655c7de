/**
 * One panel on the host's side: its tab, its page, and what the page knows. It is stateless towards the host: one `show`
 * holds all it needs, and is posted when the page is ready, when the text was read again, when another variant is asked
 * for. Nothing here waits for the panel. Which panel is meant, and what panels have in common, is panels.ts's.
 *
 * The page is kept while its tab is hidden: a device, its pipelines and a running benchmark cannot be put into a state
 * object. It still restores itself after a reload of the window, where all of that is gone.
 */
import * as vscode from "vscode";
import { type DocumentState, type FromPanel, PROTOCOL_VERSION, type ToPanel, type View } from "../webview/protocol.ts";
import type { Documents } from "./documents.ts";
import type { GitHead } from "./gitHead.ts";
import { createNonce, panelPage } from "./page.ts";
import { createPastTexts } from "./pastTexts.ts";
import { type ResultStore, renamed } from "./results.ts";
import { isSame, type Shown } from "./runs.ts";
import { asEdit, buildShow, isKnown, type Known, panelTitle, withoutKnownBytes } from "./show.ts";

export interface PanelMessage {
  readonly direction: "to panel" | "from panel";
  readonly message: ToPanel | FromPanel;
}

export interface PanelParts {
  readonly extensionUri: vscode.Uri;
  readonly documents: Documents;
  readonly results: Pick<ResultStore, "of">;
  readonly git: GitHead;
  readonly log: vscode.LogOutputChannel;
}

/** What a panel begins with. */
export interface Begun {
  /** null: a page that was restored without having shown anything. */
  readonly shown: Shown | null;
  readonly follows: boolean;
}

/** What a page says that is not of itself and what it knows alone. */
export type Said = Exclude<
  FromPanel,
  { readonly type: "ready" | "selected" | "problem" | "bindings" | "kernels" | "comparing" | "following" | "reload" }
>;

/** Who hears of a panel. */
export interface PanelOwner {
  /** The page has started (anew): it measures nothing, and knows only what it is told from here on. */
  started(panel: Panel): void;
  /** The page was told of a document that it did not show before. */
  showed(panel: Panel, document: string): void;
  /** What concerns more than the page and what it knows. */
  said(panel: Panel, message: Said): void;
  /** Every message, for the log. */
  passed(message: PanelMessage): void;
  /** It was made active, or began to follow, or ceased to. */
  changed(panel: Panel): void;
  closed(panel: Panel): void;
}

export interface Panel extends vscode.Disposable {
  readonly shown: Shown | null;
  /** It goes where the cursor goes; else it is pinned. */
  readonly follows: boolean;
  /** It has the focus. */
  readonly isActive: boolean;
  setFollows(follows: boolean): void;
  /** Brings the tab up. */
  reveal(): void;
  /** Brings the tab up with `shown`; `tell` tells the page. */
  open(shown: Shown): void;
  /** Another variant as the cursor moves: reveals nothing. */
  follow(shown: Shown): void;
  /** A file, or a folder with files, has another name. URIs. */
  rename(from: string, to: string): void;
  /** Tells the page what is shown, when it is ready and its tab in front; `view` null: the one it has. */
  tell(view: View | null, editedAt?: number | null): void;
  /** Posts `message` when the page is ready, after telling it `before`. */
  post(message: ToPanel, before?: Shown | null): void;
  /** Measures `shown` now. */
  run(shown: Shown): void;
  /** Takes back a run that the page was not told of yet. */
  dropRun(): void;
  /** Puts the page in anew. */
  load(): void;
}

/** A panel in the tab `view`, which goes with it. */
export function createPanel(view: vscode.WebviewPanel, begun: Begun, parts: PanelParts, owner: PanelOwner): Panel {
  const { documents, log } = parts;
  let { shown, follows } = begun;
  let ready = false;
  let known: Known | null = null;
  /** The page has to be told what is shown, in this view: when it is ready and its tab in front. */
  let untold: { readonly view: View | null; readonly editedAt: number | null } | null = null;
  /** Messages for a page that is not ready, each with what must be shown before it. */
  let queue: { readonly message: ToPanel; readonly before: Shown | null }[] = [];

  const pastTexts = createPastTexts(documents, parts.git, log);

  /** `message` is what the page hears; `posted` the same in fewer words. */
  const send = (message: ToPanel, posted: ToPanel = message): void => {
    owner.passed({ direction: "to panel", message });
    void view.webview.postMessage(posted);
  };
  const retitle = (): void => {
    if (shown === null) return;
    const reading = documents.readKey(shown.document);
    const { path } = vscode.Uri.parse(shown.document);
    const file = reading?.title ?? path.slice(path.lastIndexOf("/") + 1);
    view.title = panelTitle(file, shown.variant ?? reading?.module.variants[0]?.name ?? null, follows);
  };
  /** False where the document is not open (yet): the page keeps what it has. */
  const sendShow = (now: Shown, inView: View | null, editedAt: number | null): boolean => {
    const reading = documents.readKey(now.document);
    if (reading === null) return false;
    retitle();
    const show = buildShow(reading, now.variant, inView, parts.results);
    if (isKnown(known, show)) return true;
    const told = withoutKnownBytes(known, editedAt === null ? show : { ...show, editedAt });
    send(told, asEdit(known, told));
    const isOther = known?.document !== show.document;
    known = show;
    if (isOther) owner.showed(panel, show.document);
    return true;
  };
  /** Posts what waits, if the page can take it. A hidden page is told when it comes back: nobody looks at it. */
  const flush = (): void => {
    if (!ready) return;
    const waiting = queue;
    queue = [];
    for (const { message, before } of waiting) {
      if (before !== null) sendShow(before, "benchmark", null);
      send(message);
    }
    if (untold === null || shown === null || !view.visible) return;
    if (sendShow(shown, untold.view, untold.editedAt)) untold = null;
  };

  const panel: Panel = {
    get shown() {
      return shown;
    },
    get follows() {
      return follows;
    },
    get isActive() {
      return view.active;
    },
    setFollows(value) {
      follows = value;
      panel.post({ type: "follows", follows });
      retitle();
      owner.changed(panel);
    },
    open(now) {
      shown = now;
      panel.reveal();
    },
    reveal() {
      // Where it lies behind the editor that asks, it goes beside instead of covering that.
      if (!view.visible) view.reveal(view.viewColumn === activeColumn() ? vscode.ViewColumn.Beside : undefined, true);
    },
    follow(now) {
      if (isSame(now, shown)) return;
      shown = now;
      panel.tell(null);
    },
    rename(from, to) {
      if (shown === null || renamed(shown.document, from, to) === shown.document) return;
      shown = { ...shown, document: renamed(shown.document, from, to) };
      panel.tell(null);
    },
    tell(inView, editedAt = null) {
      untold = { view: inView ?? untold?.view ?? null, editedAt };
      flush();
      // What is told later says nothing of how long the edit took.
      if (untold !== null) untold = { ...untold, editedAt: null };
    },
    post(message, before = null) {
      queue.push({ message, before });
      flush();
    },
    run(now) {
      shown = now;
      untold = null;
      panel.post({ type: "run" }, now);
    },
    dropRun() {
      queue = queue.filter(({ message }) => message.type !== "run");
    },
    load() {
      ready = false;
      known = null;
      const root = vscode.Uri.joinPath(parts.extensionUri, "dist", "webview");
      const at = (name: string): string => view.webview.asWebviewUri(vscode.Uri.joinPath(root, name)).toString();
      view.webview.options = { enableScripts: true, localResourceRoots: [root] };
      view.webview.html = panelPage({
        cspSource: view.webview.cspSource,
        script: at("main.js"),
        style: at("main.css"),
        nonce: createNonce(),
      });
    },
    dispose: () => view.dispose(),
  };

  /** Tells a page that has started where it is, then what waited for it. */
  const startPage = (): void => {
    const waiting = queue;
    queue = [];
    owner.started(panel);
    panel.post({ type: "follows", follows });
    panel.post({ type: "visible", visible: view.visible });
    queue.push(...waiting);
    panel.tell(null);
  };

  /** What concerns the page and what it knows alone; the owner hears the rest. */
  const receive = (message: FromPanel): void => {
    owner.passed({ direction: "from panel", message });
    switch (message.type) {
      case "ready":
        if (message.version !== PROTOCOL_VERSION)
          log.warn(`the panel speaks version ${message.version} of the protocol, not ${PROTOCOL_VERSION}; reload the window`);
        ready = true;
        known = null;
        // A page that starts anew says itself what it compares with.
        pastTexts.want("", null);
        startPage();
        void openDocument();
        return;
      case "selected":
        shown = { document: message.document, variant: message.variant };
        if (known?.document === message.document) known = { ...known, variant: message.variant };
        retitle();
        return;
      case "problem":
        if (known?.document === message.document) known = { ...known, problem: message.problem };
        documents.setInputs(message.document, { problem: message.problem });
        return;
      case "bindings":
        if (known?.document === message.document) known = { ...known, bindings: message.bindings };
        documents.setInputs(message.document, { bindings: message.bindings });
        return;
      case "kernels":
        if (known?.document === message.document) known = { ...known, kernels: message.kernels };
        documents.setInputs(message.document, { kernels: message.kernels });
        return;
      case "comparing":
        pastTexts.want(message.document, message.past);
        return;
      case "following":
        panel.setFollows(message.follows);
        return;
      case "reload":
        panel.load();
        return;
      default:
        owner.said(panel, message);
    }
  };

  let wasVisible = view.visible;
  /** The page was told that the document is closed. */
  let isClosed = false;
  const tellDocument = (document: string, isOpen: boolean): void => {
    isClosed = !isOpen;
    // What was never saved cannot be opened again.
    const state: DocumentState = isOpen ? "open" : document.startsWith("untitled:") ? "gone" : "closed";
    panel.post({ type: "document", document, state });
  };
  /**
   * After a reload of the window what is shown may not be open. Opening takes a while (a remote file, a notebook); the page
   * draws its own saved state meanwhile, and is told anew when the document was read.
   */
  const openDocument = async (): Promise<void> => {
    const document = shown?.document;
    if (document === undefined || documents.readKey(document) !== null) return;
    if ((await documents.open(document)) === null) tellDocument(document, false);
  };
  const listeners = [
    pastTexts,
    pastTexts.onDidRead((text) => panel.post(text)),
    documents.onDidRead(({ reading, editedAt }) => {
      if (reading.document !== shown?.document) return;
      if (isClosed) tellDocument(reading.document, true);
      panel.tell(null, editedAt);
    }),
    documents.onDidClose((document) => {
      if (document === shown?.document) tellDocument(document, false);
    }),
    view.webview.onDidReceiveMessage(receive),
    view.onDidChangeViewState(() => {
      if (view.visible !== wasVisible) panel.post({ type: "visible", visible: view.visible });
      wasVisible = view.visible;
      flush();
      if (view.active) owner.changed(panel);
    }),
  ];
  view.onDidDispose(() => {
    for (const listener of listeners) listener.dispose();
    owner.closed(panel);
  });
  view.iconPath = {
    light: vscode.Uri.joinPath(parts.extensionUri, "media", "mask-light.svg"),
    dark: vscode.Uri.joinPath(parts.extensionUri, "media", "mask-dark.svg"),
  };
  panel.load();
  return panel;
}

function activeColumn(): vscode.ViewColumn | undefined {
  return vscode.window.activeNotebookEditor?.viewColumn ?? vscode.window.activeTextEditor?.viewColumn;
}
