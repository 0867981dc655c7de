// How long after an edit the picture of the mask is there, in a real VS Code: a window's constant is typed at 16,384
// tokens, and the time is taken by `Date.now()`, from the document's event in the extension host to the drawn canvas in
// the panel. Our own delay, the messages between the processes and reading the text in both are all in it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { panel, ROOT, startBrowser, startServer } from "../e2e/harness.mjs";
import { quantile } from "./figures.mjs";

const LENGTH = 16_384;
const TEXT = `# flexlens: Q_LEN=${LENGTH}, KV_LEN=${LENGTH}, H=1

WINDOW = 51


def sliding_window(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < WINDOW)
`;

/** Presses `keys` at `pause` milliseconds each; gives the times from edit to picture of the measures that came. */
async function typed(page, view, keys, pause) {
  const from = await measures(view).then((all) => all.length);
  for (const key of keys) {
    await page.keyboard.press(key);
    await page.waitForTimeout(pause);
  }
  await page.waitForTimeout(1000);
  return (await measures(view)).slice(from);
}

const measures = (view) =>
  view
    .locator("body")
    .evaluate(() =>
      performance
        .getEntriesByName("flexlens:edit-to-picture")
        .map(({ duration, detail }) => ({ ms: duration, onTheWay: detail.receivedAt - detail.editedAt })),
    );

/**
 * Runs it; `{ slow, fast }`, for keys that come one by one, and for keys in a burst: of each picture the milliseconds
 * since its edit, and how many of them had passed when the panel heard of it.
 */
export async function measureTyping({ edits = 30, say = console.log } = {}) {
  const { status } = spawnSync(process.execPath, [join(ROOT, "esbuild.mjs"), "extension", "webview"], { stdio: "inherit" });
  if (status !== 0) throw new Error("the extension was not built; its errors stand above");
  const folder = mkdtempSync(join(tmpdir(), "flexlens-typing-"));
  writeFileSync(join(folder, "typed.py"), TEXT);
  const server = await startServer();
  const browser = await startBrowser();
  const { page } = browser;
  try {
    const payload = [
      ["extensionDevelopmentPath", server.uri(ROOT)],
      ["openFile", server.uri(join(folder, "typed.py"))],
    ];
    await page.goto(server.url(folder, payload));
    const lens = page.locator(".codelens-decoration a", { hasText: "blocks skipped" }).first();
    await lens.click({ timeout: 90_000 });
    const view = panel(page);
    const canvas = view.getByTestId("mask-canvas");
    await canvas.waitFor({ timeout: 60_000 });
    await page.locator(".view-line", { hasText: "WINDOW = " }).first().click();
    await page.keyboard.press("End");
    // The window is 51, then 512, then 51 again.
    const keys = Array.from({ length: edits }, (_, i) => (i % 2 === 0 ? "2" : "Backspace"));
    await typed(page, view, keys.slice(0, 6), 400);
    const slow = await typed(page, view, keys, 400);
    const fast = await typed(page, view, keys, 20);
    const { qLen } = await canvas.evaluate((element) => ({ ...element.dataset }));
    if (Number(qLen) !== LENGTH) throw new Error(`the panel shows ${qLen} tokens instead of ${LENGTH}`);
    if (slow.length < edits * 0.9) throw new Error(`${slow.length} pictures for ${edits} edits`);
    const parts = slow.map(({ ms, onTheWay }) => `${ms}(${onTheWay})`).join(" ");
    say(`typing: ${slow.length} edits one by one, ms (until the panel heard of it): ${parts}`);
    say(`typing: ${fast.length} pictures of ${edits} edits in a burst: ${fast.map(({ ms, onTheWay }) => `${ms}(${onTheWay})`).join(" ")}`);
    return { slow, fast };
  } finally {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1]?.endsWith("maskTyping.mjs")) {
  const { slow, fast } = Object.fromEntries(Object.entries(await measureTyping()).map(([name, all]) => [name, all.map(({ ms }) => ms)]));
  console.log({ median: quantile(slow, 0.5), p90: quantile(slow, 0.9), burstMedian: quantile(fast, 0.5), burstWorst: quantile(fast, 1) });
}
