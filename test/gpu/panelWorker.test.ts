/**
 * Long masks in the panel's page, in a real browser under the extension's own content security policy: they are built
 * in a worker, hands are heard meanwhile, the newest edit wins, and what comes out is the mask.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page, type Worker } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import { countBlocks } from "../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../kernels/mask/build.ts";

const load = async <T>(path: string): Promise<T> => (await import(new URL(path, import.meta.url).href)) as T;
const { servePanel } = await load<{ servePanel: () => Promise<Server> }>("../run/panel.mjs");
const { needChromium } = await load<{ needChromium: () => string }>("../run/chromium.mjs");

/** Products of ids that follow no order: nothing but looking at every cell tells which are allowed. */
const scattered = (length: number, rest = ""): string => `# flexlens: Q_LEN=${length}, KV_LEN=${length}, H=1

import torch

ids = torch.arange(${length}) * 40503 % 65521 % 5003


def scattered(b, h, q_idx, kv_idx):
    return (ids[q_idx] * ids[kv_idx] % 65521 == 17)${rest}
`;

let server: Server;
let browser: Browser;
let page: Page;
let workers: Worker[];
let faults: string[];

beforeAll(async () => {
  server = await servePanel();
  browser = await chromium.launch({ executablePath: needChromium(), args: ["--no-sandbox"] });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => server?.close(resolve));
});

beforeEach(async () => {
  workers = [];
  faults = [];
  page = await browser.newPage({ viewport: { width: 860, height: 844 } });
  page.on("worker", (worker) => workers.push(worker));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.text().startsWith("[warn]")) faults.push(message.text());
  });
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/#dark,causal.py`);
  await page.locator("body[data-ready]").waitFor();
  await page.getByTestId("mask-canvas").waitFor();
});

afterEach(async () => {
  await page.close();
  expect(faults).toEqual([]);
});

const edit = (source: string): Promise<unknown> =>
  page.evaluate((s) => (window as unknown as { flexlensDev: { edit(s: string): void } }).flexlensDev.edit(s), source);
const shows = (variant: string, length: number): Promise<void> =>
  page.locator(`[data-testid="mask-canvas"][data-variant="${variant}"][data-q-len="${length}"]`).waitFor({ timeout: 60_000 });

/** Blocks of the mask, built here. */
function blocksOf(source: string, length: number) {
  const body = lowerModule([{ file: "d", text: source }]).variants[0]?.maskMod?.body;
  if (body === undefined) throw new Error("no mask");
  return countBlocks(buildBlockMask(body, { batch: 1, heads: 1, qLen: length, kvLen: length }, [128, 128]));
}

describe("a long mask in the panel", () => {
  it("is built in a worker under the page's policy, and is the mask", async () => {
    const source = scattered(8192);
    await edit(source);
    await shows("scattered", 8192);
    expect(workers.length).toBeGreaterThan(0);
    const { full, partial, empty } = blocksOf(source, 8192);
    const label = (await page.getByTestId("mask-canvas").getAttribute("aria-label")) ?? "";
    expect(label).toContain(`${full.toLocaleString("en")} full, ${partial.toLocaleString("en")} partial`);
    expect(empty).toBe(64 * 64 - full - partial);
    await expect.poll(() => page.getByTestId("sparsity-elements").textContent(), { timeout: 60_000 }).toMatch(/99\.9/);
  }, 120_000);

  it("leaves the panel to its user: tabs, and the text before, are there while it is built", async () => {
    await edit(scattered(65_536));
    await page.getByTestId("building").waitFor({ state: "attached" });
    await expect.poll(() => page.getByTestId("mask-canvas").getAttribute("data-variant")).toBe("causal");
    await page.getByTestId("tab-kernel").click();
    await page.getByTestId("wgsl-text").waitFor();
    await page.getByTestId("tab-mask").click();
    await expect.poll(() => page.getByTestId("building").count()).toBe(1);
  }, 60_000);

  it("gives way to the newest edit, and its worker ends", async () => {
    await edit(scattered(65_536));
    await page.getByTestId("building").waitFor({ state: "attached" });
    await expect.poll(() => workers.length).toBeGreaterThan(0);
    await edit(scattered(65_536, " | (q_idx == kv_idx)"));
    await expect.poll(() => workers.length).toBeGreaterThan(1);
    await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(1);
    await edit(scattered(1024, " & (q_idx >= kv_idx)"));
    await shows("scattered", 1024);
    expect(await page.getByTestId("building").count()).toBe(0);
    await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);
  }, 60_000);

  it("is stopped by a button, which says how it is built after all", async () => {
    const shown = await page.getByTestId("mask-canvas").getAttribute("data-variant");
    await edit(scattered(65_536, " & (q_idx != 7)"));
    await page.getByTestId("stop-building").click();
    await page.getByText("you stopped it").waitFor();
    await expect.poll(() => page.getByTestId("mask-canvas").getAttribute("data-variant")).toBe(shown);
    await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);
  }, 60_000);

  it("ends with the page's reload, and is built anew", async () => {
    const source = scattered(8192);
    await edit(source);
    await shows("scattered", 8192);
    const before = workers.length;
    await page.reload();
    await page.locator("body[data-ready]").waitFor();
    await page.getByTestId("mask-canvas").waitFor();
    await edit(source);
    await shows("scattered", 8192);
    expect(workers.length).toBeGreaterThan(before);
  }, 60_000);
});
