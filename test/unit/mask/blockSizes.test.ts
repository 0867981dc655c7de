import { describe, expect, test } from "vitest";
import type { Expr } from "../../../kernels/ir/expr.ts";
import type { MaskSize } from "../../../kernels/mask/blockMask.ts";
import { BLOCK_SIZES, spread, type Tally, tallySizes } from "../../../kernels/mask/blockSizes.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { maskCells } from "../../../kernels/mask/cells.ts";
import { rowLoads } from "../../../kernels/mask/rowLoads.ts";
import { adviseSize } from "../../../kernels/mask/sizeAdvice.ts";
import { denseStates } from "../../support/denseMask.ts";
import { maskOf } from "../../support/maskText.ts";

/** Runs a report to its end. */
function finish<T>(steps: Generator<number, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    expect(step.value).toBeGreaterThanOrEqual(0);
  }
}

function cellsOf(body: Expr | null, { batch, heads, qLen, kvLen }: MaskSize): Uint8Array {
  const cells = new Uint8Array(batch * heads * qLen * kvLen);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++) {
      const at = (b * heads + h) * qLen * kvLen;
      maskCells(body, { b, h, q0: 0, q1: qLen, k0: 0, k1: kvLen }, cells.subarray(at, at + qLen * kvLen));
    }
  return cells;
}

const MASKS: readonly (readonly [string, Expr | null])[] = [
  ["nothing masked", null],
  ["nothing allowed", maskOf("q_idx < 0")],
  ["causal", maskOf("q_idx >= kv_idx")],
  ["a window and a sink", maskOf("((q_idx - kv_idx).abs() < 70) | (kv_idx < 5)")],
  ["documents", maskOf("doc[q_idx] == doc[kv_idx]", "doc = torch.arange(700) // 90")],
  ["a wide band, full inside", maskOf("(q_idx - kv_idx).abs() < 330")],
  ["every third", maskOf("(q_idx * 7 + kv_idx * 5) % 3 == 0")],
  ["heads of their own", maskOf("q_idx - kv_idx > h * 100")],
];
const SIZES: readonly MaskSize[] = [
  { batch: 1, heads: 2, qLen: 512, kvLen: 512 },
  { batch: 1, heads: 1, qLen: 300, kvLen: 611 },
  { batch: 1, heads: 2, qLen: 65, kvLen: 17 },
];

describe.each(MASKS)("the sizes of %s", (_, body) => {
  test.each(
    SIZES.flatMap((s) => [[128, 128] as const, [16, 64] as const, [100, 48] as const, [512, 512] as const].map((b) => ({ ...s, b }))),
  )("at $qLen × $kvLen from blocks of $b are those counted from every cell", ({ b: blockSize, ...size }) => {
    const m = buildBlockMask(body, size, blockSize);
    const tally = finish(tallySizes(body, m));
    const stored = { ...size, batch: m.batch, heads: m.heads };
    const cells = cellsOf(body, stored);
    for (const [i, edge] of BLOCK_SIZES.entries()) {
      const states = denseStates(cells, stored, [edge, edge]);
      expect(tally.sizes[i]?.full, `full blocks of ${edge}`).toBe(states.filter((s) => s === 2).length);
      expect(tally.sizes[i]?.partial, `partial blocks of ${edge}`).toBe(states.filter((s) => s === 1).length);
    }
    const ofQuery = Array.from({ length: size.qLen }, (_, q) => {
      let n = 0;
      for (let plane = 0; plane < m.batch * m.heads; plane++)
        for (let k = 0; k < size.kvLen; k++) n += cells[(plane * size.qLen + q) * size.kvLen + k] ?? 0;
      return n;
    });
    expect([...(tally.allowedOfQuery ?? [])]).toEqual(ofQuery);
    expect(tally.allowed).toBe(ofQuery.reduce((a, b) => a + b, 0));
    expect(tally.sampled).toBe(1);
  });
});

test("waste is what is computed and then masked", () => {
  const body = maskOf("q_idx >= kv_idx");
  const m = buildBlockMask(body, { batch: 1, heads: 1, qLen: 256, kvLen: 256 }, [128, 128]);
  const { sizes } = finish(tallySizes(body, m));
  // 3 blocks of 128 hold 256 · 257 / 2 allowed elements.
  expect(sizes.find((s) => s.size === 128)?.waste).toBeCloseTo(1 - (256 * 257) / 2 / (3 * 128 * 128), 12);
});

test("a budget that is too small gives an even sample, and says so", () => {
  const body = maskOf("(q_idx * 7 + kv_idx * 5) % 3 == 0");
  const m = buildBlockMask(body, { batch: 1, heads: 1, qLen: 8192, kvLen: 2048 }, [128, 128]);
  const tally = finish(tallySizes(body, m, 2 ** 22));
  expect(tally.sampled).toBeGreaterThan(0);
  expect(tally.sampled).toBeLessThan(1);
  expect(tally.allowedOfQuery).toBeNull();
  expect(tally.allowed / (8192 * 2048)).toBeCloseTo(1 / 3, 3);
  expect(tally.sizes.map((s) => s.partial)).toEqual(BLOCK_SIZES.map((s) => (8192 / s) * (2048 / s)));
});

describe("the order in which bands are looked at", () => {
  test.each([0, 1, 2, 7, 96, 4096])("has each of %i once", (n) => {
    expect([...spread(n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  test.each([4096, 1000, 999])("is even over the length of %i, and over every period, however soon it ends", (n) => {
    const first = [...spread(n)].slice(0, Math.floor(n / 4));
    for (const period of [2, 3, 4, 8, 16]) {
      for (let rest = 0; rest < period; rest++) {
        const share = first.filter((i) => i % period === rest).length / first.length;
        expect(Math.abs(share - 1 / period), `${rest} of ${period}`).toBeLessThan(0.035);
      }
    }
    for (let part = 0; part < 8; part++) {
      const share = first.filter((i) => Math.floor((8 * i) / n) === part).length / first.length;
      expect(Math.abs(share - 1 / 8), `eighth ${part}`).toBeLessThan(0.035);
    }
  });
});

test("a million tokens are compared within the budget", () => {
  const body = maskOf("(q_idx >= kv_idx) & (q_idx - kv_idx < 1000)");
  const m = buildBlockMask(body, { batch: 1, heads: 1, qLen: 2 ** 20, kvLen: 2 ** 20 }, [128, 128]);
  const tally = finish(tallySizes(body, m));
  expect(tally.sampled).toBe(1);
  expect(tally.allowed).toBe(1000 * 2 ** 20 - (999 * 1000) / 2);
});

describe("blocks a row", () => {
  test("of a causal mask grow by one", () => {
    const m = buildBlockMask(maskOf("q_idx >= kv_idx"), { batch: 1, heads: 1, qLen: 1024, kvLen: 1024 }, [128, 128]);
    const loads = rowLoads(m);
    expect([loads.min, loads.median, loads.max, loads.mean, loads.empty]).toEqual([1, 4.5, 8, 4.5, 0]);
    expect(loads.imbalance).toBeCloseTo(8 / 4.5, 12);
    expect([...loads.full]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...loads.partial]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(loads.histogram).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ from: n, to: n, rows: 1 })));
  });

  test("are put into few bars, each row in one", () => {
    const m = buildBlockMask(maskOf("q_idx >= kv_idx"), { batch: 1, heads: 1, qLen: 12800, kvLen: 12800 }, [128, 128]);
    const { histogram } = rowLoads(m);
    expect(histogram.length).toBeLessThanOrEqual(16);
    expect(histogram.reduce((n, bar) => n + bar.rows, 0)).toBe(100);
    expect(histogram[0]?.from).toBe(1);
    expect(histogram.at(-1)?.to).toBe(100);
  });

  test("without a block are counted", () => {
    const m = buildBlockMask(maskOf("kv_idx > q_idx + 512"), { batch: 1, heads: 1, qLen: 1024, kvLen: 1024 }, [128, 128]);
    expect(rowLoads(m).empty).toBe(4);
    const none = rowLoads(buildBlockMask(maskOf("q_idx < 0"), { batch: 1, heads: 1, qLen: 256, kvLen: 256 }, [128, 128]));
    expect([none.max, none.imbalance, none.empty]).toEqual([0, 1, 2]);
  });
});

describe("the advice on block size", () => {
  const tally = (body: Expr, n = 4096): Tally =>
    finish(tallySizes(body, buildBlockMask(body, { batch: 1, heads: 1, qLen: n, kvLen: n }, [128, 128])));

  test("takes smaller blocks where a narrow window wastes most of a large one", () => {
    const advice = adviseSize(tally(maskOf("(q_idx - kv_idx).abs() < 20")), [128, 128]);
    expect(advice?.now.size).toBe(128);
    expect(advice?.best.size).toBeLessThan(128);
    expect(advice?.reason).toMatch(/^Blocks of (32|64) bring \d+ % of waste to \d+ %: \d+ % less cost/);
  });

  test("keeps what nothing beats by a tenth", () => {
    const advice = adviseSize(tally(maskOf("q_idx >= kv_idx")), [128, 128]);
    expect(advice?.best).toBe(advice?.now);
    expect(advice?.reason).toBe("Blocks of 128 stay: no other size saves a tenth of the cost.");
  });

  test("takes larger blocks where small ones are too many", () => {
    const advice = adviseSize(tally(maskOf("q_idx >= kv_idx")), [16, 16]);
    expect(advice?.best.size).toBeGreaterThan(16);
    expect(advice?.reason).toMatch(/^Blocks of \d+ are fewer, at \d+ % of waste instead of \d+ %/);
  });

  test("is none where nothing is visited", () => {
    expect(adviseSize(tally(maskOf("q_idx < 0"), 256), [128, 128])).toBeNull();
  });
});
