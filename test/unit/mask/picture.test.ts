import { describe, expect, test } from "vitest";
import { binary, constant, type Expr, unary, variable } from "../../../kernels/ir/expr.ts";
import { blockState } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { isAllowed } from "../../../kernels/mask/cells.ts";
import { PALETTES } from "../../../kernels/mask/palette.ts";
import { drawMask, fitView, maskSvg } from "../../../kernels/mask/picture.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const causal = binary("ge", q, k);
const build = (e: Expr, qLen: number, kvLen = qLen) => buildBlockMask(e, { batch: 1, heads: 1, qLen, kvLen }, [16, 16]);
const palette = PALETTES.dark;

function drawn(e: Expr, qLen: number, kvLen: number, width: number, height: number, view = {}, cells = true) {
  const m = build(e, qLen, kvLen);
  const pixels = new Uint8ClampedArray(4 * width * height).fill(77);
  drawMask(pixels, width, height, m, { ...fitView(m, width, height), ...view }, palette, cells ? e : null);
  return { m, at: (x: number, y: number) => [...pixels.slice(4 * (y * width + x), 4 * (y * width + x) + 4)] };
}

describe("where a cell has a pixel or more", () => {
  test.each([
    ["the whole", {}, 40, 40],
    ["a part, enlarged", { q0: 10.5, k0: 3.25, scale: 5 }, 61, 47],
    ["beyond the edges", { q0: -6, k0: -3, scale: 1.5 }, 90, 80],
  ])("every pixel is the colour of the cell below its centre: %s", (_, view, width, height) => {
    const { m, at } = drawn(causal, 37, 40, width, height, view);
    const { q0, k0, scale } = { ...fitView(m, width, height), ...view };
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const qi = Math.floor(q0 + (y + 0.5) / scale);
        const ki = Math.floor(k0 + (x + 0.5) / scale);
        const inside = qi >= 0 && qi < 37 && ki >= 0 && ki < 40;
        const state = inside ? blockState(m, 0, 0, Math.floor(qi / 16), Math.floor(ki / 16)) : null;
        const colour =
          state === "full"
            ? palette.full
            : state === "empty"
              ? palette.empty
              : isAllowed(causal, 0, 0, qi, ki)
                ? palette.partial
                : palette.partialOff;
        expect(at(x, y)).toEqual(inside ? [...colour, 255] : [0, 0, 0, 0]);
      }
    }
  });
});

describe("where many cells share a pixel", () => {
  test("a pixel is the mean of the states below it", () => {
    // Two rows and two keys a pixel; in the diagonal blocks 3 of 4 cells on the diagonal are allowed.
    const { at } = drawn(causal, 64, 64, 32, 32);
    expect(at(0, 31)).toEqual([...palette.full, 255]);
    expect(at(31, 0)).toEqual([...palette.empty, 255]);
    expect(at(0, 1)).toEqual([...palette.partial, 255]);
    const mixed = palette.partial.map((c, i) => Math.round(0.75 * c + 0.25 * (palette.partialOff[i] ?? 0)));
    expect(at(0, 0)).toEqual([...mixed, 255]);
  });

  test("a cell on the border of two pixels is shared between them", () => {
    // Keys 1, 4, 7, … are allowed; 48 keys over 32 pixels, so that pixel x reaches over keys 1.5 x to 1.5 (x + 1).
    const { at } = drawn(binary("eq", binary("floormod", k, constant(3, "i64")), constant(1, "i64")), 48, 48, 32, 32);
    for (let x = 0; x < 32; x++) {
      let share = 0;
      for (let key = 1; key < 48; key += 3) share += Math.max(0, Math.min(key + 1, 1.5 * (x + 1)) - Math.max(key, 1.5 * x)) / 1.5;
      const expected = palette.partial.map((c, i) => share * c + (1 - share) * (palette.partialOff[i] ?? 0));
      for (const [i, c] of expected.entries()) expect(Math.abs((at(x, 7)[i] ?? 0) - c)).toBeLessThanOrEqual(1);
    }
  });

  test("blocks smaller than two pixels are shown by their states alone", () => {
    const { at } = drawn(binary("lt", k, constant(512, "i64")), 1024, 1024, 64, 64);
    expect(at(10, 10)).toEqual([...palette.full, 255]);
    expect(at(50, 10)).toEqual([...palette.empty, 255]);
  });

  test("what is outside is transparent", () => {
    expect(drawn(causal, 64, 64, 32, 32, { q0: 40 }).at(0, 20)).toEqual([0, 0, 0, 0]);
  });
});

test("without an expression partial blocks are solid", () => {
  expect(drawn(causal, 32, 32, 32, 32, {}, false).at(15, 0)).toEqual([...palette.partial, 255]);
});

test("an SVG holds one path a colour and stays small", () => {
  const near = binary("le", unary("abs", binary("sub", q, k)), constant(40, "i64"));
  const svg = maskSvg(build(near, 1024), palette, near, { size: 48 });
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="192" height="192" viewBox="0 0 48 48"/);
  expect(svg.length).toBeLessThan(20_000);
  expect(new Set(svg.match(/fill="[^"]*"/g))).toHaveLength(svg.match(/<path/g)?.length ?? 0);
  const tall = maskSvg(build(causal, 64, 16), palette, null, { size: 32, displaySize: 320 });
  expect(tall).toContain('width="80" height="320" viewBox="0 0 8 32"');
});
