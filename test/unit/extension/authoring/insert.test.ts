import { describe, expect, test } from "vitest";
import { compose, composedAt, isPartner, type Joint, ownPartners, type Partner } from "../../../../extension/authoring/compose.ts";
import { applied, importsFor, type Wanted } from "../../../../extension/authoring/importEdit.ts";
import { insertBesideWord, insertVariant } from "../../../../extension/authoring/insertVariant.ts";
import { outlineOf } from "../../../../extension/authoring/outline.ts";
import { variantAt } from "../../../../extension/cursor.ts";
import { galleryVariantOf } from "../../../../extension/galleryVariant.ts";
import { joinCells } from "../../../../extension/layout.ts";
import { fillProblem } from "../../../../kernels/flash/problem.ts";
import { findVariant, lowerModule } from "../../../../kernels/frontend/lower.ts";
import type { LoweredModule } from "../../../../kernels/frontend/module.ts";
import { GALLERY, type GalleryEntry } from "../../../../kernels/gallery/gallery.ts";
import { interpret } from "../../../../kernels/ir/interpret.ts";
import { variantKey } from "../../../../kernels/ir/key.ts";
import { seeded } from "../../../support/random.ts";

const FILE = "masks.py";
const lower = (text: string): LoweredModule => lowerModule([{ file: FILE, text }]);
const whole = (text: string) => ({ from: 0, to: text.length });
const entryOf = (file: string): GalleryEntry => {
  const entry = GALLERY.find((e) => e.file === file);
  if (entry === undefined) throw new Error(`the gallery has no ${file}`);
  return entry;
};
const errorsOf = (module: LoweredModule): string[] => module.diagnostics.filter((d) => d.severity === "error").map((d) => d.message);

const CAUSAL = `from torch.nn.attention.flex_attention import create_block_mask


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


block_mask = create_block_mask(causal, None, None, 1024, 1024)
`;

describe("imports that a text lacks", () => {
  const AND: Wanted = { module: "torch.nn.attention.flex_attention", name: "and_masks", as: "and_masks" };
  const TORCH: Wanted = { module: "torch", name: null, as: "torch" };
  const importing = (text: string, ...wanted: Wanted[]): string => {
    const { grown, lines } = importsFor(outlineOf(text), wanted, text.length, whole(text));
    return applied(text, [...grown, ...lines]);
  };
  const FROM = "from torch.nn.attention.flex_attention import";

  test.each([
    ["grow an import in its order", `${FROM} create_block_mask, or_masks\n`, `${FROM} and_masks, create_block_mask, or_masks\n`],
    ["go last where there is no order", `${FROM} or_masks, create_block_mask\n`, `${FROM} or_masks, create_block_mask, and_masks\n`],
    [
      "have a line of their own where names have",
      `${FROM} (\n    create_block_mask,\n    flex_attention,\n)\n`,
      `${FROM} (\n    and_masks,\n    create_block_mask,\n    flex_attention,\n)\n`,
    ],
    [
      "go below the last, before the comma that ends the list",
      `${FROM} (\n    _a,\n    _b,\n)\n`,
      `${FROM} (\n    _a,\n    _b,\n    and_masks,\n)\n`,
    ],
    ["go below other imports", "import math\n\nx = 1\n", `import math\n${FROM} and_masks\n\nx = 1\n`],
    ["go below the docstring", '"""Masks."""\n\nx = 1\n', `"""Masks."""\n${FROM} and_masks\n\nx = 1\n`],
    ["go above a definition, two lines apart", "def f():\n    pass\n", `${FROM} and_masks\n\n\ndef f():\n    pass\n`],
    ["go below a licence", "# Licence\n", `# Licence\n${FROM} and_masks\n`],
    ["are none where the name is there", `${FROM} and_masks\n`, `${FROM} and_masks\n`],
    ["are none where everything is imported", `${FROM} *\n`, `${FROM} *\n`],
    [
      "are none where a block has it",
      `try:\n    ${FROM} and_masks\nexcept ImportError:\n    pass\n`,
      `try:\n    ${FROM} and_masks\nexcept ImportError:\n    pass\n`,
    ],
  ])("%s", (_, text, want) => {
    expect(importing(text, AND)).toBe(want);
  });

  test("of whole modules go above those of names", () => {
    expect(importing(`${FROM} or_masks\n`, TORCH)).toBe(`import torch\n${FROM} or_masks\n`);
  });

  test("do not grow those of a notebook's other cells", () => {
    const { text, parts } = joinCells([`${FROM} or_masks\n`, "x = 1\n"]);
    const start = parts[1]?.start ?? 0;
    const { grown, lines } = importsFor(outlineOf(text), [AND], text.length, { from: start, to: text.length });
    expect(grown).toEqual([]);
    expect(lines.map(({ newText }) => newText.trim())).toEqual([`${FROM} and_masks`]);
  });

  test("use the name that the text has for it", () => {
    const names = (text: string, want: Wanted) => importsFor(outlineOf(text), [want], text.length, whole(text)).names.get(want.as);
    expect(names(`${FROM} and_masks as both\n`, AND)).toBe("both");
    expect(names("import torch as th\n", TORCH)).toBe("th");
    expect(names("def and_masks(*mods):\n    return mods[0]\n", AND)).toBe("flex_and_masks");
  });
});

describe("inserting a variant of the gallery", () => {
  const insert = (entry: GalleryEntry, text: string, at: number) => {
    const { edits, name } = insertVariant(entry, outlineOf(text), at, whole(text));
    return { text: applied(text, edits), name };
  };

  test("writes what it needs, the imports that lack, and the sizes of the example", () => {
    expect(
      insert(entryOf("prefix_lm.py"), CAUSAL, CAUSAL.length).text,
    ).toBe(`from torch.nn.attention.flex_attention import create_block_mask, or_masks


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


block_mask = create_block_mask(causal, None, None, 1024, 1024)


def generate_prefix_lm_mask(prefix_length: int):
    def prefix(b, h, q_idx, kv_idx):
        return kv_idx < prefix_length

    return or_masks(prefix, causal)


# flexlens: Q_LEN=2048, KV_LEN=2048
prefix_lm = generate_prefix_lm_mask(prefix_length=768)
`);
  });

  test("goes above the statement that the cursor is in, and under a new name where its own is taken", () => {
    const { text, name } = insert(entryOf("causal.py"), CAUSAL.replace(">=", ">"), CAUSAL.indexOf("return"));
    expect(name).toBe("causal_2");
    expect(text).toContain("import create_block_mask\n\n\ndef causal_2(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\ndef causal(");
  });

  test("calls a factory with the values of the example", () => {
    const { text, name } = insert(entryOf("sink_tokens.py"), "", 0);
    expect(name).toBe("sink_tokens");
    expect(
      text.endsWith("    return sink_tokens\n\n\n# flexlens: Q_LEN=2048, KV_LEN=2048\nsink_tokens = generate_sink_mask(window=256)\n"),
    ).toBe(true);
  });

  const PLACES = [
    ["an empty file", "", 0],
    ["a file with a mod, within it", CAUSAL, CAUSAL.indexOf("return")],
    ["its end", CAUSAL, CAUSAL.length],
    ["a file that has the names for other things", "S, WINDOW, torch = 1, 2, 3\n\n\ndef causal():\n    return S + WINDOW\n", 60],
  ] as const;
  test.each(PLACES)("gives the mask of the picture, and no error, in %s", (_, text, at) => {
    for (const entry of GALLERY) {
      const shown = galleryVariantOf(entry);
      if (shown === null) continue;
      const after = insert(entry, text, at);
      const module = lower(after.text);
      expect(errorsOf(module), after.text).toEqual([]);
      const variant = findVariant(module, after.name);
      expect(variant === null ? null : variantKey(variant, [128, 128]), after.text).toBe(variantKey(shown.variant, [128, 128]));
      const [got, want] = [fillProblem(variant?.problem ?? {}), shown.problem];
      expect([got.qLen, got.kvLen, got.blockSize], after.text).toEqual([want.qLen, want.kvLen, want.blockSize]);
      expect(after.text).not.toMatch(/\n\n\n\n/);
    }
  });

  test.each([
    ["a licence", "# Licence\n# of a file\n\nimport torch\n", "# Licence\n# of a file\n\nimport torch\n"],
    ["a licence alone", "# Licence\n", "# Licence\n"],
    ["the docstring", '"""Masks."""\n\nx = 1\n', '"""Masks."""\n'],
    ["`#!`", "#!/usr/bin/env python\nx = 1\n", "#!/usr/bin/env python\n"],
  ])("leaves %s at the head of the text", (_, text, head) => {
    const after = insert(entryOf("alibi.py"), text, 0).text;
    expect(after.startsWith(head), after).toBe(true);
    expect(errorsOf(lower(after)), after).toEqual([]);
  });

  test("goes above lines that are no Python yet, with the block below them", () => {
    const text = "x = 1\n\n\ndef half(b, h, q, k:\n    y = 2\n\n    return y\n";
    const after = insert(entryOf("causal.py"), text, text.indexOf("return")).text;
    expect(after.indexOf("def causal(")).toBeLessThan(after.indexOf("def half("));
    expect(after).toContain("def half(b, h, q, k:\n    y = 2\n\n    return y\n");
  });

  test.each(["\n    x = 1\n", "\r\n    x = 1\r\n", "\n"])("goes to the top of a text that begins with an empty line: %j", (text) => {
    for (let at = 0; at <= text.trimEnd().length; at++) {
      const after = insert(entryOf("causal.py"), text, at).text;
      expect(after, `at ${at}`).toMatch(/^def causal\(/);
      expect(after.trimEnd().endsWith(text.trim()), after).toBe(true);
    }
  });

  test("writes the same under Windows' line ends", () => {
    const windows = CAUSAL.replaceAll("\n", "\r\n");
    for (const word of ["return", "block_mask ="]) {
      const { text } = insert(entryOf("composition.py"), windows, windows.indexOf(word));
      expect(text.replaceAll("\r\n", "\n")).toBe(insert(entryOf("composition.py"), CAUSAL, CAUSAL.indexOf(word)).text);
    }
  });

  test("writes into the cell of a notebook that the cursor is in, and knows the imports of those before", () => {
    const { text, parts } = joinCells(["from torch.nn.attention.flex_attention import and_masks", "%%time\nx = 1\n", "y = 2"]);
    const [, cell] = parts;
    const region = { from: text.indexOf("x = 1"), to: (cell?.start ?? 0) + (cell?.length ?? 0) };
    const { edits } = insertVariant(entryOf("causal_sliding_window.py"), outlineOf(text), region.to, region);
    expect(edits).toHaveLength(1);
    for (const edit of edits) expect(edit.from >= region.from && edit.to <= region.to).toBe(true);
    const after = applied(text, edits);
    expect(after.includes("\nx = 1\n\nWINDOW = 256\n"), after).toBe(true);
    expect(after.endsWith("causal_sliding_window = and_masks(causal, in_window)\ny = 2\n"), after).toBe(true);
    expect(errorsOf(lower(after)), after).toEqual([]);
  });

  test.each([
    ["at the end", `${CAUSAL}\n\n▮`],
    ["of an empty text", "▮"],
    ["between definitions", CAUSAL.replace("\n\n\nblock_mask", "\n\n▮\n\nblock_mask")],
    ["directly above a definition", CAUSAL.replace("def causal", "▮\ndef causal")],
    ["in the middle of a function", CAUSAL.replace("):\n", "):\n▮\n")],
    ["under Windows' line ends", CAUSAL.replace("\n\n\nblock_mask", "\n\n▮\n\nblock_mask").replaceAll("\n", "\r\n")],
  ])("beside a word that the editor takes away gives the same text: %s", (_, marked) => {
    const from = marked.indexOf("▮");
    const text = marked.replace("▮", "flexc");
    const word = { from, to: from + "flexc".length };
    for (const entry of GALLERY) {
      const edits = insertBesideWord(entry, text, word, whole(text));
      for (const edit of edits) expect(edit.to <= from || edit.from >= word.to, JSON.stringify(edit)).toBe(true);
      const after = applied(text, [...edits, { ...word, newText: "" }]);
      expect(after.replaceAll("\r\n", "\n")).toBe(insert(entry, marked.replace("▮", ""), from).text.replaceAll("\r\n", "\n"));
    }
  });

  test("brings all of the mistakes, which are one example", () => {
    const { text, name } = insert(entryOf("mistakes.py"), "", 0);
    expect(name).toBe("");
    expect(text).toContain("def chained_comparison(");
    expect(text.startsWith("import torch\nfrom torch")).toBe(true);
  });
});

test("the gallery says of each example what it is", () => {
  for (const entry of GALLERY) {
    const variant = galleryVariantOf(entry)?.variant;
    const kind = variant === undefined ? null : variant.maskMod !== null && variant.scoreMod === null ? "mask_mod" : "score_mod";
    expect({ file: entry.file, kind: entry.kind }).toEqual({ file: entry.file, kind });
  }
});

describe("composing masks", () => {
  const composed = (text: string, at: number, partner: Partner, joint: Joint) => {
    const variant = variantAt(lower(text), FILE, at);
    const outline = outlineOf(text);
    const mask = variant === null ? null : composedAt(outline, variant, at);
    return mask === null ? null : compose(outline, mask, partner, joint, () => whole(text));
  };
  const WINDOW = `${CAUSAL}\n\ndef window_mask(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < 64\n\n\nx = 1\n`;

  test("assigns the two to a name of their own below both, with the import", () => {
    const made = composed(WINDOW, WINDOW.indexOf("return"), { kind: "own", name: "window_mask" }, "and");
    expect(made?.name).toBe("causal_and_window");
    const text = applied(WINDOW, made?.edits ?? []);
    expect(text).toContain("import and_masks, create_block_mask\n");
    expect(text).toContain("    return q_idx - kv_idx < 64\n\n\ncausal_and_window = and_masks(causal, window_mask)\n\nx = 1\n");
  });

  test("wraps what a factory returns", () => {
    const text = `${CAUSAL}\n\ndef near(width):\n    def mask(b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < width\n\n    return mask\n\n\nclose = near(7)\n`;
    const made = composed(text, text.indexOf("< width"), { kind: "own", name: "causal" }, "and");
    expect(made?.name).toBe("near");
    expect(applied(text, made?.edits ?? [])).toContain("    return and_masks(mask, causal)\n\n\nclose = near(7)\n");
  });

  test("offers a factory's mask none that does not exist yet when the factory is called, and none that it made", () => {
    const text = `${CAUSAL}\n\ndef near(width):\n    def mask(b, h, q_idx, kv_idx):\n        return q_idx - kv_idx < width\n\n    return mask\n\n\nclose = near(7)\n\n\ndef late(b, h, q, k):\n    return q > k\n`;
    const module = lower(text);
    const variant = variantAt(module, FILE, text.indexOf("< width"));
    const mask = variant === null ? null : composedAt(outlineOf(text), variant, text.indexOf("< width"));
    expect(mask === null ? null : ownPartners(outlineOf(text), module, mask).map((v) => v.name)).toEqual(["causal"]);
  });

  test("offers the other masks of the file, no scores and no pairs", () => {
    const text = `${WINDOW}\ndef bias(score, b, h, q, k):\n    return score + q\n\nout = flex_attention(q, k, v, score_mod=bias, block_mask=block_mask)\n`;
    const module = lower(text);
    const variant = findVariant(module, "causal");
    const mask = variant === null ? null : composedAt(outlineOf(text), variant, variant.nameSpan.from);
    expect(mask === null ? null : ownPartners(outlineOf(text), module, mask).map((v) => v.name)).toEqual(["window_mask"]);
  });

  const cases = GALLERY.filter(isPartner).flatMap((entry) =>
    (["and", "or"] as const).map((joint) => ({ title: entry.title, entry, joint })),
  );
  test.each(cases)("with $title by $joint gives that of the two at every cell, and no error", ({ entry, joint }) => {
    const made = composed(WINDOW, WINDOW.indexOf("< 64"), { kind: "gallery", entry }, joint);
    const text = applied(WINDOW, made?.edits ?? []);
    const module = lower(text);
    expect(errorsOf(module), text).toEqual([]);
    const result = findVariant(module, made?.name ?? "")?.maskMod?.body;
    const own = findVariant(module, "window_mask")?.maskMod?.body;
    const shown = galleryVariantOf(entry);
    const other = shown?.variant.maskMod?.body;
    if (result === undefined || own === undefined || other === undefined || shown === null) throw new Error(`nothing to compare:\n${text}`);
    const { batch, qLen, kvLen } = shown.problem;
    const random = seeded(7);
    const below = (n: number): number => Math.floor(random() * n);
    for (let i = 0; i < 400; i++) {
      const at = { b: below(batch), h: 0, q_idx: below(qLen), kv_idx: below(kvLen), score: 0 };
      const [a, b] = [interpret(own, at) !== 0, interpret(other, at) !== 0];
      expect({ at, is: interpret(result, at) !== 0 }).toEqual({ at, is: joint === "and" ? a && b : a || b });
    }
  });
});

test("a function reads its defaults and annotations where it stands, a lambda too", () => {
  const [, def, lambda] = outlineOf("W = 4\ndef f(x: T, w=W): return x + w\ng = lambda x, w=W: x + w\n").parts;
  expect([...(def?.reads ?? [])].sort()).toEqual(["T", "W"]);
  expect([...(lambda?.reads ?? [])]).toContain("W");
});
