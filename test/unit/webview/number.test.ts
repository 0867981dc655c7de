import { describe, expect, it } from "vitest";
import { bytes, duration, exponent, integer, parseSize, percent, significant, times } from "../../../webview/number.ts";

/** Narrow no-break spaces as plain ones, so that expectations can be read. */
const plain = (text: string): string => text.replaceAll("\u202f", " ");

describe("numbers for people", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1 000"],
    [4096, "4 096"],
    [1048576, "1 048 576"],
    [-94, "−94"],
    [-0.2, "0"],
  ])("sets %d as an integer %s", (n, text) => expect(plain(integer(n))).toBe(text));

  it.each([
    [0, "0"],
    [1.8442, "1.84"],
    [12.34, "12.3"],
    [123.4, "123"],
    [0.01234, "0.0123"],
    [-29.31, "−29.3"],
    [2335.4, "2 335"],
    [0.999999, "1.00"],
    [Number.NEGATIVE_INFINITY, "−∞"],
    [Number.NaN, "nan"],
  ])("keeps three digits of %d: %s", (x, text) => expect(plain(significant(x))).toBe(text));

  it.each([
    [0.854, "85.4 %"],
    [0, "0.0 %"],
    [1, "100.0 %"],
    [0.99999, "99.9 %"],
    [0.00001, "0.1 %"],
  ])("writes the share %d as %s, and what is not all never as all", (x, text) => expect(plain(percent(x))).toBe(text));

  it.each([
    [0.000001, "1.00 ns"],
    [0.000065, "65.0 ns"],
    [0.84, "840 µs"],
    [1.8442, "1.84 ms"],
    [9999, "9 999 ms"],
    [12345, "12.3 s"],
  ])("writes %d ms as %s", (ms, text) => expect(plain(duration(ms))).toBe(text));

  it.each([
    [512, "512 B"],
    [2263, "2.21 KiB"],
    [16 * 2 ** 20, "16.0 MiB"],
    [2 ** 40, "1.00 TiB"],
  ])("writes %d bytes as %s", (n, text) => expect(plain(bytes(n))).toBe(text));

  it("writes ratios and errors in the table's way", () => {
    expect(times(5.13)).toBe("5.1×");
    expect(times(21.74)).toBe("21.7×");
    expect(exponent(4.1e-7)).toBe("4.1e−7");
    expect(exponent(0)).toBe("0");
  });

  it.each([
    ["4096", 4096],
    ["4 096", 4096],
    ["4\u202f096", 4096],
    ["4_096", 4096],
    ["4,096", 4096],
    ["4k", 4096],
    ["4K", 4096],
    ["1.5k", 1536],
    ["1M", 1048576],
    ["1Mi", 1048576],
    ["0", null],
    ["-3", null],
    ["1.5", null],
    ["many", null],
    ["", null],
    ["99999999999", null],
  ])("reads the size %j as %s", (text, value) => expect(parseSize(text)).toBe(value));
});
