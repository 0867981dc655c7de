import { describe, expect, test } from "vitest";
import { binary, constant, type Expr, variable } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import { differenceOf } from "../../../kernels/mask/difference.ts";
import { type DifferencePalette, differenceLayer } from "../../../kernels/mask/differencePicture.ts";
import { movedView, type PictureView, packed } from "../../../kernels/mask/layer.ts";
import { randomMask, seeded, whole } from "../../support/random.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const i64 = (n: number): Expr => constant(n, "i64");
const near = (window: number): Expr => binary("and", binary("ge", q, k), binary("lt", binary("sub", q, k), i64(window)));
const PALETTE: DifferencePalette = { onlyA: [200, 0, 0], onlyB: [0, 200, 0], both: [0, 0, 200], neither: [10, 10, 10], hatch: false };
const colours = {
  onlyA: packed(...PALETTE.onlyA),
  onlyB: packed(...PALETTE.onlyB),
  both: packed(...PALETTE.both),
  neither: packed(...PALETTE.neither),
};

function pixelsOf(a: Expr, b: Expr, length: number, view: PictureView, side: number, palette = PALETTE): Uint32Array {
  const d = differenceOf(a, b, { batch: 1, heads: 2, qLen: length, kvLen: length }, [16, 16]);
  const pixels = new Uint32Array(side * side);
  differenceLayer(d, palette).draw(view, { pixels, width: side, height: side });
  return pixels;
}

describe("the picture of a difference", () => {
  test.each([1, 2.5, 8])("has the one right colour at every pixel where a cell has %d pixels", (scale) => {
    const random = seeded(7);
    for (let n = 0; n < 12; n++) {
      const [a, b] = [randomMask(random, 60, whole(random, 1, 3)), randomMask(random, 60, whole(random, 1, 3))];
      const view = { b: 0, h: 1, q0: whole(random, 0, 20), k0: whole(random, 0, 20), scale };
      const pixels = pixelsOf(a, b, 60, view, 40);
      let wrong = 0;
      for (let y = 0; y < 40; y++)
        for (let x = 0; x < 40; x++) {
          const [q_idx, kv_idx] = [Math.floor(view.q0 + (y + 0.5) / scale), Math.floor(view.k0 + (x + 0.5) / scale)];
          const point = { b: 0, h: 1, q_idx, kv_idx };
          const [inA, inB] = q_idx < 60 && kv_idx < 60 ? [interpret(a, point) === 1, interpret(b, point) === 1] : [null, null];
          const want = inA === null ? 0 : colours[inA ? (inB ? "both" : "onlyA") : inB ? "onlyB" : "neither"];
          if (pixels[y * 40 + x] !== want) wrong++;
        }
      expect(wrong).toBe(0);
    }
  });

  test("shows a line of cells in a matrix a hundred times its pixels, and nothing where nothing has changed", () => {
    const pixels = new Uint8Array(pixelsOf(near(513), near(512), 4096, { b: 0, h: 0, q0: 0, k0: 0, scale: 40 / 4096 }, 40).buffer);
    for (let y = 0; y < 40; y++) {
      const red = Array.from({ length: 40 }, (_, x) => (pixels[4 * (y * 40 + x)] ?? 0) > 100);
      // Row y holds 102.4 queries from 102.4 y on; the lost keys lie 512 before them, in blocks of 16 that count whole.
      const column = (key: number): number => Math.floor((Math.floor(key / 16) * 16 - 1) / 102.4);
      const first = column(y * 102.4 - 512);
      const last = column((y + 1) * 102.4 - 512 + 32);
      const shown = red.flatMap((is, x) => (is ? [x] : []));
      if (first >= 0) expect(shown.length, `row ${y}`).toBeGreaterThan(0);
      for (const x of shown) expect(x >= first && x <= last, `row ${y}, column ${x}`).toBe(true);
    }
  });

  test("is the same wherever in the target it is asked for", () => {
    const view = { b: 0, h: 0, q0: 3, k0: 5, scale: 0.7 };
    for (const hatch of [false, true]) {
      const all = pixelsOf(near(30), near(12), 80, view, 40, { ...PALETTE, hatch });
      const part = pixelsOf(near(30), near(12), 80, movedView(view, 0, 10), 40, { ...PALETTE, hatch });
      expect(part.subarray(0, 30 * 40)).toEqual(all.subarray(10 * 40));
    }
  });

  test("hatches one against the other in high contrast", () => {
    const view = { b: 0, h: 0, q0: 0, k0: 0, scale: 4 };
    const lines = (a: Expr, b: Expr): [x: number, y: number][] => {
      const pixels = pixelsOf(a, b, 32, view, 64, { ...PALETTE, hatch: true });
      return [...pixels].flatMap((p, i) => (Object.values(colours).includes(p) ? [] : [[i % 64, Math.floor(i / 64)]]));
    };
    const [lost, gained] = [lines(near(16), near(4)), lines(near(4), near(16))];
    expect(Math.min(lost.length, gained.length)).toBeGreaterThan(100);
    expect(lost.filter(([x, y]) => (x + y) % 6 !== 0)).toEqual([]);
    expect(gained.filter(([x, y]) => (x - y) % 6 !== 0)).toEqual([]);
  });
});
