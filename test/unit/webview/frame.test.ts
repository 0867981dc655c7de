import { describe, expect, it } from "vitest";
import { type Draw, type Layer, type PictureView, packed } from "../../../kernels/mask/layer.ts";
import { Frame } from "../../../webview/mask/frame.ts";

/** Every pixel tells the matrix place below its centre; `calls` counts the pixels drawn. */
function places(coarse = false): { readonly layer: Layer; readonly drawn: { pixels: number; coarse: number } } {
  const drawn = { pixels: 0, coarse: 0 };
  const paint =
    (kind: "pixels" | "coarse", add: number): Draw =>
    (view, { pixels, width, height }) => {
      drawn[kind] += width * height;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) pixels[y * width + x] = valueAt(view, x, y) + add;
      }
    };
  const draw = paint("pixels", 0);
  return { layer: coarse ? { draw, coarse: paint("coarse", 1e9) } : { draw }, drawn };
}

const valueAt = ({ q0, k0, scale, scaleQ = scale }: PictureView, x: number, y: number): number =>
  1 + 10_000 * Math.floor(q0 + (y + 0.5) / scaleQ) + Math.floor(k0 + (x + 0.5) / scale);

const at = (q0: number, k0: number, scale = 1): PictureView => ({ b: 0, h: 0, q0, k0, scale });
const SIDE = 60;
const values = (frame: Frame): Uint32Array => new Uint32Array(frame.bytes.buffer);
const right = (view: PictureView): Uint32Array =>
  Uint32Array.from({ length: SIDE * SIDE }, (_, i) => valueAt(view, i % SIDE, Math.floor(i / SIDE)));

/** A clock that moves by `step` at each look. */
function clock(step: number): () => number {
  let t = 0;
  return () => {
    t += step;
    return t;
  };
}

const GROUND = packed(1, 2, 3);

/** Paints to the end. */
function finish(frame: Frame): void {
  for (let i = 0; i < 10_000 && !frame.complete; i++) frame.paint(clock(1e-5), 5, 30);
}

describe("a frame", () => {
  it("is painted whole where time allows, and once", () => {
    const { layer, drawn } = places();
    const frame = new Frame(SIDE, SIDE, GROUND);
    frame.aim(layer, at(3, 4));
    finish(frame);
    expect(values(frame)).toEqual(right(at(3, 4)));
    expect(drawn.pixels).toBe(SIDE * SIDE);
    frame.aim(layer, at(3, 4));
    expect(frame.complete).toBe(true);
  });

  it.each([
    [7, 0],
    [0, -9],
    [-5, 12],
    [59, -59],
  ])("panned by %d, %d pixels paints only what comes in", (dx, dy) => {
    const { layer, drawn } = places();
    const frame = new Frame(SIDE, SIDE, GROUND);
    frame.aim(layer, at(100, 100, 2));
    finish(frame);
    drawn.pixels = 0;
    const view = at(100 + dy / 2, 100 + dx / 2, 2);
    frame.aim(layer, view);
    finish(frame);
    expect(values(frame)).toEqual(right(view));
    expect(drawn.pixels).toBe(SIDE * SIDE - (SIDE - Math.abs(dx)) * (SIDE - Math.abs(dy)));
  });

  it("panned again and again before it was complete ends right", () => {
    const { layer } = places();
    const frame = new Frame(SIDE, SIDE, GROUND);
    let view = at(500, 500);
    for (let i = 0; i < 40; i++) {
      view = at(view.q0 + ((i * 7) % 11) - 5, view.k0 + ((i * 5) % 13) - 6);
      frame.aim(layer, view);
      frame.paint(clock(1), 1.5, 10);
    }
    finish(frame);
    expect(values(frame)).toEqual(right(view));
  });

  it("without time shows the coarse picture of every pixel, then the right one from the focus on", () => {
    const { layer, drawn } = places(true);
    const frame = new Frame(SIDE, SIDE, GROUND);
    const view = at(0, 0);
    frame.aim(layer, view);
    frame.paint(clock(1), 0, 40);
    expect(frame.complete).toBe(false);
    expect(drawn.pixels + drawn.coarse).toBe(SIDE * SIDE);
    const now = values(frame);
    const want = right(view);
    const rightAt = (y: number): boolean => now[y * SIDE] === want[y * SIDE];
    expect(rightAt(40)).toBe(true);
    expect(rightAt(0)).toBe(false);
    expect(now.every((v, i) => v === want[i] || v === (want[i] ?? 0) + 1e9)).toBe(true);
    finish(frame);
    expect(values(frame)).toEqual(want);
    expect(drawn.pixels).toBe(SIDE * SIDE);
  });

  it("of many pixels stands in with half of the rows, each twice, and ends right", () => {
    const { layer, drawn } = places(true);
    const [width, height] = [1000, 901];
    const frame = new Frame(width, height, GROUND);
    const view = at(0, 0, 3);
    frame.aim(layer, view);
    frame.paint(clock(1), 0, 0);
    expect(drawn.coarse).toBeLessThan(0.51 * width * height);
    const coarse = values(frame);
    for (const y of [20, 500, 900]) {
      // The row of the picture, or the one beside it.
      const place = (coarse[y * width + 500] ?? 0) - 1e9;
      expect([y - 1, y, y + 1].map((row) => valueAt(view, 500, row))).toContain(place);
    }
    for (let i = 0; i < 10_000 && !frame.complete; i++) frame.paint(clock(1e-5), 5, 30);
    expect(values(frame).every((v, i) => v === valueAt(view, i % width, Math.floor(i / width)))).toBe(true);
  });

  it("without a coarse picture shows the last one, stretched", () => {
    const { layer } = places();
    const frame = new Frame(SIDE, SIDE, GROUND);
    frame.aim(layer, at(0, 0, 1));
    finish(frame);
    const blank: Layer = { draw: () => undefined };
    frame.aim(blank, at(10, 20, 4));
    expect(values(frame)).toEqual(right(at(10, 20, 4)));
  });

  it("is painted anew for another layer, scale or plane", () => {
    const { layer, drawn } = places();
    const frame = new Frame(SIDE, SIDE, GROUND);
    frame.aim(layer, at(0, 0));
    finish(frame);
    for (const [next, view] of [
      [layer, at(0, 0, 3)],
      [layer, { ...at(0, 0, 3), h: 1 }],
      [places().layer, { ...at(0, 0, 3), h: 1 }],
    ] as const) {
      drawn.pixels = 0;
      frame.aim(next, view);
      expect(frame.complete).toBe(false);
      finish(frame);
      expect(values(frame)).toEqual(right(view));
    }
  });

  it("says which pixels have changed", () => {
    const { layer } = places();
    const frame = new Frame(SIDE, SIDE, GROUND);
    expect(frame.takeChanged()).toBeNull();
    frame.aim(layer, at(0, 0));
    finish(frame);
    expect(frame.takeChanged()).toEqual({ x0: 0, y0: 0, x1: SIDE, y1: SIDE });
    expect(frame.takeChanged()).toBeNull();
  });

  it("has the ground where a layer leaves nothing, at once and when it is panned", () => {
    const half: Layer = {
      draw: (view, { pixels, width, height }) => {
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) pixels[y * width + x] = view.k0 + x / view.scale >= 110 ? 0 : packed(9, 9, 9);
      },
    };
    const frame = new Frame(SIDE, SIDE, GROUND);
    frame.aim(half, at(100, 100));
    finish(frame);
    expect(values(frame)[5]).toBe(packed(9, 9, 9));
    expect(values(frame)[20]).toBe(GROUND);
    frame.aim(half, at(100, 108));
    finish(frame);
    expect(values(frame)[1]).toBe(packed(9, 9, 9));
    expect(values(frame)[SIDE - 1]).toBe(GROUND);
  });
});
