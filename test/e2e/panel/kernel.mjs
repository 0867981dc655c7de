// The Kernel tab: its text and the Python know each other by pointer, by keys and by the editor's cursor; edits, folds,
// finding, the other kernels and passes.
//   node test/e2e/panel.mjs kernel

const TEXT = `# flexlens: B=1, H=1, Q_LEN=256, KV_LEN=256, D=16
WINDOW = 64


def near(b, h, q_idx, kv_idx):
    behind = q_idx >= kv_idx
    close = q_idx - kv_idx < WINDOW
    return behind & close
`;

const line = (panel, text) => panel.page.locator(".code .line", { hasText: text }).first();
const litLines = (panel) => panel.page.locator(".code .line.lit").allTextContents();
const litPython = (panel) => panel.page.locator(".pyline.lit code").allTextContents();
const last = async (panel, type) => (await panel.posted(type)).at(-1);
const marked = (text) => ({ from: TEXT.indexOf(text), to: TEXT.indexOf(text) + text.length });

async function open(panel, how = {}) {
  await panel.open({ view: "kernel", ...how });
  await panel.edit(TEXT);
  await panel.at("python-line-6").waitFor();
  // Which kernel is chosen depends on the device, which answers when it can.
  await panel.page.getByRole("region", { name: "Why this kernel" }).getByText("For google").waitFor();
}

/** Long texts: where they differ first. */
function sameText(what, got, want) {
  if (got === want) return;
  const at = [...want].findIndex((character, i) => character !== got[i]);
  throw new Error(`${what} from ${at} on: ${JSON.stringify(got.slice(at, at + 80))}, not ${JSON.stringify(want.slice(at, at + 80))}`);
}

export const steps = [
  [
    "the text is the WGSL to the letter, folded or not, and so is the copy",
    async (panel) => {
      await open(panel);
      await panel.at("wgsl-copy").click();
      const { text } = await panel.until("the copy", () => last(panel, "copy"));
      if (!text.includes("@compute")) throw new Error("no WGSL was copied");
      const folds = await panel.at("wgsl-fold").count();
      if (folds < 3) throw new Error(`${folds} folds`);
      sameText("the text", (await panel.at("wgsl-text").textContent()).trimEnd(), text.trimEnd());
      await panel.at("wgsl-unfold").click();
      panel.same("folds left", await panel.at("wgsl-fold").count(), 0);
      sameText("the text unfolded", (await panel.at("wgsl-text").textContent()).trimEnd(), text.trimEnd());
      await panel.at("wgsl-unfold").click();
      await panel.at("wgsl-fold").nth(1).focus();
      await panel.page.keyboard.press("Enter");
      panel.same("one fold is open", await panel.at("wgsl-fold").count(), folds - 1);
    },
  ],
  [
    "the pointer on a line of either side lights the other, and the editor",
    async (panel) => {
      await line(panel, "let close =").hover();
      await panel.until(
        "the Python is lit",
        () => litPython(panel),
        (lit) => lit.length === 1 && lit[0].includes("close = q_idx"),
      );
      panel.same(
        "lit in the editor",
        (await last(panel, "light")).spans.map(({ from, to }) => ({ from, to })),
        [marked("close = q_idx - kv_idx < WINDOW")],
      );
      await panel.at("python-line-6").hover();
      await panel.until(
        "the WGSL is lit",
        () => litLines(panel),
        (lit) => lit.length === 1 && lit[0].includes("let behind ="),
      );
      await panel.at("wgsl-changed").hover();
      await panel.until(
        "the light is out",
        () => last(panel, "light"),
        ({ spans }) => spans.length === 0,
      );
    },
  ],
  [
    "keys go from linked line to linked line and to the Python; a click goes there too",
    async (panel) => {
      await panel.at("wgsl-text").focus();
      const heard = async () => panel.page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
      for (const words of [
        /^q_idx >= kv_idx, .* line 6, WGSL line \d+$/,
        /^q_idx - kv_idx < WINDOW, .* line 7/,
        /^behind & close, .* line 8/,
      ]) {
        await panel.page.keyboard.press("Alt+ArrowDown");
        if (!words.test(await heard())) throw new Error(`${await heard()}, not ${words}`);
      }
      await panel.page.keyboard.press("Alt+ArrowUp");
      panel.same("what is focused is lit", (await litPython(panel)).length, 1);
      await panel.page.keyboard.press("F12");
      const { from, to } = await panel.until("the place by F12", () => last(panel, "reveal"));
      panel.same("the place by F12", { from, to }, marked("q_idx - kv_idx < WINDOW"));
      await panel.at("python-line-8").click();
      await panel.until(
        "the place by a click on the Python",
        () => last(panel, "reveal"),
        (m) => m.from === marked("return").from,
      );
      await line(panel, "let behind =").click();
      await panel.until(
        "the place by a click on the WGSL",
        () => last(panel, "reveal"),
        (m) => m.from === marked("q_idx >= kv_idx").from,
      );
    },
  ],
  [
    "the editor's cursor lights what comes of its line",
    async (panel) => {
      const { document } = await last(panel, "selected").then((m) => m ?? last(panel, "reveal"));
      await panel.at("wgsl-changed").hover();
      await panel.page.evaluate(() => document.activeElement?.blur());
      await panel.send({ type: "cursor", document, offset: TEXT.indexOf("return") + 8 });
      await panel.until(
        "the WGSL is lit",
        () => litLines(panel),
        (lit) => lit.length === 1 && lit[0].includes("return behind & close"),
      );
      await panel.send({ type: "cursor", document, offset: 0 });
      await panel.until(
        "the light is out",
        () => litLines(panel),
        (lit) => lit.length === 0,
      );
    },
  ],
  [
    "an edit marks what it changed; another number leaves the pipeline as it is",
    async (panel) => {
      await panel.edit(TEXT.replace("q_idx >= kv_idx", "q_idx > kv_idx"));
      await panel.until(
        "the count",
        () => panel.at("wgsl-changed").textContent(),
        (text) => text === "1 line changed since the last edit",
      );
      panel.same("marked", await panel.page.locator(".code .line.changed").allTextContents(), ["  let behind = q_idx > kv_idx;\n"]);
      await panel.at("change-next").click();
      panel.same("gone to", await panel.page.locator(".code .line.here").allTextContents(), ["  let behind = q_idx > kv_idx;\n"]);
      const outline = () => panel.page.locator(".code .line.here").evaluate((line) => getComputedStyle(line).outlineColor);
      await panel.until("the outline goes", outline, (colour) => colour === "rgba(0, 0, 0, 0)");
      await panel.edit(TEXT.replace("q_idx >= kv_idx", "q_idx > kv_idx").replace("WINDOW = 64", "WINDOW = 32"));
      const said = /^unchanged: same pipeline, other data \(i0 64 → 32\)$/;
      await panel.until(
        "the word",
        () => panel.at("wgsl-changed").textContent(),
        (text) => said.test(text),
      );
      panel.same("marked", await panel.page.locator(".code .line.changed").count(), 0);
      panel.same("gone to before the edit", await panel.page.locator(".code .line.here").count(), 0);
    },
  ],
  [
    "finding opens what hides the place, counts, and ends with Escape",
    async (panel) => {
      await panel.at("wgsl-text").focus();
      await panel.page.keyboard.press("Control+f");
      await panel.page.keyboard.type("ROW_SCALE(");
      const found = () => panel.at("wgsl-found").textContent();
      await panel.until("the count", found, (text) => /^1 of [2-9]/.test(text));
      panel.same("what is marked", await panel.page.locator(".code .here mark").first().textContent(), "row_scale");
      await panel.page.keyboard.press("Enter");
      await panel.until("the next", found, (text) => text.startsWith("2 of "));
      await panel.page.keyboard.press("Escape");
      panel.same("the field", await panel.at("wgsl-find").count(), 0);
      panel.same("the focus", await panel.page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "wgsl-text");
    },
  ],
  [
    "every kernel is listed with its reason, passes can be looked at, and the one shown opens beside",
    async (panel) => {
      panel.same("why not", await panel.page.locator('[data-testid^="kernel-choice-"]').count(), 7);
      const baseline = panel.at("kernel-choice-materialized");
      await baseline.getByRole("button", { name: "materialised" }).click();
      await baseline.getByRole("button", { name: "softmax" }).click();
      await panel.until(
        "the pass",
        () => panel.at("wgsl-text").getAttribute("data-engine"),
        (engine) => engine === "materialized",
      );
      await panel.at("wgsl-open").click();
      const { kernel, variant } = await panel.until("the wish", () => last(panel, "openKernel"));
      panel.same("what opens", [variant, kernel.engine, kernel.pass], ["near", "materialized", "softmax"]);
      const resources = await panel.at("kernel-resources").textContent();
      for (const words of ["storage buffers", "workgroup memory", "registers, estimate"])
        if (!resources.includes(words)) throw new Error(`no ${words} in ${resources}`);
      panel.same("costs", /mask_mod.*4 operations/.test(await panel.at("kernel-costs").textContent()), true);
    },
  ],
  [
    "in a narrow panel the Python stands above the text",
    async (panel) => {
      await open(panel, { width: 320, height: 700 });
      const [python, code] = [await panel.at("kernel-python").boundingBox(), await panel.at("wgsl-text").boundingBox()];
      if (!(python.y + python.height <= code.y + 1)) throw new Error(`${JSON.stringify(python)} above ${JSON.stringify(code)}`);
    },
  ],
];
