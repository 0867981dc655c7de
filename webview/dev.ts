/**
 * The dev page's stand-in for VS Code: theme variables as VS Code 1.139 computes them, an example of the gallery as the
 * document, and a host that answers the panel's messages as the extension does. Never part of the extension.
 */
import { GALLERY } from "../kernels/gallery/gallery.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import { devThemes } from "./devThemes.ts";
import { type FromPanel, type Past, PROTOCOL_VERSION, type Show, type ToPanel, type View } from "./protocol.ts";

declare global {
  interface Window {
    /** The dev page's handles, for scripts that drive it. */
    flexlensDev?: {
      /** What the panel posted, in order. */
      readonly posted: FromPanel[];
      /** The text changes, as if somebody typed. */
      edit(text: string): void;
      send(message: ToPanel): void;
      theme(name: string): void;
    };
  }
}

const [themeName = "dark", file = "causal_sliding_window.py", view = ""] = decodeURIComponent(location.hash.slice(1)).split(",");
const entry = GALLERY.find((e) => e.file === file) ?? GALLERY[0];
const posted: FromPanel[] = [];
const results = new Map<string, BenchResult>();
let inputs: Pick<Show, "bindings" | "problem" | "variant"> = { bindings: {}, problem: {}, variant: entry?.main ?? null };
let text = entry?.text ?? "";

const send = (message: ToPanel): void => window.postMessage(message, location.origin);

function show(wanted: View | null): void {
  const document = `file:///examples/${entry?.file ?? ""}`;
  send({
    type: "show",
    version: PROTOCOL_VERSION,
    document,
    title: entry?.file ?? "",
    sources: [{ file: document, text }],
    ...inputs,
    view: wanted,
    results: [...results.values()],
  });
}

/** The example as it is in the gallery stands for the last save; there is no git here. */
function past(document: string, which: Past): void {
  const sources = which === "saved" ? [{ file: document, text: entry?.text ?? "" }] : null;
  send({ type: "past", document, past: which, sources, fault: sources === null ? "This page has no git." : null });
}

function theme(name: string): void {
  const chosen = devThemes[name] ?? devThemes["dark"];
  if (chosen === undefined) return;
  for (const [variable, value] of Object.entries(chosen.variables)) document.documentElement.style.setProperty(variable, value);
  document.body.className = chosen.classes;
}

window.addEventListener("flexlens:post", (event) => {
  const message = (event as CustomEvent<FromPanel>).detail;
  posted.push(message);
  switch (message.type) {
    case "ready":
      send({
        type: "surroundings",
        surroundings: { vscode: "the dev page", flexlens: "this tree", remote: null, powerPreference: "high-performance" },
      });
      show(view === "benchmark" || view === "kernel" ? view : null);
      break;
    case "problem":
      inputs = { ...inputs, problem: message.problem };
      show(null);
      break;
    case "bindings":
      inputs = { ...inputs, bindings: message.bindings };
      show(null);
      break;
    case "selected":
      inputs = { ...inputs, variant: message.variant };
      break;
    case "comparing":
      if (message.past !== null) past(message.document, message.past);
      break;
    case "result":
      results.set(`${message.result.variant} ${message.result.engine}`, message.result);
      break;
    case "forgetRun":
      for (const [row, result] of results) if (result.run === message.run) results.delete(row);
      break;
    case "copy":
      void navigator.clipboard.writeText(message.text);
      break;
    case "log":
      console.log(`[${message.level}] ${message.text}`);
      break;
    default:
      console.log(message);
  }
});

window.flexlensDev = {
  posted,
  edit: (next) => {
    text = next;
    show(null);
  },
  send,
  theme,
};
theme(themeName);
