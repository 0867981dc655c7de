// The Benchmark tab in the window: a sweep that is cancelled, cut off by a reload and covered by another tab, and ends with
// every point measured once; its charts; two runs compared; tables copied; results as a file, out and in; savings.
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { faultsOf, NARROW, takeOwnLooks, takeTheme, WIDE } from "../looks.mjs";

const SLOW = { timeout: 60_000 };
const TEXT = `# flexlens: B=1, H=1, Q_LEN=64, KV_LEN=64, D=16
def close_by(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < 16)
`;
const LINE = "def close_by";
const VALUES = [32, 64, 96, 128];
/** A GPU that somebody else has. */
const OTHERS = "acme gpu of others";

const THEMES = [
  { name: "Default Light Modern", kind: "vscode-light" },
  { name: "Default Dark Modern", kind: "vscode-dark" },
];

/** The panel writes narrow spaces. */
const plain = (text) => text.replaceAll("\u202f", " ");
const at = (vs, id) => vs.panel.getByTestId(id);
const wordsOf = async (vs, id) => plain(await at(vs, id).textContent());
const times = (vs) => at(vs, "sweep-time").locator("td.time").allTextContents();
/** Waits until so many rows of the sweep have times; gives them. */
const timesFrom = (vs, least) =>
  vs.until(
    `${least} rows have times`,
    () => times(vs),
    (rows) => rows.length >= least,
    20_000,
  );

/** Types into a field of the panel, and leaves it. */
async function type(vs, id, text) {
  const input = at(vs, id).locator("input");
  await vs.until(`${id} takes its text`, async () => {
    await input.fill(text);
    await vs.page.waitForTimeout(50);
    return (await input.inputValue()) === text;
  });
  await input.press("Enter");
}

/** What a click on an element of the panel puts on the clipboard. */
async function copied(vs, id) {
  const clipboard = () => vs.page.evaluate(() => navigator.clipboard.readText());
  await vs.page.evaluate(() => navigator.clipboard.writeText("nothing yet"));
  await at(vs, id).click();
  return vs.until("the clipboard", clipboard, (text) => text !== "nothing yet");
}

/** Answers VS Code's question for a file. */
async function chooseFile(vs, path) {
  const input = vs.page.locator(".quick-input-widget input").first();
  // Asked first where there are results of several files.
  const all = vs.page.locator(".quick-input-list .monaco-list-row", { hasText: "All files" });
  await vs.until("the question for a file", async () => {
    if (await all.isVisible()) await all.click();
    // Hidden, it has its words of the last time.
    return (await input.isVisible()) && (await input.inputValue()).startsWith(dirname(path));
  });
  // It looks the folder up first, and then puts its own words there.
  await vs.until("the answer is taken", async () => {
    if (!(await input.isVisible())) return true;
    await input.fill(path);
    await vs.page.waitForTimeout(300);
    await vs.page.keyboard.press("Enter");
    await vs.page.waitForTimeout(300);
    return false;
  });
}

export const steps = [
  [
    "a sweep says how far it is, and when it is cancelled keeps what it has measured",
    async (vs) => {
      vs.write("close_by.py", TEXT);
      await vs.openFile("close_by.py");
      await vs.clickLens(LINE, /^Benchmark$/, 60_000);
      await vs.lensReads(LINE, /checked/, 60_000);
      await vs.command("Flexlens: Sweep…");
      await type(vs, "sweep-values-first", VALUES.join(", "));
      await type(vs, "sweep-seconds", "0.1");
      await vs.until(
        "what there is to measure",
        () => wordsOf(vs, "sweep-count"),
        (text) => text.startsWith("4 points × 2 kernels = 8 measurements"),
      );
      await at(vs, "sweep-start").click();
      await vs.until(
        "how far it is",
        () => wordsOf(vs, "bench-progress"),
        (text) => /^[1-9] of 8 · S = \d+, .*left/.test(text),
      );
      await at(vs, "bench-cancel").click();
      await at(vs, "sweep-resume").waitFor(SLOW);
      const left = await at(vs, "sweep-left").count();
      if (left === 0 || left === 4 || (await times(vs)).length !== 2 * (4 - left)) throw new Error(`${left} points are left`);
    },
  ],
  [
    "a window that is reloaded in the middle of a sweep has every point of before",
    async (vs) => {
      const before = await times(vs);
      await at(vs, "sweep-resume").click();
      await timesFrom(vs, before.length + 2);
      await vs.page.waitForTimeout(500); // to the host, and into its file
      await vs.page.reload();
      await at(vs, "sweep-resume").waitFor(SLOW);
      const after = await timesFrom(vs, before.length + 2);
      vs.same("rows of before", after.slice(0, before.length), before);
    },
  ],
  [
    "behind another tab a sweep pauses and says so; in front again it goes on to its end, and says the drift",
    async (vs) => {
      await vs.page.locator(".tab", { hasText: "Flexlens: close_by" }).click();
      await vs.openFile("causal.py");
      await vs.page.locator(".tab.active", { hasText: "causal.py" }).waitFor(SLOW);
      const before = await times(vs);
      await at(vs, "sweep-resume").dispatchEvent("click");
      await vs.until(
        "it is paused",
        () => wordsOf(vs, "bench-progress"),
        (text) => text.startsWith(`Paused at ${before.length} of 8: the panel is hidden`),
      );
      vs.same("rows while nobody sees them", await times(vs), before);
      await vs.page.locator(".tab", { hasText: "Flexlens: close_by" }).click();
      await at(vs, "sweep-drift").waitFor(SLOW);
      vs.same("rows of before", (await times(vs)).slice(0, before.length), before);
      vs.same("how it stands", (await wordsOf(vs, "sweep-stand")).split(" · ")[0], "all 8 measured");
      await vs.page.locator(".tab", { hasText: "causal.py" }).click({ button: "middle" });
    },
  ],
  [
    "its charts have a point for each time, and say from where on the kernel is faster",
    async (vs) => {
      const chart = at(vs, "chart-time");
      await at(vs, "chart-time-table").click();
      vs.same("times", await chart.locator("tbody tr").count(), 2 * VALUES.length);
      await at(vs, "chart-time-table").click();
      for (const length of ["32", "64", "128"]) await chart.locator("svg text", { hasText: length }).first().waitFor(SLOW);
      const told = await wordsOf(vs, "chart-speed-up-readout");
      if (!/^\w+ is (?:faster (?:from|up to|at every) S|slower at every S|as fast at S)/.test(told)) throw new Error(told);
      vs.same("what is heard", plain(await at(vs, "chart-speed-up").locator("svg").getAttribute("aria-label")), told);
    },
  ],
  [
    "tables go to the clipboard as CSV and as Markdown, the device's name in each row",
    async (vs) => {
      await vs.browser.context.grantPermissions(["clipboard-read", "clipboard-write"]);
      for (const [id, rows] of [
        ["sweep", 2 * VALUES.length],
        ["bench", 2],
      ]) {
        const csv = (await copied(vs, `${id}-csv`)).trim().split("\r\n");
        vs.same(`rows of the CSV of ${id}`, csv.length, 1 + rows);
        if (!csv.slice(1).every((row) => row.includes("swiftshader"))) throw new Error(csv.join("\n"));
        const markdown = (await copied(vs, `${id}-markdown`)).split("\n").filter((line) => line.startsWith("|"));
        vs.same(`rows of the Markdown of ${id}`, markdown.length, 2 + rows);
      }
    },
  ],
  [
    "a second run is compared with the first, with a test",
    async (vs) => {
      const before = await at(vs, "past-run").count();
      await at(vs, "bench-run").click();
      await vs.until(
        "one more run",
        () => at(vs, "past-run").count(),
        (runs) => runs === before + 1,
        60_000,
      );
      const verdict = await at(vs, "compared-materialized").getAttribute("data-verdict", SLOW);
      if (!["same", "small", "slower", "faster"].includes(verdict)) throw new Error(`the verdict is ${verdict}`);
    },
  ],
  [
    "savings need a GPU's times: of memory alone they speak before, and of money only with a price",
    async (vs) => {
      if (!(await wordsOf(vs, "savings")).includes("software adapter, and nobody trains on one"))
        throw new Error(await wordsOf(vs, "savings"));
      await at(vs, "bench-export").click();
      await chooseFile(vs, vs.pathOf("own.json"));
      await vs.until("the file", () => existsSync(vs.pathOf("own.json")) && vs.read("own.json").endsWith("}\n"));
      // The last run, as if a GPU that somebody else has had measured it, in round numbers.
      const file = JSON.parse(vs.read("own.json"));
      const [document] = file.documents.filter(({ path }) => path === "close_by.py");
      const last = document.results.at(-1).run;
      const foreign = document.results
        .filter(({ run }) => run === last)
        .map((each) => {
          const medianMs = each.engine === "materialized" ? 5 : 2;
          const measuredAt = Date.now();
          const device = { ...each.device, name: OTHERS, software: false };
          return { ...each, medianMs, measuredAt, device, interval: [medianMs - 0.1, medianMs + 0.1], baselineMs: 5 };
        });
      vs.write("theirs.json", JSON.stringify({ ...file, documents: [{ path: "close_by.py", results: foreign, sweeps: [] }] }));
      await at(vs, "bench-import").click();
      await chooseFile(vs, vs.pathOf("theirs.json"));
      await at(vs, "past-run").filter({ hasText: OTHERS }).waitFor(SLOW);
      vs.same("hours", Number(await at(vs, "savings-time").getAttribute("data-hours", SLOW)), (3 * 1e6) / 3.6e6);
      if (/money (?:saved|lost)/i.test(await wordsOf(vs, "savings"))) throw new Error("money without a price");
      await type(vs, "savings-steps", "2000000");
      await type(vs, "savings-price", "3");
      await vs.until(
        "the money",
        () => wordsOf(vs, "savings"),
        (text) => /Money saved5\.00 1\.67 h × 3 an hour/.test(text),
      );
    },
  ],
  [
    "each run of before is one line of the history, with its device, where the panel has half of the window",
    async (vs) => {
      await vs.closeSideBar();
      const runs = at(vs, "past-run");
      await runs.first().scrollIntoViewIfNeeded();
      await vs.shoot("runs");
      const heights = await runs.evaluateAll((all) => all.map((each) => each.getBoundingClientRect().height));
      if (heights.some((height) => height > 30)) throw new Error(`rows of ${heights.join(", ")} px`);
    },
  ],
  ...THEMES.map((theme) => [
    `${theme.name}: nothing of all this is cut off, covered or serious to axe-core, wide and narrow`,
    async (vs) => {
      await takeTheme(vs, theme);
      const faults = [];
      for (const size of [WIDE, NARROW]) {
        await vs.page.setViewportSize(size);
        faults.push(...(await faultsOf(vs, ["tab-benchmark"], true)).map((fault) => `${size.width} px, ${fault}`));
        await vs.shoot(`${theme.kind} ${size.width}`);
      }
      if (faults.length > 0) throw new Error(faults.join("\n"));
    },
  ]),
  [
    "bfloat16 is refused for speed, in words, and offered for the study of its error",
    async (vs) => {
      await takeOwnLooks(vs);
      const storage = at(vs, "problem-storage");
      const toggle = at(vs, "problem-toggle");
      // The panel takes its new width a moment after the window.
      await vs.until("the sizes are open", async () => {
        if (!(await storage.isVisible()) && (await toggle.isVisible())) await toggle.click({ timeout: 1000 }).catch(() => {});
        return storage.isVisible();
      });
      await storage.focus();
      for (let i = 0; i < 2; i++) await vs.page.keyboard.press("ArrowDown");
      vs.same("stored as", await storage.evaluate((dropdown) => dropdown.value), "bf16");
      const refusal = at(vs, "study-refusal");
      await refusal.waitFor(SLOW);
      if (!(await refusal.textContent()).includes("WebGPU has no bfloat16")) throw new Error(await refusal.textContent());
      vs.same("ways to run it", await at(vs, "bench-run").count(), 0);
      await at(vs, "study-run").click();
      await at(vs, "study-bf16").waitFor(SLOW);
      await refusal.getByText("Take float32").click();
      await at(vs, "bench-run").waitFor(SLOW);
    },
  ],
];
