// What the extension costs the editor, against its bars: `npm run bench:editor`. The size of the package; in a real VS Code
// how long activation takes, how soon the panel has something on the screen, and what typing costs: the same keys in turn
// in three windows, one with the extension, one without, and one with an extension that has nothing but as many lenses.
// Exits with 1 where a bar is missed.
//
// Activation is from asking for the extension to its answer, in a window at rest: compiling, loading and calling what
// package.json names, and VS Code's own reading of what the extension has stored. The rest of the extension is loaded in
// the turn after; the time until it has started stands beside.
//
// A key is measured in three ways, each against the same key in the window which VS Code alone answers:
//   in the key      processor time of the host's thread from the change of the text until the thread is free again. All
//                   that listens to the change runs in it: it is what stands between a key and the other extensions.
//   until the next  all processor time of that thread until the next key: besides, what is put off until the thread is
//                   free or typing pauses (lowering, masks' figures, lenses, diagnostics, lints, and VS Code's sending of
//                   these). Long enough passes for all of it, so each key pays for everything once.
//   to the screen   from the key's event to the frame after the text has changed. VS Code lays lenses out anew at each key,
//                   whoever gives them; what is left of it against the third window is the extension's own.
// Processor time of one thread, so what else the machine does is not in it. Keys are pressed in turn, the first window
// being another one every second key, and only when all windows have been left in peace.
//
// The file has 200 lines: a model's, with four mods and a pair, more than the two or three that files out of public
// repositories have on average; with --mods one of nothing but mods, 29 of them with 90 lenses, which VS Code lays out anew
// at each key.
//   npm run bench:editor [-- --keys N] [--mods]
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { DRIVER, IN_WEB_WORKER, panel, ROOT, startBrowser, startServer } from "../e2e/harness.mjs";
import { packageExtension } from "../run/package.mjs";
import { judge, median, pairedShift, quantile } from "./figures.mjs";

const { values } = parseArgs({ options: { keys: { type: "string", default: "200" }, mods: { type: "boolean", default: false } } });
const KEYS = Number(values.keys);
/** After a key: its lenses are asked for within a quarter of a second, its lints come after a third. */
const PAUSE_MS = 600;
const LOADS = 5;
/** Our own bar on all that a key leads to: work that typing does not wait for. */
const UNTIL_NEXT_MS = 5;
const PROBE = join(DRIVER, "probe.js");

/** 200 lines: mods as people write them, captures, a composition, and code that is none of ours. `isMods`: mostly mods. */
function fileOf200Lines(isMods) {
  const head = ["import torch", "from torch.nn.attention.flex_attention import and_masks, create_block_mask, flex_attention", ""];
  head.push("# flexlens: B=1, H=4, Q_LEN=4096, KV_LEN=4096, D=64", "", "WINDOW = 51", "docs = torch.arange(4096) // 512", "");
  const mod = (i) =>
    [
      [`def window_${i}(b, h, q_idx, kv_idx):`, `    near = q_idx - kv_idx < WINDOW + ${i}`, "    return (q_idx >= kv_idx) & near"],
      [
        `def documents_${i}(b, h, q_idx, kv_idx):`,
        `    same = docs[q_idx] == docs[kv_idx]`,
        `    return same & (q_idx - kv_idx > -${i + 1})`,
      ],
      [
        `def bias_${i}(score, b, h, q_idx, kv_idx):`,
        `    slope = 2.0 ** (-(h + ${i + 1}) / 2)`,
        "    return score + slope * (kv_idx - q_idx)",
      ],
      [`def layer_${i}(x):`, `    y = torch.nn.functional.silu(x) * ${i}`, "    return y + x"],
    ][isMods || i < 5 ? i % 4 : 3];
  const lines = [...head];
  for (let i = 0; lines.length < 195; i++) lines.push(...mod(i), "", "");
  lines.length = 196;
  return [...lines, "", "both = and_masks(window_0, documents_1)", "block_mask = create_block_mask(both, 1, 4, 4096, 4096)", ""].join("\n");
}

/** Writes an extension that gives the lines that hold these texts the three lenses of a mod, and does nothing else. */
function lensesAlone(folder, texts) {
  mkdirSync(folder);
  const manifest = { name: "lenses-alone", publisher: "flexlens", version: "0.0.1", engines: { vscode: "^1.100.0" }, main: "./main.js" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest, activationEvents: ["onLanguage:python"] }));
  const provide = (vscode, starts) => (document) =>
    Array.from({ length: document.lineCount }, (_, line) => document.lineAt(line))
      .filter(({ text }) => starts.some((start) => text.startsWith(start)))
      .flatMap(({ range }) =>
        ["Mask · 96.5 % of blocks skipped", "Benchmark", "Kernel"].map(
          (title) => new vscode.CodeLens(range, { title, command: "workbench.action.showCommands" }),
        ),
      );
  const main = `const vscode = require("vscode");
const provide = ${provide};
exports.activate = () => {
  vscode.languages.registerCodeLensProvider({ language: "python" }, { provideCodeLenses: provide(vscode, ${JSON.stringify(texts)}) });
};
`;
  writeFileSync(join(folder, "main.js"), main);
  return folder;
}

/** In the page: for each key, milliseconds until the editor's text on the screen has changed. */
function watchKeys() {
  window.flexlensKeys = [];
  let pressed = null;
  const seen = () => {
    if (pressed === null) return;
    const from = pressed;
    pressed = null;
    requestAnimationFrame(() => window.flexlensKeys.push(performance.now() - from));
  };
  document.addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => (target.nodeType === 1 ? target : target.parentElement)?.closest(".view-lines"))) seen();
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

/** A window of VS Code in a browser of its own, and what its extension host has said. */
async function openWindow(server, folder, extension, file) {
  const browser = await startBrowser();
  const { page } = browser;
  const said = [];
  await page.exposeFunction("codeAutomationLog", () => {}); // the same lines come through the console
  page.on("console", (message) => {
    const found = /\[probe\] (\{.*?\})(?: color:.*)?$/.exec(message.text());
    if (found) said.push(JSON.parse(found[1]));
  });
  const load = async () => {
    const payload = [
      ["extensionDevelopmentPath", server.uri(extension)],
      ["extensionTestsPath", server.uri(PROBE)],
      ...(file === null ? [] : [["openFile", server.uri(file)]]),
    ];
    await page.goto(server.url(folder, payload));
  };
  return { ...browser, page, said, load };
}

async function until(what, ask, timeout = 90_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout / 1000} s`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Milliseconds of activation and until the extension has started, of a fresh window each. */
async function activations(server, folder) {
  const window = await openWindow(server, folder, ROOT, null);
  const active = [];
  const ready = [];
  try {
    for (let i = 0; i < LOADS; i++) {
      window.said.length = 0;
      await window.load();
      const { activationMs, readyMs } = await until("the extension is activated", () => window.said.find((each) => "activationMs" in each));
      if (activationMs === null) throw new Error("the extension was active before it could be timed");
      active.push(activationMs);
      ready.push(readyMs);
    }
  } finally {
    await window.close();
  }
  return { active, ready };
}

/** How many lines of the text on the screen have lenses, once there are some and no more come. */
async function lensLines({ page }) {
  let before = 0;
  return until("the lenses are there", async () => {
    await page.waitForTimeout(1000);
    const now = await page.locator(".codelens-decoration:has(a)").count();
    const isStill = now === before;
    before = now;
    return isStill ? now : null;
  });
}

/** Milliseconds from the panel's page to its first paint with content, and to the mask, each time it is opened. */
async function firstPaints(page) {
  const paints = [];
  const masks = [];
  for (let i = 0; i < LOADS; i++) {
    await page.locator(".codelens-decoration a", { hasText: "blocks skipped" }).first().click({ timeout: 90_000 });
    const view = panel(page);
    await view.getByTestId("mask-canvas").and(view.locator("[data-drawn]")).waitFor({ timeout: 60_000 });
    const found = await view.locator("body").evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
      now: performance.now(),
    }));
    if (found.paint === null) throw new Error("the panel's page has not said when it was painted first");
    paints.push(found.paint);
    masks.push(found.now);
    await page
      .locator(".editor-group-container .tab", { hasText: /Flexlens/ })
      .first()
      .click({ button: "middle" });
    await page.locator("iframe.webview.ready").waitFor({ state: "detached" });
  }
  return { paints, masks };
}

const mostly = ([withIt, without]) => `median ${median(withIt).toFixed(2)} ms with, ${median(without).toFixed(2)} ms without`;

/** The same keys in turn in all windows: by window, milliseconds of the host in the key and until the next, and to the screen. */
async function typeInAll(windows) {
  for (const { page, said } of windows) {
    await until("the host is ready to be heard", () => said.some((each) => "has" in each));
    await page.evaluate(watchKeys);
    await page.locator(".view-line", { hasText: "< WINDOW + 4" }).first().click();
    await page.keyboard.press("End");
  }
  // In the body of a mod: the number is 4, then 42, then 4 again. The first keys warm up.
  const press = async (i) => {
    for (const { page } of i % 4 < 2 ? windows : windows.toReversed()) {
      await page.keyboard.press(i % 2 === 0 ? "2" : "Backspace");
      await page.waitForTimeout(PAUSE_MS);
    }
  };
  for (let i = 0; i < 10; i++) await press(i);
  const heard = (said) => said.flatMap((each) => each.keys ?? []);
  for (const { said } of windows) await until("the host says its times", () => heard(said).length >= 10);
  for (const { page, said } of windows) {
    said.length = 0;
    await page.evaluate(() => {
      window.flexlensKeys.length = 0;
    });
  }
  for (let i = 0; i <= KEYS; i++) await press(i);
  const [inKey, untilNext, screen] = [[], [], []];
  for (const { page, said } of windows) {
    await until("the host says its times", () => heard(said).length >= KEYS + 1);
    const times = heard(said);
    if (times.length !== KEYS + 1) throw new Error(`${times.length} changes were heard of ${KEYS + 1} keys`);
    inKey.push(times.slice(0, KEYS).map(([before, free]) => free - before));
    untilNext.push(times.slice(1).map(([before], i) => before - times[i][0]));
    const keys = await page.evaluate(() => window.flexlensKeys);
    if (keys.length !== KEYS + 1) throw new Error(`${keys.length} keys were seen on the screen of ${KEYS + 1}`);
    screen.push(keys.slice(0, KEYS));
  }
  return { inKey, untilNext, screen };
}

const load = () => `load of the machine ${os.loadavg()[0]?.toFixed(1)} on ${os.cpus().length} cores`;
const beyond = ([withIt, without]) => withIt.map((each, i) => each - without[i]);
const met = [];
/** The bar on the answer; beside it how long the rest of the extension takes to start, in the turn after. */
function judgeActivation(name, { active, ready }) {
  const list = (times) => times.map((ms) => ms.toFixed(0)).join(" ");
  met.push(judge(name, median(active), 50, "ms", `${list(active)}; all of the extension started after ${list(ready)}; ${load()}`));
}

/** A bar on what the extension adds to the median key. */
function judgeAdded(name, both, bar) {
  const added = beyond(both);
  met.push(
    judge(
      `${name}, beyond VS Code's own, median`,
      median(added),
      bar,
      "ms",
      `${mostly(both)}; 90 % within ${quantile(added, 0.9).toFixed(1)} ms`,
    ),
  );
}
/** A bar on the interval of a difference: all of it must lie within. */
function judgeDifference(name, both, bar) {
  const { value, low, high, rounds } = pairedShift(beyond(both));
  const ok = low >= -bar && high <= bar;
  console.log(
    `${name}: ${mostly(both)}; difference ${value.toFixed(2)} ms (Hodges-Lehmann), ` +
      `95 % interval ${low.toFixed(2)} to ${high.toFixed(2)} over ${rounds} pairs, bar ±${bar} ms: ${ok ? "met" : "missed"}`,
  );
  met.push(ok);
}

const vsix = packageExtension();
met.push(judge("package", statSync(vsix).size / 1e6, 1, "MB"));
await esbuild.build({
  absWorkingDir: ROOT,
  entryPoints: ["test/e2e/suite/probe.ts"],
  outfile: PROBE,
  bundle: true,
  platform: "browser",
  format: "cjs",
  external: ["vscode"],
});
const folder = mkdtempSync(join(tmpdir(), "flexlens-editor-"));
const file = join(folder, "typed.py");
writeFileSync(file, fileOf200Lines(values.mods));
const webServer = await startServer({ settings: IN_WEB_WORKER });
try {
  judgeActivation("activation in the web worker host", await activations(webServer, folder));
} finally {
  await webServer.stop();
}
// VS Code's server looks for open ports every second or two, in the host's thread and at greater cost than a key.
const server = await startServer({ settings: { "remote.autoForwardPorts": false, "remote.autoForwardPortsSource": "output" } });
const windows = [];
try {
  judgeActivation("activation in Node", await activations(server, folder));
  const alone = lensesAlone(join(folder, "lenses-alone"), ["def window_", "def documents_", "def bias_", "both = "]);
  for (const extension of [ROOT, DRIVER, alone]) {
    const window = await openWindow(server, folder, extension, file);
    windows.push(window);
    await window.load();
    await window.page.locator(".view-line", { hasText: "< WINDOW + 4" }).first().waitFor({ timeout: 60_000 });
  }
  const [own, control] = [await lensLines(windows[0]), await lensLines(windows[2])];
  if (own !== control) throw new Error(`${own} lines have lenses, and ${control} where there is nothing but lenses`);
  const { inKey, untilNext, screen } = await typeInAll(windows);
  judgeAdded("extension host's thread in the key", inKey, 2);
  judgeDifference("extension host's thread in the key", inKey, 2);
  judgeAdded("extension host's thread until the next key", untilNext, UNTIL_NEXT_MS);
  judgeDifference("from key to screen", screen, 2);
  judgeDifference(`from key to screen, against nothing but ${own} lines of lenses`, [screen[0], screen[2]], 2);
  // Last: a window whose panel was opened and closed again is not the other window with the extension added.
  const { paints, masks } = await firstPaints(windows[0].page);
  met.push(judge("panel's first paint", median(paints), 500, "ms", `the mask within ${median(masks).toFixed(0)} ms; ${load()}`));
  console.log(`\n${met.filter(Boolean).length} of ${met.length} bars of the editor met (${load()})`);
  process.exitCode = met.every(Boolean) ? 0 : 1;
} finally {
  for (const window of windows) await window.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
