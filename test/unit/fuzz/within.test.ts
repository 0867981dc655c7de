import { expect, test } from "vitest";
import { binary, cast, constant, type Expr } from "../../../kernels/ir/expr.ts";
import { interpretWithin } from "../../fuzz/within.ts";

const f32 = (x: number): Expr => constant(x, "f32");
const AT = { b: 0, h: 0, q_idx: 0, kv_idx: 0, score: 0 };
const within = (e: Expr) => interpretWithin(e, AT);

test("which zero the larger of −0 and +0 is, PyTorch leaves open: atan2 of it may be π off", () => {
  const zero = binary("max", f32(-0), f32(0));
  const angle = within(binary("atan2", f32(0), zero));
  expect(angle?.error).toBeGreaterThan(Math.PI);
  expect(within(zero)?.error).toBeLessThan(1e-44);
});

test("a float32 product that is added in one call may be rounded before: 4.62890625 − 1.25 · 3.6000001 is that, or 0.12890625", () => {
  const wide = (x: number): Expr => constant(Math.fround(x), "f64");
  const sum = cast(binary("add", wide(4.62890625), binary("mul", wide(-3.6000001), wide(1.25))), "f32");
  const { value, error } = interpretWithin(sum, AT, "f32") ?? { value: 0, error: 0 };
  expect(Math.abs(value - 0.12890625)).toBeGreaterThan(1e-7);
  expect(Math.abs(value - 0.12890625)).toBeLessThan(error);
  expect(error).toBeLessThan(1e-6);
  expect(interpretWithin(sum, AT, "f64")?.error).toBeLessThan(1e-7);
});

test.each([
  ["zeros of one sign", binary("max", f32(0), f32(0))],
  ["numbers", binary("min", f32(-1), f32(0))],
  ["an add of zeros", binary("add", f32(-0), f32(0))],
])("%s are exact", (_, e) => {
  expect(within(e)?.error).toBe(0);
});
