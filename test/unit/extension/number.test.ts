import { describe, expect, test } from "vitest";
import * as editor from "../../../extension/number.ts";
import * as panel from "../../../webview/number.ts";

const NUMBERS = [0, 1, 7, 9.94, 9.96, 12.345, 99.96, 100, 107.63, 999.4, 1000, 1234.5, 4096, 1_048_576];

describe("numbers in the editor", () => {
  test("are spelled as in the panel", () => {
    for (const x of NUMBERS) {
      expect(editor.integer(x)).toBe(panel.integer(x));
      for (const digits of [2, 3, 4]) expect(editor.significant(x, digits)).toBe(panel.significant(x, digits));
      expect(editor.times(x)).toBe(panel.times(x));
    }
    for (const share of [0, 0.0001, 0.4375, 0.875, 0.9999, 1]) expect(editor.percent(share)).toBe(panel.percent(share));
  });

  test.each([
    [0.00084, "0.840\u202fµs"],
    [0.84, "840\u202fµs"],
    [1.84, "1.84\u202fms"],
    [99.5, "99.5\u202fms"],
    [107.63, "107.6\u202fms"],
    [2336.4, "2\u202f336\u202fms"],
    [12_340, "12.3\u202fs"],
  ])("%d ms is a duration of `%s`", (ms, expected) => {
    expect(editor.duration(ms)).toBe(expected);
  });

  test.each([
    [0, "0"],
    [0.28, "0.28"],
    [12, "12"],
    [4.1e-7, "4.1e−7"],
    [3e9, "3.0e9"],
  ])("an error of %d is `%s`", (x, expected) => {
    expect(editor.errorSize(x)).toBe(expected);
  });
});
