/**
 * Devices that misbehave, under the panel's page in a real browser: none at all, no memory, lost in mid-run, a kernel
 * that does not compile. Each ends in words with a way out, what was measured before stays, and the next run works.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const load = async <T>(path: string): Promise<T> => (await import(new URL(path, import.meta.url).href)) as T;
const { servePanel } = await load<{ servePanel: () => Promise<Server> }>("../run/panel.mjs");
const { needChromium, TEST_ARGS } = await load<{ needChromium: () => string; TEST_ARGS: readonly string[] }>("../run/chromium.mjs");

const TEXT = "# flexlens: H=1, Q_LEN=96, D=8\n\ndef causal(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n";

/** What the page's device does wrong, by a name in `flexFault`; `flexDevices` are those it was given. */
const MISBEHAVE = `
  window.flexDevices = [];
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    window.flexDevices.push(device);
    return device;
  };
  const { popErrorScope, createShaderModule } = GPUDevice.prototype;
  GPUDevice.prototype.popErrorScope = async function () {
    const error = await popErrorScope.call(this);
    return window.flexFault === "memory" ? new GPUOutOfMemoryError("by the test") : error;
  };
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const isBroken = window.flexFault === "compile" && /^quad/.test(descriptor.label ?? "");
    return createShaderModule.call(this, isBroken ? { ...descriptor, code: descriptor.code + "\\nnonsense" } : descriptor);
  };
`;

let server: Server;
let browser: Browser;
const address = (): string => `http://localhost:${(server.address() as AddressInfo).port}/#dark,causal_mask.py,benchmark`;

beforeAll(async () => {
  server = await servePanel();
  browser = await chromium.launch({ executablePath: needChromium(), args: [...TEST_ARGS] });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => server?.close(resolve));
});

async function open(script: string, text = TEXT): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 860, height: 700 } });
  await page.addInitScript(script);
  await page.goto(address());
  await page.locator("body[data-ready]").waitFor();
  await page.evaluate((s) => (window as unknown as { flexlensDev: { edit(s: string): void } }).flexlensDev.edit(s), text);
  await page.getByText("Run causal").waitFor();
  return page;
}

const misbehave = (page: Page, fault: string): Promise<unknown> =>
  page.evaluate((f) => Object.assign(window as object, { flexFault: f }), fault);
const strip = (page: Page): Promise<string | null> => page.getByTestId("bench-error").textContent();

describe("the panel on a device that misbehaves", () => {
  it("says where WebGPU is to be had in a window that has none, and shows the rest", async () => {
    const page = await open(`Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });`);
    await page.getByTestId("bench-run").click();
    await page.getByTestId("bench-error").waitFor();
    expect(await strip(page)).toContain("This window has no WebGPU. Masks and WGSL work; times do not. VS Code 1.100 or newer has it");
    await page.getByTestId("tab-kernel").click();
    await page.getByTestId("wgsl-text").waitFor();
    await page.close();
  }, 60_000);

  it("asks for the GPU that the setting prefers, and for another when the setting changes", async () => {
    const page = await open(`
      window.flexAsked = [];
      const { requestAdapter } = GPU.prototype;
      GPU.prototype.requestAdapter = function (options) {
        window.flexAsked.push(options?.powerPreference ?? "default");
        return requestAdapter.call(this, options);
      };
    `);
    const asked = (): Promise<string[]> => page.evaluate(() => (window as unknown as { flexAsked: string[] }).flexAsked);
    await page.getByTestId("bench-device").waitFor();
    expect(await asked()).toEqual(["high-performance"]);
    for (const powerPreference of ["low-power", "default"]) {
      await page.evaluate(
        (preference) =>
          (window as unknown as { flexlensDev: { send(message: unknown): void } }).flexlensDev.send({
            type: "surroundings",
            surroundings: { vscode: "", flexlens: "", remote: null, powerPreference: preference },
          }),
        powerPreference,
      );
      await expect.poll(async () => (await asked()).at(-1)).toBe(powerPreference);
    }
    // Each device was the last one's successor, and the last one runs.
    expect(await asked()).toEqual(["high-performance", "low-power", "default"]);
    await page.getByTestId("bench-run").click();
    await page.getByTestId("bench-row-quad").waitFor({ timeout: 60_000 });
    await expect.poll(() => page.getByTestId("bench-row-quad").getAttribute("data-check")).toBe("passed");
    await page.close();
  }, 90_000);

  it("says what broke and the way out, keeps what was measured, and works on", async () => {
    const page = await open(MISBEHAVE);
    // No memory.
    await misbehave(page, "memory");
    await page.getByTestId("bench-run").click();
    await page.getByTestId("bench-missing-quad").waitFor();
    await expect
      .poll(() => page.getByTestId("bench-missing-quad").textContent())
      .toMatch(/The GPU is out of memory for .*\. Use smaller lengths/);

    // The chosen kernel does not compile: the next one takes its place.
    await misbehave(page, "compile");
    await page.getByTestId("bench-run").click();
    await page.getByTestId("bench-row-row").waitFor({ timeout: 60_000 });
    await expect.poll(() => page.getByTestId("bench-row-row").getAttribute("data-check")).toBe("passed");
    await expect.poll(() => page.getByTestId("bench-row-materialized").getAttribute("data-check")).toBe("passed");
    await expect.poll(() => page.getByTestId("bench-missing-quad").textContent()).toContain("does not compile at line");

    // Lost in mid-run; what was measured stays.
    await misbehave(page, "");
    await page.getByTestId("bench-run").click();
    await page
      .getByText(/timing|checking/)
      .first()
      .waitFor({ timeout: 30_000 });
    await page.evaluate(() => (window as unknown as { flexDevices: GPUDevice[] }).flexDevices.at(-1)?.destroy());
    await page.getByTestId("bench-error").waitFor();
    expect(await strip(page)).toContain("The GPU device was closed. Run again to open a new one.");
    await expect.poll(() => page.getByTestId("bench-row-row").count()).toBe(1);

    // The strip's own button opens another device, and the run goes through.
    await page.getByTestId("bench-error").getByRole("button", { name: "Run again" }).click();
    await page.getByTestId("bench-row-quad").waitFor({ timeout: 60_000 });
    await expect.poll(() => page.getByTestId("bench-row-quad").getAttribute("data-check")).toBe("passed");
    expect(await page.evaluate(() => (window as unknown as { flexDevices: unknown[] }).flexDevices.length)).toBe(2);
    await page.close();
  }, 120_000);

  it("tunes, takes the winner and says so; and a tile that is chosen by hand", async () => {
    const page = await open("", `# flexlens: kernel="row"\n${TEXT}`);
    await page.getByTestId("bench-tune").click();
    const line = page.getByTestId("bench-choice");
    await expect.poll(() => line.textContent(), { timeout: 60_000 }).toContain("tuned on this device");
    await expect.poll(() => page.getByTestId("bench-tried").locator("tbody tr").count()).toBeGreaterThan(3);
    const posted = await page.evaluate(() =>
      (window as unknown as { flexlensDev: { posted: { type: string }[] } }).flexlensDev.posted.map((m) => m.type),
    );
    expect(posted).toContain("tuned");
    await page.getByTestId("bench-untune").click();
    await expect.poll(() => line.textContent()).toContain("it is the one that is asked for");

    // A tile by hand: looked at in the Kernel tab, taken for runs, given back.
    await page.getByTestId("tab-kernel").click();
    const step = async (): Promise<string> => /BLOCK_N = \d+u/.exec((await page.getByTestId("wgsl-text").textContent()) ?? "")?.[0] ?? "";
    await expect.poll(step).toBe("BLOCK_N = 2u");
    expect(await page.getByTestId("kernel-take").count()).toBe(0);
    await page.getByTestId("kernel-tile").click();
    await page.getByTestId("kernel-tile").locator("vscode-option", { hasText: "4 keys" }).first().click();
    await expect.poll(step).toBe("BLOCK_N = 4u");
    await page.getByTestId("kernel-take").click();
    await expect
      .poll(() => page.getByTestId("kernel-choice-row").textContent())
      .toContain("chosen: it is the one that is asked for, with BLOCK_N=4");
    await page.getByTestId("kernel-automatic").click();
    await expect.poll(step).toBe("BLOCK_N = 2u");
    await page.close();
  }, 120_000);
});
