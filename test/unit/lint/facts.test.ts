/** The lints' findings against a walk over all cells. */
import { describe, expect, test } from "vitest";
import { binary, constant, type Expr, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Capture, Mod } from "../../../kernels/ir/mod.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import { freeVars, rewrite } from "../../../kernels/ir/walk.ts";
import { maskFacts } from "../../../kernels/lint/maskFacts.ts";
import { relevance } from "../../../kernels/lint/relevance.ts";
import type { MaskSize } from "../../../kernels/mask/blockMask.ts";
import { pick, randomMask, seeded, whole } from "../../support/random.ts";

const modOf = (body: Expr): Mod => ({ kind: "mask_mod", name: "m", span: { file: "", from: 0, to: 0 }, body, locals: [] });

/** 1 for each allowed cell, [b, h, q, kv]; batches and heads that the mask does not read once. */
function cellsOf(e: Expr, s: MaskSize): { readonly rows: Uint8Array[]; readonly batch: number; readonly heads: number } {
  const vars = freeVars(e);
  const batch = vars.has("b") ? s.batch : 1;
  const heads = vars.has("h") ? s.heads : 1;
  const rows: Uint8Array[] = [];
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let q_idx = 0; q_idx < s.qLen; q_idx++)
        rows.push(Uint8Array.from({ length: s.kvLen }, (_, kv_idx) => interpret(e, { b, h, q_idx, kv_idx })));
  return { rows, batch, heads };
}

describe("facts of masks", () => {
  test("are those of their cells", () => {
    const random = seeded(31);
    let constants = 0;
    let empty = 0;
    for (let n = 0; n < 250; n++) {
      const e = randomMask(random, 70, whole(random, 0, 3));
      const s: MaskSize = { batch: 2, heads: pick(random, [1, 3]), qLen: whole(random, 1, 70), kvLen: whole(random, 1, 70) };
      const told = `${printExpr(e)} at ${JSON.stringify(s)}`;
      const { rows } = cellsOf(e, s);
      const facts = maskFacts(modOf(e), s, [16, 16]);
      const all = rows.every((r) => r.every((x) => x === 1));
      const none = rows.every((r) => r.every((x) => x === 0));
      expect(facts.constant?.value ?? null, told).toBe(all ? true : none ? false : null);
      if (facts.constant !== null) {
        constants++;
        continue;
      }
      const dead = rows.flatMap((r, i) => (r.includes(1) ? [] : [i]));
      expect(facts.emptyRows?.count ?? 0, told).toBe(dead.length);
      if (facts.emptyRows === null) continue;
      empty++;
      const { b, h, qIdx, total } = facts.emptyRows;
      const heads = freeVars(e).has("h") ? s.heads : 1;
      expect((b * heads + h) * s.qLen + qIdx, told).toBe(dead[0]);
      expect(total, told).toBe(rows.length);
    }
    expect(Math.min(constants, empty)).toBeGreaterThan(10);
  });

  test("count the masked cells of partial blocks, and the cells that smaller ones compute", () => {
    const doc = (x: Expr): Expr => binary("floordiv", x, constant(64, "i64"));
    const e = binary("eq", doc(variable("q_idx")), doc(variable("kv_idx")));
    const { waste } = maskFacts(modOf(e), { batch: 1, heads: 1, qLen: 1024, kvLen: 1024 }, [128, 128]);
    expect(waste).toEqual({ share: 0.5, blockSize: [128, 128], better: 64, cells: 8 * 128 * 128, betterCells: 16 * 64 * 64 });
  });

  test("find no smaller block where the mask is finer than all of them", () => {
    const q = variable("q_idx");
    const k = variable("kv_idx");
    const e = binary("eq", binary("floormod", binary("add", q, k), constant(4, "i64")), constant(0, "i64"));
    expect(maskFacts(modOf(e), { batch: 1, heads: 1, qLen: 1024, kvLen: 1024 }, [128, 128]).waste).toBeNull();
  });
});

test("where a part is not relevant, its value does not show in the result", () => {
  const random = seeded(32);
  const table: Capture = { name: "t", dtype: "bool", shape: [40], data: Uint8Array.from({ length: 40 }, () => (random() < 0.5 ? 1 : 0)) };
  const node = load(table, [variable("q_idx")]);
  let irrelevant = 0;
  const around = (depth: number): Expr => {
    if (depth === 0) return node;
    const inner = around(depth - 1);
    const other = randomMask(random, 40, 1);
    switch (whole(random, 0, 5)) {
      case 0:
        return where(other, inner, randomMask(random, 40, 0));
      case 1:
        return where(other, randomMask(random, 40, 0), inner);
      case 2:
        return binary("or", inner, other);
      case 3:
        return unary("not", inner);
      case 4:
        return where(inner, other, randomMask(random, 40, 0));
      default:
        return binary("and", other, inner);
    }
  };
  for (let n = 0; n < 120; n++) {
    const root = around(whole(random, 1, 4));
    const when = relevance(root, node);
    const [ifFalse, ifTrue] = [0, 1].map((value) => rewrite(root, (e) => (e === node ? constant(value, "bool") : e)));
    for (let i = 0; i < 60; i++) {
      const point = { b: whole(random, 0, 2), h: whole(random, 0, 2), q_idx: whole(random, 0, 39), kv_idx: whole(random, 0, 39) };
      if (interpret(when, point) !== 0 || ifFalse === undefined || ifTrue === undefined) continue;
      irrelevant++;
      expect(interpret(ifFalse, point), printExpr(root)).toBe(interpret(ifTrue, point));
    }
  }
  expect(irrelevant).toBeGreaterThan(500);
});
