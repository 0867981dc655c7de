/** Proofs that an expression holds nowhere: what has to be proved, what must not be, and no proof where a cell holds. */
import { describe, expect, test } from "vitest";
import { isImpossible } from "../../../kernels/analysis/impossible.ts";
import { isInfeasible, type Row } from "../../../kernels/analysis/infeasible.ts";
import { boxOf } from "../../../kernels/analysis/interval.ts";
import { lowerModule } from "../../../kernels/frontend/lower.ts";
import { binary, boolean, cast, type Expr, unary } from "../../../kernels/ir/expr.ts";
import { interpret } from "../../../kernels/ir/interpret.ts";
import { randomMask, seeded } from "../../support/random.ts";

/** The bodies of masks of b, h, q, k. */
function bodies(...texts: string[]): Expr[] {
  const source = `import torch\ndoc = torch.tensor([0, 0, 1, 1, 2, 2, 2, 5])\n${texts.map((t, i) => `f${i} = lambda b, h, q, k: ${t}\n`).join("")}`;
  const { variants, diagnostics } = lowerModule([{ file: "m.py", text: source }]);
  return texts.map((_, i) => {
    const mod = variants.find((v) => v.name === `f${i}`)?.maskMod;
    if (mod === null || mod === undefined) throw new Error(diagnostics.map((d) => d.message).join("\n"));
    return mod.body;
  });
}
const body = (text: string): Expr => bodies(text)[0] ?? boolean(false);

/** `mask` without `claim`. */
function broken(mask: string, claim: string): Expr {
  const [m = boolean(true), c = boolean(true)] = bodies(mask, claim);
  return binary("and", m, unary("not", c));
}

describe("a claim about a mask is proved at any length", () => {
  const proved: readonly [mask: string, claim: string][] = [
    ["q >= k", "k <= q"],
    ["(q >= k) & (q - k < 64)", "k > q - 64"],
    ["(q >= k) & (doc[q] == doc[k])", "q >= k"],
    ["(q - k).abs() < 8", "(q - k < 8) & (k - q < 8)"],
    ["(q // 16 == k // 16) & (q >= k)", "q - k < 16"],
    ["q // 16 > k // 16", "q > k"],
    ["q % 4 == 3", "q >= 3"],
    ["(q == k) | (k == 0)", "k <= q"],
    ["torch.where(q > 5, q >= k, k == 0)", "k <= q"],
    ["torch.minimum(q, k) > 4", "(q > 4) & (k > 4)"],
    ["torch.maximum(q, k) < 4", "q < 4"],
    ["(q >= k) ^ (q == k)", "q > k"],
    ["2 * q - 2 * k == 1", "q != q"],
    ["(q >= 4) & (q - 4 >= k)", "q > k"],
    ["q >= doc[k]", "doc[k] <= q"],
    ["(q.to(torch.int32) - k.to(torch.int32)) >= 3", "q >= k + 3"],
    ["~(q < k)", "q >= k"],
    ["(q >= k) == (h >= 0)", "q >= k"],
  ];
  test.each(proved)("%s gives %s", (mask, claim) => {
    expect(isImpossible(broken(mask, claim))).toBe(true);
  });

  const open: readonly [mask: string, claim: string][] = [
    ["q >= k", "q > k"],
    ["(q - k).abs() < 8", "q - k < 7"],
    ["q // 16 == k // 16", "q - k < 15"],
    ["doc[q] == doc[k]", "q >= k"],
    ["q % 4 == 3", "q >= 4"],
    ["torch.maximum(q, k) > 4", "q > 4"],
  ];
  test.each(open)("%s does not give %s", (mask, claim) => {
    expect(isImpossible(broken(mask, claim))).toBe(false);
  });
});

test("lengths prove what no length would", () => {
  const far = body("k - q > 100");
  expect(isImpossible(far)).toBe(false);
  expect(isImpossible(far, { box: boxOf(1, 1, 64, 64) })).toBe(true);
});

test("what captures hold proves something only where it may", () => {
  const beyond = body("doc[q] > 5");
  expect(isImpossible(beyond)).toBe(true);
  expect(isImpossible(beyond, { captures: "withoutData" })).toBe(false);
});

describe("nothing is proved that a cell refutes", () => {
  test.each(Array.from({ length: 4 }, (_, i) => i + 1))("seed %i", (seed) => {
    const random = seeded(seed);
    let proofs = 0;
    for (let round = 0; round < 40; round++) {
      const [a, b] = [randomMask(random, 12), randomMask(random, 12)];
      // Half of the questions have the answer yes by their form.
      const e = round % 2 === 0 ? binary("and", cast(a, "bool"), unary("not", cast(binary("or", a, b), "bool"))) : binary("and", a, b);
      if (!isImpossible(e, { box: boxOf(2, 2, 12, 12) })) continue;
      proofs++;
      for (let i = 0; i < 4 * 144; i++) {
        const point = { b: Math.floor(i / 288), h: Math.floor(i / 144) % 2, q_idx: Math.floor(i / 12) % 12, kv_idx: i % 12 };
        expect(interpret(e, point)).toBe(0);
      }
    }
    expect(proofs).toBeGreaterThan(5);
  });
});

describe("elimination", () => {
  const row = (constant: number, terms: Record<string, number>): Row<string> => ({ constant, terms: new Map(Object.entries(terms)) });
  test.each<[string, Row<string>[], boolean]>([
    ["a cycle of less-than", [row(-1, { x: 1, y: -1 }), row(-1, { y: 1, z: -1 }), row(-1, { z: 1, x: -1 })], true],
    ["a cycle of less-or-equal", [row(0, { x: 1, y: -1 }), row(0, { y: 1, z: -1 }), row(0, { z: 1, x: -1 })], false],
    ["an even number that is odd", [row(-1, { x: 2, y: -2 }), row(1, { x: -2, y: 2 })], true],
    ["no rows", [], false],
    ["a number below itself", [row(-1, {})], true],
  ])("%s", (_, rows, expected) => expect(isInfeasible(rows)).toBe(expected));
});
