// What the panel can look like, one state a row: the tests of looks go through all of them, and the pictures of the
// documentation are taken of them. Its steps take the hand of panelHand.mjs.

const SMALL = `
# flexlens: B=1, H=1, Q_LEN=256, KV_LEN=256, D=16
def small(b, h, q_idx, kv_idx):
    near = q_idx - kv_idx < 64
    return (q_idx >= kv_idx) & near
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
  await page.locator('[data-testid^="bench-row-"][data-check="passed"]').first().waitFor({ timeout: 30_000 });
  await until(
    "the run ends",
    () => at("bench-cancel").count(),
    (n) => n === 0,
    30_000,
  );
}

/** What the panel can look like: which example, and what is done, one after the other, until it does. */
export const STATES = [
  { id: "mask", name: "a mask, a cell pinned", steps: [drawn, pinned] },
  { id: "why", name: "why", open: { file: "composition.py" }, steps: [drawn, press("layer-why"), pinned] },
  { id: "bias", name: "bias", open: { file: "alibi.py" }, steps: [drawn, press("layer-bias"), pinned] },
  { id: "probability", name: "probability", open: { file: "alibi.py" }, steps: [drawn, press("layer-probability")] },
  { id: "heads", name: "all heads", open: { file: "alibi.py" }, steps: [drawn, press("heads-toggle")] },
  { id: "compare", name: "compared with the last save", steps: [edit(SMALL), drawn, press("compare-toggle"), there("compare-bar")] },
  { id: "report", name: "the structure report", steps: [drawn, press("report-toggle"), reported] },
  { id: "captures", name: "captures", open: { file: "document_packing.py" }, steps: [drawn, press("captures-toggle")] },
  { id: "sizes-narrow", name: "sizes in a narrow panel", open: { width: 320 }, steps: [drawn, press("problem-toggle")] },
  { id: "error", name: "an error of the text", steps: [drawn, edit(BROKEN), there("error-strip")] },
  { id: "no-mod", name: "a text without a mod", steps: [edit("x = 1\n")] },
  { id: "benchmark-empty", name: "nothing measured yet", open: { view: "benchmark" } },
  { id: "benchmark", name: "a table of times", open: { view: "benchmark" }, steps: [edit(SMALL), measured] },
  { id: "kernel", name: "a kernel", open: { view: "kernel", file: "alibi.py" }, steps: [there("wgsl-text")] },
  { id: "keys", name: "the list of keys", steps: [drawn, press("keys-toggle"), there("keys")] },
];
