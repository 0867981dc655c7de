/** float16 by its bits: every half, and the numbers between two of them. */
import { describe, expect, it } from "vitest";
import { fromHalf, fromHalves, halfBits, toHalves } from "../../../kernels/ir/half.ts";
import { roundF16 } from "../../../kernels/ir/number.ts";

const all = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

describe("halves", () => {
  it("come back from the numbers that they stand for, all but the payloads of nan", () => {
    const back = toHalves(fromHalves(all));
    const other = [...all].filter((bits) => back[bits] !== bits);
    expect(other.every((bits) => Number.isNaN(fromHalf(bits)) && back[bits] === 0x7e00)).toBe(true);
    expect(other).toHaveLength(2 * 1023 - 1);
  });

  it("are the nearest, to even in the middle, as one element is rounded", () => {
    for (let bits = 0; bits < 0x7c00; bits += 7) {
      const [low, high] = [fromHalf(bits), bits + 1 === 0x7c00 ? 65536 : fromHalf(bits + 1)];
      for (const x of [low, low + (high - low) * 0.25, (low + high) / 2, low + (high - low) * 0.75]) {
        expect(fromHalf(halfBits(x))).toBe(roundF16(x));
        expect(fromHalf(halfBits(-x))).toBe(roundF16(-x));
      }
    }
  });

  it.each([
    [65519.9, 0x7bff],
    [65520, 0x7c00],
    [1e30, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [Number.NaN, 0x7e00],
    [-0, 0x8000],
    [2 ** -25, 0],
    [2 ** -25 * 1.001, 1],
    [2 ** -14 - 2 ** -26, 0x0400],
  ])("hold %d as %d", (x, bits) => {
    expect(halfBits(x)).toBe(bits);
  });
});
