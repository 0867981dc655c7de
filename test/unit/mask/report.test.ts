import { describe, expect, test } from "vitest";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { type ReportStep, reportJson, reportText, type StructureReport, structureReport } from "../../../kernels/mask/report.ts";
import { maskOf } from "../../support/maskText.ts";

function reportOf(
  expression: string,
  n: number,
  ranks = 2,
  known: StructureReport | null = null,
): { report: StructureReport; steps: ReportStep[] } {
  const body = maskOf(expression);
  const made = structureReport(body, buildBlockMask(body, { batch: 1, heads: 1, qLen: n, kvLen: n }, [128, 128]), "mask", ranks, known);
  const steps: ReportStep[] = [];
  for (;;) {
    const step = made.next();
    if (step.done === true) return { report: step.value, steps };
    steps.push(step.value);
  }
}

test("the report in words", () => {
  expect(reportText(reportOf("q_idx >= kv_idx", 512).report)).toMatchInlineSnapshot(`
    "mask: 512 × 512 in blocks of 128 × 128
    blocks skipped   37.5 %  (6 full, 4 partial, 6 empty of 16)
    elements masked  49.9 %

    Blocks a row: 1 least, 2.5 median, 4 most; the fullest row takes 1.6 times the mean
      1  ████████████████████████ 1
      2  ████████████████████████ 1
      3  ████████████████████████ 1
      4  ████████████████████████ 1

    Block size: cost = visited blocks × (their elements + 512 elements of overhead a block)
      size  full  partial  computed, then masked    cost
      16     496       32                  2.8 %  405504
      32     120       16                  5.7 %  208896
      64      28        8                 10.9 %  165888
      128      6        4                 19.8 %  168960
      256      1        2                 33.2 %  198144
    Blocks of 128 stay: no other size saves a tenth of the cost.

    Over 2 ranks, the slowest above the mean:
                   blocks  elements  blocks in all
      contiguous  +40.0 %   +49.9 %             ×1
      striped      +0.0 %    +0.2 %           ×1.2
      zig-zag      +0.0 %    +0.0 %             ×1

    The mask speaks of no grid (\`// W\` with \`% W\`) and no period: there is no order to try."
  `);
});

test("the report for programs", () => {
  const json = reportJson(reportOf("(q_idx - kv_idx).abs() < 40", 1024, 4).report);
  expect(JSON.parse(JSON.stringify(json))).toMatchObject({
    shape: [1, 1, 1024, 1024],
    block_size: [128, 128],
    blocks: { full: 0, partial: 22, empty: 42, total: 64 },
    rows: {
      min: 2,
      median: 3,
      max: 3,
      mean: 2.75,
      empty: 0,
      histogram: [
        { from: 2, to: 2, rows: 2 },
        { from: 3, to: 3, rows: 6 },
      ],
    },
    sampled: 1,
    ranks: 4,
    splits: [{ split: "contiguous" }, { split: "striped" }, { split: "zig-zag" }],
    reorder: { blocks: 22, tried: [], best: null, python: null },
  });
});

test("other ranks keep what does not depend on them", () => {
  const { report } = reportOf("q_idx >= kv_idx", 1024, 2);
  const { report: more, steps } = reportOf("q_idx >= kv_idx", 1024, 8, report);
  expect(more.tally).toBe(report.tally);
  expect(more.reorder).toBe(report.reorder);
  expect(more.shards.ranks).toBe(8);
  expect(new Set(steps.map((s) => s.stage))).toEqual(new Set(["ranks"]));
});

describe("a report of a mask that", () => {
  test("allows nothing has no advice and no waste", () => {
    const { report } = reportOf("q_idx < 0", 300);
    expect(report.advice).toBeNull();
    expect(report.sparsity).toEqual({ blocks: 1, elements: 1 });
    expect(report.tally.sizes.every((s) => s.waste === 0 && s.cost === 0)).toBe(true);
    expect(reportText(report)).toContain("3 rows have none");
  });

  test("lies on a grid hands out the order as Python", () => {
    const text = reportText(reportOf("((q_idx // 128 - kv_idx // 128).abs() < 7) & ((q_idx % 128 - kv_idx % 128).abs() < 7)", 8192).report);
    expect(text).toContain("Tokens in the 128 columns one after another would visit 436 blocks instead of 790: 44.8 % fewer.");
    expect(text).toContain("def token_order(n):");
  });
});
