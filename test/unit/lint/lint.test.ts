/** What the lints say of whole files. Each lint's own cases stand with the other diagnostics' (test/unit/frontend/diagnosticCasesLint.ts). */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lowerModule, lowerOne } from "../../../kernels/frontend/lower.ts";
import type { LoweredModule, LowerOptions } from "../../../kernels/frontend/module.ts";
import { lintEach, lintModule, lintReads } from "../../../kernels/lint/lint.ts";
import { bindingsOf, fixtureNames, loadFixture, variantsText } from "../../support/fixtures.ts";

const lowered = (text: string, options: LowerOptions = {}): LoweredModule => lowerModule([{ file: "a.py", text }], options);
const lints = (text: string, options: LowerOptions = {}): string[] =>
  lintModule([{ file: "a.py", text }], lowered(text, options)).map((d) => `${d.code} «${text.slice(d.span.from, d.span.to)}»`);

const HEAD = "import torch\nfrom torch.nn.attention.flex_attention import create_block_mask, flex_attention\n\n";

describe("nothing is said without cause", () => {
  /** Hits that are right. */
  const KNOWN: Readonly<Record<string, readonly string[]>> = {
    // Both pad on purpose: padding rows see nothing.
    "composition.py": ["empty-rows «packed_window»"],
    "padding.py": ["empty-rows «padded_causal»"],
  };
  const gallery = new URL("../../../kernels/gallery/", import.meta.url);

  test.each(readdirSync(gallery).filter((file) => file.endsWith(".py")))("of the gallery's %s", (file) => {
    expect(lints(readFileSync(new URL(file, gallery), "utf8"))).toEqual(KNOWN[file] ?? []);
  });

  /** Hits of the fixtures' mods at the arguments and the lengths of their first case. */
  const KNOWN_FIXTURES: Readonly<Record<string, readonly string[]>> = {
    noop: ["mask-always-true"],
    dead_rows: ["empty-rows"],
    // Blocks chosen at random, text before the first image, lengths that end early, padding on the left.
    block_map: ["empty-rows"],
    cross_images: ["empty-rows"],
    jagged: ["empty-rows"],
    left_padding_causal: ["empty-rows"],
  };

  test.each(fixtureNames())("of the fixture %s", (name) => {
    const { mask, score } = loadFixture(name).flex_cases.f24;
    const bindings = Object.assign(
      { B: "1", H: "2", Q_LEN: "24", KV_LEN: "24" },
      ...[mask, score].flatMap((e) => (e === null ? [] : [bindingsOf(e)])),
    );
    const sources = [{ file: "variants.py", text: variantsText() }];
    const names = [mask, score].flatMap((e) => (e === null ? [] : [e.call ?? e.name]));
    const found = names.flatMap((called) => {
      const module = lowerOne(sources, called, { bindings });
      const variants = module.variants.filter((v) => v.name === called);
      expect(variants.length).toBeGreaterThan(0);
      return lintModule(sources, { ...module, variants }).map((d) => d.code);
    });
    expect([...new Set(found)]).toEqual(KNOWN_FIXTURES[name] ?? []);
  });
});

describe("what is not the user's is not judged", () => {
  const reads = "def mod(b, h, q_idx, kv_idx):\n    return (ids[q_idx - 1] != ids[kv_idx + 4]) & (q_idx + window >= kv_idx)\n";

  test("values that were made up", () => {
    expect(lints(`${HEAD}${reads}`)).toEqual([]);
    expect(lints(`${HEAD}window = 1\nids = torch.arange(16)\n\n\n${reads}`)).toEqual([
      "index-leaves-later «ids[q_idx - 1]»",
      "index-leaves-later «ids[kv_idx + 4]»",
    ]);
    expect(lints(`${HEAD}window = 1\nids = torch.arange(16)\n\n\n${reads}\n\nm = create_block_mask(mod, None, None, 16, 16)\n`)).toEqual([
      "negative-index-wraps «ids[q_idx - 1]»",
      "index-beyond-end «ids[kv_idx + 4]»",
    ]);
  });

  test("values that were drawn at random", () => {
    const drawn = `${HEAD}window = 1\nids = torch.randint(0, 4, (16,))\n\n\n${reads}\n\nm = create_block_mask(mod, None, None, 16, 16)\n`;
    expect(lints(drawn)).toEqual([]);
  });

  test("lengths that nobody states", () => {
    const text = `${HEAD}def mod(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < 2048\n`;
    expect(lints(text)).toEqual([]);
    expect(lints(text, { bindings: { Q_LEN: "1024", KV_LEN: "1024" } })).toEqual(["mask-always-true «mod»"]);
    const other = `${text}\n\ndef other(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\n\n\nm = create_block_mask(other, None, None, 512, 512)\n`;
    expect(lints(other)).toEqual([]);
  });

  test("the form's lengths are the user's own", () => {
    const text = `${HEAD}def mod(b, h, q_idx, kv_idx):\n    return q_idx - kv_idx < 2048\n`;
    const sources = [{ file: "a.py", text }];
    const found = lintModule(sources, lowerModule(sources), { problem: { qLen: 256, kvLen: 256 } });
    expect(found.map((d) => d.code)).toEqual(["mask-always-true"]);
  });
});

describe("one thing is said once", () => {
  const FACTORY = `${HEAD}def make(period):\n    def mod(b, h, q_idx, kv_idx):\n        return (q_idx >= kv_idx) & (q_idx % period != 2)\n\n    return mod\n\n\n`;

  test("of a factory's mask and the pair that it is part of", () => {
    const text = `${FACTORY}dead = make(4)\n\n\ndef plus(score, b, h, q_idx, kv_idx):\n    return score + kv_idx\n\n\ndef attend(q, k, v):\n    return flex_attention(q, k, v, score_mod=plus, block_mask=create_block_mask(dead, None, None, 64, 64))\n`;
    expect(lowered(text).variants.map((v) => v.name)).toContain("plus + dead");
    expect(lints(text).filter((l) => l.startsWith("empty-rows"))).toEqual(["empty-rows «make»", "empty-rows «dead»"]);
  });

  test("of a loop that makes a mask a turn", () => {
    const text = `${FACTORY}for period in range(3, 203):\n    m = create_block_mask(make(period), 2, None, 64, 64)\n`;
    expect(lints(text).filter((l) => l.startsWith("mask-repeated"))).toEqual(["mask-repeated «2»"]);
  });
});

test("a call of flex_attention states sizes for the mask that it is given", () => {
  const text = `${HEAD}allowed = torch.tensor([True, False, True, False])\n\n\ndef mask(b, h, q_idx, kv_idx):\n    return allowed[h] | (q_idx >= kv_idx)\n\n\ndef plus(score, b, h, q_idx, kv_idx):\n    return score + kv_idx\n\n\nq = torch.zeros(1, 8, 64, 16)\nblock_mask = create_block_mask(mask, None, None, 64, 64)\nout = flex_attention(q, q, q, score_mod=plus, block_mask=block_mask)\n`;
  expect(lints(text)).toEqual(["index-beyond-end «allowed[h]»"]);
  expect(lints(text.replace("zeros(1, 8,", "zeros(1, 4,"))).toEqual([]);
});

test("a length that one variant of a function states is the others' too", () => {
  const factory =
    "def make(table):\n    def mod(score, b, h, q_idx, kv_idx):\n        return score + table[q_idx - kv_idx + 7]\n\n    return mod\n";
  const stated = `${HEAD}${factory}\n\n# flexlens: Q_LEN=8, KV_LEN=8\nrelative = make(torch.zeros(15))\n`;
  expect(lints(stated)).toEqual([]);
  expect(lints(stated.replace(/#.*\n/, ""))).toEqual(["index-leaves-later «table[q_idx - kv_idx + 7]»"]);
});

test("a variant's reads can be asked about alone", () => {
  const text = `${HEAD}ids = torch.arange(8)\n\n\ndef mod(b, h, q_idx, kv_idx):\n    return (ids[q_idx] > 2) & (q_idx % 4 != 2)\n\n\nm = create_block_mask(mod, 4, None, 9, 9)\n`;
  const sources = [{ file: "a.py", text }];
  const [variant] = lowerModule(sources).variants;
  expect(variant === undefined ? [] : lintReads(sources, variant).map((d) => d.code)).toEqual(["index-beyond-end"]);
});

test("what stands in another file is told at the mod", () => {
  const main =
    "from table import look\nfrom torch.nn.attention.flex_attention import create_block_mask\n\n\ndef mod(b, h, q_idx, kv_idx):\n    return look(q_idx) == kv_idx\n\n\nm = create_block_mask(mod, None, None, 9, 8)\n";
  const table = "import torch\n\nids = torch.arange(8)\n\n\ndef look(i):\n    return ids[i]\n";
  const sources = [
    { file: "main.py", text: main },
    { file: "table.py", text: table },
  ];
  const [found] = lintModule(sources, lowerModule(sources)).filter((d) => d.code === "index-beyond-end");
  expect(found?.span.file).toBe("main.py");
  expect(main.slice(found?.span.from, found?.span.to)).toBe("mod");
});

describe("lints end soon", () => {
  test("of masks that intervals decide nothing of, at great lengths", () => {
    const text = `${HEAD}ids = torch.arange(131072) * 48271 % 65537\n\n\ndef mod(b, h, q_idx, kv_idx):\n    return (ids[q_idx] * 31 + ids[kv_idx] * 17 + b * 7 + h) % 97 == 5\n\n\nm = create_block_mask(mod, 64, 64, 131072, 131072)\n`;
    const sources = [{ file: "a.py", text }];
    const module = lowerModule(sources);
    const began = process.cpuUsage();
    for (const found of lintEach(sources, module)) expect(found.length).toBeLessThan(8);
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(3000);
  });

  test("of a thousand masks of one function", () => {
    const text = `${HEAD}for period in range(1000):\n    def mod(b, h, q_idx, kv_idx):\n        return q_idx % 1009 >= period\n\n    m = create_block_mask(mod, None, None, 4096, 4096)\n`;
    const sources = [{ file: "a.py", text }];
    const module = lowerModule(sources);
    expect(module.variants.length).toBeGreaterThan(100);
    expect([...lintEach(sources, module)].length).toBeLessThan(100);
  });
});
