// What a frame costs while a mask of a million tokens is panned and zoomed by hand in the panel: our own script and draw
// time from the browser's trace of the page's main thread, and the interval between frames beside that of an empty
// canvas of the same size, cleared once a frame, in the same browser and the same run, in turns.
import { chromium } from "playwright-core";
import { CHROMIUM_ARGS, needChromium } from "../run/chromium.mjs";
import { servePanel } from "../run/panel.mjs";
import { quantile } from "./figures.mjs";

const LENGTH = 2 ** 20;
const HEAD = `# flexlens: Q_LEN=${LENGTH}, KV_LEN=${LENGTH}, H=1\n\nimport torch\n\n`;
const mask = (lines, body) => `${HEAD}${lines}\n\ndef shown(b, h, q_idx, kv_idx):\n    return ${body}\n`;

/** The masks looked at, as Python. */
export const MASKS = {
  "sliding window": mask("WINDOW = 4096", "(q_idx >= kv_idx) & (q_idx - kv_idx < WINDOW)"),
  documents: mask(
    `torch.manual_seed(3)\nids = torch.cumsum((torch.rand(${LENGTH}) < 1 / 1024).to(torch.int64), 0)`,
    "(q_idx >= kv_idx) & (ids[q_idx] == ids[kv_idx])",
  ),
  "prefix-LM": mask("PREFIX = 300_000", "(q_idx >= kv_idx) | (kv_idx < PREFIX)"),
};

/** What a hand does: zooms in at a point of the diagonal, drags about at each step, and zooms out again. */
const STEPS = [
  ...Array.from({ length: 5 }, () => [
    ["wheel", -240, 10],
    ["drag", 6, 12],
  ]).flat(),
  ["wheel", 240, 50],
];

/** The canvas alone: nothing of ours runs but one call a frame that clears it. */
const EMPTY = `<!doctype html><style>body{margin:0;background:#1f1f1f}</style><canvas></canvas><script>
const canvas = document.querySelector("canvas");
addEventListener("wheel", (event) => event.preventDefault(), { passive: false });
self.size = (width, height) => { canvas.width = width; canvas.height = height; };
const ctx = canvas.getContext("2d", { alpha: false });
requestAnimationFrame(function clear() { ctx.fillRect(0, 0, canvas.width, canvas.height); requestAnimationFrame(clear); });
</script>`;

/** Plays the steps at a point of the page, one input event after the other as the browser takes them. */
async function play(page, { x, y }) {
  await page.mouse.move(x, y);
  for (const [kind, amount, count] of STEPS) {
    if (kind === "wheel") {
      for (let i = 0; i < count; i++) await page.mouse.wheel(0, amount / 2);
    } else {
      await page.mouse.down();
      for (let i = 1; i <= count; i++) await page.mouse.move(x - i * amount, y - i * amount);
      await page.mouse.up();
      await page.mouse.move(x, y);
    }
  }
}

/**
 * Intervals between the frames of the page while `body` runs. Each frame leaves a mark on the timeline, which says
 * whether the mask's canvas was painted since the last one.
 */
async function intervals(page, body) {
  await page.evaluate(() => {
    const canvas = document.querySelector('[data-testid="mask-canvas"]');
    const shown = () => `${canvas?.dataset.view} ${canvas?.dataset.drawn}`;
    let before = shown();
    self.frameTimes = [];
    self.frameLoop = requestAnimationFrame(function tick(now) {
      self.frameTimes.push(now);
      const painted = shown() !== before || canvas?.dataset.complete === "false";
      performance.mark(painted ? "bench:painted" : "bench:idle");
      before = shown();
      self.frameLoop = requestAnimationFrame(tick);
    });
  });
  await body();
  return page.evaluate(() => {
    cancelAnimationFrame(self.frameLoop);
    return self.frameTimes.slice(1).map((at, i) => at - self.frameTimes[i]);
  });
}

/** What the page's own code is in the trace: everything that runs script, whoever called it. */
const SCRIPT = new Set(["EventDispatch", "FireAnimationFrame", "FunctionCall", "TimerFire", "RunMicrotasks", "FireIdleCallback"]);

/**
 * Script from mark to mark, for the frames in which the mask was painted, from the events of a trace: milliseconds of
 * the thread's own clock, which stands still while other programs have the core, and of the wall's.
 */
export function scriptOfFrames(events) {
  const isMark = ({ name }) => name === "bench:idle" || name === "bench:painted";
  const mark = events.find(isMark);
  const mine = events.filter(({ pid, tid }) => pid === mark?.pid && tid === mark?.tid).sort((a, b) => a.ts - b.ts);
  const frames = [];
  let spent = { cpu: 0, wall: 0 };
  let until = Number.NEGATIVE_INFINITY;
  for (const event of mine) {
    if (isMark(event)) {
      if (event.name === "bench:painted") frames.push(spent);
      spent = { cpu: 0, wall: 0 };
    } else if (SCRIPT.has(event.name) && event.dur !== undefined && event.ts >= until) {
      // What lies within another of these is counted with it.
      until = event.ts + event.dur;
      spent.cpu += (event.tdur ?? event.dur) / 1000;
      spent.wall += event.dur / 1000;
    }
  }
  return frames;
}

/** The trace of the main threads while `body` runs. */
async function traced(browser, page, body) {
  await browser.startTracing(page, { categories: ["devtools.timeline", "blink.user_timing"], screenshots: false });
  await body();
  return JSON.parse((await browser.stopTracing()).toString()).traceEvents;
}

/** Opens the dev page with a text, and waits until its mask is drawn. */
async function openPanel(browser, port, text) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  await page.goto(`http://127.0.0.1:${port}/#dark,causal.py`);
  await page.locator("body[data-ready]").waitFor();
  const asked = Date.now();
  await page.evaluate((source) => self.flexlensDev.edit(source), text);
  const canvas = page.locator(`[data-testid="mask-canvas"][data-variant="shown"][data-q-len="${LENGTH}"]`);
  await canvas.waitFor({ timeout: 60_000 });
  return { page, canvas, shownMs: Date.now() - asked };
}

const ms = (numbers, p) => quantile(numbers, p).toFixed(1);

function words({ script, ours, empty }) {
  const cpu = script.map((frame) => frame.cpu);
  const wall = script.map((frame) => frame.wall);
  return [
    `${script.length} frames painted`,
    `script of one ${ms(cpu, 0.5)} ms median, ${ms(cpu, 1)} ms worst (by the wall's clock ${ms(wall, 0.5)} and ${ms(wall, 1)})`,
    `from frame to frame ${ms(ours, 0.5)} ms median, ${ms(ours, 0.95)} ms at 95 %; an empty canvas ${ms(empty, 0.5)} and ${ms(empty, 0.95)}`,
  ].join("; ");
}

/** Runs it; by mask: script time of each frame, and intervals of ours and of the empty canvas, in milliseconds. */
export async function measureFrames({ rounds = 2, masks = Object.keys(MASKS), say = console.log } = {}) {
  const server = await servePanel();
  const { port } = server.address();
  const browser = await chromium.launch({ executablePath: needChromium(), args: CHROMIUM_ARGS });
  const found = {};
  try {
    for (const name of masks) {
      const { page, canvas, shownMs } = await openPanel(browser, port, MASKS[name]);
      const box = await canvas.boundingBox();
      const at = { x: box.x + box.width * 0.6, y: box.y + box.height * 0.6 };
      const empty = await browser.newPage({ viewport: { width: 1200, height: 900 } });
      await empty.setContent(EMPTY);
      await empty.evaluate(([width, height]) => self.size(width, height), [Math.round(box.width), Math.round(box.height)]);
      const result = { script: [], ours: [], empty: [], shownMs };
      for (let round = 0; round < rounds; round++) {
        await empty.bringToFront();
        result.empty.push(...(await intervals(empty, () => play(empty, at))));
        await page.bringToFront();
        result.ours.push(...(await intervals(page, () => play(page, at))));
        // The trace slows the page a little: it is a round of its own.
        result.script.push(...scriptOfFrames(await traced(browser, page, () => intervals(page, () => play(page, at)))));
      }
      found[name] = result;
      say(`${name}: shown ${shownMs} ms after its text; ${words(result)}`);
      await empty.close();
      await page.close();
    }
    return found;
  } finally {
    await browser.close();
    server.close();
  }
}

if (process.argv[1]?.endsWith("maskFrames.mjs"))
  await measureFrames({ masks: process.argv.length > 2 ? process.argv.slice(2) : undefined });
