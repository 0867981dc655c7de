import { describe, expect, test } from "vitest";
import type { Expr } from "../../../kernels/ir/expr.ts";
import { tallySizes } from "../../../kernels/mask/blockSizes.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { maskCells } from "../../../kernels/mask/cells.ts";
import { type ShardReport, SPLITS, type Split, shardWork } from "../../../kernels/mask/sharding.ts";
import { maskOf } from "../../support/maskText.ts";

function finish<T>(steps: Generator<number, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function reportOf(body: Expr | null, qLen: number, kvLen: number, blockSize: readonly [number, number], ranks: number): ShardReport {
  const m = buildBlockMask(body, { batch: 1, heads: 1, qLen, kvLen }, blockSize);
  return finish(shardWork(body, m, finish(tallySizes(body, m)).allowedOfQuery, ranks));
}

/** The queries of a rank, as the frameworks deal them where the lengths divide. */
function queriesOf(split: Split, rank: number, ranks: number, n: number): readonly (readonly number[])[] {
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  const piece = (i: number, of: number): number[] => range(Math.floor((i * n) / of), Math.floor(((i + 1) * n) / of));
  if (split === "contiguous") return [piece(rank, ranks)];
  if (split === "striped") return [range(0, n).filter((t) => t % ranks === rank)];
  return [piece(rank, 2 * ranks), piece(2 * ranks - 1 - rank, 2 * ranks)];
}

const MASKS: readonly (readonly [string, Expr])[] = [
  ["causal", maskOf("q_idx >= kv_idx")],
  ["a window", maskOf("(q_idx - kv_idx).abs() < 20")],
  ["documents", maskOf("(doc[q_idx] == doc[kv_idx]) & (q_idx >= kv_idx)", "doc = (torch.arange(400) * 3 + 1) // 170")],
];

describe.each(MASKS)("the ranks of %s", (_, body) => {
  test.each([
    [256, 256, [16, 16], 4],
    [256, 256, [32, 16], 8],
    [203, 301, [16, 32], 3],
    [10, 40, [16, 16], 7],
  ] as const)("at %i × %i have the work counted from their own cells", (qLen, kvLen, blockSize, ranks) => {
    const report = reportOf(body, qLen, kvLen, blockSize, ranks);
    for (const { split, ranks: loads } of report.splits) {
      for (let rank = 0; rank < ranks; rank++) {
        let blocks = 0;
        let elements = 0;
        let tokens = 0;
        for (const queries of queriesOf(split, rank, ranks, qLen)) {
          const rows = queries.map((q) => maskCells(body, { b: 0, h: 0, q0: q, q1: q + 1, k0: 0, k1: kvLen }));
          const present = new Set<string>();
          for (const [i, row] of rows.entries()) {
            for (const [k, allowed] of row.entries()) {
              if (allowed === 0) continue;
              elements++;
              present.add(`${Math.floor(i / blockSize[0])} ${Math.floor(k / blockSize[1])}`);
            }
          }
          blocks += present.size;
          tokens += queries.length;
        }
        expect(loads?.[rank], `${split}, rank ${rank}`).toEqual({ tokens, blocks, elements });
      }
    }
  });
});

describe("of the three ways to deal tokens", () => {
  const of = (report: ShardReport, split: Split) => report.splits[SPLITS.indexOf(split)];

  test("zig-zag and stripes even out a causal mask, contiguous does not", () => {
    const report = reportOf(maskOf("q_idx >= kv_idx"), 4096, 4096, [128, 128], 8);
    expect(of(report, "contiguous")?.elementImbalance).toBeCloseTo(15 / 8, 1);
    expect(of(report, "zig-zag")?.imbalance).toBeCloseTo(1, 6);
    expect(of(report, "zig-zag")?.elementImbalance).toBeCloseTo(1, 6);
    expect(of(report, "striped")?.elementImbalance).toBeLessThan(1.002);
  });

  test("stripes cost blocks where the window is narrow", () => {
    const report = reportOf(maskOf("(q_idx - kv_idx).abs() < 64"), 4096, 4096, [128, 128], 8);
    expect(of(report, "contiguous")?.overhead).toBe(1);
    expect(of(report, "striped")?.overhead).toBeGreaterThan(2);
  });

  test("a mask that masks all is even", () => {
    const report = reportOf(maskOf("q_idx < 0"), 256, 256, [16, 16], 2);
    for (const s of report.splits) expect([s.imbalance, s.elementImbalance, s.overhead]).toEqual([1, 1, 1]);
  });
});
