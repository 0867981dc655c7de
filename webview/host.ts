/**
 * The line to the extension host, and the only file that names `acquireVsCodeApi`. On the dev page, where there is
 * none, messages go out as `flexlens:post` events of the window and the state lives in session storage.
 */
import type { Source } from "../kernels/frontend/module.ts";
import type { Edit, FromPanel, KnownSource, Show, ToPanel } from "./protocol.ts";

export interface Host {
  post(message: FromPanel): void;
  /** What `setState` kept, over a reload of the page or of the window; undefined at first. */
  getState(): unknown;
  setState(state: unknown): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare const acquireVsCodeApi: (() => VsCodeApi) | undefined;

const STATE_KEY = "flexlens";

/** Connects; to be called once a page. */
export function connectHost(): Host {
  if (typeof acquireVsCodeApi === "function") {
    const api = acquireVsCodeApi();
    return {
      post: (message) => api.postMessage(message),
      getState: () => api.getState(),
      setState: (state) => api.setState(state),
    };
  }
  return {
    post: (message) => window.dispatchEvent(new CustomEvent("flexlens:post", { detail: message })),
    getState: () => {
      const text = sessionStorage.getItem(STATE_KEY);
      return text === null ? undefined : (JSON.parse(text) as unknown);
    },
    setState: (state) => sessionStorage.setItem(STATE_KEY, JSON.stringify(state)),
  };
}

const MESSAGES: ReadonlySet<unknown> = new Set<ToPanel["type"]>([
  "show",
  "edit",
  "past",
  "compare",
  "layer",
  "run",
  "cancel",
  "forget",
  "tunings",
  "surroundings",
  "testGpu",
  "cursor",
  "follows",
  "elsewhere",
  "measured",
  "presets",
  "history",
  "swept",
  "forgetSweep",
  "forgetRun",
  "savings",
  "visible",
  "planSweep",
  "document",
]);

/** What the panel's parts hear of: an edit arrives as the `show` that it makes of the one before. */
export type Told = Exclude<ToPanel, Edit>;

/**
 * Calls `listener` for each message of the host; what is not one is left alone. `lost`: an edit came whose text before
 * is not here. Returns the way to stop.
 */
export function onMessage(listener: (message: Told) => void, lost: () => void): () => void {
  let before: Show | null = null;
  const receive = (event: MessageEvent<unknown>): void => {
    const data = event.data;
    if (typeof data !== "object" || data === null || !("type" in data) || !MESSAGES.has(data.type)) return;
    const message = data as ToPanel;
    const told = message.type === "edit" ? edited(before, message) : message;
    if (told?.type === "show") before = told;
    if (told === null) lost();
    else listener(told);
  };
  window.addEventListener("message", receive);
  return () => window.removeEventListener("message", receive);
}

/** The `show` that an edit makes of the one before; null where it names a text that is not that one's. */
export function edited(before: Show | null, edit: Edit): Show | null {
  if (before === null || before.document !== edit.document) return null;
  const sources: Source[] = [];
  for (const source of edit.sources) {
    const whole = "file" in source ? source : editedSource(before.sources[source.at], source);
    if (whole === null) return null;
    sources.push(whole);
  }
  return { ...edit, type: "show", sources };
}

function editedSource(before: Source | undefined, source: KnownSource): Source | null {
  if (before === undefined) return null;
  if (!("newText" in source)) return before;
  return { ...before, text: before.text.slice(0, source.from) + source.newText + before.text.slice(source.to) };
}
