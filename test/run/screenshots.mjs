// Pictures of every view of the panel from the running program, dark and light, for docs/screenshots: `npm run screenshots`
// ends with it. Times on them are real ones, of the machine that takes them.
//   node test/run/screenshots.mjs [STATE…]        such as `why`; default: all of test/e2e/panelStates.mjs that are pictured
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { startBrowser } from "../e2e/harness.mjs";
import { panelHand } from "../e2e/panelHand.mjs";
import { STATES } from "../e2e/panelStates.mjs";
import { ROOT } from "./dawn.mjs";
import { servePanel } from "./panel.mjs";

const FOLDER = join(ROOT, "docs/screenshots");
const MOST = 300_000;

const pictured = STATES.filter((state) => "picture" in state);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((id) => !pictured.some((state) => state.id === id));
if (unknown.length > 0) {
  console.error(`There are no pictures of \`${unknown.join(" ")}\`; there are: ${pictured.map(({ id }) => id).join(" ")}`);
  process.exit(2);
}
mkdirSync(FOLDER, { recursive: true });
const server = await servePanel(0, { once: true });
const browser = await startBrowser({ deviceScaleFactor: 1.5 });
try {
  const { page } = browser;
  const panel = panelHand(server, page, "screenshots");
  for (const { id, open, goesOn = false, steps = [], picture } of pictured) {
    if (wanted.length > 0 && !wanted.includes(id)) continue;
    const { width = 860, height = 844, themes = ["dark", "light"] } = picture;
    if (goesOn) await page.setViewportSize({ width, height });
    else await panel.open({ ...open, width, height });
    try {
      for (const step of steps) await step(panel);
    } catch (error) {
      // The other pictures are taken all the same.
      console.log(`FAIL ${id}: ${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
      continue;
    }
    for (const theme of themes) {
      await panel.theme(theme);
      await page.mouse.move(1, 1);
      await page.waitForTimeout(500); // what is made at rest
      const path = join(FOLDER, `${id}-${theme}.png`);
      await page.screenshot({ path, animations: "disabled" });
      const { size } = statSync(path);
      console.log(`docs/screenshots/${id}-${theme}.png: ${Math.round(size / 1000)} kB`);
      if (size > MOST) {
        console.log(`FAIL ${path} has ${Math.round(size / 1000)} kB: ${MOST / 1000} are enough`);
        process.exitCode = 1;
      }
    }
  }
} finally {
  await browser.close();
  server.close();
}
