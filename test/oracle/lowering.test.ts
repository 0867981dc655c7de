/** The front end against PyTorch: every fixture's mods lower, and their values are PyTorch's. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { lowerPair } from "../../kernels/frontend/lower.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import { interpret } from "../../kernels/ir/interpret.ts";
import { toDType } from "../../kernels/ir/number.ts";
import {
  bindingsOf,
  decodeBits,
  decodeTensor,
  entryName,
  fixtureNames,
  loadFixture,
  lowerEntry,
  readGolden,
  rnd,
  variantsText,
} from "../support/fixtures.ts";

interface Index {
  readonly inputs: { readonly rnd_check: readonly number[] };
}

test("the inputs are the generator's", () => {
  const index = readGolden("index.json") as Index;
  const known = index.inputs.rnd_check;
  expect(known.length).toBeGreaterThan(0);
  const made = [101, 102, 103, 104, 1, 0].map((seed) => [...rnd([known.length], seed)]);
  expect(made.some((numbers) => numbers.every((x, i) => x === known[i]))).toBe(true);
});

// A float32 cosine inside the float64 run: PyTorch's vectorised one is off by a unit in the last place, ours is not.
const SINGLE_INSIDE: ReadonlySet<string> = new Set(["cosine"]);

describe.each(fixtureNames())("%s", (name) => {
  const fixture = loadFixture(name);

  // m64 and m300 are compared through the emitted loops (blockMask.test.ts): the interpreter is slow on purpose.
  for (const label of ["m50", "m37x61"]) {
    const maskCase = fixture.mask_cases[label];
    if (maskCase === undefined) continue;
    test(`mask bits of ${label} are PyTorch's`, () => {
      const { B, H, Sq, Skv } = maskCase.cfg;
      const variant = lowerEntry({ mask: maskCase.mask });
      const bits = maskBits(variant, B, H, Sq, Skv);
      if (maskCase.bits_b64 !== undefined)
        expect(Buffer.from(bits).equals(Buffer.from(decodeBits(maskCase.bits_b64, bits.length)))).toBe(true);
      expect(createHash("sha256").update(pack(bits)).digest("hex")).toBe(maskCase.bits_sha256);
      expect(bits.reduce((n, bit) => n + bit, 0)).toBe(maskCase.popcount);
    });
  }

  for (const [label, flexCase] of Object.entries(fixture.flex_cases)) {
    test(`the mods of ${label} lower in f32 and f64`, () => {
      for (const scoreDType of ["f32", "f64"] as const) {
        if (flexCase.mask === null && flexCase.score === null) continue;
        const variant = lowerEntry({ mask: flexCase.mask, score: flexCase.score }, scoreDType);
        expect(variant.maskMod === null).toBe(flexCase.mask === null);
        expect(variant.scoreMod === null).toBe(flexCase.score === null);
      }
    });
  }

  const grid = fixture.score_grid;
  if (grid !== null) {
    test.each(["f64", "f32"] as const)("score grid in %s is PyTorch's", (scoreDType) => {
      const expected = decodeTensor(scoreDType === "f64" ? grid.float64.values : grid.float32.values);
      const score = fixture.flex_cases.f24.score;
      const bindings = bindingsOf(score);
      if (scoreDType === "f32") {
        // The float32 run reads float32 copies of the float64 captures.
        for (const [key, value] of Object.entries(bindings)) {
          if (typeof value !== "string" && value.dtype === "f64")
            bindings[key] = { ...value, dtype: "f32", data: Float32Array.from(value.data) };
        }
      }
      const sources = [{ file: "variants.py", text: variantsText() }];
      const mod = score === null ? null : (lowerPair(sources, entryName(score), null, { bindings, scoreDType }).variant?.scoreMod ?? null);
      expect(mod).not.toBeNull();
      if (mod === null) return;
      const input = rnd([1, 2, 24, 24], 77).map((x) => x * 2);
      const bound = scoreDType === "f64" ? (SINGLE_INSIDE.has(name) ? 2e-7 : 1e-12) : 3e-6;
      const wrong: string[] = [];
      input.forEach((x, i) => {
        const [h, q, kv] = [Math.floor(i / 576) % 2, Math.floor(i / 24) % 24, i % 24];
        const got = interpret(mod.body, { b: 0, h, q_idx: q, kv_idx: kv, score: toDType(x, scoreDType) });
        const want = expected.data[i] ?? Number.NaN;
        const close = Object.is(got, want) || Math.abs(got - want) <= bound * Math.max(1, Math.abs(want));
        if (!close) wrong.push(`h ${h} q ${q} kv ${kv}: ${got}, PyTorch ${want}`);
      });
      expect(wrong.slice(0, 3)).toEqual([]);
    });
  }
});

function maskBits(variant: LoweredVariant, B: number, H: number, Sq: number, Skv: number): Uint8Array {
  const body = variant.maskMod?.body;
  const bits = new Uint8Array(B * H * Sq * Skv);
  if (body === undefined) throw new Error("no mask_mod");
  let i = 0;
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      for (let q = 0; q < Sq; q++) for (let kv = 0; kv < Skv; kv++) bits[i++] = interpret(body, { b, h, q_idx: q, kv_idx: kv });
    }
  }
  return bits;
}

/** Least significant bit first, as the fixtures hold them. */
function pack(bits: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (bit << (i & 7));
  });
  return bytes;
}
