// The panel's page alone, without VS Code: webview/dev.ts plays the host, one Chromium runs the steps of every file of
// test/e2e/panel, each file on a page that it opens itself. A step that fails leaves out the rest of its own file alone.
//   node test/e2e/panel.mjs [FILE…]        such as `looks`; default: all
// A file exports `steps`, pairs of a sentence and a body that takes the hand `panel`, described below.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { servePanel } from "../run/panel.mjs";
import { conclude, log, ROOT, runSteps, SHOTS, startBrowser } from "./harness.mjs";

const FOLDER = join(ROOT, "test/e2e/panel");
const known = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".mjs"))
  .map((name) => name.slice(0, -".mjs".length))
  .sort();
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There are no steps \`${unknown.join(" ")}\`; there are: ${known.join(" ")}`);
  process.exit(2);
}

const server = await servePanel();
const browser = await startBrowser({ viewport: { width: 1200, height: 900 } });
mkdirSync(SHOTS, { recursive: true });

/** In the page: nothing is kept, nor will be by what it does while it is left. */
function forget() {
  sessionStorage.clear();
  Storage.prototype.setItem = () => {};
}

/** What a step works with. `page` is playwright's; times out after ten seconds. */
function hand(page, file) {
  page.setDefaultTimeout(10_000);
  let opened = 0;
  const at = (id) => page.getByTestId(id);
  const panel = {
    page,
    /** An element by its `data-testid`. */
    at,
    /**
     * Opens the page anew. theme: dark light hc hc-light; file: an example of the gallery; view: mask benchmark kernel.
     * What the page kept before is forgotten; `page.reload()` remembers it, as VS Code does.
     */
    async open({ theme = "dark", file: example = "causal_sliding_window.py", view = "", width = 1200, height = 900 } = {}) {
      await page.setViewportSize({ width, height });
      if (opened > 0) await page.evaluate(forget);
      // Another query, since an address that differs in its hash alone is not loaded again.
      await page.goto(`http://localhost:${server.address().port}/?${++opened}#${theme},${example},${view}`);
      await page.locator("body[data-ready]").waitFor();
      await page.locator('[data-testid^="tab-"]').first().waitFor();
    },
    /** As if somebody typed: the document's text is now this one. */
    edit: (text) => page.evaluate((next) => window.flexlensDev.edit(next), text),
    theme: (name) => page.evaluate((next) => window.flexlensDev.theme(next), name),
    /** A message from the host. */
    send: (message) => page.evaluate((next) => window.flexlensDev.send(next), message),
    /** What the panel has told the host since the page was loaded, of one type or of all. */
    posted: (type = null) =>
      page.evaluate((only) => window.flexlensDev.posted.filter((message) => only === null || message.type === only), type),
    /** Waits for an answer that is good; throws with the last one where none ever is. */
    async until(what, ask, good = Boolean, timeout = 10_000) {
      const end = Date.now() + timeout;
      for (;;) {
        const answer = await ask();
        if (good(answer)) return answer;
        if (Date.now() > end) throw new Error(`${what}: after ${timeout / 1000} s still ${JSON.stringify(answer)}`);
        await page.waitForTimeout(30);
      }
    },
    same(what, got, want) {
      if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
    },
    /** Keeps a picture of the page among the test's own. */
    shoot: (name) => page.screenshot({ path: join(SHOTS, `panel-${file}-${name.replaceAll(/\W+/g, "-").slice(0, 40)}.png`) }),
    log,
  };
  return panel;
}

const total = { pass: 0, fail: 0, skip: 0 };
try {
  for (const file of wanted.length > 0 ? wanted : known) {
    const { steps } = await import(`./panel/${file}.mjs`);
    const page = await browser.context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    const panel = hand(page, file);
    const quiet = () => panel.same("complaints", complaints, []);
    const began = Date.now();
    const bodies = [...steps.map(([name, body]) => [name, () => body(panel)]), ["the page did not complain", quiet]];
    const { pass, fail } = await runSteps(
      bodies.map(([name, body]) => [`${file}: ${name}`, body]),
      panel.shoot,
    );
    total.pass += pass;
    total.fail += fail;
    log(`${file}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    await page.close();
  }
  conclude(total);
} finally {
  await browser.close();
  server.close();
}
