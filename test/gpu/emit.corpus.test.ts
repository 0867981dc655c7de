/**
 * Real mods, the fixtures' and the corpus', through both emitters: masks bit for bit, scores within
 * 2e-6 · max(1, |x|) of the interpreter in float32, which test/oracle holds against PyTorch.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { boxOf } from "../../kernels/analysis/interval.ts";
import { compileCells } from "../../kernels/emit/js.ts";
import { INFINITY } from "../../kernels/emit/wgslPiece.ts";
import { findVariant, lowerModule, lowerPair } from "../../kernels/frontend/lower.ts";
import { interpret, type Point } from "../../kernels/ir/interpret.ts";
import type { Mod } from "../../kernels/ir/mod.ts";
import { corpusFiles, corpusRows, corpusText } from "../support/corpus.ts";
import { evaluateOnGpu } from "../support/evaluateOnGpu.ts";
import { bindingsOf, entryName, fixtureNames, loadFixture, type MaskCase, rnd, variantsText } from "../support/fixtures.ts";
import { useGpu } from "../support/gpu.ts";
import { lowerFlexCase } from "../support/loweredFixtures.ts";

const gpu = useGpu();

interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly qLen: number;
  readonly kvLen: number;
}

/** Every cell of [batch, heads, qLen, kvLen], with a score. */
function cells({ batch, heads, qLen, kvLen }: Sizes): Point[] {
  const plane = qLen * kvLen;
  const scores = rnd([batch * heads * plane], 77);
  return Array.from(scores, (x, i) => ({
    b: Math.floor(i / (heads * plane)),
    h: Math.floor(i / plane) % heads,
    q_idx: Math.floor(i / kvLen) % qLen,
    kv_idx: i % kvLen,
    score: Math.fround(x * 4),
  }));
}

/** The first cell at which the emitted loop gives other bits than the interpreter. */
function javascriptFault(mod: Mod, sizes: Sizes, points: readonly Point[], want: readonly number[]): string | null {
  const plane = sizes.qLen * sizes.kvLen;
  const loop = compileCells(mod.body, boxOf(sizes.batch, sizes.heads, sizes.qLen, sizes.kvLen));
  for (let at = 0; at < points.length; at += plane) {
    const { b = 0, h = 0 } = points[at] ?? {};
    const out = new Float64Array(plane);
    const scores = Float64Array.from(points.slice(at, at + plane), (p) => p.score ?? 0);
    loop(out, { b, h, q0: 0, q1: sizes.qLen, k0: 0, k1: sizes.kvLen }, scores);
    const bad = out.findIndex((x, i) => !Object.is(x, want[at + i]));
    if (bad >= 0) return `JavaScript gives ${out[bad]}, not ${want[at + bad]}, at ${JSON.stringify(points[at + bad])}`;
  }
  return null;
}

/** True where a score of the GPU is close enough; what stands for an infinity is one. */
function isClose(got: number, want: number): boolean {
  if (Number.isNaN(want)) return Number.isNaN(got);
  if (Math.abs(want) >= INFINITY) return Math.abs(got) >= INFINITY && Math.sign(got) === Math.sign(want);
  return Math.abs(got - want) <= 2e-6 * Math.max(1, Math.abs(want));
}

/** What is wrong with each mod's values at the cells of `sizes`. */
async function faults(mods: readonly (readonly [name: string, mod: Mod])[], sizes: Sizes): Promise<string[]> {
  const points = cells(sizes);
  const found: string[] = [];
  for (let at = 0; at < mods.length; at += 24) {
    const some = mods.slice(at, at + 24);
    const values = await evaluateOnGpu(
      gpu().device,
      some.map(([, mod]) => mod),
      points,
    );
    for (const [i, [name, mod]] of some.entries()) {
      const want = points.map((p) => interpret(mod.body, p));
      const js = javascriptFault(mod, sizes, points, want);
      if (js !== null) found.push(`${name}: ${js}`);
      const got = values[i] ?? [];
      const agrees = (p: number): boolean =>
        mod.kind === "mask_mod" ? got[p] === want[p] : isClose(got[p] ?? Number.NaN, want[p] ?? Number.NaN);
      const bad = points.findIndex((_, p) => !agrees(p));
      if (bad >= 0) found.push(`${name}: WGSL gives ${got[bad]}, not ${want[bad]}, at ${JSON.stringify(points[bad])}`);
    }
  }
  return found;
}

const F24: Sizes = { batch: 1, heads: 2, qLen: 24, kvLen: 24 };
const F19: Sizes = { batch: 2, heads: 2, qLen: 19, kvLen: 23 };

describe("all fixtures through the emitters", () => {
  it.each([
    ["f24", F24],
    ["f19x23gqa", F19],
  ] as const)("%s", async (flexCase, sizes) => {
    const mods = fixtureNames().flatMap((name) => {
      const { cfg } = loadFixture(name).flex_cases[flexCase];
      expect([cfg.B, cfg.Hq, cfg.Sq, cfg.Skv]).toEqual([sizes.batch, sizes.heads, sizes.qLen, sizes.kvLen]);
      const { scoreMod, maskMod } = lowerFlexCase(name, flexCase, "f32");
      return [scoreMod, maskMod].flatMap((mod) => (mod === null ? [] : [[name, mod] as const]));
    });
    expect(fixtureNames()).toHaveLength(64);
    expect(mods.length).toBeGreaterThan(64);
    expect(await faults(mods, sizes)).toEqual([]);
  });
});

describe("all masks of the fixtures on the GPU have PyTorch's own bits", () => {
  const named = fixtureNames().filter((name) => loadFixture(name).has_mask);
  it.each(["m64", "m50", "m37x61", "m300"])("at %s", async (size) => {
    const cases = named.flatMap((name) => {
      const c = loadFixture(name).mask_cases[size];
      return c === undefined ? [] : [{ name, c, mod: lowerMaskCase(c) }];
    });
    expect(cases.length).toBeGreaterThan(30);
    const wrong: string[] = [];
    for (let at = 0; at < cases.length; at += 8) {
      const some = cases.slice(at, at + 8);
      const { B = 1, H = 1, Sq = 1, Skv = 1 } = some[0]?.c.cfg ?? {};
      expect(some.every(({ c }) => c.cfg.B === B && c.cfg.H === H && c.cfg.Sq === Sq && c.cfg.Skv === Skv)).toBe(true);
      const points = cells({ batch: B, heads: H, qLen: Sq, kvLen: Skv });
      const values = await evaluateOnGpu(
        gpu().device,
        some.map(({ mod }) => mod),
        points,
      );
      for (const [i, { name, c }] of some.entries()) {
        const bytes = new Uint8Array(Math.ceil(points.length / 8));
        values[i]?.forEach((bit, p) => {
          bytes[p >> 3] = (bytes[p >> 3] ?? 0) | (bit << (p & 7));
        });
        if (createHash("sha256").update(bytes).digest("hex") !== c.bits_sha256) wrong.push(name);
      }
    }
    expect(wrong).toEqual([]);
  });
});

/** The mask of a fixture's case, its arguments bound. */
function lowerMaskCase(c: MaskCase): Mod {
  const { B, H, Sq, Skv } = c.cfg;
  const bindings = { B: `${B}`, H: `${H}`, Q_LEN: `${Sq}`, KV_LEN: `${Skv}`, ...bindingsOf(c.mask) };
  const { variant } = lowerPair([{ file: "variants.py", text: variantsText() }], null, entryName(c.mask), { bindings });
  if (variant?.maskMod === null || variant === null) throw new Error(`${entryName(c.mask)} is not lowered`);
  return variant.maskMod;
}

describe("the corpus through the emitters", () => {
  it.each(corpusFiles())("%s", async (file) => {
    const rows = corpusRows(file).filter(([, row]) => row.error === undefined);
    const module = lowerModule([{ file: `${file}.py`, text: corpusText(file) }]);
    const bySizes = new Map<string, [string, Mod][]>();
    for (const [name, { kind, sizes }] of rows) {
      const variant = findVariant(module, name);
      const mod = kind === "mask" ? variant?.maskMod : variant?.scoreMod;
      if (mod === null || mod === undefined) throw new Error(`${name} is not lowered`);
      const group = bySizes.get(sizes.join()) ?? [];
      group.push([name, mod]);
      bySizes.set(sizes.join(), group);
    }
    for (const [key, mods] of bySizes) {
      const [batch = 1, heads = 1, qLen = 1, kvLen = 1] = key.split(",").map(Number);
      expect(await faults(mods, { batch, heads, qLen, kvLen })).toEqual([]);
    }
    expect(rows.length).toBeGreaterThan(10);
  });
});
