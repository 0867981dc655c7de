// What stands around the text: lenses that run, cancel and grow old; the status bars of a notebook's cells; the lists of the
// activity bar's container.
const SLOW = { timeout: 60_000 };
const TEXT = `# flexlens: B=1, H=1, Q_LEN=256, KV_LEN=256, D=16
def close(b, h, q_idx, kv_idx):
    return abs(q_idx - kv_idx) < 32
`;
const LINE = "def close";
const NOTEBOOK = {
  cells: ["WINDOW = 128\n", "def local(b, h, q_idx, kv_idx):\n    return abs(q_idx - kv_idx) < WINDOW\n"].map((source) => ({
    cell_type: "code",
    execution_count: null,
    metadata: {},
    outputs: [],
    source,
  })),
  metadata: { language_info: { name: "python" } },
  nbformat: 4,
  nbformat_minor: 5,
};

/** A list of the side bar, by its title; and a row of it, by its label. */
const list = (vs, title) => vs.page.locator(".pane", { has: vs.page.locator(`.pane-header[aria-label="${title} Section"]`) });
const row = (vs, title, label) =>
  list(vs, title)
    .locator(".monaco-list-row", { has: vs.page.locator(".label-name", { hasText: new RegExp(`^${label}$`) }) })
    .first();

export const steps = [
  [
    "a run that was started by a lens says in it how far it is, and a click there ends it",
    async (vs) => {
      vs.write("a_close.py", TEXT);
      await vs.openFile("a_close.py");
      await vs.clickLens(LINE, /^Benchmark$/, 60_000);
      await vs.lensReads(LINE, /^Running \d+\s?% · cancel$/, 60_000);
      vs.same("lenses while it runs", (await vs.lensesAbove(LINE)).length, 3);
      await vs.clickLens(LINE, /cancel$/);
      await vs.lensReads(LINE, /^Benchmark$/, 60_000);
    },
  ],
  [
    "a time says how old it is; after an edit it looks stale, and a click measures again",
    async (vs) => {
      await vs.clickLens(LINE, /^Benchmark$/);
      await vs.lensReads(LINE, /checked · software · just now$/, 60_000);
      await vs.page.locator(".view-line", { hasText: "return abs" }).locator("span span", { hasText: /^32$/ }).dblclick();
      await vs.page.keyboard.type("64");
      await vs.lensReads(LINE, /\(before the edit\) · just now · run again$/);
      await vs.shoot("stale");
      await vs.clickLens(LINE, /run again$/);
      await vs.lensReads(LINE, /cancel$|checked/);
      await vs.page.keyboard.press("Control+s");
    },
  ],
  [
    "the activity bar lists the workspace's variants, with pictures, in words for those who hear them",
    async (vs) => {
      await vs.page.locator('.activitybar .action-label[aria-label^="Flexlens"]').click();
      const causal = row(vs, "Variants", "causal");
      await causal.waitFor(SLOW);
      const spoken = await causal.getAttribute("aria-label");
      if (!/^causal, mask_mod, 43\.8 percent of blocks skipped, causal-like/.test(spoken)) throw new Error(`it is heard as ${spoken}`);
      const edge = await causal.locator(".custom-view-tree-node-item-icon").evaluate(async (icon) => {
        const address = /url\("(.*)"\)/.exec(getComputedStyle(icon).backgroundImage)?.[1] ?? "";
        const image = new Image();
        image.src = address;
        await image.decode();
        return address.startsWith("data:image/svg+xml;base64,") ? image.naturalWidth : 0;
      });
      vs.same("the picture's width", edge, 32);
      const measured = await row(vs, "Variants", "close").textContent();
      if (!/skipped · [\d.]+\s?(µs|ms)/.test(measured)) throw new Error(`the row of what was measured reads ${measured}`);
      await vs.shoot("variants");
    },
  ],
  [
    "a row opens its file at the mod and shows the mask; for the keyboard a question lists the same",
    async (vs) => {
      await row(vs, "Variants", "causal").click();
      await vs.page.locator(".tab.active", { hasText: "alibi.py" }).waitFor(SLOW);
      await vs.until("the mask", vs.drawn, (now) => now.variant === "causal");
      await vs.command("Flexlens: Go to Variant…");
      await vs.page.locator(".quick-input-widget input").first().fill("a_close");
      await vs.page.locator(".quick-input-list .monaco-list-row", { hasText: "a_close.py" }).first().waitFor(SLOW);
      await vs.page.keyboard.press("Enter");
      await vs.page.locator(".tab.active", { hasText: "a_close.py" }).waitFor(SLOW);
      await vs.until("the mask", vs.drawn, (now) => now.variant === "close");
    },
  ],
  [
    "results stand by variant and device, with their standing; the gallery opens an example",
    async (vs) => {
      const quad = list(vs, "Results")
        .locator(".monaco-list-row", { hasText: /\d\s?(ms|µs)/ })
        .first();
      await quad.waitFor(SLOW);
      const words = await list(vs, "Results").textContent();
      if (!/software adapter/.test(words)) throw new Error(`the results say ${words}`);
      await vs.command("Flexlens: Focus on Gallery View");
      const example = row(vs, "Gallery", "Prefix-LM");
      await example.scrollIntoViewIfNeeded();
      await vs.shoot("lists");
      await example.click();
      await vs.page.locator(".tab.active", { hasText: /^Untitled-\d+|"""/ }).waitFor(SLOW);
      await vs.command("View: Revert and Close Editor");
    },
  ],
  [
    "a notebook has its lenses in the status bar of the cell, and none that move its text",
    async (vs) => {
      vs.write("local.ipynb", JSON.stringify(NOTEBOOK));
      await vs.openFile("local.ipynb");
      const item = (text) => vs.page.locator(".cell-statusbar-container .cell-status-item", { hasText: text });
      await item(/^Mask · [\d.]+\s?% of blocks skipped$/).waitFor(SLOW);
      vs.same("lenses in cells", await vs.page.locator(".notebook-editor .codelens-decoration a").count(), 0);
      await vs.shoot("notebook");
      await item(/^Mask/).click();
      await vs.until("the mask of the cell", vs.drawn, (now) => now.variant === "local");
    },
  ],
];
