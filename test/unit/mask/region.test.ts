import { describe, expect, test } from "vitest";
import type { Expr } from "../../../kernels/ir/expr.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { maskCells } from "../../../kernels/mask/cells.ts";
import {
  checkArray,
  pictureOf,
  type Region,
  RegionFault,
  regionCells,
  regionJson,
  regionText,
  wholePlane,
} from "../../../kernels/mask/region.ts";
import { maskOf } from "../../support/maskText.ts";
import { pick, seeded, whole } from "../../support/random.ts";

const MASKS: readonly (readonly [string, Expr | null])[] = [
  ["nothing masked", null],
  ["causal", maskOf("q_idx >= kv_idx")],
  ["a window and a sink", maskOf("((q_idx - kv_idx).abs() < 30) | (kv_idx < 5)")],
  ["every third", maskOf("(q_idx * 7 + kv_idx * 5) % 3 == 0")],
  ["heads of their own", maskOf("q_idx - kv_idx > h * 20")],
];

const SIZE = { batch: 1, heads: 3, qLen: 300, kvLen: 411 };
const REGIONS: readonly Region[] = [
  { b: 0, h: 2, q0: 0, q1: 300, k0: 0, k1: 411 },
  { b: 0, h: 1, q0: 17, q1: 18, k0: 3, k1: 400 },
  { b: 0, h: 0, q0: 100, q1: 164, k0: 96, k1: 160 },
  { b: 0, h: 0, q0: 299, q1: 300, k0: 410, k1: 411 },
];

/** Calls `f` with the place of each cell in the region and whether it is allowed. */
function eachCell(body: Expr | null, r: Region, f: (q: number, k: number, allowed: boolean) => void): void {
  const cells = maskCells(body, r);
  for (let q = r.q0; q < r.q1; q++) for (let k = r.k0; k < r.k1; k++) f(q, k, cells[(q - r.q0) * (r.k1 - r.k0) + k - r.k0] === 1);
}

describe.each(MASKS)("a rectangle of %s", (_, body) => {
  const m = buildBlockMask(body, SIZE, [64, 32]);
  test.each(REGIONS)("%o as array and as runs holds the cells", (r) => {
    const cells = new Uint8Array((r.q1 - r.q0) * (r.k1 - r.k0));
    regionCells(body, m, r, cells);
    expect(cells).toEqual(maskCells(body, r));
    const { runs, allowed, ...rest } = regionJson("mask", body, m, r);
    expect(rest).toEqual({ name: "mask", batch: r.b, head: r.h, q: [r.q0, r.q1], kv: [r.k0, r.k1], block_size: [64, 32] });
    expect(allowed).toBe(cells.reduce((a, b) => a + b, 0));
    expect(runs.length).toBe(r.q1 - r.q0);
    const wrong: string[] = [];
    eachCell(body, r, (q, k, is) => {
      const line = runs[q - r.q0] ?? [];
      if ((line.filter((edge) => edge <= k).length % 2 === 1) !== is) wrong.push(`${q}, ${k}`);
    });
    expect(wrong).toEqual([]);
  });

  test.each(REGIONS)("%o as text tells of all cells below a character", (r) => {
    const lines = regionText(body, m, r).split("\n");
    const stepQ = Math.ceil((r.q1 - r.q0) / 128);
    const stepK = Math.ceil((r.k1 - r.k0) / 128);
    expect(lines.length).toBe(Math.ceil((r.q1 - r.q0) / stepQ));
    const seen = new Map<string, Set<boolean>>();
    eachCell(body, r, (q, k, is) => {
      const key = `${Math.floor((q - r.q0) / stepQ)} ${Math.floor((k - r.k0) / stepK)}`;
      seen.set(key, (seen.get(key) ?? new Set()).add(is));
    });
    const characters = lines.map((line) => [...line]);
    const wrong = [...seen].flatMap(([key, kinds]) => {
      const [row = 0, column = 0] = key.split(" ").map(Number);
      const got = characters[row]?.[column];
      const want = kinds.size === 2 ? "▒" : kinds.has(true) ? "█" : "·";
      return got === want ? [] : [`${key}: ${got}, not ${want}`];
    });
    expect(wrong).toEqual([]);
  });
});

test("text of many blocks a character is that of the cells, at random rectangles", () => {
  const random = seeded(7);
  const body = maskOf("((q_idx - kv_idx).abs() < 90) & (kv_idx % 300 < 290)");
  const m = buildBlockMask(body, { batch: 1, heads: 1, qLen: 1500, kvLen: 1500 }, [16, 8]);
  for (let i = 0; i < 10; i++) {
    const [q0, k0] = [whole(random, 0, 700), whole(random, 0, 700)];
    const r: Region = { b: 0, h: 0, q0, q1: q0 + pick(random, [200, 500, 800]), k0, k1: k0 + pick(random, [130, 600, 800]) };
    const lines = regionText(body, m, r).split("\n");
    const stepQ = Math.ceil((r.q1 - r.q0) / 128);
    const stepK = Math.ceil((r.k1 - r.k0) / 128);
    const wrong: string[] = [];
    for (const [y, line] of lines.entries()) {
      for (const [x, character] of [...line].entries()) {
        const below = {
          ...r,
          q0: r.q0 + y * stepQ,
          q1: Math.min(r.q1, r.q0 + (y + 1) * stepQ),
          k0: r.k0 + x * stepK,
          k1: Math.min(r.k1, r.k0 + (x + 1) * stepK),
        };
        const cells = maskCells(body, below);
        const [some, all] = [cells.includes(1), !cells.includes(0)];
        const want = some && !all ? "▒" : all ? "█" : "·";
        if (character !== want) wrong.push(`${JSON.stringify(below)}: ${character}, not ${want}`);
      }
    }
    expect(wrong).toEqual([]);
  }
});

test("a million tokens are a text at once", () => {
  const body = maskOf("q_idx >= kv_idx");
  const m = buildBlockMask(body, { batch: 1, heads: 1, qLen: 2 ** 20, kvLen: 2 ** 20 }, [128, 128]);
  const lines = regionText(body, m, wholePlane(m, 0, 0)).split("\n");
  expect(lines.map((line) => line.indexOf("▒"))).toEqual(Array.from({ length: 128 }, (_, i) => i));
  expect(lines[127]).toBe(`${"█".repeat(127)}▒`);
});

test("too many cells are refused with the way out", () => {
  const m = buildBlockMask(null, { batch: 1, heads: 1, qLen: 2 ** 20, kvLen: 2 ** 20 }, [128, 128]);
  const all = wholePlane(m, 0, 0);
  expect(() => checkArray(all)).toThrow(RegionFault);
  expect(() => checkArray(all)).toThrow(
    "1048576 × 1048576 cells from (0, 0) are more than the 268435456 that go into an array; take a smaller rectangle (16384 × 16384), or the picture.",
  );
  expect(() => regionJson("m", null, m, all)).toThrow(RegionFault);
});

test("a picture has whole pixels a cell as long as that goes", () => {
  const size = (q1: number, k1: number) => {
    const { view, width, height } = pictureOf({ b: 0, h: 0, q0: 0, q1, k0: 0, k1 });
    return [view.scale, width, height];
  };
  expect(size(10, 30)).toEqual([34, 1020, 340]);
  expect(size(2000, 100)).toEqual([1, 100, 2000]);
  expect(size(2 ** 20, 2 ** 19)).toEqual([1 / 1024, 512, 1024]);
  expect(size(2 ** 20, 1)).toEqual([1 / 1024, 1, 1024]);
});
