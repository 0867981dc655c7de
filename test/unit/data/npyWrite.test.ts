import { describe, expect, test } from "vitest";
import { readNpy } from "../../../kernels/data/npy.ts";
import { writeBoolNpy, writeNpy } from "../../../kernels/data/npyWrite.ts";
import { arrayFor } from "../../../kernels/ir/mod.ts";
import type { DType } from "../../../kernels/ir/ops.ts";

/** `np.save(f, np.array([[True, False, True], [False, True, True]]))` of NumPy 2, byte for byte. */
const BY_NUMPY =
  "k05VTVBZAQB2AHsnZGVzY3InOiAnfGIxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAEAAQE=";

test("a bool array is the file that NumPy writes", () => {
  const bytes = writeBoolNpy([2, 3], (cells) => cells.set([1, 0, 1, 0, 1, 1]));
  expect(Buffer.from(bytes).toString("base64")).toBe(BY_NUMPY);
});

describe("what is written is read back", () => {
  const VALUES: readonly (readonly [DType, DType, readonly number[]])[] = [
    ["bool", "bool", [1, 0, 1]],
    ["u8", "u8", [0, 255, 7]],
    ["i8", "i8", [-128, 127, 0]],
    ["i16", "i16", [-32768, 32767, 5]],
    ["i32", "i32", [-(2 ** 31), 2 ** 31 - 1, 6]],
    ["i64", "i64", [-(2 ** 53) + 1, 2 ** 53 - 1, 8]],
    ["f16", "f16", [0.333251953125, -65504, Number.POSITIVE_INFINITY]],
    ["bf16", "f32", [3.140625, Number.NEGATIVE_INFINITY, 1]],
    ["f32", "f32", [Math.fround(0.1), -0, Number.NaN]],
    ["f64", "f64", [0.1, 1e300, 5e-324]],
  ];
  test.each(VALUES)("%s as %s", (dtype, read, values) => {
    const data = arrayFor(dtype, values.length);
    data.set(values);
    for (const shape of [[values.length], [1, values.length, 1]]) {
      const back = readNpy(writeNpy({ dtype, shape, data }));
      expect(back.dtype).toBe(read);
      expect(back.shape).toEqual(shape);
      expect([...back.data]).toEqual(values);
    }
  });

  test("a single number, which has no dimension", () => {
    expect(readNpy(writeNpy({ dtype: "i64", shape: [], data: Float64Array.of(42) }))).toMatchObject({
      shape: [],
      data: Float64Array.of(42),
    });
  });
});
