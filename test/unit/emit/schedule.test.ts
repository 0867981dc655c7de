import { expect, test } from "vitest";
import { schedule } from "../../../kernels/emit/schedule.ts";
import { source } from "../../../kernels/emit/source.ts";
import { binary, constant, type Expr, unary, variable } from "../../../kernels/ir/expr.ts";
import { printExpr } from "../../../kernels/ir/print.ts";

const q = variable("q_idx");
const k = variable("kv_idx");
const sub = binary("sub", q, k);
const text = (roots: readonly Expr[], options = {}): string[] =>
  schedule(roots, options).map(({ name, node }) => `${name} = ${printExpr(node)}`);

test("a node used twice is named once, and only where it is more than a variable", () => {
  const distance = unary("abs", sub);
  const e = binary("and", binary("le", distance, constant(5, "i64")), binary("ne", distance, constant(3, "i64")));
  expect(text([e])).toEqual(["t0 = torch.abs(q_idx - kv_idx)"]);
  expect(text([binary("mul", sub, sub)], { prefix: "x" })).toEqual(["x0 = q_idx - kv_idx"]);
  expect(text([binary("mul", q, q)])).toEqual([]);
});

test("a root is named only where something else reads it", () => {
  expect(text([sub])).toEqual([]);
  expect(text([sub, unary("abs", sub)])).toEqual(["t0 = q_idx - kv_idx"]);
});

test("what a let reads stands before it, and deep text is broken", () => {
  let e: Expr = q;
  for (let i = 1; i <= 20; i++) e = binary("floordiv", binary("add", e, k), constant(i, "i64"));
  const lets = schedule([e], { maxDepth: 5 });
  expect(lets.length).toBeGreaterThanOrEqual(7);
  const seen = new Set<Expr>();
  for (const { node } of lets) {
    if (node.kind === "binary" && node.a.kind === "binary" && lets.some((l) => l.node === node.a)) expect(seen.has(node.a)).toBe(true);
    seen.add(node);
  }
});

test("an emitter can ask for a name along an edge", () => {
  const e = binary("lt", binary("floordiv", q, constant(3, "i64")), k);
  expect(text([e], { split: (child: Expr) => child.kind === "binary" })).toEqual(["t0 = q_idx // 3"]);
});

test("source keeps a placeholder's lines at their indentation and drops empty ones", () => {
  const body = source`
    a();
    b();`;
  expect(
    source`
      for (;;) {
        ${body}
        ${[]}
        x = ${1 + 1}; ${["c();", "d();"]}
      }
    `,
  ).toBe("for (;;) {\n  a();\n  b();\n  x = 2; c();\n  d();\n}");
});
