// The mask view at a million tokens, on the panel's page without VS Code: zoomed from the whole to a single cell with wheel,
// fingers, keys and minimap, its pixels are read back at five levels and compared with a mask computed here cell by cell, by
// none of the program's code.
//   node test/e2e/view.mjs
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { servePanel } from "../run/panel.mjs";
import { conclude, log, runSteps, SHOTS, startBrowser } from "./harness.mjs";

const LENGTH = 1_048_576;
const BLOCK = 128;
const WINDOW = 3000;
const CHUNK = 100_000;
const TEXT = `
import torch
# flexlens: Q_LEN=${LENGTH}, KV_LEN=${LENGTH}, docs=torch.arange(${LENGTH}) // ${CHUNK}
def packed(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < ${WINDOW}) & (docs[q_idx] == docs[kv_idx])
`;
const allowed = (q, kv) => q >= kv && q - kv < WINDOW && Math.floor(q / CHUNK) === Math.floor(kv / CHUNK);

const QUERIES = 1000;
const UNEVEN_SHIFT = 30_000;
const UNEVEN_TEXT = `
# flexlens: B=1, H=2, Q_LEN=${QUERIES}, KV_LEN=65536
def uneven(b, h, q_idx, kv_idx):
    return q_idx + h * ${UNEVEN_SHIFT} >= kv_idx
`;

/** Allowed keys of a query: one run. */
const runOf = (q) => [Math.max(q - WINDOW + 1, Math.floor(q / CHUNK) * CHUNK), q + 1];
const blockStates = new Map();
/** State of a block, by the runs of all of its rows. */
function blockState(row, column) {
  const id = row * 8192 + column;
  if (!blockStates.has(id)) {
    let count = 0;
    for (let q = row * BLOCK; q < (row + 1) * BLOCK; q++) {
      const [from, to] = runOf(q);
      count += Math.max(0, Math.min(to, (column + 1) * BLOCK) - Math.max(from, column * BLOCK));
    }
    blockStates.set(id, count === 0 ? "empty" : count === BLOCK * BLOCK ? "full" : "partial");
  }
  return blockStates.get(id);
}

const server = await servePanel();
const browser = await startBrowser({ viewport: { width: 1100, height: 820 } });
const { page } = browser;
const canvas = page.getByTestId("mask-canvas");
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => {
  if (message.type() === "error") complaints.push(message.text());
});
mkdirSync(SHOTS, { recursive: true });
const shoot = (name) => page.screenshot({ path: join(SHOTS, `view-${name.replaceAll(/\W+/g, "-").slice(0, 40)}.png`) });

const data = () => canvas.evaluate((element) => ({ ...element.dataset, label: element.getAttribute("aria-label") }));
async function viewNow() {
  const now = await data();
  const [x, y, scaleX] = now.view.split(",").map(Number);
  return { x, y, scaleX, scaleY: Number(now.scaleY), detail: now.detail, estimate: now.estimate, label: now.label };
}

/** Waits until the view holds still and every pixel of it is right. */
async function settled() {
  let before = "";
  for (let i = 0; i < 400; i++) {
    const now = await data();
    if (now.complete === "true" && now.view === before) return viewNow();
    before = now.view;
    await page.waitForTimeout(50);
  }
  throw new Error("the picture was not complete within 20 s");
}

/** The canvas's pixels and the four colours of the theme. */
async function pixels() {
  const { width, height, bytes, colours } = await canvas.evaluate((element) => {
    const probe = document.createElement("i");
    document.body.append(probe);
    const read = (token) => {
      probe.style.color = `var(--${token})`;
      return getComputedStyle(probe)
        .color.match(/[\d.]+/g)
        .slice(0, 3)
        .map(Number);
    };
    const found = { full: read("fx-full"), partial: read("fx-partial"), off: read("fx-partial-off"), empty: read("fx-empty") };
    probe.remove();
    const image = element.getContext("2d").getImageData(0, 0, element.width, element.height);
    let text = "";
    for (let i = 0; i < image.data.length; i += 8192) text += String.fromCharCode(...image.data.subarray(i, i + 8192));
    return { width: element.width, height: element.height, bytes: btoa(text), colours: found };
  });
  const image = Buffer.from(bytes, "base64");
  return { width, height, colours, at: (x, y) => [...image.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)] };
}

/** The mean colour of all that lies below a pixel: whole rows of cells by their runs, blocks by their states. */
function meanBelow(colours, view, x, y) {
  const sum = [0, 0, 0];
  let area = 0;
  const q0 = view.y + y / view.scaleY;
  const q1 = Math.min(LENGTH, view.y + (y + 1) / view.scaleY);
  const k0 = view.x + x / view.scaleX;
  const k1 = Math.min(LENGTH, view.x + (x + 1) / view.scaleX);
  const add = (colour, weight) => {
    for (let c = 0; c < 3; c++) sum[c] += weight * colour[c];
    area += weight;
  };
  const overlap = (a0, a1, b0, b1) => Math.max(0, Math.min(a1, b1) - Math.max(a0, b0));
  for (let q = Math.floor(q0); q < Math.ceil(q1); q++) {
    const height = overlap(q, q + 1, q0, q1);
    const [from, to] = runOf(q);
    for (let column = Math.floor(k0 / BLOCK); column * BLOCK < k1; column++) {
      const left = Math.max(k0, column * BLOCK);
      const right = Math.min(k1, (column + 1) * BLOCK);
      const state = blockState(Math.floor(q / BLOCK), column);
      if (state !== "partial") add(colours[state], height * (right - left));
      else {
        const on = overlap(left, right, from, to);
        add(colours.partial, height * on);
        add(colours.off, height * (right - left - on));
      }
    }
  }
  return sum.map((each) => each / area);
}

/** Compares pixels near the band of allowed cells, and some that are far from it. */
async function compare(level, tolerance) {
  const view = await settled();
  const image = await pixels();
  let worst = 0;
  let seen = 0;
  const kinds = new Set();
  const failed = [];
  for (let y = 0; y < image.height; y += Math.max(1, Math.floor(image.height / 90))) {
    const q = view.y + (y + 0.5) / view.scaleY;
    const diagonal = Math.floor((q - view.x) * view.scaleX);
    const start = Math.floor((q - WINDOW - view.x) * view.scaleX);
    const near = [-3, -2, -1, 0, 1, 2, 3].flatMap((d) => [diagonal + d, start + d, Math.floor((diagonal + start) / 2) + d]);
    for (const x of new Set([...near, (y * 37) % image.width, (y * 91) % image.width])) {
      if (x < 0 || x >= image.width) continue;
      const got = image.at(x, y);
      let want;
      if (level === "cells") {
        const cell = { q: Math.floor(q), kv: Math.floor(view.x + (x + 0.5) / view.scaleX) };
        const state = blockState(Math.floor(cell.q / BLOCK), Math.floor(cell.kv / BLOCK));
        const kind = state === "partial" ? (allowed(cell.q, cell.kv) ? "partial" : "off") : state;
        kinds.add(kind);
        want = image.colours[kind];
      } else want = meanBelow(image.colours, view, x, y);
      const off = Math.max(...want.map((v, c) => Math.abs(v - got[c])));
      seen++;
      if (off > tolerance) failed.push({ x, y, want: want.map(Math.round).join(), got: got.join() });
      worst = Math.max(worst, off);
    }
  }
  log(
    `${view.detail}, ${view.scaleX.toPrecision(3)} pixels a cell: ${seen} pixels compared, worst ${worst.toFixed(1)} of 255 ${[...kinds]}`,
  );
  if (view.detail !== level) throw new Error(`the level is \`${view.detail}\`, not \`${level}\``);
  if (view.estimate !== undefined) throw new Error(`it is said to be an estimate: ${view.estimate}`);
  if (seen < 300) throw new Error(`only ${seen} pixels were compared`);
  if (failed.length > 0) throw new Error(`${failed.length} of ${seen} pixels are wrong, such as ${JSON.stringify(failed.slice(0, 4))}`);
  return { view, kinds };
}

function near(what, got, want, tolerance) {
  if (!(Math.abs(got - want) <= tolerance)) throw new Error(`${what}: ${got}, not ${want}`);
}
const box = () => canvas.boundingBox();
/** The wheel over the diagonal, until a scale is reached. */
async function wheelTo(scale) {
  const { x, y, width, height } = await box();
  await page.mouse.move(x + width * 0.5, y + height * 0.5);
  for (let i = 0; i < 200 && (await viewNow()).scaleX < scale; i++) {
    await page.mouse.wheel(0, -120);
    await page.waitForTimeout(20);
  }
}

const steps = [
  [
    "a million tokens are drawn whole, each pixel the mean of all cells below it",
    async () => {
      await page.goto(`http://localhost:${server.address().port}/#dark`);
      await page.locator("body[data-ready]").waitFor();
      await page.waitForFunction(() => document.querySelector('[data-testid="mask-canvas"]'));
      await page.evaluate((text) => window.flexlensDev.edit(text), TEXT);
      await page.waitForFunction((n) => document.querySelector('[data-testid="mask-canvas"]')?.dataset.qLen === String(n), LENGTH);
      await compare("coverage", 12);
      if (await page.getByTestId("minimap").isVisible()) throw new Error("there is a minimap of what is in view as a whole");
    },
  ],
  [
    "the wheel zooms on: coverage, shaded blocks, small cells, single cells",
    async () => {
      await wheelTo(1 / 100);
      await compare("coverage", 12);
      await wheelTo(1 / 12);
      await compare("blocks", 1.5);
      await wheelTo(2);
      const { kinds } = await compare("cells", 0);
      if (!kinds.has("partial") || !kinds.has("off")) throw new Error(`only ${[...kinds]} were compared`);
      await wheelTo(64);
      const { view } = await compare("cells", 0);
      if (view.scaleX !== 64) throw new Error(`a cell has ${view.scaleX} pixels`);
    },
  ],
  [
    "a hand drags cells along by whole pixels, and what comes in is right",
    async () => {
      const before = await viewNow();
      const { x, y } = await box();
      await page.mouse.move(x + 300, y + 300);
      await page.mouse.down();
      for (const [dx, dy] of [
        [40, 25],
        [-190, 130],
        [-33, -71],
      ]) {
        await page.mouse.move(x + 300 + dx, y + 300 + dy, { steps: 4 });
      }
      await page.mouse.up();
      const { view } = await compare("cells", 0);
      near("keys moved", (before.x - view.x) * view.scaleX, -33, 1e-3);
      near("queries moved", (before.y - view.y) * view.scaleY, -71, 1e-3);
    },
  ],
  [
    "two fingers on a touchpad pan, with Control they zoom; two on the screen do both",
    async () => {
      const { x, y } = await box();
      await page.mouse.move(x + 200, y + 200);
      const before = await viewNow();
      await page.mouse.wheel(3, 5);
      await page.mouse.wheel(20, 60);
      let now = await settled();
      near("scale", now.scaleX, before.scaleX, 0);
      near("queries panned", (now.y - before.y) * now.scaleY, 65, 1e-3);
      await page.keyboard.down("Control");
      await page.mouse.wheel(0, 100);
      await page.keyboard.up("Control");
      now = await settled();
      near("zoomed out", before.scaleX / now.scaleX, 4, 1e-6);
      const touch = await page.context().newCDPSession(page);
      const fingers = (type, ...points) =>
        touch.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([px, py], id) => ({ x: x + px, y: y + py, id })) });
      await fingers("touchStart", [200, 200], [300, 300]);
      await fingers("touchMove", [190, 190], [310, 310]);
      await fingers("touchMove", [150, 150], [350, 350]);
      await fingers("touchMove", [180, 130], [380, 330]);
      await fingers("touchEnd");
      const pinched = await settled();
      near("pinched", pinched.scaleX / now.scaleX, 2, 0.05);
      // The middle of the fingers has kept its cell.
      near("key below the fingers", pinched.x + 280 / pinched.scaleX, now.x + 250 / now.scaleX, 2);
      near("query below the fingers", pinched.y + 230 / pinched.scaleY, now.y + 250 / now.scaleY, 2);
      await compare("cells", 0);
    },
  ],
  [
    "keys zoom, pan, go to the ends and show all; what is in view is said",
    async () => {
      await page.mouse.move(2, 2);
      await canvas.focus();
      let before = await settled();
      await page.keyboard.press("-");
      let now = await settled();
      near("zoomed out", before.scaleX / now.scaleX, 2, 1e-9);
      before = now;
      await page.keyboard.press("Control+Shift+ArrowDown");
      now = await settled();
      if (!(now.y > before.y && now.x === before.x)) throw new Error(`panned to ${now.x}, ${now.y}`);
      await page.keyboard.press("Control+End");
      now = await settled();
      if (!now.label.includes(`to ${(LENGTH - 1).toLocaleString("en")}, keys`)) throw new Error(`it says: ${now.label}`);
      await page.keyboard.press("Home");
      now = await settled();
      near("first key", now.x, 0, 0);
      if ((await page.getByTestId("minimap").count()) !== 1) throw new Error("there is no minimap");
      await page.keyboard.press("m");
      await page.getByTestId("minimap").waitFor({ state: "detached" });
      await page.keyboard.press("m");
      await page.keyboard.press("0");
      now = await settled();
      near("all", now.scaleX * LENGTH, (await pixels()).width, 1e-6);
      if (now.label.includes("In view")) throw new Error(`it says: ${now.label}`);
      await page.keyboard.press("Escape");
    },
  ],
  [
    "the minimap shows where the view is, and takes it elsewhere",
    async () => {
      await canvas.focus();
      for (let i = 0; i < 5; i++) await page.keyboard.press("+");
      await settled();
      const map = await page.getByTestId("minimap").boundingBox();
      await page.mouse.move(map.x + map.width * 0.2, map.y + map.height * 0.3);
      await page.mouse.down();
      await page.mouse.move(map.x + map.width * 0.7, map.y + map.height * 0.7, { steps: 3 });
      await page.mouse.up();
      const { view } = await compare("blocks", 1.5);
      const width = (await pixels()).width / view.scaleX;
      near("middle of the view", (view.x + width / 2) / LENGTH, 0.7, 0.01);
      const mark = await page.getByTestId("minimap-view").boundingBox();
      near("middle of the rectangle", (mark.x + mark.width / 2 - map.x) / map.width, 0.7, 0.03);
    },
  ],
  [
    "queries that are fewer than keys are stretched, and each plane has its picture",
    async () => {
      await page.evaluate((text) => window.flexlensDev.edit(text), UNEVEN_TEXT);
      await page.waitForFunction((n) => document.querySelector('[data-testid="mask-canvas"]')?.dataset.qLen === String(n), QUERIES);
      await settled();
      await canvas.focus();
      for (const h of [0, 1]) {
        const view = await settled();
        if (view.scaleY / view.scaleX < 4) throw new Error(`the queries are not stretched: ${view.scaleX}, ${view.scaleY}`);
        const image = await pixels();
        let wrong = 0;
        let seen = 0;
        for (let y = 2; y < image.height; y += 5) {
          const q = Math.floor(view.y + (y + 0.5) / view.scaleY);
          // The run of allowed keys ends at one pixel; left of it all is allowed, right of it nothing is.
          const end = (h * UNEVEN_SHIFT + q + 1 - view.x) * view.scaleX;
          if (end < 4) continue;
          seen++;
          const left = image.at(Math.floor(end) - 3, y).join();
          const right = image.at(Math.min(image.width - 1, Math.ceil(end) + 20), y).join();
          if (![image.colours.full, image.colours.partial].some((each) => each.join() === left)) wrong++;
          if (![image.colours.empty, image.colours.off].some((each) => each.join() === right)) wrong++;
        }
        if (wrong > 0 || seen < 5) throw new Error(`${wrong} pixels of head ${h} are wrong, in ${seen} rows`);
        await page.keyboard.press("h");
        await page.waitForFunction((n) => document.querySelector('[data-testid="mask-canvas"]')?.dataset.head === String(n), 1 - h);
      }
    },
  ],
  [
    "a mask whose blocks reach over the end says PyTorch's sparsity, and what PyTorch's lists cost",
    async () => {
      const [rows, columns] = [Math.ceil(QUERIES / BLOCK), 65_536 / BLOCK];
      let present = 0;
      for (const h of [0, 1])
        for (let row = 0; row < rows; row++) {
          const last = Math.min(QUERIES, (row + 1) * BLOCK) - 1;
          present += Math.min(columns, Math.floor((last + h * UNEVEN_SHIFT) / BLOCK) + 1);
        }
      const percent = 100 * (1 - (present * BLOCK * BLOCK) / (2 * QUERIES * 65_536));
      const said = await page.getByTestId("sparsity-torch").textContent();
      if (said !== `${percent.toFixed(2)}%`) throw new Error(`it says ${said}, not ${percent.toFixed(2)}%`);
      // Counts and indices of int32, for partial and full blocks, by rows and by columns, of two heads.
      const kib = (2 * 2 * 4 * (rows + columns + 2 * rows * columns)) / 1024;
      const lists = await page.getByTestId("cost-lists").textContent();
      if (Math.abs(Number.parseFloat(lists) - kib) > 0.5 || !lists.endsWith("KiB"))
        throw new Error(`the lists cost ${lists}, not ${kib} KiB`);
    },
  ],
  [
    "texts of tokens take their place beside the cells",
    async () => {
      const before = await box();
      await page.getByTestId("tokens-toggle").click();
      await page.getByTestId("tokens-file").setInputFiles({
        name: "tokens.json",
        mimeType: "application/json",
        buffer: Buffer.from(JSON.stringify(["<s>", " the", " cat"])),
      });
      await page.waitForFunction(() => document.querySelector('[data-testid="tokens-toggle"]')?.textContent?.startsWith("3 "));
      const after = await box();
      if (!(after.y > before.y && after.x > before.x)) throw new Error(`the cells have not moved: ${JSON.stringify(after)}`);
    },
  ],
  [
    "the page did not complain",
    async () => {
      if (complaints.length > 0) throw new Error(JSON.stringify(complaints));
    },
  ],
];

try {
  conclude(await runSteps(steps, shoot));
} finally {
  await browser.close();
  server.close();
}
