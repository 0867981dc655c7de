// The panel's frame: sizes by field and by name, what tensors are stored as, captures, pin, what is wrong with its way
// out, and that a page which is loaded again looks as it did.
import { drawn } from "../panelStates.mjs";

const PACKED = `# flexlens: B=1, H=2, Q_LEN=512, KV_LEN=512, D=16
import torch

docs = torch.arange(512) // 64


def packed(b, h, q_idx, kv_idx):
    return docs[q_idx] == docs[kv_idx]


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx
`;

const plain = (text) => text.replaceAll("\u202f", " ");
const value = (panel, id) => panel.at(id).evaluate((field) => field.value);

/** Types into a field and presses Enter. */
async function type({ at }, id, text) {
  const field = at(id).locator("input");
  await field.fill(text);
  await field.press("Enter");
}

/** Waits until the fields show these sizes. */
async function sized(panel, sizes) {
  for (const [key, size] of Object.entries(sizes))
    await panel.until(
      `the field ${key}`,
      async () => plain(await value(panel, `problem-${key}`)),
      (now) => now === size,
    );
}

/** Chooses from a list by its arrow keys. */
async function choose(panel, id, wanted) {
  await panel.at(id).focus();
  for (let i = 0; i < 4 && (await value(panel, id)) !== wanted; i++) await panel.page.keyboard.press("ArrowDown");
  for (let i = 0; i < 4 && (await value(panel, id)) !== wanted; i++) await panel.page.keyboard.press("ArrowUp");
  panel.same(id, await value(panel, id), wanted);
}

const canvas = (panel) => panel.at("mask-canvas").evaluate((each) => ({ ...each.dataset }));

export const steps = [
  [
    "published sizes are taken by name, kept under one's own, and given back to the text",
    async (panel) => {
      await panel.open({ width: 860 });
      await drawn(panel);
      const own = { qHeads: await value(panel, "problem-qHeads"), qLen: plain(await value(panel, "problem-qLen")) };
      await panel.at("presets").click();
      const beyond = await panel.page.locator(".popup").evaluate((popup) => popup.getBoundingClientRect().right - innerWidth);
      if (beyond > 0) throw new Error(`the menu goes ${beyond} px beyond the panel`);
      await panel.shoot("presets");
      await panel.at("preset-ViT, 3136 patches").click();
      await sized(panel, { batch: "8", qHeads: "12", qLen: "3 136", kvLen: "3 136", qkHeadDim: "64" });
      await panel.until(
        "the matrix",
        () => canvas(panel),
        (now) => now.qLen === "3136",
      );
      await panel.at("presets").click();
      panel.same("the one shown", await panel.page.locator('.preset[aria-current="true"] .name').allTextContents(), ["ViT, 3136 patches"]);
      await panel.at("preset-save").click();
      await type(panel, "problem-qLen", "4k");
      await sized(panel, { qLen: "4 096", kvLen: "4 096" });
      await panel.at("presets").click();
      await panel.at("preset-Sizes 1").click();
      await sized(panel, { qLen: "3 136" });
      await panel.at("problem-undo").click();
      await sized(panel, own);
      panel.same("links back", await panel.at("problem-undo").count(), 0);
    },
  ],
  [
    "scale, layout and the values' dimension stand behind a button, and are said where they are not as they mostly are",
    async (panel) => {
      await panel.at("problem-more").click();
      await sized(panel, { scale: "1/√64" });
      await type(panel, "problem-scale", "half");
      panel.same(
        "refusal",
        (await panel.at("problem-error").textContent()).includes("half is no scale; write a number such as 0.125"),
        true,
      );
      await type(panel, "problem-scale", "1/10");
      await panel.at("problem-error").waitFor({ state: "detached" });
      await choose(panel, "problem-layout", "BSHD");
      await panel.at("problem-more").click();
      await panel.page.locator(".problem", { hasText: "scale 0.1 · BSHD" }).waitFor();
      await panel.at("problem-undo").click();
    },
  ],
  [
    "bfloat16 is refused for times with the reason, and studied for its error",
    async (panel) => {
      await panel.open({ view: "benchmark" });
      await panel.edit(PACKED);
      await choose(panel, "problem-storage", "bf16");
      await panel.at("study-refusal").waitFor();
      panel.same("runs", await panel.at("bench-run").count(), 0);
      await panel.at("study-run").click();
      await panel.at("study").waitFor({ timeout: 30_000 });
      const error = async (type) => Number(await panel.at(`study-${type}`).getAttribute("data-relative"));
      const [f32, f16, bf16] = [await error("f32"), await error("f16"), await error("bf16")];
      if (!(f32 < 1e-6 && f16 > 1e-5 && bf16 > 4 * f16 && bf16 < 0.05)) throw new Error(`errors: ${[f32, f16, bf16]}`);
      await panel.shoot("study");
      await panel.page.getByRole("button", { name: "Take float32" }).click();
      await panel.at("bench-run").waitFor();
    },
  ],
  [
    "captures say where they come from, take an expression or a file, and say in their row what is wrong",
    async (panel) => {
      await panel.open();
      await panel.edit(PACKED);
      await panel.at("variant").waitFor();
      await panel.until(
        "the variant",
        () => canvas(panel),
        (now) => now.variant === "packed",
      );
      await panel.at("captures-toggle").click();
      panel.same("origin", await panel.at("origin-docs").textContent(), "module, line 4");
      await panel.at("origin-docs").click();
      panel.same("the place", (await panel.posted("reveal")).at(-1).from, PACKED.indexOf("torch.arange"));
      await panel.at("pick-docs").click();
      panel.same("the wish", (await panel.posted("pickFile")).at(-1).name, "docs");
      await type(panel, "capture-docs", "torch.arange(");
      await panel.at("binding-error").waitFor();
      await panel.shoot("captures");
      await panel.page.getByRole("button", { name: "Take it back" }).click();
      await panel.at("binding-error").waitFor({ state: "detached" });
      await type(panel, "capture-docs", "torch.arange(512) // 32");
      await panel.until(
        "the new value",
        () => panel.at("origin-docs").count(),
        (n) => n === 0,
      );
      await panel.at("captures-write").click();
      panel.same("written", (await panel.posted("writeDirective")).at(-1).variant, "packed");
      await type(panel, "capture-docs", "");
      await panel.at("origin-docs").waitFor();
    },
  ],
  [
    "a length that a capture does not have is explained, with the way back",
    async (panel) => {
      await type(panel, "problem-kvLen", "1024");
      await panel.at("reads-error").waitFor();
      const words = plain(await panel.at("reads-error").textContent());
      if (!/At the panel's sizes docs\[kv_idx\] reads element 512 of 512/.test(words)) throw new Error(words);
      await panel.page.getByRole("button", { name: "Take the text's sizes" }).click();
      await panel.at("reads-error").waitFor({ state: "detached" });
    },
  ],
  [
    "a document that was closed is said to be, until it is read again",
    async (panel) => {
      const [{ document }] = (await panel.posted("problem")).slice(-1);
      await panel.send({ type: "document", document, state: "closed" });
      await panel.at("document-closed").waitFor();
      await panel.page.getByRole("button", { name: "Open it" }).click();
      panel.same("opened", (await panel.posted("reveal")).at(-1).document, document);
      await panel.send({ type: "document", document, state: "open" });
      await panel.at("document-closed").waitFor({ state: "detached" });
    },
  ],
  [
    "while another panel measures, a run waits for it and can be taken back",
    async (panel) => {
      await panel.at("tab-benchmark").click();
      await panel.send({ type: "elsewhere", variant: "another", waits: false });
      await panel.at("bench-run").click();
      await panel.until(
        "words",
        () => panel.at("bench-progress").textContent(),
        (text) => /waits for another, which another panel/.test(text),
      );
      await panel.at("bench-cancel").click();
      panel.same(
        "wishes",
        (await panel.posted("wants")).map(({ wants }) => wants),
        [true, false],
      );
      await panel.send({ type: "elsewhere", variant: null, waits: false });
    },
  ],
  [
    "a page that is loaded again shows what it showed: variant, layer, cell, place, sizes, pin, tab",
    async (panel) => {
      const { at, page } = panel;
      await at("tab-mask").click();
      await page.getByTestId("variant").focus();
      await page.keyboard.press("ArrowDown");
      await panel.until(
        "the variant",
        () => canvas(panel),
        (now) => now.variant === "causal",
      );
      await type(panel, "problem-qLen", "768");
      await panel.until(
        "the length",
        () => canvas(panel),
        (now) => now.qLen === "768",
      );
      await at("layer-why").click();
      await at("mask-canvas").focus();
      for (const key of ["End", "PageDown", "Enter"]) await page.keyboard.press(key);
      for (let i = 0; i < 3; i++) await page.keyboard.press("+");
      await at("panel-pin").click();
      await at("captures-toggle").count();
      const look = async () => {
        const { variant, qLen, drawn: _drawn, ...rest } = await canvas(panel);
        return JSON.stringify({
          variant,
          qLen,
          rest,
          card: await at("unpin").count(),
          pinned: await at("panel-pin").getAttribute("aria-pressed"),
        });
      };
      await page.waitForTimeout(400);
      const before = await look();
      await page.reload();
      await page.locator("body[data-ready]").waitFor();
      await panel.until("what is shown", look, (now) => now === before);
      panel.same("the layer", await at("layer-why").getAttribute("aria-pressed"), "true");
      panel.same("the pin", await panel.page.evaluate(() => JSON.parse(sessionStorage.getItem("flexlens")).follows), false);
      await at("panel-pin").click();
      panel.same("told", (await panel.posted("following")).at(-1).follows, true);
    },
  ],
  [
    "an extension of another version is said, and the page can be loaded anew",
    async (panel) => {
      await panel.send({
        type: "show",
        version: 0,
        document: "a",
        title: "a",
        sources: [],
        bindings: {},
        problem: {},
        variant: null,
        view: null,
        results: [],
      });
      await panel.at("stranger").waitFor();
      await Promise.all([panel.page.waitForEvent("load"), panel.page.getByRole("button", { name: "Load it anew" }).click()]);
      await drawn(panel);
      panel.same("strips", await panel.at("stranger").count(), 0);
    },
  ],
];
