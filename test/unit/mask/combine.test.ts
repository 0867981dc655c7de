import { describe, expect, test } from "vitest";
import { binary, boolean, constant, type Expr, variable } from "../../../kernels/ir/expr.ts";
import { printExpr } from "../../../kernels/ir/print.ts";
import type { BlockMask, MaskSize } from "../../../kernels/mask/blockMask.ts";
import { buildBlockMask } from "../../../kernels/mask/build.ts";
import { type BuiltMask, combineMasks } from "../../../kernels/mask/combine.ts";
import { torchFields } from "../../../kernels/mask/torchView.ts";
import { pick, randomMask, seeded, whole } from "../../support/random.ts";

const i64 = (n: number): Expr => constant(n, "i64");
const q = variable("q_idx");
const k = variable("kv_idx");
const causal = binary("ge", q, k);
const size = (qLen: number, kvLen = qLen, batch = 1, heads = 1): MaskSize => ({ batch, heads, qLen, kvLen });

const built = (body: Expr | null, s: MaskSize, blocks: readonly [number, number]): BuiltMask => ({
  body,
  mask: buildBlockMask(body, s, blocks),
});

/** The runs must be the very same, so that joins are right too; masks that differ in stored planes are compared as lists. */
function checkSame(got: BlockMask, want: BlockMask, s: MaskSize, told: string): void {
  expect(torchFields(got, s.batch, s.heads), told).toEqual(torchFields(want, s.batch, s.heads));
  if (got.batch === want.batch && got.heads === want.heads) expect(got, told).toEqual(want);
}

describe("masks that are built combine to what the combined mod gives", () => {
  test("for random masks, any number of them, any block size, lengths that are no multiple of it", () => {
    const random = seeded(11);
    for (let n = 0; n < 150; n++) {
      const s = size(whole(random, 1, 90), whole(random, 1, 90), pick(random, [1, 2]), pick(random, [1, 3]));
      const blocks: readonly [number, number] = [pick(random, [4, 8, 16, 33]), pick(random, [3, 8, 16, 50])];
      const bodies = Array.from({ length: whole(random, 1, 4) }, () =>
        random() < 0.1 ? null : randomMask(random, 90, whole(random, 0, 2)),
      );
      const [first, ...rest] = bodies.map((body) => built(body, s, blocks));
      if (first === undefined) throw new Error("one mask at least");
      const op = pick(random, ["and", "or"] as const);
      const whole_ = bodies.map((b) => b ?? boolean(true)).reduce((a, b) => binary(op, a, b));
      checkSame(
        combineMasks(op, [first, ...rest]).mask,
        buildBlockMask(whole_, s, blocks),
        s,
        `${printExpr(whole_)} ${JSON.stringify(s)} ${blocks}`,
      );
    }
  });

  test("noop_mask changes nothing of a conjunction, and is all of a disjunction", () => {
    const s = size(100);
    const everything = built(null, s, [16, 16]);
    const mask = built(causal, s, [16, 16]);
    expect(combineMasks("and", [mask, everything]).mask).toEqual(mask.mask);
    expect(combineMasks("or", [mask, everything]).mask).toEqual(everything.mask);
  });

  test("a mask that serves all heads is combined with each head of the other", () => {
    const s = size(64, 64, 1, 3);
    const perHead = built(binary("ge", binary("add", q, binary("mul", variable("h"), i64(16))), k), s, [16, 16]);
    const both = combineMasks("and", [built(binary("lt", k, i64(40)), s, [16, 16]), perHead]);
    expect([both.mask.batch, both.mask.heads]).toEqual([1, 3]);
    expect(both.mask).toEqual(buildBlockMask(both.body, s, [16, 16]));
  });

  test("no cell is asked about where one mask alone is partial", () => {
    // Its cells would say otherwise than its runs: it is not asked.
    const s = size(64);
    const lied: BuiltMask = { mask: buildBlockMask(causal, s, [16, 16]), body: boolean(false) };
    expect(combineMasks("and", [lied, built(null, s, [16, 16])]).mask).toEqual(lied.mask);
  });

  test("masks of other lengths, blocks or heads are refused", () => {
    const mask = built(causal, size(64), [16, 16]);
    expect(() => combineMasks("and", [mask, built(causal, size(48), [16, 16])])).toThrow("64 × 64 in blocks of 16 × 16 and 48 × 48");
    expect(() => combineMasks("or", [mask, built(causal, size(64), [16, 8])])).toThrow("blocks of 16 × 8");
    const heads = (n: number): BuiltMask => built(binary("eq", variable("h"), i64(1)), size(64, 64, 1, n), [16, 16]);
    expect(() => combineMasks("and", [heads(2), heads(3)])).toThrow("2 and 3 heads");
    expect(() => combineMasks("and", [mask, heads(2), heads(3)])).toThrow("2 and 3 heads");
  });
});
