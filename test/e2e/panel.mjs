// The panel's page alone, without VS Code: webview/dev.ts plays the host, one Chromium runs the steps of every file of
// test/e2e/panel, each file on a page that it opens itself. A step that fails leaves out the rest of its own file alone.
//   node test/e2e/panel.mjs [FILE…]        such as `looks`; default: all
// A file exports `steps`, pairs of a sentence and a body that takes the hand `panel` (panelHand.mjs).
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { servePanel } from "../run/panel.mjs";
import { conclude, log, ROOT, runSteps, SHOTS, startBrowser } from "./harness.mjs";
import { panelHand } from "./panelHand.mjs";

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

const server = await servePanel(0, { once: true });
const browser = await startBrowser({ viewport: { width: 1200, height: 900 } });
mkdirSync(SHOTS, { recursive: true });

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
    const panel = panelHand(server, page, file);
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
