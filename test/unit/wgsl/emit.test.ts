import { describe, expect, it } from "vitest";
import { declareModBinding, emitEntries, emitMods, packMods } from "../../../kernels/emit/wgsl.ts";
import { binary, cast, constant, type Expr, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import type { Capture, Local } from "../../../kernels/ir/mod.ts";

const [b, h, q, k, score] = [variable("b"), variable("h"), variable("q_idx"), variable("kv_idx"), variable("score")];
const int = (x: number): Expr => constant(x, "i64");
const f32 = (x: number): Expr => constant(x, "f32");
const sub = (x: Expr, y: Expr): Expr => binary("sub", x, y);
const and = (x: Expr, y: Expr): Expr => binary("and", x, y);

const mask = (body: Expr, locals: readonly Local[] = []) => emitMods({ scoreMod: null, maskMod: { body, locals } });
const scored = (body: Expr) => emitMods({ scoreMod: { body }, maskMod: null });

const slidingWindow = (window: number): Expr => and(binary("ge", q, k), binary("le", sub(q, k), int(window)));
const span = { file: "", from: 0, to: 0 };

describe("emitted mods read as if written by hand", () => {
  it("a causal sliding window", () => {
    expect(mask(slidingWindow(256)).functions).toMatchInlineSnapshot(`
      "// Literals, offsets and sizes of the mods: data, so that other values run the same pipeline.
      struct ModScalars {
        i0: i32,
      }

      fn mask_mod(b: i32, h: i32, q_idx: i32, kv_idx: i32) -> bool {
        return (q_idx >= kv_idx) & (q_idx - kv_idx <= scalars.i0);
      }"
    `);
  });

  it("the user's names for intermediates, with a suffix where one is taken", () => {
    const distance = sub(q, k);
    const far = unary("abs", distance);
    const locals = [
      { name: "distance", span, value: distance },
      { name: "score", span, value: far },
      { name: "größe", span, value: binary("lt", far, int(3)) },
    ];
    expect(
      mask(binary("or", binary("lt", far, int(3)), binary("gt", distance, int(8))), locals)
        .functions.split("\n")
        .slice(6),
    ).toEqual([
      "fn mask_mod(b: i32, h: i32, q_idx: i32, kv_idx: i32) -> bool {",
      "  let distance = q_idx - kv_idx;",
      "  let score_1 = abs(distance);",
      "  return (score_1 < scalars.i0) | (distance > scalars.i1);",
      "}",
    ]);
  });

  it("the functions have the templates' names, whatever the user's are", () => {
    const named = { kind: "mask_mod", name: "causal", span, body: binary("ge", q, k), locals: [] } as const;
    expect(emitMods({ scoreMod: null, maskMod: named }).functions).toContain("fn mask_mod(");
  });

  it("captures as load functions, indices that cannot be negative without the wrap", () => {
    const ids: Capture = { name: "doc_ids", dtype: "i64", shape: [2, 8], data: new Float64Array(16) };
    const bias: Capture = { name: "bias", dtype: "f16", shape: [5], data: new Float32Array(5) };
    const same = binary("eq", load(ids, [b, q]), load(ids, [b, k]));
    const body = where(same, binary("add", score, cast(load(bias, [sub(q, k)]), "f32")), f32(Number.NEGATIVE_INFINITY));
    const emitted = scored(body);
    expect(emitted.functions).toMatchInlineSnapshot(`
      "// Literals, offsets and sizes of the mods: data, so that other values run the same pipeline.
      struct ModScalars {
        offset_doc_ids: i32,
        size0_doc_ids: i32,
        size1_doc_ids: i32,
        offset_bias: i32,
        size_bias: i32,
      }

      fn load_doc_ids(i0: i32, i1: i32) -> i32 {
        return captures_i32[scalars.offset_doc_ids + min(i0, scalars.size0_doc_ids - 1) * scalars.size1_doc_ids + min(i1, scalars.size1_doc_ids - 1)];
      }

      fn load_bias(i: i32) -> f32 {
        return captures_f32[scalars.offset_bias + wrap_index(i, scalars.size_bias)];
      }

      fn score_mod(score: f32, b: i32, h: i32, q_idx: i32, kv_idx: i32) -> f32 {
        return select(NEG_INF, score + load_bias(q_idx - kv_idx), load_doc_ids(b, q_idx) == load_doc_ids(b, kv_idx));
      }"
    `);
    expect(emitted.bindings.map((binding, i) => declareModBinding(binding, i + 5))).toEqual([
      "@group(0) @binding(5) var<uniform> scalars: ModScalars;",
      "@group(0) @binding(6) var<storage, read> captures_i32: array<i32>;",
      "@group(0) @binding(7) var<storage, read> captures_f32: array<f32>;",
    ]);
  });
});

const CASES: readonly (readonly [name: string, body: Expr, text: string])[] = [
  ["floor division of an index by a literal is plain", binary("floordiv", q, int(7)), "q_idx / scalars.i0"],
  [
    "floor division of a difference is spelled out",
    binary("floordiv", sub(q, k), int(7)),
    "floor_div_positive(q_idx - kv_idx, scalars.i0)",
  ],
  ["by a negative literal it takes the general function", binary("floordiv", q, int(-7)), "floor_div(q_idx, scalars.i0)"],
  ["remainder of an index", binary("floormod", q, int(2)), "q_idx % scalars.i0"],
  ["zero stays in the text", binary("max", sub(q, k), int(0)), "max(q_idx - kv_idx, 0)"],
  ["differences nest to the right with parentheses alone", sub(q, sub(k, h)), "q_idx - (kv_idx - h)"],
  ["and to the left without", sub(sub(q, k), h), "q_idx - kv_idx - h"],
  ["products bind more tightly", binary("mul", binary("add", q, k), h), "(q_idx + kv_idx) * h"],
  ["bitwise operands are parenthesised", binary("and", binary("xor", q, k), int(7)), "(q_idx ^ kv_idx) & scalars.i0"],
  ["complement", unary("not", sub(q, k)), "~(q_idx - kv_idx)"],
];

describe("operators with no more parentheses than WGSL needs", () => {
  it.each(CASES)("%s", (_, body, text) => {
    const entry = { name: "f", parameters: ["b", "h", "q_idx", "kv_idx"], type: "i32", body } as const;
    expect(emitEntries([entry]).functions).toContain(`  return ${text};`);
  });

  it("like bitwise operators chain, unlike ones do not", () => {
    const [x, y, z] = [binary("ge", q, k), binary("eq", q, h), binary("eq", k, h)];
    expect(mask(and(and(x, y), z)).functions).toContain("return (q_idx >= kv_idx) & (q_idx == h) & (kv_idx == h);");
    expect(mask(and(x, and(y, z))).functions).toContain("return (q_idx >= kv_idx) & (q_idx == h) & (kv_idx == h);");
    expect(mask(binary("or", and(x, y), z)).functions).toContain("return ((q_idx >= kv_idx) & (q_idx == h)) | (kv_idx == h);");
  });

  it("a quotient that a jump depends on is corrected, others are plain", () => {
    const quotient = binary("div", score, f32(3));
    expect(scored(binary("add", quotient, f32(1))).functions).toContain("return score / scalars.f0 + scalars.f1;");
    expect(scored(binary("mul", unary("floor", binary("add", quotient, f32(1))), f32(2))).functions).toContain(
      "floor(divide(score, scalars.f0) + scalars.f1)",
    );
  });

  it("a less-than before another argument is parenthesised, since WGSL would begin a template there", () => {
    const body = where(binary("ge", q, k), binary("lt", q, h), binary("gt", k, h));
    expect(mask(body).functions).toContain("select(kv_idx > h, (q_idx < h), q_idx >= kv_idx)");
  });

  it("maximum with a literal needs the nan rule only where nan can be", () => {
    expect(scored(binary("max", score, f32(0))).functions).toContain("max_nan(score, 0.0)");
    expect(scored(binary("max", cast(q, "f32"), f32(2))).functions).toContain("max(f32(q_idx), scalars.f0)");
  });
});

describe("lengths, literals and captured data are data", () => {
  it("another window gives the same text and another uniform", () => {
    const [small, large] = [mask(slidingWindow(4)), mask(slidingWindow(400))];
    expect(small.functions).toBe(large.functions);
    expect(small.scalars).toEqual([{ name: "i0", type: "i32", value: 4 }]);
    expect(large.scalars).toEqual([{ name: "i0", type: "i32", value: 400 }]);
  });

  it("another factor of a score_mod, and another table of another size, too", () => {
    const body = (factor: number, length: number): Expr => {
      const table: Capture = { name: "table", dtype: "f32", shape: [length], data: new Float32Array(length).fill(factor) };
      return binary("add", binary("mul", score, f32(factor)), load(table, [sub(q, k)]));
    };
    const [one, two] = [scored(body(0.5, 4)), scored(body(0.25, 9))];
    expect(one.functions).toBe(two.functions);
    expect(packMods(one)).not.toEqual(packMods(two));
  });

  it("the sign of a literal may show, its size does not", () => {
    const text = (x: number): string => mask(binary("eq", binary("floormod", sub(q, k), int(x)), int(0))).functions;
    expect(text(3)).toBe(text(1000));
    expect(text(-3)).toBe(text(-1000));
    expect(text(3)).not.toBe(text(-3));
  });

  it("what simplification drops is neither declared nor bound", () => {
    const ids: Capture = { name: "ids", dtype: "i64", shape: [4], data: new Float64Array(4) };
    const loaded = load(ids, [q]);
    const emitted = mask(and(binary("ge", q, k), binary("eq", loaded, loaded)));
    expect(emitted.bindings).toEqual([]);
    expect(emitted.functions).not.toContain("ids");
  });

  it("what depends on constants alone is computed before, so that 0.0 / 0.0 compiles", () => {
    const nan = binary("div", f32(0), f32(0));
    expect(scored(binary("add", score, nan)).functions).toContain("score + quiet_nan()");
    expect(scored(binary("mul", score, unary("exp", f32(1)))).scalars).toEqual([{ name: "f0", type: "f32", value: Math.fround(Math.E) }]);
  });
});

describe("what a very low score means", () => {
  const table = (...numbers: number[]): Capture => ({
    name: "table",
    dtype: "f32",
    shape: [numbers.length],
    data: new Float32Array(numbers),
  });
  const lowest = constant(-(2 - 2 ** -23) * 2 ** 127, "f32");
  const minus = constant(Number.NEGATIVE_INFINITY, "f32");
  it.each([
    ["minus infinity, where the mod has no finite number of that size", where(binary("ge", q, k), score, minus), "infinite"],
    ["minus infinity of a table", binary("add", score, load(table(0, -1e9, Number.NEGATIVE_INFINITY), [k])), "infinite"],
    ["itself, beside torch.finfo(torch.float32).min", where(binary("ge", q, k), score, lowest), "finite"],
    ["itself, beside -1e30 in a table", binary("add", score, load(table(0, -1e30), [k])), "finite"],
    ["either, beside both", where(binary("ge", q, k), score, where(binary("ge", q, int(3)), lowest, minus)), "both"],
  ] as const)("is %s", (_, body, extremes) => {
    expect(emitMods({ scoreMod: { body }, maskMod: null }).extremes).toBe(extremes);
  });
});

describe("packMods", () => {
  it("lays scalars, then ints, then floats, each capture at its offset", () => {
    const flags: Capture = { name: "flags", dtype: "bool", shape: [3], data: new Uint8Array([1, 0, 1]) };
    const ids: Capture = { name: "ids", dtype: "i64", shape: [2], data: new Float64Array([-5, 7]) };
    const half: Capture = { name: "half", dtype: "f16", shape: [2], data: new Float32Array([0.5, Number.NEGATIVE_INFINITY]) };
    const wide: Capture = { name: "wide", dtype: "f64", shape: [1], data: new Float64Array([1e300]) };
    const emitted = emitMods({
      scoreMod: { body: binary("add", binary("add", score, cast(load(half, [q]), "f32")), cast(load(wide, [k]), "f32")) },
      maskMod: { body: and(load(flags, [q]), binary("eq", load(ids, [h]), int(9))) },
    });
    const [uniform, ints, floats] = packMods(emitted);
    expect([...new Int32Array(ints?.buffer ?? new ArrayBuffer(0))]).toEqual([1, 0, 1, -5, 7]);
    expect([...new Float32Array(floats?.buffer ?? new ArrayBuffer(0))]).toEqual([0.5, -(2 ** 126), (2 - 2 ** -23) * 2 ** 127]);
    const fields = new Int32Array(uniform?.buffer ?? new ArrayBuffer(0));
    expect((uniform?.byteLength ?? 1) % 16).toBe(0);
    expect(Object.fromEntries(emitted.scalars.map((s, i) => [s.name, fields[i]]))).toEqual({
      offset_half: 0,
      size_half: 2,
      offset_wide: 2,
      size_wide: 1,
      offset_flags: 0,
      size_flags: 3,
      offset_ids: 3,
      size_ids: 2,
      i0: 9,
    });
  });

  it("a mod without literals and captures needs no binding", () => {
    const causal = mask(binary("ge", q, k));
    expect(causal.bindings).toEqual([]);
    expect(packMods(causal)).toEqual([]);
  });
});
