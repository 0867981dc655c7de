import { describe, expect, it } from "vitest";
import { compileCells } from "../../../kernels/emit/js.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { GALLERY } from "../../../kernels/gallery/gallery.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Mod } from "../../../kernels/ir/mod.ts";
import type { Layer } from "../../../kernels/mask/layer.ts";
import { packed } from "../../../kernels/mask/layer.ts";
import { explain, type Why, whyOf } from "../../../kernels/mask/why.ts";
import { countReasons } from "../../../kernels/mask/whyCount.ts";
import { type WhyPalette, whyLayer } from "../../../kernels/mask/whyPicture.ts";

const HEAD = "import torch\nfrom torch.nn.attention.flex_attention import and_masks, or_masks\n";

function maskOf(text: string, name: string): { mod: Mod; text: string } {
  const source = HEAD + text;
  const variant = lowerModule([{ file: "m.py", text: source }]).variants.find((v) => v.name === name);
  if (variant?.maskMod == null) throw new Error(`no mask ${name}`);
  return { mod: variant.maskMod, text: source };
}

const THREE = `
doc = torch.arange(64) // 16
def m(b, h, q_idx, kv_idx):
    causal = q_idx >= kv_idx
    same = doc[q_idx] == doc[kv_idx]
    return causal & same & ((q_idx - kv_idx < 8) | (kv_idx < 2))
`;

describe("the reasons of a mask", () => {
  it.each<[what: string, text: string, name: string, reasons: readonly string[]]>([
    ["conjuncts in source order, by the user's names", THREE, "m", ["causal", "same", "(q_idx - kv_idx < 8) | (kv_idx < 2)"]],
    [
      "the parts of and_masks by the names of the mods, each whole",
      `
def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx
def near(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx < 8) & (kv_idx - q_idx < 8)
def sink(b, h, q_idx, kv_idx):
    return kv_idx < 2
m = and_masks(causal, or_masks(near, sink))
`,
      "m",
      ["causal", "near | sink"],
    ],
    [
      "mods that a factory made twice, told apart by what they say",
      `
def window(n):
    def mask_mod(b, h, q_idx, kv_idx):
        return q_idx - kv_idx < n
    return mask_mod
m = and_masks(window(4), window(9))
`,
      "m",
      ["mask_mod: q_idx - kv_idx < 4", "mask_mod: q_idx - kv_idx < 9"],
    ],
    [
      "what is negated",
      `
def m(b, h, q_idx, kv_idx):
    padding = kv_idx >= 40
    far = q_idx - kv_idx > 9
    return (q_idx >= kv_idx) & ~(padding | far)
`,
      "m",
      ["q_idx >= kv_idx", "~padding", "~far"],
    ],
    [
      "the branch of a where that is taken",
      `
def m(b, h, q_idx, kv_idx):
    return torch.where(kv_idx < 5, q_idx < 50, q_idx >= kv_idx)
`,
      "m",
      ["q_idx < 50", "q_idx >= kv_idx"],
    ],
    [
      "the condition of a where that masks by itself",
      `
def m(b, h, q_idx, kv_idx):
    text = kv_idx < 5
    return torch.where(text, False, q_idx >= kv_idx)
`,
      "m",
      ["~text", "q_idx >= kv_idx"],
    ],
    [
      "a lone disjunction by what failed in each alternative",
      `
def m(b, h, q_idx, kv_idx):
    causal = q_idx >= kv_idx
    near = q_idx - kv_idx < 8
    image = kv_idx < 5
    return (causal & near) | image
`,
      "m",
      ["causal | image", "near | image"],
    ],
    [
      "a helper that decides all by itself is opened",
      `
def inner(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < 8)
def m(b, h, q_idx, kv_idx):
    return inner(b, h, q_idx, kv_idx)
`,
      "m",
      ["q_idx >= kv_idx", "q_idx - kv_idx < 8"],
    ],
    ["none where all is allowed", "\ndef m(b, h, q_idx, kv_idx):\n    return torch.ones((), dtype=torch.bool)\n", "m", []],
  ])("are %s", (_, text, name, reasons) => {
    expect(whyOf(maskOf(text, name).mod).reasons.map((r) => r.name)).toEqual(reasons);
  });

  it("keep the place in the text where each is written", () => {
    const { mod, text } = maskOf(THREE, "m");
    const places = whyOf(mod).reasons.map(({ span }) => (span === null ? null : text.slice(span.from, span.to)));
    expect(places).toEqual(["q_idx >= kv_idx", "doc[q_idx] == doc[kv_idx]", "(q_idx - kv_idx < 8) | (kv_idx < 2)"]);
  });

  it("say at one cell which conjunct is the first that is false, and how its alternatives came out", () => {
    const { mod } = maskOf(THREE, "m");
    const why = whyOf(mod);
    const at = (q_idx: number, kv_idx: number) => explain(mod, why, { b: 0, h: 0, q_idx, kv_idx });
    expect(at(3, 9)?.reason.name).toBe("causal");
    expect(at(40, 3)?.reason.name).toBe("same");
    expect(at(15, 4)?.parts.map((p) => [p.name, p.holds])).toEqual([
      ["q_idx - kv_idx < 8", false],
      ["kv_idx < 2", false],
    ]);
    expect(at(15, 1)).toBeNull();
  });

  it("come to an end where the mask is one long chain, or shares its parts over and over", () => {
    const chain = Array.from({ length: 40 }, (_, i) => `(kv_idx != ${i})`).join(" & ");
    const many = whyOf(maskOf(`\ndef m(b, h, q_idx, kv_idx):\n    return ${chain}\n`, "m").mod);
    expect(many.reasons).toHaveLength(12);
    const at = (kv_idx: number) => interpret(many.code, { b: 0, h: 0, q_idx: 0, kv_idx });
    expect([at(0), at(10), at(11), at(39), at(40)]).toEqual([1, 11, 12, 12, 0]);
    const lines = Array.from(
      { length: 30 },
      (_, i) => `    m = torch.where(kv_idx % ${i + 2} == 0, m & (q_idx > ${i}), m | (q_idx < ${i}))`,
    );
    const shared = maskOf(`\ndef m(b, h, q_idx, kv_idx):\n    m = q_idx >= kv_idx\n${lines.join("\n")}\n    return m\n`, "m").mod;
    const why = whyOf(shared);
    for (let i = 0; i < 64; i++) {
      const point = { b: 0, h: 0, q_idx: (i * 7) % 64, kv_idx: (i * 13) % 64 };
      expect(interpret(why.code, point) === 0).toBe(interpret(shared.body, point) === 1);
    }
  });
});

const MASKS = GALLERY.flatMap(({ file, text }) =>
  lowerModule([{ file, text }]).variants.flatMap((v) =>
    v.maskMod === null ? [] : [[`${file} ${v.name}`, v.maskMod, whyOf(v.maskMod)] as const],
  ),
);

describe("the code of a reason", () => {
  it.each(MASKS)("is 0 exactly where %s allows, and else names a conjunct that masks", (_, mod, why) => {
    for (let i = 0; i < 200; i++) {
      const point = { b: i % 2, h: i % 8, q_idx: (i * 619) % 1024, kv_idx: (i * 397 + 11 * (i % 3)) % 1024 };
      const code = interpret(why.code, point);
      expect(code === 0).toBe(interpret(mod.body, point) === 1);
      const reason = why.reasons[code - 1];
      if (reason !== undefined) expect(interpret(reason.expr, point) === 1).toBe(reason.masksWhen);
    }
  });
});

// Colours that tell codes: red is 10 a code.
const palette: WhyPalette = {
  allowed: [0, 1, 0],
  reasons: Array.from({ length: 12 }, (_, i) => [10 * (i + 1), 2, 3] as const),
  strength: 0,
  lines: [
    [255, 255, 255],
    [0, 0, 0],
  ],
};
const colourOf = (code: number): number => (code === 0 ? packed(0, 1, 0) : packed(10 * code, 2, 3));

function codeAt(why: Why, q_idx: number, kv_idx: number): number {
  return interpret(why.code, { b: 0, h: 0, q_idx, kv_idx });
}

function picture(layer: Layer, q0: number, k0: number, scale: number, width: number): Uint32Array {
  const pixels = new Uint32Array(width * width);
  layer.draw({ b: 0, h: 0, q0, k0, scale }, { pixels, width, height: width });
  return pixels;
}

describe("the picture of the reasons", () => {
  const { mod } = maskOf(THREE.replace("arange(64) // 16", "arange(1024) // 160"), "m");
  const why = whyOf(mod);
  const size = { batch: 1, heads: 1, qLen: 1000, kvLen: 1000 };
  const layer = whyLayer(why, size, palette);

  it.each([1, 3, 8.5])("shows each cell's own reason at %f pixels a cell", (scale) => {
    const width = 48;
    const [q0, k0] = [150.25, 148.5];
    const pixels = picture(layer, q0, k0, scale, width);
    for (let y = 0; y < width; y++) {
      for (let x = 0; x < width; x++) {
        const code = codeAt(why, Math.floor(q0 + (y + 0.5) / scale), Math.floor(k0 + (x + 0.5) / scale));
        expect(pixels[y * width + x]).toBe(colourOf(code));
      }
    }
  });

  it.each([1 / 2, 1 / 4, 0.3])("shows what most cells of a square are at %f pixels a cell, all of them counted", (scale) => {
    const width = 100;
    const pixels = picture(layer, 0, 0, scale, width);
    const side = 2 ** Math.floor(Math.log2(1 / scale));
    for (let y = 0; y < width; y += 7) {
      for (let x = 0; x < width; x += 5) {
        const square = (at: number): number => Math.floor((at + 0.5) / scale / side) * side;
        const counts = new Map<number, number>();
        for (let q = square(y); q < square(y) + side; q++) {
          for (let k = square(x); k < square(x) + side; k++) counts.set(codeAt(why, q, k), (counts.get(codeAt(why, q, k)) ?? 0) + 1);
        }
        const most = [...counts].sort(([a, n], [b, m]) => m - n || a - b)[0]?.[0] ?? -1;
        expect(pixels[y * width + x]).toBe(colourOf(most));
      }
    }
  });

  it("leaves what is beside the matrix transparent", () => {
    const pixels = picture(layer, 990, -4, 1, 16);
    expect(pixels[0]).toBe(0);
    expect(pixels[4]).toBe(colourOf(codeAt(why, 990, 0)));
    expect(pixels[15 * 16 + 8]).toBe(0);
  });

  it("is the same whether asked for whole or in parts, and says what it estimates", () => {
    const whole = picture(layer, 10, 20, 0.7, 64);
    const pixels = new Uint32Array(64 * 4);
    layer.draw({ b: 0, h: 0, q0: 10 + 20 / 0.7, k0: 20, scale: 0.7 }, { pixels, width: 64, height: 4 });
    expect([...pixels]).toEqual([...whole.subarray(20 * 64, 24 * 64)]);
    expect(layer.estimate?.({ b: 0, h: 0, q0: 0, k0: 0, scale: 1 })).toBeNull();
    expect(layer.estimate?.({ b: 0, h: 0, q0: 0, k0: 0, scale: 0.01 })).toContain("16 cells");
  });

  it("tells a mask that repeats every few cells by its true shares, not by one of its cells", () => {
    const dilated = whyOf(maskOf("\ndef m(b, h, q_idx, kv_idx):\n    return (q_idx - kv_idx) % 4 == 0\n", "m").mod);
    const pixels = picture(whyLayer(dilated, { ...size, qLen: 2 ** 17, kvLen: 2 ** 17 }, palette), 0, 0, 2 ** -10, 128);
    // Three of four cells are masked: so is what most cells of each square are.
    expect(new Set(pixels)).toEqual(new Set([colourOf(1)]));
  });

  it("has the lengths of a million tokens", () => {
    const n = 2 ** 20;
    const long = whyOf(
      maskOf(
        "\ndef m(b, h, q_idx, kv_idx):\n    causal = q_idx >= kv_idx\n    near = q_idx - kv_idx < 300000\n    return causal & near\n",
        "m",
      ).mod,
    );
    const pixels = picture(whyLayer(long, { batch: 1, heads: 1, qLen: n, kvLen: n }, palette), 0, 0, 64 / n, 64);
    expect(pixels[63]).toBe(colourOf(1));
    expect(pixels[63 * 64]).toBe(colourOf(2));
    expect(pixels[40 * 64 + 32]).toBe(colourOf(0));
  });
});

describe("the counts of the reasons", () => {
  it.each(MASKS)("are those of every cell of %s", (_, mod, why) => {
    const size = { batch: 2, heads: 8, qLen: 200, kvLen: 330 };
    const counts = new Array<number>(why.reasons.length + 1).fill(0);
    for (let q_idx = 0; q_idx < size.qLen; q_idx++) {
      for (let kv_idx = 0; kv_idx < size.kvLen; kv_idx += 1) {
        const code = interpretOnce(why, q_idx, kv_idx);
        counts[code] = (counts[code] ?? 0) + 1;
      }
    }
    expect(mod.kind).toBe("mask_mod");
    expect(countReasons(why, size, 1, 3)).toEqual({ cells: counts, isExact: true });
  });

  it("are exact at a million tokens where rows can be solved", () => {
    const n = 2 ** 20;
    const text = "\ndef m(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < 4096)\n";
    const { cells, isExact } = countReasons(whyOf(maskOf(text, "m").mod), { batch: 1, heads: 1, qLen: n, kvLen: n }, 0, 0);
    const allowed = 4096 * n - (4096 * 4095) / 2;
    expect([cells, isExact]).toEqual([[allowed, (n * (n - 1)) / 2, (n * (n + 1)) / 2 - allowed], true]);
  });

  it("are near, and said to be estimated, where work runs out", () => {
    const text = "\ndef m(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & ((q_idx * kv_idx) % 1000 < 500)\n";
    const size = { batch: 1, heads: 1, qLen: 65536, kvLen: 65536 };
    const { cells, isExact } = countReasons(whyOf(maskOf(text, "m").mod), size, 0, 0, 2 ** 18);
    expect(isExact).toBe(false);
    const causal = (65536 * 65535) / 2;
    expect(Math.abs((cells[1] ?? 0) / causal - 1)).toBeLessThan(0.02);
    expect(cells.reduce((a, n) => a + n, 0)).toBe(65536 ** 2);
  });
});

/** The code by the emitted loop, in one cell: the interpreter is too slow for whole matrices. */
function interpretOnce(why: Why, q: number, k: number): number {
  return maskCodes(why, q)[k] ?? -1;
}

const rows = new Map<string, Uint8Array>();
function maskCodes(why: Why, q: number): Uint8Array {
  const key = `${MASKS.findIndex(([, , w]) => w === why)} ${q}`;
  let row = rows.get(key);
  if (row === undefined) {
    row = new Uint8Array(330);
    compileCells(why.code)(row, { b: 1, h: 3, q0: q, q1: q + 1, k0: 0, k1: 330 }, null);
    rows.set(key, row);
  }
  return row;
}
