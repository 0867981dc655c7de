import { describe, expect, test } from "vitest";
import { binary, boolean, constant, type Expr, load, unary, variable } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import {
  type BlockMask,
  blockSparsity,
  blockState,
  countBlocks,
  FULL,
  type MaskSize,
  torchSparsity,
} from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { maskBits, maskCells } from "../../../kernels/mask/cells.ts";
import { countAllowed, elementSparsity, sparsityOf } from "../../../kernels/mask/count.ts";
import { maskText } from "../../../kernels/mask/picture.ts";
import { torchFields } from "../../../kernels/mask/torchView.ts";
import { denseStates } from "../../support/denseMask.ts";
import { pick, randomExpr, randomMask, seeded, whole } from "../../support/random.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const i64 = (n: number): Expr => constant(n, "i64");
const causal = binary("ge", q, k);
const within = (n: number): Expr => binary("le", unary("abs", binary("sub", q, k)), i64(n));
const size = (qLen: number, kvLen = qLen, batch = 1, heads = 1): MaskSize => ({ batch, heads, qLen, kvLen });

/** Every cell by the interpreter, [B, H, Q, KV]. */
function interpreted(e: Expr, s: MaskSize): Uint8Array {
  const bits = new Uint8Array(s.batch * s.heads * s.qLen * s.kvLen);
  let at = 0;
  for (let b = 0; b < s.batch; b++)
    for (let h = 0; h < s.heads; h++)
      for (let q_idx = 0; q_idx < s.qLen; q_idx++)
        for (let kv_idx = 0; kv_idx < s.kvLen; kv_idx++) bits[at++] = interpret(e, { b, h, q_idx, kv_idx });
  return bits;
}

/** Expands the rows (or columns) of a mask to the states that `denseStates` gives, repeated for batches and heads. */
function expanded(m: BlockMask, s: MaskSize, which: "rows" | "columns"): Uint8Array {
  const rows = Math.ceil(s.qLen / m.blockSize[0]);
  const columns = Math.ceil(s.kvLen / m.blockSize[1]);
  const lines = which === "rows" ? rows : columns;
  const out = new Uint8Array(s.batch * s.heads * rows * columns);
  const { rowStart, runs } = m[which];
  for (let b = 0; b < s.batch; b++) {
    for (let h = 0; h < s.heads; h++) {
      const from = ((m.batch === 1 ? 0 : b) * m.heads + (m.heads === 1 ? 0 : h)) * lines;
      for (let line = 0; line < lines; line++) {
        for (let r = rowStart[from + line] ?? 0; r < (rowStart[from + line + 1] ?? 0); r++) {
          for (let x = runs[3 * r] ?? 0; x < (runs[3 * r + 1] ?? 0); x++) {
            const [row, column] = which === "rows" ? [line, x] : [x, line];
            out[((b * s.heads + h) * rows + row) * columns + column] = runs[3 * r + 2] === FULL ? 2 : 1;
          }
        }
      }
    }
  }
  return out;
}

function checkAgainstCells(e: Expr, s: MaskSize, blockSize: readonly [number, number]): void {
  const bits = interpreted(e, s);
  const m = buildBlockMask(e, s, blockSize);
  const told = `${printExpr(e)} at ${JSON.stringify(s)} in blocks of ${blockSize}`;
  const expected = denseStates(bits, s, blockSize);
  expect(expanded(m, s, "rows"), told).toEqual(expected);
  expect(expanded(m, s, "columns"), told).toEqual(expected);
  const perPlane = bits.length / (s.batch * s.heads);
  const repeats = (s.batch / m.batch) * (s.heads / m.heads);
  const allowed = bits.reduce((n, x) => n + x, 0);
  expect(countAllowed(m, e) * repeats, told).toBe(allowed);
  expect(elementSparsity(m, e), told).toBeCloseTo(1 - allowed / bits.length, 12);
  expect(countBlocks(m).total * repeats * blockSize[0] * blockSize[1]).toBeGreaterThanOrEqual(perPlane);
}

describe("a block mask is what its cells say", () => {
  test("for random masks as people write them, every block size, lengths that are no multiple of it", () => {
    const random = seeded(5);
    for (let n = 0; n < 120; n++) {
      const e = randomMask(random, 80, whole(random, 0, 3));
      const s = size(whole(random, 1, 80), whole(random, 1, 80), pick(random, [1, 2]), pick(random, [1, 3]));
      checkAgainstCells(e, s, [pick(random, [1, 3, 8, 16, 33, 64, 128]), pick(random, [1, 4, 7, 16, 50, 128])]);
    }
  });

  test("for random expressions of every operator", () => {
    const random = seeded(6);
    for (let n = 0; n < 150; n++) {
      checkAgainstCells(randomExpr(random, "bool", { depth: 4 }), size(whole(random, 1, 40), whole(random, 1, 40), 2, 2), [
        8,
        pick(random, [8, 5]),
      ]);
    }
  });

  test("where one cell in a large block differs, wherever it is", () => {
    const random = seeded(7);
    for (let n = 0; n < 16; n++) {
      const there = binary("and", binary("eq", q, i64(whole(random, 0, 299))), binary("eq", k, i64(whole(random, 0, 299))));
      checkAgainstCells(n % 2 === 0 ? there : unary("not", there), size(300), [128, 100]);
    }
  });

  test("where ids are random, which intervals cannot decide", () => {
    const random = seeded(8);
    const ids: Capture = {
      name: "ids",
      dtype: "i64",
      shape: [600],
      data: Float64Array.from({ length: 600 }, () => whole(random, 0, 4000)),
    };
    checkAgainstCells(binary("eq", load(ids, [q]), load(ids, [k])), size(600), [64, 64]);
  });
});

test("a mask that does not depend on the batch or the head is built once, and its view repeats it", () => {
  const m = buildBlockMask(causal, size(64, 64, 2, 4), [16, 16]);
  expect([m.batch, m.heads]).toEqual([1, 1]);
  const fields = torchFields(m, 2, 4);
  expect(fields.kvNumBlocks).toHaveLength(2 * 4 * 4);
  expect(fields.fullKvNumBlocks.slice(28)).toEqual(Int32Array.of(0, 1, 2, 3));
  const perHead = buildBlockMask(binary("and", causal, binary("lt", variable("h"), i64(1))), size(64, 64, 2, 2), [16, 16]);
  expect([perHead.batch, perHead.heads]).toEqual([1, 2]);
  expect(blockState(perHead, 1, 0, 1, 0)).toBe("full");
  expect(blockState(perHead, 1, 1, 1, 0)).toBe("empty");
});

test("PyTorch's index lists hold the present blocks, then the absent ones", () => {
  const { kvIndices, fullKvIndices, qIndices } = torchFields(buildBlockMask(causal, size(64), [16, 16]));
  expect([...kvIndices]).toEqual([0, 1, 2, 3, 1, 0, 2, 3, 2, 0, 1, 3, 3, 0, 1, 2]);
  expect([...fullKvIndices.slice(8, 16)]).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  expect([...qIndices.slice(0, 4)]).toEqual([0, 1, 2, 3]);
});

test("without a mask all is full, but the blocks over the end", () => {
  const m = buildBlockMask(null, size(300), [128, 128]);
  expect(maskText(m)).toBe("██▒\n██▒\n▒▒▒");
  expect(countAllowed(m, null)).toBe(90_000);
  expect(torchSparsity(m)).toBeLessThan(0);
  expect(blockSparsity(m)).toBe(0);
});

test("a text picture shows full, partial and empty blocks, and large grids coarser", () => {
  expect(maskText(buildBlockMask(binary("and", causal, within(40)), size(96), [16, 16]))).toBe(
    "▒·····\n█▒····\n▒█▒···\n▒▒█▒··\n·▒▒█▒·\n··▒▒█▒",
  );
  expect(maskText(buildBlockMask(causal, size(1024), [8, 8]), { maxRows: 4, maxColumns: 4 })).toBe("▒···\n█▒··\n██▒·\n███▒");
});

test("sparsity is of blocks and of elements, never negative, and 0 of nothing", () => {
  const figures = sparsityOf(buildBlockMask(causal, size(1024), [128, 128]), causal);
  expect(figures.blocks).toBe(28 / 64);
  expect(figures.elements).toBeCloseTo(1 - 1025 / 2048, 12);
  expect(sparsityOf(buildBlockMask(boolean(true), size(3), [8, 8]), boolean(true))).toEqual({ blocks: 0, elements: 0 });
  expect(sparsityOf(buildBlockMask(causal, size(0), [8, 8]), causal)).toEqual({ blocks: 0, elements: 0 });
});

test("the packed bits are the cells, least significant first", () => {
  const e = binary("and", causal, binary("ne", variable("h"), i64(1)));
  const bits = maskBits(e, 1, 2, 5, 7);
  const cells = interpreted(e, size(5, 7, 1, 2));
  expect([...cells].map((_, i) => ((bits[i >> 3] ?? 0) >> (i & 7)) & 1)).toEqual([...cells]);
  expect(bits).toHaveLength(Math.ceil(70 / 8));
  expect([...maskCells(null, { b: 0, h: 0, q0: 0, q1: 1, k0: 0, k1: 3 })]).toEqual([1, 1, 1]);
});
