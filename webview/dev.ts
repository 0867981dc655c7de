/**
 * The dev page's stand-in for VS Code: theme variables as VS Code 1.139 computes them, an example of the gallery as the
 * document, and a host that answers the panel's messages as the extension does. Never part of the extension.
 */
import { GALLERY } from "../kernels/gallery/gallery.ts";
import type { BenchResult } from "../kernels/runtime/result.ts";
import type { Sweep } from "../kernels/runtime/sweep.ts";
import { joined, withoutSweep } from "./bench/measurements.ts";
import { devThemes } from "./devThemes.ts";
import { type FromPanel, type Past, PROTOCOL_VERSION, type Preset, type Show, type ToPanel, type View } from "./protocol.ts";

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
/** What the extension keeps over a reload of the page. */
interface Kept {
  readonly inputs: Pick<Show, "bindings" | "problem" | "variant" | "kernels">;
  readonly text: string;
  readonly follows: boolean;
  readonly presets: readonly Preset[];
}
const KEPT = "flexlens-dev";
const stored = sessionStorage.getItem(KEPT);
let kept: Kept =
  stored === null
    ? { inputs: { bindings: {}, problem: {}, variant: entry?.main ?? null }, text: entry?.text ?? "", follows: true, presets: [] }
    : (JSON.parse(stored) as Kept);
function keep(change: Partial<Kept>): void {
  kept = { ...kept, ...change };
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
}
const keepInputs = (change: Partial<Kept["inputs"]>): void => keep({ inputs: { ...kept.inputs, ...change } });

/** What a host remembers over reloads. */
interface Remembered {
  readonly history: readonly BenchResult[];
  readonly sweeps: readonly Sweep[];
}
const HISTORY_KEY = "flexlens.dev.history";
const remembered = (): Remembered => JSON.parse(sessionStorage.getItem(HISTORY_KEY) ?? '{"history":[],"sweeps":[]}') as Remembered;
const remember = (next: Remembered): void => sessionStorage.setItem(HISTORY_KEY, JSON.stringify(next));

const send = (message: ToPanel): void => window.postMessage(message, location.origin);

function show(wanted: View | null): void {
  const document = `file:///examples/${entry?.file ?? ""}`;
  send({
    type: "show",
    version: PROTOCOL_VERSION,
    document,
    title: entry?.file ?? "",
    sources: [{ file: document, text: kept.text }],
    ...kept.inputs,
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
  // What the theme before had and this one has not is gone, as in VS Code.
  document.documentElement.removeAttribute("style");
  for (const [variable, value] of Object.entries(chosen.variables)) document.documentElement.style.setProperty(variable, value);
  document.body.className = chosen.classes;
}

window.addEventListener("flexlens:post", (event) => {
  const message = (event as CustomEvent<FromPanel>).detail;
  posted.push(message);
  switch (message.type) {
    case "ready":
      send({ type: "follows", follows: kept.follows });
      send({ type: "presets", presets: kept.presets });
      send({
        type: "surroundings",
        surroundings: { vscode: "the dev page", flexlens: "this tree", remote: null, powerPreference: "high-performance" },
      });
      show(view === "benchmark" || view === "kernel" ? view : null);
      send({
        type: "history",
        document: `file:///examples/${entry?.file ?? ""}`,
        results: remembered().history,
        sweeps: remembered().sweeps,
      });
      break;
    case "problem":
      keepInputs({ problem: message.problem });
      show(null);
      break;
    case "bindings":
      keepInputs({ bindings: message.bindings });
      show(null);
      break;
    case "kernels":
      keepInputs({ kernels: message.kernels });
      break;
    case "following":
      keep({ follows: message.follows });
      break;
    case "savePreset":
      keep({ presets: [...kept.presets, { name: `Sizes ${kept.presets.length + 1}`, problem: message.problem }] });
      send({ type: "presets", presets: kept.presets });
      break;
    case "wants":
      send({ type: "elsewhere", variant: "another", waits: message.wants });
      break;
    case "reload":
      location.reload();
      break;
    case "selected":
      keepInputs({ variant: message.variant });
      break;
    case "comparing":
      if (message.past !== null) past(message.document, message.past);
      break;
    case "result":
      results.set(`${message.result.variant} ${message.result.engine}`, message.result);
      remember(joined(remembered(), { results: [message.result], sweeps: [] }));
      break;
    case "forgetRun":
      for (const [row, result] of results) if (result.run === message.run) results.delete(row);
      break;
    case "swept":
      remember(joined(remembered(), { results: message.results, sweeps: [message.sweep] }));
      break;
    case "forgetSweep":
      remember(withoutSweep(remembered(), message.id));
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
    keep({ text: next });
    show(null);
  },
  send,
  theme,
};
theme(themeName);
