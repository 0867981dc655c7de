// How the extension behaves in a window that is its user's: settings are found, and count at once; it has a log; it fetches
// nothing from elsewhere. And on everyone's machine: Windows' line ends, two GPUs, several folders.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../harness.mjs";
import { writeSettings } from "../looks.mjs";

const SLOW = { timeout: 60_000 };
const TEXT = `# flexlens: B=1, H=1, Q_LEN=256, KV_LEN=256, D=16
def ahead(b, h, q_idx, kv_idx):
    return q_idx <= kv_idx
`;
const LINE = "def ahead";
const { properties } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).contributes.configuration;

/** Asks the settings editor; gives the rows that it shows. */
async function settingsLike(vs, words) {
  await vs.page.locator(".settings-editor .search-container .monaco-editor").click();
  await vs.page.keyboard.press("Control+a");
  await vs.page.keyboard.type(words);
  return vs.page.locator(".settings-editor .setting-item-contents");
}

/** In the page: notes which GPU is asked for. */
function noteRequests() {
  if (!("GPU" in window)) return;
  const { requestAdapter } = GPU.prototype;
  window.askedFor = [];
  GPU.prototype.requestAdapter = function (options) {
    window.askedFor.push(options?.powerPreference ?? "default");
    return requestAdapter.call(this, options);
  };
}

export const steps = [
  [
    "a text with Windows' line ends has its lenses; one that is switched off goes, and comes back",
    async (vs) => {
      vs.write("ahead.py", TEXT.replaceAll("\n", "\r\n"));
      await vs.openFile("ahead.py");
      await vs.lensReads(LINE, /^Kernel$/, 60_000);
      await vs.page.locator(".statusbar-item", { hasText: "CRLF" }).waitFor(SLOW);
      const count = (lenses) =>
        vs.until(
          `${lenses} lenses`,
          () => vs.lensesAbove(LINE),
          (found) => found.length === lenses,
        );
      writeSettings(vs, { "flexlens.codeLens.kernel": false });
      vs.same(
        "lenses",
        (await count(2)).map((each) => each.split(" ")[0]),
        ["Mask", "Benchmark"],
      );
      writeSettings(vs);
      await count(3);
    },
  ],
  [
    "all settings are found in VS Code's editor of settings; the GPU that is preferred there is the one asked for",
    async (vs) => {
      await vs.browser.context.addInitScript(noteRequests);
      const asked = () => vs.panel.locator("body").evaluate(() => window.askedFor);
      await vs.clickLens(LINE, /^Benchmark$/);
      await vs.lensReads(LINE, /checked/, 60_000);
      vs.same("asked for", [...new Set(await asked())], ["high-performance"]);
      await vs.page.locator(".tab", { hasText: "ahead.py" }).first().click();
      await vs.command("Preferences: Open Settings (UI)");
      await settingsLike(vs, "@ext:flexlens.flexlens");
      const found = vs.page.locator(".settings-editor .settings-count-widget");
      await vs.until(
        "the count of settings",
        () => found.textContent(),
        (text) => text.startsWith(`${Object.keys(properties).length} `),
      );
      const rows = await settingsLike(vs, "flexlens.gpu.powerPreference");
      await vs.until(
        "one setting",
        () => rows.count(),
        (n) => n === 1,
      );
      await vs.shoot("settings");
      await rows.locator("select").selectOption("low-power");
      await vs.until("the wish", asked, (all) => all.at(-1) === "low-power");
      await rows.locator("select").selectOption("high-performance");
      await vs.until("the wish of before", asked, (all) => all.at(-1) === "high-performance");
    },
  ],
  [
    "it has a log, and all that the window has fetched came from where the window came from",
    async (vs) => {
      await vs.command("Flexlens: Show Logs");
      // The server's host writes no log files without a native module that npm leaves out: the channel is there, and empty.
      const channel = () => vs.page.locator(".part.panel .action-item select, .part.panel .monaco-select-box").first().inputValue();
      await vs.until("the channel", channel, (name) => name === "Flexlens");
      await vs.page.locator('.part.panel [aria-label^="Hide Panel"]').first().click();
      vs.same("fetched from elsewhere", await vs.elsewhere(), []);
    },
  ],
  [
    "in a workspace of two folders each has its variants, and its own settings",
    async (vs) => {
      const folders = ["left", "right"];
      for (const name of folders) {
        mkdirSync(vs.pathOf(`${name}/.vscode`), { recursive: true });
        vs.write(`${name}/mods.py`, TEXT.replace("ahead", name));
      }
      vs.write("right/.vscode/settings.json", JSON.stringify({ "flexlens.codeLens.kernel": false }));
      vs.write("both.code-workspace", JSON.stringify({ folders: folders.map((path) => ({ path })) }));
      await vs.load("both.code-workspace");
      // The palette lists what is there when it is opened.
      await vs.page.locator('.activitybar .action-label[aria-label^="Flexlens"]').waitFor(SLOW);
      for (const [i, name] of folders.entries()) {
        await vs.command("Flexlens: Go to Variant…");
        await vs.page
          .locator(".quick-input-list .monaco-list-row", { hasText: `${name}/mods.py` })
          .first()
          .waitFor(SLOW);
        await vs.page
          .locator(".quick-input-list .monaco-list-row", { hasText: `${name}/mods.py` })
          .first()
          .click();
        const lenses = await vs.until(
          `lenses of ${name}`,
          () => vs.lensesAbove(`def ${name}`),
          (all) => all.length === 3 - i,
          60_000,
        );
        vs.same(
          "lenses",
          lenses.map((each) => each.split(" ")[0]),
          ["Mask", "Benchmark", "Kernel"].slice(0, 3 - i),
        );
      }
      await vs.load();
    },
  ],
];
