import { describe, expect, test } from "vitest";
import { compileCells } from "../../../kernels/emit/js.ts";
import { binary, constant, type Expr, variable } from "../../../kernels/ir/expr.ts";
import { blockState } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { movedView, type PictureView } from "../../../kernels/mask/layer.ts";
import { PALETTES } from "../../../kernels/mask/palette.ts";
import { blockLayer, detailOf } from "../../../kernels/mask/picture.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const number = (n: number): Expr => constant(n, "i64");
const causal = binary("ge", q, k);
const window = binary("and", causal, binary("lt", binary("sub", q, k), number(70)));
const dilated = binary("eq", binary("floormod", binary("sub", q, k), number(4)), number(0));
const skewed = binary(
  "eq",
  binary("floormod", binary("add", binary("mul", q, number(7)), binary("mul", k, number(2))), number(9)),
  number(0),
);
const chunks = binary("eq", binary("floordiv", q, number(37)), binary("floordiv", k, number(37)));
const palette = PALETTES.light;

type Blocks = readonly [q: number, kv: number];

function setUp(e: Expr, qLen: number, kvLen: number, blocks: Blocks, mostCells?: number) {
  const m = buildBlockMask(e, { batch: 1, heads: 1, qLen, kvLen }, blocks);
  return { m, layer: blockLayer(m, e, palette, mostCells) };
}

/** Pixels as [r, g, b] or null where transparent. */
function drawnBy(layer: ReturnType<typeof blockLayer>, view: PictureView, width: number, height: number) {
  const pixels = new Uint32Array(width * height);
  layer.draw(view, { pixels, width, height });
  const bytes = new Uint8Array(pixels.buffer);
  return (x: number, y: number) => {
    const at = 4 * (y * width + x);
    return bytes[at + 3] === 0 ? null : [...bytes.subarray(at, at + 3)];
  };
}

/** What a pixel must show: the mean of the colours of all cells below it, each by the area that lies in the pixel. */
function meanBelow(e: Expr, m: ReturnType<typeof setUp>["m"], view: PictureView, x: number, y: number): number[] | null {
  const scaleQ = view.scaleQ ?? view.scale;
  const q0 = view.q0 + y / scaleQ;
  const q1 = view.q0 + (y + 1) / scaleQ;
  const k0 = view.k0 + x / view.scale;
  const k1 = view.k0 + (x + 1) / view.scale;
  const cells = compileCells(e);
  const out = new Uint8Array(1);
  const sum = [0, 0, 0];
  let area = 0;
  for (let i = Math.max(0, Math.floor(q0)); i < Math.min(m.qLen, Math.ceil(q1)); i++) {
    for (let j = Math.max(0, Math.floor(k0)); j < Math.min(m.kvLen, Math.ceil(k1)); j++) {
      const weight = (Math.min(i + 1, q1) - Math.max(i, q0)) * (Math.min(j + 1, k1) - Math.max(j, k0));
      cells(out, { b: 0, h: 0, q0: i, q1: i + 1, k0: j, k1: j + 1 }, null);
      const state = blockState(m, 0, 0, Math.floor(i / m.blockSize[0]), Math.floor(j / m.blockSize[1]));
      const colour = state === "partial" ? (out[0] === 1 ? palette.partial : palette.partialOff) : palette[state];
      for (let c = 0; c < 3; c++) sum[c] = (sum[c] ?? 0) + weight * (colour[c] ?? 0);
      area += weight;
    }
  }
  return area < 1e-9 ? null : sum.map((s) => s / area);
}

/** The largest distance of a pixel's channel from what it must be, over all pixels; 255 where one is wrongly transparent. */
function worst(e: Expr, qLen: number, kvLen: number, blocks: Blocks, view: PictureView, width: number, height: number, mostCells?: number) {
  const { m, layer } = setUp(e, qLen, kvLen, blocks, mostCells);
  const at = drawnBy(layer, view, width, height);
  let off = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const want = meanBelow(e, m, view, x, y);
      const got = at(x, y);
      if (want === null || got === null) off = Math.max(off, want === got ? 0 : 255);
      else for (const [c, v] of want.entries()) off = Math.max(off, Math.abs(v - (got[c] ?? 0)));
    }
  }
  return off;
}

const at = (q0: number, k0: number, scale: number, scaleQ = scale): PictureView => ({ b: 0, h: 0, q0, k0, scale, scaleQ });

describe("where a block has two pixels or more, every pixel is the mean of the cells below it, exactly", () => {
  test.each<[string, Expr, number, number, Blocks, PictureView]>([
    ["causal, whole", causal, 300, 300, [16, 16], at(0, 0, 0.13)],
    ["a window, between cells", window, 300, 300, [16, 16], at(41.3, 7.7, 0.37)],
    ["a dilated one", dilated, 200, 200, [16, 16], at(3.5, 2.25, 0.31)],
    ["chunks beside a border", chunks, 190, 250, [16, 32], at(-8, 120.5, 0.41)],
    ["more keys than queries, stretched", window, 60, 400, [8, 16], at(0, 0, 0.14, 0.7)],
    ["queries larger than pixels, keys smaller", causal, 20, 300, [16, 16], at(2.5, 0, 0.14, 3)],
    ["uneven blocks", chunks, 211, 199, [24, 9], at(10, 10, 0.29)],
  ])("%s", (_, e, qLen, kvLen, blocks, view) => {
    expect(worst(e, qLen, kvLen, blocks, view, 40, 40)).toBeLessThanOrEqual(0.51);
  });
});

describe("where blocks are smaller, counted shares stand for their cells", () => {
  test.each<[string, Expr, Blocks, PictureView, number]>([
    ["causal, one pixel a block", causal, [16, 16], at(0, 0, 1 / 16), 3],
    ["causal, blocks across pixels", causal, [16, 16], at(0, 0, 0.09), 22],
    ["a window, a third of a pixel a block", window, [16, 16], at(5, 9, 1 / 48), 14],
    ["a dilated one", dilated, [16, 16], at(0, 0, 1 / 24), 3],
    ["uneven blocks", chunks, [24, 9], at(0, 0, 1 / 30), 30],
    ["blocks too small for parts", window, [3, 3], at(0, 0, 1 / 8), 12],
    ["blocks larger than those looked into", window, [512, 512], at(0, 0, 1 / 100), 12],
    ["one block for all", causal, [768, 768], at(0, 0, 1 / 96), 8],
  ])("%s", (_, e, blocks, view, tolerance) => {
    expect(worst(e, 768, 768, blocks, view, 40, 40)).toBeLessThanOrEqual(tolerance);
  });

  test("the allowed cells of the whole picture are all counted", () => {
    const { m, layer } = setUp(window, 1000, 1000, [16, 16]);
    const side = 37;
    const at = drawnBy(layer, { b: 0, h: 0, q0: 0, k0: 0, scale: side / 1000 }, side, side);
    const want = meanBelow(window, m, { b: 0, h: 0, q0: 0, k0: 0, scale: 1 / 1000 }, 0, 0) ?? [];
    for (const [c, v] of want.entries()) {
      let sum = 0;
      for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) sum += at(x, y)?.[c] ?? 0;
      expect(Math.abs(sum / side ** 2 - v)).toBeLessThan(0.3);
    }
  });
});

describe("what would take too long to count", () => {
  test.each<[string, Expr, Blocks, PictureView]>([
    ["many cells a pixel", dilated, [16, 16], at(0, 0, 0.0371)],
    ["few of them", window, [16, 16], at(33.3, 12.75, 0.61)],
    ["in a part of the matrix", causal, [16, 16], at(-11, 400.5, 0.09)],
    ["stretched", window, [16, 16], at(0, 3, 0.02, 0.7)],
    ["in larger blocks", window, [256, 256], at(0, 0, 0.05)],
  ])("is counted by pixels, exactly, where only distances count: %s", (_, e, blocks, view) => {
    expect(setUp(e, 500, 500, blocks, 1000).layer.estimate?.(view)).toBeNull();
    expect(worst(e, 500, 500, blocks, view, 40, 40, 1000)).toBeLessThanOrEqual(0.51);
  });

  test("is estimated, and the layer says so", () => {
    const view = at(0, 0, 1 / 50);
    const { m, layer } = setUp(skewed, 2000, 2000, [16, 16], 1000);
    expect(layer.estimate?.(view)).toMatch(/estimated/);
    expect(layer.estimate?.(at(0, 0, 0.5))).toBeNull();
    expect(setUp(skewed, 2000, 2000, [16, 16]).layer.estimate?.(view)).toBeNull();
    const pixel = drawnBy(layer, view, 40, 40);
    for (const [x, y] of [
      [0, 0],
      [13, 29],
      [39, 39],
    ] as const) {
      const want = meanBelow(skewed, m, view, x, y) ?? [];
      for (const [c, v] of want.entries()) expect(Math.abs(v - (pixel(x, y)?.[c] ?? 0))).toBeLessThan(6);
    }
  });
});

describe("a layer's picture", () => {
  test.each<[string, PictureView]>([
    ["cells", at(12.25, 31.5, 3)],
    ["blocks", at(0, 0, 0.25)],
    ["coverage", at(0, 0, 0.0625)],
  ])("is the same in one piece and in strips: %s", (detail, view) => {
    const { m, layer } = setUp(window, 640, 640, [16, 16]);
    expect(detailOf(m, view)).toBe(detail);
    const whole = new Uint32Array(40 * 40);
    layer.draw(view, { pixels: whole, width: 40, height: 40 });
    for (const [x, y, width, height] of [
      [0, 0, 40, 1],
      [0, 17, 40, 3],
      [32, 0, 8, 40],
    ] as const) {
      const part = new Uint32Array(width * height);
      layer.draw(movedView(view, x, y), { pixels: part, width, height });
      expect([...part]).toEqual(Array.from(part, (_, i) => whole[(y + Math.floor(i / width)) * 40 + x + (i % width)]));
    }
  });

  test("coarse of larger blocks has what was counted of smaller ones", () => {
    const { layer } = setUp(causal, 1024, 1024, [16, 16]);
    const near = at(0, 0, 0.5);
    const apart = (): number => {
      const coarse = new Uint32Array(60 * 60);
      const right = new Uint32Array(60 * 60);
      (layer.coarse ?? layer.draw)(near, { pixels: coarse, width: 60, height: 60 });
      layer.draw(near, { pixels: right, width: 60, height: 60 });
      return coarse.reduce((n, pixel, i) => n + (pixel === right[i] ? 0 : 1), 0);
    };
    const before = apart();
    layer.draw(at(0, 0, 1 / 32), { pixels: new Uint32Array(32 * 32), width: 32, height: 32 });
    expect(apart()).toBeLessThan(before / 2);
  });

  test("coarse first is the right one as soon as the counts are there", () => {
    const { layer } = setUp(causal, 1024, 1024, [16, 16]);
    const view = at(0, 0, 1 / 32);
    const draw = (how: typeof layer.draw): Uint32Array => {
      const pixels = new Uint32Array(32 * 32);
      how(view, { pixels, width: 32, height: 32 });
      return pixels;
    };
    const coarse = layer.coarse ?? layer.draw;
    const first = draw(coarse);
    const right = draw(layer.draw);
    expect(first).not.toEqual(right);
    expect(draw(coarse)).toEqual(right);
  });
});
