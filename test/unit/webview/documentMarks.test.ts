import { describe, expect, test } from "vitest";
import type { Documents } from "../../../kernels/mask/documents.ts";
import { drawDocumentsAbove, drawDocumentsBeside } from "../../../webview/mask/documentMarks.ts";
import type { OverlayScene } from "../../../webview/mask/overlay.ts";

/** A strip of 100 pixels beside 1,000 tokens in `count` documents of one length, and the rectangles drawn on it with their alpha. */
function drawn(draw: typeof drawDocumentsAbove, count: number) {
  const rects: { readonly along: number; readonly alpha: number }[] = [];
  const ctx = {
    globalAlpha: 1,
    fillRect(_x: number, _y: number, width: number, height: number) {
      rects.push({ along: draw === drawDocumentsAbove ? width : height, alpha: this.globalAlpha });
    },
    measureText: () => ({ width: 1000 }),
  };
  const side = { starts: Array.from({ length: count }, (_, i) => (i * 1000) / count), values: Array.from({ length: count }, (_, i) => i) };
  const scene = {
    layout: { left: 10, top: 10, cells: { width: 100, height: 100 }, load: 0 },
    view: { x: 0, y: 0, scaleX: 0.1, scaleY: 0.1 },
    matrix: { qLen: 1000, kvLen: 1000 },
    cursor: null,
    theme: { css: { muted: "#888" } },
  };
  draw(ctx as unknown as CanvasRenderingContext2D, scene as unknown as OverlayScene, { q: side, kv: side } as unknown as Documents);
  return { rects, left: ctx.globalAlpha };
}

describe.each([
  ["above", drawDocumentsAbove],
  ["beside", drawDocumentsBeside],
])("the band of documents %s the cells", (_, draw) => {
  test("has neighbours in two shades", () => {
    const { rects, left } = drawn(draw, 10);
    expect(rects).toHaveLength(10);
    expect(rects.every(({ along }) => Math.abs(along - 10) < 1e-9)).toBe(true);
    expect(new Set(rects.map(({ alpha }) => alpha)).size).toBe(2);
    expect(left).toBe(1);
  });

  test("is one rectangle where documents are thinner than can be told apart", () => {
    const { rects, left } = drawn(draw, 100);
    expect(rects).toEqual([{ along: 100, alpha: 0.7 }]);
    expect(left).toBe(1);
  });
});
