import { describe, expect, test } from "vitest";
import { binary, constant, type Expr, variable } from "../../../kernels/ir/expr.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import { rewrite } from "../../../kernels/ir/walk.ts";
import type { MaskSize } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { maskCost } from "../../../kernels/mask/cost.ts";
import { croppedRuns, runsOf, selectBlocks } from "../../../kernels/mask/slice.ts";
import { adjusted, fromKvBlocks, listedDense, type TorchBlockMask, torchBlockMask } from "../../../kernels/mask/torchBlockMask.ts";
import { itemOf } from "../../../kernels/mask/torchIndex.ts";
import { torchDense } from "../../../kernels/mask/torchView.ts";
import { pick, randomMask, seeded, whole } from "../../support/random.ts";

const i64 = (n: number): Expr => constant(n, "i64");
const q = variable("q_idx");
const k = variable("kv_idx");
const causal = binary("ge", q, k);
const perHead = binary("ge", binary("add", q, binary("mul", variable("h"), i64(16))), k);
const size = (qLen: number, kvLen = qLen, batch = 1, heads = 1): MaskSize => ({ batch, heads, qLen, kvLen });

/** The mod of a slice whose first query was `offset`. */
const later = (e: Expr, offset: number): Expr => rewrite(e, (x) => (x === q ? binary("add", q, i64(offset)) : x));

describe("rows of blocks picked out of a mask", () => {
  test("are the mask of the mod with its queries moved, for any stretch of rows", () => {
    const random = seeded(21);
    for (let n = 0; n < 60; n++) {
      const body = randomMask(random, 90, whole(random, 0, 2));
      const blocks: readonly [number, number] = [pick(random, [4, 8, 16]), pick(random, [3, 8, 50])];
      const s = size(whole(random, 17, 90), whole(random, 1, 90), 2, 2);
      const m = buildBlockMask(body, s, blocks);
      const rowCount = Math.ceil(s.qLen / blocks[0]);
      const first = whole(random, 0, rowCount - 1);
      const end = whole(random, first + 1, rowCount);
      const got = selectBlocks(m, { rows: Array.from({ length: end - first }, (_, i) => first + i) });
      const qLen = Math.min(end * blocks[0], s.qLen) - first * blocks[0];
      const want = buildBlockMask(later(body, first * blocks[0]), { ...s, qLen }, blocks);
      expect(got, `${printExpr(body)} rows ${first}..${end} of ${JSON.stringify(s)} in ${blocks}`).toEqual(want);
    }
  });

  test("are what PyTorch's indexing picks, with batches and heads in any order", () => {
    const m = buildBlockMask(perHead, size(80, 96, 1, 3), [16, 16]);
    const got = selectBlocks(m, { heads: [2, 0], rows: [3, 1, 1] });
    const tensor = (...data: number[]) => ({ shape: [data.length], data });
    const want = itemOf(itemOf(torchBlockMask(m), [{}, tensor(2, 0)]), [{}, {}, tensor(3, 1, 1)]);
    expect(torchDense(got)).toEqual(listedDense(want).data);
    expect(runsOf(want)).toEqual(got);
  });

  test("of a mask that serves all batches, any batch picks it; what is not there is refused", () => {
    const m = buildBlockMask(perHead, size(64, 64, 4, 3), [16, 16]);
    expect(selectBlocks(m, { batches: [3] })).toEqual(m);
    expect(() => selectBlocks(m, { heads: [3] })).toThrow("there is no head 3; the mask has 3");
    expect(() => selectBlocks(m, { rows: [-1] })).toThrow("no row of blocks -1");
  });
});

describe("a mask for shorter lengths", () => {
  test("is the one that is built for them", () => {
    const random = seeded(22);
    for (let n = 0; n < 120; n++) {
      const body = random() < 0.1 ? null : randomMask(random, 90, whole(random, 0, 2));
      const blocks: readonly [number, number] = [pick(random, [4, 8, 16]), pick(random, [3, 8, 50])];
      const s = size(whole(random, 1, 90), whole(random, 1, 90), 2, 2);
      const shorter = { ...s, qLen: whole(random, 1, s.qLen), kvLen: whole(random, 1, s.kvLen) };
      const got = croppedRuns(buildBlockMask(body, s, blocks), body, shorter.qLen, shorter.kvLen);
      const told = `${body && printExpr(body)} ${JSON.stringify(s)} to ${shorter.qLen} × ${shorter.kvLen} in ${blocks}`;
      expect(got, told).toEqual(buildBlockMask(body, shorter, blocks));
    }
  });

  test("is not always what PyTorch's _adjust says", () => {
    const s = size(64);
    // The last key block alone: cut off, and yet counted, since the list `3 0 1` has one id below the old count of 1.
    const last = binary("ge", k, i64(48));
    expect(croppedRuns(buildBlockMask(last, s, [16, 16]), last, 64, 48).rows.runs).toHaveLength(0);
    expect(adjusted(torchBlockMask(buildBlockMask(last, s, [16, 16])), 64, 48).fullKvNumBlocks?.data).toEqual(Int32Array.of(1, 1, 1, 1));
    // Causal with half of the keys: the lists keep ids of blocks that are gone.
    const m = buildBlockMask(causal, s, [16, 16]);
    expect(() => adjusted(torchBlockMask(m), 64, 32)).toThrow("index 3 is out of bounds");
    expect(croppedRuns(m, causal, 64, 32)).toEqual(buildBlockMask(causal, size(64, 32), [16, 16]));
    // A full block that the end cuts stays full there, and is partial here.
    const everything = buildBlockMask(null, s, [16, 16]);
    expect(adjusted(torchBlockMask(everything), 40, 40).fullKvNumBlocks?.data).toEqual(Int32Array.of(3, 3, 3));
    expect(croppedRuns(everything, null, 40, 40)).toEqual(buildBlockMask(null, size(40), [16, 16]));
  });

  test("longer lengths are refused, since the mask says nothing of them", () => {
    expect(() => croppedRuns(buildBlockMask(causal, size(32), [16, 16]), causal, 48, 32)).toThrow("says nothing of 48 × 32");
  });
});

describe("PyTorch's lists as runs", () => {
  test("go there and back unchanged", () => {
    const random = seeded(23);
    for (let n = 0; n < 60; n++) {
      const s = size(whole(random, 1, 90), whole(random, 1, 90), 1, 2);
      const m = buildBlockMask(randomMask(random, 90), s, [pick(random, [4, 16]), pick(random, [3, 50])]);
      expect(runsOf(torchBlockMask(m))).toEqual(m);
    }
  });

  const tensor = (shape: readonly number[], ...data: number[]) => ({ shape, data: Int32Array.from(data) });
  const lists = { kvNumBlocks: tensor([1, 1, 2], 2, 1), kvIndices: tensor([1, 1, 2, 3], 2, 0, 1, 1, 0, 0), blockSize: 16 };

  test("of a hand's order are sorted, and of no full blocks are partial", () => {
    const m = runsOf(fromKvBlocks({ ...lists, seqLengths: [20, 40] }));
    expect([m.qLen, m.kvLen, m.batch, m.heads]).toEqual([20, 40, 1, 1]);
    expect(m.rows).toEqual({ rowStart: Int32Array.of(0, 2, 3), runs: Int32Array.of(0, 1, 0, 2, 3, 0, 1, 2, 0) });
    expect(m.columns).toEqual({ rowStart: Int32Array.of(0, 1, 2, 3), runs: Int32Array.of(0, 1, 0, 1, 2, 0, 0, 1, 0) });
  });

  test("that name a block twice, or lack dimensions, are refused", () => {
    const twice: TorchBlockMask = fromKvBlocks({
      ...lists,
      fullKvNumBlocks: tensor([1, 1, 2], 1, 1),
      fullKvIndices: tensor([1, 1, 2, 3], 1, 0, 2, 1, 0, 2),
    });
    expect(() => runsOf(twice)).toThrow("block 1 of row 1 is in kv_indices and in full_kv_indices");
    expect(() => runsOf(fromKvBlocks({ kvNumBlocks: tensor([1], 1), kvIndices: tensor([1, 1], 0) }))).toThrow("have 2 dimensions");
  });
});

test("a mask's cost: runs here, eight int32 lists in PyTorch, a byte an element when dense", () => {
  const m = buildBlockMask(causal, size(16384), [128, 128]);
  // 255 runs and 129 starts, along rows and along columns; lists of 128 × (128 + 1), twice for kv and twice for q.
  expect(maskCost(m)).toEqual({ runs: 2 * 4 * (3 * 255 + 129), torchLists: 4 * 4 * 128 * 129, dense: 16384 ** 2 });
  expect(maskCost(m, 2, 8).torchLists).toBe(16 * 4 * 4 * 128 * 129);
  expect(maskCost(m, 1, 1, false).torchLists).toBe(2 * 4 * 128 * 129);
  const listed = torchBlockMask(m);
  const lists = [listed.kvNumBlocks, listed.kvIndices, listed.fullKvNumBlocks, listed.fullKvIndices];
  const back = [listed.qNumBlocks, listed.qIndices, listed.fullQNumBlocks, listed.fullQIndices];
  expect([...lists, ...back].reduce((n, t) => n + (t?.data.byteLength ?? 0), 0)).toBe(maskCost(m).torchLists);
});
