import { describe, expect, it } from "vitest";
import { createTurns, type StripTurns } from "../../../webview/mask/stripTurns.ts";

/** Which of three strips are drawn in each of the frames that begin `interval` apart. */
function drawn(turns: StripTurns, from: number, interval: number, frames: number): readonly (readonly number[])[] {
  return Array.from({ length: frames }, (_, i) => {
    const now = from + i * interval;
    turns.frame(now);
    return [0, 1, 2].filter((strip) => turns.isDue(strip, now + 3));
  });
}

describe("the strips beside the cells", () => {
  it("are all drawn in each frame where frames keep up with the screen", () => {
    for (const strips of drawn(createTurns(3), 1000, 16.7, 12)) expect(strips).toEqual([0, 1, 2]);
  });

  it("take turns, each as often, once a frame was late", () => {
    const [first, ...others] = drawn(createTurns(3), 1000, 80, 10);
    expect(first).toEqual([0, 1, 2]);
    expect(others.map((strips) => strips.length)).toEqual(Array.from({ length: 9 }, () => 1));
    for (const strip of [0, 1, 2]) expect(others.filter((strips) => strips.includes(strip))).toHaveLength(3);
  });

  it("leave frames without any between two turns, and none of them waits longer than a reader does", () => {
    const frames = drawn(createTurns(3), 1000, 34, 31).slice(1);
    expect(frames.map((strips) => strips.length)).toEqual(Array.from({ length: 30 }, (_, i) => i % 2));
    for (const strip of [0, 1, 2]) expect(frames.filter((strips) => strips.includes(strip))).toHaveLength(5);
  });

  it("go on taking turns while the hand moves, though frames are in time again: they are so because of the turns", () => {
    const turns = createTurns(3);
    drawn(turns, 1000, 40, 3);
    expect(drawn(turns, 1100, 16.7, 12).every((strips) => strips.length <= 1)).toBe(true);
  });

  it("are all drawn again after a rest", () => {
    const turns = createTurns(3);
    drawn(turns, 1000, 40, 3);
    expect(
      [0, 1, 2].every((strip) => turns.isDue(strip, 2000)),
      "drawn for another reason than a frame",
    ).toBe(true);
    expect(drawn(turns, 2000, 16.7, 1)).toEqual([[0, 1, 2]]);
  });
});
