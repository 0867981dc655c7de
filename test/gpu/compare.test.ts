/**
 * Comparing in the panel's page, in a real browser: counts and pixels of an edit against the saved text, two masks side
 * by side under one hand, all heads at once, and what is said where there is nothing to compare.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GALLERY } from "../../kernels/gallery/gallery.ts";

const load = async <T>(path: string): Promise<T> => (await import(new URL(path, import.meta.url).href)) as T;
const { servePanel } = await load<{ servePanel: () => Promise<Server> }>("../run/panel.mjs");
const { needChromium } = await load<{ needChromium: () => string }>("../run/chromium.mjs");

const FILE = "causal_sliding_window.py";
const text = GALLERY.find((e) => e.file === FILE)?.text ?? "";
const LENGTH = 1024;
const SAVED = 256;
const EDITED = 200;

/** The example's mask, in plain words, and how many cells it allows. */
const allowed = (window: number, q: number, kv: number): boolean => q >= kv && q - kv < window;
const countOf = (window: number): number => window * LENGTH - (window * (window - 1)) / 2;

/** The colours of webview/palette.css, dark. */
const COLOURS = { lost: [0xa9, 0x8b, 0xff], gained: [0x9b, 0xd5, 0x3f], both: [0x56, 0x5b, 0x63] } as const;

let server: Server;
let browser: Browser;
let page: Page;
let canvas: Locator;
const faults: string[] = [];

beforeAll(async () => {
  server = await servePanel();
  browser = await chromium.launch({ executablePath: needChromium(), args: ["--no-sandbox"] });
  page = await browser.newPage({ viewport: { width: 1100, height: 844 } });
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/#dark,${FILE}`);
  await page.locator("body[data-ready]").waitFor();
  canvas = page.getByTestId("mask-canvas");
  await canvas.waitFor();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => server?.close(resolve));
});

/** What comes in a moment, on a busy machine too. */
const soon = <T>(ask: () => T) => expect.poll(ask, { timeout: 15_000 });
const edit = (source: string): Promise<unknown> =>
  page.evaluate((s) => (window as unknown as { flexlensDev: { edit(s: string): void } }).flexlensDev.edit(s), source);
const plain = (s: string | null): string => (s ?? "").replaceAll("\u202f", "");
const status = async (): Promise<string> => plain(await page.getByTestId("compare-status").textContent());

async function compareWith(option: string): Promise<void> {
  if ((await page.getByTestId("compare-bar").count()) === 0) await page.getByTestId("compare-toggle").click();
  await page.getByTestId("compare-with").click();
  await page.getByTestId("compare-with").locator("vscode-option", { hasText: option }).click();
}

async function chooseVariant(name: string): Promise<void> {
  await page.getByTestId("variant").click();
  await page.getByTestId("variant").locator("vscode-option", { hasText: name }).click();
  await soon(() => canvas.getAttribute("data-variant")).toBe(name);
}

/** What stands at 41 × 41 places of the canvas: cell and colour. */
async function pixels(): Promise<{ q: number; kv: number; rgb: number[] }[]> {
  return canvas.evaluate((element) => {
    const c = element as HTMLCanvasElement;
    const data = c.getContext("2d")?.getImageData(0, 0, c.width, c.height).data ?? [];
    const [x0 = 0, y0 = 0, scale = 1] = (c.dataset["view"] ?? "").split(",").map(Number);
    return Array.from({ length: 41 * 41 }, (_, i) => {
      const [x, y] = [Math.floor((((i % 41) + 0.5) * c.width) / 41), Math.floor(((Math.floor(i / 41) + 0.5) * c.height) / 41)];
      const at = 4 * (y * c.width + x);
      const rgb = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
      return { q: Math.floor(y0 + (y + 0.5) / scale), kv: Math.floor(x0 + (x + 0.5) / scale), rgb };
    });
  });
}

describe("an edit against the saved text", () => {
  it("is counted exactly, and the first cell that is lost is named", async () => {
    await edit(text.replace(`WINDOW = ${SAVED}`, `WINDOW = ${EDITED}`));
    await compareWith("the last save");
    await soon(status).toBe(`0 cells gained, ${countOf(SAVED) - countOf(EDITED)} cells lost since the last save`);
    expect(plain(await page.getByTestId("cells-lost").textContent())).toBe(`${countOf(SAVED) - countOf(EDITED)} cells`);
    expect(plain(await page.getByTestId("cells-gained").textContent())).toBe("0 cells");
    expect(plain(await page.getByTestId("first-lost").textContent())).toBe(`b 0 · h 0 · q ${EDITED} · kv 0`);
    expect(plain(await page.getByTestId("difference-legend").textContent())).toContain(`both ${countOf(EDITED)}`);
    expect(plain(await page.getByTestId("difference-card").textContent())).toContain("Changed: ");
  });

  it("leads to the first cell, and every pixel there says which of the two allows it", async () => {
    await page.getByTestId("first-lost").click();
    await soon(async () => plain(await page.getByTestId("cell-card").locator(".cellhead").textContent())).toContain(`q ${EDITED} · kv 0`);
    await soon(async () => {
      const seen = await pixels();
      const wanted = seen.map(({ q, kv }) => {
        const [now, then] = [allowed(EDITED, q, kv), allowed(SAVED, q, kv)];
        return now ? (then ? COLOURS.both : COLOURS.gained) : then ? COLOURS.lost : null;
      });
      const wrong = seen.filter(({ rgb }, i) => {
        const want = wanted[i];
        if (want === null || want === undefined) return Object.values(COLOURS).some((c) => c.join() === rgb.join());
        return want.join() !== rgb.join();
      });
      return [wrong.length, wanted.filter((w) => w === COLOURS.lost).length > 50, wanted.filter((w) => w === COLOURS.both).length > 50];
    }).toEqual([0, true, true]);
    await expect.poll(() => page.getByTestId("difference-cell").textContent()).toBe("lost");
    expect(plain(await canvas.getAttribute("aria-label"))).toContain("Compared: 0 cells gained");
    await page.getByTestId("zoom-all").click();
  });

  it("follows the typing, and says when the mask is the saved one again", async () => {
    await edit(text.replace(`WINDOW = ${SAVED}`, "WINDOW = 300"));
    await soon(status).toBe(`${countOf(300) - countOf(SAVED)} cells gained, 0 cells lost since the last save`);
    await edit(`${text}\n# nothing but a comment\n`);
    await soon(status).toBe("The mask is the same as in the last save.");
  });

  it("knows a mod by what it computes where its name has changed, and says which", async () => {
    await edit(text.replaceAll("causal_sliding_window", "narrow_mask").replace(`WINDOW = ${SAVED}`, `WINDOW = ${SAVED} + 0`));
    await page.getByTestId("variant").waitFor();
    await soon(() => canvas.getAttribute("data-variant")).not.toBe("causal_sliding_window");
    await chooseVariant("narrow_mask");
    await soon(async () => plain(await page.getByTestId("difference-card").textContent())).toContain(
      "causal_sliding_window is called narrow_mask now.",
    );
    await soon(status).toBe("The mask is the same as in the last save.");
    await edit(text);
    await chooseVariant("causal_sliding_window");
  });

  it("says so where there is no former text", async () => {
    await compareWith("git HEAD");
    await soon(status).toBe("This page has no git.");
    await compareWith("nothing");
    await page.getByTestId("compare-toggle").click();
    await soon(() => page.getByTestId("compare-bar").count()).toBe(0);
  });
});

describe("two masks side by side", () => {
  it("share zoom and cursor, and each shows its own cells", async () => {
    await edit(`${text}\n\ndef wide(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < 512)\n`);
    await compareWith("wide");
    await page.getByTestId("compare-beside").click();
    const other = page.getByTestId("mask-canvas-other");
    await other.waitFor();
    await expect.poll(() => other.getAttribute("data-variant")).toBe("wide");
    const box = await canvas.boundingBox();
    if (box === null) throw new Error("the canvas has no box");
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2);
    await page.mouse.wheel(0, -600);
    await soon(async () => (await canvas.getAttribute("data-view")) === "0,0,1").toBe(false);
    await soon(async () => (await other.getAttribute("data-view")) === (await canvas.getAttribute("data-view"))).toBe(true);
    await canvas.focus();
    await page.keyboard.press("d");
    await soon(() => other.count()).toBe(0);
    await soon(status).toMatch(new RegExp(`^0 cells only in \\w+, ${countOf(512) - countOf(SAVED)} cells only in wide$`));
    await page.getByTestId("compare-toggle").click();
    await edit(text);
  });
});

describe("heads", () => {
  it("are said to be alike where the mask does not depend on them", async () => {
    await page.getByTestId("heads-toggle").click();
    await soon(() => page.getByTestId("heads-none").textContent()).toMatch(
      /does not depend on b or h: one picture stands for all \d+ heads/,
    );
    await expect.poll(() => page.getByTestId("head").textContent()).toBe("any");
  });

  it("are shown small, each its own, and chosen by a click or by keys", async () => {
    await edit(
      "# flexlens: B=2, H=6, Q_LEN=512\n\ndef m(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < 40 * (h + 1) + 200 * b)\n",
    );
    await page.getByTestId("head-1-5").locator("canvas[data-drawn]").waitFor();
    await expect.poll(() => page.getByTestId("heads").locator("button").count()).toBe(12);
    const share = (b: number, h: number): Promise<number> =>
      page
        .getByTestId(`head-${b}-${h}`)
        .locator("canvas")
        .evaluate((element) => {
          const c = element as HTMLCanvasElement;
          const data = c.getContext("2d")?.getImageData(0, 0, c.width, c.height).data ?? [];
          let n = 0;
          for (let i = 0; i < data.length; i += 4) if ((data[i] ?? 0) + (data[i + 1] ?? 0) + (data[i + 2] ?? 0) > 250) n++;
          return n / (c.width * c.height);
        });
    const shares = [await share(0, 0), await share(0, 3), await share(1, 0), await share(1, 5)];
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect((shares[3] ?? 0) - (shares[0] ?? 0)).toBeGreaterThan(0.2);
    await page.getByTestId("head-1-4").click();
    await soon(async () => [await canvas.getAttribute("data-batch"), await canvas.getAttribute("data-head")]).toEqual(["1", "4"]);
    await expect.poll(() => page.getByTestId("head-1-4").getAttribute("aria-pressed")).toBe("true");
    await page.getByTestId("head").focus();
    await page.keyboard.press("ArrowDown");
    await soon(() => canvas.getAttribute("data-head")).toBe("3");
    await page.getByTestId("head").fill("0");
    await page.keyboard.press("Enter");
    await soon(() => canvas.getAttribute("data-head")).toBe("0");
    await page.getByTestId("batch").focus();
    await page.keyboard.press("Home");
    await soon(() => canvas.getAttribute("data-batch")).toBe("0");
  });

  it("leaves no fault behind", () => expect(faults).toEqual([]));
});
