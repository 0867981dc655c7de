import { describe, expect, it } from "vitest";
import { cellAt, clamp, figureSize, fitAll, isFitted, panBy, reveal, rulerTicks, zoomAt } from "../../../webview/mask/viewport.ts";

const canvas = { width: 600, height: 600 };
const matrix = { qLen: 4096, kvLen: 4096 };
const all = fitAll(canvas, matrix);

describe("the viewport", () => {
  it("fits the whole matrix at first", () => {
    expect(all).toEqual({ x: 0, y: 0, scaleX: 600 / 4096, scaleY: 600 / 4096 });
    expect(isFitted(all, canvas, matrix)).toBe(true);
  });

  it.each([
    [{ qLen: 100, kvLen: 100 }, 600, 600],
    [{ qLen: 50, kvLen: 100 }, 600, 300],
    [{ qLen: 100, kvLen: 50 }, 300, 600],
    [{ qLen: 1, kvLen: 4096 }, 600, 75],
  ])("gives a figure of %o the shape of the matrix, but no side that vanishes", (extent, width, height) => {
    expect(figureSize(canvas, extent)).toEqual({ width, height });
  });

  it("takes all the room that its shape can fill", () => {
    expect(figureSize({ width: 800, height: 300 }, { qLen: 16, kvLen: 976 })).toEqual({ width: 800, height: 100 });
    expect(figureSize({ width: 800, height: 300 }, matrix)).toEqual({ width: 300, height: 300 });
  });

  it("keeps the element under the pointer while it zooms", () => {
    const before = cellAt(all, 400, 250, matrix);
    let view = all;
    for (let i = 0; i < 5; i++) {
      view = zoomAt(view, 2, 400, 250, canvas, matrix);
      expect(cellAt(view, 400, 250, matrix)).toEqual(before);
    }
  });

  it("never zooms out beyond all, nor in beyond 64 pixels an element", () => {
    expect(zoomAt(all, 0.1, 10, 10, canvas, matrix)).toEqual(all);
    expect(zoomAt(all, 1e9, 10, 10, canvas, matrix).scaleX).toBe(64);
  });

  it("never leaves the matrix", () => {
    const near = zoomAt(all, 8, 300, 300, canvas, matrix);
    const far = panBy(near, -1e9, 1e9, canvas, matrix);
    expect(far.x).toBeCloseTo(4096 - 600 / near.scaleX, 6);
    expect(far.y).toBe(0);
    expect(clamp({ x: -5, y: 9e9, scaleX: 0, scaleY: 0 }, canvas, matrix)).toEqual(all);
  });

  it("moves by as little as brings a cell into view", () => {
    const near = zoomAt(all, 16, 0, 0, canvas, matrix);
    const moved = reveal(near, { q: 4095, kv: 0 }, canvas, matrix);
    expect(moved.x).toBe(near.x);
    expect(moved.y).toBeCloseTo(4096 - 600 / near.scaleY, 6);
    expect(reveal(moved, { q: 4090, kv: 3 }, canvas, matrix)).toEqual(moved);
  });

  it("finds no cell beside the matrix", () => {
    expect(cellAt(all, -1, 5, matrix)).toBeNull();
    expect(cellAt(all, 599.99, 599.99, matrix)).toEqual({ q: 4095, kv: 4095 });
    expect(cellAt(all, 600, 5, matrix)).toBeNull();
  });

  it.each([
    [0, 4096, 8, 128, [0, 512, 1024, 1536, 2048, 2560, 3072, 3584, 4096]],
    [100, 148, 6, 128, [104, 112, 120, 128, 136, 144]],
    [0, 48, 3, 48, [0, 16, 32, 48]],
    [0, 0, 8, 128, []],
  ])("marks a ruler from %d to %d with at most %d steps of whole blocks of %d, or parts of one", (from, to, most, unit, ticks) => {
    expect(rulerTicks(from, to, most, unit)).toEqual(ticks);
  });
});
