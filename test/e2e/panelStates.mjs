// What the panel can look like, one state a row: the tests of looks go through all of them, and the pictures of the
// documentation are taken of them. Its steps take the hand of panelHand.mjs.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../run/dawn.mjs";

const EXAMPLE = "causal_sliding_window.py";
/** The example with another window. */
const NEARER = readFileSync(join(ROOT, "kernels/gallery", EXAMPLE), "utf8").replace("WINDOW = 256", "WINDOW = 96");
const SMALL = `
# flexlens: B=1, H=1, Q_LEN=256, KV_LEN=256, D=16
def small(b, h, q_idx, kv_idx):
    near = q_idx - kv_idx < 64
    return (q_idx >= kv_idx) & near
`;
const PACKED = `
# flexlens: B=1, H=2, Q_LEN=1024, KV_LEN=1024, D=64
WINDOW = 128

def packed_window(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < WINDOW)
`;
const BY_HEAD = `
# flexlens: B=1, H=8, Q_LEN=1024, KV_LEN=1024
def wider_by_head(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < 64 * (h + 1))
`;
const BROKEN = `
# flexlens: Q_LEN=256, KV_LEN=256
def small(b, h, q_idx, kv_idx):
    return 0 <= q_idx - kv_idx < 64
`;

export const drawn = (panel) => panel.page.locator('[data-testid="mask-canvas"][data-drawn]').waitFor();
const press = (id) => (panel) => panel.at(id).click();
const there = (id) => (panel) => panel.at(id).waitFor();
const edit = (text) => (panel) => panel.edit(text);
const reported = (panel) => panel.page.locator('[data-testid="report"][data-complete="true"]').waitFor();

async function pinned({ at, page }) {
  await at("mask-canvas").focus();
  for (const key of ["End", "PageDown", "Enter"]) await page.keyboard.press(key);
}

async function measured({ at, page, until }) {
  await at("bench-run").click();
  await page.locator('[data-testid^="bench-row-"][data-check="passed"]').first().waitFor({ timeout: 90_000 });
  await until(
    "the run ends",
    () => at("bench-cancel").count(),
    (n) => n === 0,
    90_000,
  );
}

/** Types into a field of the toolkit, and leaves it. */
const type = (id, text) => async (panel) => {
  const input = panel.at(id).locator("input");
  await input.fill(text);
  await input.press("Enter");
};
const keys =
  (...names) =>
  async (panel) => {
    await panel.at("mask-canvas").focus();
    for (const name of names) await panel.page.keyboard.press(name);
  };
const comparedWithSaved = (panel) => panel.send({ type: "compare", document: `file:///examples/${EXAMPLE}`, with: { kind: "saved" } });
const testGpu = (panel) => panel.send({ type: "testGpu" });
/** A sweep over lengths, to its end. */
async function swept(panel) {
  await press("bench-sweep")(panel);
  await type("sweep-values-first", "128, 256, 512, 1024")(panel);
  await press("sweep-start")(panel);
  await panel.at("sweep-drift").waitFor({ timeout: 180_000 });
}
/** Two runs more, so that there is something to compare. */
async function measuredAgain(panel) {
  for (let i = 0; i < 2; i++) await measured(panel);
}
const sight = (id) => (panel) => panel.at(id).evaluate((element) => element.scrollIntoView({ block: "start" }));

const TALL = { height: 1200 };
const NARROW = { width: 360, height: 844 };
const HIGH_CONTRAST = { themes: ["hc", "hc-light"] };

/**
 * What the panel can look like: which example, and what is done, one after the other, until it does. `picture`: of the
 * documentation, with the size and themes that differ from the usual; `once`: for that alone; `goesOn`: from the state before.
 */
export const STATES = [
  { id: "mask", name: "a mask, a cell pinned", open: { file: "document_packing.py" }, steps: [drawn, pinned], picture: {} },
  { id: "contrast", name: "a mask in high contrast", steps: [drawn, pinned], picture: HIGH_CONTRAST, once: true },
  { id: "narrow", name: "a narrow mask", open: { file: "sink_tokens.py" }, steps: [drawn, pinned], picture: NARROW, once: true },
  { id: "zoomed", name: "a part of a mask", steps: [drawn, keys("End", "PageDown", "+", "+", "+")], picture: {} },
  { id: "why", name: "why", open: { file: "composition.py" }, steps: [drawn, press("layer-why"), pinned], picture: {} },
  { id: "bias", name: "bias", open: { file: "alibi.py" }, steps: [drawn, press("layer-bias"), pinned], picture: {} },
  { id: "probability", name: "probability", open: { file: "alibi.py" }, steps: [drawn, press("layer-probability"), pinned], picture: {} },
  { id: "heads", name: "all heads", steps: [drawn, edit(BY_HEAD), press("heads-toggle"), there("heads")], picture: {} },
  {
    id: "compare",
    name: "compared with the last save",
    steps: [drawn, edit(NEARER), comparedWithSaved, there("compare-status"), there("first-lost")],
    picture: {},
  },
  { id: "report", name: "the structure report", steps: [drawn, press("report-toggle"), reported], picture: TALL },
  { id: "captures", name: "captures", open: { file: "document_packing.py" }, steps: [drawn, press("captures-toggle")], picture: {} },
  { id: "presets", name: "sizes by name", steps: [drawn, press("presets")], picture: {} },
  { id: "sizes", name: "more sizes", steps: [drawn, press("problem-more")] },
  { id: "sizes-narrow", name: "sizes in a narrow panel", open: { width: 320 }, steps: [drawn, press("problem-toggle")] },
  { id: "error", name: "an error of the text", steps: [drawn, edit(BROKEN), there("error-strip")], picture: {} },
  { id: "no-mod", name: "a text without a mod", steps: [edit("x = 1\n")] },
  { id: "benchmark-empty", name: "nothing measured yet", open: { view: "benchmark" } },
  { id: "benchmark", name: "a table of times", open: { view: "benchmark" }, steps: [edit(SMALL), measured, measured] },
  { id: "sweep-form", name: "a sweep to come", open: { view: "benchmark" }, steps: [press("bench-sweep"), there("sweep-form")] },
  { id: "times", name: "times of a mask", open: { view: "benchmark" }, steps: [edit(PACKED), measured], picture: {}, once: true },
  { id: "sweep", name: "a sweep over lengths", goesOn: true, steps: [swept, sight("sweep")], picture: {}, once: true },
  { id: "charts", name: "charts of a sweep", goesOn: true, steps: [sight("charts")], picture: TALL, once: true },
  { id: "history", name: "runs compared, savings", goesOn: true, steps: [measuredAgain, sight("history")], picture: TALL, once: true },
  { id: "kernel", name: "a kernel", open: { view: "kernel", file: "alibi.py" }, steps: [there("wgsl-text")], picture: { height: 620 } },
  { id: "gpu", name: "the test of WebGPU", steps: [drawn, testGpu, there("gpu-verdict")], picture: {} },
  { id: "keys", name: "the list of keys", steps: [drawn, press("keys-toggle"), there("keys")], picture: {} },
];
