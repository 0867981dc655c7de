// The editor's surfaces in VS Code: the package installed, a copy of the examples as the workspace. Runs the steps of every
// file of test/e2e/editor, one file after the other in one window; a step that fails leaves out the rest of its own file
// alone, and is tried once more in a new window, browser and workspace, after the files that were run before it: VS Code has
// races of its own, and what a file leaves behind must be found again. The second time counts; `npm test` lists both.
//   node test/e2e/editor.mjs [--dev] [--light] [--narrow] [FILE…]        such as `surfaces`; default: all
// --dev: the working tree instead. The window is dark and wide; --light, --narrow: a light theme, half of the width.
// A file exports `steps`, pairs of a sentence and a body that takes the hands `vs` (workbench.mjs, and what is below). It
// opens what it needs itself, and leaves no text unsaved and no setting changed.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conclude, EXTENSION, log, ROOT, runSteps, SHOTS, scratchExamples, startBrowser, startServer } from "./harness.mjs";
import { NARROW, WIDE } from "./looks.mjs";
import { SLOW, workbenchOf } from "./workbench.mjs";

const FOLDER = join(ROOT, "test/e2e/editor");
const known = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".mjs"))
  .map((name) => name.slice(0, -".mjs".length))
  .sort();
const words = process.argv.slice(2);
const dev = words.includes("--dev");
const settings = { "workbench.colorTheme": words.includes("--light") ? "Default Light Modern" : "Default Dark Modern" };
const size = words.includes("--narrow") ? NARROW : WIDE;
const wanted = words.filter((word) => !word.startsWith("-"));
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There are no steps \`${unknown.join(" ")}\`; there are: ${known.join(" ")}`);
  process.exit(2);
}

mkdirSync(SHOTS, { recursive: true });
const server = await startServer(dev ? { settings } : { settings, vsix: join(ROOT, "dist/flexlens.vsix") });
const development = dev ? [["extensionDevelopmentPath", server.uri(ROOT)]] : [];

/** A window in a browser of its own, whose workspace is a fresh copy of the examples. */
async function openWindow() {
  const examples = scratchExamples();
  const browser = await startBrowser();
  const { page } = browser;
  const hands = workbenchOf(page);
  const complaints = [];
  page.on("pageerror", (error) => {
    // VS Code's own, of the page around a webview that is taken away while it loads.
    if (!/Found unexpected null/.test(String(error))) complaints.push(String(error));
  });
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && (text.includes(EXTENSION) || /Content Security Policy|Refused to/.test(text))) complaints.push(text);
  });
  const requests = [];
  page.on("request", (request) => requests.push(request));

  /** What was asked of other places than the server, but for what VS Code's service worker answers within the browser. */
  async function elsewhere() {
    const far = requests.filter((each) => /^(?:https?|wss?):/.test(each.url()) && new URL(each.url()).host !== server.authority);
    const answered = await Promise.all(far.map(async (each) => (await each.response())?.fromServiceWorker() === true));
    return far.filter((_, i) => !answered[i]).map((each) => each.url());
  }

  /** Loads the window: the folder open, or a workspace file in it; no editor but those of before. */
  async function load(workspace = null) {
    const url = server.url(examples.folder, development);
    const file = workspace === null ? null : encodeURIComponent(join(examples.folder, workspace));
    const listed = page.locator(".explorer-folders-view .monaco-list-row").first();
    // VS Code now and then opens a workspace file as one without folders, where it reads it before the server is there.
    for (let left = 2; ; left--) {
      await page.goto(file === null ? url : url.replace(/folder=[^&]*/, `workspace=${file}`));
      await page.locator('.activitybar .action-label[aria-label^="Explorer"]').waitFor(SLOW);
      // What was closed before stays closed.
      if (!(await page.locator(".explorer-folders-view").isVisible())) await page.keyboard.press("Control+Shift+e");
      const fault = await listed.waitFor(left > 0 ? { timeout: 20_000 } : SLOW).catch((error) => error);
      if (fault === undefined) return;
      if (left === 0) throw fault;
      log("the window has no folders; once more");
    }
  }

  return {
    complaints,
    page,
    load,
    /** The hands of a file's steps. */
    handsOf: (file) => ({
      ...hands,
      browser,
      server,
      /** Opens a file by its name. Where the window is narrow the side bar makes room for it, as for everyone. */
      async openFile(name) {
        await hands.openFile(name);
        if (size === NARROW) await hands.closeSideBar();
      },
      load,
      elsewhere,
      log,
      /** The window's own size. */
      size,
      /** Folder of the workspace on this machine. */
      folder: examples.folder,
      pathOf: (name) => join(examples.folder, name),
      write: (name, text) => writeFileSync(join(examples.folder, name), text),
      read: (name) => readFileSync(join(examples.folder, name), "utf8"),
      same(what, got, want) {
        if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
      },
      /** Keeps a picture of the window among the test's own. */
      shoot: (name) => page.screenshot({ path: join(SHOTS, `editor-${file}-${name.replaceAll(/\W+/g, "-").slice(0, 40)}.png`) }),
    }),
    /** Leaves the window as it was loaded: no editor, no panel, the Explorer in front. False where it does not. */
    async isTidied() {
      await hands.command("View: Close All Editors");
      const discard = page.locator(".monaco-dialog-box .monaco-button", { hasText: "Don't Save" }).first();
      try {
        await hands.until(
          "the editors are closed",
          async () => {
            if (await discard.isVisible()) await discard.click();
            return (await page.locator(".editor-group-container .tab").count()) === 0;
          },
          Boolean,
          10_000,
        );
        await page.keyboard.press("Control+Shift+e");
        return true;
      } catch {
        return false;
      }
    },
    async close() {
      await browser.close();
      examples.remove();
    },
  };
}

/** Runs a file's steps in the window that is open, or in a new one; gives their count. A window that they break is closed. */
async function run(file) {
  const { steps } = await import(`./editor/${file}.mjs`);
  const isNew = opened === null;
  opened ??= await openWindow();
  const vs = opened.handsOf(file);
  await opened.page.setViewportSize(size);
  if (isNew) await opened.load();
  opened.complaints.length = 0;
  const bodies = [
    ...steps.map(([name, body]) => [name, () => body(vs)]),
    ["no page complained", () => vs.same("complaints", opened.complaints, [])],
  ];
  const count = await runSteps(
    bodies.map(([name, body]) => [`${file}: ${name}`, body]),
    vs.shoot,
    vs.sight,
  );
  done.push(file);
  if (count.fail > 0 || !(await opened.isTidied())) {
    await opened.close();
    opened = null;
    done = [];
  }
  return count;
}

const total = { pass: 0, fail: 0, skip: 0 };
let opened = null;
/** The files whose steps were run in the window that is open. */
let done = [];
try {
  for (const file of wanted.length > 0 ? wanted : known) {
    const began = Date.now();
    const before = [...done];
    let count = await run(file);
    if (count.fail > 0) {
      log(`${[...before, file].join(", ")}: once more, in a new window; what failed above stays in the list of failures`);
      for (const earlier of before) await run(earlier);
      count = await run(file);
    }
    total.pass += count.pass;
    total.fail += count.fail;
    log(`${file}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
  }
  conclude(total);
  if (process.exitCode !== 0) console.log(server.output().slice(-1500));
} finally {
  await opened?.close();
  await server.stop();
}
