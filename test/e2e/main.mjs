// What a user does, with a user's hands, in a real VS Code: open an example, read the lens, look at the mask, measure, edit,
// make mistakes, reload. What is seen is compared with a mask computed here cell by cell, by none of the program's code.
//   node test/e2e/main.mjs [--dev] [--screenshots]
//   --dev: the working tree as development extension, instead of the package. --screenshots: renew docs/screenshots.
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conclude, EXTENSION, log, ROOT, runSteps, SHOTS, scratchExamples, startBrowser, startServer } from "./harness.mjs";
import { SLOW, workbenchOf } from "./workbench.mjs";

const FILE = "causal_sliding_window.py";
const LENGTH = 1024;
const BLOCK = 128;
const WINDOW = 256;
const EDITED = 64;

const dev = process.argv.includes("--dev");
const renew = process.argv.includes("--screenshots");

/** Products of ids in no order: only looking at every cell tells which are allowed, and that takes longer than an edit may. */
const SCATTERED = `# flexlens: Q_LEN=8192, KV_LEN=8192, H=1

import torch

ids = torch.arange(8192) * 40503 % 65521 % 5003


def scattered(b, h, q_idx, kv_idx):
    return ids[q_idx] * ids[kv_idx] % 65521 == 17
`;

/** `causal_sliding_window` of the example, in plain words. */
const allowed = (window) => (q, kv) => q >= kv && q - kv < window;

/** How many cells it allows. */
const countOf = (window) => window * LENGTH - (window * (window - 1)) / 2;

/** State of each block and the share of empty ones, by looking at every cell. */
function blocksOf(isAllowed) {
  const side = LENGTH / BLOCK;
  const states = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      let count = 0;
      for (let q = row * BLOCK; q < (row + 1) * BLOCK; q++) {
        for (let kv = column * BLOCK; kv < (column + 1) * BLOCK; kv++) count += isAllowed(q, kv) ? 1 : 0;
      }
      states.push(count === 0 ? "empty" : count === BLOCK * BLOCK ? "full" : "partial");
    }
  }
  return {
    of: (q, kv) => states[Math.floor(q / BLOCK) * side + Math.floor(kv / BLOCK)],
    skipped: states.filter((each) => each === "empty").length / states.length,
  };
}

/** What a cell's pixel shows: the names of the panel's colours. */
function shownAs(blocks, isAllowed, q, kv) {
  const state = blocks.of(q, kv);
  return state === "partial" ? (isAllowed(q, kv) ? "fx-partial" : "fx-partial-off") : `fx-${state}`;
}

/** As the lens writes it, whatever space stands before the sign. */
const skipped = (share) => new RegExp(`${(100 * share).toFixed(1).replace(".", "\\.")}\\s?% of blocks skipped`);

const examples = scratchExamples();
const server = await startServer({
  ...(dev ? {} : { vsix: join(ROOT, "dist/flexlens.vsix") }),
  settings: { "workbench.colorTheme": "Default Dark Modern", "window.autoDetectColorScheme": false },
});
const browser = await startBrowser(renew ? { viewport: { width: 1560, height: 820 }, deviceScaleFactor: 1.25 } : {});
const { page } = browser;
const vs = workbenchOf(page);
const { panel: view, until, command, openFile, drawn } = vs;
const complaints = [];
page.on("console", (message) => {
  if (/Content Security Policy|Refused to|flexlens.*(Error|failed)/i.test(message.text()) && message.type() === "error")
    complaints.push(message.text());
});
page.on("pageerror", (error) => complaints.push(String(error)));

rmSync(SHOTS, { recursive: true, force: true });
mkdirSync(SHOTS, { recursive: true });
let shots = 0;
const shoot = (name) => page.screenshot({ path: join(SHOTS, `${String(++shots).padStart(2, "0")}-${name}.png`) });

/** Renews a picture of the README: of the panel alone, or of the window without its side bar. */
async function picture(name, of) {
  if (!renew) return;
  const path = join(ROOT, `docs/screenshots/${name}.png`);
  mkdirSync(join(ROOT, "docs/screenshots"), { recursive: true });
  await page.waitForTimeout(700); // pointers' hovers and the editor's own animations
  await of.screenshot({ path, animations: "disabled" });
  const kilobytes = Math.round(statSync(path).size / 1000);
  log(`docs/screenshots/${name}.png: ${kilobytes} kB`);
  if (kilobytes > 300) throw new Error(`docs/screenshots/${name}.png has ${kilobytes} kB: 300 are enough`);
}
const panelFrame = page.locator(`iframe.webview.ready[src*="extensionId=${EXTENSION}"]`);

const LENS_LINE = "causal_sliding_window = and_masks";
const lensReads = (pattern, timeout) => vs.lensReads(LENS_LINE, pattern, timeout);
const clickLens = (pattern) => vs.clickLens(LENS_LINE, pattern);

/** Compares the canvas with the mask at every fourth cell whose neighbours look alike: edges may be blended. */
async function comparePixels(window) {
  const isAllowed = allowed(window);
  const blocks = blocksOf(isAllowed);
  const samples = [];
  for (let q = 5; q < LENGTH - 5; q += 4) {
    for (let kv = 5; kv < LENGTH - 5; kv += 4) {
      const here = shownAs(blocks, isAllowed, q, kv);
      const plain = [
        [-5, -5],
        [-5, 5],
        [5, -5],
        [5, 5],
        [0, 0],
        [0, 5],
        [5, 0],
        [-5, 0],
        [0, -5],
      ].every(([dq, dkv]) => shownAs(blocks, isAllowed, q + dq, kv + dkv) === here && blocks.of(q, kv) === blocks.of(q + dq, kv + dkv));
      const sameBlock =
        [q - 5, q + 5].every((each) => Math.floor(each / BLOCK) === Math.floor(q / BLOCK)) &&
        [kv - 5, kv + 5].every((each) => Math.floor(each / BLOCK) === Math.floor(kv / BLOCK));
      if (plain && sameBlock) samples.push({ q, kv, token: here });
    }
  }
  const found = await view.getByTestId("mask-canvas").evaluate((canvas, points) => {
    const probe = document.createElement("i");
    document.body.append(probe);
    const colours = {};
    for (const token of ["fx-full", "fx-partial", "fx-partial-off", "fx-empty"]) {
      probe.style.color = `var(--${token})`;
      colours[token] = getComputedStyle(probe)
        .color.match(/[\d.]+/g)
        .slice(0, 3)
        .map(Number);
    }
    probe.remove();
    const [x, y, scaleX] = canvas.dataset.view.split(",").map(Number);
    const scaleY = Number(canvas.dataset.scaleY);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const wrong = [];
    const seen = {};
    for (const { q, kv, token } of points) {
      const px = Math.floor((kv + 0.5 - x) * scaleX);
      const py = Math.floor((q + 0.5 - y) * scaleY);
      const at = 4 * (py * canvas.width + px);
      const got = [data[at], data[at + 1], data[at + 2]];
      seen[token] = (seen[token] ?? 0) + 1;
      if (colours[token].some((value, i) => Math.abs(value - got[i]) > 4))
        wrong.push({ q, kv, token, px, py, want: colours[token].join(), got: got.join() });
    }
    return { wrong: wrong.slice(0, 5), count: wrong.length, seen, width: canvas.width, view: canvas.dataset.view };
  }, samples);
  log(
    `canvas of ${found.width} px, view ${found.view}: ${samples.length} cells compared ${JSON.stringify(found.seen)}, ${found.count} wrong`,
  );
  if (found.count > 0) throw new Error(`${found.count} of ${samples.length} pixels are wrong, such as ${JSON.stringify(found.wrong)}`);
  for (const token of ["fx-full", "fx-partial", "fx-partial-off", "fx-empty"]) {
    if (!(found.seen[token] > 20) && !(token === "fx-full" && !blocksHave("full", blocks)))
      throw new Error(`only ${found.seen[token] ?? 0} cells of ${token} were compared`);
  }
}
/** Compares once the picture stands: it is drawn anew when the panel beside the editor has got its size. */
async function expectPixels(window) {
  for (const end = Date.now() + 15_000; ; ) {
    try {
      return await comparePixels(window);
    } catch (error) {
      if (Date.now() > end) throw error;
      await page.waitForTimeout(200);
    }
  }
}
const blocksHave = (state, blocks) => {
  for (let q = 0; q < LENGTH; q += BLOCK) for (let kv = 0; kv < LENGTH; kv += BLOCK) if (blocks.of(q, kv) === state) return true;
  return false;
};

/** The checked time of the table, in milliseconds, from the row of the fastest fused kernel. */
async function checkedRow() {
  return view
    .locator('[data-testid^="bench-row-"]')
    .evaluateAll((rows) => rows.map((row) => ({ id: row.dataset.testid, ms: Number(row.dataset.ms), check: row.dataset.check })));
}

/** A picture of a noisy time would be a poor one: runs again, a few times at most. */
async function runUntilQuiet() {
  for (let i = 0; i < 6; i++) {
    await view.getByTestId("bench-run").click();
    await page.waitForTimeout(2000);
    const busy = () => view.getByTestId("bench-run").evaluate((button) => button.hasAttribute("disabled"));
    await until("the run ends", busy, (disabled) => !disabled, 120_000);
    if ((await view.locator('tr.noisy[data-testid^="bench-row-"]').count()) === 0) return;
  }
  log("still noisy after six runs: take the pictures on a quieter machine");
}

const before = blocksOf(allowed(WINDOW));
const after = blocksOf(allowed(EDITED));

const development = dev ? [["extensionDevelopmentPath", server.uri(ROOT)]] : [];

const steps = [
  [
    "an example opens and the lens above the mask says how many blocks it skips",
    async () => {
      await page.goto(server.url(examples.folder, [...development, ["openFile", server.uri(join(examples.folder, FILE))]]));
      await page.locator(".monaco-editor .view-line").first().waitFor(SLOW);
      await lensReads(skipped(before.skipped), 60_000);
      await shoot("lens");
      if (renew) await page.keyboard.press("Control+b");
    },
  ],
  [
    "a click on the Mask lens draws the mask, pixel for pixel the one expected",
    async () => {
      await clickLens(/blocks skipped/);
      await view.locator("body[data-ready]").waitFor(SLOW);
      await until(
        "the canvas shows the variant",
        drawn,
        (now) =>
          now.variant === "causal_sliding_window" && Number(now.qLen) === LENGTH && Number(now.kvLen) === LENGTH && Number(now.drawn) > 0,
      );
      await expectPixels(WINDOW);
      await shoot("mask");
      await picture("mask", panelFrame);
    },
  ],
  [
    "the Kernel lens shows the WGSL",
    async () => {
      await clickLens(/^Kernel$/);
      await view.getByTestId("wgsl-text").waitFor(SLOW);
      const text = await view.getByTestId("wgsl-text").textContent();
      if (!text?.includes("@compute")) throw new Error(`no kernel in ${JSON.stringify(text?.slice(0, 200))}`);
      await shoot("kernel");
    },
  ],
  [
    "the Benchmark lens measures, and the table gets a checked time",
    async () => {
      await clickLens(/^Benchmark$/);
      await until(
        "a fused kernel is measured and checked",
        checkedRow,
        (rows) => rows.some(({ id, ms, check }) => id !== "bench-row-materialized" && ms > 0 && check === "passed"),
        120_000,
      );
      await until("no row is wrong", checkedRow, (rows) => rows.length > 0 && rows.every(({ check }) => check !== "failed"));
      await shoot("benchmark");
      if (renew) await runUntilQuiet();
      await picture("benchmark", panelFrame);
    },
  ],
  [
    "the lens takes the checked time over",
    async () => {
      await lensReads(/[\d.]+\s?(ms|s|µs) · .*checked/, 60_000);
      await shoot("lens-checked");
      if (renew) await view.getByTestId("tab-mask").click();
      await picture("editor", page);
      if (renew) await page.keyboard.press("Control+b");
    },
  ],
  [
    "an edited window changes the lens and the mask, and marks the time as one of before",
    async () => {
      await view.getByTestId("tab-mask").click();
      const { drawn: drawnBefore } = await drawn();
      await page.locator(".view-line", { hasText: "WINDOW = " }).locator("span span", { hasText: /^256$/ }).dblclick();
      await page.keyboard.type(String(EDITED));
      await lensReads(skipped(after.skipped));
      await lensReads(/before the edit/);
      await until("the canvas was drawn again", drawn, (now) => Number(now.drawn) > Number(drawnBefore));
      await page.waitForTimeout(500);
      await expectPixels(EDITED);
      await shoot("edited");
    },
  ],
  [
    "the edit compared with the last save: the cells that it lost are counted, and the first is named",
    async () => {
      await command("Flexlens: Compare with Saved");
      const status = async () => (await view.getByTestId("compare-status").textContent({ timeout: 30_000 })).replaceAll("\u202f", "");
      await until(
        "what is lost",
        status,
        (text) => text === `0 cells gained, ${countOf(WINDOW) - countOf(EDITED)} cells lost since the last save`,
      );
      const first = (await view.getByTestId("first-lost").textContent()).replaceAll("\u202f", "");
      if (first !== `b 0 · h 0 · q ${EDITED} · kv 0`) throw new Error(`the first cell that is lost: ${first}`);
      await shoot("compared");
      await view.getByTestId("compare-toggle").click();
      await view.getByTestId("compare-bar").waitFor({ state: "detached" });
      await page.locator(".view-line", { hasText: "WINDOW = " }).first().click();
    },
  ],
  [
    "the edit undone, the time counts again",
    async () => {
      await page.keyboard.press("Control+z");
      await page.keyboard.press("Control+z");
      await lensReads(skipped(before.skipped));
      await lensReads(/· .*checked/);
    },
  ],
  [
    "a mask that takes long is built in a worker of the panel, under VS Code's own policy",
    async () => {
      const workers = [];
      page.on("worker", (worker) => workers.push(worker.url()));
      writeFileSync(join(examples.folder, "scattered.py"), SCATTERED);
      await openFile("scattered.py");
      await vs.clickLens("def scattered", /^Mask/);
      await until("the canvas shows it", drawn, (now) => now.variant === "scattered" && Number(now.qLen) === 8192, 90_000);
      if (!workers.some((url) => url.startsWith("blob:"))) throw new Error(`no worker was started, but for ${JSON.stringify(workers)}`);
      await shoot("long");
      await openFile(FILE);
      await clickLens(/blocks skipped/);
      await until("the canvas shows the first mask again", drawn, (now) => now.variant === "causal_sliding_window");
    },
  ],
  [
    "mistakes are underlined, each with its words in the Problems view",
    async () => {
      await openFile("mistakes.py");
      await until(
        "squiggles",
        () => page.locator(".squiggly-error").count(),
        (count) => count >= 5,
      );
      await page.keyboard.press("Control+Shift+m");
      await page
        .locator(".markers-panel .monaco-list-row", { hasText: /chained/ })
        .first()
        .waitFor(SLOW);
      await shoot("mistakes");
    },
  ],
  [
    "after a reload of the window the result is still there, in the lens and in the panel",
    async () => {
      // Without `openFile`: where files are to be opened, VS Code restores no editors, the panel among them.
      await page.goto(server.url(examples.folder, development));
      await page.locator(".monaco-editor .view-line").first().waitFor(SLOW);
      await openFile(FILE);
      await lensReads(/· .*checked/, 60_000);
      await view.locator("body[data-ready]").waitFor(SLOW);
      // The panel shows what it showed before, and goes where the cursor goes.
      await page.locator(".view-line", { hasText: LENS_LINE }).first().click();
      let moves = 0;
      await until(
        "the panel follows",
        async () => {
          await page.keyboard.press(moves++ % 2 === 0 ? "End" : "Home");
          await page.waitForTimeout(400);
          return view.getByTestId("variant").evaluate((dropdown) => dropdown.value);
        },
        (name) => name === "causal_sliding_window",
      );
      await view.getByTestId("tab-benchmark").click();
      await until("the table has its rows", checkedRow, (rows) => rows.some(({ ms, check }) => ms > 0 && check === "passed"), 60_000);
      await shoot("reloaded");
    },
  ],
  [
    "nothing popped up, and no page of ours complained",
    async () => {
      const toasts = await vs.toasts();
      if (toasts.length > 0) throw new Error(`pop-ups: ${JSON.stringify(toasts)}`);
      const ours = complaints.filter((text) => text.includes(EXTENSION) || /Content Security Policy|Refused to/.test(text));
      if (ours.length > 0) throw new Error(`complaints: ${JSON.stringify(ours)}`);
    },
  ],
];

try {
  conclude(await runSteps(steps, shoot, vs.sight));
  if (process.exitCode !== 0) console.log(server.output().slice(-1500));
} finally {
  await browser.close();
  await server.stop();
  examples.remove();
}
