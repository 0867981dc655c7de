/** Floats without a digit after the dot, which the grammar does not know. */
import { expect, test } from "vitest";
import { printValue, valueIn } from "./evaluateText.ts";

test.each([
  ["2.", "2.0"],
  ["[1., 2.5, 3.]", "[1.0, 2.5, 3.0]"],
  ["2.*3", "6.0"],
  ["1.e3 + 1.E-1", "1000.1"],
  ["'2. of 3.'", "'2. of 3.'"],
  ["1_0. / 4", "2.5"],
  ["(5).bit_length()", "3"],
])("%s is %s", (expression, printed) => {
  expect(printValue(valueIn(`x = ${expression}`))).toBe(printed);
});
