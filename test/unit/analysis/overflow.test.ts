import { describe, expect, it } from "vitest";
import { boxOf } from "../../../kernels/analysis/interval.ts";
import { int32Overflow } from "../../../kernels/analysis/overflow.ts";
import { binary, cast, constant, type Expr, load, unary, variable, where } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import type { Capture } from "../../../kernels/ir/mod.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import { rewrite } from "../../../kernels/ir/walk.ts";
import { pick, randomExpr, seeded, whole } from "../../support/random.ts";

const [q, k, h] = [variable("q_idx"), variable("kv_idx"), variable("h")];
const int = (x: number): Expr => constant(x, "i64");
const mul = (a: Expr, b: Expr): Expr => binary("mul", a, b);
const add = (a: Expr, b: Expr): Expr => binary("add", a, b);
const hash = mul(q, int(2_654_435_761));
const million = mul(q, int(1_000_003));
const far: Capture = { name: "far", dtype: "i64", shape: [2], data: new Float64Array([1, 2 ** 40]) };

const CASES: readonly (readonly [name: string, body: Expr, length: number, found: readonly string[]])[] = [
  ["nothing at lengths that do not reach it", binary("floormod", million, int(8)), 1024, []],
  ["a product that a remainder reads", binary("floormod", million, int(8)), 4096, ["q_idx * 1000003"]],
  ["the product, not the sum over it", binary("lt", add(million, k), int(7)), 4096, ["q_idx * 1000003"]],
  [
    "a sum of two that are small enough each",
    binary("lt", add(mul(q, int(1_000_000)), mul(k, int(1_000_000))), int(7)),
    2000,
    ["q_idx * 1000000 + kv_idx * 1000000"],
  ],
  ["a literal", binary("floormod", add(q, int(2 ** 31)), int(7)), 16, ["2147483648"]],
  ["a captured table", binary("eq", load(far, [q]), k), 16, ["far[q_idx]"]],
  ["an index", load({ ...far, data: new Float64Array(2) }, [million]), 4096, ["q_idx * 1000003"]],
  ["a conversion to float", cast(million, "f32"), 4096, ["q_idx * 1000003"]],
  ["a right shift", binary("shr", million, int(4)), 4096, ["q_idx * 1000003"]],
  ["the result itself", million, 4096, ["q_idx * 1000003"]],
  ["a literal that is only compared", binary("le", q, int(2 ** 40)), 16, []],
  ["a hash of which the low bits are kept", binary("and", binary("xor", hash, k), int(255)), 2 ** 20, []],
  ["its high bits", binary("and", binary("shr", hash, int(16)), int(255)), 2 ** 20, ["2654435761"]],
  [
    "a hash through where, negation and a left shift",
    binary("and", where(binary("ge", q, k), unary("neg", hash), binary("shl", q, int(40))), int(7)),
    99,
    [],
  ],
  ["a hash made int32 on purpose", binary("floormod", cast(hash, "i32"), constant(7, "i32")), 2 ** 20, []],
  ["a shift by too much", binary("and", binary("shl", int(1), million), int(7)), 4096, ["q_idx * 1000003"]],
  [
    "the same wide value twice, once whole",
    binary("and", binary("eq", binary("and", million, int(1)), int(0)), binary("gt", million, int(5))),
    4096,
    ["q_idx * 1000003"],
  ],
  [
    "a float that converts to too large an integer",
    binary("and", cast(mul(cast(q, "f32"), constant(1e9, "f32")), "i64"), int(1)),
    64,
    ["(q_idx * 1000000000.0).long()"],
  ],
];

describe("where 32 bits do not do for an int64", () => {
  it.each(CASES)("%s", (_, body, length, found) => {
    expect(int32Overflow([body], boxOf(1, 8, length, length)).map((o) => printExpr(o.node))).toEqual(found);
  });

  it("tells how far the value goes", () => {
    expect(int32Overflow([binary("floordiv", million, h)], boxOf(1, 8, 4096, 4096))[0]?.range).toEqual({ min: 0, max: 4095 * 1_000_003 });
  });

  it("random arithmetic that it lets pass has the same value in int32", () => {
    // Every i64 node as i32, which wraps; variables and captures are converted.
    const as32 = new Map<Expr, Expr>();
    const convert = (e: Expr): Expr => {
      const known = as32.get(e);
      if (known !== undefined) return known;
      const small = (x: Expr): Expr => (x.dtype === "i64" ? cast(convert(x), "i32") : convert(x));
      const made = ((): Expr => {
        switch (e.kind) {
          case "const":
            return e.dtype === "i64" ? constant(e.value, "i32") : e;
          case "var":
            return e;
          case "load":
            return load(
              e.capture,
              e.indices.map((i) => cast(convert(i), "i64")),
            );
          case "unary":
            return unary(e.op, small(e.a));
          case "binary":
            return binary(e.op, small(e.a), small(e.b));
          case "where":
            return where(convert(e.cond), small(e.a), small(e.b));
          case "cast":
            return cast(small(e.a), e.dtype === "i64" ? "i32" : e.dtype);
        }
      })();
      as32.set(e, made);
      return made;
    };
    let passed = 0;
    for (let seed = 0; seed < 3000; seed++) {
      const random = seeded(seed);
      const shift = pick(random, [0, 8, 16, 24]);
      const body = rewrite(
        randomExpr(random, pick(random, ["i64", "bool"]), { depth: 4, dtypes: ["i64", "bool"], without: new Set(["pow"]) }),
        (e) => (e.kind === "const" && e.dtype === "i64" ? constant(e.value * 2 ** shift, "i64") : e),
      );
      if (int32Overflow([body], boxOf(2, 8, 50, 50)).length > 0) continue;
      passed++;
      const point = { b: whole(random, 0, 1), h: whole(random, 0, 7), q_idx: whole(random, 0, 49), kv_idx: whole(random, 0, 49) };
      expect(interpret(convert(body), point), `seed ${seed}: ${printExpr(body)}`).toBe(interpret(body, point));
    }
    expect(passed).toBeGreaterThan(500);
  });
});
