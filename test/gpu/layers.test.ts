/**
 * The layers of the Mask tab in the panel's page, in a real browser: pixels of each at cells that are known, what hand,
 * keys and pin say of one cell against the interpreter's trace, and what a reload keeps.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededInputs } from "../../kernels/flash/inputs.ts";
import { decadesOf, probabilityCode } from "../../kernels/flash/probabilityPicture.ts";
import { fillProblem } from "../../kernels/flash/problem.ts";
import { lowerModule } from "../../kernels/frontend/lower.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import { GALLERY } from "../../kernels/gallery/gallery.ts";
import { interpret, type Point } from "../../kernels/ir/interpret.ts";
import { traceMod } from "../../kernels/ir/trace.ts";
import { whyOf } from "../../kernels/mask/why.ts";

const load = async <T>(path: string): Promise<T> => (await import(new URL(path, import.meta.url).href)) as T;
const { servePanel } = await load<{ servePanel: () => Promise<Server> }>("../run/panel.mjs");
const { needChromium } = await load<{ needChromium: () => string }>("../run/chromium.mjs");

let server: Server;
let browser: Browser;
let page: Page;
let canvas: Locator;
const faults: string[] = [];

beforeAll(async () => {
  server = await servePanel();
  browser = await chromium.launch({ executablePath: needChromium(), args: ["--no-sandbox"] });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => server?.close(resolve));
});

async function open(file: string): Promise<void> {
  await page?.close();
  page = await browser.newPage({ viewport: { width: 1100, height: 844 } });
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/#dark,${file}`);
  await page.locator("body[data-ready]").waitFor();
  canvas = page.getByTestId("mask-canvas");
  await canvas.waitFor();
}

async function chooseVariant(name: string): Promise<void> {
  await page.getByTestId("variant").click();
  await page.getByTestId("variant").locator("vscode-option", { hasText: name }).first().click();
  await expect.poll(() => canvas.getAttribute("data-variant")).toBe(name);
}

function variantOf(file: string, name: string): LoweredVariant {
  const text = GALLERY.find((e) => e.file === file)?.text ?? "";
  const variant = lowerModule([{ file, text }]).variants.find((v) => v.name === name);
  if (variant === undefined) throw new Error(`no variant ${name}`);
  return variant;
}

const plain = (s: string | null): string => (s ?? "").replaceAll("\u202f", "").replaceAll("−", "-");
const rgbOf = (text: string): number[] => [1, 3, 5].map((i) => Number.parseInt(text.slice(i, i + 2), 16));

/** How far a colour is from the mix of two, in its farthest channel. */
const distance = (rgb: readonly number[], from: readonly number[], to: readonly number[], share: number): number =>
  Math.max(...rgb.map((c, i) => Math.abs(c - ((from[i] ?? 0) + share * ((to[i] ?? 0) - (from[i] ?? 0))))));

interface Pixel {
  readonly q: number;
  readonly kv: number;
  readonly rgb: readonly number[];
}

/** What stands in the middle of 37 × 37 cells in view, once the picture is complete. */
async function pixels(): Promise<Pixel[]> {
  await expect.poll(() => canvas.getAttribute("data-complete")).toBe("true");
  return canvas.evaluate((element) => {
    const c = element as HTMLCanvasElement;
    const data = c.getContext("2d")?.getImageData(0, 0, c.width, c.height).data ?? [];
    const [x0 = 0, y0 = 0, scale = 1] = (c.dataset["view"] ?? "").split(",").map(Number);
    return Array.from({ length: 37 * 37 }, (_, i) => {
      const x = Math.floor((((i % 37) + 0.5) * c.width) / 37);
      const y = Math.floor(((Math.floor(i / 37) + 0.5) * c.height) / 37);
      const at = 4 * (y * c.width + x);
      return {
        q: Math.floor(y0 + (y + 0.5) / scale),
        kv: Math.floor(x0 + (x + 0.5) / scale),
        rgb: [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0],
      };
    });
  });
}

/** Zooms in about a place until a cell has at least `scale` pixels. */
async function zoomTo(x: number, y: number, scale: number): Promise<void> {
  const box = await canvas.boundingBox();
  if (box === null) throw new Error("no canvas");
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  const now = async (): Promise<number> => Number(((await canvas.getAttribute("data-view")) ?? "").split(",")[2]);
  for (let i = 0; i < 40 && (await now()) < scale; i++) {
    const before = await now();
    await page.mouse.wheel(0, -240);
    await expect.poll(now).toBeGreaterThan(before);
  }
}

describe("the Why layer", () => {
  const why = variantOf("composition.py", "packed_window");
  const names = ["causal", "window | sink", "same_document", "not_padding"];
  /** In words of our own: the first of the four that is false. */
  const reasonOf = (q: number, kv: number): number => {
    const documents = (i: number): number => (i < 300 ? 0 : i < 640 ? 1 : 2);
    if (q < kv) return 1;
    if (!(q - kv < 192 || kv < 4)) return 2;
    return documents(q) === documents(kv) ? 0 : 3;
  };

  it("paints each masked cell in the colour of the first conjunct that is false, at every size", async () => {
    await open("composition.py");
    await chooseVariant("packed_window");
    await page.getByTestId("layer-why").click();
    await expect.poll(() => page.getByTestId("layer-why").getAttribute("aria-pressed")).toBe("true");
    for (const scale of [0, 1.5, 6]) {
      if (scale > 0) await zoomTo(0.32, 0.5, scale);
      const seen = await pixels();
      const grounds = new Map<number, Map<string, number>>();
      const isOfOne = (q: number, kv: number): boolean =>
        new Set([-2, 0, 2].flatMap((d) => [-2, 0, 2].map((e) => reasonOf(Math.max(0, q + d), Math.max(0, kv + e))))).size === 1;
      for (const { q, kv, rgb } of seen) {
        // Zoomed out, cells that have others around them show what most are.
        if (scale === 0 && !isOfOne(q, kv)) continue;
        const reason = reasonOf(q, kv);
        const mine = grounds.get(reason) ?? new Map<string, number>();
        mine.set(rgb.join(), (mine.get(rgb.join()) ?? 0) + 1);
        grounds.set(reason, mine);
      }
      // One ground and one line colour a reason, none of them shared.
      const all = [...grounds.values()].flatMap((m) => [...m.keys()]);
      expect(new Set(all).size).toBe(all.length);
      expect(grounds.get(0)).toEqual(new Map([["41,43,46", expect.any(Number)]]));
      for (const of of grounds.values()) expect(of.size).toBeLessThanOrEqual(2);
      expect(grounds.size).toBeGreaterThanOrEqual(scale === 0 ? 4 : 2);
      // The first has no lines over it.
      if (scale === 0) expect(grounds.get(1)?.size).toBe(1);
    }
    await page.getByTestId("zoom-all").click();
  });

  it("has a legend of the reasons with their counts, each leading to the text", async () => {
    let counts = [0, 0, 0, 0];
    for (let q = 0; q < 1024; q++) for (let kv = 0; kv < 1024; kv++) counts = counts.map((n, i) => n + (reasonOf(q, kv) === i ? 1 : 0));
    const legend = page.getByTestId("legend-why");
    await expect.poll(async () => plain(await legend.textContent())).toContain(`allowed ${counts[0]}`);
    for (const [i, name] of names.entries()) {
      expect(plain(await page.getByTestId(`reason-${i}`).textContent())).toBe(`${name} ${counts[i + 1] ?? 0}`);
    }
    await page.getByTestId("reason-2").getByRole("button").click();
    const posted = await page.evaluate(() => (window as unknown as { flexlensDev: { posted: unknown[] } }).flexlensDev.posted.at(-1));
    const text = GALLERY.find((e) => e.file === "composition.py")?.text ?? "";
    const { from, to } = posted as { from: number; to: number };
    expect(text.slice(from, to)).toBe("document_id[q_idx] == document_id[kv_idx]");
    await expect.poll(() => canvas.getAttribute("aria-label")).toContain("Masked by: causal");
  });

  it("names the conjunct of the cell under the hand, with its values as the interpreter has them", async () => {
    const box = await canvas.boundingBox();
    if (box === null || why.maskMod === null) throw new Error("no canvas");
    for (const [x, y] of [
      [0.7, 0.3],
      [0.3, 0.7],
      [0.25, 0.35],
      [0.5, 0.52],
    ] as const) {
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
      const head = page.getByTestId("cell-card").locator(".cellhead");
      const wanted = `q ${Math.floor(y * 1024)} · kv ${Math.floor(x * 1024)}`;
      await expect.poll(async () => plain(await head.textContent())).toContain(wanted);
      const point: Point = { b: 0, h: 0, q_idx: Math.floor(y * 1024), kv_idx: Math.floor(x * 1024) };
      const isAllowed = interpret(why.maskMod.body, point) === 1;
      await expect.poll(() => page.getByTestId("cell-card").getAttribute("data-allowed")).toBe(String(isAllowed));
      const code = reasonOf(point.q_idx, point.kv_idx);
      if (code > 0) await expect.poll(() => page.getByTestId("masked-by").textContent()).toBe(names[code - 1]);
      else expect(isAllowed).toBe(true);
      const rows = await page.getByTestId("cell-card").locator("tr").allTextContents();
      const values = traceMod(why.maskMod, point).values;
      const causal = [...values].find(([e]) => e.kind === "binary" && e.op === "ge")?.[1];
      expect(plain(rows[0] ?? "")).toBe(`causal${point.q_idx} ≥ ${point.kv_idx}${causal === 1 ? "True" : "False"}`);
      for (const reason of whyOf(why.maskMod).reasons) {
        const row = rows.find((r) => r.startsWith(reason.name)) ?? "";
        expect(row.endsWith(interpret(reason.expr, point) === 1 ? "True" : "False"), `${reason.name}: ${row}`).toBe(true);
      }
    }
    // The cursor of the keys tells the same.
    await canvas.focus();
    await canvas.press("ArrowRight");
    await expect
      .poll(async () => plain(await page.getByTestId("cell-card").locator(".cellhead").textContent()))
      .toContain(`q ${Math.floor(0.52 * 1024)} · kv ${Math.floor(0.5 * 1024) + 1}`);
  });

  it("keeps a pinned cell in the card while the hand moves on, until Escape", async () => {
    const box = await canvas.boundingBox();
    if (box === null) throw new Error("no canvas");
    const head = page.getByTestId("cell-card").locator(".cellhead");
    await page.mouse.click(box.x + 0.3 * box.width, box.y + 0.7 * box.height);
    const pinned = `q ${Math.floor(0.7 * 1024)} · kv ${Math.floor(0.3 * 1024)}`;
    await expect.poll(async () => plain(await head.textContent())).toContain(pinned);
    await page.mouse.move(box.x + 0.8 * box.width, box.y + 0.2 * box.height);
    await expect.poll(async () => plain(await page.getByTestId("cell-status").textContent())).toContain(`q ${Math.floor(0.2 * 1024)}`);
    expect(plain(await page.getByTestId("cell-status").textContent())).toContain("masked by causal");
    expect(plain(await head.textContent())).toContain(pinned);
    await page.getByTestId("copy-trace").click();
    const posted = await page.evaluate(() => (window as unknown as { flexlensDev: { posted: unknown[] } }).flexlensDev.posted.at(-1));
    expect((posted as { text: string }).text).toContain("q_idx=716 kv_idx=307: masked by window | sink");
    await canvas.press("Escape");
    await page.mouse.move(box.x + 0.8 * box.width, box.y + 0.2 * box.height + 3);
    await expect.poll(async () => plain(await head.textContent())).not.toContain(pinned);
  });

  it("comes and goes by keys and by the host's word, and is kept over a reload", async () => {
    await page.evaluate(() =>
      (window as unknown as { flexlensDev: { send(m: unknown): void } }).flexlensDev.send({ type: "layer", layer: "probability" }),
    );
    await expect.poll(() => page.getByTestId("layer-probability").getAttribute("aria-pressed")).toBe("true");
    await canvas.press("1");
    await expect.poll(() => page.getByTestId("layer-state").getAttribute("aria-pressed")).toBe("true");
    await canvas.press("w");
    await expect.poll(() => page.getByTestId("layer-why").getAttribute("aria-pressed")).toBe("true");
    // There is no score_mod: its layer is refused, with the reason.
    await expect.poll(() => page.getByTestId("layer-bias").getAttribute("title")).toContain("has no score_mod");
    await canvas.press("3");
    await expect.poll(() => page.getByTestId("layer-why").getAttribute("aria-pressed")).toBe("true");
    await page.waitForTimeout(400);
    await page.reload();
    await page.locator("body[data-ready]").waitFor();
    await expect.poll(() => page.getByTestId("layer-why").getAttribute("aria-pressed")).toBe("true");
  });
});

describe("the Bias layer", () => {
  it("shows what the score_mod adds on a diverging scale, masked cells hatched", async () => {
    await open("alibi.py");
    await chooseVariant("alibi_bias + causal");
    await page.getByTestId("layer-bias").click();
    expect(plain(await page.getByTestId("bias-min").textContent())).toBe("-511.5");
    expect(plain(await page.getByTestId("bias-max").textContent())).toBe("0");
    await zoomTo(0.5, 0.5, 2);
    const [neg, zero] = [rgbOf("#a98bff"), rgbOf("#565b63")];
    const hatched = [rgbOf("#676e77").join()];
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.join() ?? "");
    for (const { q, kv, rgb } of await pixels()) {
      if (kv > q) expect([...hatched, ground]).toContain(rgb.join());
      else {
        const share = Math.round((126 * ((q - kv) * 0.5)) / 511.5) / 126;
        expect(distance(rgb, zero, neg, share)).toBeLessThanOrEqual(0.51);
      }
    }
    await page.getByTestId("over-mask").click();
    await expect.poll(() => page.getByTestId("over-mask").isChecked()).toBe(false);
    await expect.poll(async () => plain(await page.getByTestId("bias-max").textContent())).toBe("511.5");
    const above = (await pixels()).filter(({ q, kv }) => kv > q);
    expect(above.length).toBeGreaterThan(100);
    for (const { q, kv, rgb } of above) {
      const share = Math.round((126 * ((kv - q) * 0.5)) / 511.5) / 126;
      expect(distance(rgb, zero, rgbOf("#9bd53f"), share)).toBeLessThanOrEqual(0.51);
    }
  });

  it("is shown at a score of the user's choice where it depends on the score", async () => {
    await open("tanh_softcap.py");
    await page.getByTestId("layer-bias").click();
    await expect.poll(async () => plain(await page.getByTestId("bias-min").textContent())).toBe("0");
    await page.getByTestId("score").locator("input").fill("100");
    await page.getByTestId("score").locator("input").press("Enter");
    const change = 50 * Math.tanh(2) - 100;
    await expect.poll(async () => Number(plain(await page.getByTestId("bias-min").textContent()))).toBeCloseTo(change, 1);
    const box = await canvas.boundingBox();
    if (box === null) throw new Error("no canvas");
    await page.mouse.move(box.x + 0.2 * box.width, box.y + 0.8 * box.height);
    await expect.poll(async () => Number(plain(await page.getByTestId("bias-cell").textContent()))).toBeCloseTo(change, 1);
    await expect.poll(() => page.getByTestId("cell-card").textContent()).toContain("score_mod, at a score of 100");
  });
});

describe("the Probability layer", () => {
  it("shows the probabilities of the seeded q and k, and one row's figures", async () => {
    await open("alibi.py");
    await chooseVariant("alibi_bias + causal");
    await page.getByTestId("layer-probability").click();
    await zoomTo(0.3, 0.3, 2);
    await expect.poll(() => page.getByTestId("rows-done").count()).toBe(0);
    const variant = variantOf("alibi.py", "alibi_bias + causal");
    const p = fillProblem({ batch: 1, qHeads: 8, qLen: 1024, qkHeadDim: 64 });
    const { q: queries, k: keys } = seededInputs(p);
    const logsOf = (q: number): Float64Array => {
      const scores = Float64Array.from({ length: q + 1 }, (_, kv) => {
        let sum = 0;
        for (let i = 0; i < 64; i++) sum += (queries[q * 64 + i] ?? 0) * (keys[kv * 64 + i] ?? 0);
        return interpret(variant.scoreMod?.body ?? never(), { b: 0, h: 0, q_idx: q, kv_idx: kv, score: sum / 8 });
      });
      const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const lse = most + Math.log(scores.reduce((n, s) => n + Math.exp(s - most), 0));
      return scores.map((s) => s - lse);
    };
    const [ground, pos] = [rgbOf("#1f1f1f"), rgbOf("#9bd53f")];
    const low = ground.map((c, i) => Math.round(c * 0.82 + (pos[i] ?? 0) * 0.18));
    const seen = await pixels();
    const rows = new Map([...new Set(seen.map(({ q }) => q))].map((q) => [q, logsOf(q)]));
    for (const { q, kv, rgb } of seen) {
      const log = rows.get(q)?.[kv];
      if (log === undefined) continue;
      const share = (probabilityCode(log, decadesOf(1024)) - 1) / 249;
      expect(distance(rgb, low, pos, share)).toBeLessThanOrEqual(1.5);
    }
    const card = page.getByTestId("probability-card");
    const q = Number(await card.getAttribute("data-row"));
    const logs = logsOf(q);
    const entropy = logs.reduce((n, l) => n - Math.exp(l) * l, 0);
    await expect.poll(async () => Number.parseFloat(plain(await page.getByTestId("row-entropy").textContent()))).toBeCloseTo(entropy, 2);
  });

  it("leaves no error behind", () => {
    expect(faults).toEqual([]);
  });
});

function never(): never {
  throw new Error("no score_mod");
}
