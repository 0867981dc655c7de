import { describe, expect, test } from "vitest";
import { binary, boolean, constant, type Expr, load, unary, variable } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import type { MaskSize } from "../../../kernels/mask/blockMask.ts";
import { type FirstCell, firstCell, isNever } from "../../../kernels/mask/firstCell.ts";
import { pick, randomExpr, randomMask, seeded, whole } from "../../support/random.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const i64 = (n: number): Expr => constant(n, "i64");
const size = (qLen: number, kvLen = qLen, batch = 1, heads = 1): MaskSize => ({ batch, heads, qLen, kvLen });
const and = (...all: Expr[]): Expr => all.reduce((a, b) => binary("and", a, b));
const at = (b: number, h: number, qIdx: number, kvIdx: number): FirstCell => ({ cell: { b, h, qIdx, kvIdx } });

/** The slow way: the interpreter at every cell. */
function bruteForce(e: Expr, s: MaskSize): FirstCell {
  for (let b = 0; b < s.batch; b++)
    for (let h = 0; h < s.heads; h++)
      for (let q_idx = 0; q_idx < s.qLen; q_idx++)
        for (let kv_idx = 0; kv_idx < s.kvLen; kv_idx++) if (interpret(e, { b, h, q_idx, kv_idx }) !== 0) return at(b, h, q_idx, kv_idx);
  return "none";
}

describe("the first cell is the one that a walk over all cells meets first", () => {
  test("for random masks as people write them, and for their few last cells", () => {
    const random = seeded(11);
    for (let n = 0; n < 300; n++) {
      const s = size(whole(random, 1, 90), whole(random, 1, 90), pick(random, [1, 2]), pick(random, [1, 3]));
      const late = and(binary("ge", q, i64(whole(random, 0, s.qLen))), binary("ge", k, i64(whole(random, 0, s.kvLen))));
      const e = and(randomMask(random, 90, whole(random, 0, 3)), ...(random() < 0.6 ? [late] : []));
      expect(firstCell(e, s), `${printExpr(e)} at ${JSON.stringify(s)}`).toEqual(bruteForce(e, s));
    }
  });

  test("for random expressions of every operator", () => {
    const random = seeded(12);
    for (let n = 0; n < 150; n++) {
      const e = randomExpr(random, "bool", { depth: 3 });
      const s = size(whole(random, 1, 40), whole(random, 1, 70), 2, 2);
      expect(firstCell(e, s), printExpr(e)).toEqual(bruteForce(e, s));
    }
  });

  test("for a single cell in a large plane", () => {
    for (const [row, key] of [
      [0, 0],
      [0, 8191],
      [8191, 0],
      [5000, 4999],
      [8191, 8191],
    ] as const) {
      expect(firstCell(and(binary("eq", q, i64(row)), binary("eq", k, i64(key))), size(8192))).toEqual(at(0, 0, row, key));
    }
  });

  test("in the first head that has one", () => {
    const e = and(binary("eq", variable("h"), i64(2)), binary("eq", variable("b"), i64(1)), binary("gt", k, q));
    expect(firstCell(e, size(64, 64, 3, 4))).toEqual(at(1, 2, 0, 1));
  });

  test("of sizes without cells there is none", () => {
    expect(firstCell(boolean(true), size(0, 8))).toBe("none");
    expect(firstCell(boolean(true), size(8, 8, 1, 0))).toBe("none");
  });
});

describe("without looking at cells", () => {
  const outside = and(binary("ge", q, k), binary("gt", k, q));
  const window = and(binary("le", unary("abs", binary("sub", q, k)), i64(100)), binary("gt", binary("sub", q, k), i64(5000)));

  test("a contradiction is known at any length", () => {
    expect(isNever(outside)).toBe(true);
    expect(firstCell(outside, size(2 ** 30), 1)).toBe("none");
  });

  test("what intervals decide in parts takes few questions at a million tokens", () => {
    expect(firstCell(window, size(2 ** 20), 2 ** 20)).toBe("none");
  });

  test("a tensor's range decides", () => {
    const ids: Capture = { name: "ids", dtype: "i64", shape: [2 ** 16], data: Float64Array.from({ length: 2 ** 16 }, (_, i) => i >> 6) };
    const beyond = binary("ge", load(ids, [q]), i64(1024));
    expect(firstCell(beyond, size(2 ** 16), 1)).toBe("none");
  });
});

test("a search beyond its budget is undecided, never wrong", () => {
  // No interval decides a product's remainder.
  const e = binary("eq", binary("floormod", binary("mul", q, k), i64(1009)), i64(1009));
  const odd = binary("eq", binary("floormod", binary("mul", q, k), i64(1009)), i64(1008));
  expect(firstCell(and(odd, binary("lt", q, i64(0))), size(64), 1000)).toBe("none");
  expect(firstCell(odd, size(2048), 2 ** 12)).toBe("undecided");
  expect(firstCell(odd, size(2048))).toEqual(at(0, 0, 1, 1008));
  expect(firstCell(e, size(64), 1)).toBe("none");
});
