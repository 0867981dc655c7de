import { describe, expect, test } from "vitest";
import { binary, boolean, constant, type Expr, load, unary, variable } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import { countBlocks, type MaskSize } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { differenceBodies, differenceOf, firstAllowed, isSameMask } from "../../../kernels/mask/difference.ts";
import { pick, randomMask, seeded, whole } from "../../support/random.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const i64 = (n: number): Expr => constant(n, "i64");
const causal = binary("ge", q, k);
const near = (window: number): Expr => binary("and", causal, binary("lt", binary("sub", q, k), i64(window)));
const square = (length: number, batch = 1, heads = 1): MaskSize => ({ batch, heads, qLen: length, kvLen: length });

/** The slow way: the interpreter at every cell. */
function bruteForce(a: Expr | null, b: Expr | null, s: MaskSize) {
  const part = () => ({ cells: 0, first: null as object | null });
  const found = { onlyA: part(), onlyB: part(), both: part(), neither: part() };
  for (let i = 0; i < s.batch; i++)
    for (let h = 0; h < s.heads; h++)
      for (let q_idx = 0; q_idx < s.qLen; q_idx++)
        for (let kv_idx = 0; kv_idx < s.kvLen; kv_idx++) {
          const point = { b: i, h, q_idx, kv_idx };
          const inA = a === null || interpret(a, point) !== 0;
          const inB = b === null || interpret(b, point) !== 0;
          const one = found[inA ? (inB ? "both" : "onlyA") : inB ? "onlyB" : "neither"];
          one.cells++;
          one.first ??= { b: i, h, qIdx: q_idx, kvIdx: kv_idx };
        }
  return found;
}

describe("the difference of two masks", () => {
  test("counts and names what a walk over every cell finds, for random pairs", () => {
    const random = seeded(41);
    for (let n = 0; n < 90; n++) {
      const s = { batch: pick(random, [1, 2]), heads: pick(random, [1, 2]), qLen: whole(random, 1, 48), kvLen: whole(random, 1, 48) };
      const a = random() < 0.05 ? null : randomMask(random, 48, whole(random, 0, 3));
      const b = random() < 0.05 ? null : random() < 0.1 ? a : randomMask(random, 48, whole(random, 0, 3));
      const d = differenceOf(a, b, s, [pick(random, [8, 16]), pick(random, [8, 24])]);
      const slow = bruteForce(a, b, s);
      const words = `${a === null ? "all" : printExpr(a)} | ${b === null ? "all" : printExpr(b)} at ${JSON.stringify(s)}`;
      expect([d.onlyA.cells, d.onlyB.cells, d.both.cells, d.neither], words).toEqual(
        [slow.onlyA, slow.onlyB, slow.both, slow.neither].map((part) => part.cells),
      );
      expect([d.onlyA.first, d.onlyB.first], words).toEqual([slow.onlyA.first, slow.onlyB.first]);
      expect(isSameMask(d)).toBe(slow.onlyA.cells + slow.onlyB.cells === 0);
    }
  });

  test("of equal expressions is the constant False, whatever they are", () => {
    const tensor = (): Capture => ({ name: "doc", dtype: "i64", shape: [64], data: Float64Array.from({ length: 64 }, (_, i) => i >> 3) });
    const same = (doc: Capture): Expr => binary("eq", load(doc, [q]), load(doc, [k]));
    // Two readings of a text: equal values in tensors of their own.
    const { onlyA, onlyB } = differenceBodies(same(tensor()), same(tensor()));
    expect([onlyA, onlyB]).toEqual([boolean(false), boolean(false)]);
  });

  test("keeps tensors of other values apart", () => {
    const tensor = (shift: number): Capture => ({
      name: "doc",
      dtype: "i64",
      shape: [64],
      data: Float64Array.from({ length: 64 }, (_, i) => i >> shift),
    });
    const body = (doc: Capture): Expr => binary("eq", load(doc, [q]), load(doc, [k]));
    const d = differenceOf(body(tensor(3)), body(tensor(4)), square(64), [16, 16]);
    expect([d.onlyA.cells, d.onlyB.cells, d.onlyB.first]).toEqual([0, 4 * 16 * 16 - 8 * 8 * 8, { b: 0, h: 0, qIdx: 0, kvIdx: 8 }]);
  });

  test("counts a mask that all heads share once for each of them", () => {
    const d = differenceOf(near(8), near(4), square(32, 2, 4), [8, 8]);
    const one = differenceOf(near(8), near(4), square(32), [8, 8]);
    expect(d.onlyA.mask.heads).toBe(1);
    expect([d.onlyA.cells, d.both.cells, d.neither]).toEqual([8 * one.onlyA.cells, 8 * one.both.cells, 8 * one.neither]);
  });

  test("is exact where no array of cells could be held: a window constant at a million tokens", () => {
    const length = 2 ** 20;
    const d = differenceOf(near(512), near(500), square(length), [128, 128]);
    const cells = (window: number): number => window * length - (window * (window - 1)) / 2;
    expect(d.onlyA.cells).toBe(cells(512) - cells(500));
    expect(d.onlyB.cells).toBe(0);
    expect(d.onlyA.first).toEqual({ b: 0, h: 0, qIdx: 500, kvIdx: 0 });
    expect(countBlocks(d.onlyA.mask).full).toBe(0);
  });

  test("of nothing at all is nothing", () => {
    const d = differenceOf(near(8), null, { batch: 1, heads: 1, qLen: 0, kvLen: 16 }, [8, 8]);
    expect([d.onlyA.cells, d.onlyB.cells, d.total, d.onlyB.first]).toEqual([0, 0, 0, null]);
  });
});

test("the first allowed cell of a mask may lie in the last block of its last head", () => {
  const last = binary("and", binary("eq", variable("h"), i64(2)), binary("eq", binary("add", q, k), i64(2 * 99)));
  const mask = buildBlockMask(last, square(100, 1, 3), [16, 16]);
  expect(firstAllowed(mask, last)).toEqual({ b: 0, h: 2, qIdx: 99, kvIdx: 99 });
  const none = binary("and", last, unary("not", last));
  expect(firstAllowed(buildBlockMask(none, square(100, 1, 3), [16, 16]), none)).toBeNull();
});
