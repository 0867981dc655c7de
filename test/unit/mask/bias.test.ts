import { describe, expect, it } from "vitest";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Mod } from "../../../kernels/ir/mod.ts";
import { biasForm, biasRange, changeOf } from "../../../kernels/mask/bias.ts";
import { type BiasPalette, biasCode, biasInks, biasLayer } from "../../../kernels/mask/biasPicture.ts";
import { packed } from "../../../kernels/mask/layer.ts";

function modsOf(text: string): { readonly score: Mod; readonly mask: Mod | null } {
  const { variants } = lowerModule([{ file: "m.py", text: `import torch\n${text}` }]);
  const score = variants.find((v) => v.name === "s")?.scoreMod ?? null;
  if (score === null) throw new Error("no score_mod s");
  return { score, mask: variants.find((v) => v.name === "m")?.maskMod ?? null };
}

const ALIBI = `
def s(score, b, h, q_idx, kv_idx):
    return score + (kv_idx - q_idx) * torch.exp2(-((h + 1) * 8.0 / 8))
def m(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx
`;
const SOFTCAP = "\ndef s(score, b, h, q_idx, kv_idx):\n    return 20.0 * torch.tanh(score / 20.0)\n";
const TABLE = "\ntable = torch.arange(64.0) - 20\ndef s(score, b, h, q_idx, kv_idx):\n    return table[kv_idx % 64] + score\n";
const MASKING = "\ndef s(score, b, h, q_idx, kv_idx):\n    return torch.where(q_idx >= kv_idx, score + 1.5, -float('inf'))\n";
const REPLACED = "\ndef s(score, b, h, q_idx, kv_idx):\n    return torch.where(q_idx >= kv_idx, score, -1e9)\n";
const CONSTANT = "\ndef s(score, b, h, q_idx, kv_idx):\n    return (q_idx - kv_idx) * 0.5\n";

describe("what a score_mod does to a score", () => {
  it.each([
    ["adds", "a slope times the distance", ALIBI],
    ["adds", "a table's element, the score at the right", TABLE],
    ["adds", "minus infinity by a where", MASKING],
    ["bends", "a soft cap", SOFTCAP],
    ["bends", "a large negative number in the score's place", REPLACED],
    ["bends", "a multiple", "\ndef s(score, b, h, q_idx, kv_idx):\n    return score * (h + 1)\n"],
    [
      "bends",
      "an addition where the score decides",
      "\ndef s(score, b, h, q_idx, kv_idx):\n    return torch.where(score > 0, score + 1, score + 2)\n",
    ],
    ["bends", "an addition of the score to itself", "\ndef s(score, b, h, q_idx, kv_idx):\n    return score + score\n"],
    ["replaces", "a value of its own", CONSTANT],
  ])("%s: %s", (form, _, text) => {
    expect(biasForm(modsOf(text).score)).toBe(form);
  });

  it("is its result less the score, in the score's own dtype, at any score", () => {
    for (const text of [ALIBI, SOFTCAP, TABLE, MASKING, REPLACED, CONSTANT]) {
      const { score } = modsOf(text);
      for (const at of [0, 30, -7.25]) {
        const change = changeOf(score, at);
        for (let i = 0; i < 32; i++) {
          const point = { b: 0, h: i % 8, q_idx: (i * 37) % 64, kv_idx: (i * 23) % 64 };
          expect(interpret(change, point)).toBe(interpret(score.body, { ...point, score: at }) - at);
        }
      }
    }
  });
});

const size = { batch: 1, heads: 8, qLen: 300, kvLen: 260 };

describe("the range of a bias", () => {
  it("is that of the allowed cells of the plane, and exact where all are looked at", () => {
    const { score, mask } = modsOf(ALIBI);
    const range = biasRange(changeOf(score, 0), mask?.body ?? null, size, 0, 3);
    expect(range).toEqual({
      min: -299 / 16,
      max: 0,
      masked: expect.closeTo((260 * 259) / 2 / (300 * 260), 6),
      hasFaults: false,
      isExact: true,
    });
    expect(biasRange(changeOf(score, 0), null, size, 0, 0).max).toBe(259 / 2);
  });

  it("leaves minus infinity out, and counts it", () => {
    const range = biasRange(changeOf(modsOf(MASKING).score, 0), null, { ...size, qLen: 100, kvLen: 100 }, 0, 0);
    expect(range).toMatchObject({ min: 1.5, max: 1.5, masked: 0.495 });
  });

  it("is found over a million tokens, and said to be of some cells where intervals do not prove it", () => {
    const n = 2 ** 20;
    const { score, mask } = modsOf(ALIBI);
    const long = { batch: 1, heads: 8, qLen: n, kvLen: n };
    expect(biasRange(changeOf(score, 0), null, long, 0, 0)).toMatchObject({ min: -(n - 1) / 2, max: (n - 1) / 2, isExact: true });
    expect(biasRange(changeOf(score, 0), mask?.body ?? null, long, 0, 0)).toMatchObject({ min: -(n - 1) / 2, max: 0, isExact: false });
    expect(biasRange(changeOf(modsOf(TABLE).score, 0), null, long, 0, 0)).toMatchObject({ min: -20, max: 43, isExact: true });
  });

  it("says that a value is not a number", () => {
    const { score } = modsOf("\ndef s(score, b, h, q_idx, kv_idx):\n    return score + torch.sqrt(kv_idx - 4.0)\n");
    expect(biasRange(changeOf(score, 0), null, size, 0, 0)).toMatchObject({ min: 0, hasFaults: true });
  });
});

const palette: BiasPalette = { neg: [0, 0, 254], zero: [0, 0, 0], pos: [254, 0, 0], ground: [0, 9, 0], hatch: [0, 200, 0] };

describe("the picture of a bias", () => {
  const { score, mask } = modsOf(ALIBI);
  const change = changeOf(score, 0);
  const colours = biasInks(palette).map((ink) => packed(...ink.ground));
  const hatch = packed(...palette.hatch);

  it.each([1, 5])("shows each cell's own value at %i pixels a cell, what is masked hatched", (scale) => {
    const width = 64;
    const pixels = new Uint32Array(width * width);
    biasLayer(change, mask?.body ?? null, size, 20, palette).draw({ b: 0, h: 2, q0: 100, k0: 90, scale }, { pixels, width, height: width });
    let hatched = 0;
    for (let i = 0; i < pixels.length; i++) {
      const [q_idx, kv_idx] = [100 + Math.floor(Math.floor(i / width) / scale), 90 + Math.floor((i % width) / scale)];
      if (q_idx >= kv_idx) expect(pixels[i]).toBe(colours[biasCode(interpret(change, { b: 0, h: 2, q_idx, kv_idx }), 20)]);
      else {
        expect([colours[0], hatch]).toContain(pixels[i]);
        if (pixels[i] === hatch) hatched++;
      }
    }
    expect(hatched).toBeGreaterThan(0);
  });

  it("shows zero as zero, either end by its own colour, and keeps within the scale", () => {
    const at = (value: number): number | undefined => colours[biasCode(value, 8)];
    expect(at(0)).toBe(packed(0, 0, 0));
    expect(at(8)).toBe(packed(254, 0, 0));
    expect(at(-8)).toBe(packed(0, 0, 254));
    expect(at(100)).toBe(at(8));
    expect(biasCode(Number.NaN, 8)).toBe(biasCode(Number.POSITIVE_INFINITY, 8));
    expect(biasCode(Number.NEGATIVE_INFINITY, 8)).toBe(0);
  });

  it("shows means zoomed out, at a million tokens too", () => {
    const n = 2 ** 20;
    const width = 64;
    const pixels = new Uint32Array(width * width);
    const long = { batch: 1, heads: 8, qLen: n, kvLen: n };
    biasLayer(change, null, long, n / 2, palette).draw({ b: 0, h: 0, q0: 0, k0: 0, scale: width / n }, { pixels, width, height: width });
    for (const [y, x] of [
      [0, 63],
      [63, 0],
      [20, 44],
      [50, 7],
    ] as const) {
      const code = colours.indexOf(pixels[y * width + x] ?? -1);
      expect(Math.abs(code - biasCode(((x - y) / width) * (n / 2), n / 2))).toBeLessThanOrEqual(3);
    }
  });
});
