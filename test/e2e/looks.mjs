// How the window looks to its user, for the steps of test/e2e/editor: VS Code's themes, wide and narrow, and what is wrong
// with the panel as it stands.
import { existsSync, mkdirSync } from "node:fs";
import { axeFindings, misplacedAtRest } from "./pageChecks.mjs";

const SETTINGS = ".vscode/settings.json";
export const WIDE = { width: 1400, height: 900 };
/** Half of it is the panel's. */
export const NARROW = { width: 760, height: 900 };

/** Writes the workspace's settings; none: as before. */
export function writeSettings(vs, settings = {}) {
  if (!existsSync(vs.pathOf(".vscode"))) mkdirSync(vs.pathOf(".vscode"));
  vs.write(SETTINGS, JSON.stringify(settings));
}

/** Takes a theme of VS Code's own, and waits until the panel has it. kind: what VS Code makes of the page's body then. */
export async function takeTheme(vs, { name, kind }) {
  writeSettings(vs, { "workbench.colorTheme": name });
  await vs.until(
    "the panel's theme",
    () => vs.panel.locator("body").getAttribute("class"),
    (now) => now.split(" ").includes(kind),
    60_000,
  );
}

/** Goes back to the window's own size and theme. */
export async function takeOwnLooks(vs) {
  await vs.page.setViewportSize(vs.size);
  writeSettings(vs);
}

/** Faults of these tabs of the panel, a sentence each; the last of them stays in front. */
export async function faultsOf(vs, tabs, withAxe) {
  // The panel's document, which a reload of it replaces.
  const frame = await (await vs.panel.locator("body").elementHandle()).ownerFrame();
  const faults = [];
  for (const tab of tabs) {
    await vs.panel.getByTestId(tab).click();
    await vs.until(
      "the tab is in front",
      () => vs.panel.getByTestId(tab).getAttribute("aria-selected"),
      (now) => now === "true",
    );
    const found = [...(await misplacedAtRest(frame)), ...(withAxe ? await axeFindings(frame) : [])];
    faults.push(...found.map((fault) => `${tab}: ${fault}`));
  }
  return faults;
}
