import { describe, expect, it } from "vitest";
import { seededInputs } from "../../../kernels/flash/inputs.ts";
import { type ProbabilityRow, probabilitiesOf } from "../../../kernels/flash/probability.ts";
import {
  decadesOf,
  missingRows,
  probabilityCode,
  probabilityLayer,
  RowCodes,
  shownQueries,
} from "../../../kernels/flash/probabilityPicture.ts";
import { fillProblem, type Problem } from "../../../kernels/flash/problem.ts";
import { referenceForward } from "../../../kernels/flash/reference.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { GALLERY } from "../../../kernels/gallery/gallery.ts";
import type { Variant } from "../../../kernels/ir/mod.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { packed } from "../../../kernels/mask/layer.ts";
import { causal, noMods } from "../../support/variants.ts";

function rowsOf(variant: Variant, p: Problem, at: readonly { b: number; h: number; q: number }[], work = 1e9): ProbabilityRow[] {
  const size = { batch: p.batch, heads: p.qHeads, qLen: p.qLen, kvLen: p.kvLen };
  const all = probabilitiesOf(variant, p, buildBlockMask(variant.maskMod?.body ?? null, size, p.blockSize));
  return at.map((row) => {
    const task = all.start(row);
    for (let i = 0; i < 1e4; i++) {
      const done = task.advance(work);
      if (done !== null) return done;
    }
    throw new Error("the row does not end");
  });
}

const VARIANTS = GALLERY.flatMap(({ file, text }) => lowerModule([{ file, text }]).variants.map((v) => [`${file} ${v.name}`, v] as const));

describe("a row of probabilities", () => {
  const p = fillProblem({ batch: 2, qHeads: 4, kvHeads: 2, qLen: 200, kvLen: 230, qkHeadDim: 16, blockSize: [64, 32] });
  const at = [
    { b: 0, h: 0, q: 0 },
    { b: 1, h: 3, q: 77 },
    { b: 0, h: 2, q: 199 },
  ];

  it.each([["no mods", noMods as Variant] as const, ...VARIANTS])("has the reference's log-sum-exp, and sums to 1: %s", (_, variant) => {
    const expected = referenceForward(variant, p, seededInputs(p), at);
    rowsOf(variant, p, at).forEach((row, i) => {
      expect(row.lse).toBeCloseTo(expected.lse[i] ?? Number.NaN, 10);
      const all = row.runs.flatMap(({ logs }) => [...logs].map(Math.exp));
      const sum = all.reduce((a, b) => a + b, 0);
      if (row.lse === Number.NEGATIVE_INFINITY) expect(sum).toBe(0);
      else expect(sum).toBeCloseTo(1, 10);
      const entropy = all.reduce((a, x) => a - (x > 0 ? x * Math.log(x) : 0), 0);
      expect(row.entropy).toBeCloseTo(entropy, 10);
      const best = row.runs.flatMap(({ first, logs }) => [...logs].map((log, j) => ({ kv: first + j, p: Math.exp(log) })));
      best.sort((a, b) => b.p - a.p || a.kv - b.kv);
      expect(row.top).toEqual(best.filter((x) => x.p > 0).slice(0, 5));
    });
  });

  it("is the same in parts", () => {
    const long = fillProblem({ qHeads: 1, qLen: 3000, qkHeadDim: 8 });
    const where = [{ b: 0, h: 0, q: 2900 }];
    expect(rowsOf(causal, long, where, 1)).toEqual(rowsOf(causal, long, where));
  });

  it("says that nothing is allowed by a log-sum-exp of minus infinity, and that a score is not a number by nan", () => {
    const none = lowerModule([{ file: "m.py", text: "import torch\ndef m(b, h, q_idx, kv_idx):\n    return kv_idx > 9999\n" }]).variants[0];
    const [empty] = none === undefined ? [] : rowsOf(none, p, at);
    expect(empty).toMatchObject({ allowed: 0, lse: Number.NEGATIVE_INFINITY, entropy: 0, top: [] });
    const bad = lowerModule([
      { file: "m.py", text: "import torch\ndef s(score, b, h, q_idx, kv_idx):\n    return score + torch.sqrt(kv_idx - 4.0)\n" },
    ]).variants[0];
    const [faulty] = bad === undefined ? [] : rowsOf(bad, p, at);
    expect(faulty?.lse).toBeNaN();
    expect(faulty?.entropy).toBeNaN();
  });

  it("costs its window alone at a million tokens", () => {
    const window = lowerModule([
      { file: "m.py", text: "def m(b, h, q_idx, kv_idx):\n    return (q_idx >= kv_idx) & (q_idx - kv_idx < 500)\n" },
    ]).variants[0];
    const long = fillProblem({ qHeads: 1, qLen: 2 ** 20, qkHeadDim: 64 });
    if (window?.maskMod == null) throw new Error("no mask");
    const mask = buildBlockMask(window.maskMod.body, { batch: 1, heads: 1, qLen: 2 ** 20, kvLen: 2 ** 20 }, [128, 128]);
    const task = probabilitiesOf(window, long, mask).start({ b: 0, h: 0, q: 900_000 });
    expect(task.left).toBeLessThan(1024 * 64);
    const row = task.advance(1e9);
    expect(row?.allowed).toBe(500);
    expect(row?.lse).toBeGreaterThan(Math.log(500) - 1);
  });
});

const palette = { low: [0, 0, 10], high: [0, 0, 250], ground: [9, 0, 0], hatch: [99, 0, 0] } as const;
const hatch = packed(...palette.hatch);
const ground = packed(...palette.ground);

describe("the picture of probabilities", () => {
  const p = fillProblem({ qHeads: 1, qLen: 64, kvLen: 80, qkHeadDim: 8, blockSize: [16, 16] });
  const rows = rowsOf(
    causal,
    p,
    Array.from({ length: 64 }, (_, q) => ({ b: 0, h: 0, q })),
  );
  const logOf = (q: number, k: number): number => {
    const run = rows[q]?.runs.find((r) => k >= r.first && k < r.first + r.logs.length);
    return run?.logs[k - run.first] ?? Number.NEGATIVE_INFINITY;
  };
  const blueOf = (log: number): number => Math.round(10 + ((probabilityCode(log, decadesOf(80)) - 1) / 249) * 240);

  it.each([1, 2, 7])("shows each cell's probability at %i pixels a cell, what is masked hatched", (scale) => {
    const codes = new RowCodes(80, 1e6);
    for (const row of rows) codes.add(row, 0);
    const pixels = new Uint32Array(48 * 48);
    probabilityLayer(codes, 64, 80, palette).draw({ b: 0, h: 0, q0: 20, k0: 10, scale }, { pixels, width: 48, height: 48 });
    for (let i = 0; i < pixels.length; i++) {
      const [q, k] = [20 + Math.floor(Math.floor(i / 48) / scale), 10 + Math.floor((i % 48) / scale)];
      if (q >= 64 || k >= 80) expect(pixels[i]).toBe(0);
      else if (k > q) expect([hatch, ground]).toContain(pixels[i]);
      else expect(pixels[i]).toBe(packed(0, 0, blueOf(logOf(q, k))));
    }
  });

  it("shows the likeliest key of each square zoomed out", () => {
    const codes = new RowCodes(80, 1e6);
    for (const row of rows) codes.add(row, 2);
    const pixels = new Uint32Array(20 * 16);
    probabilityLayer(codes, 64, 80, palette).draw({ b: 0, h: 0, q0: 0, k0: 0, scale: 1 / 4 }, { pixels, width: 20, height: 16 });
    for (let x = 0; x < 10; x++) {
      const most = Math.max(...[0, 1, 2, 3].map((j) => logOf(10 * 4 + 2, 4 * x + j)));
      expect(pixels[10 * 20 + x]).toBe(packed(0, 0, blueOf(most)));
    }
  });

  it("leaves rows empty that are not computed, and says which are missing, the cursor's first", () => {
    const codes = new RowCodes(80, 1e6);
    const view = { b: 0, h: 0, q0: 0, k0: 0, scale: 1 };
    expect(missingRows(codes, view, 8, 64, 3)).toEqual([3, 0, 4, 2, 6, 1, 5, 7]);
    const row = rows[5];
    if (row !== undefined) codes.add(row, 0);
    expect(missingRows(codes, view, 8, 64, null)).toEqual([0, 4, 2, 6, 1, 3, 7]);
    const pixels = new Uint32Array(8 * 8);
    probabilityLayer(codes, 64, 80, palette).draw(view, { pixels, width: 8, height: 8 });
    expect(new Set(pixels.subarray(0, 40))).toEqual(new Set([ground]));
    expect(pixels[5 * 8]).toBe(packed(0, 0, blueOf(logOf(5, 0))));
    expect(shownQueries({ ...view, scale: 1 / 10 }, 99, 64)).toEqual([5, 15, 25, 35, 45, 55]);
  });

  it("computes what it lacks where it is asked to, each row once", () => {
    const asked: number[] = [];
    const layer = probabilityLayer(new RowCodes(80, 1e6), 64, 80, palette, (q) => {
      asked.push(q);
      const row = rows[q];
      if (row === undefined) throw new Error(`no row ${q}`);
      return row;
    });
    const pixels = new Uint32Array(8 * 8);
    layer.draw({ b: 0, h: 0, q0: 40, k0: 0, scale: 2 }, { pixels, width: 8, height: 8 });
    expect(asked).toEqual([40, 41, 42, 43]);
    expect(pixels[2 * 8]).toBe(packed(0, 0, blueOf(logOf(41, 0))));
  });

  it("forgets what is not seen, and takes no more than it may keep", () => {
    const codes = new RowCodes(80, 700);
    for (const row of rows.slice(40, 50)) if (!codes.isFull) codes.add(row, 0);
    expect(codes.isFull).toBe(true);
    expect(codes.has(49, 0)).toBe(false);
    codes.keepOnly(0, new Set([41]));
    expect([codes.has(40, 0), codes.has(41, 0), codes.isFull]).toEqual([false, true, false]);
  });
});
