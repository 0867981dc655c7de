import { describe, expect, it } from "vitest";
import { binary, boolean, cast, constant, type Expr, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import { flatten, raise } from "../../../kernels/ir/flat.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const ids: Capture = { name: "ids", dtype: "i64", shape: [4], data: Float64Array.of(0, 0, 1, 1) };
const same = binary("eq", load(ids, [q]), load(ids, [k]));

const cases: Readonly<Record<string, Expr>> = {
  "a constant": boolean(true),
  "the negative zero": constant(-0, "f64"),
  infinity: constant(Number.NEGATIVE_INFINITY, "f32"),
  "a score of double precision": variable("score", "f64"),
  "one capture loaded twice": same,
  "every kind of node": where(
    unary("not", binary("and", same, binary("ge", q, k))),
    cast(binary("sub", q, k), "f32"),
    unary("exp", variable("score")),
  ),
};

describe("a flat expression", () => {
  for (const [name, e] of Object.entries(cases)) {
    it(`gives back the same node: ${name}`, () => {
      expect(raise(flatten(e))).toBe(e);
    });
  }

  it("survives being copied, with one capture for one", () => {
    const copy = raise(structuredClone(flatten(same)));
    expect(copy).not.toBe(same);
    if (copy.kind !== "binary" || copy.a.kind !== "load" || copy.b.kind !== "load") throw new Error("another expression");
    expect(copy.a.capture).toBe(copy.b.capture);
    expect(copy.a.capture).toEqual(ids);
  });

  it("is as flat for a chain of 100,000 nodes, which copying as it is would not survive", () => {
    let e: Expr = q;
    for (let i = 0; i < 100_000; i++) e = binary("add", e, k);
    expect(raise(structuredClone(flatten(e)))).toBe(e);
  });

  it("says so where a list holds less than it names", () => {
    expect(() => raise({ nodes: [["unary", "neg", 5]], captures: [] })).toThrow("without node 5");
    expect(() => raise({ nodes: [["load", 0, []]], captures: [] })).toThrow("without capture 0");
  });
});
