// Two panels: one pinned to its variant, one that goes where the lens and the cursor ask; each comes back after a reload.
import { EXTENSION } from "../harness.mjs";

const SLOW = { timeout: 60_000 };
/** In a browser VS Code writes what a reload restores (texts, panels, what is in front) every five seconds (BROWSER_DEFAULT_FLUSH_INTERVAL). */
const WRITTEN_MS = 6000;
const FIRST = `# flexlens: B=1, H=1, Q_LEN=256, KV_LEN=256, D=16
def left(b, h, q_idx, kv_idx):
    return q_idx - kv_idx < 32
`;
const SECOND = FIRST.replace("left", "right").replace("<", ">");

const tabs = (vs) => vs.page.locator(".tabs-container .tab", { hasText: "Flexlens" });
const titles = async (vs) => (await tabs(vs).locator(".label-name").allTextContents()).sort();
const tab = (vs, title) => tabs(vs).filter({ hasText: title }).first();

/** Goes to a text that is open. */
const text = (vs, name) => vs.page.locator(`.tabs-container .tab[data-resource-name="${name}"]`).first().click();

/** Clicks a lens when its line has come to rest. */
async function press(vs, line, pattern) {
  await vs.lensReads(line, pattern, 60_000);
  await vs.page.waitForTimeout(500);
  await vs.clickLens(line, pattern);
}

/** The document of the panel that is in front. */
async function front(vs) {
  const frames = vs.page.locator(`iframe.webview.ready[src*="extensionId=${EXTENSION}"]`);
  for (let i = 0; i < (await frames.count()); i++)
    if (await frames.nth(i).isVisible()) return frames.nth(i).contentFrame().frameLocator("#active-frame");
  return null;
}

/** Waits until the panel in front draws this variant. */
const shows = (vs, variant) =>
  vs.until(
    `the panel in front shows ${variant}`,
    async () => {
      const canvas = (await front(vs))?.getByTestId("mask-canvas");
      return canvas === undefined || (await canvas.count()) === 0 ? null : canvas.getAttribute("data-variant");
    },
    (shown) => shown === variant,
    60_000,
  );

export const steps = [
  [
    "a variant opens in a panel of its own, pinned to it; a lens elsewhere shows in the other",
    async (vs) => {
      vs.write("first.py", FIRST);
      vs.write("second.py", SECOND);
      await vs.openFile("first.py");
      await press(vs, "def left", /skipped/);
      await shows(vs, "left");
      await vs.page.locator(".view-line", { hasText: "def left" }).click();
      await vs.command("Flexlens: Open in New Panel");
      await vs.until(
        "two titles",
        () => titles(vs),
        (now) => now.join() === "Flexlens (pinned): left · first.py,Flexlens: left · first.py",
        60_000,
      );
      await vs.openFile("second.py");
      await press(vs, "def right", /skipped/);
      await shows(vs, "right");
      vs.same("titles", await titles(vs), ["Flexlens (pinned): left · first.py", "Flexlens: right · second.py"]);
      await tab(vs, "(pinned)").click();
      await shows(vs, "left");
      await vs.shoot("two");
    },
  ],
  [
    "what one panel measures stands in the other's table too",
    async (vs) => {
      await text(vs, "first.py");
      await press(vs, "def left", /^Benchmark$/);
      await vs.lensReads("def left", /checked/, 60_000);
      await tab(vs, "(pinned)").click();
      const panel = await front(vs);
      await panel.getByTestId("tab-benchmark").click();
      await panel.locator('[data-testid^="bench-row-"][data-check="passed"]').first().waitFor(SLOW);
      await panel.getByTestId("tab-mask").click();
    },
  ],
  [
    "after a reload of the window both are back, the pinned one pinned",
    async (vs) => {
      const before = await titles(vs);
      await vs.page.waitForTimeout(WRITTEN_MS);
      await vs.page.reload();
      await vs.page.locator(".monaco-editor .view-line").first().waitFor(SLOW);
      await tab(vs, "(pinned)").click(SLOW);
      await shows(vs, "left");
      await tab(vs, "Flexlens: ").click();
      await vs.until(
        "the titles of before",
        () => titles(vs),
        (now) => now.join() === before.join(),
        60_000,
      );
    },
  ],
  [
    "a panel that is let go follows the lens again",
    async (vs) => {
      await tab(vs, "Flexlens: ").click({ button: "middle" });
      await tab(vs, "(pinned)").click();
      await (await front(vs)).getByTestId("panel-pin").click();
      await vs.until(
        "one title",
        () => titles(vs),
        (now) => now.join() === "Flexlens: left · first.py",
      );
      await text(vs, "second.py");
      await press(vs, "def right", /skipped/);
      await shows(vs, "right");
      vs.same("titles", await titles(vs), ["Flexlens: right · second.py"]);
    },
  ],
];
