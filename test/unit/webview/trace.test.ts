import { describe, expect, it } from "vitest";
import { binary, boolean, constant, type Expr, load, unary, variable } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Capture, Variant } from "../../../kernels/ir/mod.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { nextCell, nextChange, rowRuns } from "../../../kernels/mask/rowRuns.ts";
import { formatValue, traceCell, traceText } from "../../../webview/mask/trace.ts";

const span = { file: "masks.py", from: 0, to: 0 };
const q = variable("q_idx");
const kv = variable("kv_idx");
const int = (n: number): Expr => constant(n, "i64");
const doc: Capture = { name: "doc", dtype: "i64", shape: [8], data: Float64Array.of(0, 0, 0, 1, 1, 1, 1, 1) };

const causal = binary("ge", q, kv);
const same = binary("eq", load(doc, [q]), load(doc, [kv]));
const near = binary("lt", binary("sub", q, kv), int(2));
const sink = binary("lt", kv, int(1));
const body = binary("and", binary("and", causal, same), binary("or", near, sink));
const plain = (text: string): string => text.replaceAll("\u202f", " ");

const packed: Variant = {
  name: "packed",
  captures: [doc],
  scoreMod: null,
  maskMod: {
    kind: "mask_mod",
    name: "packed",
    span,
    body,
    locals: [
      { name: "causal", span, value: causal },
      { name: "same", span, value: same },
      { name: "near", span, value: near },
      { name: "sink", span, value: sink },
    ],
  },
};
const at = (q_idx: number, kv_idx: number) => ({ b: 0, h: 0, q_idx, kv_idx });

describe("the trace of a cell", () => {
  it("names each step in source order with its operands filled in", () => {
    expect(traceCell(packed, at(5, 4)).mask).toEqual([
      { name: "causal", detail: "5 ≥ 4", value: "True", kills: false },
      { name: "same", detail: "1 == 1", value: "True", kills: false },
      { name: "near", detail: "1 < 2", value: "True", kills: false },
      { name: "sink", detail: "4 < 1", value: "False", kills: false },
      { name: "return", detail: "", value: "True", kills: false },
    ]);
  });

  it("marks a local that is the conjunct which masks", () => {
    const trace = traceCell(packed, at(3, 0));
    expect(trace.maskedBy).toBe("same");
    expect(trace.mask.filter((r) => r.kills).map((r) => r.name)).toEqual(["same"]);
  });

  it("writes a conjunct without a name of its own by the names of its parts, as the last row", () => {
    const trace = traceCell(packed, at(7, 3));
    expect(trace.maskedBy).toBe("near | sink");
    expect(trace.mask.at(-1)).toEqual({ name: "near | sink", detail: "", value: "False", kills: true });
  });

  it("shows the conjuncts themselves where the user named none", () => {
    const bare: Variant = { ...packed, maskMod: packed.maskMod === null ? null : { ...packed.maskMod, locals: [] } };
    expect(traceCell(bare, at(3, 0)).mask.map((r) => [r.name, r.value, r.kills])).toEqual([
      ["q_idx >= kv_idx", "True", false],
      ["doc[q_idx] == doc[kv_idx]", "False", true],
      ["(q_idx - kv_idx < 2) | (kv_idx < 1)", "True", false],
    ]);
  });

  it("says allowed exactly where the interpreter does", () => {
    for (let i = 0; i < 64; i++) {
      const point = at(i >> 3, i & 7);
      expect(traceCell(packed, point).allowed).toBe(interpret(body, point) === 1);
    }
  });

  it("shows each alternative that failed where the user named none of them", () => {
    const either = binary("or", binary("or", boolean(false), near), sink);
    const maskMod = {
      kind: "mask_mod",
      name: "m",
      span,
      body: binary("and", binary("and", boolean(true), causal), either),
      locals: [],
    } as const;
    expect(traceCell({ ...packed, maskMod }, at(7, 3)).mask.map((r) => [r.name, r.value, r.kills])).toEqual([
      ["q_idx >= kv_idx", "True", false],
      ["q_idx - kv_idx < 2", "False", false],
      ["kv_idx < 1", "False", false],
      ["(q_idx - kv_idx < 2) | (kv_idx < 1)", "False", true],
    ]);
  });

  it("shows a negated conjunct by what it negates", () => {
    const maskMod = { kind: "mask_mod", name: "m", span, body: binary("and", causal, unary("not", sink)), locals: [] } as const;
    const trace = traceCell({ ...packed, maskMod }, at(7, 0));
    expect(trace.maskedBy).toBe("~(kv_idx < 1)");
    expect(trace.mask.map((r) => [r.name, r.value, r.kills])).toEqual([
      ["q_idx >= kv_idx", "True", false],
      ["~(kv_idx < 1)", "False", true],
    ]);
  });

  it("has the place in the text of the conjunct that masks", () => {
    const place = { file: "masks.py", from: 40, to: 48 };
    const { maskMod } = packed;
    if (maskMod === null) throw new Error("no mask");
    const placed: Variant = { ...packed, maskMod: { ...maskMod, places: new Map([[same, place]]) } };
    expect(traceCell(placed, at(3, 0)).place).toEqual(place);
    expect(traceCell(placed, at(3, 3)).place).toBeNull();
  });

  it("shows the steps of a score_mod at a score of 0, or at the one asked for", () => {
    const score = variable("score");
    const bias = unary("neg", constant(0.5, "f32"));
    const scoreMod = { kind: "score_mod", name: "bias", span, body: binary("add", score, bias), locals: [] } as const;
    const trace = traceCell({ name: "bias", scoreMod, maskMod: null, captures: [] }, at(1, 1));
    expect(trace.allowed).toBe(true);
    expect(trace.score.map((r) => [r.name, r.detail, r.value])).toEqual([["return", "0 + −0.5000", "−0.5000"]]);
    const other = traceCell({ name: "bias", scoreMod, maskMod: null, captures: [] }, at(1, 1), 8);
    expect(other.score.map((r) => r.value)).toEqual(["7.500"]);
  });

  it("copies as lines of text", () => {
    expect(
      plain(traceText(packed, at(3, 0)))
        .split("\n")
        .slice(0, 2),
    ).toEqual(["packed b=0 h=0 q_idx=3 kv_idx=0: masked by same", "causal = 3 ≥ 0 = True"]);
  });

  it.each([
    [1, "bool", "True"],
    [4096, "i64", "4 096"],
    [-3, "i64", "−3"],
    [1.5e-7, "f32", "1.50e−7"],
    [Number.NEGATIVE_INFINITY, "f32", "−∞"],
    [Number.NaN, "f32", "nan"],
  ] as const)("writes %d as %s: %s", (value, dtype, text) => expect(plain(formatValue(value, dtype))).toBe(text));
});

describe("a row of the mask", () => {
  const size = { batch: 1, heads: 1, qLen: 8, kvLen: 8 };
  const of = (e: Expr | null) => ({ body: e, mask: buildBlockMask(e, size, [2, 2]), b: 0, h: 0 });
  const row = of(body);
  it("is its runs of allowed keys", () => {
    expect(rowRuns({ ...row, q: 2 })).toEqual([[0, 3]]);
    expect(rowRuns({ ...row, q: 7 })).toEqual([[6, 8]]);
    expect(rowRuns({ ...of(boolean(false)), q: 0 })).toEqual([]);
    expect(rowRuns({ ...of(null), q: 0 })).toEqual([[0, 8]]);
  });

  it("tells where it changes, and stops at its ends", () => {
    expect(nextChange({ ...row, q: 7 }, 0, 1)).toBe(6);
    expect(nextChange({ ...row, q: 7 }, 7, 1)).toBe(7);
    expect(nextChange({ ...row, q: 7 }, 7, -1)).toBe(5);
  });

  it("leads to the next cell in reading order, allowed or masked", () => {
    expect(nextCell(row, { q: 2, kv: 2 }, true)).toEqual({ q: 3, kv: 3 });
    expect(nextCell(row, { q: 2, kv: 0 }, false)).toEqual({ q: 2, kv: 3 });
    expect(nextCell(row, { q: 7, kv: 7 }, true)).toBeNull();
    expect(nextCell(of(null), { q: 3, kv: 7 }, false)).toBeNull();
  });

  it.each([
    ["a window", binary("and", binary("ge", q, kv), binary("lt", binary("sub", q, kv), constant(5, "i64")))],
    ["chunks", binary("eq", binary("floordiv", q, constant(5, "i64")), binary("floordiv", kv, constant(5, "i64")))],
    ["stripes", binary("eq", binary("floormod", binary("sub", q, kv), constant(3, "i64")), constant(0, "i64"))],
    ["rows far apart", binary("and", binary("eq", binary("floormod", q, constant(11, "i64")), constant(10, "i64")), binary("lt", kv, q))],
  ])("is what its cells say, from every cell and both ways: %s", (_, e) => {
    const matrix = { batch: 1, heads: 1, qLen: 30, kvLen: 23 };
    const plane = { body: e, mask: buildBlockMask(e, matrix, [4, 4]), b: 0, h: 0 };
    const at = (i: number): boolean => interpret(e, { b: 0, h: 0, q_idx: Math.floor(i / 23), kv_idx: i % 23 }) === 1;
    const cells = Array.from({ length: 30 * 23 }, (_c, i) => at(i));
    for (let i = 0; i < cells.length; i++) {
      const cell = { q: Math.floor(i / 23), kv: i % 23 };
      for (const allowed of [true, false]) {
        const found = cells.indexOf(allowed, i + 1);
        expect(nextCell(plane, cell, allowed)).toEqual(found < 0 ? null : { q: Math.floor(found / 23), kv: found % 23 });
      }
      const start = cell.q * 23;
      let up = i;
      while (up < start + 22 && cells[up] === cells[i]) up++;
      let down = i;
      while (down > start && cells[down] === cells[i]) down--;
      expect(nextChange({ ...plane, q: cell.q }, cell.kv, 1)).toBe(up - start);
      expect(nextChange({ ...plane, q: cell.q }, cell.kv, -1)).toBe(down - start);
    }
  });
});
