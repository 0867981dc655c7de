import { describe, expect, it } from "vitest";
import { binary, constant, type Expr, load, variable } from "../../../../kernels/ir/expr.ts";
import { flatten } from "../../../../kernels/ir/flat.ts";
import type { Capture } from "../../../../kernels/ir/mod.ts";
import { buildBlockMask } from "../../../../kernels/mask/build.ts";
import { elementSparsity } from "../../../../kernels/mask/count.ts";
import { inSlices, runJob, type Steps, stepsOf } from "../../../../webview/work/jobs.ts";

const LENGTH = 3000;
const size = { batch: 2, heads: 3, qLen: LENGTH, kvLen: LENGTH };
const ids: Capture = {
  name: "ids",
  dtype: "i64",
  shape: [LENGTH],
  data: Float64Array.from({ length: LENGTH }, (_, i) => (i * 40503) % 5003),
};
const q = variable("q_idx");
const k = variable("kv_idx");
const masks: Readonly<Record<string, Expr | null>> = {
  "no mask": null,
  causal: binary("ge", q, k),
  "one that differs by head": binary("ge", binary("add", q, variable("h")), k),
  "one that only its cells tell": binary(
    "lt",
    load(ids, [binary("floormod", binary("add", binary("mul", q, constant(7, "i64")), k), constant(LENGTH, "i64"))]),
    constant(100, "i64"),
  ),
};

describe("a job in steps", () => {
  for (const [name, body] of Object.entries(masks)) {
    it(`ends with what one call gives: ${name}`, () => {
      const flat = body === null ? null : flatten(body);
      const { mask } = runJob("build", { body: flat, size, blockSize: [128, 128] });
      expect(mask).toEqual(buildBlockMask(body, size, [128, 128]));
      expect(runJob("count", { body: flat, mask })).toBe(elementSparsity(mask, body));
    });
  }

  it("has many steps where there is much to look at, and says how far it is", () => {
    const body = flatten(masks["one that only its cells tell"] ?? q);
    const long = { ...size, qLen: 6000, kvLen: 6000 };
    const shares: number[] = [];
    for (const share of stepsOf("build", { body, size: long, blockSize: [128, 128] })) shares.push(share);
    expect(shares.length).toBeGreaterThan(10);
    expect([...shares].sort((a, b) => a - b)).toEqual(shares);
    expect(shares[0]).toBeLessThan(0.2);
    expect(shares.at(-1)).toBeGreaterThan(0.8);
    expect(shares.at(-1)).toBeLessThanOrEqual(1);
  });

  it("takes a slice a turn", () => {
    function* counting(): Steps<string> {
      for (let i = 0; i < 10; i++) yield i / 10;
      return "done";
    }
    const turns: (() => void)[] = [];
    const shares: number[] = [];
    let got = "";
    inSlices(
      counting(),
      0,
      (turn) => turns.push(turn),
      (value) => {
        got = value;
      },
      (share) => shares.push(share),
    );
    expect(got).toBe("");
    for (let i = 0; i < turns.length; i++) turns[i]?.();
    expect(got).toBe("done");
    expect(shares).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
    expect(turns).toHaveLength(10);
  });
});
