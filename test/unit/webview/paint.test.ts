import { describe, expect, it } from "vitest";
import { fillProblem } from "../../../kernels/flash/problem.ts";
import { binary, constant, type Expr, variable } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { ProblemHints } from "../../../kernels/ir/mod.ts";
import { blockState, countBlocks } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { type PictureView, packed, type Target } from "../../../kernels/mask/layer.ts";
import { cellPixels, hatched, layerPixels, maskLayer } from "../../../webview/mask/paint.ts";
import { fitAll } from "../../../webview/mask/viewport.ts";
import type { Scene, Viewport } from "../../../webview/state.ts";
import { parseColor, type Rgba, type Theme } from "../../../webview/theme.ts";

const q = variable("q_idx");
const kv = variable("kv_idx");
const window = binary("and", binary("ge", q, kv), binary("lt", binary("sub", q, kv), constant(20, "i64")));
const span = { file: "", from: 0, to: 0 };
const theme: Theme = {
  full: [1, 0, 0, 255],
  partial: [2, 0, 0, 255],
  partialOff: [3, 0, 0, 255],
  empty: [4, 0, 0, 255],
  ground: [5, 0, 0, 255],
  neg: [6, 0, 0, 255],
  zero: [7, 0, 0, 255],
  pos: [8, 0, 0, 255],
  why: [[9, 0, 0, 255]],
  infinity: [10, 0, 0, 255],
  ink: [11, 0, 0, 255],
  css: { ground: "", ink: "", muted: "", line: "", full: "", partial: "", badge: "", badgeInk: "", ui: "" },
  hatch: false,
};

function sceneOf(body: Expr, hints: ProblemHints): Scene {
  const problem = fillProblem(hints);
  const blockMask = buildBlockMask(body, { batch: 1, heads: 1, qLen: problem.qLen, kvLen: problem.kvLen }, problem.blockSize);
  const maskMod = { kind: "mask_mod", name: "m", span, body, locals: [] } as const;
  return {
    variant: { name: "m", nameSpan: span, problem: {}, stated: {}, bindings: [], reads: [], scoreMod: null, maskMod, captures: [] },
    problem,
    blockMask,
    blocks: countBlocks(blockMask),
    sparsity: { blocks: 0, elements: 0 },
    key: "",
    builtMs: 0,
    readAt: 0,
  };
}

/** The colour that a cell must have: by its block's state, and within partial blocks by its own. */
function expected(scene: Scene, body: Expr, at: { q: number; kv: number }): Rgba {
  const [blockQ, blockKv] = scene.problem.blockSize;
  const state = blockState(scene.blockMask, 0, 0, Math.floor(at.q / blockQ), Math.floor(at.kv / blockKv));
  if (state !== "partial") return theme[state];
  return interpret(body, { b: 0, h: 0, q_idx: at.q, kv_idx: at.kv }) === 1 ? theme.partial : theme.partialOff;
}

describe("the pixels of the mask", () => {
  const square = sceneOf(window, { qLen: 96, blockSize: [8, 8] });
  const wide = sceneOf(window, { qLen: 6, kvLen: 600, blockSize: [2, 8] });
  const views: [string, Scene, Viewport, number, number][] = [
    ["all of it, one pixel a cell", square, { x: 0, y: 0, scaleX: 1, scaleY: 1 }, 96, 96],
    ["a part between cells", square, { x: 10.3, y: 17.6, scaleX: 7.5, scaleY: 7.5 }, 200, 180],
    ["single cells", square, { x: 30, y: 31, scaleX: 64, scaleY: 64 }, 128, 128],
    ["few queries, stretched", wide, fitAll({ width: 600, height: 75 }, wide.problem), 600, 75],
  ];
  it.each(views)("show the cell under the centre of each: %s", (_, scene, view, width, height) => {
    const pixels = cellPixels(scene, { b: 0, h: 0 }, view, width, height, theme);
    let wrong = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const cell = { q: Math.floor(view.y + (y + 0.5) / view.scaleY), kv: Math.floor(view.x + (x + 0.5) / view.scaleX) };
        if (pixels[4 * (y * width + x)] !== expected(scene, window, cell)[0]) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });

  it("come from one layer for a mask and a theme, which keeps what it has counted", () => {
    const layer = maskLayer(square, theme);
    const counted: Scene = { ...square, sparsity: { blocks: 0, elements: 0.5 } };
    expect(maskLayer(counted, theme)).toBe(layer);
    expect(maskLayer(square, { ...theme, full: [9, 0, 0, 255] })).not.toBe(layer);
    expect(maskLayer(wide, theme)).not.toBe(layer);
  });

  it("hatch one colour and no other, and the hatch moves with the matrix", () => {
    const draw = (_: PictureView, { pixels }: Target): void => {
      for (let i = 0; i < pixels.length; i++) pixels[i] = packed(3 + (i % 2), 0, 0);
    };
    const bare = { draw };
    const layer = hatched(bare, theme.partialOff, [200, 200, 200, 255]);
    const redsAt = (x: number): number[] => {
      const bytes = layerPixels(layer, { b: 0, h: 0 }, { x, y: 0, scaleX: 2, scaleY: 2 }, 12, 12);
      return Array.from({ length: 144 }, (_, i) => bytes[4 * i] ?? 0);
    };
    const reds = redsAt(0);
    expect(new Set(reds)).toEqual(new Set([3, 4, 111]));
    expect(reds.filter((r) => r === 4)).toHaveLength(72);
    expect(reds.filter((r) => r === 111)).toHaveLength(12);
    // Two pixels to the left: columns 2 to 11 of the picture before are columns 0 to 9 now.
    const moved = redsAt(1);
    for (let i = 0; i < 144; i++) if (i % 12 < 10) expect(moved[i]).toBe(reds[i + 2]);
  });
});

describe("computed colours", () => {
  it.each([
    ["rgb(74, 146, 240)", [74, 146, 240, 255]],
    ["rgba(0, 0, 0, 0.5)", [0, 0, 0, 128]],
    ["color(srgb 1 0.5 0 / 0.2)", [255, 128, 0, 51]],
    ["color(srgb 0.99 1e-3 0)", [252, 0, 0, 255]],
  ])("are read from %s", (text, colour) => expect(parseColor(text)).toEqual(colour));
});
