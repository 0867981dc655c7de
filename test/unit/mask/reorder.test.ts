import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findVariant, lowerModule } from "../../../kernels/frontend/lower.ts";
import { countBlocks, type MaskSize } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { maskCells } from "../../../kernels/mask/cells.ts";
import { gridOf, periodsOf, reordered } from "../../../kernels/mask/grid.ts";
import { type Order, type ReorderReport, reorderings, tokenOrder } from "../../../kernels/mask/reorder.ts";
import { maskOf } from "../../support/maskText.ts";

const near = (width: number, radius: number): string =>
  `((q_idx // ${width} - kv_idx // ${width}).abs() < ${radius}) & ((q_idx % ${width} - kv_idx % ${width}).abs() < ${radius})`;
const NEIGHBOURS = near(56, 5);
const VIDEO =
  "((q_idx // 192 - kv_idx // 192).abs() < 2) & ((q_idx % 192 // 16 - kv_idx % 192 // 16).abs() < 3) & ((q_idx % 16 - kv_idx % 16).abs() < 3)";

describe("the grid that a mask speaks of", () => {
  test.each([
    [NEIGHBOURS, { offset: 0, inner: [56] }],
    [VIDEO, { offset: 0, inner: [12, 16] }],
    ["((q_idx // 16) % 12 == (kv_idx // 16) % 12) & (q_idx % 16 == kv_idx % 16)", { offset: 0, inner: [12, 16] }],
    [
      "(q_idx >= 77) & (kv_idx >= 77) & (((q_idx - 77) // 32 - (kv_idx - 77) // 32).abs() < 3) & (((q_idx - 77) % 32 - (kv_idx - 77) % 32).abs() < 3)",
      { offset: 77, inner: [32] },
    ],
    // Blocks of a sequence are no grid: nothing speaks of places within a block.
    ["q_idx // 64 == kv_idx // 64", null],
    ["q_idx >= kv_idx", null],
    ["(q_idx // 8 == 3) & (q_idx % 8 == 1)", null],
  ] as const)("of %s", (expression, grid) => expect(gridOf(maskOf(expression))).toEqual(grid));

  test("and the period of a dilated window", () => {
    expect(periodsOf(maskOf("((q_idx - kv_idx) % 4 == 0) & (q_idx - kv_idx < 256)"))).toEqual([4]);
    expect(periodsOf(maskOf("q_idx % 4 == 0"))).toEqual([]);
  });
});

describe("a mask over reordered tokens", () => {
  const ORDERS: readonly Order[] = [
    { kind: "tiles", grid: { offset: 0, inner: [56] }, tile: [4, 8] },
    { kind: "morton", grid: { offset: 5, inner: [12, 16] } },
    { kind: "residue", period: 4, isColumn: false },
  ];
  const MASKS = [
    NEIGHBOURS,
    VIDEO,
    "(q_idx - kv_idx + 3) % 4 == 0",
    "(q_idx >= kv_idx) & ((kv_idx - q_idx) % 5 < 2) & (q_idx // 7 % 3 == kv_idx % 7 % 3)",
  ];
  test.each(MASKS.flatMap((mask) => ORDERS.map((order) => [mask, order] as const)))("of %s in %o is the same mask", (expression, order) => {
    const body = maskOf(expression);
    const [n, m] = [400, 330];
    const q = tokenOrder(order, n);
    const k = tokenOrder(order, m);
    const before = maskCells(body, { b: 0, h: 0, q0: 0, q1: n, k0: 0, k1: m });
    const after = maskCells(reordered(body, q, k), { b: 0, h: 0, q0: 0, q1: n, k0: 0, k1: m });
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++) if (after[i * m + j] !== before[(q[i] ?? 0) * m + (k[j] ?? 0)]) throw new Error(`differs at ${i}, ${j}`);
  });

  test.each(ORDERS)("each token stands once in %o", (order) => {
    expect([...tokenOrder(order, 501)].sort((a, b) => a - b)).toEqual(Array.from({ length: 501 }, (_, t) => t));
  });

  test("Morton's order of 4 × 4", () => {
    expect([...tokenOrder({ kind: "morton", grid: { offset: 0, inner: [4] } }, 16)]).toEqual([
      0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15,
    ]);
  });
});

function reportOf(expression: string, size: MaskSize, blockSize: readonly [number, number] = [128, 128]): ReorderReport {
  const body = maskOf(expression);
  const steps = reorderings(body, buildBlockMask(body, size, blockSize), "mask");
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

describe("the suggested order", () => {
  const size = (n: number, m = n): MaskSize => ({ batch: 1, heads: 1, qLen: n, kvLen: m });
  const cases = [
    ["an image", near(128, 7), size(128 * 64), [128, 128]],
    [
      "a video",
      `((q_idx // 4096 - kv_idx // 4096).abs() < 2) & ((q_idx // 256 % 16 - kv_idx // 256 % 16).abs() < 3) & ((q_idx % 256 - kv_idx % 256).abs() < 6)`,
      size(4 * 4096),
      [64, 64],
    ],
    ["a dilated window", "((q_idx - kv_idx) % 4 == 0) & ((q_idx - kv_idx).abs() < 256)", size(2048), [128, 128]],
    [
      "an image behind 77 tokens of text, and keys of their own length",
      "(q_idx < 77) | (kv_idx < 77) | ((((q_idx - 77) // 128 - (kv_idx - 77) // 128).abs() < 5) & (((q_idx - 77) % 128 - (kv_idx - 77) % 128).abs() < 5))",
      size(77 + 4096, 77 + 3000),
      [64, 64],
    ],
  ] as const;

  test.each(cases)("for %s visits fewer blocks, and its Python gives that very mask", (_, expression, s, blockSize) => {
    const report = reportOf(expression, s, blockSize);
    expect(report.best?.blocks).toBeLessThan(0.9 * report.blocks);
    const text = `import torch\ndef mask(b, h, q_idx, kv_idx):\n    return ${expression}\n\n\n${report.python}`;
    const variant = findVariant(lowerModule([{ file: "m.py", text }]), "reordered");
    const body = variant?.maskMod?.body ?? null;
    expect(body).not.toBeNull();
    expect(variant?.problem).toMatchObject({ qLen: s.qLen, kvLen: s.kvLen, blockSize });
    const { full, partial } = countBlocks(buildBlockMask(body, s, blockSize));
    expect(full + partial).toBe(report.best?.blocks);
  });

  test.each([
    ["causal", "q_idx >= kv_idx"],
    ["rows of a grid alone", "q_idx // 56 == kv_idx // 56"],
  ])("is none for %s", (_, expression) => {
    const report = reportOf(expression, size(1024));
    expect([report.best, report.python]).toEqual([null, null]);
  });

  test("is none where the orders that suit help little", () => {
    // One column is a residue class already; a row is contiguous already: what is allowed is nearly all.
    const report = reportOf("(q_idx % 32 + kv_idx % 32 < 62) | (q_idx // 32 == kv_idx // 32)", size(1024));
    expect(report.tried.length).toBeGreaterThan(0);
    expect(report.best).toBeNull();
  });
});

test("the gallery's image is seen as one, and is narrow enough to stay in rows", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../kernels/gallery/neighbourhood_2d.py"), "utf8");
  const body = findVariant(lowerModule([{ file: "n.py", text }]), "neighbourhood_2d")?.maskMod?.body;
  expect(body === undefined ? null : gridOf(body)).toEqual({ offset: 0, inner: [56] });
  // A block of 128 is two rows and more: 119 blocks hold the neighbours, tiles of 8 × 16 need more.
  const report = reportOf(NEIGHBOURS, { batch: 1, heads: 1, qLen: 3136, kvLen: 3136 });
  expect([report.blocks, report.best]).toEqual([119, null]);
});
