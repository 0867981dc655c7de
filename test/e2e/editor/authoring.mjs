// What writes code, by a user's hands: a variant chosen from the gallery by its picture, a mask composed with another one,
// words completed inside a mod, the hover where a mask is used.
const SLOW = { timeout: 60_000 };
const TEXT = `import torch
from torch.nn.attention.flex_attention import create_block_mask

docs = torch.arange(512) // 64


def packed(b, h, q_idx, kv_idx):
    return docs[q_idx] == docs[kv_idx]


block_mask = create_block_mask(packed, None, None, 512, 512)
`;

/** A row of the list by its words; the first of a section has the section's heading too. */
const rowOf = (vs, words) => vs.page.locator(".quick-input-list .monaco-list-row", { hasText: words }).first();
/** Width of the picture in a row of the list, 0 where there is none. */
const pictureIn = (row) =>
  row.locator(".quick-input-list-icon").evaluate(async (icon) => {
    const address = /url\("(data:image\/svg\+xml;base64,.*)"\)/.exec(getComputedStyle(icon).backgroundImage)?.[1];
    if (address === undefined) return 0;
    const image = new Image();
    image.src = address;
    await image.decode();
    return image.naturalWidth;
  });
/** Saves, and gives the file's text. */
const saved = async (vs, name, good) => {
  await vs.page.keyboard.press("Control+s");
  return vs.until("the file's text", () => vs.read(name), good);
};

export const steps = [
  [
    "a variant of the gallery is chosen by its picture, and stands with what it needs between the definitions",
    async (vs) => {
      vs.write("packed.py", TEXT);
      await vs.openFile("packed.py");
      await vs.lensReads("def packed", /skipped/, 60_000);
      await vs.page.locator(".view-line", { hasText: "def packed" }).first().click();
      await vs.command("Insert Variant from the Gallery…");
      const row = rowOf(vs, /^Causal sliding window/);
      await row.waitFor(SLOW);
      await vs.until(
        "the picture",
        () => pictureIn(row),
        (width) => width === 32,
      );
      await vs.shoot("gallery");
      await row.click();
      await vs.lensReads("causal_sliding_window =", /skipped/, 60_000);
      const text = await saved(vs, "packed.py", (now) => now.includes("in_window)"));
      vs.same("the import", text.split("\n")[1], "from torch.nn.attention.flex_attention import and_masks, create_block_mask");
      if (!text.includes("causal_sliding_window = and_masks(causal, in_window)\n\n\ndef packed(")) throw new Error(text);
    },
  ],
  [
    "a mask is composed with another one of the file, and its lens shows what is left",
    async (vs) => {
      await vs.page.locator(".view-line", { hasText: "return docs" }).first().click();
      await vs.command("Compose Mask with…");
      await rowOf(vs, /^causal(This file)?$/).waitFor(SLOW);
      await vs.until(
        "the picture",
        () => pictureIn(rowOf(vs, /^causal(This file)?$/)),
        (width) => width === 32,
      );
      await rowOf(vs, /^causal(This file)?$/).click();
      await rowOf(vs, /^both allow it/).waitFor(SLOW);
      await vs.shoot("and-or");
      await rowOf(vs, /^both allow it/).click();
      await vs.lensReads("packed_and_causal =", /skipped/, 60_000);
      const text = await saved(vs, "packed.py", (now) => now.includes("packed_and_causal"));
      if (!text.includes("\n\n\npacked_and_causal = and_masks(packed, causal)\n\nblock_mask =")) throw new Error(text);
    },
  ],
  [
    "inside a mod a captured tensor is completed with its dtype and shape",
    async (vs) => {
      await vs.page.locator(".view-line", { hasText: "return docs" }).first().click();
      await vs.page.keyboard.press("End");
      await vs.page.keyboard.type(" & (do");
      const list = vs.page.locator(".suggest-widget.visible .monaco-list-row", { hasText: "Flexlens" });
      await list.first().waitFor(SLOW);
      const label = await vs.until("the row", () => list.first().getAttribute("aria-label"));
      if (!/^docs/.test(label)) throw new Error(`the first row reads ${label}`);
      await vs.shoot("completion");
      await vs.page.keyboard.press("Escape");
      for (let i = 0; i < 6; i++) await vs.page.keyboard.press("Control+z");
      await vs.page.keyboard.press("Control+s");
    },
  ],
  [
    "the pointer on a mask where it is used shows its formula, its picture and its shape in words",
    async (vs) => {
      await vs.page
        .locator(".view-line", { hasText: "block_mask =" })
        .locator("span span", { hasText: /^packed|packed/ })
        .last()
        .hover();
      const hover = vs.page.locator(".monaco-hover:visible", { hasText: "of blocks skipped" });
      await hover.first().waitFor(SLOW);
      const alt = await hover.locator("img").first().getAttribute("alt");
      if (!/^Mask of packed, [\d.]+\s?percent of blocks empty, /.test(alt)) throw new Error(`the picture is called ${alt}`);
      await vs.shoot("hover");
      await vs.page.keyboard.press("Escape");
    },
  ],
];
