/** Integers of 64 bits: exact in the interpreter and in the emitted loops, wrapping where PyTorch's do. */
import { describe, expect, test } from "vitest";
import { compileCells, compileCount } from "../../../kernels/emit/js.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import type { Expr } from "../../../kernels/ir/expr.ts";
import { applyBinary, interpret } from "../../../kernels/ir/interpret.ts";
import type { BinaryOp, DType } from "../../../kernels/ir/ops.ts";
import { convert, type Exact, exactly, narrow } from "../../../kernels/ir/wide.ts";

const MIN = -(2n ** 63n);

describe("an operation on i64 is exact beyond 2^53", () => {
  const cases: readonly (readonly [BinaryOp, Exact, Exact, Exact])[] = [
    ["add", Number.MAX_SAFE_INTEGER, 2, 9007199254740993n],
    ["add", 9223372036854775807n, 1, MIN],
    ["sub", 9007199254740993n, 2, Number.MAX_SAFE_INTEGER],
    ["mul", 3037000500, 3037000500, -9223372036709301616n],
    ["mul", 6364136223846793005n, 3, 645664597830827399n],
    ["floordiv", -9007199254740993n, 2, -4503599627370497],
    ["floordiv", Number.MAX_SAFE_INTEGER, 2, 4503599627370495],
    ["floormod", -9007199254740993n, 10, 7],
    ["truncdiv", -9007199254740993n, 2, -4503599627370496],
    ["fmod", -9007199254740993n, 10, -3],
    ["floormod", 9007199254740993n, 0, 0],
    ["shl", 1, 62, 4611686018427387904n],
    ["shl", 1, 63, MIN],
    ["shl", 1, 64, 0],
    ["shr", MIN, 60, -8],
    ["shr", MIN, 70, -1],
    ["and", -1, 9007199254740993n, 9007199254740993n],
    ["xor", 9007199254740993n, 9007199254740992n, 1],
    ["or", 2 ** 40, 1, 2 ** 40 + 1],
    ["pow", 3, 41, -420491770248316829n],
    ["min", 9007199254740993n, 5, 5],
    ["max", 9007199254740993n, 5, 9007199254740993n],
    ["eq", 9007199254740993n, 9007199254740992n, 0],
    ["lt", 9007199254740992n, 9007199254740993n, 1],
    ["gt", 5, MIN, 1],
  ];
  test.each(cases)("%s of %s and %s is %s", (op, x, y, want) => {
    expect(applyBinary(op, x, y, "i64")).toBe(want);
  });

  test("of narrower integers it wraps, however large on the way", () => {
    expect(applyBinary("mul", 2147483647, 2147483647, "i32")).toBe(1);
    expect(applyBinary("pow", 7, 30, "i16")).toBe(Number(BigInt.asIntN(16, 7n ** 30n)));
  });
});

describe("a conversion is PyTorch's", () => {
  const cases: readonly (readonly [Exact, DType, DType, Exact])[] = [
    // Once rounded: by way of float64 it would be the even neighbour.
    [narrow(2n ** 60n + 2n ** 36n + 1n), "i64", "f32", 2 ** 60 + 2 ** 37],
    [narrow(2n ** 60n + 2n ** 36n), "i64", "f32", 2 ** 60],
    [9007199254740993n, "i64", "i32", 1],
    [9007199254740993n, "i64", "u8", 1],
    [MIN, "i64", "bool", 1],
    [3e9, "f32", "i32", -(2 ** 31)],
    [Number.NaN, "f32", "i64", MIN],
    [Number.NaN, "f32", "bool", 1],
    [3e9 + 1, "f64", "u8", 1],
    [3e9 + 1, "f64", "i8", 0],
    [-1.5, "f32", "u8", 255],
    [300.7, "f32", "i8", 44],
    [2 ** 62, "f64", "i64", 2n ** 62n],
  ];
  test.each(cases)("%s from %s to %s is %s", (x, from, to, want) => {
    expect(convert(x, from, to)).toBe(want);
  });

  test("a number is a bigint only where it must be", () => {
    expect([exactly(2 ** 53 - 1), exactly(2 ** 53), narrow(5n)]).toEqual([2 ** 53 - 1, 2n ** 53n, 5]);
  });
});

describe("hashes of indices come out the same from the interpreter, the loops and Python", () => {
  const bodyOf = (expression: string): Expr => {
    const text = `import torch\ndef mod(b, h, q, k):\n    return ${expression}\n`;
    const body = lowerModule([{ file: "m.py", text }]).variants[0]?.maskMod?.body;
    if (body === undefined) throw new Error("not lowered");
    return body;
  };
  const wrap = (x: bigint): bigint => BigInt.asIntN(64, x);
  const mod = (x: bigint, n: bigint): bigint => ((x % n) + n) % n;
  const cases: readonly (readonly [string, (q: bigint, k: bigint) => boolean])[] = [
    ["(((q * 6364136223846793005 + k) >> 33) & 7) == 3", (q, k) => ((wrap(q * 6364136223846793005n + k) >> 33n) & 7n) === 3n],
    ["((q * 73856093) ^ (k * 19349663)) % 10 < 4", (q, k) => mod(wrap((q * 73856093n) ^ (k * 19349663n)), 10n) < 4n],
    ["(((q << 40) + k) * 1000003) % 7 == 2", (q, k) => mod(wrap(wrap((q << 40n) + k) * 1000003n), 7n) === 2n],
    ["(q * 0x9E3779B97F4A7C15 - k * k) < 0", (q, k) => wrap(wrap(q * 0x9e3779b97f4a7c15n) - k * k) < 0n],
    ["torch.maximum(q * 3037000500 * 3037000500, k) == k", (q, k) => wrap(wrap(q * 3037000500n) * 3037000500n) <= k],
  ];
  test.each(cases)("%s", (text, f) => {
    const body = bodyOf(text);
    const out = new Uint8Array(32 * 32);
    compileCells(body)(out, { b: 0, h: 0, q0: 0, q1: 32, k0: 0, k1: 32 }, null);
    const want = Array.from(out, (_, i) => (f(BigInt(Math.floor(i / 32)), BigInt(i % 32)) ? 1 : 0));
    expect(Array.from(out)).toEqual(want);
    expect(want.map((_, i) => interpret(body, { b: 0, h: 0, q_idx: Math.floor(i / 32), kv_idx: i % 32 }))).toEqual(want);
    expect(compileCount(body)({ b: 0, h: 0, q0: 0, q1: 32, k0: 0, k1: 32 })).toBe(want.reduce<number>((n, bit) => n + bit, 0));
  });
});
