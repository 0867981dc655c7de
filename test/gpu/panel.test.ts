/**
 * The panel's page in a real browser, under the extension's own content security policy, without VS Code: what is on
 * the canvas is the mask, at every zoom; what is said of a cell is what the interpreter says; hands and keys work.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentSecurityPolicy } from "../../extension/page.ts";
import { DEFAULT_LIMITS } from "../../kernels/flash/plan.ts";
import { ENGINES, planEngine } from "../../kernels/flash/select.ts";
import { GALLERY } from "../../kernels/gallery/gallery.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { variantKey } from "../../kernels/ir/key.ts";
import { blockState } from "../../kernels/mask/blockMask.ts";
import { PALETTES } from "../../kernels/mask/palette.ts";
import type { BenchResult } from "../../kernels/runtime/result.ts";
import { derive } from "../../webview/derive.ts";
import { traceCell } from "../../webview/mask/trace.ts";
import { PROTOCOL_VERSION } from "../../webview/protocol.ts";
import type { Scene } from "../../webview/state.ts";
import { showOf } from "../support/showOf.ts";

const load = async <T>(path: string): Promise<T> => (await import(new URL(path, import.meta.url).href)) as T;
const { servePanel } = await load<{ servePanel: () => Promise<Server> }>("../run/panel.mjs");
const { needChromium } = await load<{ needChromium: () => string }>("../run/chromium.mjs");

const FILE = "causal_sliding_window.py";
const text = GALLERY.find((e) => e.file === FILE)?.text ?? "";

/** The scene that the page must show for a text, by our own front end in this process. */
function sceneOf(source: string): Scene {
  const { scene } = derive(showOf(source), "causal_sliding_window");
  if (scene === null) throw new Error("the example does not lower");
  return scene;
}

let server: Server;
let browser: Browser;
let page: Page;
let canvas: Locator;
const faults: string[] = [];

beforeAll(async () => {
  server = await servePanel();
  browser = await chromium.launch({ executablePath: needChromium(), args: ["--no-sandbox"] });
  page = await browser.newPage({ viewport: { width: 860, height: 844 } });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/#dark,${FILE}`);
  await page.locator("body[data-ready]").waitFor();
  canvas = page.getByTestId("mask-canvas");
  await canvas.waitFor();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => server?.close(resolve));
});

const drawn = async (): Promise<string> => (await canvas.getAttribute("data-drawn")) ?? "";
/** Does something and waits until the picture was drawn anew. */
async function redrawn(act: () => Promise<unknown>): Promise<void> {
  const before = await drawn();
  await act();
  await expect.poll(drawn).not.toBe(before);
}
const edit = (source: string): Promise<unknown> =>
  page.evaluate((s) => (window as unknown as { flexlensDev: { edit(s: string): void } }).flexlensDev.edit(s), source);

/** How many of the canvas' pixels are not the mask's: a grid of 61 × 61 pixels, looked at in the page. */
async function wrongPixels(scene: Scene): Promise<{ wrong: number; scale: number }> {
  const seen = await canvas.evaluate((element) => {
    const c = element as HTMLCanvasElement;
    const data = c.getContext("2d")?.getImageData(0, 0, c.width, c.height).data ?? [];
    const points: [x: number, y: number, r: number, g: number, b: number][] = [];
    for (let i = 0; i < 61; i++) {
      for (let j = 0; j < 61; j++) {
        const [x, y] = [Math.floor(((j + 0.5) * c.width) / 61), Math.floor(((i + 0.5) * c.height) / 61)];
        const at = 4 * (y * c.width + x);
        points.push([x, y, data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0]);
      }
    }
    return { points, view: c.dataset["view"] ?? "" };
  });
  const [x0 = 0, y0 = 0, scale = 0] = seen.view.split(",").map(Number);
  const [blockQ, blockKv] = scene.problem.blockSize;
  const body = scene.variant.maskMod?.body;
  const wrong = seen.points.filter(([x, y, ...rgb]) => {
    const kv = Math.floor(x0 + (x + 0.5) / scale);
    const q = Math.floor(y0 + (y + 0.5) / scale);
    const state = blockState(scene.blockMask, 0, 0, Math.floor(q / blockQ), Math.floor(kv / blockKv));
    const allowed = body === undefined || interpret(body, { b: 0, h: 0, q_idx: q, kv_idx: kv }) === 1;
    const colour = PALETTES.dark[state === "partial" ? (allowed ? "partial" : "partialOff") : state];
    return colour.some((c, i) => c !== rgb[i]);
  });
  return { wrong: wrong.length, scale };
}

describe("the panel's page", () => {
  it("is served under the extension's own policy", async () => {
    const response = await fetch(page.url());
    const nonce = /nonce="(\w+)"/.exec(await response.text())?.[1] ?? "";
    expect(response.headers.get("content-security-policy")).toBe(contentSecurityPolicy({ cspSource: "'self'", nonce }));
  });

  it("runs under a policy that forbids eval, and draws all the same", async () => {
    // While a tool evaluates, the policy is off; what the page runs by itself later it does not spare.
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.nonce = document.querySelector("script")?.nonce ?? "";
      script.text = `setTimeout(() => {
        try { new Function("return 1")(); document.body.dataset.eval = "works"; } catch { document.body.dataset.eval = "refused"; }
      })`;
      document.head.append(script);
    });
    await expect.poll(() => page.locator("body").getAttribute("data-eval")).toBe("refused");
    await expect.poll(() => canvas.getAttribute("data-variant")).toBe("causal_sliding_window");
    expect(faults.filter((f) => !f.includes("Content Security Policy"))).toEqual([]);
    faults.length = 0;
  });

  it("shows the mask's own pixels at five zooms, from blocks to cells", async () => {
    const scene = sceneOf(text);
    const box = await canvas.boundingBox();
    if (box === null) throw new Error("the canvas has no box");
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
    const scales: number[] = [];
    for (let level = 0; level < 5; level++) {
      await redrawn(() => page.mouse.wheel(0, -380));
      const { wrong, scale } = await wrongPixels(scene);
      expect(wrong).toBe(0);
      scales.push(scale);
    }
    expect(scales[0]).toBeGreaterThan(1);
    expect(scales[4]).toBeGreaterThan(32);
    await redrawn(() => page.getByTestId("zoom-all").click());
  });

  it("says of the cell under the pointer what the interpreter says", async () => {
    const scene = sceneOf(text);
    const box = await canvas.boundingBox();
    if (box === null) throw new Error("the canvas has no box");
    for (const [fx, fy] of [
      [0.25, 0.75],
      [0.6, 0.4],
      [0.5, 0.52],
    ] as const) {
      await page.mouse.move(box.x + box.width * fx, box.y + box.height * fy);
      const q = Math.floor((fy * box.height * scene.problem.qLen) / box.height);
      const kv = Math.floor((fx * box.width * scene.problem.kvLen) / box.width);
      const trace = traceCell(scene.variant, { b: 0, h: 0, q_idx: q, kv_idx: kv });
      const card = page.getByTestId("cell-card");
      await expect.poll(() => card.getAttribute("data-allowed")).toBe(String(trace.allowed));
      const rows = await card.locator(".trace tr").evaluateAll((list) => list.map((r) => [...r.children].map((c) => c.textContent)));
      expect(rows).toEqual(trace.mask.map((r) => [r.name, r.detail, r.value]));
    }
  });

  it("moves by keys, pins, and leaves again", async () => {
    await page.mouse.move(5, 5);
    await canvas.focus();
    for (const key of ["ArrowDown", "Shift+ArrowDown", "ArrowRight", "n", "Enter"]) await page.keyboard.press(key);
    // Down 1, down a block of 128, right 1, then the next allowed cell of the row.
    await expect.poll(() => page.getByTestId("cell-card").locator(".cellhead").textContent()).toMatch(/q 129 · kv 2\b/);
    // The card is the pinned cell's, and says how to leave it.
    await expect.poll(() => page.getByTestId("unpin").count()).toBe(1);
    await page.mouse.move(5, 6);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByTestId("cell-card").count()).toBe(0);
  });

  it("follows the text as it is typed", async () => {
    const wider = text.replace(/WINDOW = \d+/, "WINDOW = 700");
    expect(wider).not.toBe(text);
    const before = await page.getByTestId("sparsity-blocks").textContent();
    await redrawn(() => edit(wider));
    await expect.poll(() => page.getByTestId("sparsity-blocks").textContent()).not.toBe(before);
    const expected = `${(100 * sceneOf(wider).sparsity.blocks).toFixed(1)}\u202f%`;
    await expect.poll(() => page.getByTestId("sparsity-blocks").textContent()).toBe(expected);
    await redrawn(() => edit(text));
  });

  it("keeps the last good picture while the text is broken, and says where and why", async () => {
    await edit(text.replaceAll("&", "and").replace(/and_masks\([^)]*\)/, "nothing("));
    await page.getByTestId("error-strip").waitFor();
    await expect.poll(() => page.getByTestId("error-strip").textContent()).toMatch(/^Line \d+: /);
    await expect.poll(() => page.locator(".asof").count()).toBe(1);
    await expect.poll(() => canvas.getAttribute("data-variant")).toBe("causal_sliding_window");
    await edit(text);
    await expect.poll(() => page.getByTestId("error-strip").count()).toBe(0);
  });

  it("takes sizes as people write them, and refuses what cannot be with a way out", async () => {
    const field = page.getByTestId("problem-qLen").locator("input");
    await redrawn(async () => {
      await field.fill("2k");
      await field.press("Enter");
    });
    expect([await canvas.getAttribute("data-q-len"), await canvas.getAttribute("data-kv-len")]).toEqual(["2048", "2048"]);
    const heads = page.getByTestId("problem-kvHeads").locator("input");
    await heads.fill("3");
    await heads.press("Enter");
    await expect.poll(() => page.getByTestId("problem-error").textContent()).toContain("KV heads must divide H");
    await heads.press("Escape");
    await expect.poll(() => page.getByTestId("problem-error").count()).toBe(0);
    // The toolkit writes into its input in the next frame.
    await expect.poll(() => heads.inputValue()).toBe("8");
    await redrawn(async () => {
      await field.fill("");
      await field.press("Enter");
    });
  });

  it("binds a capture from the form, and marks a value that cannot be used", async () => {
    await page.getByTestId("captures-toggle").click();
    const field = page.getByTestId("capture-WINDOW").locator("input");
    await redrawn(async () => {
      await field.fill("64");
      await field.press("Enter");
    });
    await field.fill("64 +");
    await field.press("Enter");
    await page.getByTestId("binding-error").waitFor();
    await expect.poll(() => page.getByTestId("binding-error").textContent()).toContain("given for WINDOW");
    await redrawn(() => page.getByTestId("binding-error").getByRole("button", { name: "Take it back" }).click());
    await expect.poll(() => page.getByTestId("binding-error").count()).toBe(0);
    await page.getByTestId("captures-toggle").click();
  });

  it("goes through its tabs by arrow keys, and shows the WGSL as it is written", async () => {
    await page.getByTestId("tab-mask").focus();
    await page.keyboard.press("End");
    const code = page.getByTestId("wgsl-text");
    await code.waitFor();
    const engine = await code.getAttribute("data-engine");
    const scene = sceneOf(text);
    const planned = planEngine(ENGINES.find((e) => e === engine) ?? "row", scene.variant, scene.problem, DEFAULT_LIMITS, scene.blockMask);
    if (planned.kind !== "plan") throw new Error(planned.refusal.reason);
    expect((await code.textContent())?.trimEnd()).toBe(planned.plan.kernels[0]?.wgsl.trimEnd());
    await page.keyboard.press("ArrowLeft");
    await page.getByTestId("bench-run").waitFor();
    await page.keyboard.press("Home");
    await canvas.waitFor();
  });

  it("strikes a wrong result's time through, and unfolds how a right one was measured", async () => {
    const { variant, problem } = sceneOf(text);
    const check = { maxAbs: 2e-7, maxRel: 3e-7, bound: "b", passed: true, firstBad: null, rows: 8, allRows: true };
    const right: BenchResult = {
      key: variantKey(variant, problem.blockSize),
      variant: variant.name,
      engine: "row",
      direction: "forward",
      problem,
      tile: "1 × 8",
      sparsity: { blocks: 0.5, elements: 0.6 },
      device: { name: "a device", software: false },
      clock: "wall",
      samplesMs: [2, 2, 2, 2, 2],
      medianMs: 2,
      interval: [2, 2],
      baselineMs: null,
      compileMs: 3,
      denseFlops: 4e9,
      effectiveFlops: 2e9,
      check,
      measuredAt: 1,
      details: {
        repeats: 40,
        instances: 5,
        clockStepMs: 0.1,
        noisy: false,
        pipelines: { used: 1, compiled: 0 },
        memory: { allocated: 2 ** 20, moved: 2 ** 19 },
        peaks: { matmulFlops: 1e13, matmul: "m", copyBytes: 1e12, measuredAt: 1 },
      },
    };
    const wrong: BenchResult = { ...right, engine: "quad", check: { ...check, passed: false, firstBad: [0, 1, 2, 3] } };
    await page.evaluate(
      ({ source, results, version, file }) => {
        const { flexlensDev } = window as unknown as { flexlensDev: { send(message: unknown): void } };
        const document = `file:///examples/${file}`;
        const sources = [{ file: document, text: source }];
        const inputs = { bindings: {}, problem: {}, variant: null };
        flexlensDev.send({ type: "show", version, document, title: file, sources, ...inputs, view: "benchmark", results });
      },
      { source: text, results: [right, wrong], version: PROTOCOL_VERSION, file: FILE },
    );
    const struck = page.getByTestId("bench-row-quad").locator("s");
    await struck.waitFor();
    await expect.poll(() => struck.textContent()).toBe("2.000");
    await expect.poll(() => page.getByTestId("bench-row-quad").textContent()).toContain("wrong: 2.0e−7 at (0, 1, 2, 3)");
    expect(await page.getByTestId("bench-row-row").locator("s").count()).toBe(0);
    const cells = page.getByTestId("bench-detail-row");
    expect(await cells.isVisible()).toBe(false);
    await page.getByTestId("bench-details").locator("summary").focus();
    await page.keyboard.press("Enter");
    await cells.waitFor();
    const said = (await cells.textContent())?.replaceAll("\u202f", " ") ?? "";
    for (const part of ["5 × 40, 5 instances", "0 compiled of 1", "20.0 %", "10.0 %"]) expect(said).toContain(part);
  });

  it("comes back after a reload with its view and variant", async () => {
    await page.getByTestId("tab-kernel").click();
    await page.getByTestId("wgsl-text").waitFor();
    // The state is kept a moment after the last change.
    await expect.poll(() => page.evaluate(() => sessionStorage.getItem("flexlens") ?? "")).toContain('"view":"kernel"');
    await page.reload();
    await page.getByTestId("wgsl-text").waitFor();
    await expect.poll(() => page.getByTestId("tab-kernel").getAttribute("aria-selected")).toBe("true");
    expect(faults).toEqual([]);
  });
});
