// The structure report and the ways out of the panel, on its page without VS Code: what the report says is compared with
// figures that are computed here cell by cell, what is saved is read back and compared with the mask, by none of the
// program's code.
//   node test/e2e/report.mjs
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { servePanel } from "../run/panel.mjs";
import { conclude, log, runSteps, SHOTS, startBrowser } from "./harness.mjs";

const LENGTH = 2048;
const WINDOW = 100;
const TEXT = (length) => `
# flexlens: Q_LEN=${length}, KV_LEN=${length}
def near(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < ${WINDOW})
`;
const allowed = (q, kv) => q >= kv && q - kv < WINDOW;

/** Blocks of each row of the grid with an allowed cell, by looking at every cell near the diagonal. */
function blocksOfRows(size) {
  return Array.from({ length: LENGTH / size }, (_, row) => {
    const seen = new Set();
    for (let q = row * size; q < (row + 1) * size; q++)
      for (let kv = Math.max(0, q - WINDOW - 2); kv <= q + 1; kv++) if (allowed(q, kv)) seen.add(Math.floor(kv / size));
    return seen.size;
  });
}
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const allAllowed = () => {
  let n = 0;
  for (let q = 0; q < LENGTH; q++) n += Math.min(q + 1, WINDOW);
  return n;
};
/** As the panel writes them: narrow spaces. */
const plain = (text) => text.replaceAll("\u202f", " ").replaceAll("−", "-");

const server = await servePanel();
const browser = await startBrowser({ viewport: { width: 1200, height: 1000 } });
const { page } = browser;
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => {
  if (message.type() === "error") complaints.push(message.text());
});
mkdirSync(SHOTS, { recursive: true });
const shoot = (name) => page.screenshot({ path: join(SHOTS, `report-${name.replaceAll(/\W+/g, "-").slice(0, 40)}.png`) });
const at = (id) => page.getByTestId(id);

function same(what, got, want) {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
}
function contains(what, text, part) {
  if (!text.includes(part)) throw new Error(`${what}: \`${text}\` lacks \`${part}\``);
}

const edit = async (length) => {
  await page.evaluate((text) => window.flexlensDev.edit(text), TEXT(length));
  await page.waitForFunction((n) => document.querySelector('[data-testid="mask-canvas"]')?.dataset.qLen === String(n), length);
};
const complete = () => page.locator('[data-testid="report"][data-complete="true"]').waitFor({ timeout: 60_000 });

/** The table of a part of the report, a list of cells a row. */
const rowsOf = (id) =>
  at(id)
    .locator("tbody tr")
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)))
    .then((rows) => rows.map((row) => row.map(plain)));

/** Presses a way out and gives what the panel hands to the host for it. */
async function saved(id, type = "saveFile") {
  const before = await page.evaluate(() => window.flexlensDev.posted.length);
  if (!(await at(id).isVisible())) await at("export").click();
  await at(id).click();
  await page.waitForFunction(([n, kind]) => window.flexlensDev.posted.slice(n).some((m) => m.type === kind), [before, type]);
  return page.evaluate(([n, kind]) => window.flexlensDev.posted.slice(n).find((m) => m.type === kind), [before, type]);
}
const bytesOf = (message) => Buffer.from(message.base64, "base64");
/** First query and key in view, and the ends. */
async function inView() {
  const { view, scaleY, width, height } = await at("mask-canvas").evaluate((e) => ({ ...e.dataset, width: e.width, height: e.height }));
  const [x, y, scaleX] = view.split(",").map(Number);
  const end = (from, pixels, scale) => Math.min(LENGTH, Math.ceil(from + pixels / scale - 1e-6));
  return { q0: Math.floor(y), q1: end(y, height, Number(scaleY)), k0: Math.floor(x), k1: end(x, width, scaleX) };
}

const steps = [
  [
    "the report is made when it is opened, and tells what every cell says",
    async () => {
      await page.goto(`http://localhost:${server.address().port}/#dark`);
      await page.locator("body[data-ready]").waitFor();
      await edit(LENGTH);
      if (await at("report").isVisible()) throw new Error("the report is there before it is asked for");
      await at("report-toggle").click();
      await complete();
      const rows = blocksOfRows(128);
      const text = plain(await at("report-rows").textContent());
      contains("blocks per row", text, `${Math.min(...rows)} to ${Math.max(...rows)} blocks a row`);
      const label = plain(await at("report-sizes").getByRole("img").getAttribute("aria-label"));
      for (const size of [16, 32, 64, 128, 256]) {
        const waste = 1 - allAllowed() / (sum(blocksOfRows(size)) * size * size);
        contains("waste", label, `${(100 * waste).toFixed(0)} % in blocks of ${size}`);
      }
      log(text, label);
    },
  ],
  [
    "charts are tables on demand",
    async () => {
      await at("report-table").click();
      const counts = new Map();
      for (const n of blocksOfRows(128)) counts.set(n, (counts.get(n) ?? 0) + 1);
      same(
        "histogram",
        await rowsOf("report-rows"),
        [...counts].sort(([a], [b]) => a - b).map(([n, rows]) => [String(n), String(rows)]),
      );
      same(
        "sizes",
        (await rowsOf("report-sizes")).map(([size, full, partial]) => [
          size,
          Number(full.replaceAll(" ", "")) + Number(partial.replaceAll(" ", "")),
        ]),
        [16, 32, 64, 128, 256].map((size) => [String(size), sum(blocksOfRows(size))]),
      );
      await at("report-table").click();
    },
  ],
  [
    "the work of 4 ranks is that of their rows",
    async () => {
      const field = at("ranks").locator("input");
      await field.fill("65");
      await field.press("Enter");
      await page.locator('[data-testid="ranks"][aria-invalid="true"]').waitFor();
      await field.fill("4");
      await field.press("Enter");
      const rows = blocksOfRows(128);
      const ranks = [0, 1, 2, 3].map((r) => sum(rows.slice(4 * r, 4 * r + 4)));
      const above = (loads) => `+${(100 * ((Math.max(...loads) * loads.length) / sum(loads) - 1)).toFixed(0)} %`;
      const zigzag = [0, 1, 2, 3].map((r) => sum(rows.slice(2 * r, 2 * r + 2)) + sum(rows.slice(14 - 2 * r, 16 - 2 * r)));
      await page.waitForFunction(
        (text) => document.querySelector('[data-testid="report-ranks"] tbody td')?.textContent?.replaceAll("\u202f", " ") === text,
        above(ranks),
      );
      await complete();
      const table = await rowsOf("report-ranks");
      same(
        "ranks",
        table.map(([name, blocks]) => [name, name === "striped" ? "" : blocks]),
        [
          ["contiguous", above(ranks)],
          ["striped", ""],
          ["zig-zag", above(zigzag)],
        ],
      );
    },
  ],
  [
    "a better block size is tried by a click",
    async () => {
      const [, size] = /Try (\d+)/.exec(await at("report-try").textContent());
      await at("report-try").click();
      await page.waitForFunction((n) => document.querySelector('[data-testid="problem-blockSize"]')?.value === n, size);
      await complete();
      if (await at("report-try").isVisible()) throw new Error("another size is better than the best");
      contains("advice", await at("report-sizes").textContent(), `Blocks of ${size} stay`);
    },
  ],
  [
    "an edit that is taken back at once leaves the report as it was",
    async () => {
      const before = await at("report-rows").textContent();
      await page.evaluate((text) => window.flexlensDev.edit(text), TEXT(LENGTH).replace(`< ${WINDOW}`, "< 500"));
      await page.locator('[data-testid="report"][data-complete="false"]').waitFor();
      await page.evaluate((text) => window.flexlensDev.edit(text), TEXT(LENGTH));
      await complete();
      same("report", await at("report-rows").textContent(), before);
    },
  ],
  [
    "the choice beside the sizes changes what tensors are stored as, and back",
    async () => {
      const choice = at("problem-storage");
      for (const [key, storage] of [
        ["ArrowDown", "f16"],
        ["ArrowUp", "f32"],
      ]) {
        await choice.focus();
        await page.keyboard.press(key);
        await page.waitForFunction((name) => document.querySelector('[data-testid="problem-storage"]')?.value === name, storage);
        const told = await page.evaluate(
          () => window.flexlensDev.posted.findLast((message) => message.type === "problem")?.problem.storage,
        );
        same("what the host is told", told, storage);
      }
      await complete();
    },
  ],
  [
    "the whole plane and the view come out as they are",
    async () => {
      const whole = bytesOf(await saved("export-whole-npy"));
      const header = whole.subarray(0, 128).toString("latin1");
      contains("header", header, `'descr': '|b1', 'fortran_order': False, 'shape': (${LENGTH}, ${LENGTH})`);
      for (let i = 0; i < LENGTH * LENGTH; i++) {
        if ((whole[128 + i] === 1) !== allowed(Math.floor(i / LENGTH), i % LENGTH)) throw new Error(`cell ${i} of the array is wrong`);
      }
      const { x, y, width, height } = await at("mask-canvas").boundingBox();
      await page.mouse.move(x + width * 0.5, y + height * 0.5);
      for (let i = 0; i < 12; i++) await page.mouse.wheel(0, -120);
      await page.waitForTimeout(600);
      const r = await inView();
      if (r.q1 - r.q0 > 1000) throw new Error(`the view has not come nearer: ${JSON.stringify(r)}`);
      const runs = JSON.parse(bytesOf(await saved("export-view-json")).toString());
      same(
        "place",
        [runs.q, runs.kv],
        [
          [r.q0, r.q1],
          [r.k0, r.k1],
        ],
      );
      for (const [i, line] of runs.runs.entries()) {
        const q = r.q0 + i;
        const want = [Math.max(r.k0, q - WINDOW + 1), Math.min(r.k1, q + 1)];
        same(`runs of ${q}`, line, want[0] < want[1] ? want : []);
      }
      const image = decode(bytesOf(await saved("export-view-png")));
      const scale = image.width / (r.k1 - r.k0);
      let seen = 0;
      const colours = new Map();
      for (let py = 0; py < image.height; py += 3) {
        for (let px = 0; px < image.width; px += 3) {
          const is = allowed(r.q0 + Math.floor((py + 0.5) / scale), r.k0 + Math.floor((px + 0.5) / scale));
          const colour = [...image.data.subarray(4 * (py * image.width + px), 4 * (py * image.width + px) + 3)].join();
          colours.set(colour, (colours.get(colour) ?? new Set()).add(is));
          seen++;
        }
      }
      if ([...colours.values()].some((kinds) => kinds.size > 1)) throw new Error("one colour stands for allowed and for masked cells");
      log(`${seen} pixels in ${colours.size} colours`);
      contains(
        "SVG",
        bytesOf(await saved("export-view-svg")).toString(),
        `<title>near: ${r.q1 - r.q0} × ${r.k1 - r.k0} cells from (${r.q0}, ${r.k0})</title>`,
      );
      const lines = bytesOf(await saved("export-view-txt"))
        .toString()
        .trimEnd()
        .split("\n")
        .slice(1);
      const line = (q) => Array.from({ length: r.k1 - r.k0 }, (_, i) => (allowed(q, r.k0 + i) ? "█" : "·")).join("");
      same(
        "text",
        lines,
        lines.map((_, i) => line(r.q0 + i)),
      );
      same("lines", lines.length, r.q1 - r.q0);
      contains("copied text", (await saved("export-text", "copy")).text, "near: 2048 × 2048");
      same("PyTorch", (await saved("export-python", "copyPython")).variant, "near");
    },
  ],
  [
    "what is too much is refused in words, and typing goes on while a report of a million tokens is made",
    async () => {
      await edit(1_048_576);
      const began = Date.now();
      await page.evaluate((text) => window.flexlensDev.edit(text), TEXT(1_048_576).replace(`< ${WINDOW}`, "< 3333"));
      await page.waitForFunction(() => document.querySelector('[data-testid="report"]')?.dataset.complete === "false");
      await edit(65_536);
      log(`two edits drawn in ${Date.now() - began} ms while the report was made`);
      await complete();
      await edit(1_048_576);
      await at("export").click();
      await at("export-whole-npy").click();
      await page.waitForFunction(() =>
        /go into an array; take a smaller rectangle/.test(document.querySelector('[data-testid="export-status"]')?.textContent ?? ""),
      );
      same("complaints", complaints, []);
    },
  ],
];

try {
  conclude(await runSteps(steps, shoot));
} finally {
  await browser.close();
  server.close();
}
