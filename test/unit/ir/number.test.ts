import { describe, expect, it } from "vitest";
import { binary, cast, constant, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import { erf, evalBinary, evalUnary, interpret } from "../../../kernels/ir/interpret.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import { roundBf16, roundF16, roundHalfEven, toDType } from "../../../kernels/ir/number.ts";
import { capturesOf, freeVars, postorder, rewrite } from "../../../kernels/ir/walk.ts";

// Values as torch 2.13 prints them (`torch.tensor(x).half().item()` and so on).
describe("rounding to a dtype", () => {
  it.each([
    [0.1, 0.0999755859375],
    [0.3, 0.300048828125],
    [65519.99, 65504],
    [65520, Number.POSITIVE_INFINITY],
    [-70000, Number.NEGATIVE_INFINITY],
    [2049, 2048], // ties to even
    [2051, 2052],
    [6e-8, 2 ** -24], // the smallest subnormal
    [2 ** -25, 0],
  ])("float16 of %d is %d", (x, y) => expect(roundF16(x)).toBe(y));

  it.each([
    [0.1, 0.10009765625],
    [257, 256],
    [259, 260],
    [3.4e38, Number.POSITIVE_INFINITY],
  ])("bfloat16 of %d is %d", (x, y) => expect(roundBf16(x)).toBe(y));

  it.each([
    [2.5, 2],
    [3.5, 4],
    [-2.5, -2],
    [0.5, 0],
    [-0.5, -0],
    [1.4999, 1],
    [-7.5, -8],
  ])("round of %d is %d, half to even", (x, y) => expect(Object.is(roundHalfEven(x), y)).toBe(true));

  it.each([
    [2 ** 31, "i32", -(2 ** 31)],
    [7e9, "i32", -1589934592],
    [-1, "u8", 255],
    [-2.9, "i64", -2],
    [Number.NaN, "i64", -(2 ** 63)],
    [0.5, "bool", 1],
    [200, "i8", -56],
  ] as const)("%d as %s is %d", (x, dtype, y) => expect(toDType(x, dtype)).toBe(y));
});

describe("arithmetic", () => {
  it.each([
    ["floordiv", -7, 2, -4],
    ["floordiv", 7, -2, -4],
    ["floordiv", 7, 0, 0],
    ["floormod", -7, 3, 2],
    ["floormod", 7, -3, -2],
    ["truncdiv", -7, 2, -3],
    ["fmod", -7, 3, -1],
    ["shl", 1, 64, 0],
    ["shl", 1, 62, 2 ** 62],
    ["shr", -8, 70, -1],
    ["shr", -8, 1, -4],
    ["pow", 2, -3, 0],
    ["pow", -1, -3, -1],
    ["and", -1, 2 ** 40, 2 ** 40],
  ] as const)("%s of %d and %d is %d in int64", (op, x, y, z) => expect(evalBinary(op, x, y, "i64")).toBe(z));

  it("takes nan and infinities as PyTorch does", () => {
    expect(evalBinary("max", Number.NaN, 1, "f32")).toBeNaN();
    expect(evalBinary("fmax", Number.NaN, 1, "f32")).toBe(1);
    expect(evalBinary("floordiv", 2.5, 0, "f32")).toBe(Number.POSITIVE_INFINITY);
    expect(evalBinary("floormod", 2.5, 0, "f32")).toBeNaN();
  });

  it("rounds every f32 operation to f32", () => {
    expect(evalBinary("add", Math.fround(0.1), Math.fround(0.2), "f32")).toBe(Math.fround(Math.fround(0.1) + Math.fround(0.2)));
    expect(evalUnary("exp", 1, "f32")).toBe(Math.fround(Math.E));
  });

  it.each([
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2.6, 0.9997639655834707],
    [-3, -0.9999779095030014],
  ])("erf(%d) is %d", (x, y) => expect(Math.abs(erf(x) - y)).toBeLessThan(1e-15));
});

describe("expressions", () => {
  const q = variable("q_idx");
  const k = variable("kv_idx");
  const ids: Capture = { name: "ids", dtype: "i64", shape: [2, 3], data: new Float64Array([0, 1, 2, 10, 11, 12]) };

  it("are one object where they are equal", () => {
    expect(binary("sub", q, k)).toBe(binary("sub", variable("q_idx"), variable("kv_idx")));
    expect(binary("sub", q, k)).not.toBe(binary("sub", k, q));
    expect(constant(0, "f32")).not.toBe(constant(-0, "f32"));
    expect(load(ids, [q, k])).toBe(load(ids, [q, k]));
    expect(load(ids, [q, k])).not.toBe(load({ ...ids }, [q, k]));
  });

  it("are one object in a later task too, while somebody holds it", async () => {
    const held = binary("mul", q, constant(7, "i64"));
    await new Promise((resolve) => setTimeout(resolve));
    expect(binary("mul", q, constant(7, "i64"))).toBe(held);
  });

  it("refuse operands of two dtypes", () => {
    expect(() => binary("add", q, constant(1, "f32"))).toThrow();
    expect(() => where(q, q, q)).toThrow();
    expect(() => load(ids, [q])).toThrow();
  });

  it("have a value at a point: negative indices wrap, those out of range are clamped", () => {
    const at = (q_idx: number, kv_idx: number) => interpret(load(ids, [q, k]), { b: 0, h: 0, q_idx, kv_idx });
    expect([at(0, 2), at(1, -1), at(-1, 0), at(9, 9)]).toEqual([2, 12, 10, 12]);
  });

  it("know what they read, and are rewritten once a node", () => {
    const e = where(binary("ge", q, k), cast(load(ids, [q, k]), "f32"), unary("neg", variable("score")));
    expect([...freeVars(e)].sort()).toEqual(["kv_idx", "q_idx", "score"]);
    expect(capturesOf(e)).toEqual([ids]);
    const swapped = rewrite(e, (x) => (x === q ? k : x));
    expect(postorder([swapped])).not.toContain(q);
    expect(rewrite(e, (x) => x)).toBe(e);
  });

  it("are walked without recursion however deep they are", () => {
    let e = binary("add", q, k);
    for (let i = 0; i < 100_000; i++) e = binary("add", e, constant(1, "i64"));
    expect(interpret(e, { b: 0, h: 0, q_idx: 1, kv_idx: 2 })).toBe(100_003);
  });
});
