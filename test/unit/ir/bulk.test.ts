import { expect, test } from "vitest";
import { binaryOn } from "../../../kernels/ir/bulk.ts";
import { evalBinary } from "../../../kernels/ir/interpret.ts";
import { toDType } from "../../../kernels/ir/number.ts";
import { BINARY_OPS, isFloat } from "../../../kernels/ir/ops.ts";
import { ALL_DTYPES } from "../../support/random.ts";

const WHOLE = [
  0,
  1,
  -1,
  2,
  -3,
  7,
  100,
  127,
  128,
  -128,
  255,
  32767,
  -32768,
  65535,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 40 + 1,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
];
const FLOATS = [0, -0, 0.5, -1.5, 1e-8, 1 / 3, 1e20, -3e38, 65504, Number.NaN, Infinity, -Infinity, 7, -2];

test("operators decided before a loop mean what they mean one by one", () => {
  let compared = 0;
  for (const dtype of ALL_DTYPES) {
    const values = (isFloat(dtype) ? FLOATS : WHOLE).map((x) => toDType(x, dtype));
    for (const op of BINARY_OPS) {
      if (isFloat(dtype) && ["and", "or", "xor", "shl", "shr"].includes(op)) continue;
      if (!isFloat(dtype) && ["div", "atan2", "hypot"].includes(op)) continue;
      const fast = binaryOn(op, dtype);
      for (const x of values) {
        for (const y of values) {
          compared++;
          const [got, want] = [fast(x, y), evalBinary(op, x, y, dtype)];
          if (!Object.is(got, want)) throw new Error(`${op} of ${x} and ${y} (${dtype}): ${got}, not ${want}`);
        }
      }
    }
  }
  expect(compared).toBeGreaterThan(40_000);
});
