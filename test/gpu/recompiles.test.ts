/**
 * Sizes and captured values are data: a benchmark of the same mods at other lengths, batches and heads, or with other
 * numbers captured, compiles nothing, and its result says so.
 */
import { describe, expect, it } from "vitest";
import { fillProblem, type Problem } from "../../kernels/flash/problem.ts";
import { ENGINES, planEngine } from "../../kernels/flash/select.ts";
import { binary, cast, load, variable } from "../../kernels/ir/expr.ts";
import type { Capture, ProblemHints, Variant } from "../../kernels/ir/mod.ts";
import { benchmark } from "../../kernels/runtime/benchmark.ts";
import { type DeviceHandle, handleOf } from "../../kernels/runtime/device.ts";
import { prepare } from "../../kernels/runtime/execute.ts";
import type { DevicePeaks } from "../../kernels/runtime/result.ts";
import { useGpu } from "../support/gpu.ts";
import { variantOf } from "../support/variants.ts";

const gpu = useGpu();

/** A window of a captured 0-d tensor's width, with a captured table of slopes, one a head. */
function variantWith(window: number, slopes: readonly number[]): Variant {
  const width: Capture = { name: "window", dtype: "i32", shape: [], data: Int32Array.of(window) };
  const table: Capture = { name: "slopes", dtype: "f32", shape: [slopes.length], data: Float32Array.from(slopes) };
  const [q, kv, score, h] = [variable("q_idx"), variable("kv_idx"), variable("score"), variable("h")];
  const distance = binary("sub", q, kv);
  return variantOf("window", {
    score: binary("add", score, binary("mul", load(table, [h]), cast(distance, "f32"))),
    mask: binary("le", distance, cast(load(width, []), "i64")),
    captures: [width, table],
  });
}

/** Ids of documents, one a token: what a text of another length brings along. */
function lookup(length: number): Variant {
  const ids: Capture = { name: "document", dtype: "i32", shape: [length], data: Int32Array.from({ length }, (_, i) => i >> 4) };
  const [q, kv] = [variable("q_idx"), variable("kv_idx")];
  return variantOf("documents", { mask: binary("eq", load(ids, [q]), load(ids, [kv])), captures: [ids] });
}

const problemOf = (hints: ProblemHints): Problem => fillProblem({ qkHeadDim: 8, blockSize: [64, 32], ...hints }, 2);

/** Prepares every engine that can run this, and gives the pipelines compiled for it. */
async function compiledFor(handle: DeviceHandle, variant: Variant, problem: Problem, engines = ENGINES): Promise<number> {
  const before = handle.pipelines.compiles;
  for (const engine of engines) {
    const planned = planEngine(engine, variant, problem, handle.limits);
    if (planned.kind === "refused") continue;
    (await prepare(handle, planned.plan)).destroy();
  }
  return handle.pipelines.compiles - before;
}

describe("pipelines", () => {
  const slopes = [0.5, 0.25];
  const first = problemOf({ qLen: 96 });

  it("are compiled for the mods, and not again for other sizes or other captured numbers", async () => {
    const handle = handleOf(gpu().device);
    // Row or quad and row, and the three of the baseline.
    expect(await compiledFor(handle, variantWith(40, slopes), first)).toBeGreaterThanOrEqual(4);
    const changed: readonly [what: string, variant: Variant, problem: Problem][] = [
      ["lengths", variantWith(40, slopes), problemOf({ qLen: 72, kvLen: 133 })],
      ["batch", variantWith(40, slopes), problemOf({ qLen: 96, batch: 3 })],
      ["heads", variantWith(40, [0.5, 0.25, 0.1, 0.05]), problemOf({ qLen: 96, qHeads: 4, kvHeads: 2 })],
      ["scale", variantWith(40, slopes), problemOf({ qLen: 96, scale: 0.7 })],
      ["a captured scalar", variantWith(7, slopes), first],
      ["a captured tensor", variantWith(40, [1, 2]), first],
    ];
    const seen = [];
    for (const [what, variant, problem] of changed) seen.push([what, await compiledFor(handle, variant, problem)]);
    expect(seen).toEqual(changed.map(([what]) => [what, 0]));
    // A captured tensor of a token's length comes in other lengths too.
    expect(await compiledFor(handle, lookup(96), first, ["quad", "row"])).toBeGreaterThanOrEqual(1);
    for (const qLen of [77, 301]) expect(await compiledFor(handle, lookup(qLen), problemOf({ qLen }), ["quad", "row"])).toBe(0);
    // What is not data is compiled: another head dim unrolls other loops.
    expect(await compiledFor(handle, variantWith(40, slopes), problemOf({ qLen: 96, qkHeadDim: 16 }), ["row"])).toBe(1);
  }, 120_000);

  it("are counted in a result: as compiled the first time, as kept the second", async () => {
    const handle = handleOf(gpu().device);
    const peaks: DevicePeaks = { matmulFlops: 1e9, matmul: "a product", copyBytes: 1e9, measuredAt: 1 };
    const counts = [];
    for (const window of [40, 7]) {
      const request = { variant: variantWith(window, slopes), problem: first, engines: ["materialized"] as const };
      const { results } = await benchmark(handle, request, { budgetMs: 1, samples: 1, peaks });
      for (const { check, details } of results) counts.push([check?.passed, details?.pipelines, details?.peaks]);
    }
    expect(counts).toEqual([
      [true, { used: 3, compiled: 3 }, peaks],
      [true, { used: 3, compiled: 0 }, peaks],
    ]);
  });
});
