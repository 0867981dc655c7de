/**
 * The line to the extension host, and the only file that names `acquireVsCodeApi`. On the dev page, where there is
 * none, messages go out as `flexlens:post` events of the window and the state lives in session storage.
 */
import type { FromPanel, ToPanel } from "./protocol.ts";

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

const MESSAGES: ReadonlySet<unknown> = new Set<ToPanel["type"]>(["show", "past", "compare", "layer", "run", "cancel", "forget"]);

/** Calls `listener` for each message of the host; what is not one is left alone. Returns the way to stop. */
export function onMessage(listener: (message: ToPanel) => void): () => void {
  const receive = (event: MessageEvent<unknown>): void => {
    const data = event.data;
    if (typeof data === "object" && data !== null && "type" in data && MESSAGES.has(data.type)) listener(data as ToPanel);
  };
  window.addEventListener("message", receive);
  return () => window.removeEventListener("message", receive);
}
