import { describe, expect, it } from "vitest";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { seenPieces } from "../../../webview/mask/documentMarks.ts";
import { wheelIntent } from "../../../webview/mask/hands.ts";
import { type KeysOn, onKey } from "../../../webview/mask/keys.ts";
import type { Cell, Viewport } from "../../../webview/state.ts";

const wheel = (deltaX: number, deltaY: number, more = {}) => ({ deltaX, deltaY, deltaMode: 0, ctrlKey: false, shiftKey: false, ...more });

describe("the wheel", () => {
  it.each([
    ["a notch up", wheel(0, -100)],
    ["a notch in lines", wheel(0, -3, { deltaMode: 1 })],
    ["a pinch on a touchpad", wheel(0, -4, { ctrlKey: true })],
  ])("zooms in by %s", (_, event) => {
    const intent = wheelIntent(event, false);
    expect("zoom" in intent && intent.zoom).toBeGreaterThan(1);
  });

  it.each([
    ["two fingers, slowly", wheel(0, -3), false, { dx: 0, dy: -3, touchpad: true }],
    ["two fingers, askew", wheel(7, 30), false, { dx: 7, dy: 30, touchpad: true }],
    ["two fingers, faster than they began", wheel(0, 130), true, { dx: 0, dy: 130, touchpad: true }],
    ["Shift and the wheel", wheel(0, 100, { shiftKey: true }), false, { dx: 100, dy: 0, touchpad: false }],
    ["a wheel that tilts", wheel(100, 0), false, { dx: 100, dy: 0, touchpad: false }],
  ])("pans by %s", (_, event, sliding, pan) => expect(wheelIntent(event, sliding)).toEqual(pan));
});

describe("the keys of the picture", () => {
  const view: Viewport = { x: 100, y: 200, scaleX: 2, scaleY: 2 };
  /** What a key does, from the cell under the hand. */
  function press(
    key: string,
    held: Partial<Record<"ctrlKey" | "shiftKey" | "altKey" | "metaKey", boolean>> = {},
    hover: Cell | null = { q: 260, kv: 160 },
  ) {
    const done: Record<string, unknown> = {};
    const note =
      (name: string) =>
      (...args: readonly unknown[]): void => {
        done[name] = args.length === 1 ? args[0] : args;
      };
    const on: KeysOn = {
      body: null,
      mask: buildBlockMask(null, { batch: 1, heads: 1, qLen: 4096, kvLen: 4096 }, [128, 64]),
      matrix: { qLen: 4096, kvLen: 4096, batch: 2, qHeads: 8, blockSize: [128, 64] },
      batch: 1,
      head: 0,
      view,
      canvas: { width: 400, height: 400 },
      hover,
      pin: null,
      onHover: note("hover"),
      onPin: note("pin"),
      onLook: note("look"),
      onSlice: note("slice"),
      onCopy: note("copy"),
      onMinimap: note("minimap"),
      onAsk: note("ask"),
    };
    const taken = onKey({ key, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...held }, on);
    return taken ? done : null;
  }

  it.each<[string, Parameters<typeof press>, Record<string, unknown> | null]>([
    ["one cell", ["ArrowRight"], { hover: { q: 260, kv: 161 } }],
    ["one block", ["ArrowLeft", { shiftKey: true }], { look: { ...view, x: 96 }, hover: { q: 260, kv: 96 } }],
    ["from the corner where there is no cell", ["ArrowDown", {}, null], { hover: { q: 201, kv: 100 } }],
    ["into the middle where there is no cell", ["+", {}, null], { look: { x: 150, y: 250, scaleX: 4, scaleY: 4 } }],
    ["an eighth of the picture", ["ArrowDown", { ctrlKey: true, shiftKey: true }], { look: { ...view, y: 225 } }],
    ["to the row's end", ["End"], { look: { ...view, x: 3896 }, hover: { q: 260, kv: 4095 } }],
    ["to the first cell", ["Home", { ctrlKey: true }], { look: { ...view, x: 0, y: 0 }, hover: { q: 0, kv: 0 } }],
    ["a screen", ["PageDown"], { look: { ...view, y: 261 }, hover: { q: 460, kv: 160 } }],
    ["to a cell by its numbers", ["g"], { ask: [] }],
    ["to all", ["f"], { look: { x: 0, y: 0, scaleX: 0, scaleY: 0 } }],
    ["into the cell", ["+"], { look: { x: 130.25, y: 230.25, scaleX: 4, scaleY: 4 } }],
    ["to the head before", ["H", { shiftKey: true }], { slice: [1, 7] }],
    ["to the next batch", ["b"], { slice: [0, 0] }],
    ["the minimap away", ["m"], { minimap: [] }],
    ["nothing: Alt is the window's", ["ArrowLeft", { altKey: true }], null],
    ["nothing: Control and a letter", ["c", { ctrlKey: true }], null],
  ])("go %s", (_, given, done) => expect(press(...given)).toEqual(done));
});

describe("documents in view", () => {
  const pieces = { starts: Int32Array.from([0, 10, 11, 12, 13, 40]), values: Float64Array.from([7, 1, 2, 3, 4, 5]) };
  it.each([
    [
      "all of them",
      0,
      10,
      1000,
      [
        [0, 100, 7],
        [100, 110, 1],
        [110, 120, 2],
        [120, 130, 3],
        [130, 400, 4],
        [400, 500, 5],
      ],
    ],
    [
      "a part, from within one",
      12.5,
      10,
      200,
      [
        [0, 5, 3],
        [5, 200, 4],
      ],
    ],
    [
      "those too thin to be told apart are joined",
      0,
      0.1,
      5,
      [
        [0, 1, 7],
        [1, 4, 1],
        [4, 5, 5],
      ],
    ],
  ])("are cut to it: %s", (_, at, scale, pixels, want) => {
    const seen = seenPieces(pieces, 50, at, scale, pixels);
    expect(seen.map((p) => [p.from, p.to, p.value])).toEqual(want);
  });
});
