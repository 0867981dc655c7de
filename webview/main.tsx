/** The panel's entry: connects host, store, engine and page, and draws after every change. */
import { render } from "preact";
import { type Act, createAct } from "./act.ts";
import { App } from "./app.tsx";
import { followBuilds } from "./builds.ts";
import { followCompare } from "./compares.ts";
import { registerControls } from "./controls.ts";
import { builtMasks, derive } from "./derive.ts";
import { createEngineRoom } from "./engine.ts";
import { installFunctionMaker, pageNonce } from "./functionMaker.ts";
import { connectHost, onMessage, type Told } from "./host.ts";
import { followKeeping } from "./keeping.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import { restore } from "./saved.ts";
import { followScroll } from "./scroll.ts";
import type { Run } from "./state.ts";
import { createStore } from "./store.ts";
import "./style.css";
import { readTheme, type Theme, watchTheme } from "./theme.ts";
import { watchVisibility } from "./visibility.ts";
import { createLoopMemory } from "./work/loops.ts";
import { blobWorker, createOffThread } from "./work/offThread.ts";
import workerText from "./work/worker.ts?bundled";

/** The measure of the timeline that benchmarks read. */
const EDIT_TO_PICTURE = "flexlens:edit-to-picture";

const loops = createLoopMemory();
installFunctionMaker(pageNonce(), loops);
registerControls();

const host = connectHost();
const warn = (text: string): void => host.post({ type: "log", level: "warn", text });
const offThread = createOffThread({ spawn: blobWorker(workerText), loops, log: warn });
const store = createStore(restore(host.getState(), PROTOCOL_VERSION, derive), derive);
const visibility = watchVisibility();
const engine = createEngineRoom(store, host, visibility);
const act: Act = createAct(store, host, engine);
let theme: Theme = readTheme();

const root = document.querySelector("#app");
if (root === null) throw new Error("the page has no #app");
// What the page said while this script was read.
root.replaceChildren();

const restoreScroll = followScroll(store);

function draw(): void {
  if (root !== null) render(<App state={store.get()} act={act} theme={theme} />, root);
  restoreScroll();
}

/** The edit whose picture is not there yet. */
let edit: { readonly editedAt: number; readonly receivedAt: number } | null = null;
/** Marks on the page's timeline how long after an edit its picture was drawn; host and page have one clock in `Date`. */
function markDrawn(): void {
  if (edit === null || store.get().pending !== null) return;
  const duration = Date.now() - edit.editedAt;
  performance.measure(EDIT_TO_PICTURE, { start: performance.now() - duration, duration, detail: edit });
  edit = null;
}

store.subscribe(() => {
  draw();
  markDrawn();
  if (store.get().view !== "mask") probeOnce();
});
followKeeping(store, host);
followBuilds(store, builtMasks, offThread, warn);
followCompare(store, offThread, warn);
watchTheme(() => {
  theme = readTheme();
  draw();
});

let probed = false;
/** The device is asked for when a view first speaks of it. */
function probeOnce(): void {
  if (probed) return;
  probed = true;
  engine.probe();
}

const sweepOf = (run: Run): string | null => (run.status === "running" ? (run.sweep ?? null) : null);

const ready = (): void => host.post({ type: "ready", version: PROTOCOL_VERSION });

function receive(message: Told): void {
  switch (message.type) {
    case "show":
      if (message.version !== PROTOCOL_VERSION) {
        store.dispatch({ type: "stranger" });
        host.post({ type: "log", level: "error", text: `The panel speaks version ${PROTOCOL_VERSION}, the extension ${message.version}.` });
        return;
      }
      edit = message.editedAt === undefined ? null : { editedAt: message.editedAt, receivedAt: Date.now() };
      store.dispatch({ type: "show", show: message });
      return;
    case "past":
      store.dispatch({ type: "past", text: message });
      return;
    case "compare":
      store.dispatch({ type: "compare", document: message.document, with: message.with });
      return;
    case "layer":
      act.layers({ shown: message.layer });
      return;
    case "run":
      act.chooseView("benchmark");
      engine.run();
      return;
    case "cancel":
      engine.cancel();
      return;
    case "forget":
      // What runs would come after the clearing, without the steps before it.
      if (message.results === undefined && message.document === store.get().show?.document) engine.cancel();
      store.dispatch(message);
      return;
    case "forgetRun":
      store.dispatch(message);
      return;
    case "savings":
      store.dispatch({ type: "told", change: { savings: message.form } });
      return;
    case "history":
      store.dispatch(message);
      return;
    case "swept":
      store.dispatch(message);
      return;
    case "forgetSweep":
      if (sweepOf(store.get().run) === message.id) engine.cancel();
      store.dispatch(message);
      return;
    case "visible":
      visibility.setTab(message.visible);
      return;
    case "planSweep":
      act.chooseView("benchmark");
      if (!store.get().sweepOpen) act.toggle("sweepOpen");
      return;
    case "tunings":
      store.dispatch({ type: "tunings", tuned: message.tuned });
      return;
    case "surroundings":
      store.dispatch({ type: "told", change: { surroundings: message.surroundings } });
      return;
    case "testGpu":
      engine.test();
      return;
    case "cursor":
      store.dispatch({ type: "told", change: { cursor: { document: message.document, offset: message.offset } } });
      return;
    case "follows":
      store.dispatch({ type: "told", change: { follows: message.follows } });
      return;
    case "elsewhere":
      store.dispatch({ type: "told", change: { elsewhere: { variant: message.variant, waits: message.waits } } });
      return;
    case "presets":
      store.dispatch({ type: "told", change: { presets: message.presets } });
      return;
    case "document":
      if (message.document === store.get().show?.document) store.dispatch({ type: "told", change: { documentState: message.state } });
      return;
    case "measured":
      for (const result of message.results) store.dispatch({ type: "measured", document: message.document, result });
      return;
  }
}
// Whoever is ready is told all.
onMessage(receive, ready);

window.addEventListener("error", (event) => host.post({ type: "log", level: "error", text: `panel: ${event.message}` }));
window.addEventListener("unhandledrejection", (event) =>
  host.post({ type: "log", level: "error", text: `panel: ${String(event.reason)}` }),
);

draw();
document.body.dataset["ready"] = "true";
ready();

let compared = "";
/** The host reads a former text for as long as the panel compares with it. */
function tellComparing(): void {
  const { compare } = store.get();
  const past = compare === null || compare.with.kind === "variant" ? null : compare.with.kind;
  const key = compare === null || past === null ? "" : `${past} ${compare.document}`;
  if (key === compared) return;
  compared = key;
  host.post({ type: "comparing", document: compare?.document ?? "", past });
}
store.subscribe(tellComparing);
tellComparing();
